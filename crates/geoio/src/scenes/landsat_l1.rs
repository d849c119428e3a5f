//! Landsat Level 1: radiance, reflectance and brightness temperature at the top of the atmosphere.
//!
//! Source: USGS, Landsat 8-9 Data Users Handbook (LSDS-1574): `reflectance = (MULT x stored + ADD) / sin(sun elevation)`. Metadata from
//! before the collections give radiance only; reflectance is then `pi x radiance x d^2 / (ESUN x sin(sun elevation))` with ESUN and
//! thermal constants of G. Chander, B. L. Markham, D. L. Helder, "Summary of current radiometric calibration coefficients for Landsat
//! MSS, TM, ETM+, and EO-1 ALI sensors", Remote Sensing of Environment 113, 2009, tables 3 and 4.

use raster::sensor::Quantity;
use raster::{Band, Date, Scaling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::metadata::Metadata;

/// What the numbers of Level 1 are turned into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// Reflectance at the top of the atmosphere, and kelvin of brightness of thermal bands.
    #[default]
    Reflectance,
    /// Radiance in W/(m2 sr um), of thermal bands too.
    Radiance,
}

impl Units {
    pub(super) fn quantity(self) -> Quantity {
        match self {
            Self::Reflectance => Quantity::TopOfAtmosphere,
            Self::Radiance => Quantity::Radiance,
        }
    }
}

const RESCALING: [&str; 2] = ["LEVEL1_RADIOMETRIC_RESCALING", "RADIOMETRIC_RESCALING"];
const THERMAL: [&str; 3] = ["LEVEL1_THERMAL_CONSTANTS", "TIRS_THERMAL_CONSTANTS", "THERMAL_CONSTANTS"];
const IMAGE: [&str; 1] = ["IMAGE_ATTRIBUTES"];

/// How one band's stored numbers become values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calibrated {
    pub(super) scaling: Scaling,
    pub(super) curve: Option<Curve>,
}

/// How a scene's stored numbers become values.
#[derive(Debug)]
pub(super) struct Calibration<'a> {
    metadata: &'a Metadata,
    platform: &'a str,
    units: Units,
    /// Sine of the sun's elevation.
    sine: f64,
    /// Astronomical units.
    sun_distance: f64,
}

impl<'a> Calibration<'a> {
    /// The calibration of a scene.
    pub(super) fn new(metadata: &'a Metadata, platform: &'a str, date: Date, units: Units) -> Result<Self, String> {
        let elevation = metadata.number_in(&IMAGE, "SUN_ELEVATION").ok_or("it has no SUN_ELEVATION")?;
        if !(elevation > 0.0 && elevation <= 90.0) && units == Units::Reflectance {
            return Err(format!(
                "SUN_ELEVATION is {elevation} degrees: without sun there is no reflectance; give units = \"radiance\""
            ));
        }
        let given = metadata.number_in(&IMAGE, "EARTH_SUN_DISTANCE").filter(|d| (0.98..1.02).contains(d));
        let sun_distance = given.unwrap_or_else(|| sun_distance(date));
        Ok(Self { metadata, platform, units, sine: elevation.to_radians().sin(), sun_distance })
    }

    /// The calibration of a band by its number in the metadata (`4`, `6_VCID_1`).
    ///
    /// # Errors
    /// The reason, where the metadata do not give what it takes and no published constant stands for it.
    pub(super) fn band(&self, band: Band, number: &str) -> Result<Calibrated, String> {
        let value = |name: &str| self.metadata.number_in(&RESCALING, &format!("{name}_BAND_{number}"));
        let radiance = value("RADIANCE_MULT").filter(|v| *v > 0.0).zip(value("RADIANCE_ADD"));
        let missing = || format!("it has no RADIANCE_MULT_BAND_{number} and RADIANCE_ADD_BAND_{number}");
        let straight = |scale: f64, offset: f64| Calibrated { scaling: Scaling { scale, offset }, curve: None };
        if self.units == Units::Radiance {
            let (scale, offset) = radiance.ok_or_else(missing)?;
            return Ok(straight(scale, offset));
        }
        if matches!(band, Band::Lwir | Band::Lwir11 | Band::Lwir12) {
            let (scale, offset) = radiance.ok_or_else(missing)?;
            let (k1, k2) = self.thermal(number).ok_or_else(|| format!("it has no K1_CONSTANT_BAND_{number}"))?;
            return Ok(Calibrated { scaling: Scaling::IDENTITY, curve: Some(Curve::Planck { scale, offset, k1, k2 }) });
        }
        if let (Some(scale), Some(offset)) = (value("REFLECTANCE_MULT").filter(|v| *v > 0.0), value("REFLECTANCE_ADD")) {
            return Ok(straight(scale / self.sine, offset / self.sine));
        }
        let (scale, offset) = radiance.ok_or_else(missing)?;
        let sun = irradiance(self.platform, band)
            .ok_or_else(|| format!("it has no REFLECTANCE_MULT_BAND_{number}, and no irradiance is published for it"))?;
        let factor = std::f64::consts::PI * self.sun_distance.powi(2) / (sun * self.sine);
        Ok(straight(scale * factor, offset * factor))
    }

    fn thermal(&self, number: &str) -> Option<(f64, f64)> {
        let constant = |name: &str| self.metadata.number_in(&THERMAL, &format!("{name}_CONSTANT_BAND_{number}"));
        constant("K1").zip(constant("K2")).or(match self.platform {
            "LANDSAT_4" => Some((671.62, 1284.30)),
            "LANDSAT_5" => Some((607.76, 1260.56)),
            "LANDSAT_7" => Some((666.09, 1282.71)),
            _ => None,
        })
    }
}

/// Mean irradiance of the sun outside the atmosphere over a band, W/(m2 um): Chander et al. 2009, table 3.
fn irradiance(platform: &str, band: Band) -> Option<f64> {
    let of = match platform {
        "LANDSAT_4" => [1983.0, 1795.0, 1539.0, 1028.0, 219.8, 83.49],
        "LANDSAT_5" => [1983.0, 1796.0, 1536.0, 1031.0, 220.0, 83.44],
        "LANDSAT_7" => [1997.0, 1812.0, 1533.0, 1039.0, 230.8, 84.90],
        _ => return None,
    };
    let place = [Band::Blue, Band::Green, Band::Red, Band::Nir08, Band::Swir16, Band::Swir22].iter().position(|b| *b == band)?;
    Some(of[place])
}

/// Distance of the sun in astronomical units, within 0.0001: the low-precision formula of the Astronomical Almanac.
fn sun_distance(date: Date) -> f64 {
    // Days from 2000-01-01 12:00; scenes are taken some hours before or after noon UTC, which moves the last digit only.
    let days = f64::from(date.days()) - 10_957.0;
    let anomaly = (357.529 + 0.985_600_28 * days).to_radians();
    1.000_14 - 0.016_71 * anomaly.cos() - 0.000_14 * (2.0 * anomaly).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_is_as_far_as_astropy_says() {
        // EARTH_SUN_DISTANCE of a Landsat 8 scene; then get_sun(noon).distance of astropy 8.0.2.
        let known = [
            ("2019-12-01", 0.986_075_5),
            ("1988-08-14", 1.012_891_6),
            ("2023-01-04", 0.983_295_7),
            ("2003-07-04", 1.016_728_0),
            ("1984-04-01", 0.999_567_1),
        ];
        for (day, expected) in known {
            let got = sun_distance(day.parse().expect("a day"));
            assert!((got - expected).abs() < 1e-4, "{day}: {got}");
        }
    }
}
