//! What a run promises: the same bytes however it is cut, ids that stay, outputs that hold together.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use geo::{BoundingRect as _, Contains as _, Winding as _};
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon, Rect};
use raster::Date;
use serde_json::{Value, json};
use support::region::{Copy, Outputs, Region, files};
use support::{argument, atalaya, command, fail, json_schema, scratch, succeed};

/// Pixels of the region's side: strips of 128 and 256 rows have seams in it.
const SIDE: usize = 320;

/// The first properties of an alert, in order.
const PROPERTIES: [&str; 19] = [
    "id",
    "schema",
    "run",
    "state",
    "confidence",
    "date_before",
    "date_first",
    "date_confirmed",
    "area_ha",
    "area_low_ha",
    "area_high_ha",
    "magnitude",
    "index",
    "method",
    "n_clear",
    "last_clear",
    "sensors",
    "lon",
    "lat",
];

fn region() -> &'static Region {
    static REGION: OnceLock<Region> = OnceLock::new();
    REGION.get_or_init(|| Region::simulated("region-of-run", SIDE, 1))
}

/// What the region's job gives as it stands.
fn plain() -> &'static Outputs {
    static PLAIN: OnceLock<Outputs> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let scratch = scratch();
        let copy = region().link(scratch.path(), false);
        copy.run(&["--jobs", "1"]);
        let outputs = copy.outputs();
        assert!(outputs.alerts().len() >= 5, "the region has alerts to compare");
        outputs
    })
}

fn edited(scratch: &Path, edits: &[(&str, &str)]) -> Copy {
    let copy = region().link(scratch, false);
    copy.edit("job.toml", edits);
    copy
}

fn shape(alert: &Value) -> MultiPolygon<f64> {
    let ring = |ring: &Value| -> LineString<f64> {
        let at = |at: &Value| Coord { x: at[0].as_f64().expect("a number"), y: at[1].as_f64().expect("a number") };
        ring.as_array().expect("a ring").iter().map(at).collect()
    };
    let polygon = |rings: &Value| {
        let mut rings = rings.as_array().expect("rings").iter().map(ring);
        Polygon::new(rings.next().expect("an exterior"), rings.collect())
    };
    let coordinates = &alert["geometry"]["coordinates"];
    match alert["geometry"]["type"].as_str() {
        Some("Polygon") => MultiPolygon::new(vec![polygon(coordinates)]),
        _ => coordinates.as_array().expect("polygons").iter().map(polygon).collect(),
    }
}

fn bounds(alert: &Value) -> Rect<f64> {
    shape(alert).bounding_rect().expect("an alert has an extent")
}

/// An alert without the run that made it.
fn told(alert: &Value) -> Value {
    let mut alert = alert.clone();
    alert["properties"]["run"] = Value::Null;
    alert
}

fn number(alert: &Value, name: &str) -> f64 {
    alert["properties"][name].as_f64().expect("a number")
}

fn day(alert: &Value, name: &str) -> Option<Date> {
    alert["properties"][name].as_str().map(|text| text.parse().expect("a day"))
}

#[test]
fn threads_strips_and_memory_do_not_change_a_byte() {
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let cuts: [&[&str]; 5] = [
        &["--jobs", "1", "--strip-rows", "128"],
        &["--jobs", "2", "--strip-rows", "512"],
        &["--jobs", "4", "--strip-rows", "37"],
        &["--jobs", "2"],
        &["--jobs", "4", "--memory", "200MiB"],
    ];
    for cut in cuts {
        copy.run(&[&["--force"], cut].concat());
        copy.outputs().assert_same(plain(), &cut.join(" "));
    }
}

#[test]
fn order_of_files_place_time_zone_and_locale_do_not_change_a_byte() {
    let scratch = scratch();
    let copy = region().link(&scratch.path().join("elsewhere"), true);
    let ran = command(["run", "job.toml", "-q", "--jobs", "2"])
        .current_dir(copy.path(""))
        .env("TZ", "Pacific/Kiritimati")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "de_DE.UTF-8")
        .output()
        .expect("the program starts");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    copy.outputs().assert_same(plain(), "other order, place, time zone and locale");
}

