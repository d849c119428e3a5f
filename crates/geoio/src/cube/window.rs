//! Windows of a cube.

use std::collections::BTreeMap;
use std::ops::Range;

use raster::Window;

use super::Cube;
use super::array::{Fill, shown};
use super::cache::Chunk;
use crate::GeoioError;

/// The chunks of the images over one block of pixels, which a reader keeps between strips of it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    block: (usize, usize),
    chunks: BTreeMap<usize, Option<Chunk>>,
}

/// What is read of the chunks over one block: stored rows and columns.
struct Part {
    block: (usize, usize),
    rows: Range<usize>,
    cols: Range<usize>,
}

/// Ranges of a run of numbers by the chunk in which they lie.
fn pieces(run: Range<usize>, chunk: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let last = run.end.div_ceil(chunk);
    (run.start / chunk..last).map(move |at| (at, run.start.max(at * chunk)..run.end.min((at + 1) * chunk)))
}

impl Cube {
    /// Reads images (the first is 1) over a window within the grid into a plane each, shape (rows, cols). A stored number becomes
    /// `to(i, number, is_missing)` in plane `i`. A chunk is unpacked once for all of them.
    ///
    /// # Errors
    /// [`GeoioError::Read`] for a chunk that is damaged, cut short, or that was never written and whose fill value is a value.
    pub(crate) fn read<T>(
        &self,
        bands: &[usize],
        window: Window,
        planes: &mut [&mut [T]],
        held: &mut Held,
        to: impl Fn(usize, f64, bool) -> T,
    ) -> Result<(), GeoioError> {
        let wrong = |band: usize, reason: String| GeoioError::Read { path: self.path.clone(), band, window, reason };
        let (all, first) = (self.grid(), bands.first().copied().unwrap_or(1));
        if window.intersect(all.window()) != Some(window) || bands.iter().any(|band| *band == 0 || *band > self.bands()) {
            return Err(wrong(first, "the window or a band lies outside of it".to_owned()));
        }
        let stored = |first: isize, count: usize, all: usize, turned: bool| {
            let first = if turned { all - first as usize - count } else { first as usize };
            first..first + count
        };
        let rows = stored(window.row, window.rows, all.rows, self.placed.south_up);
        let cols = stored(window.col, window.cols, all.cols, self.placed.east_first);
        let (high, wide) = (self.array.chunk[self.axes.y], self.array.chunk[self.axes.x]);
        let mut parts: Vec<Part> = pieces(rows.clone(), high)
            .flat_map(|(y, rows)| {
                pieces(cols.clone(), wide).map(move |(x, cols)| Part { block: (y, x), rows: rows.clone(), cols })
            })
            .collect();
        // What is held is read first, before it is let go.
        parts.sort_by_key(|part| part.block != held.block);
        let long = self.axes.band.map_or(1, |band| self.array.chunk[band]);
        let mut by_chunk: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (plane, band) in bands.iter().enumerate() {
            by_chunk.entry((band - 1) / long).or_default().push((plane, (band - 1) % long));
        }
        for part in parts {
            if held.block != part.block || !self.is_beside() {
                held.chunks.clear();
                held.block = part.block;
            }
            for (at, images) in &by_chunk {
                let band = at * long + 1;
                let chunk = if let Some(chunk) = held.chunks.get(at) {
                    chunk.clone()
                } else {
                    let chunk = self.chunk_at(*at, part.block).map_err(|reason| wrong(band, reason))?;
                    held.chunks.insert(*at, chunk.clone());
                    chunk
                };
                for (plane, image) in images {
                    let plane_of = |number: f64, is_missing: bool| to(*plane, number, is_missing);
                    self.copy(
                        chunk.as_deref().map(Vec::as_slice),
                        *image,
                        (&part, &rows, &cols),
                        &mut planes[*plane][..],
                        plane_of,
                    );
                }
            }
        }
        Ok(())
    }

    /// A chunk by its place along time and over the pixels; `None` where it was never written and holds no value.
    fn chunk_at(&self, band: usize, block: (usize, usize)) -> Result<Option<Chunk>, String> {
        let mut at = vec![0; self.array.dimensions.len()];
        if let Some(axis) = self.axes.band {
            at[axis] = band;
        }
        (at[self.axes.y], at[self.axes.x]) = block;
        let chunk = self.array.chunk_at(&at)?;
        match self.array.fill {
            Fill::Number(fill) if chunk.is_none() && !self.packing.is_missing(fill) => Err(format!(
                "chunk {} was never written, and the fill value {fill} that would stand for it is none of the missing ones: write the \
                 chunks that hold only {fill} too (write_empty_chunks), or say that it is missing (_FillValue)",
                shown(&at)
            )),
            Fill::Unknown if chunk.is_none() => Err(format!("chunk {} was never written, and it has no fill value", shown(&at))),
            _ => Ok(chunk),
        }
    }

    /// Copies the numbers of one image of a chunk into a plane over the whole window.
    fn copy<T>(
        &self,
        chunk: Option<&[u8]>,
        image: usize,
        (part, rows, cols): (&Part, &Range<usize>, &Range<usize>),
        plane: &mut [T],
        to: impl Fn(f64, bool) -> T,
    ) {
        let (y, x) = (self.axes.y, self.axes.x);
        let step = |axis: usize| self.array.chunk[axis + 1..].iter().product::<usize>() * self.array.element.bytes;
        let (high, wide) = (self.array.chunk[y], self.array.chunk[x]);
        let of_image = self.axes.band.map_or(0, |band| image * step(band));
        let (count, across) = (part.cols.len(), cols.len());
        let first_col = if self.placed.east_first { cols.end - part.cols.end } else { part.cols.start - cols.start };
        for row in part.rows.clone() {
            let place = if self.placed.south_up { rows.end - 1 - row } else { row - rows.start };
            let out = &mut plane[place * across + first_col..][..count];
            match chunk {
                None => out.iter_mut().for_each(|out| *out = to(f64::NAN, true)),
                Some(chunk) => {
                    let from = of_image + row % high * step(y) + part.cols.start % wide * step(x);
                    let number = |number: f64| to(number, self.packing.is_missing(number));
                    self.element().decode(&chunk[from..], step(x), out, number);
                }
            }
            if self.placed.east_first {
                out.reverse();
            }
        }
    }
}
