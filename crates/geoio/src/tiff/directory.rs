use std::io::{self, Read, Seek, SeekFrom};

/// Entries above which libtiff takes a directory for none.
const MAX_ENTRIES: u64 = 4096;

/// The first directory of a TIFF.
#[derive(Debug)]
pub(super) struct Directory {
    big_endian: bool,
    fields: Vec<Field>,
}

/// One entry of a directory.
#[derive(Debug)]
pub(super) struct Field {
    tag: u16,
    /// Bytes of one value; 0 for a type that holds no whole numbers.
    width: u64,
    /// How many values there are.
    pub(super) count: u64,
    /// The values, or where they are.
    last: Vec<u8>,
}

impl Field {
    fn bytes(&self) -> u64 {
        self.width.saturating_mul(self.count)
    }

    fn is_inside(&self) -> bool {
        self.bytes() <= self.last.len() as u64
    }
}

impl Directory {
    /// Reads it: `None` for what is no TIFF or has a directory that libtiff takes for none, a reason where it is not all there.
    pub(super) fn read(source: &mut (impl Read + Seek), length: u64) -> io::Result<Result<Option<Self>, String>> {
        let head = bytes(source, 0, length.min(16))?;
        let big_endian = head.starts_with(b"MM");
        if head.len() < 8 || !(big_endian || head.starts_with(b"II")) {
            return Ok(Ok(None));
        }
        let wide = match number(&head[2..4], big_endian) {
            42 => false,
            43 if head.len() == 16 => true,
            _ => return Ok(Ok(None)),
        };
        let (at, counter, entry) = if wide { (&head[8..16], 8, 20) } else { (&head[4..8], 2, 12) };
        let at = number(at, big_endian);
        let cut = |what: &str| Ok(Err(format!("{what} lies beyond the file's end at byte {length}: it is cut")));
        if at.saturating_add(counter) > length {
            return cut("its directory");
        }
        let entries = number(&bytes(source, at, counter)?, big_endian);
        if entries > MAX_ENTRIES {
            return Ok(Ok(None));
        }
        if at + counter + entries * entry > length {
            return cut("the end of its directory");
        }
        let all = bytes(source, at + counter, entries * entry)?;
        let fields = all.chunks_exact(entry as usize).map(|entry| field(entry, wide, big_endian)).collect();
        Ok(Ok(Some(Self { big_endian, fields })))
    }

    /// Whether numbers come with their most significant byte first.
    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// The first entry of a tag.
    pub(super) fn field(&self, tag: u16) -> Option<&Field> {
        self.fields.iter().find(|field| field.tag == tag)
    }

    /// Whether all values of a field lie within the file.
    pub(super) fn holds(&self, field: &Field, length: u64) -> bool {
        field.is_inside() || number(&field.last, self.big_endian).saturating_add(field.bytes()) <= length
    }

    /// The first value of a tag; `None` where there is none that is a whole number within the file.
    pub(super) fn first(&self, source: &mut (impl Read + Seek), tag: u16) -> io::Result<Option<u64>> {
        let Some(field) = self.field(tag).filter(|field| field.count > 0) else { return Ok(None) };
        match self.values(source, field, 0, 1) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            values => Ok(values?.first().copied()),
        }
    }

    /// Values `first` to `first + many` of a field; none where they are no whole numbers.
    pub(super) fn values(&self, source: &mut (impl Read + Seek), field: &Field, first: u64, many: u64) -> io::Result<Vec<u64>> {
        if field.width == 0 {
            return Ok(Vec::new());
        }
        let (from, size) = (first * field.width, many * field.width);
        let read = if field.is_inside() {
            field.last[from as usize..(from + size) as usize].to_vec()
        } else {
            bytes(source, number(&field.last, self.big_endian).saturating_add(from), size)?
        };
        Ok(read.chunks_exact(field.width as usize).map(|value| number(value, self.big_endian)).collect())
    }
}

fn field(entry: &[u8], wide: bool, big_endian: bool) -> Field {
    let counted = if wide { 4..12 } else { 4..8 };
    Field {
        tag: number(&entry[..2], big_endian) as u16,
        width: match number(&entry[2..4], big_endian) {
            1 => 1,       // BYTE
            3 => 2,       // SHORT
            4 | 13 => 4,  // LONG, IFD
            16 | 18 => 8, // LONG8, IFD8
            _ => 0,
        },
        count: number(&entry[counted.clone()], big_endian),
        last: entry[counted.end..].to_vec(),
    }
}

fn bytes(source: &mut (impl Read + Seek), at: u64, many: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; many as usize];
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
}
