//! Areas of Colombian municipalities against those that another geodesic library gave.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use alert::geodesic_size;
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use serde_json::Value;

/// The folder of reference data; `None` (with a note) where there is none and none is required.
fn reference(test: &str) -> Option<PathBuf> {
    let shared = env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
        .join("cases/15_registry_colombia");
    if shared.is_dir() {
        return Some(shared);
    }
    assert!(env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "{} is missing", shared.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("GeoJSON has an array here")
}

fn polygon(coordinates: &Value) -> Polygon<f64> {
    let number = |value: &Value| value.as_f64().expect("a position holds numbers");
    let ring = |ring: &Value| -> LineString<f64> {
        array(ring).iter().map(|position| Coord { x: number(&position[0]), y: number(&position[1]) }).collect()
    };
    let mut rings = array(coordinates).iter().map(ring);
    Polygon::new(rings.next().expect("a polygon has an exterior ring"), rings.collect())
}

fn polygons(geometry: &Value) -> MultiPolygon<f64> {
    let coordinates = &geometry["coordinates"];
    MultiPolygon::new(match geometry["type"].as_str() {
        Some("Polygon") => vec![polygon(coordinates)],
        Some("MultiPolygon") => array(coordinates).iter().map(polygon).collect(),
        other => panic!("no polygon: {other:?}"),
    })
}

fn expected_m2(csv: &str) -> BTreeMap<&str, f64> {
    let mut lines = csv.lines();
    let header = lines.next().expect("a header");
    let place = header.split(',').position(|name| name == "area_km2_geodesic_grs80").expect("the column of geodesic areas");
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[0], fields[place].parse::<f64>().expect("an area") * 1e6)
        })
        .collect()
}

#[test]
fn areas_of_municipalities_are_the_published_ones() {
    let Some(folder) = reference("areas_of_municipalities_are_the_published_ones") else {
        return;
    };
    let csv = fs::read_to_string(folder.join("expected_areas.csv")).expect("expected_areas.csv is readable");
    let text = fs::read_to_string(folder.join("municipalities_mgn2018.geojson")).expect("the municipalities are readable");
    let collection: Value = serde_json::from_str(&text).expect("GeoJSON");
    let expected = expected_m2(&csv);
    let (mut total_m2, mut expected_total_m2) = (0.0, 0.0);
    for feature in array(&collection["features"]) {
        let code = feature["properties"]["MPIO_CCNCT"].as_str().expect("a code");
        let (area_m2, perimeter_m) = geodesic_size(&polygons(&feature["geometry"]));
        let reference_m2 = expected[code];
        // The file holds 7 decimals of a degree, so that a corner may lie 6 mm off the one that was measured.
        let tolerance_m2 = 1e-6 * reference_m2 + 0.006 * perimeter_m;
        assert!((area_m2 - reference_m2).abs() <= tolerance_m2, "{code}: {area_m2} m2, expected {reference_m2}");
        total_m2 += area_m2;
        expected_total_m2 += reference_m2;
    }
    assert_eq!(array(&collection["features"]).len(), expected.len());
    assert!((total_m2 / expected_total_m2 - 1.0).abs() < 1e-8, "{total_m2} m2 in all, expected {expected_total_m2}");
}
