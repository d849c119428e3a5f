//! What a STAC item is as a scene: its sensor, its layers and how their numbers are read.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use raster::{Role, Scaling, Sensor, Warning};

use super::numbers::Numbers;
use super::stac_band::layers_of;
use super::stac_offset::Offsets;
use crate::GeoioError;
use crate::stac::{Asset, AssetBand, Folders, Item, Place};

/// The sensor of which copies may have been shifted.
pub(super) const MSI: &str = "sentinel-2-msi";

/// An item as a scene, by what it says.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) sensor: Arc<Sensor>,
    /// Spacecraft as the sensor's table spells it.
    pub(super) platform: String,
    pub(super) orbit: Option<u32>,
    /// When this version was made.
    pub(super) generation: String,
    /// Spacecraft and tile, or path and row: what versions of one scene share beside their time.
    pub(super) tile: Option<String>,
    /// Second since midnight that they share; `None` where it is that of the item.
    pub(super) strip: Option<u32>,
    pub(super) layers: Vec<DescribedLayer>,
    pub(super) warnings: Vec<Warning>,
}

/// A layer of an item, by what it says.
#[derive(Debug, Clone)]
pub(super) struct DescribedLayer {
    pub(super) role: Role,
    pub(super) asset: String,
    pub(super) href: String,
    pub(super) place: Place,
    /// Band of the file, the first is 1.
    pub(super) band: usize,
    /// `None` where only the file can tell.
    pub(super) scaling: Option<Scaling>,
    pub(super) nodata: Option<f64>,
    pub(super) checksum: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) crs: Option<String>,
    pub(super) shape: Option<[f64; 2]>,
    pub(super) transform: Option<Vec<f64>>,
}

/// A layer that an asset may be, with how good it is: the least is taken.
struct Candidate<'a> {
    rank: (bool, bool, u64),
    asset: &'a Asset,
    band: usize,
    told: AssetBand,
    place: Place,
}

/// What an item is as a scene.
///
/// Of a sensor with a table only products of surface reflectance are read, and of several files of one band the finest that is
/// there. Of other sensors a band is what its common name says. What the job says of stored numbers counts instead of the item.
///
/// # Errors
/// [`GeoioError::Stac`] where the item says too little or contradicts itself: nothing is guessed.
pub(super) fn describe(item: &Item, folders: &Folders, job: Numbers) -> Result<Described, GeoioError> {
    let known = known_sensor(item)?;
    let (sensor, platform) = match &known {
        Some((sensor, platform)) => (sensor.clone(), platform.clone()),
        None => (Arc::new(Sensor::plain(&plain_name(item))), item.property(&["platform"]).unwrap_or_default()),
    };
    let mut found: BTreeMap<Role, Candidate<'_>> = BTreeMap::new();
    for asset in &item.assets {
        for (role, band, told) in
            layers_of(asset, known.as_ref().map(|(sensor, _)| sensor.as_ref())).map_err(|reason| item.refuse(reason))?
        {
            let place = folders.resolve(&asset.href, &item.origin).map_err(|error| item.refuse(error))?;
            let candidate = Candidate { rank: rank(asset, &place), asset, band, told, place };
            let same = found.get(&role).is_some_and(|other| known.is_none() && other.rank.0 == candidate.rank.0);
            if same {
                let other = &found[&role].asset.key;
                return Err(item.refuse(format!("its assets {other} and {} both say that they are {role}", asset.key)));
            }
            if found.get(&role).is_none_or(|other| candidate.rank < other.rank) {
                found.insert(role, candidate);
            }
        }
    }
    if !found.keys().any(|role| !role.is_quality()) {
        return Err(item.refuse("none of its assets says that it is a band (eo:common_name, or the sensor's name of it)"));
    }
    let has_offsets = sensor.id == MSI && job.given().is_none();
    let offsets = has_offsets.then(|| Offsets::of(item)).transpose().map_err(|reason| item.refuse(reason))?;
    let mut layers = Vec::with_capacity(found.len());
    for (role, candidate) in found {
        let scaling = match job.given().filter(|_| !role.is_quality()) {
            Some(scaling) => Some(scaling),
            None => scaling(&sensor, &role, &candidate, offsets.as_ref()).map_err(|reason| {
                item.refuse(format!("{reason} (asset {}); give scale and offset where you know them", candidate.asset.key))
            })?,
        };
        let Candidate { asset, band, told, place, .. } = candidate;
        layers.push(DescribedLayer {
            role,
            asset: asset.key.clone(),
            href: asset.href.clone(),
            place,
            band,
            scaling,
            nodata: told.nodata.or(sensor.nodata),
            checksum: asset.checksum.clone(),
            size: asset.size,
            crs: asset.crs.clone(),
            shape: asset.shape,
            transform: asset.transform.clone(),
        });
    }
    let warnings = if known.is_none() { vec![no_table(item, &sensor)] } else { Vec::new() };
    let tile = tile(item).filter(|_| known.is_some()).map(|tile| format!("{platform} {tile}"));
    Ok(Described {
        platform,
        orbit: item.property(&["sat:relative_orbit", "landsat:wrs_path"]).and_then(|text| text.parse().ok()),
        generation: generation(item),
        strip: if sensor.id.starts_with("landsat") { Some(0) } else { strip(item) },
        tile,
        sensor,
        layers,
        warnings,
    })
}

