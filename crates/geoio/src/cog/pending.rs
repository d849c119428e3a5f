use ndarray::{Array2, ArrayView2, s};
use raster::Window;

/// Pixels of one band and level that wait until their row of tiles is complete.
#[derive(Debug)]
pub(super) struct Pending<T> {
    size: (usize, usize),
    block: usize,
    /// The row of tiles that is being filled.
    tile_row: usize,
    /// Its pixels; empty before the first come.
    values: Array2<T>,
    came: usize,
}

/// A complete row of tiles: its window and pixels.
pub(super) type TileRow<T> = (Window, Array2<T>);

impl<T: Copy> Pending<T> {
    pub(super) fn new(size: (usize, usize), block: usize) -> Self {
        Self { size, block, tile_row: 0, values: Array2::from_shape_vec((0, 0), Vec::new()).expect("no pixels"), came: 0 }
    }

    /// Takes pixels of a window and gives the rows of tiles that are complete with them.
    ///
    /// Each pixel comes once, and no pixel of a row of tiles before the row above is complete.
    pub(super) fn paste(&mut self, window: Window, values: ArrayView2<'_, T>) -> Vec<TileRow<T>> {
        let mut complete = Vec::new();
        let mut done = 0;
        while done < window.rows {
            let row = self.row();
            let first = window.row as usize + done - row.row as usize;
            let rows = (row.rows - first).min(window.rows - done);
            let part = values.slice(s![done..done + rows, ..]);
            if self.values.is_empty() {
                self.values = Array2::from_elem((row.rows, row.cols), part[[0, 0]]);
            }
            let col = window.col as usize;
            self.values.slice_mut(s![first..first + rows, col..col + window.cols]).assign(&part);
            self.came += part.len();
            done += rows;
            if self.came == self.values.len() {
                complete.push((row, std::mem::replace(&mut self.values, Array2::from_elem((0, 0), part[[0, 0]]))));
                self.came = 0;
                self.tile_row += 1;
            }
        }
        complete
    }

    /// The window of the row of tiles that is being filled.
    fn row(&self) -> Window {
        let first = self.tile_row * self.block;
        Window { row: first as isize, col: 0, rows: self.block.min(self.size.0 - first), cols: self.size.1 }
    }
}
