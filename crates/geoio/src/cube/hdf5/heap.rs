//! Heaps, in which names, texts and what is told of objects stand.

use super::super::bytes::{Reading, Walk};
use super::file::{Hdf5File, check_sum};
use super::tree::{bytes_for, second};

/// A fractal heap: links and attributes of objects that have many.
#[derive(Debug)]
pub(super) struct FractalHeap<'a> {
    file: &'a Hdf5File,
    id: usize,
    /// Where huge objects are found.
    huge: u64,
    width: u64,
    start: u64,
    most_direct: u64,
    /// Bytes of a place within the heap.
    offset: usize,
    /// Bytes of an object's length.
    length: usize,
    root: u64,
    rows: u16,
    has_sums: bool,
}

impl<'a> FractalHeap<'a> {
    pub(super) fn open(file: &'a Hdf5File, place: u64) -> Reading<Self> {
        let size = 22 + 3 * file.offsets + 12 * file.lengths;
        let head = file.read(place, (size + 4) as u64)?;
        let mut walk = Walk::new(&head);
        walk.expect(b"FRHP\0")?;
        let (id, filters, flags, managed) = (usize::from(walk.u16()?), walk.u16()?, walk.u8()?, u64::from(walk.u32()?));
        if filters != 0 {
            return Err("its metadata are packed by filters, which is not read; rewrite it with h5repack".to_owned());
        }
        walk.skip(file.lengths)?;
        let huge = file.place(&mut walk)?;
        walk.skip(file.lengths + file.offsets + 8 * file.lengths)?;
        let width = u64::from(walk.u16()?);
        let (start, most_direct) = (file.length(&mut walk)?, file.length(&mut walk)?);
        let bits = walk.u16()?;
        walk.skip(2)?;
        let (root, rows) = (file.place(&mut walk)?, walk.u16()?);
        check_sum(&head[..walk.at() + 4])?;
        if !width.is_power_of_two()
            || !start.is_power_of_two()
            || !most_direct.is_power_of_two()
            || most_direct < start
            || bits > 64
        {
            return Err("a heap of it is damaged".to_owned());
        }
        let length = bytes_for(most_direct.min(managed));
        let offset = usize::from(bits).div_ceil(8);
        Ok(Self { file, id, huge, width, start, most_direct, offset, length, root, rows, has_sums: flags & 2 != 0 })
    }

    /// Bytes of the name of an object.
    pub(super) fn id(&self) -> usize {
        self.id
    }

    /// The bytes of an object by its name.
    pub(super) fn object(&self, id: &[u8]) -> Reading<Vec<u8>> {
        let mut walk = Walk::new(id);
        let first = walk.u8()?;
        match first >> 4 & 3 {
            0 => {
                let (at, length) = (walk.least_first(self.offset)?, walk.least_first(self.length)?);
                self.managed(at, length)
            }
            1 if self.file.offsets + self.file.lengths < self.id => {
                let (place, length) = (self.file.place(&mut walk)?, self.file.length(&mut walk)?);
                self.file.read(place, length)
            }
            1 => {
                let wanted = walk.least_first(self.file.lengths.min(walk.left()))?;
                for record in second(self.file, self.huge, &[1])? {
                    let mut walk = Walk::new(&record);
                    let (place, length) = (self.file.place(&mut walk)?, self.file.length(&mut walk)?);
                    if self.file.length(&mut walk)? == wanted {
                        return self.file.read(place, length);
                    }
                }
                Err("a large object of a heap of it is not there".to_owned())
            }
            2 if self.id <= 18 => Ok(walk.take(usize::from(first & 15) + 1)?.to_vec()),
            2 => {
                let low = walk.u8()?;
                Ok(walk.take((usize::from(first & 15) << 8 | usize::from(low)) + 1)?.to_vec())
            }
            _ => Err("a heap of it is damaged".to_owned()),
        }
    }

    /// Bytes of the blocks of a row.
    fn block(&self, row: u32) -> Reading<u64> {
        let times = 1_u64.checked_shl(row.saturating_sub(1));
        times.and_then(|times| self.start.checked_mul(times)).ok_or_else(|| "a heap of it is damaged".to_owned())
    }

    fn managed(&self, at: u64, length: u64) -> Reading<Vec<u8>> {
        let (mut place, mut rows, mut base) = (self.root, u32::from(self.rows), 0_u64);
        let direct_rows = self.most_direct.ilog2() - self.start.ilog2() + 2;
        // Each turn goes down a level, on which blocks are smaller.
        let mut block = u64::MAX;
        while rows > 0 {
            let (mut row, mut row_base) = (0, base);
            let (size, col) = loop {
                let size = self.block(row)?;
                let all = size.saturating_mul(self.width);
                if at < row_base.saturating_add(all) {
                    break (size, (at - row_base) / size);
                }
                row_base = row_base.saturating_add(all);
                row += 1;
                if row >= rows {
                    return Err("an object of a heap of it lies outside of it".to_owned());
                }
            };
            if size >= block {
                return Err("a heap of it is damaged".to_owned());
            }
            block = size;
            let header = 5 + self.file.offsets + self.offset;
            let direct = u64::from(row.min(direct_rows)) * self.width;
            let indirect = u64::from(row - row.min(direct_rows)) * self.width;
            let entry = header as u64 + (direct + indirect + col) * self.file.offsets as u64;
            self.file.read(place, 4).and_then(|bytes| Walk::new(&bytes).expect(b"FHIB"))?;
            let bytes = self.file.read(place + entry, self.file.offsets as u64)?;
            place = self.file.place(&mut Walk::new(&bytes))?;
            base = row_base + col * size;
            rows = if row < direct_rows { 0 } else { size.ilog2() - (self.start * self.width).ilog2() + 1 };
        }
        let head = self.file.read(place, 4)?;
        Walk::new(&head).expect(b"FHDB")?;
        let least = (5 + self.file.offsets + self.offset + if self.has_sums { 4 } else { 0 }) as u64;
        let within = at.checked_sub(base).filter(|within| *within >= least).ok_or("a heap of it is damaged")?;
        self.file.read(place + within, length)
    }
}

/// A text or list that stands in a global heap.
pub(super) fn global(file: &Hdf5File, walk: &mut Walk<'_>) -> Reading<Vec<u8>> {
    let (_, place, wanted) = (walk.u32()?, file.place(walk)?, walk.u32()?);
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let head = file.read(place, 8 + file.lengths as u64)?;
    let mut walk = Walk::new(&head);
    walk.expect(b"GCOL\x01")?;
    walk.skip(3)?;
    let size = file.length(&mut walk)?;
    let block = file.read(place, size)?;
    let mut walk = Walk::new(&block);
    walk.skip(head.len())?;
    while walk.left() >= 8 + file.lengths {
        let number = walk.u16()?;
        walk.skip(6)?;
        let length = file.length(&mut walk)?;
        if number == 0 {
            break;
        }
        let object = walk.take(usize::try_from(length).map_err(|error| error.to_string())?)?;
        if u32::from(number) == wanted {
            return Ok(object.to_vec());
        }
        walk.align(8)?;
    }
    Err("a text of it is not in its heap".to_owned())
}

/// The names of a group of the first kind.
pub(super) fn local(file: &Hdf5File, place: u64) -> Reading<Vec<u8>> {
    let head = file.read(place, (8 + 2 * file.lengths + file.offsets) as u64)?;
    let mut walk = Walk::new(&head);
    walk.expect(b"HEAP\0")?;
    walk.skip(3)?;
    let size = file.length(&mut walk)?;
    walk.skip(file.lengths)?;
    file.read(file.place(&mut walk)?, size)
}
