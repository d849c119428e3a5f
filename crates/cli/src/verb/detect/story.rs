//! The story of one series: every look with what the model and the process made of it, and the decision.

use std::fmt;

use change::{Answer, Detector, Findings, NO_DAY, SeriesBlock, Statistic, Step, path};
use raster::Date;
use serde::Serialize;
use serde_json::Value;

use super::decision::{Status, decision};
use super::explain::OneSeries;
use super::method::last_day;
use crate::fault::{Exit, Fault};

/// Name and version of the form of a story.
const SCHEMA: &str = "atalaya-story/1";

/// Whose story it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Place {
    /// A pixel, counted from 0 at the top left.
    Pixel { row: usize, col: usize },
    /// A series of a table.
    Series { id: String },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pixel { row, col } => write!(f, "row {row}, column {col}"),
            Self::Series { id } => f.write_str(id),
        }
    }
}

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// There is no value: nodata, a cloud, or nobody looked.
    Masked,
    /// Part of what the model was fitted to.
    History,
    /// Of the history, but not part of that.
    LeftOut,
    /// Held against the model.
    Monitored,
    /// After a break nothing is watched any more.
    AfterBreak,
    /// After the monitoring period.
    AfterMonitoring,
}

/// Why a look of the history was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// It lies before the part of the history that is stable.
    BeforeStableHistory,
    /// It lies too far from the others, or is cloud or shadow by other bands.
    Screened,
}

/// What a look did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// It did not move the process: not believed, or beyond the reach of the method.
    Ignored,
    /// It is or keeps a flag.
    Flag,
    /// It ended a flag.
    GivenUp,
    /// A break, of methods in which a break is confirmed at once.
    Break,
    /// A flag became a confirmed change.
    Confirmed,
}

/// One look of one role.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Look {
    pub(super) date: Date,
    pub(super) role: String,
    /// The number as it is stored.
    pub(super) raw: Option<f64>,
    /// The value that the method takes.
    pub(super) value: Option<f32>,
    pub(super) state: State,
    pub(super) reason: Option<Reason>,
    pub(super) predicted: Option<f64>,
    /// Value minus predicted.
    pub(super) residual: Option<f64>,
    /// Probability of non-forest that the look tells by itself.
    pub(super) non_forest: Option<f64>,
    pub(super) statistic: Option<f32>,
    /// What the statistic is held against; sums on both sides of 0.
    pub(super) boundary: Option<f64>,
    pub(super) event: Option<Event>,
}

/// The whole story.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Story {
    schema: &'static str,
    pub(super) method: &'static str,
    title: &'static str,
    citation: &'static str,
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) inputs: Vec<String>,
    parameters: Value,
    pub(super) monitor_from: Date,
    pub(super) monitor_to: Option<Date>,
    pub(super) status: &'static str,
    /// The status in words, with its reason.
    pub(super) decision: String,
    pub(super) history_start: Option<Date>,
    n_history: u16,
    least_history: usize,
    n_monitor: u16,
    coefficients: Option<Vec<f64>>,
    pub(super) sigma: Option<f64>,
    pub(super) before: Option<Date>,
    #[serde(rename = "break")]
    pub(super) first: Option<Date>,
    pub(super) confirmed: Option<Date>,
    magnitude: Option<f32>,
    statistic: Option<f32>,
    boundary: Option<f64>,
    pub(super) looks: Vec<Look>,
    /// What the statistic is.
    #[serde(skip)]
    pub(super) kind: Statistic,
    /// The model, day by day of the axis.
    #[serde(skip)]
    pub(super) curve: Vec<(Date, f64)>,
}

/// A day that there is.
fn day(days: i32) -> Option<Date> {
    (days != NO_DAY).then(|| Date::from_days(days))
}

fn known(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}

fn known_single(number: f32) -> Option<f32> {
    Some(number).filter(|number| number.is_finite())
}

