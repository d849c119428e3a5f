//! The elements of a file: where each lies, and those that lie in several pieces.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::bytes::{Bytes, Reading, Walk};

/// Tag and number of an element.
pub(super) type Id = (u16, u16);

/// Of a tag: its element is a special one, which begins with the kind it is of.
const SPECIAL: u16 = 0x4000;
/// Tags of entries without an element, and what stands for a place or length that was never given.
const EMPTY: [u16; 2] = [1, 108];
const NOWHERE: u64 = 0xffff_ffff;
/// Bytes of an entry of the list.
const ENTRY: u64 = 12;
/// What pieces of an element, and the lists of them, are tagged with.
const LINKED: u16 = 20;

/// Kinds of special elements.
const IN_PIECES: u64 = 1;
const EXTERNAL: u64 = 2;
pub(super) const PACKED: u64 = 3;
pub(super) const CHUNKED: u64 = 5;

/// Where an element lies.
#[derive(Debug, Clone, Copy)]
struct Entry {
    place: u64,
    length: u64,
    is_special: bool,
}

/// Bytes that follow one another, though they may lie in several places of a file.
#[derive(Debug, Clone)]
pub(super) struct Run {
    file: Arc<Bytes>,
    /// Where each piece begins in the run, where it lies in the file, and how long it is.
    pieces: Vec<(u64, u64, u64)>,
    pub(super) length: u64,
}

impl Run {
    /// Fills a buffer from a place in the run on.
    pub(super) fn fill(&self, mut at: u64, mut buffer: &mut [u8]) -> Reading<()> {
        let first = self.pieces.partition_point(|(begin, _, length)| begin + length <= at);
        for (begin, place, length) in &self.pieces[first..] {
            let within = at - begin;
            let count = (length - within).min(buffer.len() as u64) as usize;
            let (now, rest) = std::mem::take(&mut buffer).split_at_mut(count);
            self.file.fill(place + within, now)?;
            (at, buffer) = (at + count as u64, rest);
        }
        if buffer.is_empty() { Ok(()) } else { Err(format!("it ends {} bytes too early", buffer.len())) }
    }
}

/// A special element: its kind and what stands in its head behind that.
#[derive(Debug)]
pub(super) struct Special {
    pub(super) kind: u64,
    pub(super) head: Vec<u8>,
}

/// An open file.
#[derive(Debug)]
pub(super) struct Hdf4File {
    bytes: Arc<Bytes>,
    entries: HashMap<Id, Entry>,
}

impl Hdf4File {
    /// Reads the list of elements, block by block, each of which names the next; every element must lie within the file.
    pub(super) fn open(bytes: &Arc<Bytes>) -> Reading<Self> {
        let (mut at, mut seen, mut entries) = (4, HashSet::new(), HashMap::new());
        loop {
            let head = bytes.read(at, 6)?;
            let mut head = Walk::new(&head);
            let (count, next) = (head.greatest_first(2)?, head.greatest_first(4)?);
            if !seen.insert(at) {
                return Err("its list of elements goes round in a circle".to_owned());
            }
            let block = bytes.read(at + 6, count * ENTRY)?;
            let mut block = Walk::new(&block);
            for _ in 0..count {
                let (tag, number) = (block.greatest_first(2)? as u16, block.greatest_first(2)? as u16);
                let (place, length) = (block.greatest_first(4)?, block.greatest_first(4)?);
                if EMPTY.contains(&tag) || place == NOWHERE || length == NOWHERE {
                    continue;
                }
                if place + length > bytes.length() {
                    let end = place + length;
                    return Err(format!("it is cut short: an element ends at byte {end}, and the file has {}", bytes.length()));
                }
                let entry = Entry { place, length, is_special: tag & SPECIAL != 0 };
                if entries.insert((tag & !SPECIAL, number), entry).is_some() {
                    return Err(format!("it has two elements of kind {} with the number {number}", tag & !SPECIAL));
                }
            }
            if next == 0 {
                return Ok(Self { bytes: Arc::clone(bytes), entries });
            }
            at = next;
        }
    }

