//! Moving sums of residuals.
//!
//! A. Zeileis, F. Leisch, C. Kleiber, K. Hornik, "Monitoring structural change in dynamic econometric models", Journal of Applied
//! Econometrics 20, 2005; J. Verbesselt, A. Zeileis, M. Herold, Remote Sensing of Environment 123, 2012.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cusum::{self, HistoryFit};
use super::{Begun, Carried, Effect, Fitting, Process, Residuals, Rule, refused};
use crate::ChangeError;
use crate::detector::bfast_monitor::{VERBESSELT_2012, ZEILEIS_2005};
use crate::detector::critical::{mosum_boundary, mosum_critical};
use crate::detector::{MethodInfo, Statistic};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "mosum",
    title: "Moving sum of residuals, image by image",
    citation: "Verbesselt, Zeileis & Herold, Remote Sensing of Environment 123 (2012), https://doi.org/10.1016/j.rse.2012.02.022; as in nrt 0.3.0",
    publications: &[VERBESSELT_2012, ZEILEIS_2005],
    reference: Some(super::REFERENCE),
    statistic: Statistic::Sum,
};

/// Lengths of the history over which is monitored, for the critical value.
const PERIOD: f64 = 10.0;

/// Parameters; defaults are those of nrt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MosumParameters {
    /// Number of harmonics, 0 to 5. Default 2.
    pub order: usize,
    /// Whether the model has a trend. Default true.
    pub trend: bool,
    /// Probability of a false break, 0.001 to 0.05. Default 0.05.
    pub sensitivity: f64,
    /// Length of a sum as a share of the history: 0.25, 0.5 or 1. Default 0.25.
    pub h: f64,
    /// What of the history the model is fitted to. Default ROC.
    pub fit: HistoryFit,
    /// Probability of taking a stable history for unstable, 0.001 to 0.5. Default 0.05.
    pub alpha: f64,
}

impl Default for MosumParameters {
    fn default() -> Self {
        Self { order: 2, trend: true, sensitivity: 0.05, h: 0.25, fit: HistoryFit::Roc, alpha: 0.05 }
    }
}

/// The method.
pub type Mosum = super::Nrt<MosumParameters>;

/// The residuals of a moving sum.
#[derive(Debug, Clone)]
pub struct Window {
    scaled: VecDeque<f64>,
    /// Their sum, and what it is held against.
    value: f64,
    boundary: f64,
    scale: f64,
    history: f64,
    looks: f64,
    critical: f64,
}

impl Process for Window {
    fn look(&mut self, residual: f64) -> Effect {
        self.looks += 1.0;
        self.scaled.pop_front();
        self.scaled.push_back(residual / self.scale);
        self.weigh();
        if self.value.abs() > self.boundary { Effect::Break } else { Effect::Quiet }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn boundary(&self) -> f64 {
        self.boundary
    }

    fn numbers(&self) -> Vec<f64> {
        self.scaled.iter().copied().collect()
    }

    fn count(&self) -> u16 {
        self.looks as u16
    }
}

impl Window {
    fn new(scaled: VecDeque<f64>, scale: f64, history: f64, looks: f64, critical: f64) -> Self {
        let mut window = Self { scaled, value: f64::NAN, boundary: f64::NAN, scale, history, looks, critical };
        window.weigh();
        window
    }

    /// Works out the sum, anew each time so that what it is does not depend on how it came to be, and its boundary.
    fn weigh(&mut self) {
        self.value = self.scaled.iter().sum();
        self.boundary = mosum_boundary(self.critical, self.looks / self.history);
    }
}

impl MosumParameters {
    /// Residuals of a sum after so many looks of the history.
    fn length(&self, history: usize) -> usize {
        (self.h * history as f64).floor() as usize
    }
}

impl Rule for MosumParameters {
    type Process = Window;

    const INFO: MethodInfo = METHOD;
    const HAS_VALUES: bool = true;

    fn check(&self) -> Result<(), ChangeError> {
        if ![0.25, 0.5, 1.0].contains(&self.h) {
            return Err(refused(METHOD, "h", self.h, "0.25, 0.5 or 1"));
        }
        cusum::check(METHOD, self.sensitivity, self.alpha)
    }

    fn model(&self) -> (usize, bool) {
        (self.order, self.trend)
    }

    fn fitting(&self) -> Fitting {
        self.fit.fitting(self.alpha)
    }

    fn critical(&self) -> f64 {
        mosum_critical(self.h, PERIOD, self.sensitivity)
    }

    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Window> {
        let sigma = residuals.deviation(residuals.width);
        let count = residuals.values.len();
        let scale = sigma * (count as f64).sqrt();
        let length = self.length(count);
        let scaled = residuals.values[count - length..].iter().map(|residual| residual / scale).collect();
        let process = Window::new(scaled, scale, count as f64, count as f64, residuals.critical);
        Begun { process, sigma, is_stable: true }
    }

    fn room(&self, history: usize) -> usize {
        self.length(history)
    }

    fn resume(&self, carried: &Carried<'_>) -> Window {
        let Carried { sigma, history, critical, .. } = *carried;
        let scaled = carried.numbers.iter().copied().collect();
        Window::new(scaled, sigma * history.sqrt(), history, f64::from(carried.count), critical)
    }
}
