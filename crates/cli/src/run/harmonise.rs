//! The reflectance of several sensors, brought to that of one.

use std::collections::BTreeMap;

use change::SpectralIndex;
use raster::sensor::{HARMONISATIONS, Harmonisation};
use raster::{Band, Role, Scene};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::job::HarmoniseSpec;

/// Puts harmonised scalings in place of those of the scenes, so that stored numbers become harmonised reflectance in one step; tells
/// of each sensor what was done.
///
/// # Errors
/// A sensor, spacecraft or band without published coefficients: none is guessed.
pub(super) fn harmonise(scenes: &mut [Scene], series: &[SpectralIndex], spec: &HarmoniseSpec) -> Result<Vec<Value>, Fault> {
    if !HARMONISATIONS.iter().any(|lines| lines.to == spec.to) {
        return Err(Fault::usage(format!("[harmonise] to = \"{}\": {}", spec.to, known())));
    }
    let mut done: BTreeMap<(&str, &str), (&Harmonisation, usize)> = BTreeMap::new();
    for scene in scenes.iter_mut().filter(|scene| scene.sensor.id != spec.to) {
        let Some(wanted) = reflectance(scene, series)? else { continue };
        let lines = lines(scene, spec)?;
        if let Some(band) = wanted.iter().find(|band| lines.line(**band).is_none()) {
            return Err(Fault::usage(format!(
                "[harmonise] {}: there are no coefficients from {band} of {} to {}; use an index of other bands (of the narrow near \
                 infrared, N2, instead of the wide one)",
                scene.id, lines.platform, spec.to
            )));
        }
        for (role, scaling) in &mut scene.layers {
            if let Role::Band(band) = role {
                *scaling = lines.scaling(*band, *scaling).unwrap_or(*scaling);
            }
        }
        done.entry((lines.from, lines.platform)).or_insert((lines, 0)).1 += 1;
    }
    Ok(done.into_values().map(|(lines, scenes)| told(lines, scenes)).collect())
}

/// The bands of reflectance that the series of a scene are made of; `None` where they are of radar.
fn reflectance(scene: &Scene, series: &[SpectralIndex]) -> Result<Option<Vec<Band>>, Fault> {
    let mut bands = Vec::new();
    for role in series.iter().flat_map(|series| series.inputs(scene).unwrap_or_default()) {
        match role {
            Role::Band(band) if band.is_radar() => {}
            Role::Band(band) => bands.push(band),
            other => {
                return Err(Fault::usage(format!(
                    "[harmonise] {}: {other} was made before, and only reflectance can be harmonised; give its bands",
                    scene.id
                )));
            }
        }
    }
    Ok(Some(bands).filter(|bands| !bands.is_empty()))
}

fn lines(scene: &Scene, spec: &HarmoniseSpec) -> Result<&'static Harmonisation, Fault> {
    let is_of = |lines: &&Harmonisation| {
        let platform = scene.platform.as_str();
        lines.from == scene.sensor.id
            && lines.platform == platform
            && lines.to == spec.to
            && lines.regression == spec.regression()
    };
    HARMONISATIONS.iter().find(is_of).ok_or_else(|| {
        let platform = if scene.platform.is_empty() { "a spacecraft that is not named (platform = ..)" } else { &scene.platform };
        Fault::usage(format!("[harmonise] {}: {} of {platform} to {}: {}", scene.id, scene.sensor.id, spec.to, known()))
    })
}

/// What there is.
fn known() -> String {
    let mut pairs: Vec<String> =
        HARMONISATIONS.iter().map(|lines| format!("{} of {} to {}", lines.from, lines.platform, lines.to)).collect();
    pairs.dedup();
    format!("no coefficients are published; there are those from {}", pairs.join(", "))
}

fn told(lines: &Harmonisation, scenes: usize) -> Value {
    json!({
        "from": lines.from, "platform": lines.platform, "to": lines.to, "regression": lines.regression, "citation": lines.citation,
        "scenes": scenes, "bands": crate::verb::lists::lines_by_band(lines),
    })
}
