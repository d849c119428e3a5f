use ndarray::{Array4, ArrayView4, s};

use crate::{RasterError, Role};

/// How a stored number becomes a physical value: `stored * scale + offset`, evaluated in f64.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scaling {
    /// Factor.
    pub scale: f64,
    /// Summand, applied after the factor.
    pub offset: f64,
}

impl Scaling {
    /// Stored numbers are physical values already.
    pub const IDENTITY: Self = Self { scale: 1.0, offset: 0.0 };

    /// The physical value of a stored number.
    pub fn apply(self, stored: f32) -> f64 {
        f64::from(stored) * self.scale + self.offset
    }
}

/// Pixels as they were stored, with what turns them into reflectance; axes (time, layer, y, x), C order.
///
/// `values` keeps the stored numbers (an integer DN is exact in f32), not reflectance: rounding reflectance to f32 would
/// cost a normalised difference five digits where its denominator is small. Whoever computes applies `scaling` in f64.
#[derive(Debug, Clone)]
pub struct Cube {
    /// What each band layer of `values` is.
    pub bands: Vec<Role>,
    /// Scaling of each band layer.
    pub scaling: Vec<Scaling>,
    /// Stored numbers (time, band, y, x); NaN = not observed (nodata, outside the scene, or masked).
    pub values: Array4<f32>,
    /// What each layer of `quality` is.
    pub layers: Vec<Role>,
    /// Quality codes (time, layer, y, x); outside the scene the sensor's fill code. They may reach further than `values`, by the
    /// same number of pixels on each side.
    pub quality: Array4<u16>,
}

impl Cube {
    /// A cube without any observation: all NaN, quality codes 0 and without a margin.
    pub fn unobserved(
        times: usize,
        bands: Vec<Role>,
        scaling: Vec<Scaling>,
        layers: Vec<Role>,
        rows: usize,
        cols: usize,
    ) -> Self {
        Self {
            values: Array4::from_elem((times, bands.len(), rows, cols), f32::NAN),
            quality: Array4::zeros((times, layers.len(), rows, cols)),
            bands,
            scaling,
            layers,
        }
    }

    /// Number of times, rows and columns.
    pub fn shape(&self) -> (usize, usize, usize) {
        let (times, _, rows, cols) = self.values.dim();
        (times, rows, cols)
    }

    /// Place of a band layer.
    ///
    /// # Errors
    /// [`RasterError::MissingRole`] naming `what` needs it.
    pub fn band_index(&self, role: &Role, what: &str) -> Result<usize, RasterError> {
        self.bands.iter().position(|band| band == role).ok_or_else(|| RasterError::MissingRole {
            what: what.to_owned(),
            role: role.clone(),
            scene: "(cube)".to_owned(),
        })
    }

    /// The quality codes where there are values: without their margin, shape (time, layer, y, x).
    pub fn quality_within(&self) -> ArrayView4<'_, u16> {
        let (_, rows, cols) = self.shape();
        let margin = self.quality.dim().2.saturating_sub(rows) / 2;
        self.quality.slice(s![.., .., margin..margin + rows, margin..margin + cols])
    }
}
