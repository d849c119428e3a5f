//! Alerts held against references: worked by hand, counted by others, and as the demo scores itself.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::region::Region;
use support::{argument, atalaya, case, fail, json_schema, scratch, succeed};

/// A thousandth of a degree: squares of it on the equator hold 1.23 ha.
const UNIT: f64 = 0.001;

/// A rectangle on the equator in units, west, south, east and north, with properties.
fn feature([west, south, east, north]: [f64; 4], properties: &Value) -> Value {
    let at = |x: f64, y: f64| json!([x * UNIT, y * UNIT]);
    let ring = json!([at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]);
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } })
}

fn write(folder: &Path, name: &str, features: &[Value]) -> PathBuf {
    let path = folder.join(name);
    let collection = json!({ "type": "FeatureCollection", "features": features });
    fs::write(&path, collection.to_string()).expect("a file");
    path
}

/// Six alerts, of which five lie on polygons.
fn six_alerts(folder: &Path) -> PathBuf {
    let alert = |id: &str, place, confidence: &str, before: Value, first: &str, confirmed: Value, magnitude: f64| {
        let days = json!({
            "id": id, "confidence": confidence, "date_before": before, "date_first": first, "date_confirmed": confirmed,
            "magnitude": magnitude,
        });
        feature(place, &days)
    };
    let day = |text: &str| json!(text);
    let none = || Value::Null;
    write(
        folder,
        "alerts.geojson",
        &[
            alert("a1", [0.0, 0.0, 2.0, 1.0], "high", day("2023-05-01"), "2023-05-15", day("2023-06-01"), -0.6),
            alert("a2", [0.0, 1.0, 1.0, 2.0], "high", day("2023-05-01"), "2023-05-09", none(), -0.5),
            alert("a3", [10.0, 0.0, 11.5, 1.0], "high", day("2023-06-10"), "2023-06-20", none(), -0.4),
            alert("a4", [20.0, 0.0, 21.0, 1.0], "low", none(), "2023-07-05", none(), -0.3),
            alert("a5", [30.0, 0.0, 31.0, 1.0], "low", day("2023-02-20"), "2023-03-10", none(), -0.7),
            alert("a6", [50.0, 0.0, 51.0, 1.0], "low", day("2023-02-20"), "2023-03-10", none(), -0.2),
        ],
    )
}

/// Five polygons, of which nobody could see one.
fn five_polygons(folder: &Path) -> PathBuf {
    let polygon = |place, date: &str, seen: u8| feature(place, &json!({ "date": date, "seen": seen }));
    write(
        folder,
        "truth.geojson",
        &[
            polygon([0.0, 0.0, 2.0, 2.0], "2023-05-10", 1),
            polygon([10.0, 0.0, 11.0, 1.0], "2023-06-01", 1),
            polygon([20.0, 0.0, 24.0, 1.0], "2023-07-01", 1),
            polygon([30.0, 0.0, 31.0, 1.0], "2023-03-01", 0),
            polygon([40.0, 0.0, 41.0, 1.0], "2023-08-15", 1),
        ],
    )
}

fn told(arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = [&["evaluate"], arguments, &["--json", "-q"]].concat();
    serde_json::from_str(&succeed(arguments)).expect("JSON")
}

/// The line of a measure and a class.
fn line<'a>(told: &'a Value, measure: &str, by: &str, class: &str) -> &'a Value {
    let lines = told["lines"].as_array().expect("lines");
    let is =
        |line: &&Value| line["measure"] == measure && line["by"] == by && line["class"].as_str().unwrap_or_default() == class;
    lines.iter().find(is).unwrap_or_else(|| panic!("no line {measure} {by} {class} in {lines:#?}"))
}

fn counts(line: &Value) -> (u64, u64) {
    (line["part"].as_u64().expect("a count"), line["of"].as_u64().expect("a count"))
}

fn assert_near(got: &Value, expected: f64, tolerance: f64, what: &str) {
    let got = got.as_f64().unwrap_or_else(|| panic!("{what}: {got} is no number"));
    assert!((got - expected).abs() <= tolerance, "{what}: {got}, expected {expected}");
}

