//! Arguments of the verbs on images.

use std::path::PathBuf;

use change::Direction;
use clap::Args;
use clap::builder::ArgPredicate;
use geoio::{Compression, RasterFormat};
use raster::Date;

use super::hectares;

/// How rasters are written.
#[derive(Debug, Clone, Args)]
pub(crate) struct RasterOutput {
    /// cog or gtiff
    #[arg(long, default_value = "cog", value_parser = format)]
    pub(crate) format: RasterFormat,
    /// deflate, zstd, lzw or none
    #[arg(long, default_value = "deflate", value_parser = compression)]
    pub(crate) compress: Compression,
    /// Level of the codec [default: the codec's]
    #[arg(long)]
    pub(crate) level: Option<u8>,
    /// none, 2 or 3 [default: by type]
    #[arg(long)]
    pub(crate) predictor: Option<String>,
    /// Side of a tile in pixels
    #[arg(long, default_value_t = 512)]
    pub(crate) block: usize,
    /// Write a STAC 1.1 item beside each raster: NAME.stac.json
    #[arg(long)]
    pub(crate) stac: bool,
}

/// What stored numbers stand for, and which of them count.
#[derive(Debug, Clone, Args)]
pub(crate) struct Numbers {
    /// Factor of stored numbers (for layers by role and plain GeoTIFF) [default: each file's tag, else 1; bands of 8 bits need one]
    #[arg(long)]
    pub(crate) scale: Option<f64>,
    /// Summand after the factor [default: each file's tag where there is no --scale, else 0]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) offset: Option<f64>,
    /// Use scenes even where their numbers seem wrong: an offset applied twice or not at all, bands exchanged
    #[arg(long)]
    pub(crate) no_guard: bool,
    /// Conditions that a clear pixel meets: bit(0)=0,bits(14-15)<3
    #[arg(long, value_name = "RULE")]
    pub(crate) qa: Option<String>,
    /// Clear codes of the role scl: 4,5
    #[arg(long, value_name = "CODES", conflicts_with = "qa")]
    pub(crate) clear: Option<String>,
}

/// What names and formulas of indices mean.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Formulas {
    /// Indices of your own, before the built-in ones: JSON as the Awesome Spectral Indices publish theirs
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,
    /// A constant in place of its default, a number or a formula: L=0.5, SAVI.L=0.5 (of one index only), "sigma=0.5*(N+R)"
    #[arg(short = 'c', long = "constant", value_name = "[INDEX.]NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) constants: Vec<String>,
    /// Endmembers of your own for unmixing: CSV with a spectrum a line, endmember,blue,green,.. in reflectance from 0 to 1
    #[arg(long, value_name = "FILE")]
    pub(crate) endmembers: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Indices {
    /// Tell all of these: formula, bands, constants, sensors [default: a line for each index]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Only this domain: vegetation, water, burn, urban, soil, radar, snow, clouds, kernel, unmixing
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,
    /// Indices of your own, before the built-in ones: JSON as the Awesome Spectral Indices publish theirs
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Names and formulas, separated by commas: NDVI,NBR,(N-R)/(N+R)
    pub(crate) indices: String,
    /// Product folder or zip, STAC item (.json), or GeoTIFF with named bands
    #[arg(required_unless_present = "bands")]
    pub(crate) scene: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) formulas: Formulas,
    /// Layers by role: red=FILE,nir=FILE:2 (band 2 of the file)
    #[arg(long, value_name = "ROLE=FILE[:BAND],..")]
    pub(crate) bands: Option<String>,
    /// Output raster, one band an index
    #[arg(short, long)]
    pub(crate) out: PathBuf,
    /// none, default (the sensor's classes), or classes such as cloud,snow
    #[arg(long, default_value = "none")]
    pub(crate) mask: String,
    /// Grow clouds and shadows by this distance in metres
    #[arg(long, default_value_t = 0.0, value_name = "METRES")]
    pub(crate) dilate: f64,
    /// What values are: reflectance or radiance of Landsat Level 1, power or db of Sentinel-1 [default: reflectance, power]
    #[arg(long)]
    pub(crate) units: Option<String>,
    #[command(flatten)]
    pub(crate) numbers: Numbers,
    /// float32, or int16 with --out-scale
    #[arg(long = "type", default_value = "float32")]
    pub(crate) kind: String,
    /// Index units a step of an int16 output
    #[arg(long, default_value_t = 0.0001)]
    pub(crate) out_scale: f64,
    /// Only this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

