//! Alerts laid over the official layers.

use std::path::Path;

use alert::{Alert, AlertContext, Column, Features, Layer, Patch, Vicinity};
use geo_types::Geometry;
use geoio::Hosts;
use geoio::RasterFile;
use pipeline::{Budget, map_in_order};
use raster::Grid;
use registry::{AreaMeasure, Footprint, Joined, Link, Linked, Overlay, Period, Periods, RegistrySource, Span};
use std::borrow::Cow;

use super::inputs::Inputs;
use crate::args::Common;
use crate::fault::Fault;
use crate::job::Job;
use crate::progress::Progress;
use crate::rules::Judging;
use crate::verb::catalogue::Lookup;
use crate::verb::zonal::{Ground, Told, statistics_columns};

/// Links that always have room.
const FEW: usize = 1 << 17;

/// Patches or alerts a chunk.
const CHUNK: usize = 256;

/// Patches projected, measured and named, in chunks over the threads; `unseen` has the pixels around each that were not seen.
pub(crate) fn measure(
    patches: &[Patch],
    unseen: &[u64],
    inputs: &Inputs,
    job: &Job,
    budget: &Budget,
) -> Result<Vec<Alert>, Fault> {
    let context = AlertContext { index: inputs.index().name(), method: inputs.detector.name(), sensors: &inputs.sensors };
    let chunks: Vec<(&[Patch], &[u64])> = patches.chunks(CHUNK).zip(unseen.chunks(CHUNK)).collect();
    let grid = inputs.grid();
    let mut alerts = Vec::with_capacity(patches.len());
    map_in_order(
        &chunks,
        budget,
        budget.in_flight(1 << 20),
        || Ok::<_, Fault>(geoio::crs::GridProjection::new(grid)?),
        |projection, (patches, unseen)| Ok(alert::alerts(patches, unseen, grid, projection, &context, job.patches.simplify_m)?),
        |chunk| {
            alerts.extend(chunk);
            Ok(())
        },
    )?;
    Ok(alerts)
}

/// Rows of the change map read at once.
const ROWS: usize = 512;

/// Pixels around each patch that were to be looked at and were not seen, from the change map as it was written.
pub(crate) fn unseen_around(patches: &[Patch], answers: &Path, grid: &Grid) -> Result<Vec<u64>, Fault> {
    let mut vicinity = Vicinity::new(grid, patches);
    let file = RasterFile::open(answers)?;
    let mut codes = Vec::with_capacity(grid.cols);
    for strip in grid.strips(ROWS) {
        for row in file.read_valid(1, strip, geoio::Void::default())?.rows() {
            codes.clear();
            codes.extend(row.iter().map(|code| *code as u8));
            vicinity.push_row(&codes);
        }
    }
    Ok(vicinity.finish())
}

/// The alerts that meet the area of interest.
pub(crate) fn in_area(alerts: Vec<Alert>, inputs: &Inputs) -> Vec<Alert> {
    use geo::Intersects as _;
    let Some(aoi) = &inputs.aoi else { return alerts };
    let areas: Vec<&Geometry<f64>> = aoi.features.geometries.iter().flatten().collect();
    alerts.into_iter().filter(|alert| areas.iter().any(|area| area.intersects(&alert.geometry))).collect()
}

/// What the official layers say of each alert.
pub(crate) struct Annotation {
    /// Columns, one value an alert.
    pub(crate) columns: Vec<Column>,
    /// The same as one row a hit.
    pub(crate) long: Option<Features>,
    /// What each rule says of each alert, and how much hangs on how alerts are taken together.
    pub(crate) rules: Option<(Features, Features)>,
}

/// Lays the alerts over every layer of the catalogue.
pub(crate) fn annotate(
    alerts: &[Alert],
    inputs: &Inputs,
    job: &Job,
    budget: &Budget,
    common: &Common,
) -> Result<Annotation, Fault> {
    if inputs.registries.sources.is_empty() && inputs.rules.is_empty() {
        return Ok(Annotation { columns: Vec::new(), long: None, rules: None });
    }
    let geometries: Vec<Option<Geometry<f64>>> =
        alerts.iter().map(|a| Some(Geometry::MultiPolygon(a.geometry.clone()))).collect();
    let footprints = footprints(&geometries, AreaMeasure::Geodesic, budget)?;
    let mut progress = Progress::begin(common, "overlay", footprints.len().div_ceil(CHUNK) as u64);
    // An edge lies anywhere in its pixels.
    let error_m = inputs.grid().pixel_m().0.max(inputs.grid().pixel_m().1);
    let mut found = links(&inputs.registries.sources, &footprints, error_m, budget, || progress.step())?;
    let rasters = rasters(inputs, job, &geometries, &footprints, error_m, budget)?;
    let mut sources = Cow::Borrowed(inputs.registries.sources.as_slice());
    let mut statistics = Vec::new();
    for (number, told) in rasters {
        sources.to_mut()[number].1 = told.layer;
        found.extend(told.links.into_iter().map(|link| Link { source: number as u16, ..link }));
        statistics.extend(told.statistics.map(|of| (number, of)));
    }
    found.sort_unstable();
    let registries = &*sources;
    let ids: Vec<String> = alerts.iter().map(|alert| alert.id.clone()).collect();
    let changes: Vec<Option<Period>> =
        alerts.iter().map(|alert| Some(Period { before: alert.date_before, first: alert.date_first })).collect();
    let periods = Periods::Changes(&changes);
    let silences = registry::silences(&inputs.registries.reaches(), &geometries, periods);
    let by_place = Joined { ids: &ids, links: &found, sources: registries, periods, silences: &[], error_m, internal: true };
    let (_, by_key) = registry::key_links(&Features::new("alerts", geometries.clone()), &by_place)?;
    found.extend(by_key);
    found.sort_unstable();
    let joined = Joined {
        ids: &ids,
        links: &found,
        sources: registries,
        periods,
        silences: &silences,
        error_m,
        internal: job.registries.as_ref().is_some_and(|spec| spec.internal),
    };
    let linked = Linked::new(joined)?;
    let mut columns = linked.wide()?;
    columns.extend(statistics.iter().flat_map(|(number, of)| statistics_columns(&registries[*number].0.id, of)));
    let rows = linked.long(0..ids.len())?;
    let count = rows.first().map_or(0, |column| column.values.len());
    let long = Features { name: "links".to_owned(), geometries: vec![None; count], columns: rows };
    if inputs.rules.is_empty() {
        return Ok(Annotation { columns, long: Some(long), rules: None });
    }
    let areas: Vec<Span> = alerts.iter().map(|alert| (alert.area_low_ha, alert.area_high_ha)).collect();
    let (distance_m, span_days) = (job.rules.cluster_distance_m, job.rules.cluster_span_days);
    let judged =
        Judging { joined: &joined, geometries: &geometries, areas: &areas, distance_m, span_days }.judge(&inputs.rules)?;
    columns.extend(judged.columns);
    Ok(Annotation { columns, long: Some(long), rules: Some((judged.elements, judged.sensitivity)) })
}

