//! The history of CCDC: cut from its beginning until it is stable, without looks that green and short-wave infrared show to be cloud.

use raster::Date;

use super::{History, LEAST_DAYS, LOOKS_A_COEFFICIENT, Standing, from, residuals};
use crate::detector::median::median;
use crate::detector::nrt::span;
use crate::season_trend::{Design, Fit, LANES, Lane, NONE, Tile, fit, solve_one};

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
        let mut stretches: [Option<Stretch>; LANES] = std::array::from_fn(|lane| {
            let is_open = open.contains(&lane);
            is_open.then(|| Stretch::new(design, |time| tiles[0].values[time][lane], looks[lane].clone()))
        });
        while !open.is_empty() {
            let mut ended = [false; LANES];
            for &lane in &open {
                let stretch = stretches[lane].as_mut().expect("an open pixel has a stretch");
                ended[lane] = !stretch.shorten(design, dates);
            }
            let start = |lane: usize| stretches[lane].as_ref().map_or(0, |stretch| stretch.looks[stretch.first]);
            let starts: [usize; LANES] = std::array::from_fn(start);
            let part = Self::plain(design, &tiles[0].values, from(&kept, starts));
            let is_settled = part.settled(design);
            for &lane in &open {
                whole.take(&part, lane, starts[lane]);
                if ended[lane] {
                    whole.standing[lane] = Standing::Unstable;
                }
            }
            open.retain(|&lane| !ended[lane] && !is_settled[lane]);
        }
        whole
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

/// Room for rounding, as a share: what is this near to its limit is judged by the fit itself.
const NEARLY: f64 = 1e-6;

/// The end of a pixel's history, by its normal equations: looks at its head are taken off them, so that a shorter stretch costs the
/// solution only and not the sums.
struct Stretch {
    looks: Vec<usize>,
    /// Place of its first look.
    first: usize,
    /// Lower triangle by rows, right-hand side, and squares of the values.
    matrix: Vec<f64>,
    right: Vec<f64>,
    squares: f64,
    values: Vec<f64>,
}

impl Stretch {
    fn new(design: &Design, value: impl Fn(usize) -> f64, looks: Vec<usize>) -> Self {
        let width = design.width();
        let values = looks.iter().map(|time| value(*time)).collect();
        let (matrix, right) = (vec![0.0; width * (width + 1) / 2], vec![0.0; width]);
        let mut stretch = Self { looks, first: 0, matrix, right, squares: 0.0, values };
        for place in 0..stretch.looks.len() {
            stretch.add(design, place, 1.0);
        }
        stretch
    }

    /// Adds a look to the sums, or takes it off.
    fn add(&mut self, design: &Design, place: usize, sign: f64) {
        let (row, value) = (design.row(self.looks[place]), sign * self.values[place]);
        let mut cells = self.matrix.iter_mut();
        for (i, x) in row.iter().enumerate() {
            self.right[i] += x * value;
            let weighted = sign * x;
            row[..=i].iter().zip(&mut cells).for_each(|(y, cell)| *cell += weighted * y);
        }
        self.squares += value * self.values[place];
    }

    /// Takes two looks off its head until it may be stable; false where it is too short first, and then as short as was looked at.
    fn shorten(&mut self, design: &Design, dates: &[Date]) -> bool {
        loop {
            let own = &self.looks[self.first..];
            let left = own.len() as f64 - 2.0;
            let days = span(dates[own[0]], dates[own[own.len() - 1]]);
            if left < LOOKS_A_COEFFICIENT * design.width() as f64 || days < LEAST_DAYS {
                return false;
            }
            for place in [self.first, self.first + 1] {
                self.add(design, place, -1.0);
            }
            self.first += 2;
            if self.may_be_settled(design) {
                return true;
            }
        }
    }

    /// Whether [`History::settled`] may hold; what rounding could decide may.
    fn may_be_settled(&self, design: &Design) -> bool {
        let Some(coefficients) = solve_one(&self.matrix, &self.right) else { return true };
        let predicted =
            |place: usize| -> f64 { design.row(self.looks[place]).iter().zip(&coefficients).map(|(x, b)| x * b).sum() };
        let explained: f64 = coefficients.iter().zip(&self.right).map(|(b, r)| b * r).sum();
        let rounding = NEARLY * NEARLY * self.squares;
        let (first, last) = (self.first, self.looks.len() - 1);
        let spread = ((self.squares - explained).max(0.0) + rounding) / (last + 1 - first) as f64;
        let floor = 1e-7 * predicted(first).abs();
        let limit = 3.0 * spread.sqrt().max(floor) * (1.0 + NEARLY);
        let off = |place: usize| (predicted(place) - self.values[place]).abs();
        design.slope(|place| coefficients[place]).abs() < limit && off(first) < limit && off(last) < limit
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
