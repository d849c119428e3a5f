use ndarray::Array2;
use raster::Window;

use super::RasterFile;
use crate::{GeoioError, complaint};

/// The band by which the file's own mask is read: 0 where a pixel is no data in all of its bands, 255 elsewhere.
pub(crate) const OWN_MASK: usize = 0;

/// Whole pixels of which a file says that they are no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnMask {
    /// By a mask that lies beside its bands.
    Beside,
    /// By one number in all of its bands: in one band alone it may be a value, such as the brightest of 8 bits.
    Shared,
}

impl RasterFile {
    /// How the file tells of whole pixels that are no data; `None` where it does not, or by a band of alpha.
    pub(crate) fn own_mask(&self) -> Option<OwnMask> {
        let bands = self.bands();
        if bands.iter().any(|band| band.interpretation == "Alpha") {
            return None;
        }
        let flags = self.dataset()?.rasterband(1).and_then(|band| band.mask_flags());
        complaint::clear();
        if flags.is_ok_and(|flags| flags.is_per_dataset()) {
            return Some(OwnMask::Beside);
        }
        let shared = bands.first().and_then(|band| band.nodata)?;
        let is_shared = bands.len() >= 3 && bands.iter().all(|band| band.nodata == Some(shared));
        is_shared.then_some(OwnMask::Shared)
    }

    /// The file's own mask over a window within it; all are data where it has none.
    pub(super) fn read_own_mask(&self, window: Window) -> Result<Array2<u8>, GeoioError> {
        let wrong = |reason: String| GeoioError::Read { path: self.path.clone(), band: OWN_MASK, window, reason };
        let mut mask = Array2::from_elem((window.rows, window.cols), 255);
        match (self.own_mask(), self.dataset()) {
            (None, _) | (_, None) => {}
            (Some(OwnMask::Beside), Some(dataset)) => {
                let size = (window.cols, window.rows);
                let at = (window.col, self.first_row(window));
                let read = || dataset.rasterband(1)?.open_mask_band()?.read_as::<u8>(at, size, size, None);
                let (_, codes) = complaint::watch(read).map_err(wrong)?.into_shape_and_vec();
                mask = Array2::from_shape_vec((window.rows, window.cols), codes).map_err(|error| wrong(error.to_string()))?;
                if self.is_south_up() {
                    mask.invert_axis(ndarray::Axis(0));
                }
                mask.mapv_inplace(|code| if code == 0 { 0 } else { 255 });
            }
            (Some(OwnMask::Shared), Some(_)) => {
                let nodata = self.bands()[0].nodata.unwrap_or(f64::NAN);
                let mut is_data = Array2::from_elem((window.rows, window.cols), false);
                for band in 1..=self.bands().len() {
                    let numbers = self.read_inside::<f64>(band, window)?;
                    is_data.zip_mut_with(&numbers, |is_data, number| *is_data |= (*number - nodata).abs() > 0.0);
                }
                mask.zip_mut_with(&is_data, |code, is_data| *code = if *is_data { 255 } else { 0 });
            }
        }
        Ok(mask)
    }
}
