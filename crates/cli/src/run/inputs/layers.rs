//! Layers that a job names beside its imagery.

use std::path::{Path, PathBuf};

use alert::Layer;
use geoio::{Eligibility, Hosts};
use raster::{Grid, Warning};
use registry::{Overlay, RegistrySource, RulePack};

use crate::fault::Fault;
use crate::job::{Job, Within};
use crate::verb::catalogue::{self, Lookup, Registries};

pub(super) fn eligibility(
    job: &Job,
    within: &Within,
    grid: &Grid,
    files: &mut Vec<PathBuf>,
    warnings: &mut Vec<Warning>,
) -> Result<Eligibility, Fault> {
    match (&within.raster, &within.polygons) {
        (Some(path), None) => {
            if within.classes.is_empty() {
                return Err(Fault::usage("[change] within names a raster: name its classes too, such as classes = [1]"));
            }
            let path = job.path(path);
            files.push(path.clone());
            geoio::check_blocks(&path)?;
            Ok(Eligibility::raster(path, 1, within.classes.clone(), grid.clone())?)
        }
        (None, Some(path)) => {
            let layer = read_layer(&job.path(path), files, warnings)?;
            Ok(Eligibility::polygons(grid.clone(), &layer.features)?)
        }
        _ => Err(Fault::usage("[change] within needs either raster = \"...\" with classes, or polygons = \"...\"")),
    }
}

/// Reads a layer and notes its file and what was noticed.
pub(super) fn read_layer(path: &Path, files: &mut Vec<PathBuf>, warnings: &mut Vec<Warning>) -> Result<Layer, Fault> {
    let layer = geoio::layer::read(path, &geoio::layer::LayerOptions::default())?;
    files.push(path.to_path_buf());
    warnings.extend(layer.warnings.iter().cloned());
    Ok(layer)
}

pub(super) fn registries(job: &Job) -> Result<Registries, Fault> {
    let Some(spec) = &job.registries else { return Ok(Registries::default()) };
    let path = job.path(&spec.catalogue);
    let catalogue = catalogue::load(&path)?;
    let hosts = Hosts::new(&job.network.hosts);
    let registries = catalogue::layers(catalogue, &Lookup { catalogue: &path, hosts: &hosts, as_of: spec.as_of })?;
    Overlay::new(&registries.sources)?;
    Ok(registries)
}

/// The rules that the job names; those in files are among what the run reads.
pub(super) fn rules(job: &Job, registries: &Registries, files: &mut Vec<PathBuf>) -> Result<Vec<RulePack>, Fault> {
    let packs = crate::rules::load(&job.rules.packs, &job.base)?;
    let sources: Vec<&RegistrySource> = registries.sources.iter().map(|(source, _)| source).collect();
    packs.iter().try_for_each(|pack| pack.check(&sources))?;
    files.extend(job.rules.packs.iter().filter(|name| crate::rules::is_file(name)).map(|name| job.base.join(name)));
    Ok(packs)
}

pub(super) fn units(job: &Job, registries: &[(RegistrySource, Layer)]) -> Result<Option<usize>, Fault> {
    let Some(spec) = &job.registries else { return Ok(None) };
    match &spec.summary {
        Some(id) => registries.iter().rposition(|(source, _)| &source.id == id).map(Some).ok_or_else(|| {
            let known: Vec<&str> = registries.iter().map(|(source, _)| source.id.as_str()).collect();
            Fault::usage(format!("[registries] summary = \"{id}\" is no source of the catalogue; it has {}", known.join(", ")))
        }),
        None => Ok(registries.iter().rposition(|(source, layer)| source.theme == "administrative" && !layer.absent)),
    }
}
