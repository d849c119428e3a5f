//! What is promised of products whose files tell by their names what they are.

mod support;

use std::fs;
use std::path::Path;

use raster::Role;
use support::{Tiff, found, near, read, refused, roles, value};

fn hls(folder: &Path, product: &str, assets: &[&str]) {
    let id = format!("HLS.{product}.T18NUJ.2023123T151234.v2.0");
    for asset in assets {
        let path = folder.join(&id).join(format!("{id}.{asset}.tif"));
        if *asset == "Fmask" {
            Tiff::new(path).write(|_, row, _| [0_u8, 0b10, 0b1000, 255][row]);
        } else {
            let number = asset.bytes().map(i16::from).sum::<i16>();
            let scale = if *asset == "B10" { 0.01 } else { 0.0001 };
            let tiff = Tiff { nodata: Some(-9999.0), scale: Some(scale), ..Tiff::new(path) };
            tiff.write(|_, row, col| if (row, col) == (3, 4) { -9999 } else { 1000 + number });
        }
    }
}

#[test]
fn harmonized_granules_are_read_with_the_bands_of_their_own_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    hls(folder.path(), "L30", &["B02", "B03", "B04", "B05", "B06", "B07", "B10", "Fmask"]);
    hls(folder.path(), "S30", &["B02", "B03", "B04", "B05", "B08", "B8A", "B11", "B12", "Fmask"]);
    let found = found(folder.path(), r#"{"product": "hls", "path": "."}"#);
    assert!(found.skipped.is_empty() && found.warnings.is_empty(), "{:?} {:?}", found.skipped, found.warnings);
    let scenes = &found.imagery.scenes;
    let ids: Vec<&str> = scenes.iter().map(|scene| scene.sensor.id.as_str()).collect();
    assert_eq!(
        (ids, scenes[0].date.to_string(), scenes[0].second),
        (vec!["hls-l30", "hls-s30"], "2023-05-03".to_owned(), Some(54_754))
    );
    let of = |asset: &str| f64::from(1000 + asset.bytes().map(i16::from).sum::<i16>()) * 0.0001;
    assert!(near(value(&found, 0, "nir08", (0, 0)), of("B05")) && near(value(&found, 1, "nir08", (0, 0)), of("B8A")));
    assert!(near(value(&found, 1, "nir", (0, 0)), of("B08")) && near(value(&found, 1, "rededge071", (0, 0)), of("B05")));
    assert!(near(value(&found, 0, "swir16", (0, 0)), of("B06")) && near(value(&found, 1, "swir16", (0, 0)), of("B11")));
    assert!(value(&found, 0, "red", (3, 4)).is_nan(), "fill");
    // Thermal bands are stored in hundredths of a degree Celsius.
    let celsius = f64::from(1000 + "B10".bytes().map(i16::from).sum::<i16>()) * 0.01;
    assert!(near(value(&found, 0, "lwir11", (0, 0)), celsius + 273.15));
    let codes = read(&found, 0, &[Role::Qa]).quality;
    let masked: Vec<bool> = (0..4)
        .map(|row| scenes[0].sensor.masks.iter().any(|class| class.default && class.condition.holds(codes[[0, 0, row, 0]])))
        .collect();
    assert_eq!(masked, [false, true, true, true]);
}

#[test]
fn a_granule_that_was_scaled_anew_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = "HLS.L30.T18NUJ.2023123T151234.v2.0";
    Tiff { scale: Some(0.01), ..Tiff::new(folder.path().join(format!("{id}.B04.tif"))) }.write(|_, _, _| 10_i16);
    let told = refused(folder.path(), r#"{"product": "hls", "path": "."}"#).to_string();
    assert!(told.contains("scale 0.01") && told.contains("B04.tif"), "{told}");
}

fn planet(folder: &Path, id: &str, end: &str, bands: usize) {
    Tiff { bands, ..Tiff::new(folder.join(format!("{id}_3B_AnalyticMS_SR{end}.tif"))) }
        .write(|band, row, _| if row == 3 { 0_u16 } else { 1000 * band as u16 });
    Tiff { bands: 8, ..Tiff::new(folder.join(format!("{id}_3B_udm2{}.tif", if end.contains("clip") { "_clip" } else { "" }))) }
        .write(|band, row, _| u8::from(band == 1 && row != 1) + u8::from(band == 8 && row == 2) * 2);
}

