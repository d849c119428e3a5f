//! `indices`: the spectral indices there are.

use change::{Catalogue, Record};
use raster::Warning;
use serde_json::{Value, json};

use crate::args::{Common, Indices};
use crate::fault::Fault;
use crate::index_list;
use crate::report::{Report, print};

/// The order of domains; others follow by their names.
const DOMAINS: [&str; 10] = ["vegetation", "burn", "soil", "unmixing", "water", "urban", "snow", "clouds", "kernel", "radar"];

/// Lists the indices by domain, or tells all of those that are named.
pub(crate) fn indices(arguments: &Indices, common: &Common) -> Result<Report, Fault> {
    let catalogue = index_list::catalogue(arguments.catalogue.as_deref(), None)?;
    let mut report = Report::new("indices");
    let mut records = chosen(arguments, &catalogue)?;
    let place = |record: &Record| DOMAINS.iter().position(|domain| *domain == record.domain).unwrap_or(DOMAINS.len());
    if arguments.names.is_empty() {
        records.sort_by(|a, b| (place(a), &a.domain, a.name.to_lowercase()).cmp(&(place(b), &b.domain, b.name.to_lowercase())));
    }
    let mut list = Vec::new();
    let mut domain = None;
    for record in &records {
        let bands = match record.bands() {
            Ok(bands) => bands,
            Err(error) => {
                report.rejected += 1;
                let file = arguments.catalogue.iter().next().map_or_else(String::new, |path| path.display().to_string());
                report.warnings.push(Warning::new("unreadable_formula", error.to_string()).about(file));
                continue;
            }
        };
        if common.json {
            list.push(told(record, &bands));
        } else if arguments.names.is_empty() {
            if domain != Some(&record.domain) {
                let gap = if domain.is_some() { "\n" } else { "" };
                print(&format!("{gap}{}", if record.domain.is_empty() { "(no domain)" } else { &record.domain }))?;
                domain = Some(&record.domain);
            }
            print(&format!("  {:<13} {:<60} {}", record.name, record.formula, record.title))?;
        } else {
            print(&page(record, &bands))?;
        }
    }
    report.fact("indices", list);
    Ok(report)
}

fn chosen(arguments: &Indices, catalogue: &Catalogue) -> Result<Vec<Record>, Fault> {
    if !arguments.names.is_empty() {
        let names = arguments.names.iter().flat_map(|names| names.split(','));
        return Ok(names.map(|name| catalogue.find(name.trim())).collect::<Result<_, _>>()?);
    }
    let all: Vec<Record> = catalogue.records().collect();
    let Some(domain) = &arguments.domain else { return Ok(all) };
    let mut domains: Vec<String> = all.iter().map(|record| record.domain.clone()).collect();
    let of_domain: Vec<Record> = all.into_iter().filter(|record| record.domain.eq_ignore_ascii_case(domain)).collect();
    if of_domain.is_empty() {
        domains.sort();
        domains.dedup();
        return Err(Fault::usage(format!("--domain {domain}: there is none such; there are {}", domains.join(", "))));
    }
    Ok(of_domain)
}

/// Ids of the sensors whose tables have all bands.
fn sensors(record: &Record) -> Vec<String> {
    raster::sensor::all().into_iter().filter(|sensor| record.fits(sensor)).map(|sensor| sensor.id).collect()
}

fn told(record: &Record, bands: &[&str]) -> Value {
    let constants: serde_json::Map<String, Value> = record
        .parameters()
        .into_iter()
        .map(|parameter| (parameter.name, json!({ "default": parameter.default, "meaning": parameter.meaning })))
        .collect();
    json!({
        "name": record.name, "title": record.title, "domain": record.domain, "formula": record.formula, "bands": bands,
        "constants": constants, "direction": record.direction, "reference": record.reference, "sensors": sensors(record),
    })
}

/// All of one index, for people.
fn page(record: &Record, bands: &[&str]) -> String {
    let mut lines = vec![format!("{}  {}", record.name, record.title), format!("  formula    {}", record.formula)];
    lines.push(format!("  bands      {}", bands.join(" ")));
    for parameter in record.parameters() {
        let unset = if parameter.name.starts_with("lambda") { "(by the sensor)" } else { "(to be given: -c NAME=VALUE)" };
        let value = parameter.default.unwrap_or_else(|| unset.to_owned());
        lines.push(format!("  constant   {} = {value}  {}", parameter.name, parameter.meaning));
    }
    if !record.domain.is_empty() {
        lines.push(format!("  domain     {}", record.domain));
    }
    lines.push(match record.direction {
        Some(change::Direction::Fall) => "  clearing   makes it fall".to_owned(),
        Some(change::Direction::Rise) => "  clearing   makes it rise".to_owned(),
        None => "  clearing   not known: give --direction, or direction in a job".to_owned(),
    });
    let sensors = sensors(record);
    let sensors = if sensors.is_empty() { "none with a table".to_owned() } else { sensors.join(" ") };
    lines.push(format!("  sensors    {sensors}"));
    if !record.reference.is_empty() {
        lines.push(format!("  reference  {}", record.reference));
    }
    lines.join("\n")
}
