use serde::{Deserialize, Serialize};

use crate::SurveyError;

/// A score of something that was found right or wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The score; more of it should mean right more often.
    pub score: f64,
    /// Whether it was right.
    pub right: bool,
    /// How much it counts, above 0.
    pub weight: f64,
}

/// A score and the probability that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Knot {
    /// The score.
    pub score: f64,
    /// The probability, 0 to 1.
    pub probability: f64,
}

/// A probability that never falls with the score: isotonic regression by pooling adjacent violators (Barlow et al., Statistical
/// Inference under Order Restrictions, 1972; Zadrozny and Elkan, KDD 2002, for calibration).
///
/// Equal scores are taken together first. Between knots it runs straight, beyond them it stays as it is at the end: the answers are
/// those of scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Isotonic {
    knots: Vec<Knot>,
}

/// Scores that share a probability.
struct Block {
    low: f64,
    high: f64,
    sum: f64,
    weight: f64,
}

impl Block {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

impl Isotonic {
    /// The regression of right on score.
    ///
    /// # Errors
    /// [`SurveyError::Empty`] and [`SurveyError::Score`].
    pub fn fit(judged: &[Judged]) -> Result<Self, SurveyError> {
        if judged.is_empty() {
            return Err(SurveyError::Empty);
        }
        let is_number = |one: &Judged| one.score.is_finite() && one.weight.is_finite() && one.weight > 0.0;
        if let Some(place) = judged.iter().position(|one| !is_number(one)) {
            return Err(SurveyError::Score { place: place + 1, got: judged[place].score });
        }
        let mut sorted = judged.to_vec();
        sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
        let mut blocks: Vec<Block> = Vec::new();
        for ties in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
            let weight = ties.iter().map(|one| one.weight).sum();
            let sum = ties.iter().map(|one| if one.right { one.weight } else { 0.0 }).sum();
            let mut block = Block { low: ties[0].score, high: ties[0].score, sum, weight };
            while let Some(last) = blocks.pop_if(|last| last.mean() >= block.mean()) {
                block = Block { low: last.low, high: block.high, sum: last.sum + block.sum, weight: last.weight + block.weight };
            }
            blocks.push(block);
        }
        let knots = blocks.iter().flat_map(|block| {
            let ends = if block.low < block.high { vec![block.low, block.high] } else { vec![block.low] };
            ends.into_iter().map(|score| Knot { score, probability: block.mean() })
        });
        Ok(Self { knots: knots.collect() })
    }

    /// The regression, its ends kept off certainty: n judgements of which none or all were right have the probability of the rule of
    /// succession, 1 / (n + 2) or (n + 1) / (n + 2), or that of their neighbours where it is nearer.
    ///
    /// # Errors
    /// As [`Isotonic::fit`].
    pub fn calibrated(judged: &[Judged]) -> Result<Self, SurveyError> {
        let Self { mut knots } = Self::fit(judged)?;
        let (none, all) =
            (knots.partition_point(|knot| knot.probability <= 0.0), knots.partition_point(|knot| knot.probability < 1.0));
        let least = none.checked_sub(1).map(|last| judged.iter().filter(|one| one.score <= knots[last].score).count());
        let most = knots.get(all).map(|first| judged.iter().filter(|one| first.score <= one.score).count());
        let certain = |n: Option<usize>| 1.0 / (n.unwrap_or(0) as f64 + 2.0);
        let (low, high) = (certain(least), 1.0 - certain(most));
        let (above, below) = (knots.get(none).copied(), all.checked_sub(1).map(|last| knots[last]));
        let low = above.map_or(low, |knot| low.min(if none == all { 0.5 } else { knot.probability }));
        let high = below.map_or(high, |knot| high.max(if none == all { 0.5 } else { knot.probability }));
        knots[..none].iter_mut().for_each(|knot| knot.probability = low);
        knots[all..].iter_mut().for_each(|knot| knot.probability = high);
        Ok(Self { knots })
    }

    /// The regression of these knots; `None` unless there is one at least, scores rise, and probabilities lie between 0 and 1 and
    /// never fall.
    pub fn of_knots(knots: Vec<Knot>) -> Option<Self> {
        let rises = knots.windows(2).all(|pair| pair[0].score < pair[1].score && pair[0].probability <= pair[1].probability);
        let between = knots.iter().all(|knot| knot.score.is_finite() && (0.0..=1.0).contains(&knot.probability));
        (rises && between && !knots.is_empty()).then_some(Self { knots })
    }

