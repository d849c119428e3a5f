mod onset;

use ndarray::Axis;
use raster::{Date, DateRange, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::onset::Onset;
use super::median::median;
use crate::{Answer, ChangeError, Detector, Direction, Findings, Model, NO_DAY, SeriesBlock};

/// Parameters of clearings, whatever the method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClearingParameters {
    /// Smallest drop of the index below its model that is a clearing, in units of the index, above 0. Default 0.2.
    pub drop: f64,
}

impl Default for ClearingParameters {
    fn default() -> Self {
        Self { drop: 0.2 }
    }
}

/// A method as alerts of clearings need it: its history is the baseline alone, and only what moves the index as clearing does is a
/// change.
///
/// It is dated between the last look that the model explains and the next, whenever the process passed its boundary, and its
/// magnitude is the median of what was seen minus what was predicted from then on: less than `drop` of it is none, nor is what went
/// back to the model. Breaks are held against a magnitude as in `DeVries` et al., Remote Sensing of Environment 161 (2015).
/// What is found stays a candidate: how often a break of these methods is a clearing depends on place and sensor, and nobody has
/// measured it for the run.
#[derive(Debug, Clone)]
pub struct Clearing<D> {
    inner: D,
    baseline: DateRange,
    direction: Direction,
    parameters: ClearingParameters,
}

impl<D: Detector> Clearing<D> {
    /// The method, with the period that is its history.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range.
    pub fn new(inner: D, parameters: ClearingParameters, baseline: DateRange, direction: Direction) -> Result<Self, ChangeError> {
        let drop = parameters.drop;
        if !(drop.is_finite() && drop > 0.0) {
            let (method, got) = ("clearing".to_owned(), drop.to_string());
            return Err(ChangeError::Parameter { method, parameter: "drop", got, expected: "a number above 0" });
        }
        Ok(Self { inner, baseline, direction, parameters })
    }

    /// What the method finds in a block of its periods alone.
    fn within_periods(&self, block: &SeriesBlock<'_>) -> Findings {
        let mut found = self.inner.detect(block);
        let model = found.model.take().expect("methods of clearings fit models");
        let first = block.dates().first().copied();
        let predictors: Vec<Vec<f64>> =
            block.dates().iter().map(|date| self.inner.predictors(first.unwrap_or(*date), *date)).collect();
        for place in 0..found.answer.len() {
            let clearing = found.answer[place].is_change().then(|| self.clearing(block, &predictors, &model, place));
            if let Some((before, day, magnitude)) = clearing.flatten() {
                found.answer[place] = Answer::Candidate;
                (found.before[place], found.first[place], found.magnitude[place]) = (before, day, magnitude);
            } else {
                if found.answer[place].is_change() {
                    found.answer[place] = Answer::Unchanged;
                }
                (found.before[place], found.first[place]) = (NO_DAY, NO_DAY);
                (found.magnitude[place], found.statistic[place]) = (f32::NAN, f32::NAN);
            }
            found.confirmed[place] = NO_DAY;
        }
        found
    }

    /// The days between which a pixel with a break was cleared, and its magnitude: first roughly, then by half of the shift that it
    /// shows; `None` where it was not.
    fn clearing(&self, block: &SeriesBlock<'_>, predictors: &[Vec<f64>], model: &Model, place: usize) -> Option<(i32, i32, f32)> {
        let mut looks = Vec::new();
        for (time, date) in block.dates().iter().enumerate().filter(|(_, date)| date.days() >= model.history_start[place]) {
            let value = f64::from(block.values()[[time, 0, place]]);
            if value.is_finite() {
                let predicted: f64 = predictors[time].iter().zip(&model.coefficients).map(|(x, of)| x * of[place]).sum();
                looks.push((*date, self.direction.drop(predicted, value)));
            }
        }
        let drop = self.parameters.drop;
        let (_, rough) = self.onset(&looks, drop)?;
        let (before, first) = self.onset(&looks, fall_since(rough, &looks).max(drop))?;
        let fall = fall_since(first, &looks);
        (fall >= drop).then_some((before, first, if self.direction == Direction::Fall { -fall } else { fall } as f32))
    }

    /// The days between which a shift began, by how far each look lies from the model in the direction of clearing.
    fn onset(&self, looks: &[(Date, f64)], shift: f64) -> Option<(i32, i32)> {
        let mut onset = Onset::of(shift);
        for (date, fall) in looks {
            if self.monitoring().contains(*date) {
                onset.look(date.days(), *fall);
            } else {
                onset.history(date.days(), *fall);
            }
        }
        onset.days()
    }
}

/// The median of how far looks from a day on lie from the model.
fn fall_since(day: i32, looks: &[(Date, f64)]) -> f64 {
    let mut falls: Vec<f64> = looks.iter().filter(|(date, _)| date.days() >= day).map(|(_, fall)| *fall).collect();
    median(&mut falls)
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
        let counts = |date: &Date| self.baseline.contains(*date) || self.monitoring().contains(*date);
        if block.dates().iter().all(counts) {
            return self.within_periods(block);
        }
        let places: Vec<usize> = (0..block.dates().len()).filter(|time| counts(&block.dates()[*time])).collect();
        let dates: Vec<Date> = places.iter().map(|time| block.dates()[*time]).collect();
        let sensors: Vec<u8> = places.iter().map(|time| block.sensors()[*time]).collect();
        let values = block.values().select(Axis(0), &places);
        let part = SeriesBlock::new(&dates, &sensors, values.view()).expect("times of a block in their order");
        self.within_periods(&part)
    }
}