#[test]
fn six_alerts_and_five_polygons_are_judged_as_by_hand() {
    let scratch = scratch();
    let (alerts, truth) = (six_alerts(scratch.path()), five_polygons(scratch.path()));
    let told = told(&[argument(&alerts), "--reference", argument(&truth)]);
    for (measure, by, class, expected) in [
        ("users", "all", "", (5, 6)),
        ("users", "confidence", "high", (3, 3)),
        ("users", "confidence", "low", (2, 3)),
        // The third is found on a quarter only, the fifth not at all; the fourth nobody could see.
        ("producers", "all", "", (2, 4)),
        ("producers", "size", "1-5", (2, 4)),
        ("found_unseen", "all", "", (1, 1)),
        // a2 says changed the day before, a3 unchanged nine days after.
        ("dated", "dates", "right", (3, 5)),
    ] {
        assert_eq!(counts(line(&told, measure, by, class)), expected, "{measure} {by} {class}");
    }
    // 6 of 7.5 squares of alerts, 5 of 10 of polygons.
    assert_near(&line(&told, "users", "all", "")["overlap"]["share"], 0.8, 1e-5, "overlap of alerts");
    assert_near(&line(&told, "producers", "all", "")["overlap"]["share"], 0.5, 1e-5, "overlap of polygons");
    assert_near(&line(&told, "producers", "all", "")["ha"]["share"], 0.5, 1e-5, "area of those found");
    // Days 5, -1, 19, 4 and 9.
    assert_near(&told["delay"]["first"]["days"]["median"], 5.0, 0.0, "median");
    assert_near(&told["delay"]["first"]["days"]["p90"], 15.0, 1e-9, "90th percentile");
    assert_eq!(told["delay"]["confirmed"], json!({ "alerts": 1, "days": { "median": 22.0, "p90": 22.0 } }));
    assert_eq!(told["delay"]["dated"]["before_the_change"], 1);
    assert_eq!(told["delay"]["dated"]["unchanged_after_the_change"], 1);
    assert_eq!(told["calibration"], "not calibrated");
    assert_eq!(told["reference"]["not_seen"], 1);
}

#[test]
fn a_period_leaves_out_what_lies_beyond_it() {
    let scratch = scratch();
    let (alerts, truth) = (six_alerts(scratch.path()), five_polygons(scratch.path()));
    let arguments = [argument(&alerts), "--reference", argument(&truth), "--from", "2023-05-01", "--to", "2023-07-31"];
    let told = told(&arguments);
    assert_eq!(told["alerts"]["left_out"], 2);
    assert_eq!(counts(line(&told, "users", "all", "")), (4, 4));
    assert_eq!(counts(line(&told, "producers", "all", "")), (2, 3));
    assert_eq!(counts(line(&told, "found_outside", "all", "")), (0, 1));
}

#[test]
fn alerts_without_days_are_judged_by_place_only() {
    let scratch = scratch();
    let alerts = write(scratch.path(), "patches.geojson", &[feature([0.0, 0.0, 2.0, 2.0], &json!({ "value": 1 }))]);
    let truth = five_polygons(scratch.path());
    let told = told(&[argument(&alerts), "--reference", argument(&truth)]);
    assert_eq!(counts(line(&told, "users", "all", "")), (1, 1));
    assert_eq!((&told["alerts"]["undated"], &told["delay"]["undated"]), (&json!(1), &json!(1)));
    let text = succeed(["evaluate", argument(&alerts), "--reference", argument(&truth), "-q"]);
    assert!(text.contains("judged by place only") && text.contains("not calibrated"), "{text}");
}

