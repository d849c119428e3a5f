//! What a run or verb says of its outputs: a STAC 1.1 item beside each, and a collection of them.

use std::path::{Component, Path, PathBuf};

use raster::{Date, Grid};
use serde_json::{Map, Value, json};

use super::checksum::Checksum;
use super::href;
use super::instant::Instant;
use super::outline::Outline;
use super::words::{classes, data_type, media_type, number};
use crate::{GeoioError, RasterClass, RasterFile, RasterFormat, sha256_file};

const FILE: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";
const PROCESSING: &str = "https://stac-extensions.github.io/processing/v1.2.0/schema.json";
const PROJECTION: &str = "https://stac-extensions.github.io/projection/v2.0.0/schema.json";
const RASTER: &str = "https://stac-extensions.github.io/raster/v2.0.0/schema.json";
const CLASSIFICATION: &str = "https://stac-extensions.github.io/classification/v2.0.0/schema.json";

/// Media type of rasters that are read by parts.
const COG: &str = "image/tiff; application=geotiff; profile=cloud-optimized";

/// End of the names of items: `change.stac.json` stands beside `change.tif`.
const ITEM: &str = ".stac.json";

/// Name of a collection's file.
pub const COLLECTION: &str = "collection.json";

/// A file that an output was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

impl Derived {
    /// A file as it is now.
    ///
    /// # Errors
    /// [`GeoioError::Input`].
    pub fn read(path: &Path) -> Result<Self, GeoioError> {
        let wrong = |source| GeoioError::Input { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(wrong)?.len();
        Ok(Self { path: path.to_owned(), bytes, sha256: sha256_file(path)? })
    }
}

/// The time that outputs are of. All of it is told by days where no second is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One day, and the second since midnight UTC where it is known.
    Day(Date, Option<u32>),
    /// From one day to another, both included.
    Days(Date, Date),
}

/// What the items of one run or verb share.
#[derive(Debug, Clone)]
pub struct StacRecord {
    /// Id of the collection, where there is one.
    pub collection: Option<String>,
    /// The time that the outputs are of.
    pub period: Period,
    /// How they were made, for people.
    pub lineage: String,
    /// Name and version of the program.
    pub software: (String, String),
    /// What they were made from.
    pub inputs: Vec<Derived>,
    /// The folder in which the files will stand, from which `href`s are counted; it is there.
    pub home: PathBuf,
}

/// What an item is about.
#[derive(Debug, Clone)]
pub struct Described<'a> {
    /// Id of the item.
    pub id: String,
    /// A line for people.
    pub title: String,
    /// The ground it is about.
    pub grid: &'a Grid,
    /// Classes of the codes of its first band.
    pub classes: &'a [RasterClass],
    /// How a raster is laid out.
    pub format: RasterFormat,
}

/// Where the item of an output stands: `change.stac.json` beside `change.tif`.
pub fn item_path(output: &Path) -> PathBuf {
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!("{stem}{ITEM}"))
}

/// An id of the letters that ids may have, made of any text.
pub fn id_of(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    text.chars().take(120).map(plain).collect()
}

