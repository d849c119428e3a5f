//! How much would come, before it comes.

use std::fmt;

use fetch::{Client, Kind};
use pipeline::map_in_order;

use super::wanted::{Wanted, WantedFile};
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;

/// Bytes that would come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Estimate {
    /// Of files whose size their provider or host tells.
    pub(super) bytes: u64,
    /// Files that are to come.
    pub(super) files: usize,
    /// Those of which nobody tells the size.
    pub(super) unknown: usize,
}

impl Estimate {
    /// By `file:size` of the items; hosts are asked for the others.
    pub(super) fn of(client: &Client, wanted: &Wanted<'_>, common: &Common) -> Result<Self, Fault> {
        let missing = wanted.missing();
        let mut estimate = Self { files: missing.len(), ..Self::default() };
        let (told, untold): (Vec<&WantedFile>, Vec<&WantedFile>) = missing.into_iter().partition(|file| file.size.is_some());
        estimate.bytes = told.iter().filter_map(|file| file.size).fold(0, u64::saturating_add);
        let budget = common.budget();
        let mut progress = Progress::begin(common, "estimate", untold.len() as u64);
        map_in_order(
            &untold,
            &budget,
            budget.jobs(),
            || Ok::<_, Fault>(()),
            |(), file| match client.head(&file.address, file.collection.as_deref()) {
                Ok(head) => Ok(head.bytes),
                // What is not there, or is out of order, is told when it is brought.
                Err(error) if error.kind() == Kind::Input => Ok(None),
                Err(error) => Err(error.into()),
            },
            |bytes| {
                match bytes {
                    Some(bytes) => estimate.bytes = estimate.bytes.saturating_add(bytes),
                    None => estimate.unknown += 1,
                }
                progress.step()
            },
        )?;
        Ok(estimate)
    }

    /// Refuses more than somebody allowed.
    pub(super) fn check(&self, max_gb: Option<f64>) -> Result<(), Fault> {
        match max_gb.filter(|most| self.bytes as f64 > most * 1e9) {
            Some(most) => {
                Err(Fault::usage(format!("{self} would come, more than [fetch] max_gb = {most}; ask for less, or raise it")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes ({})", self.files, self.bytes, size(self.bytes))?;
        if self.unknown > 0 {
            write!(f, " and {} files of which nobody tells the size", self.unknown)?;
        }
        Ok(())
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.iter().find(|(_, unit)| bytes as f64 >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(name, unit)| format!("{:.1} {name}", bytes as f64 / unit))
}
