use ndarray::Array2;

/// Which quantity a random number is for; each has its own numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layer {
    Forest = 1,
    Texture,
    Crown,
    Field,
    Savanna,
    Burn,
    River,
    Clearing,
    Outline,
    Calendar,
    Cloud,
    Cover,
    Missed,
    Swath,
    Sensor,
    Year,
    Registry,
}

/// One step of `SplitMix64` (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A source of numbers for one quantity at one time: a function of place, without state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    key: u64,
}

impl Source {
    /// The numbers of a layer at a time (0 where it does not change).
    pub(crate) fn new(seed: u64, layer: Layer, time: i64) -> Self {
        Self { key: mix(mix(mix(seed) ^ layer as u64) ^ time as u64) }
    }

    /// 64 random bits of a place.
    pub(crate) fn bits(self, x: i64, y: i64) -> u64 {
        mix(mix(self.key ^ x as u64) ^ y as u64)
    }

    /// A number in [0, 1) of a place.
    pub(crate) fn unit(self, x: i64, y: i64) -> f64 {
        (self.bits(x, y) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in [low, high) of a place.
    pub(crate) fn between(self, x: i64, y: i64, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit(x, y)
    }

    /// A number in [low, high) of a place, evenly spread in its logarithm.
    pub(crate) fn log_between(self, x: i64, y: i64, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit(x, y))
    }

    /// Value noise over rows `-margin..rows + margin` and columns likewise; about 0 to 1, mean 0.5, shape with margins.
    pub(crate) fn plane(self, extent: Extent, grain: Grain) -> Array2<f32> {
        let mut sum = Array2::zeros((extent.rows + 2 * extent.margin, extent.cols + 2 * extent.margin));
        let (mut weight, mut total) = (1.0f32, 0.0f32);
        for octave in 0..grain.octaves {
            let cell = grain.cell / f64::from(1u32 << octave);
            let source = Self { key: mix(self.key ^ u64::from(octave + 1)) };
            source.add_octave(&mut sum, extent.margin, cell, weight);
            total += weight;
            weight *= grain.gain;
        }
        sum /= total;
        sum
    }

    fn add_octave(self, sum: &mut Array2<f32>, margin: usize, cell: f64, weight: f32) {
        let (rows, cols) = sum.dim();
        let knots = |n: usize| -> Vec<(i64, f32)> { (0..n).map(|i| knot(i as f64 - margin as f64, cell)).collect() };
        let (ys, xs) = (knots(rows), knots(cols));
        let first = xs.first().map_or(0, |k| k.0);
        let last = xs.last().map_or(0, |k| k.0) + 1;
        let line = |y: i64| -> Vec<f32> { (first..=last).map(|x| self.unit(x, y) as f32).collect() };
        let mut at = i64::MIN;
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for (mut row, &(y, v)) in sum.outer_iter_mut().zip(&ys) {
            if y != at {
                (upper, lower, at) = (line(y), line(y + 1), y);
            }
            for (value, &(x, u)) in row.iter_mut().zip(&xs) {
                let i = (x - first) as usize;
                let (north, south) = (lerp(upper[i], upper[i + 1], u), lerp(lower[i], lower[i + 1], u));
                *value += weight * lerp(north, south, v);
            }
        }
    }
}

/// How large a noise plane is, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) margin: usize,
}

/// How coarse noise is: the widest cell in pixels, and octaves of half the cell, each `gain` times as strong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grain {
    pub(crate) cell: f64,
    pub(crate) octaves: u32,
    pub(crate) gain: f32,
}

/// The lattice line before a place, and the smoothed way from it to the next.
fn knot(place: f64, cell: f64) -> (i64, f32) {
    let scaled = place / cell;
    let whole = scaled.floor();
    (whole as i64, smooth((scaled - whole) as f32))
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn smooth_step(low: f32, high: f32, value: f32) -> f32 {
    smooth(((value - low) / (high - low)).clamp(0.0, 1.0))
}

/// The value below which a share (0 to 1) of the values lies; infinite where there are none.
pub(crate) fn quantile(mut values: Vec<f32>, share: f64) -> f32 {
    if values.is_empty() {
        return f32::INFINITY;
    }
    let place = ((values.len() - 1) as f64 * share.clamp(0.0, 1.0)).round() as usize;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_same_noise_whatever_the_extent() {
        let source = Source::new(7, Layer::Cloud, 3);
        let grain = Grain { cell: 11.0, octaves: 3, gain: 0.5 };
        let small = source.plane(Extent { rows: 20, cols: 30, margin: 0 }, grain);
        let large = source.plane(Extent { rows: 40, cols: 35, margin: 9 }, grain);
        for ((row, col), value) in small.indexed_iter() {
            assert_eq!(value.to_bits(), large[[row + 9, col + 9]].to_bits());
        }
    }

    #[test]
    fn noise_lies_between_zero_and_one() {
        let grain = Grain { cell: 8.0, octaves: 4, gain: 0.6 };
        let plane = Source::new(1, Layer::Forest, 0).plane(Extent { rows: 100, cols: 100, margin: 0 }, grain);
        assert!(plane.iter().all(|v| (0.0..=1.0).contains(v)));
        let mean = plane.mean().expect("a plane with pixels");
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
    }

    #[test]
    fn a_quantile_parts_the_values() {
        let values: Vec<f32> = (0..=100u8).map(f32::from).rev().collect();
        assert!((quantile(values, 0.25) - 25.0).abs() < 1e-6);
    }
}
