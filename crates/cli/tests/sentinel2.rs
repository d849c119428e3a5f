//! What is promised of Sentinel-2 products: the same ground gives the same map however it was delivered.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use geoio::RasterFile;
use serde_json::Value;
use support::region::Outputs;
use support::safe::Safe;
use support::{argument, atalaya, case, corpus, fail, scratch, succeed};

/// Reflectance of forest in parts of 10000, and its class.
fn forest(layer: &str) -> u16 {
    match layer {
        "B04" => 300,
        "SCL" => 4,
        _ => 3300,
    }
}

/// A shadow that the classification did not see.
fn shadow(layer: &str) -> u16 {
    match layer {
        "B04" => 250,
        "SCL" => 4,
        _ => 500,
    }
}

fn job(imagery: &str, grid: &str) -> String {
    format!(
        "[[imagery]]\nproduct = \"sentinel-2-l2a\"\npath = \"{imagery}\"\n{grid}\n[change]\nmethod = \"difference\"\nindex = \"NDVI\"\n\
         baseline = {{ from = \"2025-01-01\" }}\nmonitoring = {{ from = \"2025-07-01\" }}\n"
    )
}

fn run(folder: &Path, name: &str, text: &str) -> (Value, Outputs) {
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, text.replace("[change]", &format!("[output]\nfolder = \"{name}\"\n[change]"))).expect("a job");
    let told = succeed(["run", argument(&path), "--json", "-q"]);
    (serde_json::from_str(&told).expect("JSON"), Outputs::read(&folder.join(name)))
}

/// Values of the one band of a raster.
fn values(path: &Path) -> Vec<f64> {
    let file = RasterFile::open(path).expect("a raster");
    file.read_f64(1, file.grid().window()).expect("values").iter().copied().collect()
}

#[test]
fn one_ground_gives_one_map_from_both_baselines_from_folders_and_from_zips() {
    let scratch = scratch();
    let mut maps: Vec<BTreeMap<String, Vec<u8>>> = Vec::new();
    for (name, more) in [("old", vec!["--baseline", "02.14"]), ("new", vec![]), ("packed", vec!["--zip"])] {
        let folder = scratch.path().join(name);
        let size = ["synth", argument(&folder), "--size", "160", "--every", "8", "--product", "sentinel-2-l2a", "-q"];
        succeed(size.iter().copied().chain(more));
        succeed(["run", argument(&folder.join("job.toml")), "-q"]);
        let outputs = Outputs::read(&folder.join("out"));
        assert!(!outputs.alerts().is_empty(), "the ground has clearings");
        let what = ["change.tif", "days.tif", "magnitude.tif", "observations.tif", "summary.csv"];
        maps.push(what.iter().map(|file| ((*file).to_owned(), outputs.files[*file].clone())).collect());
    }
    for (file, bytes) in &maps[0] {
        assert!(maps[1][file] == *bytes, "{file}: an offset of -1000 changes nothing on the ground");
        assert!(maps[2][file] == *bytes, "{file}: a zip holds what its folder held");
    }
}

#[test]
fn the_offset_is_that_of_the_metadata_whatever_the_date_and_the_baseline_say() {
    let scratch = scratch();
    // Made anew: an old day with an offset. And a new baseline whose metadata give none.
    let anew = Safe { date: "2019-02-12", ..Safe::new("") };
    let bare = Safe { offset: None, ..Safe::new("2024-02-12") };
    for safe in [anew, bare] {
        let place = safe.write(scratch.path(), |layer, _, _| forest(layer));
        let out = scratch.path().join("ndvi.tif");
        succeed(["index", "NDVI", argument(&place), "-o", argument(&out), "--force", "-q"]);
        assert!(values(&out).iter().all(|v| (v - 3000.0 / 3600.0).abs() < 1e-7), "{}", safe.date);
    }
}

