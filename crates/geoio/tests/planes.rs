//! Several layers read together, on files made here.

use std::path::Path;

use geoio::{GriddedImagery, ImagerySpec, PlaneSpec, RasterFile, Resampling, StackSpec, crs};
use raster::{Grid, RasterSource as _, Role, Window};

fn utm(rows: usize, cols: usize) -> Grid {
    let crs = crs::crs("EPSG:32618").expect("a system");
    Grid { crs, west: 500_000.0, north: 400_000.0, step_x: 10.0, step_y: 10.0, rows, cols }
}

/// The numbers of a file of several bands by way of its imagery, over windows that cut its blocks.
#[test]
fn bands_side_by_side_read_as_each_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").expect("a driver");
    let (rows, cols, bands) = (150, 170, 5);
    let dates: Vec<String> = (1..=bands).map(|day| format!("2020-01-{day:02}")).collect();
    let table = folder.path().join("dates.csv");
    std::fs::write(&table, format!("date\n{}\n", dates.join("\n"))).expect("a table");
    let forms = [
        ("Int16", "COMPRESS=ZSTD,PREDICTOR=2,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=48"),
        ("Int16", "COMPRESS=DEFLATE,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64"),
        ("Int16", "COMPRESS=LZW,PREDICTOR=2,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64"),
        ("Int16", "COMPRESS=DEFLATE,TILED=NO,BLOCKYSIZE=7"),
        ("Int16", "COMPRESS=ZSTD,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64,ENDIANNESS=BIG"),
        ("UInt16", "COMPRESS=NONE,TILED=YES,BLOCKXSIZE=32,BLOCKYSIZE=32"),
        ("Byte", "COMPRESS=ZSTD,PREDICTOR=2,TILED=YES,BLOCKXSIZE=256,BLOCKYSIZE=256"),
        ("Float32", "COMPRESS=ZSTD,PREDICTOR=3,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64"),
        ("Float32", "COMPRESS=DEFLATE,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64"),
        ("Float64", "COMPRESS=DEFLATE,TILED=YES,BLOCKXSIZE=64,BLOCKYSIZE=64"),
    ];
    for (kind, form) in forms {
        let path = folder.path().join("stack.tif");
        let mut options = gdal::cpl::CslStringList::new();
        for word in form.split(',').chain(["INTERLEAVE=PIXEL"]) {
            let (name, value) = word.split_once('=').expect("an option");
            options.set_name_value(name, value).expect("an option");
        }
        let mut dataset = match kind {
            "Byte" => driver.create_with_band_type_with_options::<u8, _>(&path, cols, rows, bands, &options),
            "UInt16" => driver.create_with_band_type_with_options::<u16, _>(&path, cols, rows, bands, &options),
            "Int16" => driver.create_with_band_type_with_options::<i16, _>(&path, cols, rows, bands, &options),
            "Float64" => driver.create_with_band_type_with_options::<f64, _>(&path, cols, rows, bands, &options),
            _ => driver.create_with_band_type_with_options::<f32, _>(&path, cols, rows, bands, &options),
        }
        .expect("a file");
        dataset.set_geo_transform(&utm(rows, cols).geo_transform()).expect("a place");
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(32_618).expect("a system")).expect("a system");
        for band in 1..=bands {
            let number = |i: usize| ((i * 31 + band * 17) % 251) as f64;
            let mut pixels = gdal::raster::Buffer::new((cols, rows), (0..rows * cols).map(number).collect::<Vec<f64>>());
            let mut band = dataset.rasterband(band).expect("a band");
            band.set_no_data_value(Some(7.0)).expect("a number");
            band.write((0, 0), (cols, rows), &mut pixels).expect("written");
        }
        dataset.close().expect("closed");
        let (file, grid) = (RasterFile::open(&path).expect("a file"), utm(rows, cols));
        let role = Role::Index("value".to_owned());
        let spec = ImagerySpec::Stack(StackSpec {
            bands: [(role.clone(), path.clone())].into(),
            dates: Some(table.clone()),
            sensor: None,
            platform: None,
            orbit: None,
            scale: Some(0.5),
            offset: Some(3.0),
            nodata: None,
            qa: None,
            clear: None,
        });
        let found = geoio::find(&[spec], Path::new("")).expect("a stack");
        let source = GriddedImagery::new(found.imagery, grid.clone(), Resampling::Nearest);
        let mut reader = source.open().expect("a reader");
        for window in [
            grid.window(),
            Window { row: 64, col: 64, rows: 64, cols: 64 },
            Window { row: 13, col: 61, rows: 40, cols: 9 },
            Window { row: 149, col: 169, rows: 1, cols: 1 },
            Window { row: 140, col: -4, rows: 20, cols: 30 },
        ] {
            let scenes: Vec<usize> = [4, 0, 2].into_iter().collect();
            let plane = |scene: &usize| PlaneSpec {
                scaling: source.scenes()[*scene].scaling(&role),
                off: 1.0,
                ..PlaneSpec::stored(*scene, &role)
            };
            let layers: Vec<PlaneSpec<'_>> = scenes.iter().map(plane).collect();
            let mut numbers = vec![vec![0.0; window.pixels()]; layers.len()];
            let mut planes: Vec<&mut [f32]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
            reader.read_planes(&layers, window, &mut planes).expect("values");
            for (scene, numbers) in scenes.iter().zip(&numbers) {
                let alone = file.read(scene + 1, window).expect("values");
                let expected: Vec<f32> = alone.iter().map(|stored| (f64::from(*stored) * 0.5 + 3.0 - 1.0) as f32).collect();
                let same = numbers.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan());
                assert!(same, "{kind} {form}: band {} of {window:?}", scene + 1);
                assert!(expected.iter().any(|value| value.is_nan()) || window.pixels() < 300, "some pixels are no value");
            }
        }
    }
}
