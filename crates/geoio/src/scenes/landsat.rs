//! Landsat scene folders: Collection 2 Level 2 and Level 1, and Level 1 from before the collections.
//!
//! Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619) and Landsat 4-7 (LSDS-1618).

use std::path::{Path, PathBuf};

use raster::{Date, Role, Scaling, Sensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::granule::{Granule, files_below};
use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::landsat_l1::{Calibration, Units};
use super::metadata::Metadata;
use super::{Batch, dates};
use crate::GeoioError;
use crate::raster_file::Void;

const CONTENTS: [&str; 3] = ["PRODUCT_CONTENTS", "PRODUCT_METADATA", "METADATA_FILE_INFO"];
const IMAGE: [&str; 2] = ["IMAGE_ATTRIBUTES", "PRODUCT_METADATA"];
const SURFACE: [&str; 2] = ["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS"];
const RANGE: [&str; 2] = ["LEVEL1_MIN_MAX_PIXEL_VALUE", "MIN_MAX_PIXEL_VALUE"];

/// Landsat scenes in folders as they are unpacked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LandsatSpec {
    /// A scene's folder, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
}

/// Landsat Level 1 scenes in folders as they are unpacked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LandsatL1Spec {
    /// A scene's folder, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
    /// `reflectance` at the top of the atmosphere (default) or `radiance`.
    #[serde(default)]
    pub units: Units,
}

/// Which level is read, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Two,
    One(Units),
}

impl Level {
    /// Name of the product in a job.
    fn product(self) -> &'static str {
        match self {
            Self::Two => "landsat-c2-l2",
            Self::One(_) => "landsat-l1",
        }
    }
}

pub(super) fn find(spec: &LandsatSpec, base: &Path) -> Result<Batch, GeoioError> {
    find_level(&base.join(&spec.path), Level::Two)
}

pub(super) fn find_l1(spec: &LandsatL1Spec, base: &Path) -> Result<Batch, GeoioError> {
    find_level(&base.join(&spec.path), Level::One(spec.units))
}

fn find_level(root: &Path, level: Level) -> Result<Batch, GeoioError> {
    let files = one_a_scene(metadata_files(root)?);
    if files.is_empty() {
        return Err(GeoioError::Imagery { path: root.to_owned(), reason: "it holds no *_MTL.txt, .xml or .json".to_owned() });
    }
    let mut batch = Batch::default();
    for file in files {
        match scene(&file, level, &mut batch) {
            Ok(found) => {
                batch.scenes.push(found);
                batch.metadata.push(file);
            }
            Err(error) => batch.skip(&file, &error),
        }
    }
    Ok(batch)
}

/// The metadata files at a place and below it.
pub(super) fn metadata_files(root: &Path) -> Result<Vec<PathBuf>, GeoioError> {
    files_below(root, |name| ["_MTL.txt", "_MTL.xml", "_MTL.json"].iter().any(|end| name.ends_with(end)))
}

/// Whether a metadata file is that of a Level 1 scene.
pub(super) fn is_level_1(path: &Path) -> bool {
    let level = Metadata::read(path).ok().and_then(|metadata| processing_level(&metadata).map(str::to_owned));
    level.is_some_and(|level| level.starts_with("L1"))
}

