//! `bench` on small simulated regions and on the samples.

mod support;

use std::path::Path;

use serde_json::Value;
use support::{argument, fail, scratch, succeed};

const STAGES: [&str; 8] = ["read", "mask", "index", "change", "patches", "overlay", "write", "job"];

fn bench(arguments: &[&str]) -> Value {
    let told = succeed([&["bench", "--reps", "1", "--json", "-q"], arguments].concat());
    serde_json::from_str(&told).expect("one JSON object")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} of {value}"))
}

fn above_zero(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.is_finite() && number > 0.0)
}

#[test]
fn every_stage_of_a_simulated_region_has_its_figures_and_a_second_size_its_growth() {
    let scratch = scratch();
    let dir = argument(scratch.path());
    let told = bench(&[dir, "--sizes", "128,160", "--seed", "3"]);
    assert_eq!((told["schema"].as_str(), told["verb"].as_str()), (Some("atalaya-bench/1"), Some("bench")));
    assert!(told["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0));
    let rows = list(&told, "rows");
    assert_eq!(rows.len(), 2);
    for (row, side) in rows.iter().zip([128u32, 160]) {
        assert_eq!((row["rows"].as_u64(), row["dates"].as_u64()), (Some(side.into()), Some(2)));
        let expected = 2.0 * f64::from(side * side) / 1e6;
        assert!((row["megapixels"].as_f64().expect("a number") - expected).abs() < 1e-12);
        let stages = list(row, "stages");
        assert_eq!(stages.iter().map(|stage| stage["stage"].as_str().expect("a name")).collect::<Vec<_>>(), STAGES);
        for stage in stages {
            assert!(["best_s", "median_s", "megapixels_a_s"].iter().all(|name| above_zero(&stage[*name])), "{stage}");
        }
        assert!(["decode_s", "encode_s", "share"].iter().all(|name| above_zero(&row["floor"][*name])), "{row}");
        assert!(row["score"]["alerts"].is_u64(), "{row}");
        if cfg!(target_os = "linux") {
            assert!(above_zero(&row["processor_s"]), "{row}");
            assert!(row["peak_bytes"].as_u64().is_some_and(|bytes| bytes > 10 << 20), "{row}");
        }
    }
    let growth = list(&told, "growth");
    assert!(growth.len() >= STAGES.len());
    for one in growth {
        assert!(one["slope"].as_f64().is_some_and(f64::is_finite) && above_zero(&one["doubling"]), "{one}");
        assert_eq!(one["sides"], serde_json::json!([128, 160]));
    }
}

#[test]
fn a_region_that_is_there_is_not_made_again() {
    let scratch = scratch();
    let dir = argument(scratch.path());
    let arguments = [dir, "--sizes", "96", "--dates", "3", "--stages", "index"];
    bench(&arguments);
    let region = scratch.path().join("size-96-dates-3-seed-18");
    let scenes = |folder: &Path| std::fs::read_dir(folder.join("imagery")).expect("scenes").count();
    assert_eq!(scenes(&region), 3);
    let written = |name: &str| std::fs::metadata(region.join(name)).and_then(|meta| meta.modified()).expect("a time");
    let first = written("forest.tif");
    let told = bench(&arguments);
    assert_eq!(written("forest.tif"), first);
    assert_eq!(list(&list(&told, "rows")[0], "stages").len(), 1);
    // A left-over without its mark is made anew.
    std::fs::remove_file(region.join("region.json")).expect("the mark");
    std::fs::write(region.join("imagery/simulated_2020-01-01.tif"), "torn").expect("a file");
    bench(&arguments);
    assert_eq!(scenes(&region), 3);
}

#[test]
fn a_report_compared_with_itself_has_ratios_and_names_what_is_missing() {
    let scratch = scratch();
    let (dir, report) = (argument(scratch.path()), scratch.path().join("report.json"));
    bench(&[dir, "--sizes", "96", "--stages", "index,write", "-o", argument(&report)]);
    let told = bench(&[dir, "--sizes", "96", "--stages", "index,read", "--compare", argument(&report)]);
    let comparison = &told["comparison"];
    let ratios = list(comparison, "ratios");
    assert_eq!(ratios.len(), 1);
    assert!(ratios[0]["of"] == "index" && above_zero(&ratios[0]["ratio"]), "{ratios:?}");
    assert_eq!(comparison["missing"], serde_json::json!(["size-96-dates-2-seed-18 write"]));
    assert_eq!(comparison["added"], serde_json::json!(["size-96-dates-2-seed-18 read"]));
    let told = fail(5, ["bench", dir, "--sizes", "96", "-o", argument(&report)]);
    assert!(told.contains("report.json"), "{told}");
}

#[test]
fn the_samples_are_measured_and_nothing_is_left_beside_them() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data-samples");
    let before = std::fs::read_dir(samples.join("caqueta")).expect("the samples").count();
    let told = bench(&[argument(&samples), "--stages", "job"]);
    let row = &list(&told, "rows")[0];
    assert_eq!((row["case"].as_str(), row["dates"].as_u64()), (Some("caqueta"), Some(38)));
    assert_eq!(row["score"]["recall"]["part"], row["score"]["recall"]["of"]);
    assert_eq!(std::fs::read_dir(samples.join("caqueta")).expect("the samples").count(), before);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let scratch = scratch();
    let dir = argument(scratch.path());
    for (arguments, cause) in [
        (&["--sizes", "63"][..], "63 x 63"),
        (&["--sizes", "96", "--dates", "1"], "1 scenes"),
        (&["--sizes", "96", "--dates", "121"], "121 scenes"),
        (&[dir], "job.toml"),
        (&[], "--sizes"),
    ] {
        let told = fail(2, [&["bench"], arguments].concat());
        assert!(told.contains(cause), "{arguments:?}: {told}");
    }
    for (arguments, cause) in [(["--stages", "decode"], "'decode' is no stage"), (["--reps", "0"], "'0' is no number")] {
        let ended = support::atalaya([&["bench", dir], &arguments[..]].concat());
        assert_eq!(ended.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&ended.stderr).contains(cause), "{arguments:?}");
    }
    let other = scratch.path().join("other.json");
    std::fs::write(&other, "{ \"schema\": \"atalaya-report/1\" }").expect("a file");
    let told = fail(2, ["bench", dir, "--sizes", "96", "--compare", argument(&other)]);
    assert!(told.contains("atalaya-report/1") && told.contains("atalaya-bench/1"), "{told}");
}
