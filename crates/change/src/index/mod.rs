//! Spectral indices as records: a name, a formula, a reference, and the way in which clearing moves them.

mod catalogue;
mod constant;
mod evaluation;
mod formula;
mod program;
mod published;
mod symbol;

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::Array3;
use raster::sensor::Quantity;
use raster::{Band, Cube, RasterError, Role, Scene, Sensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ChangeError;
use crate::unmixing::Unmixing;
use formula::{Formula, Input, Vocabulary};
use program::Program;

pub use catalogue::{Catalogue, Record};
pub use constant::{Constant, Parameter};
pub use evaluation::{compute_all, compute_into};
pub use published::Published;
pub(crate) use symbol::{Symbol, symbol};

/// The way in which clearing moves an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Clearing lowers it (vegetation, moisture).
    #[default]
    Fall,
    /// Clearing raises it (bare soil, built-up, water).
    Rise,
}

impl Direction {
    /// How far `later` lies from `earlier` in the direction of clearing; negative the other way.
    pub fn drop(self, earlier: f64, later: f64) -> f64 {
        match self {
            Self::Fall => earlier - later,
            Self::Rise => later - earlier,
        }
    }
}

/// Indices of relative brightness in red, green and blue: all that pictures of 8 bits are good for.
const OF_PICTURES: [&str; 4] = ["VARI", "GLI", "ExG", "TGI"];

/// A spectral index: of a catalogue or the user's own, all take the same path.
#[derive(Debug, Clone)]
pub struct SpectralIndex {
    name: String,
    title: String,
    formula: String,
    reference: String,
    direction: Option<Direction>,
    constants: Vec<Constant>,
    inputs: Vec<Input>,
    /// Bands whose wavelength the formula uses and nobody gave yet.
    wavelengths: Vec<&'static Symbol>,
    unmixing: Arc<Unmixing>,
    program: Program,
}

impl SpectralIndex {
    /// An index by its formula.
    ///
    /// A formula has numbers, `+ - * / **`, brackets, `tanh exp ln sqrt abs min max`, the constants given and bands, by
    /// the symbols of the Awesome Spectral Indices (`N`, `R`, `S2`) or by STAC names (`nir`, `red`, `swir22`). `N` (`nir`)
    /// is the wide near infrared, or the narrow one where a scene has no other; `N2` (`nir08`) is always the narrow one. `lambdaN` is
    /// the centre wavelength of `N` in nanometres, by the table of a scene's sensor; `GV`, `NPV`, `Soil`, `Shade` and `Cloud` are
    /// fractions of [`Unmixing::souza`].
    ///
    /// # Errors
    /// [`ChangeError::Formula`] with the place; [`ChangeError::Parameter`] for a constant that has the name of a band, and for a formula
    /// of both near infrared bands.
    pub fn new(
        name: &str,
        formula: &str,
        constants: &[Constant],
        direction: impl Into<Option<Direction>>,
    ) -> Result<Self, ChangeError> {
        Self::read(name, formula, constants, direction.into(), &Unmixing::souza())
    }

    fn read(
        name: &str,
        formula: &str,
        constants: &[Constant],
        direction: Option<Direction>,
        unmixing: &Arc<Unmixing>,
    ) -> Result<Self, ChangeError> {
        if let Some(constant) = constants.iter().find(|constant| symbol(&constant.name).is_some()) {
            return Err(ChangeError::Parameter {
                method: name.to_owned(),
                parameter: "constants",
                got: constant.to_string(),
                expected: "names that no band has",
            });
        }
        let parsed = Formula::parse(formula, Vocabulary { constants, unmixing }).map_err(|unreadable| ChangeError::Formula {
            index: name.to_owned(),
            column: unreadable.column,
            reason: unreadable.reason,
        })?;
        let index = Self {
            name: name.to_owned(),
            title: name.to_owned(),
            formula: formula.to_owned(),
            reference: String::new(),
            direction,
            constants: constants.to_vec(),
            program: Program::compile(&parsed),
            inputs: parsed.inputs,
            wavelengths: parsed.wavelengths,
            unmixing: Arc::clone(unmixing),
        };
        let uses = |band| index.bands().any(|symbol| symbol.bands[0] == band);
        if uses(Band::Nir) && uses(Band::Nir08) {
            return Err(ChangeError::Parameter {
                method: name.to_owned(),
                parameter: "formula",
                got: format!("'{formula}'"),
                expected: "one near infrared band, the wide one (N, nir) or the narrow one (N2, nir08)",
            });
        }
        Ok(index)
    }

    /// A built-in index by its name, see [`Catalogue::find`], with the constants that it has by default.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIndex`] with the nearest name; [`ChangeError::Constant`] where one has no default.
    pub fn find(name: &str) -> Result<Self, ChangeError> {
        Catalogue::built_in().find(name)?.index(&[])
    }

