use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use alert::{Features, Values};
use geo_types::{Coord, Geometry, LineString, Polygon};
use sha2::{Digest as _, Sha256};

use super::LayerError;
use crate::sha256_file;

/// SHA-256 of what a table of text columns holds, whatever stored it: names, values and coordinates, in their order.
pub fn content_sha256(features: &Features) -> String {
    let mut content = Content(Sha256::new());
    content.number(features.len() as u64);
    for column in &features.columns {
        content.text(&column.name);
        if let Values::Text(values) = &column.values {
            for value in values {
                content.value(value.as_deref());
            }
        }
    }
    for geometry in &features.geometries {
        content.geometry(geometry.as_ref());
    }
    hexadecimal(&content.0.finalize())
}

/// SHA-256 over names and hashes of the files of a folder that is one dataset, in the order of their names.
pub(super) fn folder_sha256(folder: &Path) -> Result<String, LayerError> {
    let failed = |source| LayerError::Read { path: folder.to_owned(), source };
    let mut files = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(failed)?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut content = Content(Sha256::new());
    for file in files.iter().filter(|file| file.path().is_file()) {
        content.text(&file.file_name().to_string_lossy());
        content.text(&sha256_file(&file.path())?);
    }
    Ok(hexadecimal(&content.0.finalize()))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A hash that is fed values with their lengths, so that no two contents give the same bytes.
struct Content(Sha256);

impl Content {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn value(&mut self, value: Option<&str>) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(text) = value {
            self.text(text);
        }
    }

    fn geometry(&mut self, geometry: Option<&Geometry<f64>>) {
        match geometry {
            Some(Geometry::Point(point)) => self.parts(1, &[*point], |content, point| content.coord(point.0)),
            Some(Geometry::MultiPoint(multi)) => self.parts(4, &multi.0, |content, point| content.coord(point.0)),
            Some(Geometry::LineString(line)) => self.parts(2, std::slice::from_ref(line), Self::line),
            Some(Geometry::MultiLineString(multi)) => self.parts(5, &multi.0, Self::line),
            Some(Geometry::Polygon(polygon)) => self.parts(3, std::slice::from_ref(polygon), Self::polygon),
            Some(Geometry::MultiPolygon(multi)) => self.parts(6, &multi.0, Self::polygon),
            // A layer holds no other kinds.
            Some(_) | None => self.number(0),
        }
    }

    fn parts<T>(&mut self, kind: u64, parts: &[T], each: impl Fn(&mut Self, &T)) {
        self.number(kind);
        self.number(parts.len() as u64);
        for part in parts {
            each(self, part);
        }
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        self.number(polygon.interiors().len() as u64);
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            self.line(ring);
        }
    }

    fn line(&mut self, line: &LineString<f64>) {
        self.number(line.0.len() as u64);
        line.0.iter().for_each(|&coord| self.coord(coord));
    }

    fn coord(&mut self, coord: Coord<f64>) {
        self.number(coord.x.to_bits());
        self.number(coord.y.to_bits());
    }
}

#[cfg(test)]
mod tests {
    use geo_types::point;

    use super::*;

    fn table(values: [Option<&str>; 2], x: f64) -> String {
        let geometries = vec![Some(point! { x: x, y: 1.0 }.into()), None];
        let values = Values::Text(values.map(|value| value.map(str::to_owned)).to_vec());
        content_sha256(&Features::new("any", geometries).with("a", values).expect("two rows"))
    }

    #[test]
    fn only_equal_contents_have_equal_hashes() {
        let whole = table([Some("ab"), Some("")], 0.5);
        assert_eq!(whole, table([Some("ab"), Some("")], 0.5));
        for other in [table([Some("a"), Some("b")], 0.5), table([Some("ab"), None], 0.5), table([Some("ab"), Some("")], 0.25)] {
            assert_ne!(whole, other);
        }
    }
}
