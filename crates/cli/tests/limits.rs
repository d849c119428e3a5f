//! Methods that take their limits from the history of each pixel, held against what R found of the same series.
//!
//! PVts-beta: `smootH` and `pvts` of `ForesToolboxRS` 0.1.5 (MIT), in R 4.2.2 with forecast 8.20, run on the series up to each look and on
//! the whole. BAYTS: `baytsDD` (formula `response ~ harmon` unless a trend is named, factors 2, -4, 2) and `bayts` with Weibull densities of
//! the package bayts (CC BY 4.0), in R 4.2.2, where its calls `bfastpp` and `bfastts` of bfast were replaced by the same
//! harmonics on years of 365 days.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use raster::Date;
use serde_json::Value;
use support::{argument, case, fail, scratch, succeed};

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

/// A number of a table; NaN where there is none.
fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

/// A day of a table; empty where there is none.
fn day(row: &Row, column: &str) -> String {
    let days = number(row, column);
    if days.is_nan() { String::new() } else { Date::from_days(days as i32).to_string() }
}

/// What `detect` writes of series, with the model.
fn found(arguments: &[&str], out: &Path) -> Vec<Row> {
    let more = ["--keep", "fit,process", "-o", argument(out), "--force", "-q"];
    succeed(["detect"].iter().chain(arguments).chain(&more));
    rows(out)
}

/// The ten cells of the case as series, with holes of every kind where they are asked for.
fn cells(case: &Path, has_holes: bool, out: &Path) {
    let rows = rows(&case.join("modis_somalia_cells.csv"));
    let from = rows.iter().position(|row| row["date"].as_str() >= "2010-01-01").expect("a look");
    let mut text = "id,date,value\n".to_owned();
    for cell in 1..=10 {
        for (time, row) in rows.iter().enumerate() {
            let at_ends = cell % 2 == 1 && ([0, 1].contains(&time) || (from - 1..=from + 1).contains(&time));
            let is_hole = has_holes && (((time + 1) * 7 + cell) % 5 == 0 || at_ends);
            let value = number(row, &format!("cell{cell}")) / 1e4;
            let value = if is_hole { String::new() } else { format!("{value:.4}") };
            let _ = writeln!(text, "cell{cell},{},{value}", row["date"]);
        }
    }
    std::fs::write(out, text).expect("a table");
}

/// Mean and standard deviation of the smoothed history, first look below the limit when the series ends with it, and first look that still is
/// when the whole is smoothed.
type Limit = (f64, f64, &'static str, &'static str);

const WITHOUT_HOLES: [Limit; 10] = [
    (0.584_805_507, 0.117_261_311, "2010-02-18", "2010-08-13"),
    (0.583_503_084, 0.120_740_978, "2010-02-18", "2010-02-18"),
    (0.589_036_344, 0.118_707_966, "2010-01-17", "2010-01-17"),
    (0.575_088_271, 0.129_032_980, "2010-02-18", "2010-02-18"),
    (0.561_116_079, 0.133_085_654, "2010-02-02", "2010-02-02"),
    (0.581_058_370, 0.121_675_172, "2010-02-18", "2010-02-18"),
    (0.579_383_260, 0.124_163_540, "2010-02-02", "2010-02-02"),
    (0.586_471_806, 0.118_722_393, "2010-02-02", "2010-02-02"),
    (0.578_354_901, 0.119_619_237, "2010-02-02", "2010-02-02"),
    (0.571_199_504, 0.125_323_135, "2010-02-02", "2010-02-02"),
];

