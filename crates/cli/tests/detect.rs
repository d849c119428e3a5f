//! Methods over series of images, held against what other programs found.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use geoio::RasterFile;
use raster::Date;
use support::stack::Stack;
use support::{argument, case, fail, scratch, succeed};

/// A raster's bands by name, row by row.
fn bands(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let file = RasterFile::open(path).expect("a raster");
    let window = file.grid().window();
    let names = file.bands().iter().enumerate();
    names
        .map(|(number, band)| {
            let values = file.read_f64(number + 1, window).expect("a band");
            (band.description.clone(), values.into_iter().collect())
        })
        .collect()
}

/// Year and part of it, of years of 365 days in which 29 February is 1 March.
fn year_of(day: f64) -> f64 {
    let date = Date::from_days(day as i32);
    let (year, month, _) = date.ymd();
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let of_year = date.day_of_year() - u32::from(is_leap && (month > 2 || date.day_of_year() == 60));
    let of_year = if is_leap && month == 2 && date.day_of_year() == 60 { 60 } else { of_year };
    f64::from(year) + f64::from(of_year - 1) / 365.0
}

fn is_near(a: f64, b: f64, by: f64) -> bool {
    a.is_nan() && b.is_nan() || (a - b).abs() <= by
}

#[test]
fn bfast_monitor_finds_what_the_r_package_found() {
    let Some(case) = case("bfast_monitor_finds_what_the_r_package_found", "01_bfastmonitor_tura") else { return };
    let scratch = scratch();
    let configurations: [(&str, &[&str]); 2] =
        [("A", &["-p", "order=1", "-p", "trend=false", "-p", "history=all"]), ("B", &["-p", "history=roc"])];
    for (name, parameters) in configurations {
        let (stack, dates, out) = (case.join("ndvi.tif"), case.join("dates.csv"), scratch.path().join("out.tif"));
        let mut arguments = vec!["detect", "bfast-monitor", argument(&stack), "--dates", argument(&dates), "--scale", "0.0001"];
        arguments.extend(["--monitor-from", "2009-01-01", "-o", argument(&out), "--force", "-q"]);
        arguments.extend(parameters);
        succeed(arguments);
        let (got, expected) = (bands(&out), bands(&case.join(format!("expected_{name}.tif"))));
        let pixels = expected["status"].len();
        let differ = |of: &dyn Fn(usize) -> bool| (0..pixels).filter(|pixel| !of(*pixel)).count();
        let same_answer = |pixel: usize| {
            let day = got["break_day"][pixel];
            let year = if day.is_nan() { f64::NAN } else { year_of(day) };
            is_near(got["status"][pixel], expected["status"][pixel], 0.0) && is_near(year, expected["breakpoint"][pixel], 1e-6)
        };
        assert!(differ(&same_answer) * 1000 <= pixels, "{name}: status or day of {} pixels", differ(&same_answer));
        let same_start = |pixel: usize| is_near(year_of(got["history_start_day"][pixel]), expected["hist_start"][pixel], 1e-6);
        assert!(differ(&same_start) * 100 <= 3 * pixels, "{name}: history of {} pixels", differ(&same_start));
        let magnitude = |pixel: usize| is_near(got["magnitude"][pixel], expected["magnitude"][pixel] * 1e-4, 1e-6);
        assert_eq!(differ(&|pixel| !same_start(pixel) || magnitude(pixel)), 0, "{name}: magnitude");
        for (own, theirs) in [("n_history", "n_history"), ("n_monitor", "n_monitor_obs")] {
            let same = |pixel: usize| !same_start(pixel) || is_near(got[own][pixel], expected[theirs][pixel], 0.0);
            assert_eq!(differ(&same), 0, "{name}: {own}");
        }
    }
}

