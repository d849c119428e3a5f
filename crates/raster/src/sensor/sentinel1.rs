//! Sentinel-1 radiometrically terrain-corrected backscatter (RTC).
//!
//! Source: D. Small, "Flattening gamma: radiometric terrain correction for SAR imagery", IEEE TGRS 49, 2011 (gamma nought); NASA JPL,
//! OPERA RTC-S1 Product Specification (JPL D-108758): power, codes of the mask of layover and shadow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Quantity, Sensor, bands, of_codes};
use crate::{Band, RasterError, Role};

/// The way in which the satellite flew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pass {
    /// Northward, in the evening.
    Ascending,
    /// Southward, in the morning.
    Descending,
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Ascending { "ascending" } else { "descending" })
    }
}

impl FromStr for Pass {
    type Err = RasterError;

    /// Reads `ascending`, `descending` or their first letters, in any case.
    fn from_str(text: &str) -> Result<Self, RasterError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "ascending" | "asc" | "a" => Ok(Self::Ascending),
            "descending" | "desc" | "d" => Ok(Self::Descending),
            _ => Err(RasterError::Pass { text: text.to_owned() }),
        }
    }
}

/// C-SAR of Sentinel-1 as gamma nought in power. What is seen from one side is not what is seen from the other: each pass is a sensor.
pub fn sentinel1(pass: Pass) -> Sensor {
    let mask = Role::Quality("mask".to_owned());
    Sensor {
        title: format!("Sentinel-1 C-SAR RTC, gamma nought in power, {pass}"),
        product: "sentinel-1-rtc".to_owned(),
        quantity: Quantity::Power,
        platforms: ["Sentinel-1A", "Sentinel-1B", "Sentinel-1C", "Sentinel-1D"].map(str::to_owned).to_vec(),
        bands: bands(&[
            (Band::Vv, "VV", WAVE_NM),
            (Band::Vh, "VH", WAVE_NM),
            (Band::Hh, "HH", WAVE_NM),
            (Band::Hv, "HV", WAVE_NM),
        ]),
        quality: vec![(mask.clone(), "mask".to_owned())],
        fill_code: 255,
        masks: vec![
            of_codes("outside", &mask, &[255]).by_default(),
            of_codes("shadow", &mask, &[1, 3]).by_default(),
            of_codes("layover", &mask, &[2, 3]).by_default(),
        ],
        ..Sensor::plain(&format!("sentinel-1-{pass}"))
    }
}

/// Length of the wave of 5.405 GHz.
const WAVE_NM: f64 = 55_465_763.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_read_in_the_writings_of_providers() {
        for (text, expected) in [("ASCENDING", Pass::Ascending), ("descending", Pass::Descending), ("D", Pass::Descending)] {
            assert_eq!(text.parse(), Ok(expected));
        }
        assert!("north".parse::<Pass>().is_err());
    }
}
