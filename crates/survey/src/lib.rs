//! What to conclude: accuracy and area with their intervals, delays, and what a score is worth as a probability.
//!
//! This room is pure and knows tables only: no geometry, file, thread, clock or terminal. Units of a sample, days and scores come
//! in as numbers; what is matched with what was decided before.

mod accuracy;
mod error;
mod estimate;
mod isotonic;
mod quantile;
mod reliability;
mod sample;
mod share;
mod timing;

pub use accuracy::{Accuracy, ClassAccuracy};
pub use error::SurveyError;
pub use estimate::Estimate;
pub use isotonic::{Isotonic, Judged, Knot};
pub use quantile::quantile;
pub use reliability::{Bin, Reliability, brier, held_out, reliability};
pub use sample::{Sample, Stratum, Unit, strata_weights};
pub use share::{Share, wilson};
pub use timing::{Changed, Dating, Seen};
