//! Sensors as tables: bands, scaling, nodata, quality layers and the classes that masks are made of.
//!
//! A sensor is one file here with a function for each of its tables, and their lines in [`all`]. What one product's metadata say
//! wins over the table.

mod drone;
mod harmonisation;
mod hls;
mod landsat;
mod modis;
mod planetscope;
mod sentinel1;
mod sentinel2;

use serde::Serialize;

use crate::{Band, Comparison, Condition, QaRule, Role, Scaling, Test};

pub use drone::{multispectral, rgb};
pub use harmonisation::{HARMONISATIONS, Harmonisation, Line, Regression};
pub use hls::{hls_l30, hls_s30};
pub use landsat::{etm, etm_l1, oli, oli_l1, tm, tm_l1};
pub use modis::modis_13q1;
pub use planetscope::{planetscope, planetscope_harmonized};
pub use sentinel1::{Pass, sentinel1};
pub use sentinel2::{msi, msi_l1c};

/// What the values of a sensor's bands are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Reflectance at the ground; of thermal bands kelvin.
    SurfaceReflectance,
    /// Reflectance at the top of the atmosphere; of thermal bands kelvin of brightness.
    TopOfAtmosphere,
    /// Radiance at the sensor in W/(m2 sr um).
    Radiance,
    /// Radar backscatter (gamma nought) as a ratio of powers.
    Power,
    /// Radar backscatter (gamma nought) in dB.
    Decibel,
    /// Brightness of one picture, which is comparable within it only.
    Relative,
    /// What the job says.
    #[default]
    Any,
}

/// A band of a sensor's product.
#[derive(Debug, Clone, PartialEq)]
pub struct SensorBand {
    /// Which band it is.
    pub band: Band,
    /// Name of the asset in the product, such as `SR_B4`.
    pub asset: String,
    /// Centre wavelength in nanometres.
    pub centre_nm: f64,
    /// Scaling of this band, where it is not the sensor's.
    pub scaling: Option<Scaling>,
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
    /// Name of its products in a job, such as `landsat-c2-l2`.
    pub product: String,
    /// What the values of its bands are.
    pub quantity: Quantity,
    /// Spacecraft that carry it, as the product's metadata spell them.
    pub platforms: Vec<String>,
    /// Bands.
    pub bands: Vec<SensorBand>,
    /// The near infrared band that `N` stands for where there are two: the wide one, but for HLS, whose sensors share the narrow one.
    pub nir: Band,
    /// Ready-made indices: role and asset name.
    pub indices: Vec<(Role, String)>,
    /// Quality layers: role and asset name.
    pub quality: Vec<(Role, String)>,
    /// Scaling of the bands and ready-made indices, unless the product's metadata say otherwise.
    pub scaling: Scaling,
    /// The stored number that means "no data" in bands.
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
            product: String::new(),
            quantity: Quantity::Any,
            platforms: Vec::new(),
            bands: Vec::new(),
            nir: Band::Nir,
            indices: Vec::new(),
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

    /// Scaling of a layer by the table; identity for codes.
    pub fn scaling_of(&self, role: &Role) -> Scaling {
        let of_band = |band: &&SensorBand| Role::Band(band.band) == *role;
        match role {
            _ if role.is_quality() => Scaling::IDENTITY,
            Role::Band(_) => self.bands.iter().find(of_band).and_then(|band| band.scaling).unwrap_or(self.scaling),
            _ => self.scaling,
        }
    }

    /// The layers of its product: role and asset name.
    pub fn layers(&self) -> impl Iterator<Item = (Role, &str)> {
        let bands = self.bands.iter().map(|band| (Role::Band(band.band), band.asset.as_str()));
        let more = self.indices.iter().chain(&self.quality).map(|(role, asset)| (role.clone(), asset.as_str()));
        bands.chain(more)
    }

