use std::f64::consts::PI;

use ndarray::{Array2, ArrayView2, s};
use rustfft::num_complex::Complex;

use crate::fft::{Coefficient, Fft2};
use crate::matching::{ALIKE, Matched, Peak, Unmatched};

/// Pixels around a window of the moving image, without which it cannot be moved by a part of a pixel.
pub(crate) const MARGIN: usize = 8;

/// Cycles a pixel up to which phases are compared while the peak is sought: above it, detail is noise or aliased.
const COARSE_BAND: f64 = 0.25;
/// The same while the peak is placed.
const FINE_BAND: f64 = 0.42;
/// Cycles a window below which brightness is illumination and season rather than structure.
const LOWEST: f64 = 4.0;
/// Pixels around a peak within which no second one is sought.
const LOBE: f64 = 4.0;
/// Pixels around the best place of a pattern within which it cannot be repeated.
const CELL: f64 = 3.0;
/// Part of the window's side beyond which places share too little to be compared.
const FARTHEST: f64 = 1.0 / 3.0;
/// Steps of Newton's method, and the step in pixels from which a place is final.
const STEPS: usize = 12;
const CLOSE: f64 = 1e-6;
/// Second peak over the first from which a peak is chance: noise has 0.7 to 1, ground that is the same 0.05 to 0.4.
const MAX_PEAK_RATIO: f64 = 0.6;
/// The same of the pattern: plantation rows and roofs in a row have 0.9 to 1, other ground 0.2 to 0.7.
const MAX_REPEAT_RATIO: f64 = 0.85;
/// Sums that are made side by side.
const LANES: usize = 8;
/// Spread of a window below which it is constant.
const FLAT: f64 = 1e-6;

/// Compares windows of one size that were seen whole.
///
/// The peak of the phase correlation (Kuglin and Hines 1975) over low frequencies tells the shift to the pixel; that of the
/// correlation weighted by the root of the amplitude is then placed where its upsampled transform is highest (Guizar-Sicairos et al.
/// 2008, taken to the limit of ever finer upsampling by Newton's method), after the moving window was moved by what is known, so
/// that both windows hold the same ground.
#[derive(Clone)]
pub(crate) struct PhaseMatcher {
    side: usize,
    fft: Fft2,
    wide: Fft2,
    taper: Vec<f32>,
    /// Sum of the taper over a window.
    weight: f64,
    /// Overlap of the taper with itself moved, as a share of the whole, along one axis.
    overlap: Vec<f32>,
    coarse: Vec<f32>,
    pattern: Vec<f32>,
    fine: Vec<f32>,
}

/// How well a pattern fits.
struct Fits {
    /// At the place in question.
    here: f32,
    /// At the best other place that is better than those around it.
    elsewhere: f32,
    /// At the best place of all.
    most: f32,
}

impl PhaseMatcher {
    pub(crate) fn new(side: usize) -> Self {
        let fft = Fft2::new(side, side);
        let wide = Fft2::new(side + 2 * MARGIN, side + 2 * MARGIN);
        let taper: Vec<f32> =
            (0..side).map(|i| (0.5 - 0.5 * (2.0 * PI * (i as f64 + 1.0) / (side as f64 + 1.0)).cos()) as f32).collect();
        let power: f32 = taper.iter().map(|v| v * v).sum();
        let weight = taper.iter().map(|v| f64::from(*v)).sum::<f64>().powi(2);
        let overlap = |lag: usize| (0..side).map(|i| taper[i] * taper[(i + lag) % side]).sum::<f32>() / power;
        let weights = |weight: &dyn Fn(f64) -> f64| -> Vec<f32> {
            let (down, along) = (fft.down_frequencies(), fft.along_frequencies());
            along.iter().flat_map(|&x| down.iter().map(move |y| weight((x * x + y * y).sqrt()) as f32)).collect()
        };
        let low = |f: f64, band: f64| if f < band { (PI * f / (2.0 * band)).cos().powi(2) } else { 0.0 };
        let high = |f: f64| 1.0 - (-(f * side as f64 / LOWEST).powi(2)).exp();
        Self {
            overlap: (0..side).map(overlap).collect(),
            coarse: weights(&|f| if f > 0.0 { low(f, COARSE_BAND) } else { 0.0 }),
            pattern: weights(&|f| low(f, COARSE_BAND) * high(f)),
            fine: weights(&|f| low(f, FINE_BAND) * high(f)),
            weight,
            side,
            fft,
            wide,
            taper,
        }
    }

