//! Scenes whose numbers lie: an offset applied twice or not at all, red and near infrared exchanged.
//!
//! Sentinel-2 products made since January 2022 add 1000 to their numbers (ESA, processing baseline 04.00), Landsat's Collection 2
//! takes off 0.2 (USGS LSDS-1619), and copies of both are passed on with and without. A wrong offset moves every index, and every
//! pixel with it. Dense vegetation betrays it: it is the darkest bright thing on land, with a red and a blue of 0.01 to 0.05.
//!
//! *Clear vegetation* is the scene class 4 of Sentinel-2 where the scene has its classes (`scl`); they come from the producer, who
//! had the right numbers. Elsewhere it is what is at least 0.15 brighter in the near infrared than in red: the difference of both
//! (DVI: A. J. Richardson and C. L. Wiegand, "Distinguishing vegetation from soil background information", Photogrammetric
//! Engineering and Remote Sensing 43, 1977) is the one vegetation index that a common offset leaves as it is. Water, cities and
//! bare soil do not reach it either way round; that is why it also tells exchanged bands over any ground.

mod screening;

use std::fmt;

use raster::sensor::Quantity;
use raster::{Band, Role, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ChangeError;
pub use screening::{CONTRAST, Screening};

/// What scenes are held against before they are used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Whether scenes are held against anything. Default true.
    pub enabled: bool,
    /// The checks that are made: `doubled_offset`, `missed_offset`, `swapped_bands`. Default all three.
    pub checks: Vec<Check>,
    /// Share of clear vegetation with negative reflectance (in red and in blue, of those the scene has) above which the offset
    /// was applied twice, 0 to 1. Default 0.02.
    pub negative_share: f64,
    /// First percentile of blue over clear vegetation, in reflectance, above which the offset was not applied, 0 to 1. Default 0.08.
    pub blue_first_percentile: f64,
    /// Share of clear vegetation with more red than near infrared above which the two are exchanged, 0 to 1. Default 0.5.
    pub red_above_nir_share: f64,
    /// Sampled pixels of clear vegetation below which nothing is judged, 1 or more. Default 1000.
    pub min_vegetation_px: u64,
    /// The same for blue, 1 or more: haze that the classes miss can lie over the whole of a small area, and lifts blue as a missed
    /// offset does. Default 10000.
    pub min_blue_px: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            enabled: true,
            checks: Check::ALL.to_vec(),
            negative_share: 0.02,
            blue_first_percentile: 0.08,
            red_above_nir_share: 0.5,
            min_vegetation_px: 1000,
            min_blue_px: 10_000,
        }
    }
}

/// What can be wrong with the numbers of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Vegetation is darker than black.
    DoubledOffset,
    /// Vegetation is too bright in blue.
    MissedOffset,
    /// Vegetation is brighter in red than in the near infrared.
    SwappedBands,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 3] = [Self::DoubledOffset, Self::MissedOffset, Self::SwappedBands];
}

/// A check that a scene does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What was measured: a share, or a reflectance.
    pub got: f64,
    /// What is allowed.
    pub limit: f64,
}

impl Finding {
    /// The key of [`Guard`] that holds its limit.
    pub fn key(&self) -> &'static str {
        match self.check {
            Check::DoubledOffset => "negative_share",
            Check::MissedOffset => "blue_first_percentile",
            Check::SwappedBands => "red_above_nir_share",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (got, limit) = (self.got, self.limit);
        match self.check {
            Check::DoubledOffset => write!(
                f,
                "{} of clear vegetation has negative reflectance (limit {}): the offset seems to be applied twice",
                percent(got),
                percent(limit)
            ),
            Check::MissedOffset => write!(
                f,
                "the first percentile of blue over clear vegetation is {got:.3} (limit {limit:.3}): the offset seems not to be applied, or the atmosphere not to be taken out (haze, top of atmosphere)"
            ),
            Check::SwappedBands => write!(
                f,
                "{} of clear vegetation is brighter in red than in the near infrared (limit {}): the two bands seem to be exchanged",
                percent(got),
                percent(limit)
            ),
        }
    }
}

/// `34 %`, `2.5 %`.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

/// Why a check was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Too little clear vegetation was sampled.
    TooLittleVegetation,
    /// The scene has no blue.
    NoBlue,
    /// The scene has neither scene classes nor both red and near infrared, or not the bands of the check.
    NoBands,
    /// The numbers are no reflectance: nobody gives their scale.
    NoReflectance,
}