#[test]
fn no_data_and_saturated_numbers_are_no_reflectance_and_are_told_before_the_offset() {
    let scratch = scratch();
    let special = |layer: &str, row, col| match (layer, row, col) {
        ("B04", 0, 0) => 0,
        ("B08", 0, 1) => u16::MAX,
        _ => forest(layer),
    };
    let place = Safe::new("2025-02-12").write(scratch.path(), special);
    let out = scratch.path().join("ndvi.tif");
    succeed(["index", "NDVI", argument(&place), "-o", argument(&out), "-q"]);
    let values = values(&out);
    assert_eq!(values.iter().filter(|v| v.is_nan()).count(), 2);
    assert!(values[0].is_nan() && values[1].is_nan());
}

#[test]
fn bands_of_20_m_lie_on_the_grid_of_10_m() {
    let scratch = scratch();
    // The left half is bright in the narrow near infrared.
    let halves = |layer: &str, _, col| if layer == "B8A" && col < 30 { 6000 } else { forest(layer) };
    let place = Safe::new("2025-02-12").write(scratch.path(), halves);
    let out = scratch.path().join("b8a.tif");
    succeed(["index", "nir08 * 1", argument(&place), "-o", argument(&out), "-q"]);
    let values = values(&out);
    assert_eq!(values.len(), 60 * 60, "the finest band gives the grid");
    assert!((values[0] - 0.6).abs() < 1e-7 && (values[59] - 0.33).abs() < 1e-7);
    assert!((values[29] - 0.6).abs() < 1e-7 && (values[30] - 0.33).abs() < 1e-7, "a coarse pixel is four fine ones");
}

#[test]
fn an_index_of_the_wide_near_infrared_is_not_computed_from_the_narrow_one() {
    let scratch = scratch();
    let place = Safe::new("2025-02-12").write(scratch.path(), |layer, _, _| forest(layer));
    let wide = support::region::files(&place).into_keys().find(|path| argument(path).contains("_B08_")).expect("B08");
    fs::remove_file(place.join(wide)).expect("removed");
    let out = scratch.path().join("ndvi.tif");
    let told = fail(3, ["index", "NDVI", argument(&place), "-o", argument(&out)]);
    assert!(told.contains("NDVI needs the nir layer"), "{told}");
    assert!(!out.exists());
}

#[test]
fn of_two_versions_of_one_sensing_the_later_one_is_used() {
    let scratch = scratch();
    let days = ["2025-01-10", "2025-02-10", "2025-03-10", "2025-08-10"];
    let (once, twice) = (scratch.path().join("once"), scratch.path().join("twice"));
    for folder in [&once, &twice] {
        for date in days {
            Safe::new(date).write(folder, |layer, _, _| forest(layer));
        }
    }
    // The version made first shows a clearing that the later one does not.
    let early = Safe { made: "2025-09-01", baseline: "02.14", offset: None, ..Safe::new("2025-08-10") };
    early.write(&twice, |layer, _, _| shadow(layer));
    let (_, plain) = run(scratch.path(), "a", &job("once", ""));
    let (report, both) = run(scratch.path(), "b", &job("twice", ""));
    assert!(plain.alerts().is_empty());
    for file in ["change.tif", "observations.tif", "magnitude.tif"] {
        assert!(plain.files[file] == both.files[file], "{file}");
    }
    let warnings = report["warnings"].as_array().expect("warnings");
    let told = warnings.iter().find(|w| w["code"] == "scene_superseded").expect("it is told");
    assert_eq!(told["file"], early.id().as_str());
}

/// Tiles of two zones around 72 W, on the equator's side of 1 N, both with a dark square of 200 m on one ground.
fn two_zones(folder: &Path, second_day: &'static str, orbit: u32) {
    let east = |date, orbit| Safe { tile: "T19NBB", epsg: 32_619, corner: (165_730.0, 110_990.0), orbit, ..Safe::new(date) };
    let west = |date| Safe { tile: "T18NZG", epsg: 32_618, corner: (833_670.0, 110_990.0), ..Safe::new(date) };
    for date in ["2025-01-10", "2025-02-10", "2025-03-10", "2025-07-10"] {
        west(date).write(folder, |layer, _, _| forest(layer));
        east(date, 25).write(folder, |layer, _, _| forest(layer));
    }
    let dark = |layer: &str, row: usize, col: usize| {
        if (20..40).contains(&row) && (20..40).contains(&col) { shadow(layer) } else { forest(layer) }
    };
    west("2025-08-10").write(folder, dark);
    east(second_day, orbit).write(folder, dark);
}

