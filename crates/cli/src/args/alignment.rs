//! Arguments of the verbs that say where an image lies.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RasterOutput;

#[derive(Debug, Args)]
pub(crate) struct Coregister {
    /// The image that lies off
    pub(crate) moving: PathBuf,
    /// The image whose place is held to be right
    pub(crate) reference: PathBuf,
    /// The moving image put right; without it the shift is measured only
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
    /// Band of both images that is compared, the first is 1
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) band: usize,
    /// Band of the reference, where it is another one
    #[arg(long, value_name = "N")]
    pub(crate) reference_band: Option<usize>,
    /// Quality raster of the moving image: pixels that are not clear are left out
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Quality raster of the reference
    #[arg(long, value_name = "FILE")]
    pub(crate) reference_mask: Option<PathBuf>,
    /// Codes of clear pixels in the quality rasters, or a rule: 4,5,7 or "bit(3)=0" [default: 0]
    #[arg(long, value_name = "CODES|RULE")]
    pub(crate) clear: Option<String>,
    /// Tie points a row and a column [default: as many as windows side by side, 3 to 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=64))]
    pub(crate) grid: Option<u16>,
    /// Side of a window in pixels of the reference; smaller where the images are
    #[arg(long, default_value_t = 256, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(32..=2048))]
    pub(crate) window: u16,
    /// Pixels up to which the shift is looked for [default: a quarter of the window]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_shift: Option<f64>,
    /// One shift for all, one that changes evenly (scale, rotation), or one that bends through the tie points
    #[arg(long, default_value = "shift")]
    pub(crate) warp: Warp,
    /// Put the pixels on the reference's grid, instead of moving the image's own grid and leaving its numbers alone
    #[arg(long)]
    pub(crate) resample: bool,
    /// How pixels are put on the reference's grid: nearest, bilinear, cubic or average
    #[arg(long, default_value = "bilinear", value_name = "HOW")]
    pub(crate) resampling: SamplingName,
    /// Table of the tie points and the result (.json, or .csv for the tie points alone)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

/// How the shift may change over an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Warp {
    /// One shift.
    Shift,
    /// An affine trend.
    Affine,
    /// A thin plate through the tie points.
    Local,
}

/// A resampling by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SamplingName {
    Nearest,
    Bilinear,
    Cubic,
    Average,
}

impl From<SamplingName> for geoio::Sampling {
    fn from(name: SamplingName) -> Self {
        match name {
            SamplingName::Nearest => Self::Nearest,
            SamplingName::Bilinear => Self::Bilinear,
            SamplingName::Cubic => Self::Cubic,
            SamplingName::Average => Self::Average,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Georeference {
    /// The image: GeoTIFF, JPEG, PNG or JPEG 2000
    pub(crate) image: PathBuf,
    /// Control points: `gcp_list.txt` of `OpenDroneMap` or `.points` of QGIS [default: the image's own, else its model, else its place]
    #[arg(long, value_name = "FILE")]
    pub(crate) gcps: Option<PathBuf>,
    /// Model of the sensor: _RPC.TXT or .RPB [default: the image's own, or the one beside it]
    #[arg(long, value_name = "FILE", conflicts_with = "gcps")]
    pub(crate) rpc: Option<PathBuf>,
    /// Raster of heights in metres, for a model of the sensor
    #[arg(long, value_name = "FILE", conflicts_with = "gcps")]
    pub(crate) dem: Option<PathBuf>,
    /// One height in metres for a model of the sensor, instead of --dem
    #[arg(long, value_name = "METRES", allow_hyphen_values = true, conflicts_with_all = ["gcps", "dem"])]
    pub(crate) height: Option<f64>,
    /// Transform from the control points [default: order1 with fewer than 10 points, else order2]
    #[arg(long, value_name = "HOW")]
    pub(crate) transform: Option<TransformName>,
    /// Reference system of the control points, where their file names none: EPSG:n
    #[arg(long, value_name = "CRS")]
    pub(crate) gcp_crs: Option<String>,
    /// Reference system of the output [default: that of the control points; of a model, the UTM zone of the image's middle]
    #[arg(long, value_name = "CRS")]
    pub(crate) crs: Option<String>,
    /// Side of a pixel of the output in its units [default: about that of the image]
    #[arg(long, value_name = "SIZE")]
    pub(crate) resolution: Option<f64>,
    /// Edges of the output's pixels are multiples of --resolution
    #[arg(long, requires = "resolution")]
    pub(crate) snap: bool,
    /// nearest, bilinear, cubic or average
    #[arg(long, default_value = "nearest", value_name = "HOW")]
    pub(crate) resampling: SamplingName,
    /// Pixels of the image by which places between others may be off; 0 works each one out [default: 0.125, with heights 0]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_error: Option<f64>,
    /// Number of what has no pixel [default: the image's own, else 0]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) nodata: Option<f64>,
    /// Root mean square error of the control points in pixels of the image above which a warning is given
    #[arg(long, default_value_t = 2.0, value_name = "PIXELS")]
    pub(crate) rmse_limit: f64,
    /// The image with a place; without it the control points are judged only
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
    /// Table of the control points and what is left at each (.csv or .json)
    #[arg(long, value_name = "FILE")]
    pub(crate) residuals: Option<PathBuf>,
    /// Picture of the image with an arrow at each control point (.png)
    #[arg(long, value_name = "FILE")]
    pub(crate) arrows: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

/// A transform by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransformName {
    /// Scale, shear, rotation: 3 points.
    Order1,
    /// A polynomial of order 2: 6 points.
    Order2,
    /// A polynomial of order 3: 10 points.
    Order3,
    /// A thin-plate spline: through every point.
    Tps,
    /// A plane seen from anywhere: 4 points.
    Projective,
}

impl From<TransformName> for align::control::Method {
    fn from(name: TransformName) -> Self {
        match name {
            TransformName::Order1 => Self::Polynomial(1),
            TransformName::Order2 => Self::Polynomial(2),
            TransformName::Order3 => Self::Polynomial(3),
            TransformName::Tps => Self::ThinPlate,
            TransformName::Projective => Self::Projective,
        }
    }
}
