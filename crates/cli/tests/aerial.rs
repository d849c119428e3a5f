//! Real pictures from the air (`scripts/aerial`): a piece of an orthomosaic of 10 cm of NEON's airborne camera, pines on white sand in
//! Florida, of which 255 in all bands is no data; and a part of a photograph of a DJI FC6310.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::{Array2, s};
use raster::{Grid, RasterSink as _};
use serde_json::{Value, json};
use support::{aerial, argument, fail, scratch, succeed};

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// The picture, under a name that holds a day (not its own, which the package does not tell).
fn mosaic(test: &str, folder: &Path) -> Option<PathBuf> {
    let path = folder.join("osbs_2018-09-21.tif");
    fs::copy(aerial(test)?.join("OSBS_029.tif"), &path).expect("copied");
    Some(path)
}

/// Means, counts of values and pixels (row, col) by spyndex 0.12.0 of what rasterio 1.4.4 reads, divided by 256, where its `dataset_mask` is not 0.
const INDICES: [(&str, f64, usize, [f64; 3]); 4] = [
    (
        "VARI",
        0.038_946_811_466_448_725,
        159_534,
        [-0.008_928_571_428_571_428, 0.036_842_105_263_157_89, -0.012_711_864_406_779_662],
    ),
    ("GLI", 0.042_713_501_297_017_09, 159_539, [0.034_666_666_666_666_665, 0.101_663_585_951_940_85, 0.059_154_929_577_464_786]),
    ("ExG", 0.108_688_647_446_705_82, 159_539, [0.101_562_5, 0.214_843_75, 0.164_062_5]),
    ("TGI", 6.118_488_881_441_215, 159_539, [6.289_062_5, 12.207_031_25, 10.136_718_75]),
];
const PIXELS: [[usize; 2]; 3] = [[20, 80], [150, 300], [300, 100]];

#[test]
fn indices_of_colour_are_those_of_spyndex_on_a_real_orthomosaic() {
    let scratch = scratch();
    let Some(image) = mosaic("indices_of_colour_are_those_of_spyndex_on_a_real_orthomosaic", scratch.path()) else { return };
    let out = scratch.path().join("indices.tif");
    succeed(["index", "VARI,GLI,ExG,TGI", argument(&image), "-o", argument(&out)]);
    let file = RasterFile::open(&out).expect("a raster");
    for ((name, mean, count, values), band) in INDICES.into_iter().zip(1..) {
        assert_eq!(file.bands()[band - 1].description, name);
        let plane = file.read(band, file.grid().window()).expect("values");
        let known: Vec<f64> = plane.iter().filter(|value| !value.is_nan()).map(|value| f64::from(*value)).collect();
        assert_eq!(known.len(), count, "{name}");
        let own = known.iter().sum::<f64>() / known.len() as f64;
        assert!((own - mean).abs() < 1e-6 * mean.abs().max(1.0), "{name}: mean {own}, spyndex {mean}");
        for (at, expected) in PIXELS.into_iter().zip(values) {
            assert!((f64::from(plane[at]) - expected).abs() < 1e-6 * expected.abs().max(1.0), "{name} at {at:?}: {}", plane[at]);
        }
    }
}

#[test]
fn a_real_orthomosaic_is_a_scene_and_what_needs_infrared_is_refused_with_the_fix() {
    let scratch = scratch();
    let name = "a_real_orthomosaic_is_a_scene_and_what_needs_infrared_is_refused_with_the_fix";
    let Some(image) = mosaic(name, scratch.path()) else { return };
    let told: Value = serde_json::from_str(&succeed(["scenes", argument(&image), "--json"])).expect("JSON");
    let text = told.to_string();
    assert!(text.contains("drone-rgb") && text.contains("2018-09-21") && text.contains("32617"), "{text}");
    let out = scratch.path().join("ndvi.tif");
    let told = fail(2, ["index", "NDVI", argument(&image), "-o", argument(&out)]);
    assert!(told.contains("NDVI says nothing there") && told.contains("VARI, GLI, ExG, TGI") && !out.exists(), "{told}");
}

#[test]
fn the_brightest_of_one_colour_is_ground_and_no_data_is_white_in_all_of_them() {
    let scratch = scratch();
    let name = "the_brightest_of_one_colour_is_ground_and_no_data_is_white_in_all_of_them";
    let Some(image) = mosaic(name, scratch.path()) else { return };
    let file = RasterFile::open(&image).expect("a picture");
    let bands: Vec<Array2<u8>> = (1..=3).map(|band| file.read_u8(band, file.grid().window()).expect("bytes")).collect();
    let is_white = |pixel: usize| bands.iter().all(|band| band.as_slice().expect("rows")[pixel] == 255);
    let bright = (0..160_000).filter(|pixel| bands.iter().any(|band| band.as_slice().expect("rows")[*pixel] == 255)).count();
    let white = (0..160_000).filter(|pixel| is_white(*pixel)).count();
    assert_eq!((bright, white), (2126, 461), "numpy's counts");
    let out = scratch.path().join("exg.tif");
    succeed(["index", "ExG", argument(&image), "-o", argument(&out)]);
    let exg = RasterFile::open(&out).expect("a raster").read(1, file.grid().window()).expect("values");
    assert!(exg.iter().enumerate().all(|(pixel, value)| value.is_nan() == is_white(pixel)));
}