    /// The spectrum of a window without its mean, faded to its edges; `None` where it is constant.
    pub(crate) fn spectrum(&mut self, window: ArrayView2<'_, f32>) -> Option<Vec<Coefficient>> {
        // Several sums at a time go through the wide vectors.
        let mut sums = [0.0f64; LANES];
        for (row, ty) in window.rows().into_iter().zip(&self.taper) {
            for (lane, (v, tx)) in row.iter().zip(&self.taper).enumerate() {
                sums[lane % LANES] += f64::from(ty * tx * v);
            }
        }
        let mean = sums.iter().sum::<f64>() / self.weight;
        let mut faded = vec![0.0; self.side * self.side];
        let mut powers = [0.0f64; LANES];
        for ((row, ty), out) in window.rows().into_iter().zip(&self.taper).zip(faded.chunks_exact_mut(self.side)) {
            for (lane, ((v, tx), out)) in row.iter().zip(&self.taper).zip(out).enumerate() {
                let off = f64::from(*v) - mean;
                powers[lane % LANES] += off * off;
                *out = off as f32 * ty * tx;
            }
        }
        let power: f64 = powers.iter().sum();
        let spread = (power / faded.len() as f64).sqrt();
        (spread > FLAT * (1.0 + mean.abs())).then(|| self.fft.forward(&mut faded))
    }

    /// The whole shift at which phases agree best, and how alone it is.
    pub(crate) fn peak(&mut self, reference: &[Coefficient], moving: &[Coefficient]) -> Result<Peak, Unmatched> {
        let crossed = |weights: &[f32], phase: bool| -> Vec<Coefficient> {
            let one = |((f, g), w): ((&Coefficient, &Coefficient), &f32)| {
                let x = f * g.conj();
                let length = length(*f, *g);
                if phase { if length > 0.0 { x * (*w / length) } else { Complex::new(0.0, 0.0) } } else { x * (*w * *w) }
            };
            reference.iter().zip(moving).zip(weights).map(one).collect()
        };
        let mut phases = crossed(&self.coarse, true);
        let mut products = crossed(&self.pattern, false);
        let phases = self.fft.inverse(&mut phases);
        let products = self.fft.inverse(&mut products);
        let (best, highest) = highest(&phases);
        let (row, col) = (best / self.side, best % self.side);
        // Squares of distances along one axis.
        let squares = |of: usize| -> Vec<f64> {
            (0..self.side).map(|at| (signed((at + self.side - of) % self.side, self.side) as f64).powi(2)).collect()
        };
        let (down, along) = (squares(row), squares(col));
        let mut second = 0.0f32;
        for (line, y) in phases.chunks_exact(self.side).zip(&down) {
            for (v, x) in line.iter().zip(&along) {
                second = if y + x > LOBE * LOBE { second.max(*v) } else { second };
            }
        }
        let power = |spectrum: &[Coefficient]| -> f64 {
            let all = spectrum.chunks(self.side).zip(self.pattern.chunks(self.side)).enumerate();
            all.map(|(column, (part, weights))| {
                let sum: f64 = part.iter().zip(weights).map(|(c, w)| f64::from(c.norm_sqr() * w * w)).sum();
                sum * self.fft.multiplicity(column)
            })
            .sum()
        };
        let whole = (power(reference) * power(moving)).sqrt() / (self.side * self.side) as f64;
        let Fits { here: correlation, elsewhere: repeated, most } = self.fits(&products, (row, col));
        let peak = Peak {
            rows: signed(row, self.side),
            cols: signed(col, self.side),
            peak_ratio: f64::from(second / highest.max(f32::MIN_POSITIVE)),
            repeat_ratio: f64::from(repeated / correlation.max(f32::MIN_POSITIVE)),
            correlation: if whole > 0.0 { (f64::from(correlation) / whole).clamp(-1.0, 1.0) } else { 0.0 },
        };
        // Two places as good are those of a pattern where one of them is good at all.
        let doubtful = if f64::from(most) >= ALIKE * whole { Unmatched::Repeating } else { Unmatched::Chance };
        let is_alone = peak.repeat_ratio < MAX_REPEAT_RATIO && peak.peak_ratio < MAX_PEAK_RATIO;
        if is_alone { Ok(peak) } else { Err(doubtful) }
    }

