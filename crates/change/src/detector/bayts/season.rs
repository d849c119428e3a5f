//! The season of each pixel's history, and how far its values spread.
//!
//! J. Reiche, E. Hamunyela, J. Verbesselt, D. Hoekman, M. Herold, Remote Sensing of Environment 204, 2018: harmonics fitted to the history
//! are taken off, and forest lies around what is left. The spread is that of the history as it was seen, season and all, as in bayts; what
//! bayts adds again to every value, the history's median, moves both classes alike and is left out.

use raster::Date;

use super::super::moments::Moments;
use crate::SeriesBlock;
use crate::season_trend::{Design, LANES, Terms, Tile, TimeAxis, fit};

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

    /// The models of the history of a role.
    pub(super) fn fit(terms: Terms, monitor_from: Date, history: &SeriesBlock<'_>, role: usize) -> Self {
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
                    kept[start + lane] = value;
                }
                season.spread[start + lane] = moments.deviation().max(f64::from(f32::MIN_POSITIVE));
            }
        }
        season
    }

    /// What the model of a pixel says where its terms are these; NaN where there is none.
    pub(super) fn predicted(&self, row: &[f64], place: usize) -> f64 {
        row.iter().zip(&self.coefficients).map(|(x, of)| x * of[place]).sum()
    }
}
