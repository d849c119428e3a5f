//! Lossless JPEG 2000, the form in which Sentinel-2 images are delivered.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use gdal::raster::{Buffer, GdalType, RasterCreationOptions};
use gdal::{Dataset, DriverManager};
use ndarray::ArrayView2;
use raster::Grid;

use crate::{GeoioError, Staged, complaint, crs, open};

/// Pixels a side of a tile, as in the providers' files.
const TILE: usize = 1024;

/// Files packed so far, for their names in memory.
static FILES: AtomicU32 = AtomicU32::new(0);

/// Writes one band of whole numbers, shape (y, x), as JPEG 2000 that gives back every number; replaces a file that is there.
///
/// # Errors
/// [`GeoioError::Write`], [`GeoioError::Encode`].
///
/// # Panics
/// Where the values have another shape than the grid.
pub fn write_jp2<T: GdalType + Copy>(path: &Path, grid: &Grid, values: ArrayView2<'_, T>) -> Result<(), GeoioError> {
    assert_eq!(values.dim(), (grid.rows, grid.cols), "values have the grid's shape");
    open::initialise(None);
    let out = Staged::new(path, true)?;
    let reference = crs::reference(&grid.crs)?;
    let tile = TILE.to_string();
    // Packed in memory: the format is told from the name's ending, and a file under way has another one.
    let memory = format!("/vsimem/atalaya-{}.jp2", FILES.fetch_add(1, Ordering::Relaxed));
    complaint::watch(|| {
        let size = (grid.cols, grid.rows);
        let mut plain = DriverManager::get_driver_by_name("MEM")?.create_with_band_type::<T, _>("", size.0, size.1, 1)?;
        plain.set_spatial_ref(&reference)?;
        plain.set_geo_transform(&grid.geo_transform())?;
        plain.rasterband(1)?.write((0, 0), size, &mut Buffer::new(size, values.iter().copied().collect()))?;
        let mut options = RasterCreationOptions::new();
        for (name, value) in [("REVERSIBLE", "YES"), ("QUALITY", "100"), ("BLOCKXSIZE", &tile), ("BLOCKYSIZE", &tile)] {
            options.set_name_value(name, value)?;
        }
        let packed: Dataset = plain.create_copy(&DriverManager::get_driver_by_name("JP2OpenJPEG")?, &memory, &options)?;
        packed.close()
    })
    .map_err(|reason| GeoioError::Encode { path: path.to_owned(), what: "JPEG 2000".to_owned(), reason })?;
    let bytes = gdal::vsi::get_vsi_mem_file_bytes_owned(&memory).map_err(|error| GeoioError::Encode {
        path: path.to_owned(),
        what: "JPEG 2000".to_owned(),
        reason: error.to_string(),
    })?;
    std::fs::write(out.partial(), bytes).map_err(|source| GeoioError::Write { path: path.to_owned(), source })?;
    out.commit()
}
