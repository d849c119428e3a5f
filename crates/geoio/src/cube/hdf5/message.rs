//! What messages tell of an array: shape, type, fill value, filters.

use super::super::bytes::{Reading, Walk};
use super::super::element::{Element, Kind};
use super::file::Hdf5File;

/// Types within types.
const MOST_LEVELS: u8 = 4;

/// A type, as far as arrays and what is told of them need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datatype {
    Number(Element),
    /// A text of so many bytes.
    Text(usize),
    /// A text elsewhere.
    LongText,
    /// References elsewhere.
    References,
    /// A reference to an object.
    Reference,
    /// Anything else of so many bytes.
    Other(usize),
}

impl Datatype {
    pub(super) fn bytes(&self, file: &Hdf5File) -> usize {
        match self {
            Self::Number(element) => element.bytes,
            Self::Text(bytes) | Self::Other(bytes) => *bytes,
            Self::LongText | Self::References => 8 + file.offsets,
            Self::Reference => file.offsets,
        }
    }

    pub(super) fn element(&self, file: &Hdf5File) -> Element {
        match self {
            Self::Number(element) => *element,
            other => Element::new(Kind::Other, other.bytes(file), false),
        }
    }

    pub(super) fn read(walk: &mut Walk<'_>) -> Reading<Self> {
        Self::within(walk, 0)
    }

    /// A type that stands within others.
    fn within(walk: &mut Walk<'_>, level: u8) -> Reading<Self> {
        let (class, bits) = (walk.u8()?, walk.least_first(3)?);
        let size = walk.u32()? as usize;
        let big = bits & 1 == 1;
        if level > MOST_LEVELS {
            return Ok(Self::Other(size));
        }
        Ok(match class & 15 {
            0 => {
                let whole = walk.u16()? == 0 && usize::from(walk.u16()?) == 8 * size;
                let kind = if bits & 8 == 0 { Kind::Unsigned } else { Kind::Signed };
                if whole { Self::Number(Element::new(kind, size, big)) } else { Self::Other(size) }
            }
            1 => {
                let found = [
                    u64::from(walk.u16()?),
                    u64::from(walk.u16()?),
                    u64::from(walk.u8()?),
                    u64::from(walk.u8()?),
                    u64::from(walk.u8()?),
                    u64::from(walk.u8()?),
                    u64::from(walk.u32()?),
                ];
                // Offset, bits, place and size of the exponent and of the fraction, and the exponent of 1, as IEEE 754 has them.
                let usual = match size {
                    2 => [0, 16, 10, 5, 0, 10, 15],
                    4 => [0, 32, 23, 8, 0, 23, 127],
                    8 => [0, 64, 52, 11, 0, 52, 1023],
                    _ => [0; 7],
                };
                let is_vax = bits & 0x40 != 0;
                if found == usual && !is_vax { Self::Number(Element::new(Kind::Float, size, big)) } else { Self::Other(size) }
            }
            3 => Self::Text(size),
            7 if bits.trailing_zeros() >= 4 => Self::Reference,
            // An enumeration of numbers, as which h5py writes truth values.
            8 => match Self::within(walk, level + 1)? {
                Self::Number(element) if element.bytes == size => Self::Number(element),
                _ => Self::Other(size),
            },
            9 if bits & 15 == 1 => Self::LongText,
            9 => match Self::within(walk, level + 1)? {
                Self::Reference => Self::References,
                _ => Self::Other(size),
            },
            _ => Self::Other(size),
        })
    }
}

/// The lengths of an array; none for a single number, `None` for nothing at all.
pub(super) fn dataspace(file: &Hdf5File, body: &[u8]) -> Reading<Option<(Vec<u64>, Vec<u64>)>> {
    let mut walk = Walk::new(body);
    let (version, rank, flags) = (walk.u8()?, usize::from(walk.u8()?), walk.u8()?);
    match version {
        1 => walk.skip(5)?,
        2 if walk.u8()? == 2 => return Ok(None),
        2 => {}
        _ => return Err(format!("a shape is written in the version {version}, and 1 and 2 are known")),
    }
    let mut read = || (0..rank).map(|_| file.length(&mut walk)).collect::<Reading<Vec<u64>>>();
    let lengths = read()?;
    let most = if flags & 1 == 0 { lengths.clone() } else { read()? };
    Ok(Some((lengths, most)))
}

/// The bytes of the fill value: `Some` of none for the usual one, which is 0; `None` where there is none.
pub(super) fn fill(body: &[u8]) -> Reading<Option<Vec<u8>>> {
    let mut walk = Walk::new(body);
    let version = walk.u8()?;
    let is_told = match version {
        1 | 2 => {
            walk.skip(2)?;
            let defined = walk.u8()?;
            if defined == 0 {
                return Ok(None);
            }
            true
        }
        3 => {
            let flags = walk.u8()?;
            if flags & 0x10 != 0 {
                return Ok(None);
            }
            flags & 0x20 != 0
        }
        _ => return Err(format!("a fill value is written in the version {version}, and 1 to 3 are known")),
    };
    if !is_told {
        return Ok(Some(Vec::new()));
    }
    let size = walk.u32()? as i32;
    usize::try_from(size).map_or(Ok(None), |size| Ok(Some(walk.take(size)?.to_vec())))
}

/// A filter, and the numbers that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) number: u16,
    pub(super) name: String,
    pub(super) values: Vec<u32>,
}

/// The filters in the order in which they were applied.
pub(super) fn filters(body: &[u8]) -> Reading<Vec<Filter>> {
    let mut walk = Walk::new(body);
    let (version, count) = (walk.u8()?, walk.u8()?);
    if version == 1 {
        walk.skip(6)?;
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let number = walk.u16()?;
        let length = if version == 1 || number >= 256 { usize::from(walk.u16()?) } else { 0 };
        walk.skip(2)?;
        let values = usize::from(walk.u16()?);
        let name = walk.take(if version == 1 { length.next_multiple_of(8) } else { length })?;
        let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
        let given = (0..values).map(|_| walk.u32()).collect::<Reading<_>>()?;
        if version == 1 && values % 2 == 1 {
            walk.skip(4)?;
        }
        filters.push(Filter { number, name, values: given });
    }
    Ok(filters)
}
