use raster::{Grid, Window};

/// How a raster is cut: tiles of one size, and for a COG its overviews, each half as large as the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Side of a tile in pixels.
    pub(super) block: usize,
    /// Rows and columns of the raster and of each overview.
    pub(super) levels: Vec<(usize, usize)>,
}

impl Shape {
    /// The shape of a raster on a grid; overviews go on until one tile holds everything.
    pub(super) fn new(grid: &Grid, block: usize, overviews: bool) -> Self {
        let smaller = |(rows, cols): &(usize, usize)| {
            (overviews && (*rows).max(*cols) > block).then(|| (rows.div_ceil(2), cols.div_ceil(2)))
        };
        Self { block, levels: std::iter::successors(Some((grid.rows, grid.cols)), smaller).collect() }
    }

    /// Rows and columns of tiles at a level.
    pub(super) fn tiles(&self, level: usize) -> (usize, usize) {
        let (rows, cols) = self.levels[level];
        (rows.div_ceil(self.block), cols.div_ceil(self.block))
    }

    /// Whether a window of the raster is made of whole tiles.
    pub(super) fn is_tiled(&self, window: Window) -> bool {
        let (rows, cols) = self.levels[0];
        let ends = |first: isize, size: usize, all: usize| {
            first >= 0 && (first as usize).is_multiple_of(self.block) && {
                let end = first as usize + size;
                end == all || end < all && end.is_multiple_of(self.block)
            }
        };
        ends(window.row, window.rows, rows) && ends(window.col, window.cols, cols)
    }

    /// The tiles of a level that one tile of the next level is made of.
    pub(super) fn sources(&self, level: usize, (row, col): (usize, usize)) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (down, across) = self.tiles(level);
        let rows = 2 * row..(2 * row + 2).min(down);
        rows.flat_map(move |row| (2 * col..(2 * col + 2).min(across)).map(move |col| (row, col)))
    }
}
