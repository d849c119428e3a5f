//! Layers: features of a file with every column as text and geometry in longitude and latitude.

mod content;
mod csv;
mod dbf;
mod error;
mod fetch;
mod geojson;
mod geojson_geometry;
pub(crate) mod geoparquet;
mod json;
mod kml;
mod lonlat;
mod notice;
mod ogr;
mod ogr_geometry;
mod postgis;
mod records;
mod text;
mod validity;

use std::path::Path;

use alert::Layer;
use geo::BoundingRect as _;
use geo_types::{Geometry, Rect};
use raster::Crs;
use sha2::{Digest as _, Sha256};

pub use content::content_sha256;
pub use error::LayerError;

use crate::crs::crs;
use crate::location::{Hosts, Location};
use crate::{GeoioError, sha256_file};
use lonlat::Way;
use notice::{Notice, Notices};
use records::Records;
use validity::Checked;

/// How to read a layer where the file itself does not say.
#[derive(Debug, Clone, Default)]
pub struct LayerOptions {
    /// The layer of a file that holds several (GPKG).
    pub layer: Option<String>,
    /// Column of the longitude (or easting) in a CSV; `lon` by default.
    pub lon: Option<String>,
    /// Column of the latitude (or northing) in a CSV; `lat` by default.
    pub lat: Option<String>,
    /// Column of well-known text in a CSV; `wkt` by default, where there are no coordinates.
    pub wkt: Option<String>,
    /// Reference system, `EPSG:n` or WKT, instead of the file's own.
    pub crs: Option<String>,
    /// Delimiter of a CSV; by default the one of `,` `;` tab that its header uses most.
    pub delimiter: Option<u8>,
    /// What stands before the decimals of a CSV's coordinates: `.`, or `,` (points then stand between thousands); by default
    /// either is a decimal sign.
    pub decimal: Option<char>,
    /// Encoding of a CSV or Shapefile by its WHATWG label; by default that of the `.cpg` file or UTF-8, UTF-16 with its mark, or
    /// else Windows-1252 with a warning.
    pub encoding: Option<String>,
    /// Coordinates that geometry is brought to; longitude and latitude by default.
    pub frame: Frame,
    /// Whether the SHA-256 of the file is left out, where nobody asks for it.
    pub unhashed: bool,
}

impl LayerOptions {
    fn sha256(&self, path: &Path) -> Result<String, LayerError> {
        Ok(if self.unhashed { String::new() } else { sha256_file(path)? })
    }
}

/// The coordinates that a layer's geometry is brought to.
#[derive(Debug, Clone, Default)]
pub enum Frame {
    /// Longitude and latitude on WGS 84, degrees.
    #[default]
    LonLat,
    /// Those it is stored in.
    Stored,
    /// Those of a system.
    System(Crs),
}

/// A format by the ending of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    GeoJson,
    Csv,
    Kml,
    Geodatabase,
    GeoParquet,
    Driver(&'static str),
}

impl Format {
    fn of(path: &Path) -> Result<Self, LayerError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        match ending.as_str() {
            "geojson" | "json" => Ok(Self::GeoJson),
            "csv" => Ok(Self::Csv),
            "kml" => Ok(Self::Kml),
            "gdb" => Ok(Self::Geodatabase),
            "parquet" | "geoparquet" => Ok(Self::GeoParquet),
            "gpkg" => Ok(Self::Driver("GPKG")),
            "shp" => Ok(Self::Driver("ESRI Shapefile")),
            "fgb" => Ok(Self::Driver("FlatGeobuf")),
            "arrow" | "arrows" | "feather" | "ipc" => Err(LayerError::Arrow { path: path.to_owned() }),
            _ => Err(LayerError::Extension { path: path.to_owned() }),
        }
    }
}

/// What was read, before it is brought to longitude and latitude.
struct Raw {
    records: Records,
    found: Found,
    /// Name of the layer; the file's where it has none.
    name: Option<String>,
    /// Hash of the bytes; of the content where there are no bytes of a file.
    sha256: Option<String>,
}

impl Raw {
    fn stored(read: ogr::Stored, sha256: Option<String>) -> Self {
        let found = read.crs.map_or(Found::Nothing, |crs| Found::System(Box::new(crs)));
        Self { records: read.records, found, name: Some(read.name), sha256 }
    }
}

