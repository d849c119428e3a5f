//! Registry catalogues and the layers they name.

use std::path::{Path, PathBuf};

use alert::Layer;
use geo_types::{Geometry, MultiPolygon};
use geoio::layer::LayerOptions;
use raster::Warning;
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

/// Reads the layer of every source; paths are relative to the catalogue. A source whose file is not there is absent, and told.
pub(crate) fn layers(catalogue: Catalogue, path: &Path) -> Result<Registries, Fault> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut registries = Registries::default();
    for source in catalogue.sources {
        let coverage = coverage(&source, base, &mut registries)?;
        let mut copies: Vec<RegistrySource> = source.earlier.iter().map(|copy| earlier(&source, copy)).collect();
        copies.push(source);
        for copy in copies {
            let layer = layer(&copy, base, &mut registries)?;
            registries.sources.push((copy, layer));
            registries.coverages.push(coverage.clone());
        }
    }
    if !registries.sources.is_empty() && registries.sources.iter().all(|(_, layer)| layer.absent) {
        return Err(Fault::new(Exit::Input, format!("{}: not one of the files that it names is there", path.display())));
    }
    Ok(registries)
}

/// The source as an earlier copy of it is read.
fn earlier(source: &RegistrySource, copy: &registry::Copy) -> RegistrySource {
    let layer = copy.layer.clone().or_else(|| source.layer.clone());
    RegistrySource { path: copy.path.clone(), layer, retrieved: Some(copy.retrieved), ..source.clone() }
}

fn layer(source: &RegistrySource, base: &Path, registries: &mut Registries) -> Result<Layer, Fault> {
    let file = base.join(&source.path);
    if !file.exists() {
        let message = format!("registry source {}: {} is not there; nothing is said by it", source.id, file.display());
        registries.warnings.push(Warning::new("source_absent", message));
        return Ok(Layer::absent(file.display().to_string()));
    }
    let layer = read(source, &file)?;
    if layer.features.is_empty() {
        return Err(Fault::new(Exit::Input, format!("registry source {}: {} holds no record", source.id, file.display())));
    }
    registries.files.push(file);
    registries.warnings.extend(layer.warnings.iter().cloned());
    Ok(layer)
}

/// Reads the file of a source.
pub(crate) fn read(source: &RegistrySource, file: &Path) -> Result<Layer, Fault> {
    let options = LayerOptions {
        layer: source.layer.clone(),
        lon: source.lon.clone(),
        lat: source.lat.clone(),
        crs: source.crs.clone(),
        encoding: source.encoding.clone(),
        ..LayerOptions::default()
    };
    geoio::layer::read(file, &options).map_err(|error| {
        let fault = Fault::from(error);
        Fault::new(fault.exit, format!("registry source {}: {fault}", source.id))
    })
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
