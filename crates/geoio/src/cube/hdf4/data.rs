//! How the numbers of a field are stored, and how they are unpacked.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::array::{self, Array};
use super::super::bytes::{Reading, Walk};
use super::super::element::Element;
use super::super::filter;
use super::TABLE;
use super::file::{CHUNKED, Hdf4File, Id, PACKED, Run};
use super::inflate::Stream;
use super::record::Table;

/// What packed numbers are tagged with.
const PACKED_NUMBERS: u16 = 40;

/// What chunks are tagged with.
const CHUNK: u16 = 61;

/// Of a chunked field's head: its chunks are packed.
const PACKED_CHUNKS: u64 = 3;

/// How numbers are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coder {
    None,
    RunLength,
    Deflate,
}

impl Coder {
    /// By the numbers of the model and of the coder.
    fn read(walk: &mut Walk<'_>) -> Reading<Self> {
        match (walk.greatest_first(2)?, walk.greatest_first(2)?) {
            (0, 0) => Ok(Self::None),
            (0, 1) => Ok(Self::RunLength),
            (0, 4) => Ok(Self::Deflate),
            (_, coder) => {
                let name = match coder {
                    2 => "n-bit",
                    3 => "skipping Huffman",
                    5 => "szip",
                    _ => "unknown",
                };
                Err(format!("it is packed by a coder ({name}) that is not read; repack it (hrepack -t '*:GZIP 6')"))
            }
        }
    }
}

/// The numbers of a field.
#[derive(Debug)]
pub(in super::super) struct Data(Kept);

/// How they are kept.
#[derive(Debug)]
enum Kept {
    Plain(Run),
    Deflate(Stream),
    /// Packed whole.
    RunLength(Run),
    Chunks {
        file: Arc<Hdf4File>,
        coder: Option<Coder>,
        places: HashMap<u64, Id>,
    },
}

impl Data {
    /// The lengths of a chunk, and the numbers, of a field with so many bytes.
    pub(super) fn of(
        file: &Arc<Hdf4File>,
        id: Id,
        (lengths, element): (&[usize], Element),
        bytes: u64,
    ) -> Reading<(Vec<usize>, Self)> {
        let pieces = || Array::pieces(lengths, element, false);
        let Some(special) = file.special(id)?.filter(|special| matches!(special.kind, PACKED | CHUNKED)) else {
            let run = file.run(id)?;
            if run.length < bytes {
                return Err(format!("it has {} bytes of {bytes}: not all of it was written", run.length));
            }
            return Ok((pieces(), Self(Kept::Plain(run))));
        };
        let mut walk = Walk::new(&special.head);
        if special.kind == CHUNKED {
            let (chunk, kept) = chunked(file, &mut walk, (lengths, element))?;
            return Ok((chunk, Self(kept)));
        }
        let (length, coder, packed) = packed(file, &mut walk)?;
        if length != bytes {
            return Err(format!("it unpacks to {length} bytes, and its shape has {bytes}"));
        }
        Ok(match coder {
            Coder::None => (pieces(), Self(Kept::Plain(packed))),
            Coder::Deflate => (pieces(), Self(Kept::Deflate(Stream::new(packed, length)))),
            Coder::RunLength => (lengths.to_vec(), Self(Kept::RunLength(packed))),
        })
    }

    /// The bytes of a chunk, padded to its whole shape; `None` for one that was never written.
    pub(in super::super) fn unpack(&self, array: &Array, at: &[usize], bytes: usize) -> Reading<Option<Vec<u8>>> {
        let (first, count) = array::piece(&array.shape(), &array.chunk, at)?;
        let size = array.element.bytes;
        let (first, count) = (first * size as u64, count * size);
        let mut out = vec![0; bytes];
        match &self.0 {
            Kept::Plain(run) => run.fill(first, &mut out[..count])?,
            Kept::Deflate(stream) => stream.fill(first, &mut out[..count])?,
            Kept::RunLength(run) => out = spread(&whole(run, bytes)?, bytes)?,
            Kept::Chunks { file, coder, places } => {
                let linear = array::linear(at.iter().map(|at| *at as u64), &array.chunks());
                let Some(id) = places.get(&linear) else { return Ok(None) };
                out = chunk(file, *id, *coder, bytes)?;
            }
        }
        Ok(Some(out))
    }
}

/// Length when unpacked, coder and bytes of what is packed, by its head.
fn packed(file: &Hdf4File, walk: &mut Walk<'_>) -> Reading<(u64, Coder, Run)> {
    walk.skip(2)?; // The version of the head.
    let (length, number) = (walk.greatest_first(4)?, walk.greatest_first(2)? as u16);
    Ok((length, Coder::read(walk)?, file.run((PACKED_NUMBERS, number))?))
}

