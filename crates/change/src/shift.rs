//! Whether the content of two images lies in the same place.
//!
//! Two images that claim one grid may lie a few pixels apart: an orbit that was less well known, a wrong transform. Every edge then
//! looks like change on one side. The gradient magnitude of both is correlated at each whole shift up to 4 pixels (the classic of
//! image registration: L. G. Brown, "A survey of image registration techniques", ACM Computing Surveys 24, 1992, section 3.1;
//! gradients because season and light change levels, not the places of edges). A shift is believed only where the best place is
//! much better than no shift. Two images without common structure, such as closed forest with nothing but noise, say nothing.

use ndarray::{Array2, ArrayView2, s};

use crate::Direction;

/// Whole pixels up to which a shift is looked for.
const REACH: isize = 4;
/// Shifts along an axis.
const SIDE: usize = 2 * REACH as usize + 1;
/// Correlation that the best place needs.
const MIN_CORRELATION: f64 = 0.3;
/// What the best place needs to have over no shift. Half a pixel, which bilinear reading of two good grids may cost, has less.
const MIN_GAIN: f64 = 0.15;
/// Pairs of pixels without which nothing is said.
const MIN_PAIRS: f64 = 1000.0;

/// Where the later image's content lies, seen from the earlier one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Pixels to the south.
    pub rows: isize,
    /// Pixels to the east.
    pub cols: isize,
}

/// What is known of the places of two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They lie in one place.
    Together,
    /// They lie apart.
    Apart(Shift),
    /// They share too little structure, or too little of them was seen.
    Unknown,
}

/// Sums over pairs of gradients: number, both means, both squares, product.
type Sums = [f64; 6];

/// Correlation of two images' gradients at every shift; parts of the images add up in order to the same.
#[derive(Debug, Clone)]
pub struct Registration {
    sums: Vec<Sums>,
}

impl Default for Registration {
    fn default() -> Self {
        Self { sums: vec![[0.0; 6]; SIDE * SIDE] }
    }
}

impl Registration {
    /// Adds a part of both images, shape (rows, cols), NaN where not seen clear.
    pub fn add(&mut self, before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>) {
        let (rows, cols) = before.dim();
        let reach = REACH as usize;
        if after.dim() != before.dim() || rows <= 2 * reach || cols <= 2 * reach {
            return;
        }
        let (before, after) = (gradient(before), gradient(after));
        let inner = before.slice(s![reach..rows - reach, reach..cols - reach]);
        for (place, sums) in self.sums.iter_mut().enumerate() {
            let (row, col) = (place / SIDE, place % SIDE);
            let moved = after.slice(s![row..row + rows - 2 * reach, col..col + cols - 2 * reach]);
            for (a, b) in inner.rows().into_iter().zip(moved.rows()) {
                for (a, b) in a.iter().zip(b) {
                    let (a, b) = (f64::from(*a), f64::from(*b));
                    if !(a + b).is_nan() {
                        sums.iter_mut().zip([1.0, a, b, a * a, b * b, a * b]).for_each(|(sum, more)| *sum += more);
                    }
                }
            }
        }
    }

    /// What the sums say.
    pub fn fit(&self) -> Fit {
        let still = correlation(&self.sums[SIDE * SIDE / 2]);
        let mut best: Option<(f64, usize)> = None;
        for (place, sums) in self.sums.iter().enumerate() {
            if let Some(found) = correlation(sums)
                && best.is_none_or(|(most, _)| found > most)
            {
                best = Some((found, place));
            }
        }
        match (still, best) {
            (Some(still), Some((best, place))) if best >= MIN_CORRELATION => {
                let shift = Shift { rows: (place / SIDE) as isize - REACH, cols: (place % SIDE) as isize - REACH };
                if best - still >= MIN_GAIN { Fit::Apart(shift) } else { Fit::Together }
            }
            _ => Fit::Unknown,
        }
    }
}

impl std::ops::AddAssign<&Self> for Registration {
    fn add_assign(&mut self, other: &Self) {
        for (sums, more) in self.sums.iter_mut().zip(&other.sums) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
}

fn correlation(&[n, a, b, aa, bb, ab]: &Sums) -> Option<f64> {
    let spread = (n * aa - a * a) * (n * bb - b * b);
    (n >= MIN_PAIRS && spread > 0.0).then(|| (n * ab - a * b) / spread.sqrt())
}

/// Magnitude of the gradient by central differences; NaN at the edges and beside what was not seen.
fn gradient(image: ArrayView2<'_, f32>) -> Array2<f32> {
    let (rows, cols) = image.dim();
    let mut magnitude = Array2::from_elem((rows, cols), f32::NAN);
    for row in 1..rows - 1 {
        for col in 1..cols - 1 {
            let across = image[[row, col + 1]] - image[[row, col - 1]];
            let along = image[[row + 1, col]] - image[[row - 1, col]];
            magnitude[[row, col]] = across.hypot(along);
        }
    }
    magnitude
}

impl Shift {
    /// Pixels around a window that [`Shift::least_before`] needs.
    pub fn margin(self) -> usize {
        self.rows.unsigned_abs().max(self.cols.unsigned_abs()) + 1
    }

