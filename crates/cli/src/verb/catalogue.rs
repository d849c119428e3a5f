//! Registry catalogues and the layers they name.

use std::path::{Path, PathBuf};

use alert::Layer;
use geoio::layer::LayerOptions;
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

/// Reads the layer of every source; paths are relative to the catalogue.
pub(crate) fn layers(
    catalogue: Catalogue,
    path: &Path,
    files: &mut Vec<PathBuf>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<(RegistrySource, Layer)>, Fault> {
    let mut layers = Vec::new();
    for source in catalogue.sources {
        let layer = layer(&source, path, LayerOptions::default())?;
        files.push(file(&source, path));
        warnings.extend(layer.warnings.iter().cloned());
        layers.push((source, layer));
    }
    Ok(layers)
}

/// The file of a source of the catalogue at a path.
pub(crate) fn file(source: &RegistrySource, catalogue: &Path) -> PathBuf {
    catalogue.parent().unwrap_or(Path::new("")).join(&source.path)
}

/// Reads the layer of a source of the catalogue at a path; the source says itself what its file does not.
pub(crate) fn layer(source: &RegistrySource, catalogue: &Path, options: LayerOptions) -> Result<Layer, Fault> {
    let file = file(source, catalogue);
    let options = LayerOptions {
        layer: source.layer.clone(),
        lon: source.lon.clone(),
        lat: source.lat.clone(),
        crs: source.crs.clone(),
        encoding: source.encoding.clone(),
        ..options
    };
    let layer = geoio::layer::read(&file, &options).map_err(|error| {
        let fault = Fault::from(error);
        Fault::new(fault.exit, format!("registry source {}: {fault}", source.id))
    })?;
    if layer.features.is_empty() {
        return Err(Fault::new(Exit::Input, format!("registry source {}: {} holds no record", source.id, file.display())));
    }
    Ok(layer)
}
