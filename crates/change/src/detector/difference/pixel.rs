use super::Difference;
use super::periods::Periods;
use crate::detector::median::{median, robust_deviation};
use crate::{Direction, NO_DAY};

/// The series of one pixel under test.
pub(super) struct Pixel<'a> {
    detector: &'a Difference,
    periods: &'a Periods,
    series: Vec<f64>,
    /// Clear baseline values.
    baseline: Vec<f64>,
    /// The baseline value from which any drop is largest; no median lies beyond it.
    extreme: f64,
}

/// What is reported of a pixel that is flagged at the end, or confirmed.
pub(super) struct Outcome {
    pub(super) before: i32,
    pub(super) first: i32,
    pub(super) confirmed: i32,
    pub(super) magnitude: f64,
    pub(super) statistic: f64,
}

/// A flagged look.
struct Flag {
    time: usize,
    difference: f64,
    statistic: f64,
}

impl<'a> Pixel<'a> {
    pub(super) fn new(detector: &'a Difference, periods: &'a Periods, series: impl Iterator<Item = f32>) -> Self {
        let series: Vec<f64> = series.map(f64::from).collect();
        let baseline: Vec<f64> = series[..periods.baseline].iter().copied().filter(|v| v.is_finite()).collect();
        let extreme = match detector.direction {
            Direction::Fall => baseline.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Direction::Rise => baseline.iter().copied().fold(f64::INFINITY, f64::min),
        };
        Self { detector, periods, series, baseline, extreme }
    }

    /// The first confirmed run of flags, or the one that the series ends in; `None` where there is neither.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let confirm = self.detector.parameters.confirm as usize;
        let single_look = self.periods.monitoring.len() == 1;
        let mut run: Vec<Flag> = Vec::new();
        for time in self.periods.monitoring.clone().filter(|&time| self.series[time].is_finite()) {
            match self.flag(time) {
                None => run.clear(),
                Some(flag) => run.push(flag),
            }
            if run.len() == confirm && !single_look {
                return Some(self.report(&run, self.periods.days[time]));
            }
        }
        (!run.is_empty()).then(|| self.report(&run, NO_DAY))
    }

    fn report(&self, run: &[Flag], confirmed: i32) -> Outcome {
        let mut differences: Vec<f64> = run.iter().map(|flag| flag.difference).collect();
        let mut statistics: Vec<f64> = run.iter().map(|flag| flag.statistic).collect();
        Outcome {
            before: self.last_unflagged(run[0].time),
            first: self.periods.days[run[0].time],
            confirmed,
            magnitude: median(&mut differences),
            statistic: median(&mut statistics),
        }
    }

    /// Day of the last clear look before a time that the same test does not flag.
    fn last_unflagged(&self, time: usize) -> i32 {
        let unflagged = |t: &usize| self.series[*t].is_finite() && self.flag(*t).is_none();
        (0..time).rev().find(unflagged).map_or(NO_DAY, |t| self.periods.days[t])
    }

    /// The flag of a clear look, if it is flagged.
    fn flag(&self, time: usize) -> Option<Flag> {
        let parameters = &self.detector.parameters;
        let value = self.series[time];
        if self.detector.direction.drop(self.extreme, value) <= parameters.drop {
            return None;
        }
        let mut reference = self.reference(time);
        let centre = median(&mut reference);
        let drop = self.detector.direction.drop(centre, value);
        if drop <= parameters.drop {
            return None;
        }
        let deviation = robust_deviation(&mut reference, centre).max(parameters.deviation_floor);
        (drop > parameters.k * deviation).then(|| Flag { time, difference: value - centre, statistic: drop / deviation })
    }

    /// Clear baseline values of the season of a time, or all where the season has too few.
    fn reference(&self, time: usize) -> Vec<f64> {
        let season = self.periods.seasons[time].iter().map(|&t| self.series[t]);
        let season: Vec<f64> = season.filter(|v| v.is_finite()).collect();
        if season.len() < self.detector.parameters.min_season as usize { self.baseline.clone() } else { season }
    }
}
