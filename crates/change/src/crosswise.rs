//! Whether two bands of two dates fit each other crosswise.
//!
//! Red and near infrared exchanged on one of two dates make nearly all of a scene look changed. The guard finds it where numbers are
//! reflectance; raw numbers of a quick-look have no scale to be judged by. Correlation needs none: what a band shows on one date, it
//! shows on the other, whatever the units, the light and the season do to its level. Where both bands fit the *other* band of the
//! other date better by a wide margin, one date has them exchanged. Neighbouring bands that look alike never come near the margin,
//! and neither do water or desert, where all bands look alike.

use ndarray::ArrayView2;

/// What both correlations crosswise need to have, summed, over both straight ones.
const MIN_GAIN: f64 = 0.4;
/// Pixels seen on both dates without which nothing is said.
const MIN_PAIRS: f64 = 1000.0;

/// Two bands of one date, shape (rows, cols), NaN where not seen clear; any unit, the same for all pixels.
pub type BandPair<'a> = [ArrayView2<'a, f32>; 2];

/// Moments of the four values of a pixel: first and second band before, first and second band after.
///
/// Parts of the images add up in order to the same.
#[derive(Debug, Clone, Default)]
pub struct Crosswise {
    pixels: f64,
    sums: [f64; 4],
    products: [[f64; 4]; 4],
}

/// Two bands that fit each other crosswise: sums of two correlations, -2 to 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exchanged {
    /// Each band with itself on the other date.
    pub straight: f64,
    /// Each band with the other one on the other date.
    pub crossed: f64,
}

impl Crosswise {
    /// Adds a part of both dates, all of one shape.
    pub fn add(&mut self, before: BandPair<'_>, after: BandPair<'_>) {
        let [first, second] = before;
        let [third, fourth] = after;
        for (((a, b), c), d) in first.iter().zip(second).zip(third).zip(fourth) {
            let values = [*a, *b, *c, *d].map(f64::from);
            if values.iter().any(|value| value.is_nan()) {
                continue;
            }
            self.pixels += 1.0;
            for (row, x) in values.iter().enumerate() {
                self.sums[row] += x;
                self.products[row].iter_mut().zip(&values).for_each(|(sum, y)| *sum += x * y);
            }
        }
    }

    /// That the two bands are exchanged on one of the dates; `None` where they are not, or where nothing can be said.
    pub fn exchanged(&self) -> Option<Exchanged> {
        let sum = |[(a, b), (c, d)]: [(usize, usize); 2]| Some(self.correlation(a, b)? + self.correlation(c, d)?);
        let (straight, crossed) = (sum([(0, 2), (1, 3)])?, sum([(0, 3), (1, 2)])?);
        (crossed - straight >= MIN_GAIN).then_some(Exchanged { straight, crossed })
    }

    fn correlation(&self, a: usize, b: usize) -> Option<f64> {
        let n = self.pixels;
        let moment = |x: usize, y: usize| n * self.products[x][y] - self.sums[x] * self.sums[y];
        let spread = moment(a, a) * moment(b, b);
        (n >= MIN_PAIRS && spread > 0.0).then(|| moment(a, b) / spread.sqrt())
    }
}

impl std::ops::AddAssign<&Self> for Crosswise {
    fn add_assign(&mut self, other: &Self) {
        self.pixels += other.pixels;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        for (sum, more) in self.products.iter_mut().flatten().zip(other.products.iter().flatten()) {
            *sum += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;

    /// Greenness 0 to 1 of a pixel, in patches, with noise.
    fn greenness(seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((80, 80), |(row, col)| {
            let patch = ((row / 9 * 7 + col / 11 * 5) % 7) as f32 / 7.0;
            patch + ((row * 31 + col * 17 + seed * 13) % 10) as f32 * 0.01
        })
    }

    /// Red and near infrared of a greenness, in whatever unit.
    fn bands(green: &Array2<f32>, scale: f32) -> [Array2<f32>; 2] {
        [green.mapv(|g| scale * (0.25 - 0.2 * g)), green.mapv(|g| scale * (0.2 + 0.25 * g))]
    }

    fn views(pair: &[Array2<f32>; 2]) -> BandPair<'_> {
        [pair[0].view(), pair[1].view()]
    }

    fn judged(before: &[Array2<f32>; 2], after: &[Array2<f32>; 2]) -> Option<Exchanged> {
        let mut crosswise = Crosswise::default();
        crosswise.add(views(before), views(after));
        crosswise.exchanged()
    }

    #[test]
    fn exchanged_bands_are_found_whatever_the_units() {
        let before = bands(&greenness(1), 1.0);
        let [red, nir] = bands(&greenness(2), 255.0);
        assert_eq!(judged(&before, &[red.clone(), nir.clone()]), None);
        let found = judged(&before, &[nir, red]).expect("they are exchanged");
        assert!(found.crossed > 1.8 && found.straight < -1.8, "{found:?}");
    }

    #[test]
    fn a_clearing_of_half_the_scene_is_no_exchange() {
        let before = bands(&greenness(1), 1.0);
        let mut cleared = greenness(2);
        cleared.slice_mut(s![..40, ..]).fill(0.05);
        assert_eq!(judged(&before, &bands(&cleared, 1.0)), None);
    }

    #[test]
    fn water_and_desert_say_nothing_and_neither_do_few_pixels() {
        let brightness = greenness(1);
        let alike = [brightness.mapv(|b| 0.3 * b), brightness.mapv(|b| 0.35 * b)];
        let later = [greenness(2).mapv(|b| 0.3 * b), greenness(2).mapv(|b| 0.35 * b)];
        assert_eq!(judged(&alike, &[later[1].clone(), later[0].clone()]), None);
        let [mut red, nir] = bands(&greenness(1), 1.0);
        red.slice_mut(s![.., 10..]).fill(f32::NAN);
        let before = [red, nir];
        let [red, nir] = bands(&greenness(2), 1.0);
        assert_eq!(judged(&before, &[nir, red]), None);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (before, [red, nir]) = (bands(&greenness(1), 1.0), bands(&greenness(2), 1.0));
        let mut whole = Crosswise::default();
        for rows in [s![..30, ..], s![30.., ..]] {
            let mut part = Crosswise::default();
            part.add([before[0].slice(rows), before[1].slice(rows)], [nir.slice(rows), red.slice(rows)]);
            whole += &part;
        }
        assert!(whole.exchanged().is_some());
    }
}
