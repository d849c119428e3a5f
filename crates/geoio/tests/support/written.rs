//! Cubes that Python writes for tests.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The cubes that `support/cubes.py` writes, once; `None` (and a line that says so) where there is no Python with what it needs.
pub(crate) fn cubes(test: &str) -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let python = std::env::var("ATALAYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let needed = "import xarray, netCDF4, h5netcdf, h5py, zarr, scipy, rioxarray";
        let knows = Command::new(&python).args(["-c", needed]).output();
        if !knows.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../geoio/tests/support/cubes.py");
        let output = Command::new(&python).args([Path::new("-B"), &script, folder.path()]).output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(folder)
    });
    if folder.is_none() {
        assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no Python that writes cubes: scripts/stac-server install");
        eprintln!("skipped: {test}: no Python with xarray, netCDF4, h5netcdf, h5py, zarr and rioxarray (ATALAYA_PYTHON)");
    }
    folder.as_ref().map(tempfile::TempDir::path)
}