#[test]
fn the_demo_is_told_as_it_scores_itself() {
    let scratch = scratch();
    let folder = scratch.path().join("demo");
    let demo: Value = serde_json::from_str(&succeed(["demo", argument(&folder), "--seed", "7", "--size", "400", "--json", "-q"]))
        .expect("JSON");
    let score = &demo["scores"][0]["score"];
    let (alerts, truth) = (folder.join("out/alerts.geojson"), folder.join("truth.geojson"));
    let told = told(&[argument(&alerts), "--reference", argument(&truth)]);
    let share = |name: &str| counts(&score[name]);
    assert_eq!(counts(line(&told, "users", "all", "")), share("precision_any_size"));
    assert_eq!(counts(line(&told, "producers", "all", "")), share("recall_any_size"));
    assert_eq!(counts(line(&told, "found_unseen", "all", "")), share("unseen_found"));
    assert_eq!(counts(line(&told, "dated", "dates", "right")), share("dated"));
    // The demo counts from half a hectare on.
    let from_half = |measure: &str| {
        let large = told["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .filter(|line| line["measure"] == measure && line["by"] == "size" && line["class"] != "<0.5");
        large.map(counts).fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    };
    assert_eq!((from_half("users"), from_half("producers")), (share("precision"), share("recall")));
    // Pixels are as large as one another, and so are areas by overlap.
    let pixels = |name: &str| score[name]["part"].as_f64().expect("a count") / score[name]["of"].as_f64().expect("a count");
    for (measure, name) in [("users", "precision_pixels"), ("producers", "recall_pixels")] {
        assert_near(&line(&told, measure, "all", "")["overlap"]["share"], pixels(name), 2e-4, name);
    }
    let answers = folder.join("out/change.tif");
    let seen = self::told(&[argument(&alerts), "--reference", argument(&truth), "--answers", argument(&answers)]);
    assert_eq!(counts(line(&seen, "users", "all", "")), share("precision_any_size"), "what was not seen is still true");
    let forest = folder.join("forest.tif");
    let refused = fail(3, ["evaluate", argument(&alerts), "--reference", argument(&truth), "--answers", argument(&forest)]);
    assert!(refused.contains("is no change.tif of a run"), "{refused}");
    let classes = self::told(&[argument(&alerts), "--reference", argument(&forest)]);
    assert_eq!(classes["warnings"][0]["code"], "no_loss", "classes are no years");
}

/// Twelve points in two strata: the alert of 2 by 1 and the rest; two cannot be interpreted.
fn points(folder: &Path, name: &str, column: &str, values: [&str; 2]) -> PathBuf {
    let mut text = format!("id,lon,lat,label,from,to,{column}\n");
    let rows = [
        ("0.0002", "change", "2023-05-05,2023-05-10", 0),
        ("0.0005", "loss", "2023-05-20,2023-05-30", 0),
        ("0.0008", "stable", ",", 0),
        ("0.0011", "Change", "2023-05-12,2023-05-20", 0),
        ("0.0013", "unknown", ",", 0),
        ("0.0301", "no_change", ",", 1),
        ("0.0305", "no_change", ",", 1),
        ("0.0311", "no_change", ",", 1),
        ("0.0315", "change", "2023-05-12,2023-05-20", 1),
        ("0.0321", "no_change", ",", 1),
        ("0.0325", "no_change", ",", 1),
        ("0.0331", "shadow", ",", 1),
    ];
    for (row, (lon, label, days, stratum)) in rows.into_iter().enumerate() {
        writeln!(text, "{},{lon},0.0005,{label},{days},{}", row + 1, values[stratum]).expect("text grows");
    }
    let path = folder.join(name);
    fs::write(&path, text).expect("a table");
    path
}

fn one_alert(folder: &Path) -> PathBuf {
    let days = json!({ "id": "a1", "date_before": "2023-05-01", "date_first": "2023-05-15", "confidence": "high" });
    write(folder, "one.geojson", &[feature([0.0, 0.0, 2.0, 1.0], &days)])
}

#[test]
fn points_of_strata_are_weighed_by_their_areas() {
    let scratch = scratch();
    let alerts = one_alert(scratch.path());
    let points = points(scratch.path(), "points.csv", "stratum", ["alert", "rest"]);
    let told = told(&[argument(&alerts), "--reference", argument(&points), "--strata", "alert=100,rest=900"]);
    // 3 of 4 under the alert changed, 1 of 6 elsewhere: 0.1 * 0.75 + 0.9 / 6 = 0.225 of 1000 ha.
    assert_eq!(counts(line(&told, "users", "all", "")), (3, 4));
    assert_near(&line(&told, "users", "all", "")["value"], 0.75, 1e-6, "user's");
    assert_near(&line(&told, "users", "all", "")["se"], 0.25, 1e-6, "its error: root of 0.75 * 0.25 / 3");
    assert_near(&line(&told, "producers", "all", "")["value"], 0.075 / 0.225, 1e-6, "producer's");
    assert_near(&line(&told, "overall", "all", "")["value"], 0.1 * 0.75 + 0.9 * 5.0 / 6.0, 1e-6, "overall");
    assert_near(&line(&told, "area_ha", "all", "")["value"], 225.0, 1e-6, "area");
    let variance: f64 = 100.0 * 100.0 * 0.75 * 0.25 / 3.0 + 900.0 * 900.0 * (5.0 / 36.0) / 5.0;
    assert_near(&line(&told, "area_ha", "all", "")["se"], variance.sqrt(), 1e-5, "its error");
    // Of three that changed under the alert of (1 May, 15 May], one is dated right, one may be and one is too late.
    assert_eq!(counts(line(&told, "users_dated", "all", "")), (2, 4));
    assert_eq!((&told["delay"]["dated"]["right"], &told["delay"]["dated"]["may_be_right"]), (&json!(1), &json!(1)));
    assert_eq!((&told["reference"]["not_interpretable"], &told["reference"]["design"]), (&json!(2), &json!("stratified")));
    assert_eq!(told["matrix"]["points"], json!([[5, 1], [1, 3]]));
    assert_eq!(told["warnings"][0]["code"], "not_interpretable");
}

#[test]
fn inclusion_probabilities_that_say_the_same_as_strata_give_the_same_shares() {
    let scratch = scratch();
    let alerts = one_alert(scratch.path());
    // 4 of 100 and 6 of 900.
    let points = points(scratch.path(), "points.csv", "inclusion_probability", ["0.04", "0.006666666666666667"]);
    let told = told(&[argument(&alerts), "--reference", argument(&points), "--area-ha", "1000"]);
    assert_near(&line(&told, "producers", "all", "")["value"], 0.075 / 0.225, 1e-6, "producer's");
    assert_near(&line(&told, "area_ha", "all", "")["value"], 225.0, 1e-3, "area");
    assert_eq!(told["reference"]["design"], "inclusion_probabilities");
    let simple = self::told(&[argument(&alerts), "--reference", argument(&points), "--simple"]);
    assert_near(&line(&simple, "area_share", "all", "")["value"], 0.4, 1e-6, "4 of 10");
}

#[test]
fn pixels_of_loss_years_are_counted_as_by_others() {
    let Some(case) = case("pixels_of_loss_years_are_counted_as_by_others", "02_bayts_bolivia") else { return };
    let scratch = scratch();
    let alert = |[west, south, east, north]: [f64; 4], date: &str| {
        feature([west / UNIT, south / UNIT, east / UNIT, north / UNIT], &json!({ "date_first": date }))
    };
    let alerts = write(
        scratch.path(),
        "alerts.geojson",
        &[
            alert([-62.1, -18.07, -62.09, -18.065], "2016-04-01"),
            alert([-62.09, -18.08, -62.085, -18.07], "2015-08-01"),
            alert([-62.105, -18.0846, -62.101, -18.0825], "2016-05-01"),
        ],
    );
    let raster = case.join("hansen_gfc2019_lossyear_4326.tif");
    let told = told(&[argument(&alerts), "--reference", argument(&raster)]);
    // Counted with rasterio 1.4 (rasterize) and pyproj (area of each row's pixel).
    assert_eq!(counts(line(&told, "users", "all", "")), (2, 3));
    for (measure, by, class, part, of) in [
        ("users", "all", "", 89.927_590_5, 126.542_684_5),
        ("producers", "all", "", 87.071_699_8, 406.952_220_9),
        ("producers", "year", "2015", 54.117_708_4, 251.774_070_1),
        ("producers", "year", "2016", 32.953_991_7, 155.178_131_8),
        ("delay_years", "years", "-1", 24.312_550_1, 95.566_284),
        ("delay_years", "years", "+1", 32.368_741_8, 95.566_284),
    ] {
        let overlap = &line(&told, measure, by, class)["overlap"];
        assert_near(&overlap["part"], part, 1e-5 * of, &format!("{measure} {class}"));
        assert_near(&overlap["of"], of, 1e-5 * of, &format!("{measure} {class}, of"));
    }
    let area = write(scratch.path(), "area.geojson", &[feature([-62_100.0, -18_070.0, -62_090.0, -18_065.0], &json!({}))]);
    let within = self::told(&[argument(&alerts), "--reference", argument(&raster), "--aoi", argument(&area)]);
    let (users, producers) = (line(&within, "users", "all", ""), line(&within, "producers", "all", ""));
    assert_eq!(counts(users).1, 1);
    assert_eq!(producers["overlap"]["share"], 1.0, "within the alert nothing of its years is missed");
}

#[test]
fn a_calibration_gives_the_alerts_of_a_run_a_probability() {
    let scratch = scratch();
    let copy = Region::simulated("evaluate", 320, 2).link(scratch.path(), false);
    let job = copy.path("job.toml");
    let text = fs::read_to_string(&job).expect("a job");
    let run = |text: &str, out: &str| {
        copy.replace("job.toml", text);
        let folder = scratch.path().join(out);
        succeed(["run", argument(&job), "-o", argument(&folder), "-q"]);
        let read = |name: &str| -> Value {
            serde_json::from_str(&fs::read_to_string(folder.join(name)).expect("a file")).expect("JSON")
        };
        (read("run.json"), read("alerts.geojson"), read("alerts.schema.json"))
    };
    let bare: Vec<&str> = text.lines().filter(|line| !line.starts_with("within")).collect();
    let bare = bare.join("\n");
    let (manifest, alerts, _) = run(&bare, "first");
    assert_eq!(manifest["calibration"], "not calibrated");
    assert!(alerts["features"][0]["properties"].get("probability").is_none());
    let file = scratch.path().join("calibration.json");
    let (first, truth) = (scratch.path().join("first/alerts.geojson"), copy.path("truth.geojson"));
    let told = told(&[argument(&first), "--reference", argument(&truth), "--calibrate", argument(&file)]);
    let fit = &told["calibration"]["fit"];
    assert!(fit["brier"].as_f64() <= fit["brier_constant"].as_f64(), "{fit}");
    let (manifest, alerts, schema) = run(&format!("{bare}\ncalibration = \"calibration.json\"\n"), "second");
    assert_eq!(manifest["calibration"]["judged"], told["calibration"]["learned"]["judged"]);
    assert!(
        manifest["inputs"]
            .as_array()
            .expect("inputs")
            .iter()
            .any(|input| { input["path"] == "calibration.json" && input["sha256"] == manifest["calibration"]["sha256"] })
    );
    assert_eq!(json_schema::faults(&schema, &alerts), Vec::<String>::new());
    for alert in alerts["features"].as_array().expect("features") {
        let probability = alert["properties"]["probability"].as_f64().expect("a probability");
        assert!(0.0 < probability && probability < 1.0, "nothing is certain: {probability}");
    }
    fs::write(&file, fs::read_to_string(&file).expect("a file").replace("atalaya-calibration/1", "other/1")).expect("a file");
    assert!(fail(3, ["check", argument(&job)]).contains("other/1"));
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_cause() {
    let scratch = scratch();
    let folder = scratch.path();
    let (alerts, truth) = (six_alerts(folder), five_polygons(folder));
    let far = write(folder, "far.geojson", &[feature([9000.0, 0.0, 9001.0, 1.0], &json!({ "date": "2023-05-01" }))]);
    let wrong_day = write(folder, "day.geojson", &[feature([0.0, 0.0, 1.0, 1.0], &json!({ "date": "05/10/2023" }))]);
    let turned =
        write(folder, "turned.geojson", &[feature([0.0, 0.0, 1.0, 1.0], &json!({ "from": "2023-05", "to": "2023-04" }))]);
    let strata = points(folder, "strata.csv", "stratum", ["alert", "rest"]);
    let lone = folder.join("points.csv");
    fs::write(&lone, "lon,lat,label\n0.0005,0.0005,bosque\n0.03,0.0005,pasto\n").expect("a table");
    let chances = points(folder, "chances.csv", "inclusion_probability", ["0.5", "1.5"]);
    let evaluate = |reference: &Path, more: &[&str], exit: i32| {
        let arguments = [&["evaluate", argument(&alerts), "--reference", argument(reference)], more].concat();
        fail(exit, arguments)
    };
    for (reference, more, exit, said) in [
        (&far, &[][..], 3, "lies elsewhere than the alerts"),
        (&wrong_day, &[], 3, "'05/10/2023' is no day"),
        (&turned, &[], 3, "the change ends on 2023-04 and begins on 2023-05"),
        (&truth, &["--date-field", "fecha"], 2, "has no column 'fecha'; it has date, seen"),
        (&truth, &["--sizes", "5,1"], 2, "--sizes: expected rising areas"),
        (&truth, &["--from", "2023-06-01", "--to", "2023-05-01"], 2, "--from, --to"),
        (&truth, &["--by", "owner"], 2, "--by owner"),
        (&truth, &["--kind", "points"], 3, "0 of its 5 features are points"),
        (&truth, &["-o", "report.xlsx"], 2, "is written as .csv or .json"),
        (&truth, &["--calibrate", argument(&truth), "--force"], 2, "is an input"),
        (&truth, &["--calibrate", "c.json", "--score", "height"], 2, "has no column 'height'"),
        (&strata, &[], 2, "--strata alert=HA"),
        (&strata, &["--strata", "alert=10"], 2, "stratum rest has no size"),
        (&strata, &["--strata", "alert=10,rest=20,river=5"], 3, "stratum river has a size and no interpreted unit"),
        (&lone, &[], 2, "'bosque' 1, 'pasto' 1"),
        (&chances, &[], 3, "inclusion probability is '1.5'"),
    ] {
        let line = evaluate(reference, more, exit);
        assert!(line.contains(said), "{line}");
    }
    assert!(!Path::new("report.xlsx").exists() && !Path::new("c.json").exists());
}

#[test]
fn an_evaluation_is_written_as_a_table_and_stays_unless_it_may_be_replaced() {
    let scratch = scratch();
    let (alerts, truth) = (six_alerts(scratch.path()), five_polygons(scratch.path()));
    let (table, json) = (scratch.path().join("report.csv"), scratch.path().join("report.json"));
    for out in [&table, &json] {
        succeed(["evaluate", argument(&alerts), "--reference", argument(&truth), "-o", argument(out), "-q"]);
    }
    let text = fs::read_to_string(&table).expect("a table");
    assert!(text.starts_with("measure,by,class,part,of,value,se,low,high,part_ha,of_ha"), "{text}");
    assert!(text.contains("\r\nusers,all,,5,6,0.833333,,0.436497,0.969947,"), "{text}");
    let told: Value = serde_json::from_str(&fs::read_to_string(&json).expect("a file")).expect("JSON");
    assert_eq!((&told["schema"], counts(line(&told, "producers", "all", ""))), (&json!("atalaya-evaluation/1"), (2, 4)));
    let again = atalaya(["evaluate", argument(&alerts), "--reference", argument(&truth), "-o", argument(&table), "-q"]);
    assert_ne!(again.status.code(), Some(0), "what is there stays");
}
