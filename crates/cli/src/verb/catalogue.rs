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
use crate::job::read_text;

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
        reaches(&self.sources, &self.coverages)
    }
}

/// The catalogue of a text; a mistake is told by file, line and column.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Catalogue, Fault> {
    Catalogue::parse(text).map_err(|error| at(&error, path))
}

/// The files of a catalogue: itself, or of a folder every `.toml` by name.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| Fault::new(Exit::Input, format!("{}: cannot be read: {error}", path.display()));
    let entries = std::fs::read_dir(path).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let is_catalogue = |file: &PathBuf| file.is_file() && file.extension().is_some_and(|ending| ending == "toml");
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_catalogue).collect();
    files.sort();
    if files.is_empty() {
        return Err(Fault::new(Exit::Input, format!("{}: holds no catalogue (.toml)", path.display())));
    }
    Ok(files)
}

/// The catalogue of a file, or of all files of a folder, whose ids must differ.
pub(crate) fn load(path: &Path) -> Result<Catalogue, Fault> {
    let mut whole = Catalogue { sources: Vec::new() };
    for file in files(path)? {
        for source in parse(&read_text(&file)?, &file)?.sources {
            if whole.sources.iter().any(|known| known.id == source.id) {
                let (file, line, id) = (file.display(), source.line, source.id);
                return Err(Fault::usage(format!(
                    "{file}:{line}: source id `{id}` is already used in another file of the folder"
                )));
            }
            whole.sources.push(source);
        }
    }
    Ok(whole)
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
    /// The catalogue, a file or a folder of files: paths are relative to the folder.
    pub(crate) catalogue: &'a Path,
    /// The hosts that may be asked.
    pub(crate) hosts: &'a Hosts,
    /// The day whose state is asked for, where a source is kept in a store; the newest without it.
    pub(crate) as_of: Option<Date>,
}

