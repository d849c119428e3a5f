//! What is written comes back, is complete or absent, and harms nobody who opens it.

use std::fs;
use std::path::Path;

use alert::{Features, Layer, Values};
use geo::Winding as _;
use geo_types::{Geometry, MultiPolygon, point, polygon};
use geoio::layer::{self, LayerOptions};
use geoio::sink::{self, SinkOptions};
use raster::Date;

const ENDINGS: [&str; 6] = ["geojson", "csv", "kml", "gpkg", "fgb", "parquet"];

fn square(west: f64) -> Geometry<f64> {
    // Clockwise on purpose: a writer must turn it.
    polygon![(x: west, y: 2.0), (x: west, y: 2.5), (x: west + 0.5, y: 2.5), (x: west + 0.5, y: 2.0)].into()
}

fn texts(values: &[&str]) -> Values {
    Values::Text(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
}

fn table(geometries: Vec<Option<Geometry<f64>>>, names: &[&str]) -> Features {
    let rows = geometries.len();
    let days = [Date::from_ymd(2024, 2, 29), None, Date::from_ymd(2025, 1, 5)];
    Features::new("alerts", geometries)
        .with("id", texts(&["0001", "0002", "0003"][..rows]))
        .and_then(|table| table.with("name", texts(&names[..rows])))
        .and_then(|table| table.with("confidence", texts(&["low", "high", ""][..rows])))
        .and_then(|table| table.with("pixels", Values::Integer([Some(12), None, Some(-3)][..rows].to_vec())))
        .and_then(|table| table.with("area_ha", Values::Real([Some(1.25), Some(0.1), None][..rows].to_vec())))
        .and_then(|table| table.with("date_first", Values::Day(days[..rows].to_vec())))
        .expect("columns of one length")
}

fn alerts() -> Features {
    let two = MultiPolygon(vec![
        polygon![(x: -75.0, y: 2.0), (x: -74.0, y: 2.0), (x: -74.0, y: 3.0)],
        polygon![(x: -73.0, y: 2.0), (x: -72.0, y: 2.0), (x: -72.0, y: 3.0)],
    ]);
    table(vec![Some(square(-75.0)), Some(two.into()), Some(square(-70.0))], &["Ñame, \"x\"", "a\nb", "plain"])
}

fn hostile() -> Features {
    table(
        vec![Some(square(-75.0)), Some(square(-74.0)), Some(square(-73.0))],
        &["</script>]]>&<b>", "=HYPERLINK(\"x\")", "\u{1b}[31m\u{8}\u{202e}\t"],
    )
}

fn written(folder: &Path, ending: &str, features: &Features) -> std::path::PathBuf {
    let path = folder.join(format!("out.{ending}"));
    sink::write(&path, features, &SinkOptions::default()).expect(ending);
    path
}

fn read(path: &Path) -> Layer {
    layer::read(path, &LayerOptions::default()).expect("a layer")
}

fn by_id(layer: &Layer, column: &str) -> Vec<Option<String>> {
    let ids = layer.features.text("id").expect("ids");
    let mut rows: Vec<_> = ids.iter().zip(layer.features.text(column).expect("a column")).collect();
    rows.sort();
    rows.into_iter().map(|(_, value)| value.clone()).collect()
}

#[test]
fn a_table_comes_back_as_it_went() {
    let folder = tempfile::tempdir().expect("a folder");
    for ending in ["geojson", "csv", "gpkg", "fgb", "parquet"] {
        let layer = read(&written(folder.path(), ending, &alerts()));
        let own = |values: [Option<&str>; 3]| values.map(|value| value.map(str::to_owned)).to_vec();
        assert_eq!(by_id(&layer, "name"), own([Some("Ñame, \"x\""), Some("a\nb"), Some("plain")]), "{ending}");
        assert_eq!(by_id(&layer, "pixels"), own([Some("12"), None, Some("-3")]), "{ending}");
        assert_eq!(by_id(&layer, "area_ha"), own([Some("1.25"), Some("0.1"), None]), "{ending}");
        assert_eq!(by_id(&layer, "date_first"), own([Some("2024-02-29"), None, Some("2025-01-05")]), "{ending}");
        assert_eq!((layer.features.len(), layer.rejected), (3, 0), "{ending}");
        assert!(layer.features.geometries.iter().all(Option::is_some), "{ending}");
    }
}

#[test]
fn an_empty_table_is_a_valid_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for ending in ENDINGS {
        let path = written(folder.path(), ending, &table(Vec::new(), &[]));
        if ending != "kml" {
            let layer = read(&path);
            assert_eq!(
                (layer.features.len(), layer.features.columns.len()),
                (0, if ending == "geojson" { 0 } else { 6 }),
                "{ending}"
            );
        }
    }
}

#[test]
fn equal_input_gives_equal_bytes_and_one_file() {
    for ending in ENDINGS {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let [a, b] = folders.each_ref().map(|folder| fs::read(written(folder.path(), ending, &hostile())).expect("bytes"));
        assert!(a == b, "{ending}");
        assert_eq!(fs::read_dir(folders[0].path()).expect("a folder").count(), 1, "{ending}");
    }
}

