//! `registry publish`: what may be shown to everybody: counts and hectares by cell, no clearing and nobody's name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use alert::{Features, Values};
use clap::Args;
use geo::InteriorPoint;
use geo_types::{Coord, Geometry, LineString, Polygon};
use geoio::crs::{FromLonLat, Transform, lonlat};
use geoio::layer::LayerOptions;
use geoio::sink::SinkOptions;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::Report;
use crate::verb::apart::check_apart;

/// Arguments of `registry publish`.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Alerts, or any polygons with their columns of hectares and days
    features: PathBuf,
    /// Side of a cell: 1km or 5km
    #[arg(long, default_value = "1km", value_parser = cell)]
    cell: f64,
    /// Output: .geojson, .gpkg, .fgb or .csv
    #[arg(short, long)]
    out: PathBuf,
}

/// The system of the cells: equal areas all over the world (EASE-Grid 2.0).
const CELLS: &str = "EPSG:6933";

fn cell(text: &str) -> Result<f64, String> {
    match text {
        "1km" => Ok(1000.0),
        "5km" => Ok(5000.0),
        _ => Err("expected 1km or 5km".to_owned()),
    }
}

/// What lies in a cell.
#[derive(Default)]
struct Cell {
    features: i64,
    area_ha: f64,
    first: Option<String>,
    last: Option<String>,
}

/// Counts features by the cell that a point inside them lies in.
pub(crate) fn publish(arguments: &Publish, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    check_apart(Some(&arguments.out), [&arguments.features])?;
    let layer = geoio::layer::read(&arguments.features, &LayerOptions::default())?;
    let system = geoio::crs::crs(CELLS)?;
    let to_cells = FromLonLat::new(&system)?;
    let texts = |name: &str| layer.features.text(name).map(<[_]>::to_vec).unwrap_or_default();
    let (areas, days) = (texts("area_ha"), texts("date_first"));
    let mut cells = BTreeMap::<(i64, i64), Cell>::new();
    let mut placeless = 0;
    for (row, geometry) in layer.features.geometries.iter().enumerate() {
        let Some(point) = geometry.as_ref().and_then(InteriorPoint::interior_point) else {
            placeless += 1;
            continue;
        };
        let (mut x, mut y) = ([point.x()], [point.y()]);
        to_cells.to_grid(&mut x, &mut y)?;
        let place = ((y[0] / arguments.cell).floor() as i64, (x[0] / arguments.cell).floor() as i64);
        let month = days.get(row).cloned().flatten().and_then(|day| day.get(..7).map(str::to_owned));
        let cell = cells.entry(place).or_default();
        cell.features += 1;
        cell.area_ha += areas.get(row).cloned().flatten().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        cell.first = [cell.first.take(), month.clone()].into_iter().flatten().min();
        cell.last = [cell.last.take(), month].into_iter().flatten().max();
    }
    let table = table(&cells, arguments.cell, &Transform::new(&system, &lonlat()?)?)?;
    geoio::sink::write(&arguments.out, &table, &SinkOptions { force: common.force, ..SinkOptions::default() })?;
    let mut report = Report::new("registry publish");
    report.output(&arguments.out);
    report.rejected = placeless;
    let side = arguments.cell / 1000.0;
    report.say(format!("{} features in {} cells of {side} km", layer.features.len() - placeless, cells.len()));
    Ok(report)
}

fn table(cells: &BTreeMap<(i64, i64), Cell>, side: f64, back: &Transform) -> Result<Features, Fault> {
    let outline = |&(row, col): &(i64, i64)| -> Result<Option<Geometry<f64>>, Fault> {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)];
        let (mut x, mut y) =
            (corners.map(|(right, _)| (col + right) as f64 * side), corners.map(|(_, up)| (row + up) as f64 * side));
        back.points(&mut x, &mut y)?;
        let ring: LineString<f64> = x.into_iter().zip(y).map(|(x, y)| Coord { x, y }).collect();
        Ok(Some(Geometry::Polygon(Polygon::new(ring, Vec::new()))))
    };
    let geometries = cells.keys().map(outline).collect::<Result<Vec<_>, _>>()?;
    let name = |(row, col): &(i64, i64)| Some(format!("{}km_{row}_{col}", side / 1000.0));
    let round = |value: f64| (value * 1e4).round() / 1e4;
    let table = Features::new("cells", geometries)
        .with("id", Values::Text(cells.keys().map(name).collect()))?
        .with("features", Values::Integer(cells.values().map(|cell| Some(cell.features)).collect()))?
        .with("area_ha", Values::Real(cells.values().map(|cell| Some(round(cell.area_ha))).collect()))?
        .with("month_first", Values::Text(cells.values().map(|cell| cell.first.clone()).collect()))?
        .with("month_last", Values::Text(cells.values().map(|cell| cell.last.clone()).collect()))?;
    Ok(table)
}
