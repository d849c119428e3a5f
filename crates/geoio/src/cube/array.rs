//! An array of a file: its dimensions, what is told of it, and where its chunks lie.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bytes::{Bytes, Reading, product};
use super::element::{Element, Kind};
use super::hdf4::Data;
use super::hdf5::Chunked;
use super::zarr::Stored;
use super::{cache, classic};

/// Bytes of a piece in which what lies in one run is read.
const PIECE_BYTES: usize = 1 << 20;

/// Bytes of an array that is read whole: an axis, not an image.
const WHOLE_BYTES: usize = 1 << 26;

/// What is told of an array.
#[derive(Debug, Clone)]
pub(super) enum Attribute {
    Text(String),
    /// Numbers, and their type.
    Numbers {
        values: Vec<f64>,
        element: Element,
    },
}

impl Attribute {
    pub(super) fn numbers(element: Element, bytes: &[u8]) -> Option<Self> {
        Some(Self::Numbers { values: element.numbers(bytes)?, element })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Numbers { .. } => None,
        }
    }

    pub(super) fn values(&self) -> Option<&[f64]> {
        match self {
            Self::Text(_) => None,
            Self::Numbers { values, .. } => Some(values),
        }
    }
}

pub(super) type Attributes = BTreeMap<String, Attribute>;

/// A dimension of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dimension {
    /// Name, with the group in which it lies; empty where there is none.
    pub(super) name: String,
    pub(super) length: usize,
}

/// What a chunk holds that was never written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fill {
    Number(f64),
    Unknown,
}

/// Where the chunks of an array lie.
#[derive(Debug)]
pub(super) enum Place {
    /// One run of bytes, or one a record, in a file.
    Flat {
        file: Arc<Bytes>,
        begin: u64,
        record: Option<u64>,
    },
    /// In the metadata themselves.
    Compact(Vec<u8>),
    Hdf4(Data),
    Hdf5(Chunked),
    Zarr(Box<Stored>),
    /// What cannot be read, and why: an error only where it is asked for.
    Nowhere(String),
}

/// An array of a file.
#[derive(Debug)]
pub(super) struct Array {
    /// Name, with the groups in which it lies: `a/b`.
    pub(super) name: String,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) element: Element,
    pub(super) attributes: Attributes,
    pub(super) fill: Fill,
    /// Lengths of a chunk.
    pub(super) chunk: Vec<usize>,
    pub(super) place: Place,
    /// Whether it stands only for a dimension.
    pub(super) is_bare: bool,
    id: u64,
}