impl Skip {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLittleVegetation => "too little clear vegetation",
            Self::NoBlue => "no blue band",
            Self::NoBands => "no red and near infrared bands",
            Self::NoReflectance => "numbers without a scale",
        }
    }
}

/// What a scene's sample says.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// The checks that it does not pass.
    pub findings: Vec<Finding>,
    /// The checks that were not made, with the reason.
    pub skipped: Vec<(Check, Skip)>,
}

impl Verdict {
    /// Whether at least one check was made.
    pub fn is_judged(&self, guard: &Guard) -> bool {
        self.skipped.len() < guard.checks.len()
    }
}

impl Guard {
    /// Refuses limits that mean nothing.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`].
    pub fn check(&self) -> Result<(), ChangeError> {
        let share = |v: f64| (0.0..=1.0).contains(&v);
        let limits: [(&'static str, f64); 3] = [
            ("negative_share", self.negative_share),
            ("blue_first_percentile", self.blue_first_percentile),
            ("red_above_nir_share", self.red_above_nir_share),
        ];
        let refused = |parameter, got, expected| ChangeError::Parameter { method: "guard".to_owned(), parameter, got, expected };
        if let Some((parameter, got)) = limits.into_iter().find(|(_, v)| !share(*v)) {
            return Err(refused(parameter, got.to_string(), "a number from 0 to 1"));
        }
        let counts = [("min_vegetation_px", self.min_vegetation_px), ("min_blue_px", self.min_blue_px)];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((parameter, _)) => Err(refused(parameter, "0".to_owned(), "a count of 1 or more")),
            None => Ok(()),
        }
    }

    /// The layers of a scene that are looked at: blue, red, the near infrared (the wide one before the narrow one) and the
    /// classes, of those it has; none where vegetation cannot be told by them.
    ///
    /// At the top of the atmosphere blue is bright over any ground and says nothing of an offset; what is no reflectance says nothing
    /// at all.
    pub fn roles(scene: &Scene) -> Vec<Role> {
        let quantity = scene.sensor.quantity;
        if !matches!(quantity, Quantity::SurfaceReflectance | Quantity::TopOfAtmosphere | Quantity::Any) {
            return Vec::new();
        }
        let of = |bands: &[Band]| bands.iter().map(|band| Role::Band(*band)).find(|role| scene.has(role));
        let blue = of(&[Band::Blue]).filter(|_| quantity != Quantity::TopOfAtmosphere);
        let bands = [blue, of(&[Band::Red]), of(&[Band::Nir, Band::Nir08])];
        let classes = Some(Role::Scl).filter(|role| scene.has(role) && bands.iter().any(Option::is_some));
        if classes.is_none() && (bands[1].is_none() || bands[2].is_none()) {
            return Vec::new();
        }
        bands.into_iter().flatten().chain(classes).collect()
    }

    /// What the sample of a scene says.
    pub fn judge(&self, screening: &Screening) -> Verdict {
        let mut verdict = Verdict::default();
        if !self.enabled {
            return verdict;
        }
        for &check in &self.checks {
            match self.measure(check, screening) {
                Ok(finding) if finding.got > finding.limit => verdict.findings.push(finding),
                Ok(_) => {}
                Err(skip) => verdict.skipped.push((check, skip)),
            }
        }
        verdict
    }

    fn measure(&self, check: Check, screening: &Screening) -> Result<Finding, Skip> {
        let least = if check == Check::MissedOffset { self.min_blue_px } else { self.min_vegetation_px };
        let enough = |count: u64| if count < least { Err(Skip::TooLittleVegetation) } else { Ok(count as f64) };
        if check == Check::SwappedBands {
            let (red_above, of) = screening.red_above_nir().ok_or(Skip::NoBands)?;
            return Ok(Finding { check, got: red_above as f64 / enough(of)?, limit: self.red_above_nir_share });
        }
        if !screening.has_vegetation() {
            return Err(Skip::NoBands);
        }
        if check == Check::MissedOffset && !screening.has_blue() {
            return Err(Skip::NoBlue);
        }
        if !screening.is_reflectance() {
            return Err(Skip::NoReflectance);
        }
        let of = enough(screening.vegetation())?;
        if check == Check::MissedOffset {
            let got = screening.blue_percentile(0.01).ok_or(Skip::TooLittleVegetation)?;
            return Ok(Finding { check, got, limit: self.blue_first_percentile });
        }
        Ok(Finding { check, got: screening.negative().ok_or(Skip::NoBands)? as f64 / of, limit: self.negative_share })
    }
}

#[cfg(test)]
mod tests;
