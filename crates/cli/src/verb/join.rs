//! `join`: features laid over official registries.

use std::path::Path;

use alert::{Column, Features, Layer};
use geo_types::{Coord, Geometry, Rect};
use geoio::Hosts;
use geoio::layer::LayerOptions;
use geoio::sink::SinkOptions;
use raster::{Crs, Date, Warning};
use registry::{AreaMeasure, Joined, Overlay, Period, Periods, RegistrySource, Span};
use serde_json::json;

use super::apart::check_apart;
use super::catalogue::{self, Lookup};
use crate::args::{Common, Join};
use crate::fault::{Exit, Fault};
use crate::job::read_text;
use crate::report::Report;
use crate::rules::{self, Judging};

/// Joins the features of a file with the sources of a catalogue.
pub(crate) fn join(arguments: &Join, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let options = LayerOptions {
        layer: arguments.layer.clone(),
        lon: arguments.lon.clone(),
        lat: arguments.lat.clone(),
        crs: arguments.crs.clone(),
        encoding: arguments.encoding.clone(),
        ..LayerOptions::default()
    };
    let features = geoio::layer::read(&arguments.features, &options)?;
    let plane = plane(&features, arguments)?;
    let ids = ids(&features, arguments)?;
    let days = days(&features, arguments)?;
    let mut report = Report::new("join");
    let packs = rules::load(&arguments.rules, Path::new(""))?;
    let sources = catalogue::parse(&read_text(&arguments.registries)?, &arguments.registries)?;
    let hosts = Hosts::new(&arguments.allow_host);
    let lookup = Lookup { catalogue: &arguments.registries, hosts: &hosts, as_of: arguments.as_of };
    let read = catalogue::layers(sources, &lookup)?;
    for output in [Some(&arguments.out), arguments.elements.as_ref(), arguments.totals.as_ref()].into_iter().flatten() {
        check_apart(Some(output), [&arguments.features, &arguments.registries].into_iter().chain(&read.files))?;
    }
    report.warnings.extend(read.warnings.iter().cloned());
    let registries = &read.sources;
    let mut links = crate::run::links(registries, &features.features.geometries, plane.as_ref(), &budget, common)?;
    links.extend(Overlay::new(registries)?.key_links(&features.features)?);
    report
        .warnings
        .extend(registries.iter().flat_map(|(source, layer)| registry::key_notices(source, layer, &features.features)));
    let as_of = registries.iter().filter_map(|(source, _)| source.retrieved).max().unwrap_or(Date::from_days(0));
    let periods = days.as_deref().map_or(Periods::AsOf(as_of), Periods::Changes);
    let silences = registry::silences(&read.reaches(), &features.features.geometries, periods);
    let joined =
        Joined { ids: &ids, links: &links, sources: registries, periods, silences: &silences, internal: arguments.internal };
    let mut table = if arguments.wide { wide(&features, &joined) } else { long(&features, &joined) }?;
    let sink = SinkOptions { force: common.force, ..SinkOptions::default() };
    if let Some(path) = &arguments.totals {
        let whole = if arguments.wide { table.clone() } else { wide(&features, &joined)? };
        let columns = registry::totals(&whole, &arguments.by)?;
        let rows = columns.first().map_or(0, |column| column.values.len());
        geoio::sink::write(path, &Features { name: "totals".to_owned(), geometries: vec![None; rows], columns }, &sink)?;
        report.output(path);
    }
    if let Some(path) = &arguments.elements {
        let areas = areas(&features);
        let judging = Judging {
            joined: &joined,
            geometries: &features.features.geometries,
            areas: &areas,
            distance_m: arguments.cluster,
            span_days: arguments.cluster_days,
        };
        let judged = judging.judge(&packs)?;
        for column in judged.columns.into_iter().filter(|_| arguments.wide) {
            table = table.with(&column.name, column.values)?;
        }
        geoio::sink::write(path, &judged.elements, &sink)?;
        report.output(path);
    }
    geoio::sink::write(&arguments.out, &table, &sink)?;
    report.output(&arguments.out);
    report.fact("counts", json!({ "features": features.features.len(), "links": links.len(), "rows": table.len() }));
    report.say(format!(
        "{} features, {} hits, {} rows in {}",
        features.features.len(),
        links.len(),
        table.len(),
        arguments.out.display()
    ));
    report.rejected = features.rejected + registries.iter().map(|(_, layer)| layer.rejected).sum::<usize>();
    report.warnings.extend(elsewhere(&features, registries));
    if features.features.is_empty() {
        report.warnings.push(Warning::new("no_features", "there is no feature to join").about(&features.path));
    }
    report.warnings.extend(features.warnings);
    Ok(report)
}

