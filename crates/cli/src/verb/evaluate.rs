//! `evaluate`: alerts held against a reference: how many are right, what was missed, how late.

mod alerts;
mod calibrate;
mod classes;
mod delay;
mod design;
mod loss_year;
mod overlap;
mod points;
mod polygons;
mod reference;
mod sight;
mod table;

use std::path::Path;

use geo_types::{Geometry, Rect};
use geoio::layer::LayerOptions;
use geoio::sink::SinkOptions;
use raster::{Bounds, Warning};
use serde_json::{Map, Value, json};

use self::alerts::Alerts;
use self::classes::Sizes;
use self::reference::{Records, Reference};
use self::table::Line;
use super::apart::check_apart;
use crate::args::{Common, Evaluate};
use crate::calibration::Calibration;
use crate::fault::{Exit, Fault};
use crate::report::{Report, print};

/// Name and version of the form of what is told.
const SCHEMA: &str = "atalaya-evaluation/1";

/// What a comparison says.
#[derive(Debug, Default)]
struct Outcome {
    lines: Vec<Line>,
    facts: Map<String, Value>,
    /// What the numbers rest on, for people.
    notes: Vec<String>,
    warnings: Vec<Warning>,
    /// Judged alerts: place, whether right, and weight.
    judged: Vec<(usize, bool, f64)>,
}

impl Outcome {
    fn fact(&mut self, name: &str, value: Value) {
        self.facts.insert(name.to_owned(), value);
    }
}

/// Holds alerts against a reference.
pub(crate) fn evaluate(arguments: &Evaluate, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let form = Form::of(arguments.out.as_deref())?;
    for output in [arguments.out.as_deref(), arguments.calibrate.as_deref()] {
        check_apart(
            output,
            [&arguments.alerts, &arguments.reference].into_iter().chain(&arguments.aoi).chain(&arguments.answers),
        )?;
        refuse_existing(output, common)?;
    }
    if let (Some(from), Some(to)) = (arguments.from, arguments.to) {
        raster::DateRange::new(from, to).map_err(|error| Fault::usage(format!("--from, --to: {error}")))?;
    }
    let sizes = Sizes::new(&arguments.sizes)?;
    let aoi = area(arguments.aoi.as_deref())?;
    let alerts = Alerts::read(arguments, &sizes, &aoi)?;
    let mut outcome = match Reference::read(arguments, &aoi)? {
        Reference::Polygons(records) => {
            refuse_far(&alerts, &records, arguments)?;
            with_layer(polygons::compare(&alerts, &records, &sizes, arguments, &budget)?, records)
        }
        Reference::Points(records) => {
            refuse_far(&alerts, &records, arguments)?;
            with_layer(points::compare(&alerts, &records, arguments, &budget)?, records)
        }
        Reference::LossYear => (loss_year::compare(&alerts, &aoi, arguments, &budget, common)?, 0, None),
    };
    let reference_sha256 = match outcome.2.take() {
        Some(hash) => hash,
        None => geoio::sha256_file(&arguments.reference)?,
    };
    let rejected = alerts.layer.rejected + outcome.1;
    let outcome = &mut outcome.0;
    refuse_unknown(arguments, &outcome.lines, &alerts)?;
    let calibration = match &arguments.calibrate {
        Some(_) => Some(calibrate::calibrate(&alerts, reference_sha256.clone(), arguments, outcome)?),
        None => None,
    };
    tell_alerts(&alerts, &reference_sha256, outcome);
    let mut report = Report::of_schema("evaluate", SCHEMA);
    let text = text(outcome, calibration.as_ref());
    write(arguments, form, outcome, calibration.as_ref(), common, &mut report)?;
    if arguments.out.is_none() && !common.json {
        print(&text.join("\n"))?;
    }
    polygons::headline(&outcome.lines).into_iter().filter(|_| arguments.out.is_some()).for_each(|line| report.say(line));
    report.rejected = rejected;
    report.warnings.append(&mut outcome.warnings);
    report.warnings.extend(alerts.layer.warnings);
    Ok(report)
}

/// An outcome with what else its layer has to say: refused records and the hash.
fn with_layer(mut outcome: Outcome, records: Records) -> (Outcome, usize, Option<String>) {
    outcome.warnings.extend(records.layer.warnings);
    (outcome, records.layer.rejected, Some(records.layer.sha256))
}

/// Form of the output by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

impl Form {
    fn of(out: Option<&Path>) -> Result<Self, Fault> {
        let ending = out.and_then(Path::extension).map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match (out, ending.as_deref()) {
            (None, _) | (_, Some("json")) => Ok(Self::Json),
            (_, Some("csv")) => Ok(Self::Csv),
            (Some(path), _) => Err(Fault::usage(format!("{}: an evaluation is written as .csv or .json", path.display()))),
        }
    }
}

/// Before anything is computed: outputs that are there stay unless `--force` says otherwise.
fn refuse_existing(output: Option<&Path>, common: &Common) -> Result<(), Fault> {
    match output {
        Some(path) if !common.force && path.symlink_metadata().is_ok() => {
            Err(geoio::GeoioError::Exists { path: path.to_owned() }.into())
        }
        _ => Ok(()),
    }
}

/// The polygons of the area of interest; none without one.
fn area(aoi: Option<&Path>) -> Result<Vec<Geometry<f64>>, Fault> {
    let Some(path) = aoi else { return Ok(Vec::new()) };
    let areas: Vec<_> = geoio::layer::read(path, &LayerOptions::default())?.features.geometries.into_iter().flatten().collect();
    if areas.is_empty() {
        return Err(Fault::new(Exit::Input, format!("{}: the area of interest holds no geometry", path.display())));
    }
    Ok(areas)
}

