//! Cubes that Python writes for tests.

#[path = "python.rs"]
mod python;

use std::path::Path;
use std::sync::OnceLock;

/// The cubes that `support/cubes.py` writes; `None` where they cannot be.
pub(crate) fn cubes(test: &str) -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    python::written(&FOLDER, ("cubes.py", "xarray, netCDF4, h5netcdf, h5py, zarr, scipy, rioxarray"), test)
}
