//! `registry check`: what of a catalogue is there, and in what state.

use std::path::PathBuf;

use alert::Layer;
use clap::Args;
use geoio::Hosts;
use geoio::layer::LayerOptions;
use raster::Date;
use registry::{RegistrySource, suggestions};
use serde_json::{Value, json};

use super::list::counted;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::report::{Report, print, printable};
use crate::today;
use crate::verb::catalogue::{self, Lookup};
use crate::verb::zonal::Raster;

/// Arguments of `registry check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Registry catalogue (TOML), or a folder of them
    catalogue: PathBuf,
    /// Propose entries for fields that differ, as TOML
    #[arg(long)]
    suggest: bool,
    /// Day on which ages are counted [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Host that may be asked over the network; may be repeated
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
}

/// What became of a source.
struct Looked<'a> {
    source: &'a RegistrySource,
    layer: Option<Layer>,
    state: &'static str,
    problem: Option<String>,
    suggested: Vec<String>,
}

/// Reads every source that is there and says of each whether it can be used.
pub(crate) fn check(arguments: &Check, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let sources = catalogue::load(&arguments.catalogue)?.sources;
    let hosts = Hosts::new(&arguments.allow_host);
    let lookup = Lookup { catalogue: &arguments.catalogue, hosts: &hosts, as_of: None };
    let as_of = arguments.as_of.unwrap_or_else(today::today);
    let mut report = Report::new("registry check");
    let looked: Vec<Looked<'_>> = sources.iter().map(|source| look(source, &lookup)).collect();
    for one in &looked {
        report.warnings.extend(one.layer.iter().flat_map(|layer| layer.warnings.iter().cloned()));
        report.warnings.extend(one.layer.iter().flat_map(|layer| registry::review(one.source, layer)));
        report.rejected += one.layer.as_ref().map_or(0, |layer| layer.rejected) + usize::from(one.state == "refused");
        if !common.json {
            print(&printable(&line(one, as_of)))?;
        }
        for line in one.suggested.iter().filter(|_| arguments.suggest && !common.json) {
            print(line)?;
        }
    }
    report.say(counted(&sources.iter().collect::<Vec<_>>()));
    let usable = looked.iter().filter(|one| one.state == "valid").count();
    report.say(format!("{usable} of {} are there and can be used", looked.len()));
    report.fact("sources", json!(looked.iter().map(|one| entry(one, as_of)).collect::<Vec<_>>()));
    if usable == 0 && !looked.is_empty() {
        report.show(common)?;
        return Err(Fault::new(Exit::Input, format!("{}: no source can be used", arguments.catalogue.display())));
    }
    Ok(report)
}

fn look<'a>(source: &'a RegistrySource, lookup: &Lookup<'_>) -> Looked<'a> {
    let refused =
        |problem: String| Looked { source, layer: None, state: "refused", problem: Some(problem), suggested: Vec::new() };
    let location = match lookup.location(source) {
        Ok(location) => location,
        Err(fault) => return refused(fault.to_string()),
    };
    if location.file().is_some_and(|file| !file.exists()) {
        return Looked { source, layer: None, state: "absent", problem: None, suggested: Vec::new() };
    }
    if source.raster.is_some() {
        return match Raster::of(source, lookup) {
            Ok(_) => Looked { source, layer: None, state: "valid", problem: None, suggested: Vec::new() },
            Err(fault) => refused(fault.to_string()),
        };
    }
    let layer = match lookup.layer(source, &location, LayerOptions::default()) {
        Ok(layer) => layer,
        Err(fault) => return refused(fault.to_string()),
    };
    let fields: Vec<&str> = layer.features.columns.iter().map(|column| column.name.as_str()).collect();
    let lacking = suggestions(source, &fields);
    if lacking.is_empty() {
        return Looked { source, layer: Some(layer), state: "valid", problem: None, suggested: Vec::new() };
    }
    let names: Vec<String> = lacking.iter().map(|one| format!("{} ({})", one.wanted, one.role)).collect();
    let problem = format!("has no field {}; it has {}", names.join(", "), fields.join(", "));
    let suggested = registry::suggested_lines(source, &lacking);
    Looked { source, layer: Some(layer), state: "refused", problem: Some(problem), suggested }
}

fn age(source: &RegistrySource, as_of: Date) -> Option<i32> {
    source.retrieved.map(|day| as_of.days() - day.days())
}

fn line(one: &Looked<'_>, as_of: Date) -> String {
    let age = age(one.source, as_of).map_or_else(|| "of no known day".to_owned(), |days| format!("{days} days old"));
    let held = one.layer.as_ref().map_or_else(String::new, |layer| {
        format!(
            "{} records, {} refused, {} notices, {age}, sha256 {}",
            layer.features.len(),
            layer.rejected,
            layer.warnings.len(),
            layer.sha256.get(..12).unwrap_or_default()
        )
    });
    let problem = one.problem.as_ref().map_or_else(String::new, |problem| format!("; {problem}"));
    format!("{:<26} {:<8} {} {held}{problem}", one.source.id, one.state, one.source.verified.name())
}

fn entry(one: &Looked<'_>, as_of: Date) -> Value {
    json!({
        "id": one.source.id, "state": one.state, "problem": one.problem, "age_days": age(one.source, as_of),
        "verified": one.source.verified.name(), "suggested": one.suggested,
        "records": one.layer.as_ref().map(|layer| layer.features.len()),
        "rejected": one.layer.as_ref().map(|layer| layer.rejected),
        "sha256": one.layer.as_ref().map(|layer| layer.sha256.as_str()),
    })
}