#[test]
fn the_model_and_the_boundary_are_kept_on_request_and_mistakes_are_told() {
    let name = "the_model_and_the_boundary_are_kept_on_request_and_mistakes_are_told";
    let Some(case) = case(name, "01_bfastmonitor_tura") else { return };
    let scratch = scratch();
    let (stack, dates, out) = (case.join("ndvi.tif"), case.join("dates.csv"), scratch.path().join("out.tif"));
    let with = |more: &[&'static str]| {
        let mut all: Vec<String> =
            ["detect", "bfast-monitor", argument(&stack), "--dates", argument(&dates)].map(str::to_owned).into();
        all.extend(["--monitor-from", "2009-01-01", "-o", argument(&out), "-q"].map(str::to_owned));
        all.extend(more.iter().map(|text| (*text).to_owned()));
        all
    };
    succeed(with(&["-p", "order=1", "--keep", "fit,process", "--type", "float64"]));
    let kept = bands(&out);
    for band in ["b0", "b1", "b2", "b3", "sigma", "boundary", "before_day", "confirmed_day"] {
        assert!(kept.contains_key(band), "{band}");
    }
    let told = [
        (&["--force", "-p", "order=9"][..], "order is 9"),
        (&["--force", "-p", "ordr=1"], "ordr"),
        (&["--force", "-p", "order"], "key=value"),
        (&["--force", "-p", "history=some"], "some"),
        (&["--force", "--keep", "all"], "fit or process"),
    ];
    for (more, word) in told {
        let said = fail(2, with(more));
        assert!(said.contains(word), "{said}");
    }
}

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

/// A number of a table; NaN where there is none.
fn number(row: &Row, column: &str) -> f64 {
    match row[column].as_str() {
        "" | "NA" => f64::NAN,
        text => text.parse().expect("a number"),
    }
}

/// Year and step of 23 of the day of a column.
fn step_of(row: &Row, column: &str) -> f64 {
    let day = number(row, column);
    if day.is_nan() {
        return day;
    }
    let date = Date::from_days(day as i32);
    let days = if Date::from_ymd(date.year(), 2, 29).is_some() { 366.0 } else { 365.0 };
    f64::from(date.year()) + (f64::from(date.day_of_year() - 1) / days * 23.0).floor() / 23.0
}

#[test]
fn bfast_monitor_on_regular_series_finds_what_the_r_package_found() {
    let name = "bfast_monitor_on_regular_series_finds_what_the_r_package_found";
    let Some(case) = case(name, "05_bfast_series") else { return };
    let scratch = scratch();
    let detected = |table: &str, from: &str, more: &[&str]| {
        let (table, out) = (case.join(table), scratch.path().join("out.csv"));
        let mut arguments = vec!["detect", "bfast-monitor", argument(&table), "--monitor-from", from, "-p", "frequency=23"];
        arguments.extend(["--keep", "fit", "-o", argument(&out), "--force", "-q"]);
        arguments.extend(more);
        succeed(arguments);
        rows(&out)
    };
    let same = |got: &Row, expected: &Row, told: &str| {
        assert!(is_near(step_of(got, "break_day"), number(expected, "breakpoint"), 1e-6), "{told}: {got:?}");
        assert!(is_near(number(got, "magnitude"), number(expected, "magnitude"), 1e-6), "{told}: {got:?}");
        assert!(is_near(step_of(got, "history_start_day"), number(expected, "hist_start"), 1e-6), "{told}: {got:?}");
    };
    let harmonic: &[&str] = &["-p", "order=1", "-p", "trend=false", "-p", "history=all"];
    let sums: &[&str] = &["-p", "order=2", "-p", "history=all", "-p", "type=OLS-CUSUM"];
    let mut checked = 0;
    for expected in rows(&case.join("expected_bfastmonitor.csv")) {
        let config = &expected["config"];
        let parameters = match config {
            _ if config.contains("type=RE") => continue,
            _ if config.contains("OLS-CUSUM") => sums,
            _ if config.contains("order=1") => harmonic,
            _ => &[],
        };
        let from = if config.contains("2010,13") { "2010-07-08" } else { "2004-01-01" };
        let got = detected(&format!("{}.csv", expected["series"]), from, parameters).remove(0);
        same(&got, &expected, config);
        assert!(is_near(number(&got, "sigma"), number(&expected, "sigma"), 1e-7), "{config}");
        assert!(is_near(number(&got, "n_history"), number(&expected, "n_hist"), 0.0), "{config}");
        let intercept = number(&expected, "intercept");
        assert!(is_near(number(&got, "b0"), intercept, 1e-6), "{config}: {} {intercept}", got["b0"]);
        checked += 1;
    }
    assert_eq!(checked, 6);
    let cells = detected("modis_somalia_cells.csv", "2010-01-01", &["--scale", "0.0001"]);
    let expected = rows(&case.join("expected_modis_cells_bfastmonitor_defaults_start2010.csv"));
    assert_eq!((cells.len(), expected.len()), (10, 10));
    for (got, expected) in cells.iter().zip(&expected) {
        same(got, expected, &expected["cell"]);
    }
}

