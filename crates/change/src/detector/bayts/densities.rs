//! How values of a role are spread over forest and over non-forest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The spread of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Density {
    /// Mean and standard deviation.
    Normal([f64; 2]),
    /// Shape and scale; there are no values below 0.
    Weibull([f64; 2]),
}

/// What the densities of both classes are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected two normal densities as [forest mean, deviation, non-forest mean, deviation], \
    \"data\", { data = [forest spread, shift, non-forest spread] }, or { forest = DENSITY, non_forest = DENSITY } \
    where DENSITY is { normal = [mean, deviation] } or { weibull = [shape, scale] }"
)]
pub enum Densities {
    /// Mean and standard deviation of forest, then of non-forest: two normal densities.
    Normal([f64; 4]),
    /// The word `data`: the history of each pixel, with the factors 2, -4 and 2.
    Data(FromHistory),
    /// The history of each pixel, with factors of its standard deviation: spread of forest, shift of non-forest, spread of non-forest.
    Factors(Factors),
    /// A density a class.
    Each(Pair),
}

/// The word for densities that come from the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FromHistory {
    /// From the history of each pixel.
    Data,
}

/// Factors of the standard deviation of a history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factors {
    /// Spread of forest (above 0), shift of non-forest, spread of non-forest (above 0).
    pub data: [f64; 3],
}

/// Densities of forest and of non-forest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Of forest.
    pub forest: Density,
    /// Of non-forest.
    pub non_forest: Density,
}

/// What the densities of a role come from, known to be of use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    Given(Pair),
    History([f64; 3]),
}

/// The factors of bayts.
const FACTORS: [f64; 3] = [2.0, -4.0, 2.0];

impl From<[f64; 4]> for Densities {
    fn from(normal: [f64; 4]) -> Self {
        Self::Normal(normal)
    }
}

impl Densities {
    /// Where they come from; `None` where a number is out of range.
    pub(super) fn source(self) -> Option<Source> {
        let source = match self {
            Self::Normal([mean, deviation, other, other_deviation]) => Source::Given(Pair {
                forest: Density::Normal([mean, deviation]),
                non_forest: Density::Normal([other, other_deviation]),
            }),
            Self::Data(FromHistory::Data) => Source::History(FACTORS),
            Self::Factors(Factors { data }) => Source::History(data),
            Self::Each(pair) => Source::Given(pair),
        };
        let is_usable = match source {
            Source::Given(Pair { forest, non_forest }) => forest.is_usable() && non_forest.is_usable(),
            Source::History([spread, shift, other]) => {
                spread > 0.0 && other > 0.0 && [spread, shift, other].iter().all(|x| x.is_finite())
            }
        };
        is_usable.then_some(source)
    }
}

impl Density {
    fn is_usable(self) -> bool {
        match self {
            Self::Normal([mean, deviation]) => mean.is_finite() && deviation.is_finite() && deviation > 0.0,
            Self::Weibull([shape, scale]) => [shape, scale].iter().all(|number| number.is_finite() && *number > 0.0),
        }
    }

    /// The logarithm of the density, but for what all normal densities share: far out all are 0, and still one is the greater.
    fn log(self, value: f64) -> f64 {
        match self {
            Self::Normal([mean, deviation]) => -0.5 * ((value - mean) / deviation).powi(2) - deviation.ln() - HALF_LOG_TAU,
            Self::Weibull(_) if value < 0.0 => f64::NEG_INFINITY,
            Self::Weibull([shape, scale]) => {
                let share = value / scale;
                let bend = if (shape - 1.0).abs() > 0.0 { (shape - 1.0) * share.ln() } else { 0.0 };
                (shape / scale).ln() + bend - share.powf(shape)
            }
        }
    }
}

/// Half the logarithm of two pi.
const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;

impl Pair {
    /// Normal densities of what is off the model of a history with this spread.
    pub(super) fn of_history([spread, shift, other]: [f64; 3], deviation: f64) -> Self {
        Self {
            forest: Density::Normal([0.0, spread * deviation]),
            non_forest: Density::Normal([shift * deviation, other * deviation]),
        }
    }

    /// The probability of non-forest that a value tells: none where non-forest has no such values, as in bayts; a half where neither is
    /// the greater of two infinite densities.
    pub(super) fn non_forest(self, value: f64) -> f64 {
        let (forest, other) = (self.forest.log(value), self.non_forest.log(value));
        if other == f64::NEG_INFINITY {
            return 0.0;
        }
        let probability = 1.0 / (1.0 + (forest - other).exp());
        if probability.is_nan() { 0.5 } else { probability }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_bayts() {
        // calcPNF of bayts in R 4.2.2 with the types, and the parameters, of these densities.
        let weibull = |shape, scale| Density::Weibull([shape, scale]);
        let values = [0.1, 0.45, 0.55, 0.6, 0.65, 0.7, 0.9];
        let both = [1.0, 0.999_141_289, 0.985_878_245, 0.941_005_614, 0.767_861_763, 0.376_581_471, 0.000_237_739];
        let mixed = [1.0, 0.999_557_936, 0.982_322_474, 0.908_392_187, 0.651_760_744, 0.266_708_245, 0.000_365_658];
        let other = weibull(4.0, 0.5);
        for (forest, expected) in [(weibull(14.0, 0.88), both), (Density::Normal([0.85, 0.1]), mixed)] {
            let pair = Pair { forest, non_forest: other };
            for (value, expected) in values.into_iter().zip(expected) {
                assert!((pair.non_forest(value) - expected).abs() < 1e-8, "{value}: {} {expected}", pair.non_forest(value));
            }
            assert!([-0.2, 0.0].into_iter().all(|value| pair.non_forest(value) < 1e-300));
        }
        let only_forest = Pair { forest: weibull(14.0, 0.88), non_forest: Density::Normal([0.3, 0.1]) };
        assert!([-0.2, 0.0].into_iter().all(|value| only_forest.non_forest(value) > 1.0 - 1e-15));
    }

    #[test]
    fn numbers_of_no_use_are_none() {
        for densities in [
            Densities::Normal([0.5, 0.0, 0.1, 0.1]),
            Densities::Factors(Factors { data: [2.0, -4.0, -2.0] }),
            Densities::Factors(Factors { data: [2.0, f64::NAN, 2.0] }),
            Densities::Each(Pair { forest: Density::Weibull([0.0, 1.0]), non_forest: Density::Normal([0.1, 0.1]) }),
        ] {
            assert_eq!(densities.source(), None, "{densities:?}");
        }
        assert_eq!(Densities::Data(FromHistory::Data).source(), Some(Source::History([2.0, -4.0, 2.0])));
    }
}
