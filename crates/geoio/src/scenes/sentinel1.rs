//! Sentinel-1 terrain-corrected backscatter (RTC) as OPERA and the Planetary Computer give it: gamma nought in power, one file a
//! polarisation.
//!
//! Source: NASA JPL, OPERA RTC-S1 Product Specification (JPL D-108758): names, tags `TRACK_NUMBER` and `ORBIT_PASS_DIRECTION`, codes of
//! the mask; ESA, Sentinel-1 Product Specification: names of GRD products; STAC extension `sat`: `relative_orbit`, `orbit_state`.

use std::path::{Path, PathBuf};

use raster::sensor::{Pass, Quantity};
use raster::{Date, Scaling, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::curve::Curve;
use super::granule::{Granule, by_granule, compact_time, files_below, is_tiff, name_of};
use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::{Batch, xml};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile};

/// Sentinel-1 RTC scenes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentinel1Spec {
    /// A folder with the files of scenes, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
    /// Only scenes of this relative orbit; where a scene itself does not tell its orbit, it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<u32>,
    /// Only scenes of this pass, `ascending` or `descending`; where a scene itself does not tell its pass, it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub pass: Option<Pass>,
    /// `power` (default) or `db`: decibels are made of power at the very end.
    #[serde(default)]
    pub units: PowerUnits,
    /// Decibels up to which power is noise and not seen, such as -35 where the borders of older scenes hold noise. Default: power of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_db: Option<f64>,
}

/// What backscatter is given in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PowerUnits {
    /// Ratio of powers.
    #[default]
    Power,
    /// Decibels.
    Db,
}

/// What the name of a file, or of the folders it stands in, says of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// Product or burst, without the polarisation.
    id: String,
    platform: String,
    /// Start of sensing, such as `20230101T103000`.
    start: String,
    /// When it was made; empty where the name does not tell.
    made: String,
    /// Relative orbit, where the name tells.
    orbit: Option<u32>,
    /// What its versions share besides time and platform.
    place: String,
}

impl Name {
    fn parse(path: &Path) -> Option<Self> {
        let folders = path.ancestors().skip(1).take(2).map(name_of);
        std::iter::once(name_of(path)).chain(folders).find_map(|name| Self::opera(name).or_else(|| Self::grd(name)))
    }

    /// `OPERA_L2_RTC-S1_T168-359595-IW2_20230101T103000Z_20230102T010203Z_S1A_30_v1.0_VV.tif`.
    fn opera(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('_').collect();
        let ["OPERA", "L2", "RTC-S1", burst, start, made, satellite, _, version, ..] = parts[..] else { return None };
        let length: usize = parts[..8].iter().map(|part| part.len() + 1).sum();
        let version = version.split(".tif").next()?;
        Some(Self {
            id: format!("{}{version}", &name[..length]),
            platform: platform(satellite)?,
            start: start.trim_end_matches('Z').to_owned(),
            made: made.trim_end_matches('Z').to_owned(),
            orbit: burst.strip_prefix('T')?.split('-').next()?.parse().ok(),
            place: burst.to_owned(),
        })
    }

    /// `S1A_IW_GRDH_1SDV_20220614T154712_20220614T154737_043659_05366A..`.
    fn grd(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split(['_', '.']).collect();
        let [satellite, mode, kind, _, start, end, absolute, take, ..] = parts[..] else { return None };
        let platform = platform(satellite).filter(|_| kind.starts_with("GRD") && mode.len() == 2 && take.len() == 6)?;
        compact_time(end)?;
        let length: usize = parts[..8].iter().map(|part| part.len() + 1).sum();
        let orbit = absolute.parse().ok().and_then(|absolute| relative_orbit(satellite, absolute));
        let (id, place) = (name.get(..length - 1)?.to_owned(), String::new());
        Some(Self { id, platform, start: start.to_owned(), made: String::new(), orbit, place })
    }
}

fn platform(satellite: &str) -> Option<String> {
    let letter = satellite.strip_prefix("S1").filter(|rest| matches!(*rest, "A" | "B" | "C" | "D"))?;
    Some(format!("Sentinel-1{letter}"))
}

/// Relative of an absolute orbit, where ESA says how the two of a satellite go together.
fn relative_orbit(satellite: &str, absolute: u32) -> Option<u32> {
    let first = match satellite {
        "S1A" => 73,
        "S1B" => 27,
        "S1C" => 172,
        _ => return None,
    };
    Some(absolute.checked_sub(first)? % 175 + 1)
}

