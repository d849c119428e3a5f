//! Sentinel-2 Level-2A products, as folders (`.SAFE`) and as the zips they are fetched in.
//!
//! Source: ESA, Sentinel-2 Products Specification Document; reflectance is `(stored + BOA_ADD_OFFSET) / BOA_QUANTIFICATION_VALUE`
//! with both numbers from the product's own metadata, never from its date: products made anew carry the offset for old days.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Grid, Role, Scaling, Scene, Sensor, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::safe::SafeMetadata;
use super::safe_package::{Package, packages};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile};

/// Sizes of pixels in which a product holds its layers, in metres, the finest first.
const METRES: [u32; 3] = [10, 20, 60];

/// Part of a pixel by which the corners of one product's layers may differ.
const TOLERANCE: f64 = 1e-3;

/// Sentinel-2 Level-2A products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentinel2Spec {
    /// A product's folder or zip, or a folder that holds such (up to two levels down).
    pub path: PathBuf,
}

pub(super) fn find(spec: &Sentinel2Spec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    let mut batch = Batch::default();
    let places = packages(&root)?;
    if places.is_empty() {
        let reason = "it holds no product: no folder with MTD_MSIL2A.xml and no zip".to_owned();
        return Err(GeoioError::Imagery { path: root, reason });
    }
    for place in places {
        match Package::open(&place).and_then(|package| scene(&package, &mut batch.warnings).map(|found| (package, found))) {
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
    let sensor = raster::sensor::msi();
    if !sensor.platforms.contains(&metadata.platform) {
        return Err(wrong(format!("no sensor table for {}", metadata.platform)));
    }
    notice(&metadata, &path, warnings);
    let (layers, scalings) = layers(package, &metadata, &sensor, warnings)?;
    let grid = native_grid(&layers, &path)?;
    let scene = Scene {
        id: metadata.id.clone(),
        platform: metadata.platform.clone(),
        orbit: metadata.orbit,
        date: metadata.date,
        second: metadata.second,
        generation: metadata.generation.clone(),
        grid,
        layers: layers.iter().map(|layer| layer.role.clone()).zip(scalings).collect(),
        sensor: Arc::new(sensor),
    };
    Ok(FoundScene { scene, layers, sensing: sensing(&metadata) })
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
    let bands = sensor.bands.iter().map(|band| (Role::Band(band.band), band.asset.as_str()));
    let quality = sensor.quality.iter().map(|(role, asset)| (role.clone(), asset.as_str()));
    let (mut found, mut scalings) = (Vec::new(), Vec::new());
    for (role, asset) in bands.chain(quality) {
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
            let void = Void { nodata: Some(metadata.nodata), saturated: metadata.saturated };
            (metadata.scaling(asset).map_err(wrong)?, void)
        };
        scalings.push(scaling);
        found.push(FoundLayer { role, path: file, band: 1, void });
    }
    if !found.iter().any(|layer| !layer.role.is_quality()) {
        return Err(wrong("no image of a reflectance band is there".to_owned()));
    }
    if !found.iter().any(|layer| layer.role == Role::Scl) {
        return Err(wrong("its scene classification (SCL) is not there: clouds could not be told from ground".to_owned()));
    }
    Ok((found, scalings))
}

/// The grid of the finest band; every layer must cover the same ground.
fn native_grid(layers: &[FoundLayer], path: &Path) -> Result<Grid, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let mut finest: Option<Grid> = None;
    for layer in layers {
        let file = RasterFile::open(&layer.path)?;
        let (grid, kind) = (file.grid(), &file.bands()[0].data_type);
        if !layer.role.is_quality() && kind == "Byte" {
            return Err(wrong(format!("{} holds 8-bit numbers: a quick-look, not reflectance", layer.path.display())));
        }
        if finest.as_ref().is_some_and(|finest| !same_ground(finest, grid)) {
            return Err(wrong(format!("{} lies elsewhere than the layers before it", layer.path.display())));
        }
        if !layer.role.is_quality() && finest.as_ref().is_none_or(|finest| grid.step_x < finest.step_x) {
            finest = Some(grid.clone());
        }
    }
    finest.ok_or_else(|| wrong("no image of a reflectance band is there".to_owned()))
}

fn same_ground(a: &Grid, b: &Grid) -> bool {
    let (one, other) = (a.bounds(), b.bounds());
    let near = |x: f64, y: f64, pixels: f64| (x - y).abs() <= pixels * a.step_x.max(b.step_x);
    // A tile that is cut from the whole may end within a coarse pixel.
    a.crs == b.crs
        && near(one.west, other.west, TOLERANCE)
        && near(one.north, other.north, TOLERANCE)
        && near(one.east, other.east, 1.0)
        && near(one.south, other.south, 1.0)
}
