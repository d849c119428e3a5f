//! Ground that is known everywhere, so that images of it can lie apart by any part of a pixel.

use std::path::Path;

use geoio::{RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};

/// Noise in [-1, 1) of a place, another for each seed (`SplitMix64`).
pub(crate) fn noise(seed: u64, row: i64, col: i64) -> f64 {
    let at = ((row as u64) << 32) ^ (col as u64 & 0xFFFF_FFFF);
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

/// Height of the ground at a place in metres south and east: lumps from 30 m on.
pub(crate) fn ground(seed: u64, south: f64, east: f64) -> f64 {
    let mut height = 0.0;
    for (octave, size) in [30.0, 70.0, 170.0, 410.0].into_iter().enumerate() {
        let (y, x) = (south / size, east / size);
        let (y0, x0) = (y.floor() as i64, x.floor() as i64);
        for i in -2..=3 {
            for j in -2..=3 {
                let (dy, dx) = (y - (y0 + i) as f64, x - (x0 + j) as f64);
                let bump = (-(dy * dy + dx * dx) / 0.8).exp();
                height += f64::sqrt(size) * bump * noise(seed + octave as u64, y0 + i, x0 + j);
            }
        }
    }
    height
}

/// A square grid near the equator.
pub(crate) fn grid(side: usize, step: f64, offset: (f64, f64)) -> Grid {
    let crs = geoio::crs::crs("EPSG:32618").expect("a zone");
    Grid { crs, west: 500_000.0 + offset.1, north: 400_000.0 - offset.0, step_x: step, step_y: step, rows: side, cols: side }
}

/// The ground as a grid of that place shows it, seen through `to`: metres south and east of the grid's own origin, to those shown.
pub(crate) fn seen(seed: u64, grid: &Grid, to: impl Fn(f64, f64) -> (f64, f64)) -> Array2<f32> {
    Array2::from_shape_fn((grid.rows, grid.cols), |(row, col)| {
        let south = 400_000.0 - grid.north + (row as f64 + 0.5) * grid.step_y;
        let east = grid.west - 500_000.0 + (col as f64 + 0.5) * grid.step_x;
        let (south, east) = to(south, east);
        ground(seed, south, east) as f32
    })
}

/// Writes a plane as a raster of f32 without "no data".
pub(crate) fn write(path: &Path, grid: &Grid, plane: &Array2<f32>) {
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&["height"]).nodata(f64::NAN) };
    let mut writer = RasterWriter::<f32>::create(path, grid, options, true).expect("a file");
    writer.write(0, grid.window(), plane.view()).expect("a band");
    writer.finish().expect("a file");
}
