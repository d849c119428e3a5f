//! `coregister`: shifts that are known, what must not be believed, and images put right; and a run that looks after its scenes.

mod support;

use std::path::Path;

use geoio::{RasterFile, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::Value;
use support::ground::{grid, ground, noise, seen, write};
use support::region::Region;
use support::{argument, case, fail, scratch, succeed};

fn measure(moving: &Path, reference: &Path, more: &[&str]) -> Value {
    let arguments = ["coregister", argument(moving), argument(reference), "--json", "-q"];
    serde_json::from_str(&succeed(arguments.iter().chain(more))).expect("JSON")
}

/// Distance of a reported shift from the truth, in pixels: rows to the south, columns to the east.
fn error(report: &Value, rows: f64, cols: f64) -> f64 {
    let number = |name: &str| report["shift"][name].as_f64().expect("a number");
    (number("rows_px") - rows).hypot(number("cols_px") - cols)
}

fn pixels(path: &Path) -> (Grid, Array2<f32>) {
    let file = RasterFile::open(path).expect("a raster");
    let values = file.read(1, file.grid().window()).expect("values");
    (file.grid().clone(), values)
}

#[test]
fn the_shifts_of_real_pixels_are_found_to_a_fiftieth() {
    let Some(folder) = case("the_shifts_of_real_pixels_are_found_to_a_fiftieth", "20_coregistration") else { return };
    let scratch = scratch();
    let reference = folder.join("reference.tif");
    let mut table = csv::Reader::from_path(folder.join("expected_shifts.csv")).expect("the table");
    for row in table.records() {
        let row = row.expect("a row");
        let number = |i: usize| row[i].parse::<f64>().expect("a number");
        let (moving, out) = (folder.join(&row[0]), scratch.path().join(&row[0]));
        let report = measure(&moving, &reference, &["-o", argument(&out)]);
        assert!(error(&report, number(1), number(2)) < 0.02, "{}: {report}", &row[0]);
        let shift = &report["shift"];
        let metres = |name: &str| shift[name].as_f64().expect("a number");
        assert!((metres("north_m") - number(3)).abs() < 2.4 && (metres("east_m") - number(4)).abs() < 2.4, "{shift}");
        // The image keeps its numbers and gets another place.
        let ((before, a), (after, b)) = (pixels(&moving), pixels(&out));
        assert_eq!(a, b);
        assert!((after.west - before.west - metres("east_m")).abs() < 0.01);
        assert!((after.north - before.north - metres("north_m")).abs() < 0.01);
        // Put right, it lies right.
        assert!(error(&measure(&out, &reference, &[]), 0.0, 0.0) < 0.02, "{}", &row[0]);
    }
}

#[test]
fn grids_that_lie_a_part_of_a_pixel_apart_and_pixels_of_other_sizes_are_accounted_for() {
    let scratch = scratch();
    let (reference, moving) = (scratch.path().join("a.tif"), scratch.path().join("b.tif"));
    let own = grid(256, 10.0, (0.0, 0.0));
    write(&reference, &own, &seen(1, &own, |s, e| (s, e)));
    // Its grid lies 3.7 m south and 6.1 m west; its content lies where it says, but 12 m north and 4 m west.
    for (step, tolerance) in [(10.0, 0.01), (5.0, 0.03), (7.3, 0.05)] {
        let other = grid((2560.0 / step) as usize, step, (3.7, -6.1));
        write(&moving, &other, &seen(1, &other, |s, e| (s + 12.0, e + 4.0)));
        let report = measure(&moving, &reference, &["--window", "96"]);
        assert!(error(&report, 1.2, 0.4) < tolerance, "pixels of {step} m: {report}");
    }
}

#[test]
fn noise_other_ground_and_a_plantation_are_refused_with_reasons() {
    let scratch = scratch();
    let (reference, moving, out) = (scratch.path().join("a.tif"), scratch.path().join("b.tif"), scratch.path().join("o.tif"));
    let own = grid(200, 10.0, (0.0, 0.0));
    let plane = |value: &dyn Fn(usize, usize) -> f64| Array2::from_shape_fn((200, 200), |(row, col)| value(row, col) as f32);
    let rows =
        |seed: u64, by: f64| plane(&move |row, col| ((col as f64 + by) * 0.8 + 0.05 * noise(seed, row as i64, col as i64)).sin());
    let sure = seen(1, &own, |s, e| (s, e));
    for (a, b, told) in [
        (sure.clone(), plane(&|row, col| noise(3, row as i64, col as i64)), "nothing in common"),
        (sure.clone(), seen(99, &own, |s, e| (s, e)), "nothing in common"),
        (sure.clone(), plane(&|_, _| 5.0), "constant"),
        (sure.clone(), plane(&|_, _| f64::NAN), "masked or outside"),
        (rows(1, 0.0), rows(2, 2.0), "repeating pattern"),
    ] {
        write(&reference, &own, &a);
        write(&moving, &own, &b);
        let line = fail(3, ["coregister", argument(&moving), argument(&reference), "-o", argument(&out)]);
        assert!(line.contains("no reliable match") && line.contains(told) && line.contains("b.tif"), "{line}");
        assert!(!out.exists());
    }
    let far = grid(200, 10.0, (50_000.0, 0.0));
    write(&moving, &far, &sure);
    let line = fail(3, ["coregister", argument(&moving), argument(&reference)]);
    assert!(line.contains("does not overlap"), "{line}");
}

#[test]
fn masks_hide_clouds_that_would_be_taken_for_ground() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let own = grid(240, 10.0, (0.0, 0.0));
    let mut images = [seen(1, &own, |s, e| (s, e)), seen(1, &own, |s, e| (s + 7.5, e - 15.0))];
    for (i, image) in images.iter_mut().enumerate() {
        let mut mask = Array2::from_elem((240, 240), 4.0f32);
        for ((row, col), v) in image.indexed_iter_mut() {
            let cloud = ground(500 + 100 * i as u64, row as f64 * 5.0, col as f64 * 5.0);
            if cloud > 8.0 {
                (*v, mask[[row, col]]) = (400.0 + cloud as f32, 9.0);
            }
        }
        write(&path(["a.tif", "b.tif"][i]), &own, image);
        write(&path(["ma.tif", "mb.tif"][i]), &own, &mask);
    }
    let (ma, mb) = (path("ma.tif"), path("mb.tif"));
    let masks = ["--window", "80", "--mask", argument(&mb), "--reference-mask", argument(&ma), "--clear", "4,5"];
    let report = measure(&path("b.tif"), &path("a.tif"), &masks);
    assert!(error(&report, 0.75, -1.5) < 0.03, "{report}");
}