#[test]
fn a_missed_shadow_in_the_overlap_of_two_zones_is_one_flag_and_no_confirmation() {
    let scratch = scratch();
    let grid = "[grid]\ncrs = \"EPSG:32618\"\nresolution = 10\n";
    two_zones(&scratch.path().join("one_pass"), "2025-08-10", 25);
    let (report, outputs) = run(scratch.path(), "a", &job("one_pass", grid));
    let alerts = outputs.alerts();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = &alerts.values().next().expect("one")["properties"];
    assert_eq!((alert["state"].as_str(), &alert["date_confirmed"]), (Some("provisional"), &Value::Null), "{alert}");
    assert_eq!(report["counts"]["observations"], 5, "two tiles of one pass are one look: {report}");

    // The same ground dark on two days is a change: the test would see a confirmation.
    two_zones(&scratch.path().join("two_passes"), "2025-08-13", 68);
    let (_, outputs) = run(scratch.path(), "b", &job("two_passes", grid));
    let confirmed = outputs.alerts().values().filter(|alert| alert["properties"]["state"] == "confirmed").count();
    assert_eq!(confirmed, 1);
}

/// What `scenes` says of a metadata file.
fn product(metadata: &Path) -> Value {
    let told = succeed(["scenes", argument(metadata), "--json"]);
    serde_json::from_str::<Value>(&told).expect("JSON")["product"].clone()
}

#[test]
fn real_metadata_say_what_the_authors_of_a_stac_catalogue_read_in_them() {
    let Some(folder) = case("sentinel2", "08_sentinel2_safe_metadata") else { return };
    let mut products = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let place = entry.expect("an entry").path();
        let expected: Value =
            serde_json::from_slice(&fs::read(place.join("expected_output.json")).expect("a file")).expect("JSON");
        let assets = expected["assets"].clone();
        let id = expected["id"].as_str().expect("an id").to_owned();
        let expected = &expected["properties"];
        let level_1 = expected["s2:product_type"] == "S2MSI1C";
        let got = product(&place.join(if level_1 { "MTD_MSIL1C.xml" } else { "MTD_MSIL2A.xml" }));
        let whole = |name: &str| got[name].as_str().expect("a text").to_owned();
        let satellite = format!("S{}", whole("platform").trim_start_matches("Sentinel-"));
        assert_eq!(format!("{satellite}_{}_{}_{}", whole("tile"), whole("strip_start"), whole("level")), id);
        assert_eq!(got["direction"], expected["sat:orbit_state"]);
        grids(&place, &whole("tile"), expected, &assets);
        let images: Vec<&str> = got["images"].as_array().expect("images").iter().filter_map(Value::as_str).collect();
        let named = assets.as_object().expect("assets").values().filter(|asset| asset.get("raster:bands").is_some());
        for asset in named {
            let file = asset["href"].as_str().expect("a path").trim_start_matches("./");
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            assert!(images.contains(&stem) || !file.contains("IMG_DATA"), "{file}");
            if asset["eo:bands"].as_array().is_some_and(|bands| bands.len() == 1) {
                let scale = asset["raster:bands"][0]["scale"].as_f64().expect("a scale");
                assert!((scale * got["quantification"].as_f64().expect("a number") - 1.0).abs() < 1e-12, "{file}");
            }
        }
        let text = |name: &str| expected[name].as_str().expect("a text").to_owned();
        assert_eq!(got["platform"].as_str().map(str::to_lowercase), Some(text("platform")));
        assert_eq!(got["baseline"], text("s2:processing_baseline").as_str());
        assert_eq!(got["generation"], text("s2:generation_time").as_str());
        assert_eq!(format!("{}.SAFE", got["id"].as_str().expect("an id")), text("s2:product_uri"));
        assert_eq!(got["orbit"], expected["sat:relative_orbit"]);
        assert_eq!(got["tile"].as_str().expect("a tile")[1..], text("grid:code")[5..]);
        let clock = got["second"].as_u64().expect("a clock");
        let clock = format!("{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
        assert!(text("datetime").starts_with(&format!("{}T{clock}", got["date"].as_str().expect("a date"))));
        assert_eq!(got["offsets"].as_object().map(serde_json::Map::len), Some(0), "before 04.00 there is no offset");
        assert_eq!((&got["nodata"], &got["saturated"]), (&Value::from(0.0), &Value::from(65535.0)));
        products += 1;
    }
    assert_eq!(products, 3);
}

