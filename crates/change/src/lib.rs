//! What changed: spectral indices as data, masks, detectors and the map of what they found.
//!
//! This room is pure: it knows no file, thread, clock or terminal. Blocks are (time, role, pixel), cubes (time, band, y, x);
//! a missing observation is NaN.

mod answer;
pub mod detector;
mod error;
mod findings;
mod series;

pub use answer::{Answer, ChangeStrip, NO_DAY};
pub use detector::{Detector, Incremental};
pub use error::ChangeError;
pub use findings::{Findings, Segment};
pub use series::SeriesBlock;
