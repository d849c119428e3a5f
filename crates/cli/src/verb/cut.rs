//! How a raster verb cuts its work.

use geoio::{GriddedImagery, Storage};
use pipeline::Budget;
use raster::{Grid, RasterSource as _, Role, Window};

use crate::fault::Fault;

/// Least side of a window in pixels: smaller ones cost more to hand over than they take.
const LEAST: usize = 512;

/// Largest side to which the inputs' blocks stretch a window.
const MOST: usize = 2048;

/// Least bytes of the raster library's cache.
const LEAST_CACHE: u64 = 8 << 20;

/// Windows of whole output tiles of side `block` that are worked on one at a time; the raster library's cache is bound to what they
/// need.
///
/// They hold whole blocks of the inputs where those are of a size to work on, so that a block is unpacked about once; where inputs
/// are stored in rows, windows are as wide as the grid.
pub(crate) fn windows(source: &GriddedImagery, roles: &[Role], block: usize, budget: &Budget) -> Result<Vec<Window>, Fault> {
    let storage = source.storage(roles.iter().map(|role| (0, role)))?;
    let windows = whole_tiles(source.grid(), block, storage);
    let largest = windows.iter().map(|window| window.pixels()).max().unwrap_or(0);
    let needed = (2 * budget.jobs() * largest * storage.bytes_a_pixel) as u64;
    geoio::open::bound_cache(needed.max(LEAST_CACHE).min(budget.cache_bytes()));
    Ok(windows)
}

fn whole_tiles(grid: &Grid, block: usize, storage: Storage) -> Vec<Window> {
    let side = |stored: usize| stored.clamp(LEAST, MOST).div_ceil(block) * block;
    let in_rows = storage.cols > MOST || storage.cols >= grid.cols;
    grid.tiles(side(storage.rows), if in_rows { grid.cols } else { side(storage.cols) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_whole_tiles_and_hold_whole_blocks() {
        let crs = raster::Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
        let grid = Grid { crs, west: 0.0, north: 0.0, step_x: 10.0, step_y: 10.0, rows: 3000, cols: 5000 };
        for (block, (rows, cols), expected) in [
            (512, (512, 512), (512, 512)),
            (256, (512, 512), (512, 512)),
            (512, (1024, 1024), (1024, 1024)),
            (512, (1, 5000), (512, 5000)),
            (96, (512, 512), (576, 576)),
            (1024, (256, 256), (1024, 1024)),
            (512, (5000, 5000), (2048, 5000)),
        ] {
            let windows = whole_tiles(&grid, block, Storage { rows, cols, bytes_a_pixel: 2, is_beside: false });
            assert_eq!((windows[0].rows, windows[0].cols), expected, "tiles of {block}, blocks of {rows} x {cols}");
            assert_eq!(windows.iter().map(|window| window.pixels()).sum::<usize>(), 15_000_000);
        }
    }
}