#[test]
fn hostile_text_is_data_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    for ending in ["geojson", "gpkg", "fgb", "parquet"] {
        let layer = read(&written(folder.path(), ending, &hostile()));
        assert_eq!(by_id(&layer, "name")[0].as_deref(), Some("</script>]]>&<b>"), "{ending}");
        assert_eq!(by_id(&layer, "name")[2].as_deref(), Some("\u{1b}[31m\u{8}\u{202e}\t"), "{ending}");
    }
    let layer = read(&written(folder.path(), "csv", &hostile()));
    assert_eq!(by_id(&layer, "name")[1].as_deref(), Some("'=HYPERLINK(\"x\")"));
    assert_eq!(by_id(&layer, "pixels")[2].as_deref(), Some("-3"));
    let kml = fs::read_to_string(written(folder.path(), "kml", &hostile())).expect("text");
    assert!(kml.contains("&lt;/script&gt;]]&gt;&amp;&lt;b&gt;") && !kml.contains(['\u{1b}', '\u{8}']));
}

#[test]
fn geojson_winds_by_the_rule_and_says_its_bounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "geojson", &alerts());
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with(r#"{"type":"FeatureCollection","name":"alerts","bbox":[-75,2,-69.5,3],"features":["#), "{text}");
    assert!(text.contains(r#"{"type":"Feature","id":"0001","properties":{"id":"0001","#), "{text}");
    assert_eq!(text.lines().count(), 5);
    let layer = read(&path);
    assert!(layer.warnings.is_empty(), "{:?}", layer.warnings);
    let Some(Geometry::Polygon(first)) = &layer.features.geometries[0] else { panic!("no polygon") };
    assert!(first.exterior().is_ccw());
}

#[test]
fn points_of_a_table_become_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |lon: f64| Some(point! { x: lon, y: 2.123_456_78 }.into());
    let path = written(folder.path(), "csv", &table(vec![place(-75.5), None], &["a", "b"]));
    let text = fs::read_to_string(&path).expect("text");
    let expected = "id,name,confidence,pixels,area_ha,date_first,lon,lat\r\n\
                    0001,a,low,12,1.25,2024-02-29,-75.5,2.1234568\r\n0002,b,high,,0.1,,,\r\n";
    assert_eq!(text, expected);
}

#[test]
fn a_record_without_geometry_stays_or_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(vec![None, Some(square(-75.0))], &["a", "b"]);
    assert!(sink::write(&folder.path().join("a.fgb"), &table, &SinkOptions::default()).is_err());
    for ending in ["geojson", "csv", "kml", "gpkg", "parquet"] {
        let path = written(folder.path(), ending, &table);
        if ending != "kml" {
            assert_eq!(read(&path).features.len(), 2, "{ending}");
        }
    }
}

#[test]
fn a_table_in_parts_is_the_table_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = |names: &[&str]| table(vec![None; names.len()], names);
    for ending in ["csv", "parquet", "geojson"] {
        let path = folder.path().join(format!("parts.{ending}"));
        let mut parts = sink::FileSink::new(&path, SinkOptions::default()).and_then(sink::FileSink::parts).expect("a place");
        parts.append(plain(&["a", "b"])).expect("two rows");
        parts.append(plain(&["c"])).expect("one row");
        parts.finish().expect("a table");
        let mut whole = plain(&["a", "b"]);
        whole.append(plain(&["c"]));
        let once = written(folder.path(), ending, &whole);
        assert!(fs::read(&path).expect("bytes") == fs::read(once).expect("bytes"), "{ending}");
    }
}

#[test]
fn a_failed_write_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    // Column names that a GeoPackage cannot tell apart.
    let twice = alerts().with("NAME", texts(&["a", "b", "c"])).expect("a column");
    let path = folder.path().join("a.gpkg");
    assert!(sink::write(&path, &twice, &SinkOptions::default()).is_err());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    assert!(sink::write(&folder.path().join("a.xyz"), &alerts(), &SinkOptions::default()).is_err());
}

#[test]
fn a_file_is_replaced_only_by_force() {
    let folder = tempfile::tempdir().expect("a folder");
    for ending in ENDINGS {
        let path = written(folder.path(), ending, &alerts());
        assert!(sink::write(&path, &alerts(), &SinkOptions::default()).is_err(), "{ending}");
        let force = SinkOptions { force: true, ..SinkOptions::default() };
        sink::write(&path, &alerts(), &force).expect(ending);
    }
}

#[test]
fn a_geopackage_brings_its_style() {
    use gdal::vector::LayerAccess as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "gpkg", &alerts());
    let dataset = geoio::open::open_vector(&path, &["GPKG"]).expect("a dataset");
    let mut styles = dataset.layer_by_name("layer_styles").expect("a table");
    let record = styles.features().next().expect("a record");
    let text = |name: &str| record.field_as_string(record.field_index(name).expect("a field")).expect("text").unwrap_or_default();
    assert_eq!((text("f_table_name").as_str(), text("useAsDefault").as_str()), ("alerts", "1"));
    assert!(text("styleQML").contains(r#"attr="confidence""#));
}
