//! The folder of a state: its header is renamed into place after all files that it names, so that a state is whole at any moment.

use std::fs;
use std::path::{Path, PathBuf};

use super::header::{self, FileSum, Header};
use crate::fault::{Exit, Fault};
use crate::run::{lock, write_text};

/// Heads of the names of files; a number of the call and the kind of number follow.
const KINDS: [&str; 4] = ["model-", "start-", "now-", "looks-"];

/// A state's folder, which no other call writes meanwhile.
pub(super) struct StateFolder {
    path: PathBuf,
    /// Held until the end; the system lets go of it when the program dies.
    _lock: fs::File,
    /// The state that is there.
    pub(super) header: Option<Header>,
    generation: u32,
}

impl StateFolder {
    /// Opens the folder, and makes it where it is not there. What is there must be whole, unless the start is `fresh`.
    pub(super) fn open(path: &Path, fresh: bool) -> Result<Self, Fault> {
        if path.is_file() {
            return Err(Fault::new(Exit::Output, format!("{}: is a file; name a folder for the state", path.display())));
        }
        fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        let held = lock(path)?;
        let mut folder = Self { path: path.to_owned(), _lock: held, header: None, generation: 1 };
        let names = folder.names()?;
        let at = path.join(header::NAME);
        if !fresh && at.exists() {
            let text = fs::read_to_string(&at).map_err(|error| unreadable(&at, &error.to_string()))?;
            let header = Header::read(&text, &at)?;
            folder.check(&header)?;
            folder.header = Some(header);
        } else if !at.exists()
            && let Some(name) = names.iter().find(|name| number(name).is_none() && !is_left_over(name))
        {
            return Err(Fault::usage(format!(
                "{}: holds {name}, which is of no state; name a folder of its own",
                path.display()
            )));
        }
        folder.generation = names.iter().filter_map(|name| number(name)).max().unwrap_or(0) + 1;
        Ok(folder)
    }

    /// Number of this call.
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Name of a file that this call makes.
    pub(super) fn name(&self, kind: &str) -> String {
        format!("{kind}-{:04}.tif", self.generation)
    }

    fn names(&self) -> Result<Vec<String>, Fault> {
        let entries = fs::read_dir(&self.path).map_err(|error| unwritable(&self.path, &error))?.filter_map(Result::ok);
        Ok(entries.filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// Every file must be there at its size; those of the planes must be as they were written.
    fn check(&self, header: &Header) -> Result<(), Fault> {
        for (name, sum) in &header.files {
            let path = self.path.join(name);
            let bytes = fs::metadata(&path).map_err(|error| unreadable(&path, &error.to_string()))?.len();
            if bytes != sum.bytes {
                return Err(unreadable(&path, &format!("it has {bytes} bytes where {} were written", sum.bytes)));
            }
        }
        let planes = [&header.model, &header.start, &header.now];
        planes.into_iter().flatten().flat_map(header::Planes::files).try_for_each(|name| self.verify(name, header))
    }

    /// Refuses a file that is not as it was written.
    pub(super) fn verify(&self, name: &str, header: &Header) -> Result<(), Fault> {
        let path = self.path.join(name);
        let written = header.files.get(name).map(|sum| sum.sha256.as_str());
        if written != Some(geoio::sha256_file(&path)?.as_str()) {
            return Err(unreadable(&path, "its SHA-256 is not the one that was written"));
        }
        Ok(())
    }

    /// Size and SHA-256 of a file that was written.
    pub(super) fn sum(&self, name: &str) -> Result<FileSum, Fault> {
        let path = self.path.join(name);
        let bytes = fs::metadata(&path).map_err(|error| unwritable(&path, &error))?.len();
        Ok(FileSum { bytes, sha256: geoio::sha256_file(&path)? })
    }

    /// Makes this header the state, and removes the files that it does not name.
    pub(super) fn commit(&self, header: &Header) -> Result<(), Fault> {
        write_text(&self.path.join(header::NAME), &header.text()?)?;
        for name in self.names()? {
            if !header.files.contains_key(&name) && (number(&name).is_some() || is_left_over(&name)) {
                let path = self.path.join(&name);
                fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
            }
        }
        Ok(())
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        // Goes only where nothing is in it.
        let _ = fs::remove_dir(&self.path);
    }
}

/// The number of the call that made a file; `None` of other files.
fn number(name: &str) -> Option<u32> {
    let rest = KINDS.iter().find_map(|kind| name.strip_prefix(kind))?;
    let rest = rest.trim_end_matches(".partial").strip_suffix(".tif")?;
    rest.rsplit('-').next()?.parse().ok()
}

fn is_left_over(name: &str) -> bool {
    name.strip_suffix(".partial") == Some(header::NAME)
}

fn unreadable(path: &Path, why: &str) -> Fault {
    let message = format!("{}: {why}: the state cannot be used; begin anew with --fresh and the whole series", path.display());
    Fault::new(Exit::Input, message)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", path.display()))
}
