//! Speckle of radar scenes, taken down in power.
//!
//! Lee: J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE Transactions on Pattern Analysis and
//! Machine Intelligence 2, 1980: with mean `m` and variance `s2` of a window and noise of variance `v = 1/looks` around 1,
//! `q = (s2 + m^2)/(v + 1) - m^2` and `m + k (z - m)` with `k = q/(m^2 v + q)`, `q` being 0 at least. Quegan: S. Quegan and J. J. Yu,
//! "Filtering of multichannel SAR images", IEEE Transactions on Geoscience and Remote Sensing 39, 2001:
//! `J_k = m_k/N x sum of I_i/m_i` over the scenes of one orbit, pass and polarisation, `m` being means of a window.

use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use raster::sensor::Quantity;
use raster::{Cube, RasterReader, Role, Scene, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChangeError, MaskPlan};

/// A filter by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpeckleFilter {
    /// Each scene alone, by the statistics around a pixel (Lee 1980).
    Lee,
    /// All scenes of one orbit together (Quegan and Yu 2001).
    Quegan,
}

/// How speckle is taken down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeckleParameters {
    /// `lee` or `quegan`.
    pub filter: SpeckleFilter,
    /// Side of the window in pixels, odd, 3 to 31. Default 7.
    #[serde(default = "default_window")]
    pub window: usize,
    /// Equivalent number of looks of a pixel, above 0 (`lee`). Default 4.4, that of Sentinel-1 IW GRD.
    #[serde(default = "default_looks")]
    pub looks: f64,
}

fn default_window() -> usize {
    7
}

fn default_looks() -> f64 {
    4.4
}

/// A filter over the radar scenes of a list.
#[derive(Debug, Clone)]
pub struct Speckle {
    parameters: SpeckleParameters,
    /// Of each scene those that are filtered with it, by place; empty for what is no radar.
    groups: Vec<Vec<usize>>,
    /// Whether the scene's numbers are decibels.
    decibels: Vec<bool>,
    /// What is masked in each scene: it must not spread.
    plans: Vec<MaskPlan>,
    /// Place of each scene's plan.
    plan_of: Vec<usize>,
}

impl Speckle {
    /// The filter for scenes; `masks` has one plan a scene.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a window or looks out of range, and where no scene is radar.
    pub fn new(parameters: SpeckleParameters, scenes: &[Scene], masks: &[&MaskPlan]) -> Result<Self, ChangeError> {
        let refused =
            |parameter, got: String, expected| ChangeError::Parameter { method: "speckle".to_owned(), parameter, got, expected };
        if !(3..=31).contains(&parameters.window) || parameters.window.is_multiple_of(2) {
            return Err(refused("window", parameters.window.to_string(), "an odd number from 3 to 31"));
        }
        if !(parameters.looks > 0.0 && parameters.looks.is_finite()) {
            return Err(refused("looks", parameters.looks.to_string(), "a positive number"));
        }
        let is_radar = |scene: &Scene| matches!(scene.sensor.quantity, Quantity::Power | Quantity::Decibel);
        if !scenes.iter().any(is_radar) {
            return Err(refused(
                "filter",
                "set".to_owned(),
                "radar scenes (product = \"sentinel-1-rtc\"), of which there are none",
            ));
        }
        let group = |scene: &Scene| -> Vec<usize> {
            let alike = |other: &Scene| {
                is_radar(other)
                    && other.sensor.id == scene.sensor.id
                    && other.sensor.quantity == scene.sensor.quantity
                    && other.orbit == scene.orbit
            };
            if is_radar(scene) { (0..scenes.len()).filter(|place| alike(&scenes[*place])).collect() } else { Vec::new() }
        };
        let (mut plans, mut plan_of): (Vec<MaskPlan>, Vec<usize>) = (Vec::new(), Vec::new());
        for (place, scene) in scenes.iter().enumerate() {
            let same = (0..place).find(|earlier| scenes[*earlier].sensor == scene.sensor);
            if same.is_none() {
                plans.push(masks[place].clone());
            }
            plan_of.push(same.map_or(plans.len() - 1, |earlier| plan_of[earlier]));
        }
        Ok(Self {
            parameters,
            groups: scenes.iter().map(group).collect(),
            decibels: scenes.iter().map(|scene| scene.sensor.quantity == Quantity::Decibel).collect(),
            plans,
            plan_of,
        })
    }

