//! Rasters in and out, on files made here and on real scenes.

#![expect(clippy::float_cmp, reason = "stored numbers are exact in f32")]

use std::path::{Path, PathBuf};

use geoio::{
    Compression, GeoioError, GriddedImagery, ImagerySpec, Kind, RasterFile, RasterFormat, RasterOptions, RasterWriter,
    Resampling, crs, derive_grid, find, open,
};
use ndarray::Array2;
use raster::{Band, Grid, RasterReader, RasterSink, RasterSource, Role, Window};

fn shared(test: &str) -> Option<PathBuf> {
    let place = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if place.is_dir() {
        return Some(place);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no reference data at {}", place.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

fn utm(rows: usize, cols: usize) -> Grid {
    let crs = crs::crs("EPSG:32618").expect("a system");
    Grid { crs, west: 500_000.0, north: 400_000.0, step_x: 10.0, step_y: 10.0, rows, cols }
}

/// Numbers that differ from pixel to pixel and hardly pack.
fn noise(rows: usize, cols: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, cols), |(y, x)| ((y * 7919 + x * 104_729) % 9973) as f32 / 7.0)
}

fn options() -> RasterOptions {
    RasterOptions::values(&["red"]).nodata(f64::NAN)
}

fn write(path: &Path, grid: &Grid, values: &Array2<f32>, options: RasterOptions) {
    let mut writer = RasterWriter::<f32>::create(path, grid, options, true).expect("a writer");
    for strip in grid.strips(100) {
        let rows = strip.row as usize..strip.row as usize + strip.rows;
        writer.write(0, strip, values.slice(ndarray::s![rows, ..])).expect("written");
    }
    writer.finish().expect("finished");
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn spec(text: &str) -> ImagerySpec {
    serde_json::from_str(text).expect("a specification")
}

fn same(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}

#[test]
fn what_is_written_reads_back_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let (grid, values) = (utm(700, 600), noise(700, 600));
    for format in [RasterFormat::Cog, RasterFormat::Gtiff] {
        let path = folder.path().join("a.tif");
        write(&path, &grid, &values, RasterOptions { format, ..options() });
        let file = RasterFile::open(&path).expect("a raster");
        assert_eq!(*file.grid(), grid);
        assert_eq!(file.bands()[0].description, "red");
        assert!(file.bands()[0].nodata.is_some_and(f64::is_nan));
        assert!(same(&file.read(1, grid.window()).expect("values"), &values));
        assert_eq!(names(folder.path()), ["a.tif"]);
    }
}

#[test]
fn how_the_pixels_are_cut_does_not_change_the_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (grid, values) = (utm(700, 1100), noise(700, 1100));
    let path = folder.path().join("a.tif");
    let bytes = |options: &RasterOptions, rows: usize, cols: usize| {
        let mut writer = RasterWriter::<f32>::create(&path, &grid, options.clone(), true).expect("a writer");
        let mut packer = writer.packing().packer().expect("a packer");
        for window in grid.tiles(rows, cols) {
            let (row, col) = (window.row as usize, window.col as usize);
            let part = values.slice(ndarray::s![row..row + window.rows, col..col + window.cols]);
            writer.write(0, window, part).expect("written");
            writer.append(packer.pack(1, window, part.mapv(f32::sqrt).view()).expect("packed")).expect("written");
        }
        writer.finish().expect("finished");
        std::fs::read(&path).expect("bytes")
    };
    for format in [RasterFormat::Cog, RasterFormat::Gtiff] {
        for compression in [Compression::Deflate, Compression::Zstd, Compression::Lzw, Compression::None] {
            let plain = RasterOptions::values(&["red", "nir"]).nodata(f64::NAN);
            let options = RasterOptions { format, compression, block: 128, ..plain };
            let one = bytes(&options, 128, 1100);
            for (rows, cols) in [(700, 1100), (1, 1100), (100, 1100), (257, 1100), (128, 128), (256, 512)] {
                assert!(one == bytes(&options, rows, cols), "{options:?}, windows of {rows} x {cols}");
            }
            for band in [1, 2] {
                let file = RasterFile::open(&path).expect("a raster");
                let read = file.read(band, grid.window()).expect("values");
                assert!(same(&read, &if band == 1 { values.clone() } else { values.mapv(f32::sqrt) }), "{options:?}");
            }
        }
    }
}

