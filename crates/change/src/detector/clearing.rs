use ndarray::Axis;
use raster::{Date, DateRange, Role};

use crate::{Answer, Detector, Direction, Findings, NO_DAY, SeriesBlock};

/// A method as alerts of clearings need it: its history is the baseline alone, and only what moves the index as clearing does is a
/// change.
///
/// What is found stays a candidate: how often a break of these methods is a clearing depends on place and sensor, and nobody has
/// measured it for the run.
#[derive(Debug, Clone)]
pub struct Clearing<D> {
    inner: D,
    baseline: DateRange,
    direction: Direction,
}

impl<D: Detector> Clearing<D> {
    /// The method, with the period that is its history.
    pub fn new(inner: D, baseline: DateRange, direction: Direction) -> Self {
        Self { inner, baseline, direction }
    }

    fn is_clearing(&self, magnitude: f32) -> bool {
        match self.direction {
            Direction::Fall => magnitude < 0.0,
            Direction::Rise => magnitude > 0.0,
        }
    }

    /// What the method finds in the looks of its periods.
    fn within_periods(&self, block: &SeriesBlock<'_>) -> Findings {
        let counts = |date: &Date| self.baseline.contains(*date) || self.monitoring().contains(*date);
        if block.dates().iter().all(counts) {
            return self.inner.detect(block);
        }
        let places: Vec<usize> = (0..block.dates().len()).filter(|time| counts(&block.dates()[*time])).collect();
        let dates: Vec<Date> = places.iter().map(|time| block.dates()[*time]).collect();
        let sensors: Vec<u8> = places.iter().map(|time| block.sensors()[*time]).collect();
        let values = block.values().select(Axis(0), &places);
        let part = SeriesBlock::new(&dates, &sensors, values.view()).expect("times of a block in their order");
        self.inner.detect(&part)
    }
}

impl<D: Detector> Detector for Clearing<D> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn inputs(&self) -> &[Role] {
        self.inner.inputs()
    }

    fn monitoring(&self) -> DateRange {
        self.inner.monitoring()
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        let mut found = Findings { model: None, ..self.within_periods(block) };
        for place in 0..found.answer.len() {
            if found.answer[place].is_change() && self.is_clearing(found.magnitude[place]) {
                found.answer[place] = Answer::Candidate;
                found.confirmed[place] = NO_DAY;
                continue;
            }
            if found.answer[place].is_change() {
                found.answer[place] = Answer::Unchanged;
            }
            found.before[place] = NO_DAY;
            found.first[place] = NO_DAY;
            found.confirmed[place] = NO_DAY;
            found.magnitude[place] = f32::NAN;
            found.statistic[place] = f32::NAN;
        }
        found
    }
}
