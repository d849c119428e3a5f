use super::median::between;

/// Values of a bin of the first pass, and bins of it: half of the bits of a number.
const BINS: usize = 1 << 16;

/// Counts values by the upper half of their bits: the first of two passes over more values than memory holds, whose quantile is then
/// exact.
#[derive(Debug, Clone)]
pub struct Coarse {
    counts: Vec<u64>,
}

/// Counts by the lower half of their bits the values among which a quantile lies: the second pass.
#[derive(Debug, Clone)]
pub struct Fine {
    /// How far the quantile lies between its two neighbours, 0 to 1.
    fraction: f64,
    below: Rank,
    above: Rank,
    /// Upper halves of the bits of values that are counted: one or two, rising.
    bins: Vec<u16>,
    counts: Vec<u64>,
}

/// A value by its place in rising order.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// The upper half of its bits.
    bin: u16,
    /// Its place among the values of that bin.
    place: u64,
}

impl Default for Coarse {
    fn default() -> Self {
        Self { counts: vec![0; BINS] }
    }
}

impl Coarse {
    /// Bytes of both passes together, at the most.
    pub const BYTES: u64 = 3 * 8 * BINS as u64;

    /// Counts values; NaN and infinities are none.
    pub fn add<'v>(&mut self, values: impl IntoIterator<Item = &'v f32>) {
        for value in values.into_iter().filter(|value| value.is_finite()) {
            self.counts[(ordered(*value) >> 16) as usize] += 1;
        }
    }

    /// The second pass for a quantile by its share, 0 to 1; `None` where there was no value.
    pub fn narrowed(&self, share: f64) -> Option<Fine> {
        let last = self.counts.iter().sum::<u64>().checked_sub(1)?;
        let place = share * last as f64;
        let below = self.rank(place.floor() as u64);
        let above = self.rank((place.floor() as u64 + 1).min(last));
        let mut bins = vec![below.bin, above.bin];
        bins.dedup();
        Some(Fine { fraction: place.fract(), below, above, counts: vec![0; bins.len() * BINS], bins })
    }

    fn rank(&self, mut place: u64) -> Rank {
        for (bin, count) in self.counts.iter().enumerate() {
            if place < *count {
                return Rank { bin: bin as u16, place };
            }
            place -= count;
        }
        Rank { bin: u16::MAX, place }
    }
}

impl Fine {
    /// Counts the same values again.
    pub fn add<'v>(&mut self, values: impl IntoIterator<Item = &'v f32>) {
        for value in values.into_iter().filter(|value| value.is_finite()) {
            let bits = ordered(*value);
            if let Some(which) = self.bins.iter().position(|bin| u32::from(*bin) == bits >> 16) {
                self.counts[which * BINS + (bits & 0xffff) as usize] += 1;
            }
        }
    }

    /// The quantile: what [`quantile`](super::quantile) gives of all values at once; NaN where the second pass saw other
    /// values than the first.
    pub fn value(&self) -> f64 {
        between(self.at(self.below), self.at(self.above), self.fraction)
    }

    fn at(&self, Rank { bin, mut place }: Rank) -> f64 {
        let which = self.bins.iter().position(|own| *own == bin).unwrap_or(0);
        for (low, count) in self.counts[which * BINS..(which + 1) * BINS].iter().enumerate() {
            if place < *count {
                return f64::from(of_ordered(u32::from(bin) << 16 | low as u32));
            }
            place -= count;
        }
        f64::NAN
    }
}

/// Bits of a number that rise as numbers do.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The number of such bits.
fn of_ordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantile;

    fn in_passes(values: &[f32], share: f64) -> f64 {
        let mut coarse = Coarse::default();
        values.chunks(7).for_each(|part| coarse.add(part));
        let Some(mut fine) = coarse.narrowed(share) else { return f64::NAN };
        values.chunks(3).for_each(|part| fine.add(part));
        fine.value()
    }

    #[test]
    fn two_passes_give_the_quantile_of_all_values_at_once() {
        let noise = |n: u32| ((f64::from(n) * 12.9898).sin() * 43_758.545).fract() as f32;
        let near: Vec<f32> = (0..1000).map(|n| 0.8 + noise(n) * 1e-3).collect();
        let wide: Vec<f32> = (0..1001).map(|n| noise(n) * 10f32.powi(n as i32 % 9 - 4)).collect();
        let few = vec![-0.25, 7.5];
        let equal = vec![0.5; 40];
        for values in [near, wide, few, equal, vec![3.0], vec![f32::MIN, -1e-40, 0.0, 1e-40, f32::MAX]] {
            for share in [0.0, 0.05, 0.5, 0.9, 0.95, 0.999, 1.0] {
                let mut all: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
                let expected = quantile(&mut all, share);
                assert!(in_passes(&values, share).total_cmp(&expected).is_eq(), "{share} of {} values", values.len());
            }
        }
    }

    #[test]
    fn what_is_not_seen_is_not_counted() {
        assert!(in_passes(&[], 0.5).is_nan() && in_passes(&[f32::NAN; 9], 0.95).is_nan());
        assert!((in_passes(&[f32::NAN, 1.0, f32::NAN, 2.0], 0.5) - 1.5).abs() < 1e-12);
    }
}
