//! What to report: patches of connected change, alerts with stable ids, and tables of features that go in and out.
//!
//! This room is pure: it knows no file, thread, clock or terminal. Geometry of features is longitude and latitude on WGS 84
//! in degrees; areas are geodesic.

mod alert;
mod antimeridian;
mod columns;
mod days;
mod error;
mod features;
mod fringe;
mod id;
mod inside;
mod label;
mod measure;
mod outline;
mod patch;
mod plain;
mod ring_tree;
mod schema;
mod seam;
mod soundness;
mod table;
mod vicinity;

pub use crate::alert::{Alert, AlertContext, Confidence, alerts};
pub use antimeridian::split_antimeridian;
pub use columns::{ALERT_COLUMNS, ColumnDescription, Kind, PROBABILITY, column_title};
pub use error::AlertError;
pub use features::{Column, Features, Layer, Values};
pub use fringe::Fringe;
pub use label::{Component, Connectivity, Dropped, Labeller, Run, Tally};
pub use measure::{Measured, geodesic_size, measure};
pub use outline::outline;
pub use patch::{ChangeRows, Patch, PatchBuilder, PatchRules, PatchStatistics};
pub use plain::is_plainly_valid;
pub use ring_tree::{RingTree, bounds_of, overlap};
pub use schema::{ALERT_SCHEMA, json_schema};
pub use seam::{AlertSink, Projection};
pub use table::{ValuePatch, alert_features, component_features};
pub use vicinity::{VICINITY_M, Vicinity};
