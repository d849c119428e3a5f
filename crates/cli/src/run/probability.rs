//! The probability of alerts, by a calibration that the job names.

use std::path::PathBuf;

use alert::{ALERT_COLUMNS, Features, Kind, PROBABILITY, Values};
use raster::Warning;
use serde_json::{Value, json};

use super::inputs::Inputs;
use crate::calibration::{Calibration, Score};
use crate::fault::Fault;
use crate::job::Job;

/// What is said of alerts without a calibration.
pub(super) const NOT_CALIBRATED: &str = "not calibrated";

/// The calibration of a run.
#[derive(Debug)]
pub(crate) struct Calibrated {
    calibration: Calibration,
    /// As the job names it.
    path: String,
    sha256: String,
}

impl Calibrated {
    /// The calibration that a job names; its file joins those that the run reads.
    pub(super) fn load(job: &Job, files: &mut Vec<PathBuf>) -> Result<Option<Self>, Fault> {
        let Some(named) = &job.output.calibration else { return Ok(None) };
        let path = job.path(named);
        let calibration = Calibration::load(&path)?;
        let is_number = |name: &str| ALERT_COLUMNS.iter().any(|c| c.name == name && matches!(c.kind, Kind::Integer | Kind::Real));
        if let Score::Column { column, .. } = &calibration.score
            && !is_number(column)
        {
            return Err(Fault::usage(format!(
                "[output] calibration: {} scores by '{column}', which is no column of numbers of new alerts; calibrate by another --score",
                path.display()
            )));
        }
        files.push(path.clone());
        Ok(Some(Self { calibration, path: named.display().to_string(), sha256: geoio::sha256_file(&path)? }))
    }

    /// Warnings where it was learned from alerts of other methods or indices.
    pub(super) fn warnings(&self, method: &str, index: &str) -> Vec<Warning> {
        let learned = &self.calibration.learned;
        let other = |what: &str, own: &str, known: &[String]| {
            (!known.is_empty() && !known.iter().any(|name| name == own)).then(|| {
                let message = format!(
                    "probabilities were learned from alerts of the {what} {}, and this run is of {own}",
                    known.join(", ")
                );
                Warning::new("other_calibration", message).about(self.path.clone())
            })
        };
        [other("method", method, &learned.methods), other("index", index, &learned.indices)].into_iter().flatten().collect()
    }
}

/// The alerts with their probability, where the run has a calibration.
pub(super) fn with_probability(features: Features, inputs: &Inputs) -> Result<Features, Fault> {
    let Some(calibrated) = &inputs.calibrated else { return Ok(features) };
    let probabilities = calibrated.calibration.probabilities(&features);
    Ok(features.with(PROBABILITY.name, Values::Real(probabilities))?)
}

/// What `run.json` says of the alerts' confidence.
pub(super) fn told(inputs: &Inputs) -> Value {
    let Some(Calibrated { calibration, path, sha256 }) = &inputs.calibrated else { return json!(NOT_CALIBRATED) };
    json!({
        "file": path, "sha256": sha256, "score": calibration.score, "judged": calibration.learned.judged,
        "brier_held_out": calibration.fit.brier_held_out, "brier_constant": calibration.fit.brier_constant,
    })
}
