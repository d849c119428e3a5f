//! `PlanetScope` scenes of surface reflectance with their usable data masks (UDM2).
//!
//! Source: Planet, `PlanetScope` Product Specifications: `20230618_184512_61_2447_3B_AnalyticMS_SR_8b.tif`, bands in a fixed order;
//! `.._3B_udm2.tif`; `.._metadata.json` (the instrument).

use std::path::{Path, PathBuf};

use raster::{Date, Role, Scaling, Sensor, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::granule::{Granule, by_granule, files_below, is_tiff, name_of};
use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::{Batch, dates, xml};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile};

/// The first day of version 2.1 of the mask: 2023-11-29.
const UDM2_1_FROM: Date = Date::from_days(19_690);

/// `PlanetScope` scenes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanetscopeSpec {
    /// A folder with the files of scenes, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
    /// `PS2`, `PS2.SD` or `PSB.SD`, where neither metadata nor a file of 8 bands tells the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
}

/// The part of a file's name before `_3B_`, and what follows.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (scene, rest) = name.split_once("_3B_")?;
    let day = scene.get(..8).is_some_and(|day| day.bytes().all(|b| b.is_ascii_digit()));
    (day && is_tiff(name)).then_some((scene, rest))
}

/// Whether a file is surface reflectance of `PlanetScope` by its name.
pub(super) fn is_planetscope(name: &str) -> bool {
    parts(name).is_some_and(|(_, rest)| rest.contains("AnalyticMS") && rest.contains("_SR"))
}

pub(super) fn find(spec: &PlanetscopeSpec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    if let Some(name) = spec.instrument.as_deref().filter(|name| raster::sensor::planetscope(name).is_none()) {
        let reason = format!("instrument = \"{name}\" is none; there is PS2, PS2.SD and PSB.SD");
        return Err(GeoioError::Imagery { path: root, reason });
    }
    let files = files_below(&root, |name| parts(name).is_some())?;
    let mut batch = Batch::default();
    let key = |path: &Path| Some((path.parent()?.to_owned(), parts(name_of(path))?.0.to_owned()));
    for ((folder, id), files) in by_granule(files, key) {
        match scene(spec, &folder, &id, &files, &mut batch) {
            Ok(found) => batch.scenes.push(found),
            Err(error) => batch.skip(&folder.join(id), &error),
        }
    }
    if batch.scenes.is_empty() && batch.skipped.is_empty() {
        let reason = "it holds no file like 20230618_184512_61_2447_3B_AnalyticMS_SR_8b.tif".to_owned();
        return Err(GeoioError::Imagery { path: root, reason });
    }
    Ok(batch)
}

fn scene(
    spec: &PlanetscopeSpec,
    folder: &Path,
    id: &str,
    files: &[PathBuf],
    batch: &mut Batch,
) -> Result<FoundScene, GeoioError> {
    let place = folder.join(id);
    let wrong = |reason: String| GeoioError::Metadata { path: place.clone(), line: None, reason };
    let with = |test: fn(&str) -> bool| files.iter().filter(move |file| parts(name_of(file)).is_some_and(|(_, rest)| test(rest)));
    let mut images = with(|rest| rest.contains("AnalyticMS") && rest.contains("_SR"));
    let Some(image) = images.next() else {
        return Err(wrong(
            "it has no surface reflectance (.._3B_AnalyticMS_SR..tif); radiance and pictures are not read".to_owned(),
        ));
    };
    if let Some(other) = images.next() {
        return Err(wrong(format!("it has two images, {} and {}: keep one", name_of(image), name_of(other))));
    }
    let file = RasterFile::open(image)?;
    let (date, second) = time(id).ok_or_else(|| wrong("its name begins with no day and time (yyyymmdd_hhmmss)".to_owned()))?;
    let eight = file.bands().len() == 8;
    let harmonized = name_of(image).to_ascii_lowercase().contains("harmonized");
    let instrument = instrument(spec, folder, id, eight, batch)?;
    let sensor = match &instrument {
        _ if harmonized => raster::sensor::planetscope_harmonized(),
        Some(name) => raster::sensor::planetscope(name).ok_or_else(|| wrong(format!("no sensor table for instrument {name}")))?,
        None => {
            return Err(wrong(
                "nothing tells its instrument: fetch its .._metadata.json too, or give instrument = \"PS2\" (or PS2.SD, PSB.SD)"
                    .to_owned(),
            ));
        }
    };
    let mut granule = Granule {
        id: format!("{id}_{}", name_of(image).split_once("_3B_").map_or("", |(_, rest)| rest.trim_end_matches(".tif"))),
        platform: id.rsplit('_').next().unwrap_or_default().to_owned(),
        orbit: None,
        date,
        second: Some(second),
        generation: String::new(),
        sensing: Some(Sensing { what: id.to_owned(), second: i64::from(date.days()) * 86_400 + i64::from(second) }),
        layers: Vec::new(),
        scalings: Vec::new(),
        sensor: sensor.clone(),
    };
    for (band, role) in order(&sensor, file.bands().len()).map_err(wrong)?.into_iter().enumerate() {
        let void = Void::nodata(sensor.nodata);
        granule.push(FoundLayer { role, path: image.clone(), band: band + 1, void, curve: None }, sensor.scaling);
    }
    if let Some(mask) = with(|rest| rest.to_ascii_lowercase().starts_with("udm2")).next() {
        let bands = RasterFile::open(mask)?.bands().len();
        if bands != sensor.quality.len() {
            return Err(wrong(format!("{} has {bands} bands, and UDM2 has {}", name_of(mask), sensor.quality.len())));
        }
        for ((role, _), band) in sensor.quality.iter().zip(1..) {
            let layer = FoundLayer { role: role.clone(), path: mask.clone(), band, void: Void::default(), curve: None };
            granule.push(layer, Scaling::IDENTITY);
        }
    } else {
        let message =
            "it has no .._3B_udm2.tif: clouds cannot be told from ground; a run needs [mask] classes = [] to use it all the same";
        batch.warnings.push(Warning::new("no_quality_layer", message).about(id));
    }
    granule.scene(image, false)
}

