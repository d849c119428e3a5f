//! Rasters in and out, on files made here and on real ones.

mod support;

use std::path::Path;

use geoio::{Compression, GeoioError, Kind, RasterFile, RasterFormat, RasterOptions, RasterWriter, open};
use ndarray::Array2;
use raster::{RasterSink, Window};
use support::rasters::{names, noise, options, same, shared, utm, write};

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
