//! Sensors as tables: bands, scaling, nodata, quality layers and the classes that masks are made of.
//!
//! A sensor is one file here with one function that gives its table, and its line in [`all`].

mod harmonisation;
mod landsat;
mod sentinel2;

use crate::{Band, Condition, QaRule, Role, Scaling};

pub use harmonisation::{HARMONISATIONS, Harmonisation, Line, Regression};
pub use landsat::{etm, oli, tm};
pub use sentinel2::msi;

/// A reflectance band of a sensor's product.
#[derive(Debug, Clone, PartialEq)]
pub struct SensorBand {
    /// Which band it is.
    pub band: Band,
    /// Name of the asset in the product, such as `SR_B4`.
    pub asset: String,
    /// Centre wavelength in nanometres.
    pub centre_nm: f64,
}

/// A class of unusable pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskClass {
    /// Name, such as `cloud` or `cloud_shadow`; counts are given by it.
    pub name: String,
    /// The quality layer it is read from.
    pub layer: Role,
    /// What a pixel of the class meets.
    pub condition: Condition,
    /// Whether it is masked unless the job says otherwise.
    pub default: bool,
    /// Whether the dilation distance applies to it (clouds and shadows, not fill).
    pub grows: bool,
}

/// What is to be known of a sensor's product.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensor {
    /// Short id, such as `landsat-oli`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Spacecraft that carry it, as the product's metadata spell them.
    pub platforms: Vec<String>,
    /// Reflectance bands.
    pub bands: Vec<SensorBand>,
    /// Quality layers: role and asset name.
    pub quality: Vec<(Role, String)>,
    /// Scaling of the reflectance bands, unless the product's metadata say otherwise.
    pub scaling: Scaling,
    /// The stored number that means "no data" in reflectance bands.
    pub nodata: Option<f64>,
    /// Quality code outside the scene.
    pub fill_code: u16,
    /// Classes of unusable pixels.
    pub masks: Vec<MaskClass>,
}

impl Sensor {
    /// A sensor of which nothing is known but its name: the job says the rest.
    pub fn plain(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            platforms: Vec::new(),
            bands: Vec::new(),
            quality: Vec::new(),
            scaling: Scaling::IDENTITY,
            nodata: None,
            fill_code: 0,
            masks: Vec::new(),
        }
    }

    /// This sensor with the classes that a rule over one quality layer rejects, one a condition.
    pub fn with_rule(mut self, layer: &Role, rule: &QaRule) -> Self {
        self.masks.extend(rule.conditions.iter().map(|condition| MaskClass {
            name: format!("not {}", QaRule { conditions: vec![condition.clone()] }),
            layer: layer.clone(),
            condition: Condition { test: condition.test.clone(), negated: !condition.negated },
            default: true,
            grows: true,
        }));
        self
    }
}

/// Every sensor with a table.
pub fn all() -> Vec<Sensor> {
    vec![tm(), etm(), oli(), msi()]
}