    /// Its knots, by rising score.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// The probability of a score; NaN of NaN.
    pub fn probability(&self, score: f64) -> f64 {
        if score.is_nan() {
            return f64::NAN;
        }
        let above = self.knots.partition_point(|knot| knot.score < score);
        let Some(high) = self.knots.get(above) else { return self.knots[self.knots.len() - 1].probability };
        let Some(low) = above.checked_sub(1).map(|below| self.knots[below]) else { return high.probability };
        let way = (score - low.score) / (high.score - low.score);
        low.probability + (high.probability - low.probability) * way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 12] = [0.10, 0.20, 0.20, 0.30, 0.35, 0.40, 0.50, 0.50, 0.60, 0.70, 0.80, 0.90];
    const RIGHT: [u8; 12] = [0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1];
    const WEIGHTS: [f64; 12] = [1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 0.5];
    /// Beyond both ends, and between knots.
    const ASKED: [f64; 7] = [0.0, 0.25, 0.33, 0.55, 0.65, 0.85, 2.0];

    fn judged(weights: [f64; 12]) -> Vec<Judged> {
        let rows = SCORES.into_iter().zip(RIGHT).zip(weights);
        rows.map(|((score, right), weight)| Judged { score, right: right == 1, weight }).collect()
    }

    /// Expects the probabilities of the scores themselves and of those asked.
    fn assert_same(weights: [f64; 12], own: [f64; 12], asked: [f64; 7]) {
        let fitted = Isotonic::fit(&judged(weights)).expect("a fit");
        for (score, expected) in SCORES.into_iter().chain(ASKED).zip(own.into_iter().chain(asked)) {
            let got = fitted.probability(score);
            assert!((got - expected).abs() < 1e-12, "{score}: {got}, expected {expected}");
        }
    }

    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        // IsotonicRegression(out_of_bounds="clip") of scikit-learn 1.9.1, without and with sample_weight.
        let (third, two) = (1.0 / 3.0, 2.0 / 3.0);
        assert_same(
            [1.0; 12],
            [0.0, third, third, third, 0.5, 0.5, two, two, two, 1.0, 1.0, 1.0],
            [0.0, third, 0.433_333_333_333_333_3, two, 0.833_333_333_333_333_3, 1.0, 1.0],
        );
        assert_same(
            WEIGHTS,
            [0.0, 0.375, 0.375, 0.375, 0.375, 0.375, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0],
            [0.0, 0.375, 0.375, 0.5, 0.75, 1.0, 1.0],
        );
    }

    #[test]
    fn what_was_always_right_is_still_not_certain() {
        let judged = |rights: &str| -> Vec<Judged> {
            let rows = rights.bytes().enumerate();
            rows.map(|(i, right)| Judged { score: i as f64, right: right == b'1', weight: 1.0 }).collect()
        };
        let ends = |rights: &str| {
            let knots = Isotonic::calibrated(&judged(rights)).expect("a fit").knots;
            (knots[0].probability, knots[knots.len() - 1].probability)
        };
        assert_eq!(ends("111"), (0.8, 0.8));
        assert_eq!(ends("00"), (0.25, 0.25));
        assert_eq!(ends("000111"), (0.2, 0.8));
        // One wrong below a quarter right: not above its neighbour; six right stand on their own.
        assert_eq!(ends("01000111111"), (0.25, 0.875));
        assert_eq!(ends("0101"), (1.0 / 3.0, 1.0 - 1.0 / 3.0));
    }

    #[test]
    fn one_score_has_the_share_of_right_ones() {
        let same: Vec<Judged> = judged([1.0; 12]).into_iter().map(|one| Judged { score: 3.0, ..one }).collect();
        let fitted = Isotonic::fit(&same).expect("a fit");
        assert_eq!(fitted.knots(), [Knot { score: 3.0, probability: 7.0 / 12.0 }]);
        assert_eq!((fitted.probability(-9.0), fitted.probability(9.0)), (7.0 / 12.0, 7.0 / 12.0));
        assert!(fitted.probability(f64::NAN).is_nan());
    }

    #[test]
    fn knots_that_fall_are_no_regression() {
        let knot = |score, probability| Knot { score, probability };
        for knots in [vec![], vec![knot(0.0, 0.5), knot(1.0, 0.4)], vec![knot(1.0, 0.1), knot(1.0, 0.2)], vec![knot(0.0, 1.5)]] {
            assert_eq!(Isotonic::of_knots(knots.clone()), None, "{knots:?}");
        }
        assert!(Isotonic::of_knots(vec![knot(0.0, 0.0), knot(1.0, 1.0)]).is_some());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let one = Judged { score: f64::NAN, right: true, weight: 1.0 };
        assert!(matches!(Isotonic::fit(&[one]), Err(SurveyError::Score { place: 1, .. })));
        assert_eq!(Isotonic::fit(&[]), Err(SurveyError::Empty));
        assert!(Isotonic::fit(&[Judged { score: 1.0, weight: 0.0, ..one }]).is_err());
    }
}
