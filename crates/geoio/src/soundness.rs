//! Whether every block of a raster file is what its writer packed.
//!
//! Reading finds most damage, not all: libtiff takes a DEFLATE block whose damage makes it longer than its pixels without a look
//! at its checksum. Here each block is unpacked to its end, where the checksum stands (zlib, RFC 1950).

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::ZlibDecoder;
use gdal::{Dataset, Metadata};
use libdeflater::Decompressor;
use raster::Window;

use crate::tiff::MAX_BLOCK_BYTES;
use crate::{GeoioError, RasterFile, archive, cube, open};

/// Reads every block of a raster file, and checks the checksum of each that has one (DEFLATE in TIFF).
///
/// LZW, ZSTD and unpacked blocks carry none: of those only what the codec notices is found.
///
/// # Errors
/// [`GeoioError::Read`] at the first damaged block, or what [`RasterFile::open`] gives.
pub fn check_blocks(path: &Path) -> Result<(), GeoioError> {
    if cube::is_named(path) {
        return check_chunks(path);
    }
    let dataset = open::open_raster(path)?;
    let deflated = dataset.metadata_item("COMPRESSION", "IMAGE_STRUCTURE").as_deref() == Some("DEFLATE");
    // What stands in an archive has that one's checksum, which is compared where a member is read to its end.
    if deflated && archive::split(path).is_none() {
        return check_sums(&dataset, path);
    }
    drop(dataset);
    let file = RasterFile::open(path)?;
    for band in 1..=file.bands().len() {
        for strip in file.grid().strips(512) {
            file.read(band, strip)?;
        }
    }
    Ok(())
}

/// Unpacks every chunk of a cube: those that hold several images once.
fn check_chunks(path: &Path) -> Result<(), GeoioError> {
    let file = RasterFile::open(path)?;
    let block = file.bands()[0].block;
    for part in file.grid().window().blocks(block.0, block.1) {
        for band in 1..=file.bands().len() {
            file.read(band, part)?;
        }
    }
    Ok(())
}

fn check_sums(dataset: &Dataset, path: &Path) -> Result<(), GeoioError> {
    let mut file = File::open(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    let (cols, rows) = dataset.raster_size();
    let beside = dataset.metadata_item("INTERLEAVE", "IMAGE_STRUCTURE").as_deref() == Some("PIXEL");
    for number in 1..=dataset.raster_count() {
        let damaged = |window: Window, reason: String| GeoioError::Read { path: path.to_owned(), band: number, window, reason };
        let whole = Window { row: 0, col: 0, rows, cols };
        let band = dataset.rasterband(number).map_err(|error| damaged(whole, crate::error::reason(&error)))?;
        let (width, height) = band.block_size();
        let pixel = usize::from(band.band_type().bytes()) * if beside { dataset.raster_count() } else { 1 };
        let mut block_bytes = vec![0; (width * height * pixel).min(MAX_BLOCK_BYTES as usize)];
        for y in 0..rows.div_ceil(height) {
            for x in 0..cols.div_ceil(width) {
                let place =
                    |key: &str| band.metadata_item(&format!("{key}_{x}_{y}"), "TIFF").and_then(|text| text.parse::<u64>().ok());
                // A block that was never written has no place; it holds nodata.
                let (Some(offset), Some(size)) = (place("BLOCK_OFFSET"), place("BLOCK_SIZE")) else { continue };
                let block = Window { row: (y * height) as isize, col: (x * width) as isize, rows: height, cols: width };
                unpack(&mut file, offset, size, &mut block_bytes)
                    .map_err(|error| damaged(block, format!("its checksum is wrong ({error})")))?;
            }
        }
    }
    Ok(())
}

/// Unpacks one block to its end, where the checksum is compared; `pixels` has room for those of a whole one.
fn unpack(file: &mut File, offset: u64, size: u64, pixels: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    let mut packed = Vec::new();
    file.take(size).read_to_end(&mut packed)?;
    if Decompressor::new().zlib_decompress(&packed, pixels).is_ok() {
        return Ok(());
    }
    // A slower reader has no limit of pixels, and says what is wrong.
    io::copy(&mut ZlibDecoder::new(packed.as_slice()), &mut io::sink()).map(|_| ())
}
