//! What stored numbers become where that is no straight line.

/// A curve, applied to pixels after they have come onto the grid: averages are of what was stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// Decibels of a ratio of powers: `10 log10`; none of what is not positive.
    Decibel,
    /// Kelvin of brightness by Planck's law: `k2 / ln(k1 / radiance + 1)`, radiance being `scale x stored + offset`.
    Planck {
        /// Radiance a stored step.
        scale: f64,
        /// Radiance of 0.
        offset: f64,
        /// First constant of the band, in units of radiance.
        k1: f64,
        /// Second constant, in kelvin.
        k2: f64,
    },
}

impl Curve {
    /// The value of a stored number; NaN where there is none.
    pub fn apply(self, stored: f32) -> f32 {
        let stored = f64::from(stored);
        let value = match self {
            Self::Decibel => 10.0 * stored.log10(),
            Self::Planck { scale, offset, k1, k2 } => {
                let radiance = scale * stored + offset;
                if radiance > 0.0 { k2 / (k1 / radiance).ln_1p() } else { f64::NAN }
            }
        };
        if value.is_finite() { value as f32 } else { f32::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_becomes_decibels_and_radiance_kelvin() {
        assert!((Curve::Decibel.apply(0.1) + 10.0).abs() < 1e-5);
        assert!(
            Curve::Decibel.apply(0.0).is_nan() && Curve::Decibel.apply(-0.1).is_nan() && Curve::Decibel.apply(f32::NAN).is_nan()
        );
        // Landsat 5, band 6: 132 x 0.055 + 1.18243 = 8.44243; 1260.56 / ln(607.76 / 8.44243 + 1) = 293.82.
        let planck = Curve::Planck { scale: 0.055, offset: 1.18243, k1: 607.76, k2: 1260.56 };
        assert!((planck.apply(132.0) - 293.82).abs() < 0.01, "{}", planck.apply(132.0));
    }
}
