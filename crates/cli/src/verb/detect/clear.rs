//! `detect --qa`: pixels whose code is not a clear one are not observed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use geoio::{GriddedReader, PlaneSpec};
use raster::{QaRule, Role, Scene, Window};

use crate::args::Detect;
use crate::fault::Fault;

/// The role of the codes.
pub(super) static LAYER: Role = Role::Qa;

/// What a clear pixel's code meets.
pub(super) fn rule(arguments: &Detect) -> Result<Option<QaRule>, Fault> {
    let Some(text) = &arguments.clear else { return Ok(None) };
    let is_codes = text.chars().all(|letter| letter.is_ascii_digit() || letter == ',' || letter == ' ');
    let rule = if is_codes { format!("value in {{{text}}}") } else { text.clone() };
    rule.parse().map(Some).map_err(|error| Fault::usage(format!("--clear {text}: {error}")))
}

/// Files of codes by the role of the input that they are for; one for all has none.
pub(super) fn files(arguments: &Detect) -> Result<BTreeMap<Option<Role>, PathBuf>, Fault> {
    let mut files = BTreeMap::new();
    for text in &arguments.qa {
        let (role, file) = match text.split_once('=') {
            Some((role, file)) => (Some(role.parse().map_err(|error| Fault::usage(format!("--qa {text}: {error}")))?), file),
            None => (None, text.as_str()),
        };
        if files.insert(role, PathBuf::from(file)).is_some() {
            return Err(Fault::usage(format!(
                "--qa {text}: its inputs have codes already; give one file for all, or one a role"
            )));
        }
    }
    Ok(files)
}

/// Tables have no codes beside them.
pub(super) fn refuse_tables(arguments: &Detect) -> Result<(), Fault> {
    match arguments.qa.first() {
        Some(text) => {
            Err(Fault::usage(format!("--qa {text}: is for rasters; leave the cells of looks that are not clear empty")))
        }
        None => Ok(()),
    }
}

/// Which pixels of the scenes are clear.
#[derive(Debug, Default)]
pub(super) struct Clear {
    /// Whether each scene has codes.
    is_coded: Vec<bool>,
    /// Whether each code is a clear one.
    is_clear: Vec<bool>,
}

impl Clear {
    pub(super) fn of(scenes: &[Scene]) -> Self {
        let is_coded: Vec<bool> = scenes.iter().map(|scene| scene.has(&LAYER) && !scene.sensor.masks.is_empty()).collect();
        let Some(first) = is_coded.iter().position(|is_coded| *is_coded) else { return Self::default() };
        // One rule holds for all of them.
        let masks = &scenes[first].sensor.masks;
        let is_clear = (0..=u16::MAX).map(|code| !masks.iter().any(|class| class.condition.holds(code))).collect();
        Self { is_coded, is_clear }
    }

    /// The first scene that has codes.
    pub(super) fn first(&self) -> Option<usize> {
        self.is_coded.iter().position(|is_coded| *is_coded)
    }

    /// Bytes of the codes of a pixel.
    pub(super) fn bytes_a_pixel(&self) -> usize {
        4 * self.is_coded.iter().filter(|is_coded| **is_coded).count()
    }

    /// As [`GriddedReader::read_planes`], NaN where a pixel is not clear: numbers as they are stored, too.
    pub(super) fn read_planes(
        &self,
        reader: &mut GriddedReader,
        layers: &[PlaneSpec<'_>],
        window: Window,
        planes: &mut [&mut [f32]],
    ) -> Result<(), Fault> {
        let mut coded: Vec<usize> = layers.iter().map(|layer| layer.scene).filter(|scene| self.has(*scene)).collect();
        coded.sort_unstable();
        coded.dedup();
        if coded.is_empty() {
            return Ok(reader.read_planes(layers, window, planes)?);
        }
        let pixels = window.pixels().max(1);
        let mut codes = vec![f32::NAN; coded.len() * pixels];
        let of_codes = coded.iter().map(|scene| PlaneSpec::stored(*scene, &LAYER));
        let all: Vec<PlaneSpec<'_>> = layers.iter().copied().chain(of_codes).collect();
        let mut together: Vec<&mut [f32]> = planes.iter_mut().map(|plane| &mut **plane).chain(codes.chunks_mut(pixels)).collect();
        reader.read_planes(&all, window, &mut together)?;
        for (layer, plane) in layers.iter().zip(planes) {
            let Ok(place) = coded.binary_search(&layer.scene) else { continue };
            for (number, code) in plane.iter_mut().zip(&codes[place * pixels..]) {
                if !self.holds(*code) {
                    *number = f32::NAN;
                }
            }
        }
        Ok(())
    }

    fn has(&self, scene: usize) -> bool {
        self.is_coded.get(scene).copied().unwrap_or(false)
    }

    fn holds(&self, code: f32) -> bool {
        // What is no code, such as a pixel beyond the file, is not clear.
        let is_code = code.fract() == 0.0 && (0.0..=f32::from(u16::MAX)).contains(&code);
        is_code && self.is_clear[code as usize]
    }
}
