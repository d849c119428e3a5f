//! A look at a TIFF's first directory before GDAL gets to see the file.
//!
//! A directory of a hundred bytes may claim terabytes, and GDAL believes it until a block is read: by then an output of that
//! size has been begun. Here every block of the first image must lie within the file and be able to unpack to the pixels it is
//! to hold. What is no TIFF, or leaves the rules in a way that is not looked at here, passes: GDAL tells what it is.

mod directory;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use raster::Window;

use crate::GeoioError;
use directory::{Directory, Field};

/// Largest block (tile or strip) that is decoded: a file may claim one of many gigabytes.
pub(crate) const MAX_BLOCK_BYTES: u64 = 1 << 29;

/// Blocks whose places are read at once.
const CHUNK: u64 = 8192;

/// Checks the first directory of a TIFF (TIFF 6.0, `BigTIFF`); another format passes.
///
/// # Errors
/// [`GeoioError::Open`] for a directory that the file cannot hold, [`GeoioError::Read`] for a block that is not all there.
pub(crate) fn check(path: &Path) -> Result<(), GeoioError> {
    let input = |source| GeoioError::Input { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(input)?;
    let length = file.metadata().map_err(input)?.len();
    match flaw(&mut file, length).map_err(input)? {
        None => Ok(()),
        Some(Flaw::Whole(reason)) => Err(GeoioError::Open { path: path.to_owned(), expected: "a raster".to_owned(), reason }),
        Some(Flaw::Block { band, window, reason }) => Err(GeoioError::Read { path: path.to_owned(), band, window, reason }),
    }
}

/// What cannot be right.
#[derive(Debug, PartialEq)]
pub(crate) enum Flaw {
    /// Of the directory.
    Whole(String),
    /// Of one block.
    Block { band: usize, window: Window, reason: String },
}

fn flaw(source: &mut (impl Read + Seek), length: u64) -> io::Result<Option<Flaw>> {
    let directory = match Directory::read(source, length)? {
        Ok(Some(directory)) => directory,
        Ok(None) => return Ok(None),
        Err(reason) => return Ok(Some(Flaw::Whole(reason))),
    };
    let Some(layout) = Layout::of(&directory, source)? else { return Ok(None) };
    if layout.tiled && layout.unpacked(0) > MAX_BLOCK_BYTES {
        let Layout { block_cols, block_rows, samples, .. } = layout;
        let reason = format!("it is stored in tiles of {block_cols} x {block_rows} pixels of {samples} bands; tile it smaller");
        return Ok(Some(Flaw::Whole(reason)));
    }
    if layout.compression == PLAIN && directory.first(source, 317)?.is_some_and(|predictor| predictor > 1) {
        let reason = "it says that it holds differences (predictor) without compression, which some readers take for values \
                      and some do not; write it again with compression";
        return Ok(Some(Flaw::Whole(reason.to_owned())));
    }
    let lists = if layout.tiled { (324, 325) } else { (273, 279) };
    let Some(offsets) = directory.field(lists.0) else { return Ok(None) };
    let counts = directory.field(lists.1);
    for list in [Some(offsets), counts].into_iter().flatten() {
        if !directory.holds(list, length) {
            return Ok(Some(Flaw::Whole("the list of its blocks lies beyond the file's end: it is cut".to_owned())));
        }
    }
    blocks(source, &directory, &layout, offsets, counts, length)
}

/// The first block that is not all there.
fn blocks(
    source: &mut (impl Read + Seek),
    directory: &Directory,
    layout: &Layout,
    offsets: &Field,
    counts: Option<&Field>,
    length: u64,
) -> io::Result<Option<Flaw>> {
    let number = offsets.count.min(layout.blocks());
    for first in (0..number).step_by(CHUNK as usize) {
        let many = CHUNK.min(number - first);
        let places = directory.values(source, offsets, first, many)?;
        let sizes = match counts {
            Some(counts) => directory.values(source, counts, first, many.min(counts.count.saturating_sub(first)))?,
            None => Vec::new(),
        };
        for (at, place) in (first..).zip(places) {
            let size = sizes.get((at - first) as usize).copied();
            if let Some(reason) = layout.missing(at, place, size, length) {
                return Ok(Some(Flaw::Block { band: layout.band(at), window: layout.window(at), reason }));
            }
        }
    }
    Ok(None)
}

/// How the pixels of an image are cut into blocks.
#[derive(Debug)]
struct Layout {
    cols: u64,
    rows: u64,
    tiled: bool,
    block_cols: u64,
    block_rows: u64,
    /// Samples of a pixel within a block.
    samples: u64,
    /// Sets of blocks: as many as bands where each band has its own.
    planes: u64,
    bits: u64,
    compression: u64,
    /// Colours at fewer points than brightness: a block holds fewer samples than pixels.
    subsampled: bool,
}

/// No compression.
const PLAIN: u64 = 1;

impl Layout {
    /// `None` where the directory does not say it in the common way.
    fn of(directory: &Directory, source: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let mut one = |tag: u16| directory.first(source, tag);
        let (Some(cols), Some(rows)) = (one(256)?, one(257)?) else { return Ok(None) };
        let tile = (one(322)?, one(323)?);
        let tiled = directory.field(324).is_some();
        let (block_cols, block_rows) = match tile {
            (Some(width), Some(height)) if tiled => (width, height),
            _ if tiled => return Ok(None),
            _ => (cols, one(278)?.unwrap_or(rows).min(rows)),
        };
        let samples = one(277)?.unwrap_or(1);
        let apart = one(284)? == Some(2);
        let layout = Self {
            cols,
            rows,
            tiled,
            block_cols,
            block_rows,
            samples: if apart { 1 } else { samples },
            planes: if apart { samples } else { 1 },
            bits: one(258)?.unwrap_or(1),
            compression: one(259)?.unwrap_or(PLAIN),
            subsampled: one(262)? == Some(6),
        };
        Ok([cols, rows, block_cols, block_rows, samples].iter().all(|size| *size > 0).then_some(layout))
    }

    fn across(&self) -> u64 {
        self.cols.div_ceil(self.block_cols)
    }

    fn in_plane(&self) -> u64 {
        self.across().saturating_mul(self.rows.div_ceil(self.block_rows))
    }

    fn blocks(&self) -> u64 {
        self.in_plane().saturating_mul(self.planes)
    }

    fn band(&self, block: u64) -> usize {
        (block / self.in_plane()) as usize + 1
    }

    fn window(&self, block: u64) -> Window {
        let place = block % self.in_plane();
        let (row, col) = (place / self.across() * self.block_rows, place % self.across() * self.block_cols);
        Window { row: row as isize, col: col as isize, rows: self.block_rows as usize, cols: self.block_cols as usize }
    }

    /// Bytes of a block's pixels. The last strip is as short as the image; tiles are whole.
    fn unpacked(&self, block: u64) -> u64 {
        let first = block % self.in_plane() / self.across() * self.block_rows;
        let rows = if self.tiled { self.block_rows } else { self.block_rows.min(self.rows - first) };
        let row = self.block_cols.saturating_mul(self.samples).saturating_mul(self.bits).div_ceil(8);
        row.saturating_mul(rows)
    }

    /// Why a block cannot hold its pixels; `None` where it may, or where it was never written.
    fn missing(&self, block: u64, place: u64, size: Option<u64>, length: u64) -> Option<String> {
        let pixels = self.unpacked(block);
        // libtiff works out the size of a lone strip that is not packed, whatever is said of it.
        let alone = self.compression == PLAIN && !self.tiled && self.blocks() == 1;
        let stored = match size {
            _ if place == 0 => return None,
            _ if self.subsampled && self.compression == PLAIN => return None,
            _ if alone => pixels,
            None if self.compression == PLAIN => pixels,
            Some(0) | None => return None,
            // Some writers round the sizes of plain blocks up, beyond the file's end.
            Some(size) if self.compression == PLAIN => size.min(pixels),
            Some(size) => size,
        };
        if place.saturating_add(stored) > length {
            let there = length.saturating_sub(place);
            return Some(format!("its block of {stored} bytes is cut, the file holds {there} of them"));
        }
        let most = self.expansion()?.saturating_mul(stored);
        (pixels > most).then(|| format!("its block of {stored} bytes cannot unpack to {pixels}"))
    }

    /// More bytes than a codec can ever make of one; `None` where nothing bounds it.
    fn expansion(&self) -> Option<u64> {
        match self.compression {
            // A string of the LZW table has no more than 4096 bytes and a code no less than 9 bits.
            5 => Some(4096),
            // DEFLATE: 258 bytes from 2 bits.
            8 | 32_946 => Some(1032 + 1),
            // PackBits: 128 bytes from 2.
            32_773 => Some(64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
