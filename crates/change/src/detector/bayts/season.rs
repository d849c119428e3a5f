//! The season of each pixel's history, and how far its values spread.
//!
//! J. Reiche, E. Hamunyela, J. Verbesselt, D. Hoekman, M. Herold, Remote Sensing of Environment 204, 2018: harmonics fitted to the history
//! are taken off, and forest lies around what is left. The spread is that of the history as it was seen, season and all, as in bayts; what
//! bayts adds again to every value, the history's median, moves both classes alike and is left out.

use raster::Date;

use super::super::moments::Moments;
use super::{Bayts, Source, multiple};
use crate::season_trend::{Design, LANES, Terms, Tile, TimeAxis, fit};
use crate::{Model, NO_DAY, SeriesBlock};

/// Years as bayts, by way of bfast, counts them.
const AXIS: TimeAxis = TimeAxis::Years365;

/// Models of a role's history.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Season {
    /// Coefficients, one entry a pixel in each list; NaN where there is no model.
    pub(super) coefficients: Vec<Vec<f64>>,
    /// Standard deviation of the values of each pixel; NaN where there is no model.
    pub(super) spread: Vec<f64>,
}

/// What the coefficients are multiplied by on a day. A trend counts days from the beginning of the monitoring on.
pub(super) fn row(terms: Terms, monitor_from: Date, date: Date) -> Vec<f64> {
    let mut row = Design::plain(terms, AXIS, monitor_from, date);
    if terms.trend {
        row[1] -= 1.0;
    }
    row
}

impl Season {
    /// No model of so many pixels.
    pub(super) fn none(terms: Terms, pixels: usize) -> Self {
        Self { coefficients: vec![vec![f64::NAN; pixels]; terms.width()], spread: vec![f64::NAN; pixels] }
    }

    /// The models of the history of a role, in multiples of a step where one is given (0 is none).
    pub(super) fn fit(terms: Terms, (monitor_from, step): (Date, f64), history: &SeriesBlock<'_>, role: usize) -> Self {
        let least = step.max(f64::from(f32::MIN_POSITIVE));
        let mut season = Self::none(terms, history.pixels());
        let design = Design::new(terms, AXIS, history.dates());
        let Some(first) = history.dates().first() else { return season };
        for start in (0..history.pixels()).step_by(LANES) {
            let tile = Tile::load(history, role, start);
            let fitted = fit(&design, &tile.values, &tile.seen);
            for lane in 0..tile.width {
                let mut moments = Moments::default();
                let seen = tile.values.iter().zip(&tile.seen).filter(|(_, seen)| seen[lane] > 0.0);
                seen.for_each(|(value, _)| moments.take(value[lane]));
                if !fitted.is_solved[lane] || moments.count <= terms.width() as f64 {
                    continue;
                }
                let mut coefficients = design.in_units(fitted.of(lane));
                if terms.trend {
                    // Its origin: the first day of the series is 1.
                    coefficients[0] += coefficients[1] * (AXIS.trend(monitor_from) - AXIS.trend(*first) + 1.0);
                }
                for (kept, value) in season.coefficients.iter_mut().zip(coefficients) {
                    kept[start + lane] = multiple(value, step);
                }
                season.spread[start + lane] = multiple(moments.deviation(), step).max(least);
            }
        }
        season
    }

    /// What the model of a pixel says where its terms are these; NaN where there is none.
    pub(super) fn predicted(&self, row: &[f64], place: usize) -> f64 {
        row.iter().zip(&self.coefficients).map(|(x, of)| x * of[place]).sum()
    }
}

impl Bayts {
    pub(super) fn terms(&self) -> Terms {
        Terms { order: self.parameters.order, trend: self.parameters.trend }
    }

    /// Whether what is seen in a role is held against the history of each pixel.
    pub(super) fn has_season(&self, role: usize) -> bool {
        matches!(self.sources[role], Source::History(_))
    }

    /// What the coefficients of seasons are multiplied by on a day.
    pub(super) fn row(&self, date: Date) -> Vec<f64> {
        row(self.terms(), self.monitoring.from(), date)
    }

    /// The times of a block before the monitoring period.
    pub(super) fn before<'a>(&self, block: &SeriesBlock<'a>) -> SeriesBlock<'a> {
        block.split(block.dates().partition_point(|date| *date < self.monitoring.from())).0
    }

    /// The season of each role that has one.
    pub(super) fn seasons(&self, history: &SeriesBlock<'_>) -> Vec<Option<Season>> {
        let fit = |role| Season::fit(self.terms(), (self.monitoring.from(), self.step), history, role);
        (0..self.roles.len()).map(|role| self.has_season(role).then(|| fit(role))).collect()
    }

    /// The model of the first role, where it has one.
    pub(super) fn model(&self, seasons: &[Option<Season>], mut history_start: Vec<i32>) -> Option<Model> {
        let Season { coefficients, spread } = seasons.first()?.clone()?;
        let pixels = spread.len();
        history_start.iter_mut().zip(&spread).filter(|(_, spread)| spread.is_nan()).for_each(|(day, _)| *day = NO_DAY);
        let boundary = vec![self.chi; pixels];
        Some(Model { history_start, is_stable: vec![true; pixels], coefficients, sigma: spread, boundary })
    }
}

/// The first day on which each pixel was seen in the first role; [`NO_DAY`] where never.
pub(super) fn first_seen(block: &SeriesBlock<'_>) -> Vec<i32> {
    let series = block.values();
    let of = |place: usize| (0..block.dates().len()).find(|time| series[[*time, 0, place]].is_finite());
    (0..block.pixels()).map(|place| of(place).map_or(NO_DAY, |time| block.dates()[time].days())).collect()
}
