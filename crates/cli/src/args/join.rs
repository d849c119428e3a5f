use std::path::PathBuf;

use clap::Args;
use raster::Date;

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// Features: .geojson, .gpkg, .parquet, .shp, .fgb, .kml, .gdb or .csv
    pub(crate) features: PathBuf,
    /// Registry catalogue (TOML), or a folder of them
    #[arg(long, value_name = "CAT")]
    pub(crate) registries: PathBuf,
    /// One row a feature instead of one a hit
    #[arg(long)]
    pub(crate) wide: bool,
    /// geodesic or planar
    #[arg(long, default_value = "geodesic")]
    pub(crate) area: String,
    /// Column that names a feature [default: id, else the row number]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Longitude column of a CSV
    #[arg(long)]
    pub(crate) lon: Option<String>,
    /// Latitude column of a CSV
    #[arg(long)]
    pub(crate) lat: Option<String>,
    /// Column with the day on which validity is judged
    #[arg(long, value_name = "COLUMN")]
    pub(crate) date_field: Option<String>,
    /// Layer of the features, where their file holds several
    #[arg(long)]
    pub(crate) layer: Option<String>,
    /// Reference system of the features, instead of their file's own, such as EPSG:9377
    #[arg(long)]
    pub(crate) crs: Option<String>,
    /// Text encoding of a CSV or Shapefile, such as latin1
    #[arg(long)]
    pub(crate) encoding: Option<String>,
    /// Day whose state of the registries is asked for, where they are kept in a store [default: the newest]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Host that registries may be read from over the network; may be repeated
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// How far the features may lie off, in metres: records that they may meet are then told as possible
    #[arg(long, value_name = "METRES", default_value_t = 0.0)]
    pub(crate) accuracy_m: f64,
    /// Write what restricted and personal sources say too: for those the authority allows
    #[arg(long)]
    pub(crate) internal: bool,
    /// Rules to hold the features against: the name of a pack that comes along, or a file (TOML)
    #[arg(long, value_name = "PACK", requires = "elements")]
    pub(crate) rules: Vec<String>,
    /// What each rule says of each feature, with the records it rests on: .csv
    #[arg(long, value_name = "FILE", requires = "rules")]
    pub(crate) elements: Option<PathBuf>,
    /// Columns of the wide table, or month, by which totals are drawn up
    #[arg(long, value_name = "COLUMN,..", value_delimiter = ',', requires = "totals")]
    pub(crate) by: Vec<String>,
    /// The totals: .csv
    #[arg(long, value_name = "FILE", requires = "by")]
    pub(crate) totals: Option<PathBuf>,
    /// Metres up to which features are taken together for rules of extent
    #[arg(long, value_name = "METRES", default_value_t = crate::job::CLUSTER_M)]
    pub(crate) cluster: f64,
    /// Days that may lie between the changes of features that are taken together [default: any]
    #[arg(long, value_name = "DAYS")]
    pub(crate) cluster_days: Option<i32>,
    /// Output: .csv, .parquet, .geojson, .gpkg or .fgb; of one row a hit, the first two hold no geometry
    #[arg(short, long)]
    pub(crate) out: PathBuf,
}
