//! BAYTS: probabilities of non-forest from several sensors, fused look by look.
//!
//! J. Reiche, S. de Bruin, D. Hoekman, J. Verbesselt, M. Herold, "A Bayesian approach to combine Landsat and ALOS PALSAR time series for
//! near real-time deforestation detection", Remote Sensing 7, 2015. Held against the R package bayts (CC BY 4.0) by its results; its functions for
//! densities from the history were read. Its
//! ways are kept: the probability of change of the first look of a flag has the look before it as its prior and may be below a half; a
//! flag is given up only by a later look; and then the looks after its first are taken anew, so that one of them may have been the
//! change, and its day of confirmation lie before the look that showed it. Densities are given, or taken from the history of each pixel
//! after its season is taken off (`baytsDD`).

mod densities;
mod kept;
mod parameters;
mod season;

use std::collections::VecDeque;

use ndarray::Array2;
use raster::{Date, DateRange, Role};

use self::densities::{Pair, Source};
use self::season::{Season, first_seen};
use super::publication::{Implementation, Place, Publication};
use super::{MethodInfo, Statistic};
use crate::{Answer, ChangeError, Detector, Findings, Incremental, NO_DAY, Resumable, SeriesBlock};

pub use densities::{Densities, Density, FromHistory};
pub use parameters::BaytsParameters;

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "bayts",
    title: "BAYTS: Bayesian fusion of non-forest probabilities of several sensors",
    citation: "Reiche et al., Remote Sensing 7 (2015), https://doi.org/10.3390/rs70504973",
    publications: &[
        Publication {
            key: "reiche2015",
            authors: &["Reiche, J.", "de Bruin, S.", "Hoekman, D.", "Verbesselt, J.", "Herold, M."],
            title: "A Bayesian approach to combine Landsat and ALOS PALSAR time series for near real-time deforestation detection",
            place: Place::Journal { name: "Remote Sensing", volume: 7, number: "5", pages: "4973--4996" },
            year: 2015,
            doi: "10.3390/rs70504973",
        },
        Publication {
            key: "reiche2018",
            authors: &["Reiche, J.", "Hamunyela, E.", "Verbesselt, J.", "Hoekman, D.", "Herold, M."],
            title: "Improving near-real time deforestation monitoring in tropical dry forests by combining dense Sentinel-1 time series \
                    with Landsat and ALOS-2 PALSAR-2",
            place: Place::Journal { name: "Remote Sensing of Environment", volume: 204, number: "", pages: "147--161" },
            year: 2018,
            doi: "10.1016/j.rse.2017.10.034",
        },
    ],
    reference: Some(Implementation {
        key: "bayts",
        name: "bayts",
        kind: "R package",
        version: "c5c5cbd",
        licence: "CC BY 4.0",
        url: "https://github.com/jreiche/bayts",
    }),
    statistic: Statistic::Probability,
};

/// The detector.
#[derive(Debug, Clone)]
pub struct Bayts {
    parameters: BaytsParameters,
    monitoring: DateRange,
    roles: Vec<Role>,
    /// Of each role.
    sources: Vec<Source>,
    /// What everything is a multiple of; 0 where nothing is rounded.
    step: f64,
    /// Thresholds, rounded as what is held against them, which often is just as large.
    pnf_min: f64,
    chi: f64,
}

impl Bayts {
    /// The detector of these roles, each on dates of its own. Looks before the monitoring period tell the prior of its first, and the
    /// densities of roles that take them from there.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range, and for a role without densities or densities without a role.
    pub fn new(parameters: BaytsParameters, monitoring: DateRange, roles: Vec<Role>) -> Result<Self, ChangeError> {
        let sources = parameters.sources(&roles)?;
        let step = parameters.bits.map_or(0.0, |bits| 0.5_f64.powi(bits.into()));
        let (pnf_min, chi) = (multiple(parameters.pnf_min, step), multiple(parameters.chi, step));
        Ok(Self { parameters, monitoring, roles, sources, step, pnf_min, chi })
    }

