//! What drones bring: photographs with their places, orthomosaics on which alerts are measured again.

mod support;

use std::fs;
use std::path::Path;

use geoio::{RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::{argument, atalaya, fail, scratch, succeed};

/// A field of EXIF: tag, type, count, bytes.
type Field = (u16, u16, u32, Vec<u8>);

fn ascii(tag: u16, text: &str) -> Field {
    let bytes = [text.as_bytes(), &[0]].concat();
    (tag, 2, bytes.len() as u32, bytes)
}

fn rationals(tag: u16, numbers: &[(u32, u32)]) -> Field {
    let bytes = numbers.iter().flat_map(|(over, under)| [over.to_be_bytes(), under.to_be_bytes()].concat()).collect();
    (tag, 5, numbers.len() as u32, bytes)
}

fn short(tag: u16, number: u16) -> Field {
    (tag, 3, 1, number.to_be_bytes().to_vec())
}

/// A directory that begins at an offset: what does not fit into four bytes follows it.
fn directory(fields: &[Field], at: usize) -> Vec<u8> {
    let mut table = (fields.len() as u16).to_be_bytes().to_vec();
    let mut beyond = Vec::new();
    let end = at + 2 + 12 * fields.len() + 4;
    for (tag, kind, count, bytes) in fields {
        table.extend(tag.to_be_bytes());
        table.extend(kind.to_be_bytes());
        table.extend(count.to_be_bytes());
        if bytes.len() <= 4 {
            table.extend(bytes.iter().copied().chain([0; 4]).take(4));
        } else {
            table.extend(((end + beyond.len()) as u32).to_be_bytes());
            beyond.extend(bytes);
            beyond.resize(beyond.len().next_multiple_of(2), 0);
        }
    }
    table.extend([0; 4]);
    [table, beyond].concat()
}

/// The EXIF of a photograph: three directories, the first of which names the others.
fn exif(own: &[Field], receiver: &[Field]) -> Vec<u8> {
    let pointer = |tag: u16, at: usize| (tag, 4, 1, (at as u32).to_be_bytes().to_vec());
    let first = |own_at, receiver_at| {
        [ascii(0x010f, "DJI"), ascii(0x0110, "FC3582"), pointer(0x8769, own_at), pointer(0x8825, receiver_at)]
    };
    let own_at = 8 + directory(&first(0, 0), 8).len();
    let receiver_at = own_at + directory(own, own_at).len();
    let head = [&b"MM\0\x2a"[..], &8u32.to_be_bytes()].concat();
    [head, directory(&first(own_at, receiver_at), 8), directory(own, own_at), directory(receiver, receiver_at)].concat()
}

/// A JPEG without a picture: what it says of itself only.
fn jpeg(exif: &[u8], xmp: &str) -> Vec<u8> {
    let segment = |name: &[u8], content: &[u8]| {
        let length = (name.len() + content.len() + 2) as u16;
        [&[0xff, 0xe1], &length.to_be_bytes()[..], name, content].concat()
    };
    let parts = [vec![0xff, 0xd8], segment(b"Exif\0\0", exif), segment(b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes())];
    [parts.concat(), vec![0xff, 0xda, 0, 2, 0xff, 0xd9]].concat()
}

fn of_flight(pitch: f64, with_place: bool) -> Vec<u8> {
    let own = [
        ascii(0x9003, "2024:03:31 22:15:09"),
        ascii(0x9011, "-05:00"),
        (0xa002, 4, 1, 4000u32.to_be_bytes().to_vec()),
        (0xa003, 4, 1, 3000u32.to_be_bytes().to_vec()),
        short(0xa405, 24),
    ];
    let place = [
        ascii(1, "N"),
        rationals(2, &[(2, 1), (30, 1), (18, 1)]),
        ascii(3, "W"),
        rationals(4, &[(72, 1), (30, 1), (36, 1)]),
        (5, 1, 1, vec![0]),
        rationals(6, &[(3127, 10)]),
    ];
    let xmp = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='r'><rdf:Description xmlns:drone-dji='d' \
         drone-dji:GimbalYawDegree='+90.00' drone-dji:GimbalPitchDegree='{pitch:.2}' drone-dji:GimbalRollDegree='+0.00' \
         drone-dji:RelativeAltitude='+100.00'/></rdf:RDF></x:xmpmeta>"
    );
    jpeg(&exif(&own, if with_place { &place } else { &place[..1] }), &xmp)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// Corners of a polygon of one ring.
fn corners(feature: &Value) -> Vec<(f64, f64)> {
    let geometry = &feature["geometry"];
    let ring = if geometry["type"] == "MultiPolygon" { &geometry["coordinates"][0][0] } else { &geometry["coordinates"][0] };
    let number = |value: &Value| value.as_f64().expect("a number");
    ring.as_array().expect("a ring").iter().map(|at| (number(&at[0]), number(&at[1]))).collect()
}

#[test]
fn photographs_become_points_with_their_hash_and_footprints_by_their_field() {
    let scratch = scratch();
    let folder = scratch.path().join("flight");
    fs::create_dir(&folder).expect("a folder");
    let down = of_flight(-90.0, true);
    fs::write(folder.join("a.JPG"), &down).expect("written");
    fs::write(folder.join("b.jpg"), of_flight(-5.0, true)).expect("written");
    fs::write(folder.join("notes.txt"), "no photograph").expect("written");
    let (out, shown) = (scratch.path().join("photos.geojson"), scratch.path().join("footprints.geojson"));
    succeed(["photos", argument(&folder), "-o", argument(&out), "--footprints", argument(&shown)]);

    let photos = read(&out);
    let of = |photo: usize, key: &str| photos["features"][photo]["properties"][key].clone();
    assert_eq!(photos["features"].as_array().map(Vec::len), Some(2));
    assert_eq!(photos["features"][0]["geometry"]["coordinates"], json!([-72.51, 2.505]));
    let sha256 = Sha256::digest(&down).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(of(0, "sha256"), json!(sha256));
    assert_eq!((of(0, "taken_utc"), of(0, "taken_local")), (json!("2024-04-01T03:15:09Z"), json!("2024-03-31T22:15:09")));
    assert_eq!((of(0, "altitude_m"), of(0, "height_m"), of(0, "heading_deg")), (json!(312.7), json!(100.0), json!(90.0)));
    assert_eq!((of(0, "camera"), of(0, "footprint")), (json!("DJI FC3582"), json!("shown")));
    assert_eq!(of(1, "footprint"), json!("looks to the horizon"));

    // 24 mm on film of 43.27 mm: 84 degrees from corner to corner, 4 to 3; so 144.22 m across and 108.17 m along at 100 m. The upper edge
    // lies in the east, so that the picture's width lies from north to south.
    let footprints = read(&shown);
    assert_eq!(footprints["features"].as_array().map(Vec::len), Some(1), "what looks to the horizon has no outline");
    let ring = corners(&footprints["features"][0]);
    let extent = |of: fn(&(f64, f64)) -> f64| {
        let values = || ring.iter().map(of);
        values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    };
    let metres_a_degree = (111_213.6, 110_575.7); // WGS 84 at 2.505 degrees north, along the parallel and the meridian.
    assert!((extent(|at| at.0) * metres_a_degree.0 - 108.17).abs() < 0.1, "{ring:?}");
    assert!((extent(|at| at.1) * metres_a_degree.1 - 144.22).abs() < 0.1, "{ring:?}");
}

#[test]
fn photographs_that_tell_no_place_or_nothing_are_told() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    fs::write(at("a.jpg"), of_flight(-90.0, false)).expect("written");
    fs::write(at("b.jpg"), b"<html>not found</html>").expect("written");
    orthomosaic(&at("map.tif"));
    let out = at("photos.geojson");
    let output = atalaya(["photos", argument(&at("a.jpg")), argument(&at("b.jpg")), "-o", argument(&out)]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("1 photographs do not say where") && told.contains("b.jpg"), "{told}");
    assert_eq!(read(&out)["features"][0]["geometry"], Value::Null);
    let told = fail(3, ["photos", argument(&at("map.tif")), "-o", argument(&at("no.geojson"))]);
    assert!(told.contains("neither where, nor when"), "{told}");
    let told = fail(3, ["photos", argument(&at("b.jpg")), "-o", argument(&at("no.geojson"))]);
    assert!(told.contains("none of 1 files is a photograph") && !at("no.geojson").exists(), "{told}");
}

