//! Landsat's metadata in its three writings (the first byte chooses), in a folder that holds the files they name.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use geoio::{ImagerySpec, LandsatSpec, RasterOptions, RasterWriter};
use libfuzzer_sys::fuzz_target;
use ndarray::Array2;
use raster::{Crs, Grid, RasterSink as _};

const ENDINGS: [&str; 3] = ["txt", "xml", "json"];

/// A folder with two bands and a quality layer.
fn scene() -> PathBuf {
    geoio::open::initialise(None);
    let folder = atalaya_fuzz::folder("mtl");
    let crs: Crs = geoio::crs::crs("EPSG:32618").expect("a system");
    let grid = Grid { crs, west: 300_000.0, north: 100_000.0, step_x: 30.0, step_y: 30.0, rows: 4, cols: 4 };
    for name in ["b4.tif", "b5.tif", "qa.tif"] {
        let mut writer =
            RasterWriter::<u16>::create(&folder.join(name), &grid, RasterOptions::codes(&["x"]), true).expect("a raster");
        writer.write(0, grid.window(), Array2::<u16>::zeros((4, 4)).view()).expect("rows");
        writer.finish().expect("a raster");
    }
    folder
}

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(scene);
    let Some((choice, text)) = bytes.split_first() else { return };
    let path = atalaya_fuzz::file(folder, &format!("x_MTL.{}", ENDINGS[usize::from(*choice) % ENDINGS.len()]), text);
    match geoio::find(&[ImagerySpec::LandsatC2L2(LandsatSpec { path: folder.clone() })], Path::new("/")) {
        Ok(found) => found.skipped.iter().for_each(|skipped| atalaya_fuzz::said(&skipped.reason)),
        Err(error) => atalaya_fuzz::said(&error),
    }
    std::fs::remove_file(path).expect("the file is there");
});
