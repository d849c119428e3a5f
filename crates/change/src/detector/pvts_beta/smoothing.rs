//! A series smoothed look by look: outliers below both neighbours, as Hamunyela et al. (Remote Sensing 5, 2013) take them away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::moments::Moments;

/// What is smoothed before looks are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Smoothing {
    /// A value more than a hundredth below each of its neighbours becomes their mean; the first and the last stay.
    #[default]
    Outliers,
    /// Nothing.
    None,
}

/// What becomes of times at which nothing was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gaps {
    /// They are left out.
    #[default]
    Skipped,
    /// They lie on a straight line between their neighbours by their place in the series; those at its ends repeat the nearest look.
    Interpolated,
}

/// Share of a neighbour that a value must lie below it to be an outlier.
const OUTLYING: f64 = 0.01;

/// A pixel's series so far: its last look waits for the next, which tells whether it is an outlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Smoothed {
    /// What is settled of the history.
    pub(super) history: Moments,
    /// The smoothed value before the last look; NaN where there is none.
    pub(super) before: f64,
    /// The last look; NaN where there is none.
    pub(super) last: f64,
    /// Times missed after it (or before the first) in the history, and in the monitoring period.
    pub(super) missed: [u16; 2],
}

impl Default for Smoothed {
    fn default() -> Self {
        Self { history: Moments::default(), before: f64::NAN, last: f64::NAN, missed: [0; 2] }
    }
}

impl Smoothed {
    /// A time at which nothing was seen.
    pub(super) fn miss(&mut self, is_history: bool) {
        let missed = &mut self.missed[usize::from(!is_history)];
        *missed = missed.saturating_add(1);
    }

    /// Takes a look of the history.
    pub(super) fn learn(&mut self, value: f64, smoothing: Smoothing) {
        if self.last.is_nan() {
            (0..self.missed[0]).for_each(|_| self.history.take(value));
            self.before = if self.missed[0] > 0 { value } else { f64::NAN };
            self.last = value;
            self.missed = [0; 2];
        } else {
            self.go_on(value, smoothing, usize::MAX);
        }
    }

    /// Takes a look of the monitoring period, the first of it or a later one; gives what the look before it is now.
    pub(super) fn watch(&mut self, value: f64, smoothing: Smoothing, is_first: bool) -> f64 {
        let of_history = if is_first { 1 + usize::from(self.missed[0]) } else { 0 };
        self.go_on(value, smoothing, of_history)
    }

    /// Settles the last look and the times missed after it, so many of which, the first ones, belong to the history; gives the look.
    fn go_on(&mut self, value: f64, smoothing: Smoothing, of_history: usize) -> f64 {
        let (from, missed) = (self.last, self.missed.map(usize::from).into_iter().sum::<usize>());
        let mut look = f64::NAN;
        for time in 0..=missed {
            let next = if time == missed { value } else { from + (value - from) * (time + 1) as f64 / (missed + 1) as f64 };
            let settled = if smoothing == Smoothing::Outliers { smooth(self.before, self.last, next) } else { self.last };
            if time < of_history {
                self.history.take(settled);
            }
            if time == 0 {
                look = settled;
            }
            (self.before, self.last) = (settled, next);
        }
        self.missed = [0; 2];
        look
    }

    /// The history as it would be if the series ended here.
    pub(super) fn history_so_far(&self, is_open: bool) -> Moments {
        let mut history = self.history;
        if is_open && self.last.is_finite() {
            (0..=self.missed[0]).for_each(|_| history.take(self.last));
        }
        history
    }
}

/// A value between two neighbours, the first of which may be missing.
fn smooth(before: f64, value: f64, after: f64) -> f64 {
    let is_below = |neighbour: f64| value - neighbour < -OUTLYING * neighbour;
    if is_below(before) && is_below(after) { f64::midpoint(before, after) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of a series, smoothed.
    fn mean(values: &[Option<f64>]) -> f64 {
        let mut series = Smoothed::default();
        for value in values {
            match value {
                Some(value) => series.learn(*value, Smoothing::Outliers),
                None => series.miss(true),
            }
        }
        series.history_so_far(true).mean
    }

    #[test]
    fn an_outlier_becomes_the_mean_of_its_neighbours_and_the_last_value_stays() {
        // The example of smootH and what it gives: the neighbour before a value is already smoothed.
        let example = [80.0, 78.0, 75.0, 76.0, 79.0, -100.0, 82.0, 76.0, 81.0, 77.0, 76.0].map(Some);
        let smoothed = [80.0, 78.0, 77.0, 78.0, 79.0, 80.5, 82.0, 81.5, 81.0, 77.0, 76.0];
        let expected = smoothed.iter().sum::<f64>() / 11.0;
        assert!((mean(&example) - expected).abs() < 1e-12, "{} {expected}", mean(&example));
        assert!((mean(&[Some(1.0), Some(1.0), Some(0.1)]) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn gaps_lie_on_a_line_and_the_ends_repeat_the_nearest_look() {
        let holes = [None, None, Some(0.6), None, None, Some(0.9), None];
        let expected = (3.0 * 0.6 + 0.7 + 0.8 + 2.0 * 0.9) / 7.0;
        assert!((mean(&holes) - expected).abs() < 1e-12);
    }
}
