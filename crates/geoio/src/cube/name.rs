//! Names of cubes and of variables in them: `cube.nc#ndvi`.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::bytes::Bytes;
use super::{classic, hdf4, hdf5, zarr};
use crate::open::check_form;

/// Whether a file or folder is a cube, by what it begins with. Nothing but regular files is opened.
fn is_cube(path: &Path) -> bool {
    if check_form(path).is_err() {
        return false;
    }
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    if metadata.is_dir() {
        return zarr::is_store(path);
    }
    let mut head = [0; 4];
    let known = metadata.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok();
    if !known || matches!(&head, b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+") {
        return false;
    }
    classic::is_classic(&head)
        || hdf4::is_hdf4(&head)
        || Bytes::open(path).is_ok_and(|bytes| hdf5::superblock_at(&bytes).is_some())
}

/// The cube and the variable that a path names, where it names a cube; a file whose own name has a `#` is that file.
pub(crate) fn split(path: &Path) -> Option<(PathBuf, Option<String>)> {
    if is_cube(path) {
        return Some((path.to_owned(), None));
    }
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let (file, variable) = path.to_str()?.rsplit_once('#')?;
    let file = PathBuf::from(file);
    (!variable.is_empty() && is_cube(&file)).then(|| (file, Some(variable.to_owned())))
}

/// Whether a path names a cube (`NetCDF`, HDF5, Zarr), or a variable of one: `cube.nc#ndvi`.
pub fn is_named(path: &Path) -> bool {
    split(path).is_some()
}

/// The path of a variable.
pub(crate) fn with_variable(file: &Path, variable: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push("#");
    name.push(variable);
    PathBuf::from(name)
}

/// The files of which a path is read: those of the folder of a store, else the cube without its variable; `None` for what is no cube.
pub(crate) fn container(path: &Path) -> Option<Vec<PathBuf>> {
    // Most names tell at once that they are a file's own.
    let is_own = !path.as_os_str().as_encoded_bytes().contains(&b'#') && !path.is_dir();
    let (file, _) = if is_own { None } else { split(path) }?;
    if !file.is_dir() {
        return Some(vec![file]);
    }
    let (mut folders, mut files) = (vec![file], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) if metadata.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    Some(files)
}
