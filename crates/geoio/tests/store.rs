//! A store keeps what registries said when, in a file and in a database alike.

use std::fs;
use std::path::Path;

use alert::{Features, Layer, Values};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use geo_types::{Geometry, point, polygon};
use geoio::layer::{self, LayerError, LayerOptions};
use geoio::store::{Kept, Retrieval, Store, StoreError, newest};
use geoio::{Hosts, Kind, Location};
use raster::Date;

fn day(day: u32) -> Date {
    Date::from_ymd(2026, 1, day).expect("a day")
}

/// A layer of a square and a record without geometry.
fn parcels(owner: &str) -> Layer {
    let square = polygon![(x: -75.0, y: 2.0), (x: -74.9, y: 2.0), (x: -74.9, y: 2.1), (x: -75.0, y: 2.1)];
    let text = |values: [Option<&str>; 2]| Values::Text(values.map(|value| value.map(str::to_owned)).to_vec());
    let features = Features::new("parcels", vec![Some(square.into()), None])
        .with("Codigo", text([Some("00123"), Some("9007199254740993")]))
        .and_then(|features| features.with("owner", text([Some(owner), None])))
        .expect("two rows");
    Layer { features, sha256: "ab".repeat(32), crs: "EPSG:9377".to_owned(), path: "parcels.gpkg".to_owned(), ..Layer::default() }
}

fn keep(store: &Store, layer: &Layer, retrieved: Date) -> Result<Kept, StoreError> {
    let retrieval = Retrieval { source: "parcels", retrieved, request: "PG:host=h", layer, program: "atalaya 0" };
    store.keep(&[retrieval]).map(|kept| kept[0])
}

/// What a store says as of a day: the owners, and since when they are known.
fn said(location: &Location, hosts: &Hosts, as_of: Option<Date>) -> Option<(String, String)> {
    let known = Store::at(location, hosts).and_then(|store| store.snapshots()).expect("a list");
    let options = LayerOptions { layer: Some(newest(&known, "parcels", as_of)?.table.clone()), ..LayerOptions::default() };
    let layer = layer::read_at(location, hosts, &options).expect("a table");
    assert_eq!(layer.features.text("Codigo").expect("a column")[1].as_deref(), Some("9007199254740993"));
    let kinds: Vec<bool> = layer.features.geometries.iter().map(Option::is_some).collect();
    assert_eq!(kinds, [true, false]);
    let first = |column: &str| layer.features.text(column).expect("a column")[0].clone().expect("a value");
    Some((first("owner"), first("known_from")))
}

/// What holds for every kind of store; `location` names one that is not there yet.
fn every_store_keeps_what_was_said(location: &Location, hosts: &Hosts) {
    let store = Store::at(location, hosts).expect("a store");
    assert_eq!(store.snapshots().expect("none yet"), []);
    assert_eq!(keep(&store, &parcels("Ana"), day(10)).expect("kept"), Kept::Written);
    assert_eq!(keep(&store, &parcels("Ana"), day(10)).expect("kept"), Kept::Already);
    assert_eq!(keep(&store, &parcels("Ana"), day(15)).expect("kept"), Kept::Known);
    assert_eq!(keep(&store, &parcels("Ñusta"), day(20)).expect("kept"), Kept::Written);
    let conflict = keep(&store, &parcels("Eva"), day(20)).expect_err("another content");
    assert!(matches!(conflict, StoreError::Conflict { .. }) && conflict.to_string().contains("2026-01-20"), "{conflict}");

    let known = store.snapshots().expect("three");
    let listed: Vec<(String, &str)> = known.iter().map(|s| (s.retrieved.to_string(), s.table.as_str())).collect();
    let (first, last) = ("parcels__2026_01_10", "parcels__2026_01_20");
    assert_eq!(listed, [("2026-01-10", first), ("2026-01-15", first), ("2026-01-20", last)].map(|(d, t)| (d.to_owned(), t)));
    assert_eq!((known[0].request.as_str(), known[0].records, known[0].crs.as_str()), ("PG:host=h", 2, "EPSG:9377"));
    assert_eq!((known[0].sha256.len(), known[0].content_sha256 == known[2].content_sha256), (64, false));

    let owner = |owner: &str, known_from: &str| Some((owner.to_owned(), known_from.to_owned()));
    assert_eq!(said(location, hosts, None), owner("Ñusta", "2026-01-20"));
    assert_eq!(said(location, hosts, Some(day(19))), owner("Ana", "2026-01-10"));
    assert_eq!(said(location, hosts, Some(day(9))), None);

    let table = Values::Text(vec![None, None]);
    let mut reserved = parcels("Ana");
    reserved.features = reserved.features.with("Known_From", table).expect("two rows");
    assert!(matches!(keep(&store, &reserved, day(21)), Err(StoreError::Reserved { .. })));
}

