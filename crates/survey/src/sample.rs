use std::collections::BTreeMap;

use crate::{Estimate, SurveyError};

/// A sampled unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Its stratum by number.
    pub stratum: usize,
    /// How much of the population it stands for: the inverse of its inclusion probability, in any unit.
    pub weight: f64,
    /// Its class on the map, by number.
    pub mapped: usize,
    /// Its class by the reference, by number.
    pub reference: usize,
}

/// A stratum and its size, in any unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Name.
    pub name: String,
    /// Size, above 0.
    pub size: f64,
}

/// The weight of a unit of each stratum: its size by the number of its units.
///
/// # Errors
/// [`SurveyError::Unsampled`] and [`SurveyError::Unsized`].
pub fn strata_weights(strata: &[Stratum], of_units: &[usize]) -> Result<Vec<f64>, SurveyError> {
    let mut counts = vec![0_usize; strata.len()];
    for &stratum in of_units {
        counts[stratum] += 1;
    }
    strata
        .iter()
        .zip(counts)
        .map(|(Stratum { name, size }, count)| match count {
            _ if !(size.is_finite() && *size > 0.0) => Err(SurveyError::Unsized { stratum: name.clone() }),
            0 => Err(SurveyError::Unsampled { stratum: name.clone() }),
            count => Ok(size / count as f64),
        })
        .collect()
}

/// A probability sample of units, each classed by a map and by a reference.
///
/// Every estimate is a mean or a ratio of two totals over weighted units, its variance that of the linearised ratio between the units
/// of each stratum, as if they had been drawn with replacement. With weights by strata and sizes this is the stratified estimator of
/// Cochran as Stehman (International Journal of Remote Sensing 35, 2014) gives it, which is that of Olofsson et al. (Remote Sensing of
/// Environment 148, 2014) where strata are map classes; with one stratum and equal weights simple random sampling; with weights of
/// their own the Horvitz-Thompson total and Hajek ratio. Without finite population correction.
#[derive(Debug, Clone)]
pub struct Sample {
    units: Vec<Unit>,
    strata: usize,
    classes: usize,
}

impl Sample {
    /// The sample of these units, of so many strata and classes.
    ///
    /// # Errors
    /// [`SurveyError::Empty`], [`SurveyError::Weight`] and [`SurveyError::Number`].
    pub fn new(units: Vec<Unit>, strata: usize, classes: usize) -> Result<Self, SurveyError> {
        if units.is_empty() {
            return Err(SurveyError::Empty);
        }
        for (place, unit) in units.iter().enumerate() {
            let wrong = |what, got, of| SurveyError::Number { unit: place + 1, what, got, of };
            if !(unit.weight.is_finite() && unit.weight > 0.0) {
                return Err(SurveyError::Weight { unit: place + 1, got: unit.weight });
            }
            if unit.stratum >= strata {
                return Err(wrong("stratum", unit.stratum, strata));
            }
            if let Some(class) = [unit.mapped, unit.reference].into_iter().find(|class| *class >= classes) {
                return Err(wrong("class", class, classes));
            }
        }
        Ok(Self { units, strata, classes })
    }

    /// Its units.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The weights together: the size of the population where weights say it.
    pub fn total_weight(&self) -> f64 {
        self.units.iter().map(|unit| unit.weight).sum()
    }

    /// The share of the population that meets a condition.
    pub fn share(&self, meets: impl Fn(&Unit) -> bool) -> Estimate {
        self.ratio(|unit| f64::from(u8::from(meets(unit))), |_| 1.0).unwrap_or(Estimate { value: f64::NAN, se: None })
    }

    /// The share of what meets `of` that meets `part` too; `None` where nothing does.
    pub fn share_of(&self, part: impl Fn(&Unit) -> bool, of: impl Fn(&Unit) -> bool) -> Option<Estimate> {
        self.ratio(|unit| f64::from(u8::from(of(unit) && part(unit))), |unit| f64::from(u8::from(of(unit))))
    }

    /// The ratio of two totals; `None` where the second is 0.
    pub fn ratio(&self, part: impl Fn(&Unit) -> f64, of: impl Fn(&Unit) -> f64) -> Option<Estimate> {
        let total = |of: &dyn Fn(&Unit) -> f64| self.units.iter().map(|unit| unit.weight * of(unit)).sum::<f64>();
        let (numerator, denominator) = (total(&part), total(&of));
        if denominator <= 0.0 {
            return None;
        }
        let value = numerator / denominator;
        let mut rest: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for unit in &self.units {
            rest.entry(unit.stratum).or_default().push(unit.weight * (part(unit) - value * of(unit)));
        }
        let variance: Option<f64> = rest.values().map(|rest| variance_of_sum(rest)).sum();
        Some(Estimate { value, se: variance.map(|variance| variance.sqrt() / denominator) })
    }

    /// How many strata were announced.
    pub fn strata(&self) -> usize {
        self.strata
    }
}

/// The variance of the sum of numbers drawn independently; `None` of one number.
fn variance_of_sum(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() * n / (n - 1.0))
}
