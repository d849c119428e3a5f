use std::path::PathBuf;

use clap::{Args, ValueEnum};
use raster::Date;

/// Alerts held against a reference.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Alerts: .geojson, .gpkg, .parquet, .shp, .fgb, .kml, .gdb or .csv
    pub(crate) alerts: PathBuf,
    /// What happened: polygons with days, sample points with labels, or a raster of loss years
    #[arg(long, value_name = "FILE")]
    pub(crate) reference: PathBuf,
    /// What the reference is [default: by its content]
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<ReferenceKind>,
    #[command(flatten)]
    pub(crate) fields: ReferenceFields,
    #[command(flatten)]
    pub(crate) design: SampleDesign,
    #[command(flatten)]
    pub(crate) years: LossYears,
    /// Layer of the alerts, where their file holds several
    #[arg(long)]
    pub(crate) layer: Option<String>,
    /// Layer of the reference, where its file holds several
    #[arg(long)]
    pub(crate) reference_layer: Option<String>,
    /// Reference system of the alerts, instead of their file's own, such as EPSG:9377
    #[arg(long)]
    pub(crate) crs: Option<String>,
    /// Reference system of the reference, instead of its file's own
    #[arg(long)]
    pub(crate) reference_crs: Option<String>,
    /// First day that is judged: earlier alerts are left out, changes that ended earlier are no omissions
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// Last day that is judged: later alerts are left out, changes that began later are no omissions
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Date>,
    /// Only alerts and references that meet this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    /// change.tif of the run that made the alerts: what it did not see, or was not to look at, is no omission
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Hectares at which one class of size ends and the next begins
    #[arg(long, value_name = "HA,..", value_delimiter = ',', default_value = "0.5,1,5,30", value_parser = super::hectares)]
    pub(crate) sizes: Vec<f64>,
    /// Further columns of the alerts or of the reference by which accuracy is told
    #[arg(long, value_name = "COLUMN,..", value_delimiter = ',')]
    pub(crate) by: Vec<String>,
    /// Write what a score of the alerts is worth as a probability: .json, for `[output] calibration` of a job
    #[arg(long, value_name = "FILE")]
    pub(crate) calibrate: Option<PathBuf>,
    /// Column that the probability rises with; COLUMN:falling where it falls [default: confidence, then the size of magnitude]
    #[arg(long, value_name = "COLUMN", requires = "calibrate")]
    pub(crate) score: Option<String>,
    /// Parts, by order of ids, of which each is predicted by the others
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub(crate) folds: u16,
    /// Output instead of the table on stdout: .csv or .json
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
}

/// What a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferenceKind {
    /// Polygons of all that changed.
    Polygons,
    /// Points of a sample, each with a label.
    Points,
    /// A raster of the years of loss.
    LossYear,
}

/// Columns of a reference.
#[derive(Debug, Args)]
pub(crate) struct ReferenceFields {
    /// Column with the day of the change: a day, month or year [default: date, fecha, `change_date`, year]
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["from_field", "to_field"])]
    pub(crate) date_field: Option<String>,
    /// Column with the first day on which it may have happened [default: from, `date_from`, desde]
    #[arg(long, value_name = "COLUMN", requires = "to_field")]
    pub(crate) from_field: Option<String>,
    /// Column with the last such day [default: to, `date_to`, hasta]
    #[arg(long, value_name = "COLUMN", requires = "from_field")]
    pub(crate) to_field: Option<String>,
    /// Column that says whether anybody could see the place: 0, no or false is no omission [default: seen]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) seen_field: Option<String>,
    /// Column with the first clear day after the change [default: `first_clear`]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) first_clear_field: Option<String>,
    /// Column with all clear days after the change, separated by spaces, commas or semicolons [default: `clear_days`]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) clear_days_field: Option<String>,
    /// Column with the label of a point [default: label, reference, class, change, etiqueta]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label_field: Option<String>,
    /// Labels that mean change [default: change, loss, deforestation, 1, yes, true, cambio, deforestacion, si]
    #[arg(long, value_name = "LABEL,..", value_delimiter = ',')]
    pub(crate) change: Vec<String>,
    /// Labels that mean no change; all others are not interpretable [default: no change, stable, 0, no, false, sin cambio, estable]
    #[arg(long, value_name = "LABEL,..", value_delimiter = ',')]
    pub(crate) no_change: Vec<String>,
    /// Column of the longitude (or x) of a table of points [default: lon]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) lon: Option<String>,
    /// Column of the latitude (or y) of a table of points [default: lat]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) lat: Option<String>,
}

/// How sample points were drawn.
#[derive(Debug, Args)]
pub(crate) struct SampleDesign {
    /// Column with the probability by which a point was drawn [default: `inclusion_probability`]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) probability_field: Option<String>,
    /// Column with the stratum of a point [default: stratum, strata, estrato]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) stratum_field: Option<String>,
    /// Hectares of each stratum [default: the column `stratum_area_ha`]
    #[arg(long, value_name = "NAME=HA,..", value_delimiter = ',')]
    pub(crate) strata: Vec<String>,
    /// Hectares that the points were drawn from, where strata do not say it
    #[arg(long, value_name = "HA", value_parser = super::hectares)]
    pub(crate) area_ha: Option<f64>,
    /// Take the points as drawn at random from the whole, whatever their strata and probabilities
    #[arg(long)]
    pub(crate) simple: bool,
}

/// How a raster of loss years is read.
#[derive(Debug, Args)]
pub(crate) struct LossYears {
    /// Band of the raster
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) band: usize,
    /// Year that the number 0 would stand for; numbers from 1900 on are years themselves
    #[arg(long, value_name = "YEAR", default_value_t = 2000)]
    pub(crate) year_zero: i32,
    /// Years by which the loss may differ from the alert
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) within_years: u16,
}
