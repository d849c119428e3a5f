//! Where the chunks of an array lie, and how they are unpacked.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::array::{Array, linear};
use super::super::bytes::{Reading, Walk};
use super::super::filter;
use super::extensible::{self, Extensible};
use super::file::{Hdf5File, NOWHERE, check_sum};
use super::message::Filter;
use super::tree;

/// Chunks of one array.
const MOST_CHUNKS: u64 = 1 << 24;

/// How chunks are found.
#[derive(Debug)]
pub(super) enum Index {
    /// A B-tree of the first kind.
    Tree(u64),
    /// A single chunk, and its packed length and the filters left out, where it is packed.
    Single(u64, Option<(u64, u32)>),
    /// All chunks one after the other.
    Row(u64),
    /// A list of fixed length.
    Fixed(u64),
    /// A list that grows along one dimension.
    Extensible(u64),
    /// A B-tree of the second kind.
    SecondTree(u64),
}

/// Where a chunk lies, how long it is, and which filters were left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) place: u64,
    pub(super) length: u64,
    pub(super) mask: u32,
}

/// The chunks of an array.
#[derive(Debug)]
pub(in super::super) struct Chunked {
    pub(super) file: Hdf5File,
    pub(super) index: Index,
    pub(super) filters: Vec<Filter>,
    /// Whether chunks that leave the array are not packed.
    pub(super) plain_edges: bool,
    /// The lengths that the array may grow to.
    pub(super) most: Vec<u64>,
    pub(super) found: OnceLock<Reading<HashMap<u64, Entry>>>,
}

impl Chunked {
    /// The bytes of a chunk; `None` for one that was never written.
    pub(in super::super) fn unpack(&self, array: &Array, at: &[usize], bytes: usize) -> Reading<Option<Vec<u8>>> {
        let found = self.found.get_or_init(|| self.find(array, bytes as u64)).as_ref().map_err(Clone::clone)?;
        let listed = || found.get(&linear(at.iter().map(|at| *at as u64), &array.chunks())).copied();
        let Some(entry) = self.in_row(array, at, bytes as u64).or_else(listed) else { return Ok(None) };
        let leaves = array.dimensions.iter().zip(&array.chunk).zip(at).any(|((all, chunk), at)| (at + 1) * chunk > all.length);
        let filters = if self.plain_edges && leaves { &[][..] } else { &self.filters[..] };
        let most = (2 * bytes as u64).saturating_add(1 << 16);
        if entry.length > most {
            return Err(format!("{} packed bytes are told for {bytes}", entry.length));
        }
        let mut packed = vec![0; entry.length as usize];
        self.file.bytes.fill(self.file.absolute(entry.place)?, &mut packed)?;
        if u64::from(entry.mask) >> filters.len().min(32) != 0 {
            return Err("filters are left out of it that it does not have, so its list is damaged".to_owned());
        }
        let is_used = |place: usize| entry.mask.checked_shr(place as u32).is_none_or(|mask| mask & 1 == 0);
        for (place, filter) in filters.iter().enumerate().rev().filter(|(place, _)| is_used(*place)) {
            let sums =
                filters[..place].iter().enumerate().filter(|(place, filter)| filter.number == 3 && is_used(*place)).count();
            packed = undo(filter, packed, (bytes + 4 * sums, array.element.bytes))?;
        }
        if packed.len() == bytes { Ok(Some(packed)) } else { Err(format!("it has {} bytes, and a chunk {bytes}", packed.len())) }
    }

