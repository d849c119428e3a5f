//! What a method decided of one series, and why, in words.

use change::{Answer, Detector, Findings, NO_DAY, Statistic};
use raster::Date;

use super::told;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Of(told::Status),
    /// No break, but a flag that is not confirmed.
    Flagged,
}

impl Status {
    /// Of the first series.
    pub(super) fn of(found: &Findings) -> Self {
        match told::statuses(found).next() {
            Some(told::Status::None) if found.answer[0] == Answer::Candidate => Self::Flagged,
            status => Self::Of(status.unwrap_or(told::Status::TooFew)),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::Of(told::Status::None) => "none",
            Self::Of(told::Status::Break) => "break",
            Self::Of(told::Status::TooFew) => "not_enough",
            Self::Of(told::Status::Unstable) => "unstable",
        }
    }
}

/// The decision on the first series by a statistic of this kind, of whose history so many looks were left out.
pub(super) fn decision(
    status: Status,
    detector: &dyn Detector,
    found: &Findings,
    (kind, left_out): (Statistic, usize),
) -> String {
    match status {
        Status::Of(told::Status::Break) => change(found, kind),
        Status::Flagged => format!("flagged on {}, not confirmed: {}", date(found.first[0]), flag(detector, found, kind)),
        Status::Of(told::Status::None) => {
            format!("no break in {} up to {}", looks(found.n_monitor[0]), date(found.last_clear[0]))
        }
        Status::Of(told::Status::TooFew) => too_few(detector, found, left_out),
        Status::Of(told::Status::Unstable) => unstable(found),
    }
}

/// How strong the flag at the end of the series is.
fn flag(detector: &dyn Detector, found: &Findings, kind: Statistic) -> String {
    let statistic = found.statistic[0];
    if let (Some(model), Statistic::Fall) = (&found.model, kind) {
        return format!("{statistic:+.3} off the mean of the history, its limit is {:+.3}", -model.boundary[0]);
    }
    let of = detector.threshold().map(|chi| format!(" of {chi}")).unwrap_or_default();
    format!("probability of change {statistic:.3}{of}")
}

fn change(found: &Findings, kind: Statistic) -> String {
    let (first, confirmed) = (found.first[0], found.confirmed[0]);
    let when = if first == confirmed {
        format!("break on {}", date(first))
    } else {
        format!("change first flagged on {}, confirmed on {}", date(first), date(confirmed))
    };
    let last = found.before[0];
    let before = if last == NO_DAY { String::new() } else { format!("; last look without a flag {}", date(last)) };
    let size = match kind {
        Statistic::Probability => format!("probability of change {:.3}", found.statistic[0]),
        _ => format!("magnitude {:+.3}", found.magnitude[0]),
    };
    format!("{when}{before}; {size}")
}

fn too_few(detector: &dyn Detector, found: &Findings, left_out: usize) -> String {
    let (history, least) = (usize::from(found.n_history[0]), detector.least_history());
    if history < least {
        let others = if left_out > 0 { format!(", {left_out} others are left out") } else { String::new() };
        format!("not enough observations: {history} of at least {least} in the history{others}")
    } else if found.n_monitor[0] == 0 {
        "not enough observations: none in the monitoring period".to_owned()
    } else {
        format!("not enough observations: the {history} of the history do not determine the model")
    }
}

fn unstable(found: &Findings) -> String {
    // Where there is a model, its own process is already beyond the boundary.
    let has_model = found.model.as_ref().is_some_and(|model| model.sigma[0].is_finite());
    let why = if has_model {
        "its residuals are beyond the boundary when the monitoring begins"
    } else {
        "no part of it follows one model for long enough"
    };
    format!("unstable history: {why}")
}

fn looks(count: u16) -> String {
    if count == 1 { "1 look".to_owned() } else { format!("{count} looks") }
}

fn date(days: i32) -> String {
    if days == NO_DAY { "no day".to_owned() } else { Date::from_days(days).to_string() }
}
