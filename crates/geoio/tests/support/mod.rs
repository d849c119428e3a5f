//! Small files in the providers' forms, and what is read of them.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod rasters;

use std::fs;
use std::path::{Path, PathBuf};

use gdal::Metadata as _;
use gdal::raster::{Buffer, ColorInterpretation, GdalType};
use geoio::{Found, GeoioError, GriddedImagery, ImagerySpec, Resampling, find};
use raster::{Cube, RasterReader as _, RasterSource as _, Role, Scene};

/// Folder of the reference data; `None` (and a line that says so) where it is absent.
pub(crate) fn case(test: &str, name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("cases").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no reference data at {}", folder.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

/// A `GeoTIFF` to be written.
pub(crate) struct Tiff<'a> {
    pub(crate) path: PathBuf,
    pub(crate) bands: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) step: f64,
    pub(crate) nodata: Option<f64>,
    pub(crate) scale: Option<f64>,
    pub(crate) tags: &'a [(&'a str, &'a str)],
    pub(crate) names: &'a [&'a str],
    pub(crate) colours: &'a [&'a str],
}

impl Tiff<'_> {
    /// One band of 4 x 5 pixels of 30 m in zone 18N.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            bands: 1,
            rows: 4,
            cols: 5,
            step: 30.0,
            nodata: None,
            scale: None,
            tags: &[],
            names: &[],
            colours: &[],
        }
    }

    /// Writes it; `value` gives the number of band (the first is 1), row and column.
    pub(crate) fn write<T: GdalType + Copy>(&self, value: impl Fn(usize, usize, usize) -> T) {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").expect("a driver");
        let mut dataset = driver.create_with_band_type::<T, _>(&self.path, self.cols, self.rows, self.bands).expect("a file");
        let transform = [500_000.0, self.step, 0.0, 400_020.0, 0.0, -self.step];
        dataset.set_geo_transform(&transform).expect("a place");
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(32_618).expect("a system")).expect("a system");
        for (key, text) in self.tags {
            dataset.set_metadata_item(key, text, "").expect("a tag");
        }
        for number in 1..=self.bands {
            let mut band = dataset.rasterband(number).expect("a band");
            band.set_no_data_value(self.nodata).expect("a number");
            if let Some(scale) = self.scale {
                band.set_scale(scale).expect("a scale");
            }
            if let Some(name) = self.names.get(number - 1) {
                band.set_description(name).expect("a name");
            }
            if let Some(colour) = self.colours.get(number - 1) {
                let colour = ColorInterpretation::from_name(colour).expect("a colour");
                band.set_color_interpretation(colour).expect("a colour");
            }
            let pixels = (0..self.rows * self.cols).map(|i| value(number, i / self.cols, i % self.cols)).collect();
            band.write((0, 0), (self.cols, self.rows), &mut Buffer::new((self.cols, self.rows), pixels)).expect("written");
        }
        dataset.close().expect("closed");
    }
}

pub(crate) fn spec(text: &str) -> ImagerySpec {
    serde_json::from_str(text).expect("a specification")
}

pub(crate) fn found(folder: &Path, text: &str) -> Found {
    find(&[spec(text)], folder).expect("scenes")
}

pub(crate) fn refused(folder: &Path, text: &str) -> GeoioError {
    find(&[spec(text)], folder).expect_err("nothing usable")
}

/// Layers of one scene on its own grid.
pub(crate) fn read(found: &Found, scene: usize, roles: &[Role]) -> Cube {
    let grid = found.imagery.scenes[scene].grid.clone();
    let gridded = GriddedImagery::new(found.imagery.clone(), grid.clone(), Resampling::Nearest);
    gridded.open().expect("a reader").read(scene, roles, grid.window(), 0).expect("values")
}

/// Values of a layer at a pixel, scaled.
pub(crate) fn value(found: &Found, scene: usize, role: &str, (row, col): (usize, usize)) -> f64 {
    let cube = read(found, scene, &[role.parse().expect("a role")]);
    cube.scaling[0].apply(cube.values[[0, 0, row, col]])
}

pub(crate) fn roles(scene: &Scene) -> Vec<String> {
    scene.layers.iter().map(|(role, _)| role.to_string()).collect()
}

pub(crate) fn near(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}
