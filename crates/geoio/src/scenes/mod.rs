//! From what a job says of its imagery to scenes with their files.
//!
//! A product is one file here with one function, and its line in [`ImagerySpec`] and [`find`].

mod curve;
mod dates;
mod describe;
mod descriptions;
mod geotiff;
mod granule;
mod hls;
mod imagery;
mod landsat;
mod landsat_l1;
mod metadata;
mod modis;
mod named;
mod numbers;
mod orthomosaic;
mod planetscope;
mod safe;
mod safe_package;
mod safe_tile;
mod sentinel1;
mod sentinel2;
mod stac;
mod stac_band;
mod stac_item;
mod stac_offset;
mod stack;
mod target;
pub(crate) mod xml;

use std::path::{Path, PathBuf};

use raster::{Role, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GeoioError, OdmProject, RasterFile, cube};

pub use curve::Curve;
pub use describe::{MetadataFile, ProducerCheck, metadata_file};
pub use geotiff::GeotiffSpec;
pub use hls::HlsSpec;
pub use imagery::{Found, Imagery, LayerFile, Skipped};
pub use landsat::{LandsatL1Spec, LandsatSpec};
pub use landsat_l1::Units;
pub use modis::ModisSpec;
pub use named::{NamedLayer, date_of_file, layers_of_file, scene_of_layers};
pub use orthomosaic::{OrthomosaicSpec, is_picture, picture};
pub use planetscope::{PlanetscopeSpec, udm2_version};
pub use safe::{SafeLevel, SafeMetadata};
pub use safe_tile::{SafeTile, TileGrid};
pub use sentinel1::{PowerUnits, Sentinel1Spec};
pub use sentinel2::Sentinel2Spec;
pub use stac::{ListedItem, ListedLayer, ListedScene, StacListing, StacSpec, list_stac};
pub use stack::{Moments, StackSpec, moments_of_file};
pub use target::{derive_grid, scene_bounds};

/// One source of imagery, as a job gives it. Paths are relative to the job's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "product")]
pub enum ImagerySpec {
    /// Landsat Collection 2 Level 2 scenes.
    #[serde(rename = "landsat-c2-l2")]
    LandsatC2L2(LandsatSpec),
    /// Landsat Level 1 scenes: Collection 2, and from before the collections.
    #[serde(rename = "landsat-l1")]
    LandsatL1(LandsatL1Spec),
    /// Sentinel-2 Level-2A products.
    #[serde(rename = "sentinel-2-l2a")]
    Sentinel2L2A(Sentinel2Spec),
    /// Sentinel-2 Level-1C products.
    #[serde(rename = "sentinel-2-l1c")]
    Sentinel2L1C(Sentinel2Spec),
    /// Harmonized Landsat Sentinel-2, L30 and S30.
    #[serde(rename = "hls")]
    Hls(HlsSpec),
    /// `PlanetScope` surface reflectance.
    #[serde(rename = "planetscope")]
    Planetscope(PlanetscopeSpec),
    /// Sentinel-1 terrain-corrected backscatter.
    #[serde(rename = "sentinel-1-rtc")]
    Sentinel1Rtc(Sentinel1Spec),
    /// MODIS vegetation indices.
    #[serde(rename = "modis-13q1")]
    Modis13Q1(ModisSpec),
    /// Orthomosaics of drones.
    #[serde(rename = "orthomosaic")]
    Orthomosaic(OrthomosaicSpec),
    /// `GeoTIFF` files, one a date.
    #[serde(rename = "geotiff", alias = "generic")]
    Geotiff(GeotiffSpec),
    /// `GeoTIFF` files, one a band, whose bands are dates.
    #[serde(rename = "stack")]
    Stack(StackSpec),
    /// Items of a STAC catalogue on this machine.
    #[serde(rename = "stac")]
    Stac(StacSpec),
}

/// What one source gives.
#[derive(Debug, Default)]
struct Batch {
    scenes: Vec<imagery::FoundScene>,
    skipped: Vec<Skipped>,
    warnings: Vec<Warning>,
    /// Files read for their metadata.
    metadata: Vec<PathBuf>,
}

