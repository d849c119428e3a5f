//! The alerts that are evaluated, as their file has them.

use std::collections::HashSet;
use std::path::Path;

use alert::{Features, Layer};
use geo::Intersects as _;
use geo_types::Geometry;
use geoio::layer::LayerOptions;
use raster::{Date, Warning};
use registry::AreaMeasure;
use survey::Seen;

use super::classes::{Classes, Sizes};
use crate::args::Evaluate;
use crate::fault::{Exit, Fault};

/// Columns by which accuracy is always told, where alerts have them.
const CLASSES: [&str; 2] = ["confidence", "method"];

/// The alerts.
pub(super) struct Alerts {
    /// As read, without those that are not judged.
    pub(super) layer: Layer,
    /// Stable names, each once.
    pub(super) ids: Vec<String>,
    /// Their days; `None` for an alert without `date_first`.
    pub(super) seen: Vec<Option<Seen>>,
    /// Days of confirmation.
    pub(super) confirmed: Vec<Option<i32>>,
    /// Hectares: the column `area_ha`, else measured.
    pub(super) area_ha: Vec<f64>,
    /// Classes: size first.
    pub(super) classes: Vec<Classes>,
    /// Alerts that lie outside the period or the area that is judged.
    pub(super) left_out: usize,
}

impl Alerts {
    /// Reads the alerts and leaves out what is not judged.
    pub(super) fn read(arguments: &Evaluate, sizes: &Sizes, aoi: &[Geometry<f64>]) -> Result<Self, Fault> {
        let options = LayerOptions { layer: arguments.layer.clone(), crs: arguments.crs.clone(), ..LayerOptions::default() };
        let mut layer = geoio::layer::read(&arguments.alerts, &options)?;
        let all = layer.features.len();
        let placeless = layer.features.geometries.iter().filter(|geometry| geometry.is_none()).count();
        if placeless > 0 {
            layer.warnings.push(
                Warning::new("alert_without_place", format!("{placeless} alerts have no place and are not judged"))
                    .about(arguments.alerts.display().to_string()),
            );
        }
        let path = &arguments.alerts;
        let days = days(&layer.features, "date_first", path)?;
        let in_time = |day: Option<i32>| {
            day.is_none_or(|day| {
                arguments.from.is_none_or(|from| from.days() <= day) && arguments.to.is_none_or(|to| day <= to.days())
            })
        };
        let in_place = |geometry: &Option<Geometry<f64>>| {
            geometry.as_ref().is_some_and(|geometry| aoi.is_empty() || aoi.iter().any(|area| area.intersects(geometry)))
        };
        let kept: Vec<bool> =
            layer.features.geometries.iter().zip(&days).map(|(geometry, day)| in_place(geometry) && in_time(*day)).collect();
        layer.features = chosen(layer.features, &kept);
        let features = &layer.features;
        let before = self::days(features, "date_before", path)?;
        let first = self::days(features, "date_first", path)?;
        let seen = before.into_iter().zip(first).map(|(before, first)| Some(Seen { before, first: first? })).collect();
        let confirmed = self::days(features, "date_confirmed", path)?;
        let area_ha = areas_ha(features);
        let mut classes = vec![sizes.classes(&area_ha)];
        let named = CLASSES.into_iter().chain(arguments.by.iter().map(String::as_str));
        classes.extend(named.filter_map(|column| Classes::of_column(features, column)));
        let (ids, left_out) = (ids(features), all - features.len());
        Ok(Self { layer, ids, seen, confirmed, area_ha, classes, left_out })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.layer.features.len()
    }

    /// Their geometries.
    pub(super) fn geometries(&self) -> &[Option<Geometry<f64>>] {
        &self.layer.features.geometries
    }

    /// Whether none has a surface, although there are some.
    pub(super) fn are_points(&self) -> bool {
        let mut geometries = self.geometries().iter().flatten();
        self.len() > 0 && !geometries.any(is_surface)
    }

    /// Their different values of a text column.
    pub(super) fn values(&self, column: &str) -> Vec<String> {
        Classes::of_column(&self.layer.features, column).map(|classes| classes.names).unwrap_or_default()
    }
}

/// Whether a geometry has an inside.
pub(super) fn is_surface(geometry: &Geometry<f64>) -> bool {
    matches!(geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_) | Geometry::Rect(_) | Geometry::Triangle(_))
}

/// The features whose flag is set.
pub(super) fn chosen(features: Features, kept: &[bool]) -> Features {
    let place = std::cell::Cell::new(0);
    // Those without geometry are dropped by `retain` unasked, so a flag is taken for the others only.
    let with_place: Vec<bool> =
        features.geometries.iter().zip(kept).filter(|(geometry, _)| geometry.is_some()).map(|(_, kept)| *kept).collect();
    features.retain(|_| {
        let at = place.replace(place.get() + 1);
        with_place[at]
    })
}

/// The days of a column; none where there is no such column.
fn days(features: &Features, column: &str, path: &Path) -> Result<Vec<Option<i32>>, Fault> {
    let Some(values) = features.text(column) else { return Ok(vec![None; features.len()]) };
    let day = |(row, value): (usize, &Option<String>)| {
        let Some(text) = value.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        let day: Result<Date, _> = text.parse();
        day.map(|day| Some(day.days()))
            .map_err(|error| Fault::new(Exit::Input, format!("{}: feature {}, {column}: {error}", path.display(), row + 1)))
    };
    values.iter().enumerate().map(day).collect()
}

/// Hectares of features: their column `area_ha`, else measured on the ellipsoid; 0 for a point without the column.
pub(super) fn areas_ha(features: &Features) -> Vec<f64> {
    let own = |row: usize| features.text("area_ha")?[row].as_deref()?.trim().parse::<f64>().ok().filter(|ha| ha.is_finite());
    let measured = |geometry: &Geometry<f64>| AreaMeasure::Geodesic.hectares(geometry);
    let given = features.geometries.iter().enumerate();
    given.map(|(row, geometry)| own(row).unwrap_or_else(|| geometry.as_ref().map_or(0.0, measured))).collect()
}

/// Columns `id` or `alert_id`, else the row number; a repeated id gets its row number too.
fn ids(features: &Features) -> Vec<String> {
    let column = features.text("id").or_else(|| features.text("alert_id"));
    let mut known = HashSet::new();
    (1..=features.len())
        .map(|row| {
            let id = column.and_then(|values| values[row - 1].clone()).unwrap_or_else(|| format!("{row:09}"));
            if known.insert(id.clone()) { id } else { format!("{id}#{row}") }
        })
        .collect()
}