const WITH_HOLES: [Limit; 10] = [
    (0.576_721_200, 0.114_932_155, "2010-02-18", "2010-08-29"),
    (0.578_491_988, 0.116_705_314, "2010-02-18", "2010-02-18"),
    (0.580_863_293, 0.118_396_935, "2010-02-02", "2010-02-02"),
    (0.572_239_262, 0.125_542_249, "2010-02-02", "2010-02-02"),
    (0.556_682_930, 0.129_407_947, "2010-02-18", "2010-02-18"),
    (0.575_587_885, 0.119_361_193, "2010-02-18", "2010-08-29"),
    (0.574_614_868, 0.120_007_503, "2010-02-02", "2010-02-02"),
    (0.581_477_478, 0.114_948_145, "2010-02-02", "2010-02-02"),
    (0.572_966_024, 0.119_167_787, "2010-02-02", "2010-02-02"),
    (0.566_059_692, 0.123_368_417, "2010-02-18", "2010-02-18"),
];

const UNSMOOTHED: [Limit; 3] = [
    (0.563_588_546, 0.125_495_300, "2010-08-29", "2010-08-29"),
    (0.562_549_780, 0.130_914_331, "2010-02-18", "2010-02-18"),
    (0.566_588_546, 0.129_324_557, "2010-02-02", "2010-02-02"),
];

#[test]
fn pvts_beta_has_the_limits_and_the_days_of_the_r_package() {
    let Some(case) = case("pvts_beta_has_the_limits_and_the_days_of_the_r_package", "05_bfast_series") else { return };
    let scratch = scratch();
    let (table, out) = (scratch.path().join("cells.csv"), scratch.path().join("o.csv"));
    let ways: [(bool, &str, &[Limit]); 4] = [
        (false, "smoothing=outliers", &WITHOUT_HOLES),
        (false, "gaps=interpolated", &WITHOUT_HOLES),
        (true, "gaps=interpolated", &WITH_HOLES),
        (false, "smoothing=none", &UNSMOOTHED),
    ];
    for (has_holes, way, limits) in ways {
        cells(&case, has_holes, &table);
        let call = ["pvts-beta", argument(&table), "--monitor-from", "2010-01-01", "-p", "beta=1", "-p", way];
        for (row, (mean, deviation, _, stands)) in found(&call, &out).iter().zip(limits) {
            let told = format!("{way}, holes {has_holes}: {row:?}");
            for (column, expected) in [("b0", mean), ("sigma", deviation), ("boundary", deviation)] {
                assert!((number(row, column) - expected).abs() < 2e-8, "{told}");
            }
            assert_eq!(day(row, "break_day"), *stands, "{told}");
            assert!((day(row, "confirmed_day") == *stands) == (way == "smoothing=none"), "{told}");
        }
        for (place, (.., flagged, _)) in limits.iter().enumerate() {
            let ended: Vec<&str> = call.iter().copied().chain(["--monitor-to", flagged]).collect();
            let row = &found(&ended, &out)[place];
            assert_eq!(day(row, "break_day"), *flagged, "{way}, holes {has_holes}: {row:?}");
        }
    }
}

#[test]
fn a_story_of_pvts_beta_tells_of_flags_that_are_given_up_and_of_the_change() {
    let Some(case) = case("a_story_of_pvts_beta_tells_of_flags_that_are_given_up_and_of_the_change", "05_bfast_series") else {
        return;
    };
    let scratch = scratch();
    let (table, out) = (scratch.path().join("cells.csv"), scratch.path().join("story.json"));
    cells(&case, false, &table);
    let call = ["detect", "pvts-beta", argument(&table), "--monitor-from", "2010-01-01", "-p", "beta=1", "-o", argument(&out)];
    let story = |more: &[&str]| -> Value {
        succeed(call.iter().chain(&["--explain", "cell1", "--force", "-q"]).chain(more));
        serde_json::from_slice(&std::fs::read(&out).expect("a story")).expect("JSON")
    };
    let told = story(&[]);
    let event = |day: &str| {
        let looks = told["looks"].as_array().expect("looks");
        looks.iter().find(|look| look["date"] == day).expect("a look")["event"].clone()
    };
    assert_eq!((event("2010-02-18"), event("2010-03-06")), (Value::from("flag"), Value::from("given_up")));
    assert_eq!((event("2010-08-13"), event("2010-08-29")), (Value::from("flag"), Value::from("confirmed")));
    assert_eq!((&told["break"], &told["confirmed"]), (&Value::from("2010-08-13"), &Value::from("2010-08-29")));
    let flagged = story(&["--monitor-to", "2010-02-18"]);
    let words = flagged["decision"].as_str().expect("a decision");
    assert!(words.contains("flagged on 2010-02-18") && words.contains("off the mean") && words.contains("-0.117"), "{words}");
}

