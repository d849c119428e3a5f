//! MODIS vegetation indices (MOD13Q1, MYD13Q1), as granules (HDF4) or exported to `GeoTIFF`, one file a layer.
//!
//! Source: K. Didan, MODIS Vegetation Index User's Guide. Names as `AppEEARS` gives them
//! (`MOD13Q1.061__250m_16_days_NDVI_doy2023113_aid0001.tif`) or as they keep the granule's
//! (`MOD13Q1.A2023113.h10v08.061.2023131045600_250m_16_days_NDVI.tif`).

use std::path::{Path, PathBuf};

use raster::{Date, Role, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::granule::{Granule, by_granule, files_below, is_tiff, name_of, ordinal_time};
use super::imagery::{FoundLayer, FoundScene};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile, cube};

/// "No data" of the bands; that of the indices is the table's.
const BAND_FILL: f64 = -1000.0;

/// Scale that files may give: the guide's, none, or the divisor of the original, which the library takes for a factor.
const TAGS: [f64; 3] = [0.0001, 1.0, 10_000.0];

/// Composites of MOD13Q1 and MYD13Q1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModisSpec {
    /// A folder with composites (HDF4) or their layers as `GeoTIFF`, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// `MOD13Q1` or `MYD13Q1`.
    product: String,
    /// First day of the composite.
    start: Date,
    /// Tile or area, where the name tells.
    place: String,
}

impl Name {
    /// The composite, and its layer in small letters.
    fn parse(name: &str) -> Option<(Self, String)> {
        let product = name.get(..7).filter(|product| matches!(*product, "MOD13Q1" | "MYD13Q1"))?;
        let plain: String = name.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let plain = plain.trim_end_matches("_tiff").trim_end_matches("_tif");
        let (before, layer) = plain.split_once("16_days_")?;
        let of_words = |text: &str, start: &str| {
            text.split('_').find_map(|word| ordinal_time(word.strip_prefix(start)?).map(|(date, _)| date))
        };
        let start = of_words(before, "a").or_else(|| of_words(layer, "doy"))?;
        let is_tile = |word: &&str| word.len() == 6 && word.starts_with('h') && word.as_bytes()[3] == b'v';
        let area = layer.split('_').find(|word| word.starts_with("aid"));
        let place = before.split('_').find(is_tile).or(area).unwrap_or_default().to_owned();
        let layer = layer.split("_doy").next().unwrap_or_default().to_owned();
        Some((Self { product: product.to_owned(), start, place }, layer))
    }
}

/// Whether a file is a composite as it is delivered, by its name.
pub(super) fn is_granule(name: &str) -> bool {
    let is_product = name.get(..7).is_some_and(|product| matches!(product, "MOD13Q1" | "MYD13Q1"));
    is_product && name.to_ascii_lowercase().ends_with(".hdf")
}

/// Whether a file is a layer of a composite by its name.
pub(super) fn is_layer(name: &str) -> bool {
    is_tiff(name) && Name::parse(name).is_some()
}

pub(super) fn find(spec: &ModisSpec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    let mut batch = Batch::default();
    let mut files = files_below(&root, is_layer)?;
    for granule in files_below(&root, is_granule)? {
        match cube::single_images(&granule) {
            Ok(Some(layers)) => files.extend(layers.into_iter().map(|(_, path)| path)),
            Ok(None) => {
                let (expected, reason) = ("a granule (HDF4)".to_owned(), "it does not begin like one".to_owned());
                batch.skip(&granule, &GeoioError::Open { path: granule.clone(), expected, reason });
            }
            Err(error) => batch.skip(&granule, &error),
        }
    }
    if files.is_empty() && batch.skipped.is_empty() {
        let reason = "it holds no file like MOD13Q1.A2023113.h10v08.061.2023131045600.hdf or \
                      MOD13Q1.061__250m_16_days_NDVI_doy2023113_aid0001.tif";
        return Err(GeoioError::Imagery { path: root, reason: reason.to_owned() });
    }
    let key = |path: &Path| Some((path.parent()?.to_owned(), Name::parse(name_of(path))?.0));
    for ((_, name), files) in by_granule(files, key) {
        match scene(&name, &files, &mut batch.warnings) {
            Ok(found) => batch.scenes.push(found),
            Err(error) => batch.skip(&files[0], &error),
        }
    }
    Ok(batch)
}

