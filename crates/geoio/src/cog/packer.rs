use std::marker::PhantomData;
use std::path::PathBuf;

use ndarray::{Array2, ArrayView2, Axis, s};
use raster::Window;

use super::codec::Codec;
use super::shape::Shape;
use super::{Pixel, RasterOptions, quarter};
use crate::GeoioError;

/// How a raster's windows are packed; it gives each thread its [`Packer`].
#[derive(Debug, Clone)]
pub struct Packing<T> {
    path: PathBuf,
    shape: Shape,
    options: RasterOptions,
    numbers: PhantomData<fn(T)>,
}

impl<T: Pixel> Packing<T> {
    pub(super) fn new(path: PathBuf, shape: Shape, options: RasterOptions) -> Self {
        Self { path, shape, options, numbers: PhantomData }
    }

    /// A packer; one a thread.
    ///
    /// # Errors
    /// [`GeoioError::Encode`] where there is no such codec or level.
    pub fn packer(&self) -> Result<Packer<T>, GeoioError> {
        let Self { path, shape, options, .. } = self.clone();
        let codec = Codec::new::<T>(&options).map_err(|reason| super::encode(&path, "packing", reason))?;
        Ok(Packer { shape, codes: options.codes, nodata: options.nodata, codec, tile: Vec::new(), path })
    }
}

/// Packs windows of a raster into what [`super::RasterWriter::append`] takes; one a thread.
pub struct Packer<T> {
    shape: Shape,
    codes: bool,
    nodata: Option<f64>,
    codec: Codec,
    tile: Vec<T>,
    path: PathBuf,
}

/// A window of one band on its way into a file.
#[derive(Debug)]
pub struct Packed<T> {
    pub(super) band: usize,
    pub(super) window: Window,
    pub(super) content: Content<T>,
}

impl<T> Packed<T> {
    /// This window with the one right below it, where both are as wide and made of whole tiles; else they are given back.
    ///
    /// # Errors
    /// Both windows, where they are not so.
    pub fn joined(mut self, below: Self) -> Result<Self, Box<(Self, Self)>> {
        let (upper, lower) = (self.window, below.window);
        let is_below = (lower.row, lower.col, lower.cols) == (upper.row + upper.rows as isize, upper.col, upper.cols);
        match (&mut self.content, below.content) {
            (Content::Tiles(tiles), Content::Tiles(more)) if is_below && self.band == below.band => {
                tiles.extend(more);
                self.window.rows += lower.rows;
                Ok(self)
            }
            (_, content) => Err(Box::new((self, Self { content, ..below }))),
        }
    }
}

#[derive(Debug)]
pub(super) enum Content<T> {
    /// Whole tiles, by row, then column.
    Tiles(Vec<Tile>),
    /// Pixels that wait for the rest of their tiles.
    Pixels(Array2<T>),
}

/// One packed tile.
#[derive(Debug)]
pub(super) struct Tile {
    /// Its bytes in the file.
    pub(super) bytes: Vec<u8>,
    /// What the next level holds of it, a [`Quarter`]; none at the last level.
    pub(super) quarter: Option<Vec<u8>>,
}

/// A tile of an overview that is complete and not packed yet.
#[derive(Debug)]
pub struct Overview<T> {
    level: usize,
    band: usize,
    /// Row and column among the tiles of its level.
    place: (usize, usize),
    /// Where its parts lie in it (row, col), and their packed pixels.
    parts: Vec<((usize, usize), Vec<u8>)>,
    numbers: PhantomData<fn(T)>,
}

impl<T: Pixel> Overview<T> {
    pub(super) fn new(level: usize, band: usize, place: (usize, usize), parts: Vec<((usize, usize), Vec<u8>)>) -> Self {
        Self { level, band, place, parts, numbers: PhantomData }
    }

    /// Its pixels (rows, cols).
    fn pixels(&self) -> Array2<T> {
        let parts: Vec<((usize, usize), Array2<T>)> =
            self.parts.iter().map(|(place, bytes)| (*place, quarter::unpack(bytes))).collect();
        let rows = parts.iter().map(|((row, _), part)| row + part.nrows()).max().unwrap_or(0);
        let cols = parts.iter().map(|((_, col), part)| col + part.ncols()).max().unwrap_or(0);
        let mut whole = Array2::from_elem((rows, cols), parts[0].1[[0, 0]]);
        for ((row, col), part) in &parts {
            whole.slice_mut(s![*row..row + part.nrows(), *col..col + part.ncols()]).assign(part);
        }
        whole
    }
}

