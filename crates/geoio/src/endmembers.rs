//! Tables of endmembers: a spectrum a line.

use std::path::Path;

use change::{Endmember, Unmixing};

use crate::{GeoioError, small_table};

/// Reads a table `endmember,blue,green,..`: reflectance (0 to 1) of a pure material a line, a column a band by its STAC name or symbol.
///
/// # Errors
/// [`GeoioError::Input`] for a file that cannot be read, [`GeoioError::Series`] with the line for what it says.
pub fn endmembers(path: &Path) -> Result<Unmixing, GeoioError> {
    let bytes = std::fs::read(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    let wrong = |line: Option<u64>, reason: String| GeoioError::Series { path: path.to_owned(), line, reason };
    let mut table = small_table::reader(bytes).map_err(|reason| wrong(None, reason.to_owned()))?;
    let header = table.headers().map_err(|error| wrong(Some(1), error.to_string()))?.clone();
    let name = small_table::place(&header, "endmember")
        .ok_or_else(|| wrong(Some(1), "it has no column endmember; its first line is endmember,blue,green,..".to_owned()))?;
    let bands: Vec<(usize, &str)> = header.iter().enumerate().filter(|(place, _)| *place != name).collect();
    let mut all = Vec::new();
    for record in table.records() {
        let record = record.map_err(|error| wrong(error.position().map(csv::Position::line), error.to_string()))?;
        let line = record.position().map(csv::Position::line);
        let number = |(place, band): &(usize, &str)| {
            let text = record.get(*place).unwrap_or_default();
            text.parse::<f64>().map_err(|_| wrong(line, format!("{band} is '{text}', expected reflectance from 0 to 1")))
        };
        let reflectance = bands.iter().map(number).collect::<Result<_, _>>()?;
        all.push(Endmember { name: record.get(name).unwrap_or_default().to_owned(), reflectance });
    }
    let names: Vec<&str> = bands.into_iter().map(|(_, band)| band).collect();
    Unmixing::new(&names, all).map_err(|error| wrong(None, error.to_string()))
}
