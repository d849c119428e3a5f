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
    /// Later minus earlier, in units of the (first) role; NaN where there is no change.
    pub magnitude: Vec<f32>,
    /// The detector's own statistic; NaN where there is no change.
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
        }
    }
}