fn no_table(item: &Item, sensor: &Sensor) -> Warning {
    let message = format!("there is no table for the sensor {}: nothing of it is masked", sensor.id);
    Warning::new("no_sensor_table", message).about(item.id.clone())
}

/// Name of a sensor of which nothing is known but what the item calls it.
fn plain_name(item: &Item) -> String {
    let name = item.property(&["platform", "constellation"]).or_else(|| item.collection.clone());
    name.unwrap_or_else(|| "stac".to_owned()).to_ascii_lowercase()
}

/// Letters and digits, small.
fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The sensors whose items are told apart from other products of the same spacecraft. Made once: a catalogue has ten thousand items.
static SENSORS: LazyLock<[Arc<Sensor>; 4]> =
    LazyLock::new(|| [raster::sensor::tm(), raster::sensor::etm(), raster::sensor::oli(), raster::sensor::msi()].map(Arc::new));

/// The sensor's table and the spacecraft as it spells it; `None` for a spacecraft without a table.
fn known_sensor(item: &Item) -> Result<Option<(Arc<Sensor>, String)>, GeoioError> {
    let told = squeezed(&item.property(&["platform"]).unwrap_or_default());
    let of_platform = |sensor: &Sensor| sensor.platforms.iter().find(|name| squeezed(name) == told).cloned();
    let mut found = SENSORS.iter().find_map(|sensor| Some((Arc::clone(sensor), of_platform(sensor)?)));
    let constellation = squeezed(&item.property(&["constellation"]).unwrap_or_default());
    if found.is_none() && (told.is_empty() || told == "sentinel2") && constellation == "sentinel2" {
        found = SENSORS.iter().find(|sensor| sensor.id == MSI).map(|sensor| (Arc::clone(sensor), String::new()));
    }
    let Some((sensor, platform)) = found else { return Ok(None) };
    let level = if sensor.id.starts_with("landsat") { landsat_level(item) } else { sentinel2_level(item) };
    level.map(|()| Some((sensor, platform))).map_err(|reason| item.refuse(reason))
}

/// Refuses what is no Collection 2 Level 2 of Landsat.
fn landsat_level(item: &Item) -> Result<(), String> {
    let parts: Vec<&str> = item.id.split('_').collect();
    let level = item.property(&["landsat:correction"]).or_else(|| parts.get(1).map(|part| (*part).to_owned()));
    let collection = item.property(&["landsat:collection_number"]);
    let is_second = collection.map_or_else(|| parts.contains(&"02"), |number| number.parse() == Ok(2));
    match level.as_deref() {
        Some("L2SP" | "L2SR") if is_second => Ok(()),
        _ => Err(
            "it does not say that it is surface reflectance of Landsat's Collection 2 Level 2 (landsat:correction L2SP or L2SR, \
                  landsat:collection_number 02)"
                .to_owned(),
        ),
    }
}

/// Refuses what is no Level-2A of Sentinel-2.
fn sentinel2_level(item: &Item) -> Result<(), String> {
    let kind = item.property(&["s2:product_type", "product:type"]).unwrap_or_default();
    let level = squeezed(&item.property(&["processing:level"]).unwrap_or_default());
    let named = |part: &str| {
        let product = item.property(&["s2:product_uri", "sentinel:product_id"]).unwrap_or_default();
        let collection = squeezed(item.collection.as_deref().unwrap_or_default());
        item.id.contains(&format!("MSI{part}"))
            || item.id.ends_with(&format!("_{part}"))
            || product.contains(&format!("MSI{part}"))
            || collection.contains(&part.to_ascii_lowercase())
    };
    let is_l1c = kind.contains("1C") || level.contains("1c") || named("L1C");
    let is_l2a = kind.contains("2A") || level.contains("2a") || named("L2A");
    match (is_l1c, is_l2a) {
        (false, true) => Ok(()),
        (true, _) => Err("it is of Sentinel-2's Level-1C, top of the atmosphere; Level-2A is read".to_owned()),
        _ => Err("it does not say that it is Sentinel-2's Level-2A (processing:level, s2:product_type)".to_owned()),
    }
}

