use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use libdeflater::Decompressor;
use raster::Window;

use super::directory::Directory;

/// Pixels of a band that are written at a time where bands lie side by side.
const PIXELS: usize = 16;

/// Tiles above which a list of them is not held.
const MOST_TILES: u64 = 1 << 22;

/// The tiles of a TIFF's first image, unpacked past GDAL: straight into the array that is wanted, without its cache between, and sums
/// of differences by a loop that is several times as fast as libtiff's.
///
/// Only the common forms are taken: least byte first, numbers of 8, 16 or 32 bits, DEFLATE, ZSTD or no packing. Whatever is not there
/// or not as it should be gives `None`: then GDAL reads it, and says what is wrong.
pub(crate) struct Tiles {
    file: File,
    size: (usize, usize),
    tile: (usize, usize),
    bands: usize,
    /// Numbers of a pixel that lie side by side in a tile: 1 where each band has tiles of its own.
    beside: usize,
    number: Number,
    packing: Packing,
    predictor: Predictor,
    offsets: Vec<u64>,
    sizes: Vec<u64>,
    packed: Vec<u8>,
    bytes: Vec<u8>,
    /// The tile whose bytes these are.
    unpacked: Option<usize>,
}

/// Types of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    U8,
    U16,
    I16,
    F32,
}

enum Packing {
    Plain,
    Deflate(Decompressor),
    Zstd(zstd::bulk::Decompressor<'static>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Predictor {
    None,
    Differences,
    Floating,
}

impl std::fmt::Debug for Tiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tiles").field("size", &self.size).field("tile", &self.tile).finish_non_exhaustive()
    }
}

impl Tiles {
    /// Opens a file; `None` where it is not of a common form.
    pub(crate) fn open(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let directory = Directory::read(&mut file, length).ok()?.ok()??;
        let mut one = |tag: u16| directory.first(&mut file, tag).ok().flatten();
        let (rows, cols) = (one(257)?, one(256)?);
        let (tile_rows, tile_cols) = (one(323)?, one(322)?);
        let samples = one(277).unwrap_or(1);
        let (bits, kind) = (one(258)?, one(339).unwrap_or(1));
        let number = match (bits, kind) {
            (8, 1) => Number::U8,
            (16, 1) => Number::U16,
            (16, 2) => Number::I16,
            (32, 3) => Number::F32,
            _ => return None,
        };
        let packing = match one(259).unwrap_or(1) {
            1 => Packing::Plain,
            8 | 32_946 => Packing::Deflate(Decompressor::new()),
            50_000 => Packing::Zstd(zstd::bulk::Decompressor::new().ok()?),
            _ => return None,
        };
        let predictor = match (one(317).unwrap_or(1), number) {
            (1, _) => Predictor::None,
            (2, Number::U8 | Number::U16 | Number::I16) => Predictor::Differences,
            (3, Number::F32) => Predictor::Floating,
            _ => return None,
        };
        let beside = if one(284) == Some(2) { 1 } else { samples };
        let common = !directory.is_big_endian()
            && one(266).unwrap_or(1) == 1
            && one(262) != Some(6)
            && [rows, cols, tile_rows, tile_cols, samples].iter().all(|size| (1..1 << 31).contains(size))
            && (tile_rows * tile_cols).checked_mul(beside)? <= super::MAX_BLOCK_BYTES / 4;
        let planes = samples / beside.max(1);
        let tiles = rows.div_ceil(tile_rows.max(1)).checked_mul(cols.div_ceil(tile_cols.max(1)))?.checked_mul(planes)?;
        if !common || tiles > MOST_TILES {
            return None;
        }
        let mut list = |tag: u16| {
            let field = directory.field(tag).filter(|field| field.count == tiles && directory.holds(field, length))?;
            directory.values(&mut file, field, 0, tiles).ok()
        };
        let (offsets, sizes) = (list(324)?, list(325)?);
        let [rows, cols, tile_rows, tile_cols, bands, beside] =
            [rows, cols, tile_rows, tile_cols, samples, beside].map(|size| size as usize);
        Some(Self {
            file,
            size: (rows, cols),
            tile: (tile_rows, tile_cols),
            bands,
            beside,
            number,
            packing,
            predictor,
            offsets,
            sizes,
            packed: Vec::new(),
            bytes: Vec::new(),
            unpacked: None,
        })
    }

    /// Rows and columns of the image, and its bands.
    pub(crate) fn shape(&self) -> (usize, usize, usize) {
        (self.size.0, self.size.1, self.bands)
    }

    /// The numbers of a band (1 is the first) over a window of whole tiles, each made into what `to` gives.
    pub(crate) fn read_f32(&mut self, band: usize, window: Window, out: &mut [f32], to: impl Fn(f32) -> f32) -> Option<()> {
        match self.number {
            Number::U8 => self.read(band, window, out, |v: u8| to(f32::from(v))),
            Number::U16 => self.read(band, window, out, |v: u16| to(f32::from(v))),
            Number::I16 => self.read(band, window, out, |v: i16| to(f32::from(v))),
            Number::F32 => self.read(band, window, out, to),
        }
    }

