//! Several sources on one timeline: methods of several roles in a run, sensors brought to one another, looks masked by codes.

mod support;

use std::fs;
use std::path::Path;

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Crs, Date, Grid, RasterSink as _};
use serde_json::Value;
use support::{argument, atalaya, case, fail, scratch, succeed};

const ROWS: usize = 24;
const COLS: usize = 30;

fn grid() -> Grid {
    let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
    let crs = geoio::crs::crs("EPSG:32618").unwrap_or(crs);
    Grid { crs, west: 500_000.0, north: 200_000.0, step_x: 30.0, step_y: 30.0, rows: ROWS, cols: COLS }
}

/// Days from one on, each 16 days after the last.
fn days(first: &str, looks: usize) -> Vec<Date> {
    let first: Date = first.parse().expect("a day");
    (0..looks as i32).map(|look| Date::from_days(first.days() + 16 * look)).collect()
}

/// Noise of a pixel, the same in each run, about -1 to 1.
fn noise(row: usize, col: usize, day: Date, salt: f64) -> f64 {
    let angle = row as f64 * 12.9898 + col as f64 * 78.233 + f64::from(day.days()) * 3.7191 + salt;
    2.0 * (angle.sin() * 43_758.545).fract().abs() - 1.0
}

/// Writes a stack of values, one band a day, and its table of dates.
fn write(folder: &Path, name: &str, dates: &[Date], value: impl Fn(usize, usize, Date) -> f64) {
    let lines: Vec<String> = dates.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    let table = name.split('_').next().expect("a name");
    fs::write(folder.join(format!("{table}.csv")), format!("date\n{text}\n")).expect("a table");
    let names: Vec<String> = dates.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&names).nodata(f64::NAN) };
    let path = folder.join(format!("{name}.tif"));
    let mut file = RasterWriter::<f32>::create(&path, &grid(), options, true).expect("a raster");
    for (band, day) in dates.iter().enumerate() {
        let image = Array2::from_shape_fn((ROWS, COLS), |(row, col)| value(row, col, *day) as f32);
        file.write(band, grid().window(), image.view()).expect("written");
    }
    file.finish().expect("finished");
}

/// A run of a job in a folder, which may leave scenes out; its `run.json`.
fn run(folder: &Path, job: &str) -> Value {
    let path = folder.join("job.toml");
    fs::write(&path, job).expect("a job");
    let output = atalaya(["run", argument(&path), "--force"]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&fs::read_to_string(folder.join("out/run.json")).expect("run.json")).expect("JSON")
}

/// Red and near infrared of OLI over a forest that does not change, and what ETM+ measures of the same by the lines of Roy et al.
fn forest(folder: &Path) {
    let red = |row, col, day| 0.03 + 0.0004 * noise(row, col, day, 0.0);
    let nir = |row, col, day| 0.3 + 0.002 * noise(row, col, day, 1.0);
    let (before, after) = (days("2020-01-05", 40), days("2022-01-05", 12));
    write(folder, "oli_red", &before, red);
    write(folder, "oli_nir", &before, nir);
    write(folder, "etm_red", &after, |row, col, day| (red(row, col, day) + 0.0022) / 0.9825);
    write(folder, "etm_nir", &after, |row, col, day| (nir(row, col, day) + 0.0021) / 1.0073);
}

fn two_sensors(harmonise: &str, platform: &str) -> String {
    format!(
        r#"{harmonise}
[[imagery]]
product = "stack"
bands = {{ red = "oli_red.tif", nir08 = "oli_nir.tif" }}
dates = "oli.csv"
sensor = "landsat-oli"
platform = "LANDSAT_8"
scale = 1

[[imagery]]
product = "stack"
bands = {{ red = "etm_red.tif", nir08 = "etm_nir.tif" }}
dates = "etm.csv"
sensor = "landsat-etm"
platform = "{platform}"
scale = 1

[guard]
enabled = false

[change]
index = "NDVI"
baseline = {{ from = 2020-01-01, to = 2021-12-31 }}
monitoring = {{ from = 2022-01-01 }}

[change.difference]
drop = 0.008
k = 0
"#
    )
}

fn changed(run: &Value) -> u64 {
    run["counts"]["answers"]["confirmed"]["pixels"].as_u64().expect("a count")
}

