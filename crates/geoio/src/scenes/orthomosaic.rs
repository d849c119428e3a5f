//! Orthomosaics of drones, one `GeoTIFF` a flight: pictures (RGB, RGBA) and bands of multispectral cameras.
//!
//! Which band is which is told by the job, by the bands' descriptions (`OpenDroneMap`: Blue, Green, Red, NIR, Rededge), or by the
//! colours that a picture of 8 bits declares; an order is never guessed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use raster::sensor::Quantity;
use raster::{Band, Date, Role, Scaling, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::{self, Row};
use super::geotiff::{day, list};
use super::granule::Granule;
use super::imagery::{Found, FoundLayer, FoundScene, Imagery};
use super::numbers::Numbers;
use super::{Batch, noticed};
use crate::raster_file::{BandInfo, OWN_MASK, OwnMask, Void};
use crate::{GeoioError, OdmProject, RasterFile, cube};

/// Orthomosaics, one file a flight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrthomosaicSpec {
    /// A file, a folder, or a pattern such as `flights/*.tif`.
    pub path: PathBuf,
    /// Band number (the first is 1) of each role, `qa_alpha` among them. Default: by descriptions, else by the colours of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, usize>>")]
    pub bands: Option<BTreeMap<Role, usize>>,
    /// CSV with columns `file` and `date`, maybe `time`. Default: the day in the file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<PathBuf>,
    /// Factor from stored numbers to values. Default: 1/256 of 8 bits, else the file's tag, else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Summand after the factor. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// Stored number that means "no data" in each band besides what alpha says. Default the files': of pictures of 8 bits, what has it
    /// in all bands, or lies under the file's own mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodata: Option<f64>,
}

/// Scale of pictures. A power of two, so that what is 0 in stored numbers is 0 in a formula too, and no ratio of nearly nothing.
const OF_PICTURE: Scaling = Scaling { scale: 1.0 / 256.0, offset: 0.0 };

/// Words by which cameras and programs call their bands besides the roles' own names.
const WORDS: [(&str, Band); 8] = [
    ("rededge", Band::Rededge071),
    ("red_edge", Band::Rededge071),
    ("near_infrared", Band::Nir),
    ("nearinfrared", Band::Nir),
    ("nir_840", Band::Nir),
    ("thermal", Band::Lwir),
    ("coastal_blue", Band::Coastal),
    ("lwir", Band::Lwir),
];

pub(super) fn find(spec: &OrthomosaicSpec, base: &Path) -> Result<Batch, GeoioError> {
    let place = base.join(&spec.path);
    let numbers = Numbers { scale: spec.scale, offset: spec.offset, nodata: spec.nodata };
    numbers.check(&place)?;
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
    let project = OdmProject::at(&place);
    let files = project.as_ref().map_or_else(|| list(&place), |project| Ok(vec![project.orthophoto.clone()]))?;
    for path in files {
        let found = match project.as_ref().filter(|_| table.is_none()) {
            Some(project) => of_project(spec, numbers, project, &mut batch),
            None => scene(spec, numbers, &path, table.as_deref(), &mut batch.warnings),
        };
        match found {
            Ok(found) => batch.scenes.push(found),
            Err(error) => batch.skip(&path, &error),
        }
    }
    batch.warnings.dedup();
    Ok(batch)
}

fn scene(
    spec: &OrthomosaicSpec,
    numbers: Numbers,
    path: &Path,
    table: Option<&[Row]>,
    warnings: &mut Vec<Warning>,
) -> Result<FoundScene, GeoioError> {
    let file = RasterFile::open(path)?;
    let row = day(path, &name_of(path), table)?;
    mosaic(spec, numbers, &file, row, warnings)
}

