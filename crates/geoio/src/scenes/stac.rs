//! Scenes by STAC items: of one item, a list, a collection or a catalogue on this machine.

use std::path::{Path, PathBuf};

use raster::{Grid, Role, Scaling, Scene, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::imagery::{FoundLayer, FoundScene, Sensing};
use super::numbers::Numbers;
use super::stac_item::{Described, DescribedLayer, describe};
use super::{Batch, Skipped, noticed};
use crate::raster_file::Void;
use crate::stac::{self, Checksum, Folders, Item, Place, StacSearch, Verdict};
use crate::{GeoioError, RasterFile, crs};

/// STAC items, found by what they say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StacSpec {
    /// An item, a list of items, a collection or a catalogue (JSON); its links are followed.
    pub path: PathBuf,
    /// West, south, east, north in degrees; west lies east of east where it crosses the antimeridian. Default everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f64; 4]>,
    /// A day, or an interval such as "2024-01-01/2024-12-31"; ".." is an open end, days are whole. Default any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datetime: Option<String>,
    /// Ids of collections. Default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    /// Ids of items. Default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// Largest share of cloud in percent; items that tell none are left out then. Default any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cloud: Option<f64>,
    /// Folders beside the catalogue's own whose files it may name. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folders: Option<Vec<PathBuf>>,
    /// Factor from stored numbers to values, instead of what the items say. Default theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Summand after the factor, instead of what the items say. Default theirs; 0 where a scale is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
}

impl StacSpec {
    fn search(&self) -> StacSearch {
        StacSearch {
            bbox: self.bbox,
            datetime: self.datetime.clone(),
            collections: self.collections.clone(),
            ids: self.ids.clone(),
            max_cloud: self.max_cloud,
        }
    }

    /// The scaling that the job gives instead of the items.
    fn numbers(&self) -> Numbers {
        Numbers { scale: self.scale, offset: self.offset, nodata: None }
    }
}

/// What a search finds, told by the items alone: no image is opened.
#[derive(Debug, Default)]
pub struct StacListing {
    /// The items that were searched for, in the order of the catalogue.
    pub items: Vec<ListedItem>,
    /// Files and items that are none, with the reason.
    pub rejected: Vec<Skipped>,
    /// What people should know.
    pub warnings: Vec<Warning>,
    /// Items that were looked at.
    pub seen: usize,
    files: Vec<PathBuf>,
}

/// An item, and what it would be as a scene.
#[derive(Debug)]
pub struct ListedItem {
    /// The item.
    pub item: Item,
    /// As a scene; why it is none.
    pub scene: Result<ListedScene, GeoioError>,
    described: Option<Described>,
}

/// What an item says of itself as a scene.
#[derive(Debug, Clone)]
pub struct ListedScene {
    /// Id of the sensor.
    pub sensor: String,
    /// Spacecraft; empty where it is not told.
    pub platform: String,
    /// Its layers in the order of the sensor's table.
    pub layers: Vec<ListedLayer>,
}

/// What an item says of one layer.
#[derive(Debug, Clone)]
pub struct ListedLayer {
    /// What it is.
    pub role: Role,
    /// Name of its asset.
    pub asset: String,
    /// Where the asset is.
    pub href: String,
    /// Whether it is a file that is there.
    pub is_there: bool,
    /// Factor and summand of stored numbers; `None` where only the file can tell.
    pub scaling: Option<Scaling>,
}

/// Searches a catalogue and says what each item is, by the items alone. Paths are relative to `base`.
///
/// # Errors
/// [`GeoioError::Search`] for a search that can match nothing, [`GeoioError`] for a first file that cannot be read.
pub fn list_stac(spec: &StacSpec, base: &Path) -> Result<StacListing, GeoioError> {
    let path = base.join(&spec.path);
    let search = spec.search();
    search.check().map_err(|reason| GeoioError::Search { path: path.clone(), reason })?;
    spec.numbers().check(&path)?;
    let more: Vec<PathBuf> = spec.folders.iter().flatten().map(|folder| base.join(folder)).collect();
    crate::open::check_local(&path)?;
    let folders = Folders::new(&path, &more)?;
    let found = stac::read(&path, &folders, &search, |mut item| {
        let (scene, described) = match describe(&item, &folders, spec.numbers()) {
            Ok(described) => (Ok(listed(&described)), Some(described)),
            Err(error) => (Err(error), None),
        };
        item.forget();
        ListedItem { item, scene, described }
    })?;
    Ok(StacListing {
        items: found.items,
        rejected: found.rejected,
        warnings: found.warnings,
        seen: found.seen,
        files: found.files,
    })
}

