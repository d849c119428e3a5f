//! The STAC item that a verb writes beside its raster where it is asked to.

use std::path::{Path, PathBuf};

use geoio::stac::{Derived, Described, Period, StacRecord, id_of, item_path};
use geoio::{RasterClass, RasterFile, RasterFormat};

use super::apart::check_apart;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::report::Report;
use crate::run::{pretty, write_text};

/// What a verb says of its rasters.
pub(crate) struct Item {
    /// The time that they are of.
    pub(crate) period: Period,
    /// How they were made.
    pub(crate) lineage: String,
    /// What they were made from.
    pub(crate) inputs: Vec<PathBuf>,
    /// How they are laid out.
    pub(crate) format: RasterFormat,
}

/// Refuses, before the long work, a place for the item that is taken or that is an input.
pub(crate) fn check_place(out: &Path, inputs: &[PathBuf], common: &Common) -> Result<(), Fault> {
    let path = item_path(out);
    check_apart(Some(&path), inputs)?;
    if path.exists() && !common.force {
        let message = format!("{}: is there already; choose another name for the raster or pass --force", path.display());
        return Err(Fault::new(Exit::Output, message));
    }
    Ok(())
}

/// Writes the item of a raster that is written.
pub(crate) fn write(item: &Item, out: &Path, classes: &[RasterClass], report: &mut Report) -> Result<(), Fault> {
    let record = StacRecord {
        collection: None,
        period: item.period,
        lineage: item.lineage.clone(),
        software: ("atalaya".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        inputs: item.inputs.iter().map(|path| Derived::read(path)).collect::<Result<_, _>>()?,
        home: out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned(),
    };
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let file = RasterFile::open(out)?;
    let about = Described { id: id_of(&stem), title: stem.clone().into_owned(), grid: file.grid(), classes, format: item.format };
    let path = item_path(out);
    write_text(&path, &pretty(&record.raster_item(&about, out)?)?)?;
    report.output(&path);
    Ok(())
}
