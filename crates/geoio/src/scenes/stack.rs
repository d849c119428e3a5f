//! `GeoTIFF` files whose bands are dates, and variables of cubes over time: one a band role.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Date, QaRule, Role, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::geotiff::sensor;
use super::imagery::{FoundLayer, FoundScene};
use super::numbers::Numbers;
use super::{Batch, dates, noticed};
use crate::cube::Moment;
use crate::{GeoioError, RasterFile, cube};

/// Stacks of one place: files that share their dates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackSpec {
    /// File of each band role; its bands are dates. `ndvi = "ndvi.tif"` is a ready-made index. A cube (`NetCDF`, HDF5, Zarr) may name its
    /// variable: `ndvi = "cube.nc#ndvi"`.
    #[schemars(with = "BTreeMap<String, PathBuf>")]
    pub bands: BTreeMap<Role, PathBuf>,
    /// CSV whose column `date` gives the day of each band in order; `time`, `sensor` and `platform` are read where they are there. Default
    /// the time axis of cubes; other files need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<PathBuf>,
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
    let numbers = Numbers { scale: spec.scale, offset: spec.offset, nodata: spec.nodata };
    let mut files = Vec::new();
    let opened = |(role, path): (&Role, &PathBuf)| {
        RasterFile::open(&cube::of_role(&base.join(path), role)?).map(|file| (role.clone(), file))
    };
    // A table that is not there is told before the files are opened.
    let table = spec.dates.as_ref().map(|dates| base.join(dates));
    let given = table.as_deref().map(dates::read).transpose()?;
    for entry in &spec.bands {
        files.push(opened(entry)?);
    }
    let (rows, table) = match (given, table) {
        (Some(rows), Some(table)) => (rows, table),
        _ => own_dates(&files)?,
    };
    let wrong = |reason: String| GeoioError::Imagery { path: table.clone(), reason };
    numbers.check(&table)?;
    let roles: Vec<Role> = spec.bands.keys().cloned().collect();
    let mut batch = Batch { metadata: spec.dates.iter().map(|_| table.clone()).collect(), ..Batch::default() };
    if let Some((_, file)) = files.iter().find(|(_, file)| file.bands().len() != rows.len()) {
        return Err(wrong(format!(
            "it has {} dates, and {} has {} bands; give one line a band",
            rows.len(),
            file.path().display(),
            file.bands().len()
        )));
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

/// The dates that the files themselves tell, and the first file.
fn own_dates(files: &[(Role, RasterFile)]) -> Result<(Vec<dates::Row>, PathBuf), GeoioError> {
    let wrong = |file: &RasterFile, reason: &str| GeoioError::Imagery { path: file.path().to_owned(), reason: reason.to_owned() };
    let mut found: Option<&RasterFile> = None;
    for (_, file) in files {
        let moments = file.moments().ok_or_else(|| {
            wrong(
                file,
                "it does not tell the dates of its bands: give a CSV whose column date has the day of each (--dates, dates = ..)",
            )
        })?;
        match found {
            Some(first) if first.moments() != Some(moments) => {
                return Err(wrong(file, &format!("its dates are not those of {}; give them apart", first.path().display())));
            }
            _ => found = Some(file),
        }
    }
    let Some(first) = found else {
        return Err(GeoioError::Nothing { what: "the stack".to_owned(), reason: "it names no file".to_owned() });
    };
    let row = |&(date, second): &Moment| dates::Row { file: None, date, second, sensor: None, platform: None };
    Ok((first.moments().into_iter().flatten().map(row).collect(), first.path().to_owned()))
}

/// A day and, where they are told, the seconds since its midnight (UTC) of each image.
pub type Moments = Vec<(Date, Option<u32>)>;

/// The days and seconds of the images of a file that is meant by a role, where it tells them.
///
/// # Errors
/// What [`RasterFile::open`] gives.
pub fn moments_of_file(path: &Path, role: &Role) -> Result<Option<Moments>, GeoioError> {
    Ok(RasterFile::open(&cube::of_role(path, role)?)?.moments().map(<[Moment]>::to_vec))
}