impl StacRecord {
    /// The item of a raster that is written.
    ///
    /// # Errors
    /// [`GeoioError`] where the raster cannot be read back, or its place cannot be told in degrees.
    ///
    /// # Panics
    /// Never: an item that is made here has properties and extensions.
    pub fn raster_item(&self, about: &Described<'_>, path: &Path) -> Result<Value, GeoioError> {
        let file = RasterFile::open(path)?;
        let grid = file.grid();
        let bounds = grid.bounds();
        let mut asset = file_fields(path)?;
        asset.insert("roles".to_owned(), json!(["data"]));
        if about.format == RasterFormat::Cog {
            asset.insert("type".to_owned(), json!(COG));
        }
        let bands: Vec<Value> = file
            .bands()
            .iter()
            .enumerate()
            .map(|(place, info)| {
                let mut band = Map::new();
                if !info.description.is_empty() {
                    band.insert("name".to_owned(), json!(info.description));
                }
                band.insert("data_type".to_owned(), json!(data_type(&info.data_type)));
                if let Some(nodata) = info.nodata {
                    band.insert("nodata".to_owned(), number(nodata));
                }
                if info.scale.is_some() || info.offset.is_some() {
                    band.insert("raster:scale".to_owned(), json!(info.scale.unwrap_or(1.0)));
                    band.insert("raster:offset".to_owned(), json!(info.offset.unwrap_or(0.0)));
                }
                if place == 0 && !about.classes.is_empty() {
                    band.insert("classification:classes".to_owned(), classes(about.classes));
                }
                Value::Object(band)
            })
            .collect();
        asset.insert("bands".to_owned(), json!(bands));
        let projection = json!({
            "proj:code": grid.crs.epsg.map(|code| format!("EPSG:{code}")),
            "proj:shape": [grid.rows, grid.cols],
            "proj:transform": [grid.step_x, 0.0, grid.west, 0.0, -grid.step_y, grid.north],
            "proj:bbox": [bounds.west, bounds.south, bounds.east, bounds.north],
        });
        let mut item = self.item(about, [("data".to_owned(), Value::Object(asset))])?;
        let properties = item["properties"].as_object_mut().expect("an item has properties");
        properties.extend(projection.as_object().expect("an object").clone());
        if grid.crs.epsg.is_none() {
            properties.insert("proj:wkt2".to_owned(), json!(grid.crs.wkt));
        }
        let extensions = item["stac_extensions"].as_array_mut().expect("an item lists its extensions");
        extensions.push(json!(PROJECTION));
        if file.bands().iter().any(|info| info.scale.is_some() || info.offset.is_some()) {
            extensions.push(json!(RASTER));
        }
        if !about.classes.is_empty() {
            extensions.push(json!(CLASSIFICATION));
        }
        Ok(item)
    }

    /// The item of one layer in several formats.
    ///
    /// # Errors
    /// [`GeoioError`] where a file cannot be read back, or its place cannot be told in degrees.
    pub fn layer_item(&self, about: &Described<'_>, files: &[PathBuf]) -> Result<Value, GeoioError> {
        let asset = |path: &PathBuf| {
            let mut asset = file_fields(path)?;
            asset.insert("roles".to_owned(), json!(["data"]));
            let key = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            Ok((key, Value::Object(asset)))
        };
        self.item(about, files.iter().map(asset).collect::<Result<Vec<_>, GeoioError>>()?)
    }

    fn item(&self, about: &Described<'_>, assets: impl IntoIterator<Item = (String, Value)>) -> Result<Value, GeoioError> {
        let outline = Outline::of(about.grid)?;
        let (software, version) = &self.software;
        let mut properties = match self.period {
            Period::Day(date, Some(second)) => {
                let instant = Instant { date, micros: u64::from(second) * 1_000_000 };
                json!({ "datetime": instant.to_string() })
            }
            Period::Day(date, None) => days(date, date),
            Period::Days(from, to) => days(from, to),
        };
        properties["title"] = json!(about.title);
        properties["processing:lineage"] = json!(self.lineage);
        properties["processing:software"] = json!({ software: version });
        let mut links = Vec::new();
        if self.collection.is_some() {
            links.extend(["root", "parent", "collection"].map(|rel| link(rel, &format!("./{COLLECTION}"), "application/json")));
        }
        links.extend(self.derived_from()?);
        let mut item = json!({
            "type": "Feature", "stac_version": VERSION, "stac_extensions": [FILE, PROCESSING], "id": about.id,
            "bbox": outline.bbox, "geometry": outline.geometry, "properties": properties, "links": links,
            "assets": assets.into_iter().collect::<Map<String, Value>>(),
        });
        if let Some(collection) = &self.collection {
            item["collection"] = json!(collection);
        }
        Ok(item)
    }

