use ndarray::Array2;
use raster::{Grid, Window};

use crate::raster_file::Void;
use crate::regrid::{Layer, Regrid};
use crate::{GeoioError, RasterFile, Resampling};

/// Reads one band of any raster file on a grid; one a worker.
#[derive(Debug)]
pub struct PlaneOnGrid {
    file: RasterFile,
    layer: Layer,
    regrid: Regrid,
}

impl PlaneOnGrid {
    /// A band (1 is the first) of a file on a grid.
    ///
    /// # Errors
    /// [`GeoioError::MissingLayer`].
    pub fn new(file: RasterFile, band: usize, grid: &Grid, resampling: Resampling) -> Result<Self, GeoioError> {
        let info = band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: file.path().to_owned(),
            layer: format!("band {band}"),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        let layer = Layer { band, void: Void::nodata(info.nodata), resampling };
        Ok(Self { layer, regrid: Regrid::new(grid.clone()), file })
    }

    /// Values over a window of the grid, shape (rows, cols); NaN = nodata or outside the file.
    ///
    /// # Errors
    /// [`GeoioError::Read`], [`GeoioError::Transform`], [`GeoioError::Gdal`].
    pub fn read(&mut self, window: Window) -> Result<Array2<f32>, GeoioError> {
        self.regrid.read(&self.file, self.layer, window)
    }
}