#[test]
fn the_methods_of_nrt_find_what_nrt_found() {
    let Some(case) = case("the_methods_of_nrt_find_what_nrt_found", "03_nrt_sentinel2") else { return };
    let scratch = scratch();
    let plain: &[&str] = &["-p", "order=2", "-p", "trend=false"];
    let methods: [(&str, &str, &[&str]); 5] = [
        ("ewma", "ewma", plain),
        ("cusum", "cusum", plain),
        ("mosum", "mosum", plain),
        ("iqr", "iqr", &[]),
        ("ccdc-nrt", "ccdc", &[]),
    ];
    for scene in ["romania_10m", "romania_20m"] {
        for (method, file, parameters) in methods.iter().filter(|(_, file, _)| scene == "romania_20m" || *file != "ccdc") {
            let folder = case.join(scene);
            let (stack, dates, out) =
                (folder.join("expected_ndvi_masked.tif"), folder.join("dates.csv"), scratch.path().join("o.tif"));
            let inputs: Vec<String> = match *file {
                "ccdc" => [("ndvi", stack), ("green", folder.join("B3.tif")), ("swir", folder.join("B11.tif"))]
                    .iter()
                    .map(|(role, path)| format!("{role}={}", argument(path)))
                    .collect(),
                _ => vec![argument(&stack).to_owned()],
            };
            let mut arguments = vec!["detect", method];
            arguments.extend(inputs.iter().map(String::as_str));
            arguments.extend(["--dates", argument(&dates), "--monitor-from", "2019-01-01", "--keep", "fit,process"]);
            arguments.extend(["--type", "float64", "-o", argument(&out), "--force", "-q"]);
            arguments.extend(*parameters);
            succeed(arguments);
            let got = bands(&out);
            let expected = |what: &str| -> Vec<Vec<f64>> {
                let file = RasterFile::open(&folder.join(format!("expected_{file}_{what}.tif"))).expect("a raster");
                let read = |band| file.read_f64(band, file.grid().window()).expect("a band").into_iter().collect();
                (1..=file.bands().len()).map(read).collect()
            };
            let told = format!("{scene} {method}");
            let (masks, days, process) = (expected("mask"), expected("detection_days_since_1970"), expected("process"));
            let mask = masks.last().expect("a band");
            let pixels = mask.len();
            let count = |holds: &dyn Fn(usize) -> bool| (0..pixels).filter(|pixel| holds(*pixel)).count();
            let status = |pixel: usize| match mask[pixel] as i32 {
                1 => 0.0,
                2 => 3.0,
                3 => 1.0,
                _ => 2.0,
            };
            assert_eq!(count(&|pixel| is_near(got["status"][pixel], status(pixel), 0.0)), pixels, "{told}: status");
            let day = |pixel: usize| if days[0][pixel] > 0.0 { days[0][pixel] } else { f64::NAN };
            assert_eq!(count(&|pixel| is_near(got["break_day"][pixel], day(pixel), 0.0)), pixels, "{told}: day");
            let watched = |pixel: usize| status(pixel) < 2.0;
            // The reference keeps its numbers in 32 bits.
            let relative = |a: f64, b: f64, least: f64| (a - b).abs() <= 1e-4 * b.abs().max(least);
            let same_process = |pixel: usize| relative(got["statistic"][pixel], process[0][pixel], 0.02);
            assert_eq!(count(&|pixel| !watched(pixel) || same_process(pixel)), pixels, "{told}: process");
            for (number, coefficient) in expected("beta").iter().enumerate() {
                let own = &got[&format!("b{number}")];
                let same = |pixel: usize| relative(own[pixel], coefficient[pixel], 1e-3);
                assert_eq!(count(&|pixel| !watched(pixel) || same(pixel)), pixels, "{told}: b{number}");
            }
        }
    }
}