    /// The earlier image as it must be compared where the later one lies apart: at each pixel the value from which the later one
    /// drops least, of all pixels between its own place and the place that its content came from, and one more around. What still
    /// drops is no edge that has moved. NaN where the pixel itself was not seen.
    ///
    /// `before` has [`Shift::margin`] more pixels on each side than the result.
    ///
    /// # Panics
    /// Where `before` is smaller than twice the margin.
    pub fn least_before(self, before: ArrayView2<'_, f32>, direction: Direction) -> Array2<f32> {
        let margin = self.margin();
        let (rows, cols) = (before.dim().0 - 2 * margin, before.dim().1 - 2 * margin);
        let span = |shift: isize| {
            let first = margin as isize + (-shift).min(0) - 1;
            (first as usize, shift.unsigned_abs() + 3)
        };
        let ((row, high), (col, wide)) = (span(self.rows), span(self.cols));
        Array2::from_shape_fn((rows, cols), |(y, x)| {
            let own = before[[y + margin, x + margin]];
            if own.is_nan() {
                return own;
            }
            let around = before.slice(s![y + row..y + row + high, x + col..x + col + wide]);
            match direction {
                Direction::Fall => around.iter().copied().fold(own, f32::min),
                Direction::Rise => around.iter().copied().fold(own, f32::max),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitemporal;

    /// Noise in [-1, 1) of a pixel, another for each seed (`SplitMix64`).
    fn noise(seed: u64, row: usize, col: usize) -> f32 {
        let mut z =
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((row as u64) << 32 | col as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }

    /// Forest of 0.8 with fields of 0.4, 20 pixels wide at odd places, with noise of its own.
    fn fields(seed: u64, row_shift: usize, col_shift: usize) -> Array2<f32> {
        Array2::from_shape_fn((120, 120), |(row, col)| {
            let (y, x) = (row + 10 - row_shift, col + 10 - col_shift);
            let is_field = (y / 23 * 7 + x / 29 * 5) % 4 == 0;
            (if is_field { 0.4 } else { 0.8 }) + 0.03 * noise(seed, row, col)
        })
    }

    fn fit(before: &Array2<f32>, after: &Array2<f32>) -> Fit {
        let mut registration = Registration::default();
        registration.add(before.view(), after.view());
        registration.fit()
    }

    #[test]
    fn a_shift_of_two_pixels_is_found_with_its_sign() {
        let before = fields(1, 0, 0);
        assert_eq!(fit(&before, &fields(2, 2, 0)), Fit::Apart(Shift { rows: 2, cols: 0 }));
        assert_eq!(fit(&before, &fields(3, 1, 2)), Fit::Apart(Shift { rows: 1, cols: 2 }));
        assert_eq!(fit(&fields(2, 2, 0), &before), Fit::Apart(Shift { rows: -2, cols: 0 }));
    }

    #[test]
    fn a_large_clearing_and_a_season_are_no_shift() {
        let before = fields(1, 0, 0);
        let mut after = fields(2, 0, 0).mapv(|v| 0.7 * v + 0.1);
        after.slice_mut(s![30..70, 40..80]).fill(0.2);
        assert_eq!(fit(&before, &after), Fit::Together);
    }

    #[test]
    fn noise_and_clouds_say_nothing() {
        let plain = |seed| Array2::from_shape_fn((120, 120), |(row, col)| 0.8 + 0.03 * noise(seed, row, col));
        assert_eq!(fit(&plain(1), &plain(2)), Fit::Unknown);
        let mut cloudy = fields(1, 0, 0);
        cloudy.slice_mut(s![.., 12..]).fill(f32::NAN);
        assert_eq!(fit(&cloudy, &fields(2, 2, 0)), Fit::Unknown);
        assert_eq!(Registration::default().fit(), Fit::Unknown);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (before, after) = (fields(1, 0, 0), fields(2, 0, 2));
        let mut parts = Registration::default();
        for rows in [s![..60, ..], s![60.., ..]] {
            let mut part = Registration::default();
            part.add(before.slice(rows), after.slice(rows));
            parts += &part;
        }
        assert_eq!(parts.fit(), Fit::Apart(Shift { rows: 0, cols: 2 }));
    }

    #[test]
    fn with_the_shift_known_no_edge_is_change_and_a_clearing_still_is() {
        let shift = Shift { rows: 1, cols: 2 };
        let margin = shift.margin();
        let before = fields(1, 0, 0);
        let mut after = fields(2, 1, 2);
        after.slice_mut(s![50..70, 50..75]).fill(0.15);
        let inner = s![margin..120 - margin, margin..120 - margin];
        let least = shift.least_before(before.view(), Direction::Fall);
        let flags =
            |earlier: ArrayView2<'_, f32>| bitemporal(earlier, after.slice(inner), 0.2, Direction::Fall).expect("one shape").0;
        let count = |flags: &Array2<u8>| flags.iter().filter(|flag| **flag == 1).count();
        let (plain, tolerant) = (flags(before.slice(inner)), flags(least.view()));
        let cleared = s![50 - margin..70 - margin, 50 - margin..75 - margin];
        let inside = tolerant.slice(cleared).iter().filter(|flag| **flag == 1).count();
        assert_eq!(count(&tolerant), inside, "nothing outside the clearing is flagged");
        assert!(count(&plain) > inside + 200, "without it the edges are: {} {inside}", count(&plain));
        assert!(inside * 2 > 20 * 25, "most of the clearing is left: {inside}");
    }

    #[test]
    fn an_index_that_rises_with_clearing_is_held_against_the_highest() {
        let mut before = Array2::from_elem((5, 5), 0.5f32);
        before[[2, 1]] = 0.9;
        before[[2, 3]] = 0.1;
        before[[1, 1]] = f32::NAN;
        let still = Shift { rows: 0, cols: 0 };
        assert_eq!(still.least_before(before.view(), Direction::Rise)[[1, 1]].to_bits(), 0.9f32.to_bits());
        assert_eq!(still.least_before(before.view(), Direction::Fall)[[1, 1]].to_bits(), 0.1f32.to_bits());
        assert!(still.least_before(before.view(), Direction::Fall)[[0, 0]].is_nan());
    }
}
