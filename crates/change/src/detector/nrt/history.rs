//! Models of histories, in the ways of the five methods.

mod ccdc;

use raster::Date;

use super::span;
use crate::detector::median::quantile_of_sorted;
use crate::season_trend::{Design, Fit, LANES, Lane, NONE, Roc, Tile, fit, sort, stable_starts};

/// Fewest looks, a coefficient.
pub(super) const LOOKS_A_COEFFICIENT: f64 = 1.5;

/// Fewest days of a history that is shortened.
const LEAST_DAYS: i32 = 183;

/// How a model is fitted to a history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fitting {
    /// Least squares.
    Plain,
    /// Least squares without looks that lie so many standard deviations off a first fit (Shewhart's rule).
    Shewhart(f64),
    /// Least squares of what a reversed recursive CUSUM test at takes for stable; the residuals are those of all looks.
    Stable(Roc),
    /// Least squares of a history cut from its beginning until slope, first and last residual are small (CCDC), without looks that
    /// green and short-wave infrared show to be cloud or shadow; reflectance times this.
    Ccdc(f64),
}

/// What a history allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Stable,
    /// No stretch of it is stable for long enough.
    Unstable,
    TooFew,
}

/// Models of a tile.
pub(super) struct History {
    pub(super) fit: Fit,
    /// Predicted minus observed.
    pub(super) residuals: Vec<Lane>,
    /// Looks whose residuals count.
    weights: Vec<Lane>,
    /// First time of what each model was fitted to.
    pub(super) starts: [usize; LANES],
    pub(super) standing: [Standing; LANES],
}

impl History {
    /// `tiles`: what is watched, then for CCDC green and short-wave infrared.
    #[inline(always)]
    pub(super) fn fit(design: &Design, tiles: &[Tile], dates: &[Date], fitting: Fitting) -> Self {
        let (values, seen) = (&tiles[0].values, &tiles[0].seen);
        match fitting {
            Fitting::Plain => Self::plain(design, values, seen.clone()),
            Fitting::Shewhart(limit) => {
                let first = Self::plain(design, values, seen.clone());
                let kept = first.without(|lane, residuals| {
                    let limit = limit * deviation(residuals).max(first.floor(design, lane));
                    move |residual: f64| residual.abs() <= limit
                });
                if kept == first.weights { first } else { Self::plain(design, values, kept) }
            }
            Fitting::Stable(test) => Self::stable(design, values, seen, dates, test),
            Fitting::Ccdc(scaling) => Self::ccdc(design, tiles, dates, scaling),
        }
    }

