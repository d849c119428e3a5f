use gdal::vector::{Geometry as GdalGeometry, geometry_type_has_m, geometry_type_has_z};
use geo::CoordsIter as _;
use geo_types::Geometry;

use super::geojson_geometry::merged;
use super::notice::Notice;

/// A geometry that GDAL held.
pub(super) struct Shape {
    /// One of the six simple kinds; `None` for an empty one.
    pub(super) geometry: Option<Geometry<f64>>,
    /// Whether heights or measures were dropped.
    pub(super) flattened: bool,
    /// Whether parts of a lower dimension were dropped.
    pub(super) reduced: bool,
}

/// Turns GDAL's geometry into ours.
///
/// # Errors
/// The notice that tells why it is refused: curves and surfaces, numbers that are not finite.
pub(super) fn read(mut geometry: GdalGeometry) -> Result<Shape, Notice> {
    let kind = geometry.geometry_type();
    let flattened = geometry_type_has_z(kind) || geometry_type_has_m(kind);
    if geometry.is_empty() {
        return Ok(Shape { geometry: None, flattened, reduced: false });
    }
    geometry.flatten_to_2d();
    let parts = simple(&geometry)?;
    let (geometry, reduced) = match <[_; 1]>::try_from(parts) {
        Ok([part]) => (part, false),
        Err(parts) => merged(parts).map(|whole| (whole.geometry, whole.reduced)).ok_or(Notice::GeometryRefused)?,
    };
    let finite = geometry.coords_iter().all(|c| c.x.is_finite() && c.y.is_finite());
    if finite { Ok(Shape { geometry: Some(geometry), flattened, reduced }) } else { Err(Notice::CoordinatesRefused) }
}

/// The simple parts of a geometry; empty parts are left out, since they have no form in ours.
fn simple(geometry: &GdalGeometry) -> Result<Vec<Geometry<f64>>, Notice> {
    use gdal_sys::OGRwkbGeometryType as kind;
    match geometry.geometry_type() {
        kind::wkbMultiPolygon | kind::wkbMultiLineString | kind::wkbMultiPoint | kind::wkbGeometryCollection => {
            let parts = (0..geometry.geometry_count()).map(|i| geometry.get_geometry(i));
            let mut simple = Vec::new();
            for part in parts.filter(|part| !part.is_empty()) {
                simple.push(part.to_geo().map_err(|_| Notice::GeometryRefused)?);
            }
            let multi = geometry.geometry_type() != kind::wkbGeometryCollection;
            if multi { merged(simple).map(|whole| vec![whole.geometry]).ok_or(Notice::GeometryRefused) } else { Ok(simple) }
        }
        _ => geometry.to_geo().map(|whole| vec![whole]).map_err(|_| Notice::GeometryRefused),
    }
}
