//! Linear spectral unmixing: the fractions of known spectra whose mixture is nearest to a pixel's, none negative, their sum one.
//!
//! The fit is exact, not iterated to a tolerance. The mixtures of K spectra fill a simplex; the nearest point of it to a pixel lies
//! within one of its 2^K - 1 faces (corners, edges, .. the whole), and is there the nearest point of the face's plane. The nearest
//! point of every plane is worked out; of those that lie within their face the nearest is the answer (the Karush-Kuhn-Tucker
//! conditions hold at no other).
//!
//! Heinz & Chang (2001) <https://doi.org/10.1109/36.911111> for the constraints; Souza et al. (2005)
//! <https://doi.org/10.1016/j.rse.2005.07.013> for the endmembers and the index of fractions.

mod algebra;
mod faces;

use std::sync::{Arc, LazyLock};

use crate::ChangeError;
use crate::index::{Symbol, symbol};
use faces::{Faces, Simplex};

/// Most endmembers that can be unmixed: the faces double with each.
pub const MOST_ENDMEMBERS: usize = 8;

/// What is left of spectra, relative to their length, that counts as nothing: they are then mixtures of the others.
const NOTHING: f64 = 1e-6;

/// Name of the last output.
const RESIDUAL: &str = "UnmixingRMSE";

/// A pure material and its reflectance (0 to 1) in each band.
#[derive(Debug, Clone, PartialEq)]
pub struct Endmember {
    /// Its name: the fraction goes by it.
    pub name: String,
    /// Reflectance, in the order of the bands.
    pub reflectance: Vec<f64>,
}

/// What turns the reflectance of a pixel into fractions of endmembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmixing {
    bands: Vec<&'static Symbol>,
    endmembers: Vec<Endmember>,
    outputs: Vec<String>,
    simplex: Simplex,
}

impl Unmixing {
    /// An unmixing of endmembers over bands, by symbols of the Awesome Spectral Indices or STAC names.
    ///
    /// # Errors
    /// [`ChangeError::Endmembers`]: fewer than 2 or more than [`MOST_ENDMEMBERS`], a name that stands twice or means something else in
    /// formulas, an unknown band, reflectance that is no number from -1 to 2, or spectra of which one is a mixture of others.
    pub fn new(bands: &[&str], endmembers: Vec<Endmember>) -> Result<Self, ChangeError> {
        let wrong = |reason: String| ChangeError::Endmembers { reason };
        let known = |name: &&str| symbol(name).ok_or_else(|| wrong(format!("there is no band '{name}'")));
        let bands = bands.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        if let Some(twice) = (1..bands.len()).find(|place| bands[..*place].contains(&bands[*place])) {
            return Err(wrong(format!("band {} stands twice", bands[twice].text)));
        }
        if !(2..=MOST_ENDMEMBERS).contains(&endmembers.len()) {
            return Err(wrong(format!("there are {}, expected 2 to {MOST_ENDMEMBERS}", endmembers.len())));
        }
        for (place, Endmember { name, reflectance }) in endmembers.iter().enumerate() {
            check_name(name).map_err(wrong)?;
            if endmembers[..place].iter().any(|earlier| earlier.name.eq_ignore_ascii_case(name)) {
                return Err(wrong(format!("endmember {name} stands twice")));
            }
            if reflectance.len() != bands.len() {
                return Err(wrong(format!("endmember {name} has {} numbers for {} bands", reflectance.len(), bands.len())));
            }
            if let Some(value) = reflectance.iter().find(|value| !(-1.0..=2.0).contains(*value)) {
                return Err(wrong(format!("endmember {name} has {value}, expected reflectance from 0 to 1")));
            }
        }
        let corners: Vec<&[f64]> = endmembers.iter().map(|endmember| endmember.reflectance.as_slice()).collect();
        let simplex = Simplex::new(&corners, NOTHING).map_err(|place| {
            let name = &endmembers[place].name;
            wrong(format!(
                "{name} is a mixture of the endmembers before it in these {} bands, so that fractions would not be unique; leave one \
                 out, or give more bands",
                bands.len()
            ))
        })?;
        let outputs = endmembers.iter().map(|endmember| endmember.name.clone()).chain([RESIDUAL.to_owned()]).collect();
        Ok(Self { bands, endmembers, outputs, simplex })
    }

