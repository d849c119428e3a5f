//! Scenes whose layers are named one by one, or stand in one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Date, QaRule, Role, Scaling, Scene};

use super::descriptions::{named_bands, role_of_name};
use super::geotiff::sensor;
use super::imagery::{FoundLayer, FoundScene};
use super::numbers::Numbers;
use super::{Found, Imagery, Skipped, dates, noticed};
use crate::{GeoioError, RasterFile, cube};

/// A layer as somebody names it: what it is, its file, its band (the first is 1).
pub type NamedLayer = (Role, PathBuf, usize);

/// A scene of layers given as role, file and band (the first is 1); its grid is that of the first band layer.
///
/// `scaling` is that of all but the quality layers; without one the files' own tags count. `rule` says what a clear pixel's code in
/// the layer `qa`, else `scl`, meets.
///
/// # Errors
/// A file that cannot be read, a band it does not have, numbers that are no values, or a rule without a layer to apply it to.
pub fn scene_of_layers(
    id: &str,
    date: Date,
    layers: &[NamedLayer],
    scaling: Option<Scaling>,
    rule: Option<&QaRule>,
) -> Result<Found, GeoioError> {
    let place = PathBuf::from(id);
    let numbers = Numbers { scale: scaling.map(|s| s.scale), offset: scaling.map(|s| s.offset), nodata: None };
    numbers.check(&place)?;
    let roles: Vec<Role> = layers.iter().map(|(role, ..)| role.clone()).collect();
    let sensor = sensor(id, &roles, rule, None, &place)?;
    let (mut found, mut described, mut files, mut grid) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (role, path, band) in layers {
        let path = &cube::of_role(path, role)?;
        let file = RasterFile::open(path)?;
        let info = band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: path.clone(),
            layer: format!("{role} (band {band})"),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        described.push((role.clone(), numbers.scaling(role, info, path)?));
        found.push(FoundLayer {
            role: role.clone(),
            path: path.clone(),
            band: *band,
            void: numbers.void(role, info),
            curve: None,
        });
        // Quality layers may be coarser: the bands tell the pixels.
        if grid.as_ref().is_none_or(|(quality, _)| *quality && !role.is_quality()) {
            grid = Some((role.is_quality(), file.grid().clone()));
        }
        files.push(file);
    }
    let (_, grid) = grid.ok_or_else(|| GeoioError::Nothing { what: id.to_owned(), reason: "no layer is named".to_owned() })?;
    let warnings = noticed(numbers, layers.iter().zip(&files).map(|((role, _, band), file)| (role, file, *band)));
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
    let imagery = Imagery::new(vec![FoundScene { scene, layers: found, sensing: None }], Vec::new());
    Ok(Found { imagery, skipped: Vec::new(), warnings })
}

/// The layers of one `GeoTIFF` by its bands' descriptions: role names, or Sentinel-2's names of bands. Of a cube the variables that are
/// single images, by their names.
///
/// # Errors
/// A file that cannot be read, and a band whose description is no role: an order is never guessed.
pub fn layers_of_file(path: &Path) -> Result<Vec<NamedLayer>, GeoioError> {
    if let Some(images) = cube::single_images(path)? {
        return of_images(path, images);
    }
    let file = RasterFile::open(path)?;
    Ok(named_bands(&file)?.into_iter().map(|(role, band)| (role, path.to_owned(), band)).collect())
}

/// The layers of a cube by the names of its variables; those that are no roles are left out.
fn of_images(path: &Path, images: Vec<(String, PathBuf)>) -> Result<Vec<NamedLayer>, GeoioError> {
    let mut layers: Vec<NamedLayer> = Vec::new();
    for (name, image) in &images {
        let Some(role) = role_of_name(name) else { continue };
        if layers.iter().any(|(other, ..)| *other == role) {
            return Err(GeoioError::UnnamedBands { path: path.to_owned(), reason: format!("two variables are {role}") });
        }
        layers.push((role, image.clone(), 1));
    }
    if layers.is_empty() {
        let names: Vec<&str> = images.iter().map(|(name, _)| name.as_str()).collect();
        let reason = format!(
            "none of its variables is named as a band; name layers, as red={}; it has {}",
            images[0].1.display(),
            names.join(", ")
        );
        return Err(GeoioError::UnnamedBands { path: path.to_owned(), reason });
    }
    Ok(layers)
}

/// The day of a `GeoTIFF`: of its tag `TIFFTAG_DATETIME`, else in its name; `None` where neither holds one.
///
/// # Errors
/// A file that cannot be read, and a tag that is there and holds no day.
pub fn date_of_file(path: &Path) -> Result<Option<Date>, GeoioError> {
    let Some(text) = RasterFile::open(path)?.date_time() else {
        return Ok(dates::in_name(&path.file_name().unwrap_or_default().to_string_lossy()));
    };
    match dates::of_tag(&text) {
        Some(date) => Ok(Some(date)),
        None => Err(GeoioError::Metadata {
            path: path.to_owned(),
            line: None,
            reason: format!("its TIFFTAG_DATETIME '{}' is no day", text.chars().take(40).collect::<String>()),
        }),
    }
}

impl Skipped {
    /// A scene that was found and cannot be used.
    pub fn new(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self { path: path.into(), reason: reason.to_string() }
    }
}
