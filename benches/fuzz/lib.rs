//! What the targets share: readers take files, so that a target puts its bytes into one, in memory where the system has such a place.

use std::path::{Path, PathBuf};

/// A folder of this process; it is left behind when the process is killed.
pub fn folder(target: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let folder = parent.join(format!("atalaya-fuzz-{target}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// Writes a file of a folder and gives its path.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the file can be written");
    path
}

/// Expects that an error can be told in words.
pub fn said(error: &dyn std::fmt::Display) {
    assert!(!error.to_string().trim().is_empty(), "an error without words");
}