/// From when on, inputs and parameters; what R found: day of the flag and of its confirmation, probability, and the model of the first role.
type Fused = (&'static str, &'static [&'static str], &'static str, &'static str, f64, &'static [f64]);

const NDVI: &[&str] = &["ndvi=pixel_lndvi.csv", "-p", "ndvi=data"];
const VV: &[&str] = &["vv=pixel_s1vv.csv", "-p", "vv={data=[2,-4,2]}"];
const TREND: &[&str] = &["vv=pixel_s1vv.csv", "-p", "vv=data", "-p", "trend=true"];
const BOTH: &[&str] = &["ndvi=pixel_lndvi.csv", "vv=pixel_s1vv.csv", "-p", "ndvi=data", "-p", "vv=data"];
const OTHER: &[&str] = &[
    "ndvi=pixel_lndvi.csv",
    "vv=pixel_s1vv.csv",
    "-p",
    "ndvi=data",
    "-p",
    "vv={data=[1.5,-3,1.5]}",
    "-p",
    "chi=0.85",
    "-p",
    "pnf_min=0.75",
];

const FUSED: [Fused; 10] = [
    ("2015-07-03", NDVI, "2016-02-11", "2016-03-14", 0.982_579_763, &[0.793_056_060, 0.000_255_317, -0.076_080_646]),
    ("2015-07-03", VV, "2016-01-05", "2016-01-18", 0.943_864_958, &[-7.231_003_784, -0.073_318_477, 0.003_794_758]),
    ("2015-07-03", BOTH, "2016-01-05", "2016-01-18", 0.971_771_731, &[0.793_056_060, 0.000_255_317, -0.076_080_646]),
    ("2015-07-03", OTHER, "2016-01-05", "2016-01-18", 0.975_430_864, &[0.793_056_060, 0.000_255_317, -0.076_080_646]),
    // R counts days from the first look on, which is 1: -6.984450323 - 0.001826922 * 270 on the first day of the monitoring.
    (
        "2015-07-03",
        TREND,
        "2016-01-05",
        "2016-01-23",
        0.978_078_683,
        &[-7.477_719, -0.001_826_922, -0.200_407_702, 0.120_636_495],
    ),
    ("2016-01-01", NDVI, "2016-01-18", "2016-03-14", 0.969_061_386, &[0.797_141_389, -0.005_749_948, -0.074_957_163]),
    ("2016-01-01", VV, "2016-01-05", "2016-01-18", 0.943_388_372, &[-7.285_101_362, -0.021_278_106, 0.075_073_334]),
    ("2016-01-01", BOTH, "2016-01-05", "2016-01-18", 0.983_791_093, &[0.797_141_389, -0.005_749_948, -0.074_957_163]),
    ("2016-01-01", OTHER, "2016-01-05", "2016-01-18", 0.985_873_248, &[0.797_141_389, -0.005_749_948, -0.074_957_163]),
    (
        "2016-01-01",
        TREND,
        "2016-01-05",
        "2016-01-18",
        0.927_857_647,
        &[-7.386_040, -0.000_410_596, -0.049_439_666, 0.064_925_000],
    ),
];

/// Arguments whose tables lie in a folder.
fn within(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let placed = |text: &&str| match text.split_once('=') {
        Some((role, file)) if folder.join(file).is_file() => format!("{role}={}", argument(&folder.join(file))),
        _ => (*text).to_owned(),
    };
    arguments.iter().map(placed).collect()
}

#[test]
fn bayts_with_densities_of_the_history_finds_what_the_r_package_found() {
    let Some(case) = case("bayts_with_densities_of_the_history_finds_what_the_r_package_found", "02_bayts_bolivia") else {
        return;
    };
    let scratch = scratch();
    let out = scratch.path().join("o.csv");
    for (from, arguments, first, confirmed, probability, model) in FUSED {
        let arguments = within(&case, arguments);
        let mut call = vec!["bayts", "--monitor-from", from];
        call.extend(arguments.iter().map(String::as_str));
        let row = found(&call, &out).remove(0);
        assert_eq!((day(&row, "break_day").as_str(), day(&row, "confirmed_day").as_str()), (first, confirmed), "{row:?}");
        assert!((number(&row, "statistic") - probability).abs() < 1e-6, "{row:?}");
        for (place, coefficient) in model.iter().enumerate() {
            assert!((number(&row, &format!("b{place}")) - coefficient).abs() < 2e-6, "{row:?}");
        }
        call.extend(["-p", "bits=16"]);
        let rounded = found(&call, &out).remove(0);
        let days = ["break_day", "confirmed_day", "before_day", "status"];
        assert!(days.iter().all(|column| rounded[*column] == row[*column]), "rounded: {rounded:?}, {row:?}");
        assert!((number(&rounded, "statistic") - probability).abs() < 1e-3, "rounded: {rounded:?}");
        for (place, coefficient) in model.iter().enumerate() {
            let multiples = number(&rounded, &format!("b{place}")) * 65_536.0;
            assert!((multiples - multiples.round()).abs() < 1e-3, "{rounded:?}");
            assert!((multiples / 65_536.0 - coefficient).abs() < 1e-5, "{rounded:?}");
        }
    }
}

/// Number of harmonics; the days of flag and confirmation of the cells with holes, and the probability, with the factors 1, -2 and 1.
type Seasons = (&'static str, [(&'static str, &'static str, f64); 10]);

const SEASONS: [Seasons; 2] = [
    (
        "order=1",
        [
            ("2011-02-02", "2011-03-22", 0.915_285_062),
            ("2010-08-29", "2010-10-16", 0.927_404_648),
            ("2010-08-29", "2010-09-30", 0.902_212_786),
            ("2011-08-29", "2011-09-14", 0.963_382_517),
            ("2010-09-14", "2010-09-14", 0.916_612_274),
            ("2010-09-14", "2010-10-16", 0.920_964_791),
            ("2011-07-12", "2011-08-29", 0.981_461_763),
            ("2011-08-13", "2011-09-14", 0.901_786_239),
            ("2011-08-13", "2011-09-14", 0.969_056_135),
            ("2010-08-29", "2010-10-16", 0.911_721_986),
        ],
    ),
    (
        "order=3",
        [
            ("2010-12-19", "2010-12-19", 0.912_827_781),
            ("2011-06-10", "2011-07-12", 0.908_885_722),
            ("2010-12-03", "2010-12-19", 0.940_218_849),
            ("", "", 0.1),
            ("2010-11-01", "2010-12-03", 0.955_580_223),
            ("", "", 0.1),
            ("2011-06-10", "2011-09-30", 0.958_130_414),
            ("", "", 0.1),
            ("2010-12-19", "2010-12-19", 0.912_837_279),
            ("2010-10-16", "2010-12-03", 0.920_774_171),
        ],
    ),
];

#[test]
fn seasons_of_several_harmonics_are_those_of_the_r_package() {
    let Some(case) = case("seasons_of_several_harmonics_are_those_of_the_r_package", "05_bfast_series") else { return };
    let scratch = scratch();
    let (table, out) = (scratch.path().join("cells.csv"), scratch.path().join("o.csv"));
    cells(&case, true, &table);
    let input = format!("v={}", argument(&table));
    for (order, expected) in SEASONS {
        let call = ["bayts", &input, "--monitor-from", "2010-01-01", "-p", "v={data=[1,-2,1]}", "-p", order];
        for (row, (first, confirmed, probability)) in found(&call, &out).iter().zip(expected) {
            let days = [day(row, "break_day"), day(row, "confirmed_day")];
            assert_eq!(days, [first, confirmed], "{order}: {row:?}");
            assert!((number(row, "statistic") - probability).abs() < 1e-6, "{order}: {row:?}");
        }
    }
}

#[test]
fn weibull_densities_find_what_the_r_package_found_and_a_look_tells_what_it_told_there() {
    let name = "weibull_densities_find_what_the_r_package_found_and_a_look_tells_what_it_told_there";
    let Some(case) = case(name, "02_bayts_bolivia") else { return };
    let scratch = scratch();
    let (out, input) = (scratch.path().join("o.csv"), format!("ndvi={}", argument(&case.join("pixel_lndvi.csv"))));
    for forest in ["{ weibull = [14, 0.88] }", "{ normal = [0.85, 0.1] }"] {
        let density = format!("ndvi={{ forest = {forest}, non_forest = {{ weibull = [4, 0.5] }} }}");
        let call = ["detect", "bayts", &input, "--monitor-from", "2015-01-01", "-p", &density, "-p", "chi=0.99"];
        succeed(call.iter().chain(&["-o", argument(&out), "--force", "-q"]));
        let row = rows(&out).remove(0);
        assert_eq!([day(&row, "break_day"), day(&row, "confirmed_day")], ["2016-01-18", "2016-03-30"], "{row:?}");
        assert!((number(&row, "statistic") - 0.998_630_137).abs() < 1e-6, "{row:?}");
    }
    let story = ["detect", "bayts", &input, "--monitor-from", "2015-07-03", "-p", "ndvi=data", "--explain", "lndvi"];
    succeed(story.iter().chain(&["-o", argument(&out), "--force", "-q"]));
    let looks = rows(&out);
    for (date, expected) in [("2014-09-17", 0.127_102_5), ("2015-03-20", 0.670_376_8), ("2016-03-14", 0.878_596_9)] {
        let look = looks.iter().find(|row| row["date"] == date).expect("a look");
        assert!((number(look, "non_forest") - expected).abs() < 1e-6, "{look:?}");
        let left = number(look, "value") - number(look, "predicted") - number(look, "residual");
        assert!(left.abs() < 1e-6, "{look:?}");
    }
    assert!(looks[0]["decision"].contains("probability of change 0.983"), "{}", looks[0]["decision"]);
}

#[test]
fn limits_that_cannot_be_are_refused_by_name() {
    let scratch = scratch();
    let (table, out) = (scratch.path().join("v.csv"), scratch.path().join("o.csv"));
    std::fs::write(&table, "id,date,value\na,2019-01-01,0.5\na,2020-01-01,0.5\n").expect("a table");
    let input = format!("v={}", argument(&table));
    for (method, parameter, words) in [
        ("pvts-beta", "beta=0", "beta is 0"),
        ("pvts-beta", "smoothing=some", "outliers"),
        ("pvts-beta", "gaps=filled", "interpolated"),
        ("pvts-beta", "bta=3", "bta"),
        ("bayts", "v=dato", "\"data\""),
        ("bayts", "v={data=[1,2]}", "-p v"),
        ("bayts", "v={data=[0,-4,2]}", "of no use for v"),
        ("bayts", "v={forest={weibull=[1,2]}}", "non_forest = DENSITY"),
        ("bayts", "v={forest={weibull=[0,2]},non_forest={normal=[1,2]}}", "of no use for v"),
        ("bayts", "order=7", "order is 7"),
        ("bayts", "bits=9", "bits is 9"),
        ("bayts", "w=data", "the role of an input"),
    ] {
        let told =
            fail(2, ["detect", method, &input, "--monitor-from", "2020-01-01", "-p", parameter, "-o", argument(&out), "-q"]);
        assert!(told.contains(words), "{method} {parameter}: {told}");
    }
}
