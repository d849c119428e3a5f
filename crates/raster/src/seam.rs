use std::error::Error;

use ndarray::ArrayView2;

use crate::{Cube, Grid, Role, Scene, Window};

/// Scenes whose pixels can be read on one grid, each by any number of readers.
pub trait RasterSource: Sync {
    /// What reads; one a worker, since file handles are not shared.
    type Reader: RasterReader;

    /// The grid on which every read answers.
    fn grid(&self) -> &Grid;

    /// The scenes, described.
    fn scenes(&self) -> &[Scene];

    /// A new reader.
    ///
    /// # Errors
    /// Whatever keeps the implementation from opening its files.
    fn open(&self) -> Result<Self::Reader, <Self::Reader as RasterReader>::Error>;
}

/// Reads windows of scenes.
pub trait RasterReader {
    /// Why a read fails.
    type Error: Error + Send + Sync + 'static;

    /// The layers `roles` of one scene over a window of the grid: a cube with one time.
    ///
    /// Quality layers reach `margin` pixels further on each side, so that clouds outside can grow into the window.
    /// The window may reach over the grid's edges. Pixels outside the scene and nodata pixels are NaN; quality layers
    /// hold the sensor's fill code there and are never interpolated.
    ///
    /// # Errors
    /// A file that cannot be read, or a layer that the scene does not have. A damaged block is an error, never zeros.
    fn read(&mut self, scene: usize, roles: &[Role], window: Window, margin: usize) -> Result<Cube, Self::Error>;
}

/// Takes the rows of one raster layer from north to south.
pub trait RasterSink<T> {
    /// Why a write fails.
    type Error: Error + Send + Sync + 'static;

    /// Writes rows of one band (0 is the first); `values` has the shape (rows, cols) of the window.
    ///
    /// # Errors
    /// Whatever keeps the pixels from being stored.
    fn write(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<(), Self::Error>;

    /// Completes the raster; before it the target does not exist under its final name.
    ///
    /// # Errors
    /// Whatever keeps the raster from being completed; nothing is left under the final name then.
    fn finish(self) -> Result<(), Self::Error>;
}

/// Keeps what was worked out of each chunk of a run, so that a run that was stopped goes on where it was.
pub trait Checkpoint<T>: Sync {
    /// Why a result cannot be kept.
    type Error: Error + Send + Sync + 'static;

    /// What was kept of the chunk at a place; `None` where nothing was, or where it is not as it was kept.
    fn load(&self, place: usize) -> Option<T>;

    /// Keeps the result of the chunk at a place.
    ///
    /// # Errors
    /// Whatever keeps the result from being stored.
    fn keep(&self, place: usize, result: &T) -> Result<(), Self::Error>;
}
