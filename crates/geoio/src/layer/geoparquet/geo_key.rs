use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What the file key `geo` says of the geometry that is read.
pub(super) struct GeoKey {
    /// Name of the column.
    pub(super) column: String,
    /// Its reference system.
    pub(super) crs: Stated,
    /// The bounds it claims to lie in: west, south, east, north.
    pub(super) bounds: Option<[f64; 4]>,
    /// Column of boxes, which is no data.
    pub(super) covering: Option<String>,
}

/// A reference system as the key states it.
pub(super) enum Stated {
    /// Absent: longitude and latitude.
    Default,
    /// Null: unknown.
    Unknown,
    /// A definition or a code.
    Text(String),
}

#[derive(Deserialize)]
struct Document {
    primary_column: String,
    columns: BTreeMap<String, ColumnKey>,
}

#[derive(Deserialize)]
struct ColumnKey {
    encoding: String,
    #[serde(default, deserialize_with = "present")]
    crs: Option<Value>,
    bbox: Option<Vec<f64>>,
    covering: Option<Value>,
}

/// Tells a member that is null from one that is absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads the key.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(super) fn read(text: &str) -> Result<GeoKey, String> {
    let document: Document = serde_json::from_str(text).map_err(|error| format!("the key `geo` is broken: {error}"))?;
    let Document { primary_column: column, mut columns } = document;
    let known = || columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let described = known();
    let Some(key) = columns.remove(&column) else {
        return Err(format!("the key `geo` names the geometry column `{column}`, and describes only: {described}"));
    };
    if !key.encoding.eq_ignore_ascii_case("WKB") {
        return Err(format!("geometry is encoded as {}; write it as WKB (GeoParquet 1.1)", key.encoding));
    }
    Ok(GeoKey { column, crs: stated(key.crs)?, bounds: bounds(key.bbox), covering: key.covering.as_ref().and_then(covering) })
}

fn stated(crs: Option<Value>) -> Result<Stated, String> {
    match crs {
        None => Ok(Stated::Default),
        Some(Value::Null) => Ok(Stated::Unknown),
        // Before 1.0 it was a text.
        Some(Value::String(text)) => Ok(Stated::Text(text)),
        Some(Value::Object(system)) => Ok(code(&system)),
        Some(_) => Err("the reference system in the key `geo` is no PROJJSON; pass it, such as EPSG:9377".to_owned()),
    }
}

/// The code of a system where it has one of a known authority, else its definition.
fn code(system: &serde_json::Map<String, Value>) -> Stated {
    let member = |name: &str| system.get("id").and_then(|id| id.get(name));
    let code = match member("code") {
        Some(Value::String(code)) => Some(code.clone()),
        Some(Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    match (member("authority").and_then(Value::as_str), code.as_deref()) {
        (Some("OGC"), Some("CRS84")) => Stated::Default,
        (Some("EPSG"), Some(code)) if code.bytes().all(|byte| byte.is_ascii_digit()) => Stated::Text(format!("EPSG:{code}")),
        _ => Stated::Text(Value::Object(system.clone()).to_string()),
    }
}

/// Bounds of four or (with heights) six numbers.
fn bounds(bbox: Option<Vec<f64>>) -> Option<[f64; 4]> {
    match bbox?.as_slice() {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([*west, *south, *east, *north]),
        _ => None,
    }
}

/// The column that `covering.bbox.xmin` begins with.
fn covering(covering: &Value) -> Option<String> {
    covering.get("bbox")?.get("xmin")?.get(0)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(column: &str) -> Result<GeoKey, String> {
        read(&format!(r#"{{"version":"1.1.0","primary_column":"g","columns":{{"g":{column}}}}}"#))
    }

    #[test]
    fn an_absent_system_is_longitude_latitude_null_is_none() {
        assert!(matches!(key(r#"{"encoding":"WKB"}"#).map(|k| k.crs), Ok(Stated::Default)));
        assert!(matches!(key(r#"{"encoding":"WKB","crs":null}"#).map(|k| k.crs), Ok(Stated::Unknown)));
        let by_id = key(r#"{"encoding":"WKB","crs":{"id":{"authority":"EPSG","code":9377}}}"#).map(|k| k.crs);
        assert!(matches!(by_id, Ok(Stated::Text(text)) if text == "EPSG:9377"));
        let crs84 = key(r#"{"encoding":"WKB","crs":{"id":{"authority":"OGC","code":"CRS84"}}}"#).map(|k| k.crs);
        assert!(matches!(crs84, Ok(Stated::Default)));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert!(key(r#"{"encoding":"point"}"#).is_err_and(|said| said.contains("point")));
        let other = read(r#"{"primary_column":"nope","columns":{"g":{"encoding":"WKB"}}}"#);
        assert!(other.is_err_and(|said| said.contains("`nope`") && said.contains('g')));
    }
}
