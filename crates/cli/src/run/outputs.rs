//! The files that field agencies, prosecutors and statisticians get.

use std::path::Path;

use alert::{Alert, AlertContext, Column, Features, Values};
use geoio::sink::SinkOptions;
use registry::AlertUnit;

use super::annotate::Annotation;
use super::detect::Map;
use super::inputs::Inputs;
use crate::fault::{Exit, Fault};
use crate::job::{Job, Meaning};
use crate::language::Language;

/// What changed, in words: only a run that looked within a forest layer may speak of forest.
pub(crate) fn subject(job: &Job, language: Language) -> &'static str {
    match job.change.within.as_ref().map(|within| within.means) {
        Some(Meaning::Forest) => language.pick("Pérdida de bosque", "Forest loss"),
        _ => language.pick("Cambio de la vegetación", "Vegetation change"),
    }
}

/// The alerts as a table with what the official layers say.
pub(crate) fn table(alerts: &[Alert], run: &str, inputs: &Inputs, annotation: &Annotation) -> Result<Features, Fault> {
    let context = AlertContext { index: inputs.index().name(), method: inputs.detector.name(), sensors: &inputs.sensors };
    let mut features = super::probability::with_probability(alert::alert_features(alerts, run, &context), inputs)?;
    for column in &annotation.columns {
        features = features.with(&column.name, column.values.clone())?;
    }
    Ok(features)
}

/// Writes the alerts in every format, and the table of hits.
pub(crate) fn write_alerts(
    folder: &Path,
    features: &Features,
    annotation: &Annotation,
    job: &Job,
    language: Language,
) -> Result<(), Fault> {
    let name = &job.about.name;
    let title = if name.is_empty() { subject(job, language).to_owned() } else { format!("{}: {name}", subject(job, language)) };
    let titles = features
        .columns
        .iter()
        .filter_map(|column| Some((column.name.clone(), alert::column_title(&column.name, language.code())?.to_owned())))
        .collect();
    let options = SinkOptions { force: true, titles, title };
    for file in ["alerts.geojson", "alerts.gpkg", "alerts.csv", "alerts.kml"] {
        geoio::sink::write(&folder.join(file), features, &options)?;
    }
    if let Some(long) = &annotation.long {
        geoio::sink::write(&folder.join("links.csv"), long, &options)?;
    }
    if let Some((elements, sensitivity)) = &annotation.rules {
        geoio::sink::write(&folder.join("elements.csv"), elements, &options)?;
        geoio::sink::write(&folder.join("sensitivity.csv"), sensitivity, &options)?;
    }
    let schema = serde_json::to_string_pretty(&alert::json_schema()).map_err(|error| Fault::from_error(Exit::Internal, error))?;
    write_text(&folder.join("alerts.schema.json"), &schema)
}

/// Writes hectares by unit and answer; the first column says that they are no estimate.
pub(crate) fn write_summary(
    folder: &Path,
    map: &Map,
    inputs: &Inputs,
    features: &Features,
    language: Language,
) -> Result<(), Fault> {
    let mut table = summary_table(map, inputs, features)?;
    let heading = language.pick("superficie cartografiada, no es una estimación", "mapped area, not an estimate");
    let rows = table.len();
    table.columns.insert(0, Column { name: "basis".to_owned(), values: Values::Text(vec![Some(heading.to_owned()); rows]) });
    let options = SinkOptions { force: true, ..SinkOptions::default() };
    Ok(geoio::sink::write(&folder.join("summary.csv"), &table, &options)?)
}

fn summary_table(map: &Map, inputs: &Inputs, features: &Features) -> Result<Features, Fault> {
    let units = inputs.unit_layer();
    let texts = |name: &str| features.text(name).map(<[_]>::to_vec);
    let keys = units.and_then(|(source, _)| texts(&format!("{}_key", source.id))).unwrap_or_else(|| vec![None; features.len()]);
    let confidence = texts("confidence").unwrap_or_default();
    let areas = match features.column("area_ha").map(|column| &column.values) {
        Some(Values::Real(areas)) => areas.clone(),
        _ => vec![None; features.len()],
    };
    let alerts: Vec<AlertUnit> = keys
        .into_iter()
        .zip(confidence)
        .zip(areas)
        .map(|((key, confidence), area)| AlertUnit {
            key,
            high: confidence.as_deref() == Some("high"),
            area_cm2: (area.unwrap_or(0.0) * 1e8).round() as i64,
        })
        .collect();
    let columns = registry::summary(units, &map.tallies.table(inputs.monitoring.to()), &alerts)?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    Ok(Features { name: "summary".to_owned(), geometries: vec![None; rows], columns })
}

/// Writes a text file so that it is complete or absent.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Fault> {
    let staged = geoio::Staged::new(path, true)?;
    std::fs::write(staged.partial(), format!("{text}\n"))
        .map_err(|error| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", path.display())))?;
    Ok(staged.commit()?)
}
