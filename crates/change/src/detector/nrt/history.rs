//! Models of histories, in the ways of the five methods.

use raster::Date;

use super::span;
use crate::detector::median::median;
use crate::season_trend::{Design, Fit, LANES, Lane, NONE, Roc, Tile, fit, stable_starts};

/// Fewest looks, a coefficient.
pub(super) const LOOKS_A_COEFFICIENT: f64 = 1.5;

/// Fewest days of a history that is shortened.
const LEAST_DAYS: i32 = 183;

/// Change of green above, and of short-wave infrared below, the model that marks a cloud or its shadow; in reflectance.
const CLOUD: f64 = 0.04;

/// Reweightings of a robust fit, at most, and the change of coefficients at which it ends.
const REWEIGHTINGS: usize = 49;
const SETTLED: f64 = 1e-8;

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
                    let limit = limit * super::deviation(residuals, 0.0).max(first.floor(design, lane));
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
        for lane in 0..LANES {
            let looks = history.looks(lane).count() as f64;
            let enough = looks >= LOOKS_A_COEFFICIENT * design.width() as f64 && history.fit.is_solved[lane];
            history.standing[lane] = if enough { Standing::Stable } else { Standing::TooFew };
        }
        history
    }

    /// What rounding of the values leaves.
    fn floor(&self, design: &Design, lane: usize) -> f64 {
        let first = self.looks(lane).next();
        1e-7 * first.map_or(0.0, |time| self.fit.predicted(design.row(time))[lane].abs())
    }

    /// The looks whose residuals a judge, made of those of each pixel, lets pass.
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

    fn ccdc(design: &Design, tiles: &[Tile], dates: &[Date], scaling: f64) -> Self {
        let mut kept = tiles[0].seen.clone();
        for (tile, sign) in tiles[1..].iter().zip([1.0, -1.0]) {
            let robust = robust(design, &tile.values, &tiles[0].seen);
            for (time, over) in residuals(design, &tile.values, &robust).iter().enumerate() {
                for lane in 0..LANES {
                    if -over[lane] * sign > CLOUD * scaling {
                        kept[time][lane] = 0.0;
                    }
                }
            }
        }
        let mut whole = Self::plain(design, &tiles[0].values, kept.clone());
        let looks: Vec<Vec<usize>> = (0..LANES).map(|lane| whole.looks(lane).collect()).collect();
        let mut from_look = [0; LANES];
        let mut open: Vec<usize> = (0..LANES).filter(|lane| whole.standing[*lane] == Standing::Stable).collect();
        let mut part: Option<Self> = None;
        while !open.is_empty() {
            let starts: [usize; LANES] = std::array::from_fn(|lane| looks[lane].get(from_look[lane]).copied().unwrap_or(0));
            open.retain(|&lane| {
                let own = &looks[lane][from_look[lane]..];
                match &part {
                    Some(part) => whole.take(part, lane, starts[lane]),
                    None => whole.starts[lane] = starts[lane],
                }
                if whole.is_settled(design, lane, own) {
                    whole.standing[lane] = Standing::Stable;
                    return false;
                }
                let left = own.len() as f64 - 2.0;
                let days = span(dates[own[0]], dates[own[own.len() - 1]]);
                if left < LOOKS_A_COEFFICIENT * design.width() as f64 || days < LEAST_DAYS {
                    whole.standing[lane] = Standing::Unstable;
                    return false;
                }
                from_look[lane] += 2;
                true
            });
            if !open.is_empty() {
                let starts = std::array::from_fn(|lane| looks[lane].get(from_look[lane]).copied().unwrap_or(0));
                part = Some(Self::plain(design, &tiles[0].values, from(&kept, starts)));
            }
        }
        whole
    }

    /// Takes over the model of one pixel.
    fn take(&mut self, part: &Self, lane: usize, start: usize) {
        for (own, of_part) in self.fit.coefficients.iter_mut().zip(&part.fit.coefficients) {
            own[lane] = of_part[lane];
        }
        for time in 0..self.weights.len() {
            self.weights[time][lane] = part.weights[time][lane];
            self.residuals[time][lane] = part.residuals[time][lane];
        }
        self.starts[lane] = start;
    }

    /// Whether slope a day, first and last residual are below three times the root mean square of the residuals.
    fn is_settled(&self, design: &Design, lane: usize, looks: &[usize]) -> bool {
        let residual = |time: &usize| self.residuals[*time][lane];
        let squares: f64 = looks.iter().map(|time| residual(time).powi(2)).sum();
        let limit = 3.0 * (squares / looks.len() as f64).sqrt().max(self.floor(design, lane));
        let ends = looks.first().into_iter().chain(looks.last());
        self.fit.slope(design, lane).abs() < limit && ends.map(residual).all(|residual| residual.abs() < limit)
    }
}

/// Predicted minus observed.
#[inline(always)]
fn residuals(design: &Design, values: &[Lane], fit: &Fit) -> Vec<Lane> {
    let difference = |(time, value): (usize, &Lane)| {
        let mut predicted = fit.predicted(design.row(time));
        for lane in 0..LANES {
            predicted[lane] -= value[lane];
        }
        predicted
    };
    values.iter().enumerate().map(difference).collect()
}

/// The looks from the start of each pixel on.
fn from(weights: &[Lane], starts: [usize; LANES]) -> Vec<Lane> {
    let cut = |(time, weight): (usize, &Lane)| {
        let mut own = *weight;
        for lane in 0..LANES {
            if time < starts[lane] {
                own[lane] = 0.0;
            }
        }
        own
    };
    weights.iter().enumerate().map(cut).collect()
}

/// A fit in which looks far from the others count less (Tukey's bisquare by reweighting; spread by the median absolute deviation).
///
/// Ends as the reference does: where no coefficient, in its own unit, grows by as much as [`SETTLED`].
fn robust(design: &Design, values: &[Lane], seen: &[Lane]) -> Fit {
    let mut found = fit(design, values, seen);
    let mut is_open = [true; LANES];
    for _ in 0..REWEIGHTINGS {
        if !is_open.contains(&true) {
            break;
        }
        let residuals = residuals(design, values, &found);
        let mut weights = vec![NONE; seen.len()];
        for lane in (0..LANES).filter(|lane| is_open[*lane]) {
            let looks: Vec<usize> = (0..seen.len()).filter(|time| seen[*time][lane] > 0.0).collect();
            let mut own: Vec<f64> = looks.iter().map(|time| residuals[*time][lane]).collect();
            let middle = median(&mut own.clone());
            for residual in &mut own {
                *residual = (*residual - middle).abs();
            }
            let scale = median(&mut own) / 0.6745;
            for time in looks {
                let far = residuals[time][lane] / (4.685 * scale);
                weights[time][lane] = if far.abs() < 1.0 { (1.0 - far * far).powi(2) } else { 0.0 };
            }
        }
        let next = fit(design, values, &weights);
        for lane in 0..LANES {
            if !is_open[lane] {
                continue;
            }
            if !next.is_solved[lane] {
                is_open[lane] = false;
                continue;
            }
            let (before, after) = (design.in_units(found.of(lane)), design.in_units(next.of(lane)));
            let growth = after.iter().zip(&before).map(|(after, before)| after - before).fold(f64::NEG_INFINITY, f64::max);
            for (kept, value) in found.coefficients.iter_mut().zip(&next.coefficients) {
                kept[lane] = value[lane];
            }
            is_open[lane] = growth >= SETTLED;
        }
    }
    found
}
