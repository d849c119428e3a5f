//! What the pages of a Parquet file claim, checked before they are unpacked: unpackers make room for what a header says.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use parquet::file::metadata::ParquetMetaData;

/// Most bytes that pages may unpack to, for each byte of the file.
const GROWTH: u64 = 64;

/// Bytes that any file may unpack to.
const FREE: u64 = 64 << 20;

/// Bytes of a page's header that are looked at first, and at most.
const HEADER: [usize; 2] = [4 << 10, 4 << 20];

/// How deep structures may stand in one another.
const DEPTH: usize = 16;

/// Checks that row groups and the pages of these columns lie in the file, and that they do not claim to unpack to far more than
/// so many bytes can.
///
/// # Errors
/// What is wrong.
pub(super) fn check(file: &File, length: u64, metadata: &ParquetMetaData, columns: &[usize]) -> Result<(), String> {
    let most = (length * GROWTH).max(FREE);
    let mut rows = 0_u64;
    let mut claimed = 0_u64;
    for group in metadata.row_groups() {
        rows += u64::try_from(group.num_rows()).map_err(|_| "a row group has fewer than no rows".to_owned())?;
        if rows > most {
            return Err(format!("it claims {rows} rows, more than its {length} bytes can hold"));
        }
        for (number, column) in group.columns().iter().enumerate() {
            // `byte_range` is not for those.
            let offsets = [Some(column.data_page_offset()), column.dictionary_page_offset(), Some(column.compressed_size())];
            if offsets.into_iter().flatten().any(|offset| offset < 0) || column.num_values() < 0 {
                return Err("a column chunk lies before the file".to_owned());
            }
            if columns.contains(&number) {
                claimed += chunk(file, length, column.byte_range(), most)?;
            }
        }
        if claimed > most {
            return Err(format!("it claims to unpack to {claimed} bytes, more than its {length} bytes can hold"));
        }
    }
    Ok(())
}

/// Bytes that the pages of a column chunk claim to unpack to.
fn chunk(file: &File, length: u64, (start, size): (u64, u64), most: u64) -> Result<u64, String> {
    let end = start.checked_add(size).filter(|end| *end <= length).ok_or("a column chunk lies beyond the file")?;
    let (mut at, mut claimed) = (start, 0);
    while at < end {
        let page = header(file, at, end)?;
        at += page.header + page.packed;
        claimed += page.unpacked;
        if at > end || claimed > most {
            return Err("a page claims more bytes than there are".to_owned());
        }
    }
    Ok(claimed)
}

/// Bytes of a page.
struct Page {
    header: u64,
    packed: u64,
    unpacked: u64,
}

fn header(file: &File, at: u64, end: u64) -> Result<Page, String> {
    let mut page = Err("a page has no header".to_owned());
    for size in HEADER {
        let mut bytes = vec![0; size.min((end - at) as usize)];
        file.read_exact_at(&mut bytes, at).map_err(|error| error.to_string())?;
        page = Compact { bytes: &bytes, at: 0 }.page().ok_or_else(|| "a page has no header".to_owned());
        if page.is_ok() {
            break;
        }
    }
    page
}

/// Reads Thrift's compact protocol.
struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Compact<'_> {
    fn page(&mut self) -> Option<Page> {
        let (mut packed, mut unpacked) = (None, None);
        let mut field = 0;
        loop {
            let kind = self.field(&mut field)?;
            match (kind, field) {
                (0, _) => break,
                (5, 2) => unpacked = Some(self.zigzag()?),
                (5, 3) => packed = Some(self.zigzag()?),
                (kind, _) => self.skip(kind, 0)?,
            }
        }
        let size = |size: Option<i64>| u64::try_from(size?).ok();
        Some(Page { header: self.at as u64, packed: size(packed)?, unpacked: size(unpacked)? })
    }

    /// The kind of the next field, 0 at the end of a structure.
    fn field(&mut self, number: &mut i64) -> Option<u8> {
        let byte = self.byte()?;
        match byte >> 4 {
            _ if byte == 0 => {}
            0 => *number = self.zigzag()?,
            step => *number += i64::from(step),
        }
        Some(byte & 15)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn advance(&mut self, bytes: u64) -> Option<()> {
        let at = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        self.at = at;
        (at <= self.bytes.len()).then_some(())
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let bytes = self.varint()?;
                self.advance(bytes)
            }
            9 | 10 if depth < DEPTH => self.skip_list(depth),
            12 if depth < DEPTH => {
                let mut field = 0;
                loop {
                    match self.field(&mut field)? {
                        0 => return Some(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => None,
        }
    }

    fn skip_list(&mut self, depth: usize) -> Option<()> {
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        for _ in 0..count {
            // Truth values take a byte each here.
            match byte & 15 {
                1 | 2 => self.advance(1)?,
                kind => self.skip(kind, depth + 1)?,
            }
        }
        Some(())
    }
}