    fn derived_from(&self) -> Result<Vec<Value>, GeoioError> {
        let real = |path: &Path| path.canonicalize().map_err(|source| GeoioError::Input { path: path.to_owned(), source });
        let home = real(&self.home)?;
        let links = self.inputs.iter().map(|input| {
            let path = relative(&home, &real(&input.path)?);
            let mut link = link("derived_from", &href::encoded(&path), media_type(&input.path));
            link["file:size"] = json!(input.bytes);
            link["file:checksum"] = json!(Checksum::of_sha256(&input.sha256));
            Ok(link)
        });
        links.collect()
    }

    /// The collection of items that stand beside it. `files` are outputs that have no item of their own.
    ///
    /// # Errors
    /// [`GeoioError`] where a file cannot be read back.
    ///
    /// # Panics
    /// Where the record names no collection.
    pub fn collection(
        &self,
        title: &str,
        description: &str,
        items: &[(PathBuf, Value)],
        files: &[PathBuf],
    ) -> Result<Value, GeoioError> {
        let id = self.collection.as_ref().expect("a record with a collection");
        let mut assets = Map::new();
        for path in files {
            let mut asset = file_fields(path)?;
            asset.insert("roles".to_owned(), json!(["metadata"]));
            assets.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), Value::Object(asset));
        }
        let mut links = vec![link("root", &format!("./{COLLECTION}"), "application/json")];
        links.extend(items.iter().map(|(path, item)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let mut link = link("item", &href::encoded(&name), "application/geo+json");
            link["title"] = item["properties"]["title"].clone();
            link
        }));
        let (from, to) = match self.period {
            Period::Day(date, _) => (date, date),
            Period::Days(from, to) => (from, to),
        };
        let bbox = items.first().map_or_else(|| json!([-180, -90, 180, 90]), |(_, item)| item["bbox"].clone());
        let interval = [Instant::midnight(from).to_string(), Instant::last_second(to).to_string()];
        Ok(json!({
            "type": "Collection", "stac_version": VERSION, "stac_extensions": [FILE], "id": id, "title": title,
            "description": description, "license": "other", "links": links, "assets": assets,
            "extent": { "spatial": { "bbox": [bbox] }, "temporal": { "interval": [interval] } },
        }))
    }
}

const VERSION: &str = "1.1.0";

fn days(from: Date, to: Date) -> Value {
    let (from, to) = (Instant::midnight(from).to_string(), Instant::last_second(to).to_string());
    json!({ "datetime": null, "start_datetime": from, "end_datetime": to })
}

fn link(rel: &str, href: &str, media_type: &str) -> Value {
    json!({ "rel": rel, "href": href, "type": media_type })
}

/// What an asset says of its file.
fn file_fields(path: &Path) -> Result<Map<String, Value>, GeoioError> {
    let Derived { bytes, sha256, .. } = Derived::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fields = json!({
        "href": href::encoded(&name), "type": media_type(path), "file:size": bytes, "file:checksum": Checksum::of_sha256(&sha256),
    });
    Ok(fields.as_object().expect("an object").clone())
}

/// The way from a folder to a file, both without links.
fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_an_input_is_counted_from_the_outputs() {
        let way = |folder: &str, file: &str| relative(Path::new(folder), Path::new(file));
        assert_eq!(way("/a/out", "/a/scenes/x.tif"), "../scenes/x.tif");
        assert_eq!(way("/a", "/a/scenes/x.tif"), "scenes/x.tif");
        assert_eq!(way("/a/b", "/c/x.tif"), "../../c/x.tif");
    }

    #[test]
    fn an_item_stands_beside_its_output() {
        assert_eq!(item_path(Path::new("out/change.tif")), Path::new("out/change.stac.json"));
        assert_eq!(id_of("índice de 2024.tif"), "-ndice-de-2024-tif");
    }
}