/// Refuses alerts and features whose extents do not meet: one of them lies elsewhere by mistake.
fn refuse_far(alerts: &Alerts, records: &Records, arguments: &Evaluate) -> Result<(), Fault> {
    let Some(extent) = extent(&records.layer) else { return Ok(()) };
    let (low, high) = (extent.min(), extent.max());
    refuse_apart(alerts, Bounds { west: low.x, south: low.y, east: high.x, north: high.y }, arguments)
}

fn refuse_apart(alerts: &Alerts, reference: Bounds, arguments: &Evaluate) -> Result<(), Fault> {
    let Some(own) = extent(&alerts.layer) else { return Ok(()) };
    let own = Bounds { west: own.min().x, south: own.min().y, east: own.max().x, north: own.max().y };
    let meets =
        own.west <= reference.east && reference.west <= own.east && own.south <= reference.north && reference.south <= own.north;
    if meets || reference.east < reference.west {
        return Ok(());
    }
    let told = |b: Bounds| format!("{:.4} to {:.4} east, {:.4} to {:.4} north", b.west, b.east, b.south, b.north);
    Err(Fault::new(
        Exit::Input,
        format!(
            "{}: lies elsewhere than the alerts of {} (reference {}; alerts {}); check the files, the axes and the systems (--crs, --reference-crs)",
            arguments.reference.display(),
            arguments.alerts.display(),
            told(reference),
            told(own)
        ),
    ))
}

fn extent(layer: &alert::Layer) -> Option<Rect> {
    layer.boxes().into_iter().flatten().reduce(|a, b| {
        let (low, high) = ((a.min(), b.min()), (a.max(), b.max()));
        Rect::new((low.0.x.min(low.1.x), low.0.y.min(low.1.y)), (high.0.x.max(high.1.x), high.0.y.max(high.1.y)))
    })
}

/// Refuses a column of `--by` that neither side has.
fn refuse_unknown(arguments: &Evaluate, lines: &[Line], alerts: &Alerts) -> Result<(), Fault> {
    let has = |column: &str| lines.iter().any(|line| line.by == column) || alerts.layer.features.column(column).is_some();
    match arguments.by.iter().find(|column| !has(column)) {
        Some(column) if alerts.len() > 0 => {
            Err(Fault::usage(format!("--by {column}: neither the alerts nor polygons of the reference have such a column")))
        }
        _ => Ok(()),
    }
}

/// What the alerts say of themselves.
fn tell_alerts(alerts: &Alerts, reference_sha256: &str, outcome: &mut Outcome) {
    let undated = alerts.seen.iter().filter(|seen| seen.is_none()).count();
    if alerts.len() == 0 {
        outcome.warnings.push(Warning::new("no_alerts", "there is no alert to judge").about(&alerts.layer.path));
    }
    if undated > 0 {
        outcome.notes.push(format!("{undated} of {} alerts have no date_first and are judged by place only", alerts.len()));
    }
    if alerts.left_out > 0 {
        outcome.notes.push(format!("{} alerts outside the period or the area are left out", alerts.left_out));
    }
    outcome.fact(
        "alerts",
        json!({
            "judged": alerts.len(), "left_out": alerts.left_out, "undated": undated, "sha256": alerts.layer.sha256,
            "reference_sha256": reference_sha256,
        }),
    );
}

/// Everything for people.
fn text(outcome: &Outcome, calibration: Option<&Calibration>) -> Vec<String> {
    let mut text = table::as_text(&outcome.lines);
    text.push(String::new());
    text.extend(outcome.notes.iter().cloned());
    match calibration {
        Some(calibration) => text.extend(calibrate::told(calibration)),
        None => text.push("confidence: low and high are not calibrated (--calibrate)".to_owned()),
    }
    text
}

/// Writes the files that the arguments name, and gives programs the same.
fn write(
    arguments: &Evaluate,
    form: Form,
    outcome: &mut Outcome,
    calibration: Option<&Calibration>,
    common: &Common,
    report: &mut Report,
) -> Result<(), Fault> {
    let wrong = |error: serde_json::Error| Fault::from_error(Exit::Internal, error);
    if let (Some(path), Some(calibration)) = (&arguments.calibrate, calibration) {
        write_text(path, &serde_json::to_string_pretty(calibration).map_err(wrong)?, common)?;
        report.output(path);
    }
    let calibrated = calibration.map(serde_json::to_value).transpose().map_err(wrong)?;
    outcome.fact("calibration", calibrated.unwrap_or_else(|| json!("not calibrated")));
    outcome.fact("notes", json!(outcome.notes));
    outcome.fact("lines", table::as_json(&outcome.lines));
    if let Some(path) = &arguments.out {
        match form {
            Form::Csv => {
                let options = SinkOptions { force: common.force, ..SinkOptions::default() };
                geoio::sink::write(path, &table::as_table(&outcome.lines), &options)?;
            }
            Form::Json => {
                let mut object = outcome.facts.clone();
                object.insert("schema".to_owned(), json!(SCHEMA));
                write_text(path, &serde_json::to_string_pretty(&object).map_err(wrong)?, common)?;
            }
        }
        report.output(path);
    }
    for (name, value) in std::mem::take(&mut outcome.facts) {
        report.fact(&name, value);
    }
    Ok(())
}

fn write_text(path: &Path, text: &str, common: &Common) -> Result<(), Fault> {
    let staged = geoio::Staged::new(path, common.force)?;
    std::fs::write(staged.partial(), format!("{text}\n"))
        .map_err(|error| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", path.display())))?;
    Ok(staged.commit()?)
}
