//! What is promised of jobs over sensors that see differently: radar in power, pictures, scenes without masks.

mod support;

use std::fs;
use std::path::Path;

use geoio::{RasterFile, RasterOptions, RasterWriter, crs};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::Value;
use support::{argument, case, fail, scratch, succeed};

const SIDE: usize = 64;

fn grid(step: f64) -> Grid {
    let crs = crs::crs("EPSG:32618").expect("a system");
    Grid { crs, west: 500_000.0, north: 400_000.0, step_x: step, step_y: step, rows: SIDE, cols: SIDE }
}

fn write(path: &Path, values: &Array2<f32>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let options = RasterOptions::values(&["value"]).nodata(f64::NAN);
    let mut writer = RasterWriter::<f32>::create(path, &grid(10.0), options, true).expect("a writer");
    writer.write(0, grid(10.0).window(), values.view()).expect("written");
    writer.finish().expect("finished");
}

/// Whether a pixel is cleared in the year of the monitoring: 20 x 20 of them.
fn is_cleared(row: usize, col: usize) -> bool {
    (20..40).contains(&row) && (22..42).contains(&col)
}

/// Numbers around 1 as four looks give them: means of four exponential variates of a fixed sequence.
fn speckle(state: &mut u64) -> f32 {
    let mut one = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = ((*state >> 33) as f64 + 0.5) / f64::from(1u32 << 31);
        -unit.ln()
    };
    ((one() + one() + one() + one()) / 4.0) as f32
}

/// A scene of the Planetary Computer's form; `day` in January, or in December of the year before, `orbit` the absolute one.
fn radar(folder: &Path, day: &str, orbit: u32, pass: &str, power: impl Fn(usize, usize) -> f32) {
    let id = format!("S1A_IW_GRDH_1SDV_{day}T103000_{day}T103025_{orbit:06}_05366A");
    let place = folder.join(&id);
    let mut state = u64::from(orbit) * 7919;
    let values = Array2::from_shape_fn((SIDE, SIDE), |(row, col)| power(row, col) * speckle(&mut state));
    write(&place.join("iw-vv.rtc.tif"), &values);
    let relative = (orbit - 73) % 175 + 1;
    let item = format!(
        r#"{{"type": "Feature", "id": "{id}_rtc", "properties": {{"sat:orbit_state": "{pass}", "sat:relative_orbit": {relative}}}}}"#
    );
    fs::write(place.join(format!("{id}_rtc.json")), item).expect("an item");
}

/// Twelve looks at forest, then four of which the clearing is dark.
fn series(folder: &Path) {
    for look in 0..16 {
        let day = raster::Date::from_days(18_993 + look * 12).to_string().replace('-', "");
        let orbit = 41_123 + 175 * look as u32;
        radar(folder, &day, orbit, "descending", |row, col| if look >= 12 && is_cleared(row, col) { 0.04 } else { 0.1 });
    }
}

fn job(folder: &Path, imagery: &str, more: &str) -> std::path::PathBuf {
    let path = folder.join("job.toml");
    let text = format!(
        "[[imagery]]\n{imagery}\n{more}\n[change]\nindex = {{ name = \"VV\", formula = \"VV * 1\" }}\nbaseline = {{ from = 2022-01-01, to = 2022-05-20 }}\n\
         monitoring = {{ from = 2022-05-21 }}\n[change.difference]\ndrop = 2.5\n[output]\nfolder = \"out\"\nquicklook = false\n"
    );
    fs::write(&path, text).expect("a job");
    path
}

/// Pixels of the change map that are wrong: flagged outside the clearing, or not flagged in it.
fn wrong_pixels(folder: &Path) -> usize {
    let file = RasterFile::open(&folder.join("out/change.tif")).expect("a map");
    let map = file.read_u8(1, file.grid().window()).expect("answers");
    map.indexed_iter().filter(|((row, col), answer)| matches!(**answer, 1 | 2) != is_cleared(*row, *col)).count()
}

#[test]
fn filters_of_speckle_find_the_clearing_that_noise_hides() {
    let scratch = scratch();
    let imagery = "product = \"sentinel-1-rtc\"\npath = \"s1\"\nunits = \"db\"";
    series(&scratch.path().join("s1"));
    let mut wrong = Vec::new();
    for more in ["", "[speckle]\nfilter = \"lee\"", "[speckle]\nfilter = \"quegan\""] {
        let path = job(scratch.path(), imagery, more);
        let told: Value = serde_json::from_str(&succeed(["run", argument(&path), "--json", "-q", "--force"])).expect("JSON");
        assert_eq!(told["counts"]["scenes"], 16, "{told}");
        wrong.push(wrong_pixels(scratch.path()));
    }
    // The clearing has 400 pixels, 80 of them at its edge.
    assert!(wrong[0] > 3 * wrong[1] && wrong[0] > 3 * wrong[2], "{wrong:?}");
    let record: Value = serde_json::from_slice(&fs::read(scratch.path().join("out/run.json")).expect("a record")).expect("JSON");
    assert!(record.to_string().contains("quegan"), "the filter is on record");
}

