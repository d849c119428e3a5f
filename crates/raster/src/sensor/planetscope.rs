//! `PlanetScope` surface reflectance of 4 and 8 bands with its usable data mask.
//!
//! Source: Planet, `PlanetScope` Product Specifications (bands by instrument), and Usable Data Masks 2 and 2.1 of Planet's documentation.

use super::{BandRow, Quantity, Sensor, bands, of_bits, of_codes};
use crate::{Band, Comparison, Role, Scaling};

/// The table of an instrument, `PS2`, `PS2.SD` or `PSB.SD`; `None` for another name.
///
/// The instruments see differently and are sensors of their own. Bands stand in the order of the files; of `PSB.SD` there are files
/// of 8 bands and of 4.
pub fn planetscope(instrument: &str) -> Option<Sensor> {
    let (id, rows) = match instrument {
        "PS2" => ("planetscope-ps2", &FOUR[..]),
        "PS2.SD" => ("planetscope-ps2-sd", &FOUR[..]),
        "PSB.SD" => ("planetscope-psb-sd", &EIGHT[..]),
        _ => return None,
    };
    Some(table(id, &format!("PlanetScope {instrument}, surface reflectance"), rows))
}

/// Reflectance that Planet has brought to that of Sentinel-2 (`harmonized` in the file's name), whatever the instrument.
pub fn planetscope_harmonized() -> Sensor {
    table("planetscope-harmonized", "PlanetScope, harmonized to Sentinel-2", &EIGHT)
}

const FOUR: [BandRow; 4] =
    [(Band::Blue, "blue", 485.0), (Band::Green, "green", 545.0), (Band::Red, "red", 630.0), (Band::Nir, "nir", 820.0)];

const EIGHT: [BandRow; 8] = [
    (Band::Coastal, "coastal_blue", 441.5),
    (Band::Blue, "blue", 490.0),
    (Band::Green05, "green_i", 531.0),
    (Band::Green, "green", 565.0),
    (Band::Yellow, "yellow", 610.0),
    (Band::Red, "red", 665.0),
    (Band::Rededge071, "rededge", 705.0),
    (Band::Nir, "nir", 865.0),
];

/// Bands of the mask in their order; since version 2.1 (2023-11-29) `haze` is all haze and `heavy_haze` is never set.
const UDM2: [&str; 8] = ["clear", "snow", "shadow", "haze", "heavy_haze", "cloud", "confidence", "udm1"];

fn table(id: &str, title: &str, rows: &[BandRow]) -> Sensor {
    let layer = |name: &str| Role::Quality(name.to_owned());
    let set = |name: &str| of_codes(name, &layer(name), &[1]).growing();
    Sensor {
        title: title.to_owned(),
        product: "planetscope".to_owned(),
        quantity: Quantity::SurfaceReflectance,
        bands: bands(rows),
        quality: UDM2.map(|name| (layer(name), "udm2".to_owned())).to_vec(),
        scaling: Scaling { scale: 0.0001, offset: 0.0 },
        nodata: Some(0.0),
        masks: vec![
            of_codes("not_clear", &layer("clear"), &[0]).by_default().growing(),
            of_bits("unusable", &layer("udm1"), (0, 15), Comparison::NotEqual, 0).by_default(),
            set("snow"),
            set("shadow"),
            set("haze"),
            set("heavy_haze"),
            set("cloud"),
            of_bits("low_confidence", &layer("confidence"), (0, 15), Comparison::Less, 80),
        ],
        ..Sensor::plain(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_usable_where_it_is_clear_with_no_bit_of_the_older_mask() {
        let sensor = planetscope("PSB.SD").expect("an instrument");
        let default: Vec<&str> = sensor.masks.iter().filter(|class| class.default).map(|class| class.name.as_str()).collect();
        assert_eq!(default, ["not_clear", "unusable"]);
        let low = sensor.masks.iter().find(|class| class.name == "low_confidence").expect("a class");
        assert!(low.condition.holds(79) && !low.condition.holds(80));
        assert_eq!(planetscope("PS3"), None);
    }
}
