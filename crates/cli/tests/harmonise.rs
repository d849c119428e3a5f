//! `detect --harmonise`: looks of several sensors on one timeline, brought to one by published lines.

#![expect(clippy::float_cmp, reason = "days and statuses are whole numbers")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Date, Grid, RasterSink as _};
use serde_json::{Value, json};
use support::{fail, scratch, succeed};

const SIDE: usize = 12;

fn grid() -> Grid {
    let crs = geoio::crs::crs("EPSG:32618").expect("a system");
    Grid { crs, west: 500_000.0, north: 200_000.0, step_x: 30.0, step_y: 30.0, rows: SIDE, cols: SIDE }
}

fn days(first: &str, looks: i32) -> Vec<Date> {
    let first: Date = first.parse().expect("a day");
    (0..looks).map(|look| Date::from_days(first.days() + 16 * look)).collect()
}

/// Noise of a pixel, the same in each run, about -1 to 1.
fn noise(row: usize, col: usize, day: Date) -> f64 {
    let angle = row as f64 * 12.9898 + col as f64 * 78.233 + f64::from(day.days()) * 3.7191;
    2.0 * (angle.sin() * 43_758.545).fract().abs() - 1.0
}

/// Near infrared of a forest with a season, as OLI sees it; cleared in the west from a day on.
fn nir(row: usize, col: usize, day: Date) -> f64 {
    let season = 0.02 * (f64::from(day.days()) * std::f64::consts::TAU / 365.25).sin();
    let cleared: Date = "2022-06-01".parse().expect("a day");
    (if col < SIDE / 3 && day >= cleared { 0.18 } else { 0.3 }) + season + 0.004 * noise(row, col, day)
}

/// What ETM+ measures of the same, by the line of Roy et al.
fn of_etm(oli: f64) -> f64 {
    (oli + 0.0021) / 1.0073
}

/// Writes a stack and its table of dates, with a spacecraft where it is named.
fn write(folder: &Path, name: &str, dates: &[Date], platform: Option<&str>, value: impl Fn(usize, usize, Date) -> f64) {
    let names: Vec<String> = dates.iter().map(ToString::to_string).collect();
    let rows: Vec<String> = match platform {
        Some(platform) => names.iter().map(|date| format!("{date},{platform}")).collect(),
        None => names.clone(),
    };
    let header = if platform.is_some() { "date,platform" } else { "date" };
    fs::write(folder.join(format!("{name}.csv")), format!("{header}\n{}\n", rows.join("\n"))).expect("a table");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&names).nodata(f64::NAN) };
    let mut file = RasterWriter::<f32>::create(&folder.join(format!("{name}.tif")), &grid(), options, true).expect("a raster");
    for (band, day) in dates.iter().enumerate() {
        let image = Array2::from_shape_fn((SIDE, SIDE), |(row, col)| value(row, col, *day) as f32);
        file.write(band, grid().window(), image.view()).expect("written");
    }
    file.finish().expect("finished");
}

/// OLI before and ETM+ after; and the same as if OLI had seen all.
fn two_sensors(folder: &Path) {
    let (before, after) = (days("2020-01-05", 40), days("2021-10-12", 32));
    write(folder, "oli", &before, Some("LANDSAT_8"), nir);
    write(folder, "etm", &after, Some("LANDSAT_7"), |row, col, day| of_etm(nir(row, col, day)));
    write(folder, "all", &[before, after].concat(), None, nir);
}

struct Files<'a>(&'a Path);