/// Files that are there first, then those made for reading by parts, then the finest.
fn rank(asset: &Asset, place: &Place) -> (bool, bool, u64) {
    let is_missing = !matches!(place, Place::File(path) if path.is_file());
    let from_name = asset.key.rsplit_once('_').and_then(|(_, size)| size.strip_suffix('m')?.parse::<f64>().ok());
    let step = from_name.or(asset.gsd).or_else(|| Some(asset.transform.as_ref()?[0].abs())).unwrap_or(0.0);
    (is_missing, asset.key.ends_with("-jp2"), (step * 1000.0) as u64)
}

/// Scaling of a layer; `None` where only the file can tell.
fn scaling(
    sensor: &Sensor,
    role: &Role,
    candidate: &Candidate<'_>,
    offsets: Option<&Offsets>,
) -> Result<Option<Scaling>, String> {
    if role.is_quality() {
        return Ok(Some(Scaling::IDENTITY));
    }
    let AssetBand { scale, offset, .. } = candidate.told;
    let wrong = |name: &str, value: f64| Err(format!("its {name} is {value}"));
    match (scale, offset) {
        (Some(scale), _) if scale == 0.0 || !scale.is_finite() => return wrong("scale", scale),
        (_, Some(offset)) if !offset.is_finite() => return wrong("offset", offset),
        _ => {}
    }
    if let Some(offsets) = offsets {
        let is_original = candidate.asset.key.ends_with("-jp2");
        let scale = scale.unwrap_or(sensor.scaling.scale);
        return Ok(Some(Scaling { scale, offset: offsets.offset(offset, is_original)? }));
    }
    Ok(match (scale, offset) {
        (None, None) if sensor.bands.is_empty() => None,
        (None, None) => Some(sensor.scaling),
        // Of Landsat both stand in the table, and one without the other is none of its.
        (None, Some(_)) | (Some(_), None) if !sensor.bands.is_empty() => {
            return Err("it tells one of scale and offset".to_owned());
        }
        (scale, offset) => Some(Scaling { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0) }),
    })
}

/// When this version was made, in a text that sorts by time.
fn generation(item: &Item) -> String {
    let told = item.property(&["s2:generation_time"]).or_else(|| {
        // S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310, LC09_L2SP_010065_20220129_20220131_02_T1
        let name = item.property(&["s2:product_uri", "sentinel:product_id"]).unwrap_or_else(|| item.id.clone());
        let name = name.trim_end_matches(".SAFE");
        let parts: Vec<&str> = name.split('_').collect();
        let place = if name.contains("_MSIL") { 6 } else { 4 };
        let part = parts.get(place).filter(|part| part.len() >= 8 && part.as_bytes()[..8].iter().all(u8::is_ascii_digit))?;
        Some((*part).to_owned())
    });
    let told = told.or_else(|| item.property(&["created"])).unwrap_or_default();
    told.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

/// Second since midnight at which the strip that a tile was cut from begins: `.._S20190629T212530_N02.12`.
fn strip(item: &Item) -> Option<u32> {
    let told = item.property(&["s2:datastrip_id"])?;
    let clock = told.split('_').find_map(|part| part.strip_prefix('S')?.split_once('T'))?.1.to_owned();
    let two = |range: std::ops::Range<usize>| clock.get(range)?.parse::<u32>().ok();
    (clock.len() == 6).then(|| Some(two(0..2)? * 3600 + two(2..4)? * 60 + two(4..6)?))?
}

/// Tile of Sentinel-2 as products name it (`T34UCF`), or path and row of Landsat.
fn tile(item: &Item) -> Option<String> {
    if let (Some(path), Some(row)) = (item.property(&["landsat:wrs_path"]), item.property(&["landsat:wrs_row"])) {
        return Some(format!("{path:0>3}{row:0>3}"));
    }
    let told = item.property(&["s2:mgrs_tile", "grid:code"]).map(|text| format!("T{}", text.trim_start_matches("MGRS-")));
    let from_name = || {
        let name = item.property(&["s2:product_uri", "sentinel:product_id"]).unwrap_or_else(|| item.id.clone());
        let is_tile = |part: &&str| part.len() == 6 && part.starts_with('T') && part[1..3].bytes().all(|b| b.is_ascii_digit());
        name.split('_').find(is_tile).map(str::to_owned)
    };
    told.or_else(from_name)
}
