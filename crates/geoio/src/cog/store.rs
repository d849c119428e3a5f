use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::directory::{Directory, Form, HEAD_BYTES, tag};
use super::shape::Shape;

/// Bytes that are handed to the system at once.
const BUFFER: usize = 1 << 20;

/// Where a tile lies in a file.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    offset: u64,
    size: u32,
}

/// Packed tiles on their way into a file, in one order: row of tiles, band, column. So where a tile lies depends neither on how
/// the pixels came nor on threads.
#[derive(Debug)]
pub(super) struct Store {
    file: BufWriter<File>,
    end: u64,
    shape: Shape,
    bands: usize,
    /// Of each level, the tiles by band, row, column.
    places: Vec<Vec<Place>>,
    /// Of each level, tiles that came before their turn, by row, band, column; and whose turn it is.
    waiting: Vec<BTreeMap<Turn, Vec<u8>>>,
    turns: Vec<Turn>,
}

/// Row of tiles, band, column of tiles.
type Turn = (usize, usize, usize);

impl Store {
    /// A new file; room is left for the head.
    pub(super) fn create(path: &Path, shape: Shape, bands: usize) -> io::Result<Self> {
        let mut file =
            BufWriter::with_capacity(BUFFER, File::options().read(true).write(true).create(true).truncate(true).open(path)?);
        file.write_all(&[0; HEAD_BYTES as usize])?;
        // What cannot be written at all shows now, before the long work.
        file.flush()?;
        let places = (0..shape.levels.len()).map(|level| {
            let (down, across) = shape.tiles(level);
            vec![Place::default(); bands * down * across]
        });
        let levels = shape.levels.len();
        let waiting = (0..levels).map(|_| BTreeMap::new()).collect();
        Ok(Self { file, end: HEAD_BYTES, places: places.collect(), waiting, turns: vec![(0, 0, 0); levels], shape, bands })
    }

    /// Takes a packed tile.
    pub(super) fn put(&mut self, level: usize, band: usize, (row, col): (usize, usize), tile: Vec<u8>) -> io::Result<()> {
        self.waiting[level].insert((row, band, col), tile);
        while let Some(tile) = self.waiting[level].remove(&self.turns[level]) {
            self.append(level, &tile)?;
        }
        Ok(())
    }

    fn append(&mut self, level: usize, tile: &[u8]) -> io::Result<()> {
        let (down, across) = self.shape.tiles(level);
        let (row, band, col) = self.turns[level];
        self.places[level][(band * down + row) * across + col] = Place { offset: self.end, size: size(tile.len())? };
        self.file.write_all(tile)?;
        self.end += tile.len() as u64;
        self.turns[level] = match (row, band, col) {
            (row, band, col) if col + 1 < across => (row, band, col + 1),
            (row, band, _) if band + 1 < self.bands => (row, band + 1, 0),
            (row, ..) => (row + 1, 0, 0),
        };
        Ok(())
    }

    /// Whether every tile is in the file.
    pub(super) fn is_complete(&self) -> bool {
        (0..self.turns.len()).all(|level| self.turns[level].0 == self.shape.tiles(level).0)
    }

    /// Completes the file as a `GeoTIFF` without overviews: its directory comes last.
    pub(super) fn finish(mut self, common: &Directory) -> io::Result<()> {
        if !self.end.is_multiple_of(2) {
            self.file.write_all(&[0])?;
            self.end += 1;
        }
        let form = form(self.end + (1 << 20) + 16 * self.places[0].len() as u64);
        let directory = self.directory(common, 0, form, &self.places[0]);
        self.file.write_all(&form.directories(&[directory], self.end))?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&form.head(self.end))?;
        self.file.flush()
    }

    /// Writes all as a cloud-optimised `GeoTIFF`: directories first, then the smallest overview and so on to the full raster.
    pub(super) fn assemble(mut self, common: &Directory, target: &Path) -> io::Result<()> {
        self.file.flush()?;
        let staged = self.file.get_ref().try_clone()?;
        let form = form(2 * HEAD_BYTES + (1 << 20) + self.end + 32 * self.places.iter().map(Vec::len).sum::<usize>() as u64);
        let start = form.head(0).len() as u64 + GHOST.len() as u64;
        let head = |places: &[Vec<Place>]| {
            let directories: Vec<Directory> =
                places.iter().enumerate().map(|(level, places)| self.directory(common, level, form, places)).collect();
            [&form.head(start), GHOST, &form.directories(&directories, start)].concat()
        };
        let mut at = head(&self.places).len() as u64;
        let mut moved = self.places.clone();
        for level in (0..moved.len()).rev() {
            for tile in self.order(level) {
                moved[level][tile].offset = at;
                at += u64::from(moved[level][tile].size);
            }
        }
        let mut out = BufWriter::with_capacity(BUFFER, File::create(target)?);
        out.write_all(&head(&moved))?;
        let mut staged = BufReader::with_capacity(BUFFER, staged);
        let mut position = staged.seek(SeekFrom::Start(0))?;
        let mut tile_bytes = Vec::new();
        for level in (0..moved.len()).rev() {
            for tile in self.order(level) {
                let Place { offset, size } = self.places[level][tile];
                staged.seek_relative(offset as i64 - position as i64)?;
                tile_bytes.resize(size as usize, 0);
                staged.read_exact(&mut tile_bytes)?;
                position = offset + u64::from(size);
                out.write_all(&tile_bytes)?;
            }
        }
        out.flush()
    }

    /// The tiles of a level in the order in which they lie in a file.
    fn order(&self, level: usize) -> impl Iterator<Item = usize> + use<> {
        let (down, across) = self.shape.tiles(level);
        let bands = self.bands;
        (0..down)
            .flat_map(move |row| (0..bands).flat_map(move |band| (0..across).map(move |col| (band * down + row) * across + col)))
    }

    fn directory(&self, common: &Directory, level: usize, form: Form, places: &[Place]) -> Directory {
        let mut directory = if level == 0 { common.clone() } else { common.only(&OF_OVERVIEWS) };
        let (rows, cols) = self.shape.levels[level];
        directory.longs(tag::SUBFILE, [u32::from(level > 0)]);
        directory.longs(tag::WIDTH, [cols as u32]);
        directory.longs(tag::LENGTH, [rows as u32]);
        directory.short(tag::TILE_WIDTH, self.shape.block as u16);
        directory.short(tag::TILE_LENGTH, self.shape.block as u16);
        match form {
            Form::Classic => directory.longs(tag::TILE_OFFSETS, places.iter().map(|place| place.offset as u32)),
            Form::Big => directory.long8s(tag::TILE_OFFSETS, places.iter().map(|place| place.offset)),
        }
        directory.longs(tag::TILE_SIZES, places.iter().map(|place| place.size));
        directory
    }
}

/// What a cloud-optimised file says of its layout, in GDAL's words; the number counts the bytes after the first line.
const GHOST: &[u8] = b"GDAL_STRUCTURAL_METADATA_SIZE=000055 bytes\nLAYOUT=IFDS_BEFORE_DATA\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";

/// Tags that overviews share with the raster: bits, photometry, bands, planes, packing, colours, types, nodata.
const OF_OVERVIEWS: [u16; 10] = [258, tag::COMPRESSION, 262, 277, 284, tag::PREDICTOR, 320, 338, 339, 42_113];

/// The form for a file of this many bytes.
fn form(bytes: u64) -> Form {
    if bytes > u64::from(u32::MAX) { Form::Big } else { Form::Classic }
}

fn size(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a tile of more than 4 GiB"))
}