impl Files<'_> {
    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// A call of `detect` on both sensors.
    fn both(&self, role: &str, more: &[&str], out: &str) -> Vec<String> {
        let inputs = ["oli", "etm"].map(|name| format!("{role}={}", self.path(&format!("{name}.tif"))));
        let dates = format!("{role}={},{role}={}", self.path("oli.csv"), self.path("etm.csv"));
        let out = self.path(out);
        let own =
            ["detect", "iqr", &inputs[0], &inputs[1], "--dates", &dates, "--monitor-from", "2022-01-01", "-o", &out, "--force"];
        own.iter().chain(more).map(ToString::to_string).collect()
    }

    fn alone(&self, out: &str) -> Vec<String> {
        let (input, dates, out) = (format!("nir08={}", self.path("all.tif")), self.path("all.csv"), self.path(out));
        [
            "detect",
            "iqr",
            &input,
            "--dates",
            &dates,
            "--monitor-from",
            "2022-01-01",
            "-o",
            &out,
            "-p",
            "order=1",
            "-p",
            "sensitivity=4",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn bands(&self, name: &str) -> BTreeMap<String, Array2<f32>> {
        let file = RasterFile::open(&self.0.join(name)).expect("an answer");
        let window = file.grid().window();
        let names = file.bands().iter().map(|band| band.description.clone());
        names.zip(1..).map(|(name, band)| (name, file.read(band, window).expect("a band"))).collect()
    }
}

const TO_OLI: [&str; 6] = ["--harmonise", "landsat-oli", "-p", "order=1", "-p", "sensitivity=4"];

#[test]
fn two_sensors_that_are_harmonised_are_one_timeline() {
    let scratch = scratch();
    let files = Files(scratch.path());
    two_sensors(scratch.path());
    let told: Value =
        serde_json::from_str(&succeed(files.both("nir08", &[&TO_OLI[..], &["--json"]].concat(), "both.tif"))).expect("JSON");
    let done = &told["harmonised"];
    assert_eq!((done[0]["platform"].as_str(), done[0]["scenes"].as_u64()), (Some("LANDSAT_7"), Some(32)), "{done}");
    assert_eq!(done[0]["bands"]["nir08"], json!([1.0073, -0.0021]));
    succeed(files.alone("alone.tif"));
    let (both, alone) = (files.bands("both.tif"), files.bands("alone.tif"));
    assert_eq!(both["status"].iter().filter(|status| **status == 1.0).count(), SIDE * SIDE / 3, "the clearing and no other");
    for name in ["break_day", "confirmed_day", "status", "n_history", "n_monitor"] {
        let same = |(own, other): (&f32, &f32)| own == other || own.is_nan() && other.is_nan();
        assert!(both[name].iter().zip(&alone[name]).all(same), "{name}");
    }
    let near =
        both["statistic"].iter().zip(&alone["statistic"]).all(|(own, other)| (own - other).abs() < 1e-3 * other.abs().max(1.0));
    assert!(near, "the process is that of one sensor");
}

#[test]
fn a_story_shows_the_stored_number_and_the_harmonised_value() {
    let scratch = scratch();
    let files = Files(scratch.path());
    two_sensors(scratch.path());
    succeed(files.both("nir08", &[&TO_OLI[..], &["--explain", "3,9"]].concat(), "story.json"));
    let story: Value = serde_json::from_str(&fs::read_to_string(files.path("story.json")).expect("a story")).expect("JSON");
    let look = story["looks"].as_array().expect("looks").last().expect("a look").clone();
    let number = |key: &str| look[key].as_f64().expect("a number");
    assert!((number("value") - (1.0073 * number("raw") - 0.0021)).abs() < 1e-6, "{look}");
}

#[test]
fn a_state_goes_on_only_with_the_same_harmonisation() {
    let scratch = scratch();
    let files = Files(scratch.path());
    two_sensors(scratch.path());
    let state = files.path("state");
    let kept = [&TO_OLI[..], &["--state", &state]].concat();
    succeed(files.both("nir08", &TO_OLI, "whole.tif"));
    succeed(files.both("nir08", &kept, "kept.tif"));
    assert_eq!(fs::read(files.path("kept.tif")).ok(), fs::read(files.path("whole.tif")).ok());
    let told = fail(2, files.both("nir08", &["-p", "order=1", "-p", "sensitivity=4", "--state", &state], "kept.tif"));
    assert!(told.contains("harmonise = landsat-oli (rma)") && told.contains("not given"), "{told}");
}

#[test]
fn what_nobody_published_is_refused_by_detect_too() {
    let scratch = scratch();
    let files = Files(scratch.path());
    two_sensors(scratch.path());
    let refused = |role: &str, more: &[&str], words: &[&str]| {
        let told = fail(2, files.both(role, more, "no.tif"));
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    };
    refused("nir08", &["--harmonise", "landsat-tm"], &["landsat-tm", "landsat-etm of LANDSAT_7"]);
    refused("nir", &TO_OLI, &["etm.tif:1 of 2021-10-12", "nir of LANDSAT_7", "N2"]);
    refused("nbr", &TO_OLI, &["nbr of LANDSAT_7", "give its bands"]);
    refused("ndvi", &TO_OLI, &["ndvi of LANDSAT_7", "ols"]);
    succeed(files.both("ndvi", &[&TO_OLI[..], &["--regression", "ols"]].concat(), "ndvi.tif"));
    write(scratch.path(), "etm", &days("2021-10-12", 32), None, nir);
    refused("nir08", &TO_OLI, &["has no spacecraft", "column platform"]);
    write(scratch.path(), "etm", &days("2021-10-12", 32), Some("LANDSAT_5"), nir);
    refused("nir08", &TO_OLI, &["LANDSAT_5", "no coefficients"]);
    let (input, dates, out) = (files.path("oli.tif"), files.path("oli.csv"), files.path("no.tif"));
    let twice = ["detect", "iqr", &input, &input, "--dates", &dates, "--monitor-from", "2022-01-01", "-o", &out];
    assert!(fail(2, twice).contains("and the same dates"));
    let (one, two) = (format!("nir08={input}"), format!("nir08={}", files.path("etm.tif")));
    let dates = format!("nir08={dates}");
    let lacking = ["detect", "iqr", &one, &two, "--dates", &dates, "--monitor-from", "2022-01-01", "-o", &out];
    assert!(fail(2, lacking).contains("1 are given for 2 inputs"));
}

#[test]
fn rows_of_a_table_are_harmonised_by_their_spacecraft() {
    let scratch = scratch();
    let files = Files(scratch.path());
    let (before, after) = (days("2020-01-05", 40), days("2021-10-12", 32));
    let row = |day: &Date, value: f64, platform: &str| format!("a,{day},{value},{platform}");
    let of = |brought: bool| {
        let first = before.iter().map(|day| row(day, nir(0, 0, *day), "LANDSAT_8"));
        let last = after.iter().map(|day| row(day, if brought { nir(0, 0, *day) } else { of_etm(nir(0, 0, *day)) }, "LANDSAT_7"));
        format!("id,date,nir08,platform\n{}\n", first.chain(last).collect::<Vec<_>>().join("\n"))
    };
    fs::write(files.path("mixed.csv"), of(false)).expect("a table");
    fs::write(files.path("brought.csv"), of(true)).expect("a table");
    let call = |input: &str, out: &str, more: &[&str]| -> Vec<String> {
        let (input, out) = (format!("nir08={}", files.path(input)), files.path(out));
        let own = ["detect", "iqr", &input, "--monitor-from", "2022-01-01", "-o", &out, "--force", "--keep", "fit", "--json"];
        own.iter().chain(more).map(ToString::to_string).collect()
    };
    let told: Value = serde_json::from_str(&succeed(call("mixed.csv", "mixed-out.csv", &TO_OLI))).expect("JSON");
    assert_eq!(told["harmonised"][0]["scenes"], 32);
    succeed(call("brought.csv", "brought-out.csv", &TO_OLI[2..]));
    let numbers = |name: &str| -> Vec<f64> {
        let mut table = csv::Reader::from_path(scratch.path().join(name)).expect("a table");
        let row = table.records().next().expect("a row").expect("a row");
        row.iter().skip(1).map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
    };
    for (own, other) in numbers("mixed-out.csv").into_iter().zip(numbers("brought-out.csv")) {
        assert!((own - other).abs() <= 1e-5 * other.abs().max(1.0) || own.is_nan() && other.is_nan(), "{own} {other}");
    }
    let nameless = of(false).replacen("LANDSAT_7", "", 1);
    fs::write(files.path("nameless.csv"), nameless).expect("a table");
    let told = fail(2, call("nameless.csv", "no.csv", &TO_OLI));
    assert!(told.contains("nameless.csv") && told.contains("2021-10-12") && told.contains("column platform"), "{told}");
    assert!(!scratch.path().join("no.csv").exists());
}

#[test]
fn a_run_and_detect_bring_numbers_to_the_same_values() {
    let scratch = scratch();
    let files = Files(scratch.path());
    two_sensors(scratch.path());
    let job = r#"
[harmonise]
to = "landsat-oli"

[[imagery]]
product = "stack"
bands = { nir08 = "oli.tif" }
dates = "oli.csv"
sensor = "landsat-oli"
scale = 1

[[imagery]]
product = "stack"
bands = { nir08 = "etm.tif" }
dates = "etm.csv"
sensor = "landsat-etm"
scale = 1

[guard]
enabled = false

[change]
index = { name = "nir", formula = "N2", direction = "fall" }
method = "bayts"
baseline = { from = 2020-01-01, to = 2021-12-31 }
monitoring = { from = 2022-01-01 }

[change.bayts]
nir = [0.3, 0.02, 0.18, 0.02]
"#;
    fs::write(files.path("job.toml"), job).expect("a job");
    succeed(["run", &files.path("job.toml")]);
    let densities = ["-p", "nir08=[0.3,0.02,0.18,0.02]", "--harmonise", "landsat-oli"];
    let bayts: Vec<String> = files
        .both("nir08", &densities, "bayts.tif")
        .into_iter()
        .map(|word| if word == "iqr" { "bayts".to_owned() } else { word })
        .collect();
    succeed(bayts);
    let detect = files.bands("bayts.tif");
    let run = files.bands("out/days.tif");
    let pairs = run["confirmed_day"].iter().zip(&detect["confirmed_day"]);
    let confirmed = pairs.clone().filter(|(own, other)| own.is_finite() && own == other).count();
    assert_eq!(confirmed, SIDE * SIDE / 3);
    assert!(pairs.into_iter().all(|(own, other)| own == other || !own.is_finite() && other.is_nan()));
}
