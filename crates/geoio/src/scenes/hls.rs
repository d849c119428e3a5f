//! Harmonized Landsat Sentinel-2 (HLS) granules: one `GeoTIFF` a band.
//!
//! Source: NASA LP DAAC, HLS Product User Guide, version 2.0: `HLS.L30.T18NUJ.2023123T151234.v2.0.B04.tif`.

use std::path::{Path, PathBuf};

use raster::{Role, Sensor, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::granule::{Granule, by_granule, files_below, name_of, ordinal_time, single};
use super::imagery::{FoundScene, Sensing};
use crate::{GeoioError, RasterFile};

/// Granules of HLS, both of Landsat (L30) and of Sentinel-2 (S30).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HlsSpec {
    /// A folder with the files of granules, or one that holds such folders (up to two levels down).
    pub path: PathBuf,
}

/// The parts of a file's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    granule: &'a str,
    product: &'a str,
    tile: &'a str,
    time: &'a str,
    asset: &'a str,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let parts: Vec<&str> = name.split('.').collect();
        let [family, product, tile, time, version, minor, asset, ending] = parts[..] else { return None };
        let known = family == "HLS" && matches!(product, "L30" | "S30") && version.starts_with('v');
        let tiff = matches!(ending.to_ascii_lowercase().as_str(), "tif" | "tiff");
        let length = name.len() - asset.len() - ending.len() - 2;
        let numbered = minor.bytes().all(|b| b.is_ascii_digit()) && tile.len() == 6 && tile.starts_with('T');
        (known && tiff && numbered).then(|| Self { granule: &name[..length], product, tile, time, asset })
    }

    fn sensor(&self) -> Sensor {
        if self.product == "L30" { raster::sensor::hls_l30() } else { raster::sensor::hls_s30() }
    }
}

/// Whether a file is one of HLS by its name.
pub(super) fn is_hls(name: &str) -> bool {
    Name::parse(name).is_some()
}

pub(super) fn find(spec: &HlsSpec, base: &Path) -> Result<Batch, GeoioError> {
    let root = base.join(&spec.path);
    let files = files_below(&root, is_hls)?;
    if files.is_empty() {
        let reason = "it holds no file like HLS.L30.T18NUJ.2023123T151234.v2.0.B04.tif".to_owned();
        return Err(GeoioError::Imagery { path: root, reason });
    }
    let mut batch = Batch::default();
    let key = |path: &Path| Some((path.parent()?.to_owned(), Name::parse(name_of(path))?.granule.to_owned()));
    for ((folder, granule), files) in by_granule(files, key) {
        match scene(&files, &mut batch.warnings) {
            Ok(found) => batch.scenes.push(found),
            Err(error) => batch.skip(&folder.join(granule), &error),
        }
    }
    Ok(batch)
}

fn scene(files: &[PathBuf], warnings: &mut Vec<Warning>) -> Result<FoundScene, GeoioError> {
    let path = &files[0];
    let wrong = |reason: String| GeoioError::Metadata { path: path.clone(), line: None, reason };
    let name = Name::parse(name_of(path)).ok_or_else(|| wrong("its name is not that of a granule".to_owned()))?;
    let (date, second) = ordinal_time(name.time)
        .ok_or_else(|| wrong(format!("'{}' in its name is no time (year, day of the year, T, hhmmss)", name.time)))?;
    let sensor = name.sensor();
    let mut granule = Granule {
        id: name.granule.to_owned(),
        platform: platform(path, &sensor)?,
        orbit: None,
        date,
        second,
        generation: String::new(),
        sensing: second.map(|second| Sensing {
            what: format!("{} {}", name.product, name.tile),
            second: i64::from(date.days()) * 86_400 + i64::from(second),
        }),
        layers: Vec::new(),
        scalings: Vec::new(),
        sensor: sensor.clone(),
    };
    for (role, asset) in sensor.layers() {
        let file = files.iter().find(|file| Name::parse(name_of(file)).is_some_and(|name| name.asset == asset));
        let Some(file) = file else { continue };
        let scaling = sensor.scaling_of(&role);
        check_tag(file, scaling.scale)?;
        granule.push(single(&role, file, sensor.nodata), scaling);
    }
    if !granule.layers.iter().any(|layer| layer.role == Role::Qa) {
        let message =
            "it has no Fmask: clouds cannot be told from ground; a run needs [mask] classes = [] to use it all the same";
        warnings.push(Warning::new("no_quality_layer", message).about(granule.id.clone()));
    }
    granule.scene(path, false)
}

/// Refuses a file whose own tag gives another scale than the product has: its numbers were changed by somebody.
fn check_tag(path: &Path, expected: f64) -> Result<(), GeoioError> {
    let file = RasterFile::open(path)?;
    match file.bands()[0].scale.filter(|scale| [1.0, expected].iter().all(|known| (scale - known).abs() > 1e-9)) {
        None => Ok(()),
        Some(scale) => Err(GeoioError::Metadata {
            path: path.to_owned(),
            line: None,
            reason: format!(
                "its tag says scale {scale}, and HLS has {expected}: read it as product = \"geotiff\" with its own numbers"
            ),
        }),
    }
}

/// The spacecraft, by what the file says of the scene it was made of; empty where it does not.
fn platform(path: &Path, sensor: &Sensor) -> Result<String, GeoioError> {
    let file = RasterFile::open(path)?;
    let of_landsat = file.metadata("LANDSAT_PRODUCT_ID").and_then(|id| id.get(2..4)?.parse::<u32>().ok());
    let said = if let Some(number) = of_landsat {
        format!("LANDSAT_{number}")
    } else {
        let uri = file.metadata("PRODUCT_URI").unwrap_or_default();
        uri.strip_prefix("S2").and_then(|rest| rest.chars().next()).map(|c| format!("Sentinel-2{c}")).unwrap_or_default()
    };
    Ok(Some(said).filter(|said| sensor.platforms.contains(said)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_granule_and_an_asset() {
        let name = Name::parse("HLS.S30.T18NUJ.2023123T151234.v2.0.B8A.tif").expect("a name");
        assert_eq!((name.granule, name.asset), ("HLS.S30.T18NUJ.2023123T151234.v2.0", "B8A"));
        for other in ["HLS.S10.T18NUJ.2023123T151234.v2.0.B8A.tif", "HLS.L30.T18NUJ.2023123T151234.v2.0.B04.jpg", "a.tif"] {
            assert!(!is_hls(other), "{other}");
        }
    }
}
