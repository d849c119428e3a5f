use ndarray::{Array2, ArrayView2, s};

use crate::fft::{Coefficient, Fft2};
use crate::matching::{ALIKE, Peak, Unmatched};

/// Share of a window's pixels that both must hold at a shift, for the shift to be compared.
const MIN_OVERLAP: f64 = 0.25;
/// Second peak over the first from which a peak is chance, or one of a pattern that repeats itself.
const MAX_RATIO: f64 = 0.8;
/// Parts of a window's side over which brightness is taken for illumination rather than structure.
const ILLUMINATION: usize = 8;
/// Pixels around the best place of a pattern within which it cannot be repeated.
const CELL: f64 = 3.0;

/// Compares windows of which parts were not seen: correlation normalised over the pixels that both hold at each shift (Padfield 2012).
#[derive(Clone)]
pub(crate) struct MaskedMatcher {
    side: usize,
    /// Longest shift.
    reach: usize,
    padded: usize,
    fft: Fft2,
}

impl MaskedMatcher {
    pub(crate) fn new(side: usize) -> Self {
        let reach = side / 4;
        let padded = (side + reach).next_multiple_of(16);
        Self { side, reach, padded, fft: Fft2::new(padded, padded) }
    }

    /// The whole shift at which what both windows hold correlates best, and how alone it is. NaN = not seen.
    pub(crate) fn peak(&mut self, reference: ArrayView2<'_, f32>, moving: ArrayView2<'_, f32>) -> Result<Peak, Unmatched> {
        let [a, a_mask, a_square] = self.spectra(reference)?;
        let [b, b_mask, b_square] = self.spectra(moving)?;
        let mut at_shifts = |x: &[Coefficient], y: &[Coefficient]| -> Vec<f32> {
            let mut product: Vec<Coefficient> = x.iter().zip(y).map(|(x, y)| x * y.conj()).collect();
            self.fft.inverse(&mut product)
        };
        let pairs = at_shifts(&a_mask, &b_mask);
        let (sum_a, sum_b) = (at_shifts(&a, &b_mask), at_shifts(&a_mask, &b));
        let (square_a, square_b) = (at_shifts(&a_square, &b_mask), at_shifts(&a_mask, &b_square));
        let product = at_shifts(&a, &b);
        let least = MIN_OVERLAP * (self.side * self.side) as f64;
        let reach = self.reach as isize;
        let around = 2 * self.reach + 1;
        let mut surface = Array2::from_elem((around, around), f64::NEG_INFINITY);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let wrap = |v: isize| v.rem_euclid(self.padded as isize) as usize;
                let at = wrap(dy) * self.padded + wrap(dx);
                let n = f64::from(pairs[at]);
                if n < least {
                    continue;
                }
                let value = |sums: &[f32]| f64::from(sums[at]);
                let spread = |square: &[f32], sum: &[f32]| value(square) - value(sum) * value(sum) / n;
                let both = spread(&square_a, &sum_a) * spread(&square_b, &sum_b);
                if spread(&square_a, &sum_a) > 1e-3 * n && spread(&square_b, &sum_b) > 1e-3 * n {
                    let covariance = value(&product) - value(&sum_a) * value(&sum_b) / n;
                    surface[[(dy + reach) as usize, (dx + reach) as usize]] = covariance / both.sqrt();
                }
            }
        }
        Self::read(&surface, self.reach)
    }

    fn read(surface: &Array2<f64>, reach: usize) -> Result<Peak, Unmatched> {
        let larger = |best: ((usize, usize), f64), (at, v): ((usize, usize), &f64)| if *v > best.1 { (at, *v) } else { best };
        let (best, correlation) = surface.indexed_iter().fold(((0, 0), f64::NEG_INFINITY), larger);
        if !correlation.is_finite() {
            return Err(Unmatched::Masked);
        }
        let (rows, cols) = surface.dim();
        if best.0 == 0 || best.1 == 0 || best.0 == rows - 1 || best.1 == cols - 1 {
            return Err(Unmatched::Beyond);
        }
        let mut second = 0.0;
        for y in 1..rows - 1 {
            for x in 1..cols - 1 {
                let v = surface[[y, x]];
                let is_far = (y as f64 - best.0 as f64).hypot(x as f64 - best.1 as f64) > CELL;
                if v > second && is_far && surface.slice(s![y - 1..=y + 1, x - 1..=x + 1]).iter().all(|other| *other <= v) {
                    second = v;
                }
            }
        }
        let ratio = if correlation > 0.0 { second / correlation } else { 1.0 };
        if ratio >= MAX_RATIO {
            return Err(if correlation >= ALIKE { Unmatched::Repeating } else { Unmatched::Chance });
        }
        Ok(Peak {
            rows: best.0 as isize - reach as isize,
            cols: best.1 as isize - reach as isize,
            peak_ratio: ratio,
            repeat_ratio: ratio,
            correlation,
        })
    }

    /// Spectra of a window's structure, of where it was seen, and of the structure squared.
    fn spectra(&mut self, window: ArrayView2<'_, f32>) -> Result<[Vec<Coefficient>; 3], Unmatched> {
        let structure = structure(window, (self.side / ILLUMINATION).max(2)).ok_or(Unmatched::Flat)?;
        let mut padded = |value: &dyn Fn(f32) -> f32| {
            let mut plane = vec![0.0; self.padded * self.padded];
            for (row, line) in structure.rows().into_iter().enumerate() {
                for (col, v) in line.iter().enumerate() {
                    plane[row * self.padded + col] = value(*v);
                }
            }
            self.fft.forward(&mut plane)
        };
        Ok([
            padded(&|v| if v.is_nan() { 0.0 } else { v }),
            padded(&|v| f32::from(u8::from(!v.is_nan()))),
            padded(&|v| if v.is_nan() { 0.0 } else { v * v }),
        ])
    }
}