#[test]
fn a_geopackage_keeps_what_was_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::File(folder.path().join("store.gpkg"));
    every_store_keeps_what_was_said(&location, &Hosts::default());
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(names, ["store.gpkg"]);
}

#[test]
fn a_store_that_is_held_or_cannot_be_written_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.gpkg");
    let store = Store::at(&Location::File(path.clone()), &Hosts::default()).expect("a store");
    keep(&store, &parcels("Ana"), day(10)).expect("kept");
    let before = fs::read(&path).expect("a file");
    let held = fs::File::open(folder.path()).expect("the folder");
    held.lock().expect("held");
    let locked = keep(&store, &parcels("Eva"), day(11)).expect_err("held");
    assert_eq!(locked.kind(), Kind::Locked);
    drop(held);
    fs::write(folder.path().join("store.gpkg-wal"), "x").expect("written");
    assert_eq!(keep(&store, &parcels("Eva"), day(11)).expect_err("open elsewhere").kind(), Kind::Locked);
    fs::remove_file(folder.path().join("store.gpkg-wal")).expect("removed");
    // Two columns that this format does not tell apart: the failure comes when the first table is there already.
    let mut twin = parcels("Eva");
    twin.features = twin.features.with("OWNER", Values::Text(vec![None, None])).expect("two rows");
    let good = Retrieval { source: "good", retrieved: day(12), request: "", layer: &parcels("Eva"), program: "" };
    let failed = store.keep(&[good, Retrieval { source: "twin", layer: &twin, ..good }]).expect_err("no such table");
    assert_eq!(failed.kind(), Kind::Output, "{failed}");
    assert_eq!(fs::read(&path).expect("a file"), before);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn what_a_killed_load_left_does_not_touch_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.gpkg");
    let store = Store::at(&Location::File(path.clone()), &Hosts::default()).expect("a store");
    keep(&store, &parcels("Ana"), day(10)).expect("kept");
    for ending in ["", "-journal", "-wal", "-shm"] {
        fs::write(folder.path().join(format!("store.gpkg.partial{ending}")), "half").expect("written");
    }
    assert_eq!(keep(&store, &parcels("Eva"), day(11)).expect("kept"), Kept::Written);
    assert_eq!(store.snapshots().expect("two").len(), 2);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn the_same_loads_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = ["a.gpkg", "b.gpkg"].map(|name| {
        let path = folder.path().join(name);
        let store = Store::at(&Location::File(path.clone()), &Hosts::default()).expect("a store");
        keep(&store, &parcels("Ana"), day(10)).expect("kept");
        keep(&store, &parcels("Eva"), day(11)).expect("kept");
        fs::read(path).expect("a file")
    });
    assert!(bytes[0] == bytes[1]);
}

#[test]
fn only_geopackages_and_databases_are_stores() {
    for name in ["a.geojson", "http://h/a.gpkg"] {
        let location = Location::of(name, Path::new("")).expect("a place");
        assert!(matches!(Store::at(&location, &Hosts::new(["h"])), Err(StoreError::Format { .. })), "{name}");
    }
}

