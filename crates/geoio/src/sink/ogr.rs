use std::path::Path;

use alert::{Features, Values};
use gdal::vector::{Defn, Feature, Layer, LayerAccess as _, LayerOptions, OGRFieldType, OGRwkbGeometryType, ToGdal as _};
use gdal::{Dataset, DriverManager};
use geo_types::{Geometry, MultiLineString, MultiPoint, MultiPolygon};

use super::SinkError;
use crate::{complaint, open};

/// Does a step of a driver; what it only mentions is an error too.
pub(super) fn step<T>(path: &Path, what: &'static str, work: impl FnOnce() -> gdal::errors::Result<T>) -> Result<T, SinkError> {
    complaint::watch(work).map_err(|reason| SinkError::Driver { path: path.to_owned(), what, reason })
}

/// A new file of a driver at a path, which is `path` to people.
pub(crate) fn create(path: &Path, at: &Path, driver: &str) -> Result<Dataset, SinkError> {
    open::initialise(None);
    step(path, "creating it", || DriverManager::get_driver_by_name(driver)?.create_vector_only(at))
}

/// The first of these names that no column has; names of columns do not tell cases apart here.
pub(crate) fn free<'a>(features: &Features, names: &[&'a str]) -> &'a str {
    let taken = |name: &str| features.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    names.iter().copied().find(|name| !taken(name)).unwrap_or("atalaya_own")
}

/// The one type of geometry of a table, always the multi type of lines and polygons; unknown where they are mixed.
pub(super) fn kind(features: &Features) -> OGRwkbGeometryType::Type {
    let of = |geometry: &Geometry<f64>| match geometry {
        Geometry::Point(_) => OGRwkbGeometryType::wkbPoint,
        Geometry::MultiPoint(_) => OGRwkbGeometryType::wkbMultiPoint,
        Geometry::LineString(_) | Geometry::MultiLineString(_) => OGRwkbGeometryType::wkbMultiLineString,
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) => OGRwkbGeometryType::wkbMultiPolygon,
        _ => OGRwkbGeometryType::wkbUnknown,
    };
    let mut kinds: Vec<_> = features.geometries.iter().flatten().map(of).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds.as_slice() {
        [only] => *only,
        [OGRwkbGeometryType::wkbPoint, OGRwkbGeometryType::wkbMultiPoint] => OGRwkbGeometryType::wkbMultiPoint,
        _ => OGRwkbGeometryType::wkbUnknown,
    }
}

/// A layer for a table, with its typed fields; `day` is the type that days get.
pub(crate) fn layer<'d>(
    dataset: &'d mut Dataset,
    features: &Features,
    day: OGRFieldType::Type,
    options: &[&str],
) -> gdal::errors::Result<Layer<'d>> {
    let mut lonlat = gdal::spatial_ref::SpatialRef::from_epsg(4326)?;
    lonlat.set_axis_mapping_strategy(gdal::spatial_ref::AxisMappingStrategy::TraditionalGisOrder);
    let name = if features.name.is_empty() { "features" } else { &features.name };
    let options = LayerOptions { name, srs: Some(&lonlat), ty: kind(features), options: Some(options) };
    let layer = dataset.create_layer(options)?;
    let kinds = features.columns.iter().map(|column| match column.values {
        Values::Text(_) => OGRFieldType::OFTString,
        Values::Integer(_) => OGRFieldType::OFTInteger64,
        Values::Real(_) => OGRFieldType::OFTReal,
        Values::Day(_) => day,
    });
    let fields: Vec<_> = features.columns.iter().map(|column| column.name.as_str()).zip(kinds).collect();
    layer.create_defn_fields(&fields)?;
    Ok(layer)
}

/// Writes the table's rows into its layer.
pub(crate) fn fill(layer: &Layer, features: &Features) -> gdal::errors::Result<()> {
    let defn = Defn::from_layer(layer);
    let kind = kind(features);
    (0..features.len()).try_for_each(|row| {
        let mut feature = Feature::new(&defn)?;
        for (i, column) in features.columns.iter().enumerate() {
            set(&mut feature, i, &column.values, row)?;
        }
        if let Some(geometry) = &features.geometries[row] {
            feature.set_geometry(promoted(geometry, kind).to_gdal()?)?;
        }
        feature.create(layer)
    })
}

fn set(feature: &mut Feature, field: usize, values: &Values, row: usize) -> gdal::errors::Result<()> {
    match values {
        // A NUL would end the text early.
        Values::Text(values) => match &values[row] {
            Some(text) => feature.set_field_string(field, &text.replace('\0', "")),
            None => feature.set_field_null(field),
        },
        Values::Integer(values) => match values[row] {
            Some(value) => feature.set_field_integer64(field, value),
            None => feature.set_field_null(field),
        },
        Values::Real(values) => match values[row] {
            Some(value) => feature.set_field_double(field, value),
            None => feature.set_field_null(field),
        },
        Values::Day(values) => match values[row] {
            Some(day) => feature.set_field_string(field, &day.to_string()),
            None => feature.set_field_null(field),
        },
    }
}

fn promoted(geometry: &Geometry<f64>, kind: OGRwkbGeometryType::Type) -> Geometry<f64> {
    match (geometry, kind) {
        (Geometry::Point(point), OGRwkbGeometryType::wkbMultiPoint) => MultiPoint(vec![*point]).into(),
        (Geometry::LineString(line), OGRwkbGeometryType::wkbMultiLineString) => MultiLineString(vec![line.clone()]).into(),
        (Geometry::Polygon(polygon), OGRwkbGeometryType::wkbMultiPolygon) => MultiPolygon(vec![polygon.clone()]).into(),
        (other, _) => other.clone(),
    }
}

/// Opens the written file again and counts its records.
pub(super) fn check(path: &Path, at: &Path, driver: &str, features: &Features) -> Result<(), SinkError> {
    let dataset = open::open_vector(at, &[driver])?;
    let count = step(path, "reading it back", || {
        let mut layer = dataset.layer(0)?;
        Ok(layer.features().count())
    })?;
    if count == features.len() {
        return Ok(());
    }
    let reason = format!("{count} of {} records came back; check space", features.len());
    Err(SinkError::Driver { path: path.to_owned(), what: "reading it back", reason })
}
