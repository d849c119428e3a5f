//! NetCDF, HDF5 and HDF4 files, with the numbers that are in them.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use geoio::RasterFile;
use libfuzzer_sys::fuzz_target;

/// Pixels that are read of one image.
const MOST_PIXELS: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        geoio::open::initialise(None);
        atalaya_fuzz::folder("cube")
    });
    // By its name a composite of MODIS, which is opened layer by layer.
    let path = atalaya_fuzz::file(folder, "MOD13Q1.A2023113.h11v09.061.2023131045600.hdf", bytes);
    if !geoio::is_cube(&path) {
        return;
    }
    read(&path);
    match geoio::find(&[geoio::product_at(&path)], Path::new("")) {
        Ok(found) => {
            for file in found.imagery.files() {
                assert_eq!(file, path, "what is read lies elsewhere");
            }
        }
        Err(error) => atalaya_fuzz::said(&error),
    }
    for layer in ["250m 16 days NDVI", "250m 16 days red reflectance", "ndvi"] {
        read(&PathBuf::from(format!("{}#{layer}", path.display())));
    }
});

/// Reads the last image of a file.
fn read(path: &Path) {
    match RasterFile::open(path) {
        Ok(file) if file.grid().window().pixels() <= MOST_PIXELS => {
            if let Err(error) = file.read(file.bands().len(), file.grid().window()) {
                atalaya_fuzz::said(&error);
            }
        }
        Ok(_) => {}
        Err(error) => atalaya_fuzz::said(&error),
    }
}
