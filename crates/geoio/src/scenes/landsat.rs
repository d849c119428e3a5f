//! Landsat Collection 2 Level 2 scene folders.
//!
//! Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619) and Landsat 4-7 (LSDS-1618).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Date, Role, Scaling, Scene, Sensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::metadata::Metadata;
use super::{Batch, dates};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile};

/// Folders below the given one in which scenes are looked for.
const DEPTH: usize = 2;

const CONTENTS: &str = "PRODUCT_CONTENTS";
const IMAGE: &str = "IMAGE_ATTRIBUTES";
const REFLECTANCE: &str = "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS";

/// Landsat scenes in folders as they are unpacked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LandsatSpec {
    /// A scene's folder, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
}

pub(super) fn find(spec: &LandsatSpec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    let mut files = Vec::new();
    collect(&root, DEPTH, &mut files).map_err(|source| GeoioError::Input { path: root.clone(), source })?;
    let files = one_a_scene(files);
    if files.is_empty() {
        return Err(GeoioError::Imagery { path: root, reason: "it holds no *_MTL.txt, .xml or .json".to_owned() });
    }
    let mut batch = Batch::default();
    for file in files {
        match scene(&file, &mut batch) {
            Ok(found) => {
                batch.scenes.push(found);
                batch.metadata.push(file);
            }
            Err(error) => batch.skip(&file, &error),
        }
    }
    Ok(batch)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() && depth > 0 && !name.starts_with('.') {
            collect(&path, depth - 1, files)?;
        } else if ["_MTL.txt", "_MTL.xml", "_MTL.json"].iter().any(|end| name.ends_with(end)) {
            files.push(path);
        }
    }
    Ok(())
}

/// Of the writings of one metadata file the text, else the XML, else the JSON.
fn one_a_scene(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    let rank = |path: &Path| match path.extension().and_then(|e| e.to_str()) {
        Some("txt") => 0,
        Some("xml") => 1,
        _ => 2,
    };
    files.sort_by(|a, b| a.with_extension("").cmp(&b.with_extension("")).then_with(|| rank(a).cmp(&rank(b))));
    files.dedup_by(|later, first| later.with_extension("") == first.with_extension(""));
    files
}

fn scene(path: &Path, batch: &mut Batch) -> Result<FoundScene, GeoioError> {
    let metadata = Metadata::read(path)?;
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let value = |group: &str, name: &str| metadata.get(group, name).ok_or_else(|| wrong(format!("it has no {name} in {group}")));
    let level = value(CONTENTS, "PROCESSING_LEVEL")?;
    if !matches!(level, "L2SP" | "L2SR") {
        return Err(wrong(format!("its level is {level}; only Level 2 (L2SP, L2SR) holds surface reflectance")));
    }
    let platform = value(IMAGE, "SPACECRAFT_ID")?.to_owned();
    let sensor = raster::sensor::all()
        .into_iter()
        .find(|sensor| sensor.platforms.contains(&platform))
        .ok_or_else(|| wrong(format!("no sensor table for {platform}")))?;
    let date: Date = value(IMAGE, "DATE_ACQUIRED")?.parse().map_err(|error| wrong(format!("DATE_ACQUIRED: {error}")))?;
    let id = value(CONTENTS, "LANDSAT_PRODUCT_ID")?.to_owned();
    let layers = layers(path, &metadata, &sensor, batch)?;
    let described = layers.iter().map(|layer| (layer.role.clone(), scaling(&metadata, &sensor, &layer.role))).collect();
    let grid = native_grid(path, &layers)?;
    let scene = Scene {
        platform,
        orbit: metadata.get(IMAGE, "WRS_PATH").and_then(|text| text.parse().ok()),
        date,
        second: metadata.get(IMAGE, "SCENE_CENTER_TIME").and_then(dates::second_of_day),
        generation: id.split('_').nth(4).unwrap_or_default().to_owned(),
        id,
        grid,
        layers: described,
        sensor: Arc::new(sensor),
    };
    let sensing = sensing(&scene);
    Ok(FoundScene { scene, layers, sensing })
}

/// What two versions of one scene share: path and row in the product's name, `LC08_L2SP_008059_20191201_..`.
fn sensing(scene: &Scene) -> Option<Sensing> {
    let path_row = scene.id.split('_').nth(2).filter(|text| text.len() == 6)?;
    Some(Sensing { what: format!("{} {path_row}", scene.platform), second: i64::from(scene.date.days()) * 86_400 })
}

/// The layers whose files are there. A band that is missing is left out with a warning, a quality layer likewise.
fn layers(path: &Path, metadata: &Metadata, sensor: &Sensor, batch: &mut Batch) -> Result<Vec<FoundLayer>, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let bands = sensor.bands.iter().map(|band| (Role::Band(band.band), format!("FILE_NAME_BAND_{}", band_number(&band.asset))));
    let quality = sensor.quality.iter().map(|(role, _)| {
        let key = if *role == Role::Qa { "FILE_NAME_QUALITY_L1_PIXEL" } else { "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION" };
        (role.clone(), key.to_owned())
    });
    let mut found = Vec::new();
    for (role, key) in bands.chain(quality) {
        let Some(name) = metadata.get(CONTENTS, &key) else { continue };
        if name.contains(['/', '\\', ':']) || name.contains("..") || name.starts_with(['.', '-']) {
            return Err(wrong(format!("{key} names '{name}', which is no file of this folder")));
        }
        let file = path.with_file_name(name);
        if !file.is_file() {
            batch.warnings.push(
                raster::Warning::new("layer_missing", format!("{name} is not there: the scene has no {role} layer"))
                    .about(path.display().to_string()),
            );
            continue;
        }
        let void = Void::nodata(if role.is_quality() { None } else { sensor.nodata });
        found.push(FoundLayer { role, path: file, band: 1, void });
    }
    if !found.iter().any(|layer| layer.role == Role::Qa) {
        return Err(wrong("QA_PIXEL is not there: clouds could not be told from ground".to_owned()));
    }
    Ok(found)
}

fn band_number(asset: &str) -> &str {
    asset.trim_start_matches("SR_B")
}

/// Scaling that the metadata give for a band, else the table's.
fn scaling(metadata: &Metadata, sensor: &Sensor, role: &Role) -> Scaling {
    let Some(band) = sensor.bands.iter().find(|band| Role::Band(band.band) == *role) else { return Scaling::IDENTITY };
    let number = band_number(&band.asset);
    let parameter = |name: &str| metadata.number(REFLECTANCE, &format!("REFLECTANCE_{name}_BAND_{number}"));
    match (parameter("MULT").filter(|scale| *scale > 0.0), parameter("ADD")) {
        (Some(scale), Some(offset)) => Scaling { scale, offset },
        _ => sensor.scaling,
    }
}

/// The grid that all layers share.
fn native_grid(path: &Path, layers: &[FoundLayer]) -> Result<raster::Grid, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let mut grid = None;
    for layer in layers {
        let file = RasterFile::open(&layer.path)?;
        let kind = &file.bands()[0].data_type;
        if !layer.role.is_quality() && kind == "Byte" {
            return Err(wrong(format!("{} holds 8-bit numbers: a quick-look, not reflectance", layer.path.display())));
        }
        if !layer.role.is_quality() || grid.is_none() {
            grid.get_or_insert_with(|| file.grid().clone());
        }
    }
    match (grid, layers.iter().any(|layer| !layer.role.is_quality())) {
        (Some(grid), true) => Ok(grid),
        _ => Err(wrong("no surface reflectance band is there".to_owned())),
    }
}
