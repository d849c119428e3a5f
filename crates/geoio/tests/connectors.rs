//! Every format that registries come in, read from files that other code made: GDAL, or this test byte by byte.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use alert::Layer;
use gdal::DriverManager;
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::vector::{
    Feature, Geometry as GdalGeometry, LayerAccess as _, LayerOptions as NewLayer, OGRFieldType, OGRwkbGeometryType,
};
use geo_types::{Geometry, Point};
use geoio::layer::{self, LayerError, LayerOptions};
use geoio::{Hosts, Location};

/// Bogota in the system of Colombia's own grid, and where it is.
const BOGOTA_9377: (f64, f64) = (4_880_056.016_110, 2_067_459.131_902);
const BOGOTA: (f64, f64) = (-74.08175, 4.60971);

/// A file of one layer a name with one point, its code and its name.
fn made(driver: &str, path: &Path, layers: &[&str], system: u32, at: (f64, f64), options: &[&str]) {
    geoio::open::initialise(None);
    let mut dataset = DriverManager::get_driver_by_name(driver).expect("a driver").create_vector_only(path).expect("a dataset");
    let mut reference = SpatialRef::from_epsg(system).expect("a system");
    reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    for name in layers {
        let options = NewLayer { name, srs: Some(&reference), ty: OGRwkbGeometryType::wkbPoint, options: Some(options) };
        let layer = dataset.create_layer(options).expect("a layer");
        layer.create_defn_fields(&[("CODIGO", OGRFieldType::OFTString), ("NOMBRE", OGRFieldType::OFTString)]).expect("fields");
        let mut record = Feature::new(layer.defn()).expect("a record");
        record.set_field_string(0, "00123").expect("a value");
        record.set_field_string(1, "Ñuñoa").expect("a value");
        record.set_geometry(GdalGeometry::from_wkt(&format!("POINT({} {})", at.0, at.1)).expect("a point")).expect("a geometry");
        record.create(&layer).expect("stored");
    }
    dataset.close().expect("closed");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn read(path: &Path) -> Result<Layer, LayerError> {
    layer::read(path, &LayerOptions::default())
}

fn values<'a>(layer: &'a Layer, column: &str) -> Vec<Option<&'a str>> {
    layer.features.text(column).expect("a text column").iter().map(Option::as_deref).collect()
}

fn codes(layer: &Layer) -> Vec<&str> {
    layer.warnings.iter().map(|warning| warning.code).collect()
}

fn point(layer: &Layer) -> Point<f64> {
    match layer.features.geometries.as_slice() {
        [Some(Geometry::Point(point))] => *point,
        other => panic!("no point: {other:?}"),
    }
}

#[test]
fn every_format_gives_the_same_record_with_its_leading_zeros() {
    let folder = folder();
    let projected = (9377, BOGOTA_9377);
    for (driver, name, (system, at)) in [
        ("GPKG", "a.gpkg", projected),
        ("ESRI Shapefile", "a.shp", projected),
        ("FlatGeobuf", "a.fgb", projected),
        ("OpenFileGDB", "a.gdb", projected),
        ("GeoJSON", "a.geojson", (4326, BOGOTA)),
        ("LIBKML", "a.kml", (4326, BOGOTA)),
    ] {
        let path = folder.path().join(name);
        made(driver, &path, &["a"], system, at, if driver == "ESRI Shapefile" { &["ENCODING=UTF-8"] } else { &[] });
        let layer = read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((values(&layer, "CODIGO"), values(&layer, "NOMBRE")), (vec![Some("00123")], vec![Some("Ñuñoa")]), "{name}");
        let found = point(&layer);
        assert!((found.x() - BOGOTA.0).abs() < 1e-7 && (found.y() - BOGOTA.1).abs() < 1e-7, "{name}: {found:?}");
        // GDAL writes a height of 0 into KML.
        let expected = if name == "a.kml" { vec!["dimensions_dropped"] } else { vec![] };
        assert_eq!((layer.sha256.len(), layer.rejected, codes(&layer)), (64, 0, expected), "{name}");
    }
}

