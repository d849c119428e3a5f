//! Residuals outside the whiskers of the history's box plot.
//!
//! J. W. Tukey, "Exploratory data analysis", 1977; as the method IQR of nrt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Begun, Carried, Effect, Fitting, Process, Residuals, Rule, is_positive, refused};
use crate::ChangeError;
use crate::detector::publication::{Place, Publication};
use crate::detector::{MethodInfo, Statistic};

const TUKEY_1977: Publication = Publication {
    key: "tukey1977",
    authors: &["Tukey, J. W."],
    title: "Exploratory data analysis",
    place: Place::Book { publisher: "Addison-Wesley" },
    year: 1977,
    doi: "",
};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "iqr",
    title: "Residuals outside the interquartile range, image by image",
    citation: "Tukey, Exploratory Data Analysis (1977); as in nrt 0.3.0",
    publications: &[TUKEY_1977],
    reference: Some(super::REFERENCE),
    statistic: Statistic::Count,
};

/// Parameters; defaults are those of nrt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IqrParameters {
    /// Number of harmonics, 0 to 5. Default 3.
    pub order: usize,
    /// Whether the model has a trend. Default false.
    pub trend: bool,
    /// Length of the whiskers in interquartile ranges, above 0. Default 1.5.
    pub sensitivity: f64,
    /// Consecutive looks outside that make a break, 1 to 100. Default 3.
    pub boundary: u32,
}

impl Default for IqrParameters {
    fn default() -> Self {
        Self { order: 3, trend: false, sensitivity: 1.5, boundary: 3 }
    }
}

/// The method.
pub type Iqr = super::Nrt<IqrParameters>;

/// Consecutive looks outside of bounds.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub(super) count: u32,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) boundary: u32,
}

impl Process for Run {
    fn look(&mut self, residual: f64) -> Effect {
        if (self.low..=self.high).contains(&residual) {
            self.count = 0;
            return Effect::Quiet;
        }
        self.count += 1;
        if self.count >= self.boundary { Effect::Break } else { Effect::Flagged }
    }

    fn value(&self) -> f64 {
        f64::from(self.count)
    }

    fn boundary(&self) -> f64 {
        f64::from(self.boundary)
    }

    fn limits(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    fn numbers(&self) -> Vec<f64> {
        Vec::new()
    }

    fn count(&self) -> u16 {
        self.count as u16
    }
}

/// Refuses what is out of range.
pub(super) fn check(info: MethodInfo, sensitivity: f64, boundary: u32) -> Result<(), ChangeError> {
    if !is_positive(sensitivity) {
        return Err(refused(info, "sensitivity", sensitivity, "a number above 0"));
    }
    if !(1..=100).contains(&boundary) {
        return Err(refused(info, "boundary", boundary, "a count from 1 to 100"));
    }
    Ok(())
}

impl Rule for IqrParameters {
    type Process = Run;

    const INFO: MethodInfo = METHOD;
    const HAS_QUARTILES: bool = true;

    fn check(&self) -> Result<(), ChangeError> {
        check(METHOD, self.sensitivity, self.boundary)
    }

    fn model(&self) -> (usize, bool) {
        (self.order, self.trend)
    }

    fn fitting(&self) -> Fitting {
        Fitting::Plain
    }

    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Run> {
        let [low, high] = residuals.quartiles;
        let whisker = self.sensitivity * (high - low).max(residuals.floor);
        let process = Run { count: 0, low: low - whisker, high: high + whisker, boundary: self.boundary };
        Begun { process, sigma: residuals.deviation(residuals.width), is_stable: true }
    }

    fn room(&self, _history: usize) -> usize {
        0
    }

    fn has_limits(&self) -> bool {
        true
    }

    fn resume(&self, carried: &Carried<'_>) -> Run {
        let [low, high] = carried.limits;
        Run { count: u32::from(carried.count), low, high, boundary: self.boundary }
    }
}
