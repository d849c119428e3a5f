//! `join`: features laid over official registries.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use alert::{AlertSink as _, Column, Features, Layer, Values};
use geo_types::Geometry;
use geoio::layer::{Frame, LayerOptions};
use geoio::sink::{FileSink, SinkOptions};
use pipeline::{Budget, map_in_order};
use raster::{Crs, Date};
use registry::{Joined, Overlay, Period, Periods, Statistics};
use serde_json::json;

use super::apart::check_apart;
use super::catalogue;
use super::laying::{Found, Laying};
use crate::args::{Common, Join};
use crate::fault::{Exit, Fault};
use crate::job::read_text;
use crate::report::Report;

/// Joins the features of a file with the sources of a catalogue.
pub(crate) fn join(arguments: &Join, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let sources = catalogue::parse(&read_text(&arguments.registries)?, &arguments.registries)?.sources;
    let frame = if arguments.area == "planar" { Frame::Stored } else { Frame::LonLat };
    let features = features(arguments, frame)?;
    let plane = plane(&features, arguments)?;
    let ids = ids(&features, arguments)?;
    let days = days(&features, arguments)?;
    let files: Vec<PathBuf> = sources.iter().map(|source| catalogue::file(source, &arguments.registries)).collect();
    check_apart(Some(&arguments.out), [&arguments.features, &arguments.registries].into_iter().chain(&files))?;
    let mut report = Report::new("join");
    let laid = Laying {
        catalogue: &arguments.registries,
        features: &features,
        plane: plane.as_ref(),
        again: &|frame| self::features(arguments, frame),
        budget,
        common,
    };
    let Found { registries, mut links, statistics } = laid.lay(sources)?;
    report.warnings.extend(registries.iter().flat_map(|(_, layer)| layer.warnings.iter().cloned()));
    links.extend(Overlay::new(&registries)?.key_links(&features.features)?);
    links.sort();
    let as_of = registries.iter().filter_map(|(source, _)| source.retrieved).max().unwrap_or(Date::from_days(0));
    let periods = days.as_deref().map_or(Periods::AsOf(as_of), Periods::Changes);
    let joined = Joined { ids: &ids, links: &links, sources: &registries, periods, internal: true };
    let sink = FileSink::new(&arguments.out, SinkOptions { force: common.force, ..SinkOptions::default() })?;
    let rows = if arguments.wide {
        let table = wide(&features, plane.as_ref(), &joined, &statistics)?;
        sink.write(&table)?;
        table.len()
    } else {
        write_long(&features, plane.as_ref(), &joined, sink, &budget)?
    };
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
    report.warnings.extend(features.warnings);
    Ok(report)
}

/// The features, in a frame.
fn features(arguments: &Join, frame: Frame) -> Result<Layer, Fault> {
    let options = LayerOptions { lon: arguments.lon.clone(), lat: arguments.lat.clone(), frame, ..LayerOptions::default() };
    let features = geoio::layer::read(&arguments.features, &options)?;
    if features.features.is_empty() {
        return Err(Fault::new(Exit::Input, format!("{}: holds no feature", arguments.features.display())));
    }
    Ok(features)
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
    joined: &Joined<'_>,
    statistics: &[(usize, Vec<Statistics>)],
) -> Result<Features, Fault> {
    let mut table = features.features.clone();
    if let Some(plane) = plane {
        table.geometries = geoio::layer::to_lonlat(&table.geometries, plane)?;
    }
    for column in registry::wide_columns(joined)? {
        table = table.with(&column.name, column.values)?;
    }
    for (source, of) in statistics {
        let id = &joined.sources[*source].0.id;
        let each = |of_one: &dyn Fn(&Statistics) -> f64| {
            Values::Real(of.iter().map(|one| (one.count > 0.0).then(|| of_one(one))).collect())
        };
        table = table
            .with(&format!("{id}_mean"), Values::Real(of.iter().map(Statistics::mean).collect()))?
            .with(&format!("{id}_min"), each(&|one| one.min))?
            .with(&format!("{id}_max"), each(&|one| one.max))?
            .with(&format!("{id}_pixels"), Values::Real(of.iter().map(|one| Some(one.count)).collect()))?;
    }
    Ok(table)
}

/// Features whose rows are put together at once.
const PART: usize = 2048;

/// Writes one row a hit, part by part, with the geometry of the feature where the format is one of places; gives how many rows.
fn write_long(
    features: &Layer,
    plane: Option<&Crs>,
    joined: &Joined<'_>,
    sink: FileSink,
    budget: &Budget,
) -> Result<usize, Fault> {
    let own = match plane {
        _ if !sink.is_spatial() => None,
        Some(plane) => Some(geoio::layer::to_lonlat(&features.features.geometries, plane)?),
        None => Some(features.features.geometries.clone()),
    };
    let starts: Vec<usize> = (0..joined.ids.len()).step_by(PART).collect();
    let mut out = sink.parts()?;
    let mut rows = 0;
    map_in_order(
        &starts,
        budget,
        budget.in_flight(1 << 24),
        || Ok::<_, Fault>(()),
        |(), &first| long(joined, own.as_deref(), first..(first + PART).min(joined.ids.len())),
        |part| {
            rows += part.len();
            Ok(out.append(part)?)
        },
    )?;
    out.finish()?;
    Ok(rows)
}

/// One row a hit of a run of features, with the geometry of each where there is any.
fn long(joined: &Joined<'_>, geometries: Option<&[Option<Geometry<f64>>]>, run: Range<usize>) -> Result<Features, Fault> {
    let columns = registry::long_table(joined, run.clone())?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    let mut table = Features { name: "links".to_owned(), geometries: vec![None; rows], columns };
    if let Some(geometries) = geometries {
        let place: HashMap<&str, usize> = run.map(|i| (joined.ids[i].as_str(), i)).collect();
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

fn days(features: &Layer, arguments: &Join) -> Result<Option<Vec<Option<Period>>>, Fault> {
    let Some(name) = &arguments.date_field else { return Ok(None) };
    let values = text_column(features, name, &arguments.features)?;
    let day = |(row, value): (usize, &Option<String>)| {
        let text = value.as_deref().unwrap_or_default();
        let day: Date = text
            .parse()
            .map_err(|error| Fault::new(Exit::Input, format!("{}: row {}: {error}", arguments.features.display(), row + 1)))?;
        Ok(Some(Period { before: Some(Date::from_days(day.days() - 1)), first: day }))
    };
    values.iter().enumerate().map(day).collect::<Result<Vec<_>, Fault>>().map(Some)
}

#[cfg(test)]
mod tests {
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
            out: "o.csv".into(),
        };
        assert_eq!(ids(&layer, &arguments).expect("ids"), ["05001", "05001#2", "7"]);
    }
}
