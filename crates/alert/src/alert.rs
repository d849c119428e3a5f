use geo_types::MultiPolygon;
use raster::{Date, Grid};

use crate::id::alert_id;
use crate::measure::measure;
use crate::{AlertError, Patch, Projection};

/// How sure a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Flagged, not confirmed.
    Low,
    /// Confirmed on at least half of the patch's pixels.
    High,
}

impl Confidence {
    /// `low` or `high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// One reported clearing: it began in (`date_before`, `date_first`], and all of it was gone by `date_last`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Stable id; it does not depend on area of interest, tile size or the order of inputs.
    pub id: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Last day on which the place was seen clear and unchanged; `None` where it never was.
    pub date_before: Option<Date>,
    /// First day on which any of it was seen changed.
    pub date_first: Date,
    /// Latest of its pixels' first days.
    pub date_last: Date,
    /// Day by which half of its pixels had been confirmed.
    pub date_confirmed: Option<Date>,
    /// Geodesic area in hectares.
    pub area_ha: f64,
    /// Area if its edge pixels are only half changed.
    pub area_low_ha: f64,
    /// Area if the pixels around it are half changed too.
    pub area_high_ha: f64,
    /// Geodesic perimeter in metres, holes included.
    pub perimeter_m: f64,
    /// Number of pixels.
    pub pixels: u64,
    /// Area of its confirmed pixels, hectares.
    pub confirmed_ha: f64,
    /// Mean of later minus earlier over its pixels, in units of the index.
    pub magnitude: f64,
    /// Fewest clear overpasses in the baseline period over its pixels.
    pub n_baseline: u16,
    /// Fewest clear overpasses in the monitoring period over its pixels.
    pub n_clear: u16,
    /// Last day of the baseline period on which any of it was clear.
    pub last_clear_baseline: Option<Date>,
    /// Last day of the monitoring period on which any of it was clear.
    pub last_clear: Option<Date>,
    /// Area around it, within [`crate::VICINITY_M`], that was to be looked at and was not seen, hectares.
    pub unseen_near_ha: f64,
    /// Ids of the sensors that saw it clear in the monitoring period, sorted.
    pub sensors: Vec<String>,
    /// A point inside it: longitude, degrees.
    pub lon: f64,
    /// A point inside it: latitude, degrees.
    pub lat: f64,
    /// Outline, longitude and latitude, degrees; exterior rings counter-clockwise.
    pub geometry: MultiPolygon<f64>,
}

/// What a run's alerts have in common.
#[derive(Debug, Clone, Copy)]
pub struct AlertContext<'a> {
    /// Name of the spectral index.
    pub index: &'a str,
    /// Name of the method.
    pub method: &'a str,
    /// Ids of the sensors; bit i of a patch stands for the i-th, so there are at most 16.
    pub sensors: &'a [String],
}

/// The alerts of patches on a grid, by the row and column of their anchors, whatever the order of the patches.
///
/// `unseen` has the pixels around each patch that were not seen, as [`crate::Vicinity`] counts them.
/// `simplify_m` simplifies the geometry (not the measures) with this tolerance in metres.
///
/// # Errors
/// [`AlertError::Projection`] where a patch has no longitude and latitude; [`AlertError::Parameter`] for a tolerance that
/// is not a positive number.
///
/// # Panics
/// Where `unseen` has not one entry a patch.
pub fn alerts(
    patches: &[Patch],
    unseen: &[u64],
    grid: &Grid,
    projection: &dyn Projection,
    context: &AlertContext<'_>,
    simplify_m: Option<f64>,
) -> Result<Vec<Alert>, AlertError> {
    if let Some(tolerance) = simplify_m.filter(|tolerance| !(tolerance.is_finite() && *tolerance > 0.0)) {
        return Err(AlertError::Parameter { parameter: "simplify_m", got: tolerance.to_string(), expected: "more than 0 m" });
    }
    assert_eq!(patches.len(), unseen.len(), "one count a patch");
    let mut ordered: Vec<(&Patch, u64)> = patches.iter().zip(unseen.iter().copied()).collect();
    ordered.sort_unstable_by_key(|(patch, _)| patch.anchor);
    ordered.into_iter().map(|(patch, unseen)| alert(patch, unseen, grid, projection, context, simplify_m)).collect()
}

fn alert(
    patch: &Patch,
    unseen: u64,
    grid: &Grid,
    projection: &dyn Projection,
    context: &AlertContext<'_>,
    simplify_m: Option<f64>,
) -> Result<Alert, AlertError> {
    let measured = measure(&patch.outline, grid, projection, simplify_m)?;
    let (area_ha, pixels) = (measured.area_m2 / 10_000.0, patch.pixels as f64);
    let (edge, ring) = (patch.edge_pixels as f64, patch.ring_pixels as f64);
    let seen_by = context.sensors.iter().take(16).enumerate().filter(|(bit, _)| patch.sensors >> bit & 1 == 1);
    let mut sensors: Vec<String> = seen_by.map(|(_, sensor)| sensor.clone()).collect();
    sensors.sort_unstable();
    sensors.dedup();
    Ok(Alert {
        id: alert_id(grid, patch.anchor, patch.date_first, context.index, context.method),
        confidence: if patch.date_confirmed.is_some() { Confidence::High } else { Confidence::Low },
        date_before: patch.date_before,
        date_first: patch.date_first,
        date_last: patch.date_last,
        date_confirmed: patch.date_confirmed,
        area_ha: round(area_ha, 1e4),
        area_low_ha: round(area_ha * (pixels - edge / 2.0) / pixels, 1e4),
        area_high_ha: round(area_ha * (pixels + ring / 2.0) / pixels, 1e4),
        perimeter_m: round(measured.perimeter_m, 10.0),
        pixels: patch.pixels,
        confirmed_ha: round(area_ha * patch.pixels_confirmed as f64 / pixels, 1e4),
        magnitude: round(patch.magnitude, 1e6),
        n_baseline: patch.n_baseline,
        n_clear: patch.n_clear,
        last_clear_baseline: patch.last_clear_baseline,
        last_clear: patch.last_clear,
        unseen_near_ha: round(area_ha * unseen as f64 / pixels, 1e4),
        sensors,
        lon: measured.inside.x,
        lat: measured.inside.y,
        geometry: measured.geometry,
    })
}

/// Rounded to one part of `parts` of the unit.
pub(crate) fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
