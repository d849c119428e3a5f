//! What shows that a file of our own is complete: the library does not report every error of its last writes.

use std::path::Path;

use gdal::{Dataset, DatasetOptions, GdalOpenFlags, Metadata as _};
use ndarray::ArrayView2;
use raster::{Grid, Window};

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

/// Of each band, the sum of the marks of its pixels, for comparing what was written with what reads back.
#[derive(Debug)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    pub(super) fn new(bands: usize) -> Self {
        Self(vec![0; bands])
    }

    /// Adds the marks of a window's pixels: a sum that does not depend on the order of windows.
    pub(super) fn add<T: Pixel>(&mut self, band: usize, grid: &Grid, window: Window, values: ArrayView2<'_, T>) {
        for (row, line) in values.rows().into_iter().enumerate() {
            let first = (window.row as usize + row) * grid.cols + window.col as usize;
            for (col, value) in line.iter().enumerate() {
                self.0[band] = self.0[band].wrapping_add(mark((first + col) as u64, value.bits()));
            }
        }
    }

    /// Reads all of a file and compares.
    pub(super) fn compare<T: Pixel>(&self, packed: &Dataset, grid: &Grid, rows: usize) -> Result<(), String> {
        let mut read = Self::new(self.0.len());
        for band in 0..self.0.len() {
            for strip in grid.strips(rows) {
                let size = (strip.cols, strip.rows);
                let place = (strip.col, strip.row);
                let buffer = complaint::watch(|| packed.rasterband(band + 1)?.read_as::<T>(place, size, size, None))?;
                let values = ArrayView2::from_shape((strip.rows, strip.cols), buffer.data());
                read.add(band, grid, strip, values.map_err(|error| error.to_string())?);
            }
        }
        match self.0.iter().zip(&read.0).position(|(written, read)| written != read) {
            Some(band) => Err(format!("band {} reads back differently", band + 1)),
            None => Ok(()),
        }
    }
}

/// A number that changes with the pixel's place and bits (the mixing of splitmix64).
fn mark(place: u64, bits: u64) -> u64 {
    let mut z = (bits ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
