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

    /// Parts of this window of at most `side` x `side` pixels, at most `most` a row and a column of them, spread evenly over it from
    /// north to south and west to east: all of it where that suffices, else a sample.
    ///
    /// Parts of a sample begin at multiples of `side` where there is room, so that each lies in one block of a tiled file.
    pub fn spread(self, side: usize, most: usize) -> Vec<Self> {
        let rows = spans(self.row, self.rows, side.max(1), most.max(1));
        let cols = spans(self.col, self.cols, side.max(1), most.max(1));
        let part = |&(row, rows): &(isize, usize), &(col, cols): &(isize, usize)| Self { row, col, rows, cols };
        rows.iter().flat_map(|row| cols.iter().map(move |col| part(row, col))).collect()
    }

    /// Parts of this window of its whole width and `rows` rows, the last of fewer, from north to south.
    pub fn strips(self, rows: usize) -> impl Iterator<Item = Self> {
        (0..self.rows).step_by(rows.max(1)).map(move |first| Self {
            row: self.row + first as isize,
            rows: rows.max(1).min(self.rows - first),
            ..self
        })
    }

    /// The parts of this window that lie in one block each of a grid that is cut into blocks of `rows` x `cols` pixels from its first
    /// on, from north to south and west to east.
    pub fn blocks(self, rows: usize, cols: usize) -> impl Iterator<Item = Self> {
        let spans = |first: isize, length: usize, size: usize| {
            let size = size.max(1) as isize;
            let (end, begin) = (first + length as isize, first.div_euclid(size));
            (begin..(end + size - 1).div_euclid(size)).map(move |i| {
                let (from, to) = ((i * size).max(first), ((i + 1) * size).min(end));
                (from, (to - from) as usize)
            })
        };
        let down = spans(self.row, self.rows, rows);
        down.flat_map(move |(row, rows)| spans(self.col, self.cols, cols).map(move |(col, cols)| Self { row, col, rows, cols }))
    }

    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.rows * self.cols
    }
}

/// Begin and length of the parts of an edge.
fn spans(first: isize, length: usize, side: usize, most: usize) -> Vec<(isize, usize)> {
    let parts = length.div_ceil(side).min(most);
    let cut = |i: usize| first + (length * i / parts) as isize;
    let part = |i: usize| {
        let (begin, end) = (cut(i), cut(i + 1));
        if length <= side * most {
            return (begin, (end - begin) as usize);
        }
        let middle = begin + (end - begin - side as isize) / 2;
        let even = middle.div_euclid(side as isize) * side as isize;
        (if even < begin { middle } else { even }, side)
    };
    (0..parts).map(part).collect()
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
    fn the_blocks_of_a_window_cover_it_once_and_cross_no_edge_of_a_block() {
        let window = Window { row: -3, col: 5, rows: 12, cols: 7 };
        for (rows, cols) in [(1, 100), (4, 3), (16, 16), (5, 1)] {
            let mut seen = vec![0; window.pixels()];
            for block in window.blocks(rows, cols) {
                let one = |first: isize, length: usize, size: usize| {
                    first.div_euclid(size as isize) == (first + length as isize - 1).div_euclid(size as isize)
                };
                assert!(one(block.row, block.rows, rows) && one(block.col, block.cols, cols), "{block:?} of {rows} x {cols}");
                for row in 0..block.rows {
                    let at = ((block.row - window.row) as usize + row) * window.cols + (block.col - window.col) as usize;
                    seen[at..at + block.cols].iter_mut().for_each(|count| *count += 1);
                }
            }
            assert!(seen.iter().all(|count| *count == 1), "{rows} x {cols}");
        }
    }

    #[test]
    fn the_strips_of_a_window_follow_one_another() {
        let window = Window { row: -3, col: 5, rows: 12, cols: 7 };
        let strips: Vec<(isize, usize)> = window.strips(5).map(|strip| (strip.row, strip.rows)).collect();
        assert_eq!(strips, [(-3, 5), (2, 5), (7, 2)]);
        assert_eq!(window.strips(0).count(), 12);
    }

    #[test]
    fn windows_that_only_touch_share_no_pixel() {
        let a = Window { row: 0, col: 0, rows: 2, cols: 2 };
        assert_eq!(a.intersect(Window { row: 2, ..a }), None);
    }

    #[test]
    fn a_small_window_is_spread_into_parts_that_cover_each_pixel_once() {
        let whole = Window { row: -3, col: 7, rows: 600, cols: 130 };
        let parts = whole.spread(256, 4);
        assert_eq!(parts.len(), 3);
        assert_eq!(parts.iter().map(|part| part.pixels()).sum::<usize>(), whole.pixels());
        assert!(parts.windows(2).all(|pair| pair[0].row + pair[0].rows as isize == pair[1].row));
        assert!(parts.iter().all(|part| part.intersect(whole) == Some(*part)));
    }

    #[test]
    fn a_large_window_is_sampled_in_parts_of_one_size_that_lie_apart() {
        let whole = Window { row: 100, col: 0, rows: 5000, cols: 10_980 };
        let parts = whole.spread(256, 4);
        assert_eq!(parts.len(), 16);
        for (i, part) in parts.iter().enumerate() {
            assert_eq!((part.rows, part.cols, part.row % 256, part.col % 256), (256, 256, 0, 0));
            assert_eq!(part.intersect(whole), Some(*part));
            assert!(parts[..i].iter().all(|other| other.intersect(*part).is_none()));
        }
    }
}