    fn find(&self, array: &Array, bytes: u64) -> Reading<HashMap<u64, Entry>> {
        let counts = array.chunks();
        let all = counts.iter().try_fold(1_u64, |all, count| all.checked_mul(*count as u64)).filter(|all| *all <= MOST_CHUNKS);
        all.ok_or_else(|| format!("{} has more than {MOST_CHUNKS} chunks", array.name))?;
        let mut found = HashMap::new();
        let mut is_twice = false;
        let mut put = |at: Vec<u64>, entry: Entry| {
            if entry.place != NOWHERE && at.iter().zip(&counts).all(|(at, count)| *at < *count as u64) {
                is_twice |= found.insert(linear(at.into_iter(), &counts), entry).is_some();
            }
        };
        let most = self.most_chunks(array);
        match self.index {
            Index::Tree(place) => {
                for (key, place) in tree::first(&self.file, place, 1, 8 * (counts.len() + 2))? {
                    let mut walk = Walk::new(&key);
                    let (length, mask) = (u64::from(walk.u32()?), walk.u32()?);
                    let mut at = Vec::with_capacity(counts.len());
                    for chunk in &array.chunk {
                        let first = walk.u64()?;
                        if first % *chunk as u64 != 0 {
                            return Err(format!("{}: a chunk of it begins within another, so its list is damaged", array.name));
                        }
                        at.push(first / *chunk as u64);
                    }
                    put(at, Entry { place, length, mask });
                }
            }
            Index::Single(place, packed) => {
                let (length, mask) = packed.unwrap_or((bytes, 0));
                put(vec![0; counts.len()], Entry { place, length, mask });
            }
            Index::Row(_) => {}
            Index::Fixed(place) => {
                for (number, entry) in self.fixed(place, bytes)? {
                    put(places(number, &most), entry);
                }
            }
            Index::Extensible(place) => {
                // The dimension that grows counts first.
                let grows = self.most.iter().position(|most| *most == u64::MAX).unwrap_or(0);
                let mut turned = most.clone();
                let first = turned.remove(grows);
                turned.insert(0, first);
                let list = Extensible::open(&self.file, place)?;
                for (number, entry) in extensible::entries(&list, bytes)? {
                    let mut at = places(number, &turned);
                    let first = at.remove(0);
                    at.insert(grows, first);
                    put(at, entry);
                }
            }
            Index::SecondTree(place) => {
                for record in tree::second(&self.file, place, &[10, 11])? {
                    let mut walk = Walk::new(&record);
                    let place = self.file.place(&mut walk)?;
                    let rest = walk.left().checked_sub(8 * counts.len()).ok_or("a B-tree of it is damaged")?;
                    let entry = entry(&mut walk, place, rest, bytes)?;
                    put((0..counts.len()).map(|_| walk.u64()).collect::<Reading<_>>()?, entry);
                }
            }
        }
        if is_twice {
            return Err(format!("{}: a chunk of it stands in its list twice, so it is damaged", array.name));
        }
        Ok(found)
    }

    /// How many chunks lie along each dimension where it is as long as it may become.
    fn most_chunks(&self, array: &Array) -> Vec<u64> {
        self.most.iter().zip(&array.chunk).map(|(most, chunk)| most.div_ceil(*chunk as u64)).collect()
    }

    /// Where a chunk lies that stands in a row with all others.
    fn in_row(&self, array: &Array, at: &[usize], bytes: u64) -> Option<Entry> {
        let Index::Row(first) = self.index else { return None };
        let counts: Vec<usize> = self.most_chunks(array).into_iter().map(|count| count as usize).collect();
        let number = linear(at.iter().map(|at| *at as u64), &counts);
        let place = first.saturating_add(number.saturating_mul(bytes));
        (first != NOWHERE).then_some(Entry { place, length: bytes, mask: 0 })
    }

