//! Files that Python writes for tests.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// The folder into which a script of this folder writes, once; `None` (and a line that says so) where there is no Python with the
/// modules that it needs.
pub(crate) fn written(
    folder: &'static OnceLock<Option<TempDir>>,
    (script, modules): (&str, &str),
    test: &str,
) -> Option<&'static Path> {
    let folder = folder.get_or_init(|| {
        let python = std::env::var("ATALAYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let knows = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
        if !knows.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../geoio/tests/support").join(script);
        let output = Command::new(&python).args([Path::new("-B"), &script, folder.path()]).output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(folder)
    });
    if folder.is_none() {
        assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no Python with {modules}: scripts/stac-server install");
        eprintln!("skipped: {test}: no Python with {modules} (ATALAYA_PYTHON)");
    }
    folder.as_ref().map(TempDir::path)
}
