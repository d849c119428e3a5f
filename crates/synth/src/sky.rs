use ndarray::{Array2, s};

use crate::noise::{Extent, Grain, Layer, Source, quantile, smooth_step};

/// What lies between the ground and the sensor on one day; each plane has shape (y, x).
#[derive(Debug)]
pub(crate) struct Sky {
    /// Opacity of clouds, 0 to 1.
    pub(crate) cloud: Array2<f32>,
    /// Opacity of the cloud that shades the pixel, 0 to 1.
    pub(crate) shade: Array2<f32>,
    /// Thin cloud here is taken for clear sky by the scene classes.
    pub(crate) missed: Array2<bool>,
    /// Inside the swath.
    pub(crate) seen: Array2<bool>,
}

/// A cloud that stays over a place: centre (column, row) and radius, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pall {
    pub(crate) centre: (f64, f64),
    pub(crate) radius: f64,
}

/// Farthest that a shadow falls from its cloud, in pixels.
const REACH: usize = 26;
/// Opacity from which no cloud is missed.
const THICK: f32 = 0.70;
/// Share of places in which thin cloud is missed.
const MISSED_SHARE: f64 = 0.03;
/// Share of days on which the edge of the swath crosses the landscape.
const HALF_SWATH_SHARE: f64 = 0.12;

impl Sky {
    pub(crate) fn new(seed: u64, size: usize, day: i64, palls: &[Pall]) -> Self {
        let extent = Extent { rows: size, cols: size, margin: REACH };
        let cloud = clouds(seed, extent, day, palls);
        let source = Source::new(seed, Layer::Cover, day);
        // The sun stands north in the northern summer and south in its winter, always east in the morning.
        let year = (day as f64 / 365.25).fract() * std::f64::consts::TAU;
        let down = (f64::from(REACH as u32 - 8) * year.cos() * 0.8) as isize;
        let left = 8 + (source.bits(1, 1) % 10) as isize;
        let shade = window(&cloud, size, down, left);
        Self { shade, missed: missed(seed, size, day), seen: swath(seed, size, day), cloud: window(&cloud, size, 0, 0) }
    }
}

/// The inner part of a plane with margins, with each pixel taken from a place `down` rows south and `left` columns east.
fn window(plane: &Array2<f32>, size: usize, down: isize, left: isize) -> Array2<f32> {
    let (row, col) = (REACH as isize + down, REACH as isize + left);
    plane.slice(s![row..row + size as isize, col..col + size as isize]).to_owned()
}

/// Share of the sky under cloud: mean 0.55, at most 0.92, with some days almost clear.
fn cover(seed: u64, day: i64) -> f64 {
    0.92 * Source::new(seed, Layer::Cover, day).unit(0, 0).powf(0.66)
}

/// Share of a landscape that its sky hides on a day, roughly; half where the edge of the swath crosses it.
pub(crate) fn hidden_share(seed: u64, day: i64) -> f64 {
    if is_half_swath(seed, day) { cover(seed, day).max(0.5) } else { cover(seed, day) }
}

fn is_half_swath(seed: u64, day: i64) -> bool {
    Source::new(seed, Layer::Swath, day).unit(0, 0) < HALF_SWATH_SHARE
}

fn clouds(seed: u64, extent: Extent, day: i64, palls: &[Pall]) -> Array2<f32> {
    let mut density = Source::new(seed, Layer::Cloud, day).plane(extent, Grain { cell: 110.0, octaves: 6, gain: 0.57 });
    let threshold = quantile(density.iter().copied().collect(), 1.0 - cover(seed, day));
    for ((row, col), value) in density.indexed_iter_mut() {
        let (x, y) = (col as f64 - extent.margin as f64, row as f64 - extent.margin as f64);
        let mut opacity = smooth_step(threshold - 0.015, threshold + 0.10, *value);
        for pall in palls {
            let away = (x - pall.centre.0).hypot((y - pall.centre.1) * 1.3) / pall.radius;
            // The pall frays with the day's noise at its rim only; its heart is thick.
            let thick = 1.0 - smooth_step(1.8, 2.3, away as f32 + 1.3 * (0.5 - *value));
            opacity = opacity.max(thick);
        }
        *value = opacity;
    }
    density
}

fn missed(seed: u64, size: usize, day: i64) -> Array2<bool> {
    let extent = Extent { rows: size, cols: size, margin: 0 };
    let plane = Source::new(seed, Layer::Missed, day).plane(extent, Grain { cell: 14.0, octaves: 2, gain: 0.5 });
    let threshold = quantile(plane.iter().copied().collect(), 1.0 - MISSED_SHARE);
    plane.mapv(|value| value > threshold)
}

fn swath(seed: u64, size: usize, day: i64) -> Array2<bool> {
    let source = Source::new(seed, Layer::Swath, day);
    if !is_half_swath(seed, day) {
        return Array2::from_elem((size, size), true);
    }
    let edge = size as f64 * source.between(1, 0, 0.4, 0.65);
    let east = source.unit(2, 0) < 0.5;
    // The ground track leans by about 12 degrees.
    Array2::from_shape_fn((size, size), |(row, col)| {
        let x = col as f64 + 0.21 * (row as f64 - size as f64 / 2.0);
        (x > edge) == east
    })
}

impl Sky {
    /// The scene class of what hides a pixel: 0 outside the swath, 8 to 10 cloud, 3 shadow; `None` where it passes for clear.
    pub(crate) fn obstacle(&self, place: [usize; 2]) -> Option<u16> {
        if !self.seen[place] {
            return Some(0);
        }
        let cloud = self.cloud[place];
        if self.missed[place] && cloud < THICK {
            return None;
        }
        match cloud {
            c if c > 0.60 => Some(9),
            c if c > 0.30 => Some(8),
            c if c > 0.10 => Some(10),
            // Shadow begins at an opacity of 0; only its darker part is recognised.
            _ => (self.shade[place] > 0.40).then_some(3),
        }
    }
}
