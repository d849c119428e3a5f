//! MOD13Q1 as it is delivered: HDF-EOS grids in HDF4, as NASA's library writes them by way of pyhdf.

#[path = "support/python.rs"]
mod python;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use geoio::RasterFile;
use raster::Window;
use support::{found, near, read, refused, value};

const JOB: &str = r#"{"product": "modis-13q1", "path": "."}"#;
const NAME: &str = "MOD13Q1.A2023113.h11v09.061.2023131045600.hdf";

/// The granules that `support/hdf4.py` writes; `None` where they cannot be.
fn granules(test: &str) -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    python::written(&FOLDER, ("hdf4.py", "pyhdf.SD, numpy"), test)
}

/// What a layer was written with, by its number.
fn written(granule: &Path, layer: usize) -> Vec<i16> {
    let bytes = fs::read(PathBuf::from(format!("{}.{layer}.i2", granule.display()))).expect("the numbers");
    bytes.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn a_granule_gives_the_numbers_the_days_and_the_ranks_that_were_written() {
    let Some(folder) = granules("a_granule_gives_the_numbers_the_days_and_the_ranks_that_were_written") else { return };
    let own = tempfile::tempdir().expect("a folder");
    for name in ["MOD13Q1.A2023097.h11v09.061.2023131045600.hdf", NAME] {
        fs::copy(folder.join(name), own.path().join(name)).expect("a copy");
    }
    let found = found(own.path(), JOB);
    assert!(found.skipped.is_empty() && found.warnings.is_empty(), "{:?} {:?}", found.skipped, found.warnings);
    let ids: Vec<&str> = found.imagery.scenes.iter().map(|scene| scene.id.as_str()).collect();
    assert_eq!(ids, ["MOD13Q1.A2023097.h11v09", "MOD13Q1.A2023113.h11v09"]);
    let files = found.imagery.files();
    assert!(files.len() == 2 && files.iter().all(|file| file.is_file()), "what is hashed are the granules: {files:?}");
    let scene = &found.imagery.scenes[1];
    let (numbers, days) = (written(&folder.join(NAME), 0), written(&folder.join(NAME), 1));
    let mut sorted = days.clone();
    sorted.sort_unstable();
    assert_eq!(i64::from(scene.date.day_of_year()), i64::from(sorted[sorted.len() / 2 - 1]), "the median of the days");
    for (row, col) in [(0, 1), (17, 30), (59, 49)] {
        assert!(near(value(&found, 1, "ndvi", (row, col)), f64::from(numbers[row * 50 + col]) * 1e-4), "{row} {col}");
    }
    assert!(value(&found, 1, "ndvi", (0, 0)).is_nan(), "fill");
    let grid = &scene.grid;
    let place = (grid.west, grid.north, grid.step_x, grid.rows, grid.cols);
    assert!((place.0 + 6_671_703.118).abs() < 1e-3 && (place.1 + 1_111_950.52).abs() < 1e-3, "{place:?}");
    assert!((place.2 - 231.656_358).abs() < 1e-5 && (place.3, place.4) == (60, 50), "{place:?}");
    let ranks = read(&found, 1, &["qa_reliability".parse().expect("a role")]).quality;
    let masked =
        |col: usize| scene.sensor.masks.iter().any(|class| class.default && class.condition.holds(ranks[[0, 0, 0, col]]));
    assert_eq!([0, 1, 2, 3, 4].map(masked), [true, false, false, true, true], "fill, good, marginal, snow, cloud");
}

#[test]
fn every_way_of_storing_gives_the_numbers_that_were_written_from_any_place_on() {
    let Some(folder) = granules("every_way_of_storing_gives_the_numbers_that_were_written_from_any_place_on") else { return };
    let stored =
        ["NDVI", "composite day of the year", "pixel reliability", "red reflectance", "NIR reflectance", "blue reflectance"];
    for (place, name) in stored.into_iter().enumerate() {
        let file = RasterFile::open(&folder.join(format!("{NAME}#250m 16 days {name}"))).expect("a raster");
        let numbers = written(&folder.join(NAME), place);
        let band = &file.bands()[0];
        let is_scaled = !name.starts_with("composite") && !name.starts_with("pixel");
        assert_eq!(band.scale, is_scaled.then_some(1e-4), "{name}: its scale_factor of 10000 is a divisor");
        // Backwards, so that nothing is read in order.
        for (row, col, rows, cols) in [(40_usize, 17_usize, 20, 33), (13, 0, 31, 50), (0, 0, 60, 50)] {
            let window = Window { row: row as isize, col: col as isize, rows, cols };
            let read = file.read_i64(1, window, i64::MIN).expect("numbers");
            for ((y, x), number) in read.indexed_iter() {
                let wanted = i64::from(numbers[(row + y) * 50 + col + x]);
                assert_eq!(*number, wanted, "{name} at {y}, {x} of {window:?}");
            }
        }
    }
}

#[test]
fn fields_of_one_name_are_told_apart_by_their_grids() {
    let Some(folder) = granules("fields_of_one_name_are_told_apart_by_their_grids") else { return };
    let place = folder.join("twins.hdf");
    for (name, number, (rows, cols), step) in [("fine", 1, (8, 6), 231.656_358), ("coarse", 2, (4, 3), 463.312_717)] {
        let file = RasterFile::open(&PathBuf::from(format!("{}#{name}/state", place.display()))).expect("a raster");
        let grid = file.grid();
        assert!((grid.rows, grid.cols) == (rows, cols) && (grid.step_x - step).abs() < 1e-5, "{grid:?}");
        assert!(file.read_i64(1, grid.window(), 0).expect("numbers").iter().all(|stored| *stored == number), "{name}");
    }
    let told = RasterFile::open(&PathBuf::from(format!("{}#state", place.display()))).expect_err("two").to_string();
    assert!(told.contains("fine/state (y: 8, x: 6)") && told.contains("coarse/state (y: 4, x: 3)"), "{told}");
}

#[test]
fn a_layer_that_is_not_there_is_told_with_those_that_are() {
    let Some(folder) = granules("a_layer_that_is_not_there_is_told_with_those_that_are") else { return };
    let told = RasterFile::open(&folder.join(format!("{NAME}#EVI"))).expect_err("there is none").to_string();
    assert!(told.contains("EVI") && told.contains("250m 16 days NDVI (y: 60, x: 50)"), "{told}");
}

#[test]
fn no_damage_of_a_granule_goes_unnoticed_or_ends_the_program() {
    let Some(folder) = granules("no_damage_of_a_granule_goes_unnoticed_or_ends_the_program") else { return };
    let whole = fs::read(folder.join(NAME)).expect("a granule");
    let own = tempfile::tempdir().expect("a folder");
    let path = own.path().join(NAME);
    let layers = ["NDVI", "red reflectance", "NIR reflectance", "blue reflectance"];
    let mut refused = 0;
    // Of the list of elements every third byte, of the rest every 41st.
    for at in (0..2600).step_by(3).chain((2600..whole.len()).step_by(41)) {
        let mut bytes = whole.clone();
        bytes[at] ^= if at % 2 == 0 { 0xff } else { 0x04 };
        fs::write(&path, bytes).expect("a file");
        for layer in layers {
            let file = RasterFile::open(&own.path().join(format!("{NAME}#250m 16 days {layer}")));
            refused += usize::from(file.and_then(|file| file.read(1, file.grid().window())).is_err());
        }
    }
    assert!(refused > 1500, "{refused}");
    // Of the stream of a whole layer, whose checksum is held to, nothing can be changed.
    let stream = whole.windows(2).position(|pair| pair == [0x78, 0x9c]).expect("a stream");
    for at in (stream..stream + 5600).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).expect("a file");
        let file = RasterFile::open(&own.path().join(format!("{NAME}#250m 16 days NDVI"))).expect("a raster");
        assert!(file.read(1, file.grid().window()).is_err(), "byte {at}");
    }
}

#[test]
fn a_granule_that_leads_out_is_cut_or_is_none_is_refused_with_the_reason() {
    let Some(folder) = granules("a_granule_that_leads_out_is_cut_or_is_none_is_refused_with_the_reason") else { return };
    let whole = fs::read(folder.join(NAME)).expect("a granule");
    let leading = fs::read(folder.join("leading").join(NAME)).expect("a granule");
    let mut circle = whole.clone();
    // The first block of the list names itself as the next.
    circle[6..10].copy_from_slice(&4u32.to_be_bytes());
    for (bytes, said) in [
        (leading, "keeps its numbers in another file"),
        (whole[..whole.len() / 2].to_vec(), "cut short"),
        (whole[..6].to_vec(), "cut short"),
        (circle, "circle"),
        (b"x".to_vec(), "does not begin like one"),
        (b"\x0e\x03\x13\x01".to_vec(), "cut short"),
    ] {
        let own = tempfile::tempdir().expect("a folder");
        fs::write(own.path().join(NAME), bytes).expect("a file");
        let told = refused(own.path(), JOB).to_string();
        assert!(told.contains(said) && told.contains(NAME), "{said}: {told}");
    }
}