/// A rectangle of the picture as an alert: rows and columns of its upper left and lower right corners.
fn alert(grid: &Grid, [top, left, bottom, right]: [f64; 4]) -> Value {
    let projection = geoio::crs::GridProjection::new(grid).expect("a projection");
    let corners = [(top, left), (bottom, left), (bottom, right), (top, right), (top, left)];
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = corners.iter().map(|(row, col)| grid.corner(*row, *col)).unzip();
    alert::Projection::to_lonlat(&projection, &mut x, &mut y).expect("degrees");
    let ring: Vec<[f64; 2]> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
    let feature = json!({
        "type": "Feature", "id": "crown", "properties": { "id": "crown" }, "geometry": { "type": "Polygon", "coordinates": [ring] }
    });
    json!({ "type": "FeatureCollection", "features": [feature] })
}

/// The crown of a pine, in the box that a person drew around it for deepforest (rows 69 to 117, columns 53 to 96). The one piece of
/// scikit-image 0.26.0's labels (8-connected) that meets the box and has 50 pixels or more: 765 of them, whose outline by rasterio 1.4.4
/// is 7.65438 m2 on the ellipsoid by pyproj 3.7.2.
#[test]
fn an_alert_over_a_real_crown_is_measured_as_by_scikit_image() {
    let scratch = scratch();
    let Some(image) = mosaic("an_alert_over_a_real_crown_is_measured_as_by_scikit_image", scratch.path()) else { return };
    let grid = RasterFile::open(&image).expect("a picture").grid().clone();
    let (alerts, out) = (scratch.path().join("alerts.geojson"), scratch.path().join("refined.geojson"));
    fs::write(&alerts, alert(&grid, [69.0, 53.0, 117.0, 96.0]).to_string()).expect("written");
    let own = ["refine", argument(&alerts), argument(&image), "--index", "ExG", "--above", "0.2", "--error", "0.2"];
    let more = ["--margin", "3", "--alert-pixel", "1", "--min-area-ha", "0.00005", "-o", argument(&out)];
    succeed([&own[..], &more].concat());
    let found = read(&out)["features"][0]["properties"].clone();
    let number = |key: &str| found[key].as_f64().expect("a number");
    assert!((number("refined_ha") * 1e4 - 7.654_382_8).abs() < 1e-4, "{found}");
    assert_eq!(found["result"], "refined", "{found}");
    assert!(number("covered_share") > 0.99, "{found}");
}

/// Means of blocks of 3 x 3 pixels, those of a block further south and east for the moving image.
#[test]
fn a_real_orthomosaic_that_lies_a_third_of_a_pixel_off_is_found_to_a_hundredth() {
    let scratch = scratch();
    let name = "a_real_orthomosaic_that_lies_a_third_of_a_pixel_off_is_found_to_a_hundredth";
    let Some(image) = mosaic(name, scratch.path()) else { return };
    let file = RasterFile::open(&image).expect("a picture");
    let fine = file.read_u8(2, file.grid().window()).expect("bytes");
    let coarse = |path: &Path, (row, col): (usize, usize)| {
        let grid = Grid { step_x: 0.3, step_y: 0.3, rows: 132, cols: 132, ..file.grid().clone() };
        let mean = Array2::from_shape_fn((132, 132), |(y, x)| {
            let block = fine.slice(s![3 * y + row..3 * y + row + 3, 3 * x + col..3 * x + col + 3]);
            block.iter().map(|number| f32::from(*number)).sum::<f32>() / 9.0
        });
        let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&["green"]) };
        let mut writer = RasterWriter::<f32>::create(path, &grid, options, true).expect("a raster");
        writer.write(0, grid.window(), mean.view()).expect("written");
        writer.finish().expect("finished");
    };
    let (moving, reference) = (scratch.path().join("moving.tif"), scratch.path().join("reference.tif"));
    coarse(&reference, (0, 0));
    coarse(&moving, (1, 2));
    let told: Value =
        serde_json::from_str(&succeed(["coregister", argument(&moving), argument(&reference), "--window", "64", "--json"]))
            .expect("JSON");
    let number = |name: &str| told["shift"][name].as_f64().expect("a number");
    let (rows, cols) = (number("rows_px") - 1.0 / 3.0, number("cols_px") - 2.0 / 3.0);
    assert!(rows.hypot(cols) < 0.01, "off by {rows} rows and {cols} columns: {told}");
}

#[test]
fn a_part_of_a_real_photograph_has_its_place_and_no_footprint() {
    let Some(folder) = aerial("a_part_of_a_real_photograph_has_its_place_and_no_footprint") else { return };
    let scratch = scratch();
    let (out, shown) = (scratch.path().join("photos.geojson"), scratch.path().join("footprints.geojson"));
    succeed(["photos", argument(&folder.join("DJI_0005.JPG")), "-o", argument(&out), "--footprints", argument(&shown)]);
    let photo = read(&out)["features"][0].clone();
    // GDAL's EXIF: 45 2 16.77 N, 94 20 55.53 W, 422.551 m; 1058 x 997 of the 5472 x 3078 that the camera's calibration tells.
    assert_eq!(photo["geometry"]["coordinates"], json!([-94.348_758_3, 45.037_991_7]));
    let of = |key: &str| photo["properties"][key].clone();
    assert_eq!((of("camera"), of("altitude_m"), of("height_m")), (json!("DJI FC6310"), json!(422.551), json!(61.1)));
    assert_eq!((of("taken_local"), of("taken_utc")), (json!("2020-06-04T22:10:30"), Value::Null));
    assert_eq!((of("heading_deg"), of("pitch_deg")), (json!(111.3), json!(-88.0)));
    assert_eq!(of("footprint"), "cut out of a larger photograph");
    assert_eq!(read(&shown)["features"][0]["geometry"], Value::Null);
}
