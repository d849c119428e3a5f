use serde_json::{Map, Value, json};

use crate::columns::{ALERT_COLUMNS, ColumnDescription, Kind, PROBABILITY};

/// The schema's name and version, which stands in every alert.
pub const ALERT_SCHEMA: &str = "atalaya-alert/1";

/// The JSON Schema (2020-12) of `alerts.geojson`: a feature collection with the columns of [`ALERT_COLUMNS`].
///
/// A run with a calibration has the column [`PROBABILITY`] too. Columns of registries may follow, named `<source>_<column>`.
pub fn json_schema() -> Value {
    let properties: Map<String, Value> =
        ALERT_COLUMNS.iter().chain([&PROBABILITY]).map(|column| (column.name.to_owned(), property(column))).collect();
    let required: Vec<&str> = ALERT_COLUMNS.iter().filter(|column| !column.optional).map(|column| column.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ALERT_SCHEMA,
        "description": "Alerts of change: RFC 7946, longitude and latitude on WGS 84.",
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": { "const": "FeatureCollection" },
            "features": { "type": "array", "items": { "$ref": "#/$defs/alert" } },
        },
        "$defs": {
            "alert": {
                "type": "object",
                "required": ["type", "id", "geometry", "properties"],
                "properties": {
                    "type": { "const": "Feature" },
                    "id": id(),
                    "geometry": { "$ref": "#/$defs/geometry" },
                    "properties": {
                        "type": "object",
                        "required": required,
                        "properties": properties,
                        "patternProperties": { REGISTRY_COLUMN: { "type": ["string", "number", "boolean", "null"] } },
                        "additionalProperties": false,
                    },
                },
            },
            "geometry": geometry(),
        },
    })
}

/// `<source>_<column>`.
const REGISTRY_COLUMN: &str = "^[a-z0-9][a-z0-9_-]*_[a-z0-9_]+$";

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{8}-[0-9a-hjkmnp-tv-z]{13}$" })
}

fn property(column: &ColumnDescription) -> Value {
    let mut property = match (column.name, column.kind) {
        ("id", _) => id(),
        ("schema", _) => json!({ "type": "string", "const": ALERT_SCHEMA }),
        ("state", _) => json!({ "type": "string", "enum": ["provisional", "confirmed"] }),
        ("confidence", _) => json!({ "type": "string", "enum": ["low", "high"] }),
        ("magnitude", _) => json!({ "type": "number" }),
        ("probability", _) => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        ("lon", _) => json!({ "type": "number", "minimum": -180, "maximum": 180 }),
        ("lat", _) => json!({ "type": "number", "minimum": -90, "maximum": 90 }),
        (_, Kind::Text) => json!({ "type": "string" }),
        (_, Kind::Integer) => json!({ "type": "integer", "minimum": 0 }),
        (_, Kind::Real) => json!({ "type": "number", "minimum": 0 }),
        (_, Kind::Day) => json!({ "type": "string", "format": "date" }),
    };
    property["title"] = json!(column.title_es);
    property["description"] = json!(column.description);
    if let Some(unit) = column.unit {
        property["description"] = json!(format!("{} Unit: {unit}.", column.description));
        property["unit"] = json!(unit);
    }
    if let Some(when) = column.null {
        property["type"] = json!([property["type"], "null"]);
        property["description"] = json!(format!("{} Null where {when}.", column.description));
    }
    property
}

fn geometry() -> Value {
    let position = json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "number" } });
    let ring = json!({ "type": "array", "minItems": 4, "items": position });
    let polygon = json!({ "type": "array", "minItems": 1, "items": ring });
    let shape = |name: &str, coordinates: Value| {
        json!({
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": { "type": { "const": name }, "coordinates": coordinates },
        })
    };
    let polygons = json!({ "type": "array", "minItems": 1, "items": polygon.clone() });
    json!({ "oneOf": [shape("Polygon", polygon), shape("MultiPolygon", polygons)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_property_and_only_some_may_be_null() {
        let schema = json_schema();
        let properties = &schema["$defs"]["alert"]["properties"]["properties"]["properties"];
        for column in ALERT_COLUMNS.iter().chain([&PROBABILITY]) {
            let property = &properties[column.name];
            assert_eq!(property["type"].is_array(), column.null.is_some(), "{}", column.name);
            assert!(property["title"].is_string() && property["description"].is_string(), "{}", column.name);
        }
        assert_eq!(properties.as_object().map(Map::len), Some(ALERT_COLUMNS.len() + 1));
        assert_eq!(properties["area_ha"]["unit"], "ha");
    }
}
