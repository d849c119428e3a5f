//! Scenes on a grid, and what of it is eligible.

#![expect(clippy::float_cmp, reason = "stored numbers are exact in f32")]

mod support;

use std::path::Path;

use geoio::{GriddedImagery, Kind, RasterFile, RasterOptions, RasterWriter, Resampling, crs, derive_grid, find};
use ndarray::Array2;
use raster::{Band, Grid, RasterReader, RasterSink, RasterSource, Role, Window};
use support::rasters::{names, noise, options, same, shared, spec, utm, write};

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