/// Half a metre a pixel; bare ground in a rectangle of 60 by 40 m whose upper left corner lies 50 m east and 60 m south of that of the image.
fn orthomosaic(path: &Path) -> Grid {
    let crs = geoio::crs::crs("EPSG:32618").expect("a system");
    let grid = Grid { crs, west: 700_000.0, north: 300_000.0, step_x: 0.5, step_y: 0.5, rows: 400, cols: 400 };
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&["red", "green", "blue"]) };
    let mut writer = RasterWriter::<f32>::create(path, &grid, options.nodata(f64::NAN), true).expect("a raster");
    let is_bare = |(row, col): (usize, usize)| (120..200).contains(&row) && (100..220).contains(&col);
    for (band, (forest, bare)) in [(0.05, 0.2), (0.12, 0.18), (0.04, 0.15)].into_iter().enumerate() {
        let values = Array2::from_shape_fn((400, 400), |at| if is_bare(at) { bare } else { forest });
        writer.write(band, grid.window(), values.view()).expect("a band");
    }
    writer.finish().expect("finished");
    grid
}

/// A rectangle of the image's system as an alert, metres from its upper left corner: west, north, east, south.
fn alert(grid: &Grid, id: &str, [west, north, east, south]: [f64; 4]) -> Value {
    let projection = geoio::crs::GridProjection::new(grid).expect("a projection");
    let (mut x, mut y) = (
        [west, east, east, west, west].map(|x| grid.west + x).to_vec(),
        [south, south, north, north, south].map(|y| grid.north - y).to_vec(),
    );
    alert::Projection::to_lonlat(&projection, &mut x, &mut y).expect("degrees");
    let ring: Vec<[f64; 2]> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
    json!({ "type": "Feature", "id": id, "properties": { "id": id }, "geometry": { "type": "Polygon", "coordinates": [ring] } })
}