#[test]
fn planetscope_bands_stand_in_the_order_of_the_instrument_and_the_mask_says_what_is_usable() {
    let folder = tempfile::tempdir().expect("a folder");
    planet(folder.path(), "20231201_184512_61_2447", "_8b_clip", 8);
    let found = found(folder.path(), r#"{"product": "planetscope", "path": "."}"#);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.sensor.id.as_str(), scene.date.to_string().as_str()), ("planetscope-psb-sd", "2023-12-01"));
    assert_eq!(geoio::udm2_version(scene.date), "2.1");
    for (role, tenths) in [("coastal", 1), ("green05", 3), ("green", 4), ("yellow", 5), ("red", 6), ("rededge071", 7), ("nir", 8)]
    {
        assert!(near(value(&found, 0, role, (0, 0)), f64::from(tenths) * 0.1), "{role}");
    }
    assert!(value(&found, 0, "red", (3, 0)).is_nan());
    let masks = &scene.sensor.masks;
    let unusable = |row: usize| {
        masks
            .iter()
            .filter(|class| class.default)
            .any(|class| class.condition.holds(read(&found, 0, std::slice::from_ref(&class.layer)).quality[[0, 0, row, 0]]))
    };
    assert_eq!([0, 1, 2].map(unusable), [false, true, true], "clear, not clear, a bit of the older mask");
}

#[test]
fn an_instrument_is_told_or_asked_for_and_never_guessed() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = "20180815_142853_1035";
    planet(folder.path(), id, "", 4);
    let told = refused(folder.path(), r#"{"product": "planetscope", "path": "."}"#).to_string();
    assert!(told.contains("instrument = \"PS2\"") && told.contains(id), "{told}");
    let given = found(folder.path(), r#"{"product": "planetscope", "path": ".", "instrument": "PS2"}"#);
    assert_eq!(given.imagery.scenes[0].sensor.id, "planetscope-ps2");
    assert!(near(value(&given, 0, "nir", (0, 0)), 0.4));
    fs::write(folder.path().join(format!("{id}_metadata.json")), r#"{"id": "x", "properties": {"instrument": "PS2.SD"}}"#)
        .expect("a file");
    let said = found(folder.path(), r#"{"product": "planetscope", "path": "."}"#);
    assert_eq!(said.imagery.scenes[0].sensor.id, "planetscope-ps2-sd");
    let told = refused(folder.path(), r#"{"product": "planetscope", "path": ".", "instrument": "PS2"}"#).to_string();
    assert!(told.contains("PS2.SD"), "{told}");
    planet(folder.path(), "20190815_142853_1035", "", 5);
    let mixed = found(folder.path(), r#"{"product": "planetscope", "path": "."}"#);
    assert!(mixed.skipped.len() == 1 && mixed.imagery.scenes.len() == 1, "{:?}", mixed.skipped);
}

const BURST: &str = "OPERA_L2_RTC-S1_T168-359595-IW2_20230101T103000Z_20230102T010203Z_S1A_30_v1.0";

#[test]
fn radar_of_opera_is_power_with_orbit_pass_and_mask_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let tags = [("TRACK_NUMBER", "168"), ("ORBIT_PASS_DIRECTION", "descending")];
    for (asset, power) in [("VV", 0.1_f32), ("VH", 0.01)] {
        let tiff = Tiff { tags: &tags, nodata: Some(f64::NAN), ..Tiff::new(folder.path().join(format!("{BURST}_{asset}.tif"))) };
        tiff.write(|_, row, _| [power, f32::NAN, 0.0, power * 2.0][row]);
    }
    Tiff::new(folder.path().join(format!("{BURST}_mask.tif"))).write(|_, row, _| [0_u8, 255, 2, 1][row]);
    let found = found(folder.path(), r#"{"product": "sentinel-1-rtc", "path": "."}"#);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let scene = &found.imagery.scenes[0];
    assert_eq!(
        (scene.sensor.id.as_str(), scene.orbit, scene.platform.as_str()),
        ("sentinel-1-descending", Some(168), "Sentinel-1A")
    );
    assert_eq!((scene.date.to_string().as_str(), scene.generation.as_str()), ("2023-01-01", "20230102T010203"));
    assert!((value(&found, 0, "vv", (0, 0)) - 0.1).abs() < 1e-8 && value(&found, 0, "vv", (2, 0)).is_nan(), "0 is no power");
    let db = support::found(folder.path(), r#"{"product": "sentinel-1-rtc", "path": ".", "units": "db"}"#);
    assert!((value(&db, 0, "vh", (0, 0)) + 20.0).abs() < 1e-5 && value(&db, 0, "vh", (1, 0)).is_nan());
    let floor = support::found(folder.path(), r#"{"product": "sentinel-1-rtc", "path": ".", "floor_db": -15}"#);
    assert!(
        value(&floor, 0, "vh", (0, 0)).is_nan() && !value(&floor, 0, "vv", (0, 0)).is_nan(),
        "-20 dB is noise, -10 dB is none"
    );
    let other = refused(folder.path(), r#"{"product": "sentinel-1-rtc", "path": ".", "orbit": 4}"#).to_string();
    assert!(other.contains("of the orbit and pass asked for"), "{other}");
}

#[test]
fn decibels_are_made_of_averaged_power() {
    use raster::{RasterReader as _, RasterSource as _};
    let folder = tempfile::tempdir().expect("a folder");
    let tags = [("TRACK_NUMBER", "168"), ("ORBIT_PASS_DIRECTION", "descending")];
    Tiff { tags: &tags, ..Tiff::new(folder.path().join(format!("{BURST}_VV.tif"))) }
        .write(|_, _, col| if col % 2 == 0 { 0.19_f32 } else { 0.01 });
    let found = found(folder.path(), r#"{"product": "sentinel-1-rtc", "path": ".", "units": "db"}"#);
    let fine = found.imagery.scenes[0].grid.clone();
    let coarse = raster::Grid { step_x: 60.0, step_y: 60.0, rows: 2, cols: 2, ..fine };
    let gridded = geoio::GriddedImagery::new(found.imagery, coarse.clone(), geoio::Resampling::Average);
    let cube = gridded.open().expect("a reader").read(0, &["vv".parse().expect("a role")], coarse.window(), 0).expect("values");
    // (0.19 + 0.01) / 2 = 0.1 is -10 dB; the mean of the decibels would be -13.6.
    assert!((cube.values[[0, 0, 0, 0]] + 10.0).abs() < 1e-4, "{}", cube.values[[0, 0, 0, 0]]);
}

#[test]
fn radar_of_the_planetary_computer_takes_orbit_and_pass_from_its_item() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = "S1A_IW_GRDH_1SDV_20220614T154712_20220614T154737_043659_05366A";
    let place = folder.path().join(format!("{id}_B8C9"));
    for asset in ["vv", "vh"] {
        Tiff { nodata: Some(-32_768.0), step: 10.0, ..Tiff::new(place.join(format!("measurement/iw-{asset}.rtc.tiff"))) }
            .write(|_, row, _| if row == 0 { -32_768.0_f32 } else { 0.2 });
    }
    let told = refused(folder.path(), r#"{"product": "sentinel-1-rtc", "path": "."}"#).to_string();
    assert!(told.contains("pass = \"descending\""), "{told}");
    let item = format!(
        r#"{{"type": "Feature", "id": "{id}_rtc", "properties": {{"sat:orbit_state": "ascending", "sat:relative_orbit": 12}}}}"#
    );
    fs::write(place.join(format!("{id}_rtc.json")), &item).expect("a file");
    let found = found(folder.path(), r#"{"product": "sentinel-1-rtc", "path": "."}"#);
    let scene = &found.imagery.scenes[0];
    assert_eq!(
        (scene.sensor.id.as_str(), scene.orbit, roles(scene)),
        ("sentinel-1-ascending", Some(12), vec!["vv".to_owned(), "vh".to_owned()])
    );
    assert!(value(&found, 0, "vv", (0, 0)).is_nan() && (value(&found, 0, "vv", (1, 0)) - 0.2).abs() < 1e-8);
    assert!(found.warnings.iter().any(|warning| warning.code == "no_layover_mask"));
    // An item of another orbit than the name tells is somebody else's.
    fs::write(place.join(format!("{id}_rtc.json")), item.replace("12}}", "13}}").replace(": 12", ": 13")).expect("a file");
    let told = refused(folder.path(), r#"{"product": "sentinel-1-rtc", "path": "."}"#).to_string();
    assert!(told.contains("different orbits"), "{told}");
}

fn modis(folder: &Path, layer: &str) -> Tiff<'static> {
    Tiff { step: 231.656, ..Tiff::new(folder.join(format!("MOD13Q1.061__250m_16_days_{layer}_doy2023353_aid0001.tif"))) }
}

#[test]
fn a_composite_of_modis_has_its_day_index_and_ranks() {
    let folder = tempfile::tempdir().expect("a folder");
    // The tag of some exports is the divisor of the original.
    Tiff { nodata: Some(-3000.0), scale: Some(10_000.0), ..modis(folder.path(), "NDVI") }
        .write(|_, row, _| [8000_i16, -3000, -2000, 5000][row]);
    Tiff { nodata: Some(-1000.0), ..modis(folder.path(), "red_reflectance") }.write(|_, _, _| 400_i16);
    modis(folder.path(), "VI_Quality").write(|_, _, _| 0b10_u16);
    modis(folder.path(), "pixel_reliability").write(|_, row, _| [0_i16, -1, 3, 1][row]);
    // Days 353 to 3: the composite ends in the new year.
    modis(folder.path(), "composite_day_of_the_year").write(|_, row, _| [353_i16, -1, 1, 2][row]);
    let found = found(folder.path(), r#"{"product": "modis-13q1", "path": "."}"#);
    assert!(found.warnings.is_empty() && found.skipped.is_empty(), "{:?} {:?}", found.warnings, found.skipped);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.id.as_str(), scene.platform.as_str()), ("MOD13Q1.A2023353.aid0001", "Terra"));
    assert_eq!(scene.date.to_string(), "2024-01-01", "the median of 2023-12-19, 2024-01-01 and 2024-01-02");
    assert!(near(value(&found, 0, "ndvi", (0, 0)), 0.8) && value(&found, 0, "ndvi", (1, 0)).is_nan());
    assert!(near(value(&found, 0, "ndvi", (2, 0)), -0.2) && near(value(&found, 0, "red", (0, 0)), 0.04));
    let ranks = read(&found, 0, &["qa_reliability".parse().expect("a role")]).quality;
    let masked: Vec<bool> = (0..4)
        .map(|row| {
            let code = ranks[[0, 0, row, 0]];
            scene.sensor.masks.iter().any(|class| class.default && class.condition.holds(code))
        })
        .collect();
    assert_eq!(masked, [false, true, true, false], "good, fill, cloud, marginal");
}

const RGBA: [&str; 4] = ["Red", "Green", "Blue", "Alpha"];

#[test]
fn a_picture_says_its_colours_and_alpha_is_no_data() {
    let folder = tempfile::tempdir().expect("a folder");
    Tiff { bands: 4, colours: &RGBA, ..Tiff::new(folder.path().join("flight_20230123.tif")) }
        .write(|band, row, _| if row == 0 { 0_u8 } else { [60, 120, 30, 255][band - 1] });
    let found = found(folder.path(), r#"{"product": "orthomosaic", "path": "."}"#);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.sensor.id.as_str(), scene.date.to_string().as_str()), ("drone-rgb", "2023-01-23"));
    assert!(near(value(&found, 0, "green", (1, 1)), 120.0 / 256.0));
    let alpha = read(&found, 0, &["qa_alpha".parse().expect("a role")]).quality;
    let transparent = &scene.sensor.masks[0];
    assert!(
        transparent.default
            && transparent.condition.holds(alpha[[0, 0, 0, 0]])
            && !transparent.condition.holds(alpha[[0, 0, 1, 0]])
    );
}

/// Which pixels of a picture are no data, row by row.
fn not_shown(folder: &Path) -> Vec<bool> {
    let found = found(folder, r#"{"product": "orthomosaic", "path": "."}"#);
    let transparent = found.imagery.scenes[0].sensor.masks[0].condition.clone();
    let codes = read(&found, 0, &["qa_alpha".parse().expect("a role")]).quality;
    codes.iter().map(|code| transparent.holds(*code)).collect()
}

#[test]
fn a_number_of_a_picture_is_no_data_only_where_all_colours_have_it() {
    let folder = tempfile::tempdir().expect("a folder");
    Tiff { bands: 3, colours: &RGBA[..3], nodata: Some(255.0), ..Tiff::new(folder.path().join("flight_20230123.tif")) }
        .write(|band, row, _| if row == 0 || row == 1 && band == 1 { 255_u8 } else { 60 });
    let hidden = not_shown(folder.path());
    let wide = hidden.len() / 4;
    assert!(hidden[..wide].iter().all(|hidden| *hidden) && hidden[wide..].iter().all(|hidden| !hidden), "{hidden:?}");
    let found = found(folder.path(), r#"{"product": "orthomosaic", "path": "."}"#);
    assert!(near(value(&found, 0, "red", (1, 1)), 255.0 / 256.0), "the brightest red is a value");
}

#[test]
fn the_mask_of_a_picture_is_held_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flight_20230123.tif");
    Tiff { bands: 3, colours: &RGBA[..3], ..Tiff::new(path.clone()) }.write(|_, _, _| 60_u8);
    gdal::config::set_thread_local_config_option("GDAL_TIFF_INTERNAL_MASK", "YES").expect("an option");
    let options = gdal::DatasetOptions { open_flags: gdal::GdalOpenFlags::GDAL_OF_UPDATE, ..gdal::DatasetOptions::default() };
    let dataset = gdal::Dataset::open_ex(&path, options).expect("opened");
    let (cols, rows) = dataset.raster_size();
    dataset.rasterband(1).expect("a band").create_mask_band(true).expect("a mask");
    let codes = (0..rows * cols).map(|pixel| if pixel < cols { 0_u8 } else { 255 }).collect();
    let mut mask = gdal::raster::Buffer::new((cols, rows), codes);
    let band = dataset.rasterband(1).expect("a band");
    band.open_mask_band().expect("the mask").write((0, 0), (cols, rows), &mut mask).expect("written");
    dataset.close().expect("closed");
    let hidden = not_shown(folder.path());
    assert!(hidden[..cols].iter().all(|hidden| *hidden) && hidden[cols..].iter().all(|hidden| !hidden), "{hidden:?}");
}

#[test]
fn bands_of_cameras_are_read_by_their_names_in_any_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["Red", "Green", "NIR", "Rededge", "Blue"];
    Tiff { bands: 5, names: &names, ..Tiff::new(folder.path().join("flight_20230123.tif")) }
        .write(|band, _, _| band as f32 * 0.1);
    let found = found(folder.path(), r#"{"product": "orthomosaic", "path": "."}"#);
    assert_eq!(found.imagery.scenes[0].sensor.id, "drone-multispectral");
    for (role, expected) in [("red", 0.1), ("nir", 0.3), ("rededge071", 0.4), ("blue", 0.5)] {
        assert!((value(&found, 0, role, (1, 1)) - expected).abs() < 1e-7, "{role}");
    }
}

#[test]
fn an_order_that_nobody_declares_is_refused_with_the_line_that_declares_it() {
    let folder = tempfile::tempdir().expect("a folder");
    Tiff { bands: 5, ..Tiff::new(folder.path().join("flight_20230123.tif")) }.write(|_, _, _| 7_u16);
    let told = refused(folder.path(), r#"{"product": "orthomosaic", "path": "."}"#).to_string();
    assert!(told.contains("bands = { blue = 1, green = 2, red = 3, nir = 4, rededge071 = 5 }"), "{told}");
    let text = r#"{"product": "orthomosaic", "path": ".", "bands": {"blue": 1, "green": 2, "red": 3, "nir": 5, "rededge071": 4}, "scale": 0.0001}"#;
    assert!(near(value(&found(folder.path(), text), 0, "nir", (0, 0)), 0.0007));
}
