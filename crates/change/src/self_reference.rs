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
mod tests;