#[test]
fn a_turned_image_is_told_and_put_right_by_an_affine_or_a_local_warp() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let own = grid(400, 10.0, (0.0, 0.0));
    write(&path("a.tif"), &own, &seen(1, &own, |s, e| (s, e)));
    // Turned by a third of a degree about the middle: 1 to 2 pixels at the edges.
    let turn = |s: f64, e: f64| (s + 0.005 * (e - 2000.0) + 6.0, e - 0.005 * (s - 2000.0) - 9.0);
    write(&path("b.tif"), &own, &seen(1, &own, turn));
    let report = measure(&path("b.tif"), &path("a.tif"), &["--window", "64"]);
    let codes: Vec<&str> = report["warnings"].as_array().expect("warnings").iter().filter_map(|w| w["code"].as_str()).collect();
    assert!(codes.contains(&"bent"), "{report}");
    for warp in ["affine", "local"] {
        let out = path(&format!("{warp}.tif"));
        let more = ["--window", "64", "--grid", "6", "--warp", warp, "--resampling", "cubic", "-o", argument(&out)];
        measure(&path("b.tif"), &path("a.tif"), &more);
        let ((grid, a), (_, b)) = (pixels(&path("a.tif")), pixels(&out));
        assert_eq!((grid.rows, b.dim()), (400, (400, 400)));
        let inner = ndarray::s![20..380, 20..380];
        let square: f64 = a.slice(inner).iter().zip(b.slice(inner)).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let spread = a.slice(inner).std(0.0);
        let left = (square / (360.0 * 360.0)).sqrt() / f64::from(spread);
        assert!(left < 0.03, "{warp}: {left} of the spread is left");
    }
}

#[test]
fn tables_and_images_do_not_depend_on_threads() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let own = grid(200, 10.0, (0.0, 0.0));
    write(&path("a.tif"), &own, &seen(1, &own, |s, e| (s, e)));
    write(&path("b.tif"), &own, &seen(1, &own, |s, e| (s + 3.0, e - 8.0)));
    let bytes = |jobs: &str| {
        let (out, table) = (path("o.tif"), path("t.json"));
        let more = ["--jobs", jobs, "--force", "--resample", "--block", "64", "-o", argument(&out), "--report", argument(&table)];
        measure(&path("b.tif"), &path("a.tif"), &more);
        (std::fs::read(&out).expect("an image"), std::fs::read_to_string(&table).expect("a table"))
    };
    let (one, many) = (bytes("1"), bytes("3"));
    assert!(one == many);
    let table: Value = serde_json::from_str(&one.1).expect("JSON");
    assert_eq!((&table["schema"], &table["warp"]), (&Value::from("atalaya-coregistration/1"), &Value::from("shift")));
    let points = table["points"].as_array().expect("points");
    assert!(
        points.len() >= 9 && points.iter().all(|p| p["status"] == "used" && p["correlation"].as_f64() > Some(0.9)),
        "{table}"
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let scratch = scratch();
    let (a, b) = (scratch.path().join("a.tif"), scratch.path().join("b.tif"));
    let own = grid(100, 10.0, (0.0, 0.0));
    write(&a, &own, &seen(1, &own, |s, e| (s, e)));
    write(&b, &grid(40, 10.0, (0.0, 0.0)), &seen(1, &grid(40, 10.0, (0.0, 0.0)), |s, e| (s, e)));
    let refused = |exit: i32, more: &[&str]| fail(exit, ["coregister", argument(&a), argument(&a)].iter().chain(more));
    assert!(refused(2, &["--max-shift", "100"]).contains("--window 304"));
    assert!(refused(2, &["--clear", "4"]).contains("--mask"));
    assert!(refused(2, &["-o", argument(&a), "--force"]).contains("is an input"));
    assert!(refused(2, &["--report", "t.txt"]).contains(".json or .csv"));
    assert!(refused(3, &["--band", "2"]).contains("band 2"));
    let line = fail(3, ["coregister", argument(&b), argument(&a)]);
    assert!(line.contains("less than 48 pixels"), "{line}");
}