/// What differs from the mean of the pixels seen within a radius, in units of its spread; NaN = not seen, `None` where nothing differs.
fn structure(window: ArrayView2<'_, f32>, radius: usize) -> Option<Array2<f32>> {
    let (rows, cols) = window.dim();
    // Sums from the corner: values and how many.
    let mut sums = Array2::<(f64, f64)>::from_elem((rows + 1, cols + 1), (0.0, 0.0));
    for row in 0..rows {
        let mut line = (0.0, 0.0);
        for col in 0..cols {
            let v = window[[row, col]];
            if !v.is_nan() {
                line = (line.0 + f64::from(v), line.1 + 1.0);
            }
            let above = sums[[row, col + 1]];
            sums[[row + 1, col + 1]] = (line.0 + above.0, line.1 + above.1);
        }
    }
    let mut differences = Array2::from_elem((rows, cols), f32::NAN);
    let (mut power, mut count, mut level) = (0.0, 0.0, 0.0);
    for ((row, col), v) in window.indexed_iter().filter(|(_, v)| !v.is_nan()) {
        let (top, left) = (row.saturating_sub(radius), col.saturating_sub(radius));
        let (bottom, right) = ((row + radius + 1).min(rows), (col + radius + 1).min(cols));
        let part = |i: fn(&(f64, f64)) -> f64| {
            i(&sums[[bottom, right]]) - i(&sums[[top, right]]) - i(&sums[[bottom, left]]) + i(&sums[[top, left]])
        };
        let off = f64::from(*v) - part(|s| s.0) / part(|s| s.1);
        differences[[row, col]] = off as f32;
        power += off * off;
        count += 1.0;
        level += f64::from(v.abs());
    }
    let spread = (power / count).sqrt();
    (spread > 1e-6 * (1.0 + level / count)).then(|| differences.mapv_into(|v| (f64::from(v) / spread) as f32))
}

