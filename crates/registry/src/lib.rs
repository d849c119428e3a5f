//! What officials say: catalogues of registries, overlay of features on their records, and joins in time.
//!
//! This room works on values: it opens no file, starts no thread and reads no clock. Layers come in as [`alert::Layer`], already
//! in the coordinates of the features (longitude and latitude, or their plane) with every column as text, so that leading zeros of official codes stay. Shapes are handled by
//! [`Overlay`], which yields [`Link`]s; what records say of features is put beside them row by
//! row, sorted by explicit keys; totals by unit are tables and are done in polars, with integer sums, so that threads cannot
//! change a byte.

mod boxes;
mod catalogue;
mod coverage;
mod error;
mod join;
mod measure;
mod nearness;
mod overlay;
mod period;
mod rows;
mod shared;
mod source;
mod summary;
mod surface;
mod table;
mod wide;
mod zonal;

pub use catalogue::Catalogue;
pub use coverage::{CoveredRow, Zone, pixel_area};
pub use error::RegistryError;
pub use join::{Joined, long_table};
pub use measure::{AreaMeasure, straight_area};
pub use overlay::{Footprint, Link, Overlay};
pub use period::{Period, Periods};
pub use source::{Bound, CLASS_FIELDS, Join, Pixels, Privacy, RasterSource, RegistrySource, Title};
pub use summary::{AlertUnit, UnitTally, summary};
pub use wide::wide_columns;
pub use zonal::{ClassAreas, Statistics};
