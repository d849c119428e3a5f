//! How the series of a grid are cut.

use geoio::Storage;
use pipeline::Budget;
use raster::{Grid, Window};

use crate::fault::Fault;

/// Pixels whose series are read together, about.
const TOGETHER: usize = 1 << 16;

/// Pixels that a detector is given at once: what it finds of them stays in the processor's caches.
const AT_ONCE: usize = 1 << 13;

/// Bytes of a pixel that is packed: all bands, as they are found and as they are written.
const PACKED: usize = 128;

/// As many threads as can each hold a block of all bands, packed and unpacked, in half of the memory.
///
/// # Errors
/// [`Fault::usage`] where not even one can.
pub(super) fn threads(budget: &Budget, storage: Storage) -> Result<Budget, Fault> {
    let Storage { rows, cols, bytes_a_pixel, is_beside } = storage;
    let block = if is_beside { (rows * cols * bytes_a_pixel * 3 / 2) as u64 } else { 0 };
    if block > budget.chunk_bytes() {
        let told = format!(
            "--memory {} MiB is too little for images stored in blocks of {rows} x {cols} pixels of all dates: give at least {} MiB, or \
             tile them smaller",
            budget.bytes() >> 20,
            (2 * block).div_ceil(1 << 20)
        );
        return Err(Fault::usage(told));
    }
    let most = usize::try_from(budget.chunk_bytes() / block.max(1)).unwrap_or(usize::MAX);
    Ok(Budget::new(budget.jobs().min(most), budget.bytes()))
}

/// Windows of the output, and the parts of each that are looked at one after another.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) windows: Vec<Window>,
    /// Bytes that a window takes until it is written, at the most, so that as many as fit may be under way.
    pub(super) bytes: u64,
    /// Rows and columns of a part.
    pub(super) part: (usize, usize),
    /// Rows of a part that are read at once.
    rows: usize,
}

/// What a pixel takes where a method goes on from a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateBytes {
    /// While it is worked on.
    pub(super) at_work: usize,
    /// Packed, until it is written, about.
    pub(super) packed: usize,
    /// Of all strips that wait for the rest of their row of tiles.
    pub(super) waiting: usize,
}

impl Cut {
    /// Cuts a grid for an output in tiles of side `block`, within the memory; the series of a pixel take so many bytes.
    ///
    /// Windows are whole tiles, which are packed on every thread, or, where these are too few or too large on a narrow grid, strips.
    /// Parts are whole blocks of the inputs where they fit, for each is unpacked anew for every part; where a block holds all bands,
    /// parts are strips of it, one after another. Half of the memory is for windows, half for the part of each thread.
    pub(super) fn new(grid: &Grid, block: usize, storage: Storage, bytes_a_pixel: usize, budget: &Budget) -> Self {
        let half = budget.chunk_bytes() as usize / 2;
        let windows = windows(grid, block, half / under_way(budget) / PACKED, budget);
        let (wide, most) =
            (windows.first().map_or(1, |window| window.cols).max(1), (half / budget.jobs() / bytes_a_pixel).max(1));
        let cols = blocks(storage.cols, TOGETHER / storage.rows, wide).min(most);
        let rows = blocks(storage.rows, TOGETHER / cols, block).min((most / cols).max(1));
        let at_once = if storage.is_beside { (AT_ONCE / cols).clamp(1, rows) } else { rows };
        Self { bytes: 2 * bytes(&windows, PACKED), windows, part: (rows, cols), rows: at_once }
    }

    /// As [`Cut::new`], for what goes on from a state in tiles of side `tile`; so many bytes of strips wait for the rest of their row of tiles.
    ///
    /// Parts are whole rows of the state's tiles in a window, where windows are whole tiles of the output; else each window is one part.
    pub(super) fn whole(grid: &Grid, (block, tile): (usize, usize), bytes: &StateBytes, budget: &Budget) -> Self {
        let all = budget.chunk_bytes() as usize;
        let parts = budget.jobs() * tile * block.min(grid.cols) * bytes.at_work;
        let tiles: Vec<Window> = grid.tiles(block, block).collect();
        let window = self::bytes(&tiles, PACKED + bytes.packed) as usize;
        if tiles.len() > 1 && parts <= all / 3 * 2 && window <= all / 3 {
            // Higher parts where memory is left, for blocks of the inputs may be higher than the state's.
            let left = all.saturating_sub(under_way(budget) * window);
            let rows = tile * (left / parts).clamp(1, block.div_ceil(tile));
            let under_way = ((all - parts * (rows / tile)) / window).max(1);
            return Self { bytes: (all / under_way) as u64, windows: tiles, part: (rows, block), rows };
        }
        let each = PACKED + bytes.at_work;
        let mut windows = windows(grid, block, (all - bytes.waiting.min(all / 4 * 3)) / under_way(budget) / each, budget);
        // Strips that are no whole rows of tiles unpack each tile several times: rather fewer are under way.
        let strip = windows.first().filter(|first| first.cols == grid.cols).map_or(0, |first| first.rows);
        let rows = strip.max(tile) / tile * tile;
        if strip > 0 && strip < grid.rows && rows * grid.cols * each <= all {
            windows = grid.strips(rows).collect();
        }
        Self { bytes: self::bytes(&windows, each), windows, part: (grid.rows, grid.cols), rows: grid.rows }
    }

    /// The parts of a window, to be read one after another.
    pub(super) fn parts(&self, window: Window) -> impl Iterator<Item = Window> {
        let rows = self.rows;
        window.blocks(self.part.0, self.part.1).flat_map(move |block| block.strips(rows))
    }
}

