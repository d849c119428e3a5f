//! `detect --harmonise`: looks of several sensors, brought to one before the method sees them.

use std::collections::BTreeMap;

use raster::sensor::{HARMONISATIONS, Harmonisation, Regression};
use raster::{Role, Scene};
use serde_json::Value;

use crate::args::Detect;
use crate::fault::Fault;
use crate::run::harmonise::{is_radar, known, missing, told};

/// The sensor that all are brought to, and which of the published lines do it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Harmonise<'a> {
    to: &'a str,
    regression: Regression,
}

/// What was brought to another sensor, for records; `None` where it was not asked for.
pub(super) type Harmonised = Option<Vec<Value>>;

/// How many looks each line brought.
#[derive(Debug, Default)]
pub(super) struct Brought(BTreeMap<(&'static str, &'static str), (&'static Harmonisation, usize)>);

impl Brought {
    pub(super) fn add(&mut self, lines: &'static Harmonisation, looks: usize) {
        self.0.entry((lines.from, lines.platform)).or_insert((lines, 0)).1 += looks;
    }

    /// What was done, for records.
    pub(super) fn told(self) -> Vec<Value> {
        self.0.into_values().map(|(lines, looks)| told(lines, looks)).collect()
    }
}

impl<'a> Harmonise<'a> {
    /// What the arguments ask for, if they do.
    ///
    /// # Errors
    /// A sensor to which nothing can be brought.
    pub(super) fn of(arguments: &'a Detect) -> Result<Option<Self>, Fault> {
        let Some(to) = arguments.harmonise.as_deref() else { return Ok(None) };
        if !HARMONISATIONS.iter().any(|lines| lines.to == to) {
            return Err(Fault::usage(format!("--harmonise {to}: {}", known())));
        }
        let regression = if arguments.regression.as_deref() == Some("ols") { Regression::Ols } else { Regression::Rma };
        Ok(Some(Self { to, regression }))
    }

    /// In a few words, for records.
    pub(super) fn said(self) -> String {
        format!("{} ({})", self.to, if self.regression == Regression::Ols { "ols" } else { "rma" })
    }

    /// The lines of a spacecraft; `None` where it carries the sensor that all are brought to. `place` is where it is named.
    pub(super) fn lines(self, platform: &str, place: &str) -> Result<Option<&'static Harmonisation>, Fault> {
        if raster::sensor::all().iter().any(|sensor| sensor.id == self.to && sensor.platforms.iter().any(|own| own == platform)) {
            return Ok(None);
        }
        if platform.is_empty() {
            return Err(Fault::usage(format!(
                "--harmonise {}: {place} has no spacecraft; give its table a column platform (LANDSAT_7, LANDSAT_8, Sentinel-2A, ..)",
                self.to
            )));
        }
        let is_of =
            |lines: &&Harmonisation| lines.platform == platform && lines.to == self.to && lines.regression == self.regression;
        let lines = HARMONISATIONS.iter().find(is_of);
        lines.map(Some).ok_or_else(|| Fault::usage(format!("--harmonise {}: {place}, {platform}: {}", self.to, known())))
    }

    /// Slope and intercept of a role.
    pub(super) fn line(self, lines: &Harmonisation, role: &Role, place: &str) -> Result<(f64, f64), Fault> {
        let refused = || Fault::usage(format!("--harmonise {}: {place}: {}", self.to, missing(lines, role)));
        lines.line(role).ok_or_else(refused)
    }
}

/// Puts harmonised scalings in place of those of the images, so that stored numbers become harmonised values in one step; tells what
/// was done, where anything was asked for. Radar is left as it is.
pub(super) fn harmonise(scenes: &mut [Scene], arguments: &Detect) -> Result<Harmonised, Fault> {
    let Some(wanted) = Harmonise::of(arguments)? else { return Ok(None) };
    let mut brought = Brought::default();
    for scene in scenes {
        let of_sensor = |(role, _): &(Role, raster::Scaling)| !role.is_quality() && !is_radar(role);
        if !scene.layers.iter().any(of_sensor) {
            continue;
        }
        let place = format!("{} of {}", scene.id, scene.date);
        let Some(lines) = wanted.lines(&scene.platform, &place)? else { continue };
        for layer in scene.layers.iter_mut().filter(|layer| of_sensor(layer)) {
            wanted.line(lines, &layer.0, &place)?;
            layer.1 = lines.scaling(&layer.0, layer.1).unwrap_or(layer.1);
        }
        brought.add(lines, 1);
    }
    Ok(Some(brought.told()))
}