#[test]
fn rows_that_do_not_follow_the_last_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let grid = utm(40, 30);
    let mut writer = RasterWriter::<f32>::create(&folder.path().join("a.tif"), &grid, options(), false).expect("a writer");
    let rows = |row, col, rows, cols| Window { row, col, rows, cols };
    writer.write(0, rows(0, 0, 10, 30), noise(10, 30).view()).expect("the first rows");
    for (window, pixels) in [
        (rows(0, 0, 10, 30), (10, 30)),
        (rows(20, 0, 10, 30), (10, 30)),
        (rows(10, 10, 10, 20), (10, 20)),
        (rows(10, 0, 10, 30), (9, 30)),
        (rows(10, 0, 31, 30), (31, 30)),
    ] {
        assert!(
            matches!(writer.write(0, window, noise(pixels.0, pixels.1).view()), Err(GeoioError::Encode { .. })),
            "{window:?}"
        );
    }
    assert!(writer.write(1, rows(0, 0, 10, 30), noise(10, 30).view()).is_err(), "there is no second band");
}

#[test]
fn a_writer_that_is_dropped_or_incomplete_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, grid) = (folder.path().join("a.tif"), utm(20, 20));
    drop(RasterWriter::<f32>::create(&path, &grid, options(), false).expect("a writer"));
    assert!(names(folder.path()).is_empty());
    let mut writer = RasterWriter::<f32>::create(&path, &grid, options(), false).expect("a writer");
    writer.write(0, Window { row: 0, col: 0, rows: 5, cols: 20 }, noise(5, 20).view()).expect("written");
    let error = writer.finish().expect_err("rows are missing");
    assert_eq!(error.kind(), Kind::Output, "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, grid) = (folder.path().join("a.tif"), utm(900, 900));
    write(&path, &grid, &noise(900, 900), RasterOptions { format: RasterFormat::Gtiff, ..options() });
    let whole = std::fs::read(&path).expect("bytes");
    for percent in [0, 1, 25, 50, 75, 99] {
        std::fs::write(&path, &whole[..whole.len() * percent / 100]).expect("cut");
        let read = RasterFile::open(&path).and_then(|file| file.read(1, grid.window()));
        let error = read.expect_err("a cut file");
        assert!(error.to_string().contains("a.tif"), "{error}");
    }
}

/// The library checks the checksum of a block only where its packed length still fits, so some flips pass it: they show
/// as other numbers (which the hashes of inputs find), never as a block of nothing.
#[test]
fn a_flipped_bit_is_mostly_an_error_and_never_blanks_a_block() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, grid, values) = (folder.path().join("a.tif"), utm(256, 256), noise(256, 256));
    write(&path, &grid, &values, options());
    let whole = std::fs::read(&path).expect("bytes");
    let mut errors = 0;
    for i in 0..60 {
        let mut bytes = whole.clone();
        // The pixels take almost the whole file; the head is left alone.
        let place = 2000 + i * (bytes.len() - 3000) / 60;
        bytes[place] ^= 1 << (i % 8);
        std::fs::write(&path, &bytes).expect("written");
        match RasterFile::open(&path).and_then(|file| file.read(1, grid.window())) {
            Ok(read) => {
                let blank = read.iter().filter(|v| v.is_nan() || **v == 0.0).count();
                assert!(blank * 4 < read.len(), "flip at byte {place} blanked {blank} pixels");
            }
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 30, "{errors} of 60 flips were noticed");
}

#[test]
fn a_file_without_place_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let vrt = folder.path().join("a.tif");
    std::fs::write(&vrt, "<VRTDataset rasterXSize=\"4\" rasterYSize=\"4\"><VRTRasterBand band=\"1\"/></VRTDataset>")
        .expect("written");
    assert!(matches!(RasterFile::open(&vrt), Err(GeoioError::Open { .. })));
    assert!(matches!(RasterFile::open(Path::new("/vsimem/a.tif")), Err(GeoioError::NotLocal { .. })));
}

