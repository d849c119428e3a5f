//! The verbs held against values that others' code computed.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use geoio::RasterFile;
use ndarray::Array2;
use serde_json::Value;
use support::{argument, case, scratch, succeed};

fn plane(path: &Path, band: usize) -> Array2<f64> {
    let file = RasterFile::open(path).expect("a raster");
    file.read_f64(band, file.grid().window()).expect("its pixels")
}

fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

#[test]
fn fourteen_indices_meet_spyndex_on_landsat() {
    let Some(folder) = case("fourteen_indices_meet_spyndex_on_landsat", "07_landsat_c2l2") else { return };
    let scratch = scratch();
    let out = scratch.path().join("indices.tif");
    for scene in
        std::fs::read_dir(&folder).expect("scenes").filter_map(Result::ok).map(|entry| entry.path()).filter(|p| p.is_dir())
    {
        let reference = scene.join("expected_indices_spyndex.tif");
        let file = RasterFile::open(&reference).expect("the reference");
        let names: Vec<String> = file.bands().iter().map(|band| band.description.clone()).collect();
        assert_eq!(names.len(), 14);
        succeed(["index", &names.join(","), argument(&scene), "-o", argument(&out), "--force", "-q"]);
        for (band, name) in names.iter().enumerate() {
            let (ours, theirs) = (plane(&out, band + 1), plane(&reference, band + 1));
            for (x, y) in ours.iter().zip(&theirs) {
                assert_eq!(x.is_finite(), y.is_finite(), "{name}: {x} where the reference has {y}");
                assert!(!y.is_finite() || (x - y).abs() <= 1e-6 * y.abs().max(1.0), "{name}: {x} where the reference has {y}");
            }
        }
    }
}

#[test]
fn every_quality_count_of_landsat_is_exact() {
    let Some(folder) = case("every_quality_count_of_landsat_is_exact", "07_landsat_c2l2") else { return };
    let scratch = scratch();
    let out = scratch.path().join("ndvi.tif");
    for scene in
        std::fs::read_dir(&folder).expect("scenes").filter_map(Result::ok).map(|entry| entry.path()).filter(|p| p.is_dir())
    {
        let text = std::fs::read_to_string(scene.join("expected_qa_and_stats.json")).expect("the reference");
        let reference: Value = serde_json::from_str(&text).expect("JSON");
        let told = succeed(["index", "NDVI", argument(&scene), "-o", argument(&out), "--force", "--json", "-q"]);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        for (name, count) in reference["qa_bit_counts"].as_object().expect("counts") {
            if !name.starts_with("usable") {
                assert_eq!(&told["qa"][name], count, "{name}");
            }
        }
    }
}

