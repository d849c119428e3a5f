//! What is promised of Landsat scenes: Level 1 in both generations of its metadata, and thermal bands.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use geoio::RasterFile;
use raster::Role;
use support::{Tiff, case, found, near, read, refused, roles, value};

#[test]
fn radiance_of_a_scene_from_before_the_collections_is_that_of_the_reference() {
    let Some(folder) = case("radiance_of_a_scene_from_before_the_collections", "11_landsat5_para_brazil") else { return };
    let found = found(&folder, r#"{"product": "landsat-l1", "path": ".", "units": "radiance"}"#);
    assert!(found.skipped.is_empty(), "{:?}", found.skipped);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.id.as_str(), scene.date.to_string().as_str()), ("LT52240631988227CUB02", "1988-08-14"));
    assert_eq!((scene.sensor.id.as_str(), scene.platform.as_str(), scene.orbit), ("landsat-tm-l1", "LANDSAT_5", Some(224)));
    let expected = RasterFile::open(&folder.join("expected_toa_radiance.tif")).expect("a raster");
    for (band, role) in ["blue", "green", "red", "nir08", "swir16", "swir22"].into_iter().enumerate() {
        let cube = read(&found, 0, &[role.parse().expect("a role")]);
        let expected = expected.read(band + 1, scene.grid.window()).expect("values");
        for (at, expected) in expected.indexed_iter() {
            let got = cube.scaling[0].apply(cube.values[[0, 0, at.0, at.1]]);
            assert!((got - f64::from(*expected)).abs() < 1e-5, "{role} at {at:?}: {got}, expected {expected}");
        }
    }
    assert!(found.warnings.iter().any(|warning| warning.code == "no_quality_layer"), "clouds cannot be told, and it is said");
}

#[test]
fn reflectance_without_factors_comes_of_radiance_irradiance_distance() {
    let Some(folder) = case("reflectance_without_factors", "11_landsat5_para_brazil") else { return };
    let found = found(&folder, r#"{"product": "landsat-l1", "path": "."}"#);
    // By hand: pi x (stored x 1.044 - 2.21398) x 1.0128916^2 / (1536 x sin(49.75588889)); the distance is astropy's.
    let cube = read(&found, 0, &[Role::Band(raster::Band::Red)]);
    let stored = f64::from(cube.values[[0, 0, 100, 100]]);
    let distance: f64 = 1.012_891_6;
    let expected =
        std::f64::consts::PI * (stored * 1.044 - 2.213_98) * distance.powi(2) / (1536.0 * 49.755_888_89_f64.to_radians().sin());
    let got = cube.scaling[0].apply(cube.values[[0, 0, 100, 100]]);
    assert!((got - expected).abs() < 2e-4 * expected, "{got}, expected {expected}");
    // Forest near the equator: kelvin of brightness.
    let kelvin = value(&found, 0, "lwir", (100, 100));
    assert!((290.0..305.0).contains(&kelvin), "{kelvin}");
}

const ID: &str = "LC08_L1TP_008059_20191201_20200825_02_T1";

/// Metadata of a Level 1 scene of Collection 2, as much as is read, of real numbers.
fn metadata(sun: f64) -> String {
    let mut files = String::new();
    let mut factors = String::new();
    for number in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11] {
        let _ = writeln!(files, "FILE_NAME_BAND_{number} = \"{ID}_B{number}.TIF\"");
        let _ = writeln!(factors, "RADIANCE_MULT_BAND_{number} = 3.3420E-04\nRADIANCE_ADD_BAND_{number} = 0.10000");
        if number < 10 {
            let _ = writeln!(factors, "REFLECTANCE_MULT_BAND_{number} = 2.0000E-05\nREFLECTANCE_ADD_BAND_{number} = -0.100000");
        }
    }
    format!(
        "GROUP = LANDSAT_METADATA_FILE\nGROUP = PRODUCT_CONTENTS\nLANDSAT_PRODUCT_ID = \"{ID}\"\nPROCESSING_LEVEL = \"L1TP\"\n{files}\
         FILE_NAME_QUALITY_L1_PIXEL = \"{ID}_QA_PIXEL.TIF\"\nFILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION = \"{ID}_QA_RADSAT.TIF\"\n\
         END_GROUP = PRODUCT_CONTENTS\nGROUP = IMAGE_ATTRIBUTES\nSPACECRAFT_ID = \"LANDSAT_8\"\nSENSOR_ID = \"OLI_TIRS\"\nWRS_PATH = 8\n\
         DATE_ACQUIRED = 2019-12-01\nSCENE_CENTER_TIME = \"15:13:51.9\"\nSUN_ELEVATION = {sun}\nEARTH_SUN_DISTANCE = 0.9860755\n\
         END_GROUP = IMAGE_ATTRIBUTES\nGROUP = LEVEL1_MIN_MAX_PIXEL_VALUE\nQUANTIZE_CAL_MAX_BAND_4 = 65535\n\
         END_GROUP = LEVEL1_MIN_MAX_PIXEL_VALUE\nGROUP = LEVEL1_RADIOMETRIC_RESCALING\n{factors}\
         END_GROUP = LEVEL1_RADIOMETRIC_RESCALING\nGROUP = LEVEL1_THERMAL_CONSTANTS\nK1_CONSTANT_BAND_10 = 774.8853\n\
         K2_CONSTANT_BAND_10 = 1321.0789\nK1_CONSTANT_BAND_11 = 480.8883\nK2_CONSTANT_BAND_11 = 1201.1442\n\
         END_GROUP = LEVEL1_THERMAL_CONSTANTS\nEND_GROUP = LANDSAT_METADATA_FILE\nEND\n"
    )
}

