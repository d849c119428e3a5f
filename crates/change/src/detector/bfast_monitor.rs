//! BFAST-Monitor: moving sums of residuals against a boundary.
//!
//! J. Verbesselt, A. Zeileis, M. Herold, "Near real-time disturbance detection using satellite image time series", Remote Sensing of
//! Environment 123, 2012. Held against the R package bfast 1.7.2 (GPL-2 or later), by its results only: written from the paper and
//! from A. Zeileis, F. Leisch, C. Kleiber, K. Hornik, "Monitoring structural change in dynamic econometric models", Journal of
//! Applied Econometrics 20, 2005. Magnitude is the median of what was observed minus predicted over the whole monitoring period.

use pulp::NullaryFnOnce;
use raster::{Date, DateRange, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::critical::{cusum_boundary, cusum_critical, mosum_boundary, mosum_critical};
use super::median::median;
use super::publication::{Implementation, Place, Publication};
use super::{MethodInfo, Statistic};
use crate::season_trend::{Design, Fit, LANES, Lane, NONE, Roc, Terms, Tile, TimeAxis, fit, stable_starts};
use crate::{Answer, ChangeError, Detector, Findings, Model, NO_DAY, SeriesBlock};

/// Verbesselt, Zeileis and Herold, 2012.
pub(super) const VERBESSELT_2012: Publication = Publication {
    key: "verbesselt2012",
    authors: &["Verbesselt, J.", "Zeileis, A.", "Herold, M."],
    title: "Near real-time disturbance detection using satellite image time series",
    place: Place::Journal { name: "Remote Sensing of Environment", volume: 123, number: "", pages: "98--108" },
    year: 2012,
    doi: "10.1016/j.rse.2012.02.022",
};

/// Zeileis, Leisch, Kleiber and Hornik, 2005.
pub(super) const ZEILEIS_2005: Publication = Publication {
    key: "zeileis2005",
    authors: &["Zeileis, A.", "Leisch, F.", "Kleiber, C.", "Hornik, K."],
    title: "Monitoring structural change in dynamic econometric models",
    place: Place::Journal { name: "Journal of Applied Econometrics", volume: 20, number: "1", pages: "99--121" },
    year: 2005,
    doi: "10.1002/jae.776",
};

pub(super) const METHOD: MethodInfo = MethodInfo {
    name: "bfast-monitor",
    title: "BFAST-Monitor: moving sums of residuals of a season-trend model",
    citation: "Verbesselt, Zeileis & Herold, Remote Sensing of Environment 123 (2012), https://doi.org/10.1016/j.rse.2012.02.022",
    publications: &[VERBESSELT_2012, ZEILEIS_2005],
    reference: Some(Implementation {
        key: "bfast",
        name: "bfast",
        kind: "R package",
        version: "1.7.2",
        licence: "GPL-2 or later",
        url: "https://github.com/bfast2/bfast",
    }),
    statistic: Statistic::Sum,
};

/// What is added up and held against a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Process {
    /// Moving sums of as many residuals as `h` of the history.
    #[serde(rename = "OLS-MOSUM", alias = "ols-mosum")]
    Mosum,
    /// Sums of all residuals.
    #[serde(rename = "OLS-CUSUM", alias = "ols-cusum")]
    Cusum,
}

/// Which part of the history the model is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum History {
    /// All of it.
    #[serde(rename = "all")]
    All,
    /// What a reversed recursive CUSUM test takes for stable.
    #[serde(rename = "ROC", alias = "roc")]
    Roc,
}

/// Parameters of [`BfastMonitor`]; defaults are those of bfast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BfastMonitorParameters {
    /// Number of harmonics, 0 to 5. Default 3.
    pub order: usize,
    /// Whether the model has a trend. Default true.
    pub trend: bool,
    /// Default ROC.
    pub history: History,
    /// Default OLS-MOSUM.
    #[serde(rename = "type")]
    pub process: Process,
    /// Length of a moving sum as a share of the history: 0.25, 0.5 or 1. Default 0.25.
    pub h: f64,
    /// How many times the history monitoring goes on, 2 to 10. Default 10.
    pub end: f64,
    /// Steps a year of a regular series, such as 23 for composites of 16 days; by default each day is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
    /// Probability of a false break, and of taking a stable history for unstable, 0.001 to 0.05. Default 0.05.
    pub level: f64,
}

impl Default for BfastMonitorParameters {
    fn default() -> Self {
        Self {
            order: 3,
            trend: true,
            history: History::Roc,
            process: Process::Mosum,
            h: 0.25,
            end: 10.0,
            frequency: None,
            level: 0.05,
        }
    }
}

/// The detector.
#[derive(Debug, Clone)]
pub struct BfastMonitor {
    parameters: BfastMonitorParameters,
    monitoring: DateRange,
    role: [Role; 1],
    critical: f64,
    stability: Roc,
}

