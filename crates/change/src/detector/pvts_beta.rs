//! PVts-beta: looks that lie far below the mean of the history, whatever the season.
//!
//! Y. Tarazona, V. M. Mantas, A. J. S. C. Pereira, "Improving tropical deforestation detection through using photosynthetic vegetation
//! time series (PVts-beta)", Ecological Indicators 94, 2018. Held against the R package `ForesToolboxRS` 0.1.5 (MIT), which was read: its `smootH` on the
//! series up to a look, then its `pvts` at that look, is what is said after it. A look below the limit is flagged; the next look confirms
//! it, unless smoothing then takes it for an outlier. What of `smootH` is not taken over: values of -1 and less are values here, as in
//! decibels, and a series that was never seen has no value rather than 100.

mod kept;
mod smoothing;

use raster::{Date, DateRange, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::smoothing::Smoothed;
use super::publication::{Implementation, Place, Publication};
use super::{MethodInfo, Statistic};
use crate::{Answer, ChangeError, Detector, Findings, Incremental, Model, NO_DAY, Resumable, SeriesBlock};

pub use smoothing::{Gaps, Smoothing};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "pvts-beta",
    title: "PVts-beta: looks far below the mean of the history, without a season",
    citation: "Tarazona et al., Ecological Indicators 94 (2018), https://doi.org/10.1016/j.ecolind.2018.07.012",
    publications: &[
        Publication {
            key: "tarazona2018",
            authors: &["Tarazona, Y.", "Mantas, V. M.", "Pereira, A. J. S. C."],
            title: "Improving tropical deforestation detection through using photosynthetic vegetation time series (PVts-beta)",
            place: Place::Journal { name: "Ecological Indicators", volume: 94, number: "", pages: "367--379" },
            year: 2018,
            doi: "10.1016/j.ecolind.2018.07.012",
        },
        Publication {
            key: "hamunyela2013",
            authors: &["Hamunyela, E.", "Verbesselt, J.", "Roerink, G.", "Herold, M."],
            title: "Trends in spring phenology of western European deciduous forests",
            place: Place::Journal { name: "Remote Sensing", volume: 5, number: "12", pages: "6159--6179" },
            year: 2013,
            doi: "10.3390/rs5126159",
        },
    ],
    reference: Some(Implementation {
        key: "forestoolboxrs",
        name: "ForesToolboxRS",
        kind: "R package",
        version: "0.1.5",
        licence: "MIT",
        url: "https://github.com/ytarazona/ForesToolboxRS",
    }),
    statistic: Statistic::Fall,
};

/// Parameters; defaults are those of `ForesToolboxRS`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PvtsBetaParameters {
    /// Standard deviations of the history below its mean at which the limit lies, above 0: 5 for fractions of photosynthetic
    /// vegetation and NDFI, 3 for NDVI and EVI. Default 5.
    pub beta: f64,
    /// What is smoothed first: outliers below their neighbours, or nothing. Default outliers.
    pub smoothing: Smoothing,
    /// Whether times at which nothing was seen are skipped, or interpolated by their place in the series as `ForesToolboxRS` does with
    /// series that are regular. Default skipped: only what was seen counts.
    pub gaps: Gaps,
}

impl Default for PvtsBetaParameters {
    fn default() -> Self {
        Self { beta: 5.0, smoothing: Smoothing::default(), gaps: Gaps::default() }
    }
}

/// Fewest looks of the history that have a spread.
const LEAST_HISTORY: usize = 2;

/// The detector.
#[derive(Debug, Clone)]
pub struct PvtsBeta {
    parameters: PvtsBetaParameters,
    monitoring: DateRange,
    roles: [Role; 1],
}

/// What is carried from image to image.
#[derive(Debug, Clone)]
pub struct PvtsBetaState {
    pixels: Vec<Smoothed>,
    found: Findings,
}

impl PvtsBeta {
    /// The detector of a role that falls with the forest. The history is all before the monitoring period.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range.
    pub fn new(parameters: PvtsBetaParameters, monitoring: DateRange, role: Role) -> Result<Self, ChangeError> {
        let beta = parameters.beta;
        if !(beta.is_finite() && beta > 0.0) {
            let (method, got) = (METHOD.name.to_owned(), beta.to_string());
            return Err(ChangeError::Parameter { method, parameter: "beta", got, expected: "a number above 0" });
        }
        Ok(Self { parameters, monitoring, roles: [role] })
    }

