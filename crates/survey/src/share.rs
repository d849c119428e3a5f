use serde::Serialize;

use crate::estimate::Z95;

/// Some of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many meet the condition.
    pub part: u64,
    /// How many there are.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, meets: bool) {
        self.of += 1;
        self.part += u64::from(meets);
    }

    /// The share from 0 to 1; `None` of none.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }

    /// Limits between which the share lies by 95 %, were these a simple random sample: see [`wilson`].
    pub fn interval(self) -> Option<(f64, f64)> {
        Some(wilson(self.value()?, self.of as f64))
    }
}

/// Score limits (95 %) of a share seen in `n` independent trials: E. B. Wilson, JASA 22, 1927. They stay within 0 and 1, and say
/// something of 0 and of all.
pub fn wilson(share: f64, n: f64) -> (f64, f64) {
    let z2 = Z95 * Z95;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_limits_are_those_of_wilson() {
        // Newcombe, Statistics in Medicine 17, 1998, table I, method 3: 81/263, 15/148, 0/20, 29/29.
        for (part, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)]
        {
            let (from, to) = Share { part, of }.interval().expect("some");
            assert!((from - low).abs() < 5e-5 && (to - high).abs() < 5e-5, "{part}/{of}: {from} {to}");
        }
        assert_eq!(Share::default().interval(), None);
    }
}
