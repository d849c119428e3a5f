use gdal::Dataset;
use gdal::raster::Buffer;
use ndarray::ArrayView2;
use raster::{Grid, Window};

use super::Pixel;
use crate::complaint;

/// Rows on their way into a tiled file.
///
/// They are kept until a whole row of tiles is there for every band; then each tile goes straight into the file, past the
/// library's block cache, in one order: tile row, band, column. So where a tile lies in the file depends neither on the
/// height of the caller's strips, nor on the cache, nor on threads.
#[derive(Debug)]
pub(super) struct Tiles<T> {
    dataset: Dataset,
    size: (usize, usize),
    block: usize,
    /// Rows of tiles that are in the file.
    done: usize,
    bands: Vec<Pending<T>>,
}

/// Rows of one band that wait for the rest of their tiles.
#[derive(Debug)]
struct Pending<T> {
    /// Rows that came so far.
    came: usize,
    /// Values of the rows after the last whole tile row.
    values: Vec<T>,
}

impl<T: Pixel> Tiles<T> {
    /// Takes a new dataset of `grid`'s size with square tiles of `block`.
    pub(super) fn new(dataset: Dataset, grid: &Grid, block: usize, bands: usize) -> Self {
        let bands = (0..bands).map(|_| Pending { came: 0, values: Vec::new() }).collect();
        Self { dataset, size: (grid.rows, grid.cols), block, done: 0, bands }
    }

    /// Takes the next rows of a band, from north to south, each as wide as the grid.
    pub(super) fn write(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<(), String> {
        let (rows, cols) = self.size;
        let Some(pending) = self.bands.get_mut(band) else { return Err(format!("there is no band {band}")) };
        let next = Window { row: pending.came as isize, col: 0, rows: window.rows, cols };
        if window != next || values.dim() != (window.rows, window.cols) || pending.came + window.rows > rows {
            let came = pending.came;
            return Err(format!("{:?} pixels for {window:?}, expected rows from {came} of {rows} x {cols}", values.dim()));
        }
        pending.came += window.rows;
        match values.as_slice() {
            Some(values) => pending.values.extend_from_slice(values),
            None => pending.values.extend(values.iter()),
        }
        self.hand_on()
    }

    /// Closes the file.
    pub(super) fn finish(self) -> Result<(), String> {
        if let Some(band) = self.bands.iter().position(|pending| pending.came != self.size.0) {
            return Err(format!("band {} got {} of {} rows", band + 1, self.bands[band].came, self.size.0));
        }
        close(self.dataset)
    }

    /// Hands on all rows of tiles that every band has.
    fn hand_on(&mut self) -> Result<(), String> {
        let (rows, cols) = self.size;
        let came = self.bands.iter().map(|pending| pending.came).min().unwrap_or(0);
        let whole = if came == rows { rows.div_ceil(self.block) } else { came / self.block };
        if whole == self.done {
            return Ok(());
        }
        for tile_row in self.done..whole {
            let (first, last) = (tile_row * self.block, rows.min((tile_row + 1) * self.block));
            for (band, pending) in self.bands.iter().enumerate() {
                let start = first - self.done * self.block;
                let values = &pending.values[start * cols..(start + last - first) * cols];
                self.write_row(band, tile_row, values)?;
            }
        }
        let handed = (rows.min(whole * self.block) - self.done * self.block) * cols;
        for pending in &mut self.bands {
            pending.values.drain(..handed);
        }
        self.done = whole;
        Ok(())
    }

    fn write_row(&self, band: usize, tile_row: usize, values: &[T]) -> Result<(), String> {
        let (block, cols) = (self.block, self.size.1);
        let mut numbers = Vec::with_capacity(block * block);
        for tile_col in 0..cols.div_ceil(block) {
            fill(&mut numbers, values, cols, block, tile_col);
            let mut tile = Buffer::new((block, block), numbers);
            complaint::watch(|| self.dataset.rasterband(band + 1)?.write_block((tile_col, tile_row), &mut tile))?;
            numbers = tile.into_shape_and_vec().1;
        }
        Ok(())
    }
}

/// One tile out of whole rows; what lies beyond the raster's edges repeats the last column and row, which packs best.
fn fill<T: Pixel>(tile: &mut Vec<T>, rows: &[T], cols: usize, block: usize, tile_col: usize) {
    tile.clear();
    let (first, last) = (tile_col * block, cols.min((tile_col + 1) * block));
    for row in rows.chunks_exact(cols) {
        tile.extend_from_slice(&row[first..last]);
        tile.resize(tile.len() + block - (last - first), row[last - 1]);
    }
    while tile.len() < block * block {
        tile.extend_from_within(tile.len() - block..);
    }
}

/// Closes a dataset; what it complains about while writing its last blocks is an error.
pub(super) fn close(dataset: Dataset) -> Result<(), String> {
    complaint::watch(|| dataset.close())
}
