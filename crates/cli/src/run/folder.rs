//! The folder of a run: nothing stands in it under its final name before the run is complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault};

/// Name of the file that marks a complete run.
pub(crate) const MANIFEST: &str = "run.json";

/// Where a run works until it is complete.
pub(crate) struct RunFolder {
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
            Err(_) => Ok(Standing::Free),
            Ok(text) if run_id(&text).as_deref() == Some(id) => Ok(Standing::Complete),
            Ok(_) => Err(Fault::usage(format!(
                "{}: holds another run; choose another folder, or --force to replace it",
                out.display()
            ))),
        }
    }

    /// Makes `OUT/.work/<id>`.
    pub(crate) fn create(out: &Path, id: &str) -> Result<Self, Fault> {
        let work = out.join(".work").join(id);
        if work.exists() {
            fs::remove_dir_all(&work).map_err(|error| unwritable(&work, &error))?;
        }
        fs::create_dir_all(&work).map_err(|error| unwritable(&work, &error))?;
        Ok(Self { out: out.to_path_buf(), work, done: false })
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

fn run_id(text: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(manifest.get("id")?.as_str()?.to_owned())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", path.display()))
}
