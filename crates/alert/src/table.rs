use geo_types::{Geometry, MultiPolygon};
use raster::{Date, Grid};

use crate::alert::round;
use crate::columns::ALERT_COLUMNS;
use crate::measure::measure;
use crate::schema::ALERT_SCHEMA;
use crate::{Alert, AlertContext, AlertError, Column, Confidence, Features, Projection, Values};

/// The table "alerts" of one run: one row an alert, with the columns of [`ALERT_COLUMNS`] in their order.
///
/// A column that does not exist for an alert is `None`, never NaN.
pub fn alert_features(alerts: &[Alert], run: &str, context: &AlertContext<'_>) -> Features {
    let geometries = alerts.iter().map(|alert| Some(Geometry::MultiPolygon(alert.geometry.clone()))).collect();
    let mut features = Features::new("alerts", geometries);
    features.columns = ALERT_COLUMNS
        .iter()
        .map(|column| Column { name: column.name.to_owned(), values: values(column.name, alerts, run, context) })
        .collect();
    features
}

fn values(name: &str, alerts: &[Alert], run: &str, context: &AlertContext<'_>) -> Values {
    match name {
        "id" => text(alerts, |alert| alert.id.clone()),
        "schema" => text(alerts, |_| ALERT_SCHEMA.to_owned()),
        "run" => text(alerts, |_| run.to_owned()),
        "state" => text(alerts, |alert| state(alert.confidence).to_owned()),
        "confidence" => text(alerts, |alert| alert.confidence.name().to_owned()),
        "date_before" => day(alerts, |alert| alert.date_before),
        "date_first" => day(alerts, |alert| Some(alert.date_first)),
        "date_confirmed" => day(alerts, |alert| alert.date_confirmed),
        "area_ha" => real(alerts, |alert| alert.area_ha),
        "area_low_ha" => real(alerts, |alert| alert.area_low_ha),
        "area_high_ha" => real(alerts, |alert| alert.area_high_ha),
        "magnitude" => real(alerts, |alert| alert.magnitude),
        "index" => text(alerts, |_| context.index.to_owned()),
        "method" => text(alerts, |_| context.method.to_owned()),
        "n_clear" => integer(alerts, |alert| i64::from(alert.n_clear)),
        "last_clear" => day(alerts, |alert| alert.last_clear),
        "sensors" => text(alerts, |alert| alert.sensors.join(",")),
        "lon" => real(alerts, |alert| alert.lon),
        "lat" => real(alerts, |alert| alert.lat),
        "date_last" => day(alerts, |alert| Some(alert.date_last)),
        "perimeter_m" => real(alerts, |alert| alert.perimeter_m),
        "pixels" => integer(alerts, |alert| alert.pixels as i64),
        "confirmed_ha" => real(alerts, |alert| alert.confirmed_ha),
        "n_baseline" => integer(alerts, |alert| i64::from(alert.n_baseline)),
        "last_clear_baseline" => day(alerts, |alert| alert.last_clear_baseline),
        "unseen_near_ha" => real(alerts, |alert| alert.unseen_near_ha),
        other => unreachable!("ALERT_COLUMNS has no column {other}"),
    }
}

/// A new alert's state: `provisional` until it is confirmed.
fn state(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "provisional",
        Confidence::High => "confirmed",
    }
}

fn text(alerts: &[Alert], value: impl Fn(&Alert) -> String) -> Values {
    Values::Text(alerts.iter().map(|alert| Some(value(alert))).collect())
}

fn day(alerts: &[Alert], value: impl Fn(&Alert) -> Option<Date>) -> Values {
    Values::Day(alerts.iter().map(value).collect())
}

fn integer(alerts: &[Alert], value: impl Fn(&Alert) -> i64) -> Values {
    Values::Integer(alerts.iter().map(|alert| Some(value(alert))).collect())
}

fn real(alerts: &[Alert], value: impl Fn(&Alert) -> f64) -> Values {
    Values::Real(alerts.iter().map(|alert| Some(value(alert)).filter(|v| v.is_finite())).collect())
}

/// Connected pixels of one value, to be written as a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuePatch {
    /// Their value.
    pub value: f64,
    /// Their outline in the coordinates of the grid.
    pub outline: MultiPolygon<f64>,
    /// How many they are.
    pub pixels: u64,
}

/// The table "patches": one row a patch in the order given, with `value`, `pixels`, `area_ha` and `perimeter_m` (geodesic).
///
/// `value` is a column of whole numbers where every value is one.
///
/// # Errors
/// [`AlertError::Projection`] where an outline has no longitude and latitude.
pub fn component_features(patches: &[ValuePatch], grid: &Grid, projection: &dyn Projection) -> Result<Features, AlertError> {
    let measured = patches.iter().map(|patch| measure(&patch.outline, grid, projection, None)).collect::<Result<Vec<_>, _>>()?;
    let whole = patches.iter().all(|patch| patch.value.fract() == 0.0 && patch.value.abs() < 9e15);
    let value = if whole {
        Values::Integer(patches.iter().map(|patch| Some(patch.value as i64)).collect())
    } else {
        Values::Real(patches.iter().map(|patch| Some(patch.value).filter(|v| v.is_finite())).collect())
    };
    let area = measured.iter().map(|one| Some(round(one.area_m2 / 10_000.0, 1e4))).collect();
    let perimeter = measured.iter().map(|one| Some(round(one.perimeter_m, 10.0))).collect();
    let geometries = measured.into_iter().map(|one| Some(Geometry::MultiPolygon(one.geometry))).collect();
    Features::new("patches", geometries)
        .with("value", value)?
        .with("pixels", Values::Integer(patches.iter().map(|patch| Some(patch.pixels as i64)).collect()))?
        .with("area_ha", Values::Real(area))?
        .with("perimeter_m", Values::Real(perimeter))
}
