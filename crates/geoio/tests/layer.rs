//! What reading a layer keeps, repairs, refuses and says.

use std::fs;
use std::path::PathBuf;

use alert::Layer;
use geo::Area as _;
use geo_types::{Geometry, point};
use geoio::layer::{self, LayerError, LayerOptions};

fn write(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("written");
    path
}

fn read_as(name: &str, content: impl AsRef<[u8]>, options: &LayerOptions) -> Result<Layer, LayerError> {
    let folder = tempfile::tempdir().expect("a folder");
    layer::read(&write(&folder, name, content), options)
}

fn geojson(content: &str) -> Result<Layer, LayerError> {
    read_as("a.geojson", content, &LayerOptions::default())
}

fn csv(content: impl AsRef<[u8]>) -> Result<Layer, LayerError> {
    read_as("a.csv", content, &LayerOptions::default())
}

fn feature(geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{}},"geometry":{geometry}}}"#)
}

fn column<'a>(layer: &'a Layer, name: &str) -> Vec<Option<&'a str>> {
    layer.features.text(name).expect("a text column").iter().map(Option::as_deref).collect()
}

fn codes(layer: &Layer) -> Vec<&str> {
    layer.warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn every_kind_of_json_value_becomes_text_as_it_stands() {
    let layer = geojson(
        r#"{"type":"Feature","id":7,"geometry":null,"properties":{"code":"007","big":12345678901234567890,"real":1.50,
            "yes":true,"none":null,"deep":{"a":[1, 2]},"quote":"a\"b"}}"#,
    )
    .expect("a layer");
    assert_eq!(column(&layer, "id"), [Some("7")]);
    assert_eq!(column(&layer, "code"), [Some("007")]);
    assert_eq!(column(&layer, "big"), [Some("12345678901234567890")]);
    assert_eq!(column(&layer, "real"), [Some("1.50")]);
    assert_eq!(column(&layer, "yes"), [Some("true")]);
    assert_eq!(column(&layer, "none"), [None]);
    assert_eq!(column(&layer, "deep"), [Some(r#"{"a":[1, 2]}"#)]);
    assert_eq!(column(&layer, "quote"), [Some("a\"b")]);
}

#[test]
fn a_column_that_only_later_records_have_is_missing_in_the_earlier() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"a":1},"geometry":null},{"type":"Feature","properties":{"b":2},"geometry":null}]}"#;
    let layer = geojson(text).expect("a layer");
    assert_eq!((column(&layer, "a"), column(&layer, "b")), (vec![Some("1"), None], vec![None, Some("2")]));
    assert_eq!(codes(&layer), ["geometry_missing"]);
}

#[test]
fn a_syntax_error_is_named_with_line_column() {
    let error = geojson("{\"type\":\"FeatureCollection\",\n \"features\":[1,]}").expect_err("an error").to_string();
    assert!(error.contains("a.geojson:2:16: expected value"), "{error}");
    let error =
        geojson("{\"type\":\"Feature\",\"properties\":{},\n\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,\n\"x\"]}}");
    let error = error.expect_err("an error").to_string();
    assert!(error.contains("a.geojson:3:"), "{error}");
}

