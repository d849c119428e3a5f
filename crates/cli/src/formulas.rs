//! Names and formulas of indices on their way from command lines, jobs and files to what can be computed.

use std::borrow::Cow;

use change::{Constant, Direction, SpectralIndex};
use raster::Scene;

use crate::args::Formulas;
use crate::fault::{Exit, Fault};
use crate::index_list::{catalogue, told};

/// Indices by names and formulas, separated by commas.
pub(crate) fn indices(text: &str, spec: &Formulas) -> Result<Vec<SpectralIndex>, Fault> {
    let list = spec.catalogue.as_deref();
    let catalogue = catalogue(list, spec.endmembers.as_deref())?;
    let constants = spec.constants.iter().map(|text| text.parse()).collect::<Result<Vec<Constant>, _>>()?;
    let mut used = vec![false; constants.len()];
    let mut known: Vec<String> = Vec::new();
    let mut all: Vec<SpectralIndex> = Vec::new();
    for part in parts(text) {
        let index = if is_formula(part) {
            let given = given(&constants, &mut used, None, |_| true);
            let index = catalogue.formula(part, part, &given, None)?;
            let is_in = |name: &str| part.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name);
            // A constant of a formula may be needed by another constant only.
            let by_others = |name: &str| given.iter().any(|other| other.value.contains(name));
            constants
                .iter()
                .zip(&mut used)
                .for_each(|(constant, used)| *used |= is_in(&constant.name) || by_others(&constant.name));
            index
        } else {
            let record = catalogue.find(part)?;
            let own: Vec<String> = record.parameters().into_iter().map(|parameter| parameter.name).collect();
            let given = given(&constants, &mut used, Some(&record.name), |name| own.iter().any(|own| own == name));
            known.extend(own);
            record.index(&given).map_err(|error| told(error, list))?
        };
        if all.iter().any(|earlier| earlier.name() == index.name()) {
            return Err(Fault::usage(format!("{} is asked for twice", index.name())));
        }
        all.push(index);
    }
    if let Some((constant, _)) = constants.iter().zip(&used).find(|(_, used)| !**used) {
        known.sort();
        known.dedup();
        let has = if known.is_empty() { "they have none".to_owned() } else { format!("they have {}", known.join(" ")) };
        return Err(Fault::usage(format!("--constant {constant}: no index that is asked for has {}; {has}", constant.name)));
    }
    Ok(all)
}

/// One index by its name or formula; `direction` in place of what is known of it. Clearing makes a formula fall unless that says
/// otherwise.
pub(crate) fn one(text: &str, spec: &Formulas, direction: Option<Direction>) -> Result<SpectralIndex, Fault> {
    let mut all = indices(text, spec)?;
    let (1, Some(index)) = (all.len(), all.pop()) else {
        return Err(Fault::usage(format!("'{text}': one index is expected")));
    };
    let otherwise = is_formula(text).then_some(Direction::Fall);
    Ok(match direction.or(otherwise) {
        Some(direction) => index.moving(direction),
        None => index,
    })
}

/// The indices for a scene: with the wavelengths of its sensor where they need any.
pub(crate) fn of_scene(indices: Vec<SpectralIndex>, scene: &Scene) -> Result<Vec<SpectralIndex>, Fault> {
    let of = |index: SpectralIndex| {
        if scene.has(&index.role()) { Ok(index) } else { Ok(index.of_scene(scene)?.into_owned()) }
    };
    indices.into_iter().map(of).collect()
}

/// The index for scenes whose sensors have one wavelength for each band that it needs one of.
pub(crate) fn of_scenes(index: &SpectralIndex, scenes: &[Scene]) -> Result<SpectralIndex, Fault> {
    let mut found: Option<(Cow<'_, SpectralIndex>, &Scene)> = None;
    for scene in scenes.iter().filter(|scene| !scene.has(&index.role())) {
        let own = index.of_scene(scene)?;
        match &found {
            Some((first, with)) if first.constants() != own.constants() => {
                return Err(Fault::new(
                    Exit::Usage,
                    format!(
                        "[change] index {} depends on wavelengths, which differ between {} and {}: give them under constants",
                        index.name(),
                        with.sensor.id,
                        scene.sensor.id
                    ),
                ));
            }
            Some(_) => {}
            None => found = Some((own, scene)),
        }
    }
    Ok(found.map_or_else(|| index.clone(), |(index, _)| index.into_owned()))
}

/// Whether a text is a formula rather than a name.
fn is_formula(text: &str) -> bool {
    text.contains(['(', '+', '*', '/', '-'])
}

/// What stands between the commas outside brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0i64, 0);
    let mut parts = Vec::new();
    for (place, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Constants that are meant for an index: those of its own name (`SAVI.L`) after those of all.
fn given(constants: &[Constant], used: &mut [bool], index: Option<&str>, has: impl Fn(&str) -> bool) -> Vec<Constant> {
    let mut given = Vec::new();
    for own in [false, true] {
        for (constant, used) in constants.iter().zip(used.iter_mut()) {
            let name = match constant.name.split_once('.') {
                Some((of, name)) if own && index.is_some_and(|index| of.eq_ignore_ascii_case(index)) => name,
                None if !own && has(&constant.name) => constant.name.as_str(),
                _ => continue,
            };
            *used |= index.is_some();
            given.push(Constant { name: name.to_owned(), value: constant.value.clone() });
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, constants: &[&str]) -> Result<Vec<SpectralIndex>, String> {
        let spec = Formulas { constants: constants.iter().map(|text| (*text).to_owned()).collect(), ..Formulas::default() };
        indices(text, &spec).map_err(|fault| fault.to_string())
    }

    #[test]
    fn names_and_formulas_stand_side_by_side() {
        let all = read("NDVI, min(N, R)/(N+R),nbr", &[]).expect("three");
        let names: Vec<&str> = all.iter().map(SpectralIndex::name).collect();
        assert_eq!(names, ["NDVI", "min(N, R)/(N+R)", "NBR"]);
        assert_eq!(read("NDVI,ndvi", &[]).expect_err("twice"), "NDVI is asked for twice");
        assert!(read("NDVI,", &[]).is_err());
    }

    #[test]
    fn a_constant_goes_to_those_that_have_it() {
        let value =
            |index: &SpectralIndex, name: &str| index.constants().iter().find(|c| c.name == name).map(|c| c.value.clone());
        let all = read("NDVI,SAVI,EVI", &["L=0.25", "SAVI.L=0.75"]).expect("three");
        assert_eq!((value(&all[1], "L").as_deref(), value(&all[2], "L").as_deref()), (Some("0.75"), Some("0.25")));
        let refused = read("NDVI,SAVI", &["g=2"]).expect_err("none has it");
        assert_eq!(refused, "--constant g=2: no index that is asked for has g; they have L");
        assert!(read("NDVI", &["NDVI.L=2"]).expect_err("it has none").contains("no such constant: it has none"));
        assert!(read("NDVI", &["SAVI.L=2"]).is_err());
        assert!(read("(1+L)*(N-R)/(N+R+L)", &["L=0.5"]).is_ok());
        assert!(read("N*a", &["a=b*2", "b=R"]).is_ok());
        assert!(read("N*a", &["a=2", "b=R"]).is_err());
    }
}