    fn reach(&self) -> usize {
        self.parameters.window / 2
    }
}

/// Reads scenes with their speckle taken down; without a filter as they are. What is cut how changes no value.
#[derive(Debug)]
pub struct Despeckled<'a, R> {
    reader: R,
    speckle: Option<&'a Speckle>,
    /// Sums over the scenes of a group, of the last window.
    ratios: Option<Ratios>,
}

/// Sums of ratios to the local mean over the scenes of a group, shape (role, y, x), and how many scenes gave one.
#[derive(Debug)]
struct Ratios {
    group: Vec<usize>,
    window: Window,
    roles: Vec<Role>,
    sums: Array3<f64>,
    counts: Array3<f64>,
}

impl<'a, R: RasterReader> Despeckled<'a, R> {
    /// A reader that filters what another one reads.
    pub fn new(reader: R, speckle: Option<&'a Speckle>) -> Self {
        Self { reader, speckle, ratios: None }
    }

    /// Power of bands around a window, NaN where nothing was seen or a mask holds, shape (role, y, x); and as it was read within.
    fn power(
        &mut self,
        speckle: &Speckle,
        scene: usize,
        bands: &[Role],
        window: Window,
    ) -> Result<(Array3<f64>, Cube), R::Error> {
        let plan = &speckle.plans[speckle.plan_of[scene]];
        let roles: Vec<Role> = bands.iter().cloned().chain(plan.layers()).collect();
        let around = window.grow(speckle.reach());
        let cube = self.reader.read(scene, &roles, around, plan.margin())?;
        let stored = cube.clone();
        let masked = plan.apply(cube).map_or_else(|_| stored.values.clone(), |(cube, _)| cube.values);
        let is_decibel = speckle.decibels[scene];
        let power = masked.index_axis(Axis(0), 0).mapv(|value| {
            let value = f64::from(value);
            if is_decibel { 10f64.powf(value / 10.0) } else { value }
        });
        Ok((power, stored))
    }

    fn ratios(&mut self, speckle: &Speckle, scene: usize, bands: &[Role], window: Window) -> Result<(), R::Error> {
        let group = &speckle.groups[scene];
        if self.ratios.as_ref().is_some_and(|kept| kept.window == window && kept.group == *group && kept.roles == bands) {
            return Ok(());
        }
        let shape = (bands.len(), window.rows, window.cols);
        let (mut sums, mut counts) = (Array3::zeros(shape), Array3::zeros(shape));
        for &other in group {
            let (power, _) = self.power(speckle, other, bands, window)?;
            for (role, plane) in power.outer_iter().enumerate() {
                let Moments { mean, .. } = moments(plane, speckle.reach());
                for row in 0..window.rows {
                    for col in 0..window.cols {
                        let ratio = plane[[row + speckle.reach(), col + speckle.reach()]] / mean[[row, col]];
                        if ratio.is_finite() {
                            sums[[role, row, col]] += ratio;
                            counts[[role, row, col]] += 1.0;
                        }
                    }
                }
            }
        }
        self.ratios = Some(Ratios { group: group.clone(), window, roles: bands.to_vec(), sums, counts });
        Ok(())
    }

    /// The filtered power of one band within a window.
    fn filtered(&self, speckle: &Speckle, role: usize, plane: ArrayView2<'_, f64>) -> Array2<f64> {
        let reach = speckle.reach();
        let Moments { mean, variance } = moments(plane, reach);
        let (rows, cols) = mean.dim();
        let inside = plane.slice(s![reach..reach + rows, reach..reach + cols]);
        if let (SpeckleFilter::Quegan, Some(Ratios { sums, counts, .. })) = (speckle.parameters.filter, &self.ratios) {
            return Array2::from_shape_fn((rows, cols), |(row, col)| {
                let at = [role, row, col];
                if inside[[row, col]].is_nan() { f64::NAN } else { mean[[row, col]] * sums[at] / counts[at] }
            });
        }
        let noise = 1.0 / speckle.parameters.looks;
        Array2::from_shape_fn((rows, cols), |(row, col)| {
            let at = [row, col];
            lee(inside[at], mean[at], variance[at], noise)
        })
    }
}

