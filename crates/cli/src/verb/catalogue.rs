//! Registry catalogues and the layers they name.

use std::path::{Path, PathBuf};

use alert::{Features, Layer, Values};
use geoio::layer::LayerOptions;
use geoio::store::{self, Snapshot, Store};
use geoio::{Hosts, Location};
use raster::{Date, Warning};
use registry::{Catalogue, RegistryError, RegistrySource};

use crate::fault::{Exit, Fault};

/// The catalogue of a text; a mistake is told by file, line and column.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Catalogue, Fault> {
    Catalogue::parse(text).map_err(|error| at(&error, path))
}

fn at(error: &RegistryError, path: &Path) -> Fault {
    match error.place() {
        Some((line, column)) => Fault::usage(format!("{}:{line}:{column}: {error}", path.display())),
        None => Fault::usage(format!("{}: {error}", path.display())),
    }
}

/// Where the layers of a catalogue are looked for.
pub(crate) struct Reach<'a> {
    /// The catalogue: paths are relative to its folder.
    pub(crate) catalogue: &'a Path,
    /// The hosts that may be asked.
    pub(crate) hosts: &'a Hosts,
    /// The day whose state is asked for, where a source is kept in a store; the newest without it.
    pub(crate) as_of: Option<Date>,
}

impl Reach<'_> {
    /// The place that a source names.
    pub(crate) fn location(&self, source: &RegistrySource) -> Result<Location, Fault> {
        let base = self.catalogue.parent().unwrap_or(Path::new(""));
        Location::of(&source.path, base).map_err(|error| about(source, error.into()))
    }

    /// The layer of a source at a place, by what the catalogue says of how it is written.
    pub(crate) fn layer(&self, source: &RegistrySource, location: &Location) -> Result<Layer, Fault> {
        let options = LayerOptions {
            layer: source.layer.clone(),
            lon: source.lon.clone(),
            lat: source.lat.clone(),
            crs: source.crs.clone(),
            delimiter: source.delimiter.map(|sign| sign as u8),
            decimal: source.decimal,
            encoding: source.encoding.clone(),
            ..LayerOptions::default()
        };
        geoio::layer::read_at(location, self.hosts, &options).map_err(|error| about(source, error.into()))
    }
}

/// The fault with the source it is about.
fn about(source: &RegistrySource, fault: Fault) -> Fault {
    Fault::new(fault.exit, format!("registry source {}: {fault}", source.id))
}

/// Reads the layer of every source.
pub(crate) fn layers(
    catalogue: Catalogue,
    reach: &Reach<'_>,
    files: &mut Vec<PathBuf>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<(RegistrySource, Layer)>, Fault> {
    let mut layers = Vec::new();
    for mut source in catalogue.sources {
        let location = reach.location(&source)?;
        let layer = match snapshot(&source, &location, reach)? {
            State::Plain => filled(reach.layer(&source, &location)?, &source)?,
            State::Kept(snapshot) => filled(kept(&mut source, &location, &snapshot, reach)?, &source)?,
            State::NotYet(first) => {
                warnings.push(not_yet(&source, first, reach.as_of).about(location.to_string()));
                nothing(&source, &location)?
            }
        };
        files.extend(location.file().map(Path::to_path_buf));
        warnings.extend(layer.warnings.iter().cloned());
        warnings.extend(registry::review(&source, &layer));
        layers.push((source, layer));
    }
    Ok(layers)
}

/// The layer, which must have a record.
pub(crate) fn filled(layer: Layer, source: &RegistrySource) -> Result<Layer, Fault> {
    if layer.features.is_empty() {
        return Err(Fault::new(Exit::Input, format!("registry source {}: {} holds no record", source.id, layer.path)));
    }
    Ok(layer)
}

/// What a place has of a source.
enum State {
    /// It is no store, or none of this source: its layer is what there is.
    Plain,
    /// The snapshot that is asked for.
    Kept(Snapshot),
    /// Snapshots of later days only, the first of which is of this day.
    NotYet(Date),
}

/// The state of a source that is asked for. A source is in a store where the layer it names is the id of snapshots there.
fn snapshot(source: &RegistrySource, location: &Location, reach: &Reach<'_>) -> Result<State, Fault> {
    let Some(id) = source.layer.as_deref().filter(|_| store::is_store(location)) else { return Ok(State::Plain) };
    let store = Store::at(location, reach.hosts).map_err(|error| about(source, error.into()))?;
    let known = store.snapshots().map_err(|error| about(source, error.into()))?;
    let first = known.iter().filter(|snapshot| snapshot.source == id).map(|snapshot| snapshot.retrieved).min();
    match (store::newest(&known, id, reach.as_of), first) {
        (Some(snapshot), _) => Ok(State::Kept(snapshot.clone())),
        (None, Some(first)) => Ok(State::NotYet(first)),
        (None, None) => Ok(State::Plain),
    }
}

/// The layer of a snapshot, with the day and the hash of what was retrieved.
fn kept(source: &mut RegistrySource, location: &Location, snapshot: &Snapshot, reach: &Reach<'_>) -> Result<Layer, Fault> {
    let table = RegistrySource { layer: Some(snapshot.table.clone()), crs: None, ..source.clone() };
    let layer = reach.layer(&table, location)?;
    source.retrieved = Some(snapshot.retrieved);
    Ok(Layer { sha256: snapshot.sha256.clone(), crs: snapshot.crs.clone(), ..layer })
}

fn not_yet(source: &RegistrySource, first: Date, as_of: Option<Date>) -> Warning {
    let day = as_of.map_or_else(String::new, |day| format!(" as of {day}"));
    let message = format!(
        "source {}: the store has no snapshot{day}; the first is of {first}: no feature can be linked to it, which is no answer",
        source.id
    );
    Warning::new("no_snapshot", message)
}

/// A layer with the fields that a source names, and no record.
fn nothing(source: &RegistrySource, location: &Location) -> Result<Layer, Fault> {
    let mut features = Features::new(&source.id, Vec::new());
    for (_, field) in source.fields() {
        if features.column(field).is_none() {
            features = features.with(field, Values::Text(Vec::new()))?;
        }
    }
    Ok(Layer { path: location.to_string(), features, ..Layer::default() })
}