/// What a file holds, by the last word of its name: a polarisation, or the mask.
fn asset(name: &str) -> Option<&'static str> {
    let stem = name.to_ascii_lowercase();
    let stem = stem.trim_end_matches(".tiff").trim_end_matches(".tif");
    let mut words = stem.rsplit(['_', '-', '.']).filter(|word| *word != "rtc");
    let last = words.next()?;
    [("vv", "VV"), ("vh", "VH"), ("hh", "HH"), ("hv", "HV"), ("mask", "mask")]
        .iter()
        .find(|(word, _)| *word == last)
        .map(|(_, a)| *a)
}

/// Whether a file is one of Sentinel-1 RTC by its name and the folders it stands in.
pub(super) fn is_sentinel1(path: &Path) -> bool {
    is_tiff(name_of(path)) && asset(name_of(path)).is_some() && Name::parse(path).is_some()
}

pub(super) fn find(spec: &Sentinel1Spec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    if spec.floor_db.is_some_and(|floor| !(-100.0..=0.0).contains(&floor)) {
        return Err(GeoioError::Imagery { path: root, reason: "floor_db is no number of decibels from -100 to 0".to_owned() });
    }
    let files = files_below(&root, |name| is_tiff(name) && asset(name).is_some())?;
    let items = items(&root)?;
    let mut batch = Batch::default();
    for (name, files) in by_granule(files, Name::parse) {
        match scene(spec, &name, &files, &items, &mut batch) {
            Ok(Some(found)) => batch.scenes.push(found),
            Ok(None) => {}
            Err(error) => batch.skip(&files[0], &error),
        }
    }
    if batch.scenes.is_empty() && batch.skipped.is_empty() {
        let reason = "it holds no RTC scene of the orbit and pass asked for: files like OPERA_L2_RTC-S1_..._VV.tif or \
                      S1A_IW_GRDH_1SDV_.../measurement/iw-vv.rtc.tiff"
            .to_owned();
        return Err(GeoioError::Imagery { path: root, reason });
    }
    Ok(batch)
}

/// What a STAC item says.
struct Item {
    id: String,
    orbit: Option<u32>,
    pass: Option<Pass>,
    path: PathBuf,
}

/// The STAC items beside the images. Other JSON is passed over.
fn items(root: &Path) -> Result<Vec<Item>, GeoioError> {
    let mut items = Vec::new();
    for path in files_below(root, |name| name.starts_with("S1") && name.to_ascii_lowercase().ends_with(".json"))? {
        let Ok(json) = serde_json::from_str::<Value>(&xml::read_text(&path)?) else { continue };
        let Some(id) = json.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
        let property = |name: &str| json.get("properties").and_then(|of| of.get(name));
        let orbit = property("sat:relative_orbit").and_then(Value::as_u64).and_then(|orbit| u32::try_from(orbit).ok());
        let pass = property("sat:orbit_state").and_then(Value::as_str).and_then(|text| text.parse().ok());
        items.push(Item { id, orbit, pass, path });
    }
    Ok(items)
}

/// The scene; `None` where the job wants another orbit or pass.
fn scene(
    spec: &Sentinel1Spec,
    name: &Name,
    files: &[PathBuf],
    items: &[Item],
    batch: &mut Batch,
) -> Result<Option<FoundScene>, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: files[0].clone(), line: None, reason };
    let (date, second) =
        compact_time(&name.start).ok_or_else(|| wrong(format!("'{}' in its name is no time of sensing", name.start)))?;
    let (orbit, pass) = geometry(name, files, items, batch)?;
    let pass = pass.or(spec.pass).ok_or_else(|| {
        wrong("nothing tells its pass: fetch its STAC item (.json) too, or give pass = \"descending\" (or ascending)".to_owned())
    })?;
    let orbit = orbit.or(spec.orbit).ok_or_else(|| {
        wrong("nothing tells its relative orbit: fetch its STAC item (.json) too, or give orbit = ..".to_owned())
    })?;
    if spec.pass.is_some_and(|wanted| wanted != pass) || spec.orbit.is_some_and(|wanted| wanted != orbit) {
        return Ok(None);
    }
    let mut sensor = raster::sensor::sentinel1(pass);
    let has_mask = files.iter().any(|file| asset(name_of(file)) == Some("mask"));
    if !has_mask {
        // Which places the radar cannot see is then not known; the others are as good.
        sensor.masks.clear();
        batch.warnings.push(no_mask(name));
    }
    let curve = (spec.units == PowerUnits::Db).then_some(Curve::Decibel);
    if curve.is_some() {
        sensor.quantity = Quantity::Decibel;
    }
    let mut granule = Granule {
        id: name.id.clone(),
        platform: name.platform.clone(),
        orbit: Some(orbit),
        date,
        second,
        generation: name.made.clone(),
        sensing: sensing(name, date, second),
        layers: Vec::new(),
        scalings: Vec::new(),
        sensor: sensor.clone(),
    };
    for (role, of) in sensor.layers() {
        let Some(file) = files.iter().find(|file| asset(name_of(file)) == Some(of)) else { continue };
        let mut layer = FoundLayer { role, path: file.clone(), band: 1, void: Void::default(), curve: None };
        if !layer.role.is_quality() {
            layer.void = void(file, spec.floor_db)?;
            layer.curve = curve;
        }
        granule.push(layer, Scaling::IDENTITY);
    }
    granule.scene(&files[0], false).map(Some)
}

