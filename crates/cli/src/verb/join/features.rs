//! The features of a join: where they are, and what they say of themselves.

use std::collections::HashSet;
use std::path::Path;

use alert::{Column, Layer};
use geo_types::{Geometry, Rect};
use geoio::layer::{Frame, LayerOptions};
use raster::{Crs, Date, Warning};
use registry::{AreaMeasure, Period, Span};

use crate::args::Join;
use crate::fault::{Exit, Fault};

/// The features, in a frame.
pub(super) fn features(arguments: &Join, frame: Frame) -> Result<Layer, Fault> {
    let options = LayerOptions {
        layer: arguments.layer.clone(),
        lon: arguments.lon.clone(),
        lat: arguments.lat.clone(),
        crs: arguments.crs.clone(),
        encoding: arguments.encoding.clone(),
        frame,
        ..LayerOptions::default()
    };
    Ok(geoio::layer::read(&arguments.features, &options)?)
}

/// How far from every record features may lie before somebody should know, degrees.
const FAR_DEGREES: f64 = 1.0;

/// A warning where no feature lies anywhere near a record: exchanged axes, or registries of another country.
pub(super) fn elsewhere(features: &Layer, extent: Rect) -> Option<Warning> {
    let boxes: Vec<Rect> = features.boxes().into_iter().flatten().collect();
    if boxes.is_empty() || boxes.iter().any(|own| near(*own, extent)) {
        return None;
    }
    let exchanged = |own: &Rect| Rect::new((own.min().y, own.min().x), (own.max().y, own.max().x));
    let swapped = boxes.iter().all(|own| near(exchanged(own), extent));
    let hint = if swapped { "longitude and latitude are exchanged" } else { "check the axes, the system and the country" };
    let message = format!(
        "no feature lies within {FAR_DEGREES} degree of any record (records: {:.2} to {:.2} east, {:.2} to {:.2} north): {hint}",
        extent.min().x,
        extent.max().x,
        extent.min().y,
        extent.max().y
    );
    Some(Warning::new("outside_registries", message).about(&features.path))
}

/// Whether two boxes are apart by no more than [`FAR_DEGREES`] on both axes.
fn near(a: Rect, b: Rect) -> bool {
    let apart = |a: (f64, f64), b: (f64, f64)| (a.0 - b.1).max(b.0 - a.1);
    let x = apart((a.min().x, a.max().x), (b.min().x, b.max().x));
    let y = apart((a.min().y, a.max().y), (b.min().y, b.max().y));
    x.max(y) <= FAR_DEGREES
}

/// The projected system of the features, where areas are to be planar.
pub(super) fn plane(features: &Layer, arguments: &Join) -> Result<Option<Crs>, Fault> {
    match arguments.area.as_str() {
        "geodesic" => Ok(None),
        "planar" => match geoio::crs::crs(&features.crs)? {
            crs if crs.geographic => Err(Fault::usage(format!(
                "--area planar: {} is in {}, which is no plane; give features in a projected system, or use geodesic",
                arguments.features.display(),
                features.crs
            ))),
            crs => Ok(Some(crs)),
        },
        other => Err(Fault::usage(format!("--area {other}: expected geodesic or planar"))),
    }
}

fn text_column<'a>(features: &'a Layer, name: &str, path: &Path) -> Result<&'a [Option<String>], Fault> {
    features.features.text(name).ok_or_else(|| {
        let known: Vec<&str> = features.features.columns.iter().map(|Column { name, .. }| name.as_str()).collect();
        Fault::usage(format!("{}: has no column '{name}'; it has {}", path.display(), known.join(", ")))
    })
}

/// The features' ids: the column named, else `id`, else the row number; a repeated id gets its row number too.
pub(super) fn ids(features: &Layer, arguments: &Join) -> Result<Vec<String>, Fault> {
    let column = match &arguments.id {
        Some(name) => Some(text_column(features, name, &arguments.features)?),
        None => features.features.text("id"),
    };
    let row = |i: usize| (i + 1).to_string();
    let mut seen = HashSet::new();
    Ok((0..features.features.len())
        .map(|i| {
            let id = column.and_then(|values| values[i].clone()).unwrap_or_else(|| row(i));
            if seen.insert(id.clone()) { id } else { format!("{id}#{}", row(i)) }
        })
        .collect())
}

/// When each feature changed: on the day of `--date-field`, else between its `date_before` and `date_first`, as alerts have them.
pub(super) fn days(features: &Layer, arguments: &Join) -> Result<Option<Vec<Option<Period>>>, Fault> {
    let read = |row: usize, text: &str| -> Result<Date, Fault> {
        text.parse()
            .map_err(|error| Fault::new(Exit::Input, format!("{}: row {}: {error}", arguments.features.display(), row + 1)))
    };
    if let Some(name) = &arguments.date_field {
        let values = text_column(features, name, &arguments.features)?;
        let on_day = |(row, value): (usize, &Option<String>)| {
            let first = read(row, value.as_deref().unwrap_or_default())?;
            Ok(Some(Period { before: Some(Date::from_days(first.days() - 1)), first }))
        };
        return values.iter().enumerate().map(on_day).collect::<Result<Vec<_>, Fault>>().map(Some);
    }
    let (Some(before), Some(first)) = (features.features.text("date_before"), features.features.text("date_first")) else {
        return Ok(None);
    };
    let between = |(row, (before, first)): (usize, (&Option<String>, &Option<String>))| {
        let Some(first) = first.as_deref() else { return Ok(None) };
        let before = before.as_deref().map(|before| read(row, before)).transpose()?;
        Ok(Some(Period { before, first: read(row, first)? }))
    };
    before.iter().zip(first).enumerate().map(between).collect::<Result<Vec<_>, Fault>>().map(Some)
}

/// Least and greatest hectares of each feature: its own columns, as alerts have them, else its geodesic area.
pub(super) fn areas(features: &Layer, lonlat: &[Option<Geometry<f64>>]) -> Vec<Span> {
    let number = |name: &str, row: usize| features.features.text(name)?[row].as_deref()?.parse::<f64>().ok();
    let area = |(row, geometry): (usize, &Option<Geometry<f64>>)| {
        let own = number("area_low_ha", row).zip(number("area_high_ha", row));
        let measured = geometry.as_ref().map_or(0.0, |geometry| AreaMeasure::Geodesic.hectares(geometry));
        own.unwrap_or((measured, measured))
    };
    lonlat.iter().enumerate().map(area).collect()
}

#[cfg(test)]
mod tests {
    use alert::{Features, Values};

    use super::*;

    fn texts(values: &[&str]) -> Values {
        Values::Text(values.iter().map(|v| Some((*v).to_owned())).collect())
    }

    #[test]
    fn a_repeated_id_is_told_apart_by_its_row() {
        let features =
            Features::new("t", vec![None, None, None]).with("id", texts(&["05001", "05001", "7"])).expect("three rows");
        let layer = Layer { features, ..Layer::default() };
        let arguments = Join {
            features: "x.csv".into(),
            registries: "c.toml".into(),
            wide: false,
            area: "geodesic".into(),
            id: None,
            lon: None,
            lat: None,
            date_field: None,
            layer: None,
            crs: None,
            encoding: None,
            as_of: None,
            allow_host: Vec::new(),
            accuracy_m: 0.0,
            internal: false,
            rules: Vec::new(),
            elements: None,
            by: Vec::new(),
            totals: None,
            cluster: 100.0,
            cluster_days: None,
            out: "o.csv".into(),
        };
        assert_eq!(ids(&layer, &arguments).expect("ids"), ["05001", "05001#2", "7"]);
    }
}
