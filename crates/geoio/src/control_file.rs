//! Files of ground control points: `gcp_list.txt` of `OpenDroneMap` and `.points` of QGIS.

use std::path::Path;

use raster::Crs;

use crate::{GeoioError, crs, open};

/// Most bytes of such a file.
const MOST_BYTES: u64 = 8 << 20;

/// A ground control point as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlRow {
    /// Column and row in pixels; (0, 0) is the north-west corner of the first pixel.
    pub pixel: (f64, f64),
    /// x and y on the map.
    pub map: (f64, f64),
    /// Height in metres, where the file has one.
    pub height_m: Option<f64>,
    /// Name of the image that it is seen in, where the file says so.
    pub image: Option<String>,
    /// Its name; empty where it has none.
    pub name: String,
    /// Whether it is to be used; a point that is switched off can still be held against the transform.
    pub enabled: bool,
    /// Line of the file, the first is 1; 0 where it comes from no text.
    pub line: u64,
}

/// A file of ground control points.
#[derive(Debug, Clone)]
pub struct ControlFile {
    /// Reference system of the map coordinates; `None` where the file names none.
    pub crs: Option<Crs>,
    /// The points in the order of the file.
    pub points: Vec<ControlRow>,
}

impl ControlFile {
    /// Reads a file of either program; which one it is follows from its first line.
    ///
    /// # Errors
    /// [`GeoioError::NotLocal`], [`GeoioError::Input`], or [`GeoioError::Metadata`] with the line.
    pub fn read(path: &Path) -> Result<Self, GeoioError> {
        let bytes = open::read_bytes(path, MOST_BYTES)?.ok_or_else(|| {
            wrong(path, None, format!("it has more than {MOST_BYTES} bytes; that is no file of control points"))
        })?;
        let text = String::from_utf8(bytes).map_err(|_| wrong(path, None, "it is no text in UTF-8; save it as UTF-8"))?;
        Self::parse(&text, path)
    }

    /// The same from its text; `path` is named in errors.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] with the line, [`GeoioError::Crs`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, GeoioError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines: Vec<(u64, &str)> =
            (1..).zip(text.lines()).map(|(number, line)| (number, line.trim())).filter(|(_, line)| !line.is_empty()).collect();
        let Some((_, first)) = lines.first() else { return Err(wrong(path, None, "it is empty")) };
        let is_qgis = first.starts_with("#CRS") || first.to_ascii_lowercase().starts_with("mapx,");
        let file = if is_qgis { qgis(&lines, path) } else { odm(&lines, path) }?;
        if file.points.is_empty() {
            return Err(wrong(path, None, "it holds no control point"));
        }
        Ok(file)
    }
}

/// `#CRS: WKT`, a header, then a point a line. Rows are counted downwards from 0 in negative numbers.
fn qgis(lines: &[(u64, &str)], path: &Path) -> Result<ControlFile, GeoioError> {
    let mut system = None;
    let mut columns: Option<Vec<String>> = None;
    let mut points = Vec::new();
    for &(number, line) in lines {
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(text) = comment.trim_start().strip_prefix("CRS:")
                && !text.trim().is_empty()
            {
                system = Some(crs::crs(text.trim()).map_err(|error| wrong(path, Some(number), error.to_string()))?);
            }
            continue;
        }
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let Some(columns) = &columns else {
            columns = Some(cells.iter().map(|cell| cell.to_ascii_lowercase()).collect());
            continue;
        };
        let place = |names: &[&str]| columns.iter().position(|column| names.contains(&column.as_str()));
        let value = |names: &[&str]| -> Result<f64, GeoioError> {
            let at = place(names).ok_or_else(|| {
                wrong(path, Some(number), format!("there is no column {}; expected mapX,mapY,sourceX,sourceY,enable", names[0]))
            })?;
            number_of(cells.get(at).copied(), names[0], path, number)
        };
        let (x, y) = (value(&["mapx"])?, value(&["mapy"])?);
        let (col, row) = (value(&["sourcex", "pixelx"])?, value(&["sourcey", "pixely"])?);
        if row > 0.0 {
            let reason = format!(
                "sourceY is {row}, and rows of an image without a place are 0 or negative in QGIS; these seem to be coordinates of \
                 an image that had a place already: set the points on the image without it"
            );
            return Err(wrong(path, Some(number), reason));
        }
        let enabled = match place(&["enable"]).and_then(|at| cells.get(at)) {
            None | Some(&"1" | &"true") => true,
            Some(&"0" | &"false") => false,
            Some(other) => return Err(wrong(path, Some(number), format!("enable is '{other}'; expected 1 or 0"))),
        };
        points.push(ControlRow {
            // Adding 0 makes a zero of either sign the plain one.
            pixel: (col, 0.0 - row),
            map: (x, y),
            height_m: None,
            image: None,
            name: String::new(),
            enabled,
            line: number,
        });
    }
    Ok(ControlFile { crs: system, points })
}