    /// How well a pattern fits at a place and at others: rows of a plantation fit at each row.
    fn fits(&self, products: &[f32], (row, col): (usize, usize)) -> Fits {
        let n = self.side;
        let farthest = (n as f64 * FARTHEST) as isize;
        let value = |y: usize, x: usize| products[y * n + x] / (self.overlap[y] * self.overlap[x]).max(0.05);
        let around = |y: usize, x: usize| {
            let steps = [n - 1, 0, 1].into_iter().flat_map(|dy| [n - 1, 0, 1].into_iter().map(move |dx| (dy, dx)));
            steps.map(|(dy, dx)| value((y + dy) % n, (x + dx) % n)).fold(f32::MIN, f32::max)
        };
        let here = around(row, col);
        let (mut elsewhere, mut most) = (0.0f32, 0.0f32);
        for y in (0..n).filter(|y| signed(*y, n).abs() <= farthest) {
            for x in (0..n).filter(|x| signed(*x, n).abs() <= farthest) {
                let v = value(y, x);
                most = most.max(v);
                if v > elsewhere && away(n, y * n + x, (row, col)) > CELL && v >= around(y, x) {
                    elsewhere = v;
                }
            }
        }
        Fits { here, elsewhere, most }
    }

    /// The shift to a part of a pixel. `first` is the spectrum of the moving window, `moving` the window with [`MARGIN`] pixels around
    /// it, complete.
    pub(crate) fn place(
        &mut self,
        reference: &[Coefficient],
        first: &[Coefficient],
        moving: ArrayView2<'_, f32>,
        peak: Peak,
    ) -> Result<Matched, Unmatched> {
        let inner = s![MARGIN..MARGIN + self.side, MARGIN..MARGIN + self.side];
        let start = self.highest_near(reference, first, (peak.rows as f64, peak.cols as f64)).ok_or(Unmatched::Unstable)?;
        let moved = self.moved(moving, start);
        let second = self.spectrum(moved.slice(inner)).ok_or(Unmatched::Flat)?;
        let rest = self.highest_near(reference, &second, (0.0, 0.0)).ok_or(Unmatched::Unstable)?;
        let weight = self.weight(reference, &second);
        Ok(Matched { rows: start.0 + rest.0, cols: start.1 + rest.1, weight, peak })
    }

    /// Where the weighted correlation is highest, by Newton's method; `None` where there is no peak or it lies elsewhere.
    fn highest_near(&self, reference: &[Coefficient], moving: &[Coefficient], from: (f64, f64)) -> Option<(f64, f64)> {
        let n = self.side;
        let (down, along) = (self.fft.down_frequencies(), self.fft.along_frequencies());
        let last = (FINE_BAND * n as f64) as usize;
        let rows: Vec<usize> = (0..n).filter(|row| *row <= last || *row >= n - last).collect();
        let columns = (last + 1).min(self.fft.columns());
        let mut crossed = Vec::with_capacity(rows.len() * columns);
        for column in 0..columns {
            let many = self.fft.multiplicity(column) as f32;
            for row in &rows {
                let at = column * n + row;
                let x = reference[at] * moving[at].conj();
                let length = length(reference[at], moving[at]);
                // By the root of the amplitude: between trusting every frequency alike and the strong ones.
                let scaled = if length > 0.0 { x * (self.fine[at] * many / length.sqrt()) } else { x };
                crossed.push(scaled);
            }
        }
        let (mut y, mut x) = from;
        for _ in 0..STEPS {
            let turn = |f: f64, by: f64| Complex::from_polar(1.0, 2.0 * PI * f * by);
            let turns: Vec<Complex<f64>> = rows.iter().map(|row| turn(down[*row], y)).collect();
            // Slope and curvature of the correlation, by rows (y) and columns (x).
            let (mut gy, mut gx, mut hyy, mut hyx, mut hxx) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (column, part) in crossed.chunks(rows.len()).enumerate() {
                let wx = 2.0 * PI * along[column];
                let turned = turn(along[column], x);
                let (mut im, mut y_im, mut re, mut y_re, mut yy_re) = (0.0, 0.0, 0.0, 0.0, 0.0);
                for ((c, turn), row) in part.iter().zip(&turns).zip(&rows) {
                    let e = Complex::new(f64::from(c.re), f64::from(c.im)) * turn * turned;
                    let wy = 2.0 * PI * down[*row];
                    im += e.im;
                    y_im += wy * e.im;
                    re += e.re;
                    y_re += wy * e.re;
                    yy_re += wy * wy * e.re;
                }
                gy -= y_im;
                gx -= wx * im;
                hyy += yy_re;
                hyx += wx * y_re;
                hxx += wx * wx * re;
            }
            let determinant = hyy * hxx - hyx * hyx;
            if !(determinant > 0.0 && hyy > 0.0) {
                return None;
            }
            let (dy, dx) = ((hxx * gy - hyx * gx) / determinant, (hyy * gx - hyx * gy) / determinant);
            y += dy.clamp(-0.5, 0.5);
            x += dx.clamp(-0.5, 0.5);
            if (y - from.0).abs().max((x - from.1).abs()) > 1.5 {
                return None;
            }
            if dy.abs().max(dx.abs()) < CLOSE {
                break;
            }
        }
        Some((y, x))
    }