#[test]
fn radar_of_two_orbits_or_passes_is_refused_unless_the_job_chooses_or_says_that_it_knows() {
    let scratch = scratch();
    let folder = scratch.path().join("s1");
    series(&folder);
    radar(&folder, "20220301", 42_000, "ascending", |_, _| 0.1);
    let imagery = "product = \"sentinel-1-rtc\"\npath = \"s1\"\nunits = \"db\"";
    let path = job(scratch.path(), imagery, "");
    let told = fail(2, ["run", argument(&path), "-q"]);
    for part in ["sentinel-1-ascending orbit 103", "sentinel-1-descending orbit 101", "mix = [\"orbits\"]"] {
        assert!(told.contains(part), "{told}");
    }
    let path = job(scratch.path(), &format!("{imagery}\npass = \"descending\""), "");
    let chosen: Value = serde_json::from_str(&succeed(["run", argument(&path), "--json", "-q"])).expect("JSON");
    assert_eq!(chosen["counts"]["scenes"], 16);
    let text = fs::read_to_string(&path)
        .expect("a job")
        .replace("pass = \"descending\"", "")
        .replace("[change]\n", "[change]\nmix = [\"orbits\"]\n");
    fs::write(&path, text).expect("a job");
    let mixed: Value = serde_json::from_str(&succeed(["run", argument(&path), "--json", "-q", "--force"])).expect("JSON");
    assert_eq!(mixed["counts"]["scenes"], 17);
}

