//! Whole runs on real series, beside what others' methods say of the same pixels.

mod support;

use std::path::{Path, PathBuf};

use geoio::RasterFile;
use ndarray::{Array2, Zip};
use serde_json::Value;
use support::{case, scratch, succeed};

const CONFIRMED: f64 = 2.0;
const FLAGGED: [f64; 2] = [1.0, CONFIRMED];

fn plane(path: &Path, band: usize) -> Array2<f64> {
    let file = RasterFile::open(path).expect("a raster");
    file.read_f64(band, file.grid().window()).expect("its pixels")
}

/// Runs a job on the reference data and gives the folder of its outputs.
fn run(job: &str, name: &str, cases: &Path, scratch: &Path) -> (PathBuf, Value) {
    let path = scratch.join(format!("{name}.toml"));
    std::fs::write(&path, job.replace("CASES", cases.to_str().expect("a UTF-8 path"))).expect("the job is written");
    let told = succeed(["run", path.to_str().expect("a UTF-8 path"), "--json", "-q"]);
    (scratch.join(name), serde_json::from_str(&told).expect("JSON"))
}

/// Of the pixels in `ours`, the share that is in `theirs`.
fn share(ours: &Array2<bool>, theirs: &Array2<bool>) -> f64 {
    let both = Zip::from(ours).and(theirs).fold(0, |n, a, b| n + usize::from(*a && *b));
    f64::from(u32::try_from(both).expect("a small raster")) / ours.iter().filter(|x| **x).count().max(1) as f64
}

fn features(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("alerts.geojson")).expect("alerts");
    let collection: Value = serde_json::from_str(&text).expect("JSON");
    collection["features"].as_array().expect("features").clone()
}

#[test]
fn confirmed_clearings_of_tura_lie_where_bfast_breaks_downwards() {
    let Some(cases) = case("confirmed_clearings_of_tura_lie_where_bfast_breaks_downwards", "") else { return };
    let scratch = scratch();
    let (folder, told) = run(include_str!("jobs/tura.toml"), "tura", &cases, scratch.path());
    let answer = plane(&folder.join("change.tif"), 1);
    let reference = cases.join("01_bfastmonitor_tura/expected_A.tif");
    let (breaks, magnitude, status) = (plane(&reference, 1), plane(&reference, 2), plane(&reference, 8));
    let downwards = |least: f64| {
        Zip::from(&breaks).and(&magnitude).and(&status).map_collect(|b, m, s| b.is_finite() && *m < -least * 1e4 && *s < 2.0)
    };
    let confirmed = answer.mapv(|code| code == CONFIRMED);
    let flagged = answer.mapv(|code| FLAGGED.contains(&code));
    println!("| negative breaks of bfastmonitor with median residual below | pixels | confirmed by us | flagged by us |");
    println!("|---|---|---|---|");
    for least in [0.0, 0.02, 0.05, 0.1] {
        let theirs = downwards(least);
        let pixels = theirs.iter().filter(|x| **x).count();
        println!("| -{least} | {pixels} | {:.3} | {:.3} |", share(&theirs, &confirmed), share(&theirs, &flagged));
    }
    let right = share(&confirmed, &downwards(0.0));
    println!(
        "of our confirmed pixels {right:.3} lie on a negative break, of the flagged {:.3}",
        share(&flagged, &downwards(0.0))
    );
    assert!(right >= 0.85, "only {right:.3} of the confirmed pixels lie on a negative break");
    assert!(share(&downwards(0.1), &confirmed) >= 0.7, "strong breaks are missed");
    assert_eq!(features(&folder).len() as u64, told["counts"]["alerts"].as_u64().expect("a count"));
    let lag = median_lag(&folder, &breaks, &confirmed, &downwards(0.0));
    println!("our first day lies {lag:.0} days after the break date of bfastmonitor (median over confirmed pixels)");
    assert!(lag.abs() <= 60.0, "a median of {lag} days between the two dates");
}

fn median_lag(folder: &Path, breaks: &Array2<f64>, confirmed: &Array2<bool>, theirs: &Array2<bool>) -> f64 {
    let first = plane(&folder.join("days.tif"), 2);
    let mut lags: Vec<f64> = Vec::new();
    Zip::from(&first).and(breaks).and(confirmed).and(theirs).for_each(|first, year, ours, theirs| {
        if *ours && *theirs {
            lags.push(first - ((year.floor() - 1970.0) * 365.25 + year.fract() * 365.0));
        }
    });
    lags.sort_by(f64::total_cmp);
    lags[lags.len() / 2]
}

