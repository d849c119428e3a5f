use libdeflater::{CompressionLvl, Compressor};
use weezl::BitOrder;
use weezl::encode::Encoder;

use super::{Compression, Pixel, RasterOptions};

/// The library's own effort, as GDAL has it.
const DEFLATE_LEVEL: u8 = 6;
const ZSTD_LEVEL: u8 = 9;

/// Packs the numbers of one tile; one a thread.
pub(super) struct Codec {
    packing: Packing,
    predictor: Predictor,
    /// The tile's bytes before they are packed.
    bytes: Vec<u8>,
    /// What comes of them, before it is cut to its length.
    packed: Vec<u8>,
}

enum Packing {
    Deflate(Box<Compressor>),
    Zstd(zstd::bulk::Compressor<'static>),
    Lzw,
    None,
}

/// What is packed instead of the numbers themselves (TIFF 6.0 section 14, TIFF technical note 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    /// The numbers.
    None,
    /// Differences of neighbours in a row.
    Differences,
    /// Differences of the bytes of floating-point numbers, sorted by their weight.
    Floating,
}

impl Predictor {
    /// The one for numbers of this type.
    pub(super) fn of<T: Pixel>(options: &RasterOptions) -> Self {
        match (options.predictor && options.compression != Compression::None, T::FLOAT) {
            (false, _) => Self::None,
            (true, false) => Self::Differences,
            (true, true) => Self::Floating,
        }
    }

    /// Its number in TIFF.
    pub(super) fn tag(self) -> u16 {
        match self {
            Self::None => 1,
            Self::Differences => 2,
            Self::Floating => 3,
        }
    }
}

impl Compression {
    /// Its number in TIFF.
    pub(super) fn tag(self) -> u16 {
        match self {
            Self::None => 1,
            Self::Lzw => 5,
            Self::Deflate => 8,
            Self::Zstd => 50_000,
        }
    }
}

impl Codec {
    /// The codec that the options ask for, for numbers of type `T`.
    pub(super) fn new<T: Pixel>(options: &RasterOptions) -> Result<Self, String> {
        let level = |default: u8| options.level.unwrap_or(default);
        let packing = match options.compression {
            Compression::Deflate => {
                let level = CompressionLvl::new(i32::from(level(DEFLATE_LEVEL)));
                let level = level.map_err(|_| format!("there is no level {:?} of deflate: 1 to 12", options.level))?;
                Packing::Deflate(Box::new(Compressor::new(level)))
            }
            Compression::Zstd => {
                let compressor = zstd::bulk::Compressor::new(i32::from(level(ZSTD_LEVEL)));
                Packing::Zstd(compressor.map_err(|error| error.to_string())?)
            }
            Compression::Lzw => Packing::Lzw,
            Compression::None => Packing::None,
        };
        Ok(Self { packing, predictor: Predictor::of::<T>(options), bytes: Vec::new(), packed: Vec::new() })
    }

    /// Packs the numbers of a tile of rows of `width`.
    pub(super) fn pack<T: Pixel>(&mut self, tile: &[T], width: usize) -> Result<Vec<u8>, String> {
        self.bytes.resize(tile.len() * T::BYTES, 0);
        for (row, to) in tile.chunks_exact(width).zip(self.bytes.chunks_exact_mut(width * T::BYTES)) {
            match self.predictor {
                Predictor::None => T::put_plain(row, to),
                Predictor::Differences => T::put_differences(row, to),
                Predictor::Floating => put_floating(row, to),
            }
        }
        match &mut self.packing {
            Packing::Deflate(compressor) => {
                self.packed.resize(compressor.zlib_compress_bound(self.bytes.len()), 0);
                let size = compressor.zlib_compress(&self.bytes, &mut self.packed).map_err(|error| error.to_string())?;
                Ok(self.packed[..size].to_vec())
            }
            Packing::Zstd(compressor) => {
                self.packed.resize(zstd::zstd_safe::compress_bound(self.bytes.len()), 0);
                let size = compressor.compress_to_buffer(&self.bytes, &mut self.packed).map_err(|error| error.to_string())?;
                Ok(self.packed[..size].to_vec())
            }
            Packing::Lzw => {
                let mut encoder = Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
                encoder.encode(&self.bytes).map_err(|error| error.to_string())
            }
            Packing::None => Ok(self.bytes.clone()),
        }
    }
}

/// All first bytes of a row's numbers, then all second ones and so on, each less the one before it.
fn put_floating<T: Pixel>(row: &[T], to: &mut [u8]) {
    for (i, number) in row.iter().enumerate() {
        let bytes = number.sign_first();
        for (plane, byte) in bytes.iter().enumerate().take(T::BYTES) {
            to[plane * row.len() + i] = *byte;
        }
    }
    for i in (1..to.len()).rev() {
        to[i] = to[i].wrapping_sub(to[i - 1]);
    }
}