/// The scene of a project, of the day of its photographs.
fn of_project(
    spec: &OrthomosaicSpec,
    numbers: Numbers,
    project: &OdmProject,
    batch: &mut Batch,
) -> Result<FoundScene, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: project.folder.clone(), line: None, reason };
    let date = match project.days()? {
        Some((first, last)) if first == last => first,
        Some((first, last)) => {
            return Err(wrong(format!(
                "its photographs are of {first} to {last}; give the day it stands for by dates = \"dates.csv\""
            )));
        }
        None => {
            return Err(wrong(
                "nothing tells the day of its photographs (odm_report/shots.geojson); give dates = \"dates.csv\"".to_owned(),
            ));
        }
    };
    batch.metadata.extend(project.shots.iter().chain(&project.report).cloned());
    let row = Row { file: None, date, second: None, sensor: None, platform: None };
    let mut found = mosaic(spec, numbers, &RasterFile::open(&project.orthophoto)?, row, &mut batch.warnings)?;
    found.scene.id = name_of(&project.folder);
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The scene of one picture or project, whose day nobody needs to know.
///
/// # Errors
/// As [`find`](super::find).
pub fn picture(path: &Path) -> Result<Found, GeoioError> {
    let numbers = Numbers { scale: None, offset: None, nodata: None };
    let project = OdmProject::at(path);
    let day = project.as_ref().map(OdmProject::days).transpose()?.flatten().map(|(first, _)| first);
    let date = day.or_else(|| dates::in_name(&name_of(path))).unwrap_or(Date::from_days(0));
    let path = project.as_ref().map_or(path, |project| &project.orthophoto);
    let row = Row { file: None, date, second: None, sensor: None, platform: None };
    let mut warnings = Vec::new();
    let found = mosaic(&OrthomosaicSpec::default(), numbers, &RasterFile::open(path)?, row, &mut warnings)?;
    Ok(Found { imagery: Imagery::new(vec![found], Vec::new()), skipped: Vec::new(), warnings })
}

