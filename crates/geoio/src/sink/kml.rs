use std::io::{self, Write};

use alert::{Features, Values};
use geo_types::{Coord, Geometry, LineString, Polygon};
use quick_xml::escape::escape;

use super::rounded::{decimal, rounded};
use super::{SinkOptions, cell, style};

/// Writes OGC KML 2.2: a typed schema, and one placemark a feature with its dates, colour and table of values.
pub(super) fn write(out: &mut impl Write, features: &Features, options: &SinkOptions) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<kml xmlns="http://www.opengis.net/kml/2.2">"#)?;
    writeln!(out, "<Document>\n<name>{}</name>", xml(if options.title.is_empty() { &features.name } else { &options.title }))?;
    styles(out)?;
    schema(out, features, options)?;
    (0..features.len()).try_for_each(|row| placemark(out, features, row, options))?;
    writeln!(out, "</Document>\n</kml>")
}

/// Text for XML: markup escaped, characters that XML cannot hold left out.
fn xml(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let text: String = text.chars().filter(allowed).collect();
    escape(text.as_str()).into_owned()
}

fn styles(out: &mut impl Write) -> io::Result<()> {
    let classes = style::CLASSES.iter().chain(std::iter::once(&("plain", style::PLAIN)));
    for (name, colour) in classes {
        let (red, green, blue) = (&colour[..2], &colour[2..4], &colour[4..]);
        writeln!(
            out,
            "<Style id=\"{name}\"><LineStyle><color>ff{blue}{green}{red}</color><width>2</width></LineStyle>\
             <PolyStyle><color>40{blue}{green}{red}</color></PolyStyle></Style>"
        )?;
    }
    Ok(())
}

fn schema(out: &mut impl Write, features: &Features, options: &SinkOptions) -> io::Result<()> {
    writeln!(out, r#"<Schema name="features" id="features">"#)?;
    for column in &features.columns {
        let kind = match column.values {
            Values::Text(_) | Values::Day(_) => "string",
            Values::Integer(_) => "int",
            Values::Real(_) => "double",
        };
        let (name, title) = (xml(&column.name), xml(title(&column.name, options)));
        writeln!(out, r#"<SimpleField type="{kind}" name="{name}"><displayName>{title}</displayName></SimpleField>"#)?;
    }
    writeln!(out, "</Schema>")
}

fn title<'a>(column: &'a str, options: &'a SinkOptions) -> &'a str {
    options.titles.get(column).map_or(column, String::as_str)
}

fn placemark(out: &mut impl Write, features: &Features, row: usize, options: &SinkOptions) -> io::Result<()> {
    let name = cell::named(features, "id", row).unwrap_or_else(|| (row + 1).to_string());
    writeln!(out, "<Placemark>\n<name>{}</name>", xml(&name))?;
    writeln!(out, "<description>{}</description>", xml(&description(features, row, options)))?;
    if let Some(span) = span(features, row) {
        writeln!(out, "{span}")?;
    }
    let class = cell::named(features, "confidence", row);
    let class = style::CLASSES.iter().find(|(name, _)| class.as_deref() == Some(*name)).map_or("plain", |(name, _)| name);
    writeln!(out, "<styleUrl>#{class}</styleUrl>")?;
    values(out, features, row)?;
    if let Some(geometry) = features.geometries[row].as_ref().and_then(rounded) {
        writeln!(out, "{}", element(&geometry))?;
    }
    writeln!(out, "</Placemark>")
}

/// A table of titles and values, as HTML.
fn description(features: &Features, row: usize, options: &SinkOptions) -> String {
    let line = |column: &alert::Column| {
        let value = cell::text(&column.values, row)?;
        Some(format!("<tr><th>{}</th><td>{}</td></tr>", escape(title(&column.name, options)), escape(value.as_str())))
    };
    format!("<table>{}</table>", features.columns.iter().filter_map(line).collect::<String>())
}

/// From the last day without change to the first day with it.
fn span(features: &Features, row: usize) -> Option<String> {
    let (before, first) = (cell::named(features, "date_before", row), cell::named(features, "date_first", row));
    let is_day = |text: &String| text.parse::<raster::Date>().is_ok() && text.len() == 10;
    let end = first.clone().filter(is_day);
    let begin = before.filter(is_day).or(first).filter(is_day)?;
    let end = end.map(|end| format!("<end>{end}</end>")).unwrap_or_default();
    Some(format!("<TimeSpan><begin>{begin}</begin>{end}</TimeSpan>"))
}

fn values(out: &mut impl Write, features: &Features, row: usize) -> io::Result<()> {
    if features.columns.is_empty() {
        return Ok(());
    }
    write!(out, r##"<ExtendedData><SchemaData schemaUrl="#features">"##)?;
    for column in &features.columns {
        if let Some(value) = cell::text(&column.values, row) {
            write!(out, r#"<SimpleData name="{}">{}</SimpleData>"#, xml(&column.name), xml(&value))?;
        }
    }
    writeln!(out, "</SchemaData></ExtendedData>")
}

fn element(geometry: &Geometry<f64>) -> String {
    let multi = |parts: String| format!("<MultiGeometry>{parts}</MultiGeometry>");
    match geometry {
        Geometry::Point(point) => dot(&point.0),
        Geometry::MultiPoint(points) => multi(points.0.iter().map(|point| dot(&point.0)).collect()),
        Geometry::LineString(line) => path("LineString", line),
        Geometry::MultiLineString(lines) => multi(lines.0.iter().map(|line| path("LineString", line)).collect()),
        Geometry::Polygon(polygon) => area(polygon),
        Geometry::MultiPolygon(polygons) => multi(polygons.0.iter().map(area).collect()),
        _ => String::new(),
    }
}

fn dot(coord: &Coord<f64>) -> String {
    format!("<Point><coordinates>{}</coordinates></Point>", tuple(coord))
}

fn area(polygon: &Polygon<f64>) -> String {
    let hole = |ring: &LineString<f64>| format!("<innerBoundaryIs>{}</innerBoundaryIs>", path("LinearRing", ring));
    let holes: String = polygon.interiors().iter().map(hole).collect();
    format!("<Polygon><outerBoundaryIs>{}</outerBoundaryIs>{holes}</Polygon>", path("LinearRing", polygon.exterior()))
}

fn path(tag: &str, line: &LineString<f64>) -> String {
    let tuples: Vec<String> = line.0.iter().map(tuple).collect();
    format!("<{tag}><coordinates>{}</coordinates></{tag}>", tuples.join(" "))
}

fn tuple(coord: &Coord<f64>) -> String {
    format!("{},{}", decimal(coord.x), decimal(coord.y))
}
