use raster::Date;

use crate::{Answer, NO_DAY};

/// A stretch of a series in which one model holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Coefficients of the model, in the detector's own order.
    pub coefficients: Vec<f64>,
}

/// What a detector found, one entry a pixel in every list; days are since 1970-01-01, [`NO_DAY`] = none.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// `Unchanged`, `Candidate`, `Changed` or `NotSeen` (not enough observations); never `NotEligible`.
    pub answer: Vec<Answer>,
    /// Last clear day before the change on which the pixel was not flagged.
    pub before: Vec<i32>,
    /// Day of the first flag of the run of flags that is reported.
    pub first: Vec<i32>,
    /// Day on which the change was confirmed.
    pub confirmed: Vec<i32>,
    /// Later minus earlier, in units of the (first) role; NaN where there is no change. Detectors with a model also tell of pixels
    /// without a change.
    pub magnitude: Vec<f32>,
    /// The detector's own statistic; NaN where there is no change, unless there is a model.
    pub statistic: Vec<f32>,
    /// Clear observations in the history (baseline).
    pub n_history: Vec<u16>,
    /// Clear observations in the monitoring period.
    pub n_monitor: Vec<u16>,
    /// Clear observations in the monitoring period that were judged against the whole history, because too few of it lie in
    /// their season; 0 from detectors without seasons.
    pub n_fallback: Vec<u16>,
    /// Last clear day in the history (baseline).
    pub last_clear_history: Vec<i32>,
    /// Last clear day in the monitoring period.
    pub last_clear: Vec<i32>,
    /// Segments of each pixel, from detectors that fit them.
    pub segments: Option<Vec<Vec<Segment>>>,
    /// The model of each pixel's history, from detectors that fit one.
    pub model: Option<Model>,
}

/// Models of a history, one entry a pixel in every list; NaN where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// First day of the history that the model was fitted to.
    pub history_start: Vec<i32>,
    /// Whether the history is one in which the model holds throughout.
    pub is_stable: Vec<bool>,
    /// Coefficients in the order of [`Detector::predictors`](crate::Detector::predictors), each with one entry a pixel.
    pub coefficients: Vec<Vec<f64>>,
    /// Spread of the residuals.
    pub sigma: Vec<f64>,
    /// The boundary that the statistic was held against last.
    pub boundary: Vec<f64>,
}

impl Model {
    /// No model of so many pixels.
    pub fn none(coefficients: usize, pixels: usize) -> Self {
        Self {
            history_start: vec![NO_DAY; pixels],
            is_stable: vec![true; pixels],
            coefficients: vec![vec![f64::NAN; pixels]; coefficients],
            sigma: vec![f64::NAN; pixels],
            boundary: vec![f64::NAN; pixels],
        }
    }
}

impl Findings {
    /// Findings of `pixels` pixels of which nothing was seen.
    pub fn not_seen(pixels: usize) -> Self {
        Self {
            answer: vec![Answer::NotSeen; pixels],
            before: vec![NO_DAY; pixels],
            first: vec![NO_DAY; pixels],
            confirmed: vec![NO_DAY; pixels],
            magnitude: vec![f32::NAN; pixels],
            statistic: vec![f32::NAN; pixels],
            n_history: vec![0; pixels],
            n_monitor: vec![0; pixels],
            n_fallback: vec![0; pixels],
            last_clear_history: vec![NO_DAY; pixels],
            last_clear: vec![NO_DAY; pixels],
            segments: None,
            model: None,
        }
    }
}
