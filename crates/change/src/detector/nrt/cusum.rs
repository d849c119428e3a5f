//! Sums of residuals.
//!
//! C.-S. J. Chu, M. Stinchcombe, H. White, "Monitoring structural change", Econometrica 64, 1996; A. Zeileis, F. Leisch, C. Kleiber,
//! K. Hornik, "Monitoring structural change in dynamic econometric models", Journal of Applied Econometrics 20, 2005.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Begun, Carried, Effect, Fitting, Process, Residuals, Rule, refused};
use crate::ChangeError;
use crate::detector::bfast_monitor::ZEILEIS_2005;
use crate::detector::critical::{cusum_boundary, cusum_critical};
use crate::detector::publication::{Place, Publication};
use crate::detector::{MethodInfo, Statistic};
use crate::season_trend::Roc;

const CHU_1996: Publication = Publication {
    key: "chu1996",
    authors: &["Chu, C.-S. J.", "Stinchcombe, M.", "White, H."],
    title: "Monitoring structural change",
    place: Place::Journal { name: "Econometrica", volume: 64, number: "5", pages: "1045--1065" },
    year: 1996,
    doi: "10.2307/2171955",
};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "cusum",
    title: "Cumulative sum of residuals, image by image",
    citation: "Zeileis et al., Journal of Applied Econometrics 20 (2005), https://doi.org/10.1002/jae.776; as in nrt 0.3.0",
    publications: &[ZEILEIS_2005, CHU_1996],
    reference: Some(super::REFERENCE),
    statistic: Statistic::Sum,
};

/// Parameters; defaults are those of nrt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CusumParameters {
    /// Number of harmonics, 0 to 5. Default 2.
    pub order: usize,
    /// Whether the model has a trend. Default true.
    pub trend: bool,
    /// Probability of a false break, 0.001 to 0.05. Default 0.05.
    pub sensitivity: f64,
    /// What of the history the model is fitted to. Default ROC.
    pub fit: HistoryFit,
    /// Probability of taking a stable history for unstable, 0.001 to 0.5. Default 0.05.
    pub alpha: f64,
}

/// What of a history a model is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HistoryFit {
    /// What a reversed recursive CUSUM test takes for stable.
    #[serde(rename = "ROC", alias = "roc")]
    Roc,
    /// All of it.
    #[serde(rename = "OLS", alias = "ols")]
    Ols,
}

impl HistoryFit {
    /// The fit, with the level of its test.
    pub(super) fn fitting(self, alpha: f64) -> Fitting {
        match self {
            Self::Roc => Fitting::Stable(Roc::new(alpha, 1, 0.0)),
            Self::Ols => Fitting::Plain,
        }
    }
}

impl Default for CusumParameters {
    fn default() -> Self {
        Self { order: 2, trend: true, sensitivity: 0.05, fit: HistoryFit::Roc, alpha: 0.05 }
    }
}

/// The method.
pub type Cusum = super::Nrt<CusumParameters>;

/// A sum and the number of looks.
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    value: f64,
    /// What the sum is held against.
    boundary: f64,
    /// What a residual is divided by.
    scale: f64,
    history: f64,
    looks: f64,
    critical: f64,
}

impl Process for Sum {
    fn look(&mut self, residual: f64) -> Effect {
        self.looks += 1.0;
        self.value += residual / self.scale;
        self.boundary = bound(self.critical, self.looks / self.history);
        if self.value.abs() > self.boundary { Effect::Break } else { Effect::Quiet }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn boundary(&self) -> f64 {
        self.boundary
    }

    fn count(&self) -> u16 {
        self.looks as u16
    }
}

/// The boundary at a time in lengths of the history; none before its end.
fn bound(critical: f64, relative: f64) -> f64 {
    if relative > 1.0 { cusum_boundary(critical, relative) } else { f64::NAN }
}

/// Refuses probabilities that are out of range.
pub(super) fn check(info: MethodInfo, sensitivity: f64, alpha: f64) -> Result<(), ChangeError> {
    if !(0.001..=0.05).contains(&sensitivity) {
        return Err(refused(info, "sensitivity", sensitivity, "a number from 0.001 to 0.05"));
    }
    if !(0.001..=0.5).contains(&alpha) {
        return Err(refused(info, "alpha", alpha, "a number from 0.001 to 0.5"));
    }
    Ok(())
}

impl Rule for CusumParameters {
    type Process = Sum;

    const INFO: MethodInfo = METHOD;

    fn check(&self) -> Result<(), ChangeError> {
        check(METHOD, self.sensitivity, self.alpha)
    }

    fn model(&self) -> (usize, bool) {
        (self.order, self.trend)
    }

    fn fitting(&self) -> Fitting {
        self.fit.fitting(self.alpha)
    }

    fn critical(&self) -> f64 {
        cusum_critical(self.sensitivity)
    }

    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Sum> {
        let sigma = residuals.deviation(residuals.width);
        let history = residuals.count as f64;
        let scale = sigma * history.sqrt();
        let value = residuals.sum / scale;
        let process = Sum { value, boundary: f64::NAN, scale, history, looks: history, critical: residuals.critical };
        Begun { process, sigma, is_stable: true }
    }

    fn resume(&self, carried: &Carried<'_>) -> Sum {
        let Carried { sigma, history, critical, .. } = *carried;
        let value = carried.numbers.first().copied().unwrap_or(f64::NAN);
        let looks = f64::from(carried.count);
        Sum { value, boundary: bound(critical, looks / history), scale: sigma * history.sqrt(), history, looks, critical }
    }
}
