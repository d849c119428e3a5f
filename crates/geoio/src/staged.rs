use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::GeoioError;

/// An output file that is complete or absent: written beside its place as `NAME.partial`, then renamed.
///
/// Dropped without [`Staged::commit`] it leaves nothing.
#[derive(Debug)]
pub struct Staged {
    target: PathBuf,
    partial: PathBuf,
    committed: bool,
}

impl Staged {
    /// Prepares the place of an output: makes its folder, removes a left-over of an earlier run.
    ///
    /// # Errors
    /// [`GeoioError::Exists`] without `force` where the file is there, [`GeoioError::Write`].
    pub fn new(target: &Path, force: bool) -> Result<Self, GeoioError> {
        if target.is_dir() || (!force && target.symlink_metadata().is_ok()) {
            return Err(GeoioError::Exists { path: target.to_owned() });
        }
        let wrong = |source| GeoioError::Write { path: target.to_owned(), source };
        let Some(name) = target.file_name() else {
            return Err(wrong(io::Error::new(io::ErrorKind::InvalidInput, "it names no file")));
        };
        fs::create_dir_all(folder(target)).map_err(wrong)?;
        let mut partial = name.to_owned();
        partial.push(".partial");
        let staged = Self { target: target.to_owned(), partial: target.with_file_name(partial), committed: false };
        match fs::remove_file(&staged.partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(wrong(error)),
            _ => Ok(staged),
        }
    }

    /// Where to write until the output is complete.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the complete file under its final name, on disk also if the power fails now.
    ///
    /// # Errors
    /// [`GeoioError::Write`]; nothing is left then.
    pub fn commit(mut self) -> Result<(), GeoioError> {
        let result = self.place();
        self.committed = result.is_ok();
        result.map_err(|source| GeoioError::Write { path: self.target.clone(), source })
    }

    fn place(&self) -> io::Result<()> {
        File::options().write(true).open(&self.partial)?.sync_all()?;
        fs::rename(&self.partial, &self.target)?;
        File::open(folder(&self.target))?.sync_all()
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: the error that led here matters more than one of tidying up.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// SHA-256 of a file's bytes, 64 hexadecimal digits.
///
/// # Errors
/// [`GeoioError::Input`].
pub fn sha256_file(path: &Path) -> Result<String, GeoioError> {
    let wrong = |source| GeoioError::Input { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(wrong)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(wrong)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_complete_or_absent() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/a.txt");
        let staged = Staged::new(&path, false).expect("a place");
        fs::write(staged.partial(), "half").expect("written");
        drop(staged);
        assert_eq!(fs::read_dir(folder.path().join("deep/er")).expect("a folder").count(), 0);

        let staged = Staged::new(&path, false).expect("a place");
        fs::write(staged.partial(), "whole").expect("written");
        staged.commit().expect("placed");
        assert_eq!(fs::read_to_string(&path).expect("text"), "whole");
        assert_eq!(fs::read_dir(folder.path().join("deep/er")).expect("a folder").count(), 1);
        assert!(matches!(Staged::new(&path, false), Err(GeoioError::Exists { .. })));
        assert!(Staged::new(&path, true).is_ok());
    }

    #[test]
    fn the_hash_of_a_file_is_that_of_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("abc");
        fs::write(&path, "abc").expect("written");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_file(&path).expect("a hash"), expected);
    }
}
