//! The superblock, and how places and lengths are written.

use std::sync::Arc;

use super::super::bytes::{Bytes, Reading, Walk};
use super::super::filter::lookup3;

/// The first bytes of a file.
pub(in super::super) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// A place that stands for none.
pub(super) const NOWHERE: u64 = u64::MAX;

/// A file, and what its superblock says.
#[derive(Debug, Clone)]
pub(super) struct Hdf5File {
    pub(super) bytes: Arc<Bytes>,
    /// Where place 0 lies.
    base: u64,
    /// Bytes of a place.
    pub(super) offsets: usize,
    /// Bytes of a length.
    pub(super) lengths: usize,
    /// Place of the header of the root group.
    pub(super) root: u64,
}

/// Where the superblock lies: at the first byte, or after a block of the user's whose length is a power of two.
pub(in super::super) fn superblock_at(file: &Bytes) -> Option<u64> {
    let places = std::iter::once(0).chain((9..24).map(|power| 1 << power));
    places.take_while(|at| at + 8 <= file.length()).find(|at| file.read(*at, 8).is_ok_and(|bytes| bytes == SIGNATURE))
}

impl Hdf5File {
    pub(super) fn open(bytes: &Arc<Bytes>) -> Reading<Self> {
        let base = superblock_at(bytes).ok_or("it has no superblock of HDF5")?;
        let block = bytes.read_up_to(base, 128)?;
        let mut walk = Walk::new(&block);
        walk.expect(&SIGNATURE)?;
        let version = walk.u8()?;
        let mut file = Self { bytes: Arc::clone(bytes), base, offsets: 8, lengths: 8, root: 0 };
        match version {
            0 | 1 => {
                walk.skip(4)?;
                (file.offsets, file.lengths) = (usize::from(walk.u8()?), usize::from(walk.u8()?));
                walk.skip(if version == 0 { 9 } else { 13 })?;
            }
            2 | 3 => {
                (file.offsets, file.lengths) = (usize::from(walk.u8()?), usize::from(walk.u8()?));
                walk.skip(1)?;
            }
            _ => return Err(format!("its superblock has the version {version}, and 0 to 3 are known")),
        }
        if ![2, 4, 8].contains(&file.offsets) || ![2, 4, 8].contains(&file.lengths) {
            return Err(format!("its places have {} bytes and its lengths {}", file.offsets, file.lengths));
        }
        file.base = file.place(&mut walk)?;
        file.place(&mut walk)?;
        let end = file.place(&mut walk)?;
        if version < 2 {
            file.place(&mut walk)?;
            file.place(&mut walk)?;
            file.root = file.place(&mut walk)?;
        } else {
            file.root = file.place(&mut walk)?;
            check_sum(&block[..walk.at() + 4])?;
        }
        if end == NOWHERE || end > bytes.length() {
            return Err(format!("it is cut short: it ends at byte {end} by its superblock, and the file has {}", bytes.length()));
        }
        Ok(file)
    }

    /// A place in the file; [`NOWHERE`] for none.
    pub(super) fn place(&self, walk: &mut Walk<'_>) -> Reading<u64> {
        let place = walk.least_first(self.offsets)?;
        Ok(if place == u64::MAX >> (64 - 8 * self.offsets) { NOWHERE } else { place })
    }

    pub(super) fn length(&self, walk: &mut Walk<'_>) -> Reading<u64> {
        walk.least_first(self.lengths)
    }

    /// So many bytes of metadata.
    pub(super) fn read(&self, place: u64, length: u64) -> Reading<Vec<u8>> {
        self.bytes.read(self.absolute(place)?, length)
    }

    pub(super) fn read_up_to(&self, place: u64, length: u64) -> Reading<Vec<u8>> {
        self.bytes.read_up_to(self.absolute(place)?, length)
    }

    /// The byte of the file at which a place lies.
    pub(super) fn absolute(&self, place: u64) -> Reading<u64> {
        if place == NOWHERE {
            return Err("something that it names lies nowhere in it".to_owned());
        }
        place.checked_add(self.base).ok_or_else(|| "a place lies beyond every file".to_owned())
    }
}

/// Compares the checksum in the last four bytes of a block of metadata.
pub(super) fn check_sum(block: &[u8]) -> Reading<()> {
    let (data, sum) = block.split_at(block.len().saturating_sub(4));
    if Walk::new(sum).u32()? == lookup3(data) { Ok(()) } else { Err("the checksum of its metadata is wrong".to_owned()) }
}