/// Power of 0 and less is none: the border of a scene, or what was taken off as noise.
fn void(path: &Path, floor_db: Option<f64>) -> Result<Void, GeoioError> {
    let file = RasterFile::open(path)?;
    let info = &file.bands()[0];
    if !info.data_type.starts_with("Float") {
        let reason = format!("it holds {} numbers, and RTC power has float32: it was scaled by somebody", info.data_type);
        return Err(GeoioError::Metadata { path: path.to_owned(), line: None, reason });
    }
    // The Planetary Computer's "no data" is -32768, which is below any power.
    let least = floor_db.map_or(0.0, |floor| 10f64.powf(floor / 10.0));
    Ok(Void { nodata: info.nodata.filter(|nodata| !nodata.is_nan()), saturated: None, least: Some(least) })
}

/// Relative orbit and pass by the STAC item, the file's tags, the name; where two of them differ the scene is refused.
fn geometry(
    name: &Name,
    files: &[PathBuf],
    items: &[Item],
    batch: &mut Batch,
) -> Result<(Option<u32>, Option<Pass>), GeoioError> {
    let item = items.iter().find(|item| item.id.starts_with(&name.id) || name.id.starts_with(&item.id));
    batch.metadata.extend(item.map(|item| item.path.clone()));
    let file = RasterFile::open(&files[0])?;
    let tag = |key: &str| file.metadata(key).filter(|text| !text.trim().is_empty());
    let mut orbits: Vec<u32> = tag("TRACK_NUMBER").and_then(|text| text.trim().parse().ok()).into_iter().collect();
    orbits.extend(item.and_then(|item| item.orbit).into_iter().chain(name.orbit));
    let tagged = tag("ORBIT_PASS_DIRECTION").and_then(|text| text.parse().ok());
    let passes: Vec<Pass> = tagged.into_iter().chain(item.and_then(|item| item.pass)).collect();
    let differs = orbits.windows(2).any(|pair| pair[0] != pair[1]) || passes.windows(2).any(|pair| pair[0] != pair[1]);
    if differs {
        let reason = format!(
            "its tags, its STAC item and its name say different orbits or passes ({orbits:?} {passes:?}): put them right"
        );
        return Err(GeoioError::Metadata { path: files[0].clone(), line: None, reason });
    }
    Ok((orbits.first().copied(), passes.first().copied()))
}

/// What two versions of one burst share; GRD names do not tell which of two is the later.
fn sensing(name: &Name, date: Date, second: Option<u32>) -> Option<Sensing> {
    let second = second.filter(|_| !name.place.is_empty())?;
    let what = format!("{} {}", name.platform, name.place);
    Some(Sensing { what, second: i64::from(date.days()) * 86_400 + i64::from(second) })
}

fn no_mask(name: &Name) -> Warning {
    let message = "it has no mask of layover and shadow: what the radar cannot see there counts as seen";
    Warning::new("no_layover_mask", message).about(name.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_providers_tell_time_orbit_polarisation() {
        let path = Path::new("x/OPERA_L2_RTC-S1_T168-359595-IW2_20230101T103000Z_20230102T010203Z_S1A_30_v1.0_VV.tif");
        let name = Name::parse(path).expect("a name");
        assert_eq!((name.start.as_str(), name.made.as_str(), name.orbit), ("20230101T103000", "20230102T010203", Some(168)));
        assert!(name.id.ends_with("_S1A_30_v1.0") && asset(name_of(path)) == Some("VV"), "{}", name.id);
        let path = Path::new("S1A_IW_GRDH_1SDV_20220614T154712_20220614T154737_043659_05366A_B8C9/measurement/iw-vh.rtc.tiff");
        let name = Name::parse(path).expect("a name");
        // (43659 - 73) mod 175 + 1 = 12.
        assert_eq!((name.orbit, name.platform.as_str(), asset(name_of(path))), (Some(12), "Sentinel-1A", Some("VH")));
        assert!(name.id.ends_with("_05366A"), "{}", name.id);
        assert_eq!(asset("S1A_IW_GRDH_1SDV_20220614T154712_20220614T154737_043659_05366A_rtc_vv.tif"), Some("VV"));
        assert_eq!(relative_orbit("S1D", 400), None);
        assert!(!is_sentinel1(Path::new("a_vv.tif")));
    }
}