fn mosaic(
    spec: &OrthomosaicSpec,
    numbers: Numbers,
    file: &RasterFile,
    row: Row,
    warnings: &mut Vec<Warning>,
) -> Result<FoundScene, GeoioError> {
    let path = file.path();
    let bands = match &spec.bands {
        Some(bands) => bands.clone(),
        None => declared(file)?,
    };
    let eight_bit = bands.iter().any(|(role, band)| !role.is_quality() && info(file, *band).is_some_and(is_byte));
    let mut sensor = if eight_bit { raster::sensor::rgb() } else { raster::sensor::multispectral() };
    let has_alpha = bands.keys().any(Role::is_quality);
    let own_mask = file.own_mask().filter(|mask| !has_alpha && spec.nodata.is_none() && (eight_bit || *mask == OwnMask::Beside));
    if !has_alpha && own_mask.is_none() {
        sensor.masks.clear();
    }
    let mut granule = Granule {
        id: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        platform: String::new(),
        orbit: None,
        date: row.date,
        second: row.second,
        generation: String::new(),
        sensing: None,
        layers: Vec::new(),
        scalings: Vec::new(),
        sensor,
    };
    for (role, &band) in &bands {
        let info = info(file, band).ok_or_else(|| GeoioError::MissingLayer {
            path: path.to_owned(),
            layer: format!("{role} (band {band})"),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        let scaling = match role {
            role if role.is_quality() => Scaling::IDENTITY,
            _ if is_byte(info) && spec.scale.is_none() && spec.offset.is_none() => OF_PICTURE,
            role => numbers.scaling(role, info, path)?,
        };
        let void = if own_mask == Some(OwnMask::Shared) { Void::default() } else { numbers.void(role, info) };
        granule.push(FoundLayer { role: role.clone(), path: path.to_owned(), band, void, curve: None }, scaling);
    }
    if own_mask.is_some() {
        let void = Void::default();
        let layer = FoundLayer { role: alpha(), path: path.to_owned(), band: OWN_MASK, void, curve: None };
        granule.push(layer, Scaling::IDENTITY);
    }
    if granule.sensor.quantity != Quantity::Relative {
        warnings.extend(noticed(numbers, bands.iter().map(|(role, band)| (role, file, *band))));
    }
    granule.scene(path, true)
}

fn info(file: &RasterFile, band: usize) -> Option<&BandInfo> {
    band.checked_sub(1).and_then(|i| file.bands().get(i))
}

fn is_byte(info: &BandInfo) -> bool {
    info.data_type == "Byte"
}

/// Whether a file is a picture: 8 bits, and red, green and blue by its colours.
///
/// # Errors
/// What [`RasterFile::open`] gives.
pub fn is_picture(path: &Path) -> Result<bool, GeoioError> {
    if cube::is_named(path) {
        return Ok(false);
    }
    let file = RasterFile::open(path)?;
    let has_no_words = file.bands().iter().all(|band| band.description.is_empty());
    Ok(has_no_words && file.bands().iter().all(is_byte) && by_colour(&file).is_some())
}

/// Roles by the bands' descriptions, else by the colours of a picture.
fn declared(file: &RasterFile) -> Result<BTreeMap<Role, usize>, GeoioError> {
    let all = file.bands();
    let is_alpha = |band: &BandInfo| band.interpretation == "Alpha";
    if all.iter().filter(|band| !is_alpha(band)).all(|band| band.description.trim().is_empty())
        && let Some(bands) = by_colour(file).filter(|_| all.iter().all(is_byte))
    {
        return Ok(bands);
    }
    let mut bands = BTreeMap::new();
    for (i, band) in all.iter().enumerate() {
        let role = if is_alpha(band) { Some(alpha()) } else { by_word(&band.description) };
        let role = role.ok_or_else(|| undeclared(file, i))?;
        if bands.insert(role, i + 1).is_some() {
            return Err(undeclared(file, i));
        }
    }
    Ok(bands)
}

fn alpha() -> Role {
    Role::Quality("alpha".to_owned())
}

fn by_colour(file: &RasterFile) -> Option<BTreeMap<Role, usize>> {
    let role = |band: &BandInfo| match band.interpretation.as_str() {
        "Red" => Some(Role::Band(Band::Red)),
        "Green" => Some(Role::Band(Band::Green)),
        "Blue" => Some(Role::Band(Band::Blue)),
        "Alpha" => Some(alpha()),
        _ => None,
    };
    let bands: BTreeMap<Role, usize> =
        file.bands().iter().map(role).zip(1..).map(|(role, n)| Some((role?, n))).collect::<Option<_>>()?;
    let has = |band| bands.contains_key(&Role::Band(band));
    (bands.len() == file.bands().len() && has(Band::Red) && has(Band::Green) && has(Band::Blue)).then_some(bands)
}

fn by_word(text: &str) -> Option<Role> {
    let word = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    if word == "alpha" {
        return Some(alpha());
    }
    let known = WORDS.iter().find(|(name, _)| *name == word).map(|(_, band)| Role::Band(*band));
    known.or_else(|| word.parse().ok().filter(|role| matches!(role, Role::Band(_))))
}

/// The refusal of a file whose bands say not what they are, with a line that does.
fn undeclared(file: &RasterFile, place: usize) -> GeoioError {
    let count = file.bands().len();
    let names: &[&str] = match count {
        1 => &["red"],
        3 => &["red", "green", "blue"],
        4 => &["red", "green", "blue", "qa_alpha"],
        5 => &["blue", "green", "red", "nir", "rededge071"],
        _ => &["blue", "green", "red", "nir", "rededge071", "qa_alpha"],
    };
    let line: Vec<String> = names.iter().zip(1..).map(|(name, number)| format!("{name} = {number}")).collect();
    let said = file.bands()[place].description.trim();
    let what = if said.is_empty() { "has no description".to_owned() } else { format!("is called '{said}'") };
    GeoioError::UnnamedBands {
        path: file.path().to_owned(),
        reason: format!(
            "band {} of {count} {what}, and cameras differ in their order; where it is this one: bands = {{ {} }}",
            place + 1,
            line.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_cameras_are_bands_and_numbers_are_none() {
        for (text, expected) in [
            ("Rededge", Some(Role::Band(Band::Rededge071))),
            ("Red edge", Some(Role::Band(Band::Rededge071))),
            ("NIR", Some(Role::Band(Band::Nir))),
            ("Blue", Some(Role::Band(Band::Blue))),
            ("alpha", Some(alpha())),
            ("Band 1", None),
            ("ndvi", None),
            ("", None),
        ] {
            assert_eq!(by_word(text), expected, "{text}");
        }
    }
}