    fn follow(&self, state: &mut PvtsBetaState, block: &SeriesBlock<'_>) {
        let values = block.values();
        for (time, date) in block.dates().iter().enumerate() {
            let is_history = *date < self.monitoring.from();
            if !is_history && !self.monitoring.contains(*date) {
                continue;
            }
            for place in 0..block.pixels() {
                let value = f64::from(values[[time, 0, place]]);
                if !value.is_finite() {
                    if self.parameters.gaps == Gaps::Interpolated && state.found.answer[place] != Answer::Changed {
                        state.pixels[place].miss(is_history);
                    }
                } else if is_history {
                    self.learn(state, place, date.days(), value);
                } else {
                    self.judge(state, place, date.days(), value);
                }
            }
        }
        self.tell(state);
    }

    /// Takes a look of the history.
    fn learn(&self, state: &mut PvtsBetaState, place: usize, day: i32, value: f64) {
        let PvtsBetaState { pixels, found } = state;
        pixels[place].learn(value, self.parameters.smoothing);
        found.n_history[place] = found.n_history[place].saturating_add(1);
        found.last_clear_history[place] = day;
        let starts = &mut found.model.as_mut().expect("it is there").history_start;
        if starts[place] == NO_DAY {
            starts[place] = day;
        }
    }

    /// Takes a look of the monitoring period.
    fn judge(&self, state: &mut PvtsBetaState, place: usize, day: i32, value: f64) {
        let PvtsBetaState { pixels, found } = state;
        let seen_before = found.last_clear[place];
        found.n_monitor[place] = found.n_monitor[place].saturating_add(1);
        found.last_clear[place] = day;
        if usize::from(found.n_history[place]) < LEAST_HISTORY || found.answer[place] == Answer::Changed {
            return;
        }
        let settled = pixels[place].watch(value, self.parameters.smoothing, found.answer[place] == Answer::NotSeen);
        let (mean, below) = (pixels[place].history.mean, self.parameters.beta * pixels[place].history.deviation());
        let is_low = |value: f64| value - mean < -below;
        found.statistic[place] = (value - mean) as f32;
        let quiet = match found.answer[place] {
            Answer::Candidate => found.before[place],
            Answer::NotSeen => found.last_clear_history[place],
            _ => seen_before,
        };
        let (answer, before, first, confirmed, magnitude) = match found.answer[place] {
            // The look that was flagged is still low now that it can be smoothed.
            Answer::Candidate if is_low(settled) => (Answer::Changed, quiet, found.first[place], day, settled - mean),
            _ if is_low(value) && self.parameters.smoothing == Smoothing::None => {
                (Answer::Changed, quiet, day, day, value - mean)
            }
            _ if is_low(value) => (Answer::Candidate, quiet, day, NO_DAY, value - mean),
            _ => (Answer::Unchanged, NO_DAY, NO_DAY, NO_DAY, f64::NAN),
        };
        found.answer[place] = answer;
        (found.before[place], found.first[place], found.confirmed[place]) = (before, first, confirmed);
        found.magnitude[place] = magnitude as f32;
    }

    /// The model of each pixel as it is known so far.
    fn tell(&self, state: &mut PvtsBetaState) {
        let PvtsBetaState { pixels, found } = state;
        let model = found.model.as_mut().expect("it is there");
        for (place, pixel) in pixels.iter().enumerate() {
            if usize::from(found.n_history[place]) >= LEAST_HISTORY {
                let history = pixel.history_so_far(found.answer[place] == Answer::NotSeen);
                model.coefficients[0][place] = history.mean;
                model.sigma[place] = history.deviation();
                model.boundary[place] = self.parameters.beta * history.deviation();
            }
        }
    }
}

impl Detector for PvtsBeta {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn inputs(&self) -> &[Role] {
        &self.roles
    }

    fn monitoring(&self) -> DateRange {
        self.monitoring
    }

    fn coefficients(&self) -> usize {
        1
    }

    fn predictors(&self, _first: Date, _date: Date) -> Vec<f64> {
        vec![1.0]
    }

    fn least_history(&self) -> usize {
        LEAST_HISTORY
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        Some(self)
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        self.fit(block).found
    }
}

impl Incremental for PvtsBeta {
    type State = PvtsBetaState;

    fn fit(&self, history: &SeriesBlock<'_>) -> PvtsBetaState {
        let pixels = history.pixels();
        let mut found = Findings::not_seen(pixels);
        found.model = Some(Model::none(1, pixels));
        let mut state = PvtsBetaState { pixels: vec![Smoothed::default(); pixels], found };
        self.follow(&mut state, history);
        state
    }

    fn update(&self, state: &mut PvtsBetaState, later: &SeriesBlock<'_>) -> Findings {
        self.follow(state, later);
        state.found.clone()
    }
}

#[cfg(test)]
mod tests;
