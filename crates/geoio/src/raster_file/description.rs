//! What a raster file says of itself.

use std::path::Path;
use std::sync::Arc;

use gdal::raster::GdalDataType;
use gdal::{Dataset, Metadata};
use raster::Grid;

use crate::crs::crs_of;
use crate::cube::Cube;
use crate::tiff::MAX_BLOCK_BYTES;
use crate::{GeoioError, complaint};

/// Bytes of unpacked pixels up to which a file may be of any size on disk.
const ANY_BYTES: u64 = 1 << 32;

/// Unpacked bytes a byte on disk above which next to nothing of a large file was ever written. DEFLATE reaches 1032 at the most, ZSTD
/// some ten thousand over a plain surface.
const MAX_RATIO: u64 = 1 << 16;

/// What a band says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct BandInfo {
    /// Description; empty where there is none.
    pub description: String,
    /// What it is to be shown as, in GDAL's words: `Red`, `Alpha`, `Gray`, ..
    pub interpretation: String,
    /// Stored number that means "no data".
    pub nodata: Option<f64>,
    /// Type of the stored numbers in GDAL's words: `Byte`, `Int8`, `UInt16`, `Float32`, ..
    pub data_type: String,
    /// Scale tag of the file.
    pub scale: Option<f64>,
    /// Offset tag of the file.
    pub offset: Option<f64>,
    /// Rows and columns of the blocks in which it is stored: each is unpacked as a whole.
    pub block: (usize, usize),
    /// Bytes of a stored number.
    pub bytes: usize,
}

impl BandInfo {
    /// Whether the type can hold the number that means "no data"; true where there is none.
    pub fn can_hold_nodata(&self) -> bool {
        let Some(nodata) = self.nodata else { return true };
        let (least, most) = match self.data_type.as_str() {
            "Byte" => (0.0, f64::from(u8::MAX)),
            "Int8" => (f64::from(i8::MIN), f64::from(i8::MAX)),
            "UInt16" => (0.0, f64::from(u16::MAX)),
            "Int16" => (f64::from(i16::MIN), f64::from(i16::MAX)),
            "UInt32" => (0.0, f64::from(u32::MAX)),
            "Int32" => (f64::from(i32::MIN), f64::from(i32::MAX)),
            _ => return true,
        };
        nodata.fract() == 0.0 && (least..=most).contains(&nodata)
    }
}

/// The type of signed numbers of 8 bits, which GDAL before 3.7 takes for 0 to 255.
pub(super) const INT8: &str = "Int8";

/// What a raster file says of itself.
#[derive(Debug)]
pub(crate) struct Description {
    pub(super) grid: Grid,
    pub(super) south_up: bool,
    pub(super) bands: Vec<BandInfo>,
    /// Whether its blocks hold all bands of a pixel side by side.
    pub(super) beside: bool,
    /// The cube, where it is one.
    pub(super) cube: Option<Arc<Cube>>,
}

impl Description {
    /// Reads and checks it.
    pub(super) fn read(dataset: &Dataset, path: &Path) -> Result<Self, GeoioError> {
        let (grid, south_up) = grid_of(dataset, path)?;
        let bands = (1..=dataset.raster_count()).map(|band| describe_band(dataset, path, band)).collect::<Result<Vec<_>, _>>()?;
        if bands.is_empty() {
            return Err(unfit(path, "it has no band"));
        }
        check_written(dataset, path)?;
        let beside = bands.len() > 1 && dataset.metadata_item("INTERLEAVE", "IMAGE_STRUCTURE").as_deref() == Some("PIXEL");
        complaint::clear();
        Ok(Self { grid, south_up, bands, beside, cube: None })
    }

    /// The same of a variable of a cube, whose images are bands.
    pub(super) fn of_cube(cube: &Arc<Cube>) -> Self {
        let (scale, offset) = cube.scaling();
        let band = BandInfo {
            description: cube.variable().to_owned(),
            interpretation: "Undefined".to_owned(),
            nodata: cube.nodata(),
            data_type: cube.data_type().to_owned(),
            scale,
            offset,
            block: cube.block(),
            bytes: cube.element_bytes(),
        };
        let bands = vec![band; cube.bands()];
        Self { grid: cube.grid().clone(), south_up: false, bands, beside: cube.is_beside(), cube: Some(Arc::clone(cube)) }
    }
}

