use raster::Date;
use thiserror::Error;

use crate::layer::LayerError;
use crate::{GeoioError, Kind};

/// Why a store cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A place that can be no store.
    #[error("{store}: no store of snapshots; name a file that ends in .gpkg, or PG:host=... dbname=...")]
    Format {
        /// The place.
        store: String,
    },
    /// Somebody else writes to it.
    #[error("{store}: {reason}; wait for it to end")]
    Locked {
        /// The store.
        store: String,
        /// Who holds it.
        reason: String,
    },
    /// A day of which the store knows another content.
    #[error(
        "{store}: source {source_id} was retrieved on {retrieved} with another content; a day has one: retrieve it on another day, or load into another store"
    )]
    Conflict {
        /// The store.
        store: String,
        /// The source.
        source_id: String,
        /// The day.
        retrieved: Date,
    },
    /// A column that the store adds itself.
    #[error("source {source_id} has a column `{column}`, which the store adds itself; rename it in the source")]
    Reserved {
        /// The source.
        source_id: String,
        /// The column.
        column: String,
    },
    /// Its list of snapshots cannot be understood.
    #[error("{store}: its table snapshots cannot be understood ({reason}); restore it from a good copy")]
    Damaged {
        /// The store.
        store: String,
        /// What is wrong.
        reason: String,
    },
    /// Writing failed; the store is as it was.
    #[error("{store} cannot be written: {reason}; check space and rights (the store is as it was)")]
    Write {
        /// The store.
        store: String,
        /// What was said.
        reason: String,
    },
    /// Reading failed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// Opening failed.
    #[error(transparent)]
    Open(#[from] GeoioError),
}

impl StoreError {
    /// Whose fault it is, for the exit code.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Format { .. } | Self::Conflict { .. } | Self::Reserved { .. } => Kind::Configuration,
            Self::Locked { .. } => Kind::Locked,
            Self::Damaged { .. } => Kind::Input,
            Self::Write { .. } => Kind::Output,
            Self::Layer(error) => error.kind(),
            Self::Open(error) => error.kind(),
        }
    }
}