#[test]
fn a_filter_of_speckle_over_no_radar_is_refused() {
    let scratch = scratch();
    let options = || RasterOptions::values(&["red"]).nodata(f64::NAN);
    for day in ["20220301", "20220601"] {
        let path = scratch.path().join(format!("tif/{day}.tif"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let mut writer = RasterWriter::<f32>::create(&path, &grid(10.0), options(), true).expect("a writer");
        writer.write(0, grid(10.0).window(), Array2::from_elem((SIDE, SIDE), 0.1).view()).expect("written");
        writer.finish().expect("finished");
    }
    let path = job(scratch.path(), "product = \"generic\"\npath = \"tif\"", "[speckle]\nfilter = \"lee\"");
    let text = fs::read_to_string(&path).expect("a job").replace("VV * 1", "R * 1");
    fs::write(&path, text).expect("a job");
    let told = fail(2, ["run", argument(&path), "-q"]);
    assert!(told.contains("speckle") && told.contains("radar"), "{told}");
    // Another window than an odd one is refused too.
    let path = job(scratch.path(), "product = \"generic\"\npath = \"tif\"", "[speckle]\nfilter = \"lee\"\nwindow = 6");
    let text = fs::read_to_string(&path).expect("a job").replace("VV * 1", "R * 1");
    fs::write(&path, text).expect("a job");
    assert!(fail(2, ["run", argument(&path), "-q"]).contains("odd number"));
}

#[test]
fn a_picture_gives_indices_of_relative_brightness_and_no_other() {
    let Some(folder) = case("a_picture_gives_indices", "19_georeferencing") else { return };
    let scratch = scratch();
    let (picture, out) = (folder.join("RGB.byte.tif"), scratch.path().join("v.tif"));
    succeed(["index", "VARI,GLI,ExG,TGI", argument(&picture), "-o", argument(&out), "-q"]);
    let (file, stored) = (RasterFile::open(&out).expect("a raster"), RasterFile::open(&picture).expect("a raster"));
    let window = file.grid().window();
    let vari = file.read(1, window).expect("values");
    // Its nodata is 0: in all colours, for in one of them it is the darkest (`dataset_mask` of rasterio).
    let [red, green, blue] = [1, 2, 3].map(|band| stored.read_u8(band, window).expect("numbers"));
    let mut seen = 0;
    for (at, got) in vari.indexed_iter() {
        let (r, g, b) = (f64::from(red[at]), f64::from(green[at]), f64::from(blue[at]));
        let expected = (g - r) / (g + r - b);
        if !expected.is_finite() {
            assert!(got.is_nan(), "{at:?}: nothing is divided by 0, not by nearly 0 either: {got}");
            continue;
        }
        assert!((f64::from(*got) - expected).abs() < 1e-5 * expected.abs().max(1.0), "{at:?}: {got}, expected {expected}");
        seen += 1;
    }
    assert!(seen > 100_000, "{seen}");
    let told = fail(2, ["index", "NDVI", argument(&picture), "-o", argument(&out), "-q", "--force"]);
    assert!(told.contains("VARI, GLI, ExG, TGI") && told.contains("RGB.byte"), "{told}");
}

#[test]
fn a_scene_without_its_mask_is_left_out_of_a_run_unless_nothing_is_to_be_masked() {
    let Some(folder) = case("a_scene_without_its_mask", "11_landsat5_para_brazil") else { return };
    let scratch = scratch();
    let path = scratch.path().join("job.toml");
    let text = |mask: &str| {
        format!(
            "[[imagery]]\nproduct = \"landsat-l1\"\npath = \"{}\"\n{mask}[change]\nindex = \"NDVI\"\nbaseline = {{ from = 1988-01-01, to = 1988-08-13 }}\n\
             monitoring = {{ from = 1988-08-14 }}\n",
            argument(&folder)
        )
    };
    fs::write(&path, text("")).expect("a job");
    let told = fail(3, ["run", argument(&path), "-q"]);
    assert!(told.contains("no layer qa") && told.contains("[mask] classes = []"), "{told}");
    fs::write(&path, text("[mask]\nclasses = []\n")).expect("a job");
    let told = fail(3, ["run", argument(&path), "-q"]);
    assert!(!told.contains("no layer qa"), "it goes on, and wants a baseline: {told}");
}

#[test]
fn every_sensor_is_listed_with_what_a_job_calls_it() {
    let told: Value = serde_json::from_str(&succeed(["sensors", "--json"])).expect("JSON");
    let products: std::collections::BTreeSet<&str> =
        told["sensors"].as_array().expect("sensors").iter().filter_map(|sensor| sensor["product"].as_str()).collect();
    let expected = [
        "geotiff",
        "hls",
        "landsat-c2-l2",
        "landsat-l1",
        "modis-13q1",
        "orthomosaic",
        "planetscope",
        "sentinel-1-rtc",
        "sentinel-2-l1c",
        "sentinel-2-l2a",
    ];
    assert_eq!(products.into_iter().collect::<Vec<_>>(), expected);
    let schema = succeed(["schema", "job"]);
    assert!(expected.iter().all(|product| schema.contains(&format!("\"{product}\""))));
}

#[test]
fn real_images_of_modis_on_their_own_sinusoidal_grid_become_alerts_in_their_place() {
    let Some(case) =
        case("real_images_of_modis_on_their_own_sinusoidal_grid_become_alerts_in_their_place", "06_crop_classification_sits")
    else {
        return;
    };
    let scratch = scratch();
    let stack = case.join("sinop_mod13q1_ndvi_west.tif");
    let days: Vec<String> =
        RasterFile::open(&stack).expect("a stack").bands().iter().map(|band| band.description.clone()).collect();
    fs::write(scratch.path().join("dates.csv"), format!("date\n{}\n", days.join("\n"))).expect("a table");
    let job = scratch.path().join("job.toml");
    let text = format!(
        "[[imagery]]\nproduct = \"stack\"\nbands = {{ ndvi = \"{}\" }}\ndates = \"dates.csv\"\nscale = 0.0001\n[change]\n\
         index = \"NDVI\"\nbaseline = {{ from = 2013-09-01, to = 2013-12-31 }}\nmonitoring = {{ from = 2014-01-01 }}\n",
        stack.display()
    );
    fs::write(&job, text).expect("a job");
    let told: Value = serde_json::from_str(&succeed(["run", argument(&job), "--json", "-q"])).expect("JSON");
    assert!(told["counts"]["alerts"].as_u64().is_some_and(|alerts| alerts > 10), "harvests are falls: {told}");
    let alerts: Value =
        serde_json::from_slice(&fs::read(scratch.path().join("out/alerts.geojson")).expect("alerts")).expect("JSON");
    for alert in alerts["features"].as_array().expect("features") {
        let at = |name: &str| alert["properties"][name].as_f64().expect("a number");
        assert!((-55.81..-55.47).contains(&at("lon")) && (-11.81..-11.49).contains(&at("lat")), "{alert}");
        // A pixel is 231.656 m wide and high.
        let pixels = at("area_ha") / (231.656_358_f64.powi(2) / 1e4);
        assert!(pixels > 0.9, "{pixels} pixels");
    }
}
