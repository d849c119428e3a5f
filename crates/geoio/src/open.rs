//! The only door by which files reach GDAL.
//!
//! Opening a raster is processing it: a VRT named `.tif` reads other files and asks the network. So each open has a list of
//! drivers, and only local regular files are opened.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use crate::archive::{self, Archive};
use crate::location::Connection;
use crate::{GeoioError, complaint, cube, ffi, tiff};

/// Formats of rasters that are read. COG is `GTiff`.
pub const RASTER_DRIVERS: [&str; 2] = ["GTiff", "JP2OpenJPEG"];

/// Formats of images that need not say where they lie: photographs and scanned maps too.
pub const IMAGE_DRIVERS: [&str; 4] = ["GTiff", "JPEG", "PNG", "JP2OpenJPEG"];

/// Formats of layers that GDAL reads for us.
pub const VECTOR_DRIVERS: [&str; 7] = ["GPKG", "ESRI Shapefile", "FlatGeobuf", "GeoJSON", "LIBKML", "OpenFileGDB", "PostgreSQL"];

static INITIALISED: Once = Once::new();

/// Global settings of GDAL, the first call counts: no side files, no network, no messages on stderr, fixed dates.
///
/// `cache_bytes` bounds the block cache shared by all readers.
///
/// # Panics
/// Never: keys and values are fixed texts and numbers.
pub fn initialise(cache_bytes: Option<u64>) {
    INITIALISED.call_once(|| {
        complaint::listen();
        let mut options = vec![
            // Statistics beside an input would change the input's folder.
            ("GDAL_PAM_ENABLED", "NO".to_owned()),
            ("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR".to_owned()),
            ("GDAL_SKIP", "VRT,WMS,WMTS,WCS,STACIT,STACTA,DAAS,PLMOSAIC,HTTP,GDALWMS,DERIVED,PostGISRaster".to_owned()),
            ("OGR_SKIP", "VRT,WFS,OAPIF,CSW,Carto,PLSCENES,AmigoCloud,Elasticsearch,MySQL,ODBC".to_owned()),
            ("GDAL_VRT_ENABLE_PYTHON", "NO".to_owned()),
            ("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{none}".to_owned()),
            ("PROJ_NETWORK", "OFF".to_owned()),
            ("OSR_DEFAULT_AXIS_MAPPING_STRATEGY", "TRADITIONAL_GIS_ORDER".to_owned()),
            // A GeoPackage holds the time of its last change; equal inputs give equal bytes.
            ("OGR_CURRENT_DATE", "2000-01-01T00:00:00.000Z".to_owned()),
            // A truncated or damaged TIFF is an error, also where libtiff would go on with what it has.
            ("GTIFF_IGNORE_READ_ERRORS", "NO".to_owned()),
            ("GTIFF_REPORT_COMPD_CS", "NO".to_owned()),
        ];
        if let Some(bytes) = cache_bytes {
            // GDAL takes numbers from 100 000 up as bytes, smaller ones as megabytes.
            options.push(("GDAL_CACHEMAX", bytes.max(1 << 20).to_string()));
            cube::bound_cache(bytes);
        }
        for (key, value) in options {
            gdal::config::set_config_option(key, &value).expect("keys and values hold no NUL byte");
        }
    });
}

/// Bounds the cache of unpacked blocks from now on, in bytes: a cache that is no larger than the work at hand stays in the
/// processor's own.
pub fn bound_cache(bytes: u64) {
    ffi::bound_cache(bytes);
    cube::bound_cache(bytes);
}

/// Opens a raster for reading.
///
/// # Errors
/// [`GeoioError::NotLocal`], [`GeoioError::Input`], [`GeoioError::Open`], or [`GeoioError::Read`] for a TIFF of which a block
/// is not all there.
pub fn open_raster(path: &Path) -> Result<Dataset, GeoioError> {
    if archive::split(path).is_none() {
        check_local(path)?;
        tiff::check(path)?;
    }
    open(path, GdalOpenFlags::GDAL_OF_RASTER, &RASTER_DRIVERS, "a raster")
}

/// Opens an image for reading that need not say where it lies.
///
/// # Errors
/// As [`open_raster`].
pub(crate) fn open_image(path: &Path) -> Result<Dataset, GeoioError> {
    if archive::split(path).is_none() {
        check_local(path)?;
        tiff::check(path)?;
    }
    open(path, GdalOpenFlags::GDAL_OF_RASTER, &IMAGE_DRIVERS, "an image")
}

/// Opens a file of layers for reading by one of the `allowed` drivers (see [`VECTOR_DRIVERS`]).
///
/// # Errors
/// [`GeoioError::NotLocal`], [`GeoioError::Input`] or [`GeoioError::Open`].
pub fn open_vector(path: &Path, allowed: &[&str]) -> Result<Dataset, GeoioError> {
    open(path, GdalOpenFlags::GDAL_OF_VECTOR, allowed, "a layer of features")
}

/// Opens a file of layers, or the folder of a geodatabase, by one driver; `encoding` is that of a Shapefile's table.
pub(crate) fn open_features(path: &Path, driver: &str, encoding: Option<&str>) -> Result<Dataset, GeoioError> {
    let option = encoding.map(|encoding| format!("ENCODING={encoding}"));
    let options: Vec<&str> = option.iter().map(String::as_str).collect();
    if driver == "OpenFileGDB" {
        check_local_folder(path)?;
    } else {
        check_local(path)?;
    }
    let allowed = &[driver];
    Way { kind: GdalOpenFlags::GDAL_OF_VECTOR, allowed, options: &options, noun: "a layer of features" }
        .open(path.to_owned(), path)
}

