//! Codecs of chunks.

use serde_json::Value;

use super::super::bytes::{Reading, Walk};
use super::super::filter;
use super::{Json, lengths, text};

/// One step of packing, to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Codec {
    /// The dimensions stand in this order.
    Transpose(Vec<usize>),
    /// Bytes of numbers stand apart.
    Shuffle(usize),
    Zlib,
    Gzip,
    Zstd,
    Blosc,
    /// A length in four bytes, then LZ4.
    Lz4,
    /// A checksum at the end.
    Crc32c,
}

const KNOWN: &str = "blosc, zstd, gzip, zlib, lz4, shuffle, crc32c, transpose and sharding_indexed";

fn unknown(name: &str) -> String {
    format!("it is packed by the codec '{name}', and {KNOWN} are read: write it with one of these")
}

impl Codec {
    /// A compressor or filter of the second format.
    pub(super) fn second(value: &Value) -> Reading<Self> {
        let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
        Ok(match id {
            "zlib" => Self::Zlib,
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "blosc" => Self::Blosc,
            "lz4" => Self::Lz4,
            "shuffle" => Self::Shuffle(value.get("elementsize").and_then(Value::as_u64).unwrap_or(4) as usize),
            "crc32c" => Self::Crc32c,
            other => return Err(unknown(other)),
        })
    }

    /// A codec of the third format that neither is `bytes` nor `sharding_indexed`.
    pub(super) fn third(name: &str, configuration: &Json) -> Reading<Self> {
        Ok(match name {
            "transpose" => Self::Transpose(lengths(configuration.get("order"), "order of a transposition")?),
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "blosc" => Self::Blosc,
            "crc32c" => Self::Crc32c,
            "numcodecs.zlib" => Self::Zlib,
            other => return Err(unknown(other)),
        })
    }

    /// Bytes that it adds to what it packs.
    fn added(&self) -> usize {
        if *self == Self::Crc32c { 4 } else { 0 }
    }

    fn undo(&self, packed: Vec<u8>, length: usize) -> Reading<Vec<u8>> {
        match self {
            Self::Transpose(_) => Ok(packed),
            Self::Shuffle(size) => Ok(filter::unshuffle(&packed, *size)),
            Self::Zlib => filter::unpack_zlib(&packed, length),
            Self::Gzip => filter::unpack_gzip(&packed, length),
            Self::Zstd => filter::unpack_zstd(&packed, length),
            Self::Blosc => filter::unpack_blosc(&packed, length),
            Self::Lz4 => {
                let mut walk = Walk::new(&packed);
                if walk.u32()? as usize != length {
                    return Err(format!("it does not unpack to the {length} bytes of a chunk"));
                }
                let bytes = lz4_flex::block::decompress(walk.take(walk.left())?, length).map_err(|error| error.to_string())?;
                if bytes.len() == length { Ok(bytes) } else { Err("its LZ4 stream is damaged".to_owned()) }
            }
            Self::Crc32c => {
                let (data, sum) = packed.split_at_checked(packed.len().wrapping_sub(4)).ok_or("it has no checksum")?;
                if Walk::new(sum).u32()? != filter::crc32c(data) {
                    return Err("its checksum (CRC-32C) is wrong".to_owned());
                }
                Ok(data.to_vec())
            }
        }
    }
}

/// Undoes codecs, the last one first, to so many bytes.
pub(super) fn undo(codecs: &[Codec], mut packed: Vec<u8>, length: usize) -> Reading<Vec<u8>> {
    for (place, codec) in codecs.iter().enumerate().rev() {
        let added: usize = codecs[..place].iter().map(Codec::added).sum();
        packed = codec.undo(packed, length + added)?;
    }
    if packed.len() == length { Ok(packed) } else { Err(format!("it has {} bytes, and a chunk {length}", packed.len())) }
}

/// Numbers of so many bytes in the order of the array, whose chunk has this shape; `order` is that of the dimensions as they are stored.
pub(super) fn turned(bytes: &[u8], shape: &[usize], order: &[usize], size: usize) -> Vec<u8> {
    let mut out = vec![0; bytes.len()];
    // How far apart neighbours along each dimension are stored.
    let mut step = vec![0; shape.len()];
    let mut far = size;
    for axis in order.iter().rev() {
        step[*axis] = far;
        far *= shape[*axis];
    }
    let mut at = vec![0; shape.len()];
    for number in out.chunks_exact_mut(size) {
        let from: usize = at.iter().zip(&step).map(|(at, step)| at * step).sum();
        number.copy_from_slice(&bytes[from..from + size]);
        super::super::array::next(&mut at, shape);
    }
    out
}

/// Name and configuration of a codec of the third format.
pub(super) fn named(value: &Value) -> Reading<(String, Json)> {
    if let Some(name) = value.as_str() {
        return Ok((name.to_owned(), Json::new()));
    }
    let codec = value.as_object().ok_or("a codec has no name")?;
    let name = text(codec, "name").ok_or("a codec has no name")?.to_owned();
    let configuration = codec.get("configuration").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok((name, configuration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stored_column_by_column_come_row_by_row() {
        // Two rows of three: 0 1 2 / 3 4 5.
        assert_eq!(turned(&[0, 3, 1, 4, 2, 5], &[2, 3], &[1, 0], 1), [0, 1, 2, 3, 4, 5]);
    }
}
