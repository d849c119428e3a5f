use std::collections::BTreeSet;
use std::path::Path;

use gdal::vector::Geometry as GdalGeometry;
use geo_types::{Geometry, Point};

use super::notice::{Notice, Notices};
use super::records::Records;
use super::{LayerError, LayerOptions, ogr_geometry, text};
use crate::complaint;

/// Reads a table with a header: points from two columns, any geometry from a column of WKT, or no geometry.
pub(super) fn read(path: &Path, bytes: &[u8], options: &LayerOptions, notices: &mut Notices) -> Result<Records, LayerError> {
    let text = text::table(path, bytes, options.encoding.as_deref(), notices)?;
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter(&text));
    if let Some(line) = open_quote(&text, delimiter) {
        let message = "a quoted field is never closed".to_owned();
        return Err(LayerError::Syntax { path: path.to_owned(), line, column: 1, message });
    }
    let mut lines = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header = lines.headers().map_err(|error| syntax(path, &error))?.clone();
    let place = Place::find(path, &header, options)?;
    let decimal = Decimal::of(path, options.decimal)?;
    let mut records = Records::default();
    let columns: Vec<usize> = header.iter().map(|name| records.column(name)).collect();
    for line in lines.records() {
        let line = line.map_err(|error| syntax(path, &error))?;
        let at = format!("line {}", line.position().map_or(0, csv::Position::line));
        if line.len() != header.len() {
            notices.note(Notice::RecordRagged, format!("{at} has {} of {} fields", line.len(), header.len()));
            continue;
        }
        records.begin(at.clone(), place.geometry(&line, decimal, &at, notices));
        for (&column, field) in columns.iter().zip(&line) {
            if is_spreadsheet_number(field) {
                notices.note(Notice::SpreadsheetNumber, at.as_str());
            }
            records.set(column, (!field.is_empty()).then(|| field.to_owned()));
        }
    }
    Ok(records)
}

fn syntax(path: &Path, error: &csv::Error) -> LayerError {
    let line = error.position().map_or(1, csv::Position::line) as usize;
    LayerError::Syntax { path: path.to_owned(), line, column: 1, message: error.to_string() }
}

/// The delimiter that stands most often in the first line outside quotes; a comma where none does.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.bytes().take_while(|&byte| byte != b'\n') {
        quoted ^= byte == b'"';
        for (delimiter, count) in &mut counts {
            *count += usize::from(!quoted && byte == *delimiter);
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

/// The line of the opening quote of a field that does not end.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let (mut line, mut opened) = (1, None);
    let mut fresh = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        line += usize::from(byte == b'\n');
        match (opened, byte) {
            (None, b'"') if fresh => opened = Some(line),
            (Some(_), b'"') if bytes.peek() == Some(&b'"') => {
                bytes.next();
            }
            (Some(_), b'"') => opened = None,
            _ => {}
        }
        fresh = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r');
    }
    opened
}

/// Such as `1.23457E+11`, what a spreadsheet makes of a long identifier.
fn is_spreadsheet_number(field: &str) -> bool {
    let Some((digits, exponent)) = field.split_once("E+") else { return false };
    let digits = digits.trim_start_matches('-');
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    !digits.is_empty() && !exponent.is_empty() && numeric(digits) && exponent.bytes().all(|byte| byte.is_ascii_digit())
}

/// The columns that hold the geometry.
enum Place {
    Columns { lon: usize, lat: usize },
    Wkt(usize),
    None,
}

