//! STAC items of several providers as scenes: fields as those write them, over small files of our own.
//!
//! The shapes are those of real items: Earth Search v1 `S2B_22MHD_20230912_0_L2A` and v0 `S2A_28QCH_20200714_0_L2A`, Planetary Computer
//! `S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531`, Copernicus Data Space `S2C_MSIL2A_20250330T100051_N0511_..`, USGS
//! `LE07_L2SP_044033_20210329_20210424_02_T1_SR` (test data of opendatacube/odc-stac, Apache-2.0, and stactools-packages, Apache-2.0).

#![expect(clippy::float_cmp, reason = "values are rounded to a millionth")]

use std::fs;
use std::path::{Path, PathBuf};

use geoio::{Found, GeoioError, ImagerySpec, RasterOptions, RasterWriter, StacSpec, crs, find, list_stac};
use ndarray::Array2;
use raster::{Band, Grid, RasterSink, Role, Scene};
use serde_json::{Value, json};

fn grid(step: f64) -> Grid {
    let crs = crs::crs("EPSG:32618").expect("a system");
    let side = (600.0 / step) as usize;
    Grid { crs, west: 500_000.0, north: 400_000.0, step_x: step, step_y: step, rows: side, cols: side }
}

/// A file of one band, all of it 1300, in pixels of this size.
fn raster(path: &Path, step: f64) {
    let grid = grid(step);
    let values = Array2::from_elem((grid.rows, grid.cols), 1300_u16);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut writer = RasterWriter::<u16>::create(path, &grid, RasterOptions::codes(&[""]).nodata(0.0), true).expect("a writer");
    writer.write(0, grid.window(), values.view()).expect("written");
    writer.finish().expect("finished");
}

/// An item with the files of its assets, in a folder.
struct Case {
    folder: tempfile::TempDir,
    item: Value,
}

impl Case {
    fn new(id: &str, version: &str, properties: Value) -> Self {
        let item = json!({
            "type": "Feature", "stac_version": version, "id": id, "bbox": [-75.0, 3.6, -74.9, 3.7], "links": [], "assets": {},
            "geometry": { "type": "Polygon", "coordinates": [[[-75.0, 3.6], [-74.9, 3.6], [-74.9, 3.7], [-75.0, 3.7], [-75.0, 3.6]]] },
            "properties": properties,
        });
        Self { folder: tempfile::tempdir().expect("a folder"), item }
    }

