//! Harmonized Landsat Sentinel-2 (HLS) version 2: surface reflectance of both on one grid of 30 m.
//!
//! Source: NASA LP DAAC, Harmonized Landsat Sentinel-2 Product User Guide, version 2.0: tables of bands and of the bits of `Fmask`.

use super::{BandRow, MaskClass, Quantity, Sensor, bands, of_bits, of_codes};
use crate::{Band, Comparison, Role, Scaling};

/// Landsat 8 and 9 in the form of HLS.
pub fn hls_l30() -> Sensor {
    let mut sensor = table("hls-l30", "HLS L30 (Landsat 8-9), version 2", &["LANDSAT_8", "LANDSAT_9"], &L30);
    for band in sensor.bands.iter_mut().filter(|band| matches!(band.band, Band::Lwir11 | Band::Lwir12)) {
        // Stored in hundredths of a degree Celsius; kelvin here as everywhere.
        band.scaling = Some(Scaling { scale: 0.01, offset: 273.15 });
    }
    sensor
}

/// Sentinel-2 in the form of HLS. Its near infrared is the narrow B8A, which is adjusted to that of Landsat; the wide B08 is not.
pub fn hls_s30() -> Sensor {
    table("hls-s30", "HLS S30 (Sentinel-2), version 2", &["Sentinel-2A", "Sentinel-2B", "Sentinel-2C"], &S30)
}

const L30: [BandRow; 10] = [
    (Band::Coastal, "B01", 440.0),
    (Band::Blue, "B02", 480.0),
    (Band::Green, "B03", 560.0),
    (Band::Red, "B04", 655.0),
    (Band::Nir08, "B05", 865.0),
    (Band::Swir16, "B06", 1610.0),
    (Band::Swir22, "B07", 2200.0),
    (Band::Cirrus, "B09", 1370.0),
    (Band::Lwir11, "B10", 10_895.0),
    (Band::Lwir12, "B11", 12_005.0),
];

const S30: [BandRow; 13] = [
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
    (Band::Cirrus, "B10", 1373.5),
    (Band::Swir16, "B11", 1613.7),
    (Band::Swir22, "B12", 2202.4),
];

/// `Fmask` bit, class name, whether masked by default. Bit 0 (cirrus) is not used by version 2.
const FMASK: [(u32, &str, bool); 5] =
    [(1, "cloud", true), (2, "adjacent_to_cloud", true), (3, "cloud_shadow", true), (4, "snow", false), (5, "water", false)];

fn table(id: &str, title: &str, platforms: &[&str], rows: &[BandRow]) -> Sensor {
    let mut masks = vec![of_codes("fill", &Role::Qa, &[255]).by_default()];
    masks.extend(FMASK.map(|(bit, name, default)| MaskClass {
        default,
        grows: bit <= 3,
        ..of_bits(name, &Role::Qa, (bit, bit), Comparison::Equal, 1)
    }));
    masks.push(of_bits("aerosol_high", &Role::Qa, (6, 7), Comparison::Equal, 3));
    Sensor {
        title: title.to_owned(),
        product: "hls".to_owned(),
        quantity: Quantity::SurfaceReflectance,
        platforms: platforms.iter().map(|&platform| platform.to_owned()).collect(),
        bands: bands(rows),
        nir: Band::Nir08,
        quality: vec![(Role::Qa, "Fmask".to_owned())],
        scaling: Scaling { scale: 0.0001, offset: 0.0 },
        nodata: Some(-9999.0),
        fill_code: 255,
        masks,
        ..Sensor::plain(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_masks_are_fill_cloud_its_neighbours_shadow() {
        let sensor = hls_l30();
        let masked = |code: u16| sensor.masks.iter().any(|class| class.default && class.condition.holds(code));
        assert!([255, 0b0010, 0b0100, 0b1000].into_iter().all(masked));
        assert!(![0, 0b1, 0b1_0000, 0b10_0000, 0b1100_0000].into_iter().any(masked));
    }

    #[test]
    fn the_narrow_near_infrared_is_another_asset_in_each() {
        let of = |sensor: Sensor| sensor.bands.into_iter().find(|band| band.band == sensor.nir).map(|band| band.asset);
        assert_eq!((of(hls_l30()).as_deref(), of(hls_s30()).as_deref()), (Some("B05"), Some("B8A")));
    }
}