#[test]
fn bayts_finds_what_the_r_package_found() {
    let Some(case) = case("bayts_finds_what_the_r_package_found", "02_bayts_bolivia") else { return };
    let scratch = scratch();
    let at = |name: &str| argument(&case.join(name)).to_owned();
    // Rasters of two sensors, each with dates of its own, their season taken off by a percentile of each scene.
    let out = scratch.path().join("o.tif");
    let inputs = [format!("ndvi={}", at("lndvi.tif")), format!("vv={}", at("s1vv.tif"))];
    let dates = format!("ndvi={},vv={}", at("lndvi_dates.csv"), at("s1vv_dates.csv"));
    let mut arguments = vec!["detect", "bayts", &inputs[0], &inputs[1], "--dates", &dates, "--monitor-from", "2016-01-01"];
    arguments.extend(["-p", "chi=0.9", "-p", "percentile=0.95", "-p", "ndvi=[0,0.1,-0.5,0.125]", "-p", "vv=[-1,0.75,-4,1]"]);
    arguments.extend(["--type", "float64", "-o", argument(&out), "-q"]);
    succeed(arguments);
    let (got, expected) = (bands(&out), bands(&case.join("expected_bayts.tif")));
    let year = |day: f64| if day.is_nan() { day } else { year_of(day) };
    for pixel in 0..got["status"].len() {
        assert!(is_near(year(got["confirmed_day"][pixel]), expected["change_confirmed"][pixel], 1e-6), "pixel {pixel}");
        if expected["change_confirmed"][pixel].is_nan() {
            assert!(is_near(year(got["break_day"][pixel]), expected["flag"][pixel], 1e-6), "pixel {pixel}");
        } else {
            assert!(is_near(year(got["break_day"][pixel]), expected["change_flagged"][pixel], 1e-6), "pixel {pixel}");
            assert!(is_near(got["statistic"][pixel], expected["pchange_at_confirm"][pixel], 1e-6), "pixel {pixel}");
        }
    }
    // One pixel's series from tables.
    let out = scratch.path().join("o.csv");
    let series = [format!("ndvi={}", at("pixel_lndvi.csv")), format!("vv={}", at("pixel_s1vv.csv"))];
    let summary = rows(&case.join("expected_pixel_summary.csv"));
    assert_eq!(summary.len(), 3);
    for expected in summary {
        let name = &expected["case"];
        let chi = if name.contains("chi0.5") { "chi=0.5" } else { "chi=0.9" };
        let both = name.starts_with("both");
        let mut arguments = vec!["detect", "bayts", "--monitor-from", "2015-01-01", "-p", chi, "-p", "vv=[-7,0.75,-11.5,1]"];
        arguments.extend(["-o", argument(&out), "--force", "-q", &series[1]]);
        if both {
            arguments.extend([series[0].as_str(), "-p", "ndvi=[0.85,0.075,0.4,0.125]"]);
        }
        succeed(arguments);
        let got = rows(&out).remove(0);
        assert!(is_near(year(number(&got, "break_day")), number(&expected, "change_flagged"), 1e-6), "{name}: {got:?}");
        assert!(is_near(year(number(&got, "confirmed_day")), number(&expected, "change_confirmed"), 1e-6), "{name}: {got:?}");
        assert!(is_near(number(&got, "statistic"), number(&expected, "pchange_at_confirm"), 1e-6), "{name}: {got:?}");
    }
}

