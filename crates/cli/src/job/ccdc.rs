use change::CcdcParameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `ccdc-nrt` in a run, whose bands are reflectance: without the factor that `detect` has for stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CcdcSpec {
    /// Number of harmonics, 0 to 5. Default 2.
    pub(crate) order: usize,
    /// Whether the model has a trend. Default true.
    pub(crate) trend: bool,
    /// Root mean squares beyond which a look counts, above 0. Default 3.
    pub(crate) sensitivity: f64,
    /// Consecutive such looks that make a break, 1 to 100. Default 3.
    pub(crate) boundary: u32,
}

impl Default for CcdcSpec {
    fn default() -> Self {
        let CcdcParameters { order, trend, sensitivity, boundary, .. } = CcdcParameters::default();
        Self { order, trend, sensitivity, boundary }
    }
}

impl CcdcSpec {
    /// The same for the method.
    pub(crate) fn parameters(self) -> CcdcParameters {
        let Self { order, trend, sensitivity, boundary } = self;
        CcdcParameters { order, trend, sensitivity, boundary, scaling_factor: 1.0 }
    }
}
