//! What a folder holds of earlier calls: `fetch.json`, and the journal of a call that did not come to its end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use geoio::Staged;
use serde::{Deserialize, Serialize};

use super::bring::Failure;
use crate::fault::{Exit, Fault};

/// Form and version of the file.
const SCHEMA: &str = "atalaya-fetch/1";

/// Name of the file.
pub(super) const STATE: &str = "fetch.json";

/// Where files are while they are on their way.
pub(super) const WORK: &str = ".work/fetch";

/// A file that has come.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(super) struct KeptFile {
    /// Where it is, from the folder on.
    pub(super) path: String,
    /// Where it was, without query.
    pub(super) address: String,
    /// When its item was last changed, by its provider.
    pub(super) updated: Option<String>,
    /// Its checksum by its provider, which was found true.
    pub(super) checksum: Option<String>,
    /// Its size.
    pub(super) bytes: u64,
    /// Its SHA-256.
    pub(super) sha256: String,
}

/// An item whose files are all there.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(super) struct KeptItem {
    /// Its id.
    pub(super) id: String,
    /// Its collection.
    pub(super) collection: Option<String>,
    /// Where its JSON is, from the folder on.
    pub(super) path: String,
    /// When it was seen.
    pub(super) datetime: Option<String>,
    /// West, south, east, north.
    pub(super) bbox: Option<[f64; 4]>,
}

/// The file.
#[derive(Debug, Default, Deserialize, Serialize)]
struct State {
    schema: String,
    items: Vec<KeptItem>,
    files: Vec<KeptFile>,
    #[serde(default, skip_deserializing)]
    failures: Vec<Failure>,
}

/// What a folder holds.
pub(super) struct Kept {
    out: PathBuf,
    items: BTreeMap<String, KeptItem>,
    files: BTreeMap<String, KeptFile>,
    journal: Mutex<Option<File>>,
}

impl Kept {
    /// What is written of a folder; nothing for one that is not there.
    pub(super) fn load(out: &Path) -> Result<Self, Fault> {
        let path = out.join(STATE);
        let wrong = |why: &str| {
            Fault::new(
                Exit::Input,
                format!("{}: {why}; move it away to begin anew, files are then brought again", path.display()),
            )
        };
        let state: State = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State { schema: SCHEMA.to_owned(), ..State::default() },
            Err(error) => return Err(wrong(&format!("cannot be read: {error}"))),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(&format!("is damaged: {error}")))?,
        };
        if state.schema != SCHEMA {
            return Err(wrong(&format!("is of the form {}, not {SCHEMA}", state.schema)));
        }
        let mut files: BTreeMap<String, KeptFile> = state.files.into_iter().map(|file| (file.path.clone(), file)).collect();
        // The last line of a call that was killed may be torn.
        let journal = fs::read_to_string(out.join(WORK).join("journal")).unwrap_or_default();
        let later = journal.lines().filter_map(|line| serde_json::from_str::<KeptFile>(line).ok());
        files.extend(later.map(|file| (file.path.clone(), file)));
        let items = state.items.into_iter().map(|item| (item.path.clone(), item)).collect();
        Ok(Self { out: out.to_path_buf(), items, files, journal: Mutex::new(None) })
    }

    /// The folder.
    pub(super) fn out(&self) -> &Path {
        &self.out
    }

    /// A file that is there as it came, of this address and state of its item.
    pub(super) fn file(&self, path: &str, address: &str, updated: Option<&str>, checksum: Option<&str>) -> Option<&KeptFile> {
        let file = self.files.get(path)?;
        let same_source = file.address == address && file.checksum.as_deref() == checksum;
        // A checksum that has not changed is worth more than a date that has.
        let same_state = file.updated.as_deref() == updated || checksum.is_some();
        let there = fs::metadata(self.out.join(path)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.bytes);
        (same_source && same_state && there).then_some(file)
    }

    /// Any file by its path.
    pub(super) fn at(&self, path: &str) -> Option<&KeptFile> {
        self.files.get(path)
    }

    /// Notes a file at once, so that a call that is killed knows of it. Threads may call it.
    pub(super) fn note(&self, file: &KeptFile) -> Result<(), Fault> {
        let path = self.out.join(WORK).join("journal");
        let unwritable =
            |error: std::io::Error| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", path.display()));
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if journal.is_none() {
            fs::create_dir_all(self.out.join(WORK)).map_err(unwritable)?;
            *journal = Some(File::options().create(true).append(true).open(&path).map_err(unwritable)?);
        }
        let mut line = serde_json::to_vec(file).map_err(|error| unwritable(error.into()))?;
        line.push(b'\n');
        journal.as_mut().map_or(Ok(()), |journal| journal.write_all(&line)).map_err(unwritable)
    }

    /// Takes a file into the state.
    pub(super) fn take(&mut self, file: KeptFile) {
        self.files.insert(file.path.clone(), file);
    }

    /// Forgets a file and removes it.
    pub(super) fn drop_file(&mut self, path: &str) {
        self.files.remove(path);
        let _ = fs::remove_file(self.out.join(path));
    }

    /// Takes an item into the state.
    pub(super) fn take_item(&mut self, item: KeptItem) {
        self.items.insert(item.path.clone(), item);
    }

    /// Items whose files are all there.
    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    /// The same, by path.
    pub(super) fn all_items(&self) -> impl Iterator<Item = &KeptItem> {
        self.items.values()
    }

    /// Writes the state. What is on its way stays where something failed.
    pub(super) fn save(&self, failures: &[Failure]) -> Result<(), Fault> {
        let state = State {
            schema: SCHEMA.to_owned(),
            items: self.items.values().cloned().collect(),
            files: self.files.values().cloned().collect(),
            failures: failures.to_vec(),
        };
        write_json(&self.out.join(STATE), &serde_json::json!(state))?;
        let work = self.out.join(WORK);
        let _ = fs::remove_file(work.join("journal"));
        if failures.is_empty() {
            let _ = fs::remove_dir_all(&work);
        } else {
            let _ = fs::remove_dir(&work);
        }
        let _ = fs::remove_dir(self.out.join(".work"));
        Ok(())
    }
}

/// Writes JSON, complete or not at all; a file that holds the same already is left alone.
pub(super) fn write_json(path: &Path, json: &serde_json::Value) -> Result<(), Fault> {
    let text = format!("{json:#}\n");
    if fs::read(path).is_ok_and(|known| known == text.as_bytes()) {
        return Ok(());
    }
    let staged = Staged::new(path, true)?;
    fs::write(staged.partial(), text).map_err(|error| {
        Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", path.display()))
    })?;
    Ok(staged.commit()?)
}