/// nrt 0.3.0 on the masked index alone: `CCDC(trend=True, harmonic_order=2, sensitivity=3, boundary=3)`, its history without a screen.
#[test]
fn ccdc_without_green_and_swir_finds_what_nrt_finds_without_a_screen() {
    let Some(case) = case("ccdc_without_green_and_swir_finds_what_nrt_finds_without_a_screen", "03_nrt_sentinel2") else {
        return;
    };
    let (scratch, folder) = (scratch(), case.join("romania_10m"));
    let (stack, dates, out) = (folder.join("expected_ndvi_masked.tif"), folder.join("dates.csv"), scratch.path().join("out.tif"));
    let mut arguments = vec!["detect", "ccdc-nrt", argument(&stack), "--dates", argument(&dates), "--monitor-from", "2019-01-01"];
    arguments.extend(["--keep", "fit", "--type", "float64", "-q", "-o", argument(&out)]);
    succeed(arguments);
    let got = bands(&out);
    let found: Vec<(usize, i64)> = (0..got["status"].len())
        .filter(|pixel| got["status"][*pixel] > 0.0)
        .map(|pixel| (pixel, got["break_day"][pixel] as i64))
        .collect();
    let some: Vec<(usize, i64)> = found.iter().copied().step_by(60).collect();
    assert_eq!(some, [(8, 18_338), (632, 18_453), (1182, 18_348), (1547, 18_453), (2346, 18_338), (2875, 18_398)]);
    assert_eq!((found.len(), found.iter().map(|(_, day)| day).sum::<i64>()), (358, 6_564_174));
    assert_eq!(found.iter().map(|(pixel, day)| *pixel as i64 * day).sum::<i64>(), 11_863_273_712);
    let model = [2.611_584_90, -0.000_122_864_367, -0.309_621_394, -0.124_589_324, -0.157_563_835, -0.091_324_701_9];
    for (number, expected) in model.into_iter().enumerate() {
        let value = got[&format!("b{number}")][8];
        assert!(is_near(value, expected, 1e-6 * expected.abs()), "b{number}: {value} {expected}");
    }
}

#[test]
fn rows_of_a_table_whose_code_is_not_clear_are_not_observed() {
    let scratch = scratch();
    let stack = Stack::synthetic(5, 4, 3);
    let (coded, masked) = (scratch.path().join("coded.csv"), scratch.path().join("masked.csv"));
    let (mut with_codes, mut without) = (vec!["id,date,value,qa".to_owned()], vec!["id,date,value".to_owned()]);
    for pixel in 0..12 {
        for (look, (date, image)) in stack.dates.iter().zip(&stack.images).enumerate() {
            let value = image[[pixel / 3, pixel % 3]];
            let code = [0, 1, 0, 4, 2, 0, 255][(look + pixel) % 7];
            with_codes.push(format!("{pixel},{date},{value},{code}"));
            without.push(format!("{pixel},{date},{}", if code < 2 { value } else { f32::NAN }));
        }
    }
    std::fs::write(&coded, with_codes.join("\n")).expect("a table");
    std::fs::write(&masked, without.join("\n")).expect("a table");
    let call = |table: &Path, out: &str, more: &[&str]| -> Vec<String> {
        let out = scratch.path().join(out);
        let words = ["detect", "iqr", argument(table), "--monitor-from", "2019-01-01", "--force", "-q", "-o", argument(&out)];
        words.iter().chain(more).map(|word| (*word).to_owned()).collect()
    };
    succeed(call(&coded, "a.csv", &["--qa", "qa:fmask"]));
    succeed(call(&masked, "b.csv", &[]));
    assert_eq!(rows(&scratch.path().join("a.csv")), rows(&scratch.path().join("b.csv")));
    succeed(call(&coded, "all.csv", &[]));
    assert_ne!(rows(&scratch.path().join("a.csv")), rows(&scratch.path().join("all.csv")));
    succeed(call(&coded, "story.csv", &["--qa", "qa:fmask", "--explain", "0"]));
    let story = std::fs::read_to_string(scratch.path().join("story.csv")).expect("a story");
    assert!(story.contains(",masked,"), "{story}");
    for (more, word) in [
        (&["--qa", "qa:clear"][..], "COLUMN:fmask or COLUMN:landsat-ard"),
        (&["--qa", "qa:fmask", "--clear", "0"], "--clear 0: is for rasters"),
        (&["--qa", "quality:fmask"], "no column quality"),
    ] {
        let exit = if word.starts_with("no column") { 3 } else { 2 };
        let said = fail(exit, call(&coded, "no.csv", more));
        assert!(said.contains(word), "{said}");
    }
}

