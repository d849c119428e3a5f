//! A file that is on its way: its bytes so far, and by what one knows that the rest is of the same file.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::checksum::hex;
use crate::{Address, FetchError};

/// What the host said of the file when its first byte came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Note {
    /// Strong entity tag.
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// Bytes of the whole.
    pub(crate) total: Option<u64>,
}

impl Note {
    /// What `If-Range` may say.
    pub(crate) fn validator(&self) -> Option<&str> {
        self.etag.as_deref().or(self.last_modified.as_deref())
    }
}

/// A file that is on its way. Dropped it stays, to be gone on with.
pub(crate) struct Partial {
    path: PathBuf,
    note_path: PathBuf,
    file: File,
    bytes: u64,
    pub(crate) note: Note,
}

impl Partial {
    /// What is there of a file: nothing, or the bytes of an earlier attempt with their note.
    pub(crate) fn open(work: &Path, address: &Address, target: &Path) -> Result<Self, FetchError> {
        // Without the query: some providers sign anew what they give with each search.
        let name = hex(&Sha256::digest(format!("{address}\n{}", target.display())));
        let path = work.join(format!("{}.partial", &name[..24]));
        let note_path = path.with_extension("json");
        let wrong = |source| FetchError::Write { path: path.clone(), source };
        fs::create_dir_all(work).map_err(wrong)?;
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(wrong)?;
        let note = fs::read(&note_path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        // Bytes without a note are of nobody knows what.
        if note.is_none() {
            file.set_len(0).map_err(wrong)?;
        }
        let bytes = file.seek(SeekFrom::End(0)).map_err(wrong)?;
        Ok(Self { path, note_path, file, bytes, note: note.unwrap_or_default() })
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins anew, and notes what the host says of the file.
    pub(crate) fn begin(&mut self, note: Note) -> Result<(), FetchError> {
        let begun = (|| {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            fs::write(&self.note_path, serde_json::to_vec(&note)?)
        })();
        begun.map_err(|source| self.wrong(source))?;
        (self.bytes, self.note) = (0, note);
        Ok(())
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|source| FetchError::Write { path: self.path.clone(), source })?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Puts the complete file under its final name, on disk also if the power fails now.
    pub(crate) fn place(self, target: &Path) -> Result<(), FetchError> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let placed = (|| {
            self.file.sync_all()?;
            fs::create_dir_all(folder)?;
            fs::rename(&self.path, target)?;
            File::open(folder)?.sync_all()
        })();
        let _ = fs::remove_file(&self.note_path);
        placed.map_err(|source| FetchError::Write { path: target.to_owned(), source })
    }

    /// Removes it.
    pub(crate) fn discard(self) {
        // Best effort: the error that led here matters more than one of tidying up.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.note_path);
    }

    fn wrong(&self, source: io::Error) -> FetchError {
        FetchError::Write { path: self.path.clone(), source }
    }
}