/// One scene a file in the folder, with the band `red`.
fn imagery(folder: &Path) -> geoio::Found {
    find(&[spec(r#"{"product": "geotiff", "path": "."}"#)], folder).expect("scenes")
}

fn red() -> Role {
    Role::Band(Band::Red)
}

fn read(imagery: &GriddedImagery, window: Window) -> Array2<f32> {
    let mut reader = imagery.open().expect("a reader");
    let cube = reader.read(0, &[red()], window, 0).expect("values");
    cube.values.index_axis_move(ndarray::Axis(0), 0).index_axis_move(ndarray::Axis(0), 0)
}

#[test]
fn a_window_over_the_edge_is_nan_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let (grid, values) = (utm(40, 30), noise(40, 30));
    write(&folder.path().join("a_20200102.tif"), &grid, &values, options());
    let found = imagery(folder.path());
    assert_eq!(found.imagery.scenes[0].date.to_string(), "2020-01-02");
    let gridded = GriddedImagery::new(found.imagery, grid.clone(), Resampling::Nearest);
    let read = read(&gridded, grid.window().grow(5));
    assert!(read[[4, 10]].is_nan() && read[[45, 10]].is_nan() && read[[10, 4]].is_nan());
    assert!(same(&read.slice(ndarray::s![5..45, 5..35]).to_owned(), &values));
}

#[test]
fn warping_does_not_depend_on_how_the_grid_is_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut values = noise(300, 280);
    values[[150, 140]] = f32::NAN;
    write(&folder.path().join("a_20200102.tif"), &utm(300, 280), &values, options());
    let found = imagery(folder.path());
    let shifted = Grid { west: 500_003.0, north: 399_996.0, ..utm(290, 270) };
    let coarse = Grid { step_x: 30.0, step_y: 30.0, ..utm(100, 90) };
    let geographic = Grid {
        crs: crs::crs("EPSG:4326").expect("a system"),
        west: -75.0,
        north: 3.618,
        step_x: 1e-4,
        step_y: 1e-4,
        rows: 250,
        cols: 240,
    };
    let other_zone = {
        let zone = crs::crs("EPSG:32619").expect("a system");
        let bounds = crs::Transform::new(&utm(1, 1).crs, &zone).and_then(|t| t.bounds(utm(300, 280).bounds())).expect("bounds");
        Grid::covering(zone, bounds, 20.0, 20.0).expect("a grid")
    };
    for grid in [shifted, coarse, geographic, other_zone] {
        for resampling in [Resampling::Nearest, Resampling::Bilinear, Resampling::Average] {
            let gridded = GriddedImagery::new(found.imagery.clone(), grid.clone(), resampling);
            let whole = read(&gridded, grid.window());
            let seen = whole.iter().filter(|v| !v.is_nan()).count();
            assert!(seen * 10 > whole.len() * 3, "{} {resampling:?}: {seen} of {}", grid.crs.name(), whole.len());
            for height in [1, 17, 64] {
                for strip in grid.strips(height).step_by(if height == 1 { 23 } else { 1 }) {
                    let rows = strip.row as usize..strip.row as usize + strip.rows;
                    let expected = whole.slice(ndarray::s![rows, ..]).to_owned();
                    assert!(same(&read(&gridded, strip), &expected), "{} {resampling:?} {strip:?}", grid.crs.name());
                }
            }
            let tile = Window { row: 31, col: 29, rows: 40, cols: 37 };
            let expected = whole.slice(ndarray::s![31..71, 29..66]).to_owned();
            assert!(same(&read(&gridded, tile), &expected), "{} {resampling:?} tile", grid.crs.name());
        }
    }
}

#[test]
fn repeating_the_nearest_of_larger_pixels_equals_warping() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut values = noise(60, 50);
    values[[20, 20]] = f32::NAN;
    let file = Grid { step_x: 30.0, step_y: 20.0, ..utm(60, 50) };
    write(&folder.path().join("a_20200102.tif"), &file, &values, options());
    let found = imagery(folder.path());
    let grid = Grid { west: 500_020.0, north: 399_990.0, ..utm(119, 148) };
    // A shift of a hundredth of a pixel is warped, and the nearest pixel is the same one.
    let near = Grid { west: grid.west + 0.1, ..grid.clone() };
    let repeated = GriddedImagery::new(found.imagery.clone(), grid.clone(), Resampling::Nearest);
    let warped = GriddedImagery::new(found.imagery, near, Resampling::Nearest);
    for window in [grid.window(), grid.window().grow(5), Window { row: 3, col: 4, rows: 6, cols: 7 }] {
        let pixels = read(&repeated, window);
        assert!(pixels.iter().any(|v| !v.is_nan()) && same(&pixels, &read(&warped, window)), "{window:?}");
    }
}