#[derive(Debug, Args)]
pub(crate) struct Difference {
    /// Index to compare, by name or formula
    #[arg(long, default_value = "NDVI")]
    pub(crate) index: String,
    #[command(flatten)]
    pub(crate) formulas: Formulas,
    /// Whether clearing makes the index fall or rise, where the catalogue does not know
    #[arg(long, value_name = "fall|rise", value_parser = direction)]
    pub(crate) direction: Option<Direction>,
    /// Earlier date: a GeoTIFF with named bands, layers by role (red=FILE:1,nir=FILE:2,scl=FILE), or both
    #[arg(long, value_name = "[FILE,]ROLE=FILE[:BAND],..")]
    pub(crate) before: String,
    /// Earlier day [default: by the date tag of the FILE, else by its name]
    #[arg(long)]
    pub(crate) before_date: Option<Date>,
    /// Later date, in the same ways
    #[arg(long, value_name = "[FILE,]ROLE=FILE[:BAND],..")]
    pub(crate) after: String,
    /// Later day
    #[arg(long)]
    pub(crate) after_date: Option<Date>,
    /// The day after which no image can be [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    #[command(flatten)]
    pub(crate) numbers: Numbers,
    /// Grow rejected pixels by this distance in metres
    #[arg(long, default_value_t = 0.0, value_name = "METRES")]
    pub(crate) dilate: f64,
    /// Compare how far the index lies from its median within this distance in metres, in the direction of clearing (0 to 1), not the index
    /// itself: with NBR the rNBR of Langner et al. (2018)
    #[arg(long, value_name = "METRES", value_parser = metres)]
    pub(crate) self_reference: Option<f64>,
    /// Keep flagged pixels only where so many of them, the pixel itself among them, lie within a distance in metres: 80:3
    #[arg(long, value_name = "METRES:COUNT", value_parser = density)]
    pub(crate) density: Option<(f64, usize)>,
    /// Fall (or rise, where clearing makes the index rise) from which a pixel is flagged
    #[arg(long)]
    pub(crate) drop: f64,
    /// Mask raster: 0 unchanged, 1 changed, 255 not seen on both dates
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
    /// Raster of later minus earlier, NaN where not seen on both dates
    #[arg(long, value_name = "FILE")]
    pub(crate) magnitude: Option<PathBuf>,
    /// Only this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// The method, by name: see `methods`
    pub(crate) method: String,
    /// Rasters whose bands are dates, cubes (.nc, .h5, .zarr; cube.nc#VARIABLE), or tables of series (.csv), one a role: ndvi.tif, or
    /// ndvi=FILE green=FILE; rasters of a role may be several, each with dates of its own: nir08=OLI.tif nir08=ETM.tif
    #[arg(required = true, value_name = "[ROLE=]FILE")]
    pub(crate) inputs: Vec<String>,
    /// CSV whose column date has the day of each band; one for all inputs, or one an input, those of one role in their order [default:
    /// a cube's own time axis]
    #[arg(long, value_delimiter = ',', value_name = "[ROLE=]FILE,..")]
    pub(crate) dates: Vec<String>,
    /// Raster of quality codes, one band a date; one for all inputs, or one an input: only pixels with a clear code are observed. Of
    /// tables the column of codes: COLUMN:fmask or COLUMN:landsat-ard
    #[arg(long, value_delimiter = ',', value_name = "[ROLE=]FILE,..")]
    pub(crate) qa: Vec<String>,
    /// Codes of clear pixels, or the conditions that their codes meet: 4,5,7 or "bit(0)=0,bits(14-15)<3"
    #[arg(long, value_name = "CODES|RULE", requires = "qa")]
    pub(crate) clear: Option<String>,
    /// First day of the monitoring period; what is before it is history
    #[arg(long, value_name = "DATE")]
    pub(crate) monitor_from: Date,
    /// Last day of the monitoring period
    #[arg(long, value_name = "DATE")]
    pub(crate) monitor_to: Option<Date>,
    /// A parameter of the method, such as order=2 or "vv=[-7,0.75,-11.5,1]"
    #[arg(short, long = "parameter", value_name = "KEY=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Further bands: fit (coefficients, sigma), process (boundary)
    #[arg(long, value_delimiter = ',', value_name = "fit,process")]
    pub(crate) keep: Vec<String>,
    /// Factor of stored numbers [default: a raster's tag, else 1]
    #[arg(long)]
    pub(crate) scale: Option<f64>,
    /// Summand after the factor
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) offset: Option<f64>,
    /// Numbers of a raster: float32 or float64
    #[arg(long = "type", default_value = "float32")]
    pub(crate) kind: String,
    /// Bring reflectance to this sensor, such as landsat-oli, by published lines (see `sensors`); a column platform of the tables says
    /// which spacecraft each look is of
    #[arg(long, value_name = "SENSOR")]
    pub(crate) harmonise: Option<String>,
    /// Which lines: rma (reduced major axis) or ols (least squares) [default: rma]
    #[arg(long, value_parser = ["rma", "ols"], requires = "harmonise")]
    pub(crate) regression: Option<String>,
    /// Only this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    /// Tell the whole story of one pixel (row and column, counted from 0 at the top left) or of one series of tables, and nothing else:
    /// every look, the model, the process, the decision; -o names a .csv, .json, .png or .svg [default: CSV on stdout]
    #[arg(long, value_name = "ROW,COL|ID", conflicts_with_all = ["keep", "kind"])]
    pub(crate) explain: Option<String>,
    /// Folder that keeps the state: later calls need the new images only
    #[arg(long, value_name = "DIR", conflicts_with_all = ["explain", "stac"])]
    pub(crate) state: Option<PathBuf>,
    /// Begin anew: discard the state that is kept
    #[arg(long, requires = "state")]
    pub(crate) fresh: bool,
    /// Raster of what was found of each pixel, or table (.csv) of each series
    #[arg(
        short,
        long,
        required = false,
        required_unless_present = "explain",
        default_value_if("explain", ArgPredicate::IsPresent, "-")
    )]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