/// What sources that are rasters say of the alerts, each with its place among the sources.
fn rasters(
    inputs: &Inputs,
    job: &Job,
    geometries: &[Option<Geometry<f64>>],
    footprints: &[Footprint<'_>],
    error_m: f64,
    budget: &Budget,
) -> Result<Vec<(usize, Told)>, Fault> {
    let Some(spec) = &job.registries else { return Ok(Vec::new()) };
    let (catalogue, hosts) = (job.path(&spec.catalogue), Hosts::new(&job.network.hosts));
    let lookup = Lookup { catalogue: &catalogue, hosts: &hosts, as_of: spec.as_of };
    let ground = Ground { lonlat: geometries, plane: None, footprints, error_m };
    let rasters =
        inputs.registries.sources.iter().enumerate().filter(|(_, (source, layer))| source.raster.is_some() && !layer.absent);
    rasters.map(|(number, (source, _))| Ok((number, ground.under(source, &lookup, budget)?))).collect()
}

/// Features made ready to be laid over sources, in an order in which neighbours follow one another.
pub(crate) fn footprints<'g>(
    geometries: &'g [Option<Geometry<f64>>],
    measure: AreaMeasure,
    budget: &Budget,
) -> Result<Vec<Footprint<'g>>, Fault> {
    let chunks: Vec<(usize, &[Option<Geometry<f64>>])> =
        geometries.chunks(CHUNK).enumerate().map(|(i, chunk)| (i * CHUNK, chunk)).collect();
    let mut footprints = Vec::with_capacity(geometries.len());
    let made = |first: usize, chunk: &'g [Option<Geometry<f64>>]| {
        let given = chunk.iter().enumerate();
        given.filter_map(|(i, geometry)| Footprint::new(first + i, geometry.as_ref()?, measure)).collect::<Vec<_>>()
    };
    map_in_order(
        &chunks,
        budget,
        budget.in_flight(1 << 20),
        || Ok::<_, Fault>(()),
        |(), (first, chunk)| Ok(made(*first, chunk)),
        |chunk| {
            footprints.extend(chunk);
            Ok(())
        },
    )?;
    Footprint::sort_by_place(&mut footprints);
    Ok(footprints)
}

/// What is held beside the links of a large join: layers, and the tables of a run of features.
const BESIDE: u64 = 320 << 20;

/// Refuses more links than there is memory for: they are held twice while they are put in order.
pub(crate) fn keep_within(budget: &Budget, links: usize) -> Result<(), Fault> {
    let bytes = BESIDE + 2 * (links * size_of::<Link>()) as u64;
    if links < FEW || bytes <= budget.bytes() {
        return Ok(());
    }
    let mib = |bytes: u64| bytes >> 20;
    let (needed, given) = (mib(bytes), mib(budget.bytes()));
    Err(Fault::usage(format!(
        "--memory: {links} hits so far need {needed} MiB and there are {given}; give more, or fewer features or sources at once"
    )))
}

/// The links of features to the records of sources, found in chunks over the threads; the features may lie `error_m` metres off, and `step`
/// is called after each chunk.
pub(crate) fn links(
    registries: &[(RegistrySource, Layer)],
    footprints: &[Footprint<'_>],
    error_m: f64,
    budget: &Budget,
    mut step: impl FnMut() -> Result<(), Fault>,
) -> Result<Vec<Link>, Fault> {
    let overlay = Overlay::new(registries)?.with_error(error_m);
    let chunks: Vec<&[Footprint<'_>]> = footprints.chunks(CHUNK).collect();
    // One list that grows would be copied from place to place, twice as large at times.
    let (mut parts, mut count) = (Vec::new(), 0);
    map_in_order(
        &chunks,
        budget,
        budget.in_flight(1 << 20),
        || Ok::<_, Fault>(()),
        |(), chunk| Ok(overlay.links_of(chunk)),
        |chunk| {
            count += chunk.len();
            parts.push(chunk);
            keep_within(budget, count)?;
            step()
        },
    )?;
    let mut links = Vec::with_capacity(count);
    for part in parts {
        links.extend(part);
    }
    links.sort_unstable();
    Ok(links)
}
