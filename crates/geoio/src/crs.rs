//! Coordinate reference systems; x before y always, also for EPSG:4326 and for systems whose northing comes first.

use std::error::Error;

use alert::Projection;
use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, CoordTransformOptions, SpatialRef};
use raster::{Bounds, Crs, Grid};

use crate::{GeoioError, complaint, open};

/// Points on each edge of a rectangle whose outline is transformed.
const EDGE_POINTS: i32 = 21;

/// The system of an `EPSG:n`, WKT, PROJJSON or PROJ text.
///
/// # Errors
/// [`GeoioError::Crs`].
pub fn crs(text: &str) -> Result<Crs, GeoioError> {
    crs_of(&spatial_ref(text)?, text)
}

/// Longitude and latitude on WGS 84.
///
/// # Errors
/// [`GeoioError::Crs`] where the projection database is missing.
pub fn lonlat() -> Result<Crs, GeoioError> {
    crs("EPSG:4326")
}

/// The system that GDAL found, as a value.
///
/// # Errors
/// [`GeoioError::Crs`] where it has no WKT or is a local system.
pub(crate) fn crs_of(reference: &SpatialRef, text: &str) -> Result<Crs, GeoioError> {
    let wrong = |reason: String| GeoioError::Crs { text: text.chars().take(80).collect(), reason };
    if reference.is_local() {
        return Err(wrong("it is local, not on Earth".to_owned()));
    }
    let wkt = complaint::watch(|| reference.to_wkt()).map_err(wrong)?;
    Ok(Crs { epsg: epsg(reference), wkt, geographic: reference.is_geographic() })
}

fn epsg(reference: &SpatialRef) -> Option<u32> {
    complaint::clear();
    let code = |r: &SpatialRef| {
        (r.auth_name().as_deref() == Some("EPSG")).then(|| r.auth_code().ok()).flatten().and_then(|c| u32::try_from(c).ok())
    };
    let found = code(reference).or_else(|| {
        let mut copy = reference.clone();
        copy.auto_identify_epsg().ok()?;
        code(&copy)
    });
    complaint::clear();
    found
}