#[derive(Debug, Args)]
pub(crate) struct Patches {
    /// Class raster
    pub(crate) raster: PathBuf,
    /// One polygon a connected area of equal value, any value but nodata; without it, of value 1
    #[arg(long)]
    pub(crate) by_value: bool,
    /// Band number, or all
    #[arg(long, default_value = "1", value_name = "N|all")]
    pub(crate) band: String,
    /// 4 or 8
    #[arg(long, default_value_t = 8)]
    pub(crate) connectivity: u8,
    /// Smallest area kept, in hectares
    #[arg(long, default_value = "0.25", value_parser = hectares)]
    pub(crate) min_area_ha: f64,
    /// Smallest number of pixels kept
    #[arg(long, default_value_t = 1)]
    pub(crate) min_pixels: u64,
    /// Output: .geojson, .gpkg, .fgb, .csv or .kml
    #[arg(short, long)]
    pub(crate) out: PathBuf,
    /// Only polygons that meet this area
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
}

fn metres(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix('m').unwrap_or(text).trim().parse().ok();
    number
        .filter(|metres| metres.is_finite() && *metres > 0.0)
        .ok_or_else(|| format!("'{text}' is no distance; expected metres, such as 210"))
}

fn density(text: &str) -> Result<(f64, usize), String> {
    let wrong = || format!("'{text}' is no density; expected METRES:COUNT, such as 80:3");
    let (radius, count) = text.split_once(':').ok_or_else(wrong)?;
    Ok((metres(radius)?, count.parse().map_err(|_| wrong())?))
}

fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "fall" => Ok(Direction::Fall),
        "rise" => Ok(Direction::Rise),
        other => Err(format!("'{other}' is no direction; expected fall or rise")),
    }
}

fn format(text: &str) -> Result<RasterFormat, String> {
    match text {
        "cog" => Ok(RasterFormat::Cog),
        "gtiff" => Ok(RasterFormat::Gtiff),
        other => Err(format!("'{other}' is no raster format; expected cog or gtiff")),
    }
}

fn compression(text: &str) -> Result<Compression, String> {
    match text {
        "deflate" => Ok(Compression::Deflate),
        "zstd" => Ok(Compression::Zstd),
        "lzw" => Ok(Compression::Lzw),
        "none" => Ok(Compression::None),
        other => Err(format!("'{other}' is no codec; expected deflate, zstd, lzw or none")),
    }
}
