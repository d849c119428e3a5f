//! What a run tells catalogues: a STAC item beside each raster and the alerts, and the collection of them.

use std::path::{Path, PathBuf};

use geoio::RasterFormat;
use geoio::stac::{COLLECTION, Derived, Described, Period, StacRecord, item_path};
use raster::Grid;
use serde_json::Value;

use super::detect::{RASTERS, legend};
use super::inputs::Inputs;
use super::manifest::HashedFile;
use super::{outputs, pretty};
use crate::fault::Fault;
use crate::job::Job;
use crate::language::Language;

/// The formats of the alerts.
const ALERTS: [&str; 4] = ["alerts.geojson", "alerts.gpkg", "alerts.csv", "alerts.kml"];

/// What stands for itself and has no item.
const TABLES: [&str; 6] = ["alerts.schema.json", "elements.csv", "links.csv", "quicklook.png", "sensitivity.csv", "summary.csv"];

/// Where a run's files are now, and where they will be.
pub(super) struct Places<'a> {
    pub(super) work: &'a Path,
    pub(super) out: &'a Path,
}

/// Writes items and collection of what a run has written so far.
pub(super) fn write(
    places: &Places<'_>,
    id: &str,
    inputs: &Inputs,
    files: &[HashedFile],
    job: &Job,
    language: Language,
) -> Result<(), Fault> {
    let record = record(places, id, inputs, files, job);
    let mut items = Vec::new();
    for raster in RASTERS {
        let classes = if raster == RASTERS[0] { legend() } else { Vec::new() };
        let about = Described { classes: &classes, ..about(raster, id, inputs.grid(), language) };
        let path = places.work.join(raster);
        items.push((item_path(&path), record.raster_item(&about, &path)?));
    }
    let alerts = ALERTS.map(|name| places.work.join(name));
    items.push((item_path(&alerts[0]), record.layer_item(&about(ALERTS[0], id, inputs.grid(), language), &alerts)?));
    for (path, item) in &items {
        outputs::write_text(path, &pretty(item)?)?;
    }
    let tables: Vec<PathBuf> = TABLES.iter().map(|name| places.work.join(name)).filter(|path| path.is_file()).collect();
    let collection = collection(&record, &items, &tables, job, language)?;
    outputs::write_text(&places.work.join(COLLECTION), &pretty(&collection)?)
}

fn record(places: &Places<'_>, id: &str, inputs: &Inputs, files: &[HashedFile], job: &Job) -> StacRecord {
    let derived = inputs.files.iter().zip(files).map(|(path, file)| {
        let (bytes, sha256) = (file.bytes, file.sha256.clone());
        Derived { path: path.clone(), bytes, sha256 }
    });
    let (index, method) = (inputs.index().name(), inputs.detector.name());
    let name = if job.about.name.is_empty() { String::new() } else { format!("{}: ", job.about.name) };
    let lineage = format!(
        "{name}{method} on {index}, baseline {} to {}, {} scenes on {} observations; parameters and counts in run.json, run {id}",
        inputs.baseline.from(),
        inputs.baseline.to(),
        inputs.scenes().len(),
        inputs.observations.len(),
    );
    StacRecord {
        collection: Some(format!("atalaya-{id}")),
        period: Period::Days(inputs.monitoring.from(), inputs.monitoring.to()),
        lineage,
        software: ("atalaya".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        inputs: derived.collect(),
        home: places.out.to_owned(),
    }
}

fn about<'a>(file: &str, id: &str, grid: &'a Grid, language: Language) -> Described<'a> {
    let stem = file.split('.').next().unwrap_or_default();
    let title = match stem {
        "change" => language.pick("Qué se dice de cada píxel", "What is said of each pixel"),
        "days" => language.pick("Días del cambio (desde 1970-01-01)", "Days of the change (since 1970-01-01)"),
        "magnitude" => language.pick("Magnitud del cambio", "Magnitude of the change"),
        "observations" => language.pick("Qué se observó", "What was seen"),
        _ => language.pick("Alertas", "Alerts"),
    };
    Described { id: format!("{stem}-{id}"), title: title.to_owned(), grid, classes: &[], format: RasterFormat::Cog }
}

fn collection(
    record: &StacRecord,
    items: &[(PathBuf, Value)],
    tables: &[PathBuf],
    job: &Job,
    language: Language,
) -> Result<Value, Fault> {
    let subject = outputs::subject(job, language);
    let title = if job.about.name.is_empty() { subject.to_owned() } else { format!("{subject}: {}", job.about.name) };
    let description = language.pick(
        "Lo que escribió una corrida de Atalaya; run.json dice de qué y cómo se hizo. La ausencia de alerta no significa que no hubo cambio donde no se vio.",
        "What a run of Atalaya wrote; run.json says of what and how it was made. No alert does not mean no change where nothing was seen.",
    );
    Ok(record.collection(&title, description, items, tables)?)
}
