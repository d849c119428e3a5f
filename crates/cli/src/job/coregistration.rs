use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IndexSpec, WrittenIndex};

/// How scenes are held against a reference image for where they lie.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoregistrationSpec {
    /// The image whose place is held to be right: "first" (default), the first scene that is half clear, or a raster file.
    #[serde(default = "first")]
    pub(crate) reference: String,
    /// Band of a reference file, the first is 1 (default).
    #[serde(default = "one")]
    pub(crate) band: usize,
    /// What is compared: an index by name, or { name, formula } such as { name = "nir", formula = "N" }; default: the job's index.
    #[schemars(with = "Option<WrittenIndex>")]
    pub(crate) index: Option<IndexSpec>,
    /// Shift up to which a scene is taken as it is: "0.5px" (default) in pixels of the grid, or "5m" in metres.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) tolerance: Tolerance,
    /// What becomes of a scene beyond it: warn (default), refuse, or correct.
    #[serde(default)]
    pub(crate) action: Action,
    /// Side of the windows in pixels of the grid, 32 to 2048 (default 256); smaller where the scenes are. Shifts up to a quarter of it
    /// are found.
    #[serde(default = "window")]
    pub(crate) window: u16,
}

/// What becomes of a scene that lies off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// It is used, and told.
    #[default]
    Warn,
    /// It is left out.
    Refuse,
    /// It is moved.
    Correct,
}

/// A shift that is borne.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Tolerance {
    /// In pixels of the grid.
    Pixels(f64),
    /// In metres.
    Metres(f64),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Pixels(0.5)
    }
}

impl TryFrom<String> for Tolerance {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let form = |number: &str| number.trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0);
        let pixels = text.strip_suffix("px").and_then(form).map(Self::Pixels);
        let read = pixels.or_else(|| text.strip_suffix('m').and_then(form).map(Self::Metres));
        read.ok_or_else(|| format!("'{text}' is no tolerance; write \"0.5px\" or \"5m\""))
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> Self {
        match tolerance {
            Tolerance::Pixels(pixels) => format!("{pixels}px"),
            Tolerance::Metres(metres) => format!("{metres}m"),
        }
    }
}

fn first() -> String {
    "first".to_owned()
}

fn one() -> usize {
    1
}

fn window() -> u16 {
    256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_pixels_or_metres() {
        assert_eq!(Tolerance::try_from("0.5px".to_owned()), Ok(Tolerance::Pixels(0.5)));
        assert_eq!(Tolerance::try_from("5 m".to_owned()), Ok(Tolerance::Metres(5.0)));
        for text in ["", "0.5", "px", "-1px", "0m", "nanpx", "3km"] {
            assert!(Tolerance::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
