//! What the tests of the program share: running it, simulated regions, and finding the reference data.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod ground;
pub(crate) mod json_schema;
pub(crate) mod region;
pub(crate) mod safe;
pub(crate) mod stack;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program with arguments, to be started.
pub(crate) fn command<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atalaya"));
    command.args(arguments);
    command
}

/// Runs the program.
pub(crate) fn atalaya<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Runs the program and expects exit code 0; gives stdout.
pub(crate) fn succeed<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> String {
    let output = atalaya(arguments);
    assert_eq!(output.status.code(), Some(0), "stderr: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("stdout is text")
}

/// Runs the program and expects an exit code and one line on stderr that begins with `error: `; gives the line.
pub(crate) fn fail<I: AsRef<std::ffi::OsStr>>(exit: i32, arguments: impl IntoIterator<Item = I>) -> String {
    let output = atalaya(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "stderr: {told}");
    assert!(output.stdout.is_empty(), "a failure leaves nothing on stdout");
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 1, "one line tells the error: {told}");
    lines[0].to_owned()
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// Folder of the reference data; `None` (and a line that says so) where it is absent.
pub(crate) fn case(test: &str, name: &str) -> Option<PathBuf> {
    shared(test, &Path::new("cases").join(name))
}

/// Folder of hostile files of a class; `None` (and a line that says so) where it is absent.
pub(crate) fn corpus(test: &str, class: &str) -> Option<PathBuf> {
    shared(test, &Path::new("corpus").join(class))
}

fn shared(test: &str, name: &Path) -> Option<PathBuf> {
    let shared = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join(name);
    if folder.is_dir() {
        return Some(folder.canonicalize().expect("the folder is there"));
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "{}: reference data are required", folder.display());
    skipped(test, "no reference data");
    None
}

/// A program of the system; `None` (and a line that says so) where it is not installed.
pub(crate) fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skipped(test, &format!("{name} is not installed"));
    }
    found
}

/// Host and port of the `PostGIS` that `scripts/postgis` runs; `None` (and a line that says so) where there is none.
pub(crate) fn postgis(test: &str) -> Option<(String, String)> {
    let Ok(address) = std::env::var("ATALAYA_POSTGIS") else {
        assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "a PostGIS is required: scripts/postgis with COMMAND");
        skipped(test, "no PostGIS (scripts/setup postgis; scripts/postgis with COMMAND)");
        return None;
    };
    let (host, port) = address.split_once(':').expect("host:port");
    Some((host.to_owned(), port.to_owned()))
}

/// Folder of the real pictures from the air that `scripts/aerial` fetches; `None` (and a line that says so) where they are absent.
pub(crate) fn aerial(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ATALAYA_AERIAL").map(PathBuf::from);
    if folder.is_none() {
        assert!(
            std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(),
            "pictures from the air are required: scripts/aerial install"
        );
        skipped(test, "no pictures from the air (scripts/aerial install; scripts/test)");
    }
    folder
}

/// Says that a test could not be run; `scripts/test` lists such lines.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
}

/// A folder that goes with the test, on the disk of the build, so that files can be linked into it.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the test")
}
