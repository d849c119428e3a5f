//! STAC's words for media types, numbers and classes.

use std::path::Path;

use serde_json::{Value, json};

use super::id_of;
use crate::RasterClass;

/// Media type by a file's name.
pub(super) fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "tif" | "tiff" => "image/tiff; application=geotiff",
        "jp2" => "image/jp2",
        "geojson" => "application/geo+json",
        "json" => "application/json",
        "gpkg" => "application/geopackage+sqlite3",
        "parquet" => "application/vnd.apache.parquet",
        "fgb" => "application/vnd.flatgeobuf",
        "kml" => "application/vnd.google-earth.kml+xml",
        "kmz" => "application/vnd.google-earth.kmz",
        "gpx" => "application/gpx+xml",
        "csv" => "text/csv",
        "png" => "image/png",
        "xml" => "application/xml",
        "toml" => "application/toml",
        "txt" => "text/plain",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

/// The type of stored numbers in STAC's words.
pub(super) fn data_type(gdal: &str) -> &'static str {
    match gdal {
        "Byte" => "uint8",
        "Int8" => "int8",
        "UInt16" => "uint16",
        "Int16" => "int16",
        "UInt32" => "uint32",
        "Int32" => "int32",
        "UInt64" => "uint64",
        "Int64" => "int64",
        "Float32" => "float32",
        "Float64" => "float64",
        _ => "other",
    }
}

/// A number, or STAC's word for one that JSON does not have; whole ones are written whole.
pub(super) fn number(value: f64) -> Value {
    if value.is_nan() {
        return json!("nan");
    }
    if value.is_infinite() {
        return json!(if value > 0.0 { "inf" } else { "-inf" });
    }
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

pub(super) fn classes(classes: &[RasterClass]) -> Value {
    let class = |class: &RasterClass| json!({ "value": class.code, "name": id_of(&class.name), "description": class.name });
    json!(classes.iter().map(class).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_lacks_have_words() {
        assert_eq!(number(f64::NAN), json!("nan"));
        assert_eq!(number(-2_147_483_648.0).to_string(), "-2147483648");
        assert_eq!(number(0.5), json!(0.5));
    }
}
