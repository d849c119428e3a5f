//! The reflectance of several sensors, brought to that of one.

use std::collections::BTreeMap;

use change::SpectralIndex;
use raster::sensor::{HARMONISATIONS, Harmonisation};
use raster::{Role, Scene};
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
        let Some(wanted) = optical(scene, series) else { continue };
        let lines = lines(scene, spec)?;
        if let Some(role) = wanted.iter().find(|role| lines.line(role).is_none()) {
            return Err(Fault::usage(format!("[harmonise] {}: {}", scene.id, missing(lines, role))));
        }
        for (role, scaling) in &mut scene.layers {
            *scaling = lines.scaling(role, *scaling).unwrap_or(*scaling);
        }
        done.entry((lines.from, lines.platform)).or_insert((lines, 0)).1 += 1;
    }
    Ok(done.into_values().map(|(lines, scenes)| told(lines, scenes)).collect())
}

/// The layers that the series of a scene are made of; `None` where they are of radar.
fn optical(scene: &Scene, series: &[SpectralIndex]) -> Option<Vec<Role>> {
    let roles = series.iter().flat_map(|series| series.inputs(scene).unwrap_or_default());
    let optical: Vec<Role> = roles.filter(|role| !is_radar(role)).collect();
    Some(optical).filter(|roles| !roles.is_empty())
}

/// Whether a layer is backscatter, which nothing is brought to.
pub(crate) fn is_radar(role: &Role) -> bool {
    matches!(role, Role::Band(band) if band.is_radar())
}

/// Why a band or an index cannot be brought to the other sensor.
pub(crate) fn missing(lines: &Harmonisation, role: &Role) -> String {
    let is_of = |other: &&Harmonisation| other.platform == lines.platform && other.to == lines.to && other.line(role).is_some();
    let fix = if matches!(role, Role::Band(_)) {
        "use an index of other bands (of the narrow near infrared, N2, instead of the wide one)"
    } else if HARMONISATIONS.iter().any(|other| is_of(&other)) {
        "it was made before: regression ols has a line of its own for it, or give its bands"
    } else {
        "it was made before, and reflectance is harmonised band by band: give its bands"
    };
    format!("there are no coefficients from {role} of {} to {}; {fix}", lines.platform, lines.to)
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
pub(crate) fn known() -> String {
    let mut pairs: Vec<String> =
        HARMONISATIONS.iter().map(|lines| format!("{} of {} to {}", lines.from, lines.platform, lines.to)).collect();
    pairs.dedup();
    format!("no coefficients are published; there are those from {}", pairs.join(", "))
}

pub(crate) fn told(lines: &Harmonisation, scenes: usize) -> Value {
    json!({
        "from": lines.from, "platform": lines.platform, "to": lines.to, "regression": lines.regression, "citation": lines.citation,
        "scenes": scenes, "bands": crate::verb::lists::lines_by_band(lines),
    })
}
