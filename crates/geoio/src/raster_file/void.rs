//! Stored numbers that are no value.

/// Stored numbers that are no value; those that are not finite never are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Void {
    /// "No data": outside the scene, or never measured.
    pub nodata: Option<f64>,
    /// Brighter than the sensor can measure.
    pub saturated: Option<f64>,
    /// Numbers up to this one are no signal, such as power of 0.
    pub least: Option<f64>,
}

impl Void {
    /// Only "no data", where there is such a number.
    pub fn nodata(nodata: Option<f64>) -> Self {
        Self { nodata, ..Self::default() }
    }

    /// NaN for what is no value.
    #[allow(clippy::float_cmp, reason = "these numbers stand for something else only where they are met exactly")]
    #[allow(clippy::needless_bitwise_bool, reason = "without a branch, numbers go through the wide vectors")]
    pub(super) fn valid(self) -> impl Fn(f32) -> f32 {
        // A number that equals nothing stands for the one that is not given.
        let number = |given: Option<f64>| given.map_or(f32::NAN, |v| v as f32);
        let (nodata, saturated, least) = (number(self.nodata), number(self.saturated), number(self.least));
        move |v| if !v.is_finite() | (v == nodata) | (v == saturated) | (v <= least) { f32::NAN } else { v }
    }

    /// NaN in place of numbers that are no value.
    pub(super) fn clear(self, numbers: &mut [f32]) {
        let valid = self.valid();
        for number in numbers {
            *number = valid(*number);
        }
    }
}
