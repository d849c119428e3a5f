//! `GeoTIFF` files whose bands are dates: one a band role.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{QaRule, Role, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::geotiff::sensor;
use super::imagery::{FoundLayer, FoundScene};
use super::numbers::Numbers;
use super::{Batch, dates, noticed};
use crate::{GeoioError, RasterFile};

/// Stacks of one place: files that share their dates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackSpec {
    /// File of each band role; its bands are dates. `ndvi = "ndvi.tif"` is a ready-made index.
    #[schemars(with = "BTreeMap<String, PathBuf>")]
    pub bands: BTreeMap<Role, PathBuf>,
    /// CSV whose column `date` gives the day of each band in order; `time`, `sensor` and `platform` are read where they are there.
    pub dates: PathBuf,
    /// Name of the sensor where the table has no column `sensor`. Default `stack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// Name of the spacecraft where the table has no column `platform`. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Relative orbit. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<u32>,
    /// Factor from stored numbers to values. Default 1, or the files' tag where neither scale nor offset is given. Bands of 8 bits
    /// need one: a quick-look is no reflectance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Summand after the factor. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// Stored number that means "no data". Default the files'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodata: Option<f64>,
    /// What a clear pixel's code meets, over the role `qa`, else `scl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub qa: Option<QaRule>,
    /// Codes of clear pixels: short for a rule `value in {..}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear: Option<Vec<u16>>,
}

pub(super) fn find(spec: &StackSpec, base: &Path) -> Result<Batch, GeoioError> {
    let table = base.join(&spec.dates);
    let rows = dates::read(&table)?;
    let wrong = |reason: String| GeoioError::Imagery { path: table.clone(), reason };
    let numbers = Numbers { scale: spec.scale, offset: spec.offset, nodata: spec.nodata };
    numbers.check(&table)?;
    let roles: Vec<Role> = spec.bands.keys().cloned().collect();
    let mut batch = Batch { metadata: vec![table.clone()], ..Batch::default() };
    let mut files = Vec::new();
    for (role, path) in &spec.bands {
        let file = RasterFile::open(&base.join(path))?;
        if file.bands().len() != rows.len() {
            return Err(wrong(format!(
                "it has {} dates, and {} has {} bands; give one line a band",
                rows.len(),
                file.path().display(),
                file.bands().len()
            )));
        }
        files.push((role.clone(), file));
    }
    let Some((_, first)) = files.iter().find(|(role, _)| !role.is_quality()) else {
        return Err(wrong("its bands hold no reflectance and no index; add one, such as red = \"B4.tif\"".to_owned()));
    };
    let name = first.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let grid = first.grid().clone();
    let fallback = spec.sensor.as_deref().unwrap_or("stack");
    let mut sensors = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        let id = row.sensor.as_deref().unwrap_or(fallback);
        if !sensors.contains_key(id) {
            sensors.insert(id.to_owned(), Arc::new(sensor(id, &roles, spec.qa.as_ref(), spec.clear.as_ref(), &table)?));
        }
        let scaled =
            |(role, file): &(Role, RasterFile)| Ok((role.clone(), numbers.scaling(role, &file.bands()[i], file.path())?));
        let described = files.iter().map(scaled).collect::<Result<_, GeoioError>>()?;
        let layer = |(role, file): &(Role, RasterFile)| FoundLayer {
            role: role.clone(),
            path: file.path().to_owned(),
            band: i + 1,
            void: numbers.void(role, &file.bands()[i]),
            curve: None,
        };
        let scene = Scene {
            id: format!("{name}:{}", i + 1),
            sensor: Arc::clone(&sensors[id]),
            platform: row.platform.clone().or_else(|| spec.platform.clone()).unwrap_or_default(),
            orbit: spec.orbit,
            date: row.date,
            second: row.second,
            generation: String::new(),
            grid: grid.clone(),
            layers: described,
        };
        batch.scenes.push(FoundScene { scene, layers: files.iter().map(layer).collect(), sensing: None });
    }
    batch.warnings.extend(noticed(numbers, files.iter().map(|(role, file)| (role, file, 1))));
    Ok(batch)
}
