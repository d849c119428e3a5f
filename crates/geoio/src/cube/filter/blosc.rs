//! Blosc 1, in which Zarr packs by default (v2) and `hdf5plugin` may.
//!
//! Source: Blosc chunk format (c-blosc, `README_CHUNK_FORMAT.rst`). A chunk is cut in blocks, a block in streams, one a byte of a
//! number where they are split.

use super::super::bytes::{Reading, Walk};
use super::unshuffle;

const HEADER: usize = 16;

/// Unpacks what becomes exactly so many bytes.
pub(crate) fn unpack(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let damaged = |what: &str| format!("its Blosc chunk is damaged: {what}");
    let mut walk = Walk::new(packed);
    let (version, _, flags, size) = (walk.u8()?, walk.u8()?, walk.u8()?, usize::from(walk.u8()?).max(1));
    let (bytes, block, all) = (walk.u32()? as usize, walk.u32()? as usize, walk.u32()? as usize);
    if !(1..=2).contains(&version) {
        return Err(format!("its Blosc chunk has the format {version}, and 1 and 2 are known"));
    }
    if bytes != length {
        return Err(damaged(&format!("it unpacks to {bytes} bytes, and a chunk has {length}")));
    }
    if all > packed.len() {
        return Err(damaged(&format!("{all} bytes are told and {} are there", packed.len())));
    }
    if flags & 2 != 0 {
        return Ok(Walk::new(&packed[HEADER..]).take(bytes)?.to_vec());
    }
    if bytes == 0 {
        return Ok(Vec::new());
    }
    if block == 0 || block > bytes {
        return Err(damaged("its blocks have no length"));
    }
    let mut out = Vec::with_capacity(bytes);
    for number in 0..bytes.div_ceil(block) {
        let whole = (bytes - out.len()).min(block);
        let start = walk.u32()? as usize;
        let mut stream = Walk::new(packed.get(start..all).ok_or_else(|| damaged("a block lies outside of it"))?);
        let is_last = number == bytes / block;
        // Streams are split but in the block that is left over.
        let streams = if flags & 16 == 0 && !is_last && (1..=16).contains(&size) && whole / size >= 128 && whole % size == 0 {
            size
        } else {
            1
        };
        let mut unpacked = Vec::with_capacity(whole);
        for _ in 0..streams {
            let one = whole / streams;
            let count = stream.u32()? as usize;
            let bytes = stream.take(count)?;
            if count == one {
                unpacked.extend_from_slice(bytes);
            } else {
                unpacked.extend(unpack_stream(flags >> 5, bytes, one)?);
            }
        }
        if flags & 1 != 0 {
            unpacked = unshuffle(&unpacked, size);
        } else if flags & 4 != 0 {
            unpacked = unshuffle_bits(&unpacked, size);
        }
        out.extend(unpacked);
    }
    Ok(out)
}

fn unpack_stream(codec: u8, packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    match codec {
        0 => unpack_blosclz(packed, length),
        1 => {
            let bytes =
                lz4_flex::block::decompress(packed, length).map_err(|error| format!("its LZ4 stream is damaged ({error})"))?;
            super::exactly(bytes.len(), length)?;
            Ok(bytes)
        }
        3 => super::unpack_zlib(packed, length),
        4 => super::unpack_zstd(packed, length),
        2 => Err("it is packed by Blosc with snappy, which is not read; write it with zstd".to_owned()),
        other => Err(format!("it is packed by Blosc with a codec of number {other}, which is not known")),
    }
}

/// `BloscLZ`, a kin of `FastLZ` (level 2).
fn unpack_blosclz(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let damaged = || "its BloscLZ stream is damaged".to_owned();
    let mut out: Vec<u8> = Vec::with_capacity(length);
    let mut bytes = packed.iter().copied();
    let mut control = usize::from(bytes.next().ok_or_else(damaged)? & 31);
    loop {
        if control >= 32 {
            let mut count = (control >> 5) - 1;
            let mut back = (control & 31) << 8;
            if count == 6 {
                loop {
                    let more = bytes.next().ok_or_else(damaged)?;
                    count += usize::from(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            let low = usize::from(bytes.next().ok_or_else(damaged)?);
            back += low;
            if low == 255 && control & 31 == 31 {
                let high = usize::from(bytes.next().ok_or_else(damaged)?);
                back = (high << 8 | usize::from(bytes.next().ok_or_else(damaged)?)) + 8191;
            }
            count += 3;
            let from = out.len().checked_sub(back + 1).ok_or_else(damaged)?;
            if out.len() + count > length {
                return Err(damaged());
            }
            for place in from..from + count {
                out.push(out[place]);
            }
        } else {
            if out.len() + control + 1 > length {
                return Err(damaged());
            }
            for _ in 0..=control {
                out.push(bytes.next().ok_or_else(damaged)?);
            }
        }
        match bytes.next() {
            Some(next) => control = usize::from(next),
            None => break,
        }
    }
    if out.len() == length { Ok(out) } else { Err(damaged()) }
}

/// Brings the bits of numbers together that stand apart, where these are a multiple of eight; others stand as they are.
fn unshuffle_bits(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len() / size;
    if !count.is_multiple_of(8) {
        return bytes.to_vec();
    }
    let mut numbers = vec![0; bytes.len()];
    let row = count / 8;
    for place in 0..size {
        for bit in 0..8 {
            let plane = &bytes[(place * 8 + bit) * row..][..row];
            for (group, byte) in plane.iter().enumerate() {
                for i in 0..8 {
                    numbers[(group * 8 + i) * size + place] |= (byte >> i & 1) << bit;
                }
            }
        }
    }
    numbers[count * size..].copy_from_slice(&bytes[count * size..]);
    numbers
}
