//! What a score of alerts is worth as a probability of being right: a file that `evaluate` writes and a run reads.

use std::path::Path;

use alert::{Features, Values};
use serde::{Deserialize, Serialize};
use survey::{Bin, Isotonic, Knot};

use crate::fault::{Exit, Fault};
use crate::job::read_text;

/// Name and version of the form of the file.
const SCHEMA: &str = "atalaya-calibration/1";

/// A calibration, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    /// [`SCHEMA`].
    pub(crate) schema: String,
    /// Version of the program that made it.
    pub(crate) version: String,
    /// What the probability rises with.
    pub(crate) score: Score,
    /// Scores and probabilities: straight between them, level beyond.
    pub(crate) knots: Vec<Knot>,
    /// What it was learned from.
    pub(crate) learned: Learned,
    /// How well it fits.
    pub(crate) fit: Fit,
}

/// What a calibration was learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learned {
    /// Judged alerts, or sample points under alerts.
    pub(crate) judged: u64,
    /// Those that were right.
    pub(crate) right: u64,
    /// Judged alerts without a score, left out.
    pub(crate) without_score: u64,
    /// Methods of the alerts.
    pub(crate) methods: Vec<String>,
    /// Indices of the alerts.
    pub(crate) indices: Vec<String>,
    /// SHA-256 of the file of alerts.
    pub(crate) alerts_sha256: String,
    /// SHA-256 of the reference.
    pub(crate) reference_sha256: String,
}

/// How well probabilities fit, and how well they fit what they were not learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fit {
    /// Brier score on what it was learned from.
    pub(crate) brier: f64,
    /// Brier score where each part is predicted by the others.
    pub(crate) brier_held_out: f64,
    /// Brier score of one forecast for all.
    pub(crate) brier_constant: f64,
    /// Parts.
    pub(crate) folds: u16,
    /// Held-out probabilities and how often they came true.
    pub(crate) reliability: Vec<BinRow>,
}

/// A row of the table of reliability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct BinRow {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) count: u64,
    pub(crate) predicted: f64,
    pub(crate) observed: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl From<Bin> for BinRow {
    fn from(Bin { from, to, count, predicted, observed, low, high }: Bin) -> Self {
        Self { from, to, count, predicted, observed, low, high }
    }
}

/// What the probability rises with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Score {
    /// 1 for high confidence and 0 for low, and within each class m / (1 + m), where m is the size of the magnitude.
    ConfidenceMagnitude,
    /// A column of numbers.
    Column {
        /// Its name.
        column: String,
        /// Whether the probability falls with it.
        falling: bool,
    },
}

impl Score {
    /// The score that `COLUMN` or `COLUMN:falling` names.
    pub(crate) fn named(text: &str) -> Self {
        match text.strip_suffix(":falling") {
            Some(column) => Self::Column { column: column.to_owned(), falling: true },
            None => Self::Column { column: text.to_owned(), falling: false },
        }
    }

    /// Columns of alerts that it is made of.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::ConfidenceMagnitude => vec!["confidence", "magnitude"],
            Self::Column { column, .. } => vec![column],
        }
    }

    /// The score of each alert; `None` where a column is empty.
    pub(crate) fn of(&self, alerts: &Features) -> Vec<Option<f64>> {
        let of_row = |row: usize| match self {
            Self::ConfidenceMagnitude => {
                let class = match alerts.text("confidence")?[row].as_deref()?.trim() {
                    "high" => 1.0,
                    "low" => 0.0,
                    _ => return None,
                };
                let magnitude = number(alerts, "magnitude", row)?.abs();
                Some(class + magnitude / (1.0 + magnitude))
            }
            Self::Column { column, falling } => number(alerts, column, row).map(|value| if *falling { -value } else { value }),
        };
        (0..alerts.len()).map(of_row).collect()
    }
}

/// A finite number of a column, whatever the type of the column.
fn number(features: &Features, column: &str, row: usize) -> Option<f64> {
    let value = match &features.column(column)?.values {
        Values::Text(texts) => texts[row].as_deref()?.trim().parse().ok(),
        Values::Integer(numbers) => numbers[row].map(|number| number as f64),
        Values::Real(numbers) => numbers[row],
        Values::Day(_) => None,
    };
    value.filter(|value: &f64| value.is_finite())
}

impl Calibration {
    /// The form of a calibration that this program writes.
    pub(crate) fn schema() -> String {
        SCHEMA.to_owned()
    }

    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
        let wrong = |reason: String| Fault::new(Exit::Input, format!("{}: is no calibration: {reason}", path.display()));
        let read: Self = serde_json::from_str(&read_text(path)?).map_err(|error| wrong(error.to_string()))?;
        if read.schema != SCHEMA {
            return Err(wrong(format!("its schema is '{}', expected {SCHEMA}", read.schema)));
        }
        if Isotonic::of_knots(read.knots.clone()).is_none() {
            return Err(wrong("its knots are not scores that rise with probabilities of 0 to 1 that never fall".to_owned()));
        }
        Ok(read)
    }

    /// The probability of each alert, 0 to 1 on four decimals; `None` where it has no score.
    pub(crate) fn probabilities(&self, alerts: &Features) -> Vec<Option<f64>> {
        let Some(isotonic) = Isotonic::of_knots(self.knots.clone()) else { return vec![None; alerts.len()] };
        let rounded = |score: f64| (isotonic.probability(score) * 1e4).round() / 1e4;
        self.score.of(alerts).into_iter().map(|score| score.map(rounded)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_confidence_comes_before_every_low_one() {
        let alerts = Features::new("alerts", vec![None; 4])
            .with("confidence", Values::Text(["low", "high", "low", "high"].map(|text| Some(text.to_owned())).to_vec()))
            .and_then(|alerts| alerts.with("magnitude", Values::Real(vec![Some(-900.0), Some(-0.25), Some(-1.0), None])))
            .expect("four rows");
        let scores = Score::ConfidenceMagnitude.of(&alerts);
        assert_eq!((scores[1], scores[2], scores[3]), (Some(1.2), Some(0.5), None));
        assert!(scores[0].is_some_and(|score| score < 1.0));
        assert_eq!(Score::named("magnitude:falling").of(&alerts)[..2], [Some(900.0), Some(0.25)]);
    }
}
