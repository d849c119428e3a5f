use std::io::{self, Write};

use alert::{Features, Values};
use geo_types::{Coord, Geometry, LineString, Polygon, Rect};

use super::rounded::{decimal, rounded};

/// Writes RFC 7946: one feature a line, properties in column order, missing values as null, days as text.
pub(super) fn write(out: &mut impl Write, features: &Features) -> io::Result<()> {
    let geometries: Vec<Option<Geometry<f64>>> = features.geometries.iter().map(|g| g.as_ref().and_then(rounded)).collect();
    write!(out, r#"{{"type":"FeatureCollection""#)?;
    if !features.name.is_empty() {
        write!(out, r#","name":{}"#, quoted(&features.name))?;
    }
    if let Some(rect) = geometries.iter().flatten().filter_map(geo::BoundingRect::bounding_rect).reduce(joined) {
        let [west, south, east, north] = [rect.min().x, rect.min().y, rect.max().x, rect.max().y].map(decimal);
        write!(out, r#","bbox":[{west},{south},{east},{north}]"#)?;
    }
    write!(out, r#","features":["#)?;
    for (row, geometry) in geometries.iter().enumerate() {
        out.write_all(if row == 0 { b"\n" } else { b",\n" })?;
        feature(out, features, row, geometry.as_ref())?;
    }
    out.write_all(b"\n]}\n")
}

fn joined(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    let min = Coord { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) };
    Rect::new(min, Coord { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) })
}

fn feature(out: &mut impl Write, features: &Features, row: usize, geometry: Option<&Geometry<f64>>) -> io::Result<()> {
    write!(out, r#"{{"type":"Feature""#)?;
    if let Some(id) = features.text("id").and_then(|ids| ids[row].as_ref()) {
        write!(out, r#","id":{}"#, quoted(id))?;
    }
    write!(out, r#","properties":{{"#)?;
    for (i, column) in features.columns.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        write!(out, "{comma}{}:{}", quoted(&column.name), value(&column.values, row))?;
    }
    let geometry = geometry.and_then(object).unwrap_or_else(|| "null".to_owned());
    write!(out, r#"}},"geometry":{geometry}}}"#)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn value(values: &Values, row: usize) -> String {
    let json: serde_json::Value = match values {
        Values::Text(values) => values[row].clone().into(),
        Values::Integer(values) => values[row].into(),
        Values::Real(values) => values[row].into(),
        Values::Day(values) => values[row].map(|day| day.to_string()).into(),
    };
    json.to_string()
}

fn object(geometry: &Geometry<f64>) -> Option<String> {
    let (kind, coordinates) = match geometry {
        Geometry::Point(point) => ("Point", position(&point.0)),
        Geometry::MultiPoint(multi) => ("MultiPoint", list(multi.0.iter().map(|point| position(&point.0)))),
        Geometry::LineString(line) => ("LineString", positions(line)),
        Geometry::MultiLineString(multi) => ("MultiLineString", list(multi.0.iter().map(positions))),
        Geometry::Polygon(polygon) => ("Polygon", rings(polygon)),
        Geometry::MultiPolygon(multi) => ("MultiPolygon", list(multi.0.iter().map(rings))),
        _ => return None,
    };
    Some(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#))
}

fn rings(polygon: &Polygon<f64>) -> String {
    list(std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(positions))
}

fn positions(line: &LineString<f64>) -> String {
    list(line.0.iter().map(position))
}

fn position(coord: &Coord<f64>) -> String {
    format!("[{},{}]", decimal(coord.x), decimal(coord.y))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}