#[test]
fn an_alert_is_measured_again_where_the_orthomosaic_covers_it() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let grid = orthomosaic(&at("ortho.tif"));
    let alerts = [
        alert(&grid, "clearing", [50.0, 60.0, 120.0, 110.0]),
        alert(&grid, "forest", [150.0, 150.0, 180.0, 180.0]),
        alert(&grid, "edge", [0.0, 50.0, 60.0, 110.0]),
        alert(&grid, "beyond", [1000.0, 1000.0, 1050.0, 1050.0]),
        alert(&grid, "part", [-40.0, 60.0, 80.0, 80.0]),
    ];
    fs::write(at("alerts.geojson"), json!({ "type": "FeatureCollection", "features": alerts }).to_string()).expect("written");
    let out = at("refined.geojson");
    let refine = |more: &[&str]| {
        let (alerts, image, out) = (at("alerts.geojson"), at("ortho.tif"), at("refined.geojson"));
        let first = ["refine", argument(&alerts), argument(&image), "--index", "2*G-R-B", "--below", "0.05", "--error", "0.75"];
        let last = ["--force", "-o", argument(&out)];
        [&first[..], more, &last[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    succeed(refine(&[]));
    let refined = read(&out);
    let of = |id: &str| {
        refined["features"]
            .as_array()
            .expect("features")
            .iter()
            .find(|feature| feature["properties"]["id"] == id)
            .expect("an alert")
            .clone()
    };
    let number = |id: &str, key: &str| of(id)["properties"][key].as_f64().unwrap_or(f64::NAN);
    // 60 x 40 m; UTM's scale at this place, 1.0001, makes 2399.4 m2 of ellipsoid of it.
    assert!((number("clearing", "refined_ha") - 0.24).abs() < 2e-4, "{}", of("clearing"));
    // 200 m of outline, off by 0.75 m and half a pixel.
    assert!((number("clearing", "refined_error_ha") - 200.0 * 1.0 / 1e4).abs() < 1e-4, "{}", of("clearing"));
    assert!((number("clearing", "alert_ha") - 0.35).abs() < 3e-4 && (number("clearing", "alert_error_ha") - 0.12).abs() < 1e-4);
    assert!((number("clearing", "difference_ha") + 0.11).abs() < 4e-4, "{}", of("clearing"));
    assert_eq!(
        (&of("clearing")["properties"]["result"], &of("clearing")["properties"]["size"]),
        (&json!("refined"), &json!("within_error"))
    );
    let ring = corners(&of("clearing"));
    assert_eq!(ring.len(), 5, "a rectangle: {ring:?}");
    assert_eq!((&of("forest")["properties"]["result"], number("forest", "refined_ha")), (&json!("nothing_cleared"), 0.0));
    assert_eq!(of("forest")["properties"]["size"], "smaller");
    assert_eq!(
        (&of("beyond")["properties"]["result"], &of("beyond")["properties"]["refined_ha"]),
        (&json!("not_covered"), &Value::Null)
    );
    assert_eq!((&of("beyond")["geometry"], &of("beyond")["properties"]["size"]), (&Value::Null, &json!("not_compared")));
    // The clearing goes on 60 m beyond this alert, farther than the margin.
    assert_eq!(of("edge")["properties"]["result"], "goes_on_beyond");
    assert_eq!((number("part", "covered_share"), &of("part")["properties"]["size"]), (0.6667, &json!("not_compared")));

    let whole = fs::read(&out).expect("bytes");
    succeed(refine(&["--memory", "64MB", "--jobs", "1"]));
    assert_eq!(fs::read(&out).expect("bytes"), whole, "neither threads nor memory change what is found");
}

#[test]
fn alerts_that_lie_elsewhere_are_refused() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let grid = orthomosaic(&at("ortho.tif"));
    let alerts = json!({ "type": "FeatureCollection", "features": [alert(&grid, "far", [9e3, 9e3, 9.1e3, 9.1e3])] });
    fs::write(at("alerts.geojson"), alerts.to_string()).expect("written");
    let (alerts, image, out) = (at("alerts.geojson"), at("ortho.tif"), at("out.geojson"));
    let refine = [
        "refine",
        argument(&alerts),
        argument(&image),
        "--index",
        "2*G-R-B",
        "--below",
        "0.05",
        "--error",
        "1",
        "-o",
        argument(&out),
    ];
    let told = fail(3, refine);
    assert!(told.contains("none lies where") && !out.exists(), "{told}");
}

/// A project folder of OpenDroneMap: the orthomosaic above, surface and terrain, photographs of these seconds and their ground control points' error.
fn project(folder: &Path, seconds: &[u64], error: Option<(f64, f64)>) -> Grid {
    for part in ["odm_orthophoto", "odm_dem", "odm_report"] {
        fs::create_dir_all(folder.join(part)).expect("a folder");
    }
    let grid = orthomosaic(&folder.join("odm_orthophoto/odm_orthophoto.tif"));
    let model = |name: &str, grid: &Grid, height: &dyn Fn(usize, usize) -> f32| {
        let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&["height"]).nodata(-9999.0) };
        let mut writer = RasterWriter::<f32>::create(&folder.join("odm_dem").join(name), grid, options, true).expect("a raster");
        let values = Array2::from_shape_fn((grid.rows, grid.cols), |(row, col)| height(row, col));
        writer.write(0, grid.window(), values.view()).expect("a band");
        writer.finish().expect("finished");
    };
    // Ground rises by 1 m in 100 m to the east; trees are 20 m high but on the bare rectangle, and nothing was seen in a corner.
    let is_bare = |row: usize, col: usize| (120..200).contains(&row) && (100..220).contains(&col);
    let ground = |x: f64| 200.0 + x / 100.0;
    model("dsm.tif", &grid, &|row, col| match (row, col) {
        (0..10, 0..10) => -9999.0,
        _ => (ground((col as f64 + 0.5) * 0.5) + if is_bare(row, col) { 0.0 } else { 20.0 }) as f32,
    });
    let coarse = Grid { step_x: 2.0, step_y: 2.0, rows: 100, cols: 100, ..grid.clone() };
    model("dtm.tif", &coarse, &|_, col| ground((col as f64 + 0.5) * 2.0) as f32);
    let shots: Vec<Value> = seconds
        .iter()
        .map(|time| json!({ "type": "Feature", "properties": { "filename": "a.jpg", "capture_time": time }, "geometry": Value::Null }))
        .collect();
    let shots = json!({ "type": "FeatureCollection", "features": shots });
    fs::write(folder.join("odm_report/shots.geojson"), shots.to_string()).expect("written");
    let errors = error.map_or(json!({}), |(x, y)| json!({ "error": { "x": x, "y": y, "z": 0.2 }, "average_error": 0.1 }));
    let stats = json!({ "gcp_errors": errors, "gps_errors": { "error": { "x": 9.0, "y": 9.0, "z": 9.0 } } });
    fs::write(folder.join("odm_report/stats.json"), stats.to_string()).expect("written");
    grid
}