/// The strips of a part that a detector is given one after another.
pub(super) fn at_once(part: Window) -> impl Iterator<Item = Window> {
    part.strips(AT_ONCE / part.cols.max(1))
}

/// Windows under way: each thread has one, another waits for it and the last is written.
fn under_way(budget: &Budget) -> usize {
    2 * budget.jobs() + 1
}

/// Bytes of the largest window.
fn bytes(windows: &[Window], a_pixel: usize) -> u64 {
    (windows.iter().map(|window| window.pixels()).max().unwrap_or(0) * a_pixel) as u64
}

/// Whole tiles; where these are too few for the threads, or larger than `most` pixels, strips of a narrow grid.
fn windows(grid: &Grid, block: usize, most: usize, budget: &Budget) -> Vec<Window> {
    let tiles: Vec<Window> = grid.tiles(block, block).collect();
    if grid.cols > 2 * block || tiles.len() >= 2 * budget.jobs() && block * block <= most {
        return tiles;
    }
    let rows = (most / grid.cols).min(grid.rows.div_ceil(4 * budget.jobs())).clamp(1, block);
    grid.strips(rows).collect()
}

/// As many whole blocks of a length as do not exceed `most`, at least one, and no more than `all`.
fn blocks(length: usize, most: usize, all: usize) -> usize {
    ((most / length).max(1) * length).min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: usize, cols: usize) -> Grid {
        let crs = raster::Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
        Grid { crs, west: 0.0, north: 0.0, step_x: 10.0, step_y: 10.0, rows, cols }
    }

    #[test]
    fn parts_are_whole_blocks_of_the_inputs_and_cover_each_pixel_once() {
        let budget = Budget::new(2, 2 << 30);
        for (size, (rows, cols), window, part) in [
            ((1000, 1000), (256, 256), (512, 512), (256, 256)),
            ((1000, 1000), (1, 1000), (512, 512), (128, 512)),
            ((1000, 1000), (512, 512), (512, 512), (512, 512)),
            ((300, 400), (256, 256), (38, 400), (38, 256)),
            ((3000, 5000), (64, 64), (512, 512), (128, 512)),
        ] {
            let grid = grid(size.0, size.1);
            let storage = Storage { rows, cols, bytes_a_pixel: 240, is_beside: false };
            let cut = Cut::new(&grid, 512, storage, 480, &budget);
            let first = cut.windows[0];
            let one = cut.parts(first).next().expect("a part");
            assert_eq!(((first.rows, first.cols), (one.rows, one.cols)), (window, part), "blocks of {rows} x {cols}");
            let pixels: usize = cut.windows.iter().flat_map(|window| cut.parts(*window)).map(Window::pixels).sum();
            assert_eq!(pixels, grid.rows * grid.cols);
        }
    }

    #[test]
    fn no_more_threads_than_blocks_that_memory_holds() {
        let of = |rows, is_beside| Storage { rows, cols: 1024, bytes_a_pixel: 240, is_beside };
        let threads = |bytes, storage| threads(&Budget::new(4, bytes), storage).map(|budget| budget.jobs()).ok();
        assert_eq!(threads(2 << 30, of(1024, true)), Some(2));
        assert_eq!(threads(2 << 30, of(64, true)), Some(4));
        assert_eq!(threads(512 << 20, of(1024, true)), None);
        assert_eq!(threads(512 << 20, of(1024, false)), Some(4));
    }

    #[test]
    fn little_memory_makes_windows_and_parts_small() {
        let storage = Storage { rows: 256, cols: 256, bytes_a_pixel: 240, is_beside: false };
        for (bytes, jobs) in [(256 << 20, 2), (512 << 20, 2), (64 << 20, 8)] {
            let budget = Budget::new(jobs, bytes);
            let cut = Cut::new(&grid(1000, 1000), 512, storage, 480, &budget);
            assert!(cut.bytes * under_way(&budget) as u64 <= budget.chunk_bytes(), "{bytes} bytes: {cut:?}");
            let whole = Cut::whole(&grid(1000, 1000), (512, 128), &of_state(736), &budget);
            assert!(whole.bytes <= budget.chunk_bytes(), "{bytes} bytes: {whole:?}");
            let parts = cut.part.0 * cut.part.1 * 480 * jobs;
            assert!(parts as u64 <= budget.chunk_bytes() / 2, "{bytes} bytes: {cut:?}");
        }
    }

    fn of_state(at_work: usize) -> StateBytes {
        StateBytes { at_work, packed: 100, waiting: 1 << 20 }
    }

    #[test]
    fn what_goes_on_from_a_state_is_cut_into_whole_rows_of_its_tiles_where_memory_allows() {
        let cut = |cols, bytes| Cut::whole(&grid(1000, cols), (512, 128), &of_state(1200), &Budget::new(2, bytes));
        for (cols, bytes) in [(1000, 512 << 20), (3000, 512 << 20), (3000, 1 << 30)] {
            let cut = cut(cols, bytes);
            let parts: Vec<Window> = cut.windows.iter().flat_map(|window| cut.parts(*window)).collect();
            assert!(
                parts.iter().all(|part| part.row % 128 == 0 && part.pixels() as u64 * 2400 <= bytes / 3),
                "{cols} {bytes}: {parts:?}"
            );
            assert_eq!(parts.iter().map(|part| part.pixels()).sum::<usize>(), 1000 * cols);
        }
        assert!(cut(1000, 128 << 20).windows[0].rows < 128, "strips are the last resort");
    }
}
