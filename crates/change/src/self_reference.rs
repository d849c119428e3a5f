//! An index against what lies around each pixel: what the whole surroundings share (season, haze, forest type) cancels out.
//!
//! Langner et al. (2018), "Towards operational monitoring of forest canopy disturbance in evergreen rain forests",
//! <https://doi.org/10.3390/rs10040544>: the self-referenced NBR (rNBR) and the disturbance-density filter of Delta-rNBR.

use ndarray::{Array2, ArrayView2};

use crate::dilation::Disk;
use crate::{ChangeError, Direction};

/// Most pixels that a radius may reach: further ones would cost more than whoever asks for them knows.
const MOST_PIXELS: usize = 200;

/// Rank of a pixel that was not observed.
const UNRANKED: u32 = u32::MAX;

fn disk(what: &'static str, radius_m: f64, pixel_m: (f64, f64)) -> Result<Disk, ChangeError> {
    let wrong = |expected| {
        let (method, got) = ("self-reference".to_owned(), format!("{radius_m} m on pixels of {} x {} m", pixel_m.0, pixel_m.1));
        Err(ChangeError::Parameter { method, parameter: what, got, expected })
    };
    if !(radius_m.is_finite() && radius_m >= pixel_m.0.min(pixel_m.1)) {
        return wrong("a radius of one pixel or more");
    }
    if radius_m > MOST_PIXELS as f64 * pixel_m.0.min(pixel_m.1) {
        return wrong("a radius of 200 pixels or fewer");
    }
    Ok(Disk::new(radius_m, pixel_m))
}

/// An index less its median within a distance.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfReference {
    disk: Disk,
}

impl SelfReference {
    /// Against the pixels whose centres lie within a distance, the pixel itself among them; pixels are of this width and height. All
    /// in metres.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a radius of less than a pixel or more than 200.
    pub fn new(radius_m: f64, pixel_m: (f64, f64)) -> Result<Self, ChangeError> {
        Ok(Self { disk: disk("radius", radius_m, pixel_m)? })
    }

    /// Pixels by which what goes in reaches further than what comes out, on each side.
    pub fn margin(&self) -> usize {
        self.disk.margin()
    }

    /// Values less the median of what is around them. `values`, shape (rows, cols), reach [`Self::margin`] further on each side than the
    /// result.
    ///
    /// The median is exact, of the values that are not NaN: the mean of the middle two where their number is even. NaN where the value
    /// is.
    pub fn relative(&self, values: ArrayView2<'_, f32>) -> Array2<f32> {
        let margin = self.margin();
        let (rows, cols) = (values.nrows().saturating_sub(2 * margin), values.ncols().saturating_sub(2 * margin));
        let ranked = Ranked::new(values);
        let mut surroundings = Surroundings::new(&ranked);
        let mut relative = Array2::from_elem((rows, cols), f32::NAN);
        for row in 0..rows {
            surroundings.clear();
            let lines: Vec<(usize, usize)> =
                self.disk.rows().map(|(offset, half)| ((row + margin).wrapping_add_signed(offset), half)).collect();
            for &(line, half) in &lines {
                (margin - half..=margin + half).for_each(|col| surroundings.add(ranked.at(line, col)));
            }
            for col in 0..cols {
                let value = values[[row + margin, col + margin]];
                if !value.is_nan() {
                    relative[[row, col]] = (f64::from(value) - surroundings.median()) as f32;
                }
                if col + 1 == cols {
                    break;
                }
                for &(line, half) in &lines {
                    surroundings.remove(ranked.at(line, col + margin - half));
                    surroundings.add(ranked.at(line, col + margin + half + 1));
                }
            }
        }
        relative
    }

    /// How far values lie, in the direction of clearing, from the median of what is around them: 0 to 1, see [`Self::relative`].
    pub fn disturbance(&self, values: ArrayView2<'_, f32>, clearing: Direction) -> Array2<f32> {
        // NaN stays NaN between bounds.
        self.relative(values).mapv_into(|relative| clearing.drop(0.0, f64::from(relative)).clamp(0.0, 1.0) as f32)
    }
}

/// Every value of a window with its place in their order: no two have the same.
struct Ranked {
    ranks: Array2<u32>,
    sorted: Vec<f32>,
}

impl Ranked {
    fn new(values: ArrayView2<'_, f32>) -> Self {
        let cols = values.ncols();
        let mut order: Vec<(f32, u32)> = values
            .indexed_iter()
            .filter(|(_, value)| !value.is_nan())
            .map(|((row, col), value)| (*value, (row * cols + col) as u32))
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut ranks = Array2::from_elem(values.dim(), UNRANKED);
        for (rank, (_, pixel)) in (0u32..).zip(&order) {
            ranks[[*pixel as usize / cols, *pixel as usize % cols]] = rank;
        }
        Self { ranks, sorted: order.into_iter().map(|(value, _)| value).collect() }
    }

