use std::error::Error;

use crate::Features;

/// From the coordinates of a grid to longitude and latitude on WGS 84.
pub trait Projection {
    /// Turns x and y (grid units) into longitude and latitude (degrees), in place.
    ///
    /// # Errors
    /// Coordinates outside the projection's domain.
    fn to_lonlat(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Writes a table of features in one format.
pub trait AlertSink {
    /// Why a write fails.
    type Error: Error + Send + Sync + 'static;

    /// Writes the whole table, also an empty one, so that it is complete or absent.
    ///
    /// # Errors
    /// Whatever keeps the output from being complete; nothing is left under its name then.
    fn write(&self, features: &Features) -> Result<(), Self::Error>;
}