/// Whether two systems are one: by their code, or where one has none by what they say.
pub fn is_same(a: &Crs, b: &Crs) -> bool {
    match (a.epsg, b.epsg) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// GDAL's form of a system, x before y.
///
/// # Errors
/// [`GeoioError::Crs`].
pub(crate) fn reference(crs: &Crs) -> Result<SpatialRef, GeoioError> {
    match crs.epsg {
        Some(code) if crs.wkt.is_empty() => spatial_ref(&format!("EPSG:{code}")),
        _ => spatial_ref(&crs.wkt),
    }
}

fn spatial_ref(text: &str) -> Result<SpatialRef, GeoioError> {
    open::initialise(None);
    let text = text.trim();
    let wrong = |reason: String| GeoioError::Crs { text: text.chars().take(80).collect(), reason };
    // Other forms would let GDAL look for files and addresses of that name.
    let code = text.strip_prefix("EPSG:").or_else(|| text.strip_prefix("epsg:"));
    let mut reference = match code {
        Some(code) => {
            let code = code.trim().parse().map_err(|_| wrong(format!("'{code}' is no EPSG code")))?;
            complaint::watch(|| SpatialRef::from_epsg(code)).map_err(wrong)?
        }
        None if text.eq_ignore_ascii_case("OGC:CRS84") => complaint::watch(|| SpatialRef::from_epsg(4326)).map_err(wrong)?,
        None if text.starts_with(['{', '+']) || text.contains('[') => {
            complaint::watch(|| SpatialRef::from_definition(text)).map_err(wrong)?
        }
        None => return Err(wrong("it is neither EPSG:n nor WKT".to_owned())),
    };
    reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(reference)
}

/// Radius in metres of the sphere on which MODIS's sinusoidal grid lies.
const MODIS_RADIUS: f64 = 6_371_007.181;

/// Whether a system lies on MODIS's sphere. Its longitudes and latitudes are those of WGS 84 as they are: no datum stands behind it, so
/// PROJ knows no other way between them than to take them over.
fn is_on_modis_sphere(reference: &SpatialRef) -> bool {
    let is_radius = |axis: gdal::errors::Result<f64>| axis.is_ok_and(|axis| (axis - MODIS_RADIUS).abs() < 1e-3);
    is_radius(reference.semi_major()) && is_radius(reference.semi_minor())
}

/// From one system to another, x before y on both sides; one a worker.
#[derive(Debug)]
pub struct Transform {
    inner: CoordTransform,
    from: String,
    to: String,
}

impl Transform {
    /// The transformation between two systems. A missing datum grid is an error, not a guess of a few metres.
    ///
    /// # Errors
    /// [`GeoioError::Crs`] or [`GeoioError::Transform`].
    pub fn new(from: &Crs, to: &Crs) -> Result<Self, GeoioError> {
        let (source, target) = (reference(from)?, reference(to)?);
        let wrong = |reason: String| GeoioError::Transform { from: from.name(), to: to.name(), reason };
        let inner = complaint::watch(|| {
            let mut options = CoordTransformOptions::new()?;
            options.set_ballpark_allowed(is_on_modis_sphere(&source) || is_on_modis_sphere(&target))?;
            CoordTransform::new_with_options(&source, &target, &options)
        })
        .map_err(wrong)?;
        Ok(Self { inner, from: from.name(), to: to.name() })
    }

    /// Transforms points in place.
    ///
    /// # Errors
    /// [`GeoioError::Transform`] where any lies outside the projection's domain.
    pub fn points(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), GeoioError> {
        if x.is_empty() {
            return Ok(());
        }
        complaint::watch(|| self.inner.transform_coords(x, y, &mut [])).map_err(|reason| self.wrong(reason))?;
        if x.iter().chain(y.iter()).all(|v| v.is_finite()) { Ok(()) } else { Err(self.wrong("a point has no image".to_owned())) }
    }

    /// Transforms points in place; those that the projection has no place for become NaN.
    pub fn points_or_none(&self, x: &mut [f64], y: &mut [f64]) {
        let (xs, ys) = (x.to_vec(), y.to_vec());
        if self.points(x, y).is_ok() {
            return;
        }
        for (i, (from_x, from_y)) in xs.into_iter().zip(ys).enumerate() {
            (x[i], y[i]) = (from_x, from_y);
            if !from_x.is_finite() || self.points(&mut x[i..=i], &mut y[i..=i]).is_err() {
                (x[i], y[i]) = (f64::NAN, f64::NAN);
            }
        }
    }

    /// The rectangle around a transformed rectangle, its edges cut in many pieces since they may bend.
    ///
    /// # Errors
    /// [`GeoioError::Transform`].
    pub fn bounds(&self, bounds: Bounds) -> Result<Bounds, GeoioError> {
        let corners = [bounds.west, bounds.south, bounds.east, bounds.north];
        let [west, south, east, north] =
            complaint::watch(|| self.inner.transform_bounds(&corners, EDGE_POINTS)).map_err(|reason| self.wrong(reason))?;
        Ok(Bounds { west, south, east, north })
    }

    fn wrong(&self, reason: String) -> GeoioError {
        GeoioError::Transform { from: self.from.clone(), to: self.to.clone(), reason }
    }
}

/// From the coordinates of a grid to longitude and latitude; one a worker.
#[derive(Debug)]
pub struct GridProjection(Transform);

impl GridProjection {
    /// The projection of a grid's system.
    ///
    /// # Errors
    /// As [`Transform::new`].
    pub fn new(grid: &Grid) -> Result<Self, GeoioError> {
        Ok(Self(Transform::new(&grid.crs, &lonlat()?)?))
    }
}

impl Projection for GridProjection {
    fn to_lonlat(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.points(x, y)?)
    }
}

/// From longitude and latitude to the coordinates of a grid; one a worker.
#[derive(Debug)]
pub struct FromLonLat(Transform);

impl FromLonLat {
    /// The projection to a grid's system.
    ///
    /// # Errors
    /// As [`Transform::new`].
    pub fn new(crs: &Crs) -> Result<Self, GeoioError> {
        Ok(Self(Transform::new(&lonlat()?, crs)?))
    }

    /// Turns longitude and latitude (degrees) into x and y, in place.
    ///
    /// # Errors
    /// [`GeoioError::Transform`].
    pub fn to_grid(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), GeoioError> {
        self.0.points(x, y)
    }