/// The features of a file, its format told by the ending: `.geojson`, `.json`, `.gpkg`, `.shp`, `.fgb`, `.parquet`, `.kml`, `.gdb` or `.csv`.
///
/// Every column is text as it stands in the file: leading zeros and all digits stay, `null` and empty cells (but not empty JSON strings) are missing, booleans
/// are `true` and `false` (0 and 1 where the format stores them so), nested JSON stays JSON. Geometry comes in longitude and latitude on
/// WGS 84 (degrees) unless another frame is asked for; edges longer than 2 km of a projected layer are cut before they are transformed. Invalid polygons are rebuilt; what cannot be
/// is `None` and counted in [`Layer::rejected`], with a warning. A record of a CSV with a wrong number of fields is left out and counted.
///
/// A Shapefile without a `.prj` that names a system is refused unless [`LayerOptions::crs`] names it. A KML with a document type
/// of its own is refused before any library sees it.
///
/// # Errors
/// [`LayerError`]: what breaks the format's rules, a missing or unknown reference system, a damaged store.
pub fn read(path: &Path, options: &LayerOptions) -> Result<Layer, LayerError> {
    let mut notices = Notices::default();
    let format = Format::of(path)?;
    let raw = load(path, format, options, &mut notices)?;
    finish(path, raw, format, options, notices)
}

/// The features of a place, which may be a database or an address of an allowed host; see [`read`].
///
/// Every column of a database comes as the server writes it as text. What an address gives is fetched as a whole.
///
/// # Errors
/// As [`read`], [`GeoioError::HostNotAllowed`], [`LayerError::Query`].
pub fn read_at(location: &Location, hosts: &Hosts, options: &LayerOptions) -> Result<Layer, LayerError> {
    hosts.check(location)?;
    match location {
        Location::File(path) => read(path, options),
        Location::Database(connection) => {
            let mut notices = Notices::default();
            let raw = Raw::stored(postgis::read(connection, options, &mut notices)?, None);
            finish(&location.told(), raw, Format::Driver("PostgreSQL"), options, notices)
        }
        Location::Address(address) => fetch::read_from(address, &location.to_string(), options),
    }
}

fn load(path: &Path, format: Format, options: &LayerOptions, notices: &mut Notices) -> Result<Raw, LayerError> {
    let bytes = || {
        crate::open::check_local(path)?;
        text::load(path)
    };
    match format {
        Format::GeoJson => {
            let bytes = bytes()?;
            let read = geojson::read(path, &bytes, notices)?;
            Ok(Raw { records: read.records, found: Found::text(read.crs), name: read.name, sha256: Some(hash(&bytes)) })
        }
        Format::Csv => {
            let bytes = bytes()?;
            let records = csv::read(path, &bytes, options, notices)?;
            Ok(Raw { records, found: Found::Default, name: None, sha256: Some(hash(&bytes)) })
        }
        Format::Kml => {
            let bytes = bytes()?;
            kml::check(path, text::strict(path, &bytes)?, notices)?;
            Ok(Raw::stored(ogr::read(path, "LIBKML", options, notices)?, Some(hash(&bytes))))
        }
        Format::Geodatabase => {
            crate::open::check_local_folder(path)?;
            Ok(Raw::stored(ogr::read(path, "OpenFileGDB", options, notices)?, Some(content::folder_sha256(path)?)))
        }
        Format::GeoParquet => {
            crate::open::check_local(path)?;
            let read = geoparquet::read(path, notices)?;
            Ok(Raw { records: read.records, found: read.crs, name: None, sha256: Some(options.sha256(path)?) })
        }
        Format::Driver(driver) => {
            crate::open::check_local(path)?;
            Ok(Raw::stored(ogr::read(path, driver, options, notices)?, Some(options.sha256(path)?)))
        }
    }
}

fn finish(path: &Path, raw: Raw, format: Format, options: &LayerOptions, mut notices: Notices) -> Result<Layer, LayerError> {
    let Raw { mut records, found, name, sha256 } = raw;
    let stated = !matches!(found, Found::Default) || options.crs.is_some();
    let system = found.system(path, options.crs.as_deref(), &records, &mut notices)?;
    match &options.frame {
        Frame::LonLat => place(path, &mut records, &system, format == Format::GeoJson && !stated, &mut notices)?,
        Frame::Stored => place_in(path, &mut records, &system, &system, &mut notices)?,
        Frame::System(frame) => place_in(path, &mut records, &system, frame, &mut notices)?,
    }
    if format == Format::Csv && !records.has_geometry() && notices.refuse_places() {
        return Err(LayerError::Placeless { path: path.to_owned(), records: records.len(), reasons: notices.reasons() });
    }
    let path_text = path.display().to_string();
    let stem = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let features = records.into_features(&name.unwrap_or_else(stem));
    Ok(Layer {
        sha256: sha256.unwrap_or_else(|| content_sha256(&features)),
        features,
        crs: system.name(),
        rejected: notices.rejected(),
        absent: false,
        warnings: notices.into_warnings(&path_text),
        path: path_text,
    })
}

/// The reference system as a file states it.
enum Found {
    /// The format's own: longitude and latitude.
    Default,
    /// By its code.
    Code(String),
    /// As a value.
    System(Box<Crs>),
    /// The format should state one, and does not.
    Nothing,
}

impl Found {
    fn text(code: Option<String>) -> Self {
        code.map_or(Self::Default, Self::Code)
    }

