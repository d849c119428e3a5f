//! Which asset of a STAC item is which band.

use raster::sensor::SensorBand;
use raster::{Band, Role, Sensor};

use super::stac_item::MSI;
use crate::stac::{Asset, AssetBand};

/// The layers that an asset is by what it says: role, band of its file, and what is told of it.
pub(super) fn layers_of(asset: &Asset, sensor: Option<&Sensor>) -> Result<Vec<(Role, usize, AssetBand)>, String> {
    let is_picture = ["thumbnail", "overview", "visual"].iter().any(|role| asset.has_role(role));
    if is_picture || !asset.is_raster() {
        return Ok(Vec::new());
    }
    let wrong = |reason: &String| format!("the asset {}: {reason}", asset.key);
    if let Some(sensor) = sensor {
        if let Some((role, _)) = sensor.quality.iter().find(|(_, name)| stem(&asset.key).eq_ignore_ascii_case(name)) {
            return Ok(vec![(role.clone(), 1, AssetBand::default())]);
        }
        // A picture of several bands is no band.
        let bands = match &asset.bands {
            Ok(bands) if bands.len() > 1 => return Ok(Vec::new()),
            Ok(bands) => bands.first().cloned().unwrap_or_default(),
            Err(_) if band_of(sensor, &asset.key, &AssetBand::default()) == Ok(None) => return Ok(Vec::new()),
            Err(reason) => return Err(wrong(reason)),
        };
        let band = band_of(sensor, &asset.key, &bands).map_err(|reason| wrong(&reason))?;
        return Ok(band.map(|band| (Role::Band(band), 1, bands)).into_iter().collect());
    }
    if asset.has_role("metadata") {
        return Ok(Vec::new());
    }
    let bands = asset.bands.as_ref().map_err(wrong)?;
    let alone = [AssetBand::default()];
    let bands = if bands.is_empty() { &alone[..] } else { bands.as_slice() };
    let key = (bands.len() == 1).then_some(asset.key.as_str());
    let named = |band: &AssetBand| {
        let names = || [band.common_name.as_deref(), band.name.as_deref(), key].into_iter().flatten();
        names().find_map(common_band).map(Role::Band).or_else(|| ready_index(band.name.as_deref()?))
    };
    let found = bands.iter().enumerate().filter_map(|(place, band)| Some((named(band)?, place + 1, band.clone())));
    Ok(found.collect())
}

/// An asset's name without what tells its pixels or format: `B04` of `B04_10m`, `red` of `red-jp2`.
fn stem(key: &str) -> &str {
    let key = key.strip_suffix("-jp2").unwrap_or(key);
    match key.rsplit_once('_') {
        Some((stem, size)) if size.strip_suffix('m').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) => {
            stem
        }
        _ => key,
    }
}

/// Earth Search's names of Sentinel-2's bands that are no common names.
const REDEDGE: [(&str, Band); 3] =
    [("rededge1", Band::Rededge071), ("rededge2", Band::Rededge075), ("rededge3", Band::Rededge078)];

fn common_band(name: &str) -> Option<Band> {
    Band::ALL.into_iter().find(|band| band.name().eq_ignore_ascii_case(name))
}

/// A ready-made index of the catalogue, as `index --stac` names its bands.
fn ready_index(name: &str) -> Option<Role> {
    change::SpectralIndex::find(name).ok().map(|index| Role::Index(index.name().to_ascii_lowercase()))
}

/// Which band of a sensor an asset is; all that it says must agree. `rededge` and names of other sensors say nothing.
fn band_of(sensor: &Sensor, key: &str, told: &AssetBand) -> Result<Option<Band>, String> {
    let is_msi = sensor.id == MSI;
    // Of Landsat only reflectance: its thermal bands are scaled otherwise.
    let rows = || sensor.bands.iter().filter(|row| is_msi || row.asset.starts_with("SR_"));
    let has = |band: &Band| rows().any(|row| row.band == *band);
    let common = |name: &str| {
        let own = REDEDGE.iter().find(|(known, _)| is_msi && known.eq_ignore_ascii_case(name)).map(|(_, band)| *band);
        own.or_else(|| common_band(name)).filter(has)
    };
    let named = |name: &str| rows().find(|row| is_name_of(row, name)).map(|row| row.band).or_else(|| common(name));
    let key = stem(key);
    let said = [
        told.name.as_deref().and_then(|name| Some((name, named(name)?))),
        named(key).map(|band| (key, band)),
        told.common_name.as_deref().and_then(|name| Some((name, common(name)?))),
    ];
    let mut said = said.into_iter().flatten();
    let Some((first, band)) = said.next() else { return Ok(None) };
    match said.find(|(_, other)| *other != band) {
        None => Ok(Some(band)),
        Some((other, _)) => Err(format!("it is called {first} and {other}, which are different bands of {}", sensor.title)),
    }
}

/// Whether a name is that of a row of a sensor's table: `B04`; of Landsat also `B4` and `OLI_B4` for `SR_B4`.
fn is_name_of(row: &SensorBand, name: &str) -> bool {
    let Some(number) = row.asset.strip_prefix("SR_") else { return row.asset.eq_ignore_ascii_case(name) };
    let own = match name.split_once('_') {
        Some((prefix, rest)) if ["SR", "OLI", "TM", "ETM", "ETM+"].iter().any(|known| known.eq_ignore_ascii_case(prefix)) => rest,
        Some(_) => return false,
        None => name,
    };
    own.eq_ignore_ascii_case(number)
}
