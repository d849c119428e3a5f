//! Registry catalogues and the layers they name.

use std::path::{Path, PathBuf};

use alert::Layer;
use geoio::layer::LayerOptions;
use geoio::{Hosts, Location};
use raster::Warning;
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
    for source in catalogue.sources {
        let location = reach.location(&source)?;
        let layer = reach.layer(&source, &location)?;
        if layer.features.is_empty() {
            return Err(Fault::new(Exit::Input, format!("registry source {}: {location} holds no record", source.id)));
        }
        files.extend(location.file().map(Path::to_path_buf));
        warnings.extend(layer.warnings.iter().cloned());
        warnings.extend(registry::review(&source, &layer));
        layers.push((source, layer));
    }
    Ok(layers)
}
