//! One raster file out, complete or absent.

mod codec;
mod directory;
mod head;
mod options;
mod packer;
mod pending;
mod pixel;
mod proof;
mod quarter;
mod shape;
mod store;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ndarray::ArrayView2;
use raster::{Grid, RasterSink, Window};

use directory::{Directory, tag};
pub use options::{Compression, RasterClass, RasterFormat, RasterOptions};
use packer::{Content, Tile};
pub use packer::{Overview, Packed, PackedOverview, Packer, Packing};
use pending::Pending;
pub use pixel::Pixel;
use shape::Shape;
use store::Store;

use crate::{GeoioError, Staged, open};

/// Packed quarters of tiles, by row and column of the tiles that they are of.
type Quarters = BTreeMap<(usize, usize), Vec<u8>>;

/// Writes one raster file; it gets its name once it is shown to be complete.
///
/// Windows come from north to south, those of whole tiles also from west to east, and are packed by [`Packer`]s on any number
/// of threads or, with [`RasterSink::write`], here. A tiled `GeoTIFF` takes tiles as they come. A COG needs its smallest overview
/// first: packed tiles wait in a staging file, and its overviews are made as the pixels pass, so that no pixel is held longer than
/// its row of tiles takes.
///
/// The bytes depend neither on threads nor on how the pixels are cut. GDAL is not needed for pixels and reads them in the end:
/// the file must open, each block must lie whole within it, and the first and last of each band are unpacked.
#[derive(Debug)]
pub struct RasterWriter<T> {
    /// Declared first so that it is closed before its file goes.
    store: Store,
    /// The staging file of a COG.
    stage: Option<Staged>,
    out: Staged,
    head: Directory,
    grid: Grid,
    bands: usize,
    shape: Shape,
    packing: Packing<T>,
    packer: Packer<T>,
    /// Of each band, the window's corner that comes next.
    next: Vec<(usize, usize)>,
    /// Of each band, the pixels that wait for the rest of their row of tiles.
    pending: Vec<Pending<T>>,
    /// Of each band and level but the first, what waits for the rest of its tile: by the tile of the level before.
    quarters: Vec<Vec<Quarters>>,
    /// Level, band and place of the tiles of overviews that reach the last row: all of them are complete at the end only.
    last: Vec<(usize, usize, (usize, usize))>,
}

