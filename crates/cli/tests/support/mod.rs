//! What the tests of the program share: running it, and finding the reference data.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program.
pub(crate) fn atalaya<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_atalaya")).args(arguments).output().expect("the program starts")
}

/// Runs the program and expects exit code 0; gives stdout.
pub(crate) fn succeed<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> String {
    let output = atalaya(arguments);
    assert_eq!(output.status.code(), Some(0), "stderr: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("stdout is text")
}

/// Folder of the reference data; `None` (and a line that says so) where it is absent.
pub(crate) fn case(test: &str, name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("cases").join(name);
    if folder.is_dir() {
        return Some(folder.canonicalize().expect("the folder is there"));
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "{}: reference data are required", folder.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

/// A folder that goes with the test.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}
