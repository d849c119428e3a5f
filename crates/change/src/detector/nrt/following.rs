//! Later looks of pixels that are watched.

use std::ops::Range;

use ndarray::Axis;
use pulp::NullaryFnOnce;

use super::NrtState;
use super::rule::{Effect, Process};
use crate::{Answer, SeriesBlock};

/// Pixels that are carried through all looks together.
pub(super) const CARRIED: usize = 512;

/// A look of the monitoring period.
pub(super) struct Look {
    pub(super) time: usize,
    pub(super) day: i32,
    pub(super) row: Vec<f64>,
}

/// Some pixels through all looks, so that what is carried stays in the processor's cache; compiled for the processor's own vectors.
pub(super) struct Following<'a, 'b, P> {
    pub(super) looks: &'a [Look],
    pub(super) later: &'a SeriesBlock<'b>,
    pub(super) places: Range<usize>,
    pub(super) state: &'a mut NrtState<P>,
}

impl<P: Process> NullaryFnOnce for Following<'_, '_, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { looks, later, places, state } = self;
        let NrtState { watched, found } = state;
        let model = found.model.as_mut().expect("it is there");
        let mut predicted = [0.0; CARRIED];
        for look in looks {
            let predicted = &mut predicted[..places.len()];
            predicted.fill(0.0);
            for (x, coefficient) in look.row.iter().zip(&model.coefficients) {
                predicted.iter_mut().zip(&coefficient[places.clone()]).for_each(|(sum, coefficient)| *sum += x * coefficient);
            }
            let values = later.values().index_axis_move(Axis(0), look.time).index_axis_move(Axis(0), 0);
            for (place, predicted) in places.clone().zip(predicted) {
                let value = f64::from(values[place]);
                if !value.is_finite() {
                    continue;
                }
                found.n_monitor[place] = found.n_monitor[place].saturating_add(1);
                found.last_clear[place] = look.day;
                let Some((process, quiet)) = &mut watched[place] else { continue };
                if found.answer[place] == Answer::Changed {
                    continue;
                }
                found.answer[place] = Answer::Unchanged;
                let residual = value - *predicted;
                let effect = process.look(residual);
                found.statistic[place] = process.value() as f32;
                model.boundary[place] = process.boundary();
                match effect {
                    Effect::Quiet => *quiet = look.day,
                    Effect::Ignored | Effect::Flagged => {}
                    Effect::Break => {
                        found.answer[place] = Answer::Changed;
                        found.before[place] = *quiet;
                        found.first[place] = look.day;
                        found.confirmed[place] = look.day;
                        found.magnitude[place] = residual as f32;
                    }
                }
            }
        }
    }
}