impl Batch {
    fn skip(&mut self, path: &Path, reason: &GeoioError) {
        self.skipped.push(Skipped { path: path.to_owned(), reason: reason.to_string() });
    }

    /// Leaves of every scene only its latest version. The others' metadata stay among the files, so that a record names both.
    fn drop_superseded(&mut self) {
        let rank = |found: &imagery::FoundScene| (found.scene.generation.clone(), found.scene.id.clone());
        let mut kept: Vec<imagery::FoundScene> = Vec::new();
        let mut scenes = std::mem::take(&mut self.scenes);
        scenes.sort_by_key(|found| std::cmp::Reverse(rank(found)));
        for found in scenes {
            let is_version = |other: &&imagery::FoundScene| {
                found.sensing.as_ref().zip(other.sensing.as_ref()).is_some_and(|(a, b)| a.is_of(b))
            };
            match kept.iter().find(is_version) {
                None => kept.push(found),
                Some(later) => {
                    let message = format!("{} is a later version of it and is used instead", later.scene.id);
                    self.warnings.push(Warning::new("scene_superseded", message).about(found.scene.id));
                }
            }
        }
        self.scenes = kept;
    }
}

/// What people should know of layers that are read: each is a role, a file and a band, the first is 1.
fn noticed<'a>(numbers: numbers::Numbers, layers: impl Iterator<Item = (&'a Role, &'a RasterFile, usize)>) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    let mut is_scaling_told = false;
    for (role, file, band) in layers {
        let info = &file.bands()[band - 1];
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !is_scaling_told && !role.is_quality() {
            is_scaling_told = true;
            warnings.extend(numbers.warning(role, info, file.path()));
        }
        if let Some(note) = file.note() {
            warnings.push(Warning::new("place_assumed", note.to_owned()).about(name.clone()));
        }
        if file.grid().crs.epsg == Some(3857) {
            let message = "it is in Web Mercator, whose metres are none: resample it to UTM; areas are measured on the ellipsoid";
            warnings.push(Warning::new("web_mercator", message).about(name.clone()));
        }
        if numbers.nodata.is_none() && !role.is_quality() && !info.can_hold_nodata() {
            let nodata = info.nodata.unwrap_or_default();
            let message = format!("its \"no data\" is {nodata}, which {} cannot hold: nothing is taken for it", info.data_type);
            warnings.push(Warning::new("impossible_nodata", message).about(name));
        }
    }
    let mut told: Vec<Warning> = Vec::new();
    warnings.retain(|warning| !told.contains(warning) && (told.push(warning.clone()), true).1);
    warnings
}