    /// The rectangle of the grid's system around a rectangle of longitudes and latitudes.
    ///
    /// # Errors
    /// [`GeoioError::Transform`].
    pub fn bounds(&self, bounds: Bounds) -> Result<Bounds, GeoioError> {
        self.0.bounds(bounds)
    }
}

/// Bounds of a grid in longitude and latitude. East is less than west where it crosses the antimeridian.
///
/// # Errors
/// As [`Transform::new`] and [`Transform::bounds`].
pub fn bounds_lonlat(grid: &Grid) -> Result<Bounds, GeoioError> {
    Transform::new(&grid.crs, &lonlat()?)?.bounds(grid.bounds())
}

/// Bounds of a grid in another system.
///
/// # Errors
/// As [`Transform::new`] and [`Transform::bounds`].
pub fn bounds_between(grid: &Grid, system: &Crs) -> Result<Bounds, GeoioError> {
    if grid.crs == *system { Ok(grid.bounds()) } else { Transform::new(&grid.crs, system)?.bounds(grid.bounds()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(crs_text: &str, lon: f64, lat: f64) -> (f64, f64) {
        let transform = FromLonLat::new(&crs(crs_text).expect("a system")).expect("a projection");
        let (mut x, mut y) = ([lon], [lat]);
        transform.to_grid(&mut x, &mut y).expect("coordinates");
        (x[0], y[0])
    }

    #[test]
    fn x_comes_before_y_whatever_the_authority_says() {
        let (x, y) = point("EPSG:9377", -73.0, 4.0);
        assert!((x - 5_000_000.0).abs() < 0.01 && (y - 2_000_000.0).abs() < 0.01, "{x} {y}");
        assert_eq!(point("EPSG:4326", -73.0, 4.0), (-73.0, 4.0));
        let (x, y) = point("EPSG:32618", -75.0, 0.0);
        assert!((x - 500_000.0).abs() < 1e-6 && y.abs() < 1e-6, "{x} {y}");
    }

    /// The places are those that rasterio 1.4.4 (PROJ 9.5) gives for two corners of an image of MOD13Q1.
    #[test]
    fn longitudes_and_latitudes_on_the_sphere_of_modis_are_those_of_wgs_84() {
        let sphere = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs";
        for (place, expected) in [
            ((-55.741_128_260_902_975, -11.495_833_332_303_746), (-6_073_798.057_320_992, -1_278_279.784_900_447_4)),
            ((-55.532_288_549_953_38, -11.802_083_332_276_199), (-6_044_377.699_821_483, -1_312_333.269_565_234)),
        ] {
            let (x, y) = point(sphere, place.0, place.1);
            assert!((x - expected.0).abs() < 1e-3 && (y - expected.1).abs() < 1e-3, "{x} {y}");
        }
        let other = crs("+proj=sinu +R=6371229 +units=m +no_defs").expect("a system");
        assert!(FromLonLat::new(&other).is_err(), "of another sphere nobody says what its latitudes are");
    }

    #[test]
    fn a_grid_comes_back_from_longitude_latitude() {
        let utm = crs("EPSG:32618").expect("a system");
        assert_eq!((utm.epsg, utm.geographic), (Some(32618), false));
        assert_eq!(crs(&utm.wkt).expect("a system").epsg, Some(32618));
        let grid = Grid { crs: utm.clone(), west: 400_000.0, north: 500_000.0, step_x: 30.0, step_y: 30.0, rows: 9, cols: 9 };
        let projection = GridProjection::new(&grid).expect("a projection");
        let (mut x, mut y) = ([400_015.0, 612_345.0], [499_985.0, 3.0]);
        projection.to_lonlat(&mut x, &mut y).expect("coordinates");
        FromLonLat::new(&utm).expect("a projection").to_grid(&mut x, &mut y).expect("coordinates");
        assert!((x[0] - 400_015.0).abs() < 1e-6 && (y[1] - 3.0).abs() < 1e-6);
        let bounds = bounds_lonlat(&grid).expect("bounds");
        assert!(bounds.west < -75.0 && bounds.north > 4.0 && bounds.east > bounds.west);
    }

    #[test]
    fn a_file_name_is_no_reference_system() {
        for text in ["", "EPSG:abc", "EPSG:1", "http://127.0.0.1/x", "/etc/passwd", "NAD27"] {
            assert!(crs(text).is_err(), "{text}");
        }
    }
}
