//! TIFF's directories of tags (TIFF 6.0 section 2; `BigTIFF` where a file is larger than 4 GiB).

use std::collections::BTreeMap;

/// Numbers of the tags that tell of a file's size and packing.
pub(super) mod tag {
    pub(in super::super) const SUBFILE: u16 = 254;
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const LENGTH: u16 = 257;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_SIZES: u16 = 279;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_LENGTH: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_SIZES: u16 = 325;
}

/// Bytes of the longer of both forms' heads.
pub(super) const HEAD_BYTES: u64 = 16;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const LONG8: u16 = 16;

/// The value of a tag as it lies in the file, least byte first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

/// The tags of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directory(BTreeMap<u16, Field>);

impl Directory {
    /// The first directory of a classic TIFF, least byte first; `None` where the bytes are none.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        let bytes = |at: usize, n: usize| file.get(at..at.checked_add(n)?);
        let short = |at| Some(u16::from_le_bytes(bytes(at, 2)?.try_into().ok()?));
        let long = |at| Some(u32::from_le_bytes(bytes(at, 4)?.try_into().ok()?));
        if bytes(0, 4)? != b"II*\0" {
            return None;
        }
        let at = long(4)? as usize;
        let mut fields = BTreeMap::new();
        for i in 0..usize::from(short(at)?) {
            let entry = at + 2 + 12 * i;
            let (tag, kind, count) = (short(entry)?, short(entry + 2)?, long(entry + 4)?);
            let size = count as usize * size_of_kind(kind)?;
            let place = if size <= 4 { entry + 8 } else { long(entry + 8)? as usize };
            fields.insert(tag, Field { kind, count: u64::from(count), bytes: bytes(place, size)?.to_vec() });
        }
        Some(Self(fields))
    }

    /// The same with these tags only.
    pub(super) fn only(&self, tags: &[u16]) -> Self {
        Self(self.0.iter().filter(|(tag, _)| tags.contains(tag)).map(|(tag, field)| (*tag, field.clone())).collect())
    }

    /// The same without these tags.
    pub(super) fn without(&self, tags: &[u16]) -> Self {
        Self(self.0.iter().filter(|(tag, _)| !tags.contains(tag)).map(|(tag, field)| (*tag, field.clone())).collect())
    }

    /// Sets a tag to a 16-bit number.
    pub(super) fn short(&mut self, tag: u16, value: u16) {
        self.0.insert(tag, Field { kind: SHORT, count: 1, bytes: value.to_le_bytes().to_vec() });
    }

    /// Sets a tag to 32-bit numbers.
    pub(super) fn longs(&mut self, tag: u16, values: impl IntoIterator<Item = u32>) {
        let bytes: Vec<u8> = values.into_iter().flat_map(u32::to_le_bytes).collect();
        self.0.insert(tag, Field { kind: LONG, count: bytes.len() as u64 / 4, bytes });
    }

    /// Sets a tag to 64-bit numbers.
    pub(super) fn long8s(&mut self, tag: u16, values: impl IntoIterator<Item = u64>) {
        let bytes: Vec<u8> = values.into_iter().flat_map(u64::to_le_bytes).collect();
        self.0.insert(tag, Field { kind: LONG8, count: bytes.len() as u64 / 8, bytes });
    }
}

fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

/// Which of the two forms of TIFF is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Offsets of 32 bits.
    Classic,
    /// Offsets of 64 bits.
    Big,
}

impl Form {
    /// The first bytes of a file whose first directory lies at `first`.
    pub(super) fn head(self, first: u64) -> Vec<u8> {
        match self {
            Self::Classic => [b"II*\0".as_slice(), &(first as u32).to_le_bytes()].concat(),
            Self::Big => [b"II+\0\x08\0\0\0".as_slice(), &first.to_le_bytes()].concat(),
        }
    }

    /// The bytes of directories that lie one after the other from `start` (an even number) on, each with its values behind it.
    pub(super) fn directories(self, directories: &[Directory], start: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (i, directory) in directories.iter().enumerate() {
            let is_last = i + 1 == directories.len();
            self.append(&mut bytes, directory, start, is_last);
        }
        bytes
    }

    fn append(self, bytes: &mut Vec<u8>, directory: &Directory, start: u64, is_last: bool) {
        let word = self.word();
        let (count_bytes, entry_bytes) = if self == Self::Big { (8, 20) } else { (2, 12) };
        let own = count_bytes + entry_bytes * directory.0.len() + word;
        let mut behind = Vec::new();
        let values_at = start + bytes.len() as u64 + own as u64;
        bytes.extend_from_slice(&(directory.0.len() as u64).to_le_bytes()[..count_bytes]);
        for (tag, field) in &directory.0 {
            bytes.extend_from_slice(&tag.to_le_bytes());
            bytes.extend_from_slice(&field.kind.to_le_bytes());
            bytes.extend_from_slice(&field.count.to_le_bytes()[..word]);
            let mut value = [0u8; 8];
            if field.bytes.len() <= word {
                value[..field.bytes.len()].copy_from_slice(&field.bytes);
            } else {
                value = (values_at + behind.len() as u64).to_le_bytes();
                behind.extend_from_slice(&field.bytes);
                pad(&mut behind);
            }
            bytes.extend_from_slice(&value[..word]);
        }
        let next = if is_last { 0 } else { values_at + behind.len() as u64 };
        bytes.extend_from_slice(&next.to_le_bytes()[..word]);
        bytes.extend_from_slice(&behind);
    }

    fn word(self) -> usize {
        if self == Self::Big { 8 } else { 4 }
    }
}

/// Values begin at even places; those of 8 bytes at multiples of 8 would be nicer and are not asked for.
fn pad(bytes: &mut Vec<u8>) {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_parsed_again() {
        let mut first = Directory::default();
        first.short(tag::SUBFILE, 1);
        first.longs(tag::TILE_OFFSETS, [1, 2, 3]);
        first.long8s(65_000, [7]);
        let head = Form::Classic.head(8);
        let file = [head.clone(), Form::Classic.directories(&[first.clone(), Directory::default()], 8)].concat();
        assert_eq!(Directory::parse(&file), Some(first));
        for cut in 0..head.len() + 38 {
            assert_eq!(Directory::parse(&file[..cut]), None, "{cut} bytes");
        }
        assert_eq!(Directory::parse(&Form::Big.head(16)), None);
    }
}