impl BfastMonitor {
    /// The detector for one role; the history is all before the monitoring period.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range.
    pub fn new(parameters: BfastMonitorParameters, monitoring: DateRange, role: Role) -> Result<Self, ChangeError> {
        let BfastMonitorParameters { order, h, end, level, .. } = parameters;
        let frequency = parameters.frequency.unwrap_or(1.0);
        let checks: [(&'static str, bool, String, &'static str); 5] = [
            ("frequency", (1.0..=366.0).contains(&frequency), frequency.to_string(), "steps a year from 1 to 366"),
            ("order", order <= 5, order.to_string(), "a count from 0 to 5"),
            ("h", [0.25, 0.5, 1.0].contains(&h), h.to_string(), "0.25, 0.5 or 1"),
            ("end", (2.0..=10.0).contains(&end), end.to_string(), "a number from 2 to 10"),
            ("level", (0.001..=0.05).contains(&level), level.to_string(), "a number from 0.001 to 0.05"),
        ];
        if let Some((parameter, _, got, expected)) = checks.into_iter().find(|(_, holds, ..)| !holds) {
            return Err(ChangeError::Parameter { method: METHOD.name.to_owned(), parameter, got, expected });
        }
        let critical = match parameters.process {
            Process::Mosum => mosum_critical(h, end, level),
            Process::Cusum => cusum_critical(level),
        };
        let stability = Roc::new(level, 0, 1.0);
        Ok(Self { parameters, monitoring, role: [role], critical, stability })
    }

    fn axis(&self) -> TimeAxis {
        self.parameters.frequency.map_or(TimeAxis::Years365, |frequency| TimeAxis::Regular { frequency })
    }

    fn terms(&self) -> Terms {
        Terms { order: self.parameters.order, trend: self.parameters.trend }
    }

    /// What the pixels of a block with these days share.
    fn series<'d>(&self, dates: &'d [Date]) -> Series<'d> {
        let history = dates.partition_point(|date| *date < self.monitoring.from());
        let end = dates.partition_point(|date| *date <= self.monitoring.to());
        Series { dates, design: Design::new(self.terms(), self.axis(), dates), history, end }
    }

    /// 1 where a look of the history counts, else 0.
    #[inline(always)]
    fn weights(&self, series: &Series<'_>, tile: &Tile) -> Vec<Lane> {
        let mut weights: Vec<Lane> = tile.seen[..series.history].to_vec();
        if self.parameters.history == History::Roc {
            let starts = stable_starts(&series.design, &tile.values[..series.history], &weights, self.stability);
            for (time, weight) in weights.iter_mut().enumerate() {
                for (lane, start) in starts.iter().enumerate() {
                    weight[lane] *= f64::from(u8::from(time >= *start));
                }
            }
        }
        weights
    }

    #[inline(always)]
    fn tile(&self, series: &Series<'_>, tile: &Tile, first: usize, findings: &mut Findings) {
        let weights = self.weights(series, tile);
        let model = fit(&series.design, &tile.values[..series.history], &weights);
        let mut residuals = tile.values[..series.end].to_vec();
        for (time, residual) in residuals.iter_mut().enumerate() {
            let predicted = model.predicted(series.design.row(time));
            for lane in 0..LANES {
                residual[lane] -= predicted[lane];
            }
        }
        for lane in 0..tile.width {
            let pixel = Pixel { series, weights: &weights, seen: &tile.seen, residuals: &residuals, model: &model, lane };
            self.pixel(&pixel, first + lane, findings);
        }
    }

    fn pixel(&self, pixel: &Pixel<'_, '_>, place: usize, findings: &mut Findings) {
        let (series, lane) = (pixel.series, pixel.lane);
        let (history, later) = pixel.looks();
        let day = |time: usize| series.dates[time].days();
        findings.n_history[place] = count(history.len());
        findings.n_monitor[place] = count(later.len());
        findings.last_clear_history[place] = history.last().map_or(NO_DAY, |time| day(*time));
        findings.last_clear[place] = later.last().map_or(NO_DAY, |time| day(*time));
        let kept = findings.model.as_mut().expect("it is asked for");
        kept.history_start[place] = history.first().map_or(NO_DAY, |time| day(*time));
        let window = (self.parameters.h * history.len() as f64).floor() as usize;
        let width = series.design.width();
        if window <= 1 || history.len() <= width || later.is_empty() || !pixel.model.is_solved[lane] {
            return;
        }
        let residual = |time: &usize| pixel.residuals[*time][lane];
        let squares: f64 = history.iter().map(|time| residual(time).powi(2)).sum();
        let sigma = (squares / (history.len() - width) as f64).sqrt().max(pixel.floor(&history));
        let all: Vec<f64> = history.iter().chain(&later).map(residual).collect();
        let reach = ((self.parameters.end * history.len() as f64) as usize).min(all.len());
        let scale = sigma * (history.len() as f64).sqrt();
        let mut sum: f64 = match self.parameters.process {
            Process::Mosum => all[history.len() - window..history.len()].iter().sum(),
            Process::Cusum => all[..history.len()].iter().sum(),
        };
        let (mut value, mut limit, mut found) = (f64::NAN, f64::NAN, None);
        for place in history.len()..reach {
            sum += all[place];
            if self.parameters.process == Process::Mosum {
                sum -= all[place - window];
            }
            let relative = (place + 1) as f64 / history.len() as f64;
            (value, limit) = (sum / scale, self.boundary(relative));
            if value.abs() > limit {
                found = Some(place - history.len());
                break;
            }
        }
        let mut after: Vec<f64> = later.iter().map(residual).collect();
        findings.magnitude[place] = median(&mut after) as f32;
        findings.statistic[place] = value as f32;
        findings.answer[place] = if found.is_some() { Answer::Changed } else { Answer::Unchanged };
        if let Some(number) = found {
            let before = number.checked_sub(1).map_or_else(|| history.last(), |before| later.get(before));
            findings.before[place] = before.map_or(NO_DAY, |time| day(*time));
            findings.first[place] = day(later[number]);
            findings.confirmed[place] = day(later[number]);
        }
        kept.sigma[place] = sigma;
        kept.boundary[place] = limit;
        for (coefficient, value) in kept.coefficients.iter_mut().zip(series.design.in_units(pixel.model.of(lane))) {
            coefficient[place] = value;
        }
    }

    /// The boundary at a time in lengths of the history.
    fn boundary(&self, relative: f64) -> f64 {
        match self.parameters.process {
            Process::Mosum => mosum_boundary(self.critical, relative),
            Process::Cusum => cusum_boundary(self.critical, relative),
        }
    }
}