#[test]
fn an_area_of_interest_keeps_the_alerts_within_it_as_they_are() {
    let all = plain().alerts();
    let extents = all.values().map(bounds);
    let (west, east) = extents.fold((f64::MAX, f64::MIN), |(w, e), b| (w.min(b.min().x), e.max(b.max().x)));
    let middle = f64::midpoint(west, east);
    let ring = json!([[west - 0.01, 0.0], [middle, 0.0], [middle, 3.0], [west - 0.01, 3.0], [west - 0.01, 0.0]]);
    let area = json!({ "type": "Feature", "properties": {}, "geometry": { "type": "Polygon", "coordinates": [ring] } });
    let scratch = scratch();
    let copy = edited(scratch.path(), &[("# [grid]", "[grid]\nmargin_m = 100\n#")]);
    copy.replace("area.geojson", json!({ "type": "FeatureCollection", "features": [area] }).to_string());
    copy.run(&["--aoi", argument(&copy.path("area.geojson"))]);
    let here = copy.outputs();
    let cols = |outputs: &Outputs| outputs.json("run.json")["grid"]["cols"].as_u64().expect("a count");
    assert!(cols(&here) < cols(plain()), "the grid is that of the area");
    let (whole, left): (Vec<_>, Vec<_>) = all.iter().partition(|(_, alert)| bounds(alert).max().x < middle);
    assert!(!whole.is_empty() && !left.is_empty(), "the area cuts the region between alerts");
    for (id, alert) in whole {
        assert_eq!(here.alerts().get(id).map(told), Some(told(alert)), "{id}");
    }
    for (id, alert) in here.alerts() {
        assert!(bounds(&alert).min().x <= middle, "{id} does not meet the area");
    }
}

#[test]
fn a_shifted_grid_keeps_the_alerts_that_its_edge_does_not_cut() {
    let grid = plain().json("run.json")["grid"].clone();
    let bound: Vec<f64> = grid["bounds"].as_array().expect("bounds").iter().map(|b| b.as_f64().expect("a number")).collect();
    let shifted = [bound[0] - 70.0, bound[1] + 210.0, bound[2] - 130.0, bound[3] + 50.0];
    let scratch = scratch();
    let copy = edited(scratch.path(), &[("# [grid]", &format!("[grid]\nbounds = {shifted:?}\n#"))]);
    copy.run(&["--strip-rows", "64"]);
    let here = copy.outputs().alerts();
    let system = geoio::crs::crs(grid["crs"].as_str().expect("a system")).expect("a system");
    let to_grid = geoio::crs::FromLonLat::new(&system).expect("a projection");
    let mut whole = 0;
    for (id, alert) in plain().alerts() {
        let b = bounds(&alert);
        let (mut x, mut y) = ([b.min().x, b.max().x], [b.min().y, b.max().y]);
        to_grid.to_grid(&mut x, &mut y).expect("on the grid");
        if x[0] > shifted[0] && x[1] < shifted[2] - 15.0 && y[0] > shifted[1] + 15.0 && y[1] < shifted[3] {
            assert_eq!(here.get(&id).map(told), Some(told(&alert)), "{id}");
            whole += 1;
        }
    }
    assert!(whole >= 3, "{whole} alerts are not cut");
}

#[test]
fn without_a_forest_layer_no_output_speaks_of_forest() {
    let within = r#"within = { raster = "forest.tif", classes = [1], year = 2020, means = "forest" }"#;
    let as_area = r#"within = { raster = "forest.tif", classes = [1] }"#;
    assert!(plain().text("alerts.kml").contains("Pérdida de bosque"), "with the layer it may");
    for (instead, language, warned) in [("", "es", true), ("", "en", true), (as_area, "en", false)] {
        let scratch = scratch();
        let copy = edited(scratch.path(), &[(within, instead)]);
        let report = copy.run(&["--lang", language]);
        let codes: Vec<&str> =
            report["warnings"].as_array().expect("warnings").iter().filter_map(|w| w["code"].as_str()).collect();
        assert_eq!(codes.contains(&"no_eligibility"), warned, "{codes:?}");
        for (name, bytes) in copy.outputs().files {
            let text = String::from_utf8_lossy(&bytes).to_lowercase().replace("forest.tif", "");
            for word in ["forest", "bosque", "deforest"] {
                assert!(!text.contains(word), "{name} speaks of {word}");
            }
        }
    }
}

#[test]
fn without_an_alert_every_output_is_valid_and_empty() {
    let scratch = scratch();
    let copy = edited(scratch.path(), &[("drop = 0.2", "drop = 5")]);
    let report = copy.run(&[]);
    assert_eq!(report["counts"]["alerts"], 0);
    let outputs = copy.outputs();
    let names = |outputs: &Outputs| outputs.files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&outputs), names(plain()), "no file is missing");
    assert_eq!(outputs.json("alerts.geojson")["features"], json!([]));
    assert_eq!(outputs.text("alerts.csv").lines().count(), 1, "the header");
    assert_eq!(outputs.text("links.csv").lines().count(), 1, "the header");
    assert!(outputs.text("alerts.kml").ends_with("</kml>\n") && !outputs.text("alerts.kml").contains("<Placemark"));
    for name in ["alerts.geojson", "alerts.gpkg"] {
        let layer = geoio::layer::read(&copy.path("out").join(name), &geoio::layer::LayerOptions::default()).expect("a layer");
        assert_eq!(layer.features.len(), 0, "{name}");
    }
    let rows = outputs.text("summary.csv").lines().count();
    assert_eq!(rows, plain().text("summary.csv").lines().count(), "hectares are told all the same");
}

