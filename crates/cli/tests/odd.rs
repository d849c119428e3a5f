//! Rasters that say too little of themselves, or something wrong.

mod support;

use std::path::Path;

use geoio::{Pixel, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::Value;
use support::{argument, atalaya, corpus, fail, scratch, succeed};

fn write<T: Pixel>(path: &Path, options: RasterOptions, value: impl Fn(usize, usize) -> T) {
    let crs = geoio::crs::crs("EPSG:32618").expect("a zone");
    let grid = Grid { crs, west: 500_000.0, north: 200_000.0, step_x: 10.0, step_y: 10.0, rows: 64, cols: 64 };
    let bands = options.descriptions.len();
    let mut writer = RasterWriter::<T>::create(path, &grid, options, true).expect("a file");
    for band in 0..bands {
        let plane = Array2::from_shape_fn((grid.rows, grid.cols), |(row, _)| value(band, row));
        writer.write(band, grid.window(), plane.view()).expect("a band");
    }
    writer.finish().expect("a file");
}

fn gtiff(options: RasterOptions) -> RasterOptions {
    RasterOptions { format: RasterFormat::Gtiff, ..options }
}

#[test]
fn bands_of_8_bits_need_a_scale_that_somebody_gives() {
    let scratch = scratch();
    let (quick, out) = (scratch.path().join("quick_20250101.tif"), scratch.path().join("o.tif"));
    write(&quick, gtiff(RasterOptions::codes(&["red", "nir"])), |band, _| [30u8, 200][band]);
    let told = fail(3, ["index", "NDVI", argument(&quick), "-o", argument(&out)]);
    assert!(told.contains("quick_20250101.tif") && told.contains("8 bits") && told.contains("--scale"), "{told}");
    let twice = ["difference", "--before", argument(&quick), "--after", argument(&quick), "--drop", "0.2", "-o", argument(&out)];
    assert!(fail(3, twice).contains("8 bits"));
    assert!(!out.exists());
    succeed(["index", "NDVI", argument(&quick), "--scale", "1", "-o", argument(&out), "-q"]);
    // In a job the file is left out, and nothing is left.
    let job = scratch.path().join("job.toml");
    let text = "[[imagery]]\nproduct = \"geotiff\"\npath = \"quick_*.tif\"\n[change]\nindex = \"NDVI\"\n\
                baseline = { from = \"2020-01-01\" }\nmonitoring = { from = \"2024-01-01\" }\n";
    std::fs::write(&job, text).expect("a job");
    for verb in ["check", "run"] {
        let told = fail(3, [verb, argument(&job), "-q"]);
        assert!(told.contains("quick_20250101.tif") && told.contains("8 bits"), "{told}");
    }
}

#[test]
fn an_index_in_8_bits_is_read_with_the_scale_of_its_job() {
    let scratch = scratch();
    let stack = scratch.path().join("ndvi.tif");
    write(&stack, gtiff(RasterOptions::codes(&["a", "b", "c", "d"])), |_, row| 100 + row as u8);
    std::fs::write(scratch.path().join("dates.csv"), "date\n2020-01-01\n2020-02-01\n2020-03-01\n2021-02-01\n").expect("dates");
    let job = scratch.path().join("job.toml");
    let text = |scale: &str| {
        format!(
            "[[imagery]]\nproduct = \"stack\"\nbands = {{ ndvi = \"ndvi.tif\" }}\ndates = \"dates.csv\"\n{scale}\n[change]\nindex = \"NDVI\"\n\
             baseline = {{ from = \"2020-01-01\" }}\nmonitoring = {{ from = \"2021-01-01\" }}\n"
        )
    };
    std::fs::write(&job, text("")).expect("a job");
    assert!(fail(3, ["check", argument(&job), "-q"]).contains("8 bits"));
    std::fs::write(&job, text("scale = 0.004")).expect("a job");
    succeed(["check", argument(&job), "-q"]);
}

#[test]
fn a_scale_of_nothing_and_bands_that_may_be_two_things_are_refused() {
    let scratch = scratch();
    let (file, out) = (scratch.path().join("a.tif"), scratch.path().join("o.tif"));
    let nothing = RasterOptions { scaling: Some((0.0, 0.0)), ..RasterOptions::values(&["red", "nir"]) };
    write(&file, gtiff(nothing), |band, _| [300u16, 3000][band]);
    let told = fail(3, ["index", "NDVI", argument(&file), "-o", argument(&out)]);
    assert!(told.contains("a.tif: its tags say scale 0"), "{told}");
    write(&file, gtiff(RasterOptions::values(&["B04", "B05"])), |band, _| [300u16, 3000][band]);
    let told = fail(3, ["index", "NDVI", argument(&file), "-o", argument(&out)]);
    assert!(told.contains("'B05', which is one band of Sentinel-2 and another of Landsat"), "{told}");
}

/// File, exit code, and the code of a warning or words of the error.
type Expected = (&'static str, i32, &'static str);

const NAMED: [Expected; 14] = [
    ("all_nodata.tif", 0, "nothing_clear"),
    ("band_order_bgr_no_names.tif", 3, "band 1 has no description"),
    ("custom_engineering_crs.tif", 3, "it is local"),
    ("dup_band_names.tif", 3, "two bands are called 'B04'"),
    ("epsg3857.tif", 0, "web_mercator"),
    ("geographic_4326.tif", 0, "unscaled"),
    ("int8_like.tif", 3, "8 bits"),
    ("micasense_5b_radiance_scaled.tif", 0, "scale_from_file"),
    ("missing_nir.tif", 3, "needs the nir layer"),
    ("no_crs.tif", 3, "no coordinate reference system"),
    ("nodata_minus9999_in_uint16.tif", 0, "impossible_nodata"),
    ("nodata_nan_float.tif", 0, ""),
    ("nodata_wrong_65535.tif", 0, "undeclared_fill"),
    ("scale_zero.tif", 3, "scale 0"),
];

const OF_ONE_BAND: [Expected; 13] = [
    ("alpha.tif", 0, "web_mercator"),
    ("cogeo.tif", 0, "web_mercator"),
    ("compdcs.vrt", 3, "cannot be opened"),
    ("float_raster_with_extra_nodata.tif", 0, ""),
    // Places by points of control only, and no place at all: refused as no_crs.tif is.
    ("gcp.tif", 3, "no coordinate reference system"),
    ("tinymarble.tif", 3, "no coordinate reference system"),
    ("no_band.h5", 3, "cannot be opened"),
    ("offset_scaled_tinymarble.tif", 0, ""),
    ("rgb-byte-tenth.tif", 0, ""),
    ("rotated.tif", 3, "no coordinate reference system"),
    ("sparse_200k_4band.tif", 3, "next to nothing of it was written"),
    ("white-gemini-iv.vrt", 3, "cannot be opened"),
    ("world.byte.tif", 0, ""),
];

#[test]
fn the_odd_rasters_of_the_corpus_come_out_as_it_says() {
    let Some(folder) = corpus("the_odd_rasters_of_the_corpus_come_out_as_it_says", "raster_odd") else { return };
    let named = NAMED.iter().map(|expected| (expected, true));
    for ((file, exit, word), is_named) in named.chain(OF_ONE_BAND.iter().map(|expected| (expected, false))) {
        let scratch = scratch();
        let (path, out) = (folder.join(file), scratch.path().join("o.tif"));
        let bands = format!("red={}:1", argument(&path));
        let what: Vec<&str> =
            if is_named { vec!["NDVI", argument(&path)] } else { vec!["R*1", "--bands", &bands, "--scale", "1"] };
        let output = atalaya(["index"].into_iter().chain(what).chain(["-o", argument(&out), "--json", "-q"]));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*exit), "{file}: {told}");
        if *exit == 0 {
            let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let warnings = report["warnings"].as_array().expect("warnings");
            let has = |warning: &Value| warning["code"] == *word && warning["message"].is_string();
            assert!(word.is_empty() || warnings.iter().any(has), "{file}: {report}");
        } else {
            assert!(told.contains(word) && told.contains(file), "{file}: {told}");
            assert!(std::fs::read_dir(scratch.path()).expect("a folder").next().is_none(), "{file}: nothing is written");
        }
    }
}
