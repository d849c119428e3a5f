//! The folder of a run: nothing stands in it under its final name before the run is complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault};

/// Name of the file that marks a complete run.
pub(crate) const MANIFEST: &str = "run.json";

/// What a run writes.
const OUTPUTS: [&str; 13] = [
    "alerts.csv",
    "alerts.geojson",
    "alerts.gpkg",
    "alerts.kml",
    "alerts.schema.json",
    "change.tif",
    "days.tif",
    "links.csv",
    "magnitude.tif",
    "observations.tif",
    "quicklook.png",
    "summary.csv",
    "timings.json",
];

/// Where a run works until it is complete. No other run writes there meanwhile.
pub(crate) struct RunFolder {
    /// Held until the end; the system lets go of it when the program dies.
    _lock: fs::File,
    out: PathBuf,
    work: PathBuf,
    done: bool,
}

/// What a folder holds.
pub(crate) enum Standing {
    /// This very run, complete.
    Complete,
    /// Nothing of a run, or `--force` was given.
    Free,
}

impl RunFolder {
    /// What stands in the way of a run.
    pub(crate) fn standing(out: &Path, id: &str, force: bool) -> Result<Standing, Fault> {
        if force {
            return Ok(Standing::Free);
        }
        match fs::read_to_string(out.join(MANIFEST)) {
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

    /// Makes `OUT/.work/<id>`.
    pub(crate) fn create(out: &Path, id: &str) -> Result<Self, Fault> {
        let work = out.join(".work").join(id);
        if out.is_file() {
            return Err(Fault::new(Exit::Output, format!("{}: is a file; name a folder for the outputs", out.display())));
        }
        fs::create_dir_all(out).map_err(|error| unwritable(out, &error))?;
        let lock = lock(out)?;
        if work.exists() {
            fs::remove_dir_all(&work).map_err(|error| unwritable(&work, &error))?;
        }
        fs::create_dir_all(&work).map_err(|error| unwritable(&work, &error))?;
        Ok(Self { _lock: lock, out: out.to_path_buf(), work, done: false })
    }

    /// Where outputs are written for now.
    pub(crate) fn path(&self) -> &Path {
        &self.work
    }

    /// Moves every output to its final name, the manifest last, and gives their paths.
    pub(crate) fn publish(mut self) -> Result<Vec<PathBuf>, Fault> {
        let entries = fs::read_dir(&self.work).map_err(|error| unwritable(&self.work, &error))?;
        let mut names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        names.sort_by_key(|name| (name == MANIFEST, name.clone()));
        // A manifest of an earlier run must not vouch for a mixture.
        let _ = fs::remove_file(self.out.join(MANIFEST));
        let mut paths = Vec::new();
        for name in names {
            let target = self.out.join(&name);
            fs::rename(self.work.join(&name), &target).map_err(|error| unwritable(&target, &error))?;
            paths.push(target);
        }
        fs::File::open(&self.out).and_then(|folder| folder.sync_all()).map_err(|error| unwritable(&self.out, &error))?;
        self.done = true;
        Ok(paths)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.work);
        let _ = fs::remove_dir(self.out.join(".work"));
        if !self.done {
            let _ = fs::remove_dir(&self.out);
        }
    }
}

/// Takes the folder for this run alone.
fn lock(out: &Path) -> Result<fs::File, Fault> {
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
