/// Count, mean and spread of numbers that are taken one by one (Welford, Technometrics 4, 1962).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Moments {
    /// How many there were.
    pub(super) count: f64,
    /// Their mean; 0 of none.
    pub(super) mean: f64,
    /// Sum of their squared distances from the mean.
    pub(super) squares: f64,
}

impl Moments {
    /// Takes a number.
    pub(super) fn take(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    /// Their standard deviation with one degree of freedom taken off; NaN of fewer than two. At least what rounding of single numbers
    /// leaves of a mean like theirs.
    pub(super) fn deviation(&self) -> f64 {
        if self.count < 2.0 {
            return f64::NAN;
        }
        (self.squares / (self.count - 1.0)).sqrt().max(1e-7 * self.mean.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_those_of_r() {
        // mean and sd of c(3, 1, 4, 1, 5, 9, 2, 6) of R 4.
        let mut moments = Moments::default();
        for value in [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0] {
            moments.take(value);
        }
        assert!((moments.mean - 3.875).abs() < 1e-12 && (moments.deviation() - 2.748_376).abs() < 1e-6);
        let one = Moments { count: 1.0, mean: 3.0, squares: 0.0 };
        assert!(one.deviation().is_nan());
    }
}
