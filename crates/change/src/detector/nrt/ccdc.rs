//! CCDC in its near-real-time form: consecutive residuals beyond so many root mean squares of the history's.
//!
//! Z. Zhu, C. E. Woodcock, "Continuous change detection and classification of land cover using all available Landsat data", Remote
//! Sensing of Environment 144, 2014; as the method CCDC of nrt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::iqr::{Run, check};
use super::{Begun, Carried, Fitting, Residuals, Rule, is_positive, refused};
use crate::ChangeError;
use crate::detector::publication::{Place, Publication};
use crate::detector::{MethodInfo, Statistic};

const ZHU_2014: Publication = Publication {
    key: "zhu2014",
    authors: &["Zhu, Z.", "Woodcock, C. E."],
    title: "Continuous change detection and classification of land cover using all available Landsat data",
    place: Place::Journal { name: "Remote Sensing of Environment", volume: 144, number: "", pages: "152--171" },
    year: 2014,
    doi: "10.1016/j.rse.2014.01.011",
};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "ccdc-nrt",
    title: "Consecutive large residuals (CCDC), image by image",
    citation: "Zhu & Woodcock, Remote Sensing of Environment 144 (2014), https://doi.org/10.1016/j.rse.2014.01.011; as in nrt 0.3.0",
    publications: &[ZHU_2014],
    reference: Some(super::REFERENCE),
    statistic: Statistic::Count,
};

/// Parameters; defaults are those of nrt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CcdcParameters {
    /// Number of harmonics, 0 to 5. Default 2.
    pub order: usize,
    /// Whether the model has a trend. Default true.
    pub trend: bool,
    /// Root mean squares beyond which a look counts, above 0. Default 3.
    pub sensitivity: f64,
    /// Consecutive such looks that make a break, 1 to 100. Default 3.
    pub boundary: u32,
    /// What reflectance of green and short-wave infrared was multiplied with, above 0. Default 10000.
    pub scaling_factor: f64,
}

impl Default for CcdcParameters {
    fn default() -> Self {
        Self { order: 2, trend: true, sensitivity: 3.0, boundary: 3, scaling_factor: 10_000.0 }
    }
}

/// The method. Its roles are what is watched, then green and short-wave infrared, which show clouds that no mask has; without these
/// two the mask is believed.
pub type Ccdc = super::Nrt<CcdcParameters>;

impl CcdcParameters {
    fn run(&self, count: u32, sigma: f64) -> Run {
        let limit = self.sensitivity * sigma;
        Run { count, low: -limit, high: limit, boundary: self.boundary }
    }
}

impl Rule for CcdcParameters {
    type Process = Run;

    const INFO: MethodInfo = METHOD;

    fn check(&self) -> Result<(), ChangeError> {
        if !is_positive(self.scaling_factor) {
            return Err(refused(METHOD, "scaling_factor", self.scaling_factor, "a number above 0"));
        }
        check(METHOD, self.sensitivity, self.boundary)
    }

    fn model(&self) -> (usize, bool) {
        (self.order, self.trend)
    }

    fn fitting(&self) -> Fitting {
        Fitting::Ccdc(self.scaling_factor)
    }

    fn takes(&self, roles: usize) -> bool {
        roles == 1 || roles == 3
    }

    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Run> {
        let sigma = (residuals.squares / residuals.count as f64).sqrt().max(residuals.floor);
        Begun { process: self.run(0, sigma), sigma, is_stable: true }
    }

    fn room(&self, _history: usize) -> usize {
        0
    }

    fn resume(&self, carried: &Carried<'_>) -> Run {
        self.run(u32::from(carried.count), carried.sigma)
    }
}
