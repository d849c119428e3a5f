//! The history of CCDC: cut from its beginning until it is stable, without looks that green and short-wave infrared show to be cloud.

use raster::Date;

use super::{History, LEAST_DAYS, LOOKS_A_COEFFICIENT, Standing, from, residuals};
use crate::detector::median::median;
use crate::detector::nrt::span;
use crate::season_trend::{Design, Fit, LANES, Lane, NONE, Tile, fit};

/// Change of green above, and of short-wave infrared below, the model that marks a cloud or its shadow; in reflectance.
const CLOUD: f64 = 0.04;

/// Reweightings of a robust fit, at most, and the change of coefficients at which it ends.
const REWEIGHTINGS: usize = 49;
const SETTLED: f64 = 1e-8;

impl History {
    #[inline(always)]
    pub(super) fn ccdc(design: &Design, tiles: &[Tile], dates: &[Date], scaling: f64) -> Self {
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
        let is_settled = whole.settled(design);
        let is_open = |lane: &usize| whole.standing[*lane] == Standing::Stable && !is_settled[*lane];
        let mut open: Vec<usize> = (0..LANES).filter(is_open).collect();
        whole.starts = std::array::from_fn(|lane| whole.looks(lane).next().unwrap_or(0));
        let looks: [Vec<usize>; LANES] =
            std::array::from_fn(|lane| if open.contains(&lane) { whole.looks(lane).collect() } else { Vec::new() });
        let mut from_look = [0; LANES];
        loop {
            open.retain(|&lane| {
                let own = &looks[lane][from_look[lane]..];
                let left = own.len() as f64 - 2.0;
                let days = span(dates[own[0]], dates[own[own.len() - 1]]);
                let is_enough = left >= LOOKS_A_COEFFICIENT * design.width() as f64 && days >= LEAST_DAYS;
                if is_enough {
                    from_look[lane] += 2;
                } else {
                    whole.standing[lane] = Standing::Unstable;
                }
                is_enough
            });
            if open.is_empty() {
                return whole;
            }
            let starts = std::array::from_fn(|lane| looks[lane].get(from_look[lane]).copied().unwrap_or(0));
            let part = Self::plain(design, &tiles[0].values, from(&kept, starts));
            let is_settled = part.settled(design);
            for &lane in &open {
                whole.take(&part, lane, starts[lane]);
            }
            open.retain(|&lane| !is_settled[lane]);
        }
    }

    /// Takes over the model of one pixel.
    #[inline(always)]
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

    /// Whether slope a day, first and last residual of each pixel are below three times the root mean square of its residuals.
    #[inline(always)]
    fn settled(&self, design: &Design) -> [bool; LANES] {
        let (mut squares, mut counts, mut first, mut last) = (NONE, NONE, NONE, NONE);
        for (residuals, weights) in self.residuals.iter().zip(&self.weights) {
            for lane in 0..LANES {
                let is_seen = weights[lane] > 0.0;
                let residual = residuals[lane];
                squares[lane] += if is_seen { residual * residual } else { 0.0 };
                first[lane] = if is_seen && counts[lane] == 0.0 { residual } else { first[lane] };
                last[lane] = if is_seen { residual } else { last[lane] };
                counts[lane] += if is_seen { 1.0 } else { 0.0 };
            }
        }
        let mut is_settled = [false; LANES];
        for lane in 0..LANES {
            let limit = 3.0 * (squares[lane] / counts[lane]).sqrt().max(self.floor(design, lane));
            let slope = self.fit.slope(design, lane);
            is_settled[lane] = slope.abs() < limit && first[lane].abs() < limit && last[lane].abs() < limit;
        }
        is_settled
    }
}

/// A fit in which looks far from the others count less (Tukey's bisquare by reweighting; spread by the median absolute deviation).
///
/// Ends as the reference does: where no coefficient, in its own unit, grows by as much as [`SETTLED`].
#[inline(always)]
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
