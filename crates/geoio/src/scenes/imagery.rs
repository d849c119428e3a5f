use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use raster::{Role, Scene, Warning, Window};
use serde::Serialize;

use super::curve::Curve;
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile, archive, cube};

/// Where a layer of a scene is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerFile {
    /// Place of the file in [`Imagery::file`].
    pub file: usize,
    /// Band of the file, the first is 1.
    pub band: usize,
    /// Stored numbers that are no value: the job's, else the sensor's, else the file's.
    pub void: Void,
    /// What stored numbers become before they are scaled, where that is no straight line.
    pub curve: Option<Curve>,
}

/// A layer as a product describes it.
#[derive(Debug, Clone)]
pub(super) struct FoundLayer {
    pub(super) role: Role,
    pub(super) path: PathBuf,
    pub(super) band: usize,
    pub(super) void: Void,
    pub(super) curve: Option<Curve>,
}

/// A scene as a product describes it.
#[derive(Debug, Clone)]
pub(super) struct FoundScene {
    pub(super) scene: Scene,
    pub(super) layers: Vec<FoundLayer>,
    /// What its versions share, where the product tells.
    pub(super) sensing: Option<Sensing>,
}

/// What two versions of one scene share: a provider makes products anew, and the later one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sensing {
    /// Spacecraft and tile.
    pub(super) what: String,
    /// Seconds since 1970 of its first line.
    pub(super) second: i64,
}

/// Seconds by which the first lines of two versions may differ; two halves of a tile lie further apart.
const SAME_SENSING_S: i64 = 3;

impl Sensing {
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.what == other.what && (self.second - other.second).abs() <= SAME_SENSING_S
    }
}

/// Scenes and the files of their layers.
#[derive(Debug, Clone)]
pub struct Imagery {
    /// The scenes in order of date, time and id.
    pub scenes: Vec<Scene>,
    paths: Vec<PathBuf>,
    layers: Vec<Vec<(Role, LayerFile)>>,
    metadata: Vec<PathBuf>,
}

impl Imagery {
    pub(super) fn new(mut found: Vec<FoundScene>, metadata: Vec<PathBuf>) -> Self {
        found.sort_by(|a, b| {
            let key = |s: &FoundScene| (s.scene.date, s.scene.second.unwrap_or(0));
            key(a).cmp(&key(b)).then_with(|| a.scene.id.cmp(&b.scene.id))
        });
        let all: BTreeSet<&PathBuf> = found.iter().flat_map(|s| s.layers.iter().map(|layer| &layer.path)).collect();
        let paths: Vec<PathBuf> = all.into_iter().cloned().collect();
        let place = |path: &PathBuf| paths.binary_search(path).expect("the list holds every layer's path");
        let layers = found
            .iter()
            .map(|s| {
                let layer = |l: &super::imagery::FoundLayer| {
                    (l.role.clone(), LayerFile { file: place(&l.path), band: l.band, void: l.void, curve: l.curve })
                };
                s.layers.iter().map(layer).collect()
            })
            .collect();
        Self { scenes: found.into_iter().map(|s| s.scene).collect(), paths, layers, metadata }
    }

    /// Every file the imagery is read from, metadata and tables of dates too; sorted, each once. Of an archive the archive, of a
    /// Zarr store all files of its folder.
    pub fn files(&self) -> Vec<PathBuf> {
        let all: BTreeSet<PathBuf> = self.paths.iter().chain(&self.metadata).flat_map(|path| containers(path)).collect();
        all.into_iter().collect()
    }

    /// Path of a file by its number.
    ///
    /// # Panics
    /// Where no layer has that number.
    pub fn file(&self, number: usize) -> &Path {
        &self.paths[number]
    }

    /// The raster files, by their numbers.
    pub fn rasters(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The scenes that have a layer in a file.
    pub fn scenes_in(&self, file: usize) -> impl Iterator<Item = usize> + '_ {
        let scenes = self.layers.iter().enumerate();
        scenes.filter(move |(_, layers)| layers.iter().any(|(_, layer)| layer.file == file)).map(|(scene, _)| scene)
    }

    /// The layers of a scene, and where each is stored.
    pub fn layers(&self, scene: usize) -> &[(Role, LayerFile)] {
        &self.layers[scene]
    }

    /// The files that hold the layers of a scene; sorted, each once, as in [`Imagery::files`].
    pub fn files_of(&self, scene: usize) -> Vec<PathBuf> {
        let all: BTreeSet<PathBuf> =
            self.layers[scene].iter().flat_map(|(_, layer)| containers(&self.paths[layer.file])).collect();
        all.into_iter().collect()
    }

    /// Where a layer of a scene is stored.
    ///
    /// # Errors
    /// [`GeoioError::MissingLayer`].
    pub fn source(&self, scene: usize, role: &Role) -> Result<LayerFile, GeoioError> {
        let layers = &self.layers[scene];
        layers.iter().find(|(layer, _)| layer == role).map(|(_, file)| *file).ok_or_else(|| GeoioError::MissingLayer {
            path: PathBuf::from(&self.scenes[scene].id),
            layer: role.to_string(),
            available: layers.iter().map(|(layer, _)| layer.to_string()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The scenes whose files end too early, with the reason: the last pixel of each of these layers is read.
    ///
    /// A download that broke off is found here, before a long run; damage in between is found when it is read.
    pub fn truncated(&self, roles: &[Role]) -> Vec<(usize, GeoioError)> {
        let mut open: BTreeMap<usize, Result<RasterFile, GeoioError>> = BTreeMap::new();
        let mut found = Vec::new();
        for (scene, layers) in self.layers.iter().enumerate() {
            for (_, layer) in layers.iter().filter(|(role, _)| roles.contains(role)) {
                let file = open.entry(layer.file).or_insert_with(|| RasterFile::open(&self.paths[layer.file]));
                let Ok(file) = file else { continue };
                let (row, col) = (file.grid().rows as isize - 1, file.grid().cols as isize - 1);
                if let Err(error) = file.read(layer.band.max(1), Window { row, col, rows: 1, cols: 1 }) {
                    found.push((scene, error));
                    break;
                }
            }
            // A stack is shared by many scenes and stays open; a file of one scene is not needed again.
            if self.paths.len() >= self.scenes.len() {
                open.clear();
            }
        }
        found
    }

    /// The same imagery with only the scenes for which `keep` holds; `keep` is given place and scene.
    pub fn retain(self, mut keep: impl FnMut(usize, &Scene) -> bool) -> Self {
        let both = self.scenes.into_iter().zip(self.layers).enumerate();
        let (scenes, layers) = both.filter(|(i, (scene, _))| keep(*i, scene)).map(|(_, both)| both).unzip();
        Self { scenes, layers, ..self }
    }
}

/// A file or folder that was found and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file or folder.
    pub path: PathBuf,
    /// Why it cannot be used.
    pub reason: String,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// What can be used.
    pub imagery: Imagery,
    /// What cannot.
    pub skipped: Vec<Skipped>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// The files behind a path: of an archive the archive, of a Zarr store all files of its folder.
fn containers(path: &Path) -> Vec<PathBuf> {
    cube::container(path).unwrap_or_else(|| vec![archive::container(path).to_owned()])
}