/// Version of the usable data mask of a day.
pub fn udm2_version(date: Date) -> &'static str {
    if date < UDM2_1_FROM { "2" } else { "2.1" }
}

/// Bands of a file in their order: all of the table, or the four that every instrument has.
fn order(sensor: &Sensor, bands: usize) -> Result<Vec<Role>, String> {
    use raster::Band::{Blue, Green, Nir, Red};
    let all: Vec<Role> = sensor.bands.iter().map(|band| Role::Band(band.band)).collect();
    match bands {
        4 => Ok([Blue, Green, Red, Nir].map(Role::Band).to_vec()),
        8 if all.len() == 8 => Ok(all),
        n => {
            Err(format!("its image has {n} bands; {} has files of {}", sensor.title, if all.len() == 8 { "4 or 8" } else { "4" }))
        }
    }
}

/// The instrument by the job, the metadata beside the image, or the number of bands: only `PSB.SD` has eight.
fn instrument(
    spec: &PlanetscopeSpec,
    folder: &Path,
    id: &str,
    eight: bool,
    batch: &mut Batch,
) -> Result<Option<String>, GeoioError> {
    let mut said = None;
    let json = folder.join(format!("{id}_metadata.json"));
    if json.is_file() {
        let wrong = |reason: String| GeoioError::Metadata { path: json.clone(), line: None, reason };
        let item: Value = serde_json::from_str(&xml::read_text(&json)?).map_err(|error| wrong(error.to_string()))?;
        let properties = item.get("properties").unwrap_or(&item);
        said = properties.get("instrument").and_then(Value::as_str).map(str::to_owned);
        batch.metadata.push(json.clone());
    }
    if said.is_none() {
        let ends = ["_3B_AnalyticMS_metadata.xml", "_3B_AnalyticMS_metadata_clip.xml", "_3B_AnalyticMS_8b_metadata.xml"];
        if let Some(path) = ends.iter().map(|end| folder.join(format!("{id}{end}"))).find(|path| path.is_file()) {
            let wrong = |reason: String| GeoioError::Metadata { path: path.clone(), line: None, reason };
            let elements = xml::elements(&xml::read_text(&path)?).map_err(wrong)?;
            said = elements.into_iter().find(|e| e.parent == "Instrument" && e.name == "shortName").map(|e| e.text);
            batch.metadata.push(path);
        }
    }
    let said = said.or_else(|| eight.then(|| "PSB.SD".to_owned()));
    match (&spec.instrument, said) {
        (Some(given), Some(said)) if *given != said => Err(GeoioError::Metadata {
            path: folder.join(id),
            line: None,
            reason: format!("the job says instrument = \"{given}\", and it says itself {said}"),
        }),
        (given, said) => Ok(said.or_else(|| given.clone())),
    }
}

/// Day and second of `20230618_184512_61_2447`.
fn time(id: &str) -> Option<(Date, u32)> {
    let (day, rest) = id.split_once('_')?;
    let (date, second) = super::granule::compact_time(&format!("{day}T{}", rest.get(..6)?))?;
    Some((date, second?)).filter(|_| dates::in_name(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_mask_begins_on_its_day() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!((udm2_version(day("2023-11-28")), udm2_version(day("2023-11-29"))), ("2", "2.1"));
    }

    #[test]
    fn a_name_is_a_scene_and_an_asset() {
        assert!(is_planetscope("20230618_184512_61_2447_3B_AnalyticMS_SR_8b_harmonized_clip.tif"));
        assert!(!is_planetscope("20230618_184512_61_2447_3B_AnalyticMS_8b.tif"), "radiance");
        assert!(!is_planetscope("20230618_184512_61_2447_3B_udm2.tif"));
        assert_eq!(
            time("20180815_142853_1035").map(|(date, second)| (date.to_string(), second)),
            Some(("2018-08-15".to_owned(), 52_133))
        );
    }
}