    /// A window whose content is moved by a part of a pixel, so that it lies as it does in the reference.
    fn moved(&mut self, window: ArrayView2<'_, f32>, (rows, cols): (f64, f64)) -> Array2<f32> {
        let n = self.side + 2 * MARGIN;
        let mean = window.iter().map(|v| f64::from(*v)).sum::<f64>() / (n * n) as f64;
        let mut plane: Vec<f32> = window.iter().map(|v| (f64::from(*v) - mean) as f32).collect();
        let mut spectrum = self.wide.forward(&mut plane);
        let turn = |f: f64, by: f64| Complex::from_polar(1.0, -2.0 * PI * f * by);
        let down: Vec<Complex<f64>> = self.wide.down_frequencies().iter().map(|f| turn(*f, rows)).collect();
        for (part, f) in spectrum.chunks_mut(n).zip(self.wide.along_frequencies()) {
            let along = turn(f, cols);
            for (c, down) in part.iter_mut().zip(&down) {
                let by = along * down;
                *c *= Complex::new(by.re as f32, by.im as f32);
            }
        }
        Array2::from_shape_vec((n, n), self.wide.inverse(&mut spectrum)).expect("a plane of the size of the transform")
    }

    /// How much a place is worth beside others: the power of its gradients over that of what differs at the match.
    fn weight(&self, reference: &[Coefficient], moving: &[Coefficient]) -> f64 {
        let (down, along) = (self.fft.down_frequencies(), self.fft.along_frequencies());
        let (mut own, mut both) = (0.0, 0.0);
        let each = |column: usize, row: usize| (column * self.side + row, self.fft.multiplicity(column));
        let places = || (0..along.len()).flat_map(|column| (0..self.side).map(move |row| (column, row)));
        for (column, row) in places() {
            let (at, many) = each(column, row);
            let weight = many * f64::from(self.fine[at]);
            own += weight * f64::from(reference[at].norm_sqr());
            both += weight * f64::from((reference[at].conj() * moving[at]).re);
        }
        let gain = (both / own) as f32;
        let (mut gradients, mut differences) = (0.0, 0.0);
        for (column, row) in places() {
            let (at, many) = each(column, row);
            let weight = many * f64::from(self.fine[at]);
            let scaled = reference[at] * gain;
            gradients += weight * f64::from(scaled.norm_sqr()) * (down[row] * down[row] + along[column] * along[column]);
            differences += weight * f64::from((moving[at] - scaled).norm_sqr());
        }
        4.0 * PI * PI * gradients / differences.max(gradients * 1e-6).max(f64::MIN_POSITIVE)
    }
}

/// The length of the product of two coefficients; a product of squares could be too large.
fn length(f: Coefficient, g: Coefficient) -> f32 {
    f.norm_sqr().sqrt() * g.norm_sqr().sqrt()
}

/// The largest number and its place.
fn highest(values: &[f32]) -> (usize, f32) {
    let larger = |best: (usize, f32), (at, v): (usize, &f32)| if *v > best.1 { (at, *v) } else { best };
    values.iter().enumerate().fold((0, f32::MIN), larger)
}

/// A place on a circle as a shift: beyond half of it, it is one back.
pub(crate) fn signed(at: usize, around: usize) -> isize {
    if at > around / 2 { at as isize - around as isize } else { at as isize }
}

/// Distance of two places of a plane whose edges meet.
fn away(side: usize, at: usize, (row, col): (usize, usize)) -> f64 {
    let part = |a: usize, b: usize| signed((a + side - b) % side, side) as f64;
    part(at / side, row).hypot(part(at % side, col))
}
