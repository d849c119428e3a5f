//! Project folders of `OpenDroneMap`: what a flight gave, and how well it is placed.

use std::path::{Path, PathBuf};

use raster::Date;
use serde::Deserialize;

use crate::{GeoioError, open};

/// Largest report that is read.
const MAX_BYTES: u64 = 64 << 20;

/// The files of a project that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdmProject {
    /// The folder.
    pub folder: PathBuf,
    /// `odm_orthophoto/odm_orthophoto.tif`.
    pub orthophoto: PathBuf,
    /// `odm_dem/dsm.tif`: heights of what stands on the ground.
    pub dsm: Option<PathBuf>,
    /// `odm_dem/dtm.tif`: heights of the ground.
    pub dtm: Option<PathBuf>,
    /// `odm_report/stats.json`.
    pub report: Option<PathBuf>,
    /// `odm_report/shots.geojson`: the photographs.
    pub shots: Option<PathBuf>,
    /// `gcp_list.txt`: ground control points.
    pub control_points: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    gcp_errors: Errors,
}

#[derive(Default, Deserialize)]
struct Errors {
    error: Option<RootMeanSquare>,
}

/// Metres.
#[derive(Deserialize)]
struct RootMeanSquare {
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
struct Shots {
    features: Vec<Shot>,
}

#[derive(Deserialize)]
struct Shot {
    properties: ShotProperties,
}

#[derive(Deserialize)]
struct ShotProperties {
    /// Seconds since 1970 by the camera's clock.
    #[serde(default)]
    capture_time: Option<f64>,
}

impl OdmProject {
    /// The project of a folder; `None` where it has no orthophoto.
    pub fn at(folder: &Path) -> Option<Self> {
        let there = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        Some(Self {
            folder: folder.to_owned(),
            orthophoto: there("odm_orthophoto/odm_orthophoto.tif")?,
            dsm: there("odm_dem/dsm.tif"),
            dtm: there("odm_dem/dtm.tif"),
            report: there("odm_report/stats.json"),
            shots: there("odm_report/shots.geojson"),
            control_points: there("gcp_list.txt"),
        })
    }

    /// First and last day of its photographs, by the cameras' clocks; `None` where nothing tells them.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] where the list of photographs cannot be read.
    pub fn days(&self) -> Result<Option<(Date, Date)>, GeoioError> {
        let Some(path) = &self.shots else { return Ok(None) };
        let shots: Shots = json(path)?;
        let day = |shot: &Shot| {
            // Cameras without a clock count from nothing.
            let seconds = shot.properties.capture_time.filter(|seconds| *seconds > 0.0 && *seconds < 1e11)?;
            Some((seconds / 86_400.0).floor() as i32)
        };
        let days = || shots.features.iter().filter_map(day);
        let (first, last) = (days().min(), days().max());
        Ok(first.zip(last).map(|(first, last)| (Date::from_days(first), Date::from_days(last))))
    }

    /// How far it lies off at ground control points, root mean square in metres over ground; `None` where it had none. What positions of
    /// the photographs tell is no measure of it: their errors are shared.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] where the report cannot be read.
    pub fn error_m(&self) -> Result<Option<f64>, GeoioError> {
        let Some(path) = &self.report else { return Ok(None) };
        let report: Report = json(path)?;
        Ok(report.gcp_errors.error.map(|error| error.x.hypot(error.y)).filter(|error| error.is_finite()))
    }
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, GeoioError> {
    let wrong = |line: Option<u64>, reason: String| GeoioError::Metadata { path: path.to_owned(), line, reason };
    let bytes = open::read_bytes(path, MAX_BYTES)?.ok_or_else(|| wrong(None, "it is larger than any report".to_owned()))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(Some(error.line() as u64), error.to_string()))
}
