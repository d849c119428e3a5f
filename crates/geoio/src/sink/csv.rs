use std::io::{self, Write};

use ::csv::{Terminator, Writer, WriterBuilder};
use alert::{Features, Values};
use geo_types::{Coord, Geometry, LineString, Polygon};

use super::cell;
use super::rounded::{decimal, rounded};

/// Writes RFC 4180 in UTF-8: a header, the columns, and the geometry where they do not hold it as `lon` and `lat`.
///
/// Points become columns `lon` and `lat`, other geometry a column `wkt`. Text that a spreadsheet would take for a formula gets
/// an apostrophe before it.
pub(super) fn write(out: &mut impl Write, features: &Features) -> io::Result<()> {
    let mut lines = Lines::new(out);
    lines.append(features)?;
    lines.finish()
}

/// A table as it is written part by part.
pub(super) struct Lines<W: Write> {
    out: Writer<W>,
    /// Where geometry goes, once the header is there.
    place: Option<Place>,
}

impl<W: Write> Lines<W> {
    /// Nothing is written yet.
    pub(super) fn new(out: W) -> Self {
        Self { out: WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out), place: None }
    }

    /// Writes rows, before the first the header; every part has the columns of the first.
    pub(super) fn append(&mut self, features: &Features) -> io::Result<()> {
        if self.place.is_none() {
            let place = Place::of(features);
            let names = features.columns.iter().map(|column| harmless(column.name.clone()));
            self.out.write_record(names.chain(place.names().iter().map(|&name| name.to_owned())))?;
            self.place = Some(place);
        }
        let place = self.place.as_ref().unwrap_or(&Place::Nowhere);
        for row in 0..features.len() {
            let cells = features.columns.iter().map(|column| match &column.values {
                Values::Text(values) => values[row].clone().map(harmless).unwrap_or_default(),
                other => cell::text(other, row).unwrap_or_default(),
            });
            let geometry = features.geometries[row].as_ref().filter(|_| !matches!(place, Place::Nowhere)).and_then(rounded);
            self.out.write_record(cells.chain(place.cells(geometry.as_ref())))?;
        }
        Ok(())
    }

    /// Writes what is still held back.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where a table's geometry goes.
#[derive(Debug)]
enum Place {
    Nowhere,
    Columns,
    Wkt,
}

impl Place {
    fn of(features: &Features) -> Self {
        let mut geometries = features.geometries.iter().flatten().peekable();
        let held = features.column("lon").is_some() && features.column("lat").is_some() || features.column("wkt").is_some();
        if held || geometries.peek().is_none() {
            Self::Nowhere
        } else if geometries.all(|geometry| matches!(geometry, Geometry::Point(_))) {
            Self::Columns
        } else {
            Self::Wkt
        }
    }

    fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Nowhere => &[],
            Self::Columns => &["lon", "lat"],
            Self::Wkt => &["wkt"],
        }
    }

    fn cells(&self, geometry: Option<&Geometry<f64>>) -> Vec<String> {
        match (self, geometry) {
            (Self::Columns, Some(Geometry::Point(point))) => vec![decimal(point.x()), decimal(point.y())],
            (Self::Wkt, Some(geometry)) => vec![wkt(geometry)],
            _ => vec![String::new(); self.names().len()],
        }
    }
}

/// Text that no spreadsheet takes for a formula; what is a plain number stays as it is.
fn harmless(text: String) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = || text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok();
    if risky && !number() { format!("'{text}") } else { text }
}

fn wkt(geometry: &Geometry<f64>) -> String {
    match geometry {
        Geometry::Point(point) => format!("POINT({})", position(&point.0)),
        Geometry::MultiPoint(multi) => {
            format!("MULTIPOINT{}", list(multi.0.iter().map(|point| format!("({})", position(&point.0)))))
        }
        Geometry::LineString(line) => format!("LINESTRING{}", positions(line)),
        Geometry::MultiLineString(multi) => format!("MULTILINESTRING{}", list(multi.0.iter().map(positions))),
        Geometry::Polygon(polygon) => format!("POLYGON{}", rings(polygon)),
        Geometry::MultiPolygon(multi) => format!("MULTIPOLYGON{}", list(multi.0.iter().map(rings))),
        _ => String::new(),
    }
}

fn rings(polygon: &Polygon<f64>) -> String {
    list(std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(positions))
}

fn positions(line: &LineString<f64>) -> String {
    list(line.0.iter().map(position))
}

fn position(coord: &Coord<f64>) -> String {
    format!("{} {}", decimal(coord.x), decimal(coord.y))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text_a_number_stays() {
        let cells = ["=1+1", "-75.5", "+57 1 234", "@x", "\tx", "-", "a=b"].map(|text| harmless(text.to_owned()));
        assert_eq!(cells, ["'=1+1", "-75.5", "'+57 1 234", "'@x", "'\tx", "'-", "a=b"]);
    }
}
