//! What a method tells of each pixel or series, by name.

use change::{Answer, Detector, Findings, NO_DAY};

use crate::fault::Fault;

/// What is kept beside the answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// Coefficients and spread.
    pub(super) fit: bool,
    /// The boundary that the statistic was held against.
    pub(super) process: bool,
}

impl Kept {
    pub(super) fn read(names: &[String]) -> Result<Self, Fault> {
        let mut kept = Self::default();
        for name in names {
            match name.as_str() {
                "fit" => kept.fit = true,
                "process" => kept.process = true,
                other => return Err(Fault::usage(format!("--keep {other}: expected fit or process"))),
            }
        }
        Ok(kept)
    }

    /// Refuses to keep what a method has not.
    pub(super) fn check(self, detector: &dyn Detector) -> Result<(), Fault> {
        if (self.fit || self.process) && detector.coefficients() == 0 {
            return Err(Fault::usage(format!("--keep: {} fits no model, there is neither fit nor process", detector.name())));
        }
        Ok(())
    }
}

/// Bands that every method has.
const BANDS: [&str; 9] = [
    "before_day",
    "break_day",
    "confirmed_day",
    "magnitude",
    "statistic",
    "history_start_day",
    "n_history",
    "n_monitor",
    "status",
];

/// What is said of a series in one word; its number is what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// No break.
    None = 0,
    /// A break.
    Break = 1,
    /// Not enough observations.
    TooFew = 2,
    /// No part of the history is stable.
    Unstable = 3,
}

/// The status of each series.
pub(super) fn statuses(found: &Findings) -> impl Iterator<Item = Status> {
    found.answer.iter().enumerate().map(|(place, answer)| match answer {
        _ if found.model.as_ref().is_some_and(|model| !model.is_stable[place]) => Status::Unstable,
        Answer::Changed => Status::Break,
        Answer::NotSeen | Answer::NotEligible => Status::TooFew,
        Answer::Unchanged | Answer::Candidate => Status::None,
    })
}

/// Names of the bands, in order.
pub(super) fn names(kept: Kept, coefficients: usize) -> Vec<String> {
    let mut names: Vec<String> = BANDS.iter().map(|name| (*name).to_owned()).collect();
    if kept.fit {
        names.extend((0..coefficients).map(|number| format!("b{number}")));
        names.push("sigma".to_owned());
    }
    if kept.process {
        names.push("boundary".to_owned());
    }
    names
}

/// What was found, one list a name.
pub(super) fn values(found: &Findings, kept: Kept) -> Vec<Vec<f64>> {
    let day = |days: &[i32]| days.iter().map(|day| if *day == NO_DAY { f64::NAN } else { f64::from(*day) }).collect();
    let float = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
    let count = |values: &[u16]| values.iter().map(|value| f64::from(*value)).collect();
    let nothing = vec![NO_DAY; found.answer.len()];
    let starts = found.model.as_ref().map_or(&nothing, |model| &model.history_start);
    let mut values = vec![
        day(&found.before),
        day(&found.first),
        day(&found.confirmed),
        float(&found.magnitude),
        float(&found.statistic),
        day(starts),
        count(&found.n_history),
        count(&found.n_monitor),
        statuses(found).map(|status| f64::from(status as u8)).collect(),
    ];
    if let Some(model) = &found.model {
        if kept.fit {
            values.extend(model.coefficients.iter().cloned());
            values.push(model.sigma.clone());
        }
        if kept.process {
            values.push(model.boundary.clone());
        }
    }
    values
}
