/// A rectangle of pixels on a grid, which may reach over the grid's edges (a margin around a strip).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// First row; 0 is the grid's northernmost, negative lies north of the grid.
    pub row: isize,
    /// First column; 0 is the grid's westernmost, negative lies west of the grid.
    pub col: isize,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
}

impl Window {
    /// This window with `margin` more pixels on each side.
    pub fn grow(self, margin: usize) -> Self {
        let m = margin as isize;
        Self { row: self.row - m, col: self.col - m, rows: self.rows + 2 * margin, cols: self.cols + 2 * margin }
    }

    /// The pixels that lie in both windows; `None` where there are none.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let (row, col) = (self.row.max(other.row), self.col.max(other.col));
        let end_row = (self.row + self.rows as isize).min(other.row + other.rows as isize);
        let end_col = (self.col + self.cols as isize).min(other.col + other.cols as isize);
        (row < end_row && col < end_col).then(|| Self {
            row,
            col,
            rows: (end_row - row) as usize,
            cols: (end_col - col) as usize,
        })
    }

    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.rows * self.cols
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_then_cutting_gives_the_window_back() {
        let inner = Window { row: 3, col: 4, rows: 5, cols: 6 };
        assert_eq!(inner.grow(7).intersect(inner), Some(inner));
    }

    #[test]
    fn windows_that_only_touch_share_no_pixel() {
        let a = Window { row: 0, col: 0, rows: 2, cols: 2 };
        assert_eq!(a.intersect(Window { row: 2, ..a }), None);
    }
}
