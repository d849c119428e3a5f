//! `GeoTIFF` files, one a date, whose bands are roles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{QaRule, Role, Scene, Sensor, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::{self, Row};
use super::descriptions::named_bands;
use super::imagery::{FoundLayer, FoundScene};
use super::numbers::Numbers;
use super::{Batch, noticed};
use crate::{GeoioError, RasterFile};

/// `GeoTIFF` files, one a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeotiffSpec {
    /// A folder, or a pattern such as `scenes/*.tif`.
    pub path: PathBuf,
    /// Band number (the first is 1) of each role. Default: by the bands' descriptions, which then must be role names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, usize>>")]
    pub bands: Option<BTreeMap<Role, usize>>,
    /// CSV with columns `file` and `date`, maybe `time`, `sensor` and `platform`. Default: the day in the file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<PathBuf>,
    /// Name of the sensor. Default `geotiff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// Name of the spacecraft. Default none.
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

pub(super) fn find(spec: &GeotiffSpec, base: &Path) -> Result<Batch, GeoioError> {
    let place = base.join(&spec.path);
    let numbers = Numbers { scale: spec.scale, offset: spec.offset, nodata: spec.nodata };
    numbers.check(&place)?;
    let files = list(&place)?;
    let mut batch = Batch::default();
    let table = match &spec.dates {
        None => None,
        Some(path) => {
            let path = base.join(path);
            let rows = dates::read(&path)?;
            batch.metadata.push(path);
            Some(rows)
        }
    };
    for path in files {
        match scene(spec, numbers, &path, table.as_deref(), &mut batch.warnings) {
            Ok(found) => batch.scenes.push(found),
            Err(error) => batch.skip(&path, &error),
        }
    }
    batch.warnings.dedup();
    Ok(batch)
}

pub(super) fn list(place: &Path) -> Result<Vec<PathBuf>, GeoioError> {
    let wrong = |reason: String| GeoioError::Imagery { path: place.to_owned(), reason };
    let mut files: Vec<PathBuf> = if place.is_dir() {
        let entries = std::fs::read_dir(place).map_err(|source| GeoioError::Input { path: place.to_owned(), source })?;
        let is_tiff = |path: &PathBuf| {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            matches!(extension.as_str(), "tif" | "tiff") && path.is_file()
        };
        entries.filter_map(|entry| entry.ok().map(|e| e.path())).filter(is_tiff).collect()
    } else {
        let text = place.to_str().ok_or_else(|| wrong("its name is not UTF-8".to_owned()))?;
        let matches = glob::glob(text).map_err(|error| wrong(error.to_string()))?;
        matches.filter_map(Result::ok).filter(|path| path.is_file()).collect()
    };
    files.sort();
    if files.is_empty() {
        return Err(wrong("no file is there; give a folder of .tif files or a pattern".to_owned()));
    }
    Ok(files)
}

fn scene(
    spec: &GeotiffSpec,
    numbers: Numbers,
    path: &Path,
    table: Option<&[Row]>,
    warnings: &mut Vec<Warning>,
) -> Result<FoundScene, GeoioError> {
    let file = RasterFile::open(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bands = match &spec.bands {
        Some(bands) => bands.clone(),
        None => named_bands(&file)?,
    };
    let row = day(path, &name, table)?;
    let roles: Vec<Role> = bands.keys().cloned().collect();
    let id = row.sensor.as_deref().or(spec.sensor.as_deref()).unwrap_or("geotiff");
    let sensor = sensor(id, &roles, spec.qa.as_ref(), spec.clear.as_ref(), path)?;
    let (mut layers, mut described) = (Vec::new(), Vec::new());
    for (role, &band) in &bands {
        let info = band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: path.to_owned(),
            layer: format!("{role} (band {band})"),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        if matches!(role, Role::Band(_)) && info.data_type == "Byte" {
            let message = format!("{role} is stored in 8 bits: good for a picture, hardly for measuring");
            warnings.push(Warning::new("eight_bit", message).about(name.clone()));
        }
        described.push((role.clone(), numbers.scaling(role, info, path)?));
        layers.push(FoundLayer { role: role.clone(), path: path.to_owned(), band, void: numbers.void(role, info), curve: None });
    }
    warnings.extend(noticed(numbers, bands.iter().map(|(role, band)| (role, &file, *band))));
    let scene = Scene {
        id: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        sensor: Arc::new(sensor),
        platform: row.platform.or_else(|| spec.platform.clone()).unwrap_or_default(),
        orbit: spec.orbit,
        date: row.date,
        second: row.second,
        generation: String::new(),
        grid: file.grid().clone(),
        layers: described,
    };
    Ok(FoundScene { scene, layers, sensing: None })
}

pub(super) fn day(path: &Path, name: &str, table: Option<&[Row]>) -> Result<Row, GeoioError> {
    let missing = |reason: &str| GeoioError::Metadata { path: path.to_owned(), line: None, reason: reason.to_owned() };
    let Some(rows) = table else {
        let date = dates::in_name(name)
            .ok_or_else(|| missing("its name holds no day (yyyymmdd or yyyy-mm-dd); give dates = \"dates.csv\""))?;
        return Ok(Row { file: None, date, second: None, sensor: None, platform: None });
    };
    let is_named = |row: &&Row| row.file.as_deref().is_some_and(|file| Path::new(file).file_name() == path.file_name());
    rows.iter().find(is_named).cloned().ok_or_else(|| missing("the table of dates has no line for it"))
}

/// A sensor of which the job says all: its name, and what a clear pixel is.
pub(super) fn sensor(
    id: &str,
    roles: &[Role],
    qa: Option<&QaRule>,
    clear: Option<&Vec<u16>>,
    path: &Path,
) -> Result<Sensor, GeoioError> {
    let wrong = |reason: &str| GeoioError::Imagery { path: path.to_owned(), reason: reason.to_owned() };
    let short = clear.map(|codes| QaRule::value_in(codes.clone()));
    if qa.is_some() && clear.is_some() {
        return Err(wrong("qa and clear both say what a clear pixel is; give one"));
    }
    let rule = qa.or(short.as_ref());
    let plain = Sensor::plain(id);
    let Some(rule) = rule else { return Ok(plain) };
    let layer = [Role::Qa, Role::Scl].into_iter().find(|role| roles.contains(role));
    let layer = layer.ok_or_else(|| wrong("a rule for clear pixels needs a band with the role qa or scl"))?;
    Ok(plain.with_rule(&layer, rule))
}
