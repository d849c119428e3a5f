//! A folder of a store, and nothing beside it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::bytes::Reading;

/// Bytes of a file of metadata; one that repeats those of a thousand arrays has fewer.
const MOST_JSON: u64 = 1 << 26;

#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn below(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    /// A regular file below it by the parts of its name; `None` where there is none.
    pub(super) fn file(&self, parts: &[&str]) -> Reading<Option<File>> {
        let mut path = self.0.clone();
        for (place, part) in parts.iter().enumerate() {
            path.push(part);
            let metadata = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(format!("{}: {error}", parts.join("/"))),
            };
            let fits = if place + 1 == parts.len() { metadata.is_file() } else { metadata.is_dir() };
            if !fits {
                return Err(refused(&metadata, &parts[..=place].join("/")));
            }
        }
        File::open(&path).map(Some).map_err(|error| format!("{}: {error}", parts.join("/")))
    }

    /// A file of metadata; `None` where there is none.
    pub(super) fn json(&self, name: &str) -> Reading<Option<Map<String, Value>>> {
        let Some(file) = self.file(&[name])? else { return Ok(None) };
        let place = || format!("{}/{name}", self.0.file_name().unwrap_or_default().to_string_lossy());
        let mut bytes = Vec::new();
        file.take(MOST_JSON + 1).read_to_end(&mut bytes).map_err(|error| format!("{}: {error}", place()))?;
        if bytes.len() as u64 > MOST_JSON {
            return Err(format!("{} has more than {MOST_JSON} bytes", place()));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("{}: {error}", place()))
    }

    /// The names of the folders below it, in order.
    pub(super) fn folders(&self) -> Reading<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // `DirEntry::metadata` does not follow links.
            let metadata = entry.metadata().map_err(|error| format!("{name}: {error}"))?;
            if metadata.is_dir() {
                names.push(name);
            } else if !metadata.is_file() {
                return Err(refused(&metadata, &name));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Bytes of all files below it, as far as they exceed what is asked about.
    pub(super) fn has_bytes(&self, wanted: u64) -> bool {
        let (mut folders, mut bytes) = (vec![self.0.clone()], 0_u64);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                    Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
                    _ => {}
                }
            }
            if bytes >= wanted {
                return true;
            }
        }
        false
    }
}

fn refused(metadata: &fs::Metadata, name: &str) -> String {
    let what =
        if metadata.is_symlink() { "is a link, which is not followed" } else { "is not what it should be, a file or a folder" };
    format!("{name} {what}")
}
