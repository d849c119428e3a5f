//! Which scenes may be held against each other.

use std::collections::BTreeSet;

use raster::Scene;
use raster::sensor::Quantity;

use crate::fault::Fault;
use crate::job::Mixture;

/// Refuses scenes that see differently, unless the job says that it knows: radar of several orbits or passes, several instruments
/// of `PlanetScope`, reflectance at the ground and at the top of the atmosphere. Pictures go with nothing else at all.
///
/// # Errors
/// A [`Fault`] with what there is of each and the line that lets it pass.
pub(super) fn check(scenes: &[Scene], mix: &[Mixture]) -> Result<(), Fault> {
    let quantity = |scene: &Scene| scene.sensor.quantity;
    if scenes.iter().any(|scene| quantity(scene) == Quantity::Relative) {
        let other = scenes.iter().find(|scene| quantity(scene) != Quantity::Relative);
        return other.map_or(Ok(()), |other| {
            Err(Fault::usage(format!(
                "[[imagery]] holds pictures in 8 bits and {}: brightness of a picture is not to be held against anything else",
                other.id
            )))
        });
    }
    let orbit = |scene: &Scene| {
        let radar = matches!(quantity(scene), Quantity::Power | Quantity::Decibel);
        radar.then(|| {
            format!("{} orbit {}", scene.sensor.id, scene.orbit.map_or_else(|| "?".to_owned(), |orbit| orbit.to_string()))
        })
    };
    let instrument = |scene: &Scene| scene.sensor.id.starts_with("planetscope-").then(|| scene.sensor.id.clone());
    let level = |scene: &Scene| match quantity(scene) {
        Quantity::SurfaceReflectance => Some("surface reflectance".to_owned()),
        Quantity::TopOfAtmosphere => Some("reflectance at the top of the atmosphere".to_owned()),
        Quantity::Radiance => Some("radiance".to_owned()),
        _ => None,
    };
    one(
        scenes,
        mix,
        Mixture::Orbits,
        orbit,
        "slopes face them differently: name one by orbit = .. and pass = .. under [[imagery]]",
    )?;
    one(scenes, mix, Mixture::Instruments, instrument, "their bands differ: take files of one instrument, or harmonized ones")?;
    one(scenes, mix, Mixture::Levels, level, "the air is in one and not in the other: take one level")
}

fn one(
    scenes: &[Scene],
    mix: &[Mixture],
    mixture: Mixture,
    of: impl Fn(&Scene) -> Option<String>,
    advice: &str,
) -> Result<(), Fault> {
    let kinds: BTreeSet<String> = scenes.iter().filter_map(of).collect();
    if kinds.len() < 2 || mix.contains(&mixture) {
        return Ok(());
    }
    let kinds: Vec<String> = kinds.into_iter().collect();
    Err(Fault::usage(format!(
        "[[imagery]] mixes {}; {advice}, or say [change] mix = [\"{}\"]",
        kinds.join(" and "),
        mixture.name()
    )))
}
