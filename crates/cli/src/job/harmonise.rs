use raster::sensor::Regression;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sensor to whose reflectance that of the others is brought.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HarmoniseSpec {
    /// Id of the sensor, such as landsat-oli: `atalaya sensors` lists the coefficients that there are.
    pub(crate) to: String,
    /// Which of the published lines: rma (reduced major axis, default) keeps contrast, ols (least squares) is the best guess of one
    /// value.
    #[serde(default)]
    regression: Fit,
}

/// How lines were fitted.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fit {
    /// Reduced major axis.
    #[default]
    Rma,
    /// Ordinary least squares.
    Ols,
}

impl HarmoniseSpec {
    /// Which of the published lines.
    pub(crate) fn regression(&self) -> Regression {
        match self.regression {
            Fit::Rma => Regression::Rma,
            Fit::Ols => Regression::Ols,
        }
    }
}