/// The reference system, then `x y z column row image [name ..]` a line, separated by blanks or tabs.
fn odm(lines: &[(u64, &str)], path: &Path) -> Result<ControlFile, GeoioError> {
    let (first, text) = lines[0];
    let system = odm_system(text).map_err(|reason| wrong(path, Some(first), reason))?;
    let mut points = Vec::new();
    for &(number, line) in lines[1..].iter().filter(|(_, line)| !line.starts_with('#')) {
        // Names of images may hold blanks where tabs separate.
        let cells: Vec<&str> =
            if line.contains('\t') { line.split('\t').map(str::trim).collect() } else { line.split_whitespace().collect() };
        if cells.len() < 5 {
            let reason = format!("{} fields; expected x y z column row image [name]", cells.len());
            return Err(wrong(path, Some(number), reason));
        }
        let value = |at: usize, name: &str| number_of(cells.get(at).copied(), name, path, number);
        points.push(ControlRow {
            map: (value(0, "x")?, value(1, "y")?),
            height_m: if cells[2].eq_ignore_ascii_case("nan") { None } else { Some(value(2, "z")?) },
            pixel: (value(3, "column")?, value(4, "row")?),
            image: cells.get(5).filter(|name| !name.is_empty()).map(|name| (*name).to_owned()),
            name: cells.get(6).map(|name| (*name).to_owned()).unwrap_or_default(),
            enabled: true,
            line: number,
        });
    }
    Ok(ControlFile { crs: Some(system), points })
}

/// `EPSG:n`, `WGS84 UTM 18N`, or a text of PROJ.
fn odm_system(text: &str) -> Result<Crs, String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
    let zone = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["WGS84", "UTM", zone] => Some(zone.to_owned()),
        ["WGS84", "UTM", number, half] => Some(format!("{number}{half}")),
        _ => None,
    };
    let told = |reason: &str| {
        format!("'{text}' names no reference system ({reason}); the first line must be EPSG:n, WGS84 UTM 18N or a PROJ text")
    };
    let name = match zone {
        Some(zone) => {
            let half = zone.trim_start_matches(|letter: char| letter.is_ascii_digit());
            let number = &zone[..zone.len() - half.len()];
            let number: u32 =
                number.parse().ok().filter(|n| (1..=60).contains(n)).ok_or_else(|| told("a zone is 1 to 60, then N or S"))?;
            match half {
                "N" => format!("EPSG:{}", 32_600 + number),
                "S" => format!("EPSG:{}", 32_700 + number),
                _ => return Err(told("a zone is 1 to 60, then N or S")),
            }
        }
        None => text.to_owned(),
    };
    crs::crs(&name).map_err(|error| told(&error.to_string()))
}

fn number_of(cell: Option<&str>, name: &str, path: &Path, line: u64) -> Result<f64, GeoioError> {
    let cell = cell.unwrap_or_default();
    let number = cell.parse::<f64>().ok().filter(|v| v.is_finite());
    number.ok_or_else(|| wrong(path, Some(line), format!("{name} is '{cell}'; expected a number with a point")))
}

fn wrong(path: &Path, line: Option<u64>, reason: impl Into<String>) -> GeoioError {
    GeoioError::Metadata { path: path.to_owned(), line, reason: reason.into() }
}
