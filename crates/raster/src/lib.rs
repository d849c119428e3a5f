//! What was observed: grids, windows, dates, bands, sensors, cubes and the seams through which pixels come and go.
//!
//! This room is pure: it knows no file, thread, clock or terminal. Axis order is (time, band, y, x), C order, everywhere;
//! a missing observation is NaN. Whoever reads files implements [`RasterSource`] and whoever writes them [`RasterSink`].

mod band;
mod cube;
mod date;
mod error;
mod grid;
mod observation;
mod qa;
mod scene;
mod seam;
pub mod sensor;
mod stored;
mod view;
mod warning;
mod window;

pub use band::{Band, Role};
pub use cube::{Cube, Scaling};
pub use date::{Date, DateRange};
pub use error::RasterError;
pub use grid::{Bounds, Crs, Grid};
pub use observation::{Observation, observations};
pub use qa::{Comparison, Condition, QaRule, Test};
pub use scene::Scene;
pub use seam::{Checkpoint, RasterReader, RasterSink, RasterSource};
pub use sensor::{MaskClass, Sensor};
pub use stored::Stored;
pub use view::View;
pub use warning::Warning;
pub use window::Window;
