use std::path::Path;

use gdal::Dataset;
use gdal::vector::sql::Dialect;
use gdal::vector::{Feature, Geometry as GdalGeometry, LayerAccess, OGRFieldType, OGRwkbGeometryType};
use raster::Crs;

use super::notice::{Notice, Notices};
use super::records::Records;
use super::{LayerError, LayerOptions, dbf, ogr_geometry};
use crate::complaint;
use crate::crs::crs_of;
use crate::open::open_features;

/// What a layer of a GDAL format holds, its coordinates as they stand there.
pub(super) struct Stored {
    /// The records.
    pub(super) records: Records,
    /// Its reference system; `None` where it states none.
    pub(super) crs: Option<Crs>,
    /// The layer's name.
    pub(super) name: String,
}

/// Reads one layer of a file by one driver.
pub(super) fn read(path: &Path, driver: &str, options: &LayerOptions, notices: &mut Notices) -> Result<Stored, LayerError> {
    let encoding = if driver == "ESRI Shapefile" { dbf::encoding(path, options.encoding.as_deref(), notices)? } else { None };
    let dataset = open_features(path, driver, encoding.as_deref())?;
    if driver == "GPKG" {
        check_integrity(path, &dataset)?;
    }
    let name = choose(path, &dataset, options.layer.as_deref())?;
    let failed = |reason: String| LayerError::Damaged { path: path.to_owned(), message: reason };
    let mut layer = complaint::watch(|| dataset.layer_by_name(&name)).map_err(failed)?;
    stored(&mut layer, path, &name, notices)
}

/// What a layer holds, which must be all that it says it has.
pub(super) fn stored(layer: &mut impl LayerAccess, path: &Path, name: &str, notices: &mut Notices) -> Result<Stored, LayerError> {
    let failed = |reason: String| LayerError::Damaged { path: path.to_owned(), message: reason };
    let crs = layer.spatial_ref().map(|reference| crs_of(&reference, name)).transpose().unwrap_or_default();
    complaint::clear();
    let expected = complaint::watch(|| Ok(layer.try_feature_count())).map_err(failed)?;
    let mut records = Records::default();
    rows(layer, &mut records, notices).map_err(failed)?;
    let got = records.len() as u64;
    match expected {
        Some(expected) if expected != got => Err(failed(format!("{got} of {expected} records can be read"))),
        _ => Ok(Stored { records, crs, name: name.to_owned() }),
    }
}

fn check_integrity(path: &Path, dataset: &Dataset) -> Result<(), LayerError> {
    let damaged = |message: String| LayerError::Damaged { path: path.to_owned(), message };
    let checked = complaint::watch(|| {
        let Some(mut result) = dataset.execute_sql("PRAGMA quick_check(1)", None, Dialect::DEFAULT)? else { return Ok(None) };
        result.features().next().map(|feature| feature.field_as_string(0)).transpose()
    });
    match checked.map_err(damaged)?.flatten() {
        Some(said) if said != "ok" => Err(damaged(said)),
        _ => Ok(()),
    }
}

fn choose(path: &Path, dataset: &Dataset, wanted: Option<&str>) -> Result<String, LayerError> {
    let names: Vec<String> = dataset.layers().map(|layer| layer.name()).collect();
    let refuse = |message: String| LayerError::Choice { path: path.to_owned(), message, available: names.join(", ") };
    match (wanted, names.as_slice()) {
        (Some(wanted), _) if names.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(refuse(format!("there is no layer `{}`", wanted.escape_debug()))),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(refuse("there is no layer".to_owned())),
        (None, _) => {
            // A style table that comes with a layer is not data.
            let data: Vec<&String> = names.iter().filter(|name| *name != "layer_styles").collect();
            match data.as_slice() {
                [only] => Ok((*only).clone()),
                _ => Err(refuse("there are several layers; name one".to_owned())),
            }
        }
    }
}

/// Reads every record; fails with the first thing that the driver complained about.
fn rows(layer: &mut impl LayerAccess, records: &mut Records, notices: &mut Notices) -> Result<(), String> {
    let fields: Vec<(String, OGRFieldType::Type)> = layer.defn().fields().map(|f| (f.name(), f.field_type())).collect();
    let columns: Vec<usize> = fields.iter().map(|(name, _)| records.column(name)).collect();
    let spatial = layer.defn().geom_fields().next().is_some();
    complaint::clear();
    for (i, feature) in layer.features().enumerate() {
        complaint::take().map_or(Ok(()), Err)?;
        let place = format!("record {}", i + 1);
        let geometry = if spatial { geometry(&feature, &place, notices) } else { None };
        records.begin(place, geometry);
        for (number, (&column, &(_, kind))) in columns.iter().zip(&fields).enumerate() {
            let text = text(&feature, number, kind).map_err(|error| crate::error::reason(&error))?;
            records.set(column, text);
        }
    }
    complaint::take().map_or(Ok(()), Err)
}

fn geometry(feature: &Feature, place: &str, notices: &mut Notices) -> Option<geo_types::Geometry<f64>> {
    let stored = feature.geometry().filter(|geometry| !is_null(geometry));
    let read = stored.map(|geometry| ogr_geometry::read(geometry.clone()));
    match read {
        None => notices.note(Notice::GeometryMissing, place),
        Some(Err(notice)) => notices.note(notice, place),
        Some(Ok(shape)) => {
            if shape.flattened {
                notices.note(Notice::DimensionsDropped, place);
            }
            if shape.reduced {
                notices.note(Notice::CollectionReduced, place);
            }
            if shape.geometry.is_none() {
                notices.note(Notice::GeometryMissing, place);
            }
            return shape.geometry;
        }
    }
    None
}

/// Whether there is nothing behind it, which the driver complains about when asked.
fn is_null(geometry: &GdalGeometry) -> bool {
    let null = geometry.geometry_type() == OGRwkbGeometryType::wkbUnknown;
    if null {
        complaint::clear();
    }
    null
}

/// A field as text: numbers by their shortest digits, days and times by ISO 8601; missing where it is empty.
fn text(feature: &Feature, field: usize, kind: OGRFieldType::Type) -> gdal::errors::Result<Option<String>> {
    // A value that was never set reads as empty text, and only so can be told from 0.
    let Some(stored) = feature.field_as_string(field)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    Ok(Some(match kind {
        OGRFieldType::OFTReal => feature.field_as_double(field)?.map_or(stored, |value| value.to_string()),
        // GDAL writes 2020/01/31 and 2020/01/31 10:00:00+00.
        OGRFieldType::OFTDate | OGRFieldType::OFTDateTime => iso(&stored),
        _ => stored,
    }))
}

fn iso(text: &str) -> String {
    let text = text.replace('/', "-").replacen(' ', "T", 1);
    text.strip_suffix("+00").map_or(text.clone(), |time| format!("{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_read_as_iso() {
        assert_eq!(iso("2020/01/31"), "2020-01-31");
        assert_eq!(iso("2020/01/31 10:00:00+00"), "2020-01-31T10:00:00Z");
        assert_eq!(iso("2020/01/31 10:00:00"), "2020-01-31T10:00:00");
    }
}
