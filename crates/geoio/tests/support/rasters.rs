//! Rasters made here.

use std::path::{Path, PathBuf};

use geoio::{ImagerySpec, RasterOptions, RasterWriter, crs};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};

pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let place = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if place.is_dir() {
        return Some(place);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no reference data at {}", place.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

pub(crate) fn utm(rows: usize, cols: usize) -> Grid {
    let crs = crs::crs("EPSG:32618").expect("a system");
    Grid { crs, west: 500_000.0, north: 400_000.0, step_x: 10.0, step_y: 10.0, rows, cols }
}

/// Numbers that differ from pixel to pixel and hardly pack.
pub(crate) fn noise(rows: usize, cols: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, cols), |(y, x)| ((y * 7919 + x * 104_729) % 9973) as f32 / 7.0)
}

pub(crate) fn options() -> RasterOptions {
    RasterOptions::values(&["red"]).nodata(f64::NAN)
}

pub(crate) fn write(path: &Path, grid: &Grid, values: &Array2<f32>, options: RasterOptions) {
    let mut writer = RasterWriter::<f32>::create(path, grid, options, true).expect("a writer");
    for strip in grid.strips(100) {
        let rows = strip.row as usize..strip.row as usize + strip.rows;
        writer.write(0, strip, values.slice(ndarray::s![rows, ..])).expect("written");
    }
    writer.finish().expect("finished");
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn spec(text: &str) -> ImagerySpec {
    serde_json::from_str(text).expect("a specification")
}

pub(crate) fn same(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}