/// System, sun, clouds, sizes and corners of a granule as its metadata say.
fn grids(place: &Path, tile: &str, expected: &Value, assets: &Value) {
    let granules = fs::read_dir(place.join("GRANULE")).expect("a folder");
    let granule = granules.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.is_dir()).expect("a granule");
    let told = succeed(["scenes", argument(&granule.join("MTD_TL.xml")), "--json"]);
    let got = serde_json::from_str::<Value>(&told).expect("JSON")["tile"].clone();
    assert!(got["id"].as_str().is_some_and(|id| id.contains(tile)));
    assert_eq!((&got["crs"], &got["id"]), (&expected["proj:code"], &expected["s2:tile_id"]));
    let near = |a: &Value, b: &Value| (a.as_f64().expect("a number") - b.as_f64().expect("a number")).abs() < 1e-9;
    assert!(
        near(&got["sun_elevation"], &expected["view:sun_elevation"]) && near(&got["sun_azimuth"], &expected["view:sun_azimuth"])
    );
    assert!(near(&got["cloud_percent"], &expected["eo:cloud_cover"]));
    for (name, metres) in [("red", 10), ("nir08", 20), ("coastal", 60)] {
        let grid = got["grids"].as_array().expect("grids").iter().find(|grid| grid["metres"] == metres).expect("a grid");
        let (shape, transform) = (&assets[name]["proj:shape"], &assets[name]["proj:transform"]);
        assert_eq!((&grid["rows"], &grid["cols"]), (&shape[0], &shape[1]), "{name}");
        assert!(near(&grid["west"], &transform[2]) && near(&grid["north"], &transform[5]), "{name}");
    }
}

#[test]
fn metadata_of_baseline_05_09_give_every_band_its_offset() {
    let Some(folder) = corpus("sentinel2", "safe_xml") else { return };
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let told: Value = serde_json::from_str(&succeed(["scenes", argument(&path), "--json"])).expect("JSON");
        if argument(&path).ends_with("MTD_MSIL2A.xml") {
            let product = &told["product"];
            assert_eq!((product["baseline"].as_str(), product["quantification"].as_f64()), (Some("05.09"), Some(10_000.0)));
            let offsets = product["offsets"].as_object().expect("offsets");
            assert!(offsets.len() == 13 && offsets.values().all(|offset| *offset == -1000.0), "{offsets:?}");
        } else {
            let checks = told["checks"].as_array().expect("checks");
            assert!(!checks.is_empty() && checks.iter().all(|check| check["status"] == "PASSED"), "{told}");
        }
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn an_archive_that_is_not_what_it_says_is_refused_before_anything_in_it_is_read() {
    let Some(folder) = corpus("sentinel2", "zip") else { return };
    let scratch = scratch();
    for (file, told) in [
        ("bomb_300mb.zip", "would unpack"),
        ("encrypted_flag.zip", "encrypted"),
        ("symlink.zip", "link"),
        ("traversal.zip", "outside"),
        ("truncated.zip", "zip"),
    ] {
        let path = folder.join(file);
        let error = fail(3, ["scenes", argument(&path)]);
        assert!(error.contains(file) && error.contains(told), "{error}");
        let out = scratch.path().join("a.tif");
        assert_eq!(atalaya(["index", "NDVI", argument(&path), "-o", argument(&out), "-q"]).status.code(), Some(3), "{file}");
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), 0, "{file}: nothing is written");
    }
}