    /// Times that count.
    pub(super) fn looks(&self, lane: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.weights.len()).filter(move |time| self.weights[*time][lane] > 0.0)
    }

    /// The residuals of each pixel's looks.
    #[inline(always)]
    pub(super) fn residuals_of_looks(&self) -> Gathered {
        let room = self.weights.len();
        let mut own = Gathered { values: vec![0.0; LANES * (room + 1)], counts: [0; LANES], room: room + 1 };
        for (residuals, weights) in self.residuals.iter().zip(&self.weights) {
            for lane in 0..LANES {
                // Written whether it counts or not: the next that counts takes its place.
                own.values[lane * (room + 1) + own.counts[lane]] = residuals[lane];
                own.counts[lane] += usize::from(weights[lane] > 0.0);
            }
        }
        own
    }

    /// Sums over the residuals of each pixel's looks, each pixel's in order of time.
    #[inline(always)]
    pub(super) fn moments(&self) -> Moments {
        let mut moments = Moments { counts: NONE, sums: NONE, squares: NONE, around: NONE };
        for (residuals, weights) in self.residuals.iter().zip(&self.weights) {
            for lane in 0..LANES {
                let is_seen = weights[lane] > 0.0;
                let residual = if is_seen { residuals[lane] } else { 0.0 };
                moments.counts[lane] += if is_seen { 1.0 } else { 0.0 };
                moments.sums[lane] += residual;
                moments.squares[lane] += residual * residual;
            }
        }
        let mut means = moments.sums;
        for (mean, count) in means.iter_mut().zip(&moments.counts) {
            *mean /= count;
        }
        for (residuals, weights) in self.residuals.iter().zip(&self.weights) {
            for lane in 0..LANES {
                let off = residuals[lane] - means[lane];
                moments.around[lane] += if weights[lane] > 0.0 { off * off } else { 0.0 };
            }
        }
        moments
    }

    /// First and third quartile of the residuals of each pixel's looks.
    #[inline(always)]
    pub(super) fn quartiles(&self) -> [[f64; 2]; LANES] {
        // Plain loops: a closure would not be compiled for the wider vectors.
        let mut sorted = self.residuals.clone();
        let mut counts = [0; LANES];
        for (residuals, weights) in sorted.iter_mut().zip(&self.weights) {
            for lane in 0..LANES {
                residuals[lane] = if weights[lane] > 0.0 { residuals[lane] } else { f64::INFINITY };
                counts[lane] += usize::from(weights[lane] > 0.0);
            }
        }
        sort(&mut sorted);
        let mut quartiles = [[f64::NAN; 2]; LANES];
        for lane in 0..LANES {
            quartiles[lane] = [0.25, 0.75].map(|share| quantile_of_sorted(counts[lane], share, |place| sorted[place][lane]));
        }
        quartiles
    }

    #[inline(always)]
    fn plain(design: &Design, values: &[Lane], weights: Vec<Lane>) -> Self {
        let fit = fit(design, values, &weights);
        let mut history = Self {
            residuals: residuals(design, values, &fit),
            fit,
            weights,
            starts: [0; LANES],
            standing: [Standing::Stable; LANES],
        };
        let mut looks = NONE;
        for weights in &history.weights {
            for lane in 0..LANES {
                looks[lane] += if weights[lane] > 0.0 { 1.0 } else { 0.0 };
            }
        }
        for (lane, looks) in looks.into_iter().enumerate() {
            let enough = looks >= LOOKS_A_COEFFICIENT * design.width() as f64 && history.fit.is_solved[lane];
            history.standing[lane] = if enough { Standing::Stable } else { Standing::TooFew };
        }
        history
    }

    /// What rounding of the values leaves.
    #[inline(always)]
    fn floor(&self, design: &Design, lane: usize) -> f64 {
        let first = self.looks(lane).next();
        1e-7 * first.map_or(0.0, |time| self.fit.predicted_of(design.row(time), lane).abs())
    }

    /// The looks whose residuals a judge, made of those of each pixel, lets pass.
    #[inline(always)]
    fn without<J: Fn(f64) -> bool>(&self, judge: impl Fn(usize, &[f64]) -> J) -> Vec<Lane> {
        let mut kept = self.weights.clone();
        for lane in 0..LANES {
            let own: Vec<f64> = self.looks(lane).map(|time| self.residuals[time][lane]).collect();
            let passes = judge(lane, &own);
            for (time, weight) in kept.iter_mut().enumerate() {
                if !passes(self.residuals[time][lane]) {
                    weight[lane] = 0.0;
                }
            }
        }
        kept
    }

    #[inline(always)]
    fn stable(design: &Design, values: &[Lane], seen: &[Lane], dates: &[Date], test: Roc) -> Self {
        let whole = Self::plain(design, values, seen.to_vec());
        let starts = stable_starts(design, values, seen, test);
        let part = Self::plain(design, values, from(seen, starts));
        let mut history = Self { residuals: residuals(design, values, &part.fit), starts, ..whole };
        for lane in 0..LANES {
            let (first, last) = (part.looks(lane).next(), part.looks(lane).last());
            history.starts[lane] = first.unwrap_or(0);
            if history.standing[lane] == Standing::Stable {
                let days = first.zip(last).map_or(0, |(first, last)| span(dates[first], dates[last]));
                let holds = days >= LEAST_DAYS && part.fit.is_solved[lane];
                history.standing[lane] = if holds { Standing::Stable } else { Standing::Unstable };
            }
        }
        history.fit = part.fit;
        history
    }
}

/// Standard deviation around the mean.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// Sums over the residuals of each pixel's looks.
pub(super) struct Moments {
    pub(super) counts: Lane,
    pub(super) sums: Lane,
    pub(super) squares: Lane,
    /// Of the squares of what they lie off their mean.
    pub(super) around: Lane,
}

/// Numbers of each pixel of a tile, as many as it has.
pub(super) struct Gathered {
    values: Vec<f64>,
    counts: [usize; LANES],
    /// Room of each.
    room: usize,
}

impl Gathered {
    /// Those of one pixel.
    pub(super) fn of(&self, lane: usize) -> &[f64] {
        &self.values[lane * self.room..][..self.counts[lane]]
    }
}

/// Predicted minus observed.
#[inline(always)]
fn residuals(design: &Design, values: &[Lane], fit: &Fit) -> Vec<Lane> {
    let mut residuals = vec![NONE; values.len()];
    for (time, residual) in residuals.iter_mut().enumerate() {
        *residual = fit.predicted(design.row(time));
        for lane in 0..LANES {
            residual[lane] -= values[time][lane];
        }
    }
    residuals
}

/// The looks from the start of each pixel on.
#[inline(always)]
fn from(weights: &[Lane], starts: [usize; LANES]) -> Vec<Lane> {
    let mut own = weights.to_vec();
    for (time, own) in own.iter_mut().enumerate() {
        for lane in 0..LANES {
            own[lane] = if time < starts[lane] { 0.0 } else { own[lane] };
        }
    }
    own
}
