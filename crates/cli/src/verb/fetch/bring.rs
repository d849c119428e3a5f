//! Brings files, several at a time, and proves them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fetch::{Checksum, Client, FetchError, Kind, verify_safe};
use pipeline::map_in_order;
use serde::Serialize;

use super::estimate::Estimate;
use super::kept::{Kept, KeptFile, WORK};
use super::wanted::{Wanted, WantedFile, WantedItem};
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;

/// Most bytes of one file of which nobody tells the size: a scene has some gigabytes.
const LIMIT: u64 = 64 << 30;

/// A file that did not come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Failure {
    /// Where it was to go.
    pub(super) path: String,
    /// Where it is, without query.
    pub(super) address: String,
    /// Why not.
    pub(super) reason: String,
}

/// What a call has brought.
pub(super) struct Brought {
    /// What the folder holds now.
    pub(super) kept: Kept,
    /// Files that came.
    pub(super) files: usize,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Products whose files are all what their manifest says.
    pub(super) products: usize,
    /// Files that did not come.
    pub(super) failures: Vec<Failure>,
}

impl Brought {
    /// Whether a file of an item is not there.
    pub(super) fn failed(&self, item: &WantedItem<'_>) -> bool {
        item.files.iter().any(|file| self.failures.iter().any(|failure| failure.path == file.path))
    }
}

/// What became of one file.
enum Outcome {
    Came(KeptFile, usize),
    Failed(Failure),
}

/// Brings all files that are not there. One that fails is told at the end; a disk that is full, and what the user must put right,
/// end the call.
pub(super) fn bring(
    client: &Client,
    wanted: &Wanted<'_>,
    estimate: &Estimate,
    kept: Kept,
    common: &Common,
) -> Result<Brought, Fault> {
    let missing = wanted.missing();
    let budget = common.budget();
    let progress = Mutex::new(Progress::of_bytes(common, "fetch", estimate.bytes));
    let moved = |bytes: i64| progress.lock().unwrap_or_else(PoisonError::into_inner).moved(bytes);
    let mut outcomes = Vec::with_capacity(missing.len());
    map_in_order(
        &missing,
        &budget,
        budget.jobs(),
        || Ok::<_, Fault>(()),
        |(), file| one(client, file, &kept, &moved),
        |outcome| {
            outcomes.push(outcome);
            Ok(())
        },
    )?;
    let mut brought = Brought { kept, files: 0, bytes: 0, products: 0, failures: Vec::new() };
    for outcome in outcomes {
        match outcome {
            Outcome::Failed(failure) => brought.failures.push(failure),
            Outcome::Came(file, products) => {
                brought.files += 1;
                brought.bytes += file.bytes;
                brought.products += products;
                brought.kept.take(file);
            }
        }
    }
    for item in &wanted.items {
        if item.files.iter().any(|file| !file.known) && !brought.failed(item) {
            prove_folders(item, &mut brought);
        }
    }
    Ok(brought)
}

/// Brings one file and notes it.
fn one(client: &Client, file: &WantedFile, kept: &Kept, moved: &dyn Fn(i64)) -> Result<Outcome, Fault> {
    let (target, work) = (kept.out().join(&file.path), kept.out().join(WORK));
    let wanted = fetch::Wanted {
        address: &file.address,
        collection: file.collection.as_deref(),
        target: &target,
        work: &work,
        size: file.size,
        checksum: file.checksum.as_ref(),
        limit: file.size.unwrap_or(LIMIT),
    };
    let failed = |error: FetchError| match error.kind() {
        Kind::Input => {
            Ok(Outcome::Failed(Failure { path: file.path.clone(), address: file.address.to_string(), reason: error.to_string() }))
        }
        Kind::Configuration | Kind::Output | Kind::Stopped => Err(error.into()),
    };
    let fetched = match client.download(&wanted, moved) {
        Ok(fetched) => fetched,
        Err(error) => return failed(error),
    };
    let is_zip = target.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    let products = match if is_zip { verify_safe(&target) } else { Ok(None) } {
        Ok(verified) => usize::from(verified.is_some()),
        Err(error) => {
            let _ = std::fs::remove_file(&target);
            return failed(error);
        }
    };
    let kept_file = KeptFile {
        path: file.path.clone(),
        address: file.address.to_string(),
        updated: file.updated.clone(),
        checksum: file.checksum.as_ref().map(Checksum::multihash),
        bytes: fetched.bytes,
        sha256: fetched.sha256,
    };
    kept.note(&kept_file)?;
    Ok(Outcome::Came(kept_file, products))
}

/// Holds products that came file by file against their manifests. What is not what its manifest says is brought again next time.
fn prove_folders(item: &WantedItem<'_>, brought: &mut Brought) {
    let below = |file: &WantedFile| file.path[item.folder.len() + 1..].split_once('/').map(|(folder, _)| folder.to_owned());
    let folders: BTreeSet<String> = item.files.iter().filter_map(below).collect();
    for folder in folders {
        let path = format!("{}/{folder}", item.folder);
        match verify_safe(&brought.kept.out().join(&path)) {
            Ok(verified) => brought.products += usize::from(verified.is_some()),
            Err(error) => {
                let files: Vec<&WantedFile> = item.files.iter().filter(|file| Path::new(&file.path).starts_with(&path)).collect();
                for file in &files {
                    brought.kept.drop_file(&file.path);
                }
                let address = files.first().map(|file| file.address.to_string()).unwrap_or_default();
                let path = files.first().map_or(path, |file| file.path.clone());
                brought.failures.push(Failure { path, address, reason: error.to_string() });
            }
        }
    }
}
