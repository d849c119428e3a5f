//! What the bands of a file are, by what they are called.

use std::collections::BTreeMap;

use raster::{Role, Sensor, sensor};

use crate::{GeoioError, RasterFile};

/// Names of Sentinel-2 that Landsat in the form of HLS gives to other bands.
const AMBIGUOUS: [&str; 5] = ["B05", "B06", "B07", "B09", "B11"];

/// Names that only Sentinel-2 has.
const OWN: [&str; 3] = ["B08", "B8A", "B12"];

/// Roles by the bands' descriptions; an order is never guessed.
///
/// A description is a role's name (`red`, `Red`, `scl`), or Sentinel-2's name of a band (`B04`). `B05` to `B07`, `B09` and `B11` are
/// other bands in HLS's Landsat files, and are taken for Sentinel-2's only beside a band that no other sensor has (`B08`, `B8A`,
/// `B12`). `B4` and `SR_B4` are red on one Landsat and near infrared on another: they say nothing.
pub(super) fn named_bands(file: &RasterFile) -> Result<BTreeMap<Role, usize>, GeoioError> {
    let said: Vec<&str> = file.bands().iter().map(|band| band.description.trim()).collect();
    let wrong = |reason: String| GeoioError::UnnamedBands { path: file.path().to_owned(), reason };
    let of_sentinel2 = said.iter().any(|text| OWN.iter().any(|own| own.eq_ignore_ascii_case(text)));
    let msi = sensor::msi();
    let mut bands = BTreeMap::new();
    for (i, text) in said.iter().enumerate() {
        if text.is_empty() {
            return Err(wrong(format!("band {} has no description", i + 1)));
        }
        if !of_sentinel2 && AMBIGUOUS.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Err(wrong(format!(
                "band {} is called '{text}', which is one band of Sentinel-2 and another of Landsat",
                i + 1
            )));
        }
        let role = role(text, &msi).ok_or_else(|| wrong(format!("band {} is called '{text}'", i + 1)))?;
        if bands.insert(role, i + 1).is_some() {
            return Err(wrong(format!("two bands are called '{text}'")));
        }
    }
    Ok(bands)
}

/// The role of a variable of a cube by its name; none for one that says nothing, or other things of other sensors.
pub(super) fn role_of_name(name: &str) -> Option<Role> {
    let is_ambiguous = AMBIGUOUS.iter().any(|other| other.eq_ignore_ascii_case(name));
    if is_ambiguous { None } else { role(name, &sensor::msi()) }
}

/// The role of a description; blanks and hyphens count as `_`. `Band 1` says nothing.
fn role(text: &str, msi: &Sensor) -> Option<Role> {
    let number = text.to_ascii_lowercase();
    let number = number.strip_prefix("band").map(|rest| rest.trim_start_matches([' ', '-', '_']));
    if number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit())) {
        return None;
    }
    let of_msi = msi.bands.iter().find(|band| band.asset.eq_ignore_ascii_case(text));
    let name = || text.replace([' ', '-'], "_").parse().ok();
    of_msi.map(|band| Role::Band(band.band)).or_else(name)
}

#[cfg(test)]
mod tests {
    use raster::Band;

    use super::*;

    #[test]
    fn a_description_is_a_role_or_a_band_of_sentinel_2() {
        let msi = sensor::msi();
        for (text, expected) in [
            ("Red", Some(Role::Band(Band::Red))),
            ("B04", Some(Role::Band(Band::Red))),
            ("b8a", Some(Role::Band(Band::Nir08))),
            ("Red edge", Some(Role::Index("red_edge".to_owned()))),
            ("SCL", Some(Role::Scl)),
            ("4", None),
            ("Band 1", None),
            ("band_12", None),
        ] {
            assert_eq!(role(text, &msi), expected, "{text}");
        }
    }
}
