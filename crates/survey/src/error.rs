/// What can be wrong with a sample or with judged scores.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    /// A sample without a unit.
    #[error("there is no sampled unit that could be interpreted")]
    Empty,
    /// A weight that is no positive number.
    #[error("unit {unit} (from 1) has the weight {got}; expected a number above 0")]
    Weight {
        /// Place of the unit, from 1.
        unit: usize,
        /// What was given.
        got: f64,
    },
    /// A unit whose stratum or class is not in its list.
    #[error("unit {unit} (from 1) names {what} {got}, and there are {of}")]
    Number {
        /// Place of the unit, from 1.
        unit: usize,
        /// `stratum` or `class`.
        what: &'static str,
        /// What was given.
        got: usize,
        /// How many there are.
        of: usize,
    },
    /// A stratum with a size and without a unit: nothing is known of it.
    #[error("stratum {stratum} has a size and no interpreted unit; join it with another or leave it out")]
    Unsampled {
        /// Its name.
        stratum: String,
    },
    /// A stratum without a size.
    #[error("stratum {stratum} has no size; expected a number above 0")]
    Unsized {
        /// Its name.
        stratum: String,
    },
    /// A score or label that is no finite number.
    #[error("score {place} (from 1) is {got}; expected a finite number, and a weight above 0")]
    Score {
        /// Place, from 1.
        place: usize,
        /// What was given.
        got: f64,
    },
}
