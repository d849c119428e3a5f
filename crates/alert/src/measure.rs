use geo::{GeodesicArea, MapCoords, SimplifyVwPreserve};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use raster::Grid;

use crate::antimeridian::split_antimeridian;
use crate::inside::point_inside;
use crate::soundness::{is_noded, is_sound};
use crate::{AlertError, Projection};

/// An outline on the ellipsoid.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Geodesic area, square metres.
    pub area_m2: f64,
    /// Geodesic length of all rings, metres.
    pub perimeter_m: f64,
    /// Longitude and latitude, degrees on 7 decimals; valid, exterior rings counter-clockwise.
    pub geometry: MultiPolygon<f64>,
    /// A point inside the geometry.
    pub inside: Coord<f64>,
}

/// Longest edge that is measured as a geodesic; longer ones are divided, since lines of the grid are no geodesics.
const LONGEST_EDGE_M: f64 = 1000.0;

/// Measures an outline given in the coordinates of a grid, and draws it in longitude and latitude.
///
/// Area and perimeter are those of the outline as it is; the drawn geometry is simplified by `simplify_m` (metres) where
/// one is given and the result is valid.
///
/// # Errors
/// [`AlertError::Projection`] where the coordinates have no longitude and latitude.
pub fn measure(
    outline: &MultiPolygon<f64>,
    grid: &Grid,
    projection: &dyn Projection,
    simplify_m: Option<f64>,
) -> Result<Measured, AlertError> {
    let dense = project(&densify(outline, grid), projection)?;
    let (area_m2, perimeter_m) = geodesic_size(&dense);
    let geometry = draw(outline, &dense, grid, projection, simplify_m)?;
    let inside = point_inside(&geometry).or_else(|| geometry.0.first().map(|part| part.exterior().0[0])).unwrap_or_default();
    Ok(Measured { area_m2, perimeter_m, geometry, inside })
}

/// Area in square metres and length of all rings in metres, of polygons in longitude and latitude whose edges are geodesics
/// on WGS 84 (C. Karney, "Algorithms for geodesics", 2013).
pub fn geodesic_size(polygons: &MultiPolygon<f64>) -> (f64, f64) {
    polygons.iter().fold((0.0, 0.0), |(area, perimeter), polygon| {
        let (length, signed) = polygon.geodesic_perimeter_area_signed();
        (area + signed.abs(), perimeter + length)
    })
}

/// The first of several drawings that is valid: simplified, full, with divided edges, and that without rounding.
fn draw(
    outline: &MultiPolygon<f64>,
    dense: &MultiPolygon<f64>,
    grid: &Grid,
    projection: &dyn Projection,
    simplify_m: Option<f64>,
) -> Result<MultiPolygon<f64>, AlertError> {
    if let Some(tolerance_m) = simplify_m {
        let drawn = finished(&project(&simplify(outline, grid, tolerance_m), projection)?);
        if is_sound(&drawn) {
            return Ok(drawn);
        }
    }
    // The outline is valid on the grid, so that projecting and rounding can only make rings meet.
    let drawn = finished(&project(outline, projection)?);
    if is_noded(&drawn) {
        return Ok(drawn);
    }
    let drawn = finished(dense);
    Ok(if is_noded(&drawn) { drawn } else { split_antimeridian(dense) })
}

/// Cut at the antimeridian and rounded to 7 decimals of a degree, about a centimetre.
fn finished(polygons: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    split_antimeridian(polygons).map_coords(|c| Coord { x: round(c.x), y: round(c.y) })
}

/// Simplifies each polygon by Visvalingam and Whyatt's method; one that would not stay valid stays as it is.
fn simplify(outline: &MultiPolygon<f64>, grid: &Grid, tolerance_m: f64) -> MultiPolygon<f64> {
    let (width_m, height_m) = grid.pixel_m();
    // The method's tolerance is the area of a triangle.
    let area = tolerance_m * tolerance_m * (grid.step_x / width_m) * (grid.step_y / height_m);
    let one = |polygon: &Polygon<f64>| {
        let simple = polygon.simplify_vw_preserve(area);
        if is_sound(&MultiPolygon::new(vec![simple.clone()])) { simple } else { polygon.clone() }
    };
    MultiPolygon::new(outline.iter().map(one).collect())
}

/// The rings of all polygons, changed one by one.
fn map_rings(polygons: &MultiPolygon<f64>, mut change: impl FnMut(&LineString<f64>) -> LineString<f64>) -> MultiPolygon<f64> {
    let mut map = |polygon: &Polygon<f64>| {
        let exterior = change(polygon.exterior());
        Polygon::new(exterior, polygon.interiors().iter().map(&mut change).collect())
    };
    MultiPolygon::new(polygons.iter().map(&mut map).collect())
}

/// With edges of more than a kilometre divided.
fn densify(outline: &MultiPolygon<f64>, grid: &Grid) -> MultiPolygon<f64> {
    let (width_m, height_m) = grid.pixel_m();
    let (x_m, y_m) = (width_m / grid.step_x, height_m / grid.step_y);
    map_rings(outline, |ring| {
        let divided = ring.lines().flat_map(|line| {
            let pieces = ((line.dx() * x_m).hypot(line.dy() * y_m) / LONGEST_EDGE_M).ceil().max(1.0) as usize;
            (0..pieces).map(move |piece| line.start + line.delta() * (piece as f64 / pieces as f64))
        });
        divided.chain(ring.0.last().copied()).collect()
    })
}

/// In longitude and latitude, by one call.
fn project(outline: &MultiPolygon<f64>, projection: &dyn Projection) -> Result<MultiPolygon<f64>, AlertError> {
    let rings = || outline.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let corners = || rings().flat_map(|ring| &ring.0);
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = corners().map(|c| (c.x, c.y)).unzip();
    let refuse = |source| {
        let first = corners().next().copied().unwrap_or_default();
        AlertError::Projection { x: first.x, y: first.y, source }
    };
    projection.to_lonlat(&mut x, &mut y).map_err(refuse)?;
    if !x.iter().chain(&y).all(|degrees| degrees.is_finite()) {
        return Err(refuse("the projection gave no finite longitude and latitude".into()));
    }
    let mut projected = x.into_iter().zip(y).map(|(x, y)| Coord { x, y });
    Ok(map_rings(outline, |ring| projected.by_ref().take(ring.0.len()).collect()))
}
