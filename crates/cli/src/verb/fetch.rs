//! `fetch`: scenes of a provider into a local STAC catalogue, which the program then reads offline.
//!
//! Search, estimate, bring, prove, write down; a second call brings only what is new.

mod bring;
mod catalogue;
mod estimate;
mod kept;
mod machine;
mod providers;
mod query;
mod wanted;

use std::path::Path;

use ::fetch::stac::{Api, Found};
use ::fetch::{Address, Client};
use raster::Warning;
use serde_json::json;

use crate::args::{Common, Fetch};
use crate::fault::{Exit, Fault};
use crate::job::{FetchSource, FetchSpec};
use crate::report::Report;
use crate::run::folder;

use bring::Brought;
use estimate::Estimate;
use kept::Kept;
use wanted::{Lookup, Wanted};

/// Brings what is new, or says what that would be.
pub(crate) fn fetch(arguments: &Fetch, common: &Common) -> Result<Report, Fault> {
    let (Some(source), Some(out)) = (&arguments.source, &arguments.out) else {
        return providers::list(common);
    };
    let source = FetchSource::load(source)?;
    let provider = machine::provider(&source.spec)?;
    let query = query::query(&source.spec)?;
    let client = machine::client(&source, &provider, &arguments.allow_host)?;
    let api = Api::open(&client, &Address::parse(&provider.api)?)?;
    let found = api.search(&client, &query, &|_| ())?;
    check_found(&found, &source.spec, &provider.api)?;
    // Taken before anything is read of it: another call may be writing.
    let _lock = if arguments.dry_run { None } else { Some(hold(out)?) };
    let kept = Kept::load(out)?;
    let (assets, alternate) = (source.spec.assets.as_slice(), source.spec.alternate.as_deref());
    let lookup = Lookup { assets, alternate, provider: &provider, client: &client, kept: &kept };
    let wanted = Wanted::of(&found.items, lookup)?;
    wanted.check_hosts(&client)?;
    let estimate = Estimate::of(&client, &wanted, common)?;
    estimate.check(source.spec.max_gb)?;
    let mut report = Report::new("fetch");
    tell(&mut report, &found, &wanted, &estimate, &source.spec);
    if arguments.dry_run {
        return Ok(report);
    }
    let brought = bring::bring(&client, &wanted, &estimate, kept, common)?;
    finish(&mut report, &api, &client, &wanted, brought)?;
    Ok(report)
}

/// Makes the folder and takes it for this call alone.
fn hold(out: &Path) -> Result<std::fs::File, Fault> {
    std::fs::create_dir_all(out).map_err(|error| {
        Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", out.display()))
    })?;
    folder::lock(out)
}

/// A part of a search is no series: whoever takes it for the whole would see change where nothing was looked at.
fn check_found(found: &Found, spec: &FetchSpec, api: &str) -> Result<(), Fault> {
    if !found.cut {
        return Ok(());
    }
    let most = spec.max_items;
    Err(Fault::usage(format!("{api}: has more than {most} items; ask for less, or raise [fetch] max_items")))
}

/// What was found, what is there already, and what is to come.
fn tell(report: &mut Report, found: &Found, wanted: &Wanted<'_>, estimate: &Estimate, spec: &FetchSpec) {
    let (items, known) = (found.items.len(), wanted.known());
    report.say(format!("{items} items found, of their files {known} are there already, {} are to come", wanted.missing().len()));
    if !wanted.missing().is_empty() {
        report.say(format!("to come: {estimate}"));
    }
    if let Some(most) = spec.max_cloud {
        if found.cloudy > 0 {
            report.say(format!("{} items with more than {most} % cloud were left out", found.cloudy));
        }
        if found.unclear > 0 {
            let message =
                format!("{} items do not say how cloudy they are and were left out, for max_cloud is asked for", found.unclear);
            report.warnings.push(Warning::new("cloud_unknown", message));
        }
    }
    if items == 0 {
        report.warnings.push(Warning::new(
            "no_items",
            "the search finds nothing; check bbox (west, south, east, north), datetime and collections",
        ));
    }
    for reason in found.refused.iter().chain(&wanted.refused) {
        report.warnings.push(Warning::new("item_refused", reason.clone()));
    }
    report.rejected += found.refused.len() + wanted.refused.len();
    report.fact("items", items);
    report.fact("pages", found.pages);
    report.fact("left_out", json!({ "cloudy": found.cloudy, "cloud_unknown": found.unclear }));
    report.fact("files", json!({ "known": known, "to_come": wanted.missing().len() }));
    report.fact("estimate", json!({ "bytes": estimate.bytes, "files_of_unknown_size": estimate.unknown }));
}

/// Writes down what is there, and says what is not.
fn finish(report: &mut Report, api: &Api, client: &Client, wanted: &Wanted<'_>, mut brought: Brought) -> Result<(), Fault> {
    let complete = wanted.items.iter().filter(|item| !brought.failed(item)).count();
    if complete == 0 && brought.kept.items() == 0 {
        let first = brought.failures.first().map(|failure| failure.reason.clone()).or_else(|| wanted.refused.first().cloned());
        brought.kept.save(&brought.failures)?;
        return match first {
            Some(reason) => Err(Fault::new(Exit::Input, format!("no item could be fetched: {reason}"))),
            None => Err(Fault::new(
                Exit::Input,
                "the search finds nothing; check bbox (west, south, east, north), datetime and collections",
            )),
        };
    }
    let catalogue = catalogue::write(api, client, wanted, &mut brought)?;
    brought.kept.save(&brought.failures)?;
    report.output(&catalogue);
    for failure in &brought.failures {
        report.warnings.push(Warning::new("fetch_failed", failure.reason.clone()).about(failure.path.clone()));
    }
    report.rejected += brought.failures.len();
    report.say(format!("{} files came, {} bytes; {} failed", brought.files, brought.bytes, brought.failures.len()));
    report.fact("fetched", json!({ "files": brought.files, "bytes": brought.bytes }));
    report.fact("failures", json!(brought.failures));
    report.fact("verified_products", brought.products);
    Ok(())
}