impl Story {
    /// The story of a series by a method that has been given these parameters.
    pub(super) fn of(detector: &dyn Detector, series: &OneSeries, parameters: Value) -> Result<Self, Fault> {
        let sensors = vec![0; series.dates.len()];
        let block = SeriesBlock::new(&series.dates, &sensors, series.values.view())?;
        let found = detector.detect(&block);
        let info = change::METHODS.iter().find(|method| method.name == detector.name()).expect("a method is in the list");
        let model = Fitted::of(detector, &found, &series.dates);
        let status = Status::of(&found);
        let period = detector.monitoring();
        let mut story = Self {
            schema: SCHEMA,
            method: info.name,
            title: info.title,
            citation: info.citation,
            place: series.place.clone(),
            inputs: detector.inputs().iter().map(ToString::to_string).collect(),
            parameters,
            monitor_from: period.from(),
            monitor_to: last_day(period),
            status: status.name(),
            decision: String::new(),
            history_start: found.model.as_ref().and_then(|model| day(model.history_start[0])),
            n_history: found.n_history[0],
            least_history: detector.least_history(),
            n_monitor: found.n_monitor[0],
            sigma: found.model.as_ref().and_then(|model| known(model.sigma[0])),
            before: day(found.before[0]),
            first: day(found.first[0]),
            confirmed: day(found.confirmed[0]),
            magnitude: known_single(found.magnitude[0]),
            statistic: known_single(found.statistic[0]),
            boundary: found.model.as_ref().map_or(detector.threshold(), |model| known(model.boundary[0])),
            looks: Vec::new(),
            kind: info.statistic,
            curve: model.as_ref().map(|model| model.curve(&series.dates)).unwrap_or_default(),
            coefficients: model.as_ref().map(|model| model.coefficients.clone()),
        };
        story.looks = looks(detector, series, &block, &story, model.as_ref())?;
        let is_left_out = |look: &&Look| look.state == State::LeftOut && look.role == story.inputs[0];
        let left_out = story.looks.iter().filter(is_left_out).count();
        story.decision = decision(status, detector, &found, (story.kind, left_out));
        Ok(story)
    }

    /// The looks as a table, one row a look, with the facts that hold for all of them at its end.
    pub(super) fn csv(&self) -> Result<Vec<u8>, Fault> {
        let wrong = |error: String| Fault::new(Exit::Internal, format!("the table of looks: {error}"));
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS).map_err(|error| wrong(error.to_string()))?;
        for look in &self.looks {
            table.write_record(self.row(look)).map_err(|error| wrong(error.to_string()))?;
        }
        table.into_inner().map_err(|error| wrong(error.to_string()))
    }

    fn row(&self, look: &Look) -> [String; COLUMNS.len()] {
        [
            look.date.to_string(),
            look.role.clone(),
            cell(look.raw),
            cell(look.value),
            word(look.state),
            look.reason.map(word).unwrap_or_default(),
            cell(look.predicted),
            cell(look.residual),
            cell(look.non_forest),
            cell(look.statistic),
            cell(look.boundary),
            look.event.map(word).unwrap_or_default(),
            self.place.to_string(),
            self.method.to_owned(),
            self.status.to_owned(),
            cell(self.history_start),
            cell(self.sigma),
            cell(self.magnitude),
            cell(self.before),
            cell(self.first),
            cell(self.confirmed),
            self.decision.clone(),
        ]
    }
}

/// Columns of the table: those of the look, then those of the story.
const COLUMNS: [&str; 22] = [
    "date",
    "role",
    "raw",
    "value",
    "state",
    "reason",
    "predicted",
    "residual",
    "non_forest",
    "statistic",
    "boundary",
    "event",
    "place",
    "method",
    "status",
    "history_start",
    "sigma",
    "magnitude",
    "before",
    "break",
    "confirmed",
    "decision",
];

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The name that a state, a reason or an event has in JSON.
fn word(of: impl Serialize) -> String {
    let value = serde_json::to_value(of).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The model of the series.
struct Fitted<'a> {
    detector: &'a dyn Detector,
    first: Date,
    coefficients: Vec<f64>,
}

impl<'a> Fitted<'a> {
    fn of(detector: &'a dyn Detector, found: &Findings, dates: &[Date]) -> Option<Self> {
        let coefficients: Vec<f64> = found.model.as_ref()?.coefficients.iter().map(|of| of[0]).collect();
        let is_known = !coefficients.is_empty() && coefficients.iter().all(|coefficient| coefficient.is_finite());
        is_known.then_some(Self { detector, first: *dates.first()?, coefficients })
    }

    fn predicted(&self, date: Date) -> f64 {
        self.detector.predictors(self.first, date).iter().zip(&self.coefficients).map(|(x, coefficient)| x * coefficient).sum()
    }

    /// The model from the first day to the last, close enough to be drawn.
    fn curve(&self, dates: &[Date]) -> Vec<(Date, f64)> {
        let (first, last) = (self.first.days(), dates.last().map_or(self.first.days(), |date| date.days()));
        let step = ((last - first) / 2000).max(1) as usize;
        (first..=last).step_by(step).map(|day| (Date::from_days(day), self.predicted(Date::from_days(day)))).collect()
    }
}

