//! The folder of a run: nothing stands in it under its final name before the run is complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault};

/// Name of the file that marks a complete run.
pub(crate) const MANIFEST: &str = "run.json";

/// What a run writes.
const OUTPUTS: [&str; 19] = [
    "alerts.csv",
    "alerts.geojson",
    "alerts.gpkg",
    "alerts.kml",
    "alerts.schema.json",
    "alerts.stac.json",
    "change.stac.json",
    "change.tif",
    "collection.json",
    "days.stac.json",
    "days.tif",
    "links.csv",
    "magnitude.stac.json",
    "magnitude.tif",
    "observations.stac.json",
    "observations.tif",
    "quicklook.png",
    "summary.csv",
    "timings.json",
];

/// Where a run works until it is complete. No other run writes there meanwhile.
///
/// `OUT/.work/<id>` holds the outputs so far, which a new start makes again, and a folder of finished strips, which it keeps.
pub(crate) struct RunFolder {
    /// Held until the end; the system lets go of it when the program dies.
    _lock: fs::File,
    out: PathBuf,
    work: PathBuf,
    done: bool,
}

/// Where runs work.
const WORK: &str = ".work";

/// Where the outputs of an earlier run wait until those of this one stand in their place.
const EARLIER: &str = "earlier";

/// Head of the names of folders of strips; the rest is the strips' height.
const STRIPS: &str = "strips-";

/// What a folder holds.
pub(crate) enum Standing {
    /// This very run, complete.
    Complete,
    /// Nothing of a run, this run unfinished, or `--force` was given.
    Free,
}

impl RunFolder {
    /// What stands in the way of a run.
    pub(crate) fn standing(out: &Path, id: &str, force: bool) -> Result<Standing, Fault> {
        if force {
            return Ok(Standing::Free);
        }
        match fs::read_to_string(out.join(MANIFEST)) {
            // A run that died while its outputs were given their names left some of them, and no manifest.
            Err(_) if out.join(WORK).join(id).is_dir() => Ok(Standing::Free),
            Err(_) => match OUTPUTS.iter().find(|name| out.join(name).exists()) {
                Some(name) => Err(Fault::usage(format!(
                    "{}: holds a file {name} that is of no run; choose another folder, or --force to replace it",
                    out.display()
                ))),
                None => Ok(Standing::Free),
            },
            Ok(text) if run_id(&text).as_deref() == Some(id) => {
                Ok(if whole(out, &text) { Standing::Complete } else { Standing::Free })
            }
            Ok(_) => Err(Fault::usage(format!(
                "{}: holds another run; choose another folder, or --force to replace it",
                out.display()
            ))),
        }
    }

    /// Makes `OUT/.work/<id>`; what an interrupted run has finished there stays, unless the start is `fresh`.
    pub(crate) fn create(out: &Path, id: &str, fresh: bool) -> Result<Self, Fault> {
        let work = out.join(WORK).join(id);
        if out.is_file() {
            return Err(Fault::new(Exit::Output, format!("{}: is a file; name a folder for the outputs", out.display())));
        }
        fs::create_dir_all(out).map_err(|error| unwritable(out, &error))?;
        let lock = lock(out)?;
        if fresh && out.join(WORK).exists() {
            fs::remove_dir_all(out.join(WORK)).map_err(|error| unwritable(&work, &error))?;
        }
        fs::create_dir_all(&work).map_err(|error| unwritable(&work, &error))?;
        let folder = Self { _lock: lock, out: out.to_path_buf(), work, done: false };
        folder.clear().map_err(|error| unwritable(&folder.work, &error))?;
        Ok(folder)
    }

    /// Where outputs are written for now.
    pub(crate) fn path(&self) -> &Path {
        &self.work
    }

    /// Where finished strips of this height are kept.
    pub(crate) fn strips(&self, rows: usize) -> PathBuf {
        self.work.join(format!("{STRIPS}{rows}"))
    }