/// The day is that of a break of all bands by pyccd 2021.7.19 and pyxccd 1.1.0 (`expected_summary.csv`).
#[test]
fn bands_of_one_table_are_read_by_their_columns_and_break_when_ccdc_says() {
    let Some(case) = case("bands_of_one_table_are_read_by_their_columns_and_break_when_ccdc_says", "04_ccdc_pixels") else {
        return;
    };
    let (scratch, table) = (scratch(), case.join("spectral_336_3980_obs.csv"));
    let out = scratch.path().join("out.csv");
    let call = |codes: &str| {
        let inputs = ["swir2", "green", "swir1"].map(|band| format!("{band}={}", argument(&table)));
        let words = ["--qa", codes, "--monitor-from", "2012-01-01", "--force", "-q", "-o", argument(&out)];
        ["detect", "ccdc-nrt"].into_iter().map(str::to_owned).chain(inputs).chain(words.map(str::to_owned)).collect::<Vec<_>>()
    };
    succeed(call("qa:fmask"));
    let found = rows(&out);
    assert_eq!((found.len(), found[0]["id"].as_str()), (1, "swir2"));
    assert_eq!(Date::from_days(number(&found[0], "break_day") as i32).to_string(), "2013-06-21");
    assert!(fail(3, call("qa:landsat-ard")).contains("line 2: '3' is no code of landsat-ard"));
}

#[test]
fn neither_how_images_are_cut_nor_the_memory_changes_what_is_found() {
    let scratch = scratch();
    let stack = Stack::synthetic(11, 150, 200);
    let files = stack.write(scratch.path(), "all", &stack.all());
    let (table, out) = (scratch.path().join("series.csv"), scratch.path().join("out.tif"));
    let detected = |input: &Path, out: &Path, more: &[&str]| {
        let mut arguments = vec!["detect", "cusum", argument(input), "--monitor-from", "2019-01-01", "-o", argument(out)];
        arguments.extend(["--type", "float64", "--keep", "fit,process", "--force", "-q"]);
        arguments.extend(more);
        succeed(arguments);
    };
    let dates = argument(&files.table);
    detected(&files.file, &out, &["--dates", dates]);
    let whole = bands(&out);
    assert!(whole["status"].iter().filter(|status| **status > 0.5 && **status < 1.5).count() > 10_000, "most pixels are cleared");
    for more in [["--block", "64"], ["--block", "128"], ["--block", "512"], ["--memory", "64MiB"], ["--jobs", "1"]] {
        detected(&files.file, &out, &[&["--dates", dates][..], &more].concat());
        let cut = bands(&out);
        for (name, values) in &whole {
            let same = values.iter().zip(&cut[name]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{more:?}: {name}");
        }
    }
    // The same series as a table of ids.
    let pixels: Vec<usize> = (0..150 * 200).step_by(613).collect();
    let mut lines = String::from("id,date,value\n");
    for pixel in &pixels {
        for (date, image) in stack.dates.iter().zip(&stack.images) {
            let value = image[[pixel / 200, pixel % 200]];
            if value.is_finite() {
                lines.extend([pixel.to_string(), date.to_string(), value.to_string()].join(",").chars().chain(['\n']));
            }
        }
    }
    std::fs::write(&table, lines).expect("a table");
    let of_table = scratch.path().join("out.csv");
    detected(&table, &of_table, &[]);
    let found = rows(&of_table);
    assert_eq!(found.len(), pixels.len());
    for row in found {
        let pixel: usize = row["id"].parse().expect("an id");
        for (name, values) in &whole {
            let (value, expected) = (number(&row, name), values[pixel]);
            assert!(is_near(value, expected, 1e-9 * expected.abs().max(1.0)), "pixel {pixel}: {name} {value} {expected}");
        }
    }
}
