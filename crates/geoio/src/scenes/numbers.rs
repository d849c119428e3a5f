//! Stored numbers and what turns them into values.

use std::path::Path;

use raster::{Role, Scaling, Warning};

use crate::GeoioError;
use crate::raster_file::{BandInfo, Void};

/// How a job says stored numbers are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) nodata: Option<f64>,
}

impl Numbers {
    pub(super) fn check(self, path: &Path) -> Result<(), GeoioError> {
        let wrong = |reason: &str| Err(GeoioError::Imagery { path: path.to_owned(), reason: reason.to_owned() });
        if self.scale.is_some_and(|v| !v.is_finite() || v == 0.0) {
            return wrong("scale is no finite number other than 0");
        }
        if self.offset.is_some_and(|v| !v.is_finite()) {
            return wrong("offset is no finite number");
        }
        Ok(())
    }

    /// The job's scaling; the file's tags only where the job gives none. Codes are never scaled.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] for tags that turn every number into the same or into none, and for 8 bits of which nobody says how
    /// they are scaled: a quick-look is stretched for the eye.
    pub(super) fn scaling(self, role: &Role, info: &BandInfo, path: &Path) -> Result<Scaling, GeoioError> {
        if role.is_quality() {
            return Ok(Scaling::IDENTITY);
        }
        if let Some(scaling) = self.given() {
            return Ok(scaling);
        }
        let wrong = |reason: String| Err(GeoioError::Metadata { path: path.to_owned(), line: None, reason });
        let scaling = Scaling { scale: info.scale.unwrap_or(1.0), offset: info.offset.unwrap_or(0.0) };
        if scaling.scale == 0.0 || !scaling.scale.is_finite() || !scaling.offset.is_finite() {
            let tags = format!("scale {} and offset {}", scaling.scale, scaling.offset);
            return wrong(format!(
                "its tags say {tags} for {role}, which leaves no value; give the right scale (--scale, scale = ..)"
            ));
        }
        if scaling == Scaling::IDENTITY && matches!(info.data_type.as_str(), "Byte" | "Int8") {
            return wrong(format!(
                "{role} is stored in 8 bits and nobody gives its scale: a quick-look is no reflectance; give the scale \
                 (--scale, scale = ..), 1 where the numbers are the values themselves"
            ));
        }
        Ok(scaling)
    }

    /// The scaling, where the job says anything of it.
    pub(super) fn given(self) -> Option<Scaling> {
        let is_given = self.scale.is_some() || self.offset.is_some();
        is_given.then(|| Scaling { scale: self.scale.unwrap_or(1.0), offset: self.offset.unwrap_or(0.0) })
    }

    pub(super) fn void(self, role: &Role, info: &BandInfo) -> Void {
        if role.is_quality() { Void::default() } else { Void::nodata(self.nodata.or(info.nodata)) }
    }

    /// Says where a scaling comes from that the job does not give.
    pub(super) fn warning(self, role: &Role, info: &BandInfo, path: &Path) -> Option<Warning> {
        if self.given().is_some() || role.is_quality() {
            return None;
        }
        self.scaling(role, info, path).ok().and_then(|scaling| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if scaling != Scaling::IDENTITY {
                let message = format!("{role} is scaled by the file's own tags: {} x stored + {}", scaling.scale, scaling.offset);
                return Some(Warning::new("scale_from_file", message).about(name));
            }
            let whole = !info.data_type.starts_with("Float");
            let message = format!(
                "{role} holds whole numbers and nobody gives their scale: say scale = 1 if they are the values themselves"
            );
            whole.then(|| Warning::new("unscaled", message).about(name))
        })
    }
}
