//! Landsat Collection 2: Level 2 (surface reflectance and temperature) and Level 1 (top of the atmosphere).
//!
//! Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619), Landsat 4-7 (LSDS-1618), Landsat 8-9 Calibration
//! and Validation Algorithm Description (LSDS-1747); Level 1 bits as in the Level 1 Data Format Control Books (LSDS-1822, LSDS-1334).

use super::{BandRow, MaskClass, Quantity, Sensor, bands, of_bits};
use crate::{Band, Comparison, Condition, Role, Scaling, Test};

/// Thematic Mapper of Landsat 4 and 5.
pub fn tm() -> Sensor {
    level_2("landsat-tm", "Landsat 4-5 TM, Collection 2 Level 2", &["LANDSAT_4", "LANDSAT_5"], &TM_BANDS, false)
}

/// Enhanced Thematic Mapper Plus of Landsat 7. The stripes of the failed scan line corrector are fill, not cloud.
pub fn etm() -> Sensor {
    level_2("landsat-etm", "Landsat 7 ETM+, Collection 2 Level 2", &["LANDSAT_7"], &TM_BANDS, false)
}

/// Operational Land Imager of Landsat 8 and 9.
pub fn oli() -> Sensor {
    level_2("landsat-oli", "Landsat 8-9 OLI, Collection 2 Level 2", &["LANDSAT_8", "LANDSAT_9"], &OLI_BANDS, true)
}

/// Thematic Mapper, top of the atmosphere: Collection 2 Level 1, and Level 1 from before the collections.
pub fn tm_l1() -> Sensor {
    level_1("landsat-tm-l1", "Landsat 4-5 TM, Level 1", &tm(), &[])
}

/// Enhanced Thematic Mapper Plus, top of the atmosphere.
pub fn etm_l1() -> Sensor {
    level_1("landsat-etm-l1", "Landsat 7 ETM+, Level 1", &etm(), &[])
}

/// Operational Land Imager, top of the atmosphere.
pub fn oli_l1() -> Sensor {
    level_1(
        "landsat-oli-l1",
        "Landsat 8-9 OLI/TIRS, Level 1",
        &oli(),
        &[(Band::Cirrus, "B9", 1370.0), (Band::Lwir12, "B11", 12_005.0)],
    )
}

const TM_BANDS: [BandRow; 7] = [
    (Band::Blue, "SR_B1", 485.0),
    (Band::Green, "SR_B2", 560.0),
    (Band::Red, "SR_B3", 660.0),
    (Band::Nir08, "SR_B4", 830.0),
    (Band::Swir16, "SR_B5", 1650.0),
    (Band::Swir22, "SR_B7", 2215.0),
    (Band::Lwir, "ST_B6", 11_450.0),
];

const OLI_BANDS: [BandRow; 8] = [
    (Band::Coastal, "SR_B1", 440.0),
    (Band::Blue, "SR_B2", 480.0),
    (Band::Green, "SR_B3", 560.0),
    (Band::Red, "SR_B4", 655.0),
    (Band::Nir08, "SR_B5", 865.0),
    (Band::Swir16, "SR_B6", 1610.0),
    (Band::Swir22, "SR_B7", 2200.0),
    (Band::Lwir11, "ST_B10", 10_895.0),
];

/// Scaling of surface temperature to kelvin.
const KELVIN: Scaling = Scaling { scale: 0.003_418_02, offset: 149.0 };

/// `QA_PIXEL` bit, class name, whether masked by default, whether the dilation distance applies.
const QA_PIXEL: [(u32, &str, bool, bool); 7] = [
    (0, "fill", true, false),
    (1, "dilated_cloud", true, true),
    (2, "cirrus", true, true),
    (3, "cloud", true, true),
    (4, "cloud_shadow", true, true),
    (5, "snow", false, false),
    (7, "water", false, false),
];

/// Confidences: lowest of two bits, class name, least number. 1 is low, 2 medium (clouds only), 3 high; none is masked by default.
const CONFIDENCE: [(u32, &str, u16); 5] = [
    (8, "cloud_confidence_medium", 2),
    (8, "cloud_confidence_high", 3),
    (10, "shadow_confidence_high", 3),
    (12, "snow_confidence_high", 3),
    (14, "cirrus_confidence_high", 3),
];