#[test]
fn of_several_layers_one_must_be_named() {
    let folder = folder();
    for (driver, name) in [("GPKG", "a.gpkg"), ("OpenFileGDB", "a.gdb"), ("LIBKML", "a.kml")] {
        let path = folder.path().join(name);
        made(driver, &path, &["predios", "vias"], 4326, BOGOTA, &[]);
        let told = read(&path).expect_err("two layers").to_string();
        assert!(told.contains(name) && told.contains("predios, vias"), "{told}");
        let named = |layer: &str| layer::read(&path, &LayerOptions { layer: Some(layer.to_owned()), ..LayerOptions::default() });
        assert_eq!(named("vias").expect("a layer").features.name, "vias");
        assert!(matches!(named("Vias2"), Err(LayerError::Choice { .. })));
    }
}

/// A Shapefile whose table says nothing of its encoding.
fn shapefile(folder: &Path, encoding: &str) -> PathBuf {
    let path = folder.join("a.shp");
    made("ESRI Shapefile", &path, &["a"], 4326, BOGOTA, &[&format!("ENCODING={encoding}")]);
    let _ = fs::remove_file(path.with_extension("cpg"));
    let table = path.with_extension("dbf");
    let mut bytes = fs::read(&table).expect("a table");
    bytes[29] = 0;
    fs::write(&table, bytes).expect("written");
    path
}

#[test]
fn the_text_of_a_shapefile_is_read_as_its_cpg_says_or_by_its_bytes() {
    let folder = folder();
    let latin = shapefile(folder.path(), "ISO-8859-1");
    let layer = read(&latin).expect("a layer");
    assert_eq!((values(&layer, "NOMBRE"), codes(&layer)), (vec![Some("Ñuñoa")], vec!["encoding_guessed"]));
    let told = LayerOptions { encoding: Some("latin1".to_owned()), ..LayerOptions::default() };
    let layer = layer::read(&latin, &told).expect("a layer");
    assert_eq!((values(&layer, "NOMBRE"), codes(&layer)), (vec![Some("Ñuñoa")], vec![]));
    fs::write(latin.with_extension("cpg"), "ISO-8859-1").expect("written");
    let layer = read(&latin).expect("a layer");
    assert_eq!((values(&layer, "NOMBRE"), codes(&layer)), (vec![Some("Ñuñoa")], vec![]));
    let unknown = LayerOptions { encoding: Some("klingon".to_owned()), ..LayerOptions::default() };
    assert!(matches!(layer::read(&latin, &unknown), Err(LayerError::Encoding { .. })));

    let other = self::folder();
    let utf8 = shapefile(other.path(), "UTF-8");
    let layer = read(&utf8).expect("a layer");
    assert_eq!((values(&layer, "NOMBRE"), codes(&layer)), (vec![Some("Ñuñoa")], vec![]));
}

#[test]
fn a_document_that_asks_for_more_than_itself_never_reaches_the_reader_of_kml() {
    let folder = folder();
    let document = |doctype: &str, name: &str| {
        let path = folder.path().join("a.kml");
        let text = format!(
            "<?xml version=\"1.0\"?>{doctype}<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><NetworkLink><Link>\
             <href>http://127.0.0.1:1/a.kml</href></Link></NetworkLink><Placemark><name>{name}</name><ExtendedData>\
             <Data name=\"codigo\"><value>007</value></Data></ExtendedData><Point><coordinates>-75,2</coordinates></Point>\
             </Placemark></Document></kml>"
        );
        fs::write(&path, text).expect("written");
        read(&path)
    };
    for doctype in [
        "<!DOCTYPE k [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE k SYSTEM \"http://127.0.0.1:1/k.dtd\">",
        "<!DOCTYPE k [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;&x;\">]>",
    ] {
        let told = document(doctype, "&x;").expect_err("refused").to_string();
        assert!(told.contains("a.kml:1:") && told.contains("document type"), "{told}");
    }
    let layer = document("", "&lt;b&gt;").expect("a layer");
    assert_eq!((values(&layer, "Name"), values(&layer, "codigo")), (vec![Some("<b>")], vec![Some("007")]));
    assert_eq!((point(&layer), codes(&layer)), (Point::new(-75.0, 2.0), vec!["network_link"]));
}