    /// The entries of a list of fixed length, by their numbers.
    fn fixed(&self, place: u64, bytes: u64) -> Reading<Vec<(u64, Entry)>> {
        let file = &self.file;
        if place == NOWHERE {
            return Ok(Vec::new());
        }
        let head = file.read(place, (4 + 4 + file.lengths + file.offsets + 4) as u64)?;
        check_sum(&head)?;
        let mut walk = Walk::new(&head);
        walk.expect(b"FAHD\0")?;
        let (_, size, page_bits) = (walk.u8()?, usize::from(walk.u8()?), walk.u8()?);
        let (count, block) = (file.length(&mut walk)?, file.place(&mut walk)?);
        if count > MOST_CHUNKS || page_bits > 32 {
            return Err("a list of its chunks is damaged".to_owned());
        }
        if block == NOWHERE {
            return Ok(Vec::new());
        }
        let (count, page) = (count as usize, 1_usize << page_bits);
        let pages = if count > page { count.div_ceil(page) } else { 0 };
        let prefix = 6 + file.offsets + pages.div_ceil(8);
        let first = if pages == 0 { count * size } else { 0 };
        let head = file.read(block, (prefix + first + 4) as u64)?;
        check_sum(&head)?;
        let mut walk = Walk::new(&head);
        walk.expect(b"FADB")?;
        walk.skip(2 + file.offsets)?;
        let written = walk.take(pages.div_ceil(8))?;
        let rest = size.checked_sub(file.offsets).ok_or("a list of its chunks is damaged")?;
        let mut entries = Vec::new();
        let mut take = |walk: &mut Walk<'_>, first: usize, count: usize| -> Reading<()> {
            for number in first..first + count {
                let place = file.place(walk)?;
                entries.push((number as u64, entry(walk, place, rest, bytes)?));
            }
            Ok(())
        };
        if pages == 0 {
            take(&mut walk, 0, count)?;
        }
        let mut at = block + head.len() as u64;
        for number in 0..pages {
            let here = (count - number * page).min(page);
            if written[number / 8] >> (7 - number % 8) & 1 == 1 {
                let body = file.read(at, (here * size + 4) as u64)?;
                check_sum(&body)?;
                take(&mut Walk::new(&body), number * page, here)?;
            }
            at += (page * size + 4) as u64;
        }
        Ok(entries)
    }
}

/// What stands after the place of a chunk: nothing for one that is not packed, else its length and the filters left out.
pub(super) fn entry(walk: &mut Walk<'_>, place: u64, rest: usize, bytes: u64) -> Reading<Entry> {
    match rest {
        0 => Ok(Entry { place, length: bytes, mask: 0 }),
        5..=12 => Ok(Entry { place, length: walk.least_first(rest - 4)?, mask: walk.u32()? }),
        _ => Err("a list of its chunks is damaged".to_owned()),
    }
}

/// The place of a chunk by its number, the last dimension counted first; the first one has no end.
fn places(number: u64, counts: &[u64]) -> Vec<u64> {
    let (mut left, mut at) = (number, vec![0; counts.len()]);
    for (place, count) in counts.iter().enumerate().skip(1).rev() {
        at[place] = left % (*count).max(1);
        left /= (*count).max(1);
    }
    if let Some(first) = at.first_mut() {
        *first = left;
    }
    at
}

/// Undoes one filter; the result has so many bytes, and numbers of so many.
fn undo(filter: &Filter, packed: Vec<u8>, (length, size): (usize, usize)) -> Reading<Vec<u8>> {
    match filter.number {
        1 => filter::unpack_zlib(&packed, length),
        2 => Ok(filter::unshuffle(&packed, filter.values.first().map_or(size, |size| *size as usize))),
        3 => {
            let (data, sum) = packed.split_at_checked(packed.len().wrapping_sub(4)).ok_or("it has no checksum")?;
            let told = Walk::new(sum).u32()?;
            if filter::fletcher32(data) != told {
                return Err("its checksum (Fletcher-32) is wrong".to_owned());
            }
            Ok(data.to_vec())
        }
        32_000 => filter::unpack_lzf(&packed, length),
        32_001 => filter::unpack_blosc(&packed, length),
        32_015 => filter::unpack_zstd(&packed, length),
        other => Err(unknown(other, &filter.name)),
    }
}

fn unknown(number: u16, name: &str) -> String {
    let known = match number {
        4 => "szip",
        5 => "nbit",
        6 => "scaleoffset",
        307 => "bzip2",
        32_004 => "lz4",
        32_008 => "bitshuffle",
        32_013 => "zfp",
        32_026 => "blosc2",
        _ if name.is_empty() => "unknown",
        _ => name,
    };
    format!(
        "it is packed by filter {number} ({known}), and deflate, shuffle, fletcher32, lzf, blosc and zstd are read: rewrite it with one of \
         these"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbered_with_the_last_dimension_first() {
        assert_eq!(places(7, &[0, 2, 3]), [1, 0, 1]);
        assert_eq!(places(11, &[5, 2, 3]), [1, 1, 2]);
    }
}