#[test]
fn warping_by_a_whole_pixel_equals_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let (grid, values) = (utm(60, 50), noise(60, 50));
    write(&folder.path().join("a_20200102.tif"), &grid, &values, options());
    let found = imagery(folder.path());
    // A shift of a hundredth of a pixel is warped, and the nearest pixel is the same one.
    let near = Grid { west: grid.west + 0.1, ..grid.clone() };
    let gridded = GriddedImagery::new(found.imagery, near.clone(), Resampling::Nearest);
    assert!(same(&read(&gridded, near.window()), &values));
}

#[test]
fn an_average_is_that_of_the_pixels_below() {
    let folder = tempfile::tempdir().expect("a folder");
    let (grid, values) = (utm(60, 60), noise(60, 60));
    write(&folder.path().join("a_20200102.tif"), &grid, &values, options());
    let coarse = Grid { step_x: 30.0, step_y: 30.0, ..utm(20, 20) };
    let gridded = GriddedImagery::new(imagery(folder.path()).imagery, coarse.clone(), Resampling::Average);
    let read = read(&gridded, coarse.window());
    for ((y, x), v) in read.indexed_iter() {
        let mean = values.slice(ndarray::s![3 * y..3 * y + 3, 3 * x..3 * x + 3]).mean().expect("nine values");
        assert!((v - mean).abs() < 1e-3, "{y} {x}: {v} {mean}");
    }
}

#[test]
fn the_grid_of_several_scenes_keeps_the_pixels_of_the_finest() {
    let folder = tempfile::tempdir().expect("a folder");
    let fine = Grid { west: 500_005.0, north: 400_005.0, ..utm(20, 20) };
    write(&folder.path().join("a_20200102.tif"), &fine, &noise(20, 20), options());
    let coarse = Grid { step_x: 30.0, step_y: 30.0, ..utm(20, 20) };
    write(&folder.path().join("b_20200103.tif"), &coarse, &noise(20, 20), options());
    let found = imagery(folder.path());
    let (grid, why) = derive_grid(&found.imagery.scenes).expect("a grid");
    assert!(grid.aligned_window(&fine).is_some() && why.contains("EPSG:32618"), "{why}");
    assert_eq!((grid.west, grid.north, grid.rows, grid.cols), (499_995.0, 400_005.0, 61, 61));
}

