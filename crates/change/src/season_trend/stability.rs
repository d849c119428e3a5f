//! Where the stable history of a series begins: the reversed recursive CUSUM test (Pesaran & Timmermann 2002; Brown, Durbin & Evans 1975).

use super::{Design, LANES, Lane, NONE};
use crate::normal::cumulative;

/// How the test is done: implementations differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roc {
    /// Probability of taking a stable history for unstable.
    level: f64,
    /// What the test is held against.
    critical: f64,
    /// How many of the first residuals are left out.
    discarded: usize,
    /// Degrees of freedom taken off where their spread is estimated.
    degrees: f64,
}

impl Roc {
    pub(crate) fn new(level: f64, discarded: usize, degrees: f64) -> Self {
        Self { level, critical: critical_value(level), discarded, degrees }
    }
}

/// The first time of the stable history of each pixel, among those of weight 1; 0 where the test says nothing against the whole of it.
///
/// Going back from the last look, each is held against the model of those after it. Their residuals, scaled to one variance, are
/// independent; where their sum passes a boundary that it passes with the probability of the level only, the history begins after that look.
#[inline(always)]
pub(crate) fn stable_starts(design: &Design, values: &[Lane], weights: &[Lane], test: Roc) -> [usize; LANES] {
    let residuals = recursive_residuals(design, values, weights);
    std::array::from_fn(|lane| {
        let seen: Vec<usize> = (0..weights.len()).filter(|time| weights[*time][lane] > 0.0).collect();
        let skipped = design.width() + test.discarded;
        if seen.len() <= skipped + 1 {
            return 0;
        }
        // From the last look back, without those that only make up the first model.
        let own: Vec<f64> = seen.iter().rev().skip(skipped).map(|time| residuals[*time][lane]).collect();
        crossing(&own, test).map_or(0, |after| seen[seen.len() - skipped - after])
    })
}

/// The number of the first residual (from 0) with which the sum passes the boundary; `None` where the test accepts stability.
fn crossing(residuals: &[f64], test: Roc) -> Option<usize> {
    let count = residuals.len() as f64;
    let mean = residuals.iter().sum::<f64>() / count;
    let variance = residuals.iter().map(|residual| (residual - mean).powi(2)).sum::<f64>() / (count - test.degrees);
    let scale = (variance * count).sqrt();
    if scale <= 0.0 {
        return None;
    }
    let mut sum = 0.0;
    let (mut statistic, mut first) = (0.0_f64, None);
    for (number, residual) in residuals.iter().enumerate() {
        sum += residual / scale;
        let limit = 1.0 + 2.0 * (number + 1) as f64 / count;
        let ratio = sum.abs() / limit;
        statistic = statistic.max(ratio);
        if first.is_none() && ratio > test.critical {
            first = Some(number);
        }
    }
    first.filter(|_| probability(statistic) < test.level)
}

/// The probability that a Brownian motion passes `x (1 + 2 t)` on (0, 1) (Brown, Durbin & Evans 1975; its series near 0).
fn probability(x: f64) -> f64 {
    if x < 0.3 {
        return 1.0 - 0.1464 * x;
    }
    let tail = |z: f64| cumulative(-z);
    2.0 * (tail(3.0 * x) + (-4.0 * x * x).exp() * (cumulative(x) + cumulative(5.0 * x) - 1.0) - (-16.0 * x * x).exp() * tail(x))
}

/// The `x` that is passed with this probability.
fn critical_value(level: f64) -> f64 {
    let (mut low, mut high) = (0.3, 5.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if probability(middle) > level { low = middle } else { high = middle }
    }
    high
}

/// What each look differs from the model of the looks after it, over the spread of that difference.
///
/// Looks are turned into an upper triangle one after another by Givens' rotations; what a look leaves over is its recursive residual.
/// The first looks of a pixel, as many as the model has columns, leave nothing.
#[inline(always)]
fn recursive_residuals(design: &Design, values: &[Lane], weights: &[Lane]) -> Vec<Lane> {
    let width = design.width();
    let line = width + 1;
    let mut triangle = vec![NONE; width * line];
    let mut residuals = vec![NONE; values.len()];
    let mut look = vec![NONE; line];
    for time in (0..values.len()).rev().filter(|time| weights[*time] != NONE) {
        for (x, cell) in design.row(time).iter().zip(&mut look) {
            for lane in 0..LANES {
                cell[lane] = x * weights[time][lane];
            }
        }
        for lane in 0..LANES {
            look[width][lane] = values[time][lane] * weights[time][lane];
        }
        for col in 0..width {
            let own = &mut triangle[col * line..(col + 1) * line];
            let (mut cosine, mut sine) = ([1.0; LANES], NONE);
            for lane in 0..LANES {
                let length = (own[col][lane] * own[col][lane] + look[col][lane] * look[col][lane]).sqrt();
                let safe = if length > 0.0 { length } else { 1.0 };
                cosine[lane] = if length > 0.0 { own[col][lane] / safe } else { 1.0 };
                sine[lane] = look[col][lane] / safe;
            }
            for (kept, moved) in own[col..].iter_mut().zip(&mut look[col..]) {
                for lane in 0..LANES {
                    let (a, b) = (kept[lane], moved[lane]);
                    kept[lane] = cosine[lane] * a + sine[lane] * b;
                    moved[lane] = cosine[lane] * b - sine[lane] * a;
                }
            }
        }
        residuals[time] = look[width];
    }
    residuals
}

#[cfg(test)]
mod tests {
    use raster::Date;

    use super::super::{Terms, TimeAxis};
    use super::*;

    #[test]
    fn the_boundary_is_the_published_one() {
        assert!((critical_value(0.05) - 0.947_898_234_041_813_4).abs() < 1e-9);
    }

    #[test]
    fn a_recursive_residual_is_the_scaled_error_of_a_forecast() {
        // A mean alone: w = (y - mean of those after) / sqrt(1 + 1 / n).
        let dates: Vec<Date> = (0..4).map(|look| Date::from_days(look * 10)).collect();
        let design = Design::new(Terms { order: 0, trend: false }, TimeAxis::Calendar, &dates);
        let values: Vec<Lane> = [3.0, 1.0, 2.0, 4.0].iter().map(|value| [*value; LANES]).collect();
        let mut weights = vec![[1.0; LANES]; 4];
        weights[1][1] = 0.0;
        let residuals = recursive_residuals(&design, &values, &weights);
        let expected =
            [(3.0 - 7.0 / 3.0) / (4.0_f64 / 3.0).sqrt(), (1.0 - 3.0) / 1.5_f64.sqrt(), (2.0 - 4.0) / 2.0_f64.sqrt(), 0.0];
        for (got, expected) in residuals.iter().zip(expected) {
            assert!((got[0] - expected).abs() < 1e-12, "{got:?} {expected}");
        }
        // One pixel did not see the second.
        assert!((residuals[0][1] - 0.0).abs() < 1e-12 && residuals[1][1].abs() < 1e-12);
    }
}