#[test]
fn a_change_of_sensor_is_no_change_of_the_ground_once_they_are_harmonised() {
    let scratch = scratch();
    let folder = scratch.path();
    forest(folder);
    let own = run(folder, &two_sensors("", "LANDSAT_7"));
    let all = (ROWS * COLS) as u64;
    assert_eq!(changed(&own), all, "NDVI of ETM+ lies 0.015 below that of OLI");
    assert_eq!(own["harmonised"], Value::Array(Vec::new()));
    let brought = run(folder, &two_sensors("[harmonise]\nto = \"landsat-oli\"", "LANDSAT_7"));
    assert_eq!(changed(&brought), 0);
    let told = &brought["harmonised"][0];
    assert_eq!((&told["from"], &told["scenes"]), (&Value::from("landsat-etm"), &Value::from(12)));
    assert_eq!(told["bands"]["red"], serde_json::json!([0.9825, -0.0022]));
    assert!(told["citation"].as_str().is_some_and(|text| text.contains("Roy")), "{told}");
}

#[test]
fn coefficients_that_nobody_published_are_refused() {
    let scratch = scratch();
    let folder = scratch.path();
    forest(folder);
    let job = folder.join("job.toml");
    let refused = |text: String, words: &[&str]| {
        fs::write(&job, text).expect("a job");
        let told = fail(2, ["run", argument(&job), "--force"]);
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    };
    let to_oli = "[harmonise]\nto = \"landsat-oli\"";
    refused(two_sensors("[harmonise]\nto = \"landsat-tm\"", "LANDSAT_7"), &["landsat-tm", "landsat-etm of LANDSAT_7"]);
    refused(two_sensors(to_oli, "LANDSAT_5"), &["etm_", "LANDSAT_5", "no coefficients"]);
    refused(two_sensors(to_oli, "LANDSAT_7").replace("nir08", "nir"), &["nir of LANDSAT_7", "N2"]);
    refused(two_sensors("[harmonise]\nto = \"landsat-oli\"\nregression = \"theil\"", "LANDSAT_7"), &["theil"]);
}

#[test]
fn the_coefficients_are_listed_with_their_source() {
    let told: Value = serde_json::from_str(&succeed(["sensors", "--json"])).expect("JSON");
    let all = told["harmonisation"].as_array().expect("a list");
    assert!(all.iter().all(|lines| lines["citation"].as_str().is_some_and(|text| text.contains("doi.org"))));
    assert!(succeed(["sensors"]).contains("swir22=1.003-0.0012"));
}

/// A forest of which the western half is cleared on a day, seen by an optical sensor and by radar.
#[test]
fn bayts_takes_optical_and_radar_scenes_of_their_own_days() {
    let scratch = scratch();
    let folder = scratch.path();
    let cleared: Date = "2022-03-01".parse().expect("a day");
    let is_cleared = |col: usize, day: Date| col < COLS / 2 && day >= cleared;
    let optical = [days("2020-01-05", 40), days("2022-01-05", 12)].concat();
    write(folder, "ndvi_ndvi", &optical, |row, col, day| {
        let clear = noise(row, col, day, 5.0) > -0.6 || day < cleared;
        let value = if is_cleared(col, day) { 0.4 } else { 0.85 };
        if clear { value + 0.05 * noise(row, col, day, 2.0) } else { f64::NAN }
    });
    let radar = days("2021-10-01", 24);
    write(folder, "vv_vv", &radar, |row, col, day| {
        (if is_cleared(col, day) { -11.5 } else { -7.0 }) + 0.7 * noise(row, col, day, 3.0)
    });
    let job = r#"
[[imagery]]
product = "stack"
bands = { ndvi = "ndvi_ndvi.tif" }
dates = "ndvi.csv"
sensor = "optical"
scale = 1

[[imagery]]
product = "stack"
bands = { vv = "vv_vv.tif" }
dates = "vv.csv"
sensor = "radar"
scale = 1

[change]
index = "NDVI"
method = "bayts"
baseline = { from = 2020-01-01, to = 2021-12-31 }
monitoring = { from = 2022-01-01 }

[change.bayts]
ndvi = [0.85, 0.075, 0.4, 0.125]
vv = [-7, 0.75, -11.5, 1]
"#;
    let told = run(folder, job);
    assert_eq!(changed(&told), (ROWS * COLS / 2) as u64);
    assert_eq!(told["series"], serde_json::json!(["ndvi", "vv"]));
    let first = RasterFile::open(&folder.join("out/days.tif")).expect("days").read(2, grid().window()).expect("a band");
    let next = *radar.iter().chain(&optical).filter(|day| **day >= cleared).min().expect("a look");
    assert_eq!(first[[0, 0]] as i32, next.days(), "dated by the first look of either sensor");
    let alone = job.replace("vv = [-7, 0.75, -11.5, 1]", "");
    let told = run(folder, &alone);
    assert_eq!((&told["series"], told["scenes_skipped"].as_array().map(Vec::len)), (&serde_json::json!(["ndvi"]), Some(24)));
    let path = folder.join("job.toml");
    fs::write(&path, job.replace("vv = [", "vh = [")).expect("a job");
    assert!(fail(2, ["run", argument(&path), "--force"]).contains("vh"));
}