#[test]
fn a_complete_run_is_not_repeated_and_another_is_refused() {
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    copy.run(&[]);
    let first = copy.outputs();
    let again = atalaya(["run", &copy.job()]);
    assert_eq!(again.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing to do"));
    assert!(copy.outputs() == first, "no file is written again, timings.json neither");
    let line = fail(2, ["run", &copy.job(), "--lang", "en"]);
    assert!(line.contains("another run") && line.contains("--force"), "another language is another run: {line}");
    copy.edit("job.toml", &[("drop = 0.2", "drop = 0.25")]);
    let line = fail(2, ["run", &copy.job()]);
    assert!(line.contains("another run") && line.contains("--force"), "{line}");
    assert!(copy.outputs() == first, "a refusal leaves the folder as it is");
    copy.run(&["--force"]);
    assert_ne!(copy.outputs().json("run.json")["id"], first.json("run.json")["id"]);
}

#[test]
fn a_complete_run_whose_outputs_were_touched_is_done_again() {
    let scratch = scratch();
    let copy = edited(scratch.path(), &[]);
    copy.run(&[]);
    let before = copy.outputs();
    std::fs::remove_file(copy.path("out/alerts.csv")).expect("removed");
    std::fs::write(copy.path("out/alerts.kml"), "broken").expect("written");
    copy.run(&[]);
    copy.outputs().assert_same(&before, "done again");
}

#[test]
fn a_file_of_no_run_is_not_replaced_without_force() {
    let scratch = scratch();
    let copy = edited(scratch.path(), &[]);
    std::fs::create_dir(copy.path("out")).expect("made");
    std::fs::write(copy.path("out/alerts.csv"), "precious").expect("written");
    let ran = atalaya(["run", &copy.job(), "-q"]);
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(std::fs::read(copy.path("out/alerts.csv")).expect("there"), b"precious");
}

#[test]
fn a_folder_in_which_another_run_writes_is_left_to_it() {
    let scratch = scratch();
    let copy = edited(scratch.path(), &[]);
    std::fs::create_dir(copy.path("out")).expect("made");
    let held = std::fs::File::open(copy.path("out")).expect("a folder");
    held.lock().expect("nobody else holds it");
    let ran = atalaya(["run", &copy.job(), "-q"]);
    assert_eq!(ran.status.code(), Some(6), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_signal_stops_cleanly() {
    let scratch = scratch();
    let folder = scratch.path().join("demo");
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["synth", argument(&folder), "--size", "1200", "-q"])
        .spawn()
        .expect("the program starts");
    let images = folder.join("imagery");
    let begun = || std::fs::read_dir(&images).is_ok_and(|mut files| files.next().is_some());
    while program.try_wait().expect("a child").is_none() && !begun() {
        std::thread::yield_now();
    }
    let asked =
        std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", program.id())]).status().expect("a shell is there");
    assert!(asked.success());
    assert_eq!(program.wait().expect("a child").code(), Some(130));
    let left = std::fs::read_dir(&images).expect("the folder").filter_map(Result::ok).map(|entry| entry.file_name());
    let partial: Vec<_> = left.filter(|name| name.to_string_lossy().contains(".partial")).collect();
    assert!(partial.is_empty(), "{partial:?}");
}

#[test]
fn nothing_is_written_beside_the_inputs() {
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let before = files(scratch.path());
    copy.run(&[]);
    succeed(["check", &copy.job(), "-q"]);
    succeed(["plan", &copy.job(), "-q"]);
    let mut after = files(scratch.path());
    after.retain(|name, _| !name.starts_with("out"));
    assert!(before == after, "the inputs' folders hold what they held");
    let hidden = copy.outputs().files.into_keys().find(|name| name.starts_with('.') || name.ends_with(".partial"));
    assert_eq!(hidden, None);
}

#[test]
fn check_and_plan_agree_with_the_run() {
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let read = |verb: &str| -> Value { serde_json::from_str(&succeed([verb, &copy.job(), "--json", "-q"])).expect("JSON") };
    let (check, plan) = (read("check"), read("plan"));
    let run = plain().json("run.json");
    assert_eq!(check["counts"]["scenes"], run["counts"]["scenes"]);
    assert_eq!(plan["dates"].as_array().expect("dates").len() as u64, run["counts"]["observations"].as_u64().expect("a count"));
    for name in ["crs", "rows", "cols", "step"] {
        assert_eq!(plan["grid"][name], run["grid"][name]);
    }
}

#[test]
fn alerts_meet_their_own_schema() {
    let schema: Value = serde_json::from_str(&succeed(["schema", "alert"])).expect("JSON");
    assert_eq!(schema, plain().json("alerts.schema.json"), "the schema beside the alerts is the one that is printed");
    let mut alerts = plain().json("alerts.geojson");
    assert_eq!(json_schema::faults(&schema, &alerts), Vec::<String>::new());
    alerts["features"][0]["properties"]["area_ha"] = json!(-1);
    alerts["features"][0]["properties"]["odd"] = json!(1);
    assert_eq!(json_schema::faults(&schema, &alerts).len(), 2, "a wrong alert is seen");
}

#[test]
fn the_first_properties_stand_in_the_order_that_agencies_read() {
    let header = plain().text("alerts.csv").lines().next().expect("a header");
    assert!(header.starts_with(&PROPERTIES.join(",")), "{header}");
    let schema = plain().json("alerts.schema.json");
    let required = schema["$defs"]["alert"]["properties"]["properties"]["required"].as_array().expect("a list");
    assert!(PROPERTIES.iter().zip(required).all(|(ours, theirs)| ours == theirs));
    for line in plain().text("alerts.geojson").lines().filter(|line| line.starts_with("{\"type\":\"Feature\",")) {
        let mut rest = line.split_once("\"properties\":{").expect("properties").1;
        for name in PROPERTIES {
            let value = rest.strip_prefix(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} comes before {rest}"));
            let mut told = serde_json::Deserializer::from_str(value).into_iter::<Value>();
            told.next().expect("a value").expect("JSON");
            rest = value[told.byte_offset()..].trim_start_matches(',');
        }
    }
}

#[test]
fn alerts_are_sound_in_place_area_and_time() {
    let monitoring = plain().json("run.json")["monitoring"].clone();
    for (id, alert) in plain().alerts() {
        let shape = shape(&alert);
        assert!(shape.contains(&Point::new(number(&alert, "lon"), number(&alert, "lat"))), "{id}: its point lies outside");
        for polygon in &shape {
            assert!(polygon.exterior().is_closed() && polygon.exterior().is_ccw(), "{id}: RFC 7946 wants exteriors so");
            assert!(polygon.interiors().iter().all(|ring| ring.is_closed() && ring.is_cw()), "{id}");
        }
        let area = number(&alert, "area_ha");
        assert!(number(&alert, "area_low_ha") <= area && area <= number(&alert, "area_high_ha"), "{id}");
        assert!(area >= 0.25, "{id} is smaller than the job allows");
        let pixels_ha = number(&alert, "pixels") * 0.01;
        assert!((area / pixels_ha - 1.0).abs() < 0.01, "{id}: {area} ha of {pixels_ha} ha on the grid");
        let first = day(&alert, "date_first").expect("a day");
        assert!(day(&alert, "date_before").is_none_or(|before| before < first), "{id}");
        assert!(day(&alert, "date_confirmed").is_none_or(|confirmed| first <= confirmed), "{id}");
        assert!(day(&alert, "date_last").is_some_and(|last| first <= last), "{id}");
        assert!(monitoring["from"].as_str() <= alert["properties"]["date_first"].as_str(), "{id}");
        assert!(id.starts_with(&first.to_string().replace('-', "")), "an id begins with its day");
        let state = if alert["properties"]["confidence"] == "high" { "confirmed" } else { "provisional" };
        assert_eq!(alert["properties"]["state"], state, "{id}");
        assert!(number(&alert, "magnitude") < -0.2, "{id}: the index fell");
    }
}

#[test]
fn every_format_tells_the_same_alerts() {
    let ids: BTreeSet<String> = plain().alerts().into_keys().collect();
    let mut table = csv::Reader::from_reader(plain().files["alerts.csv"].as_slice());
    let listed: BTreeSet<String> = table.records().map(|row| row.expect("a row")[0].to_owned()).collect();
    assert_eq!(listed, ids, "alerts.csv");
    let mut links = csv::Reader::from_reader(plain().files["links.csv"].as_slice());
    let linked: BTreeSet<String> = links.records().map(|row| row.expect("a row")[0].to_owned()).collect();
    assert_eq!(linked, ids, "links.csv has a row for each alert");
    let scratch = scratch();
    let path = scratch.path().join("alerts.gpkg");
    std::fs::write(&path, &plain().files["alerts.gpkg"]).expect("written");
    let layer = geoio::layer::read(&path, &geoio::layer::LayerOptions::default()).expect("a layer");
    let stored: BTreeSet<String> = layer.features.text("id").expect("ids").iter().flatten().cloned().collect();
    assert_eq!(stored, ids, "alerts.gpkg");
    assert!(ids.iter().all(|id| plain().text("alerts.kml").contains(id)), "alerts.kml");
    assert_eq!(plain().json("run.json")["counts"]["alerts"], ids.len());
}
