//! `registry load`: what the sources of a catalogue say on a day, kept in a store.

use std::path::{Path, PathBuf};

use alert::Layer;
use clap::Args;
use geoio::layer::LayerOptions;
use geoio::store::{Kept, Retrieval, Store};
use geoio::{Hosts, Location};
use raster::Date;
use registry::RegistrySource;
use serde_json::json;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::Report;
use crate::verb::apart::check_apart;
use crate::verb::catalogue::{self, Lookup};

/// Arguments of `registry load`.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Registry catalogue (TOML), or a folder of them
    catalogue: PathBuf,
    /// Id of a source to load; may be repeated [default: all of the catalogue]
    #[arg(long = "source", value_name = "ID")]
    sources: Vec<String>,
    /// Store: a .gpkg file, or PG:host=... dbname=...
    #[arg(long)]
    store: String,
    /// Day on which the sources were retrieved
    #[arg(long, value_name = "DATE")]
    retrieved: Date,
    /// Host that may be asked over the network; may be repeated
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
}

/// The program and version that a store notes.
const PROGRAM: &str = concat!("atalaya ", env!("CARGO_PKG_VERSION"));

/// A source that was read.
struct Read {
    source: RegistrySource,
    location: Location,
    layer: Layer,
}

/// Reads the sources and keeps what they say, all or nothing.
pub(crate) fn load(arguments: &Load, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let hosts = Hosts::new(&arguments.allow_host);
    let location = Location::of(&arguments.store, Path::new(""))?;
    let store = Store::at(&location, &hosts)?;
    let lookup = Lookup { catalogue: &arguments.catalogue, hosts: &hosts, as_of: None };
    let mut report = Report::new("registry load");
    let read = wanted(arguments)?.into_iter().map(|source| read(source, &lookup)).collect::<Result<Vec<_>, _>>()?;
    let inputs = read.iter().filter_map(|read| read.location.file().map(Path::to_path_buf)).chain([arguments.catalogue.clone()]);
    check_apart(location.file(), &inputs.collect::<Vec<_>>())?;
    let requests: Vec<String> = read.iter().map(request).collect();
    let pairs = read.iter().zip(&requests);
    let retrievals: Vec<Retrieval<'_>> = pairs.map(|(read, request)| retrieval(read, request, arguments.retrieved)).collect();
    let kept = store.keep(&retrievals)?;
    tell(&mut report, &read, &kept, arguments, &location);
    Ok(report)
}

/// The sources to load; an id that the catalogue does not have is a mistake.
fn wanted(arguments: &Load) -> Result<Vec<RegistrySource>, Fault> {
    let path = &arguments.catalogue;
    let sources = catalogue::load(path)?.sources;
    let known = |id: &String| sources.iter().any(|source| source.id == *id);
    if let Some(id) = arguments.sources.iter().find(|id| !known(id)) {
        let ids: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
        return Err(Fault::usage(format!("--source {id}: {} has no such source; it has {}", path.display(), ids.join(", "))));
    }
    let all = arguments.sources.is_empty();
    Ok(sources.into_iter().filter(|source| all || arguments.sources.contains(&source.id)).collect())
}

fn read(source: RegistrySource, lookup: &Lookup<'_>) -> Result<Read, Fault> {
    let location = lookup.location(&source)?;
    let layer = lookup.layer(&source, &location, LayerOptions::default())?;
    Ok(Read { source, location, layer })
}

/// What was asked for, as the catalogue writes it, without passwords.
fn request(read: &Read) -> String {
    let place = match &read.location {
        // The machine's folders are nobody's business.
        Location::File(_) => read.source.path.clone(),
        other => other.to_string(),
    };
    read.source.layer.as_ref().map_or(place.clone(), |layer| format!("{place} layer={layer}"))
}

fn retrieval<'a>(read: &'a Read, request: &'a str, retrieved: Date) -> Retrieval<'a> {
    Retrieval { source: &read.source.id, retrieved, request, layer: &read.layer, program: PROGRAM }
}

fn tell(report: &mut Report, read: &[Read], kept: &[Kept], arguments: &Load, store: &Location) {
    let mut sources = Vec::new();
    for (read, kept) in read.iter().zip(kept) {
        let (word, said) = match kept {
            Kept::Written => ("written", "kept as new"),
            Kept::Known => ("known", "as before; the retrieval was noted"),
            Kept::Already => ("already", "known of that day; nothing to do"),
        };
        let (id, records) = (&read.source.id, read.layer.features.len());
        report.say(format!("{id}: {records} records of {}, {said}", arguments.retrieved));
        sources.push(json!({ "source": id, "records": records, "kept": word, "sha256": read.layer.sha256 }));
        report.warnings.extend(read.layer.warnings.iter().cloned());
        report.warnings.extend(registry::review(&read.source, &read.layer));
        report.rejected += read.layer.rejected;
    }
    report.output(Path::new(&store.to_string()));
    report.fact("retrieved", arguments.retrieved.to_string());
    report.fact("sources", sources);
}
