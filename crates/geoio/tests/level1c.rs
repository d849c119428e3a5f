//! What is promised of Sentinel-2 Level-1C: offsets of its own metadata, cloud masks where there are any.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use geoio::{ImagerySpec, crs, product_at, write_jp2};
use ndarray::Array2;
use raster::Grid;
use support::{Tiff, found, near, read, refused, roles, value};

/// Writes a product of 12 x 12 pixels of 10 m whose blue, red, near infrared and cirrus band hold 3000, from baseline 04.00 on with
/// the offset and with the mask of clouds.
fn product(into: &Path, baseline: &str) -> PathBuf {
    let number = baseline.replace('.', "");
    let id = format!("S2A_MSIL1C_20220212T152641_N{number}_R025_T18NWG_20220212T190000");
    let place = into.join(format!("{id}.SAFE"));
    let granule = "GRANULE/L1C_T18NWG_A030000_20220212T152645";
    let system = crs::crs("EPSG:32618").expect("a zone");
    let mut files = String::new();
    for (asset, by) in [("B02", 1), ("B04", 1), ("B08", 1), ("B8A", 2), ("B10", 6)] {
        let (step, side) = (10.0 * f64::from(by), 12 / by as usize);
        let grid =
            Grid { crs: system.clone(), west: 500_000.0, north: 400_020.0, step_x: step, step_y: step, rows: side, cols: side };
        let values = Array2::from_shape_fn((side, side), |at| if at == (0, 0) { 0_u16 } else { 3000 });
        let name = format!("{granule}/IMG_DATA/T18NWG_20220212T152641_{asset}");
        write_jp2(&place.join(format!("{name}.jp2")), &grid, values.view()).expect("an image");
        let _ = write!(files, "<IMAGE_FILE>{name}</IMAGE_FILE>");
    }
    let mut offsets = String::new();
    if baseline >= "04.00" {
        for band in 0..13 {
            let _ = write!(offsets, "<RADIO_ADD_OFFSET band_id=\"{band}\">-1000</RADIO_ADD_OFFSET>");
        }
        // Opaque cloud, cirrus, snow in one pixel each.
        Tiff { bands: 3, rows: 2, cols: 2, step: 60.0, ..Tiff::new(place.join(granule).join("QI_DATA/MSK_CLASSI_B00.tif")) }
            .write(|band, row, col| u8::from(band == row * 2 + col));
    }
    let text = format!(
        "<n1:Level-1C_User_Product xmlns:n1=\"x\"><PRODUCT_START_TIME>2022-02-12T15:26:41.024Z</PRODUCT_START_TIME>\
         <PRODUCT_URI>{id}.SAFE</PRODUCT_URI><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>\
         <GENERATION_TIME>2022-02-12T19:00:00.000Z</GENERATION_TIME><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>\
         <SENSING_ORBIT_NUMBER>25</SENSING_ORBIT_NUMBER>{files}\
         <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>\
         <QUANTIFICATION_VALUE unit=\"none\">10000</QUANTIFICATION_VALUE>{offsets}</n1:Level-1C_User_Product>"
    );
    fs::write(place.join("MTD_MSIL1C.xml"), text).expect("metadata");
    place
}

#[test]
fn the_offset_of_level_1c_is_that_of_its_metadata_and_its_mask_tells_clouds() {
    let folder = tempfile::tempdir().expect("a folder");
    product(folder.path(), "04.00");
    let found = found(folder.path(), r#"{"product": "sentinel-2-l1c", "path": "."}"#);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.sensor.id.as_str(), scene.orbit), ("sentinel-2-msi-l1c", Some(25)));
    assert_eq!(roles(scene), ["blue", "red", "nir", "nir08", "cirrus", "qa_cloud", "qa_cirrus", "qa_snow"]);
    assert!(near(value(&found, 0, "red", (5, 5)), 0.2) && near(value(&found, 0, "cirrus", (11, 11)), 0.2));
    assert!(value(&found, 0, "red", (0, 0)).is_nan());
    let masked = |row: usize, col: usize| -> Vec<&str> {
        let holds = |layer: &raster::Role| read(&found, 0, std::slice::from_ref(layer)).quality[[0, 0, row, col]];
        let classes = scene.sensor.masks.iter().filter(|class| class.condition.holds(holds(&class.layer)));
        classes.map(|class| class.name.as_str()).collect()
    };
    assert_eq!(
        [masked(0, 0), masked(0, 11), masked(11, 0), masked(11, 11)],
        [vec![], vec!["opaque_cloud"], vec!["thin_cirrus"], vec!["snow"]]
    );
}

#[test]
fn an_older_product_has_neither_and_it_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = product(folder.path(), "03.01");
    let found = found(folder.path(), r#"{"product": "sentinel-2-l1c", "path": "."}"#);
    assert!(near(value(&found, 0, "red", (5, 5)), 0.3));
    let told = found.warnings.iter().find(|warning| warning.code == "no_quality_layer").expect("a warning");
    assert!(told.message.contains("03.01") && told.message.contains("[mask] classes = []"), "{}", told.message);
    assert!(found.imagery.scenes[0].sensor.missing_mask(None, |role| found.imagery.scenes[0].has(role)).is_some());
    assert!(matches!(product_at(&place), ImagerySpec::Sentinel2L1C(_)));
    let told = refused(folder.path(), r#"{"product": "sentinel-2-l2a", "path": "."}"#).to_string();
    assert!(told.contains("Level-1C") && told.contains("product = \"sentinel-2-l1c\""), "{told}");
}
