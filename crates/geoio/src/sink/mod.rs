//! Tables of features on their way out: one file a table, complete or absent, with equal bytes for equal input.

mod cell;
mod csv;
mod error;
mod fgb;
mod geojson;
mod gpkg;
mod kml;
pub(crate) mod ogr;
mod parquet;
mod rounded;
mod style;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use alert::{AlertSink, Features};

pub use error::SinkError;

use crate::Staged;

/// How to write a table.
#[derive(Debug, Clone, Default)]
pub struct SinkOptions {
    /// Whether a file of that name may be replaced.
    pub force: bool,
    /// Titles of columns for people, by column name; a column without one is shown by its name (KML).
    pub titles: BTreeMap<String, String>,
    /// Name of the document for people (KML); the table's name where empty.
    pub title: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    GeoJson,
    Csv,
    Kml,
    GeoPackage,
    FlatGeobuf,
    Parquet,
}

/// A file that a table of features is written to, its format told by the ending: `.geojson`, `.csv`, `.kml`, `.gpkg`, `.fgb` or `.parquet`.
#[derive(Debug, Clone)]
pub struct FileSink {
    path: PathBuf,
    format: Format,
    options: SinkOptions,
}

impl FileSink {
    /// The sink of a path; nothing is written yet.
    ///
    /// # Errors
    /// [`SinkError::Extension`] where no format ends so.
    pub fn new(path: &Path, options: SinkOptions) -> Result<Self, SinkError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let format = match ending.as_str() {
            "geojson" => Format::GeoJson,
            "csv" => Format::Csv,
            "kml" => Format::Kml,
            "gpkg" => Format::GeoPackage,
            "fgb" => Format::FlatGeobuf,
            "parquet" => Format::Parquet,
            _ => return Err(SinkError::Extension { path: path.to_owned() }),
        };
        Ok(Self { path: path.to_owned(), format, options })
    }

    /// Whether the format is one of places: a table of links has no need of geometry in the others.
    pub fn is_spatial(&self) -> bool {
        !matches!(self.format, Format::Csv | Format::Parquet)
    }

    fn text(&self, staged: &Staged, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), SinkError> {
        let failed = |source| SinkError::Write { path: self.path.clone(), source };
        let mut file = BufWriter::new(File::create(staged.partial()).map_err(failed)?);
        write(&mut file).and_then(|()| file.flush()).map_err(failed)
    }
}

impl AlertSink for FileSink {
    type Error = SinkError;

    fn write(&self, features: &Features) -> Result<(), SinkError> {
        let staged = Staged::new(&self.path, self.options.force)?;
        self.fill(&staged, features)?;
        Ok(staged.commit()?)
    }
}

impl FileSink {
    fn fill(&self, staged: &Staged, features: &Features) -> Result<(), SinkError> {
        match self.format {
            Format::GeoJson => self.text(staged, |out| geojson::write(out, features))?,
            Format::Csv => self.text(staged, |out| csv::write(out, features))?,
            Format::Kml => self.text(staged, |out| kml::write(out, features, &self.options))?,
            Format::GeoPackage => gpkg::write(staged, features)?,
            Format::FlatGeobuf => fgb::write(staged, features)?,
            Format::Parquet => {
                let mut parts = parquet::Parts::new(staged, features)?;
                parts.append(features)?;
                parts.finish()?;
            }
        }
        Ok(())
    }
}

/// A table that is written part by part, so that a long one need not be held as a whole; complete or absent.
pub struct PartSink {
    sink: FileSink,
    staged: Staged,
    parts: Parts,
}

/// What of a table is there.
enum Parts {
    Lines(Box<csv::Lines<BufWriter<File>>>),
    Columns(Option<Box<parquet::Parts>>),
    /// Other formats want all of it.
    Held(Option<Box<Features>>),
}

impl FileSink {
    /// Opens the place of the table for its parts.
    ///
    /// # Errors
    /// [`SinkError::Place`] or [`SinkError::Write`] where it cannot be taken.
    pub fn parts(self) -> Result<PartSink, SinkError> {
        let staged = Staged::new(&self.path, self.options.force)?;
        let parts = match self.format {
            Format::Csv => {
                let file =
                    File::create(staged.partial()).map_err(|source| SinkError::Write { path: self.path.clone(), source })?;
                Parts::Lines(Box::new(csv::Lines::new(BufWriter::new(file))))
            }
            Format::Parquet => Parts::Columns(None),
            _ => Parts::Held(None),
        };
        Ok(PartSink { sink: self, staged, parts })
    }
}

impl PartSink {
    /// Writes more rows. Every part has the columns of the first, and geometry where that has any.
    ///
    /// # Errors
    /// [`SinkError`].
    pub fn append(&mut self, part: Features) -> Result<(), SinkError> {
        match &mut self.parts {
            Parts::Lines(lines) => {
                lines.append(&part).map_err(|source| SinkError::Write { path: self.sink.path.clone(), source })?;
            }
            Parts::Columns(columns) => {
                let open = match columns.take() {
                    Some(open) => open,
                    None => Box::new(parquet::Parts::new(&self.staged, &part)?),
                };
                columns.insert(open).append(&part)?;
            }
            Parts::Held(Some(held)) => held.append(part),
            Parts::Held(held) => *held = Some(Box::new(part)),
        }
        Ok(())
    }

    /// Puts the complete table under its name.
    ///
    /// # Errors
    /// [`SinkError`]; nothing is left under the name then.
    pub fn finish(self) -> Result<(), SinkError> {
        let Self { sink, staged, parts } = self;
        match parts {
            Parts::Lines(lines) => lines.finish().map_err(|source| SinkError::Write { path: sink.path.clone(), source })?,
            Parts::Columns(Some(columns)) => columns.finish()?,
            Parts::Columns(None) => {}
            Parts::Held(held) => sink.fill(&staged, &held.unwrap_or_default())?,
        }
        Ok(staged.commit()?)
    }
}

/// Writes a table to a file, its format told by the ending (see [`FileSink`]).
///
/// # Errors
/// [`SinkError`]; nothing is left under the name then.
pub fn write(path: &Path, features: &Features, options: &SinkOptions) -> Result<(), SinkError> {
    FileSink::new(path, options.clone())?.write(features)
}