impl<T: Pixel> RasterWriter<T> {
    /// Prepares a raster on a grid; `force` replaces a file that is there.
    ///
    /// # Errors
    /// [`GeoioError::Exists`], [`GeoioError::Write`], [`GeoioError::Encode`].
    pub fn create(path: &Path, grid: &Grid, options: RasterOptions, force: bool) -> Result<Self, GeoioError> {
        open::initialise(None);
        let out = Staged::new(path, force)?;
        let bands = options.descriptions.len();
        let stage = match options.format {
            RasterFormat::Gtiff => None,
            RasterFormat::Cog => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(".stage");
                Some(Staged::new(&path.with_file_name(name), true)?)
            }
        };
        let shape = Shape::new(grid, options.block, options.format == RasterFormat::Cog);
        let packing = Packing::new(path.to_owned(), shape.clone(), options.clone());
        let packer = packing.packer()?;
        let mut head = head::describe::<T>(grid, &options).map_err(|reason| encode(path, "its description", reason))?;
        head.short(tag::COMPRESSION, options.compression.tag());
        head.short(tag::PREDICTOR, codec::Predictor::of::<T>(&options).tag());
        let place = stage.as_ref().map_or(out.partial(), Staged::partial);
        let store = Store::create(place, shape.clone(), bands).map_err(|source| write(path, source))?;
        let pending = (0..bands).map(|_| Pending::new((grid.rows, grid.cols), shape.block)).collect();
        let quarters = vec![vec![Quarters::new(); shape.levels.len()]; bands];
        Ok(Self {
            store,
            stage,
            out,
            head,
            grid: grid.clone(),
            bands,
            shape,
            packing,
            packer,
            next: vec![(0, 0); bands],
            pending,
            quarters,
            last: Vec::new(),
        })
    }

    /// How its windows are packed: for packing on other threads.
    pub fn packing(&self) -> Packing<T> {
        self.packing.clone()
    }

    /// Takes the next window of a band.
    ///
    /// # Errors
    /// [`GeoioError::Encode`] for a window that does not follow the last, [`GeoioError::Write`].
    pub fn append(&mut self, packed: Packed<T>) -> Result<(), GeoioError> {
        let Packed { band, window, content } = packed;
        self.follow(band, window, &content)?;
        match content {
            Content::Tiles(tiles) => self.keep_window(band, window, tiles),
            Content::Pixels(values) => {
                for (window, values) in self.pending[band].paste(window, values.view()) {
                    let tiles = self.packer.pack_level(0, values.view())?;
                    self.keep_window(band, window, tiles)?;
                }
                Ok(())
            }
        }
    }

    /// Checks that a window is the one that comes next.
    fn follow(&mut self, band: usize, window: Window, content: &Content<T>) -> Result<(), GeoioError> {
        let wrong = |reason: String| Err(encode(self.out.target(), "rows", reason));
        let Some(&(row, col)) = self.next.get(band) else { return wrong(format!("there is no band {band}")) };
        let (rows, cols) = (self.grid.rows, self.grid.cols);
        let fits =
            window.row == row as isize && window.col == col as isize && row + window.rows <= rows && col + window.cols <= cols;
        let is_whole = match content {
            Content::Tiles(_) => true,
            Content::Pixels(values) => window.cols == cols && values.dim() == (window.rows, window.cols),
        };
        if !fits || !is_whole || window.pixels() == 0 {
            return wrong(format!("{window:?} does not follow row {row}, column {col} of {rows} x {cols} pixels"));
        }
        self.next[band] = if col + window.cols == cols { (row + window.rows, 0) } else { (row, col + window.cols) };
        Ok(())
    }

    /// Takes the tiles of a window of whole tiles.
    fn keep_window(&mut self, band: usize, window: Window, tiles: Vec<Tile>) -> Result<(), GeoioError> {
        let block = self.shape.block;
        let (row, col) = (window.row as usize / block, window.col as usize / block);
        let across = window.cols.div_ceil(block);
        tiles.into_iter().enumerate().try_for_each(|(i, tile)| self.keep(0, band, (row + i / across, col + i % across), tile))
    }

    /// Takes a tile of a level; the one of the next level that is complete with it is packed and taken too.
    fn keep(&mut self, level: usize, band: usize, place: (usize, usize), tile: Tile) -> Result<(), GeoioError> {
        self.store.put(level, band, place, tile.bytes).map_err(|source| write(self.out.target(), source))?;
        let Some(quarter) = tile.quarter else { return Ok(()) };
        let waiting = &mut self.quarters[band][level + 1];
        waiting.insert(place, quarter);
        let next = (place.0 / 2, place.1 / 2);
        if !self.shape.sources(level, next).all(|source| waiting.contains_key(&source)) {
            return Ok(());
        }
        if next.0 + 1 == self.shape.tiles(level + 1).0 {
            self.last.push((level + 1, band, next));
            return Ok(());
        }
        let overview = self.overview(level + 1, band, next);
        let made = self.packer.pack_overview(&overview)?;
        self.take(made)
    }

    /// Takes the parts of a tile of an overview, all of which wait.
    fn overview(&mut self, level: usize, band: usize, place: (usize, usize)) -> Overview<T> {
        let half = self.shape.block / 2;
        let waiting = &mut self.quarters[band][level];
        let parts = self.shape.sources(level - 1, place).map(|source| {
            let bytes = waiting.remove(&source).expect("all of them wait");
            ((half * (source.0 % 2), half * (source.1 % 2)), bytes)
        });
        Overview::new(level, band, place, parts.collect())
    }

    /// Takes out the tiles of overviews that are complete and not packed yet, for packing on any number of threads.
    ///
    /// Once every window was [appended](Self::append) there are some until all were [taken](Self::take), those of one level after
    /// those of the other; what is left at the end is packed by [`RasterSink::finish`].
    pub fn due(&mut self) -> Vec<Overview<T>> {
        std::mem::take(&mut self.last).into_iter().map(|(level, band, place)| self.overview(level, band, place)).collect()
    }

    /// Takes a packed tile of an overview.
    ///
    /// # Errors
    /// [`GeoioError::Write`].
    pub fn take(&mut self, overview: PackedOverview) -> Result<(), GeoioError> {
        let PackedOverview { level, band, place, tile } = overview;
        self.keep(level, band, place, tile)
    }
}

impl<T: Pixel> RasterSink<T> for RasterWriter<T> {
    type Error = GeoioError;

    fn write(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<(), GeoioError> {
        let packed = self.packer.pack(band, window, values)?;
        self.append(packed)
    }

    fn finish(mut self) -> Result<(), GeoioError> {
        loop {
            let due = self.due();
            if due.is_empty() {
                break;
            }
            for overview in due {
                let made = self.packer.pack_overview(&overview)?;
                self.take(made)?;
            }
        }
        let Self { store, stage, out, head, grid, bands, next, .. } = self;
        let wrong = |what: &'static str| {
            let path = out.target().to_owned();
            move |reason: String| encode(&path, what, reason)
        };
        if !store.is_complete() {
            let band = next.iter().position(|next| next.0 != grid.rows).unwrap_or(0);
            return Err(wrong("rows")(format!("band {} got {} of {} rows", band + 1, next[band].0, grid.rows)));
        }
        let written = if stage.is_some() { store.assemble(&head, out.partial()) } else { store.finish(&head) };
        written.map_err(|source| write(out.target(), source))?;
        let packed = proof::open_whole(out.partial(), &grid, bands).map_err(wrong("reading back"))?;
        proof::read_ends::<T>(&packed).map_err(wrong("reading back"))?;
        drop(packed);
        out.commit()
    }
}

fn encode(path: &Path, what: &str, reason: String) -> GeoioError {
    GeoioError::Encode { path: path.to_owned(), what: what.to_owned(), reason }
}

fn write(path: &Path, source: io::Error) -> GeoioError {
    GeoioError::Write { path: path.to_owned(), source }
}