/// Pixels from which a value between them is made.
const TAPS: usize = 6;
/// Pixels of the reference around a place that its value needs, before the place itself.
const BEFORE: isize = TAPS as isize / 2 - 1;
/// Most steps, and the step in pixels from which a place is final.
const STEPS: usize = 20;
const CLOSE: f64 = 1e-5;

/// A shift by least squares: rows, columns, and what it is worth (power of gradients over that of what is left, a pixel, times the
/// share of pixels).
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeastSquares {
    pub(crate) rows: f64,
    pub(crate) cols: f64,
    pub(crate) weight: f64,
    pub(crate) correlation: f64,
}

/// Least squares matching (Gruen 1985) of two windows that lie within a pixel of each other, with a gain and an offset, over the pixels
/// that both hold: shift `s` for which `moving(x) = gain * reference(x + s) + offset`. NaN = not seen.
///
/// Both are smoothed by a binomial of 3 x 3 pixels first, so that detail at the limit of the grid, which is aliased, weighs little.
pub(crate) fn least_squares(reference: ArrayView2<'_, f32>, moving: ArrayView2<'_, f32>) -> Result<LeastSquares, Unmatched> {
    let (a, b) = (smoothed(reference), smoothed(moving));
    let (rows, cols) = a.dim();
    let (mut y, mut x) = (0.0f64, 0.0f64);
    for step in 0..STEPS {
        let (down, along) = (Kernel::at(y), Kernel::at(x));
        let mut normal = [[0.0; 4]; 4];
        let mut right = [0.0; 4];
        let (mut bb, mut count) = (0.0, 0.0f64);
        for row in 0..rows {
            let first = row as isize + down.whole - BEFORE;
            if first < 0 || first + TAPS as isize > rows as isize {
                continue;
            }
            for col in 0..cols {
                let from = col as isize + along.whole - BEFORE;
                let target = b[[row, col]];
                if target.is_nan() || from < 0 || from + TAPS as isize > cols as isize {
                    continue;
                }
                let (mut value, mut slope_y, mut slope_x) = (0.0, 0.0, 0.0);
                for i in 0..TAPS {
                    let (mut line, mut line_slope) = (0.0, 0.0);
                    for j in 0..TAPS {
                        let v = f64::from(a[[first as usize + i, from as usize + j]]);
                        line += v * along.weights[j];
                        line_slope += v * along.slopes[j];
                    }
                    value += line * down.weights[i];
                    slope_x += line_slope * down.weights[i];
                    slope_y += line * down.slopes[i];
                }
                if value.is_nan() {
                    continue;
                }
                let terms = [value, 1.0, slope_y, slope_x];
                let target = f64::from(target);
                for i in 0..4 {
                    for j in 0..4 {
                        normal[i][j] += terms[i] * terms[j];
                    }
                    right[i] += terms[i] * target;
                }
                bb += target * target;
                count += 1.0;
            }
        }
        if count < MIN_OVERLAP * (rows * cols) as f64 * 0.5 {
            return Err(Unmatched::Masked);
        }
        let solved = solve4(normal, right).ok_or(Unmatched::Flat)?;
        if solved[0] <= 0.0 {
            return Err(Unmatched::Uncorrelated);
        }
        let (dy, dx) = (solved[2] / solved[0], solved[3] / solved[0]);
        y += dy.clamp(-0.5, 0.5);
        x += dx.clamp(-0.5, 0.5);
        if y.abs().max(x.abs()) > 1.5 {
            return Err(Unmatched::Unstable);
        }
        if dy.abs().max(dx.abs()) < CLOSE || step == STEPS - 1 {
            let left = (bb - (0..4).map(|i| solved[i] * right[i]).sum::<f64>()).max(0.0);
            let gradients = solved[0] * solved[0] * (normal[2][2] + normal[3][3]);
            let variance = |square: f64, sum: f64| square - sum * sum / count;
            let covariance = right[0] - normal[0][1] * right[1] / count;
            let both = variance(normal[0][0], normal[0][1]) * variance(bb, right[1]);
            return Ok(LeastSquares {
                rows: y,
                cols: x,
                weight: gradients / left.max(gradients * 1e-6).max(f64::MIN_POSITIVE) * count / (rows * cols) as f64,
                correlation: if both > 0.0 { covariance / both.sqrt() } else { 0.0 },
            });
        }
    }
    Err(Unmatched::Unstable)
}

