use std::io;
use std::path::{Path, PathBuf};

use gdal::errors::GdalError;
use raster::Window;

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoioError {
    /// A file that cannot be opened as what it should be.
    #[error("{} cannot be opened as {expected}: {reason}; check that it is complete and of that kind", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: String,
        /// What the library said.
        reason: String,
    },
    /// A name that is no local regular file.
    #[error("{} is no local file that may be read: {reason}; name a file on this machine", path.display())]
    NotLocal {
        /// The name.
        path: PathBuf,
        /// Why it is refused.
        reason: String,
    },
    /// A connection to a database that does not say what it must.
    #[error("PG: {reason}; write PG:host=... port=... dbname=... user=...")]
    Connection {
        /// What is wrong.
        reason: String,
    },
    /// A place on a host that nobody allowed to ask.
    #[error(
        "{location}: the host {host} is not allowed, for nothing is asked over a network unless its host is named: pass --allow-host {host}, or name it in the job under [network] hosts"
    )]
    HostNotAllowed {
        /// The place, without passwords.
        location: String,
        /// The host.
        host: String,
    },
    /// An address that gives nothing.
    #[error("{address} cannot be fetched: {reason}; check the address, or fetch the file yourself")]
    Fetch {
        /// The address, without passwords.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// A format that inputs may not have.
    #[error("{} may not be read: {driver} is not among {allowed}; convert it first", path.display())]
    DriverNotAllowed {
        /// The file.
        path: PathBuf,
        /// The format it seems to have.
        driver: String,
        /// The formats that may be read.
        allowed: String,
    },
    /// Pixels that cannot be read.
    #[error("{}, band {band}, rows {}+{}, columns {}+{} cannot be read: {reason}; fetch the file again", path.display(), window.row, window.rows, window.col, window.cols)]
    Read {
        /// The file.
        path: PathBuf,
        /// Band, the first is 1.
        band: usize,
        /// Where, in the file's pixels.
        window: Window,
        /// What the library said.
        reason: String,
    },
    /// A raster or layer that does not say where it lies.
    #[error("{} has no coordinate reference system; give it one (gdal_edit.py -a_srs EPSG:n)", path.display())]
    NoCrs {
        /// The file.
        path: PathBuf,
    },
    /// A coordinate reference system that cannot be used.
    #[error("the coordinate reference system '{text}' cannot be used: {reason}; write EPSG:n or WKT")]
    Crs {
        /// What was given.
        text: String,
        /// What the library said.
        reason: String,
    },
    /// Coordinates that cannot be transformed.
    #[error("coordinates cannot be transformed from {from} to {to}: {reason}")]
    Transform {
        /// System of the coordinates.
        from: String,
        /// Wanted system.
        to: String,
        /// What the library said.
        reason: String,
    },
    /// A raster without place and pixel size.
    #[error("{} has no usable geotransform ({reason}); georeference it first", path.display())]
    NoGeotransform {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A raster whose rows do not run west to east.
    #[error("{} is rotated or sheared; warp it to a north-up grid first (gdalwarp)", path.display())]
    Rotated {
        /// The file.
        path: PathBuf,
    },
    /// A scene or raster without a layer that is asked for.
    #[error("{} has no layer {layer}; it has {available}", path.display())]
    MissingLayer {
        /// The file, or the scene's name.
        path: PathBuf,
        /// What is asked for.
        layer: String,
        /// What there is.
        available: String,
    },
    /// Bands of which nobody says what they are.
    #[error("{} does not say what its bands are ({reason}); give bands = {{ red = 1, .. }}", path.display())]
    UnnamedBands {
        /// The file.
        path: PathBuf,
        /// What the bands are called.
        reason: String,
    },
    /// Metadata that cannot be used.
    #[error("{}{}: {reason}", path.display(), line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// Line, the first is 1, where it is known.
        line: Option<u64>,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A table of dates that cannot be used.
    #[error("{}{}: {reason}; give one line a band or file, with a column date (year-month-day)", path.display(), line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Dates {
        /// The table.
        path: PathBuf,
        /// Line, the first is 1, where it is known.
        line: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// A table of series that cannot be used.
    #[error("{}{}: {reason}", path.display(), line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Series {
        /// The table.
        path: PathBuf,
        /// Line, the first is 1, where it is known.
        line: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// A STAC file or item that cannot be used.
    #[error("{}{}: {reason}", path.display(), place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
    Stac {
        /// The file.
        path: PathBuf,
        /// Line and column, the first are 1, where they are known.
        place: Option<(usize, usize)>,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A search of a catalogue that can match nothing.
    #[error("the search of {}: {reason}", path.display())]
    Search {
        /// The catalogue.
        path: PathBuf,
        /// What is wrong, by its key.
        reason: String,
    },
    /// An entry of the job that cannot be used.
    #[error("the imagery '{path}' cannot be used: {reason}", path = path.display())]
    Imagery {
        /// The path the job gives.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An archive that may not or cannot be read.
    #[error("{} cannot be read as an archive: {reason}; unpack it or fetch it again", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that cannot be read at all.
    #[error("{} cannot be read: {source}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing left to work with.
    #[error("nothing usable in {what}: {reason}")]
    Nothing {
        /// Where was looked.
        what: String,
        /// What was found instead.
        reason: String,
    },
    /// A file that cannot be written.
    #[error("{} cannot be written: {source}; check space and rights", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that is there already.
    #[error("{} is there already; choose another name or pass --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// An output that the library could not make.
    #[error("{} cannot be written ({what}): {reason}; check space and rights", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Which step.
        what: String,
        /// What the library said.
        reason: String,
    },
    /// A step of the library that should not fail.
    #[error("{}: {what} failed: {reason}", path.display())]
    Gdal {
        /// The file it was about.
        path: PathBuf,
        /// Which step.
        what: String,
        /// What the library said.
        reason: String,
    },
}

/// Whose fault an error is: decides the program's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the user told cannot be, or is not allowed.
    Configuration,
    /// An input cannot be used.
    Input,
    /// An output cannot be written.
    Output,
    /// Another program holds what is to be written.
    Locked,
    /// The program's own fault.
    Internal,
    /// Inputs are readable, but none can be used.
    Nothing,
}

impl GeoioError {
    /// A STAC file or item that cannot be used, at no place in particular.
    pub(crate) fn stac(path: &Path, reason: impl Into<String>) -> Self {
        Self::Stac { path: path.to_owned(), place: None, reason: reason.into() }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Write { .. } | Self::Exists { .. } | Self::Encode { .. } => Kind::Output,
            Self::Gdal { .. } => Kind::Internal,
            Self::Nothing { .. } => Kind::Nothing,
            Self::Connection { .. } | Self::HostNotAllowed { .. } | Self::Search { .. } => Kind::Configuration,
            _ => Kind::Input,
        }
    }
}

/// What GDAL said, without the wrapping; the number of the error class tells a person nothing.
pub(crate) fn reason(error: &GdalError) -> String {
    let text = match error {
        GdalError::CplError { msg, .. } | GdalError::NullPointer { msg, .. } => msg.trim().to_owned(),
        other => other.to_string(),
    };
    if text.is_empty() { "no reason given".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_error_names_file_band_place() {
        let window = Window { row: 512, col: 0, rows: 256, cols: 100 };
        let error = GeoioError::Read { path: "a.tif".into(), band: 2, window, reason: "cut".to_owned() };
        assert_eq!(error.to_string(), "a.tif, band 2, rows 512+256, columns 0+100 cannot be read: cut; fetch the file again");
        assert_eq!(error.kind(), Kind::Input);
    }

    #[test]
    fn a_full_disk_is_an_output_error() {
        let error = GeoioError::Write { path: "a.tif".into(), source: io::Error::from(io::ErrorKind::StorageFull) };
        assert_eq!(error.kind(), Kind::Output);
    }
}
