//! How a raster verb cuts its work.

use geoio::GriddedImagery;
use raster::{Grid, RasterSource as _, Role, Window};

use crate::fault::Fault;

/// Least side of a window in pixels: smaller ones cost more to hand over than they take.
const LEAST: usize = 512;

/// Largest side to which the inputs' blocks stretch a window.
const MOST: usize = 2048;

/// Windows of whole output tiles of side `block` that are worked on one at a time.
///
/// They hold whole blocks of the inputs where those are of a size to work on, so that a block is unpacked about once; where inputs
/// are stored in rows, windows are as wide as the grid.
pub(crate) fn windows(source: &GriddedImagery, roles: &[Role], block: usize) -> Result<Vec<Window>, Fault> {
    Ok(whole_tiles(source.grid(), block, source.block(0, roles)?))
}

fn whole_tiles(grid: &Grid, block: usize, stored: (usize, usize)) -> Vec<Window> {
    let side = |stored: usize| stored.clamp(LEAST, MOST).div_ceil(block) * block;
    let (rows, cols) = (side(stored.0), side(stored.1));
    let in_rows = stored.1 > MOST || stored.1 >= grid.cols;
    grid.tiles(rows, if in_rows { grid.cols } else { cols }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_whole_tiles_and_hold_whole_blocks() {
        let crs = raster::Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
        let grid = Grid { crs, west: 0.0, north: 0.0, step_x: 10.0, step_y: 10.0, rows: 3000, cols: 5000 };
        for (block, stored, expected) in [
            (512, (512, 512), (512, 512)),
            (256, (512, 512), (512, 512)),
            (512, (1024, 1024), (1024, 1024)),
            (512, (1, 5000), (512, 5000)),
            (96, (512, 512), (576, 576)),
            (1024, (256, 256), (1024, 1024)),
            (512, (5000, 5000), (2048, 5000)),
        ] {
            let windows = whole_tiles(&grid, block, stored);
            assert_eq!((windows[0].rows, windows[0].cols), expected, "{block} {stored:?}");
            assert_eq!(windows.iter().map(|window| window.pixels()).sum::<usize>(), 15_000_000);
        }
    }
}
