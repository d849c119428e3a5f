//! Covered shares of pixels and their statistics beside those of exactextract 0.3.0.

use geo_types::{Geometry, polygon};
use raster::{Crs, Grid};
use registry::{Statistics, Zone};

/// `exact_extract(raster, polygon, ["coverage", "cell_id"])`: cell and share.
const COVERAGE: [(usize, f64); 26] = [
    (1, 1.040_067_15e-2),
    (6, 4.870_865_03e-3),
    (7, 5.958_166_72e-1),
    (8, 2.401_429_08e-4),
    (10, 2.741_857_9e-3),
    (11, 3.379_211_95e-2),
    (12, 1.465_671_66e-1),
    (13, 1.0),
    (14, 3.788_646_16e-1),
    (16, 7.757_007_48e-1),
    (17, 1.731_182_78e-1),
    (18, 3.505_472_54e-1),
    (19, 1.0),
    (20, 8.410_780_43e-1),
    (21, 9.976_054_43e-1),
    (22, 9.907_795_79e-1),
    (23, 3.180_107_47e-2),
    (24, 5.001_009_7e-1),
    (25, 9.952_691_79e-1),
    (26, 8.100_175_86e-1),
    (27, 9.917_751_55e-1),
    (28, 8.720_430_14e-1),
    (31, 4.098_371_04e-2),
    (32, 1.833_793_07e-1),
    (33, 3.305_057_59e-1),
    (34, 3.486_422_6e-1),
];

fn zone(grid: &Grid) -> Zone {
    let shape: Geometry<f64> = polygon!(
        exterior: [
            (x: 500_003.7, y: 499_951.3), (x: 500_047.2, y: 499_944.9), (x: 500_052.8, y: 499_982.1),
            (x: 500_028.4, y: 499_968.6), (x: 500_011.9, y: 499_991.5),
        ],
        interiors: [[(x: 500_020.0, y: 499_960.0), (x: 500_031.0, y: 499_955.5), (x: 500_027.3, y: 499_963.1)]],
    )
    .into();
    Zone::new(&shape, grid).expect("a zone")
}

fn grid() -> Grid {
    let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
    Grid { crs, west: 500_000.0, north: 500_000.0, step_x: 10.0, step_y: 10.0, rows: 6, cols: 6 }
}

#[test]
fn shares_of_pixels_are_those_of_exactextract() {
    let grid = grid();
    let mut got = [0.0; 36];
    zone(&grid).cover(&grid, grid.window(), &mut Vec::new(), |row| {
        got[row.row * 6 + row.col..][..row.shares.len()].copy_from_slice(row.shares);
    });
    // The other program says nothing of a pixel without a value.
    for (cell, share) in got.into_iter().enumerate().filter(|(cell, _)| *cell != 15) {
        let expected = COVERAGE.iter().find(|(number, _)| *number == cell).map_or(0.0, |(_, share)| *share);
        // The other program keeps shares in single precision.
        assert!((share - expected).abs() < 1e-6, "{cell}: {share} {expected}");
    }
}

#[test]
fn statistics_are_those_of_exactextract() {
    // Cells count from 0 to 35; number 15 has no value.
    let grid = grid();
    let values: Vec<f32> = (0..36_u8).map(|cell| if cell == 15 { f32::NAN } else { f32::from(cell) }).collect();
    let mut statistics = Statistics::default();
    for strip in grid.strips(4) {
        let mut part = Statistics::default();
        zone(&grid)
            .cover(&grid, strip, &mut Vec::new(), |row| part.add(row, &values[row.row * 6 + row.col..][..row.shares.len()]));
        statistics.merge(&part);
    }
    let mean = statistics.mean().expect("a mean");
    assert!((statistics.count / 12.406_641_470_719_478 - 1.0).abs() < 1e-6, "{statistics:?}");
    assert!((mean / 21.333_503_835_087_65 - 1.0).abs() < 1e-6, "{mean}");
    assert!((statistics.min, statistics.max) == (1.0, 34.0), "{statistics:?}");
}