/// How far from every record features may lie before somebody should know, degrees.
const FAR_DEGREES: f64 = 1.0;

/// A warning where no feature lies anywhere near a record: exchanged axes, or registries of another country.
fn elsewhere(features: &Layer, registries: &[(RegistrySource, Layer)]) -> Option<Warning> {
    let boxes = registries.iter().flat_map(|(_, layer)| layer.boxes()).flatten();
    let extent = boxes.reduce(|a, b| Rect::new(min(a.min(), b.min()), max(a.max(), b.max())))?;
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

fn min(a: Coord, b: Coord) -> Coord {
    Coord { x: a.x.min(b.x), y: a.y.min(b.y) }
}

fn max(a: Coord, b: Coord) -> Coord {
    Coord { x: a.x.max(b.x), y: a.y.max(b.y) }
}

/// The projected system of the features, where areas are to be planar.
fn plane(features: &Layer, arguments: &Join) -> Result<Option<Crs>, Fault> {
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

/// One row a feature: its own columns, then those of the sources.
fn wide(features: &Layer, joined: &Joined<'_>) -> Result<Features, Fault> {
    let mut table = features.features.clone();
    for column in registry::wide_columns(joined)? {
        table = table.with(&column.name, column.values)?;
    }
    Ok(table)
}

/// One row a hit, with the geometry of the feature.
fn long(features: &Layer, joined: &Joined<'_>) -> Result<Features, Fault> {
    let columns = registry::long_table(joined)?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    let mut table = Features { name: "links".to_owned(), geometries: vec![None; rows], columns };
    let place: std::collections::BTreeMap<&str, usize> = joined.ids.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
    let of = table.text("id").unwrap_or_default().to_vec();
    table.geometries =
        of.iter().map(|id| place.get(id.as_deref()?).and_then(|&i| features.features.geometries[i].clone())).collect();
    Ok(table)
}

fn text_column<'a>(features: &'a Layer, name: &str, path: &Path) -> Result<&'a [Option<String>], Fault> {
    features.features.text(name).ok_or_else(|| {
        let known: Vec<&str> = features.features.columns.iter().map(|Column { name, .. }| name.as_str()).collect();
        Fault::usage(format!("{}: has no column '{name}'; it has {}", path.display(), known.join(", ")))
    })
}

/// The features' ids: the column named, else `id`, else the row number; a repeated id gets its row number too.
fn ids(features: &Layer, arguments: &Join) -> Result<Vec<String>, Fault> {
    let column = match &arguments.id {
        Some(name) => Some(text_column(features, name, &arguments.features)?),
        None => features.features.text("id"),
    };
    let row = |i: usize| (i + 1).to_string();
    let mut seen = std::collections::BTreeSet::new();
    Ok((0..features.features.len())
        .map(|i| {
            let id = column.and_then(|values| values[i].clone()).unwrap_or_else(|| row(i));
            if seen.insert(id.clone()) { id } else { format!("{id}#{}", row(i)) }
        })
        .collect())
}

/// When each feature changed: on the day of `--date-field`, else between its `date_before` and `date_first`, as alerts have them.
fn days(features: &Layer, arguments: &Join) -> Result<Option<Vec<Option<Period>>>, Fault> {
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
fn areas(features: &Layer) -> Vec<Span> {
    let number = |name: &str, row: usize| features.features.text(name)?[row].as_deref()?.parse::<f64>().ok();
    let area = |(row, geometry): (usize, &Option<Geometry<f64>>)| {
        let own = number("area_low_ha", row).zip(number("area_high_ha", row));
        let measured = geometry.as_ref().map_or(0.0, |geometry| AreaMeasure::Geodesic.hectares(geometry));
        own.unwrap_or((measured, measured))
    };
    features.features.geometries.iter().enumerate().map(area).collect()
}

#[cfg(test)]
mod tests {
    use alert::Values;

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