impl Lookup<'_> {
    /// The folder that paths are relative to.
    fn base(&self) -> &Path {
        if self.catalogue.is_dir() { self.catalogue } else { self.catalogue.parent().unwrap_or(Path::new("")) }
    }

    /// The place that a source names.
    pub(crate) fn location(&self, source: &RegistrySource) -> Result<Location, Fault> {
        Location::of(&source.path, self.base()).map_err(|error| about(source, error.into()))
    }

    /// The layer of a source at a place, by what the catalogue says of how it is written; it must have a record.
    pub(crate) fn layer(&self, source: &RegistrySource, location: &Location, options: LayerOptions) -> Result<Layer, Fault> {
        let options = LayerOptions {
            layer: source.layer.clone(),
            lon: source.lon.clone(),
            lat: source.lat.clone(),
            crs: source.crs.clone(),
            delimiter: source.delimiter.map(|sign| sign as u8),
            decimal: source.decimal,
            encoding: source.encoding.clone(),
            ..options
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
    fn kept(
        &self,
        source: &mut RegistrySource,
        location: &Location,
        snapshot: &Snapshot,
        options: LayerOptions,
    ) -> Result<Layer, Fault> {
        let table = RegistrySource { layer: Some(snapshot.table.clone()), crs: None, ..source.clone() };
        let layer = self.layer(&table, location, options)?;
        source.retrieved = Some(snapshot.retrieved);
        Ok(Layer { sha256: snapshot.sha256.clone(), crs: snapshot.crs.clone(), ..layer })
    }

    /// What a source holds, by these options and what its record says; absent, with a warning, where its file is not there or its
    /// store did not know it yet. A raster is not read here: its records are the classes found under features.
    pub(crate) fn read(&self, source: &mut RegistrySource, options: LayerOptions) -> Result<Read, Fault> {
        let location = self.location(source)?;
        if location.file().is_some_and(|file| !file.exists()) {
            let message = format!("registry source {}: {location} is not there; nothing is said by it", source.id);
            return Ok(Read::absent(&location, Warning::new("source_absent", message)));
        }
        let file = location.file().map(Path::to_path_buf);
        if source.raster.is_some() {
            return Ok(Read { layer: Layer { path: location.to_string(), ..Layer::default() }, file, warnings: Vec::new() });
        }
        let layer = match self.state(source, &location)? {
            State::Plain => self.layer(source, &location, options)?,
            State::Kept(snapshot) => self.kept(source, &location, &snapshot, options)?,
            State::NotYet(first) => {
                return Ok(Read::absent(&location, not_yet(source, first, self.as_of).about(location.to_string())));
            }
        };
        let warnings = layer.warnings.iter().cloned().chain(registry::review(source, &layer)).collect();
        Ok(Read { layer, file, warnings })
    }

    /// The polygons that a source covers, where its record names a file of them.
    pub(crate) fn coverage(&self, source: &RegistrySource) -> Result<Option<(PathBuf, MultiPolygon<f64>)>, Fault> {
        let Some(path) = &source.coverage.polygons else { return Ok(None) };
        let file = self.base().join(path);
        let layer = geoio::layer::read(&file, &LayerOptions::default())?;
        let polygons = layer.features.geometries.into_iter().flatten().flat_map(|geometry| match geometry {
            Geometry::Polygon(polygon) => vec![polygon],
            Geometry::MultiPolygon(polygons) => polygons.0,
            _ => Vec::new(),
        });
        Ok(Some((file, polygons.collect())))
    }
}

/// What was read of a source.
pub(crate) struct Read {
    /// What it holds.
    pub(crate) layer: Layer,
    /// The file it lies in.
    pub(crate) file: Option<PathBuf>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
}

impl Read {
    fn absent(location: &Location, warning: Warning) -> Self {
        Self { layer: Layer::absent(location.to_string()), file: None, warnings: vec![warning] }
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
pub(crate) fn about(source: &RegistrySource, fault: Fault) -> Fault {
    Fault::new(fault.exit, format!("registry source {}: {fault}", source.id))
}

/// Every copy of every source: the earlier ones first, in the order of their days.
pub(crate) fn copies(catalogue: Catalogue) -> Vec<RegistrySource> {
    let each = |source: RegistrySource| {
        let mut copies: Vec<RegistrySource> = source.earlier.iter().map(|copy| earlier(&source, copy)).collect();
        copies.push(source);
        copies
    };
    catalogue.sources.into_iter().flat_map(each).collect()
}

/// The source as an earlier copy of it is read.
fn earlier(source: &RegistrySource, copy: &registry::Copy) -> RegistrySource {
    let layer = copy.layer.clone().or_else(|| source.layer.clone());
    RegistrySource { path: copy.path.clone(), layer, retrieved: Some(copy.retrieved), ..source.clone() }
}

/// Reads the layer of every copy of every source, in longitude and latitude.
pub(crate) fn layers(catalogue: Catalogue, lookup: &Lookup<'_>) -> Result<Registries, Fault> {
    let mut registries = Registries::default();
    for mut source in copies(catalogue) {
        let coverage = lookup.coverage(&source)?;
        let read = lookup.read(&mut source, LayerOptions::default())?;
        registries.files.extend(coverage.iter().map(|(file, _)| file.clone()).chain(read.file));
        registries.coverages.push(coverage.map(|(_, polygons)| polygons));
        registries.warnings.extend(read.warnings);
        registries.sources.push((source, read.layer));
    }
    refuse_none(&registries.warnings, registries.sources.len(), lookup)?;
    registries.warnings = told_together(registries.warnings, &registries.sources);
    Ok(registries)
}

/// The warnings with those of several absent sources as one, which names them all.
pub(crate) fn told_together(warnings: Vec<Warning>, sources: &[(RegistrySource, Layer)]) -> Vec<Warning> {
    let (absent, mut rest): (Vec<Warning>, Vec<Warning>) =
        warnings.into_iter().partition(|warning| warning.code == "source_absent");
    if absent.len() < 2 {
        rest.splice(0..0, absent);
        return rest;
    }
    let ids: Vec<&str> = sources
        .iter()
        .filter(|(_, layer)| layer.absent && !Path::new(&layer.path).exists())
        .map(|(source, _)| source.id.as_str())
        .collect();
    let message = format!("{} registry sources are not there; nothing is said by them: {}", ids.len(), ids.join(", "));
    rest.insert(0, Warning::new("source_absent", message));
    rest
}

/// Refuses a catalogue of which nothing is there. A store that has no snapshot as of a day is there, and that is its answer.
pub(crate) fn refuse_none(warnings: &[Warning], sources: usize, lookup: &Lookup<'_>) -> Result<(), Fault> {
    let missing = warnings.iter().filter(|warning| warning.code == "source_absent").count();
    if missing == 0 || missing < sources {
        return Ok(());
    }
    let message = format!("{}: not one of the sources that it names is there", lookup.catalogue.display());
    Err(Fault::new(Exit::Input, message))
}

fn not_yet(source: &RegistrySource, first: Date, as_of: Option<Date>) -> Warning {
    let day = as_of.map_or_else(String::new, |day| format!(" as of {day}"));
    let message =
        format!("registry source {}: the store has no snapshot{day}, the first is of {first}; nothing is said by it", source.id);
    Warning::new("no_snapshot", message)
}

/// Where sources can say that there is nothing.
pub(crate) fn reaches<'a>(sources: &'a [(RegistrySource, Layer)], coverages: &'a [Option<MultiPolygon<f64>>]) -> Vec<Reach<'a>> {
    let each = sources.iter().zip(coverages);
    each.map(|((source, layer), polygons)| Reach { source, layer, polygons: polygons.as_ref() }).collect()
}