/// The estimate of a pixel by mean and variance around it and the variance of the noise.
fn lee(power: f64, mean: f64, variance: f64, noise: f64) -> f64 {
    let signal = ((variance + mean * mean) / (noise + 1.0) - mean * mean).max(0.0);
    let weight = signal / (mean * mean * noise + signal);
    if mean == 0.0 { power } else { mean + weight * (power - mean) }
}

impl<R: RasterReader> RasterReader for Despeckled<'_, R> {
    type Error = R::Error;

    fn read(&mut self, scene: usize, roles: &[Role], window: Window, margin: usize) -> Result<Cube, R::Error> {
        let Some(speckle) = self.speckle.filter(|speckle| !speckle.groups[scene].is_empty()) else {
            return self.reader.read(scene, roles, window, margin);
        };
        let (layers, bands): (Vec<Role>, Vec<Role>) = roles.iter().cloned().partition(Role::is_quality);
        let mut cube = self.reader.read(scene, &layers, window, margin)?;
        if bands.is_empty() {
            return Ok(cube);
        }
        if speckle.parameters.filter == SpeckleFilter::Quegan {
            self.ratios(speckle, scene, &bands, window)?;
        }
        let (power, stored) = self.power(speckle, scene, &bands, window)?;
        let reach = speckle.reach();
        let mut values = stored.values.slice(s![.., .., reach..reach + window.rows, reach..reach + window.cols]).to_owned();
        for (role, plane) in power.outer_iter().enumerate() {
            let filtered = self.filtered(speckle, role, plane);
            // Masked pixels keep their numbers: masking is to count them.
            values.slice_mut(s![0, role, .., ..]).zip_mut_with(&filtered, |value, power| {
                if !power.is_nan() {
                    *value = if speckle.decibels[scene] { 10.0 * power.log10() } else { *power } as f32;
                }
            });
        }
        cube.values = values;
        cube.scaling = stored.scaling[..bands.len()].to_vec();
        cube.bands = bands;
        Ok(cube)
    }
}

/// Mean and variance (divided by the number) of the finite numbers in a window around each pixel.
struct Moments {
    mean: Array2<f64>,
    variance: Array2<f64>,
}

/// Moments within a plane that is `reach` pixels larger on each side; NaN where a window holds no number.
///
/// Sums run over columns first and then over rows, from the same corner of every window, so that how a plane is cut changes no bit.
fn moments(plane: ArrayView2<'_, f64>, reach: usize) -> Moments {
    let (high, wide) = plane.dim();
    let (side, rows, cols) = (2 * reach + 1, high - 2 * reach, wide - 2 * reach);
    let (mut mean, mut variance) = (Array2::from_elem((rows, cols), f64::NAN), Array2::from_elem((rows, cols), f64::NAN));
    let mut columns = vec![[0.0_f64; 2]; wide];
    for row in 0..rows {
        for (col, column) in columns.iter_mut().enumerate() {
            *column = (row..row + side)
                .map(|y| plane[[y, col]])
                .filter(|v| v.is_finite())
                .fold([0.0; 2], |[n, sum], v| [n + 1.0, sum + v]);
        }
        for col in 0..cols {
            let [n, sum] = columns[col..col + side].iter().fold([0.0; 2], |[n, sum], [m, more]| [n + m, sum + more]);
            if n > 0.0 {
                mean[[row, col]] = sum / n;
            }
        }
        // Around the mean, not as a difference of squares: bright targets would cost the digits of the dark around them.
        for col in 0..cols {
            let centre = mean[[row, col]];
            let window = plane.slice(s![row..row + side, col..col + side]);
            let (mut n, mut squares) = (0.0, 0.0);
            for v in window.iter().filter(|v| v.is_finite()) {
                n += 1.0;
                squares += (v - centre).powi(2);
            }
            if n > 0.0 {
                variance[[row, col]] = squares / n;
            }
        }
    }
    Moments { mean, variance }
}

#[cfg(test)]
mod tests;
