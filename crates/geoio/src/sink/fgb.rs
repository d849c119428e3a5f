use std::fs;
use std::path::{Path, PathBuf};

use alert::Features;
use gdal::vector::OGRFieldType;

use super::{SinkError, ogr};
use crate::Staged;

const DRIVER: &str = "FlatGeobuf";

/// Writes `FlatGeobuf` with its spatial index, which puts features in the order of the index. Days are text,
/// since the format knows only instants.
pub(super) fn write(staged: &Staged, features: &Features) -> Result<(), SinkError> {
    let path = staged.target();
    if let Some(row) = features.geometries.iter().position(Option::is_none) {
        let reason = format!("record {} has no geometry, which the format cannot hold; write .gpkg", row + 1);
        return Err(SinkError::Driver { path: path.to_owned(), what: "checking records", reason });
    }
    // The driver takes a name that does not end in .fgb for a folder.
    let draft = Draft(path.with_extension("partial.fgb"));
    draft.remove();
    let mut dataset = ogr::create(path, &draft.0, DRIVER)?;
    ogr::step(path, "writing records", || {
        let layer = ogr::layer(&mut dataset, features, OGRFieldType::OFTString, &["SPATIAL_INDEX=YES"])?;
        ogr::fill(&layer, features)
    })?;
    ogr::step(path, "closing it", || dataset.close())?;
    ogr::check(path, &draft.0, DRIVER, features)?;
    let placed = fs::rename(&draft.0, staged.partial());
    placed.map_err(|source| SinkError::Write { path: path.to_owned(), source })
}

/// A file that is removed unless it was moved away.
struct Draft(PathBuf);

impl Draft {
    fn remove(&self) {
        // Absent is as good as removed; a file that cannot be removed fails when it is created.
        let _ = fs::remove_file(Path::new(&self.0));
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}