fn level_1(folder: &Path, sun: f64) {
    for number in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11] {
        Tiff::new(folder.join(format!("{ID}_B{number}.TIF"))).write(|_, row, col| match (number, row, col) {
            (4, 0, 0) => 0_u16,
            (4, 0, 1) => 65_535,
            (10, ..) => 25_000,
            _ => 10_000,
        });
    }
    Tiff::new(folder.join(format!("{ID}_QA_PIXEL.TIF"))).write(|_, row, _| if row == 0 { 1_u16 } else { 21_824 });
    Tiff::new(folder.join(format!("{ID}_QA_RADSAT.TIF"))).write(|_, _, _| 0_u16);
    fs::write(folder.join(format!("{ID}_MTL.txt")), metadata(sun)).expect("metadata");
}

#[test]
fn level_1_of_collection_2_is_reflectance_by_the_sun_and_kelvin_by_planck() {
    let folder = tempfile::tempdir().expect("a folder");
    level_1(folder.path(), 57.087_273_07);
    let found = found(folder.path(), r#"{"product": "landsat-l1", "path": "."}"#);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.sensor.id.as_str(), scene.orbit, scene.second), ("landsat-oli-l1", Some(8), Some(54_831)));
    assert!(roles(scene).contains(&"cirrus".to_owned()) && scene.has(&Role::Radsat));
    // (10000 x 0.00002 - 0.1) / sin(57.08727307) = 0.1 / 0.839500...
    assert!(near(value(&found, 0, "red", (1, 1)), 0.1 / 57.087_273_07_f64.to_radians().sin()));
    assert!(value(&found, 0, "red", (0, 0)).is_nan() && value(&found, 0, "red", (0, 1)).is_nan(), "fill, and saturated");
    // 25000 x 0.0003342 + 0.1 = 8.455; 1321.0789 / ln(774.8853 / 8.455 + 1) = 291.70 K.
    let kelvin = 1321.0789 / (774.8853_f64 / 8.455).ln_1p();
    assert!((value(&found, 0, "lwir11", (1, 1)) - kelvin).abs() < 1e-3 && (kelvin - 291.7).abs() < 0.1, "{kelvin}");
    let radiance = support::found(folder.path(), r#"{"product": "landsat-l1", "path": ".", "units": "radiance"}"#);
    assert!(near(value(&radiance, 0, "lwir11", (1, 1)), 8.455) && near(value(&radiance, 0, "red", (1, 1)), 3.442));
}

#[test]
fn a_scene_is_read_as_the_level_it_is_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    level_1(folder.path(), 57.0);
    let told = refused(folder.path(), r#"{"product": "landsat-c2-l2", "path": "."}"#).to_string();
    assert!(told.contains("L1TP") && told.contains("product = \"landsat-l1\""), "{told}");
    let night = tempfile::tempdir().expect("a folder");
    level_1(night.path(), -12.0);
    let told = refused(night.path(), r#"{"product": "landsat-l1", "path": "."}"#).to_string();
    assert!(told.contains("without sun"), "{told}");
    let Some(case) = case("a_scene_is_read_as_the_level_it_is", "07_landsat_c2l2") else { return };
    let told = refused(&case, r#"{"product": "landsat-l1", "path": "."}"#).to_string();
    assert!(told.contains("L2SP"), "{told}");
}

#[test]
fn classes_of_the_quality_are_counted_as_the_reference_counts_them() {
    let Some(case) = case("classes_of_the_quality", "07_landsat_c2l2") else { return };
    let found = found(&case, r#"{"product": "landsat-c2-l2", "path": "."}"#);
    let scene = &found.imagery.scenes[0];
    let codes = read(&found, 0, &[Role::Qa]).quality;
    let text = fs::read_to_string(case.join(&scene.id).join("expected_qa_and_stats.json")).expect("a file");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let counts = &expected["qa_bit_counts"];
    let count = |name: &str| {
        let class = scene.sensor.masks.iter().find(|class| class.name == name).expect("a class");
        codes.iter().filter(|code| class.condition.holds(**code)).count() as u64
    };
    for name in ["fill", "dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow", "water"] {
        assert_eq!(count(name), counts[name].as_u64().expect("a number"), "{name}");
    }
    let of = |name: &str| counts[name].as_u64().expect("a number");
    assert_eq!(count("cloud_confidence_high"), of("cloud_conf_3"));
    assert_eq!(count("cloud_confidence_medium"), of("cloud_conf_2") + of("cloud_conf_3"));
    assert_eq!(count("shadow_confidence_high"), of("shadow_conf_3"));
    assert_eq!((count("snow_confidence_high"), count("cirrus_confidence_high")), (of("snow_conf_3"), of("cirrus_conf_3")));
}

#[test]
fn surface_temperature_is_kelvin_where_its_file_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = "LC08_L2SP_008059_20191201_20200825_02_T1";
    let Some(case) = case("surface_temperature_is_kelvin", "07_landsat_c2l2") else { return };
    for entry in fs::read_dir(case.join(id)).expect("a folder").filter_map(Result::ok) {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    let file = RasterFile::open(&folder.path().join(format!("{id}_SR_B4.TIF"))).expect("a raster");
    let (rows, cols, grid) = (file.grid().rows, file.grid().cols, file.grid().clone());
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").expect("a driver");
    let path = folder.path().join(format!("{id}_ST_B10.TIF"));
    let mut dataset = driver.create_with_band_type::<u16, _>(&path, cols, rows, 1).expect("a file");
    dataset.set_geo_transform(&grid.geo_transform()).expect("a place");
    let epsg = grid.crs.epsg.expect("a code");
    dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(epsg).expect("a system")).expect("a system");
    let pixels = gdal::raster::Buffer::new((cols, rows), vec![44_000_u16; cols * rows]);
    dataset.rasterband(1).expect("a band").write((0, 0), (cols, rows), &mut { pixels }).expect("written");
    dataset.close().expect("closed");
    let found = found(folder.path(), r#"{"product": "landsat-c2-l2", "path": "."}"#);
    // 44000 x 0.00341802 + 149 = 299.39288.
    assert!(near(value(&found, 0, "lwir11", (5, 5)), 299.392_88));
}
