//! A scene in the making: the files of one granule and what its names and metadata say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Date, Grid, Role, Scaling, Scene, Sensor};

use super::imagery::{FoundLayer, FoundScene, Sensing};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile};

/// Folders below the given one in which files are looked for.
pub(super) const DEPTH: usize = 2;

/// Part of a pixel by which the corners of one product's layers may differ.
const TOLERANCE: f64 = 1e-3;

/// What is known of a granule before its files are opened.
#[derive(Debug)]
pub(super) struct Granule {
    pub(super) id: String,
    pub(super) sensor: Sensor,
    pub(super) platform: String,
    pub(super) orbit: Option<u32>,
    pub(super) date: Date,
    pub(super) second: Option<u32>,
    pub(super) generation: String,
    /// What its versions share, where the product tells.
    pub(super) sensing: Option<Sensing>,
    pub(super) layers: Vec<FoundLayer>,
    /// Scaling of each layer.
    pub(super) scalings: Vec<Scaling>,
}

impl Granule {
    /// Adds a layer of one file.
    pub(super) fn push(&mut self, layer: FoundLayer, scaling: Scaling) {
        self.layers.push(layer);
        self.scalings.push(scaling);
    }

    /// The scene, on the grid of its finest band; `path` is for messages, `eight_bit` whether bands may be stored in 8 bits.
    ///
    /// # Errors
    /// A file that cannot be read, layers that lie apart, bands of 8 bits, and a granule without any band.
    pub(super) fn scene(self, path: &Path, eight_bit: bool) -> Result<FoundScene, GeoioError> {
        let grid = native_grid(&self.layers, path, eight_bit)?;
        let described = self.layers.iter().map(|layer| layer.role.clone()).zip(self.scalings).collect();
        let scene = Scene {
            id: self.id,
            sensor: Arc::new(self.sensor),
            platform: self.platform,
            orbit: self.orbit,
            date: self.date,
            second: self.second,
            generation: self.generation,
            grid,
            layers: described,
        };
        Ok(FoundScene { scene, layers: self.layers, sensing: self.sensing })
    }
}

/// A layer that is the one band of its file, with its "no data" by the table.
pub(super) fn single(role: &Role, path: &Path, nodata: Option<f64>) -> FoundLayer {
    let void = Void::nodata(if role.is_quality() { None } else { nodata });
    FoundLayer { role: role.clone(), path: path.to_owned(), band: 1, void, curve: None }
}

/// The grid of the finest band; every layer must cover the same ground.
pub(super) fn native_grid(layers: &[FoundLayer], path: &Path, eight_bit: bool) -> Result<Grid, GeoioError> {
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    let mut finest: Option<Grid> = None;
    let mut seen: Vec<&Path> = Vec::new();
    for layer in layers {
        if seen.contains(&layer.path.as_path()) && (layer.role.is_quality() || finest.is_some()) {
            continue;
        }
        seen.push(&layer.path);
        let file = RasterFile::open(&layer.path)?;
        let info = layer.band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: layer.path.clone(),
            layer: format!("{} (band {})", layer.role, layer.band),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        if !layer.role.is_quality() && info.data_type == "Byte" && !eight_bit {
            return Err(wrong(format!("{} holds 8-bit numbers: a quick-look, not reflectance", layer.path.display())));
        }
        let grid = file.grid();
        if finest.as_ref().is_some_and(|finest| !same_ground(finest, grid)) {
            return Err(wrong(format!("{} lies elsewhere than the layers before it", layer.path.display())));
        }
        if !layer.role.is_quality() && finest.as_ref().is_none_or(|finest| grid.step_x < finest.step_x) {
            finest = Some(grid.clone());
        }
    }
    finest.ok_or_else(|| wrong("no image of a band is there".to_owned()))
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

/// Files whose names are wanted, at a place and up to two folders below it, sorted; hidden ones are passed over. A file is itself.
///
/// # Errors
/// [`GeoioError::Input`] for a folder that cannot be listed.
pub(super) fn files_below(place: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, GeoioError> {
    let mut found = Vec::new();
    if place.is_file() {
        found.extend(place.file_name().and_then(|name| name.to_str()).filter(|name| is_wanted(name)).map(|_| place.to_owned()));
    } else {
        collect(place, DEPTH, &is_wanted, &mut found).map_err(|source| GeoioError::Input { path: place.to_owned(), source })?;
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, is_wanted: &impl Fn(&str) -> bool, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, is_wanted, files)?;
            }
        } else if is_wanted(name) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a name ends like that of a TIFF.
pub(super) fn is_tiff(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["tif", "tiff"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// Files by what makes them one granule, in order; what has no such key is passed over.
pub(super) fn by_granule<K: Ord>(files: Vec<PathBuf>, key: impl Fn(&Path) -> Option<K>) -> BTreeMap<K, Vec<PathBuf>> {
    let mut granules: BTreeMap<K, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        if let Some(key) = key(&file) {
            granules.entry(key).or_default().push(file);
        }
    }
    granules
}

/// The name of a file as text; empty where it is none.
pub(super) fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Day and second of day of `20230123T151234` (the second where it is one).
pub(super) fn compact_time(text: &str) -> Option<(Date, Option<u32>)> {
    let (day, clock) = text.split_once('T').unwrap_or((text, ""));
    Some((compact_day(day)?, compact_clock(clock.trim_end_matches('Z'))))
}

/// Day and second of day of `2023123T151234`, whose day is counted within the year.
pub(super) fn ordinal_time(text: &str) -> Option<(Date, Option<u32>)> {
    let (day, clock) = text.split_once('T').unwrap_or((text, ""));
    let number = |part: Option<&str>| part.filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?.parse::<i32>().ok();
    let (year, of_year) = (number(day.get(..4))?, number(day.get(4..))?);
    let date = Date::from_days(Date::from_ymd(year, 1, 1)?.days() + of_year - 1);
    (day.len() == 7 && of_year >= 1 && date.year() == year).then(|| (date, compact_clock(clock)))
}

fn compact_day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    Date::from_ymd(number(0..4)? as i32, number(4..6)?, number(6..8)?)
}

fn compact_clock(text: &str) -> Option<u32> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    super::dates::second_of_day(&format!("{}:{}:{}", &text[..2], &text[2..4], &text[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_names_are_read_where_they_are_days() {
        let told = |time: Option<(Date, Option<u32>)>| time.map(|(date, second)| (date.to_string(), second));
        assert_eq!(told(compact_time("20230123T151234Z")), Some(("2023-01-23".to_owned(), Some(54_754))));
        assert_eq!(told(compact_time("20230123")), Some(("2023-01-23".to_owned(), None)));
        assert_eq!(told(ordinal_time("2023123T151234")), Some(("2023-05-03".to_owned(), Some(54_754))));
        assert_eq!(told(ordinal_time("2024366")), Some(("2024-12-31".to_owned(), None)));
        for wrong in ["2023366", "2023000", "202312", "2023-23"] {
            assert_eq!(ordinal_time(wrong), None, "{wrong}");
        }
        assert_eq!(compact_time("20230230"), None);
    }
}