    /// The first layer that masks of these classes (default: the table's own choice) need and `has` does not hold for.
    pub fn missing_mask(&self, classes: Option<&[String]>, has: impl Fn(&Role) -> bool) -> Option<&Role> {
        let is_chosen = |class: &&MaskClass| classes.map_or(class.default, |classes| classes.contains(&class.name));
        self.masks.iter().filter(is_chosen).map(|class| &class.layer).find(|layer| !has(layer))
    }
}

/// Every sensor with a table.
pub fn all() -> Vec<Sensor> {
    let mut all = vec![tm(), etm(), oli(), tm_l1(), etm_l1(), oli_l1(), msi(), msi_l1c(), hls_l30(), hls_s30()];
    all.extend(["PS2", "PS2.SD", "PSB.SD"].into_iter().filter_map(planetscope));
    all.extend([planetscope_harmonized(), sentinel1(Pass::Ascending), sentinel1(Pass::Descending), modis_13q1()]);
    all.extend([rgb(), multispectral(), generic()]);
    all
}

/// Whatever files the job describes.
fn generic() -> Sensor {
    Sensor {
        title: "GeoTIFF of any sensor: bands by description or by the job, scale, offset, nodata and rule of clear pixels too"
            .to_owned(),
        product: "geotiff".to_owned(),
        ..Sensor::plain("geotiff")
    }
}

type BandRow = (Band, &'static str, f64);

fn bands(rows: &[BandRow]) -> Vec<SensorBand> {
    let row = |&(band, asset, centre_nm): &BandRow| SensorBand { band, asset: asset.to_owned(), centre_nm, scaling: None };
    rows.iter().map(row).collect()
}

/// A class of the codes whose bits `first..=last` stand in this order to a number.
fn of_bits(name: &str, layer: &Role, (first, last): (u32, u32), ordering: Comparison, value: u16) -> MaskClass {
    let condition = Condition { test: Test::Bits { first, last, ordering, value }, negated: false };
    MaskClass { name: name.to_owned(), layer: layer.clone(), condition, default: false, grows: false }
}

/// A class of these codes.
fn of_codes(name: &str, layer: &Role, codes: &[u16]) -> MaskClass {
    let condition = Condition { test: Test::In(codes.to_vec()), negated: false };
    MaskClass { name: name.to_owned(), layer: layer.clone(), condition, default: false, grows: false }
}

impl MaskClass {
    /// The same, masked unless the job says otherwise.
    fn by_default(self) -> Self {
        Self { default: true, ..self }
    }

    /// The same, to which the dilation distance applies.
    fn growing(self) -> Self {
        Self { grows: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_layers_and_classes_too() {
        let all = all();
        for (i, sensor) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other.id != sensor.id), "{}", sensor.id);
            let roles: Vec<Role> = sensor.layers().map(|(role, _)| role).collect();
            assert!((0..roles.len()).all(|i| !roles[..i].contains(&roles[i])), "{}: {roles:?}", sensor.id);
            let names: Vec<&str> = sensor.masks.iter().map(|class| class.name.as_str()).collect();
            assert!((0..names.len()).all(|i| !names[..i].contains(&names[i])), "{}: {names:?}", sensor.id);
            assert!(names.len() <= 32, "{}: a mask plan tells 32 classes apart", sensor.id);
            let quality: Vec<&Role> = sensor.quality.iter().map(|(role, _)| role).collect();
            assert!(sensor.masks.iter().all(|class| quality.contains(&&class.layer)), "{}", sensor.id);
        }
    }

    #[test]
    fn a_layer_is_missed_only_where_a_chosen_class_needs_it() {
        let sensor = oli();
        let no_codes = |role: &Role| !role.is_quality();
        assert_eq!(sensor.missing_mask(None, no_codes), Some(&Role::Qa));
        assert_eq!(sensor.missing_mask(Some(&[]), no_codes), None);
        assert_eq!(sensor.missing_mask(Some(&["saturated".to_owned()]), no_codes), Some(&Role::Radsat));
    }
}