/// Writes a scene of a region anew with its place wrong by whole pixels: its content then lies that far south and east.
fn misplace(path: &Path, rows: f64, cols: f64) {
    let file = RasterFile::open(path).expect("a scene");
    let bands = file.bands();
    let names: Vec<&str> = bands.iter().map(|band| band.description.as_str()).collect();
    let own = file.grid();
    let moved = Grid { west: own.west + cols * own.step_x, north: own.north - rows * own.step_y, ..own.clone() };
    let options = RasterOptions { nodata: bands[0].nodata, ..RasterOptions::codes(&names) };
    let partial = path.with_extension("new.tif");
    let mut writer = RasterWriter::<u16>::create(&partial, &moved, options, true).expect("a file");
    for band in 0..bands.len() {
        let plane = file.read_pixels::<u16>(band + 1, own.window()).expect("a band");
        writer.write(band, moved.window(), plane.view()).expect("a band");
    }
    writer.finish().expect("a file");
    drop(file);
    std::fs::remove_file(path).expect("removed");
    std::fs::rename(partial, path).expect("renamed");
}

#[test]
fn a_run_catches_a_scene_that_lies_two_pixels_off_and_gives_the_same_alerts_once_it_is_moved() {
    let region = Region::simulated("region-of-coregister", 320, 2);
    let scratch = scratch();
    let ids = |out: &Value| -> Vec<(String, String)> {
        let alerts = out["features"].as_array().expect("alerts").iter().map(|alert| &alert["properties"]);
        alerts.map(|p| (p["id"].to_string(), p["area_ha"].to_string())).collect()
    };
    let run = |name: &str, spec: &str, shifted: bool, exit: i32| -> (Vec<(String, String)>, Value) {
        let copy = region.link(&scratch.path().join(name), false);
        if shifted {
            misplace(&copy.path(&copy.scene_from("2023-09-01")), 2.0, -1.0);
        }
        if !spec.is_empty() {
            copy.edit("job.toml", &[("\n[change]\n", &format!("\n[coregistration]\n{spec}\n[change]\n"))]);
        }
        let job = copy.job();
        let output = support::atalaya(["run", &job, "-q"]);
        assert_eq!(output.status.code(), Some(exit), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let read = |file: &str| serde_json::from_slice::<Value>(&copy.bytes(&format!("out/{file}"))).expect("JSON");
        (ids(&read("alerts.geojson")), read("run.json"))
    };
    let (right, _) = run("right", "", false, 0);
    let (wrong, _) = run("wrong", "", true, 0);
    assert_ne!(right, wrong, "the shift does harm where nobody looks");
    let (corrected, manifest) = run("corrected", "action = \"correct\"\n", true, 0);
    assert_eq!(right, corrected);
    let scenes = manifest["coregistration"].as_array().expect("scenes");
    let moved: Vec<&Value> = scenes.iter().filter(|scene| scene["action"] == "corrected").collect();
    assert_eq!(moved.len(), 1, "{scenes:?}");
    let near = |name: &str, expected: f64| (moved[0][name].as_f64().expect("a number") - expected).abs() < 0.1;
    assert!(near("rows_px", -2.0) && near("cols_px", 1.0), "{}", moved[0]);
    assert_eq!(scenes.iter().filter(|scene| scene["standing"] == "reference").count(), 1);
    let (_, manifest) = run("refused", "action = \"refuse\"\ntolerance = \"10m\"\n", true, 4);
    let skipped = manifest["scenes_skipped"].to_string();
    assert!(skipped.contains("lies off the reference by more than 10m"), "{skipped}");
    let (told, manifest) = run("warned", "tolerance = \"30m\"\n", true, 0);
    assert_eq!(told, wrong);
    assert!(!manifest["warnings"].to_string().contains("scene_shifted"));
}
