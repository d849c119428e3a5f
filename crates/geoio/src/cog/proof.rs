//! What shows that a file of our own is complete: the library does not report every error of its last writes.

use std::path::Path;

use gdal::{Dataset, DatasetOptions, GdalOpenFlags, Metadata as _};
use raster::Grid;

use super::Pixel;
use crate::complaint;

/// Opens a file of our own making for reading.
pub(super) fn reopen(path: &Path) -> Result<Dataset, String> {
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_RASTER | GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&["GTiff"]),
        open_options: None,
        sibling_files: None,
    };
    complaint::watch(|| Dataset::open_ex(path, options))
}

/// Opens a packed file and checks its size, and that every block of every band is there, whole within the file.
pub(super) fn open_whole(path: &Path, grid: &Grid, bands: usize) -> Result<Dataset, String> {
    let packed = reopen(path)?;
    if packed.raster_size() != (grid.cols, grid.rows) || packed.raster_count() != bands {
        return Err("it reads back with another size".to_owned());
    }
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    for band in 1..=bands {
        let (width, height) = complaint::watch(|| packed.rasterband(band))?.block_size();
        for row in 0..grid.rows.div_ceil(height) {
            for col in 0..grid.cols.div_ceil(width) {
                match block_end(&packed, band, col, row) {
                    Some(end) if end <= length => {}
                    _ => return Err(format!("block {col}, {row} of band {band} is not in the file")),
                }
            }
        }
    }
    Ok(packed)
}

/// Where a block ends in the file; `None` where the file has no such block.
fn block_end(dataset: &Dataset, band: usize, col: usize, row: usize) -> Option<u64> {
    let band = dataset.rasterband(band).ok()?;
    let number = |what: &str| band.metadata_item(&format!("BLOCK_{what}_{col}_{row}"), "TIFF")?.parse::<u64>().ok();
    let size = number("SIZE").filter(|size| *size > 0)?;
    number("OFFSET")?.checked_add(size)
}

/// Unpacks the first and the last block of every band, where a broken start or end of the file shows.
pub(super) fn read_ends<T: Pixel>(packed: &Dataset) -> Result<(), String> {
    let (cols, rows) = packed.raster_size();
    for band in 1..=packed.raster_count() {
        complaint::watch(|| {
            let band = packed.rasterband(band)?;
            let (width, height) = band.block_size();
            band.read_block::<T>((0, 0))?;
            band.read_block::<T>(((cols - 1) / width, (rows - 1) / height))
        })?;
    }
    Ok(())
}