fn processing_level(metadata: &Metadata) -> Option<&str> {
    metadata.get_in(&CONTENTS, "PROCESSING_LEVEL").or_else(|| metadata.get_in(&CONTENTS, "DATA_TYPE"))
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

fn scene(path: &Path, level: Level, batch: &mut Batch) -> Result<FoundScene, GeoioError> {
    let metadata = Metadata::read(path)?;
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let value = |groups: &[&str], name: &str| {
        metadata.get_in(groups, name).ok_or_else(|| wrong(format!("it has no {name} in {}", groups[0])))
    };
    let said = processing_level(&metadata).ok_or_else(|| wrong("it has no PROCESSING_LEVEL in PRODUCT_CONTENTS".to_owned()))?;
    match level {
        Level::Two if !matches!(said, "L2SP" | "L2SR") => {
            let reason = format!(
                "its level is {said}; only Level 2 (L2SP, L2SR) holds surface reflectance (product = \"landsat-l1\" reads Level 1)"
            );
            return Err(wrong(reason));
        }
        Level::One(_) if !said.starts_with("L1") => {
            return Err(wrong(format!("its level is {said}, not Level 1; product = \"landsat-c2-l2\" reads Level 2")));
        }
        _ => {}
    }
    let platform = value(&IMAGE, "SPACECRAFT_ID")?.replace(' ', "_").to_ascii_uppercase();
    let mut sensor = raster::sensor::all()
        .into_iter()
        .find(|sensor| sensor.product == level.product() && sensor.platforms.contains(&platform))
        .ok_or_else(|| wrong(format!("no sensor table for {platform}")))?;
    let date: Date = value(&IMAGE, "DATE_ACQUIRED")?.parse().map_err(|error| wrong(format!("DATE_ACQUIRED: {error}")))?;
    let id =
        metadata.get_in(&CONTENTS, "LANDSAT_PRODUCT_ID").map_or_else(|| value(&CONTENTS, "LANDSAT_SCENE_ID"), Ok)?.to_owned();
    let calibration = match level {
        Level::Two => None,
        Level::One(units) => {
            sensor.quantity = units.quantity();
            Some(Calibration::new(&metadata, &platform, date, units).map_err(wrong)?)
        }
    };
    let path_row = id.split('_').nth(2).filter(|text| text.len() == 6).map(str::to_owned);
    let mut granule = Granule {
        orbit: metadata.get_in(&IMAGE, "WRS_PATH").and_then(|text| text.parse().ok()),
        second: metadata.get_in(&IMAGE, "SCENE_CENTER_TIME").and_then(dates::second_of_day),
        generation: id.split('_').nth(4).unwrap_or_default().to_owned(),
        sensing: path_row
            .map(|path_row| Sensing { what: format!("{platform} {path_row}"), second: i64::from(date.days()) * 86_400 }),
        layers: Vec::new(),
        scalings: Vec::new(),
        platform: platform.clone(),
        sensor: sensor.clone(),
        date,
        id,
    };
    add_layers(&mut granule, path, &metadata, calibration.as_ref(), batch)?;
    granule.scene(path, matches!(level, Level::One(_)))
}

/// Adds the layers whose files are there. One that is missing is left out with a warning.
fn add_layers(
    granule: &mut Granule,
    path: &Path,
    metadata: &Metadata,
    calibration: Option<&Calibration<'_>>,
    batch: &mut Batch,
) -> Result<(), GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let sensor = granule.sensor.clone();
    for (role, asset) in sensor.layers() {
        let named = keys(&role, asset).into_iter().find_map(|key| Some((metadata.get_in(&CONTENTS, &key)?, key)));
        let Some((name, key)) = named else { continue };
        if name.contains(['/', '\\', ':']) || name.contains("..") || name.starts_with(['.', '-']) {
            return Err(wrong(format!("{key} names '{name}', which is no file of this folder")));
        }
        let Some(file) = beside(path, name) else {
            // Surface temperature is fetched by few; whoever asks for it is told.
            if !asset.starts_with("ST_") {
                let message = format!("{name} is not there: the scene has no {role} layer");
                batch.warnings.push(raster::Warning::new("layer_missing", message).about(path.display().to_string()));
            }
            continue;
        };
        let number = key.trim_start_matches("FILE_NAME_BAND_").trim_start_matches("ST_B");
        let mut layer = FoundLayer { role, path: file, band: 1, void: Void::default(), curve: None };
        let scaling = match (&layer.role, calibration) {
            (role, _) if role.is_quality() => Scaling::IDENTITY,
            (Role::Band(band), Some(calibration)) => {
                let calibrated = calibration.band(*band, number).map_err(wrong)?;
                layer.curve = calibrated.curve;
                layer.void = Void {
                    saturated: metadata.number_in(&RANGE, &format!("QUANTIZE_CAL_MAX_BAND_{number}")),
                    ..Void::nodata(Some(0.0))
                };
                calibrated.scaling
            }
            (role, _) => {
                layer.void = Void::nodata(sensor.nodata);
                surface_scaling(metadata, &sensor, role, asset)
            }
        };
        granule.push(layer, scaling);
    }
    let has_codes = granule.layers.iter().any(|layer| layer.role == Role::Qa);
    match calibration {
        None if !has_codes => Err(wrong("QA_PIXEL is not there: clouds could not be told from ground".to_owned())),
        Some(_) if !has_codes => {
            let message =
                "it has no QA_PIXEL: clouds cannot be told from ground; a run needs [mask] classes = [] to use it all the same";
            batch.warnings.push(raster::Warning::new("no_quality_layer", message).about(path.display().to_string()));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Keys under which metadata may name the file of a layer.
fn keys(role: &Role, asset: &str) -> Vec<String> {
    match role {
        Role::Qa => vec!["FILE_NAME_QUALITY_L1_PIXEL".to_owned()],
        Role::Radsat => vec!["FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION".to_owned()],
        _ if asset.starts_with("ST_") => vec![format!("FILE_NAME_BAND_{asset}")],
        // Of the two gains of the thermal band of ETM+ the low one, which reaches further.
        _ if asset == "B6" => vec!["FILE_NAME_BAND_6".to_owned(), "FILE_NAME_BAND_6_VCID_1".to_owned()],
        _ => vec![format!("FILE_NAME_BAND_{}", asset.trim_start_matches("SR_").trim_start_matches('B'))],
    }
}

/// A file beside the metadata, whatever the case of its ending.
fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let file = path.with_file_name(name);
    let small = file.with_extension(file.extension()?.to_ascii_lowercase());
    [file, small].into_iter().find(|file| file.is_file())
}

/// Scaling that the metadata of Level 2 give for a band, else the table's.
fn surface_scaling(metadata: &Metadata, sensor: &Sensor, role: &Role, asset: &str) -> Scaling {
    let (kind, number) = match asset.strip_prefix("SR_B") {
        Some(number) => ("REFLECTANCE", number),
        None => ("TEMPERATURE", asset),
    };
    let parameter = |name: &str| metadata.number_in(&SURFACE, &format!("{kind}_{name}_BAND_{number}"));
    match (parameter("MULT").filter(|scale| *scale > 0.0), parameter("ADD")) {
        (Some(scale), Some(offset)) => Scaling { scale, offset },
        _ => sensor.scaling_of(role),
    }
}
