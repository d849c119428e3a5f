//! One zlib stream (RFC 1950) for a whole array, read from any place on.
//!
//! What the decoder needs to go on is kept at places along the stream, so that reading in order costs one pass, and reading elsewhere
//! no more than the way from the place before it. The stream's checksum is compared where its end is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::super::bytes::Reading;
use super::file::Run;

/// Bytes that a stream may look back.
const WINDOW: usize = 1 << 15;
/// Packed bytes that are read at once, and unpacked ones that are skipped at once.
const READ: usize = 1 << 16;
const SKIP: u64 = 1 << 20;

/// The decoder at a place of the stream.
#[derive(Clone)]
struct Mark {
    decoder: Box<DecompressorOxide>,
    /// The last bytes before the place.
    window: Arc<Vec<u8>>,
    /// Packed bytes that were read.
    read: u64,
}

/// A packed array.
pub(super) struct Stream {
    packed: Run,
    /// Bytes of the array.
    length: u64,
    marks: Mutex<BTreeMap<u64, Mark>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("packed", &self.packed).field("length", &self.length).finish_non_exhaustive()
    }
}

impl Stream {
    pub(super) fn new(packed: Run, length: u64) -> Self {
        let start = Mark { decoder: Box::default(), window: Arc::default(), read: 0 };
        Self { packed, length, marks: Mutex::new(BTreeMap::from([(0, start)])) }
    }

    /// Unpacks `out.len()` bytes from `first` on.
    pub(super) fn fill(&self, first: u64, out: &mut [u8]) -> Reading<()> {
        let end = first + out.len() as u64;
        if end > self.length {
            return Err(format!("bytes up to {end} are asked of {}", self.length));
        }
        // Held while it unpacks: others would go the same way.
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut at, mut mark) = marks.range(..=first).next_back().map(|(at, mark)| (*at, mark.clone())).ok_or("no mark")?;
        while at < end {
            let until = if at < first { first.min(at + SKIP) } else { end };
            let bytes = self.step(&mut mark, (until - at) as usize, until == self.length)?;
            if at >= first {
                out.copy_from_slice(&bytes);
            }
            at = until;
            marks.entry(at).or_insert_with(|| mark.clone());
        }
        Ok(())
    }

    /// The next `count` bytes, behind which the mark is put; the stream must end there where they are the last.
    fn step(&self, mark: &mut Mark, count: usize, is_last: bool) -> Reading<Vec<u8>> {
        let before = mark.window.len();
        // One place more shows a stream that goes on where it must end.
        let mut buffer = vec![0; before + count + usize::from(is_last)];
        buffer[..before].copy_from_slice(&mark.window);
        let mut filled = before;
        let mut packed = vec![0; READ];
        loop {
            let there = (self.packed.length - mark.read).min(READ as u64) as usize;
            self.packed.fill(mark.read, &mut packed[..there])?;
            let goes_on = mark.read + (there as u64) < self.packed.length;
            let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
                | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
                | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
                | if goes_on { inflate_flags::TINFL_FLAG_HAS_MORE_INPUT } else { 0 };
            let (status, read, written) = decompress(&mut mark.decoder, &packed[..there], &mut buffer, filled, flags);
            (mark.read, filled) = (mark.read + read as u64, filled + written);
            match status {
                TINFLStatus::NeedsMoreInput if read > 0 || written > 0 => {}
                TINFLStatus::HasMoreOutput if !is_last && filled == buffer.len() => break,
                TINFLStatus::Done if filled == before + count => break,
                TINFLStatus::Done | TINFLStatus::HasMoreOutput => {
                    return Err(format!("its DEFLATE stream does not become the {} bytes of the array", self.length));
                }
                status => return Err(format!("its DEFLATE stream is damaged ({status:?})")),
            }
        }
        buffer.truncate(before + count);
        mark.window = Arc::new(buffer[buffer.len().saturating_sub(WINDOW)..].to_vec());
        buffer.drain(..before);
        Ok(buffer)
    }
}