fn level_2(id: &str, title: &str, platforms: &[&str], rows: &[BandRow], has_cirrus: bool) -> Sensor {
    let mut masks: Vec<MaskClass> = QA_PIXEL
        .iter()
        .filter(|(bit, ..)| has_cirrus || *bit != 2)
        .map(|&(bit, name, default, grows)| MaskClass {
            default,
            grows,
            ..of_bits(name, &Role::Qa, (bit, bit), Comparison::Equal, 1)
        })
        .collect();
    let confidence = CONFIDENCE.iter().filter(|(bit, ..)| has_cirrus || *bit != 14);
    masks.extend(
        confidence.map(|&(bit, name, least)| of_bits(name, &Role::Qa, (bit, bit + 1), Comparison::AtLeast, least).growing()),
    );
    masks.push(MaskClass {
        name: "saturated".to_owned(),
        layer: Role::Radsat,
        condition: Condition { test: Test::In(vec![0]), negated: true },
        default: true,
        grows: false,
    });
    let mut bands = bands(rows);
    for band in bands.iter_mut().filter(|band| band.asset.starts_with("ST_")) {
        band.scaling = Some(KELVIN);
    }
    Sensor {
        id: id.to_owned(),
        title: title.to_owned(),
        product: "landsat-c2-l2".to_owned(),
        quantity: Quantity::SurfaceReflectance,
        platforms: platforms.iter().map(|&p| p.to_owned()).collect(),
        bands,
        quality: vec![(Role::Qa, "QA_PIXEL".to_owned()), (Role::Radsat, "QA_RADSAT".to_owned())],
        scaling: Scaling { scale: 0.000_027_5, offset: -0.2 },
        nodata: Some(0.0),
        fill_code: 1,
        masks,
        ..Sensor::plain(id)
    }
}

/// The same sensor at the top of the atmosphere. Every scaling stands in the metadata.
fn level_1(id: &str, title: &str, level_2: &Sensor, more: &[BandRow]) -> Sensor {
    let mut sensor = Sensor {
        id: id.to_owned(),
        title: title.to_owned(),
        product: "landsat-l1".to_owned(),
        quantity: Quantity::TopOfAtmosphere,
        scaling: Scaling::IDENTITY,
        ..level_2.clone()
    };
    for band in &mut sensor.bands {
        band.scaling = None;
        band.asset.drain(.."SR_".len());
    }
    sensor.bands.extend(bands(more));
    sensor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_oli_has_a_cirrus_bit() {
        assert!(oli().masks.iter().any(|class| class.name == "cirrus"));
        assert!(!tm().masks.iter().any(|class| class.name.contains("cirrus")));
    }

    #[test]
    fn snow_water_confidences_are_kept_by_default() {
        for name in ["snow", "water", "cloud_confidence_medium", "cirrus_confidence_high"] {
            assert!(oli().masks.iter().any(|class| class.name == name && !class.default), "{name}");
        }
    }

    #[test]
    fn a_stripe_of_the_failed_corrector_is_fill_not_cloud() {
        let sensor = etm();
        let met: Vec<&str> = sensor.masks.iter().filter(|class| class.condition.holds(1)).map(|c| c.name.as_str()).collect();
        assert_eq!(met, ["fill", "saturated"], "code 1 of QA_PIXEL; QA_RADSAT is another layer");
        assert!(sensor.masks.iter().all(|class| class.name != "fill" || !class.grows), "a stripe does not grow");
    }

    #[test]
    fn level_1_has_the_bands_of_level_2_by_their_plain_numbers() {
        let assets = |sensor: &Sensor| sensor.bands.iter().map(|band| band.asset.clone()).collect::<Vec<_>>();
        assert_eq!(assets(&tm_l1()), ["B1", "B2", "B3", "B4", "B5", "B7", "B6"]);
        assert_eq!(assets(&oli_l1())[7..], ["B10", "B9", "B11"]);
        assert_eq!(tm().scaling_of(&Role::Band(Band::Lwir)), KELVIN);
    }
}
