//! `registry list`: the sources of a catalogue, and how much of each record was seen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use registry::{Catalogue, RegistrySource, Verified};
use serde_json::{Value, json};

use crate::args::Common;
use crate::fault::Fault;
use crate::report::{Report, print};
use crate::verb::catalogue;

/// Arguments of `registry list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Registry catalogue (TOML), or a folder of them [default: those that come with the program]
    catalogue: Option<PathBuf>,
    /// Only sources of this country, ISO 3166-1 alpha-2
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
}

/// Shows every source, then how many there are and how many of them rest on what.
pub(crate) fn list(arguments: &List, common: &Common) -> Result<Report, Fault> {
    let sources = match &arguments.catalogue {
        Some(path) => catalogue::load(path)?.sources,
        None => shipped(arguments.country.as_deref())?,
    };
    let wanted = |source: &&RegistrySource| {
        let country = arguments.country.as_deref();
        country.is_none_or(|country| source.country.is_empty() || source.country.eq_ignore_ascii_case(country))
    };
    let sources: Vec<&RegistrySource> = sources.iter().filter(wanted).collect();
    let language = common.lang.unwrap_or_default();
    for source in sources.iter().filter(|_| !common.json) {
        let title = language.pick(&source.title.es, &source.title.en);
        let kind = format!("{}, {}", source.theme, source.privacy.name());
        print(&format!("{:<26} {:<70} {:<44} {:<24} {}", source.id, title, source.authority, kind, source.verified.name()))?;
    }
    let mut report = Report::new("registry list");
    report.say(counted(&sources));
    report.fact("counts", json!(counts(&sources)));
    report.fact("sources", json!(sources.iter().map(|source| entry(source)).collect::<Vec<_>>()));
    Ok(report)
}

/// The sources that come with the program; those of all countries are named general.
fn shipped(country: Option<&str>) -> Result<Vec<RegistrySource>, Fault> {
    let mut sources = Vec::new();
    for (name, text) in registry::CATALOGUES {
        if country.is_none_or(|country| name == "general" || name.eq_ignore_ascii_case(country)) {
            let read: Catalogue = catalogue::parse(text, &PathBuf::from(format!("{name}.toml")))?;
            sources.extend(read.sources);
        }
    }
    Ok(sources)
}

/// How many sources rest on what.
fn counts(sources: &[&RegistrySource]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::from([("sources", sources.len())]);
    for verified in [Verified::Extract, Verified::ServiceMetadata, Verified::Documentation] {
        counts.insert(verified.name(), sources.iter().filter(|source| source.verified == verified).count());
    }
    counts
}

/// The count of sources, never without the count verified.
pub(super) fn counted(sources: &[&RegistrySource]) -> String {
    let counts = counts(sources);
    format!(
        "{} sources: {} verified by a real extract, {} by service metadata, {} known from documentation only",
        counts["sources"], counts["extract"], counts["service metadata"], counts["documentation only"]
    )
}

fn entry(source: &RegistrySource) -> Value {
    let told = &source.description;
    let words = |title: &registry::Title| json!({ "es": title.es, "en": title.en });
    json!({
        "id": source.id, "title": words(&source.title), "authority": source.authority, "theme": source.theme,
        "country": source.country, "path": source.path, "key": source.key, "privacy": source.privacy.name(),
        "licence": source.licence, "access": told.access, "format": told.format, "geometry": told.geometry,
        "cadence": told.cadence, "legal_weight": told.legal_weight, "obtain": words(&told.obtain), "meaning": words(&told.meaning),
        "verified": source.verified.name(), "evidence": told.evidence, "retrieved": source.retrieved,
    })
}
