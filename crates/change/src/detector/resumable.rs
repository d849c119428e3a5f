use std::ops::Range;

use ndarray::{Array2, s};

use super::Detector;
use crate::{Findings, NO_DAY, SeriesBlock};

/// Names of the planes of a state, by the kind of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateLayout {
    /// Planes of f64.
    pub reals: Vec<String>,
    /// Planes of days since 1970-01-01.
    pub days: Vec<String>,
    /// Planes of counts.
    pub counts: Vec<String>,
}

impl StateLayout {
    /// Bytes of a pixel in all planes.
    pub fn bytes(&self) -> usize {
        8 * self.reals.len() + 4 * self.days.len() + 2 * self.counts.len()
    }
}

/// The state of a block of pixels as numbers, shape (plane, pixel), in the order of a [`StateLayout`].
///
/// They are the very numbers that a method computes with: what is kept and read again goes on to the same bit.
#[derive(Debug, Clone, PartialEq)]
pub struct StatePlanes {
    /// f64; NaN = none.
    pub reals: Array2<f64>,
    /// Days since 1970-01-01; [`NO_DAY`] = none.
    pub days: Array2<i32>,
    /// Counts.
    pub counts: Array2<u16>,
}

impl StatePlanes {
    /// Planes that say nothing.
    pub fn none(layout: &StateLayout, pixels: usize) -> Self {
        Self {
            reals: Array2::from_elem((layout.reals.len(), pixels), f64::NAN),
            days: Array2::from_elem((layout.days.len(), pixels), NO_DAY),
            counts: Array2::zeros((layout.counts.len(), pixels)),
        }
    }

    /// Some of the pixels.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn part(&self, pixels: Range<usize>) -> Self {
        let of = s![.., pixels];
        Self {
            reals: self.reals.slice(of).to_owned(),
            days: self.days.slice(of).to_owned(),
            counts: self.counts.slice(of).to_owned(),
        }
    }

    /// Puts a part in its place, from a pixel on.
    ///
    /// # Panics
    /// Where the part has other planes, or goes beyond the last pixel.
    pub fn put(&mut self, first: usize, part: &Self) {
        let of = s![.., first..first + part.pixels()];
        self.reals.slice_mut(of).assign(&part.reals);
        self.days.slice_mut(of).assign(&part.days);
        self.counts.slice_mut(of).assign(&part.counts);
    }

    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.reals.ncols().max(self.days.ncols())
    }
}

/// A detector whose state can be kept between runs: what the history left for good, the model, and what each look moves, the process.
///
/// [`Resumable::go_on`] after [`Resumable::begin`], in however many steps, gives exactly what [`Detector::detect`] gives on the whole
/// series. All looks of one day belong into one step.
pub trait Resumable: Detector {
    /// How many of the roles, the first ones, are looked at in the monitoring period.
    fn watched_roles(&self) -> usize;

    /// Looks that a pixel carries at the most after a history of so many times.
    fn room(&self, history: usize) -> usize;

    /// Looks that a pixel carries at the most after so many days more.
    fn room_after(&self, room: usize, days: usize) -> usize;

    /// Planes of the model.
    fn model_layout(&self) -> StateLayout;

    /// Planes of the process with room for so many looks.
    fn process_layout(&self, room: usize) -> StateLayout;

    /// Model and process, with room for the history's looks, after the history.
    fn begin(&self, history: &SeriesBlock<'_>) -> (StatePlanes, StatePlanes);

    /// The process after later looks, with this room, and what is found so far.
    fn go_on(&self, model: &StatePlanes, process: &StatePlanes, later: &SeriesBlock<'_>, room: usize) -> (StatePlanes, Findings);

    /// Looks that a pixel of a process carries, the most of all.
    fn carried(&self, process: &StatePlanes) -> usize;
}