#[test]
fn bands_without_names_are_never_guessed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a_20200102.tif");
    write(&path, &utm(9, 9), &noise(9, 9), RasterOptions { descriptions: vec!["Band 1".to_owned()], ..options() });
    let error = find(&[spec(r#"{"product": "geotiff", "path": "*.tif"}"#)], folder.path()).expect_err("nothing usable");
    assert_eq!(error.kind(), Kind::Nothing);
    assert!(error.to_string().contains("Band 1"), "{error}");
    let named = spec(r#"{"product": "geotiff", "path": "*.tif", "bands": {"red": 1}, "scale": 0.5}"#);
    let found = find(&[named], folder.path()).expect("a scene");
    assert_eq!(found.imagery.scenes[0].scaling(&red()).scale, 0.5);
    let beyond = spec(r#"{"product": "geotiff", "path": "*.tif", "bands": {"red": 2}}"#);
    assert!(find(&[beyond], folder.path()).is_err());
}

#[test]
fn a_landsat_folder_gives_its_numbers() {
    let Some(shared) = shared("a_landsat_folder_gives_its_numbers") else { return };
    let case = shared.join("cases/07_landsat_c2l2");
    let found = find(&[spec(r#"{"product": "landsat-c2-l2", "path": "."}"#)], &case).expect("a scene");
    assert!(found.skipped.is_empty(), "{:?}", found.skipped);
    let scene = &found.imagery.scenes[0];
    assert_eq!((scene.id.as_str(), scene.orbit), ("LC08_L2SP_008059_20191201_20200825_02_T1", Some(8)));
    assert_eq!((scene.sensor.id.as_str(), scene.generation.as_str()), ("landsat-oli", "20200825"));
    assert_eq!((scene.date.to_string().as_str(), scene.second), ("2019-12-01", Some(15 * 3600 + 13 * 60 + 51)));
    let scaling = scene.scaling(&red());
    assert_eq!((scaling.scale, scaling.offset), (2.75e-5, -0.2));
    let grid = scene.grid.clone();
    let file = RasterFile::open(found.imagery.file(found.imagery.source(0, &red()).expect("a layer").file)).expect("a raster");
    let stored = file.read_i64(1, grid.window(), -1).expect("numbers");
    let gridded = GriddedImagery::new(found.imagery.clone(), grid.clone(), Resampling::Bilinear);
    let mut reader = gridded.open().expect("a reader");
    let cube = reader.read(0, &[red(), Role::Qa, Role::Radsat], grid.window(), 0).expect("values");
    assert_eq!((cube.bands.len(), cube.layers.len()), (1, 2));
    for ((y, x), &number) in stored.indexed_iter() {
        let value = cube.values[[0, 0, y, x]];
        if number == 0 {
            assert!(value.is_nan());
        } else {
            assert_eq!(value, number as f32);
        }
    }
    let outside = reader.read(0, &[Role::Qa], Window { row: -2, col: -2, rows: 1, cols: 1 }, 0).expect("codes");
    assert_eq!(outside.quality[[0, 0, 0, 0]], 1);
}

#[test]
fn the_three_writings_of_landsat_metadata_agree() {
    let Some(shared) = shared("the_three_writings_of_landsat_metadata_agree") else { return };
    let id = "LC08_L2SP_008059_20191201_20200825_02_T1";
    let case = shared.join("cases/07_landsat_c2l2").join(id);
    let mut seen = Vec::new();
    for extension in ["txt", "xml", "json"] {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names(&case)
            .iter()
            .filter(|name| !name.contains("MTL") && !name.contains("json") || name.ends_with(&format!("_MTL.{extension}")))
        {
            std::fs::copy(case.join(name), folder.path().join(name)).expect("copied");
        }
        let found = find(&[spec(r#"{"product": "landsat-c2-l2", "path": "."}"#)], folder.path()).expect("a scene");
        let scene = &found.imagery.scenes[0];
        seen.push(format!("{} {:?} {:?} {:?}", scene.id, scene.second, scene.layers, scene.grid));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
}

#[test]
fn a_stack_of_a_ready_made_index_gives_one_scene_a_band() {
    let Some(shared) = shared("a_stack_of_a_ready_made_index_gives_one_scene_a_band") else { return };
    let case = shared.join("cases/01_bfastmonitor_tura");
    let text = r#"{"product": "stack", "bands": {"ndvi": "ndvi.tif"}, "dates": "dates.csv", "scale": 0.0001}"#;
    let found = find(&[spec(text)], &case).expect("scenes");
    let scenes = &found.imagery.scenes;
    assert_eq!(found.imagery.files().len(), 2);
    assert_eq!((scenes[0].date.to_string().as_str(), scenes[0].sensor.id.as_str()), ("1984-06-06", "LT5"));
    let (grid, _) = derive_grid(scenes).expect("a grid");
    assert_eq!((grid.rows, grid.cols), (148, 72));
    let last = scenes.len() - 1;
    let source = found.imagery.source(last, &"ndvi".parse().expect("a role")).expect("a layer");
    let file = RasterFile::open(found.imagery.file(source.file)).expect("a raster");
    let stored = file.read_i64(source.band, grid.window(), 0).expect("numbers");
    let gridded = GriddedImagery::new(found.imagery, grid.clone(), Resampling::Nearest);
    let mut reader = gridded.open().expect("a reader");
    let cube = reader.read(last, &["ndvi".parse().expect("a role")], grid.window(), 0).expect("values");
    for ((y, x), &number) in stored.indexed_iter() {
        let value = cube.values[[0, 0, y, x]];
        assert!(if number == -32768 { value.is_nan() } else { value == number as f32 });
    }
    assert_eq!(cube.scaling[0].scale, 0.0001);
}

#[test]
fn a_stack_with_scene_classes_masks_by_them() {
    let Some(shared) = shared("a_stack_with_scene_classes_masks_by_them") else { return };
    let case = shared.join("cases/03_nrt_sentinel2/romania_10m");
    let text = r#"{"product": "stack", "bands": {"red": "B4.tif", "nir": "B8.tif", "scl": "SCL.tif"},
        "dates": "dates.csv", "scale": 0.0001, "clear": [4, 5, 7], "sensor": "S2"}"#;
    let found = find(&[spec(text)], &case).expect("scenes");
    assert_eq!(found.imagery.scenes.len(), 140);
    let sensor = &found.imagery.scenes[0].sensor;
    assert!(sensor.masks[0].condition.holds(8) && !sensor.masks[0].condition.holds(4));
    let short = tempfile::tempdir().expect("a folder");
    std::fs::write(short.path().join("dates.csv"), "date\n2020-01-01\n").expect("written");
    let text = text.replace("dates.csv", &short.path().join("dates.csv").display().to_string());
    let error = find(&[spec(&text)], &case).expect_err("one date, 140 bands");
    assert!(error.to_string().contains("140") && error.to_string().contains("dates.csv"), "{error}");
}

#[test]
fn no_hostile_raster_gives_more_than_an_error() {
    let Some(shared) = shared("no_hostile_raster_gives_more_than_an_error") else { return };
    let corpus = shared.join("corpus");
    for folder in ["raster_bad", "raster_odd", "tiff_fuzz", "gdal_tiff", "vrt", "tiff_good"] {
        for name in names(&corpus.join(folder)) {
            let path = corpus.join(folder).join(&name);
            let Ok(file) = RasterFile::open(&path) else { continue };
            let rows = file.grid().rows.min(600);
            let window = Window { row: 0, col: 0, rows, cols: file.grid().cols.min(600) };
            assert_ne!(folder, "vrt", "{name} was opened");
            let _ = file.read(1, window);
        }
    }
}

#[test]
fn a_pixel_belongs_to_the_first_polygon_that_holds_its_centre() {
    let grid = utm(40, 40);
    let square = |west: f64, east: f64| -> geo_types::Geometry<f64> {
        let (mut x, mut y) = ([west, east, east, west, west], [399_900.0, 399_900.0, 399_700.0, 399_700.0, 399_900.0]);
        let projection = crs::GridProjection::new(&grid).expect("a projection");
        alert::Projection::to_lonlat(&projection, &mut x, &mut y).expect("coordinates");
        let ring = x.into_iter().zip(y).collect::<Vec<_>>();
        geo_types::Polygon::new(ring.into(), Vec::new()).into()
    };
    let shapes = vec![Some(square(500_104.0, 500_204.0)), None, Some(square(500_154.0, 500_306.0))];
    let features = alert::Features::new("zones", shapes);
    let zones = geoio::Zones::new(grid.clone(), &features).expect("zones");
    let whole = zones.open().read(grid.window()).expect("zones");
    // Centres lie at 5 m: from column 10 (105) to 19 (195), then to 30 (305).
    assert_eq!((whole[[9, 15]], whole[[10, 15]], whole[[29, 15]], whole[[30, 15]]), (0, 1, 1, 0));
    assert_eq!(
        (whole[[15, 9]], whole[[15, 10]], whole[[15, 19]], whole[[15, 20]], whole[[15, 30]], whole[[15, 31]]),
        (0, 1, 1, 3, 3, 0)
    );
    let mut reader = geoio::Eligibility::polygons(grid.clone(), &features).and_then(|e| e.open()).expect("a reader");
    for strip in grid.strips(7) {
        let part = reader.read(strip).expect("a plane");
        for ((y, x), &inside) in part.indexed_iter() {
            assert_eq!(inside, whole[[y + strip.row as usize, x]] > 0);
        }
    }
}

#[test]
fn only_the_named_codes_of_a_raster_are_eligible() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, grid) = (folder.path().join("forest.tif"), utm(20, 20));
    let codes = Array2::from_shape_fn((20, 20), |(_, x)| (x % 4) as u8);
    let options = RasterOptions::codes(&["cover"]).nodata(3.0);
    let mut writer = RasterWriter::<u8>::create(&path, &grid, options, false).expect("a writer");
    writer.write(0, grid.window(), codes.view()).expect("written");
    writer.finish().expect("finished");
    let read = |classes: Vec<i64>| {
        let plane = geoio::Eligibility::raster(path.clone(), 1, classes, grid.clone()).expect("a plane");
        plane.open().and_then(|mut reader| reader.read(grid.window().grow(1))).expect("a plane")
    };
    let (named, any) = (read(vec![2]), read(Vec::new()));
    assert!(!named[[0, 3]], "outside the file nothing is eligible");
    for x in 0..20 {
        assert_eq!(named[[5, x + 1]], x % 4 == 2);
        assert_eq!(any[[5, x + 1]], matches!(x % 4, 1 | 2));
    }
    assert!(geoio::Eligibility::raster(path.clone(), 2, Vec::new(), grid).is_err());
}

#[test]
fn a_picture_reads_back_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let pixels = ndarray::Array3::from_shape_fn((3, 9, 7), |(b, y, x)| (b * 80 + y * 7 + x) as u8);
    geoio::write_png(&path, &pixels.view(), false).expect("written");
    assert!(std::fs::read(&path).expect("bytes").starts_with(b"\x89PNG"));
    assert_eq!(names(folder.path()), ["a.png"]);
    assert!(matches!(geoio::write_png(&path, &pixels.view(), false), Err(GeoioError::Exists { .. })));
}

#[test]
fn codes_with_classes_keep_their_names_in_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, grid) = (folder.path().join("a.tif"), utm(600, 600));
    let classes = vec![geoio::RasterClass { code: 1, name: "loss".to_owned(), colour: [255, 0, 0, 255] }];
    let options = RasterOptions { classes, scaling: None, ..RasterOptions::codes(&["loss"]).nodata(255.0) };
    let mut writer = RasterWriter::<u8>::create(&path, &grid, options, false).expect("a writer");
    for strip in grid.strips(512) {
        writer.write(0, strip, Array2::from_elem((strip.rows, strip.cols), 1).view()).expect("written");
    }
    writer.finish().expect("finished");
    assert_eq!(names(folder.path()), ["a.tif"]);
    let file = RasterFile::open(&path).expect("a raster");
    assert_eq!((file.bands()[0].data_type.as_str(), file.bands()[0].nodata), ("Byte", Some(255.0)));
    assert!(file.read_i64(1, grid.window(), 0).expect("codes").iter().all(|code| *code == 1));
}

#[test]
fn a_south_up_file_equals_its_north_up_twin() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a_20200102.tif");
    let values = noise(30, 20);
    {
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").expect("a driver");
        let mut dataset = driver.create_with_band_type::<f32, _>(&path, 20, 30, 1).expect("a file");
        dataset.set_geo_transform(&[500_000.0, 10.0, 0.0, 399_700.0, 0.0, 10.0]).expect("a place");
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(32618).expect("a system")).expect("a system");
        let upside_down = values.slice(ndarray::s![..;-1, ..]).iter().copied().collect();
        let mut buffer = gdal::raster::Buffer::new((20, 30), upside_down);
        dataset.rasterband(1).expect("a band").write((0, 0), (20, 30), &mut buffer).expect("written");
    }
    let file = RasterFile::open(&path).expect("a raster");
    assert_eq!(*file.grid(), utm(30, 20));
    assert!(same(&file.read(1, file.grid().window()).expect("values"), &values));
    let part = Window { row: 3, col: 2, rows: 5, cols: 4 };
    assert!(same(&file.read(1, part).expect("values"), &values.slice(ndarray::s![3..8, 2..6]).to_owned()));
}

#[test]
fn signed_numbers_of_8_bits_keep_their_sign() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.tif");
    let grid = utm(2, 3);
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::codes(&["index"]) };
    let mut writer = RasterWriter::<u8>::create(&path, &grid, options, false).expect("a writer");
    writer.write(0, grid.window(), ndarray::arr2(&[[0_u8, 1, 127], [128, 200, 255]]).view()).expect("written");
    writer.finish().expect("finished");
    // The tag SampleFormat: one short, 1 = unsigned, 2 = signed.
    let mut bytes = std::fs::read(&path).expect("bytes");
    let entry = [0x53, 1, 3, 0, 1, 0, 0, 0, 1, 0];
    let at = bytes.windows(10).position(|window| window == entry).expect("the tag");
    bytes[at + 8] = 2;
    std::fs::write(&path, bytes).expect("written");
    let file = RasterFile::open(&path).expect("a raster");
    assert_eq!(file.bands()[0].data_type, "Int8");
    let signed = ndarray::arr2(&[[0.0_f32, 1.0, 127.0], [-128.0, -56.0, -1.0]]);
    assert_eq!(file.read(1, grid.window()).expect("pixels"), signed);
    assert_eq!(file.read_f64(1, grid.window()).expect("pixels"), signed.mapv(f64::from));
    assert_eq!(file.read_i64(1, grid.window(), 0).expect("pixels"), signed.mapv(|v| v as i64));
    let window = Window { row: 1, col: 0, rows: 1, cols: 4 };
    let edge = file.read(1, window).expect("pixels");
    assert!(same(&edge, &ndarray::arr2(&[[-128.0, -56.0, -1.0, f32::NAN]])));
}

/// Every option that changes how blocks are stored, over pixels that pack as far as a codec can go.
#[test]
fn what_gdal_writes_is_never_taken_for_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").expect("the driver");
    let codecs = ["NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS", "JPEG"];
    let forms = [
        "TILED=NO",
        "TILED=YES,BLOCKXSIZE=1024,BLOCKYSIZE=1024",
        "BLOCKYSIZE=1500",
        "BIGTIFF=YES,SPARSE_OK=TRUE",
        "ENDIANNESS=BIG",
    ];
    for (codec, form, interleave) in combinations(&codecs, &forms) {
        let path = folder.path().join(format!("{codec}-{form}-{interleave}.tif"));
        let words = format!("COMPRESS={codec},INTERLEAVE={interleave},{form}");
        let mut options = gdal::cpl::CslStringList::new();
        for word in words.split(',') {
            let (name, value) = word.split_once('=').expect("an option");
            options.set_name_value(name, value).expect("an option");
        }
        let dataset = driver.create_with_band_type_with_options::<u8, _>(&path, 1500, 1500, 3, &options).expect("a file");
        if !form.contains("SPARSE") {
            for band in 1..=3 {
                let mut pixels = gdal::raster::Buffer::new((1500, 1500), vec![0_u8; 1500 * 1500]);
                dataset.rasterband(band).expect("a band").write((0, 0), (1500, 1500), &mut pixels).expect("written");
            }
        }
        dataset.close().expect("closed");
        let opened = open::open_raster(&path);
        assert!(opened.is_ok(), "{words}: {}", opened.err().map(|error| error.to_string()).unwrap_or_default());
    }
}

fn combinations<'a>(codecs: &'a [&'a str], forms: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    codecs.iter().flat_map(move |codec| forms.iter().flat_map(move |form| ["PIXEL", "BAND"].map(|how| (*codec, *form, how))))
}

#[test]
fn no_raster_of_the_reference_data_is_taken_for_cut() {
    let Some(shared) = shared("no_raster_of_the_reference_data_is_taken_for_cut") else { return };
    let mut folders = vec![shared.join("cases")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tif")) {
                let opened = open::open_raster(&path);
                assert!(opened.is_ok(), "{}", opened.err().map(|error| error.to_string()).unwrap_or_default());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "there are rasters among the cases");
}