    fn at(&self, row: usize, col: usize) -> u32 {
        self.ranks[[row, col]]
    }
}

/// The ranks of the pixels around one, as a set of bits, and a place in it that follows the median.
struct Surroundings<'a> {
    sorted: &'a [f32],
    words: Vec<u64>,
    count: usize,
    /// A word near the median, and how many ranks lie in those before it.
    word: usize,
    below: usize,
}

impl<'a> Surroundings<'a> {
    fn new(ranked: &'a Ranked) -> Self {
        // One word more than ranks need: the place may step onto it.
        Self { sorted: &ranked.sorted, words: vec![0; ranked.sorted.len() / 64 + 2], count: 0, word: 0, below: 0 }
    }

    fn clear(&mut self) {
        self.words.fill(0);
        (self.count, self.word, self.below) = (0, 0, 0);
    }

    #[inline]
    fn add(&mut self, rank: u32) {
        if rank != UNRANKED {
            let word = rank as usize / 64;
            self.words[word] |= 1 << (rank % 64);
            self.count += 1;
            self.below += usize::from(word < self.word);
        }
    }

    #[inline]
    fn remove(&mut self, rank: u32) {
        if rank != UNRANKED {
            let word = rank as usize / 64;
            self.words[word] &= !(1 << (rank % 64));
            self.count -= 1;
            self.below -= usize::from(word < self.word);
        }
    }

    /// The median of the pixels, of which there is at least one.
    fn median(&mut self) -> f64 {
        let upper = f64::from(self.nth(self.count / 2));
        if self.count % 2 == 1 { upper } else { f64::midpoint(f64::from(self.nth(self.count / 2 - 1)), upper) }
    }

    /// The value that has `n` before it.
    fn nth(&mut self, n: usize) -> f32 {
        while self.below > n {
            self.word -= 1;
            self.below -= self.words[self.word].count_ones() as usize;
        }
        loop {
            let within = self.words[self.word].count_ones() as usize;
            if self.below + within > n {
                break;
            }
            self.below += within;
            self.word += 1;
        }
        let mut word = self.words[self.word];
        for _ in self.below..n {
            word &= word - 1;
        }
        self.sorted[self.word * 64 + word.trailing_zeros() as usize]
    }
}

/// Keeps change only where enough of it lies together.
#[derive(Debug, Clone, PartialEq)]
pub struct DisturbanceDensity {
    disk: Disk,
    least: usize,
}

impl DisturbanceDensity {
    /// At least `least` changed pixels, the pixel itself among them, whose centres lie within a distance; pixels are of this width and
    /// height. All in metres.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a radius of less than a pixel or more than 200, or more pixels than lie within it.
    pub fn new(radius_m: f64, least: usize, pixel_m: (f64, f64)) -> Result<Self, ChangeError> {
        let disk = disk("density radius", radius_m, pixel_m)?;
        let within: usize = disk.rows().map(|(_, half)| 2 * half + 1).sum();
        if !(1..=within).contains(&least) {
            return Err(ChangeError::Parameter {
                method: "self-reference".to_owned(),
                parameter: "density",
                got: format!("{least} pixels of {within} within {radius_m} m"),
                expected: "a number of pixels from 1 to those within the radius",
            });
        }
        Ok(Self { disk, least })
    }

    /// Pixels by which what goes in reaches further than what comes out, on each side.
    pub fn margin(&self) -> usize {
        self.disk.margin()
    }

