use std::path::Path;

use gdal::DriverManager;
use gdal::raster::{Buffer, RasterCreationOptions};
use ndarray::{ArrayView3, Axis};

use crate::{GeoioError, Staged, complaint, open};

/// Writes a picture; `pixels` has the shape (3, y, x): red, green, blue.
///
/// # Errors
/// [`GeoioError::Exists`], [`GeoioError::Write`], [`GeoioError::Encode`].
///
/// # Panics
/// Where the first axis has not three layers.
pub fn write_png(path: &Path, pixels: &ArrayView3<'_, u8>, force: bool) -> Result<(), GeoioError> {
    open::initialise(None);
    assert_eq!(pixels.dim().0, 3, "a picture has red, green, blue");
    let staged = Staged::new(path, force)?;
    let wrong = |reason| GeoioError::Encode { path: path.to_owned(), what: "packing".to_owned(), reason };
    let (_, rows, cols) = pixels.dim();
    complaint::watch(|| {
        let memory = DriverManager::get_driver_by_name("MEM")?.create_with_band_type::<u8, _>("", cols, rows, 3)?;
        for (i, layer) in pixels.axis_iter(Axis(0)).enumerate() {
            let mut buffer = Buffer::new((cols, rows), layer.iter().copied().collect());
            memory.rasterband(i + 1)?.write((0, 0), (cols, rows), &mut buffer)?;
        }
        let driver = DriverManager::get_driver_by_name("PNG")?;
        memory.create_copy(&driver, staged.partial(), &RasterCreationOptions::from_iter(["ZLEVEL=4"]))?.close()
    })
    .map_err(wrong)?;
    check_end(staged.partial()).map_err(|source| GeoioError::Write { path: path.to_owned(), source })?;
    staged.commit()
}

/// A PNG is complete where its last chunk stands at its end; the library does not report a failing last write.
fn check_end(path: &Path) -> std::io::Result<()> {
    const END: &[u8] = b"IEND\xaeB`\x82";
    if std::fs::read(path)?.ends_with(END) {
        return Ok(());
    }
    Err(std::io::Error::new(std::io::ErrorKind::WriteZero, "it was cut while it was written"))
}
