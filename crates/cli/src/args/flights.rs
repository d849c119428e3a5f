//! Arguments of the verbs on what drones bring.

use std::path::PathBuf;

use clap::Args;

use super::hectares;
use super::images::{Formulas, Numbers, RasterOutput};

#[derive(Debug, Args)]
pub(crate) struct Photos {
    /// Photographs, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Where each was taken, with its SHA-256: .geojson, .gpkg, .fgb, .csv or .kml
    #[arg(short, long)]
    pub(crate) out: PathBuf,
    /// What of the ground each shows, as polygons
    #[arg(long, value_name = "FILE")]
    pub(crate) footprints: Option<PathBuf>,
    /// Height above ground of all of them in metres [default: that above where the drone rose from, as each file tells it]
    #[arg(long, value_name = "METRES", conflicts_with = "ground", value_parser = metres)]
    pub(crate) height: Option<f64>,
    /// Height of the ground in metres, of the same kind as that of the photographs' positions
    #[arg(long, value_name = "METRES", allow_hyphen_values = true)]
    pub(crate) ground: Option<f64>,
    /// Take cameras that do not tell their angles for looking straight down
    #[arg(long)]
    pub(crate) nadir: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Refine {
    /// Alerts, as polygons
    pub(crate) alerts: PathBuf,
    /// Orthomosaic: a GeoTIFF with named bands, or a project folder of OpenDroneMap
    pub(crate) image: PathBuf,
    /// Layers by role: red=1,green=2,blue=3 (bands of IMAGE), or red=FILE:2
    #[arg(long, value_name = "ROLE=[FILE:]BAND,..")]
    pub(crate) bands: Option<String>,
    /// Index that tells cleared ground, by name or formula
    #[arg(long, default_value = "ExG")]
    pub(crate) index: String,
    /// Ground is cleared where the index is below this
    #[arg(long, allow_hyphen_values = true, required_unless_present = "above", conflicts_with = "above")]
    pub(crate) below: Option<f64>,
    /// Ground is cleared where the index is above this
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) above: Option<f64>,
    /// How far the orthomosaic may lie off, metres: carried into the error of each area [default: what a project's report tells of its
    /// ground control points]
    #[arg(long, value_name = "METRES", value_parser = metres)]
    pub(crate) error: Option<f64>,
    /// How far around an alert cleared ground is looked for, metres
    #[arg(long, default_value = "30", value_name = "METRES", value_parser = metres)]
    pub(crate) margin: f64,
    /// Side of the pixels that the alerts were made of, metres: their areas may be off by half of one around
    #[arg(long, default_value = "10", value_name = "METRES", value_parser = metres)]
    pub(crate) alert_pixel: f64,
    /// Smallest piece of cleared ground, hectares
    #[arg(long, default_value = "0.01", value_parser = hectares)]
    pub(crate) min_area_ha: f64,
    #[command(flatten)]
    pub(crate) formulas: Formulas,
    #[command(flatten)]
    pub(crate) numbers: Numbers,
    /// Refined outlines: .geojson, .gpkg, .fgb, .csv or .kml
    #[arg(short, long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Height {
    /// Project folder of OpenDroneMap
    pub(crate) project: Option<PathBuf>,
    /// Heights of what stands on the ground (digital surface model) [default: the project's]
    #[arg(long, value_name = "FILE")]
    pub(crate) dsm: Option<PathBuf>,
    /// Heights of the ground (digital terrain model) [default: the project's]
    #[arg(long, value_name = "FILE")]
    pub(crate) dtm: Option<PathBuf>,
    /// Raster of heights above ground, metres, on the surface model's grid
    #[arg(short, long)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) output: RasterOutput,
}

fn metres(text: &str) -> Result<f64, String> {
    let length: Option<f64> = text.parse().ok();
    length
        .filter(|length| length.is_finite() && *length >= 0.0)
        .ok_or_else(|| format!("'{text}' is no length; expected 0 or more"))
}