fn listed(described: &Described) -> ListedScene {
    let layer = |layer: &DescribedLayer| ListedLayer {
        role: layer.role.clone(),
        asset: layer.asset.clone(),
        href: layer.href.clone(),
        is_there: layer.is_there(),
        scaling: if layer.role.is_quality() { Some(Scaling::IDENTITY) } else { layer.scaling },
    };
    ListedScene {
        sensor: described.sensor.id.clone(),
        platform: described.platform.clone(),
        layers: described.layers.iter().map(layer).collect(),
    }
}

pub(super) fn find(spec: &StacSpec, base: &Path) -> Result<Batch, GeoioError> {
    let listing = list_stac(spec, base)?;
    let mut batch = Batch { skipped: listing.rejected, warnings: listing.warnings, metadata: listing.files, ..Batch::default() };
    for ListedItem { item, scene: told, described } in listing.items {
        let found = match (told, described) {
            (Ok(_), Some(described)) => scene(&item, described, &mut batch.warnings),
            (Err(error), _) => Err(error),
            (Ok(_), None) => unreachable!("what is told of a scene is told of its description"),
        };
        match found {
            Ok(found) => {
                batch.scenes.push(found);
                batch.metadata.push(item.origin);
            }
            Err(error) => batch.skip(&item.origin, &error),
        }
    }
    batch.metadata.sort();
    batch.metadata.dedup();
    Ok(batch)
}

/// The scene of an item, its files opened and held against what the item says of them.
fn scene(item: &Item, described: Described, warnings: &mut Vec<Warning>) -> Result<FoundScene, GeoioError> {
    let Some((date, second)) = item.span.day() else {
        return Err(item.refuse(format!("its images are of {}, not of a day", item.span)));
    };
    let mut opened = Vec::new();
    for layer in described.layers {
        match layer.local(item) {
            Err(warning) => warnings.push(warning),
            Ok(path) => {
                check_bytes(item, &layer, &path, warnings)?;
                let file = RasterFile::open(&path)?;
                check_place(item, &layer, &file, warnings)?;
                opened.push((layer, file));
            }
        }
    }
    if !opened.iter().any(|(layer, _)| !layer.role.is_quality()) {
        return Err(item.refuse("none of its bands is a file on this machine"));
    }
    let (mut layers, mut scalings) = (Vec::new(), Vec::new());
    for (layer, file) in &opened {
        let info = layer.band.checked_sub(1).and_then(|i| file.bands().get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: file.path().to_owned(),
            layer: format!("{} (band {})", layer.role, layer.band),
            available: format!("bands 1 to {}", file.bands().len()),
        })?;
        let numbers = layer.numbers();
        if described.sensor.bands.iter().any(|band| Role::Band(band.band) == layer.role) && info.data_type == "Byte" {
            return Err(item.refuse(format!("{} holds 8-bit numbers: a quick-look, not reflectance", file.path().display())));
        }
        scalings.push((layer.role.clone(), numbers.scaling(&layer.role, info, file.path())?));
        let void = if layer.role.is_quality() { Void::default() } else { Void::nodata(layer.nodata.or(info.nodata)) };
        layers.push(FoundLayer { role: layer.role.clone(), path: file.path().to_owned(), band: layer.band, void, curve: None });
        if described.sensor.masks.is_empty() {
            warnings.extend(noticed(numbers, std::iter::once((&layer.role, file, layer.band))));
        }
    }
    warnings.extend(described.warnings);
    let grid = finest(&opened).clone();
    let scene = Scene {
        id: item.id.clone(),
        sensor: described.sensor,
        platform: described.platform,
        orbit: described.orbit,
        date,
        second,
        generation: described.generation,
        grid,
        layers: scalings,
    };
    let clock = i64::from(described.strip.or(second).unwrap_or(0));
    let sensing = described.tile.map(|what| Sensing { what, second: i64::from(date.days()) * 86_400 + clock });
    Ok(FoundScene { scene, layers, sensing })
}