    /// Height of the strips that an interrupted run has finished; of several heights the one with most of them.
    pub(crate) fn rows_kept(&self) -> Option<usize> {
        let entries = fs::read_dir(&self.work).ok()?.filter_map(Result::ok);
        let height = |entry: &fs::DirEntry| entry.file_name().to_str()?.strip_prefix(STRIPS)?.parse::<usize>().ok();
        let area = |entry: &fs::DirEntry| Some((fs::read_dir(entry.path()).ok()?.count() * height(entry)?, height(entry)?));
        entries.filter_map(|entry| area(&entry)).filter(|(area, rows)| *area > 0 && *rows > 0).max().map(|(_, rows)| rows)
    }

    /// Removes all but finished strips.
    fn clear(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.work)? {
            let entry = entry?;
            let path = entry.path();
            if !path.is_dir() {
                fs::remove_file(path)?;
            } else if entry.file_name().to_string_lossy().starts_with(STRIPS) {
                // Fails where strips are kept in it, and then it stays.
                let _ = fs::remove_dir(path);
            } else {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    /// Moves every output to its final name, the manifest last, and gives their paths.
    ///
    /// Outputs of an earlier run stand aside until all is in place; on a failure they are put back. At no time does a manifest
    /// vouch for a mixture of two runs.
    pub(crate) fn publish(mut self) -> Result<Vec<PathBuf>, Fault> {
        let unwritable = |error: std::io::Error| unwritable(&self.out, &error);
        let aside = self.work.join(EARLIER);
        let entries = fs::read_dir(&self.work).map_err(unwritable)?.filter_map(Result::ok);
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name != MANIFEST)
            .collect();
        names.sort();
        names.push(MANIFEST.to_owned());
        fs::create_dir_all(&aside).map_err(unwritable)?;
        let mut moves = Moves::default();
        let earlier = std::iter::once(MANIFEST).chain(OUTPUTS).filter(|name| self.out.join(name).exists());
        let place = earlier
            .map(|name| (self.out.join(name), aside.join(name)))
            .chain(names.iter().map(|name| (self.work.join(name), self.out.join(name))))
            .try_for_each(|(from, to)| moves.rename(from, to))
            .and_then(|()| fs::File::open(&self.out)?.sync_all());
        if let Err(error) = place {
            moves.undo();
            return Err(unwritable(error));
        }
        self.done = true;
        Ok(names.iter().map(|name| self.out.join(name)).collect())
    }
}

/// Renames that can be undone.
#[derive(Default)]
struct Moves(Vec<(PathBuf, PathBuf)>);

impl Moves {
    fn rename(&mut self, from: PathBuf, to: PathBuf) -> std::io::Result<()> {
        fs::rename(&from, &to)?;
        self.0.push((from, to));
        Ok(())
    }

    fn undo(self) {
        for (from, to) in self.0.into_iter().rev() {
            // Best effort: the error that led here matters more.
            let _ = fs::rename(to, from);
        }
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.done {
            // What unfinished runs of other jobs left goes too: their folder is taken.
            let _ = fs::remove_dir_all(self.out.join(WORK));
            return;
        }
        let _ = self.clear();
        let _ = fs::remove_dir(&self.work);
        let _ = fs::remove_dir(self.out.join(WORK));
        let _ = fs::remove_dir(&self.out);
    }
}

/// Takes the folder for this run alone.
pub(crate) fn lock(out: &Path) -> Result<fs::File, Fault> {
    let folder = fs::File::open(out).map_err(|error| unwritable(out, &error))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(fs::TryLockError::WouldBlock) => Err(Fault::new(
            Exit::Locked,
            format!("{}: another run is writing here; wait for it, or choose another folder", out.display()),
        )),
        Err(fs::TryLockError::Error(error)) => Err(unwritable(out, &error)),
    }
}

/// Whether every output that a manifest lists is there as it was written.
fn whole(out: &Path, manifest: &str) -> bool {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(manifest) else { return false };
    let outputs = manifest["outputs"].as_array();
    outputs.is_some_and(|outputs| {
        outputs.iter().all(|output| {
            let name = output["path"].as_str().unwrap_or_default();
            geoio::sha256_file(&out.join(name)).is_ok_and(|sum| Some(sum.as_str()) == output["sha256"].as_str())
        })
    })
}

fn run_id(text: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(manifest.get("id")?.as_str()?.to_owned())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", path.display()))
}
