//! `detect --qa`: pixels whose code is not a clear one are not observed.

use std::path::PathBuf;

use geoio::{CodeColumn, GriddedReader, PlaneSpec};
use raster::{QaRule, Role, Scene, Window};

use crate::args::Detect;
use crate::fault::Fault;

/// The role of the codes.
pub(super) static LAYER: Role = Role::Qa;

/// What a clear pixel's code meets.
pub(super) fn rule(arguments: &Detect) -> Result<Option<QaRule>, Fault> {
    let text = match (&arguments.clear, arguments.qa.first()) {
        (Some(text), _) => text,
        (None, None) => return Ok(None),
        (None, Some(file)) => {
            return Err(Fault::usage(format!("--qa {file}: give --clear too, the codes of clear pixels or what they meet")));
        }
    };
    let is_codes = text.chars().all(|letter| letter.is_ascii_digit() || letter == ',' || letter == ' ');
    let rule = if is_codes { format!("value in {{{text}}}") } else { text.clone() };
    rule.parse().map(Some).map_err(|error| Fault::usage(format!("--clear {text}: {error}")))
}

/// Files of codes with the role of the input that they are for; one for all has none.
pub(super) fn files(arguments: &Detect) -> Result<Vec<(Option<Role>, PathBuf)>, Fault> {
    let mut files: Vec<(Option<Role>, PathBuf)> = Vec::new();
    for text in &arguments.qa {
        let (role, file) = match text.split_once('=') {
            Some((role, file)) => (Some(role.parse().map_err(|error| Fault::usage(format!("--qa {text}: {error}")))?), file),
            None => (None, text.as_str()),
        };
        if role.is_none() && files.iter().any(|(role, _)| role.is_none()) {
            return Err(Fault::usage(format!(
                "--qa {text}: its inputs have codes already; give one file for all, or one an input"
            )));
        }
        files.push((role, PathBuf::from(file)));
    }
    Ok(files)
}

/// The column of codes of tables: `COLUMN:fmask` or `COLUMN:landsat-ard`.
pub(super) fn column(arguments: &Detect) -> Result<Option<CodeColumn>, Fault> {
    if let Some(text) = &arguments.clear {
        return Err(Fault::usage(format!("--clear {text}: is for rasters; tables take --qa COLUMN:fmask or COLUMN:landsat-ard")));
    }
    let [text] = arguments.qa.as_slice() else {
        return if arguments.qa.is_empty() { Ok(None) } else { Err(Fault::usage("--qa: tables take one column of codes")) };
    };
    let unknown = || Fault::usage(format!("--qa {text}: tables take COLUMN:fmask or COLUMN:landsat-ard"));
    let (name, maker) = text.rsplit_once(':').ok_or_else(unknown)?;
    let (maker, is_clear): (_, fn(u32) -> Option<bool>) = match maker {
        "fmask" => ("fmask", is_clear_in_fmask),
        "landsat-ard" => ("landsat-ard", is_clear_in_ard),
        _ => return Err(unknown()),
    };
    Ok(Some(CodeColumn { name: name.to_owned(), maker, is_clear }))
}

/// Fmask: 0 clear land, 1 water, 2 shadow, 3 snow, 4 cloud, 255 fill.
fn is_clear_in_fmask(code: u32) -> Option<bool> {
    matches!(code, 0..=4 | 255).then_some(code < 2)
}

/// `PIXELQA` of Landsat's analysis ready data: bit 0 fill, 1 clear, 2 water, 3 shadow, 4 snow, 5 cloud. What is no fill has one of the
/// confidences of clouds, bits 6 and 7: codes of Fmask have none.
fn is_clear_in_ard(code: u32) -> Option<bool> {
    (code == 1 || code & 0b1100_0000 != 0).then_some(code & 0b11_1001 == 0 && code & 0b110 != 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_tables_are_clear_as_their_makers_say() {
        for (code, is_clear) in [(0, true), (1, true), (2, false), (3, false), (4, false), (255, false)] {
            assert_eq!(is_clear_in_fmask(code), Some(is_clear), "{code}");
        }
        // Fill; clear; water; shadow; snow; cloud; clear with low cirrus; cloud over water.
        let codes = [(1, false), (66, true), (68, true), (72, false), (80, false), (96, false), (322, true), (100, false)];
        for (code, is_clear) in codes {
            assert_eq!(is_clear_in_ard(code), Some(is_clear), "{code}");
        }
        assert!([0, 2, 3, 4].map(is_clear_in_ard).iter().chain(&[5, 66].map(is_clear_in_fmask)).all(Option::is_none));
    }
}
