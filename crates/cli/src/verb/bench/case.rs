use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use synth::LandscapeOptions;

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::verb::region::{self, Form};

/// A folder with a job that is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    /// Its name in the record.
    pub(super) name: String,
    /// Cases of one series differ in size only.
    pub(super) series: String,
    /// Its job.
    pub(super) job: PathBuf,
}

/// Name of a job's file.
const JOB: &str = "job.toml";

impl Case {
    fn of_folder(folder: &Path) -> Self {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
        Self { series: name.clone(), name, job: folder.join(JOB) }
    }

    /// The jobs of a folder: its own, else those of the folders in it, by name.
    pub(super) fn found(folder: &Path) -> Result<Vec<Self>, Fault> {
        if folder.join(JOB).is_file() {
            return Ok(vec![Self::of_folder(folder)]);
        }
        let entries = fs::read_dir(folder).map_err(|error| {
            Fault::usage(format!("{}: cannot be read: {error}; name a folder with a {JOB}", folder.display()))
        })?;
        let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.retain(|folder| folder.join(JOB).is_file());
        folders.sort();
        if folders.is_empty() {
            let none = format!("{}: holds no {JOB}, nor does a folder in it; name one, or --sizes to simulate", folder.display());
            return Err(Fault::usage(none));
        }
        Ok(folders.iter().map(|folder| Self::of_folder(folder)).collect())
    }
}

/// What a simulated region is made from; kept beside it, so that the same one is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Region {
    size: usize,
    dates: usize,
    seed: u64,
}

/// Name of the file that says that a region is complete, and what it is.
const MARK: &str = "region.json";

/// As the file tells it: another version may simulate otherwise.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    version: String,
    region: Region,
}

impl Region {
    /// The regions of all sizes and numbers of dates.
    ///
    /// # Errors
    /// Where one of them cannot be simulated.
    pub(super) fn all(sizes: &[usize], dates: &[usize], seed: u64) -> Result<Vec<Self>, Fault> {
        let pairs = dates.iter().flat_map(|dates| sizes.iter().map(move |size| (*size, *dates)));
        pairs
            .map(|(size, dates)| {
                let region = Self { size, dates, seed };
                region.options().check().map_err(|error| Fault::from_error(Exit::Usage, error))?;
                Ok(region)
            })
            .collect()
    }

    fn options(self) -> LandscapeOptions {
        LandscapeOptions { seed: self.seed, size_px: self.size, dates: Some(self.dates) }
    }

    /// Makes the region in a folder of its own within `dir`, or takes the one that is there.
    pub(super) fn prepare(self, dir: &Path, common: &Common) -> Result<Case, Fault> {
        let Self { size, dates, seed } = self;
        let name = format!("size-{size}-dates-{dates}-seed-{seed}");
        let folder = dir.join(&name);
        let case = Case { name, series: format!("seed {seed}, {dates} dates"), job: folder.join(JOB) };
        let mark = Mark { version: env!("CARGO_PKG_VERSION").to_owned(), region: self };
        let kept = fs::read_to_string(folder.join(MARK)).ok().and_then(|text| serde_json::from_str::<Mark>(&text).ok());
        if kept.as_ref() == Some(&mark) {
            return Ok(case);
        }
        // Scenes of another version could lie on other days and would be read too.
        let unwritable = |error: std::io::Error| Fault::new(Exit::Output, format!("{}: {error}", folder.display()));
        match fs::remove_dir_all(folder.join("imagery")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        region::write(&folder, self.options(), 1, Form::Geotiff, &Common { force: true, ..common.clone() })?;
        let text = serde_json::to_string(&mark).map_err(|error| Fault::from_error(Exit::Internal, error))?;
        crate::run::write_text(&folder.join(MARK), &text)?;
        Ok(case)
    }
}
