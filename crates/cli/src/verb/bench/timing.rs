use serde::{Deserialize, Serialize};

/// Shortest time that is told, in seconds: below it a clock says nothing, and rates stay finite.
const LEAST_S: f64 = 1e-9;

/// How long something took over several repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Timing {
    /// Shortest, in seconds of wall time.
    pub(super) best_s: f64,
    /// Median, in seconds; of an even number the upper of the two in the middle.
    pub(super) median_s: f64,
}

impl Timing {
    /// The timing of these seconds, one a repetition; `None` of none.
    pub(super) fn of(seconds: &[f64]) -> Option<Self> {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (best, median) = (sorted.first()?, sorted.get(sorted.len() / 2)?);
        Some(Self { best_s: best.max(LEAST_S), median_s: median.max(LEAST_S) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_is_the_shortest_whatever_the_order() {
        assert_eq!(Timing::of(&[3.0, 1.0, 2.0]), Some(Timing { best_s: 1.0, median_s: 2.0 }));
        assert_eq!(Timing::of(&[2.0, 1.0]).map(|t| t.median_s), Some(2.0));
        assert_eq!(Timing::of(&[]), None);
        assert!(Timing::of(&[0.0]).is_some_and(|t| t.best_s > 0.0));
    }
}
