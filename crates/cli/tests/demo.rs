//! The demo finds what was planted, and its two safeguards hold on their own.

mod support;

use serde_json::Value;
use support::{argument, scratch, succeed};

/// Least precision and recall for clearings of half a hectare that the sky let be seen.
const LEAST: f64 = 0.95;

/// The scores of a demo, by the name of the run.
fn scores(seed: u64, side: usize) -> Vec<(String, Value)> {
    let scratch = scratch();
    let (seed, side) = (seed.to_string(), side.to_string());
    let told = succeed(["demo", argument(scratch.path()), "--seed", &seed, "--size", &side, "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let scores = told["scores"].as_array().expect("scores");
    scores.iter().map(|s| (s["run"].as_str().expect("a name").to_owned(), s["score"].clone())).collect()
}

fn part_of(share: &Value) -> (u64, u64) {
    (share["part"].as_u64().expect("a count"), share["of"].as_u64().expect("a count"))
}

/// Expects what the demo is there to show.
fn assert_good(seed: u64, side: usize, planted: u64) {
    let scores = scores(seed, side);
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