#[test]
fn a_table_is_read_in_the_dialect_that_is_told() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    fs::write(&path, b"CODIGO|X|Y|NOMBRE\n00123|4.880.056,016110|2.067.459,131902|\xd1u\xf1oa\n").expect("written");
    let options = LayerOptions {
        lon: Some("X".to_owned()),
        lat: Some("Y".to_owned()),
        crs: Some("EPSG:9377".to_owned()),
        delimiter: Some(b'|'),
        decimal: Some(','),
        encoding: Some("latin1".to_owned()),
        ..LayerOptions::default()
    };
    let layer = layer::read(&path, &options).expect("a layer");
    assert_eq!(
        (values(&layer, "CODIGO"), values(&layer, "NOMBRE"), codes(&layer)),
        (vec![Some("00123")], vec![Some("Ñuñoa")], vec![])
    );
    assert!((point(&layer).x() - BOGOTA.0).abs() < 1e-7 && (point(&layer).y() - BOGOTA.1).abs() < 1e-7);
}

/// Bogota and Manaus in national systems, x (or longitude) first.
///
/// From `cs2cs -f %.9f EPSG:4326 EPSG:n` of PROJ 9.1.1, whose answers for 9377 and 3116 come first north, then east. The two for
/// Bogota were also reckoned by Krueger's series in the third flattening (four terms): they agree to 1e-6 m.
const NATIONAL: [(u32, [(f64, f64); 2]); 6] = [
    (9377, [(4_880_056.016_110_009, 2_067_459.131_901_501), (6_453_954.815_693_851, 1_204_362.491_444_599)]),
    (3116, [(999_529.290_790_543, 1_001_493.910_402_566), (2_578_306.965_734_225, 136_185.314_419_665)]),
    (5880, [(2_771_987.506_897_345, 10_541_108.157_331_318), (4_330_657.413_116_232, 9_653_201.624_517_998)]),
    (4686, [(-74.08175, 4.60971), (-60.0217, -3.119)]),
    (4674, [(-74.08175, 4.60971), (-60.0217, -3.119)]),
    (4170, [(-74.08175, 4.60971), (-60.0217, -3.119)]),
];

#[test]
fn national_systems_are_read_x_first_whatever_their_authority_says() {
    let folder = folder();
    for (system, places) in NATIONAL {
        for (at, expected) in places.into_iter().zip([BOGOTA, (-60.0217, -3.119)]) {
            let path = folder.path().join(format!("{system}.gpkg"));
            let _ = fs::remove_file(&path);
            made("GPKG", &path, &["a"], system, at, &[]);
            let found = point(&read(&path).expect("a layer"));
            // A hundred millionth of a degree is a millimetre.
            assert!((found.x() - expected.0).abs() < 1e-8 && (found.y() - expected.1).abs() < 1e-8, "{system}: {found:?}");
            let table = folder.path().join("a.csv");
            fs::write(&table, format!("id,lon,lat\n1,{},{}\n", at.0, at.1)).expect("written");
            let options = LayerOptions { crs: Some(format!("EPSG:{system}")), ..LayerOptions::default() };
            assert_eq!(point(&layer::read(&table, &options).expect("a layer")), found, "{system}");
        }
    }
}

/// Answers one request with a body, and says how many came.
fn serve(body: &'static str) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answer = move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).expect("a request");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).expect("answered");
    };
    (port, std::thread::spawn(answer))
}

#[test]
fn an_address_is_fetched_only_from_a_host_that_is_allowed() {
    let body = r#"{"type":"Feature","properties":{"codigo":"007"},"geometry":{"type":"Point","coordinates":[-75,2]}}"#;
    let (port, server) = serve(body);
    let location = Location::of(&format!("http://127.0.0.1:{port}/registro.geojson"), Path::new("")).expect("a place");
    let read = |hosts: &Hosts| layer::read_at(&location, hosts, &LayerOptions::default());
    let told = read(&Hosts::default()).expect_err("refused").to_string();
    assert!(told.contains("--allow-host 127.0.0.1") && told.contains("[network] hosts"), "{told}");
    assert!(read(&Hosts::new(["other.example"])).is_err());
    let layer = read(&Hosts::new(["127.0.0.1"])).expect("a layer");
    assert_eq!((values(&layer, "codigo"), point(&layer)), (vec![Some("007")], Point::new(-75.0, 2.0)));
    assert_eq!(layer.path, location.to_string());
    server.join().expect("one request");
}