/// One look a role and time, in order of time.
fn looks(
    detector: &dyn Detector,
    series: &OneSeries,
    block: &SeriesBlock<'_>,
    story: &Story,
    model: Option<&Fitted<'_>>,
) -> Result<Vec<Look>, Fault> {
    let steps = path(detector, block)?;
    let events = events(story.kind, &steps);
    let is_fitted = detector.fitted_times(block);
    let non_forest = detector.non_forest(block);
    let broken = steps.iter().position(|step| step.is_some_and(|step| step.answer == Answer::Changed));
    let broken = broken.map(|time| if detector.takes_days() { end_of_day(&series.dates, time) } else { time });
    let mut looks = Vec::new();
    for (time, date) in series.dates.iter().enumerate() {
        for role in &series.there[time] {
            let value = known_single(series.values[[time, *role, 0]]);
            let state = match value {
                None => State::Masked,
                Some(_) if is_fitted[time] => State::History,
                Some(_) if *date < story.monitor_from => State::LeftOut,
                Some(_) if story.monitor_to.is_some_and(|to| *date > to) => State::AfterMonitoring,
                Some(_) if broken.is_some_and(|broken| time > broken) => State::AfterBreak,
                Some(_) => State::Monitored,
            };
            // Sums are of the first role; probabilities of all.
            let is_watched = value.is_some() && (*role == 0 || story.kind == Statistic::Probability);
            let predicted = model.filter(|_| *role == 0).map(|model| model.predicted(*date));
            let residual = value.zip(predicted).map(|(value, predicted)| f64::from(value) - predicted);
            let is_judged = |step: &Step| is_watched && state == State::Monitored && step.statistic.is_finite();
            let step = steps[time].filter(is_judged);
            looks.push(Look {
                date: *date,
                role: story.inputs[*role].clone(),
                raw: known(series.raw[[time, *role]]),
                value,
                state,
                reason: Some(state).filter(|state| *state == State::LeftOut).and_then(|_| story.reason(*date)),
                predicted,
                residual,
                non_forest: non_forest.as_ref().and_then(|told| known(told[[time, *role]])),
                statistic: step.map(|step| step.statistic),
                boundary: step.and_then(|step| known(step.boundary)),
                event: step.and(events[time]).filter(|event| *event != Event::Ignored || story.is_off(residual)),
            });
        }
    }
    Ok(looks)
}

/// The last time of the day of a time.
fn end_of_day(dates: &[Date], time: usize) -> usize {
    dates.partition_point(|date| *date <= dates[time]) - 1
}

impl Story {
    /// Whether the method tells of probabilities of all roles alike.
    pub(super) fn is_of_probabilities(&self) -> bool {
        self.kind == Statistic::Probability
    }

    /// Whether a residual is one that must move a process: none of a look on the model does.
    fn is_off(&self, residual: Option<f64>) -> bool {
        residual.zip(self.sigma).is_some_and(|(residual, sigma)| residual.abs() > 0.01 * sigma)
    }

    /// Why a look of the history is not part of what the model was fitted to.
    fn reason(&self, date: Date) -> Option<Reason> {
        let start = self.history_start?;
        Some(if date < start { Reason::BeforeStableHistory } else { Reason::Screened })
    }
}

/// What each time did, by what the method says after it and said before it.
fn events(kind: Statistic, steps: &[Option<Step>]) -> Vec<Option<Event>> {
    let mut before: Option<Step> = None;
    let mut event = |step: &Option<Step>| {
        let step = (*step)?;
        let earlier = before.replace(step);
        let was = |answer| earlier.is_some_and(|earlier| earlier.answer == answer);
        match step.answer {
            Answer::Changed if was(Answer::Changed) => None,
            Answer::Changed if kind == Statistic::Probability || was(Answer::Candidate) => Some(Event::Confirmed),
            Answer::Changed => Some(Event::Break),
            Answer::Candidate => Some(Event::Flag),
            Answer::Unchanged if was(Answer::Candidate) => Some(Event::GivenUp),
            Answer::Unchanged if kind == Statistic::Count && step.statistic > 0.0 => Some(Event::Flag),
            Answer::Unchanged if kind == Statistic::Sum => {
                let is_same = earlier.is_some_and(|earlier| earlier.statistic.to_bits() == step.statistic.to_bits());
                is_same.then_some(Event::Ignored)
            }
            _ => None,
        }
    };
    steps.iter().map(&mut event).collect()
}
