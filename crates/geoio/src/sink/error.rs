use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::{GeoioError, Kind};

/// Why a table of features was not written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The name's ending stands for no vector format that is written.
    #[error("{path}: not a vector format by its name; expected .geojson, .csv, .kml, .gpkg, .fgb or .parquet", path = path.display())]
    Extension {
        /// The output.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("{path} cannot be written: {source}; check space and rights", path = path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The format cannot hold the table, or its driver failed.
    #[error("{path} cannot be written ({what}): {reason}", path = path.display())]
    Driver {
        /// The output.
        path: PathBuf,
        /// Which step.
        what: &'static str,
        /// What was said.
        reason: String,
    },
    /// The place of the output cannot be taken, or the written file not be opened again.
    #[error(transparent)]
    Place(#[from] GeoioError),
}

impl SinkError {
    /// Whose fault it is, for the exit code.
    pub fn kind(&self) -> Kind {
        Kind::Output
    }
}
