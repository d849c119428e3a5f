//! `detect --explain`: one series, read as the method reads it, and what is told of it.

use std::path::{Path, PathBuf};

use geoio::{Found, GriddedImagery, Resampling, Staged};
use ndarray::{Array2, Array3, Axis};
use pipeline::Budget;
use raster::{Date, RasterSource as _, Role, Warning, Window};

use super::clear;
use super::drawing;
use super::harmonise::{Harmonised, harmonise};
use super::method::Method;
use super::story::{Place, Story};
use super::{Series, roles, scenes, stacks, tables, tables_of_dates, tell};
use crate::args::{Common, Detect};
use crate::fault::{Exit, Fault};
use crate::report::{Report, print};
use crate::verb::apart::check_apart;

/// One series, on the time axis of the whole input.
pub(super) struct OneSeries {
    pub(super) place: Place,
    pub(super) dates: Vec<Date>,
    /// Of each time the places of the roles that were looked at.
    pub(super) there: Vec<Vec<usize>>,
    /// Numbers as they are stored (time, role); NaN where there is none.
    pub(super) raw: Array2<f64>,
    /// Values as the method takes them (time, role, one).
    pub(super) values: Array3<f32>,
}

/// How a story is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
    Png,
    Svg,
}

impl Form {
    fn of(out: &Path) -> Result<Self, Fault> {
        let ending = out.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ if is_stdout(out) => Ok(Self::Csv),
            _ => Err(Fault::usage(format!("{}: with --explain name a .csv, .json, .png or .svg", out.display()))),
        }
    }
}

fn is_stdout(out: &Path) -> bool {
    out == Path::new("-")
}

/// Tells the story of one pixel or series.
pub(super) fn explain(place: &str, arguments: &Detect, common: &Common) -> Result<Report, Fault> {
    let form = Form::of(&arguments.out)?;
    let inputs = stacks(arguments)?;
    check_apart(Some(&arguments.out), inputs.iter().map(|(_, file)| file))?;
    let Method { detector, parameters } = Method::new(arguments, &roles(&inputs))?;
    let staged = if is_stdout(&arguments.out) { None } else { Some(Staged::new(&arguments.out, common.force)?) };
    check_apart(Some(&arguments.out), clear::files(arguments)?.iter().map(|(_, file)| file))?;
    let (series, warnings, harmonised) = if tables::are_tables(&inputs)? {
        let (series, harmonised) = of_tables(place, &inputs, detector.inputs(), arguments)?;
        (series, Vec::new(), harmonised)
    } else {
        of_rasters(place, &inputs, detector.as_ref(), arguments, &common.budget())?
    };
    let story = Story::of(detector.as_ref(), &series, parameters)?;
    let mut report = Report::new("detect");
    report.fact("method", detector.name());
    report.fact("status", story.status);
    report.fact("decision", story.decision.as_str());
    match staged {
        Some(staged) => {
            write(&story, form, staged, common)?;
            report.output(&arguments.out);
        }
        None if common.json => report.fact("story", serde_json::to_value(&story).map_err(internal)?),
        None => print(String::from_utf8_lossy(&story.csv()?).trim_end())?,
    }
    report.say(format!("{}, {}: {}", story.method, story.place, story.decision));
    report.warnings = warnings;
    tell(&mut report, harmonised);
    Ok(report)
}

fn internal(error: serde_json::Error) -> Fault {
    Fault::from_error(Exit::Internal, error)
}

fn write(story: &Story, form: Form, staged: Staged, common: &Common) -> Result<(), Fault> {
    let bytes = match form {
        Form::Csv => story.csv()?,
        Form::Json => serde_json::to_vec_pretty(story).map_err(internal)?,
        Form::Svg => drawing::svg(story)?.into_bytes(),
        Form::Png => {
            let out = staged.target().to_owned();
            drop(staged);
            return Ok(geoio::write_png(&out, &drawing::raster(story)?.view(), common.force)?);
        }
    };
    let wrong = |error| Fault::new(Exit::Output, format!("{}: {error}", staged.target().display()));
    std::fs::write(staged.partial(), bytes).map_err(wrong)?;
    Ok(staged.commit()?)
}

/// The series of an id.
fn of_tables(id: &str, inputs: &[(Role, PathBuf)], roles: &[Role], arguments: &Detect) -> Result<(OneSeries, Harmonised), Fault> {
    let tables::Series { ids, dates, there, raw, values, harmonised } = tables::Series::read(inputs, roles, arguments)?;
    let Some(number) = ids.iter().position(|own| own == id) else {
        return Err(Fault::usage(format!("--explain {id}: there is no such series; {}", told(&ids))));
    };
    let (raw, values) = (raw.index_axis(Axis(2), number).to_owned(), values.select(Axis(2), &[number]));
    Ok((OneSeries { place: Place::Series { id: id.to_owned() }, dates, there, raw, values }, harmonised))
}

/// The ids that there are, the first of many.
fn told(ids: &[String]) -> String {
    let shown: Vec<&str> = ids.iter().take(8).map(String::as_str).collect();
    let more = if ids.len() > shown.len() { format!(" and {} more", ids.len() - shown.len()) } else { String::new() };
    format!("there is {}{more}", shown.join(", "))
}

/// The series of a pixel of the raster that `detect` would write.
fn of_rasters(
    place: &str,
    inputs: &[(Role, PathBuf)],
    detector: &dyn change::Detector,
    arguments: &Detect,
    budget: &Budget,
) -> Result<(OneSeries, Vec<Warning>, Harmonised), Fault> {
    let numbers = place.split_once(',').and_then(|(row, col)| Some((row.trim().parse().ok()?, col.trim().parse().ok()?)));
    let Some((row, col)): Option<(usize, usize)> = numbers else {
        let told = "rasters take ROW,COL, counted from 0 at the top left";
        return Err(Fault::usage(format!("--explain {place}: {told}")));
    };
    let tables = tables_of_dates(inputs, arguments)?;
    check_apart(Some(&arguments.out), tables.iter().flatten())?;
    let Found { mut imagery, warnings, .. } = scenes(inputs, &tables, arguments)?;
    let harmonised = harmonise(&mut imagery.scenes, arguments)?;
    let grid = crate::verb::aoi::grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    if row >= grid.rows || col >= grid.cols {
        let (rows, cols) = (grid.rows - 1, grid.cols - 1);
        return Err(Fault::usage(format!("--explain {place}: the raster has the rows 0 to {rows} and the columns 0 to {cols}")));
    }
    let source = GriddedImagery::new(imagery, grid, Resampling::Nearest);
    let mut series = Series::new(&source, detector);
    if let Some(percentile) = detector.scene_percentile() {
        series.take_off(&source, percentile, budget)?;
    }
    let window = Window { row: row as isize, col: col as isize, rows: 1, cols: 1 };
    let mut reader = source.open()?;
    let (mut values, mut stored) = (Vec::new(), Vec::new());
    let values = series.read(&mut reader, window, series.dates.len(), &mut values)?.to_owned();
    // What is stored under a cloud is told too.
    let series = series.unmasked();
    let raw = series.read_stored(&mut reader, window, &mut stored)?.index_axis_move(Axis(2), 0).mapv(f64::from);
    let series = OneSeries { place: Place::Pixel { row, col }, dates: series.dates, there: series.there, raw, values };
    Ok((series, warnings, harmonised))
}
