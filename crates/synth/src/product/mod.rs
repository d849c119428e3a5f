//! Scenes of a landscape in the form in which providers deliver them, as texts and images that are yet to be written.

mod landsat;
mod sentinel2;

use ndarray::{Array2, ArrayView2};
use raster::Grid;

pub use landsat::landsat;
pub use sentinel2::{Baseline, sentinel2};

/// One image of a product.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Path within the product, with `/`.
    pub path: String,
    /// Its grid.
    pub grid: Grid,
    /// Stored numbers, shape (y, x).
    pub values: Array2<u16>,
    /// Whether they are stored in 8 bits.
    pub eight_bit: bool,
}

/// A product: a folder with these files.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Name of the folder.
    pub name: String,
    /// Texts by their path within the product.
    pub texts: Vec<(String, String)>,
    /// Images.
    pub images: Vec<Image>,
}

/// The grid whose pixels are `by` times as wide and high from the same corner; the last may reach beyond.
fn coarser(grid: &Grid, by: usize) -> Grid {
    let step = by as f64;
    Grid {
        step_x: grid.step_x * step,
        step_y: grid.step_y * step,
        rows: grid.rows.div_ceil(by),
        cols: grid.cols.div_ceil(by),
        ..grid.clone()
    }
}

/// The mean of each block of `by` x `by` numbers, rounded; 0 (no data) where one of them is.
fn block_means(values: ArrayView2<'_, u16>, by: usize) -> Array2<u16> {
    blocks(values, by, |block| {
        if block.iter().any(|v| *v == 0) {
            return 0;
        }
        let (sum, count) = (block.iter().map(|v| u64::from(*v)).sum::<u64>(), block.len() as u64);
        ((sum + count / 2) / count) as u16
    })
}

/// What `of` makes of each block of `by` x `by` numbers; blocks at the edges may be smaller.
fn blocks(values: ArrayView2<'_, u16>, by: usize, of: impl Fn(ArrayView2<'_, u16>) -> u16) -> Array2<u16> {
    let (rows, cols) = values.dim();
    Array2::from_shape_fn((rows.div_ceil(by), cols.div_ceil(by)), |(row, col)| {
        let (down, right) = (((row + 1) * by).min(rows), ((col + 1) * by).min(cols));
        of(values.slice(ndarray::s![row * by..down, col * by..right]))
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_block_mean_is_rounded_and_has_no_data_where_a_part_has_none() {
        let values = array![[1, 2, 0], [3, 5, 7], [9, 9, 4]];
        assert_eq!(block_means(values.view(), 2), array![[3, 0], [9, 4]]);
    }
}
