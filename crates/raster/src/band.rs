use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RasterError;

/// A spectral, thermal or radar band by its STAC common name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Band {
    /// Coastal aerosol, about 443 nm.
    Coastal,
    /// Blue, about 490 nm.
    Blue,
    /// First green of sensors that have two, about 530 nm.
    Green05,
    /// Green, about 560 nm.
    Green,
    /// Yellow, about 605 nm.
    Yellow,
    /// Red, about 665 nm.
    Red,
    /// First red edge, about 705 nm.
    Rededge071,
    /// Second red edge, about 740 nm.
    Rededge075,
    /// Third red edge, about 783 nm.
    Rededge078,
    /// Wide near infrared, about 840 nm.
    Nir,
    /// Narrow near infrared, about 865 nm.
    Nir08,
    /// Water vapour, about 945 nm.
    Nir09,
    /// Cirrus, about 1375 nm.
    Cirrus,
    /// First short-wave infrared, about 1610 nm.
    Swir16,
    /// Second short-wave infrared, about 2200 nm.
    Swir22,
    /// Thermal infrared, one band from about 10.4 to 12.5 um.
    Lwir,
    /// First of two thermal infrared bands, about 10.9 um.
    Lwir11,
    /// Second of two thermal infrared bands, about 12 um.
    Lwir12,
    /// Radar backscatter, vertical sent and received.
    Vv,
    /// Radar backscatter, vertical sent and horizontal received.
    Vh,
    /// Radar backscatter, horizontal sent and vertical received.
    Hv,
    /// Radar backscatter, horizontal sent and received.
    Hh,
}

impl Band {
    /// Every band, in the order of wavelength.
    pub const ALL: [Self; 22] = [
        Self::Coastal,
        Self::Blue,
        Self::Green05,
        Self::Green,
        Self::Yellow,
        Self::Red,
        Self::Rededge071,
        Self::Rededge075,
        Self::Rededge078,
        Self::Nir,
        Self::Nir08,
        Self::Nir09,
        Self::Cirrus,
        Self::Swir16,
        Self::Swir22,
        Self::Lwir,
        Self::Lwir11,
        Self::Lwir12,
        Self::Vv,
        Self::Vh,
        Self::Hv,
        Self::Hh,
    ];

    /// Whether it is backscatter of a radar.
    pub fn is_radar(self) -> bool {
        matches!(self, Self::Vv | Self::Vh | Self::Hv | Self::Hh)
    }

    /// The STAC common name, such as `swir22`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coastal => "coastal",
            Self::Blue => "blue",
            Self::Green05 => "green05",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Rededge071 => "rededge071",
            Self::Rededge075 => "rededge075",
            Self::Rededge078 => "rededge078",
            Self::Nir => "nir",
            Self::Nir08 => "nir08",
            Self::Nir09 => "nir09",
            Self::Cirrus => "cirrus",
            Self::Swir16 => "swir16",
            Self::Swir22 => "swir22",
            Self::Lwir => "lwir",
            Self::Lwir11 => "lwir11",
            Self::Lwir12 => "lwir12",
            Self::Vv => "vv",
            Self::Vh => "vh",
            Self::Hv => "hv",
            Self::Hh => "hh",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one layer of a scene is: a band, a quality layer, or an index that someone computed before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Role {
    /// Measured reflectance or backscatter.
    Band(Band),
    /// Bit-packed quality flags (`qa`): Landsat `QA_PIXEL`, HLS `Fmask`.
    Qa,
    /// Saturation flags (`qa_radsat`): Landsat `QA_RADSAT`.
    Radsat,
    /// Sentinel-2 scene classes (`scl`).
    Scl,
    /// Another layer of codes by its name without `qa_`: `qa_clear` of `PlanetScope`'s mask, `qa_reliability` of MODIS.
    Quality(String),
    /// A ready-made index, by its name in small letters (`ndvi`).
    Index(String),
}

impl Role {
    /// Whether the layer holds codes, which must never be interpolated.
    pub fn is_quality(&self) -> bool {
        matches!(self, Self::Qa | Self::Radsat | Self::Scl | Self::Quality(_))
    }
}

impl From<Band> for Role {
    fn from(band: Band) -> Self {
        Self::Band(band)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Band(band) => f.write_str(band.name()),
            Self::Qa => f.write_str("qa"),
            Self::Radsat => f.write_str("qa_radsat"),
            Self::Scl => f.write_str("scl"),
            Self::Quality(name) => write!(f, "qa_{name}"),
            Self::Index(name) => f.write_str(name),
        }
    }
}

impl FromStr for Role {
    type Err = RasterError;

    /// Reads a band, `qa`, `qa_radsat`, `scl`, another `qa_..`; any other word of letters and digits names a ready-made index.
    fn from_str(text: &str) -> Result<Self, RasterError> {
        let name = text.to_ascii_lowercase();
        let is_word =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(band) = Band::ALL.into_iter().find(|band| band.name() == name) {
            return Ok(Self::Band(band));
        }
        match name.as_str() {
            "qa" => Ok(Self::Qa),
            "qa_radsat" => Ok(Self::Radsat),
            "scl" => Ok(Self::Scl),
            _ if is_word => Ok(match name.strip_prefix("qa_").filter(|rest| !rest.is_empty()) {
                Some(rest) => Self::Quality(rest.to_owned()),
                None => Self::Index(name),
            }),
            _ => Err(RasterError::Role { text: text.to_owned(), expected: Band::ALL.map(Band::name).join(", ") }),
        }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.to_string()
    }
}

impl TryFrom<String> for Role {
    type Error = RasterError;

    fn try_from(text: String) -> Result<Self, RasterError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_what_it_writes() {
        for text in ["red", "swir22", "qa", "qa_radsat", "qa_clear", "scl", "ndvi", "vv"] {
            assert_eq!(text.parse::<Role>().expect("a role").to_string(), text);
        }
        assert_eq!("NIR".parse::<Role>(), Ok(Role::Band(Band::Nir)));
        assert!("1red".parse::<Role>().is_err());
        assert!("".parse::<Role>().is_err());
    }
}
