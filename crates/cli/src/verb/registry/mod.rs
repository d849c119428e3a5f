//! `registry`: official layers, before anything is laid over them.

mod load;

use clap::Subcommand;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::Report;

/// What is done with registries.
#[derive(Debug, Subcommand)]
pub(crate) enum Registry {
    /// Keep what the sources of a catalogue say now in a store, beside all that they said before
    Load(load::Load),
}

/// Does one of them.
pub(crate) fn registry(registry: &Registry, common: &Common) -> Result<Report, Fault> {
    match registry {
        Registry::Load(arguments) => load::load(arguments, common),
    }
}
