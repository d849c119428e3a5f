//! In and out: scenes, warping, layers and file formats.
//!
//! The only room that knows GDAL. It must never know what a change is or how an alert is found: it turns files into
//! [`raster::Cube`]s and [`alert::Features`], and arrays and tables into files that are complete or absent.

mod complaint;
pub mod crs;
mod error;
pub mod open;
mod staged;

pub use error::{GeoioError, Kind};
pub use staged::{Staged, sha256_file};
