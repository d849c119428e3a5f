//! Two dates as files: their days, their tags, their places.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::Value;
use support::{argument, atalaya, corpus, fail, scratch, succeed};

/// Side of an image in pixels of 10 m.
const SIDE: usize = 128;

fn grid(epsg: u32, west: f64, north: f64) -> Grid {
    let crs = geoio::crs::crs(&format!("EPSG:{epsg}")).expect("a zone");
    Grid { crs, west, north, step_x: 10.0, step_y: 10.0, rows: SIDE, cols: SIDE }
}

/// Noise in [-1, 1) of a pixel, another for each seed (`SplitMix64`).
fn noise(seed: u64, row: usize, col: usize) -> f64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((row as u64) << 32 | col as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

/// Forest with fields and roads; the content lies `shift` pixels south and east, and a square of 20 pixels is cleared where asked.
fn ground(seed: u64, shift: (usize, usize), cleared: bool) -> impl Fn(usize, usize) -> [u16; 3] {
    move |row, col| {
        let (y, x) = (row + 10 - shift.0, col + 10 - shift.1);
        let is_field = (y / 23 * 7 + x / 29 * 5) % 4 == 0 || x % 41 < 2;
        let is_cleared = cleared && (50..70).contains(&row) && (40..60).contains(&col);
        let [blue, red, nir] = match (is_cleared, is_field) {
            (true, _) => [700.0, 1450.0, 2250.0],
            (_, true) => [480.0, 900.0, 2400.0],
            _ => [210.0, 230.0, 3000.0],
        };
        let noise = 25.0 * noise(seed, row, col);
        [blue + noise, red + noise, nir - noise].map(|v| v as u16)
    }
}

/// Writes blue, red and near infrared in parts of 10000.
fn write(path: &Path, grid: &Grid, value: impl Fn(usize, usize) -> [u16; 3]) {
    let options = RasterOptions {
        format: RasterFormat::Gtiff,
        scaling: Some((0.0001, 0.0)),
        ..RasterOptions::values(&["B02", "B04", "B08"]).nodata(0.0)
    };
    let mut writer = RasterWriter::<u16>::create(path, grid, options, true).expect("a file");
    for band in 0..3 {
        let plane = Array2::from_shape_fn((grid.rows, grid.cols), |(row, col)| value(row, col)[band]);
        writer.write(band, grid.window(), plane.view()).expect("a band");
    }
    writer.finish().expect("a file");
}

/// Compares two files; gives the report.
fn difference(before: &Path, after: &Path, out: &Path, more: &[&str]) -> Value {
    let arguments = [
        "difference",
        "--before",
        argument(before),
        "--after",
        argument(after),
        "--drop",
        "0.2",
        "-o",
        argument(out),
        "--json",
        "-q",
    ];
    serde_json::from_str(&succeed(arguments.iter().chain(more))).expect("JSON")
}

fn codes(report: &Value) -> BTreeSet<String> {
    let warnings = report["warnings"].as_array().expect("warnings");
    warnings.iter().map(|warning| warning["code"].as_str().expect("a code").to_owned()).collect()
}

/// Pixels that are flagged, by whether they lie in the clearing.
fn flagged(mask: &Path) -> (usize, usize) {
    let file = RasterFile::open(mask).expect("a mask");
    let values = file.read_i64(1, file.grid().window(), 255).expect("values");
    let inside = |(row, col): (usize, usize)| (50..70).contains(&row) && (40..60).contains(&col);
    let flags: Vec<bool> = values.indexed_iter().filter(|(_, v)| **v == 1).map(|(at, _)| inside(at)).collect();
    (flags.iter().filter(|inside| **inside).count(), flags.iter().filter(|inside| !**inside).count())
}

#[test]
fn content_that_has_moved_is_told_and_its_edges_are_no_change() {
    let scratch = scratch();
    let grid = grid(32_618, 500_000.0, 200_000.0);
    let (before, after, mask) =
        (scratch.path().join("a_20250101.tif"), scratch.path().join("b_20250201.tif"), scratch.path().join("m.tif"));
    write(&before, &grid, ground(1, (0, 0), false));
    write(&after, &grid, ground(2, (2, 1), true));
    let report = difference(&before, &after, &mask, &[]);
    assert!(codes(&report).contains("shifted"), "{report}");
    assert_eq!((&report["registration"]["rows"], &report["registration"]["cols"]), (&Value::from(2), &Value::from(1)));
    assert_eq!((&report["dates"]["before"], &report["dates"]["after"]), (&Value::from("2025-01-01"), &Value::from("2025-02-01")));
    let (inside, outside) = flagged(&mask);
    assert!(outside == 0 && inside > 200, "{inside} in the clearing, {outside} elsewhere");
    // In place the whole clearing is flagged, and no warning is given.
    write(&after, &grid, ground(2, (0, 0), true));
    let report = difference(&before, &after, &mask, &["--force"]);
    assert_eq!(codes(&report), BTreeSet::from(["scale_from_file".to_owned()]), "{report}");
    let (inside, outside) = flagged(&mask);
    assert!(outside == 0 && inside > 360, "{inside} in the clearing, {outside} elsewhere");
}

#[test]
fn a_date_in_another_zone_is_brought_to_the_earlier_ones_and_told() {
    let scratch = scratch();
    let (before, after, mask) =
        (scratch.path().join("a_20250101.tif"), scratch.path().join("b_20250201.tif"), scratch.path().join("m.tif"));
    // 72 W lies between both zones; the corners are the same place within some metres.
    write(&before, &grid(32_618, 833_670.0, 110_990.0), |row, col| ground(1, (0, 0), false)(row / 64 * 64, col / 64 * 64));
    write(&after, &grid(32_619, 165_730.0, 110_990.0), |row, col| ground(1, (0, 0), false)(row / 64 * 64, col / 64 * 64));
    let report = difference(&before, &after, &mask, &["--no-guard"]);
    assert!(codes(&report).contains("reprojected"), "{report}");
    let file = RasterFile::open(&mask).expect("a mask");
    assert_eq!(file.grid().crs.epsg, Some(32_618));
}

#[test]
fn days_come_from_the_command_line_then_from_the_file_and_must_follow_each_other() {
    let scratch = scratch();
    let grid = grid(32_618, 500_000.0, 200_000.0);
    let (plain, dated, mask) =
        (scratch.path().join("a.tif"), scratch.path().join("b_20250201.tif"), scratch.path().join("m.tif"));
    write(&plain, &grid, ground(1, (0, 0), false));
    write(&dated, &grid, ground(2, (0, 0), false));
    let run = |exit: i32, more: &[&str]| {
        let pair = [
            "difference",
            "--before",
            argument(&plain),
            "--after",
            argument(&dated),
            "--drop",
            "0.2",
            "-o",
            argument(&mask),
            "-q",
        ];
        fail(exit, pair.iter().chain(more))
    };
    let told = run(3, &[]);
    assert!(told.contains("a.tif: holds no day") && told.contains("--before-date"), "{told}");
    let told = run(3, &["--before-date", "2025-02-02"]);
    assert!(told.contains("are the two exchanged?"), "{told}");
    let told = run(3, &["--before-date", "2025-02-01"]);
    assert!(told.contains("of one day"), "{told}");
    let told = run(3, &["--before-date", "2024-02-01", "--as-of", "2025-01-31"]);
    assert!(told.contains("b_20250201.tif is of 2025-02-01, after 2025-01-31"), "{told}");
    let told = run(2, &["--before-date", "2024-02-01", "--after-date", "2999-01-01"]);
    assert!(told.contains("after"), "{told}");
    assert!(!mask.exists());
    let report = difference(&plain, &dated, &mask, &["--before-date", "2024-02-01", "--as-of", "2025-02-01"]);
    assert_eq!(report["counts"]["changed"], 0);
}

/// What a message says, and what was done to each pixel.
type Lie = (&'static str, fn([u16; 3]) -> [u16; 3]);

#[test]
fn a_date_whose_numbers_lie_is_refused_by_its_name() {
    let scratch = scratch();
    let grid = grid(32_618, 500_000.0, 200_000.0);
    let (before, after, mask) =
        (scratch.path().join("a_20250101.tif"), scratch.path().join("b_20250201.tif"), scratch.path().join("m.tif"));
    write(&before, &grid, ground(1, (0, 0), false));
    let honest = ground(2, (0, 0), false);
    let lies: [Lie; 2] = [
        ("the offset seems not to be applied", |pixel| pixel.map(|v| v + 1000)),
        ("the two bands seem to be exchanged", |[blue, red, nir]| [blue, nir, red]),
    ];
    for (cause, lie) in lies {
        write(&after, &grid, |row, col| lie(honest(row, col)));
        let arguments =
            ["difference", "--before", argument(&before), "--after", argument(&after), "--drop", "0.2", "-o", argument(&mask)];
        let told = fail(3, arguments);
        assert!(told.contains("b_20250201.tif") && told.contains(cause), "{told}");
        assert!(!mask.exists());
        succeed(arguments.iter().copied().chain(["--no-guard", "--force", "-q"]));
        std::fs::remove_file(&mask).expect("removed");
    }
}

/// What the corpus expects of a pair: exit code, warning, flagged patches in pixels.
type Expected = (&'static str, i32, Option<&'static str>, &'static [u64]);

const PAIRS: [Expected; 14] = [
    ("band_swap", 3, None, &[]),
    ("baseline_mix", 0, None, &[]),
    ("date_future", 3, None, &[]),
    ("date_garbage", 3, None, &[]),
    ("date_missing", 3, None, &[]),
    ("dates_swapped", 3, None, &[]),
    ("dtype_mix", 0, None, &[]),
    ("identical_file", 0, Some("same_image_twice"), &[]),
    ("no_overlap", 3, None, &[]),
    ("ok_clearing", 0, None, &[1200]),
    ("ok_nochange", 0, None, &[]),
    // Its dates share nothing but the mean: no method can see that the noise has moved. No line comes out, as it must be.
    ("one_pixel_shift_content", 0, None, &[]),
    ("scl_all_cloud", 0, Some("nothing_clear"), &[]),
    ("scl_partial", 0, None, &[600]),
];

#[test]
fn the_pairs_of_the_corpus_come_out_as_it_says() {
    let Some(folder) = corpus("the_pairs_of_the_corpus_come_out_as_it_says", "pairs") else { return };
    for (name, exit, warning, patches) in PAIRS {
        let scratch = scratch();
        let (place, mask, table) = (folder.join(name), scratch.path().join("m.tif"), scratch.path().join("p.csv"));
        let mut after = argument(&place.join("after.tif")).to_owned();
        let mut more: Vec<&str> = Vec::new();
        if place.join("scl.tif").exists() {
            after = format!("{after},scl={}", argument(&place.join("scl.tif")));
            more.extend(["--clear", "4,5,6,7"]);
        }
        let before = place.join("before.tif");
        if !["ok", "date", "identical", "scl_all"].iter().any(|stem| name.starts_with(stem)) {
            more.extend(["--before-date", "2025-12-01", "--after-date", "2026-01-05"]);
        }
        let pair = ["difference", "--index", "NDVI", "--before", argument(&before), "--after", &after, "--drop", "0.2", "-o"];
        let output = atalaya(pair.iter().copied().chain([argument(&mask), "--json", "-q"]).chain(more));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{name}: {told}");
        if exit != 0 {
            assert!(told.contains(name) || name == "no_overlap", "{name}: {told}");
            assert!(std::fs::read_dir(scratch.path()).expect("a folder").next().is_none(), "{name}: nothing is written");
            continue;
        }
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(!codes(&report).contains("shifted"), "{name}");
        assert!(warning.is_none_or(|code| codes(&report).contains(code)), "{name}: {report}");
        succeed(["patches", argument(&mask), "-o", argument(&table), "-q"]);
        let mut rows = csv::Reader::from_path(&table).expect("a table");
        let header = rows.headers().expect("a header").clone();
        let column = header.iter().position(|name| name == "pixels").expect("the column");
        let pixels: Vec<u64> = rows.records().map(|row| row.expect("a row")[column].parse().expect("a count")).collect();
        assert_eq!(pixels, patches, "{name}");
    }
}