/// A field in chunks, of which a table tells.
fn chunked(file: &Arc<Hdf4File>, walk: &mut Walk<'_>, (lengths, element): (&[usize], Element)) -> Reading<(Vec<usize>, Kept)> {
    walk.skip(5)?; // The length of the head and its version.
    let flags = walk.greatest_first(4)?;
    walk.skip(8)?; // Numbers of the field and of a chunk.
    if walk.greatest_first(4)? != element.bytes as u64 {
        return Err("its chunks hold numbers of another length".to_owned());
    }
    let table = (walk.greatest_first(2)? as u16, walk.greatest_first(2)? as u16);
    walk.skip(4)?;
    let rank = walk.greatest_first(4)?;
    if rank != lengths.len() as u64 || table.0 != TABLE {
        return Err("the head of its chunks is damaged".to_owned());
    }
    let mut chunk = Vec::new();
    for length in lengths {
        walk.skip(4)?;
        let (all, one) = (walk.greatest_first(4)?, walk.greatest_first(4)?);
        if all != *length as u64 || one == 0 {
            return Err(format!("its chunks are {one} long in {all}, and its shape has {length}"));
        }
        chunk.push(one as usize);
    }
    let fill = walk.greatest_first(4)? as usize;
    walk.skip(fill)?;
    let coder = if flags & 0xff == PACKED_CHUNKS {
        walk.skip(6)?; // The same flag, and the length of what follows.
        Some(Coder::read(walk)?)
    } else {
        None
    };
    let counts: Vec<usize> = lengths.iter().zip(&chunk).map(|(length, chunk)| length.div_ceil(*chunk)).collect();
    let places = places(file, table, &counts)?;
    Ok((chunk, Kept::Chunks { file: Arc::clone(file), coder, places }))
}

/// The element of each chunk that was written.
fn places(file: &Hdf4File, table: Id, counts: &[usize]) -> Reading<HashMap<u64, Id>> {
    let table = Table::read(file, table)?;
    let column = |name: &str, bytes: usize| {
        let found = table.columns.iter().find(|column| column.name == name && column.bytes == bytes);
        found.map(|column| column.begin..column.begin + bytes).ok_or_else(|| format!("the table of its chunks has no {name}"))
    };
    let (origin, tag, number) = (column("origin", 4 * counts.len())?, column("chk_tag", 2)?, column("chk_ref", 2)?);
    let mut chunks = HashMap::new();
    for row in table.rows(file)? {
        let of = |range: &std::ops::Range<usize>| row.get(range.clone()).ok_or("the table of its chunks is damaged");
        let at: Vec<u64> = of(&origin)?
            .chunks_exact(4)
            .map(|four| u64::from(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
            .collect();
        if at.iter().zip(counts).any(|(at, count)| *at >= *count as u64) {
            return Err("the table of its chunks names one outside of it".to_owned());
        }
        let id = (super::word(of(&tag)?), super::word(of(&number)?));
        if id.0 != CHUNK || chunks.insert(array::linear(at.into_iter(), counts), id).is_some() {
            return Err("the table of its chunks names one twice, or what is none".to_owned());
        }
    }
    Ok(chunks)
}

/// The bytes of a chunk.
fn chunk(file: &Hdf4File, id: Id, coder: Option<Coder>, bytes: usize) -> Reading<Vec<u8>> {
    let Some(special) = file.special(id)?.filter(|special| special.kind == PACKED) else {
        return whole_of(&file.run(id)?, bytes);
    };
    let (length, own, run) = packed(file, &mut Walk::new(&special.head))?;
    if length != bytes as u64 || coder.is_some_and(|coder| coder != own) {
        return Err(format!("it unpacks to {length} bytes, and a chunk has {bytes}"));
    }
    match own {
        Coder::None => whole_of(&run, bytes),
        Coder::RunLength => spread(&whole(&run, bytes)?, bytes),
        Coder::Deflate => filter::unpack_zlib(&whole(&run, bytes)?, bytes),
    }
}

/// What becomes so many bytes, as it is packed.
fn whole(run: &Run, bytes: usize) -> Reading<Vec<u8>> {
    if run.length > (2 * bytes as u64).saturating_add(1 << 16) {
        return Err(format!("{} packed bytes are told for {bytes}", run.length));
    }
    let mut packed = vec![0; run.length as usize];
    run.fill(0, &mut packed)?;
    Ok(packed)
}

/// Exactly so many bytes.
fn whole_of(run: &Run, bytes: usize) -> Reading<Vec<u8>> {
    if run.length != bytes as u64 {
        return Err(format!("it has {} bytes, and a chunk {bytes}", run.length));
    }
    whole(run, bytes)
}

/// Unpacks HDF4's run-length coding: a byte below 128 is followed by so many and one bytes, another one by a byte that is repeated.
fn spread(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let damaged = || format!("its runs do not become its {length} bytes");
    let mut out = Vec::with_capacity(length);
    let mut rest = packed;
    while let (Some((control, after)), true) = (rest.split_first(), out.len() < length) {
        let count = usize::from(control & 127);
        if control & 128 != 0 {
            let (byte, after) = after.split_first().ok_or_else(damaged)?;
            out.resize(out.len() + count + 3, *byte);
            rest = after;
        } else {
            let (bytes, after) = after.split_at_checked(count + 1).ok_or_else(damaged)?;
            out.extend_from_slice(bytes);
            rest = after;
        }
    }
    if out.len() == length { Ok(out) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_spread_to_just_as_many_bytes() {
        assert_eq!(spread(&[130, 7, 1, 8, 9], 7).expect("spread"), [7, 7, 7, 7, 7, 8, 9]);
        assert!(spread(&[130, 7, 1, 8], 7).is_err() && spread(&[130, 7], 4).is_err() && spread(&[130], 5).is_err());
    }
}
