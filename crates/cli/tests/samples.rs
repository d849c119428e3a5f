//! The sample region that comes with the repository.

mod support;

use std::path::Path;

use serde_json::Value;
use support::{scratch, succeed};

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data-samples")
}

#[test]
fn the_samples_are_those_of_their_sums() {
    let sums = std::fs::read_to_string(samples().join("SHA256SUMS")).expect("the list of sums");
    for line in sums.lines() {
        let (sum, file) = line.split_once("  ").expect("a sum and a file");
        assert_eq!(geoio::sha256_file(&samples().join(file)).expect("the file"), sum, "{file}");
    }
    assert!(sums.lines().count() > 40);
}

#[test]
fn the_sample_job_finds_the_planted_clearings_that_were_seen() {
    let scratch = scratch();
    let job = samples().join("caqueta/job.toml");
    let out = scratch.path().join("out");
    let told = succeed(["run", job.to_str().expect("UTF-8"), "-o", out.to_str().expect("UTF-8"), "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["counts"]["scenes"], 38);
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(samples().join("caqueta/truth.geojson")).expect("the truth"))
            .expect("JSON");
    let large_seen = truth["features"].as_array().expect("features").iter().filter(|feature| {
        let planted = &feature["properties"];
        planted["seen"] == 1 && planted["area_ha"].as_f64().expect("hectares") >= 0.5
    });
    assert!(told["counts"]["alerts"].as_u64().expect("a count") >= large_seen.count() as u64);
    let summary = std::fs::read_to_string(out.join("summary.csv")).expect("the summary");
    assert!(
        summary.starts_with("basis,unit,name,") && summary.contains("\r\n\"superficie cartografiada, no es una estimación\","),
        "{summary}"
    );
}