    /// Codes (1 changed) whose changed pixels without enough others around are 0. `codes`, shape (rows, cols), reach [`Self::margin`]
    /// further on each side than the result.
    pub fn keep(&self, codes: ArrayView2<'_, u8>) -> Array2<u8> {
        let margin = self.margin();
        let (rows, cols) = (codes.nrows().saturating_sub(2 * margin), codes.ncols().saturating_sub(2 * margin));
        // Changed pixels of each row before each column.
        let mut before = Array2::<u32>::zeros((codes.nrows(), codes.ncols() + 1));
        for ((row, col), code) in codes.indexed_iter() {
            before[[row, col + 1]] = before[[row, col]] + u32::from(*code == 1);
        }
        Array2::from_shape_fn((rows, cols), |(row, col)| {
            let (row, col) = (row + margin, col + margin);
            let code = codes[[row, col]];
            if code != 1 {
                return code;
            }
            let on_line = |(offset, half): (isize, usize)| {
                let line = row.wrapping_add_signed(offset);
                (before[[line, col + half + 1]] - before[[line, col - half]]) as usize
            };
            u8::from(self.disk.rows().map(on_line).sum::<usize>() >= self.least)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = include_str!("self_reference/scipy.tsv");

    fn table(kind: &str) -> Array2<f32> {
        let rows: Vec<Vec<f32>> = TABLE
            .lines()
            .filter_map(|line| line.strip_prefix(kind))
            .map(|line| line.split_whitespace().map(|value| value.parse().expect("a number")).collect())
            .collect();
        Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length")
    }

    /// The values with as many NaN around them as the kernel reaches.
    fn padded(values: &Array2<f32>, margin: usize) -> Array2<f32> {
        let mut padded = Array2::from_elem((values.nrows() + 2 * margin, values.ncols() + 2 * margin), f32::NAN);
        values.indexed_iter().for_each(|((row, col), value)| padded[[row + margin, col + margin]] = *value);
        padded
    }

    #[test]
    fn values_less_their_surroundings_are_those_of_scipy() {
        let (values, expected) = (table("value"), table("relative"));
        let reference = SelfReference::new(100.0, (30.0, 20.0)).expect("a radius");
        let got = reference.relative(padded(&values, reference.margin()).view());
        assert_eq!(got.dim(), expected.dim());
        for (got, expected) in got.iter().zip(&expected) {
            assert!(got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(), "{got}, scipy has {expected}");
        }
    }

    #[test]
    fn a_radius_that_means_nothing_is_refused() {
        for radius in [0.0, 29.0, f64::NAN, 6030.0] {
            assert!(SelfReference::new(radius, (30.0, 30.0)).is_err(), "{radius}");
        }
        assert_eq!(SelfReference::new(210.0, (30.0, 30.0)).expect("seven pixels").margin(), 7);
        assert!(DisturbanceDensity::new(30.0, 6, (30.0, 30.0)).is_err());
        assert!(DisturbanceDensity::new(30.0, 0, (30.0, 30.0)).is_err());
    }

    #[test]
    fn disturbance_is_what_lies_below_and_nothing_above() {
        let reference = SelfReference::new(1.0, (1.0, 1.0)).expect("a radius");
        let mut values = Array2::from_elem((5, 5), 0.5f32);
        values[[2, 2]] = 0.25;
        let of = |values: &Array2<f32>, clearing| reference.disturbance(values.view(), clearing)[[1, 1]].to_bits();
        assert_eq!(of(&values, Direction::Fall), 0.25f32.to_bits());
        assert_eq!(of(&values, Direction::Rise), 0.0f32.to_bits());
        values[[2, 2]] = -2.0;
        assert_eq!(of(&values, Direction::Fall), 1.0f32.to_bits());
        values[[2, 2]] = f32::NAN;
        assert!(f32::from_bits(of(&values, Direction::Fall)).is_nan());
    }

    proptest! {
        #[test]
        fn the_median_is_what_sorting_gives(
            values in prop::collection::vec(prop_oneof![3 => (0u8..12).prop_map(f32::from), 1 => Just(f32::NAN)], 13 * 16),
            radius in 1.0f64..4.5,
            height in 0.6f64..1.0,
        ) {
            let values = Array2::from_shape_vec((13, 16), values).expect("a shape");
            let reference = SelfReference::new(radius, (1.0, height)).expect("a radius");
            let got = reference.relative(padded(&values, reference.margin()).view());
            for ((row, col), got) in got.indexed_iter() {
                let near = |(r, c): (usize, usize)| {
                    let (x, y) = (col.abs_diff(c) as f64, row.abs_diff(r) as f64 * height);
                    x * x + y * y <= radius * radius
                };
                let mut around: Vec<f32> = values.indexed_iter().filter(|(at, v)| near(*at) && !v.is_nan()).map(|(_, v)| *v).collect();
                around.sort_by(f32::total_cmp);
                let n = around.len();
                let expected = if values[[row, col]].is_nan() { f32::NAN } else { values[[row, col]] - f32::midpoint(around[(n - 1) / 2], around[n / 2]) };
                prop_assert!(*got == expected || got.is_nan() && expected.is_nan(), "pixel {} {}: {} {}", row, col, got, expected);
            }
        }

        #[test]
        fn change_is_kept_where_counting_finds_enough(
            codes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 12 * 14),
            radius in 1.0f64..3.0,
            least in 1usize..6,
        ) {
            let codes = Array2::from_shape_vec((12, 14), codes).expect("a shape");
            let filter = DisturbanceDensity::new(radius, least.min(5), (1.0, 1.0)).expect("a filter");
            let margin = filter.margin();
            let kept = filter.keep(codes.view());
            prop_assert_eq!(kept.dim(), (12 - 2 * margin, 14 - 2 * margin));
            for ((row, col), kept) in kept.indexed_iter() {
                let (row, col) = (row + margin, col + margin);
                let near = codes.indexed_iter().filter(|((r, c), code)| {
                    let (x, y) = (col.abs_diff(*c) as f64, row.abs_diff(*r) as f64);
                    **code == 1 && x * x + y * y <= radius * radius
                });
                let enough = near.count() >= least.min(5);
                let expected = if codes[[row, col]] == 1 { u8::from(enough) } else { codes[[row, col]] };
                prop_assert_eq!(*kept, expected);
            }
        }
    }
}