    /// All elements of a kind, by their numbers.
    pub(super) fn ids(&self, tag: u16) -> Vec<Id> {
        let mut ids: Vec<Id> = self.entries.keys().filter(|(of, _)| *of == tag).copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Whether anything was ever written of an element.
    pub(super) fn holds(&self, id: Id) -> bool {
        self.entries.contains_key(&id)
    }

    /// The head of a special element; `None` for a plain one.
    pub(super) fn special(&self, id: Id) -> Reading<Option<Special>> {
        let entry = self.entry(id)?;
        if !entry.is_special {
            return Ok(None);
        }
        let bytes = self.bytes.read(entry.place, entry.length)?;
        let mut walk = Walk::new(&bytes);
        let kind = walk.greatest_first(2)?;
        Ok(Some(Special { kind, head: walk.take(walk.left())?.to_vec() }))
    }

    /// The bytes of an element that is plain or in pieces.
    ///
    /// # Errors
    /// What lies in another file, is packed, or is not there.
    pub(super) fn run(&self, id: Id) -> Reading<Run> {
        let Some(special) = self.special(id)? else { return Ok(self.run_of(&[self.entry(id)?], u64::MAX)) };
        match special.kind {
            IN_PIECES => self.in_pieces(&special.head),
            EXTERNAL => Err("it keeps its numbers in another file, which is not followed".to_owned()),
            kind => Err(format!("it is stored in a way (special kind {kind}) that is not read")),
        }
    }

    /// All bytes of an element of metadata.
    pub(super) fn whole(&self, id: Id) -> Reading<Vec<u8>> {
        let run = self.run(id)?;
        // An element claims no more than its pieces have, which all lie in the file.
        if run.length > self.bytes.length() {
            return Err(format!("an element of kind {} claims {} bytes, more than the file has", id.0, run.length));
        }
        let mut bytes = vec![0; run.length as usize];
        run.fill(0, &mut bytes)?;
        Ok(bytes)
    }

    fn entry(&self, id: Id) -> Reading<Entry> {
        let (tag, number) = id;
        self.entries.get(&id).copied().ok_or_else(|| format!("its element {number} of kind {tag} is not there"))
    }

    /// One piece behind the other, up to a length.
    fn run_of(&self, entries: &[Entry], most: u64) -> Run {
        let (mut pieces, mut length) = (Vec::new(), 0);
        for entry in entries {
            let count = entry.length.min(most - length);
            pieces.push((length, entry.place, count));
            length += count;
        }
        Run { file: Arc::clone(&self.bytes), pieces, length }
    }

    /// A run in pieces, of which lists tell that name one another.
    fn in_pieces(&self, head: &[u8]) -> Reading<Run> {
        let mut walk = Walk::new(head);
        let length = walk.greatest_first(4)?;
        walk.skip(8)?; // The length of a piece, which each tells itself, and how many a list names.
        let mut list = walk.greatest_first(2)? as u16;
        let (mut entries, mut seen, mut found) = (Vec::new(), 0, 0);
        while list != 0 && found < length {
            let entry = self.entry((LINKED, list))?;
            let bytes = self.bytes.read(entry.place, entry.length)?;
            let mut walk = Walk::new(&bytes);
            list = walk.greatest_first(2)? as u16;
            while walk.left() >= 2 {
                let number = walk.greatest_first(2)? as u16;
                if number == 0 {
                    break;
                }
                let piece = self.entry((LINKED, number))?;
                found += piece.length;
                entries.push(piece);
            }
            seen += 1;
            if seen > self.entries.len() {
                return Err("the lists of an element's pieces go round in a circle".to_owned());
            }
        }
        let run = self.run_of(&entries, length);
        if run.length < length {
            return Err(format!("pieces of an element are missing: it has {} bytes of {length}", run.length));
        }
        Ok(run)
    }
}