#[test]
fn numbers_that_are_none_refuse_the_file() {
    for number in ["NaN", "1e999", "Infinity", "\"1\"", "null"] {
        let text = feature(&format!(r#"{{"type":"Point","coordinates":[{number},1]}}"#));
        assert!(matches!(geojson(&text), Err(LayerError::Syntax { .. })), "{number}");
    }
}

#[test]
fn what_is_json_but_no_geojson_is_told_apart_from_what_is_no_json() {
    for text in ["[]", "\"a\"", "1", "null", " [1, {\"a\": 2}] ", "{}"] {
        let told = geojson(text).expect_err("refused").to_string();
        assert!(told.contains("a.geojson:1:") && told.contains("no GeoJSON"), "{text}: {told}");
    }
    for text in ["[", "[1,]", "'a'", "nul", "", "[] []"] {
        let told = geojson(text).expect_err("refused").to_string();
        assert!(!told.contains("no GeoJSON"), "{text}: {told}");
    }
}

#[test]
fn a_collection_of_several_kinds_keeps_what_covers_most() {
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#;
    let (line, point) = (r#"{"type":"LineString","coordinates":[[0,0],[2,2]]}"#, r#"{"type":"Point","coordinates":[5,5]}"#);
    let collection = |parts: &[&str]| feature(&format!(r#"{{"type":"GeometryCollection","geometries":[{}]}}"#, parts.join(",")));
    let read = |parts: &[&str]| {
        let layer = geojson(&collection(parts)).expect("a layer");
        assert_eq!((codes(&layer), layer.rejected), (vec!["collection_reduced"], 0));
        layer.features.geometries[0].clone().expect("a geometry")
    };
    assert!(matches!(read(&[point, line, square]), Geometry::MultiPolygon(areas) if areas.0.len() == 1));
    assert!(matches!(read(&[point, line]), Geometry::MultiLineString(_)));
    let layer = csv("id,wkt\n1,\"GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))\"\n").expect("a layer");
    assert_eq!(codes(&layer), ["collection_reduced"]);
}

#[test]
fn a_table_without_any_usable_place_is_refused_by_its_lines() {
    let told = csv("id,lon,lat\n1,0,0\n2,,\n3,abc,2\n4,-75,200\n").expect_err("refused").to_string();
    assert!(told.contains("none of its 4 records") && told.contains("line 2") && told.contains("line 4"), "{told}");
    assert_eq!(csv("id,lon,lat\n1,,\n").expect("no place is told at all").features.len(), 1);
    let layer = csv("id,lon,lat\n1,0,0\n2,-75,2\n").expect("a layer");
    assert_eq!((codes(&layer), layer.rejected), (vec!["null_island"], 1));
}

#[test]
fn a_decimal_sign_and_a_delimiter_can_be_told() {
    let options =
        LayerOptions { decimal: Some(','), delimiter: Some(b'|'), crs: Some("EPSG:9377".to_owned()), ..LayerOptions::default() };
    let layer = read_as("a.csv", "id|lon|lat\n1|5.000.000,0|2.000.000,0\n", &options).expect("a layer");
    let Some(Geometry::Point(found)) = layer.features.geometries[0] else { panic!("no point") };
    assert!((found.x() + 73.0).abs() < 1e-7 && (found.y() - 4.0).abs() < 1e-7, "{found:?}");
}

#[test]
fn arrow_files_are_refused_as_no_registry_format() {
    for name in ["a.arrow", "a.feather", "a.ipc"] {
        let told = read_as(name, "ARROW1", &LayerOptions::default()).expect_err("refused").to_string();
        assert!(told.contains(name) && told.contains(".gpkg"), "{told}");
    }
}

#[test]
fn depth_exhausts_nothing() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for text in [deep.clone(), feature(&format!(r#"{{"type":"Polygon","coordinates":{deep}}}"#))] {
        assert!(matches!(geojson(&text), Err(LayerError::Syntax { .. })));
    }
}

#[test]
fn a_byte_order_mark_is_accepted_other_encodings_of_json_are_not() {
    let text = feature("null");
    assert!(geojson(&format!("\u{feff}{text}")).is_ok());
    let utf16: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let options = LayerOptions::default();
    assert!(matches!(read_as("a.geojson", utf16, &options), Err(LayerError::Encoding { .. })));
    assert!(matches!(read_as("a.geojson", b"{\"a\":\"\xff\"}", &options), Err(LayerError::Encoding { .. })));
}

#[test]
fn projected_coordinates_need_their_system() {
    let text = feature(r#"{"type":"Point","coordinates":[500000,200000]}"#);
    let error = geojson(&text).expect_err("an error");
    assert!(error.to_string().contains("EPSG:32618"), "{error}");
    let options = LayerOptions { crs: Some("EPSG:32618".to_owned()), ..LayerOptions::default() };
    let layer = read_as("a.geojson", &text, &options).expect("a layer");
    let Some(Geometry::Point(found)) = layer.features.geometries[0] else { panic!("no point") };
    assert!((found.x() + 75.0).abs() < 1e-9 && (found.y() - 1.809).abs() < 0.001, "{found:?}");
    assert_eq!(layer.crs, "EPSG:32618");
}

#[test]
fn a_crs_by_name_is_honoured_one_by_link_refused() {
    let with = |crs: &str| {
        format!(
            r#"{{"type":"Feature","crs":{crs},"properties":{{}},"geometry":{{"type":"Point","coordinates":[5000000,2000000]}}}}"#
        )
    };
    let named = r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::9377"}}"#;
    let layer = geojson(&with(named)).expect("a layer");
    let Some(Geometry::Point(found)) = layer.features.geometries[0] else { panic!("no point") };
    assert!((found.x() + 73.0).abs() < 1e-7 && (found.y() - 4.0).abs() < 1e-7, "{found:?}");
    assert_eq!((codes(&layer), layer.crs.as_str()), (vec!["crs_member"], "EPSG:9377"));
    let unknown = r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::999999"}}"#;
    let told = geojson(&with(unknown)).expect_err("no system has that code").to_string();
    assert!(told.contains("a.geojson: ") && told.contains("999999"), "{told}");
    let link = r#"{"type":"link","properties":{"href":"http://127.0.0.1:18080/crs"}}"#;
    assert!(matches!(geojson(&with(link)), Err(LayerError::Syntax { .. })));
}

#[test]
fn a_bowtie_is_repaired_with_a_warning_a_flat_polygon_refused() {
    let layer = geojson(&feature(r#"{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"#)).expect("a layer");
    let geometry = layer.features.geometries[0].as_ref().expect("a geometry");
    assert!((geometry.unsigned_area() - 2.0).abs() < 1e-9);
    assert_eq!((codes(&layer), layer.rejected), (vec!["geometry_repaired"], 0));
    let layer = geojson(&feature(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[2,0],[0,0]]]}"#)).expect("a layer");
    assert_eq!((codes(&layer), layer.rejected), (vec!["geometry_collapsed"], 1));
    assert_eq!(layer.features.geometries, [None]);
}

#[test]
fn a_table_keeps_leading_zeros_whatever_its_dialect() {
    let expected = [Some("007"), Some("áé")];
    let texts: [Vec<u8>; 4] = [
        "\u{feff}id,name,lon,lat\r\n007,áé,-75.5,2\r\n".into(),
        "id;name;lon;lat\n007;áé;-75,5;2,0\n".into(),
        "id\tname\tlon\tlat\n007\táé\t-75.5\t2\n".into(),
        b"id,name,lon,lat\n007,\xe1\xe9,-75.5,2\n".into(),
    ];
    for (i, text) in texts.into_iter().enumerate() {
        let layer = csv(text).expect("a layer");
        assert_eq!([column(&layer, "id")[0], column(&layer, "name")[0]], expected);
        assert_eq!(layer.features.geometries, [Some(point! { x: -75.5, y: 2.0 }.into())]);
        assert_eq!(codes(&layer).contains(&"encoding_guessed"), i == 3);
    }
}

#[test]
fn a_table_in_utf16_is_read_by_its_mark() {
    let bytes: Vec<u8> = "\u{feff}id,name\n1,ñ\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(column(&csv(bytes).expect("a layer"), "name"), [Some("ñ")]);
}

#[test]
fn a_ragged_record_is_refused_by_its_line() {
    let layer = csv("id,name\n1,a\n2\n3,c,d\n4,e\n").expect("a layer");
    assert_eq!((column(&layer, "id"), layer.rejected), (vec![Some("1"), Some("4")], 2));
    let message = &layer.warnings[0].message;
    assert!(message.contains("line 3 has 1 of 2 fields") && message.contains("line 4"), "{message}");
}

#[test]
fn a_broken_table_is_refused_as_a_whole() {
    for text in ["", "id,id\n1,2\n", "id,name\n1,\"open\n2,x\n", "id\n1\0\n", "id,lon\n1,2\n"] {
        assert!(csv(text).is_err(), "{text:?}");
    }
    assert_eq!(csv("id,name\n").expect("a layer").features.len(), 0);
}

#[test]
fn a_bad_coordinate_costs_the_place_not_the_record() {
    let layer = csv("id,lon,lat\n1,abc,2\n2,-75,200\n3,,\n4,-75,2\n").expect("a layer");
    assert_eq!((layer.features.len(), layer.rejected), (4, 2));
    assert_eq!(layer.features.geometries.iter().filter(|geometry| geometry.is_some()).count(), 1);
    assert_eq!(codes(&layer), ["geometry_missing", "coordinates_refused"]);
}

#[test]
fn well_known_text_is_read_from_its_column() {
    let layer = csv("id,wkt\n1,\"POLYGON((0 0,1 0,1 1,0 0))\"\n2,POINT Z (1 2 3)\n3,nonsense\n4,\n").expect("a layer");
    let kinds: Vec<bool> = layer.features.geometries.iter().map(Option::is_some).collect();
    assert_eq!((kinds, layer.rejected), (vec![true, true, false, false], 1));
}

#[test]
fn a_shapefile_without_prj_needs_its_system() {
    use gdal::vector::{Geometry as GdalGeometry, LayerAccess as _, LayerOptions as GdalLayer, OGRwkbGeometryType};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.shp");
    geoio::open::initialise(None);
    let driver = gdal::DriverManager::get_driver_by_name("ESRI Shapefile").expect("a driver");
    let mut dataset = driver.create_vector_only(&path).expect("a dataset");
    let options = GdalLayer {
        name: "a",
        ty: OGRwkbGeometryType::wkbPoint,
        options: Some(&["ENCODING=ISO-8859-1"]),
        ..GdalLayer::default()
    };
    let mut stored = dataset.create_layer(options).expect("a layer");
    stored.create_defn_fields(&[("NOMBRE", gdal::vector::OGRFieldType::OFTString)]).expect("fields");
    let mut record = gdal::vector::Feature::new(stored.defn()).expect("a record");
    record.set_field_string(0, "Ñuñoa").expect("a value");
    record.set_geometry(GdalGeometry::from_wkt("POINT(5000000 2000000)").expect("a point")).expect("a geometry");
    record.create(&stored).expect("stored");
    drop(record);
    stored.reset_feature_reading();
    dataset.close().expect("closed");
    let error = layer::read(&path, &LayerOptions::default()).expect_err("an error");
    assert!(error.to_string().contains(".prj"), "{error}");
    let options = LayerOptions { crs: Some("EPSG:9377".to_owned()), ..LayerOptions::default() };
    let read = layer::read(&path, &options).expect("a layer");
    assert_eq!(column(&read, "NOMBRE"), [Some("Ñuñoa")]);
    let Some(Geometry::Point(found)) = read.features.geometries[0] else { panic!("no point") };
    assert!((found.x() + 73.0).abs() < 1e-7 && (found.y() - 4.0).abs() < 1e-7, "{found:?}");
}

/// A small layer as it is written.
fn parquet(folder: &tempfile::TempDir) -> Vec<u8> {
    use alert::{Features, Values};
    use geo_types::polygon;
    let triangle = |west: f64| polygon![(x: west, y: 2.0), (x: west + 1.0, y: 2.0), (x: west, y: 3.0)];
    let features = Features::new("t", vec![Some(triangle(-75.0).into()), Some(triangle(-70.0).into())])
        .with("id", Values::Text(vec![Some("05001".to_owned()), None]))
        .and_then(|table| table.with("area", Values::Real(vec![Some(0.1), Some(1e300)])))
        .expect("columns of one length");
    let path = folder.path().join("t.parquet");
    geoio::sink::write(&path, &features, &geoio::sink::SinkOptions::default()).expect("a file");
    fs::read(path).expect("bytes")
}

#[test]
fn geoparquet_keeps_digits_and_can_stay_in_its_own_system() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = parquet(&folder);
    let layer = read_as("t.parquet", &bytes, &LayerOptions::default()).expect("a layer");
    assert_eq!(column(&layer, "id"), [Some("05001"), None]);
    assert_eq!(column(&layer, "area")[0], Some("0.1"));
    assert_eq!(layer.features.columns.len(), 2, "the covering is no data");
    let crs = Some("EPSG:32618".to_owned());
    let stored = LayerOptions { crs: crs.clone(), frame: geoio::layer::Frame::Stored, ..LayerOptions::default() };
    let layer = read_as("t.parquet", &bytes, &stored).expect("a layer");
    let first = layer.boxes()[0].expect("a box");
    assert_eq!((first.min().x, first.max().y, layer.crs.as_str()), (-75.0, 3.0, "EPSG:32618"));
    let system = geoio::crs::crs("EPSG:9377").expect("a system");
    let moved = LayerOptions { frame: geoio::layer::Frame::System(system), ..LayerOptions::default() };
    let layer = read_as("t.parquet", &bytes, &moved).expect("a layer");
    let first = layer.boxes()[0].expect("a box");
    assert!((first.min().x - 4_777_568.0).abs() < 2000.0 && first.width() > 100_000.0, "{first:?}");
}

#[test]
fn damaged_geoparquet_is_refused_or_read_never_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = parquet(&folder);
    let mut refused = 0;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            refused += usize::from(read_as("t.parquet", &damaged, &LayerOptions::default()).is_err());
        }
        assert!(read_as("t.parquet", &bytes[..at], &LayerOptions::default()).is_err(), "cut at {at}");
    }
    assert!(refused > bytes.len() / 2, "{refused} of {}", 3 * bytes.len());
}