/// Whether a name is that of a STAC file.
pub fn is_stac(path: &Path) -> bool {
    path.extension().is_some_and(|end| ["json", "geojson"].iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// Whether a file is a whole product by its name: a composite of MODIS as it is delivered.
pub fn is_composite(path: &Path) -> bool {
    modis::is_granule(granule::name_of(path))
}

/// What a product's folder or zip holds, by its metadata or by the names of its files; a STAC file is told by its name, a picture is an
/// orthomosaic, and a cube a stack.
pub fn product_at(path: &Path) -> ImagerySpec {
    if is_stac(path) {
        return ImagerySpec::Stac(StacSpec { path: path.to_owned(), ..StacSpec::default() });
    }
    let path = path.to_owned();
    if cube::is_named(&path) && !is_composite(&path) {
        let bands = [(Role::Index("value".to_owned()), path)].into();
        return ImagerySpec::Stack(StackSpec { bands, ..StackSpec::default() });
    }
    if OdmProject::at(&path).is_some() {
        return ImagerySpec::Orthomosaic(OrthomosaicSpec { path, ..OrthomosaicSpec::default() });
    }
    if let Some(first) = safe_package::packages(&path).unwrap_or_default().first() {
        let of_level_1 = safe_package::Package::open(first, SafeLevel::L1c).is_ok();
        let spec = Sentinel2Spec { path };
        return if of_level_1 { ImagerySpec::Sentinel2L1C(spec) } else { ImagerySpec::Sentinel2L2A(spec) };
    }
    if let Some(first) = landsat::metadata_files(&path).unwrap_or_default().first() {
        return if landsat::is_level_1(first) {
            ImagerySpec::LandsatL1(LandsatL1Spec { path, units: Units::default() })
        } else {
            ImagerySpec::LandsatC2L2(LandsatSpec { path })
        };
    }
    let is_image = |name: &str| granule::is_tiff(name) || modis::is_granule(name);
    let files = granule::files_below(&path, is_image).unwrap_or_default();
    let any = |test: fn(&str) -> bool| files.iter().any(|file| test(granule::name_of(file)));
    if any(hls::is_hls) {
        ImagerySpec::Hls(HlsSpec { path })
    } else if any(planetscope::is_planetscope) {
        ImagerySpec::Planetscope(PlanetscopeSpec { path, instrument: None })
    } else if any(modis::is_layer) || any(modis::is_granule) {
        ImagerySpec::Modis13Q1(ModisSpec { path })
    } else if files.iter().any(|file| sentinel1::is_sentinel1(file)) {
        ImagerySpec::Sentinel1Rtc(Sentinel1Spec { path, ..Sentinel1Spec::default() })
    } else if path.is_file() && is_picture(&path).unwrap_or(false) {
        ImagerySpec::Orthomosaic(OrthomosaicSpec { path, ..OrthomosaicSpec::default() })
    } else {
        ImagerySpec::LandsatC2L2(LandsatSpec { path })
    }
}

/// The scenes of all sources, in order of date, time and id; what cannot be used is listed with its reason.
///
/// # Errors
/// [`GeoioError::Nothing`] where no scene is left, and what makes a whole source unusable: a folder or table that is not
/// there, a stack whose bands and dates differ in number, a file that the job names and that cannot be read.
pub fn find(specs: &[ImagerySpec], base: &Path) -> Result<Found, GeoioError> {
    let mut all = Batch::default();
    for spec in specs {
        let batch = match spec {
            ImagerySpec::LandsatC2L2(spec) => landsat::find(spec, base)?,
            ImagerySpec::LandsatL1(spec) => landsat::find_l1(spec, base)?,
            ImagerySpec::Sentinel2L2A(spec) => sentinel2::find(spec, base, SafeLevel::L2a)?,
            ImagerySpec::Sentinel2L1C(spec) => sentinel2::find(spec, base, SafeLevel::L1c)?,
            ImagerySpec::Hls(spec) => hls::find(spec, base)?,
            ImagerySpec::Planetscope(spec) => planetscope::find(spec, base)?,
            ImagerySpec::Sentinel1Rtc(spec) => sentinel1::find(spec, base)?,
            ImagerySpec::Modis13Q1(spec) => modis::find(spec, base)?,
            ImagerySpec::Orthomosaic(spec) => orthomosaic::find(spec, base)?,
            ImagerySpec::Geotiff(spec) => geotiff::find(spec, base)?,
            ImagerySpec::Stack(spec) => stack::find(spec, base)?,
            ImagerySpec::Stac(spec) => stac::find(spec, base)?,
        };
        all.scenes.extend(batch.scenes);
        all.skipped.extend(batch.skipped);
        all.warnings.extend(batch.warnings);
        all.metadata.extend(batch.metadata);
    }
    all.drop_superseded();
    if all.scenes.is_empty() {
        let reason = all.skipped.first().map_or_else(
            || "no scene was found".to_owned(),
            |s| {
                let path = s.path.display().to_string();
                let place = if s.reason.contains(&path) { String::new() } else { format!("{path}: ") };
                format!("{} left out, the first: {place}{}", all.skipped.len(), s.reason)
            },
        );
        return Err(GeoioError::Nothing { what: "the imagery".to_owned(), reason });
    }
    all.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Found { imagery: Imagery::new(all.scenes, all.metadata), skipped: all.skipped, warnings: all.warnings })
}
