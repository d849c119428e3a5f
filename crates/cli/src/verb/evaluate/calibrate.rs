//! What a score of the alerts is worth as a probability, learned from which of them were right.

use raster::Warning;
use survey::{Isotonic, Judged, held_out, reliability};

use super::Outcome;
use super::alerts::Alerts;
use crate::args::Evaluate;
use crate::calibration::{Calibration, Fit, Learned, Score};
use crate::fault::{Exit, Fault};

/// Bins of the table of reliability.
const BINS: usize = 10;

/// Judgements below which somebody should know how few they are.
const FEW: usize = 50;

/// Learns a calibration from what was judged.
pub(super) fn calibrate(
    alerts: &Alerts,
    reference_sha256: String,
    arguments: &Evaluate,
    outcome: &mut Outcome,
) -> Result<Calibration, Fault> {
    let path = arguments.alerts.display();
    let features = &alerts.layer.features;
    let score = arguments.score.as_deref().map_or(Score::ConfidenceMagnitude, Score::named);
    if let Some(column) = score.columns().into_iter().find(|column| features.text(column).is_none()) {
        return Err(Fault::usage(format!("{path}: has no column '{column}' to score by; name another by --score")));
    }
    let scores = score.of(features);
    let mut order: Vec<&(usize, bool, f64)> = outcome.judged.iter().collect();
    order.sort_by(|a, b| alerts.ids[a.0].cmp(&alerts.ids[b.0]));
    let judged: Vec<Judged> = order
        .iter()
        .filter_map(|(alert, right, weight)| Some(Judged { score: scores[*alert]?, right: *right, weight: *weight }))
        .collect();
    let right = judged.iter().filter(|one| one.right).count();
    let learn = || -> Result<_, survey::SurveyError> {
        let fitted = Isotonic::calibrated(&judged)?;
        let own: Vec<f64> = judged.iter().map(|one| fitted.probability(one.score)).collect();
        Ok((own, held_out(&judged, usize::from(arguments.folds))?, fitted))
    };
    let (own, others, fitted) = learn().map_err(|_| {
        let what = if judged.is_empty() { "no alert with a score was judged" } else { "one judged alert is too few" };
        Fault::new(Exit::Input, format!("{path}: --calibrate: {what}"))
    })?;
    let (in_sample, out_of_sample) = (reliability(&judged, &own, BINS), reliability(&judged, &others, BINS));
    if judged.len() < FEW {
        outcome.warnings.push(Warning::new(
            "few_judged",
            format!("the calibration rests on {} judged alerts only; its probabilities are rough", judged.len()),
        ));
    }
    if right == 0 || right == judged.len() {
        let all = if right == 0 { "wrong" } else { "right" };
        outcome.warnings.push(Warning::new(
            "one_outcome",
            format!("all {} judged alerts are {all}: the probability is the same for every score", judged.len()),
        ));
    }
    if out_of_sample.brier > out_of_sample.brier_constant {
        outcome.warnings.push(Warning::new(
            "no_skill",
            format!(
                "the score does not tell right from wrong here: held out, its Brier score is {:.4}, that of one forecast for all {:.4}",
                out_of_sample.brier, out_of_sample.brier_constant
            ),
        ));
    }
    Ok(Calibration {
        schema: Calibration::schema(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        score,
        knots: fitted.knots().to_vec(),
        learned: Learned {
            judged: judged.len() as u64,
            right: right as u64,
            without_score: (outcome.judged.len() - judged.len()) as u64,
            methods: alerts.values("method"),
            indices: alerts.values("index"),
            alerts_sha256: alerts.layer.sha256.clone(),
            reference_sha256,
        },
        fit: Fit {
            brier: in_sample.brier,
            brier_held_out: out_of_sample.brier,
            brier_constant: in_sample.brier_constant,
            folds: arguments.folds,
            reliability: out_of_sample.bins.into_iter().map(Into::into).collect(),
        },
    })
}

/// A calibration for people.
pub(super) fn told(calibration: &Calibration) -> Vec<String> {
    let Fit { brier, brier_held_out, brier_constant, folds, reliability } = &calibration.fit;
    let Learned { judged, right, .. } = &calibration.learned;
    let mut lines = vec![
        String::new(),
        format!("calibration: {right} of {judged} judged were right"),
        format!(
            "Brier score {brier:.4}, held out in {folds} parts {brier_held_out:.4}, of one forecast for all {brier_constant:.4}"
        ),
        format!("{:<12} {:>6} {:>10} {:>9}  {:<13}", "held out", "count", "predicted", "observed", "95 %"),
    ];
    lines.extend(reliability.iter().map(|bin| {
        format!(
            "{:<12} {:>6} {:>10.3} {:>9.3}  {:.3}-{:.3}",
            format!("{:.1}-{:.1}", bin.from, bin.to),
            bin.count,
            bin.predicted,
            bin.observed,
            bin.low,
            bin.high
        )
    }));
    lines
}
