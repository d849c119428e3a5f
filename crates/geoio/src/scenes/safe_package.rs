//! The files of a Sentinel-2 product, in a folder or in a zip.

use std::path::{Path, PathBuf};

use super::safe::{SafeLevel, SafeMetadata};
use super::xml;
use crate::GeoioError;
use crate::archive::{Archive, is_archive};

/// Folders below the given one in which products are looked for.
const DEPTH: usize = 2;

impl SafeLevel {
    /// Name of the metadata file.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::L1c => "MTD_MSIL1C.xml",
            Self::L2a => "MTD_MSIL2A.xml",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::L1c => Self::L2a,
            Self::L2a => Self::L1c,
        }
    }

    /// Why a product of the other level is not read.
    fn refusal(self) -> &'static str {
        match self {
            Self::L1c => "it is Level-2A, reflectance at the ground; product = \"sentinel-2-l2a\" reads it",
            Self::L2a => {
                "it is Level-1C, reflectance at the top of the atmosphere; process it to Level-2A first, or name it as \
                 product = \"sentinel-2-l1c\""
            }
        }
    }
}

/// One product whose files can be read.
#[derive(Debug)]
pub(super) struct Package {
    level: SafeLevel,
    /// The product's folder, on disk or within its zip.
    root: PathBuf,
    /// The zip and the product's folder in it, with a `/` at its end where it has one.
    zip: Option<(Archive, String)>,
}

impl Package {
    /// The product of a level in a folder or a zip.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] for what holds no such product, [`GeoioError::Archive`].
    pub(super) fn open(place: &Path, level: SafeLevel) -> Result<Self, GeoioError> {
        let wrong = |reason: String| GeoioError::Metadata { path: place.to_owned(), line: None, reason };
        let (file, other) = (level.file(), level.other().file());
        let nothing = || wrong(format!("it holds no {file}"));
        if !is_archive(place) {
            return match (place.join(file).is_file(), place.join(other).is_file()) {
                (true, _) => Ok(Self { level, root: place.to_owned(), zip: None }),
                (_, true) => Err(wrong(level.refusal().to_owned())),
                _ => Err(nothing()),
            };
        }
        let archive = Archive::open(place)?;
        let folders = |name: &'static str| {
            let found = archive.names().filter_map(move |member| member.strip_suffix(name));
            found.filter(|folder| folder.is_empty() || folder.ends_with('/') && folder.matches('/').count() == 1)
        };
        let all: Vec<String> = folders(file).map(str::to_owned).collect();
        match &all[..] {
            [folder] => Ok(Self { level, root: place.join(folder), zip: Some((archive, folder.clone())) }),
            [] if folders(other).next().is_some() => Err(wrong(level.refusal().to_owned())),
            [] => Err(nothing()),
            _ => Err(wrong("it holds several products; give one a zip".to_owned())),
        }
    }

    /// Path of the metadata file.
    pub(super) fn metadata_path(&self) -> PathBuf {
        self.root.join(self.level.file())
    }

    /// What the product says of itself.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`], and what reading gives.
    pub(super) fn metadata(&self) -> Result<SafeMetadata, GeoioError> {
        let path = self.metadata_path();
        SafeMetadata::parse(&xml::read_text(&path)?, &path)
    }

    /// The file of an image that the metadata name without its ending, where it is there.
    pub(super) fn image(&self, name: &str) -> Option<PathBuf> {
        ["jp2", "tif"]
            .iter()
            .map(|ending| format!("{name}.{ending}"))
            .find(|file| self.has(file))
            .map(|file| self.root.join(file))
    }

    fn has(&self, file: &str) -> bool {
        match &self.zip {
            Some((archive, folder)) => archive.has(&format!("{folder}{file}")),
            None => self.root.join(file).is_file(),
        }
    }
}

/// Whether a folder or file looks like a product of any level.
pub(super) fn is_package(place: &Path) -> bool {
    let levels = [SafeLevel::L2a, SafeLevel::L1c];
    is_archive(place) && place.is_file() || levels.iter().any(|level| place.join(level.file()).is_file())
}

/// The products at a place and up to two levels below it, sorted.
///
/// # Errors
/// [`GeoioError::Input`] for a folder that cannot be listed.
pub(super) fn packages(place: &Path) -> Result<Vec<PathBuf>, GeoioError> {
    let mut found = Vec::new();
    collect(place, DEPTH, &mut found).map_err(|source| GeoioError::Input { path: place.to_owned(), source })?;
    Ok(found)
}

fn collect(place: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if is_package(place) {
        found.push(place.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(place)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && is_package(&path) {
            found.push(path);
        } else if !hidden && path.is_dir() && depth > 1 {
            collect(&path, depth - 1, found)?;
        }
    }
    Ok(())
}
