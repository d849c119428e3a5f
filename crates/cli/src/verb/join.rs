//! `join`: features laid over official registries.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use alert::{AlertSink as _, Column, Features, Layer};
use geo_types::{Geometry, MultiPolygon, Rect};
use geoio::Hosts;
use geoio::layer::{Frame, LayerOptions};
use geoio::sink::{FileSink, SinkOptions};
use pipeline::{Budget, map_in_order};
use raster::{Crs, Date, Warning};
use registry::{AreaMeasure, Joined, Linked, Overlay, Period, Periods, RegistrySource, RulePack, Span, Statistics};
use serde_json::json;

use super::apart::check_apart;
use super::catalogue::{self, Lookup};
use super::laying::{Found, Laying};
use super::zonal::statistics_columns;
use crate::args::{Common, Join};
use crate::fault::{Exit, Fault};
use crate::report::Report;
use crate::rules::{self, Judged, Judging};

/// Joins the features of a file with the sources of a catalogue.
pub(crate) fn join(arguments: &Join, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let packs = rules::load(&arguments.rules, Path::new(""))?;
    let hosts = Hosts::new(&arguments.allow_host);
    let lookup = Lookup { catalogue: &arguments.registries, hosts: &hosts, as_of: arguments.as_of };
    let sources = catalogue::copies(catalogue::load(&arguments.registries)?);
    let coverages = coverages(&sources, &lookup)?;
    let frame = if arguments.area == "planar" { Frame::Stored } else { Frame::LonLat };
    let features = features(arguments, frame)?;
    let plane = plane(&features, arguments)?;
    let ids = ids(&features, arguments)?;
    let days = days(&features, arguments)?;
    keep_apart(arguments, &sources, &lookup)?;
    let mut report = Report::new("join");
    let laying =
        Laying { lookup: &lookup, features: &features, plane: plane.as_ref(), error_m: arguments.accuracy_m, budget, common };
    let Found { registries, mut links, statistics, warnings, extent } = laying.lay(sources)?;
    catalogue::refuse_none(&warnings, registries.len(), &lookup)?;
    report.warnings.extend(catalogue::told_together(warnings, &registries));
    links.sort();
    let as_of = registries.iter().filter_map(|(source, _)| source.retrieved).max().unwrap_or(Date::from_days(0));
    let periods = days.as_deref().map_or(Periods::AsOf(as_of), Periods::Changes);
    let error_m = arguments.accuracy_m;
    let by_place = Joined { ids: &ids, links: &links, sources: &registries, periods, silences: &[], error_m, internal: true };
    let keyed = registry::with_keys(&features.features, &by_place)?;
    links.extend(Overlay::new(&registries)?.key_links(&keyed)?);
    links.sort();
    report.warnings.extend(registries.iter().flat_map(|(source, layer)| registry::key_notices(source, layer, &keyed)));
    let is_asked = days.is_some() || registries.iter().any(|(source, layer)| layer.absent || !source.coverage.is_open());
    let lonlat = match &plane {
        Some(plane) if is_asked || !packs.is_empty() => Some(geoio::layer::to_lonlat(&features.features.geometries, plane)?),
        _ => None,
    };
    let lonlat = lonlat.as_deref().unwrap_or(&features.features.geometries);
    let reaches = catalogue::reaches(&registries, &coverages);
    let silences = if is_asked { registry::silences(&reaches, lonlat, periods) } else { Vec::new() };
    let internal = arguments.internal;
    let joined = Joined { ids: &ids, links: &links, sources: &registries, periods, silences: &silences, error_m, internal };
    let judged = judged(arguments, &packs, &joined, &features, lonlat)?;
    let linked = Linked::new(joined)?;
    let options = SinkOptions { force: common.force, ..SinkOptions::default() };
    let rows = {
        let sink = FileSink::new(&arguments.out, options.clone())?;
        let whole = || wide(&features, plane.as_ref(), &linked, &registries, &statistics);
        if let Some(path) = &arguments.totals {
            write_totals(path, &whole()?, arguments, &options)?;
            report.output(path);
        }
        if arguments.wide {
            let mut table = whole()?;
            for column in judged.iter().flat_map(|judged| &judged.columns) {
                table = table.with(&column.name, column.values.clone())?;
            }
            sink.write(&table)?;
            table.len()
        } else {
            write_long(&features, plane.as_ref(), &ids, &linked, sink, &budget)?
        }
    };
    if let (Some(path), Some(judged)) = (&arguments.elements, &judged) {
        geoio::sink::write(path, &judged.elements, &options)?;
        report.output(path);
    }
    report.output(&arguments.out);
    report.fact("counts", json!({ "features": features.features.len(), "links": links.len(), "rows": rows }));
    report.say(format!(
        "{} features, {} hits, {} rows in {}",
        features.features.len(),
        links.len(),
        rows,
        arguments.out.display()
    ));
    report.rejected = features.rejected + registries.iter().map(|(_, layer)| layer.rejected).sum::<usize>();
    if plane.is_none() {
        report.warnings.extend(extent.and_then(|extent| elsewhere(&features, extent)));
    }
    if features.features.is_empty() {
        report.warnings.push(Warning::new("no_features", "there is no feature to join").about(&features.path));
    }
    report.warnings.extend(features.warnings);
    Ok(report)
}

