//! Bytes of files, never read beyond their end.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes of metadata that are read at once at the most.
const MOST_METADATA: u64 = 1 << 26;

/// What went wrong within a file, for people; the caller names the file.
pub(super) type Reading<T> = Result<T, String>;

/// A file whose length is known; may be read from several threads at once.
#[derive(Debug)]
pub(super) struct Bytes {
    file: File,
    length: u64,
}

impl Bytes {
    pub(super) fn open(path: &Path) -> Reading<Self> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        Ok(Self { file, length })
    }

    /// Bytes of the whole file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Fills a buffer from a place on.
    pub(super) fn fill(&self, at: u64, buffer: &mut [u8]) -> Reading<()> {
        let end = at.saturating_add(buffer.len() as u64);
        if end > self.length {
            return Err(format!("it is cut short: bytes {at} to {end} are asked for, and it has {}", self.length));
        }
        self.file.read_exact_at(buffer, at).map_err(|error| error.to_string())
    }

    /// So many bytes of metadata from a place on.
    pub(super) fn read(&self, at: u64, length: u64) -> Reading<Vec<u8>> {
        if length > MOST_METADATA {
            return Err(format!("{length} bytes of metadata are claimed at byte {at}, which no file has"));
        }
        let mut bytes = vec![0; length.min(self.length.saturating_sub(at)) as usize];
        if bytes.len() as u64 != length {
            return Err(format!("it is cut short: bytes {at} to {} are asked for, and it has {}", at + length, self.length));
        }
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`Bytes::read`], with what there is where the file ends before.
    pub(super) fn read_up_to(&self, at: u64, length: u64) -> Reading<Vec<u8>> {
        self.read(at, length.min(self.length.saturating_sub(at)))
    }
}

/// Walks through bytes; what is not there is an error.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn take(&mut self, count: usize) -> Reading<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| "its metadata end before they are complete".to_owned())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, count: usize) -> Reading<()> {
        self.take(count).map(|_| ())
    }

    /// Goes on to the next multiple of `to` bytes from the first.
    pub(super) fn align(&mut self, to: usize) -> Reading<()> {
        self.skip(self.at.next_multiple_of(to) - self.at)
    }

    /// An unsigned number of up to 8 bytes, the least first.
    pub(super) fn least_first(&mut self, count: usize) -> Reading<u64> {
        Ok(self.take(count)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// An unsigned number of up to 8 bytes, the greatest first.
    pub(super) fn greatest_first(&mut self, count: usize) -> Reading<u64> {
        Ok(self.take(count)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Reading<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Reading<u16> {
        self.least_first(2).map(|number| number as u16)
    }

    pub(super) fn u32(&mut self) -> Reading<u32> {
        self.least_first(4).map(|number| number as u32)
    }

    pub(super) fn u64(&mut self) -> Reading<u64> {
        self.least_first(8)
    }

    /// These bytes must stand here.
    pub(super) fn expect(&mut self, signature: &[u8]) -> Reading<()> {
        if self.take(signature.len())? == signature {
            return Ok(());
        }
        Err(format!("'{}' does not stand where it must, so it is damaged", signature.escape_ascii()))
    }
}

/// The product of lengths; an error where no machine could hold it.
pub(super) fn product(lengths: &[usize]) -> Reading<usize> {
    lengths
        .iter()
        .try_fold(1_usize, |all, length| all.checked_mul(*length))
        .filter(|all| *all <= isize::MAX as usize / 8)
        .ok_or_else(|| format!("a shape of {lengths:?} is claimed, which no file has"))
}
