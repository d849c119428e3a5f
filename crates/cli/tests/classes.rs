//! Rasters of classes under features: shares, and how sure their places are.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use geoio::{RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use support::{argument, fail, scratch, succeed};

/// Forest (1) in the west of -74 degrees, pasture (2) in the east, in pixels of a quarter of a thousandth of a degree.
fn forest(path: &Path) {
    let crs = geoio::crs::lonlat().expect("the system");
    let grid = Grid { crs, west: -74.005, north: 2.005, step_x: 0.000_25, step_y: 0.000_25, rows: 40, cols: 40 };
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::codes(&["class"]) };
    let mut writer = RasterWriter::<u8>::create(path, &grid, options, true).expect("a file");
    let classes = Array2::from_shape_fn((40, 40), |(_, col)| if col < 20 { 1_u8 } else { 2 });
    writer.write(0, grid.window(), classes.view()).expect("a band");
    writer.finish().expect("a file");
}

/// Three clearings: deep in the forest, half in each class, and in the pasture a pixel and a fifth from the border.
fn clearings(path: &Path) {
    let square = |id: &str, west: f64, east: f64| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"id\":\"{id}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":\
             [[[{west},2.0],[{east},2.0],[{east},2.001],[{west},2.001],[{west},2.0]]]}}}}"
        )
    };
    let features = [square("deep", -74.003, -74.002), square("border", -74.0005, -73.9995), square("beside", -73.9997, -73.9990)];
    fs::write(path, format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))).expect("written");
}

fn catalogue(path: &Path, more: &str) {
    let text = format!(
        "[[source]]\nid = \"land\"\ntitle = {{ es = \"B\", en = \"F\" }}\nauthority = \"A\"\npath = \"forest.tif\"\nprivacy = \"public\"\n\
         kind = \"classes\"\nclasses = {{ 1 = \"bosque\", 2 = \"pasto\" }}\n{more}"
    );
    fs::write(path, text).expect("written");
}

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

#[test]
fn classes_in_degrees_have_exact_shares_and_say_how_sure_their_place_is() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    forest(&at("forest.tif"));
    clearings(&at("c.geojson"));
    let told = |more: &str| -> Vec<(String, String, f64, String, String)> {
        catalogue(&at("catalogue.toml"), more);
        let out = at("o.csv");
        let (features, records) = (at("c.geojson"), at("catalogue.toml"));
        succeed(["join", argument(&features), "--registries", argument(&records), "-o", argument(&out), "--force", "-q"]);
        let row = |row: &Row| {
            let share = row["share"].parse().expect("a share");
            (row["id"].clone(), row["name"].clone(), share, row["position"].clone(), row["answer"].clone())
        };
        rows(&out).iter().map(row).collect()
    };
    let row = |id: &str, name: &str, share: f64, position: &str, answer: &str| {
        (id.to_owned(), name.to_owned(), share, position.to_owned(), answer.to_owned())
    };
    // A border lies anywhere in its pixels, and these may be off by half of one: 14 m.
    let expected = [
        row("deep", "bosque", 1.0, "certain", "overlap"),
        row("border", "bosque", 0.5, "certain", "overlap"),
        row("border", "pasto", 0.5, "certain", "overlap"),
        row("beside", "pasto", 1.0, "certain", "overlap"),
    ];
    assert_eq!(told(""), expected);
    // 60 m off, and a half pixel: of the strips of 2 pixels on each side none is far enough from the border.
    let expected = [
        row("deep", "bosque", 1.0, "certain", "overlap"),
        row("border", "bosque", 0.5, "possible", "overlap"),
        row("border", "pasto", 0.5, "possible", "overlap"),
        row("beside", "pasto", 1.0, "certain", "overlap"),
        row("beside", "bosque", 0.0, "possible", "no_overlap"),
    ];
    assert_eq!(told("accuracy_m = 60"), expected);
}

#[test]
fn more_hits_than_memory_holds_are_refused_with_what_to_do() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    // Two thousand points, each within the distance of all two thousand records.
    let table = |name: &str, count: usize| {
        let row = |i: usize| format!("{i},-74.{i:06},2.0\n");
        fs::write(at(name), format!("id,lon,lat\n{}", (0..count).map(row).collect::<String>())).expect("written");
    };
    table("features.csv", 2000);
    table("records.csv", 2000);
    let catalogue = "[[source]]\nid = \"p\"\ntitle = { es = \"P\", en = \"P\" }\nauthority = \"A\"\npath = \"records.csv\"\nkey = \"id\"\n\
                     privacy = \"public\"\njoin = \"within:10km\"\n";
    fs::write(at("catalogue.toml"), catalogue).expect("written");
    let (features, records, out) = (at("features.csv"), at("catalogue.toml"), at("o.csv"));
    let arguments = |memory: &'static str| {
        let (features, records, out) = (argument(&features), argument(&records), argument(&out));
        ["join", features, "--registries", records, "-o", out, "--force", "-q", "--memory", memory].map(str::to_owned)
    };
    let told = fail(2, arguments("256MiB"));
    assert!(told.contains("--memory") && told.contains("hits"), "{told}");
    assert!(!out.exists());
    succeed(arguments("4GiB"));
}