/// What the pixels of a block share.
struct Series<'a> {
    dates: &'a [Date],
    design: Design,
    /// Number of times before the monitoring period, and of those up to its end.
    history: usize,
    end: usize,
}

/// One pixel of a tile with its model.
struct Pixel<'a, 'd> {
    series: &'a Series<'d>,
    weights: &'a [Lane],
    seen: &'a [Lane],
    residuals: &'a [Lane],
    model: &'a Fit,
    lane: usize,
}

impl Pixel<'_, '_> {
    /// Times that were seen: of the history that counts, and of the monitoring period.
    fn looks(&self) -> (Vec<usize>, Vec<usize>) {
        let history = (0..self.series.history).filter(|time| self.weights[*time][self.lane] > 0.0).collect();
        let later = (self.series.history..self.series.end).filter(|time| self.seen[*time][self.lane] > 0.0).collect();
        (history, later)
    }

    /// A spread below which residuals are what rounding of the values leaves.
    fn floor(&self, history: &[usize]) -> f64 {
        let predicted = |time: &usize| self.model.predicted(self.series.design.row(*time))[self.lane].abs();
        1e-7 * history.first().map_or(0.0, predicted)
    }
}

/// A tile's share of the work, compiled for the processor's own vectors.
struct Work<'a, 'd> {
    detector: &'a BfastMonitor,
    series: &'a Series<'d>,
    tile: &'a Tile,
    first: usize,
    findings: &'a mut Findings,
}

impl NullaryFnOnce for Work<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.detector.tile(self.series, self.tile, self.first, self.findings);
    }
}

fn count(looks: usize) -> u16 {
    u16::try_from(looks).unwrap_or(u16::MAX)
}

impl Detector for BfastMonitor {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn inputs(&self) -> &[Role] {
        &self.role
    }

    fn monitoring(&self) -> DateRange {
        self.monitoring
    }

    fn coefficients(&self) -> usize {
        self.terms().width()
    }

    fn predictors(&self, first: Date, date: Date) -> Vec<f64> {
        Design::plain(self.terms(), self.axis(), first, date)
    }

    fn least_history(&self) -> usize {
        let sum = (2.0 / self.parameters.h).ceil() as usize;
        sum.max(self.coefficients() + 1)
    }

    fn fitted_times(&self, block: &SeriesBlock<'_>) -> Vec<bool> {
        let mut weights = self.weights(&self.series(block.dates()), &Tile::load(block, 0, 0));
        weights.resize(block.dates().len(), NONE);
        weights.iter().map(|weight| weight[0] > 0.0).collect()
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        let series = self.series(block.dates());
        let mut findings = Findings::not_seen(block.pixels());
        findings.model = Some(Model::none(series.design.width(), block.pixels()));
        let arch = pulp::Arch::new();
        for first in (0..block.pixels()).step_by(LANES) {
            let tile = Tile::load(block, 0, first);
            arch.dispatch(Work { detector: self, series: &series, tile: &tile, first, findings: &mut findings });
        }
        findings
    }
}

#[cfg(test)]
mod tests;
