use serde::Serialize;

use crate::{Isotonic, Judged, SurveyError, wilson};

/// A bin of predicted probabilities, and how often they came true.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Least probability of the bin.
    pub from: f64,
    /// Upper end, which belongs to the last bin only.
    pub to: f64,
    /// How many predictions lie in it.
    pub count: u64,
    /// Their weighted mean.
    pub predicted: f64,
    /// Weighted share that was right.
    pub observed: f64,
    /// Limits of the share (Wilson, 95 %) by the number of predictions.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// How well probabilities fit what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// Weighted mean of the squared differences (Brier, Monthly Weather Review 78, 1950): 0 is best.
    pub brier: f64,
    /// The same of one forecast for all, the share that was right.
    pub brier_constant: f64,
    /// The bins that hold any.
    pub bins: Vec<Bin>,
}

/// The Brier score of probabilities, one a judgement.
pub fn brier(judged: &[Judged], probabilities: &[f64]) -> f64 {
    let number = |right: bool| f64::from(u8::from(right));
    let sum: f64 = judged.iter().zip(probabilities).map(|(one, p)| one.weight * (p - number(one.right)).powi(2)).sum();
    sum / judged.iter().map(|one| one.weight).sum::<f64>()
}

/// The reliability of probabilities, one a judgement, in so many bins of equal width.
pub fn reliability(judged: &[Judged], probabilities: &[f64], bins: usize) -> Reliability {
    let share = |of: &[(&Judged, f64)], value: &dyn Fn(&(&Judged, f64)) -> f64| {
        of.iter().map(|one| one.0.weight * value(one)).sum::<f64>() / of.iter().map(|one| one.0.weight).sum::<f64>()
    };
    let right = |one: &(&Judged, f64)| f64::from(u8::from(one.0.right));
    let pairs: Vec<(&Judged, f64)> = judged.iter().zip(probabilities.iter().copied()).collect();
    let constant = share(&pairs, &right);
    let place = |p: f64| ((p * bins as f64).floor() as usize).min(bins - 1);
    let bin = |number: usize| {
        let own: Vec<(&Judged, f64)> = pairs.iter().filter(|(_, p)| place(*p) == number).copied().collect();
        let observed = share(&own, &right);
        let (low, high) = wilson(observed, own.len() as f64);
        let edge = |number: usize| number as f64 / bins as f64;
        let (from, to) = (edge(number), edge(number + 1));
        (!own.is_empty()).then(|| Bin {
            from,
            to,
            count: own.len() as u64,
            predicted: share(&own, &|one| one.1),
            observed,
            low,
            high,
        })
    };
    Reliability {
        brier: brier(judged, probabilities),
        brier_constant: brier(judged, &vec![constant; judged.len()]),
        bins: (0..bins).filter_map(bin).collect(),
    }
}

/// The probability of each score by a regression on the others only: judgement i belongs to fold i modulo `folds`.
///
/// # Errors
/// [`SurveyError::Empty`] where a fold leaves nothing to learn from, [`SurveyError::Score`].
pub fn held_out(judged: &[Judged], folds: usize) -> Result<Vec<f64>, SurveyError> {
    let mut probabilities = vec![f64::NAN; judged.len()];
    for fold in 0..folds.min(judged.len()) {
        let others: Vec<Judged> = judged.iter().enumerate().filter(|(i, _)| i % folds != fold).map(|(_, one)| *one).collect();
        let fitted = Isotonic::calibrated(&others)?;
        for (place, one) in judged.iter().enumerate().filter(|(i, _)| i % folds == fold) {
            probabilities[place] = fitted.probability(one.score);
        }
    }
    Ok(probabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rows: &[(f64, u8, f64)]) -> Vec<Judged> {
        rows.iter().map(|&(score, right, weight)| Judged { score, right: right == 1, weight }).collect()
    }

    #[test]
    fn the_brier_score_is_that_of_scikit_learn() {
        // brier_score_loss of scikit-learn 1.9.1, of the isotonic fits of the other test.
        let scores = [0.10, 0.20, 0.20, 0.30, 0.35, 0.40, 0.50, 0.50, 0.60, 0.70, 0.80, 0.90];
        let right = [0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1];
        let weights = [1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 0.5];
        for (weights, expected) in [([1.0; 12], 0.152_777_777_777_777_76), (weights, 0.185_483_870_967_741_94)] {
            let rows: Vec<_> = (0..12).map(|i| (scores[i], right[i], weights[i])).collect();
            let judged = judged(&rows);
            let fitted = Isotonic::fit(&judged).expect("a fit");
            let own: Vec<f64> = scores.iter().map(|&score| fitted.probability(score)).collect();
            assert!((brier(&judged, &own) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn bins_hold_every_prediction_once() {
        let judged = judged(&[(0.0, 0, 1.0), (0.0, 1, 1.0), (0.0, 1, 2.0), (0.0, 1, 1.0)]);
        let told = reliability(&judged, &[0.0, 0.55, 0.5, 1.0], 2);
        assert_eq!(told.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 3]);
        assert!((told.bins[1].predicted - (0.55 + 1.0 + 1.0) / 4.0).abs() < 1e-12);
        assert!((told.bins[1].observed, told.bins[1].to) == (1.0, 1.0) && told.bins[1].low < 0.5);
        // 4 of 5 by weight are right: 0.8 for all misses by 0.8 * 0.2.
        assert!((told.brier_constant - 0.16).abs() < 1e-12);
    }

    #[test]
    fn a_fold_is_predicted_by_the_others() {
        let judged = judged(&[(1.0, 0, 1.0), (1.0, 1, 1.0), (1.0, 1, 1.0), (1.0, 0, 1.0)]);
        let got = held_out(&judged, 2).expect("two folds");
        // Fold 0 holds 0 and 2; 1 and 3 have one right of two.
        assert_eq!(got, [0.5; 4]);
        assert_eq!(held_out(&judged[..1], 2), Err(SurveyError::Empty));
        let all = held_out(&judged, 4).expect("one a fold");
        assert!((all[0] - 2.0 / 3.0).abs() < 1e-12 && (all[1] - 1.0 / 3.0).abs() < 1e-12);
    }
}