    fn system(self, path: &Path, given: Option<&str>, records: &Records, notices: &mut Notices) -> Result<Crs, LayerError> {
        if let Some(given) = given {
            if matches!(self, Self::Code(_) | Self::System(_)) {
                notices.note(Notice::CrsOverridden, given);
            }
            return crs(given).map_err(|error| misplaced(path, &error));
        }
        match self {
            Self::Code(code) => crs(&code).map_err(|error| misplaced(path, &error)),
            Self::System(system) => Ok(*system),
            Self::Nothing if records.has_geometry() => {
                let message =
                    "no known reference system (none in the file, no .prj, or one that names none); pass it, such as EPSG:9377"
                        .to_owned();
                Err(LayerError::Crs { path: path.to_owned(), message })
            }
            Self::Default | Self::Nothing => Ok(crate::crs::lonlat()?),
        }
    }
}

/// The system of a file that cannot be used, told with the file.
fn misplaced(path: &Path, error: &GeoioError) -> LayerError {
    LayerError::Crs { path: path.to_owned(), message: error.to_string() }
}

/// Brings every geometry to longitude and latitude, and checks it. `strict` refuses the file where one is no place on Earth.
fn place(path: &Path, records: &mut Records, system: &Crs, strict: bool, notices: &mut Notices) -> Result<(), LayerError> {
    let way = Way::new(system, &crate::crs::lonlat()?).map_err(|error| misplaced(path, &error))?;
    for (slot, place) in records.geometries_mut() {
        let Some(geometry) = slot.take() else { continue };
        match way.geometry(geometry) {
            Ok(geometry) if lonlat::on_earth(&geometry) => *slot = checked(geometry, place, notices),
            Ok(_) if strict => {
                let message = format!(
                    "{place}: coordinates are no longitude and latitude; they look like metres of a projection (UTM or national) \
                     or longitudes up to 360: pass the system, such as EPSG:32618, or shift them"
                );
                return Err(LayerError::Crs { path: path.to_owned(), message });
            }
            Ok(_) | Err(_) => notices.note(Notice::CoordinatesRefused, place),
        }
    }
    Ok(())
}

/// Brings every geometry to another system, and checks it there; what is no place on Earth is refused as it is in [`place`].
fn place_in(path: &Path, records: &mut Records, system: &Crs, frame: &Crs, notices: &mut Notices) -> Result<(), LayerError> {
    let failed = |error: GeoioError| misplaced(path, &error);
    let way = Way::new(system, frame).map_err(failed)?;
    let home = Way::new(system, &crate::crs::lonlat()?).map_err(failed)?;
    let extent = records.geometries_mut().filter_map(|(slot, _)| slot.as_ref()?.bounding_rect()).reduce(joined);
    let all_on_earth = extent.is_none_or(|extent| home.leads_to_earth(extent));
    for (slot, place) in records.geometries_mut() {
        let Some(geometry) = slot.take() else { continue };
        let refused = !all_on_earth && !home.geometry(geometry.clone()).is_ok_and(|geometry| lonlat::on_earth(&geometry));
        let moved = if way.is_identity() { Ok(geometry) } else { way.geometry(geometry) };
        match moved {
            Ok(geometry) if !refused => *slot = sound(geometry, place, notices),
            Ok(_) | Err(_) => notices.note(Notice::CoordinatesRefused, place),
        }
    }
    Ok(())
}

pub(crate) fn joined(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    let ((min, max), (low, high)) = ((a.min(), a.max()), (b.min(), b.max()));
    Rect::new((min.x.min(low.x), min.y.min(low.y)), (max.x.max(high.x), max.y.max(high.y)))
}

/// Brings geometry that was read in the coordinates of a system (see [`Frame`]) to longitude and latitude.
///
/// # Errors
/// [`GeoioError::Transform`] where a point lies outside the system's domain.
pub fn to_lonlat(geometries: &[Option<Geometry<f64>>], from: &Crs) -> Result<Vec<Option<Geometry<f64>>>, GeoioError> {
    let way = Way::new(from, &crate::crs::lonlat()?)?;
    geometries.iter().map(|geometry| geometry.clone().map(|geometry| way.geometry(geometry)).transpose()).collect()
}

fn checked(geometry: Geometry<f64>, place: &str, notices: &mut Notices) -> Option<Geometry<f64>> {
    if lonlat::is_wide(&geometry) {
        notices.note(Notice::WideGeometry, place);
    }
    sound(geometry, place, notices)
}

fn sound(geometry: Geometry<f64>, place: &str, notices: &mut Notices) -> Option<Geometry<f64>> {
    match validity::check(geometry) {
        Checked::Valid(geometry) => Some(geometry),
        Checked::Repaired(geometry) => {
            notices.note(Notice::GeometryRepaired, place);
            Some(geometry)
        }
        Checked::Collapsed => {
            notices.note(Notice::GeometryCollapsed, place);
            None
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    content::hexadecimal(&Sha256::digest(bytes))
}