    /// The probability of non-forest that a value of a pixel and a role tells; `None` where its history tells no densities.
    fn told(&self, seasons: &[Option<Season>], row: &[f64], role: usize, place: usize, value: f64) -> Option<f64> {
        let probability = match (self.sources[role], &seasons[role]) {
            (Source::Given(pair), _) => pair.non_forest(value),
            (Source::History(factors), Some(season)) if season.spread[place].is_finite() => {
                Pair::of_history(factors, season.spread[place]).non_forest(value - season.predicted(row, place))
            }
            _ => return None,
        };
        let [least, most] = self.parameters.block_weight;
        Some(self.rounded(probability.clamp(least, most)))
    }

    /// A probability as it is kept, which never becomes 0 or 1.
    fn rounded(&self, probability: f64) -> f64 {
        if self.step > 0.0 { multiple(probability, self.step).clamp(self.step, 1.0 - self.step) } else { probability }
    }
}

/// The nearest multiple of a step; the number itself where the step is 0.
fn multiple(number: f64, step: f64) -> f64 {
    if step > 0.0 { (number / step).round() * step } else { number }
}

/// Two probabilities of the same, put together.
fn fused(prior: f64, told: f64) -> f64 {
    let (both, neither) = (prior * told, (1.0 - prior) * (1.0 - told));
    both / (both + neither)
}

/// A day, and the probability of non-forest that its looks tell.
#[derive(Debug, Clone, Copy)]
struct Look {
    day: i32,
    told: f64,
}

/// What is carried from look to look of one pixel.
#[derive(Debug, Clone)]
struct Pixel {
    /// The last look that is in no flag.
    last: Look,
    /// The looks of a flag, and the probability of change after them.
    flagged: Vec<Look>,
    change: f64,
}

/// What is carried from image to image.
#[derive(Debug, Clone)]
pub struct BaytsState {
    pixels: Vec<Pixel>,
    /// Of each role that takes its densities from the history.
    seasons: Vec<Option<Season>>,
    found: Findings,
}

/// Before the first look either is as likely.
const UNTOLD: f64 = 0.5;

impl Bayts {
    /// The probability of non-forest of the looks of one day, of all sensors, NaN where what was seen tells nothing; `None` where none saw
    /// the pixel.
    fn of_day(&self, seasons: &[Option<Season>], row: &[f64], day: &SeriesBlock<'_>, place: usize) -> Option<f64> {
        let values = day.values();
        let looks = (0..day.dates().len()).flat_map(|time| (0..self.roles.len()).map(move |role| (time, role)));
        let seen =
            looks.map(|(time, role)| (role, f64::from(values[[time, role, place]]))).filter(|(_, value)| value.is_finite());
        let told = seen.map(|(role, value)| self.told(seasons, row, role, place, value).unwrap_or(f64::NAN));
        told.reduce(|all, next| match (all.is_nan(), next.is_nan()) {
            (true, _) => next,
            (_, true) => all,
            _ => self.rounded(fused(all, next)),
        })
    }

    /// Takes the looks of one day.
    fn look(&self, state: &mut BaytsState, place: usize, look: Look) {
        let BaytsState { pixels, found, .. } = state;
        if found.answer[place] == Answer::Changed {
            return;
        }
        let pixel = &mut pixels[place];
        let mut coming = VecDeque::from([look]);
        let mut confirmed = None;
        while let Some(look) = coming.pop_front() {
            if pixel.flagged.is_empty() && look.told < self.pnf_min {
                pixel.last = look;
                continue;
            }
            let prior = if pixel.flagged.is_empty() { pixel.last.told } else { pixel.change };
            pixel.change = self.rounded(fused(prior, look.told));
            pixel.flagged.push(look);
            if pixel.flagged.len() > 1 && pixel.change < 0.5 {
                let mut given_up = std::mem::take(&mut pixel.flagged).into_iter();
                pixel.last = given_up.next().unwrap_or(look);
                given_up.rev().for_each(|look| coming.push_front(look));
            } else if pixel.change >= self.chi && look.told >= self.pnf_min {
                confirmed = Some(look.day);
                break;
            }
        }
        let first = pixel.flagged.first();
        found.answer[place] = match (first, confirmed) {
            (None, _) => Answer::Unchanged,
            (Some(_), None) => Answer::Candidate,
            (Some(_), Some(_)) => Answer::Changed,
        };
        found.before[place] = first.map_or(NO_DAY, |_| pixel.last.day);
        found.first[place] = first.map_or(NO_DAY, |first| first.day);
        found.confirmed[place] = confirmed.unwrap_or(NO_DAY);
        found.statistic[place] = first.map_or(look.told, |_| pixel.change) as f32;
        // There is no unit that sensors share: the change of the probability of forest.
        found.magnitude[place] = first.map_or(f32::NAN, |_| -pixel.change as f32);
    }

