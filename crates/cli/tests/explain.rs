//! The story of one pixel is that of the method itself.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use geoio::RasterFile;
use raster::Date;
use serde_json::Value;
use support::{argument, case, fail, scratch, succeed};

/// A raster's bands by name, row by row, and its columns.
fn bands(path: &Path) -> (BTreeMap<String, Vec<f64>>, usize) {
    let file = RasterFile::open(path).expect("a raster");
    let window = file.grid().window();
    let names = file.bands().iter().enumerate();
    let values = names.map(|(number, band)| {
        let values = file.read_f64(number + 1, window).expect("a band");
        (band.description.clone(), values.into_iter().collect())
    });
    (values.collect(), window.cols)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// A day as a raster holds it.
fn day(value: &Value) -> f64 {
    value.as_str().map_or(f64::NAN, |text| f64::from(text.parse::<Date>().expect("a day").days()))
}

fn is_near(a: f64, b: f64, by: f64) -> bool {
    a.is_nan() && b.is_nan() || (a - b).abs() <= by
}

/// The story that the program prints, as JSON.
fn story(arguments: &[&str], place: &str) -> Value {
    let more = ["--explain", place, "--json", "-q"];
    let told = succeed(arguments.iter().copied().chain(more));
    serde_json::from_str::<Value>(&told).expect("JSON")["story"].clone()
}

/// Some pixels of each status.
fn chosen(status: &[f64]) -> Vec<usize> {
    let of = |code: f64| {
        let own: Vec<usize> = (0..status.len()).filter(|pixel| (status[*pixel] - code).abs() < 0.5).collect();
        let step = (own.len() / 3).max(1);
        own.into_iter().step_by(step).take(3).collect::<Vec<_>>()
    };
    [0.0, 1.0, 2.0, 3.0].into_iter().flat_map(of).collect()
}

/// What is told of pixels is what `detect` writes of them; gives the statuses that were met.
fn check(arguments: &[&str]) -> Vec<String> {
    let scratch = scratch();
    let out = scratch.path().join("out.tif");
    let whole = ["--type", "float64", "-o", argument(&out), "-q"];
    let kept: &[&str] = if arguments[1] == "bayts" { &[] } else { &["--keep", "fit,process"] };
    succeed(arguments.iter().chain(kept).copied().chain(whole));
    let (got, cols) = bands(&out);
    let mut statuses = Vec::new();
    for pixel in chosen(&got["status"]) {
        let place = format!("{},{}", pixel / cols, pixel % cols);
        let story = story(arguments, &place);
        let told = format!("{} {place}: {}", arguments[1], story["decision"]);
        let of = |name: &str| got.get(name).map_or(f64::NAN, |values| values[pixel]);
        let days = [
            ("before", "before_day"),
            ("break", "break_day"),
            ("confirmed", "confirmed_day"),
            ("history_start", "history_start_day"),
        ];
        for (own, band) in days {
            assert!(is_near(day(&story[own]), of(band), 0.0), "{told}: {own}");
        }
        for name in ["magnitude", "statistic", "sigma"] {
            assert!(is_near(number(&story[name]), of(name), 1e-6 * of(name).abs()), "{told}: {name}");
        }
        for (name, count) in [("n_history", "n_history"), ("n_monitor", "n_monitor")] {
            assert!(is_near(number(&story[name]), of(count), 0.0), "{told}: {name}");
        }
        for (place, coefficient) in story["coefficients"].as_array().into_iter().flatten().enumerate() {
            assert!(is_near(number(coefficient), of(&format!("b{place}")), 0.0), "{told}: b{place}");
        }
        check_looks(&story, &told);
        statuses.push(story["status"].as_str().expect("a status").to_owned());
    }
    statuses
}

/// The looks agree with each other and with the decision.
fn check_looks(story: &Value, told: &str) {
    let looks = story["looks"].as_array().expect("looks");
    let last = looks.iter().rfind(|look| look["statistic"].is_number());
    assert!(is_near(last.map_or(f64::NAN, |look| number(&look["statistic"])), number(&story["statistic"]), 0.0), "{told}");
    if let Some(last) = last {
        assert!(is_near(number(&last["boundary"]), number(&story["boundary"]), 0.0), "{told}");
    }
    for look in looks {
        let left = number(&look["value"]) - number(&look["predicted"]) - number(&look["residual"]);
        assert!(left.is_nan() || left.abs() < 1e-6, "{told}: {look}");
        assert_eq!(look["value"].is_null(), look["state"] == "masked", "{told}: {look}");
    }
    let of = |state: &str, role: &str| looks.iter().filter(|look| look["state"] == state && look["role"] == role).count();
    let first = story["inputs"][0].as_str().expect("a role");
    if story["coefficients"].is_array() {
        let sum: f64 = looks
            .iter()
            .filter(|look| look["state"] == "history" && look["role"] == first)
            .map(|look| number(&look["residual"]))
            .sum();
        assert!(
            sum.abs() < 1e-3,
            "{told}: the model was fitted to what is told to be the history, but its residuals sum to {sum}"
        );
        let watched = of("monitored", first) + of("after_break", first);
        assert!(is_near(watched as f64, number(&story["n_monitor"]), 0.0), "{told}: {watched}");
    }
    let event = if story["coefficients"].is_array() { "break" } else { "confirmed" };
    let known = looks.iter().find(|look| look["event"] == event);
    if story["status"] == "break" && event == "break" {
        assert!(known.is_some_and(|look| look["date"] == story["break"]), "{told}");
    }
    assert_eq!(known.is_some(), story["status"] == "break", "{told}");
}

#[test]
fn the_story_of_a_pixel_ends_where_detect_does() {
    let name = "the_story_of_a_pixel_ends_where_detect_does";
    let Some(tura) = case(name, "01_bfastmonitor_tura") else { return };
    let (stack, dates) = (tura.join("ndvi.tif"), tura.join("dates.csv"));
    let base = [argument(&stack), "--dates", argument(&dates), "--scale", "0.0001", "--monitor-from"];
    let mut met = Vec::new();
    for more in [
        &["bfast-monitor", "2009-01-01", "-p", "order=1", "-p", "history=all"][..],
        &["bfast-monitor", "1995-06-01", "--monitor-to", "2005-06-01"],
        &["bfast-monitor", "1985-06-01", "-p", "type=OLS-CUSUM"],
        &["ewma", "2009-01-01", "-p", "screen=2"],
        &["cusum", "2000-01-01"],
        &["iqr", "1986-01-01"],
    ] {
        let mut arguments = vec!["detect", more[0]];
        arguments.extend(base);
        arguments.extend(&more[1..]);
        met.extend(check(&arguments));
    }
    for status in ["none", "break", "not_enough", "unstable"] {
        assert!(met.iter().any(|own| own == status), "{status} was never met");
    }
}

#[test]
fn the_stories_of_the_methods_of_nrt_end_where_detect_does() {
    let Some(case) = case("the_stories_of_the_methods_of_nrt_end_where_detect_does", "03_nrt_sentinel2/romania_20m") else {
        return;
    };
    let (stack, dates) = (case.join("expected_ndvi_masked.tif"), case.join("dates.csv"));
    let (ndvi, green, swir) = (
        format!("ndvi={}", argument(&stack)),
        format!("green={}", argument(&case.join("B3.tif"))),
        format!("swir={}", argument(&case.join("B11.tif"))),
    );
    let plain: &[&str] = &["-p", "order=2", "-p", "trend=false"];
    for (method, parameters) in [("ewma", plain), ("cusum", plain), ("mosum", plain), ("iqr", &[]), ("ccdc-nrt", &[])] {
        let mut arguments = vec!["detect", method];
        if method == "ccdc-nrt" {
            // In another order than that of the method.
            arguments.extend([swir.as_str(), &ndvi, &green]);
        } else {
            arguments.push(argument(&stack));
        }
        arguments.extend(["--dates", argument(&dates), "--monitor-from", "2019-01-01"]);
        arguments.extend(parameters);
        let met = check(&arguments);
        assert!(met.iter().any(|status| status == "break") && met.iter().any(|status| status == "none"), "{method}: {met:?}");
    }
}

#[test]
fn the_stories_of_bayts_end_where_detect_does_and_go_as_those_of_the_r_package() {
    let name = "the_stories_of_bayts_end_where_detect_does_and_go_as_those_of_the_r_package";
    let Some(case) = case(name, "02_bayts_bolivia") else { return };
    let at = |name: &str| argument(&case.join(name)).to_owned();
    let inputs = [format!("ndvi={}", at("lndvi.tif")), format!("vv={}", at("s1vv.tif"))];
    let dates = format!("ndvi={},vv={}", at("lndvi_dates.csv"), at("s1vv_dates.csv"));
    let mut arguments = vec!["detect", "bayts", &inputs[0], &inputs[1], "--dates", &dates, "--monitor-from", "2016-01-01"];
    arguments.extend(["-p", "percentile=0.95", "-p", "ndvi=[0,0.1,-0.5,0.125]", "-p", "vv=[-1,0.75,-4,1]"]);
    let met = check(&arguments);
    assert!(met.iter().any(|status| status == "break"), "{met:?}");
    // Of one pixel the package tells every look.
    let series = [format!("ndvi={}", at("pixel_lndvi.csv")), format!("vv={}", at("pixel_s1vv.csv"))];
    let mut arguments = vec!["detect", "bayts", &series[0], &series[1], "--monitor-from", "2015-01-01"];
    arguments.extend(["-p", "ndvi=[0.85,0.075,0.4,0.125]", "-p", "vv=[-7,0.75,-11.5,1]"]);
    let mut kept = arguments.clone();
    kept.extend(["--keep", "process", "-o", "out.csv"]);
    assert!(fail(2, kept).contains("bayts fits no model"));
    let story = story(&arguments, "lndvi");
    let expected = case.join("expected_both_chi0.9_start2015.csv");
    let mut rows = csv::Reader::from_path(expected).expect("a table");
    let rows: Vec<BTreeMap<String, String>> = rows.deserialize().map(|row| row.expect("a row")).collect();
    let mut checked = 0;
    for look in story["looks"].as_array().expect("looks").iter().filter(|look| look["statistic"].is_number()) {
        let date: Date = look["date"].as_str().expect("a day").parse().expect("a day");
        let (year, _, _) = date.ymd();
        let leap = u32::from(Date::from_ymd(year, 2, 29).is_some_and(|leap| date >= leap));
        let time = f64::from(year) + f64::from(date.day_of_year() - 1 - leap) / 365.0;
        let of = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().unwrap_or(f64::NAN);
        let row = rows.iter().find(|row| is_near(of(row, "time"), time, 1e-6)).expect("a row of the day");
        let (change, not_forest) = (of(row, "PChange"), of(row, "PNF"));
        let expected = if change.is_nan() { not_forest } else { change };
        assert!(is_near(number(&look["statistic"]), expected, 1e-6), "{look} {row:?}");
        let is_flag = look["event"] == "flag" || look["event"] == "confirmed";
        assert_eq!(is_flag, row["Flag"] != "0", "{look} {row:?}");
        checked += 1;
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn bands_from_tables_screen_as_bands_from_rasters_do() {
    let Some(case) = case("bands_from_tables_screen_as_bands_from_rasters_do", "03_nrt_sentinel2/romania_20m") else { return };
    let scratch = scratch();
    let dates = case.join("dates.csv");
    let inputs: Vec<String> = [("ndvi", "expected_ndvi_masked.tif"), ("green", "B3.tif"), ("swir", "B11.tif")]
        .iter()
        .map(|(role, file)| format!("{role}={}", argument(&case.join(file))))
        .collect();
    let mut arguments = vec!["detect", "ccdc-nrt"];
    arguments.extend(inputs.iter().map(String::as_str));
    arguments.extend(["--dates", argument(&dates), "--monitor-from", "2019-01-01"]);
    let raster = story(&arguments, "15,1");
    let table = |role: &str| {
        let own = raster["looks"].as_array().expect("looks").iter().filter(|look| look["role"] == role);
        let lines = own.map(|look| format!("{},{}", look["date"].as_str().expect("a day"), look["value"]));
        let path = scratch.path().join(format!("{role}.csv"));
        std::fs::write(&path, std::iter::once("date,p".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")).expect("written");
        format!("{role}={}", argument(&path))
    };
    let tables = [table("swir"), table("ndvi"), table("green")];
    let from_tables = story(&["detect", "ccdc-nrt", &tables[0], &tables[1], &tables[2], "--monitor-from", "2019-01-01"], "p");
    assert_eq!(raster["status"], "break");
    for name in ["status", "break", "before", "history_start", "coefficients", "sigma", "n_history"] {
        assert_eq!(raster[name], from_tables[name], "{name}");
    }
    let left_out = raster["looks"].as_array().expect("looks").iter().filter(|look| look["reason"] == "screened").count();
    assert!(left_out > 0, "nothing was screened: the case tells nothing");
}

#[test]
fn a_story_is_a_table_a_record_or_a_picture_by_its_name() {
    let Some(case) = case("a_story_is_a_table_a_record_or_a_picture_by_its_name", "01_bfastmonitor_tura") else { return };
    let scratch = scratch();
    let (stack, dates) = (case.join("ndvi.tif"), case.join("dates.csv"));
    let arguments = |place: &str, out: Option<&Path>, more: &[&str]| {
        let mut all: Vec<String> = ["detect", "cusum", argument(&stack), "--dates", argument(&dates)].map(str::to_owned).into();
        all.extend(["--monitor-from", "2009-01-01", "--scale", "0.0001", "-q"].map(str::to_owned));
        all.push(format!("--explain={place}"));
        all.extend(out.iter().flat_map(|out| ["-o".to_owned(), argument(out).to_owned()]));
        all.extend(more.iter().map(|text| (*text).to_owned()));
        all
    };
    let at = |name: &str| scratch.path().join(name);
    let printed = succeed(arguments("48,69", None, &[]));
    succeed(arguments("48,69", Some(&at("s.csv")), &[]));
    assert_eq!(std::fs::read_to_string(at("s.csv")).expect("text"), printed);
    let looks = csv::Reader::from_reader(printed.as_bytes()).records().map(|row| row.expect("a row").len()).collect::<Vec<_>>();
    assert_eq!((looks.len(), looks[0]), (166, 22));
    succeed(arguments("48,69", Some(&at("s.json")), &[]));
    let record: Value = serde_json::from_slice(&std::fs::read(at("s.json")).expect("bytes")).expect("JSON");
    assert_eq!((&record["row"], &record["col"], &record["parameters"]["order"]), (&48.into(), &69.into(), &2.into()));
    succeed(arguments("48,69", Some(&at("s.svg")), &[]));
    let svg = std::fs::read_to_string(at("s.svg")).expect("text");
    assert!(svg.starts_with("<svg width=\"1200\" height=\"700\"") && svg.contains("break on 2011-10-31"), "{}", &svg[..200]);
    succeed(arguments("48,69", Some(&at("s.png")), &[]));
    let first = std::fs::read(at("s.png")).expect("bytes");
    let length = |at: usize| u32::from_be_bytes(first[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((length(16), length(20)), (1200, 700));
    succeed(arguments("48,69", Some(&at("s.png")), &["--force", "--jobs", "1"]));
    assert_eq!(std::fs::read(at("s.png")).expect("bytes"), first);

    for (exit, place, out, word) in [
        (5, "48,69", Some("s.png"), "s.png"),
        (2, "48,69", Some("s.tif"), ".svg"),
        (2, "48", None, "ROW,COL"),
        (2, "-1,3", None, "ROW,COL"),
        (2, "148,3", None, "rows 0 to 147"),
        (2, "3,72", None, "columns 0 to 71"),
    ] {
        let said = fail(exit, arguments(place, out.map(at).as_deref(), &[]));
        assert!(said.contains(word), "{said}");
    }
}
