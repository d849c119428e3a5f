//! Exponentially weighted moving averages of residuals.
//!
//! E. B. Brooks, R. H. Wynne, V. A. Thomas, C. E. Blinn, J. W. Coulston, "On-the-fly massively multitemporal change detection using
//! statistical quality control charts and Landsat data", IEEE Transactions on Geoscience and Remote Sensing 52, 2014.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Begun, Carried, Effect, Fitting, Process, Residuals, Rule, is_positive, refused};
use crate::ChangeError;
use crate::detector::publication::{Place, Publication};
use crate::detector::{MethodInfo, Statistic};

const BROOKS_2014: Publication = Publication {
    key: "brooks2014",
    authors: &["Brooks, E. B.", "Wynne, R. H.", "Thomas, V. A.", "Blinn, C. E.", "Coulston, J. W."],
    title: "On-the-fly massively multitemporal change detection using statistical quality control charts and Landsat data",
    place: Place::Journal {
        name: "IEEE Transactions on Geoscience and Remote Sensing",
        volume: 52,
        number: "6",
        pages: "3316--3332",
    },
    year: 2014,
    doi: "10.1109/TGRS.2013.2272545",
};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "ewma",
    title: "Exponentially weighted moving average of residuals, image by image",
    citation: "Brooks et al., IEEE TGRS 52 (2014), https://doi.org/10.1109/TGRS.2013.2272545; as in nrt 0.3.0",
    publications: &[BROOKS_2014],
    reference: Some(super::REFERENCE),
    statistic: Statistic::Sum,
};

/// Parameters; defaults are those of nrt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EwmaParameters {
    /// Number of harmonics, 0 to 5. Default 2.
    pub order: usize,
    /// Whether the model has a trend. Default true.
    pub trend: bool,
    /// Weight of the newest residual, above 0 up to 1. Default 0.3.
    pub lambda: f64,
    /// Width of the boundary in standard deviations of the average, above 0. Default 2.
    pub sensitivity: f64,
    /// Looks of the monitoring period this many standard deviations off are not believed, above 0. Default 10.
    pub threshold_outlier: f64,
    /// Looks of the history this many standard deviations off a first fit are left out, above 0. Default 5.
    pub screen: f64,
}

impl Default for EwmaParameters {
    fn default() -> Self {
        Self { order: 2, trend: true, lambda: 0.3, sensitivity: 2.0, threshold_outlier: 10.0, screen: 5.0 }
    }
}

/// The method.
pub type Ewma = super::Nrt<EwmaParameters>;

/// An average and its bounds.
#[derive(Debug, Clone, Copy)]
pub struct Average {
    value: f64,
    lambda: f64,
    boundary: f64,
    unbelievable: f64,
}

impl Process for Average {
    fn look(&mut self, residual: f64) -> Effect {
        if residual.abs() >= self.unbelievable {
            return Effect::Ignored;
        }
        self.value = (1.0 - self.lambda) * self.value + self.lambda * residual;
        if self.value.abs() > self.boundary { Effect::Break } else { Effect::Quiet }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn boundary(&self) -> f64 {
        self.boundary
    }
}

/// Half the width of the bounds.
fn boundary(sensitivity: f64, sigma: f64, lambda: f64) -> f64 {
    sensitivity * sigma * (lambda / (2.0 - lambda)).sqrt()
}

impl EwmaParameters {
    fn average(&self, value: f64, sigma: f64) -> Average {
        let boundary = boundary(self.sensitivity, sigma, self.lambda);
        Average { value, lambda: self.lambda, boundary, unbelievable: self.threshold_outlier * sigma }
    }
}

impl Rule for EwmaParameters {
    type Process = Average;

    const INFO: MethodInfo = METHOD;
    const HAS_VALUES: bool = true;

    fn check(&self) -> Result<(), ChangeError> {
        if !(is_positive(self.lambda) && self.lambda <= 1.0) {
            return Err(refused(METHOD, "lambda", self.lambda, "a number above 0 up to 1"));
        }
        for (name, value) in
            [("sensitivity", self.sensitivity), ("threshold_outlier", self.threshold_outlier), ("screen", self.screen)]
        {
            if !is_positive(value) {
                return Err(refused(METHOD, name, value, "a number above 0"));
            }
        }
        Ok(())
    }

    fn model(&self) -> (usize, bool) {
        (self.order, self.trend)
    }

    fn fitting(&self) -> Fitting {
        Fitting::Shewhart(self.screen)
    }

    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Average> {
        let sigma = residuals.deviation(0);
        let value = residuals.values.iter().fold(0.0, |value, residual| (1.0 - self.lambda) * value + self.lambda * residual);
        let process = self.average(value, sigma);
        Begun { process, sigma, is_stable: value <= process.boundary }
    }

    fn resume(&self, carried: &Carried<'_>) -> Average {
        self.average(carried.numbers.first().copied().unwrap_or(f64::NAN), carried.sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_that_worked_out_by_hand() {
        assert!((boundary(2.0, 0.05, 0.3) - 0.042_008).abs() < 1e-6);
    }
}