impl Array {
    pub(super) fn new(
        name: String,
        dimensions: Vec<Dimension>,
        element: Element,
        attributes: Attributes,
        (chunk, place): (Vec<usize>, Place),
    ) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { name, dimensions, element, attributes, fill: Fill::Unknown, chunk, place, is_bare: false, id }
    }

    /// The pieces in which one run of bytes is read: whole rows of the last dimensions.
    pub(super) fn pieces(shape: &[usize], element: Element, has_records: bool) -> Vec<usize> {
        let mut chunk = shape.to_vec();
        let mut bytes = element.bytes.max(1);
        for (place, length) in chunk.iter_mut().enumerate().rev() {
            let most = (PIECE_BYTES / bytes).max(1);
            *length = if has_records && place == 0 { 1 } else { (*length).min(most) };
            bytes = bytes.saturating_mul((*length).max(1));
        }
        chunk
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        self.dimensions.iter().map(|dimension| dimension.length).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Attribute::text)
    }

    /// Its name without the groups.
    pub(super) fn own_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn chunk_bytes(&self) -> Reading<usize> {
        product(&self.chunk)?.checked_mul(self.element.bytes).ok_or_else(|| "a chunk is too large".to_owned())
    }

    /// How many chunks lie along each dimension.
    pub(super) fn chunks(&self) -> Vec<usize> {
        self.dimensions.iter().zip(&self.chunk).map(|(dimension, chunk)| dimension.length.div_ceil((*chunk).max(1))).collect()
    }

    /// The bytes of a chunk by its place among them, padded to its whole shape; `None` for one that was never written.
    pub(super) fn chunk_at(&self, at: &[usize]) -> Reading<Option<cache::Chunk>> {
        let linear = linear(at.iter().map(|at| *at as u64), &self.chunks());
        cache::get((self.id, linear), || self.unpack(at)).map_err(|reason| format!("chunk {}: {reason}", shown(at)))
    }

    fn unpack(&self, at: &[usize]) -> Reading<Option<Vec<u8>>> {
        let bytes = self.chunk_bytes()?;
        match &self.place {
            Place::Flat { file, begin, record } => {
                let shape = self.shape();
                classic::piece(file, (*begin, *record), (&shape, &self.chunk), at, self.element.bytes).map(Some)
            }
            Place::Compact(data) => {
                let mut data = data.clone();
                if data.len() < bytes {
                    return Err("its bytes are not all there".to_owned());
                }
                data.truncate(bytes);
                Ok(Some(data))
            }
            Place::Hdf4(data) => data.unpack(self, at, bytes),
            Place::Hdf5(chunked) => chunked.unpack(self, at, bytes),
            Place::Zarr(stored) => stored.unpack(at, bytes),
            Place::Nowhere(reason) => Err(reason.clone()),
        }
    }

    /// All bytes of an array that is no image, in order.
    pub(super) fn whole(&self) -> Reading<Vec<u8>> {
        let shape = self.shape();
        let size = self.element.bytes;
        if product(&shape)?.saturating_mul(size) > WHOLE_BYTES {
            return Err(format!("{} is too large for an axis", self.name));
        }
        let mut all = vec![0; product(&shape)? * size];
        if all.is_empty() {
            return Ok(all);
        }
        let counts = self.chunks();
        let mut at = vec![0; shape.len()];
        loop {
            let chunk = self.chunk_at(&at)?.ok_or_else(|| format!("{} was never written", self.name))?;
            self.copy_chunk(&at, &chunk, &mut all);
            if !next(&mut at, &counts) {
                return Ok(all);
            }
        }
    }

    fn copy_chunk(&self, at: &[usize], chunk: &[u8], all: &mut [u8]) {
        let (shape, size) = (self.shape(), self.element.bytes);
        let lengths: Vec<usize> =
            shape.iter().zip(&self.chunk).zip(at).map(|((all, chunk), at)| (*all - at * chunk).min(*chunk)).collect();
        let mut within = vec![0; shape.len()];
        loop {
            let place = |lengths: &[usize], first: &dyn Fn(usize) -> usize| {
                lengths.iter().enumerate().fold(0, |place, (i, length)| place * length + first(i) + within[i])
            };
            let (from, to) = (place(&self.chunk, &|_| 0) * size, place(&shape, &|i| at[i] * self.chunk[i]) * size);
            all[to..to + size].copy_from_slice(&chunk[from..from + size]);
            if !next(&mut within, &lengths) {
                return;
            }
        }
    }

    /// All numbers of an axis.
    pub(super) fn numbers(&self) -> Reading<Vec<f64>> {
        if self.element.kind == Kind::Other {
            return Err(format!("{} holds no numbers", self.name));
        }
        self.element.numbers(&self.whole()?).ok_or_else(|| format!("{} holds no numbers", self.name))
    }
}

/// The place of a chunk when they are counted, the last dimension first.
pub(super) fn linear(at: impl Iterator<Item = u64>, counts: &[usize]) -> u64 {
    at.zip(counts).fold(0, |all, (at, count)| all.saturating_mul(*count as u64).saturating_add(at))
}

/// The first number of one of an array's [`Array::pieces`], and how many it has.
pub(super) fn piece(shape: &[usize], chunk: &[usize], at: &[usize]) -> Reading<(u64, usize)> {
    let first: Vec<usize> = at.iter().zip(chunk).map(|(at, chunk)| at * chunk).collect();
    let lengths: Vec<usize> = first.iter().zip(shape).zip(chunk).map(|((first, all), chunk)| (all - first).min(*chunk)).collect();
    Ok((linear(first.into_iter().map(|first| first as u64), shape), product(&lengths)?))
}

/// Counts on, the last place first; `false` where all have been counted.
pub(super) fn next(at: &mut [usize], counts: &[usize]) -> bool {
    for (at, count) in at.iter_mut().zip(counts).rev() {
        *at += 1;
        if *at < *count {
            return true;
        }
        *at = 0;
    }
    false
}

/// A place among chunks, for people.
pub(super) fn shown(at: &[usize]) -> String {
    let all: Vec<String> = at.iter().map(ToString::to_string).collect();
    format!("({})", all.join(", "))
}