    /// An asset with a file in pixels of this size.
    fn asset(mut self, key: &str, step: f64, fields: Value) -> Self {
        let name = format!("{key}.tif");
        raster(&self.folder.path().join(&name), step);
        self.item["assets"][key] = fields;
        self.item["assets"][key]["href"] = json!(format!("./{name}"));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn find(&self) -> Result<Found, GeoioError> {
        fs::write(self.path("item.json"), self.item.to_string()).expect("an item");
        let spec = StacSpec { path: "item.json".into(), ..StacSpec::default() };
        find(&[ImagerySpec::Stac(spec)], self.folder.path())
    }

    fn scene(&self) -> (Scene, Found) {
        let found = self.find().expect("a scene");
        (found.imagery.scenes[0].clone(), found)
    }

    fn refused(&self) -> String {
        self.find().expect_err("refused").to_string()
    }
}

/// What a stored number of a band is.
fn value(scene: &Scene, band: Band) -> f64 {
    (scene.scaling(&Role::Band(band)).apply(1300.0) * 1e6).round() / 1e6
}

fn roles(scene: &Scene) -> Vec<String> {
    scene.layers.iter().map(|(role, _)| role.to_string()).collect()
}

const COG: &str = "image/tiff; application=geotiff; profile=cloud-optimized";

fn earth_search_v1() -> Case {
    let properties = json!({
        "datetime": "2023-09-12T13:42:47.536000Z", "platform": "sentinel-2b", "constellation": "sentinel-2", "instruments": ["msi"],
        "eo:cloud_cover": 12.5, "proj:epsg": 32618, "grid:code": "MGRS-18NWJ", "s2:product_type": "S2MSI2A",
        "s2:processing_baseline": "05.09", "s2:datastrip_id": "S2B_OPER_MSI_L2A_DS_2BPS_20230912T174059_S20230912T133836_N05.09",
        "earthsearch:boa_offset_applied": true, "earthsearch:payload_id": "roda-sentinel2/x",
    });
    let band = |name: &str, common: &str| {
        json!({ "type": COG, "roles": ["data", "reflectance"], "eo:bands": [{ "name": name, "common_name": common }],
                "raster:bands": [{ "nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1 }] })
    };
    let three = json!({ "type": COG, "roles": ["visual"], "eo:bands": [
        { "name": "red", "common_name": "red" }, { "name": "green", "common_name": "green" }, { "name": "blue", "common_name": "blue" }] });
    Case::new("S2B_18NWJ_20230912_0_L2A", "1.0.0", properties)
        .asset("red", 10.0, band("red", "red"))
        .asset("nir", 10.0, band("nir", "nir"))
        .asset("nir08", 20.0, band("nir08", "nir08"))
        .asset("rededge2", 20.0, band("rededge2", "rededge"))
        .asset("visual", 10.0, three)
        .asset("scl", 20.0, json!({ "type": COG, "roles": ["data", "reflectance"], "raster:bands": [{ "nodata": 0 }] }))
}

#[test]
fn earth_search_numbers_whose_offset_was_applied_get_no_other() {
    let (scene, found) = earth_search_v1().scene();
    assert_eq!((value(&scene, Band::Red), value(&scene, Band::Nir08)), (0.13, 0.13));
    assert_eq!(roles(&scene), ["red", "rededge075", "nir", "nir08", "scl"]);
    assert_eq!((scene.platform.as_str(), scene.sensor.id.as_str()), ("Sentinel-2B", "sentinel-2-msi"));
    assert_eq!((scene.date.to_string(), scene.second), ("2023-09-12".to_owned(), Some(13 * 3600 + 42 * 60 + 47)));
    assert_eq!(scene.grid.step_x.to_bits(), 10.0_f64.to_bits(), "the grid of the finest band");
    assert!(found.imagery.files().iter().any(|path| path.ends_with("item.json")), "the item is one of the inputs");
}

#[test]
fn the_same_item_without_its_flag_takes_the_offset_that_band_and_baseline_agree_on() {
    let mut case = earth_search_v1();
    case.item["properties"]["earthsearch:boa_offset_applied"] = json!(false);
    assert_eq!(value(&case.scene().0, Band::Red), 0.03);
    case.item["properties"].as_object_mut().expect("properties").remove("earthsearch:boa_offset_applied");
    assert_eq!(value(&case.scene().0, Band::Red), 0.03);
    case.item["assets"]["red"]["raster:bands"] = json!([{ "scale": 0.0001 }]);
    assert!(case.refused().contains("boa_offset_applied"), "{}", case.refused());
    case.item["properties"]["earthsearch:boa_offset_applied"] = json!("yes");
    assert!(case.refused().contains("neither true nor false"));
}

#[test]
fn the_original_of_a_copy_is_taken_where_the_copy_is_not_there_and_keeps_its_offset() {
    let mut case = earth_search_v1();
    case.item["assets"]["red-jp2"] = case.item["assets"]["red"].clone();
    assert_eq!(value(&case.scene().0, Band::Red), 0.13);
    case.item["assets"]["red"]["href"] = json!("https://sentinel-cogs.s3.us-west-2.amazonaws.com/B04.tif");
    assert_eq!(value(&case.scene().0, Band::Red), 0.03);
}

#[test]
fn earth_search_of_before_1_0_names_bands_by_assets_alone() {
    let properties = json!({
        "datetime": "2020-07-14T11:55:52Z", "platform": "sentinel-2a", "constellation": "sentinel-2", "instruments": ["MSI"],
        "eo:cloud_cover": 2.36, "proj:epsg": 32618, "sentinel:sequence": "0",
        "sentinel:product_id": "S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310",
    });
    let picture = json!({ "title": "True color image", "type": COG });
    let case = Case::new("S2A_28QCH_20200714_0_L2A", "1.0.0-beta.1", properties)
        .asset("B04", 10.0, json!({ "type": COG }))
        .asset("B8A", 20.0, json!({ "type": COG }))
        .asset("SCL", 20.0, json!({ "type": COG }))
        .asset("AOT", 60.0, json!({ "type": COG }))
        .asset("overview", 60.0, picture);
    let (scene, _) = case.scene();
    assert_eq!(roles(&scene), ["red", "nir08", "scl"]);
    assert_eq!(value(&scene, Band::Red), 0.13, "baseline 02.14 has no offset");
    assert_eq!(scene.generation, "20200714T191310");
}

#[test]
fn planetary_computer_tells_the_offset_by_the_baseline_only() {
    let properties = |baseline: &str| {
        json!({
            "datetime": "2019-06-29T21:25:29.024000Z", "platform": "Sentinel-2B", "constellation": "Sentinel 2", "instruments": ["msi"],
            "proj:epsg": 32618, "s2:mgrs_tile": "06VVN", "s2:product_type": "S2MSI2A", "s2:processing_baseline": baseline,
            "s2:generation_time": "2020-10-06T08:05:31.830Z", "sat:relative_orbit": 43,
        })
    };
    let band = |name: &str, common: &str| json!({ "type": COG, "roles": ["data"], "eo:bands": [{ "name": name, "common_name": common }] });
    let case = |baseline: &str| {
        let visual = json!({ "type": COG, "roles": ["data"],
            "eo:bands": [{ "name": "B04" }, { "name": "B03" }, { "name": "B02" }] });
        Case::new("S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531", "1.0.0", properties(baseline))
            .asset("B04", 10.0, band("B04", "red"))
            .asset("B8A", 20.0, band("B8A", "rededge"))
            .asset("B07", 20.0, band("B07", "rededge"))
            .asset("SCL", 20.0, json!({ "type": COG, "roles": ["data"] }))
            .asset("visual", 10.0, visual)
    };
    let (old, _) = case("02.12").scene();
    assert_eq!(roles(&old), ["red", "rededge078", "nir08", "scl"]);
    assert_eq!((value(&old, Band::Red), old.orbit), (0.13, Some(43)));
    // An old day made anew: the baseline counts, not the day.
    assert_eq!(value(&case("05.00").scene().0, Band::Nir08), 0.03);
    let mut untold = case("02.12");
    untold.item["properties"].as_object_mut().expect("properties").remove("s2:processing_baseline");
    assert!(untold.refused().contains("processing baseline"), "{}", untold.refused());
}

#[test]
fn copernicus_data_space_gives_the_finest_file_that_is_there() {
    let properties = json!({
        "datetime": "2025-03-30T10:00:51.025000Z", "platform": "sentinel-2c", "constellation": "sentinel-2", "instruments": ["msi"],
        "eo:cloud_cover": 33.0, "product:type": "S2MSI2A", "processing:version": "05.11", "processing:level": "L2",
        "grid:code": "MGRS-33UWP",
    });
    let band = |name: &str, common: &str| {
        json!({ "type": "image/tiff", "roles": ["data", "reflectance"], "nodata": 0, "data_type": "uint16", "raster:scale": 0.0001,
                "raster:offset": -0.1, "proj:code": "EPSG:32618", "bands": [{ "name": name, "eo:common_name": common }],
                "file:checksum": format!("1620{}", "0a".repeat(32)) })
    };
    let case = Case::new("S2C_MSIL2A_20250330T100051_N0511_R122_T33UWP_20250330T145914", "1.1.0", properties)
        .asset("B04_60m", 60.0, band("B04", "red"))
        .asset("B04_20m", 20.0, band("B04", "red"))
        .asset("SCL_20m", 20.0, json!({ "type": "image/tiff", "roles": ["data"] }));
    let (scene, found) = case.scene();
    assert_eq!((roles(&scene), value(&scene, Band::Red)), (vec!["red".to_owned(), "scl".to_owned()], 0.03));
    assert_eq!(scene.grid.step_x.to_bits(), 20.0_f64.to_bits());
    let told: Vec<&str> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(told, ["checksum_unchecked"], "SHA-3 is named, not taken for checked");
}

#[test]
fn usgs_landsat_without_raster_bands_is_scaled_by_its_table() {
    let properties = json!({
        "datetime": "2021-03-29T17:57:33.490812Z", "eo:cloud_cover": 0, "platform": "LANDSAT_7", "instruments": ["ETM"],
        "landsat:wrs_path": "044", "landsat:wrs_row": "033", "landsat:collection_number": "02", "landsat:correction": "L2SP",
        "proj:epsg": 32618, "proj:shape": [20, 20], "proj:transform": [30, 0, 500_000, 0, -30, 400_000],
    });
    let kind = "image/vnd.stac.geotiff; cloud-optimized=true";
    let band = |name: &str, common: &str| json!({ "type": kind, "roles": ["data"], "eo:bands": [{ "name": name, "common_name": common }] });
    let quality = json!({ "type": kind, "roles": ["cloud", "cloud-shadow", "snow-ice", "water-mask"] });
    let case = Case::new("LE07_L2SP_044033_20210329_20210424_02_T1_SR", "1.0.0", properties)
        .asset("red", 30.0, band("B3", "red"))
        .asset("nir08", 30.0, band("B4", "nir08"))
        .asset("qa_pixel", 30.0, quality.clone())
        .asset("qa_radsat", 30.0, quality.clone())
        .asset("cloud_qa", 30.0, json!({ "type": kind, "roles": ["metadata", "cloud"] }));
    let (scene, found) = case.scene();
    assert_eq!(roles(&scene), ["red", "nir08", "qa", "qa_radsat"]);
    // 1300 x 0.0000275 - 0.2 = -0.16425
    assert_eq!((value(&scene, Band::Red), scene.sensor.id.as_str(), scene.orbit), (-0.16425, "landsat-etm", Some(44)));
    assert_eq!((scene.generation.as_str(), found.warnings.len()), ("20210424", 0));
}

#[test]
fn landsat_bands_of_the_planetary_computer_are_not_mistaken_for_thermal_quality() {
    let properties = json!({
        "datetime": "2022-01-29T15:28:34.396428Z", "platform": "landsat-9", "instruments": ["oli", "tirs"], "proj:epsg": 32618,
        "landsat:collection_number": "02", "landsat:correction": "L2SP", "landsat:wrs_path": "010", "landsat:wrs_row": "065",
    });
    let band = |name: &str, common: &str, scale: f64, offset: f64| {
        json!({ "type": COG, "eo:bands": [{ "name": name, "common_name": common }], "roles": ["data"],
                "raster:bands": [{ "nodata": 0, "scale": scale, "offset": offset }] })
    };
    let case = Case::new("LC09_L2SP_010065_20220129_02_T1", "1.0.0", properties)
        .asset("nir08", 30.0, band("OLI_B5", "nir08", 2.75e-5, -0.2))
        .asset("lwir11", 30.0, band("TIRS_B10", "lwir11", 0.003_418_02, 149.0))
        .asset("qa", 30.0, json!({ "type": COG, "roles": ["data"], "raster:bands": [{ "nodata": -9999, "scale": 0.01 }] }))
        .asset("qa_pixel", 30.0, json!({ "type": COG, "roles": ["cloud"] }));
    let (scene, _) = case.scene();
    assert_eq!(roles(&scene), ["nir08", "qa"]);
    let mut exchanged = case;
    exchanged.item["assets"]["nir08"]["eo:bands"][0]["name"] = json!("OLI_B4");
    assert!(exchanged.refused().contains("different bands"), "{}", exchanged.refused());
}

#[test]
fn what_is_no_surface_reflectance_is_refused_by_name() {
    let mut case = earth_search_v1();
    case.item["properties"]["s2:product_type"] = json!("S2MSI1C");
    assert!(case.refused().contains("Level-1C"), "{}", case.refused());
    let mut case = earth_search_v1();
    case.item["id"] = json!("S2B_18NWJ_20230912");
    case.item["properties"].as_object_mut().expect("properties").remove("s2:product_type");
    assert!(case.refused().contains("does not say that it is"), "{}", case.refused());
    let mut case = earth_search_v1();
    case.item["properties"]["platform"] = json!("landsat-8");
    assert!(case.refused().contains("Collection 2 Level 2"), "{}", case.refused());
}

#[test]
fn a_file_that_is_not_the_one_described_is_refused() {
    let mut case = earth_search_v1();
    let sum = geoio::sha256_file(&case.path("red.tif")).expect("a sum");
    case.item["assets"]["red"]["file:checksum"] = json!(format!("1220{sum}"));
    assert!(case.find().is_ok());
    case.item["assets"]["red"]["file:checksum"] = json!(format!("1220{}", "aa".repeat(32)));
    assert!(case.refused().contains("red.tif is not the file it describes"), "{}", case.refused());
    case.item["assets"]["red"]["file:checksum"] = json!("1220aa");
    assert!(case.refused().contains("no multihash"));
    case.item["assets"]["red"].as_object_mut().expect("an asset").remove("file:checksum");
    case.item["assets"]["red"]["file:size"] = json!(1);
    assert!(case.refused().contains("file:size is 1"));
}

#[test]
fn a_file_elsewhere_than_its_item_says_is_refused_or_told() {
    let mut case = earth_search_v1();
    case.item["properties"]["proj:epsg"] = json!(32619);
    assert!(case.refused().contains("EPSG:32619"), "{}", case.refused());
    case.item["properties"]["proj:epsg"] = json!(32618);
    case.item["assets"]["red"]["proj:transform"] = json!([10, 0, 500_010, 0, -10, 400_000]);
    let (_, found) = case.scene();
    assert_eq!(found.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["stac_grid_differs"]);
}

#[test]
fn images_of_a_period_are_no_scene_and_those_of_a_day_are() {
    let mut case = earth_search_v1();
    let mut when = |from: &str, to: &str| {
        let properties = case.item["properties"].as_object_mut().expect("properties");
        properties.insert("datetime".to_owned(), Value::Null);
        properties.insert("start_datetime".to_owned(), json!(from));
        properties.insert("end_datetime".to_owned(), json!(to));
        case.find().map(|found| (found.imagery.scenes[0].date.to_string(), found.imagery.scenes[0].second))
    };
    assert_eq!(when("2023-09-12T13:00:00Z", "2023-09-12T14:00:00Z").expect("a scene"), ("2023-09-12".to_owned(), None));
    assert!(when("2023-09-01T00:00:00Z", "2023-09-30T00:00:00Z").expect_err("refused").to_string().contains("not of a day"));
}

#[test]
fn a_sensor_without_a_table_is_read_by_common_names_and_says_that_nothing_is_masked() {
    let drone = json!({ "datetime": "2026-01-31T15:00:00Z", "platform": "DJI-P4M" });
    let fields = json!({ "type": "image/tiff", "roles": ["data"],
        "bands": [{ "name": "Red", "eo:common_name": "red", "raster:scale": 0.0001, "raster:offset": 0, "nodata": 0 }] });
    let mut case = Case::new("flight-7", "1.1.0", drone).asset("ortho", 1.0, fields);
    let (scene, found) = case.scene();
    assert_eq!((scene.sensor.id.as_str(), value(&scene, Band::Red)), ("dji-p4m", 0.13));
    assert!(found.warnings.iter().any(|warning| warning.code == "no_sensor_table"));
    case.item["assets"]["again"] = case.item["assets"]["ortho"].clone();
    assert!(case.refused().contains("both say that they are red"), "{}", case.refused());
}

/// A catalogue with a collection in a folder below, and items by name with day, cloud and west.
fn catalogue(items: &[(&str, &str, Option<f64>, f64)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, value: Value| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, value.to_string()).expect("a file");
    };
    let link = |rel: &str, href: &str| json!({ "rel": rel, "href": href });
    let up = |href: &str| vec![link("root", "../catalog.json"), link("parent", href), link("child", "../catalog.json")];
    write(
        "catalog.json",
        json!({
            "type": "Catalog", "stac_version": "1.1.0", "id": "all", "description": "x",
            "links": [link("self", "https://e.org/catalog.json"), link("child", "./s2/collection.json"), link("child", "./catalog.json")],
        }),
    );
    let mut links = up("../catalog.json");
    for (name, day, cloud, west) in items {
        links.push(link("item", &format!("./{name}.json")));
        let mut item = earth_search_v1().item;
        item["id"] = json!(name);
        item["id"] = json!(format!("{name}_L2A"));
        item["properties"]["datetime"] = json!(format!("{day}T10:00:00Z"));
        item["properties"]["eo:cloud_cover"] = json!(cloud);
        item["bbox"] = json!([west, 0.0, west + 1.0, 1.0]);
        item["geometry"] = Value::Null;
        write(&format!("s2/{name}.json"), item);
    }
    write(
        "s2/collection.json",
        json!({
            "type": "Collection", "stac_version": "1.1.0", "id": "s2", "description": "x", "license": "other",
            "extent": { "spatial": { "bbox": [[-180, -90, 180, 90]] }, "temporal": { "interval": [[null, null]] } }, "links": links,
        }),
    );
    folder
}

fn listed(folder: &Path, spec: StacSpec) -> Vec<String> {
    let spec = StacSpec { path: "catalog.json".into(), ..spec };
    list_stac(&spec, folder).expect("a listing").items.into_iter().map(|one| one.item.id).collect()
}

#[test]
fn a_catalogue_is_walked_once_though_its_links_go_round_and_searched_by_every_key() {
    let folder = catalogue(&[
        ("a", "2024-01-10", Some(5.0), 0.0),
        ("b", "2024-02-10", Some(50.0), 10.0),
        ("c", "2024-03-10", None, 20.0),
        ("d", "2025-01-10", Some(10.0), 0.5),
    ]);
    let found = |spec: StacSpec| listed(folder.path(), spec).concat().replace("_L2A", "");
    assert_eq!(found(StacSpec::default()), "abcd");
    assert_eq!(found(StacSpec { bbox: Some([0.2, 0.2, 0.8, 0.8]), ..StacSpec::default() }), "ad");
    assert_eq!(found(StacSpec { datetime: Some("2024-02-10/2024-12-31".to_owned()), ..StacSpec::default() }), "bc");
    assert_eq!(found(StacSpec { max_cloud: Some(10.0), ..StacSpec::default() }), "ad");
    assert_eq!(found(StacSpec { ids: Some(vec!["b_L2A".to_owned(), "c_L2A".to_owned()]), ..StacSpec::default() }), "bc");
    assert_eq!(found(StacSpec { collections: Some(vec!["s2".to_owned()]), ..StacSpec::default() }), "abcd");
    assert_eq!(found(StacSpec { collections: Some(vec!["s1".to_owned()]), ..StacSpec::default() }), "");
    let both = StacSpec { bbox: Some([0.2, 0.2, 0.8, 0.8]), datetime: Some("../2024-12-31".to_owned()), ..StacSpec::default() };
    assert_eq!(found(both), "a");
    let spec = StacSpec { path: "catalog.json".into(), max_cloud: Some(10.0), ..StacSpec::default() };
    let told: Vec<&str> = list_stac(&spec, folder.path()).expect("a listing").warnings.iter().map(|w| w.code).collect();
    assert_eq!(told, ["cloud_unknown"], "what a search cannot judge is told");
}

#[test]
fn links_that_lead_out_or_nowhere_and_ids_given_twice_are_listed_and_the_rest_is_read() {
    let folder = catalogue(&[("a", "2024-01-10", Some(5.0), 0.0)]);
    let outside = tempfile::tempdir().expect("a folder");
    fs::copy(folder.path().join("s2/a.json"), outside.path().join("out.json")).expect("a copy");
    fs::copy(folder.path().join("s2/a.json"), folder.path().join("s2/twice.json")).expect("a copy");
    std::os::unix::fs::symlink(outside.path().join("out.json"), folder.path().join("s2/link.json")).expect("a link");
    let path = folder.path().join("s2/collection.json");
    let mut collection: Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    let links = collection["links"].as_array_mut().expect("links");
    let out = format!("../../{}/out.json", outside.path().file_name().expect("a name").to_string_lossy());
    for href in ["./twice.json", "./gone.json", "./link.json", out.as_str(), "/vsicurl/http://127.0.0.1:18080/x.json"] {
        links.push(json!({ "rel": "item", "href": href }));
    }
    links.push(json!({ "rel": "item", "href": "https://e.org/x.json" }));
    fs::write(&path, collection.to_string()).expect("written");
    let spec = StacSpec { path: "catalog.json".into(), ..StacSpec::default() };
    let listing = list_stac(&spec, folder.path()).expect("a listing");
    assert_eq!(listing.items.len(), 1);
    let reasons: Vec<&str> = listing.rejected.iter().map(|one| one.reason.as_str()).collect();
    for told in ["same id", "cannot be read", "leads out", "virtual file system"] {
        assert!(reasons.iter().any(|reason| reason.contains(told)), "{told}: {reasons:?}");
    }
    assert_eq!(reasons.len(), 5);
    assert!(listing.warnings.iter().any(|warning| warning.code == "remote_link"));
    let spec = StacSpec { folders: Some(vec![outside.path().to_owned()]), ..spec };
    let reasons: Vec<String> =
        list_stac(&spec, folder.path()).expect("a listing").rejected.into_iter().map(|r| r.reason).collect();
    assert!(!reasons.iter().any(|reason| reason.contains("leads out")), "{reasons:?}");
}

#[test]
fn a_list_of_items_is_read_item_by_item() {
    let case = earth_search_v1();
    let mut bad = case.item.clone();
    bad["properties"]["datetime"] = json!("2026-01-01T00:00:00");
    bad["id"] = json!("bad_L2A");
    let list =
        json!({ "type": "FeatureCollection", "features": [case.item.clone(), bad], "links": [{ "rel": "next", "href": "x" }] });
    fs::write(case.path("list.json"), list.to_string()).expect("a list");
    let spec = StacSpec { path: "list.json".into(), ..StacSpec::default() };
    let found = find(&[ImagerySpec::Stac(spec)], case.folder.path()).expect("a scene");
    assert_eq!((found.imagery.scenes.len(), found.skipped.len()), (1, 1));
    assert!(found.skipped[0].reason.contains("item bad_L2A") && found.skipped[0].reason.contains("time zone"));
    assert!(found.warnings.iter().any(|warning| warning.code == "page_not_read"));
}