    /// The bytes of a band of bytes over a window of whole tiles.
    pub(crate) fn read_u8(&mut self, band: usize, window: Window, out: &mut [u8]) -> Option<()> {
        (self.number == Number::U8).then(|| self.read(band, window, out, |v: u8| v))?
    }

    fn read<N: Stored, O>(&mut self, band: usize, window: Window, out: &mut [O], to: impl Fn(N) -> O) -> Option<()> {
        let ((rows, cols), (tile_rows, tile_cols)) = (self.size, self.tile);
        let (row, col) = (usize::try_from(window.row).ok()?, usize::try_from(window.col).ok()?);
        let whole = |first: usize, size: usize, tile: usize, all: usize| {
            first.is_multiple_of(tile) && (first + size == all || first + size < all && (first + size).is_multiple_of(tile))
        };
        let is_tiled = whole(row, window.rows, tile_rows, rows) && whole(col, window.cols, tile_cols, cols);
        if !is_tiled || out.len() != window.pixels() || !(1..=self.bands).contains(&band) || self.beside > 1 {
            return None;
        }
        let (down, across) = (rows.div_ceil(tile_rows), cols.div_ceil(tile_cols));
        let mut numbers = vec![N::default(); tile_cols];
        for tile_row in row / tile_rows..(row + window.rows).div_ceil(tile_rows) {
            for tile_col in col / tile_cols..(col + window.cols).div_ceil(tile_cols) {
                self.unpack(((band - 1) * down + tile_row) * across + tile_col, tile_rows * tile_cols * N::BYTES)?;
                let (top, left) = (tile_row * tile_rows - row, tile_col * tile_cols - col);
                let (high, wide) = (tile_rows.min(window.rows - top), tile_cols.min(window.cols - left));
                for (line, bytes) in self.bytes.chunks_exact(tile_cols * N::BYTES).take(high).enumerate() {
                    match self.predictor {
                        Predictor::None => N::plain(bytes, &mut numbers),
                        Predictor::Differences => N::sums(bytes, 1, &mut numbers),
                        Predictor::Floating => N::floating(bytes, 1, &mut numbers),
                    }
                    let at = (top + line) * window.cols + left;
                    out[at..at + wide].iter_mut().zip(&numbers).for_each(|(out, number)| *out = to(*number));
                }
            }
        }
        Some(())
    }

    /// The numbers of bands that lie side by side, over a window within the image, shape (rows, cols) each; a tile is unpacked once
    /// for all of them. Plane `i` holds the band `bands[i]`, the first is 1, some numbers at a time by way of `turn(i, numbers)`.
    pub(crate) fn read_beside(
        &mut self,
        bands: &[usize],
        window: Window,
        planes: &mut [&mut [f32]],
        turn: impl Fn(usize, &mut [f32]),
    ) -> Option<()> {
        match self.number {
            Number::U8 => self.part::<u8>(bands, window, planes, turn),
            Number::U16 => self.part::<u16>(bands, window, planes, turn),
            Number::I16 => self.part::<i16>(bands, window, planes, turn),
            Number::F32 => self.part::<f32>(bands, window, planes, turn),
        }
    }

    fn part<N: Stored + Into<f32>>(
        &mut self,
        bands: &[usize],
        window: Window,
        planes: &mut [&mut [f32]],
        turn: impl Fn(usize, &mut [f32]),
    ) -> Option<()> {
        let ((rows, cols), (tile_rows, tile_cols), beside) = (self.size, self.tile, self.beside);
        let (row, col) = (usize::try_from(window.row).ok()?, usize::try_from(window.col).ok()?);
        let (south, east) = (row + window.rows, col + window.cols);
        let fits = bands.len() == planes.len() && planes.iter().all(|plane| plane.len() == window.pixels());
        let known = bands.iter().all(|band| (1..=beside).contains(band));
        if !fits || !known || south > rows || east > cols || window.pixels() == 0 {
            return None;
        }
        let mut numbers = vec![N::default(); tile_cols * beside];
        for tile_row in row / tile_rows..south.div_ceil(tile_rows) {
            for tile_col in col / tile_cols..east.div_ceil(tile_cols) {
                let line_bytes = numbers.len() * N::BYTES;
                self.unpack(tile_row * cols.div_ceil(tile_cols) + tile_col, tile_rows * line_bytes)?;
                let (top, left) = (tile_row * tile_rows, tile_col * tile_cols);
                let (first, end) = (left.max(col), east.min(left + tile_cols));
                for line in row.max(top)..south.min(top + tile_rows) {
                    let bytes = &self.bytes[(line - top) * line_bytes..][..line_bytes];
                    match self.predictor {
                        Predictor::None => N::plain(bytes, &mut numbers),
                        Predictor::Differences => N::sums(bytes, beside, &mut numbers),
                        Predictor::Floating => N::floating(bytes, beside, &mut numbers),
                    }
                    // A few pixels of all bands at a time: what is written of a band fills a line of the cache.
                    for pixel in (first..end).step_by(PIXELS) {
                        let many = PIXELS.min(end - pixel);
                        let at = (line - row) * window.cols + pixel - col;
                        let numbers = &numbers[(pixel - left) * beside..][..many * beside];
                        for (i, (band, plane)) in bands.iter().zip(planes.iter_mut()).enumerate() {
                            let stored = numbers[band - 1..].iter().step_by(beside);
                            let out = &mut plane[at..at + many];
                            out.iter_mut().zip(stored).for_each(|(out, number)| *out = (*number).into());
                            turn(i, out);
                        }
                    }
                }
            }
        }
        Some(())
    }

