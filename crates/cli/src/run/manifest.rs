//! What a run says of itself: `run.json`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use alert::{Alert, Confidence};
use change::Answer;
use pipeline::{Budget, map_in_order};
use serde::Serialize;
use serde_json::{Map as Object, Value, json};
use sha2::{Digest as _, Sha256};

use super::detect::Map;
use super::inputs::Inputs;
use crate::fault::{Exit, Fault};
use crate::job::Job;

/// A file that a run read or wrote.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HashedFile {
    /// As the job names it, or within the folder of the outputs.
    path: String,
    /// Size.
    pub(super) bytes: u64,
    /// SHA-256, hexadecimal.
    pub(super) sha256: String,
    /// When it was last written, where the system tells.
    #[serde(skip)]
    modified: Option<SystemTime>,
}

/// Hashes every input.
pub(crate) fn hash_inputs(inputs: &Inputs, job: &Job, budget: &Budget) -> Result<Vec<HashedFile>, Fault> {
    let mut files = Vec::with_capacity(inputs.files.len());
    map_in_order(
        &inputs.files,
        budget,
        budget.in_flight(1 << 20),
        || Ok::<_, Fault>(()),
        |(), path| {
            let meta = std::fs::metadata(path)
                .map_err(|error| Fault::new(Exit::Input, format!("{}: cannot be read: {error}", path.display())))?;
            let (bytes, modified) = (meta.len(), meta.modified().ok());
            Ok(HashedFile { path: relative(path, &job.base), bytes, sha256: geoio::sha256_file(path)?, modified })
        },
        |file| {
            files.push(file);
            Ok(())
        },
    )?;
    Ok(files)
}

/// Refuses inputs that were written to while the run read them: `run.json` would vouch for what nobody can check.
pub(crate) fn refuse_changed(paths: &[PathBuf], files: &[HashedFile]) -> Result<(), Fault> {
    let same = |path: &PathBuf, file: &HashedFile| {
        std::fs::metadata(path).is_ok_and(|meta| meta.len() == file.bytes && meta.modified().ok() == file.modified)
    };
    match paths.iter().zip(files).find(|(path, file)| !same(path, file)) {
        Some((path, _)) => {
            Err(Fault::new(Exit::Input, format!("{}: was changed while the run read it; run again", path.display())))
        }
        None => Ok(()),
    }
}

/// What a run has written so far in its folder, with SHA-256; `timings.json` differs from run to run and is left out.
pub(crate) fn hash_outputs(folder: &Path) -> Result<Vec<HashedFile>, Fault> {
    let unreadable = |error: std::io::Error| Fault::new(Exit::Output, format!("{}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(unreadable)?.filter_map(Result::ok);
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
            Ok(HashedFile { path: relative(path, folder), bytes, sha256: geoio::sha256_file(path)?, modified: None })
        })
        .collect()
}

fn relative(path: &Path, base: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).display().to_string()
}

/// The run's id: what the job says (but for its folder), what its inputs hold, and the program's version.
pub(crate) fn run_id(job: &Job, files: &[HashedFile]) -> Result<String, Fault> {
    let mut told = serde_json::to_value(job).map_err(|error| Fault::from_error(Exit::Internal, error))?;
    if let Some(output) = told.get_mut("output").and_then(Value::as_object_mut) {
        output.remove("folder");
    }
    let hashes: Vec<(&str, &str)> = files.iter().map(|file| (file.path.as_str(), file.sha256.as_str())).collect();
    let text = json!({ "job": told, "inputs": hashes, "version": env!("CARGO_PKG_VERSION") }).to_string();
    let digest = Sha256::digest(text.as_bytes());
    let head = digest.iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    Ok(format!("{head:016x}"))
}