    /// Green vegetation, shade, non-photosynthetic vegetation, soil and cloud over six bands of Landsat or Sentinel-2, as Souza et al.
    /// (2005) have them.
    pub fn souza() -> Arc<Self> {
        static SOUZA: LazyLock<Arc<Unmixing>> = LazyLock::new(|| {
            let rows: [(&str, [f64; 6]); 5] = [
                ("GV", [0.05, 0.09, 0.04, 0.61, 0.30, 0.10]),
                ("Shade", [0.0; 6]),
                ("NPV", [0.14, 0.17, 0.22, 0.30, 0.55, 0.30]),
                ("Soil", [0.20, 0.30, 0.34, 0.58, 0.60, 0.58]),
                ("Cloud", [0.90, 0.96, 0.80, 0.78, 0.72, 0.65]),
            ];
            let endmembers =
                rows.map(|(name, reflectance)| Endmember { name: name.to_owned(), reflectance: reflectance.to_vec() });
            let unmixing = Unmixing::new(&["B", "G", "R", "N", "S1", "S2"], endmembers.to_vec());
            Arc::new(unmixing.expect("five spectra of which none is a mixture of the others"))
        });
        Arc::clone(&SOUZA)
    }

    /// The endmembers.
    pub fn endmembers(&self) -> &[Endmember] {
        &self.endmembers
    }

    /// Names of what it gives of a pixel: a fraction an endmember, then the root mean square over the bands of what they leave
    /// unexplained.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Symbols of the bands that it reads, such as `N`.
    pub fn bands(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.bands.iter().map(|band| band.text)
    }

    pub(crate) fn symbols(&self) -> &[&'static Symbol] {
        &self.bands
    }

    /// The place of an output by its name, in any letters.
    pub(crate) fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|output| output.eq_ignore_ascii_case(name))
    }

    /// The outputs of pixels, one slice an output; `bands` has their reflectance, one slice a band, all of one length.
    ///
    /// NaN throughout where a band is not finite.
    #[inline(always)]
    pub(crate) fn unmix(&self, bands: &[&[f64]], outputs: &mut [&mut [f64]]) {
        match self.simplex.faces() {
            Faces::Two(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Three(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Four(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Five(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Six(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Seven(faces) => faces.solve(&self.simplex, bands, outputs),
            Faces::Eight(faces) => faces.solve(&self.simplex, bands, outputs),
        }
    }

    /// Fractions in the order of [`Self::endmembers`] and the root mean square of what they leave unexplained, of one pixel whose
    /// `reflectance` is in the order of the bands.
    pub fn pixel(&self, reflectance: &[f64]) -> (Vec<f64>, f64) {
        let bands: Vec<[f64; 1]> = reflectance.iter().map(|value| [*value]).collect();
        let bands: Vec<&[f64]> = bands.iter().map(<[f64; 1]>::as_slice).collect();
        let mut outputs = vec![[f64::NAN]; self.outputs.len()];
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(<[f64; 1]>::as_mut_slice).collect();
        self.unmix(&bands, &mut slices);
        let mut values: Vec<f64> = outputs.into_iter().map(|[value]| value).collect();
        let residual = values.pop().unwrap_or(f64::NAN);
        (values, residual)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_word =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word {
        return Err(format!("'{name}' is no name: expected letters, digits and _"));
    }
    if symbol(name).is_some() || name.eq_ignore_ascii_case(RESIDUAL) {
        return Err(format!("an endmember cannot be called {name}: formulas mean something else by it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
