//! Difference from the same season's median, confirmed by consecutive looks.
//!
//! A clear look of the monitoring period is flagged where it lies below (or above, as clearing moves the index) the median
//! of the pixel's clear baseline looks of the same season by more than a threshold, and by more than `k` robust standard
//! deviations of the same looks (1.4826 times the median absolute deviation: F. R. Hampel, "The influence curve and its
//! role in robust estimation", JASA 69, 1974). Consecutive flags confirm each other; a clear look without a flag ends them.

mod periods;
mod pixel;
mod tile;

use raster::{DateRange, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::publication::{Place, Publication};
use super::{MethodInfo, Statistic};
use crate::{Answer, ChangeError, Detector, Direction, Findings, NO_DAY, SeriesBlock};
use periods::Periods;
use pixel::{Outcome, Pixel};
use tile::Tile;

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "difference",
    title: "Difference from the seasonal median",
    citation: "Atalaya's own rule; robust deviation after Hampel, JASA 69 (1974), https://doi.org/10.1080/01621459.1974.10482962",
    publications: &[Publication {
        key: "hampel1974",
        authors: &["Hampel, F. R."],
        title: "The influence curve and its role in robust estimation",
        place: Place::Journal {
            name: "Journal of the American Statistical Association",
            volume: 69,
            number: "346",
            pages: "383--393",
        },
        year: 1974,
        doi: "10.1080/01621459.1974.10482962",
    }],
    reference: None,
    statistic: Statistic::Sum,
};

/// Parameters of [`Difference`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DifferenceParameters {
    /// Half width of the season in days, 0 to 182; 0 takes the whole baseline for every look. Default 45.
    pub season_window_days: u32,
    /// Clear baseline looks that a season needs, 1 to 255; with fewer the whole baseline is taken. Default 3.
    pub min_season: u32,
    /// Smallest drop in units of the index, above 0. Default 0.2.
    pub drop: f64,
    /// Smallest drop in robust standard deviations, 0 or more. Default 3.
    pub k: f64,
    /// Robust standard deviations below this count as this, in units of the index, above 0. Default 0.02.
    pub deviation_floor: f64,
    /// Consecutive flagged clear looks that confirm a change, 1 to 100. Default 2.
    pub confirm: u32,
}

impl Default for DifferenceParameters {
    fn default() -> Self {
        Self { season_window_days: 45, min_season: 3, drop: 0.2, k: 3.0, deviation_floor: 0.02, confirm: 2 }
    }
}

impl DifferenceParameters {
    fn check(&self) -> Result<(), ChangeError> {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        let checks: [(&'static str, bool, String, &'static str); 6] = [
            ("season_window_days", self.season_window_days <= 182, self.season_window_days.to_string(), "days from 0 to 182"),
            ("min_season", (1..=255).contains(&self.min_season), self.min_season.to_string(), "a count from 1 to 255"),
            ("drop", positive(self.drop), self.drop.to_string(), "a number above 0"),
            ("k", self.k.is_finite() && self.k >= 0.0, self.k.to_string(), "a number of 0 or more"),
            ("deviation_floor", positive(self.deviation_floor), self.deviation_floor.to_string(), "a number above 0"),
            ("confirm", (1..=100).contains(&self.confirm), self.confirm.to_string(), "a count from 1 to 100"),
        ];
        match checks.into_iter().find(|(_, holds, ..)| !holds) {
            Some((parameter, _, got, expected)) => Err(refused(parameter, got, expected)),
            None => Ok(()),
        }
    }
}

fn refused(parameter: &'static str, got: String, expected: &'static str) -> ChangeError {
    ChangeError::Parameter { method: "difference".to_owned(), parameter, got, expected }
}

/// The detector of drops from a seasonal median.
///
/// A confirmed change stays. Where the series ends in a run of flags too short to confirm, the pixel is a candidate; where
/// the whole monitoring period is one look, it can be no more. `statistic` is the median over the run of drop by deviation.
#[derive(Debug, Clone)]
pub struct Difference {
    parameters: DifferenceParameters,
    baseline: DateRange,
    monitoring: DateRange,
    role: [Role; 1],
    direction: Direction,
}

impl Difference {
    /// The detector for one role (an index or a band) that clearing moves in this direction.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range or a baseline that does not end before the monitoring begins.
    pub fn new(
        parameters: DifferenceParameters,
        baseline: DateRange,
        monitoring: DateRange,
        role: Role,
        direction: Direction,
    ) -> Result<Self, ChangeError> {
        parameters.check()?;
        if baseline.to() >= monitoring.from() {
            let got = format!("{} to {}", baseline.from(), baseline.to());
            return Err(refused("baseline", got, "a period that ends before the monitoring begins"));
        }
        Ok(Self { parameters, baseline, monitoring, role: [role], direction })
    }

    /// The parameters it works with.
    pub fn parameters(&self) -> &DifferenceParameters {
        &self.parameters
    }
}

impl Detector for Difference {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn inputs(&self) -> &[Role] {
        &self.role
    }

    fn monitoring(&self) -> DateRange {
        self.monitoring
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        let periods = Periods::new(self, block.dates());
        let mut findings = Findings::not_seen(block.pixels());
        for first in (0..block.pixels()).step_by(Tile::WIDTH) {
            let tile = Tile::load(block, &periods, first);
            let summary = tile.summary(&periods, self.direction, self.parameters.min_season);
            for pixel in 0..tile.width() {
                let place = first + pixel;
                findings.n_history[place] = summary.n_history[pixel];
                findings.n_monitor[place] = summary.n_monitor[pixel];
                findings.n_fallback[place] = summary.n_fallback[pixel];
                findings.last_clear_history[place] = summary.last_clear_history[pixel];
                findings.last_clear[place] = summary.last_clear[pixel];
                if summary.n_history[pixel] == 0 || summary.n_monitor[pixel] == 0 {
                    continue;
                }
                findings.answer[place] = Answer::Unchanged;
                if summary.largest_drop(pixel, self.direction) > self.parameters.drop {
                    let outcome = Pixel::new(self, &periods, tile.series(pixel)).outcome();
                    write(&mut findings, place, outcome);
                }
            }
        }
        findings
    }
}

fn write(findings: &mut Findings, place: usize, outcome: Option<Outcome>) {
    let Some(outcome) = outcome else { return };
    findings.answer[place] = if outcome.confirmed == NO_DAY { Answer::Candidate } else { Answer::Changed };
    findings.before[place] = outcome.before;
    findings.first[place] = outcome.first;
    findings.confirmed[place] = outcome.confirmed;
    findings.magnitude[place] = outcome.magnitude as f32;
    findings.statistic[place] = outcome.statistic as f32;
}

#[cfg(test)]
mod tests;
