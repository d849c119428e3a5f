use serde::Serialize;

/// Standard errors on each side of an estimate that hold 95 % of a normal distribution.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// A number with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its standard error; `None` where the sample cannot tell: a stratum with one unit.
    pub se: Option<f64>,
}

impl Estimate {
    /// Limits of 95 %, by the normal distribution; not cut at 0 or 1.
    pub fn interval(self) -> Option<(f64, f64)> {
        let half = Z95 * self.se?;
        Some((self.value - half, self.value + half))
    }

    /// The same in another unit.
    pub fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, se: self.se.map(|se| se * factor.abs()) }
    }
}