/// The polygons that sources cover, where their records name some.
fn coverages(sources: &[RegistrySource], lookup: &Lookup<'_>) -> Result<Vec<Option<MultiPolygon<f64>>>, Fault> {
    sources.iter().map(|source| Ok(lookup.coverage(source)?.map(|(_, polygons)| polygons))).collect()
}

/// Refuses outputs that are inputs.
fn keep_apart(arguments: &Join, sources: &[RegistrySource], lookup: &Lookup<'_>) -> Result<(), Fault> {
    let locations = sources.iter().map(|source| lookup.location(source)).collect::<Result<Vec<_>, _>>()?;
    let files: Vec<PathBuf> = locations.iter().filter_map(|location| location.file().map(Path::to_path_buf)).collect();
    for output in [Some(&arguments.out), arguments.elements.as_ref(), arguments.totals.as_ref()].into_iter().flatten() {
        check_apart(Some(output), [&arguments.features, &arguments.registries].into_iter().chain(&files))?;
    }
    Ok(())
}

/// What rules say of the features; `None` where no rules are named.
fn judged(
    arguments: &Join,
    packs: &[RulePack],
    joined: &Joined<'_>,
    features: &Layer,
    lonlat: &[Option<Geometry<f64>>],
) -> Result<Option<Judged>, Fault> {
    if packs.is_empty() {
        return Ok(None);
    }
    let areas = areas(features, lonlat);
    let (distance_m, span_days) = (arguments.cluster, arguments.cluster_days);
    Judging { joined, geometries: lonlat, areas: &areas, distance_m, span_days }.judge(packs).map(Some)
}

/// Writes totals of the wide table by some of its columns.
fn write_totals(path: &Path, whole: &Features, arguments: &Join, options: &SinkOptions) -> Result<(), Fault> {
    let columns = registry::totals(whole, &arguments.by)?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    Ok(geoio::sink::write(path, &Features { name: "totals".to_owned(), geometries: vec![None; rows], columns }, options)?)
}

/// The features, in a frame.
fn features(arguments: &Join, frame: Frame) -> Result<Layer, Fault> {
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
fn elsewhere(features: &Layer, extent: Rect) -> Option<Warning> {
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

/// One row a feature: its own columns, those of the sources, then the statistics of rasters.
fn wide(
    features: &Layer,
    plane: Option<&Crs>,
    linked: &Linked<'_>,
    registries: &[(RegistrySource, Layer)],
    statistics: &[(usize, Vec<Statistics>)],
) -> Result<Features, Fault> {
    let mut table = features.features.clone();
    if let Some(plane) = plane {
        table.geometries = geoio::layer::to_lonlat(&table.geometries, plane)?;
    }
    for column in linked.wide()? {
        table = table.with(&column.name, column.values)?;
    }
    for (source, of) in statistics {
        for column in statistics_columns(&registries[*source].0.id, of) {
            table = table.with(&column.name, column.values)?;
        }
    }
    Ok(table)
}

/// Features whose rows are put together at once.
const PART: usize = 2048;

/// Writes one row a hit, part by part, with the geometry of the feature where the format is one of places; gives how many rows.
fn write_long(
    features: &Layer,
    plane: Option<&Crs>,
    ids: &[String],
    linked: &Linked<'_>,
    sink: FileSink,
    budget: &Budget,
) -> Result<usize, Fault> {
    let own = match plane {
        _ if !sink.is_spatial() => None,
        Some(plane) => Some(geoio::layer::to_lonlat(&features.features.geometries, plane)?),
        None => Some(features.features.geometries.clone()),
    };
    let starts: Vec<usize> = (0..ids.len()).step_by(PART).collect();
    let mut out = sink.parts()?;
    let mut rows = 0;
    map_in_order(
        &starts,
        budget,
        budget.in_flight(1 << 24),
        || Ok::<_, Fault>(()),
        |(), &first| long(ids, linked, own.as_deref(), first..(first + PART).min(ids.len())),
        |part| {
            rows += part.len();
            Ok(out.append(part)?)
        },
    )?;
    out.finish()?;
    Ok(rows)
}

/// One row a hit of a run of features, with the geometry of each where there is any.
fn long(
    ids: &[String],
    linked: &Linked<'_>,
    geometries: Option<&[Option<Geometry<f64>>]>,
    run: Range<usize>,
) -> Result<Features, Fault> {
    let columns = linked.long(run.clone())?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    let mut table = Features { name: "links".to_owned(), geometries: vec![None; rows], columns };
    if let Some(geometries) = geometries {
        let place: HashMap<&str, usize> = run.map(|i| (ids[i].as_str(), i)).collect();
        let of = table.text("id").unwrap_or_default();
        let own = of.iter().map(|id| place.get(id.as_deref()?).and_then(|&i| geometries[i].clone())).collect();
        table.geometries = own;
    }
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
    let mut seen = HashSet::new();
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
fn areas(features: &Layer, lonlat: &[Option<Geometry<f64>>]) -> Vec<Span> {
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