/// A packed tile of an overview, for [`super::RasterWriter::take`].
#[derive(Debug)]
pub struct PackedOverview {
    pub(super) level: usize,
    pub(super) band: usize,
    pub(super) place: (usize, usize),
    pub(super) tile: Tile,
}

impl<T> std::fmt::Debug for Packer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("path", &self.path).field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<T: Pixel> Packer<T> {
    /// Whether a window is made of whole tiles, and so can be packed alone.
    pub fn is_tiled(&self, window: Window) -> bool {
        self.shape.is_tiled(window)
    }

    /// Packs a window of a band (0 is the first); `values` has the window's shape (rows, cols).
    ///
    /// A window of whole tiles is packed now, on the calling thread; any other is packed when its tiles are complete.
    ///
    /// # Errors
    /// [`GeoioError::Encode`] where the codec fails.
    pub fn pack(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<Packed<T>, GeoioError> {
        let content = if self.shape.is_tiled(window) && values.dim() == (window.rows, window.cols) {
            Content::Tiles(self.pack_level(0, values)?)
        } else {
            Content::Pixels(values.to_owned())
        };
        Ok(Packed { band, window, content })
    }

    /// Packs a tile of an overview.
    ///
    /// # Errors
    /// [`GeoioError::Encode`] where the codec fails.
    ///
    /// # Panics
    /// Never for what the writer of the same raster gave out.
    pub fn pack_overview(&mut self, overview: &Overview<T>) -> Result<PackedOverview, GeoioError> {
        let tile = self.pack_level(overview.level, overview.pixels().view())?.pop().expect("an overview's tile is one");
        Ok(PackedOverview { level: overview.level, band: overview.band, place: overview.place, tile })
    }

    /// Packs whole tiles of a level, by row, then column.
    pub(super) fn pack_level(&mut self, level: usize, values: ArrayView2<'_, T>) -> Result<Vec<Tile>, GeoioError> {
        let block = self.shape.block;
        let has_next = level + 1 < self.shape.levels.len();
        let mut tiles = Vec::with_capacity(values.nrows().div_ceil(block) * values.ncols().div_ceil(block));
        for rows in values.axis_chunks_iter(Axis(0), block) {
            for part in rows.axis_chunks_iter(Axis(1), block) {
                fill(&mut self.tile, part, block);
                let packed = self.codec.pack(&self.tile, block);
                let bytes = packed.map_err(|reason| super::encode(&self.path, "packing", reason))?;
                tiles.push(Tile { bytes, quarter: has_next.then(|| quarter::pack(self.halve(part).view())) });
            }
        }
        Ok(tiles)
    }

    /// Every second pixel of codes; of values the mean of the two by two that are valid.
    fn halve(&self, values: ArrayView2<'_, T>) -> Array2<T> {
        let (rows, cols) = values.dim();
        let shape = (rows.div_ceil(2), cols.div_ceil(2));
        if self.codes {
            return Array2::from_shape_fn(shape, |(row, col)| values[[2 * row, 2 * col]]);
        }
        Array2::from_shape_fn(shape, |(row, col)| {
            let (mut sum, mut count) = (0.0, 0u32);
            for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(y, x)| (2 * row + y, 2 * col + x)) {
                if let Some(value) = values.get([row, col]).filter(|value| self.is_valid(**value)) {
                    sum += value.number();
                    count += 1;
                }
            }
            if count == 0 { values[[2 * row, 2 * col]] } else { T::nearest(sum / f64::from(count)) }
        })
    }

    fn is_valid(&self, value: T) -> bool {
        let number = value.number();
        !number.is_nan() && self.nodata != Some(number)
    }
}

/// One tile; what lies beyond the raster's edges repeats the last column and row, which packs best.
fn fill<T: Pixel>(tile: &mut Vec<T>, part: ArrayView2<'_, T>, block: usize) {
    tile.clear();
    for row in part.rows() {
        match row.as_slice() {
            Some(row) => tile.extend_from_slice(row),
            None => tile.extend(row.iter()),
        }
        let last = tile[tile.len() - 1];
        tile.resize(tile.len() + block - row.len(), last);
    }
    while tile.len() < block * block {
        tile.extend_from_within(tile.len() - block..);
    }
}