impl Place {
    fn find(path: &Path, header: &csv::StringRecord, options: &LayerOptions) -> Result<Self, LayerError> {
        let table = |message: String| LayerError::Table { path: path.to_owned(), message };
        if header.is_empty() {
            return Err(table("there is no header; the first line names the columns".to_owned()));
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = header.iter().find(|name| !names.insert(*name)) {
            return Err(table(format!("two columns are called `{}`; rename one", twice.escape_debug())));
        }
        let find = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        let given = |name: &String| find(name).ok_or_else(|| table(format!("there is no column `{}`", name.escape_debug())));
        if let Some(wkt) = &options.wkt {
            return Ok(Self::Wkt(given(wkt)?));
        }
        let lon = options.lon.as_ref().map(given).transpose()?.or_else(|| find("lon"));
        let lat = options.lat.as_ref().map(given).transpose()?.or_else(|| find("lat"));
        match (lon, lat, find("wkt")) {
            (Some(lon), Some(lat), _) => Ok(Self::Columns { lon, lat }),
            (None, None, Some(wkt)) => Ok(Self::Wkt(wkt)),
            (None, None, None) => Ok(Self::None),
            _ => Err(table("one of the columns lon and lat is missing; name both".to_owned())),
        }
    }

    fn geometry(&self, line: &csv::StringRecord, decimal: Decimal, at: &str, notices: &mut Notices) -> Option<Geometry<f64>> {
        let (refused, found) = match *self {
            Self::None => return None,
            Self::Columns { lon, lat } if line[lon].trim().is_empty() && line[lat].trim().is_empty() => {
                (Notice::GeometryMissing, None)
            }
            Self::Columns { lon, lat } => (Notice::CoordinatesRefused, decimal.point(&line[lon], &line[lat])),
            Self::Wkt(wkt) if line[wkt].trim().is_empty() => (Notice::GeometryMissing, None),
            Self::Wkt(wkt) => match from_wkt(&line[wkt]) {
                Some(Ok(shape)) => {
                    if shape.reduced {
                        notices.note(Notice::CollectionReduced, at);
                    }
                    (Notice::GeometryMissing, shape.geometry)
                }
                Some(Err(notice)) => (notice, None),
                None => (Notice::GeometryRefused, None),
            },
        };
        match &found {
            None => notices.note(refused, at),
            Some(Geometry::Point(point)) if point.x() == 0.0 && point.y() == 0.0 => {
                notices.note(Notice::NullIsland, at);
                return None;
            }
            Some(_) => {}
        }
        found
    }
}

fn from_wkt(text: &str) -> Option<Result<ogr_geometry::Shape, Notice>> {
    let parsed = complaint::watch(|| GdalGeometry::from_wkt(text.trim())).ok()?;
    Some(ogr_geometry::read(parsed))
}

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decimal {
    /// A point or a comma: nobody said which, and a coordinate has no groups of thousands.
    Either,
    /// A point; a comma is no part of a number.
    Point,
    /// A comma; points stand between thousands.
    Comma,
}

impl Decimal {
    fn of(path: &Path, told: Option<char>) -> Result<Self, LayerError> {
        match told {
            None => Ok(Self::Either),
            Some('.') => Ok(Self::Point),
            Some(',') => Ok(Self::Comma),
            Some(other) => {
                let message = format!("the decimal sign `{}` is neither `.` nor `,`", other.escape_debug());
                Err(LayerError::Table { path: path.to_owned(), message })
            }
        }
    }

    fn point(self, lon: &str, lat: &str) -> Option<Geometry<f64>> {
        Some(Point::new(self.number(lon)?, self.number(lat)?).into())
    }

    fn number(self, text: &str) -> Option<f64> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte)) {
            return None;
        }
        let value: f64 = match self {
            Self::Either => text.replace(',', ".").parse().ok()?,
            Self::Point => text.parse().ok()?,
            Self::Comma => text.replace('.', "").replace(',', ".").parse().ok()?,
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_what_the_header_uses() {
        assert_eq!(delimiter("a;b;c,d\n1,2,3,4,5"), b';');
        assert_eq!(delimiter("a\tb\n"), b'\t');
        assert_eq!(delimiter("\"a;;;\",b\n"), b',');
        assert_eq!(delimiter("a\n"), b',');
    }

    #[test]
    fn an_open_quote_is_found_where_it_began() {
        assert_eq!(open_quote("a,b\n1,\"x\n2,y\n", b','), Some(2));
        assert_eq!(open_quote("a,b\n1,\"x\"\"y\"\n", b','), None);
        assert_eq!(open_quote("a,b\n1,x\"y\n", b','), None);
    }

    #[test]
    fn a_decimal_comma_is_a_number() {
        assert_eq!(Decimal::Either.number(" -75,5 "), Some(-75.5));
        assert_eq!(Decimal::Either.number("1.234,5"), None);
        assert_eq!(Decimal::Either.number("nan"), None);
        assert_eq!(Decimal::Either.number("1e999"), None);
    }

    #[test]
    fn a_decimal_sign_that_is_told_settles_what_a_comma_means() {
        assert_eq!(Decimal::Comma.number("1.234.567,5"), Some(1_234_567.5));
        assert_eq!(Decimal::Comma.number("1.234"), Some(1234.0));
        assert_eq!(Decimal::Point.number("1.234"), Some(1.234));
        assert_eq!(Decimal::Point.number("1,234"), None);
    }
}