#[test]
fn a_project_of_opendronemap_is_a_scene_of_the_day_of_its_photographs() {
    let scratch = scratch();
    let folder = scratch.path().join("north_field");
    // 2024-03-31, ten past ten and half past eleven.
    project(&folder, &[1_711_879_800, 1_711_884_600], None);
    let told: Value = serde_json::from_str(&succeed(["scenes", argument(&folder), "--json"])).expect("JSON");
    let text = told.to_string();
    assert!(text.contains("north_field") && text.contains("2024-03-31") && text.contains("drone-multispectral"), "{text}");
    let out = scratch.path().join("exg.tif");
    succeed(["index", "ExG", argument(&folder), "-o", argument(&out)]);
    let file = geoio::RasterFile::open(&out).expect("a raster");
    let value = file.read(1, file.grid().window()).expect("values")[[0, 0]];
    assert!((value - 0.15).abs() < 1e-6, "{value}");

    project(&folder, &[1_711_879_800, 1_712_000_000], None);
    let told = fail(3, ["scenes", argument(&folder)]);
    assert!(told.contains("2024-03-31 to 2024-04-01"), "{told}");
}

#[test]
fn height_is_surface_minus_terrain_on_the_surface_s_grid() {
    let scratch = scratch();
    let folder = scratch.path().join("flight");
    let grid = project(&folder, &[1_711_879_800], None);
    let out = scratch.path().join("height.tif");
    succeed(["height", argument(&folder), "-o", argument(&out)]);
    let file = geoio::RasterFile::open(&out).expect("a raster");
    assert_eq!(file.grid(), &grid);
    let heights = file.read(1, grid.window()).expect("values");
    assert!(heights[[5, 5]].is_nan(), "what was not seen has no height");
    let worst =
        |expected: f32, pixels: &[[usize; 2]]| pixels.iter().map(|at| (heights[*at] - expected).abs()).fold(0.0, f32::max);
    assert!(worst(20.0, &[[50, 50], [300, 390], [119, 150], [150, 99]]) < 0.003);
    assert!(worst(0.0, &[[120, 100], [199, 219], [160, 160]]) < 0.003);

    let other = scratch.path().join("other.tif");
    let (dsm, dtm) = (folder.join("odm_dem/dsm.tif"), folder.join("odm_dem/dtm.tif"));
    let output = atalaya(["height", "--dsm", argument(&dtm), "--dtm", argument(&dsm), "-o", argument(&other)]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("below the terrain"), "{told}");
    fs::remove_file(&dtm).expect("removed");
    let told = fail(3, ["height", argument(&folder), "-o", argument(&other)]);
    assert!(told.contains("no odm_dem/dtm.tif"), "{told}");
}

#[test]
fn a_project_s_ground_control_points_tell_how_far_its_orthomosaic_may_lie_off() {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let grid = project(&at("flight"), &[1_711_879_800], Some((0.3, 0.4)));
    let alerts = json!({ "type": "FeatureCollection", "features": [alert(&grid, "clearing", [50.0, 60.0, 120.0, 110.0])] });
    fs::write(at("alerts.geojson"), alerts.to_string()).expect("written");
    let (alerts, image, out) = (at("alerts.geojson"), at("flight"), at("refined.geojson"));
    let refine = ["refine", argument(&alerts), argument(&image), "--below", "0.05", "--force", "-o", argument(&out)];
    succeed(refine);
    let error = read(&out)["features"][0]["properties"]["refined_error_ha"].as_f64().expect("a number");
    // 200 m of outline; 0.5 m at the points and half a pixel of half a metre.
    assert!((error - 200.0 * 0.75 / 1e4).abs() < 1e-4, "{error}");
    project(&at("flight"), &[1_711_879_800], None);
    let told = fail(2, refine);
    assert!(told.contains("ground control points") && told.contains("--error"), "{told}");
}