#[test]
fn two_dates_of_taravao_differ_as_numpy_says() {
    let Some(folder) = case("two_dates_of_taravao_differ_as_numpy_says", "13_bitemporal_taravao") else { return };
    let scratch = scratch();
    let magnitude = scratch.path().join("magnitude.tif");
    let layers = |day: &str| {
        let file = folder.join(format!("LC8_053072_{day}_dn.tif"));
        let file = argument(&file);
        format!("red={file}:4,nir={file}:5,qa={file}:9")
    };
    let told = succeed([
        "difference",
        "--index",
        "NDVI",
        "--before",
        &layers("20130517"),
        "--before-date",
        "2013-05-17",
        "--after",
        &layers("20130821"),
        "--after-date",
        "2013-08-21",
        "--scale",
        "0.00002",
        "--offset",
        "-0.1",
        "--qa",
        "bit(0)=0,bits(12-13)<3,bits(14-15)<3",
        "--drop",
        "0.2",
        "--magnitude",
        argument(&magnitude),
        "--json",
        "-q",
    ]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let text = std::fs::read_to_string(folder.join("expected_stats.json")).expect("the reference");
    let reference: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(told["counts"]["clear_before"], reference["clear_20130517"]);
    assert_eq!(told["counts"]["clear_after"], reference["clear_20130821"]);
    assert_eq!(told["counts"]["clear_both"], reference["clear_both"]);
    let (ours, theirs) = (plane(&magnitude, 1), plane(&folder.join("expected_dndvi_clear.tif"), 1));
    for (x, y) in ours.iter().zip(&theirs) {
        assert_eq!(x.is_finite(), y.is_finite());
        assert!(!y.is_finite() || (x - y).abs() <= 1e-6, "{x} where the reference has {y}");
    }
}

#[test]
fn patches_by_value_meet_the_polygons_of_rasterio() {
    let Some(folder) = case("patches_by_value_meet_the_polygons_of_rasterio", "14_polygonize") else { return };
    let scratch = scratch();
    let raster = folder.join("prodes_landsat_amz_012010.tif");
    for connectivity in ["4", "8"] {
        let out = scratch.path().join(format!("{connectivity}.csv"));
        succeed([
            "patches",
            argument(&raster),
            "--by-value",
            "--connectivity",
            connectivity,
            "--min-area-ha",
            "0",
            "-o",
            argument(&out),
            "-q",
        ]);
        let mut ours: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for row in csv_rows(&out) {
            let value = row["value"].parse::<f64>().expect("a number") as i64;
            let sum = ours.entry(value).or_default();
            sum.0 += 1;
            sum.1 += row["pixels"].parse::<u64>().expect("a number");
        }
        let theirs: BTreeMap<i64, (u64, u64)> =
            csv_rows(&folder.join(format!("prodes_landsat_amz_012010_expected_{connectivity}conn.csv")))
                .iter()
                .map(|row| {
                    (
                        row["value"].parse().expect("a value"),
                        (row["n"].parse().expect("a count"), row["pixels"].parse().expect("a count")),
                    )
                })
                .collect();
        assert_eq!(ours, theirs, "{connectivity}-connected");
    }
}

const MUNICIPALITIES: &str = r#"
[[source]]
id = "municipios"
title = { es = "Municipios", en = "Municipalities" }
authority = "DANE"
theme = "administrative"
country = "CO"
path = "PATH"
key = "MPIO_CCNCT"
name = "MPIO_CNMBR"
join = "intersects"
privacy = "public"
licence = "open"
retrieved = 2026-01-31
"#;

#[test]
fn municipal_seats_join_as_geopandas_joins_them() {
    let Some(folder) = case("municipal_seats_join_as_geopandas_joins_them", "15_registry_colombia") else { return };
    let scratch = scratch();
    let catalogue = scratch.path().join("catalogue.toml");
    let layer = folder.join("municipalities_mgn2018.geojson");
    std::fs::write(&catalogue, MUNICIPALITIES.replace("PATH", argument(&layer))).expect("the catalogue is written");
    let (seats, out) = (folder.join("divipola_seats.csv"), scratch.path().join("joined.csv"));
    succeed([
        "join",
        argument(&seats),
        "--registries",
        argument(&catalogue),
        "--wide",
        "--id",
        "mpio_code",
        "-o",
        argument(&out),
        "-q",
    ]);
    let ours: BTreeMap<String, String> =
        csv_rows(&out).into_iter().map(|row| (row["mpio_code"].clone(), row["municipios_key"].clone())).collect();
    let expected = csv_rows(&folder.join("expected_point_join.csv"));
    assert_eq!(ours.len(), expected.len());
    let (mut none, mut neighbour) = (0, 0);
    for row in &expected {
        assert_eq!(ours[&row["mpio_code"]], row["joined_code"], "seat {}", row["mpio_code"]);
        none += usize::from(row["joined_code"].is_empty());
        neighbour += usize::from(!row["joined_code"].is_empty() && row["joined_code"] != row["mpio_code"]);
    }
    assert_eq!((none, neighbour), (3, 8));
}