/// Two Landsat dates whose pixel edges lie 15 m off the multiples of 30 m.
const TARAVAO: &str = r#"
[[imagery]]
product = "geotiff"
path = "CASES/13_bitemporal_taravao/LC8_053072_*_dn.tif"
bands = { red = 4, nir = 5, qa = 9 }
scale = 0.00002
offset = -0.1
qa = "bit(0)=0,bits(12-13)<3,bits(14-15)<3"

[grid]
margin_m = 600

[change]
index = "NDVI"
baseline = { from = 2013-05-01, to = 2013-05-31 }
monitoring = { from = 2013-08-01 }

[output]
folder = "FOLDER"
"#;

#[test]
fn an_area_of_interest_keeps_pixels_and_ids_wherever_the_imagery_lies() {
    let Some(cases) = case("an_area_of_interest_keeps_pixels_and_ids_wherever_the_imagery_lies", "") else { return };
    let scratch = scratch();
    let (all, _) = run(&TARAVAO.replace("FOLDER", "all"), "all", &cases, scratch.path());
    let alerts = features(&all);
    let (lon, lat) =
        (alerts[0]["properties"]["lon"].as_f64().expect("degrees"), alerts[0]["properties"]["lat"].as_f64().expect("degrees"));
    let d = 0.002;
    let ring =
        serde_json::json!([[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d], [lon - d, lat - d]]);
    let area = serde_json::json!({ "type": "Polygon", "coordinates": [ring] });
    std::fs::write(scratch.path().join("area.geojson"), area.to_string()).expect("the area is written");
    let job = TARAVAO.replace("FOLDER", "here").replace("margin_m = 600", "margin_m = 600\naoi = \"area.geojson\"");
    let (here, _) = run(&job, "here", &cases, scratch.path());
    let whole: std::collections::BTreeMap<String, &Value> =
        alerts.iter().map(|alert| (alert["id"].to_string(), &alert["properties"]["area_ha"])).collect();
    let found = features(&here);
    let same = found.iter().filter(|alert| whole.get(&alert["id"].to_string()) == Some(&&alert["properties"]["area_ha"])).count();
    assert!(
        same >= 1 && found.iter().any(|alert| alert["id"] == alerts[0]["id"]),
        "{same} of {} alerts are the same",
        found.len()
    );
    let origin = |folder: &Path| {
        let grid = RasterFile::open(&folder.join("change.tif")).expect("a raster").grid().clone();
        (grid.west.rem_euclid(30.0), grid.north.rem_euclid(30.0))
    };
    assert_eq!(origin(&all), origin(&here));
}

#[test]
fn whole_numbers_without_a_scale_are_warned_of() {
    let Some(cases) = case("whole_numbers_without_a_scale_are_warned_of", "") else { return };
    let scratch = scratch();
    let job = include_str!("jobs/romania.toml").replace("scale = 0.0001\n", "");
    let path = scratch.path().join("job.toml");
    std::fs::write(&path, job.replace("CASES", cases.to_str().expect("a UTF-8 path"))).expect("the job is written");
    let told = succeed(["check", path.to_str().expect("a UTF-8 path"), "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let codes: Vec<&Value> = told["warnings"].as_array().expect("warnings").iter().map(|warning| &warning["code"]).collect();
    assert!(codes.iter().any(|code| *code == "unscaled"), "{codes:?}");
}

#[test]
fn clearings_of_romania_become_alerts_that_nrt_sees_too() {
    let Some(cases) = case("clearings_of_romania_become_alerts_that_nrt_sees_too", "") else { return };
    let scratch = scratch();
    let (folder, told) = run(include_str!("jobs/romania.toml"), "romania", &cases, scratch.path());
    let confirmed = plane(&folder.join("change.tif"), 1).mapv(|code| code == CONFIRMED);
    assert!(told["counts"]["alerts_high"].as_u64().expect("a count") > 0);
    println!("| method of nrt | its pixels | of our confirmed pixels it sees |");
    println!("|---|---|---|");
    let mut any = Array2::from_elem(confirmed.dim(), false);
    for method in ["ewma", "cusum", "mosum", "iqr"] {
        let days = plane(&cases.join(format!("03_nrt_sentinel2/romania_10m/expected_{method}_detection_days_since_1970.tif")), 1);
        let theirs = days.mapv(|day| day > 0.0);
        println!("| {method} | {} | {:.3} |", theirs.iter().filter(|x| **x).count(), share(&confirmed, &theirs));
        any.zip_mut_with(&theirs, |any, seen| *any |= seen);
    }
    let right = share(&confirmed, &any);
    assert!(right >= 0.95, "nrt sees only {right:.3} of the confirmed pixels by any of its methods");
    for feature in features(&folder) {
        let dates = &feature["properties"];
        assert!(dates["date_before"].as_str() < dates["date_first"].as_str(), "{dates}");
    }
}
