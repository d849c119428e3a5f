//! In what order: chunks over threads with results in order, one budget of memory, and the walk from scenes to a change map.
//!
//! The only room that starts threads. It knows no file format and no table: it works through the seams of `raster` and `change`.

mod budget;
mod detection;
mod look_series;
mod order;
mod resume;

pub use budget::{Budget, StripCost, StripPlan};
pub use detection::{Detection, DetectionError, Look, StripDetection, TILE_COLS};
pub use look_series::LookSeries;
pub use order::map_in_order;
pub use resume::resume;
