//! Official layers as GeoJSON.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use geoio::layer::LayerOptions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        geoio::open::initialise(None);
        atalaya_fuzz::folder("geojson")
    });
    match geoio::layer::read(&atalaya_fuzz::file(folder, "layer.geojson", bytes), &LayerOptions::default()) {
        Ok(layer) => {
            let rows = layer.features.geometries.len();
            assert!(layer.features.columns.iter().all(|column| column.values.len() == rows), "columns of several lengths");
            assert_eq!(layer.boxes().len(), rows);
        }
        Err(error) => atalaya_fuzz::said(&error),
    }
});
