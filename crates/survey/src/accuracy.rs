use serde::Serialize;

use crate::{Estimate, Sample, Unit};

/// Accuracy and area by a sample: shares of the population, each with its standard error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Share on which map and reference agree.
    pub overall: Estimate,
    /// By class.
    pub classes: Vec<ClassAccuracy>,
}

/// Accuracy and area of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAccuracy {
    /// Of what the map says: how much the reference says too. `None` where the map never says it.
    pub users: Option<Estimate>,
    /// Of what the reference says: how much the map says too. `None` where the reference never says it.
    pub producers: Option<Estimate>,
    /// Harmonic mean of both: twice what both say by what either says. `None` where neither does.
    pub f1: Option<Estimate>,
    /// Share of the population that is of the class by the reference.
    pub area: Estimate,
}

impl Sample {
    /// Accuracy and area of every class.
    pub fn accuracy(&self) -> Accuracy {
        let of_class = |class: usize| {
            let maps = move |unit: &Unit| unit.mapped == class;
            let is = move |unit: &Unit| unit.reference == class;
            let number = |meets: bool| f64::from(u8::from(meets));
            ClassAccuracy {
                users: self.share_of(is, maps),
                producers: self.share_of(maps, is),
                f1: self.ratio(|unit| 2.0 * number(is(unit) && maps(unit)), |unit| number(is(unit)) + number(maps(unit))),
                area: self.share(is),
            }
        };
        Accuracy {
            overall: self.share(|unit| unit.mapped == unit.reference),
            classes: (0..self.classes()).map(of_class).collect(),
        }
    }

    /// Units by class of the map (rows) and of the reference (columns).
    pub fn matrix(&self) -> Vec<Vec<u64>> {
        let mut counts = vec![vec![0; self.classes()]; self.classes()];
        self.units().iter().for_each(|unit| counts[unit.mapped][unit.reference] += 1);
        counts
    }

    /// The same as shares of the population, by the weights.
    pub fn matrix_of_shares(&self) -> Vec<Vec<f64>> {
        let mut shares = vec![vec![0.0; self.classes()]; self.classes()];
        let total = self.total_weight();
        self.units().iter().for_each(|unit| shares[unit.mapped][unit.reference] += unit.weight / total);
        shares
    }
}
