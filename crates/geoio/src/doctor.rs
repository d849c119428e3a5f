use gdal::DriverManager;
use serde::Serialize;

use crate::{crs, ffi, open};

/// A format and whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Driver {
    /// GDAL's name of the format.
    pub name: &'static str,
    /// Whether this machine's GDAL has it.
    pub available: bool,
}

/// What the machine's libraries can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of GDAL.
    pub gdal: String,
    /// Version of PROJ.
    pub proj: String,
    /// The formats that are used, in a fixed order.
    pub drivers: Vec<Driver>,
    /// Whether PROJ finds its database: without it no coordinates can be transformed.
    pub projection_database: bool,
}

const DRIVERS: [&str; 12] = [
    "GTiff",
    "COG",
    "JP2OpenJPEG",
    "GPKG",
    "FlatGeobuf",
    "ESRI Shapefile",
    "GeoJSON",
    "LIBKML",
    "OpenFileGDB",
    "PostgreSQL",
    "PNG",
    "MEM",
];

/// Versions of the libraries, and what they can do.
pub fn versions() -> Versions {
    open::initialise(None);
    let driver = |name| Driver { name, available: DriverManager::get_driver_by_name(name).is_ok() };
    Versions {
        gdal: ffi::gdal_release(),
        proj: ffi::proj_version(),
        drivers: DRIVERS.map(driver).to_vec(),
        projection_database: crs::lonlat().is_ok_and(|crs| crs.epsg == Some(4326)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_what_is_needed() {
        let found = versions();
        assert!(found.gdal.starts_with('3') && found.proj.contains('.'));
        assert!(found.projection_database);
        assert!(found.drivers.iter().all(|driver| driver.available), "{found:?}");
    }
}
