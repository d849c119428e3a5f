//! Landsat Collection 2 Level 2 surface reflectance.
//!
//! Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619) and Landsat 4-7 (LSDS-1618).

use super::{MaskClass, Sensor, SensorBand};
use crate::qa::Comparison;
use crate::{Band, Condition, Role, Scaling, Test};

/// Thematic Mapper of Landsat 4 and 5.
pub fn tm() -> Sensor {
    table("landsat-tm", "Landsat 4-5 TM, Collection 2 Level 2", &["LANDSAT_4", "LANDSAT_5"], &TM_BANDS, false)
}

/// Enhanced Thematic Mapper Plus of Landsat 7. The stripes of the failed scan line corrector are fill, not cloud.
pub fn etm() -> Sensor {
    table("landsat-etm", "Landsat 7 ETM+, Collection 2 Level 2", &["LANDSAT_7"], &TM_BANDS, false)
}

/// Operational Land Imager of Landsat 8 and 9.
pub fn oli() -> Sensor {
    table("landsat-oli", "Landsat 8-9 OLI, Collection 2 Level 2", &["LANDSAT_8", "LANDSAT_9"], &OLI_BANDS, true)
}

type BandRow = (Band, &'static str, f64);

const TM_BANDS: [BandRow; 6] = [
    (Band::Blue, "SR_B1", 485.0),
    (Band::Green, "SR_B2", 560.0),
    (Band::Red, "SR_B3", 660.0),
    (Band::Nir08, "SR_B4", 830.0),
    (Band::Swir16, "SR_B5", 1650.0),
    (Band::Swir22, "SR_B7", 2215.0),
];

const OLI_BANDS: [BandRow; 7] = [
    (Band::Coastal, "SR_B1", 440.0),
    (Band::Blue, "SR_B2", 480.0),
    (Band::Green, "SR_B3", 560.0),
    (Band::Red, "SR_B4", 655.0),
    (Band::Nir08, "SR_B5", 865.0),
    (Band::Swir16, "SR_B6", 1610.0),
    (Band::Swir22, "SR_B7", 2200.0),
];

/// `QA_PIXEL` bit, class name, whether masked by default, whether the dilation distance applies.
const QA_PIXEL: [(u32, &str, bool, bool); 6] = [
    (0, "fill", true, false),
    (1, "dilated_cloud", true, true),
    (2, "cirrus", true, true),
    (3, "cloud", true, true),
    (4, "cloud_shadow", true, true),
    (5, "snow", false, false),
];

fn table(id: &str, title: &str, platforms: &[&str], bands: &[BandRow], has_cirrus: bool) -> Sensor {
    let bit =
        |first: u32| Condition { test: Test::Bits { first, last: first, ordering: Comparison::Equal, value: 1 }, negated: false };
    let mut masks: Vec<MaskClass> = QA_PIXEL
        .iter()
        .filter(|(first, ..)| has_cirrus || *first != 2)
        .map(|&(first, name, default, grows)| MaskClass {
            name: name.to_owned(),
            layer: Role::Qa,
            condition: bit(first),
            default,
            grows,
        })
        .collect();
    masks.push(MaskClass {
        name: "saturated".to_owned(),
        layer: Role::Radsat,
        condition: Condition { test: Test::In(vec![0]), negated: true },
        default: true,
        grows: false,
    });
    Sensor {
        id: id.to_owned(),
        title: title.to_owned(),
        platforms: platforms.iter().map(|&p| p.to_owned()).collect(),
        bands: bands.iter().map(|&(band, asset, centre_nm)| SensorBand { band, asset: asset.to_owned(), centre_nm }).collect(),
        quality: vec![(Role::Qa, "QA_PIXEL".to_owned()), (Role::Radsat, "QA_RADSAT".to_owned())],
        scaling: Scaling { scale: 0.000_027_5, offset: -0.2 },
        nodata: Some(0.0),
        fill_code: 1,
        masks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_oli_has_a_cirrus_bit() {
        assert!(oli().masks.iter().any(|class| class.name == "cirrus"));
        assert!(!tm().masks.iter().any(|class| class.name == "cirrus"));
    }

    #[test]
    fn snow_is_kept_by_default() {
        assert!(oli().masks.iter().any(|class| class.name == "snow" && !class.default));
    }
}
