//! The join of 339 Colombian municipal seats with the DANE polygons, against another library's answer.

use std::path::PathBuf;

use alert::{Features, Layer, Values};
use geo_types::{Geometry, LineString, MultiPolygon, Point, Polygon};
use raster::Date;
use registry::{AreaMeasure, Catalogue, Joined, Linked, Overlay, Periods};
use serde_json::Value;

fn case(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let case = shared.join("cases/15_registry_colombia");
    if case.is_dir() {
        return Some(case);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "{test}: no reference data");
    eprintln!("skipped: {test}: no reference data");
    None
}

fn ring(value: &Value) -> LineString<f64> {
    let number = |v: &Value| v.as_f64().expect("a number");
    value.as_array().expect("a ring").iter().map(|p| (number(&p[0]), number(&p[1]))).collect()
}

fn polygon(value: &Value) -> Polygon<f64> {
    let mut rings = value.as_array().expect("rings").iter().map(ring);
    Polygon::new(rings.next().expect("an exterior"), rings.collect())
}

fn geometry(value: &Value) -> Geometry<f64> {
    let parts = &value["coordinates"];
    match value["type"].as_str() {
        Some("Polygon") => Geometry::Polygon(polygon(parts)),
        _ => Geometry::MultiPolygon(MultiPolygon(parts.as_array().expect("parts").iter().map(polygon).collect())),
    }
}

fn layer(text: &str, fields: &[&str]) -> Layer {
    let document: Value = serde_json::from_str(text).expect("JSON");
    let items = document["features"].as_array().expect("features");
    let geometries = items.iter().map(|item| Some(geometry(&item["geometry"]))).collect();
    let mut features = Features::new("units", geometries);
    for field in fields {
        let values = items.iter().map(|item| item["properties"][field].as_str().map(str::to_owned)).collect();
        features = features.with(field, Values::Text(values)).expect("one value a feature");
    }
    Layer { features, ..Layer::default() }
}

fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

const CATALOGUE: &str = r#"[[source]]
id = "municipios"
title = { es = "Municipios", en = "Municipalities" }
authority = "DANE"
path = "municipalities_mgn2018.geojson"
key = "MPIO_CCNCT"
name = "MPIO_CNMBR"
columns = { departamento = "DPTO_CNMBR" }
privacy = "public"
"#;

#[test]
fn seats_fall_in_the_municipalities_that_geopandas_says() {
    let Some(case) = case("seats_fall_in_the_municipalities_that_geopandas_says") else { return };
    let read = |name: &str| std::fs::read_to_string(case.join(name)).expect("a file of the case");
    let source = Catalogue::parse(CATALOGUE).expect("a catalogue").sources.remove(0);
    let municipalities = layer(&read("municipalities_mgn2018.geojson"), &["MPIO_CCNCT", "MPIO_CNMBR", "DPTO_CNMBR"]);
    let sources = [(source, municipalities)];

    let seats = rows(&read("divipola_seats.csv"));
    let number = |text: &str| text.trim().parse::<f64>().expect("a coordinate");
    let points =
        seats.iter().map(|seat| Some(Geometry::Point(Point::new(number(&seat[5]), number(&seat[4]))))).collect::<Vec<_>>();
    let ids = seats.iter().map(|seat| seat[2].clone()).collect::<Vec<_>>();
    let links = Overlay::new(&sources).expect("an overlay").links(&points, 0, AreaMeasure::Geodesic);
    let periods = Periods::AsOf(Date::from_days(0));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };

    let wide = Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table");
    let Values::Text(keys) = &wide[0].values else { panic!("keys are text") };
    let expected = rows(&read("expected_point_join.csv"));
    assert_eq!((keys.len(), expected.len()), (339, 339));
    for ((id, key), expected) in ids.iter().zip(keys).zip(&expected) {
        assert_eq!((id, key.as_deref().unwrap_or("")), (&expected[0], expected[1].as_str()));
    }
    let own = ids.iter().zip(keys).filter(|(id, key)| Some(*id) == key.as_ref()).count();
    let none = keys.iter().filter(|key| key.is_none()).count();
    assert_eq!((own, none, keys.len() - own - none), (328, 3, 8));
    assert_eq!(
        Linked::new(joined).and_then(|linked| linked.long(0..joined.ids.len())).expect("a long table")[0].values.len(),
        links.len() + none
    );
}