/// Weights of the pixels around a place between them, and their slopes.
struct Kernel {
    whole: isize,
    weights: [f64; TAPS],
    slopes: [f64; TAPS],
}

impl Kernel {
    fn at(place: f64) -> Self {
        let whole = place.floor();
        let part = place - whole;
        let at = |i: usize| part - (i as f64 - BEFORE as f64);
        let sum: f64 = (0..TAPS).map(|i| lanczos(at(i))).sum();
        let step = 1e-4;
        let slope = |i: usize| (lanczos(at(i) + step) - lanczos(at(i) - step)) / (2.0 * step);
        let drift: f64 = (0..TAPS).map(slope).sum();
        let weights: [f64; TAPS] = std::array::from_fn(|i| lanczos(at(i)) / sum);
        Self { whole: whole as isize, weights, slopes: std::array::from_fn(|i| (slope(i) - weights[i] * drift) / sum) }
    }
}

/// Lanczos' window of three lobes over the ideal low-pass.
fn lanczos(x: f64) -> f64 {
    let lobes = TAPS as f64 / 2.0;
    let sinc = |v: f64| if v == 0.0 { 1.0 } else { (std::f64::consts::PI * v).sin() / (std::f64::consts::PI * v) };
    if x.abs() < lobes { sinc(x) * sinc(x / lobes) } else { 0.0 }
}

/// A window under the binomial 1 2 1 both ways; NaN where a pixel of the nine is.
fn smoothed(window: ArrayView2<'_, f32>) -> Array2<f32> {
    let (rows, cols) = window.dim();
    Array2::from_shape_fn((rows, cols), |(row, col)| {
        if row == 0 || col == 0 || row + 1 == rows || col + 1 == cols {
            return f32::NAN;
        }
        let mut sum = 0.0;
        for (i, wy) in [1.0, 2.0, 1.0].into_iter().enumerate() {
            for (j, wx) in [1.0, 2.0, 1.0].into_iter().enumerate() {
                sum += wy * wx * window[[row + i - 1, col + j - 1]];
            }
        }
        sum / 16.0
    })
}

/// The solution of four equations by elimination with pivots; `None` where there is none.
fn solve4(mut a: [[f64; 4]; 4], mut b: [f64; 4]) -> Option<[f64; 4]> {
    let scale: [f64; 4] = std::array::from_fn(|i| a[i][i].sqrt());
    if scale.iter().any(|v| v.is_nan() || *v <= 0.0) {
        return None;
    }
    for i in 0..4 {
        for j in 0..4 {
            a[i][j] /= scale[i] * scale[j];
        }
        b[i] /= scale[i];
    }
    for i in 0..4 {
        let pivot = (i..4).max_by(|p, q| a[*p][i].abs().total_cmp(&a[*q][i].abs()))?;
        a.swap(i, pivot);
        b.swap(i, pivot);
        if a[i][i].abs() < 1e-12 {
            return None;
        }
        for row in i + 1..4 {
            let factor = a[row][i] / a[i][i];
            let above = a[i];
            a[row].iter_mut().zip(above).skip(i).for_each(|(v, above)| *v -= factor * above);
            b[row] -= factor * b[i];
        }
    }
    for i in (0..4).rev() {
        let known: f64 = (i + 1..4).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    Some(std::array::from_fn(|i| b[i] / scale[i]))
}
