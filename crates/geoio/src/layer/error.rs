use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::Kind;

/// Why a file of features was refused as a whole.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than a text layer may be.
    #[error("{path}: {bytes} bytes are too many for a text layer (at most {limit}); convert it to .gpkg or .fgb", path = path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// The name's ending stands for no vector format that is read.
    #[error("{path}: not a vector format by its name; expected .geojson, .json, .gpkg, .parquet, .shp, .fgb or .csv", path = path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The bytes are in an encoding that is not accepted here.
    #[error("{path}: {found}; save it as UTF-8", path = path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// The text breaks the rules of its format.
    #[error("{path}:{line}:{column}: {message}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
        /// What was found and what is expected.
        message: String,
    },
    /// A table's columns cannot be used.
    #[error("{path}: {message}", path = path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// The reference system is missing, unknown or does not suit the coordinates.
    #[error("{path}: {message}", path = path.display())]
    Crs {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// The layer asked for is not there, or there are several and none was named.
    #[error("{path}: {message}; layers there: {available}", path = path.display())]
    Choice {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
        /// Names of the layers, comma separated.
        available: String,
    },
    /// The store is damaged: its own check or count of records disagrees with what could be read.
    #[error("{path}: damaged: {message}; restore it from a good copy", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What disagrees.
        message: String,
    },
    /// Opening failed.
    #[error(transparent)]
    Open(#[from] crate::GeoioError),
}

impl LayerError {
    /// Whose fault it is, for the exit code.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open(error) => error.kind(),
            _ => Kind::Input,
        }
    }
}
