//! Scenes whose layers are named one by one, or stand in one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Date, QaRule, Role, Scaling, Scene};

use super::geotiff::{Numbers, named_bands, sensor};
use super::imagery::{FoundLayer, FoundScene};
use super::{Imagery, Skipped};
use crate::{GeoioError, RasterFile};

/// A scene of layers given as role, file and band (the first is 1); its grid is that of the first band layer.
///
/// `scaling` is that of all but the quality layers; identity leaves the files' own tags in force. `rule` says what a clear
/// pixel's code in the layer `qa`, else `scl`, meets.
///
/// # Errors
/// A file that cannot be read, a band it does not have, or a rule without a layer to apply it to.
pub fn scene_of_layers(
    id: &str,
    date: Date,
    layers: &[(Role, PathBuf, usize)],
    scaling: Scaling,
    rule: Option<&QaRule>,
) -> Result<Imagery, GeoioError> {
    let place = PathBuf::from(id);
    let numbers = numbers(scaling);
    numbers.check(&place)?;
    let roles: Vec<Role> = layers.iter().map(|(role, ..)| role.clone()).collect();
    let sensor = sensor(id, &roles, rule, None, &place)?;
    let (mut found, mut described, mut grid) = (Vec::new(), Vec::new(), None);
    for (role, path, band) in layers {
        let file = RasterFile::open(path)?;
        let info = band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: path.clone(),
            layer: format!("{role} (band {band})"),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        described.push((role.clone(), numbers.scaling(role, info)));
        found.push(FoundLayer { role: role.clone(), path: path.clone(), band: *band, void: numbers.void(role, info) });
        // Quality layers may be coarser: the bands tell the pixels.
        if grid.as_ref().is_none_or(|(quality, _)| *quality && !role.is_quality()) {
            grid = Some((role.is_quality(), file.grid().clone()));
        }
    }
    let (_, grid) = grid.ok_or_else(|| GeoioError::Nothing { what: id.to_owned(), reason: "no layer is named".to_owned() })?;
    let scene = Scene {
        id: id.to_owned(),
        sensor: Arc::new(sensor),
        platform: String::new(),
        orbit: None,
        date,
        second: None,
        generation: String::new(),
        grid,
        layers: described,
    };
    Ok(Imagery::new(vec![FoundScene { scene, layers: found, sensing: None }], Vec::new()))
}

/// The scene of one `GeoTIFF` whose bands are described by role names.
///
/// # Errors
/// As [`scene_of_layers`], and where a band's description is no role: an order is never guessed.
pub fn scene_of_file(path: &Path, scaling: Scaling, rule: Option<&QaRule>) -> Result<Imagery, GeoioError> {
    let file = RasterFile::open(path)?;
    let layers: Vec<(Role, PathBuf, usize)> =
        named_bands(&file)?.into_iter().map(|(role, band)| (role, path.to_owned(), band)).collect();
    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    scene_of_layers(&id, Date::from_days(0), &layers, scaling, rule)
}

fn numbers(scaling: Scaling) -> Numbers {
    let given = scaling != Scaling::IDENTITY;
    Numbers { scale: given.then_some(scaling.scale), offset: given.then_some(scaling.offset), nodata: None }
}

impl Skipped {
    /// A scene that was found and cannot be used.
    pub fn new(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self { path: path.into(), reason: reason.to_string() }
    }
}
