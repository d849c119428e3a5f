//! Sentinel-2: Level-2A surface reflectance and Level-1C at the top of the atmosphere.
//!
//! Source: ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD): bands, special values, scene classification
//! (Level-2A), cloud masks of Level-1C (`MSK_CLASSI`, since baseline 04.00).

use super::{BandRow, MaskClass, Quantity, Sensor, bands, of_codes};
use crate::{Band, Role, Scaling};

/// Multi-Spectral Instrument of Sentinel-2A, 2B and 2C, Level-2A.
///
/// The offset is no property of the sensor: it stands in each product's metadata, and is 0 where it does not.
pub fn msi() -> Sensor {
    Sensor {
        title: "Sentinel-2 MSI, Level-2A".to_owned(),
        product: "sentinel-2-l2a".to_owned(),
        quantity: Quantity::SurfaceReflectance,
        platforms: ["Sentinel-2A", "Sentinel-2B", "Sentinel-2C", "Sentinel-2D"].map(str::to_owned).to_vec(),
        bands: bands(&BANDS),
        quality: vec![(Role::Scl, "SCL".to_owned())],
        scaling: Scaling { scale: 0.0001, offset: 0.0 },
        nodata: Some(0.0),
        masks: (0..).zip(SCL).map(|(code, (name, default, grows))| class(code, name, default, grows)).collect(),
        ..Sensor::plain("sentinel-2-msi")
    }
}

/// The same instrument, Level-1C. Its cloud mask has no shadows, and stands in products of baseline 04.00 and later only.
pub fn msi_l1c() -> Sensor {
    let mut rows = BANDS.to_vec();
    rows.insert(10, (Band::Cirrus, "B10", 1373.5));
    let layer = |name: &str| Role::Quality(name.to_owned());
    let class = |name: &str, of: &str| of_codes(name, &layer(of), &[1]);
    Sensor {
        id: "sentinel-2-msi-l1c".to_owned(),
        title: "Sentinel-2 MSI, Level-1C".to_owned(),
        product: "sentinel-2-l1c".to_owned(),
        quantity: Quantity::TopOfAtmosphere,
        bands: bands(&rows),
        // One image of three bands.
        quality: ["cloud", "cirrus", "snow"].map(|name| (layer(name), "MSK_CLASSI_B00".to_owned())).to_vec(),
        masks: vec![
            class("opaque_cloud", "cloud").by_default().growing(),
            class("thin_cirrus", "cirrus").by_default().growing(),
            class("snow", "snow").by_default(),
        ],
        ..msi()
    }
}

/// B10 (cirrus) is not in Level-2A. Wavelengths are those of Sentinel-2A.
const BANDS: [BandRow; 12] = [
    (Band::Coastal, "B01", 442.7),
    (Band::Blue, "B02", 492.7),
    (Band::Green, "B03", 559.8),
    (Band::Red, "B04", 664.6),
    (Band::Rededge071, "B05", 704.1),
    (Band::Rededge075, "B06", 740.5),
    (Band::Rededge078, "B07", 782.8),
    (Band::Nir, "B08", 832.8),
    (Band::Nir08, "B8A", 864.7),
    (Band::Nir09, "B09", 945.1),
    (Band::Swir16, "B11", 1613.7),
    (Band::Swir22, "B12", 2202.4),
];

/// Scene classes by their code: name, whether masked by default, whether the dilation distance applies.
const SCL: [(&str, bool, bool); 12] = [
    ("no_data", true, false),
    ("saturated_or_defective", true, false),
    ("dark_area", true, false),
    ("cloud_shadow", true, true),
    ("vegetation", false, false),
    ("not_vegetated", false, false),
    ("water", false, false),
    ("unclassified", false, false),
    ("cloud_medium_probability", true, true),
    ("cloud_high_probability", true, true),
    ("thin_cirrus", true, true),
    ("snow", true, false),
];

fn class(code: u16, name: &str, default: bool, grows: bool) -> MaskClass {
    MaskClass { default, grows, ..of_codes(name, &Role::Scl, &[code]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_masks_leave_vegetation_soil_water_unclassified() {
        let sensor = msi();
        let clear: Vec<u16> =
            (0..12).filter(|code| !sensor.masks.iter().any(|class| class.default && class.condition.holds(*code))).collect();
        assert_eq!(clear, [4, 5, 6, 7]);
    }

    #[test]
    fn both_near_infrared_bands_have_a_role_of_their_own() {
        let of = |band: Band| msi().bands.iter().find(|b| b.band == band).map(|b| b.asset.clone());
        assert_eq!((of(Band::Nir).as_deref(), of(Band::Nir08).as_deref()), (Some("B08"), Some("B8A")));
    }

    #[test]
    fn level_1c_has_the_cirrus_band_in_the_order_of_band_ids() {
        let assets: Vec<String> = msi_l1c().bands.into_iter().map(|band| band.asset).collect();
        assert_eq!(assets[9..], ["B09", "B10", "B11", "B12"]);
    }
}
