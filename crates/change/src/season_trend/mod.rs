//! Season-trend models: `y(t) = b0 + b1 t + sum over k of (a_k cos(2 pi k t) + c_k sin(2 pi k t))`, fitted to what was seen.
//!
//! Series are worked on in [`LANES`] pixels at once, which share the rows of one [`Design`]; what a pixel did not see has the
//! weight 0. Everything is done in f64. A residual is what was observed minus what was predicted, in history and after it.

mod axis;
mod design;
mod fit;
mod sort;
mod stability;
mod tile;

pub(crate) use axis::TimeAxis;
pub(crate) use design::{Design, Terms};
pub(crate) use fit::{Fit, fit, solve_one};
pub(crate) use sort::sort;
pub(crate) use stability::{Roc, stable_starts};
pub(crate) use tile::Tile;

/// Pixels that are worked on at once.
pub(crate) const LANES: usize = 8;

/// A number for each of the pixels.
pub(crate) type Lane = [f64; LANES];

/// No number for any pixel.
pub(crate) const NONE: Lane = [0.0; LANES];