    /// The index for a scene: wavelengths that its formula uses are those of the scene's bands, by the table of its sensor.
    ///
    /// # Errors
    /// [`ChangeError::Constant`] for a band of which no table tells.
    pub fn of_scene(&self, scene: &Scene) -> Result<Cow<'_, Self>, ChangeError> {
        if self.wavelengths.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        // A sensor that is only named has its table here.
        let named = || raster::sensor::all().into_iter().find(|sensor| sensor.id == scene.sensor.id);
        let table = if scene.sensor.bands.is_empty() { named() } else { None };
        let rows = table.as_ref().map_or(&scene.sensor.bands, |sensor| &sensor.bands);
        let mut constants = self.constants.clone();
        for symbol in &self.wavelengths {
            let bands = symbol.of_sensor(&scene.sensor).map_or(symbol.bands, std::slice::from_ref);
            let band = bands.iter().find(|band| scene.has(&Role::Band(**band))).unwrap_or(&bands[0]);
            let name = format!("lambda{}", symbol.text);
            let Some(row) = rows.iter().find(|row| row.band == *band) else {
                let reason = format!("no wavelength of {band} is known of {}: give {name}=NANOMETRES", scene.sensor.id);
                return Err(ChangeError::Constant { index: self.name.clone(), constant: name, reason });
            };
            constants.push(Constant::number(&name, row.centre_nm));
        }
        let index = Self::read(&self.name, &self.formula, &constants, self.direction, &self.unmixing)?;
        Ok(Cow::Owned(index.described(&self.title, &self.reference)))
    }

    /// Whether its formula uses wavelengths that nobody gave: see [`Self::of_scene`].
    pub fn needs_sensor(&self) -> bool {
        !self.wavelengths.is_empty()
    }

    /// The name as it was published.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The long name; the name of the user's own index.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The formula as it was written.
    pub fn formula(&self) -> &str {
        &self.formula
    }

    /// Where it was published; empty for the user's own.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The way in which clearing moves it, where that is known.
    pub fn direction(&self) -> Option<Direction> {
        self.direction
    }

    /// The way in which clearing moves it.
    ///
    /// # Errors
    /// [`ChangeError::UnknownDirection`] where nobody said so.
    pub fn clearing(&self) -> Result<Direction, ChangeError> {
        self.direction.ok_or_else(|| ChangeError::UnknownDirection { index: self.name.clone() })
    }

    /// The index with the way in which clearing moves it.
    #[must_use]
    pub fn moving(self, direction: Direction) -> Self {
        Self { direction: Some(direction), ..self }
    }

    /// Values of the formula's constants.
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// The layer that holds the ready-made index, such as `ndvi`.
    pub fn role(&self) -> Role {
        Role::Index(self.name.to_ascii_lowercase())
    }

    /// The band symbols of its formula, in the order of their first use; fractions stand for the bands of their unmixing.
    pub fn symbols(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.bands().map(|symbol| symbol.text)
    }

    /// Whether the table of a sensor has every band of its formula.
    fn fits(&self, sensor: &Sensor) -> bool {
        self.bands().all(|symbol| symbol.of_sensor(sensor).is_some())
    }

    fn bands(&self) -> impl Iterator<Item = &'static Symbol> {
        let mut bands: Vec<&'static Symbol> = Vec::new();
        let mut push = |symbol| {
            if !bands.contains(&symbol) {
                bands.push(symbol);
            }
        };
        for input in &self.inputs {
            match input {
                Input::Band(symbol) => push(symbol),
                Input::Fraction(_) => self.unmixing.symbols().iter().for_each(|symbol| push(symbol)),
            }
        }
        bands.into_iter()
    }

    /// Whether it makes sense over the brightness of a picture, which is no reflectance.
    pub fn is_of_pictures(&self) -> bool {
        OF_PICTURES.iter().any(|name| name.eq_ignore_ascii_case(&self.name))
    }

    /// The layers it needs of a scene: the ready-made index alone where the scene has it, else the bands of its formula.
    ///
    /// A sensor that has both near infrared bands is never read with one where a scene lacks the other: their values
    /// differ, and one series would mix them.
    ///
    /// # Errors
    /// [`RasterError::MissingRole`] naming index, layer and scene; [`ChangeError::Picture`] for a scene that is a picture.
    pub fn inputs(&self, scene: &Scene) -> Result<Vec<Role>, ChangeError> {
        if scene.sensor.quantity == Quantity::Relative && !self.is_of_pictures() {
            return Err(ChangeError::Picture {
                index: self.name.clone(),
                scene: scene.id.clone(),
                known: OF_PICTURES.join(", "),
            });
        }
        if scene.has(&self.role()) {
            return Ok(vec![self.role()]);
        }
        let missing = |role: Role| RasterError::MissingRole { what: self.name.clone(), role, scene: scene.id.clone() };
        let role = |symbol: &'static Symbol| {
            let bands = symbol.of_sensor(&scene.sensor).map_or(symbol.bands, std::slice::from_ref);
            let mut roles = bands.iter().map(|band| Role::Band(*band));
            roles.find(|role| scene.has(role)).ok_or_else(|| missing(Role::Band(bands[0])).into())
        };
        let mut roles: Vec<Role> = self.bands().map(role).collect::<Result<_, ChangeError>>()?;
        let mut seen = Vec::new();
        roles.retain(|role| {
            !seen.contains(role) && {
                seen.push(role.clone());
                true
            }
        });
        Ok(roles)
    }

    /// The index over a cube, shape (time, y, x).
    ///
    /// Bands are scaled and the formula is evaluated in f64. NaN where a band that it uses is NaN, and where the result is
    /// not finite (0/0). A ready-made index in the cube is given back scaled.
    ///
    /// # Errors
    /// [`RasterError::MissingRole`] where the cube lacks a band.
    pub fn compute(&self, cube: &Cube) -> Result<Array3<f32>, ChangeError> {
        Ok(compute_all(&[self], cube)?.swap_remove(0))
    }

    fn described(mut self, title: &str, reference: &str) -> Self {
        title.clone_into(&mut self.title);
        reference.clone_into(&mut self.reference);
        self
    }
}

/// The known word that is most like this one, if any is.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    let word = word.to_ascii_lowercase();
    if word.len() > 40 {
        return None;
    }
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let likeness = strsim::normalized_damerau_levenshtein(&word, &name.to_ascii_lowercase());
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