/// A database of this test's own, on the server that `scripts/postgis` started; `None` (and a line that says so) without one.
fn database(test: &str) -> Option<(Location, String)> {
    let Ok(address) = std::env::var("ATALAYA_POSTGIS") else {
        assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "a PostGIS is required: scripts/postgis with COMMAND");
        eprintln!("skipped: {test}: no PostGIS (scripts/setup postgis; scripts/postgis with COMMAND)");
        return None;
    };
    let (host, port) = address.split_once(':').expect("host:port");
    let server = format!("host={host} port={port} user=postgres");
    sql(&format!("PG:{server} dbname=postgres"), &[&format!("CREATE DATABASE {test}")]);
    let name = format!("PG:{server} dbname={test} password=secret");
    sql(&name, &["CREATE EXTENSION postgis"]);
    Some((Location::of(&name, Path::new("")).expect("a place"), name))
}

fn sql(database: &str, statements: &[&str]) {
    geoio::open::initialise(None);
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_UPDATE,
        allowed_drivers: Some(&["PostgreSQL"]),
        ..DatasetOptions::default()
    };
    let dataset = Dataset::open_ex(database, options).expect("a database");
    for statement in statements {
        dataset
            .execute_sql(statement, None, gdal::vector::sql::Dialect::DEFAULT)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[test]
fn a_database_keeps_what_was_said() {
    let Some((location, _)) = database("a_database_keeps_what_was_said") else { return };
    every_store_keeps_what_was_said(&location, &Hosts::new(["127.0.0.1"]));
    assert!(Store::at(&location, &Hosts::default()).is_err());
}

#[test]
fn two_loads_into_one_database_do_not_meet() {
    let Some((location, name)) = database("two_loads_into_one_database_do_not_meet") else { return };
    let holder = Dataset::open_ex(
        &name,
        DatasetOptions { open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_UPDATE, ..DatasetOptions::default() },
    )
    .expect("a database");
    let held = holder.execute_sql("SELECT pg_advisory_lock(102189594)::text", None, gdal::vector::sql::Dialect::DEFAULT);
    assert!(held.is_ok());
    let store = Store::at(&location, &Hosts::new(["127.0.0.1"])).expect("a store");
    let locked = keep(&store, &parcels("Ana"), day(10)).expect_err("held");
    assert_eq!(locked.kind(), Kind::Locked, "{locked}");
    assert!(!locked.to_string().contains("secret"), "{locked}");
    drop(held);
    drop(holder);
}

#[test]
fn a_failed_load_leaves_no_table_in_the_database() {
    let Some((location, _)) = database("a_failed_load_leaves_no_table_in_the_database") else { return };
    let hosts = Hosts::new(["127.0.0.1"]);
    let store = Store::at(&location, &hosts).expect("a store");
    // A name that is longer than the server's names: it would be cut, and two columns be one.
    let mut long = parcels("Ana");
    for end in ["a", "b"] {
        long.features =
            long.features.with(&format!("{}{end}", "x".repeat(70)), Values::Text(vec![None, None])).expect("two rows");
    }
    let good = Retrieval { source: "good", retrieved: day(12), request: "", layer: &parcels("Eva"), program: "" };
    let failed = store.keep(&[good, Retrieval { source: "long", layer: &long, ..good }]).expect_err("no such table");
    assert_eq!(failed.kind(), Kind::Output, "{failed}");
    assert_eq!(store.snapshots().expect("a list"), []);
    let table = LayerOptions { layer: Some("good__2026_01_12".to_owned()), ..LayerOptions::default() };
    assert!(matches!(layer::read_at(&location, &hosts, &table), Err(LayerError::NoTable { .. })));
}

#[test]
fn a_table_is_read_with_every_digit_that_the_server_has() {
    let Some((location, name)) = database("a_table_is_read_with_every_digit") else { return };
    sql(
        &name,
        &[
            "CREATE SCHEMA catastro",
            "CREATE TABLE catastro.\"Predios\" (gid serial PRIMARY KEY, codigo text, n numeric(40,2), big bigint, dia date, \
         si boolean, geom geometry(Point, 9377), otra geometry(Point, 4326))",
            "INSERT INTO catastro.\"Predios\" (codigo, n, big, dia, si, geom) VALUES ('00123', 12345678901234567890123456789.10, \
         9007199254740993, '2026-01-31', true, ST_SetSRID(ST_MakePoint(4880056.016110, 2067459.131902), 9377)), \
         (NULL, NULL, NULL, NULL, NULL, NULL)",
            "CREATE VIEW catastro.vista AS SELECT codigo, geom FROM catastro.\"Predios\"",
            "CREATE TABLE mixta AS SELECT ST_SetSRID(ST_MakePoint(0, 0), srid) AS geom FROM (VALUES (4326), (4686)) AS a (srid)",
            "CREATE TABLE sin_geometria (codigo text)",
            "INSERT INTO sin_geometria VALUES ('é''\"')",
        ],
    );
    let hosts = Hosts::new(["127.0.0.1"]);
    let read = |table: &str| {
        layer::read_at(&location, &hosts, &LayerOptions { layer: Some(table.to_owned()), ..LayerOptions::default() })
    };
    let layer = read("catastro.Predios").expect("a layer");
    let first = |column: &str| layer.features.text(column).expect("a column")[0].clone().expect("a value");
    assert_eq!(["gid", "codigo", "n"].map(first), ["1", "00123", "12345678901234567890123456789.10"]);
    assert_eq!(["big", "dia", "si"].map(first), ["9007199254740993", "2026-01-31", "true"]);
    let Some(Geometry::Point(found)) = layer.features.geometries[0] else { panic!("no point") };
    let expected = point! { x: -74.08175, y: 4.60971 };
    assert!((found.x() - expected.x()).abs() < 1e-7 && (found.y() - expected.y()).abs() < 1e-7, "{found:?}");
    assert_eq!((layer.features.geometries[1].is_none(), layer.crs.as_str()), (true, "EPSG:9377"));
    assert!(!layer.path.contains("secret"), "{}", layer.path);
    assert_eq!(layer.sha256, read("catastro.Predios").expect("a layer").sha256);
    assert_eq!(read("catastro.vista").expect("a view").features.len(), 2);
    assert_eq!(read("sin_geometria").expect("a table").features.text("codigo").expect("a column")[0].as_deref(), Some("é'\""));
    for table in ["catastro.nada", "nada", "x\"; DROP TABLE sin_geometria; --"] {
        let told = read(table).expect_err("no such table").to_string();
        assert!(told.contains("there is no table") && !told.contains("secret"), "{told}");
    }
    let mixed = read("mixta").expect_err("two systems").to_string();
    assert!(mixed.contains("4326") && mixed.contains("4686"), "{mixed}");
    let unnamed = layer::read_at(&location, &hosts, &LayerOptions::default()).expect_err("no table named").to_string();
    assert!(unnamed.contains("layer = "), "{unnamed}");
    let refused = layer::read_at(&location, &Hosts::default(), &LayerOptions::default()).expect_err("refused");
    assert_eq!(refused.kind(), Kind::Configuration);
}

#[test]
fn a_server_that_is_not_there_is_told_without_its_password() {
    let name = "PG:host=127.0.0.1 port=1 dbname=x user=u password=secret";
    let location = Location::of(name, Path::new("")).expect("a place");
    let options = LayerOptions { layer: Some("a".to_owned()), ..LayerOptions::default() };
    let told = layer::read_at(&location, &Hosts::new(["127.0.0.1"]), &options).expect_err("nobody answers").to_string();
    assert!(told.contains("127.0.0.1") && !told.contains("secret"), "{told}");
}