/// Opens a file for writing, which is `path` to people.
pub(crate) fn open_for_update(at: &Path, path: &Path, driver: &str) -> Result<Dataset, GeoioError> {
    check_local(at)?;
    let kind = GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_UPDATE;
    Way { kind, allowed: &[driver], options: &[], noun: "a store" }.open(at.to_owned(), path)
}

/// Opens a database, whose hosts have been checked.
pub(crate) fn open_database(connection: &Connection, update: bool) -> Result<Dataset, GeoioError> {
    let access = if update { GdalOpenFlags::GDAL_OF_UPDATE } else { GdalOpenFlags::empty() };
    let (allowed, kind) = (&["PostgreSQL"], GdalOpenFlags::GDAL_OF_VECTOR | access);
    let way = Way { kind, allowed, options: &["LIST_ALL_TABLES=NO"], noun: "a database" };
    way.open(connection.gdal_name().into(), Path::new(&connection.to_string()))
}

fn open(path: &Path, kind: GdalOpenFlags, allowed: &[&str], noun: &str) -> Result<Dataset, GeoioError> {
    initialise(None);
    let name = if let Some((zip, member)) = archive::split(path) {
        Archive::open(zip)?.gdal_name(&member)?
    } else {
        check_local(path)?;
        path.to_owned()
    };
    Way { kind, allowed, options: &[], noun }.open(name, path)
}

/// How something is opened.
struct Way<'a> {
    kind: GdalOpenFlags,
    allowed: &'a [&'a str],
    options: &'a [&'a str],
    /// What it should be, for people.
    noun: &'a str,
}

impl Way<'_> {
    /// Opens what GDAL knows by this name, which is `path` to people.
    fn open(self, name: PathBuf, path: &Path) -> Result<Dataset, GeoioError> {
        initialise(None);
        let options = DatasetOptions {
            open_flags: self.kind | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
            allowed_drivers: Some(self.allowed),
            open_options: (!self.options.is_empty()).then_some(self.options),
            sibling_files: None,
        };
        complaint::watch(|| Dataset::open_ex(name, options)).map_err(|reason| GeoioError::Open {
            path: path.to_owned(),
            expected: format!("{} ({})", self.noun, self.allowed.join(", ")),
            reason,
        })
    }
}

/// The bytes of a file or of a member of an archive; `None` where it has more than `limit`.
///
/// # Errors
/// As [`check_local`], or [`GeoioError::Input`] and [`GeoioError::Archive`] where it cannot be read.
pub(crate) fn read_bytes(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, GeoioError> {
    if let Some((zip, member)) = archive::split(path) {
        return Archive::open(zip)?.read(&member, limit);
    }
    check_local(path)?;
    let io = |source| GeoioError::Input { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Refuses every name that GDAL would not take as a plain file of this machine.
///
/// # Errors
/// [`GeoioError::NotLocal`] for such a name or what is no regular file, [`GeoioError::Input`] where there is none.
pub fn check_local(path: &Path) -> Result<(), GeoioError> {
    check_name(path)?;
    let metadata = std::fs::metadata(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    if metadata.is_file() { Ok(()) } else { Err(not_local(path, "it is no regular file")) }
}

/// The same for a folder that is one dataset.
pub(crate) fn check_local_folder(path: &Path) -> Result<(), GeoioError> {
    check_name(path)?;
    let metadata = std::fs::metadata(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    if metadata.is_dir() { Ok(()) } else { Err(not_local(path, "it is no folder")) }
}

fn not_local(path: &Path, reason: &str) -> GeoioError {
    GeoioError::NotLocal { path: path.to_owned(), reason: reason.to_owned() }
}

fn check_name(path: &Path) -> Result<(), GeoioError> {
    check_form(path)?;
    if path.to_str().is_some_and(has_driver_prefix) {
        return Err(not_local(path, "it begins with the name of a driver"));
    }
    Ok(())
}

/// Refuses names that are no file's whatever folder they are looked for in.
pub(crate) fn check_form(path: &Path) -> Result<(), GeoioError> {
    let refuse = |reason: &str| Err(not_local(path, reason));
    let Some(text) = path.to_str() else { return refuse("its name is not UTF-8") };
    if text.starts_with("/vsi") || text.contains("/vsi") && text.contains("://") {
        return refuse("it names a virtual file system");
    }
    if text.contains("://") {
        return refuse("it is an address");
    }
    if text.starts_with(['-', '|', '<', '{']) {
        return refuse("it does not begin like a file name");
    }
    Ok(())
}

/// `PG:`, `MEM:::`, `GTIFF_DIR:` and their like: letters, digits and underscores before a colon.
fn has_driver_prefix(text: &str) -> bool {
    text.split_once(':').is_some_and(|(prefix, _)| {
        !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_local_files_pass() {
        for name in [
            "/vsicurl/http://127.0.0.1/a.tif",
            "/vsizip/a.zip/a.tif",
            "http://127.0.0.1/a.tif",
            "PG:host=db",
            "MEM:::DATAPOINTER=1",
            "GTIFF_DIR:1:a.tif",
            "-a.tif",
            "|sh",
            "<VRTDataset/>",
            "/dev/null",
            "/",
        ] {
            assert!(matches!(check_local(Path::new(name)), Err(GeoioError::NotLocal { .. })), "{name}");
        }
        assert!(matches!(check_local(Path::new("no/such.tif")), Err(GeoioError::Input { .. })));
    }

    #[test]
    fn a_virtual_raster_named_tif_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tif");
        std::fs::write(&path, "<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"></VRTDataset>").expect("a file");
        assert!(matches!(open_raster(&path), Err(GeoioError::Open { .. })));
    }
}