fn scene(name: &Name, files: &[PathBuf], warnings: &mut Vec<Warning>) -> Result<FoundScene, GeoioError> {
    let layer = |wanted: &str| {
        let wanted = wanted.to_ascii_lowercase();
        files.iter().find(|file| Name::parse(name_of(file)).is_some_and(|(_, layer)| layer == wanted))
    };
    let sensor = raster::sensor::modis_13q1();
    let id = format!(
        "{}.A{}{:03}{}{}",
        name.product,
        name.start.year(),
        name.start.day_of_year(),
        if name.place.is_empty() { "" } else { "." },
        name.place
    );
    let date = match layer("composite_day_of_the_year") {
        Some(file) => middle_day(file, name.start)?,
        None => None,
    };
    if date.is_none() {
        let message =
            "it has no composite_day_of_the_year: its day is the first of the 16, a pixel may have been seen up to 15 days later";
        warnings.push(Warning::new("composite_day", message).about(id.clone()));
    }
    let mut granule = Granule {
        platform: if name.product.starts_with("MOD") { "Terra" } else { "Aqua" }.to_owned(),
        id: id.clone(),
        orbit: None,
        date: date.unwrap_or(name.start),
        second: None,
        generation: String::new(),
        sensing: None,
        layers: Vec::new(),
        scalings: Vec::new(),
        sensor: sensor.clone(),
    };
    for (role, asset) in sensor.layers() {
        let Some(file) = layer(asset) else { continue };
        let void = if role.is_quality() { Void::default() } else { void(file, &role, sensor.nodata)? };
        let scaling = sensor.scaling_of(&role);
        granule.push(FoundLayer { role, path: file.clone(), band: 1, void, curve: None }, scaling);
    }
    if !granule.layers.iter().any(|layer| layer.role.is_quality()) {
        let message =
            "it has neither pixel_reliability nor VI_Quality: clouds cannot be told; a run needs [mask] classes = [] to use it";
        warnings.push(Warning::new("no_quality_layer", message).about(id));
    }
    granule.scene(&files[0], false)
}

/// The product's fill, and the file's own where it declares another one.
fn void(path: &Path, role: &Role, index_fill: Option<f64>) -> Result<Void, GeoioError> {
    let file = RasterFile::open(path)?;
    let info = &file.bands()[0];
    if let Some(scale) = info.scale.filter(|scale| !TAGS.iter().any(|known| (scale - known).abs() < 1e-9)) {
        let reason =
            format!("its tag says scale {scale}, and MOD13Q1 has 0.0001: read it as product = \"geotiff\" with its own numbers");
        return Err(GeoioError::Metadata { path: path.to_owned(), line: None, reason });
    }
    let fill = if matches!(role, Role::Band(_)) { Some(BAND_FILL) } else { index_fill };
    Ok(Void { nodata: fill, saturated: info.nodata.filter(|nodata| Some(*nodata) != fill), least: None })
}

/// The median of the days on which the pixels of a composite were seen; `None` where none was.
fn middle_day(path: &Path, start: Date) -> Result<Option<Date>, GeoioError> {
    let file = RasterFile::open(path)?;
    let first = start.day_of_year();
    let mut counts = [0u64; 32];
    for strip in file.grid().strips(256) {
        for &day in &file.read_i64(1, strip, -1)? {
            // A composite that ends in the new year counts its days anew.
            let length = if Date::from_ymd(start.year(), 2, 29).is_some() { 366 } else { 365 };
            let after = if day >= i64::from(first) { day - i64::from(first) } else { day + length - i64::from(first) };
            if (1..=366).contains(&day) && (0..32).contains(&after) {
                counts[after as usize] += 1;
            }
        }
    }
    let all: u64 = counts.iter().sum();
    let mut sum = 0;
    let middle = counts.iter().position(|count| {
        sum += count;
        all > 0 && 2 * sum >= all
    });
    Ok(middle.map(|after| Date::from_days(start.days() + after as i32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_kinds_tell_composite_layer_place() {
        let told = |name: &str| Name::parse(name).map(|(of, layer)| (of.product, of.start.to_string(), of.place, layer));
        let text = |parts: [&str; 4]| Some((parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned(), parts[3].to_owned()));
        assert_eq!(
            told("MOD13Q1.061__250m_16_days_VI_Quality_doy2023113_aid0001.tif"),
            text(["MOD13Q1", "2023-04-23", "aid0001", "vi_quality"])
        );
        assert_eq!(
            told("MYD13Q1.A2020361.h10v08.061.2021012045600.250m 16 days composite day of the year.tif"),
            text(["MYD13Q1", "2020-12-26", "h10v08", "composite_day_of_the_year"])
        );
        assert_eq!(told("MOD13Q1_ndvi_20230423.tif"), None);
        let granule = "MOD13Q1.A2023113.h10v08.061.2023131045600.hdf";
        assert!(!is_layer(granule) && is_granule(granule) && !is_granule("MOD09GA.A2023113.h10v08.061.2023131045600.hdf"));
    }
}
