//! `registry`: official layers, before anything is laid over them.

mod check;
mod init;
mod list;
mod load;
mod publish;

use clap::Subcommand;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::Report;

/// What is done with registries.
#[derive(Debug, Subcommand)]
pub(crate) enum Registry {
    /// Show the sources of a catalogue, or of those that come with the program
    List(list::List),
    /// Say of each source of a catalogue whether it is there, valid, how old, and what was repaired or refused
    Check(check::Check),
    /// Make a folder for the registries of a country, with a list of what to fetch
    Init(init::Init),
    /// Count alerts by cells of 1 or 5 km, for everybody
    Publish(publish::Publish),
    /// Keep what the sources of a catalogue say now in a store, beside all that they said before
    Load(load::Load),
}

/// Does one of them.
pub(crate) fn registry(registry: &Registry, common: &Common) -> Result<Report, Fault> {
    match registry {
        Registry::List(arguments) => list::list(arguments, common),
        Registry::Check(arguments) => check::check(arguments, common),
        Registry::Init(arguments) => init::init(arguments, common),
        Registry::Publish(arguments) => publish::publish(arguments, common),
        Registry::Load(arguments) => load::load(arguments, common),
    }
}