pub(super) fn unfit(path: &Path, reason: &str) -> GeoioError {
    GeoioError::Open { path: path.to_owned(), expected: "a raster of real numbers".to_owned(), reason: reason.to_owned() }
}

/// Refuses a file of a few bytes that claims pixels without end: each verb would work through them for days.
fn check_written(dataset: &Dataset, path: &Path) -> Result<(), GeoioError> {
    let (cols, rows) = dataset.raster_size();
    let bytes = dataset.rasterbands().filter_map(Result::ok).map(|band| u64::from(band.band_type().bytes())).sum::<u64>();
    let claimed = (cols as u64).saturating_mul(rows as u64).saturating_mul(bytes);
    // The size of what stands in an archive is not that of the archive.
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    if claimed > ANY_BYTES && claimed / MAX_RATIO > metadata.len() {
        let reason = format!(
            "its {} bytes claim {cols} x {rows} pixels ({} GB unpacked), so that next to nothing of it was written; cut out what was",
            metadata.len(),
            claimed / 1_000_000_000
        );
        return Err(GeoioError::Metadata { path: path.to_owned(), line: None, reason });
    }
    Ok(())
}

fn grid_of(dataset: &Dataset, path: &Path) -> Result<(Grid, bool), GeoioError> {
    complaint::clear();
    let reference = dataset.spatial_ref().map_err(|_| GeoioError::NoCrs { path: path.to_owned() })?;
    let nowhere = |reason: &str| GeoioError::NoGeotransform { path: path.to_owned(), reason: reason.to_owned() };
    let [west, step_x, shear_x, y0, shear_y, step_y] = dataset.geo_transform().map_err(|_| nowhere("it has none"))?;
    let all = [west, step_x, shear_x, y0, shear_y, step_y];
    if !all.iter().all(|v| v.is_finite()) {
        return Err(nowhere("it holds numbers that are not finite"));
    }
    if step_x <= 0.0 || step_y == 0.0 {
        return Err(nowhere("its pixels have no positive width and height"));
    }
    if shear_x.abs() > 1e-9 * step_x || shear_y.abs() > 1e-9 * step_y.abs() {
        return Err(GeoioError::Rotated { path: path.to_owned() });
    }
    let (cols, rows) = dataset.raster_size();
    let south_up = step_y > 0.0;
    let north = if south_up { y0 + rows as f64 * step_y } else { y0 };
    let crs = crs_of(&reference, &path.display().to_string())?;
    Ok((Grid { crs, west, north, step_x, step_y: step_y.abs(), rows, cols }, south_up))
}

/// What a band says of itself.
pub(crate) fn describe_band(dataset: &Dataset, path: &Path, number: usize) -> Result<BandInfo, GeoioError> {
    let band = complaint::watch(|| dataset.rasterband(number)).map_err(|reason| unfit(path, &reason))?;
    let data_type = band.band_type();
    if data_type == GdalDataType::Unknown {
        return Err(unfit(path, &format!("band {number} holds complex numbers or an unknown type")));
    }
    let (width, height) = band.block_size();
    if width as u64 * height as u64 * u64::from(data_type.bytes()) > MAX_BLOCK_BYTES {
        return Err(unfit(path, &format!("band {number} is stored in blocks of {width} x {height} pixels; tile it first")));
    }
    let description = band.description().unwrap_or_default();
    let signed = band.metadata_item("PIXELTYPE", "IMAGE_STRUCTURE").as_deref() == Some("SIGNEDBYTE");
    let info = BandInfo {
        description,
        interpretation: band.color_interpretation().name(),
        nodata: band.no_data_value(),
        data_type: if signed { INT8.to_owned() } else { data_type.name() },
        scale: band.scale(),
        offset: band.offset(),
        block: (height, width),
        bytes: usize::from(data_type.bytes()),
    };
    complaint::clear();
    Ok(info)
}
