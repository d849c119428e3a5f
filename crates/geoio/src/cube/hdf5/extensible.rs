//! Extensible arrays: lists of chunks that grow along one dimension.

use super::super::bytes::{Reading, Walk};
use super::chunk::{Entry, entry};
use super::file::{Hdf5File, NOWHERE, check_sum};

/// Entries of one list.
const MOST_ENTRIES: u64 = 1 << 24;

/// The header of a list.
#[derive(Debug)]
pub(super) struct Extensible<'a> {
    file: &'a Hdf5File,
    /// Bytes of an entry.
    size: usize,
    /// Entries in the index block, in the smallest data block, and of a page.
    in_index: u64,
    in_block: u64,
    page: u64,
    /// Smallest number of blocks that a secondary block names.
    least_blocks: u64,
    /// Bytes of a place within the list.
    offset: usize,
    /// Entries that were set.
    count: u64,
    index: u64,
}

impl<'a> Extensible<'a> {
    pub(super) fn open(file: &'a Hdf5File, place: u64) -> Reading<Self> {
        if place == NOWHERE {
            return Ok(Self {
                file,
                size: 0,
                in_index: 0,
                in_block: 1,
                page: 1,
                least_blocks: 1,
                offset: 0,
                count: 0,
                index: NOWHERE,
            });
        }
        let head = file.read(place, (12 + 6 * file.lengths + file.offsets + 4) as u64)?;
        check_sum(&head)?;
        let mut walk = Walk::new(&head);
        walk.expect(b"EAHD\0")?;
        walk.skip(1)?;
        let (size, bits, in_index) = (usize::from(walk.u8()?), walk.u8()?, u64::from(walk.u8()?));
        let (in_block, least_blocks, page_bits) = (u64::from(walk.u8()?), u64::from(walk.u8()?), walk.u8()?);
        walk.skip(4 * file.lengths)?;
        let count = file.length(&mut walk)?;
        walk.skip(file.lengths)?;
        let index = file.place(&mut walk)?;
        if count > MOST_ENTRIES || page_bits > 32 || bits > 64 || !in_block.is_power_of_two() || !least_blocks.is_power_of_two() {
            return Err("a list of its chunks is damaged".to_owned());
        }
        let offset = usize::from(bits).div_ceil(8);
        Ok(Self { file, size, in_index, in_block, page: 1 << page_bits, least_blocks, offset, count, index })
    }

    fn entry(&self, walk: &mut Walk<'_>, bytes: u64) -> Reading<Entry> {
        let rest = self.size.checked_sub(self.file.offsets).ok_or("a list of its chunks is damaged")?;
        let place = self.file.place(walk)?;
        entry(walk, place, rest, bytes)
    }

    /// The entries of a data block, added to those before.
    fn block(
        &self,
        place: u64,
        count: u64,
        pages: Option<&[u8]>,
        bytes: u64,
        entries: &mut Vec<(u64, Entry)>,
        first: u64,
    ) -> Reading<()> {
        let file = self.file;
        let mut at = place;
        let prefix = (6 + file.offsets + self.offset) as u64;
        let mut put = |walk: &mut Walk<'_>, first: u64, count: u64| -> Reading<()> {
            for number in first..first + count {
                entries.push((number, self.entry(walk, bytes)?));
            }
            Ok(())
        };
        if count <= self.page {
            let body = file.read(at, prefix + count * self.size as u64 + 4)?;
            check_sum(&body)?;
            let mut walk = Walk::new(&body);
            walk.expect(b"EADB")?;
            walk.skip(prefix as usize - 4)?;
            return put(&mut walk, first, count);
        }
        let head = file.read(at, prefix + 4)?;
        check_sum(&head)?;
        Walk::new(&head).expect(b"EADB")?;
        at += prefix + 4;
        for page in 0..count / self.page {
            let is_written = |bits: &[u8]| bits.get(page as usize / 8).is_some_and(|bits| bits >> (7 - page % 8) & 1 == 1);
            if pages.is_none_or(is_written) {
                let body = file.read(at, self.page * self.size as u64 + 4)?;
                check_sum(&body)?;
                put(&mut Walk::new(&body), first + page * self.page, self.page)?;
            }
            at += self.page * self.size as u64 + 4;
        }
        Ok(())
    }
}

/// The entries that were set, by their numbers.
pub(super) fn entries(list: &Extensible<'_>, bytes: u64) -> Reading<Vec<(u64, Entry)>> {
    let (file, mut entries) = (list.file, Vec::new());
    if list.index == NOWHERE || list.count == 0 {
        return Ok(entries);
    }
    let in_index_blocks = 2 * (list.least_blocks - 1);
    // Secondary blocks whose data blocks the index block itself names.
    let own = 2 * u64::from(list.least_blocks.ilog2());
    let blocks_of = |level: u64| 1_u64 << (level / 2);
    let entries_of = |level: u64| list.in_block << level.div_ceil(2);
    let mut levels = Vec::new();
    let mut first = list.in_index;
    for level in 0..56 {
        levels.push((level, first));
        first = first.saturating_add(blocks_of(level).saturating_mul(entries_of(level)));
        if first >= list.count {
            break;
        }
    }
    let secondary = levels.iter().filter(|(level, _)| *level >= own).count();
    let prefix = 6 + file.offsets;
    let body = file.read(
        list.index,
        (prefix + list.in_index as usize * list.size + (in_index_blocks as usize + secondary) * file.offsets) as u64,
    )?;
    let mut walk = Walk::new(&body);
    walk.expect(b"EAIB")?;
    walk.skip(prefix - 4)?;
    for number in 0..list.in_index {
        entries.push((number, list.entry(&mut walk, bytes)?));
    }
    let direct = (0..in_index_blocks).map(|_| file.place(&mut walk)).collect::<Reading<Vec<u64>>>()?;
    let mut direct = direct.into_iter();
    for (level, first) in levels {
        let (blocks, count) = (blocks_of(level), entries_of(level));
        if level < own {
            for number in 0..blocks {
                let place = direct.next().unwrap_or(NOWHERE);
                if place != NOWHERE {
                    list.block(place, count, None, bytes, &mut entries, first + number * count)?;
                }
            }
            continue;
        }
        let place = file.place(&mut walk)?;
        if place == NOWHERE {
            continue;
        }
        let pages = if count > list.page { (count / list.page).div_ceil(8) as usize } else { 0 };
        let prefix = 6 + file.offsets + list.offset;
        let size = prefix + blocks as usize * (pages + file.offsets) + 4;
        let body = file.read(place, size as u64)?;
        check_sum(&body)?;
        let mut walk = Walk::new(&body);
        walk.expect(b"EASB")?;
        walk.skip(prefix - 4)?;
        let written = walk.take(blocks as usize * pages)?;
        for number in 0..blocks {
            let place = file.place(&mut walk)?;
            if place != NOWHERE {
                let bits = &written[number as usize * pages..][..pages];
                list.block(place, count, (pages > 0).then_some(bits), bytes, &mut entries, first + number * count)?;
            }
        }
    }
    Ok(entries)
}
