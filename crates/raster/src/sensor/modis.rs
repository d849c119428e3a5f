//! MODIS vegetation indices of 16 days in 250 m (MOD13Q1 of Terra, MYD13Q1 of Aqua).
//!
//! Source: K. Didan, MODIS Vegetation Index User's Guide (MOD13 series, collection 6.1): layers, fills, scales, bits of VI quality.

use super::{BandRow, MaskClass, Quantity, Sensor, bands, of_bits, of_codes};
use crate::{Band, Comparison, Role, Scaling};

/// Ready-made NDVI and EVI, and the reflectance of the day that was chosen.
pub fn modis_13q1() -> Sensor {
    let reliability = Role::Quality("reliability".to_owned());
    let index = |name: &str| Role::Index(name.to_owned());
    let quality = |name: &str, bits: (u32, u32), value: u16| of_bits(name, &Role::Qa, bits, Comparison::Equal, value);
    let rank = |name: &str, codes: &[u16], default: bool, grows: bool| MaskClass {
        default,
        grows,
        ..of_codes(name, &reliability, codes)
    };
    Sensor {
        title: "MODIS MOD13Q1 and MYD13Q1, 16 days, 250 m".to_owned(),
        product: "modis-13q1".to_owned(),
        quantity: Quantity::SurfaceReflectance,
        platforms: vec!["Terra".to_owned(), "Aqua".to_owned()],
        bands: bands(&BANDS),
        indices: vec![(index("ndvi"), "NDVI".to_owned()), (index("evi"), "EVI".to_owned())],
        quality: vec![(Role::Qa, "VI_Quality".to_owned()), (reliability.clone(), "pixel_reliability".to_owned())],
        scaling: Scaling { scale: 0.0001, offset: 0.0 },
        nodata: Some(-3000.0),
        fill_code: u16::MAX,
        masks: vec![
            rank("fill", &[255, u16::MAX], true, false),
            rank("marginal", &[1], false, false),
            rank("snow", &[2], true, false),
            rank("cloud", &[3], true, true),
            quality("probably_cloudy", (0, 1), 2),
            quality("not_produced", (0, 1), 3),
            quality("aerosol_high", (6, 7), 3),
            quality("adjacent_cloud", (8, 8), 1),
            quality("mixed_clouds", (10, 10), 1),
            quality("possible_snow", (14, 14), 1),
            quality("possible_shadow", (15, 15), 1),
        ],
        ..Sensor::plain("modis-13q1")
    }
}

const BANDS: [BandRow; 4] = [
    (Band::Blue, "blue_reflectance", 469.0),
    (Band::Red, "red_reflectance", 645.0),
    (Band::Nir, "NIR_reflectance", 858.0),
    (Band::Swir22, "MIR_reflectance", 2130.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_good_or_marginal_is_kept_by_default() {
        let sensor = modis_13q1();
        let masked = |code: u16| sensor.masks.iter().any(|class| class.default && class.condition.holds(code));
        assert_eq!([0, 1, 2, 3, 255, u16::MAX].map(masked), [false, false, true, true, true, true]);
    }

    #[test]
    fn bits_of_the_quality_are_those_of_the_guide() {
        let sensor = modis_13q1();
        let holds = |name: &str, code: u16| {
            sensor.masks.iter().any(|class| class.name == name && class.layer == Role::Qa && class.condition.holds(code))
        };
        assert!(holds("probably_cloudy", 0b10) && !holds("probably_cloudy", 0b11));
        assert!(holds("possible_shadow", 1 << 15) && holds("mixed_clouds", 1 << 10) && !holds("mixed_clouds", 1 << 9));
    }
}
