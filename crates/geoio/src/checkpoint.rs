//! Finished chunks of a run on disk.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use raster::{Checkpoint, Stored};
use sha2::{Digest as _, Sha256};

use crate::GeoioError;

/// A folder that keeps the results of finished chunks, a file each: SHA-256 of place and body, then the body, packed.
///
/// A file is written beside its place and renamed; one that is torn, altered or of another place counts as absent.
#[derive(Debug)]
pub struct CheckpointFolder {
    folder: PathBuf,
    loaded: AtomicUsize,
}

/// Length of the sum at the head of a file.
const SUM: usize = 32;

impl CheckpointFolder {
    /// The folder at a path, made where it is not there.
    ///
    /// # Errors
    /// [`GeoioError::Write`].
    pub fn open(folder: &Path) -> Result<Self, GeoioError> {
        fs::create_dir_all(folder).map_err(|source| GeoioError::Write { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned(), loaded: AtomicUsize::new(0) })
    }

    /// How many results were found and used so far.
    pub fn loaded(&self) -> usize {
        self.loaded.load(Ordering::Relaxed)
    }

    fn file(&self, place: usize) -> PathBuf {
        self.folder.join(format!("{place:08}.strip"))
    }
}

impl<T: Stored> Checkpoint<T> for CheckpointFolder {
    type Error = GeoioError;

    fn load(&self, place: usize) -> Option<T> {
        let bytes = fs::read(self.file(place)).ok()?;
        let (sum, body) = bytes.split_at_checked(SUM)?;
        if sum != sum_of(place, body) {
            return None;
        }
        let mut body = FrameDecoder::new(body);
        let result = T::restore(&mut body).ok()?;
        let whole = body.read(&mut [0]).is_ok_and(|more| more == 0);
        self.loaded.fetch_add(usize::from(whole), Ordering::Relaxed);
        whole.then_some(result)
    }

    fn keep(&self, place: usize, result: &T) -> Result<(), GeoioError> {
        let path = self.file(place);
        write(&path, place, result).map_err(|source| GeoioError::Write { path, source })
    }
}

fn write<T: Stored>(path: &Path, place: usize, result: &T) -> io::Result<()> {
    let mut packer = FrameEncoder::new(vec![0; SUM]);
    result.store(&mut packer)?;
    let mut bytes = packer.finish().map_err(io::Error::other)?;
    let sum = sum_of(place, &bytes[SUM..]);
    bytes[..SUM].copy_from_slice(&sum);
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)
}

fn sum_of(place: usize, body: &[u8]) -> [u8; SUM] {
    let mut hasher = Sha256::new();
    hasher.update((place as u64).to_le_bytes());
    hasher.update(body);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &CheckpointFolder, place: usize) -> Option<Vec<u64>> {
        folder.load(place)
    }

    #[test]
    fn what_was_kept_is_loaded_again() {
        let scratch = tempfile::tempdir().expect("a folder");
        let result: Vec<u64> = (0..10_000).collect();
        CheckpointFolder::open(&scratch.path().join("strips")).expect("a folder").keep(3, &result).expect("kept");
        let folder = CheckpointFolder::open(&scratch.path().join("strips")).expect("a folder");
        assert_eq!((kept(&folder, 3), kept(&folder, 2), folder.loaded()), (Some(result), None, 1));
    }

    #[test]
    fn a_torn_altered_or_exchanged_result_counts_as_absent() {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = CheckpointFolder::open(scratch.path()).expect("a folder");
        folder.keep(0, &vec![1u64; 5_000]).expect("kept");
        let path = folder.file(0);
        let bytes = fs::read(&path).expect("bytes");
        for length in [0, 10, SUM, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).expect("written");
            assert_eq!(kept(&folder, 0), None, "torn at {length}");
        }
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 4;
            fs::write(&path, altered).expect("written");
            assert_eq!(kept(&folder, 0), None, "altered at {at}");
        }
        fs::write(folder.file(1), &bytes).expect("written");
        assert_eq!(kept(&folder, 1), None, "of another place");
        fs::write(&path, &bytes).expect("written");
        assert_eq!((kept(&folder, 0).map(|result| result.len()), folder.loaded()), (Some(5_000), 1));
    }
}
