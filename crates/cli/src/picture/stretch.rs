use ndarray::{Array3, ArrayView3, Axis};

/// How reflectance becomes brightness, band by band.
///
/// Made from both images together, so that they can be compared by eye.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    low: [f32; 3],
    high: [f32; 3],
}

/// Shares of values that become black and white.
const BLACK: f64 = 0.01;
const WHITE: f64 = 0.985;
/// Values above this are cloud and do not count for the white point.
const CLOUD: f32 = 0.30;
/// Narrowest range, so that an even scene does not become noise.
const NARROWEST: f32 = 0.04;
/// Exponent that brings out dark forest.
const GAMMA: f32 = 0.62;
/// Grey of what was not observed.
const MISSING: u8 = 196;
/// Values taken from each band of an image at most.
const SAMPLE: usize = 200_000;

impl Stretch {
    /// The stretch of images of reflectance, shape (3, y, x) in the order red, green, blue; NaN does not count.
    ///
    /// Black lies a little under the 1st and white near the 98.5th percentile of each band, both halfway to those of the
    /// darkest and of the brightest band, so that colours stay near what the eye would see.
    pub(crate) fn of(images: &[ArrayView3<'_, f32>]) -> Self {
        let mut low = [0.0; 3];
        let mut high = [0.2; 3];
        for band in 0..3 {
            let mut values: Vec<f32> = images.iter().flat_map(|image| sample(image, band)).collect();
            values.sort_unstable_by(f32::total_cmp);
            if let (Some(dark), Some(bright)) = (at_share(&values, BLACK), at_share(&values, WHITE)) {
                (low[band], high[band]) = (dark, bright.max(dark + NARROWEST));
            }
        }
        let brightest = high.into_iter().fold(0.0, f32::max);
        let darkest = low.into_iter().fold(f32::INFINITY, f32::min);
        Self { low: low.map(|v| 0.4 * (v + darkest)), high: high.map(|v| 0.5 * (v + brightest)) }
    }

    /// The colours of an image, shape (3, y, x); grey where a band is NaN.
    pub(crate) fn apply(&self, image: ArrayView3<'_, f32>) -> Array3<u8> {
        let (_, rows, cols) = image.dim();
        let mut colours = Array3::from_elem((3, rows, cols), MISSING);
        for row in 0..rows {
            for col in 0..cols {
                if (0..3).any(|band| image[[band, row, col]].is_nan()) {
                    continue;
                }
                for band in 0..3 {
                    let share = (image[[band, row, col]] - self.low[band]) / (self.high[band] - self.low[band]);
                    colours[[band, row, col]] = (share.clamp(0.0, 1.0).powf(GAMMA) * 255.0).round() as u8;
                }
            }
        }
        colours
    }
}

fn sample(image: &ArrayView3<'_, f32>, band: usize) -> Vec<f32> {
    let plane = image.index_axis(Axis(0), band);
    let step = plane.len() / SAMPLE + 1;
    plane.iter().step_by(step).copied().filter(|v| v.is_finite() && *v < CLOUD).collect()
}

fn at_share(sorted: &[f32], share: f64) -> Option<f32> {
    sorted.get((sorted.len().saturating_sub(1) as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brighter_ground_is_brighter_and_what_is_missing_is_grey() {
        let image = Array3::from_shape_fn((3, 10, 10), |(_, row, col)| (row * 10 + col) as f32 / 500.0);
        let mut holed = image.clone();
        holed[[1, 4, 4]] = f32::NAN;
        let colours = Stretch::of(&[image.view()]).apply(holed.view());
        assert!(colours[[0, 0, 0]] < colours[[0, 5, 0]] && colours[[0, 5, 0]] < colours[[0, 9, 9]]);
        assert_eq!([colours[[0, 4, 4]], colours[[1, 4, 4]], colours[[2, 4, 4]]], [MISSING; 3]);
    }

    #[test]
    fn images_without_values_have_a_stretch() {
        let image = Array3::from_elem((3, 2, 2), f32::NAN);
        assert!(Stretch::of(&[image.view()]).apply(image.view()).iter().all(|v| *v == MISSING));
        assert!(Stretch::of(&[]).apply(Array3::zeros((3, 1, 1)).view()).iter().all(|v| *v == 0));
    }
}
