//! Sentinel-2 products of Level-2A and Level-1C, as folders (`.SAFE`) and as the zips they are fetched in.
//!
//! Source: ESA, Sentinel-2 Products Specification Document; reflectance is `(stored + offset) / quantification` with both numbers
//! (`BOA_ADD_OFFSET` or `RADIO_ADD_OFFSET`, `BOA_QUANTIFICATION_VALUE` or `QUANTIFICATION_VALUE`) from the product's own metadata, never
//! from its date: products made anew carry the offset for old days.

use std::path::{Path, PathBuf};

use raster::{Role, Scaling, Sensor, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::granule::Granule;
use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::safe::{SafeLevel, SafeMetadata};
use super::safe_package::{Package, packages};
use crate::GeoioError;
use crate::raster_file::Void;

/// Sizes of pixels in which a product holds its layers, in metres, the finest first.
const METRES: [u32; 3] = [10, 20, 60];

/// Sentinel-2 products of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentinel2Spec {
    /// A product's folder or zip, or a folder that holds such (up to two levels down).
    pub path: PathBuf,
}

pub(super) fn find(spec: &Sentinel2Spec, base: &Path, level: SafeLevel) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    let mut batch = Batch::default();
    let places = packages(&root)?;
    if places.is_empty() {
        let reason = format!("it holds no product: no folder with {} and no zip", level.file());
        return Err(GeoioError::Imagery { path: root, reason });
    }
    for place in places {
        let package = Package::open(&place, level);
        match package.and_then(|package| scene(&package, &mut batch.warnings).map(|found| (package, found))) {
            Ok((package, found)) => {
                batch.scenes.push(found);
                batch.metadata.push(package.metadata_path());
            }
            Err(error) => batch.skip(&place, &error),
        }
    }
    Ok(batch)
}

fn scene(package: &Package, warnings: &mut Vec<Warning>) -> Result<FoundScene, GeoioError> {
    let path = package.metadata_path();
    let metadata = package.metadata()?;
    let wrong = |reason: String| GeoioError::Metadata { path: path.clone(), line: None, reason };
    let sensor = match metadata.level {
        SafeLevel::L1c => raster::sensor::msi_l1c(),
        SafeLevel::L2a => raster::sensor::msi(),
    };
    if !sensor.platforms.contains(&metadata.platform) {
        return Err(wrong(format!("no sensor table for {}", metadata.platform)));
    }
    notice(&metadata, &path, warnings);
    let (layers, scalings) = layers(package, &metadata, &sensor, warnings)?;
    let granule = Granule {
        sensing: sensing(&metadata),
        id: metadata.id,
        sensor,
        platform: metadata.platform,
        orbit: metadata.orbit,
        date: metadata.date,
        second: metadata.second,
        generation: metadata.generation,
        layers,
        scalings,
    };
    granule.scene(&path, false)
}

/// What two versions of one granule share.
fn sensing(metadata: &SafeMetadata) -> Option<Sensing> {
    let clock = metadata.strip_start.split_once('T').map(|(_, clock)| clock).filter(|clock| clock.len() == 6)?;
    let part = |range: std::ops::Range<usize>| clock.get(range)?.parse::<i64>().ok();
    let second = part(0..2)? * 3600 + part(2..4)? * 60 + part(4..6)?;
    let day = i64::from(metadata.date.days());
    Some(Sensing { what: format!("{} {}", metadata.platform, metadata.tile), second: day * 86_400 + second })
}

fn notice(metadata: &SafeMetadata, path: &Path, warnings: &mut Vec<Warning>) {
    let mut warn =
        |code: &'static str, message: String| warnings.push(Warning::new(code, message).about(path.display().to_string()));
    if metadata.offsets.is_empty() && metadata.should_have_offset() {
        let baseline = &metadata.baseline;
        warn("offset_absent", format!("baseline {baseline} has an offset, and its metadata name none: it is read without one"));
    }
    for check in &metadata.failed_checks {
        warn("producer_check", format!("the producer's own check says {check}"));
    }
}

type Layers = (Vec<FoundLayer>, Vec<Scaling>);

/// The layers whose files are there, each in its finest pixels. One that is missing is left out with a warning.
fn layers(
    package: &Package,
    metadata: &SafeMetadata,
    sensor: &Sensor,
    warnings: &mut Vec<Warning>,
) -> Result<Layers, GeoioError> {
    let path = package.metadata_path();
    let wrong = |reason: String| GeoioError::Metadata { path: path.clone(), line: None, reason };
    let (mut found, mut scalings) = (Vec::new(), Vec::new());
    for (role, asset) in sensor.layers().filter(|(role, _)| !matches!(role, Role::Quality(_))) {
        let named: Vec<&str> = METRES.iter().filter_map(|metres| metadata.image(asset, *metres)).collect();
        let Some(file) = named.iter().find_map(|image| package.image(image)) else {
            if !named.is_empty() {
                let message = format!("the files of {asset} are not there: the scene has no {role} layer");
                warnings.push(Warning::new("layer_missing", message).about(path.display().to_string()));
            }
            continue;
        };
        let (scaling, void) = if role.is_quality() {
            (Scaling::IDENTITY, Void::default())
        } else {
            let void = Void { nodata: Some(metadata.nodata), saturated: metadata.saturated, least: None };
            (metadata.scaling(asset).map_err(wrong)?, void)
        };
        scalings.push(scaling);
        found.push(FoundLayer { role, path: file, band: 1, void, curve: None });
    }
    if !found.iter().any(|layer| !layer.role.is_quality()) {
        return Err(wrong("no image of a reflectance band is there".to_owned()));
    }
    match metadata.level {
        SafeLevel::L2a if !found.iter().any(|layer| layer.role == Role::Scl) => {
            Err(wrong("its scene classification (SCL) is not there: clouds could not be told from ground".to_owned()))
        }
        SafeLevel::L2a => Ok((found, scalings)),
        SafeLevel::L1c => {
            let masks = cloud_masks(package, metadata, sensor);
            if masks.is_empty() {
                let message = format!(
                    "baseline {} has no cloud mask of pixels (MSK_CLASSI, since 04.00): clouds cannot be told from ground; a run needs \
                     [mask] classes = [] to use it all the same",
                    metadata.baseline
                );
                warnings.push(Warning::new("no_quality_layer", message).about(path.display().to_string()));
            }
            scalings.extend(masks.iter().map(|_| Scaling::IDENTITY));
            found.extend(masks);
            Ok((found, scalings))
        }
    }
}

/// The bands of the cloud mask of Level-1C, in the order of the table: opaque clouds, cirrus, snow.
fn cloud_masks(package: &Package, metadata: &SafeMetadata, sensor: &Sensor) -> Vec<FoundLayer> {
    let image = |asset: &str| package.image(&format!("{}/QI_DATA/{asset}", metadata.granule()?));
    let layers = sensor.quality.iter().zip(1..).filter_map(|((role, asset), band)| {
        Some(FoundLayer { role: role.clone(), path: image(asset)?, band, void: Void::default(), curve: None })
    });
    layers.collect()
}