/// The grid of the finest band.
fn finest(opened: &[(DescribedLayer, RasterFile)]) -> &Grid {
    let bands = opened.iter().filter(|(layer, _)| !layer.role.is_quality()).map(|(_, file)| file.grid());
    bands.min_by(|a, b| (a.step_x * a.step_y).total_cmp(&(b.step_x * b.step_y))).expect("there is a band")
}

/// Holds a file against the size and checksum that its asset tells.
fn check_bytes(item: &Item, layer: &DescribedLayer, path: &Path, warnings: &mut Vec<Warning>) -> Result<(), GeoioError> {
    let wrong =
        |what: String| Err(item.refuse(format!("{} is not the file it describes: {what}; fetch it again", path.display())));
    if let Some(size) = layer.size {
        let found = std::fs::metadata(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?.len();
        if found != size {
            return wrong(format!("it has {found} bytes, file:size is {size}"));
        }
    }
    let Some(text) = &layer.checksum else { return Ok(()) };
    let checksum = Checksum::parse(text)
        .map_err(|reason| item.refuse(format!("the file:checksum of its asset {} is no multihash: {reason}", layer.asset)))?;
    match checksum.verify(path)? {
        Verdict::Same => Ok(()),
        Verdict::Other => wrong("its checksum is another than file:checksum".to_owned()),
        Verdict::Unchecked(kind) => {
            let message = format!("checksums of kind {kind} are not checked; SHA-2 is");
            warnings.push(Warning::new("checksum_unchecked", message).about(item.id.clone()));
            Ok(())
        }
    }
}

/// Pixels by which a file may lie beside where its item says.
const TOLERANCE: f64 = 0.01;

/// Holds a file's grid against what the item says: another system is refused, other pixels are told and the file counts.
fn check_place(item: &Item, layer: &DescribedLayer, file: &RasterFile, warnings: &mut Vec<Warning>) -> Result<(), GeoioError> {
    let grid = file.grid();
    if let Some(text) = &layer.crs {
        let told = crs::crs(text).map_err(|error| item.refuse(error))?;
        if !crs::is_same(&told, &grid.crs) {
            let (path, found) = (file.path().display(), grid.crs.name());
            return Err(item.refuse(format!("{path} is in {found}, and the item says {text}: one of them is wrong")));
        }
    }
    let differs = |told: f64, found: f64| (told - found).abs() > TOLERANCE * grid.step_x.max(grid.step_y);
    let place = layer.transform.as_ref().is_some_and(|told| {
        let found = [grid.step_x, 0.0, grid.west, 0.0, -grid.step_y, grid.north];
        told.iter().zip(found).any(|(told, found)| differs(*told, found))
    });
    let size = layer.shape.is_some_and(|[rows, cols]| differs(rows, grid.rows as f64) || differs(cols, grid.cols as f64));
    if place || size {
        let message = "its file has other pixels than the item says (proj:transform, proj:shape): the file counts";
        warnings.push(Warning::new("stac_grid_differs", message).about(file.path().display().to_string()));
    }
    Ok(())
}

impl DescribedLayer {
    fn is_there(&self) -> bool {
        matches!(&self.place, Place::File(path) if path.is_file())
    }

    /// Its file; what people should know where there is none.
    fn local(&self, item: &Item) -> Result<PathBuf, Warning> {
        let missing = |code, message| Err(Warning::new(code, message).about(item.origin.display().to_string()));
        match &self.place {
            Place::File(path) if path.is_file() => Ok(path.clone()),
            Place::File(path) => {
                missing("layer_missing", format!("{} is not there: the scene has no {} layer", path.display(), self.role))
            }
            Place::Remote(_) => missing(
                "layer_remote",
                format!("{} lies on a host, which is not asked: fetch it, and let the item name the file", self.role),
            ),
        }
    }

    /// How its stored numbers are to be read, as far as the item tells.
    fn numbers(&self) -> Numbers {
        Numbers {
            scale: self.scaling.map(|scaling| scaling.scale),
            offset: self.scaling.map(|scaling| scaling.offset),
            nodata: self.nodata,
        }
    }
}