/// The same forest and clearing, the whole scene brighter and darker with the season.
#[test]
fn a_run_takes_the_percentile_of_whole_scenes_off_as_detect_does() {
    let scratch = scratch();
    let folder = scratch.path();
    let cleared: Date = "2022-03-01".parse().expect("a day");
    let season = |day: Date| 0.15 * (f64::from(day.days()) * std::f64::consts::TAU / 365.25).sin();
    let is_cleared = |col: usize, day: Date| col < COLS / 3 && day >= cleared;
    let optical = [days("2020-01-05", 40), days("2022-01-05", 12)].concat();
    write(folder, "ndvi_ndvi", &optical, |row, col, day| {
        let value = if is_cleared(col, day) { 0.35 } else { 0.75 };
        let seen = noise(row, col, day, 5.0) > -0.6;
        if seen { value + season(day) + 0.05 * noise(row, col, day, 2.0) } else { f64::NAN }
    });
    let radar = days("2021-10-01", 24);
    write(folder, "vv_vv", &radar, |row, col, day| {
        (if is_cleared(col, day) { -11.5 } else { -7.0 }) + 8.0 * season(day) + 0.7 * noise(row, col, day, 3.0)
    });
    let job = r#"
[[imagery]]
product = "stack"
bands = { ndvi = "ndvi_ndvi.tif" }
dates = "ndvi.csv"
sensor = "optical"
scale = 1

[[imagery]]
product = "stack"
bands = { vv = "vv_vv.tif" }
dates = "vv.csv"
sensor = "radar"
scale = 1

[change]
index = "NDVI"
method = "bayts"
baseline = { from = 2020-01-01, to = 2021-12-31 }
monitoring = { from = 2022-01-01 }

[change.bayts]
percentile = 0.95
ndvi = [-0.05, 0.05, -0.4, 0.1]
vv = [-0.6, 0.75, -5, 1]
"#;
    let told = run(folder, job);
    assert_eq!(changed(&told), (ROWS * COLS / 3) as u64, "the season is no clearing");
    let at = |name: &str| folder.join(name).display().to_string();
    let (ndvi, vv) = (format!("ndvi={}", at("ndvi_ndvi.tif")), format!("vv={}", at("vv_vv.tif")));
    let (dates, out) = (format!("ndvi={},vv={}", at("ndvi.csv"), at("vv.csv")), at("detect.tif"));
    let ours =
        ["detect", "bayts", &ndvi, &vv, "--dates", &dates, "--monitor-from", "2022-01-01", "-o", &out, "-p", "percentile=0.95"];
    let densities = ["-p", "ndvi=[-0.05,0.05,-0.4,0.1]", "-p", "vv=[-0.6,0.75,-5,1]"];
    succeed([&ours[..], &densities].concat());
    let band = |name: &str, band: usize| {
        let file = RasterFile::open(&folder.join(name)).expect("a raster");
        file.read(band, grid().window()).expect("a band")
    };
    for (name, own, others) in [("days", 1, 1), ("days", 2, 2), ("days", 3, 3), ("magnitude", 1, 4)] {
        let (own, others) = (band(&format!("out/{name}.tif"), own), band("detect.tif", others));
        let both = own.iter().zip(&others).filter(|(own, _)| own.is_finite() && **own > -2e9);
        assert!(
            both.clone().count() >= ROWS * COLS / 3 && both.clone().all(|(own, other)| own.to_bits() == other.to_bits()),
            "{name}"
        );
        assert_eq!(both.count(), others.iter().filter(|other| other.is_finite()).count(), "{name}");
    }
    // The first look at radar, by the quantile of numpy: the seventh kind of Hyndman and Fan.
    let off = told["percentiles"].as_array().expect("a list");
    assert_eq!(off.len(), optical.len() + radar.len());
    let first = off.iter().find(|look| look["sensor"] == "radar").expect("a look at radar");
    let mut seen: Vec<f64> = band("vv_vv.tif", 1).iter().map(|value| f64::from(*value)).collect();
    seen.sort_by(f64::total_cmp);
    let (place, value) = (0.95 * (seen.len() - 1) as f64, first["off"]["vv"].as_f64().expect("a number"));
    let expected = seen[place as usize] + place.fract() * (seen[place as usize + 1] - seen[place as usize]);
    assert!((value - expected).abs() < 1e-12 && first["off"]["ndvi"].is_null(), "{first}, {expected}");
    let few = [
        "run",
        argument(&folder.join("job.toml")),
        "--force",
        "--fresh",
        "--memory",
        "512MiB",
        "--jobs",
        "1",
        "--strip-rows",
        "16",
    ]
    .map(str::to_owned);
    let before = fs::read(folder.join("out/days.tif")).expect("bytes");
    succeed(few);
    assert_eq!(fs::read(folder.join("out/days.tif")).expect("bytes"), before, "strips and threads change nothing");
}