/// Everything `run.json` holds.
pub(crate) fn manifest(id: &str, job: &Job, inputs: &Inputs, files: &[HashedFile], map: &Map, alerts: &[Alert]) -> Value {
    let grid = inputs.grid();
    let bounds = grid.bounds();
    json!({
        "schema": "atalaya-run/1",
        "id": id,
        "program": { "name": "atalaya", "version": env!("CARGO_PKG_VERSION"), "libraries": geoio::versions() },
        "as_of": as_of(inputs),
        "job": job,
        "grid": {
            "crs": grid.crs.text(), "said": inputs.grid_said, "rows": grid.rows, "cols": grid.cols,
            "step": [grid.step_x, grid.step_y], "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
        },
        "index": { "name": inputs.index().name(), "formula": inputs.index().formula() },
        "series": inputs.detector.inputs(),
        "baseline": inputs.baseline,
        "monitoring": inputs.monitoring,
        "inputs": files,
        "scenes": scenes(inputs, map),
        "scenes_skipped": inputs.skipped,
        "harmonised": inputs.harmonised,
        "percentiles": percentiles(inputs),
        "coregistration": inputs.coregistered,
        "guard": inputs.guarded,
        "registries": registries(inputs),
        "calibration": super::probability::told(inputs),
        "counts": counts(job, inputs, map, alerts),
        "warnings": inputs.warnings,
    })
}

/// The day on which questions without a day of their own are answered: the end of the monitoring period.
pub(crate) fn as_of(inputs: &Inputs) -> raster::Date {
    inputs.monitoring.to()
}

fn scenes(inputs: &Inputs, map: &Map) -> Vec<Value> {
    inputs
        .observations
        .iter()
        .enumerate()
        .flat_map(|(look, observation)| observation.scenes.iter().map(move |&scene| (look, scene)))
        .map(|(look, at)| {
            let (scene, count) = (&inputs.scenes()[at], &map.counts[at]);
            let masked: Object<String, Value> = count.masked.iter().map(|(class, pixels)| (class.clone(), json!(pixels))).collect();
            json!({
                "id": scene.id, "date": scene.date, "sensor": scene.sensor.id, "platform": scene.platform, "observation": look,
                "pixels": count.pixels, "clear": count.clear, "unobserved": count.unobserved, "dilated": count.dilated, "masked": masked,
            })
        })
        .collect()
}

/// What was taken off the values of each observation, by the name of the series; null where it saw nothing.
fn percentiles(inputs: &Inputs) -> Vec<Value> {
    let roles = || inputs.detector.inputs().iter().map(ToString::to_string);
    let one = |(look, off): (&raster::Observation, &Vec<f64>)| {
        let taken: Object<String, Value> = roles().zip(off.iter().map(|off| json!(off))).collect();
        json!({ "date": look.date, "sensor": inputs.scenes()[look.scenes[0]].sensor.id, "off": taken })
    };
    inputs.observations.iter().zip(&inputs.off).map(one).collect()
}

fn registries(inputs: &Inputs) -> Vec<Value> {
    inputs
        .registries
        .sources
        .iter()
        .map(|(source, layer)| {
            json!({
                "id": source.id, "authority": source.authority, "licence": source.licence, "retrieved": source.retrieved,
                "records": layer.features.len(), "rejected": layer.rejected, "crs": layer.crs, "sha256": layer.sha256,
            })
        })
        .collect()
}

/// Counts of a run.
pub(crate) fn counts(job: &Job, inputs: &Inputs, map: &Map, alerts: &[Alert]) -> Value {
    let high = alerts.iter().filter(|alert| alert.confidence == Confidence::High).count();
    let answers: Object<String, Value> = Answer::ALL
        .iter()
        .map(|&answer| {
            let (pixels, ha) = map.tallies.total(answer);
            (answer.name().to_owned(), json!({ "pixels": pixels, "ha": (ha * 1e4).round() / 1e4 }))
        })
        .collect();
    let (min_pixels, ruled_by) = job.patches.min_count(inputs.grid());
    json!({
        "alerts": alerts.len(), "alerts_high": high, "alerts_low": alerts.len() - high,
        "answers": answers,
        "patches_too_small": map.statistics.dropped.components, "pixels_too_small": map.statistics.dropped.pixels,
        "pixel_looks_without_season": map.fallbacks, "min_patch_pixels": min_pixels, "min_patch_ruled_by": ruled_by,
        "observations": inputs.observations.len(), "scenes": inputs.scenes().len(), "scenes_skipped": inputs.skipped.len(),
    })
}
