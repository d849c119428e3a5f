//! The demo finds what was planted, and its two safeguards hold on their own.

mod support;

use std::path::Path;

use serde_json::Value;
use support::{argument, scratch, succeed};

/// Least precision and recall for clearings of half a hectare that the sky let be seen.
const LEAST: f64 = 0.95;

/// The scores of a demo in a folder, by the name of the run.
fn scores(folder: &Path, method: &str, seed: u64, side: usize) -> Vec<(String, Value)> {
    let (seed, side) = (seed.to_string(), side.to_string());
    let told = succeed(["demo", argument(folder), "--method", method, "--seed", &seed, "--size", &side, "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let scores = told["scores"].as_array().expect("scores");
    scores.iter().map(|s| (s["run"].as_str().expect("a name").to_owned(), s["score"].clone())).collect()
}

fn part_of(share: &Value) -> (u64, u64) {
    (share["part"].as_u64().expect("a count"), share["of"].as_u64().expect("a count"))
}

/// Expects what the demo is there to show.
fn assert_good(seed: u64, side: usize, planted: u64) {
    let scratch = scratch();
    let scores = scores(scratch.path(), "difference", seed, side);
    let named = |name: &str| &scores.iter().find(|(run, _)| run == name).unwrap_or_else(|| panic!("a run {name}")).1;
    let safe = named("forest layer and season window");
    for what in ["precision", "recall"] {
        let (part, of) = part_of(&safe[what]);
        assert!(part as f64 >= LEAST * of as f64, "seed {seed}: {what} {part}/{of}");
    }
    assert!(part_of(&safe["recall"]).1 >= planted, "seed {seed}: too few clearings to judge by");
    for run in ["forest layer and season window", "without forest layer"] {
        assert_eq!(named(run)["false_by_land"]["pasture"], Value::Null, "seed {seed}: pasture was flagged {run}");
    }
    let bare = &named("without either")["false_by_land"];
    assert!(bare.as_object().is_some_and(|lands| !lands.is_empty()), "seed {seed}: the safeguards are needed: {bare}");
}

#[test]
fn the_demo_finds_the_clearings_that_were_seen() {
    assert_good(18, 640, 10);
}

#[test]
fn other_regions_are_told_as_well() {
    for seed in [1, 7, 2024] {
        assert_good(seed, 400, 3);
    }
}

#[test]
fn methods_of_series_find_clearings_on_their_days_whatever_the_day_of_their_alarm() {
    for (method, least) in [
        ("bfast-monitor", 0.95),
        ("cusum", 0.95),
        ("mosum", 0.95),
        ("iqr", 0.7),
        ("ewma", 0.5),
        ("ccdc-nrt", 0.85),
        ("pvts-beta", 0.95),
    ] {
        let scratch = scratch();
        let (_, score) = &scores(scratch.path(), method, 7, 640)[0];
        for (what, least) in [("precision", 0.95), ("dated", 0.95), ("recall", least)] {
            let (part, of) = part_of(&score[what]);
            assert!(of >= 20 && part as f64 >= least * of as f64, "{method}: {what} {part}/{of}");
        }
        let alerts = std::fs::read_to_string(scratch.path().join("out/alerts.geojson")).expect("alerts");
        let alerts: Value = serde_json::from_str(&alerts).expect("JSON");
        for alert in alerts["features"].as_array().expect("features").iter().map(|alert| &alert["properties"]) {
            assert_eq!((&alert["method"], &alert["confidence"]), (&Value::from(method), &Value::from("low")));
            assert!(alert["magnitude"].as_f64().is_some_and(|drop| drop <= -0.2), "{method}: clearing lowers the index: {alert}");
        }
    }
}

#[test]
fn bayts_finds_clearings_and_confirms_them() {
    let scratch = scratch();
    let (_, score) = &scores(scratch.path(), "bayts", 7, 640)[0];
    for what in ["precision", "dated", "recall"] {
        let (part, of) = part_of(&score[what]);
        assert!(of >= 20 && part as f64 >= 0.9 * of as f64, "bayts: {what} {part}/{of}");
    }
}
