//! How chunks are packed, and how they are unpacked: never to more than they must become.

mod blosc;
mod lzf;
mod sum;

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use libdeflater::Decompressor;

use super::bytes::Reading;
pub(super) use blosc::unpack as unpack_blosc;
pub(super) use lzf::unpack as unpack_lzf;
pub(super) use sum::{crc32c, fletcher32, lookup3};

/// Unpacks a zlib stream (RFC 1950) that becomes exactly so many bytes.
pub(super) fn unpack_zlib(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let mut bytes = vec![0; length];
    let written = Decompressor::new()
        .zlib_decompress(packed, &mut bytes)
        .map_err(|error| format!("its DEFLATE stream does not become the {length} bytes of a chunk ({error})"))?;
    exactly(written, length)?;
    Ok(bytes)
}

/// Unpacks gzip (RFC 1952) of one or more members that become exactly so many bytes.
pub(super) fn unpack_gzip(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = length as u64 + 1;
    let read = MultiGzDecoder::new(packed).take(most).read_to_end(&mut bytes);
    read.map_err(|error| format!("its gzip stream is damaged ({error})"))?;
    exactly(bytes.len(), length)?;
    Ok(bytes)
}

/// Unpacks a Zstandard frame that becomes exactly so many bytes.
pub(super) fn unpack_zstd(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let bytes = zstd::bulk::decompress(packed, length + 1).map_err(|error| format!("its ZSTD frame is damaged ({error})"))?;
    exactly(bytes.len(), length)?;
    Ok(bytes)
}

fn exactly(found: usize, length: usize) -> Reading<()> {
    if found == length { Ok(()) } else { Err(format!("it unpacks to {found} bytes, and a chunk has {length}")) }
}

/// Brings the bytes of numbers together that stand apart: first all first bytes, then all second ones.
pub(super) fn unshuffle(bytes: &[u8], size: usize) -> Vec<u8> {
    if size < 2 {
        return bytes.to_vec();
    }
    let count = bytes.len() / size;
    let mut numbers = vec![0; bytes.len()];
    let (whole, rest) = bytes.split_at(count * size);
    for (place, plane) in whole.chunks_exact(count.max(1)).enumerate() {
        for (number, byte) in numbers.chunks_exact_mut(size).zip(plane) {
            number[place] = *byte;
        }
    }
    numbers[count * size..].copy_from_slice(rest);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_numbers_come_together_again() {
        assert_eq!(unshuffle(&[1, 4, 2, 5, 3, 6, 9], 3), [1, 2, 3, 4, 5, 6, 9]);
    }

    #[test]
    fn what_unpacks_to_more_or_less_than_a_chunk_is_refused() {
        let packed = zstd::bulk::compress(&[7; 1000], 3).expect("packed");
        assert_eq!(unpack_zstd(&packed, 1000).expect("unpacked"), [7; 1000]);
        assert!(unpack_zstd(&packed, 999).is_err() && unpack_zstd(&packed, 1001).is_err());
    }
}
