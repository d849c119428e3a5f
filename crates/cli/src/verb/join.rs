//! `join`: features laid over official registries.

mod features;
mod tables;

use std::path::{Path, PathBuf};

use alert::Layer;
use geo_types::{Geometry, MultiPolygon};
use geoio::Hosts;
use geoio::layer::Frame;
use geoio::sink::SinkOptions;
use raster::{Date, Warning};
use registry::{Joined, Linked, Periods, RegistrySource, RulePack};
use serde_json::json;

use self::features::{areas, days, elsewhere, features, ids, plane};
use self::tables::Tables;
use super::apart::check_apart;
use super::catalogue::{self, Lookup};
use super::laying::{Found, Laying};
use crate::args::{Common, Join};
use crate::fault::Fault;
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
    links.sort_unstable();
    let as_of = registries.iter().filter_map(|(source, _)| source.retrieved).max().unwrap_or(Date::from_days(0));
    let periods = days.as_deref().map_or(Periods::AsOf(as_of), Periods::Changes);
    let error_m = arguments.accuracy_m;
    let by_place = Joined { ids: &ids, links: &links, sources: &registries, periods, silences: &[], error_m, internal: true };
    let (keyed, by_key) = registry::key_links(&features.features, &by_place)?;
    links.extend(by_key);
    links.sort_unstable();
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
    let tables = Tables {
        features: &features,
        plane: plane.as_ref(),
        ids: &ids,
        linked: &linked,
        registries: &registries,
        statistics: &statistics,
        judged: judged.as_ref(),
    };
    let options = SinkOptions { force: common.force, ..SinkOptions::default() };
    let rows = tables.write(arguments, &options, &budget, &mut report)?;
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
