//! What to report: patches of connected change, alerts with stable ids, and tables of features that go in and out.
//!
//! This room is pure: it knows no file, thread, clock or terminal. Geometry of features is longitude and latitude on WGS 84
//! in degrees; areas are geodesic.

mod alert;
mod error;
mod features;
mod fringe;
mod label;
mod outline;
mod seam;

pub use crate::alert::{Alert, Confidence};
pub use error::AlertError;
pub use features::{Column, Features, Layer, Values};
pub use fringe::Fringe;
pub use label::{Component, Connectivity, Dropped, Labeller, Run, Tally};
pub use outline::outline;
pub use seam::{AlertSink, Projection};
