//! Where the chunks of an array of a store lie.

use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use super::super::array::shown;
use super::super::bytes::{Reading, Walk, product};
use super::codec::{self, Codec};
use super::folder::Folder;

/// Chunks together in one file.
#[derive(Debug)]
pub(super) struct Shard {
    /// Chunks along each dimension.
    pub(super) counts: Vec<usize>,
    /// How the list of places is packed.
    pub(super) index: Vec<Codec>,
    pub(super) index_first: bool,
    /// What the shard as a whole is packed by, which leaves it as long as it is.
    pub(super) whole: Vec<Codec>,
}

/// The chunks of an array.
#[derive(Debug)]
pub(in super::super) struct Stored {
    pub(super) folder: Folder,
    /// What stands before the numbers of a chunk in its name.
    pub(super) prefix: Option<&'static str>,
    pub(super) separator: char,
    pub(super) codecs: Vec<Codec>,
    pub(super) chunk: Vec<usize>,
    /// Bytes of a number.
    pub(super) size: usize,
    pub(super) shard: Option<Shard>,
}

impl Stored {
    /// The bytes of a chunk; `None` for one that was never written.
    pub(in super::super) fn unpack(&self, at: &[usize], bytes: usize) -> Reading<Option<Vec<u8>>> {
        let packed = match &self.shard {
            None => self.file(at, bytes)?,
            Some(shard) => self.within(shard, at, bytes)?,
        };
        let Some(packed) = packed else { return Ok(None) };
        let mut unpacked = codec::undo(&self.codecs, packed, bytes)?;
        for codec in self.codecs.iter().rev() {
            if let Codec::Transpose(order) = codec {
                unpacked = codec::turned(&unpacked, &self.chunk, order, self.size);
            }
        }
        Ok(Some(unpacked))
    }

    /// The parts of the name of a chunk's file.
    fn parts(&self, at: &[usize]) -> Vec<String> {
        let numbers = at.iter().map(ToString::to_string);
        let all: Vec<String> = self.prefix.map(str::to_owned).into_iter().chain(numbers).collect();
        match (self.separator, all.is_empty()) {
            (_, true) => vec!["0".to_owned()],
            ('/', _) => all,
            (separator, _) => vec![all.join(&separator.to_string())],
        }
    }

    fn open(&self, at: &[usize]) -> Reading<Option<(std::fs::File, String, u64)>> {
        let parts = self.parts(at);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let Some(file) = self.folder.file(&parts)? else { return Ok(None) };
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        Ok(Some((file, parts.join("/"), length)))
    }

    fn file(&self, at: &[usize], bytes: usize) -> Reading<Option<Vec<u8>>> {
        let Some((file, name, length)) = self.open(at)? else { return Ok(None) };
        if length > most(bytes) {
            return Err(format!("file {name} has {length} bytes for a chunk of {bytes}"));
        }
        let mut packed = Vec::new();
        file.take(most(bytes)).read_to_end(&mut packed).map_err(|error| format!("file {name}: {error}"))?;
        if packed.is_empty() {
            return Err(format!("file {name} is empty"));
        }
        Ok(Some(packed))
    }

    fn within(&self, shard: &Shard, at: &[usize], bytes: usize) -> Reading<Option<Vec<u8>>> {
        let outer: Vec<usize> = at.iter().zip(&shard.counts).map(|(at, count)| at / count).collect();
        let Some((file, name, length)) = self.open(&outer)? else { return Ok(None) };
        let told = |reason: String| format!("file {name}: {reason}");
        let cut = || told("it is cut short".to_owned());
        let chunks = product(&shard.counts)?;
        let sums: u64 = shard.index.iter().filter(|codec| **codec == Codec::Crc32c).count() as u64 * 4;
        // Checksums of the shard as a whole stand at its end, after the list of places; they hold for all of it and are not compared.
        let after = shard.whole.len() as u64 * 4;
        let listed = 16 * chunks as u64 + sums;
        let end = length.checked_sub(after).filter(|end| *end >= listed).ok_or_else(cut)?;
        let mut index = vec![0; listed as usize];
        file.read_exact_at(&mut index, if shard.index_first { 0 } else { end - listed })
            .map_err(|error| told(error.to_string()))?;
        let index =
            codec::undo(&shard.index, index, 16 * chunks).map_err(|reason| told(format!("its list of chunks: {reason}")))?;
        let number = at.iter().zip(&shard.counts).fold(0, |number, (at, count)| number * count + at % count);
        let mut walk = Walk::new(&index[16 * number..]);
        let (begin, length) = (walk.u64()?, walk.u64()?);
        if begin == u64::MAX && length == u64::MAX {
            return Ok(None);
        }
        if begin.checked_add(length).is_none_or(|last| last > end) || length > most(bytes) {
            return Err(told(format!("chunk {} lies outside of it, so it is cut short or damaged", shown(at))));
        }
        let mut packed = vec![0; length as usize];
        file.read_exact_at(&mut packed, begin).map_err(|error| told(error.to_string()))?;
        Ok(Some(packed))
    }
}

/// Packed bytes that no codec exceeds.
fn most(bytes: usize) -> u64 {
    (2 * bytes as u64).saturating_add(1 << 16)
}