    /// Runs over the days of a block.
    fn follow(&self, state: &mut BaytsState, block: &SeriesBlock<'_>) {
        let dates = block.dates();
        let mut time = 0;
        while time < dates.len() {
            let day = dates[time];
            let end = dates.partition_point(|date| *date <= day);
            let (row, looks) = (self.row(day), block.split(end).0.split(time).1);
            for place in 0..block.pixels() {
                let Some(told) = self.of_day(&state.seasons, &row, &looks, place) else { continue };
                let look = (!told.is_nan()).then(|| Look { day: day.days(), told });
                let BaytsState { pixels, found, .. } = state;
                if day < self.monitoring.from() {
                    pixels[place].last = look.unwrap_or(pixels[place].last);
                    found.n_history[place] = found.n_history[place].saturating_add(1);
                    found.last_clear_history[place] = day.days();
                } else if self.monitoring.contains(day) {
                    found.last_clear[place] = day.days();
                    found.n_monitor[place] = found.n_monitor[place].saturating_add(1);
                    if let Some(look) = look {
                        self.look(state, place, look);
                    }
                }
            }
            time = end;
        }
    }
}

impl Detector for Bayts {
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
        if self.has_season(0) { self.terms().width() } else { 0 }
    }

    fn predictors(&self, _first: Date, date: Date) -> Vec<f64> {
        self.row(date)
    }

    fn least_history(&self) -> usize {
        if (0..self.roles.len()).any(|role| self.has_season(role)) { self.terms().width() + 1 } else { 0 }
    }

    fn scene_percentile(&self) -> Option<f64> {
        self.parameters.percentile
    }

    fn non_forest(&self, block: &SeriesBlock<'_>) -> Option<Array2<f64>> {
        let seasons = self.seasons(&self.before(block));
        let rows: Vec<Vec<f64>> = block.dates().iter().map(|date| self.row(*date)).collect();
        Some(Array2::from_shape_fn((rows.len(), self.roles.len()), |(time, role)| {
            let value = f64::from(block.values()[[time, role, 0]]);
            let told = value.is_finite().then(|| self.told(&seasons, &rows[time], role, 0, value));
            told.flatten().unwrap_or(f64::NAN)
        }))
    }

    fn threshold(&self) -> Option<f64> {
        Some(self.chi)
    }

    fn takes_days(&self) -> bool {
        true
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        Some(self)
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        self.fit(block).found
    }
}

impl Incremental for Bayts {
    type State = BaytsState;

    fn fit(&self, history: &SeriesBlock<'_>) -> BaytsState {
        let unseen = Pixel { last: Look { day: NO_DAY, told: UNTOLD }, flagged: Vec::new(), change: UNTOLD };
        let pixels = history.pixels();
        let before = self.before(history);
        let seasons = self.seasons(&before);
        let mut found = Findings::not_seen(pixels);
        found.model = self.model(&seasons, first_seen(&before));
        let mut state = BaytsState { pixels: vec![unseen; pixels], seasons, found };
        self.follow(&mut state, history);
        state
    }

    /// Looks of one day belong into one update.
    fn update(&self, state: &mut BaytsState, later: &SeriesBlock<'_>) -> Findings {
        self.follow(state, later);
        state.found.clone()
    }
}

#[cfg(test)]
mod tests;
