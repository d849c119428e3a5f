//! Registry catalogues and the layers they name.

use std::path::{Path, PathBuf};

use alert::Layer;
use geo_types::{Geometry, MultiPolygon};
use geoio::layer::LayerOptions;
use geoio::store::{self, Snapshot, Store};
use geoio::{Hosts, Location};
use raster::{Date, Warning};
use registry::{Catalogue, Reach, RegistryError, RegistrySource};

use crate::fault::{Exit, Fault};

/// Sources with what they hold and where they can speak. Copies of one source have the same id.
#[derive(Default)]
pub(crate) struct Registries {
    /// Each copy of each source.
    pub(crate) sources: Vec<(RegistrySource, Layer)>,
    /// The polygons that each covers, where its record names some.
    pub(crate) coverages: Vec<Option<MultiPolygon<f64>>>,
    /// Files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
}

impl Registries {
    /// Where each source can say that there is nothing.
    pub(crate) fn reaches(&self) -> Vec<Reach<'_>> {
        let each = self.sources.iter().zip(&self.coverages);
        each.map(|((source, layer), polygons)| Reach { source, layer, polygons: polygons.as_ref() }).collect()
    }
}

/// The catalogue of a text; a mistake is told by file, line and column.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Catalogue, Fault> {
    Catalogue::parse(text).map_err(|error| at(&error, path))
}

/// A mistake in a file of catalogues or rules, told by file, line and column.
pub(crate) fn at(error: &RegistryError, path: &Path) -> Fault {
    match error.place() {
        Some((line, column)) => Fault::usage(format!("{}:{line}:{column}: {error}", path.display())),
        None => Fault::usage(format!("{}: {error}", path.display())),
    }
}

/// How the layers of a catalogue are looked up.
pub(crate) struct Lookup<'a> {
    /// The catalogue: paths are relative to its folder.
    pub(crate) catalogue: &'a Path,
    /// The hosts that may be asked.
    pub(crate) hosts: &'a Hosts,
    /// The day whose state is asked for, where a source is kept in a store; the newest without it.
    pub(crate) as_of: Option<Date>,
}

impl Lookup<'_> {
    /// The folder that paths are relative to.
    fn base(&self) -> &Path {
        self.catalogue.parent().unwrap_or(Path::new(""))
    }

    /// The place that a source names.
    pub(crate) fn location(&self, source: &RegistrySource) -> Result<Location, Fault> {
        Location::of(&source.path, self.base()).map_err(|error| about(source, error.into()))
    }

    /// The layer of a source at a place, by what the catalogue says of how it is written; it must have a record.
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
        let layer = geoio::layer::read_at(location, self.hosts, &options).map_err(|error| about(source, error.into()))?;
        if layer.features.is_empty() {
            return Err(about(source, Fault::new(Exit::Input, format!("{location} holds no record"))));
        }
        Ok(layer)
    }

    /// What a place has of a source. A source is in a store where the layer it names is the id of snapshots there.
    fn state(&self, source: &RegistrySource, location: &Location) -> Result<State, Fault> {
        let Some(id) = source.layer.as_deref().filter(|_| store::is_store(location)) else { return Ok(State::Plain) };
        let store = Store::at(location, self.hosts).map_err(|error| about(source, error.into()))?;
        let known = store.snapshots().map_err(|error| about(source, error.into()))?;
        let first = known.iter().filter(|snapshot| snapshot.source == id).map(|snapshot| snapshot.retrieved).min();
        match (store::newest(&known, id, self.as_of), first) {
            (Some(snapshot), _) => Ok(State::Kept(snapshot.clone())),
            (None, Some(first)) => Ok(State::NotYet(first)),
            (None, None) => Ok(State::Plain),
        }
    }

    /// The layer of a snapshot, with the day and the hash of what was retrieved.
    fn kept(&self, source: &mut RegistrySource, location: &Location, snapshot: &Snapshot) -> Result<Layer, Fault> {
        let table = RegistrySource { layer: Some(snapshot.table.clone()), crs: None, ..source.clone() };
        let layer = self.layer(&table, location)?;
        source.retrieved = Some(snapshot.retrieved);
        Ok(Layer { sha256: snapshot.sha256.clone(), crs: snapshot.crs.clone(), ..layer })
    }
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