#[test]
fn codes_mask_as_a_masked_stack_does() {
    let Some(case) = case("codes_mask_as_a_masked_stack_does", "03_nrt_sentinel2/romania_20m") else { return };
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let read = |name: &str| {
        let file = RasterFile::open(&case.join(name)).expect("a stack");
        let window = file.grid().window();
        let bands: Vec<Array2<f32>> = (1..=file.bands().len()).map(|band| file.read(band, window).expect("a band")).collect();
        (file.grid().clone(), bands)
    };
    let ((grid, red), (_, nir)) = (read("B4.tif"), read("B8A.tif"));
    let names: Vec<String> = (1..=red.len()).map(|band| band.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&names).nodata(f64::NAN) };
    let mut file = RasterWriter::<f32>::create(&at("all.tif"), &grid, options, true).expect("a raster");
    for (band, (red, nir)) in red.iter().zip(&nir).enumerate() {
        let ndvi = ndarray::Zip::from(red).and(nir).map_collect(|red, nir| (nir - red) / (nir + red));
        file.write(band, grid.window(), ndvi.view()).expect("written");
    }
    file.finish().expect("finished");
    let call = |input: &Path, out: &str, more: &[&str]| {
        let (dates, out) = (case.join("dates.csv"), at(out));
        let input = format!("ndvi={}", input.display());
        let own = [
            "detect",
            "ewma",
            &input,
            "--dates",
            argument(&dates),
            "--monitor-from",
            "2019-01-01",
            "-o",
            argument(&out),
            "--force",
        ];
        let all: Vec<String> = own.iter().chain(more).map(ToString::to_string).collect();
        all
    };
    let codes = format!("ndvi={}", case.join("SCL.tif").display());
    let masked = ["--qa", codes.as_str(), "--clear", "4,5,7"];
    succeed(call(&case.join("expected_ndvi_masked.tif"), "masked.tif", &[]));
    succeed(call(&at("all.tif"), "codes.tif", &masked));
    let bands = |name: &str| {
        let file = RasterFile::open(&at(name)).expect("an answer");
        let window = file.grid().window();
        (1..=file.bands().len()).map(|band| file.read(band, window).expect("a band")).collect::<Vec<_>>()
    };
    for (band, (codes, masked)) in bands("codes.tif").iter().zip(bands("masked.tif")).enumerate() {
        for (codes, masked) in codes.iter().zip(&masked) {
            let is_same = codes.is_nan() && masked.is_nan() || (codes - masked).abs() <= 1e-5 * masked.abs().max(1.0);
            assert!(is_same, "band {band}: {codes}, {masked}");
        }
    }
    let state = at("state");
    let kept = [&masked[..], &["--state", argument(&state)]].concat();
    succeed(call(&at("all.tif"), "kept.tif", &kept));
    assert_eq!(fs::read(at("kept.tif")).ok(), fs::read(at("codes.tif")).ok(), "a state masks alike");
    let told = fail(2, call(&at("all.tif"), "kept.tif", &["--state", argument(&state)]));
    assert!(told.contains("clear = value in {4,5,7}"), "{told}");
    let story = succeed(call(&at("all.tif"), "story.csv", &[&masked[..], &["--explain", "10,10", "--json"]].concat()));
    assert!(story.contains("break"), "{story}");
    let story = fs::read_to_string(at("story.csv")).expect("a story");
    assert!(
        story.lines().nth(1).is_some_and(|line| line.starts_with("2015-08-01,ndvi,0.07") && line.contains(",masked,")),
        "{story}"
    );
    for (more, word) in [
        (&["--qa", "swir22=codes.tif", "--clear", "4"][..], "swir22"),
        (&["--qa", codes.as_str(), "--clear", "clear"][..], "--clear clear"),
        (&["--qa", codes.as_str()][..], "give --clear too"),
    ] {
        assert!(fail(2, call(&at("all.tif"), "no.tif", more)).contains(word));
    }
}
