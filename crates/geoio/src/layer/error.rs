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
    #[error("{path}: not a vector format by its name; expected .geojson, .json, .gpkg, .shp, .fgb, .parquet, .kml, .gdb or .csv", path = path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// A format of tables in memory, not of registries.
    #[error("{path}: Arrow's own format is none of registries; save it as .gpkg, .fgb or .csv", path = path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
    },
    /// No record of a table has a place that can be used.
    #[error("{path}: none of its {records} records has usable coordinates ({reasons}); write longitude and latitude in degrees, or name the system", path = path.display())]
    Placeless {
        /// The file.
        path: PathBuf,
        /// How many records it has.
        records: usize,
        /// What is wrong where.
        reasons: String,
    },
    /// A table that a database does not have.
    #[error("{path}: there is no table or view {layer}, or it may not be read; write layer = \"schema.table\" and check your rights", path = path.display())]
    NoTable {
        /// The database.
        path: PathBuf,
        /// The table.
        layer: String,
    },
    /// A database does not give what it is asked for.
    #[error("{path}, {layer}: {reason}; check the name (layer = \"schema.table\") and your rights", path = path.display())]
    Query {
        /// The database.
        path: PathBuf,
        /// The table.
        layer: String,
        /// What the server said.
        reason: String,
    },
    /// A file that was fetched cannot be read.
    #[error("{address}: {source}")]
    Fetched {
        /// The address.
        address: String,
        /// What is wrong with it.
        source: Box<LayerError>,
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
            Self::Fetched { source, .. } => source.kind(),
            _ => Kind::Input,
        }
    }
}