/// The fault with the source it is about.
fn about(source: &RegistrySource, fault: Fault) -> Fault {
    Fault::new(fault.exit, format!("registry source {}: {fault}", source.id))
}

/// Reads the layer of every source. A source whose file is not there, or which its store did not know yet, is absent, and told.
pub(crate) fn layers(catalogue: Catalogue, lookup: &Lookup<'_>) -> Result<Registries, Fault> {
    let mut registries = Registries::default();
    for source in catalogue.sources {
        let coverage = coverage(&source, lookup.base(), &mut registries)?;
        let mut copies: Vec<RegistrySource> = source.earlier.iter().map(|copy| earlier(&source, copy)).collect();
        copies.push(source);
        for mut copy in copies {
            let layer = layer(&mut copy, lookup, &mut registries)?;
            registries.sources.push((copy, layer));
            registries.coverages.push(coverage.clone());
        }
    }
    // A store that has no snapshot as of a day is there, and that is its answer.
    let missing = registries.warnings.iter().filter(|warning| warning.code == "source_absent").count();
    if missing > 0 && missing == registries.sources.len() {
        return Err(Fault::new(
            Exit::Input,
            format!("{}: not one of the sources that it names is there", lookup.catalogue.display()),
        ));
    }
    Ok(registries)
}

/// The source as an earlier copy of it is read.
fn earlier(source: &RegistrySource, copy: &registry::Copy) -> RegistrySource {
    let layer = copy.layer.clone().or_else(|| source.layer.clone());
    RegistrySource { path: copy.path.clone(), layer, retrieved: Some(copy.retrieved), ..source.clone() }
}

fn layer(source: &mut RegistrySource, lookup: &Lookup<'_>, registries: &mut Registries) -> Result<Layer, Fault> {
    let location = lookup.location(source)?;
    if location.file().is_some_and(|file| !file.exists()) {
        let message = format!("registry source {}: {location} is not there; nothing is said by it", source.id);
        registries.warnings.push(Warning::new("source_absent", message));
        return Ok(Layer::absent(location.to_string()));
    }
    let layer = match lookup.state(source, &location)? {
        State::Plain => lookup.layer(source, &location)?,
        State::Kept(snapshot) => lookup.kept(source, &location, &snapshot)?,
        State::NotYet(first) => {
            registries.warnings.push(not_yet(source, first, lookup.as_of).about(location.to_string()));
            return Ok(Layer::absent(location.to_string()));
        }
    };
    registries.files.extend(location.file().map(Path::to_path_buf));
    registries.warnings.extend(layer.warnings.iter().cloned());
    registries.warnings.extend(registry::review(source, &layer));
    Ok(layer)
}

fn not_yet(source: &RegistrySource, first: Date, as_of: Option<Date>) -> Warning {
    let day = as_of.map_or_else(String::new, |day| format!(" as of {day}"));
    let message =
        format!("registry source {}: the store has no snapshot{day}, the first is of {first}; nothing is said by it", source.id);
    Warning::new("no_snapshot", message)
}

/// The polygons that a source covers, where its record names a file of them.
fn coverage(source: &RegistrySource, base: &Path, registries: &mut Registries) -> Result<Option<MultiPolygon<f64>>, Fault> {
    let Some(path) = &source.coverage.polygons else { return Ok(None) };
    let file = base.join(path);
    let layer = geoio::layer::read(&file, &LayerOptions::default())?;
    registries.files.push(file);
    let polygons = layer.features.geometries.into_iter().flatten().flat_map(|geometry| match geometry {
        Geometry::Polygon(polygon) => vec![polygon],
        Geometry::MultiPolygon(polygons) => polygons.0,
        _ => Vec::new(),
    });
    Ok(Some(polygons.collect()))
}