    /// Unpacks a tile of that many bytes, if it is not the last one still.
    fn unpack(&mut self, tile: usize, size: usize) -> Option<()> {
        if self.unpacked.take() == Some(tile) && self.bytes.len() == size {
            self.unpacked = Some(tile);
            return Some(());
        }
        let (offset, stored) = (*self.offsets.get(tile)?, usize::try_from(*self.sizes.get(tile)?).ok()?);
        if offset == 0 || stored == 0 || stored > 2 * size + 1024 {
            return None;
        }
        self.packed.resize(stored, 0);
        self.file.seek(SeekFrom::Start(offset)).ok()?;
        self.file.read_exact(&mut self.packed).ok()?;
        self.bytes.resize(size, 0);
        let unpacked = match &mut self.packing {
            Packing::Plain => {
                self.bytes.copy_from_slice(self.packed.get(..size)?);
                size
            }
            Packing::Deflate(inflate) => inflate.zlib_decompress(&self.packed, &mut self.bytes).ok()?,
            Packing::Zstd(decompressor) => decompressor.decompress_to_buffer(&self.packed, &mut self.bytes[..]).ok()?,
        };
        self.unpacked = (unpacked == size).then_some(tile);
        self.unpacked.map(|_| ())
    }
}

/// Numbers as they lie in a row of a tile, least byte first.
trait Stored: Copy + Default {
    const BYTES: usize;

    /// Numbers as they are.
    fn plain(bytes: &[u8], to: &mut [Self]);

    /// Sums of differences to the number so many before.
    fn sums(bytes: &[u8], beside: usize, to: &mut [Self]);

    /// Floating-point numbers whose bytes are sorted by weight and kept as differences to the byte so many before.
    fn floating(bytes: &[u8], beside: usize, to: &mut [Self]);
}

macro_rules! whole {
    ($($number:ident)*) => { $(
        impl Stored for $number {
            const BYTES: usize = size_of::<$number>();

            fn plain(bytes: &[u8], to: &mut [Self]) {
                for (to, bytes) in to.iter_mut().zip(bytes.chunks_exact(Self::BYTES)) {
                    *to = Self::from_le_bytes(bytes.try_into().expect("as many bytes as the number has"));
                }
            }

            fn sums(bytes: &[u8], beside: usize, to: &mut [Self]) {
                if beside > 1 {
                    Self::plain(bytes, to);
                    for first in (0..to.len().saturating_sub(beside)).step_by(beside) {
                        let (before, here) = to[first..].split_at_mut(beside);
                        here.iter_mut().zip(before).for_each(|(here, before)| *here = here.wrapping_add(*before));
                    }
                    return;
                }
                let mut sum: Self = 0;
                for (to, bytes) in to.iter_mut().zip(bytes.chunks_exact(Self::BYTES)) {
                    sum = sum.wrapping_add(Self::from_le_bytes(bytes.try_into().expect("as many bytes as the number has")));
                    *to = sum;
                }
            }

            fn floating(bytes: &[u8], _: usize, to: &mut [Self]) {
                Self::plain(bytes, to);
            }
        }
    )* };
}

whole! { u8 u16 i16 }

impl Stored for f32 {
    const BYTES: usize = 4;

    fn plain(bytes: &[u8], to: &mut [Self]) {
        for (to, bytes) in to.iter_mut().zip(bytes.chunks_exact(4)) {
            *to = Self::from_le_bytes(bytes.try_into().expect("four bytes"));
        }
    }

    fn sums(bytes: &[u8], _: usize, to: &mut [Self]) {
        Self::plain(bytes, to);
    }

    fn floating(bytes: &[u8], beside: usize, to: &mut [Self]) {
        let wide = to.len();
        let mut sorted = bytes.to_vec();
        for i in beside..sorted.len() {
            sorted[i] = sorted[i].wrapping_add(sorted[i - beside]);
        }
        for (i, to) in to.iter_mut().enumerate() {
            *to = Self::from_be_bytes([sorted[i], sorted[wide + i], sorted[2 * wide + i], sorted[3 * wide + i]]);
        }
    }
}
