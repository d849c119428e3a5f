//! Sentinel-2's metadata, alone and as a product's folder.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use geoio::{ImagerySpec, Sentinel2Spec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| atalaya_fuzz::folder("mtd"));
    let path = atalaya_fuzz::file(folder, "MTD_MSIL2A.xml", bytes);
    if let Err(error) = geoio::metadata_file(&path) {
        atalaya_fuzz::said(&error);
    }
    match geoio::find(&[ImagerySpec::Sentinel2L2A(Sentinel2Spec { path: folder.clone() })], Path::new("/")) {
        Ok(found) => found.skipped.iter().for_each(|skipped| atalaya_fuzz::said(&skipped.reason)),
        Err(error) => atalaya_fuzz::said(&error),
    }
});
