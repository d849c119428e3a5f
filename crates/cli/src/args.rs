//! Arguments of the program, as CLI users type them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use geoio::{Compression, RasterFormat};
use raster::Date;

use crate::language::Language;
use crate::verb::bench::Stages;
use crate::verb::registry::Registry;

/// From satellite and drone imagery to dated, attributed alerts of clearings, laid over official registries.
#[derive(Debug, Parser)]
#[command(name = "atalaya", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options that every verb takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Print one JSON object on stdout at the end
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Threads [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Memory the run plans with, such as 800MB or 2GiB
    #[arg(long, global = true, value_name = "SIZE", default_value = "2GiB", value_parser = memory)]
    pub(crate) memory: u64,
    /// Replace outputs that exist
    #[arg(long, global = true)]
    pub(crate) force: bool,
    /// End with exit code 4 where there was a warning
    #[arg(long, global = true, value_name = "WHAT")]
    pub(crate) fail_on: Option<FailOn>,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more: causes of errors, steps
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How progress is shown on stderr
    #[arg(long, global = true, value_name = "HOW", default_value = "auto")]
    pub(crate) progress: ProgressStyle,
    /// Form of the log on stderr
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Language of what people read in outputs [default: the job's, else es]
    #[arg(long, global = true, value_name = "LANG")]
    pub(crate) lang: Option<Language>,
}

impl Common {
    /// Whether warnings end the program with an exit code of their own.
    pub(crate) fn fail_on_warning(&self) -> bool {
        self.fail_on.is_some()
    }

    /// Threads and memory of the run.
    pub(crate) fn budget(&self) -> pipeline::Budget {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        pipeline::Budget::new(self.jobs.filter(|jobs| *jobs > 0).unwrap_or_else(cores), self.memory)
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FailOn {
    Warn,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A bar on a terminal, else nothing.
    Auto,
    /// A bar.
    Bar,
    /// A line now and then.
    Plain,
    /// One JSON object a step.
    Json,
    /// Nothing.
    Off,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
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

fn hectares(text: &str) -> Result<f64, String> {
    let area: Option<f64> = text.parse().ok();
    area.filter(|area| area.is_finite() && *area >= 0.0).ok_or_else(|| format!("'{text}' is no area; expected 0 or more"))
}

fn repetitions(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| format!("'{text}' is no number of repetitions; expected 1 to 1000"))
}

fn memory(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| format!("'{text}' is no size; write 800MB or 2GiB"))?;
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        other => return Err(format!("'{other}' is no unit of memory; write MB, GB, MiB or GiB")),
    };
    let bytes = number * unit;
    if bytes < 64e6 { Err("at least 64MB are needed".to_owned()) } else { Ok(bytes as u64) }
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a commented job file that runs as it stands
    Init(Init),
    /// Check a job file and everything it names; writes nothing
    Check(JobFile),
    /// Say what a run would do: scenes, dates, grid, memory and disk; writes nothing
    Plan(JobFile),
    /// Turn imagery and registries into alerts
    Run(Run),
    /// Make a simulated region, run the job on it and score the alerts against the planted truth
    Demo(Demo),
    /// Make a simulated region and its job, without running it
    Synth(Synth),
    /// Measure the stages of a run and the whole job: speed, memory, growth with the area, scores
    Bench(Bench),
    /// Compute spectral indices of one scene
    Index(Index),
    /// Compare two dates
    Difference(Difference),
    /// Turn a class raster into polygons
    Patches(Patches),
    /// Watch series of images by a published method
    Detect(Detect),
    /// Lay features over official registries
    Join(Join),
    /// Official layers, before anything is laid over them
    #[command(subcommand)]
    Registry(Registry),
    /// List the scenes of a folder or zip, or what one metadata file says; no image is unpacked
    Scenes(Scenes),
    /// List the spectral indices
    Indices,
    /// List the sensors
    Sensors,
    /// List the change detection methods
    Methods,
    /// Say which libraries and drivers are there
    Doctor,
    /// Print a JSON Schema
    Schema(Schema),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder for job.toml and what it needs
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct JobFile {
    /// The job (TOML)
    pub(crate) job: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The job (TOML)
    pub(crate) job: PathBuf,
    /// Folder of the outputs [default: the job's]
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
    /// Only alerts that meet this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    /// Rows of a strip [default: by memory]; the outputs do not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) strip_rows: Option<usize>,
    /// Begin anew: discard what an interrupted run has finished
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the simulated region and the outputs
    pub(crate) dir: PathBuf,
    /// Seed of the region
    #[arg(long, default_value_t = 18)]
    pub(crate) seed: u64,
    /// Side of the region in pixels of 10 m
    #[arg(long, default_value_t = 640)]
    pub(crate) size: usize,
    /// Take only every Nth scene
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) every: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Synth {
    /// Folder for the simulated region and its job
    pub(crate) dir: PathBuf,
    /// Seed of the region
    #[arg(long, default_value_t = 18)]
    pub(crate) seed: u64,
    /// Side of the region in pixels of 10 m
    #[arg(long, default_value_t = 640)]
    pub(crate) size: usize,
    /// Take only every Nth scene
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) every: u16,
    /// So many scenes, on the clearest days, instead of the archive's calendar
    #[arg(long, value_name = "N", conflicts_with = "every")]
    pub(crate) dates: Option<usize>,
    /// Form of the scenes
    #[arg(long, value_enum, default_value_t = SynthProduct::Geotiff)]
    pub(crate) product: SynthProduct,
    /// Processing baseline of Sentinel-2 products: 02.14 (no offset) or 05.09 (offset -1000)
    #[arg(long, default_value = "05.09")]
    pub(crate) baseline: String,
    /// Pack each Sentinel-2 product into a zip
    #[arg(long)]
    pub(crate) zip: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Folder with a job.toml, or folders that have one; with --sizes, where the simulated regions are kept [default: nowhere]
    pub(crate) dir: Option<PathBuf>,
    /// Simulate square regions of so many pixels of 10 m a side, 96 to 10980
    #[arg(long, value_name = "N,..", value_delimiter = ',')]
    pub(crate) sizes: Vec<usize>,
    /// Numbers of dates of the simulated regions, 2 to 120
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "2")]
    pub(crate) dates: Vec<usize>,
    /// Seed of the simulated regions
    #[arg(long, default_value_t = 18)]
    pub(crate) seed: u64,
    /// all, or some of read,mask,index,change,patches,overlay,write,job
    #[arg(long, value_name = "STAGE,..", default_value = "all", value_parser = Stages::parse)]
    pub(crate) stages: Stages,
    /// Repetitions of each
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = repetitions)]
    pub(crate) reps: usize,
    /// Folder with a job.toml, or folders that have one, to measure beside the simulated regions
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// An earlier report: say by how much each figure differs from it
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Report of all figures (JSON)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// In which form simulated scenes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SynthProduct {
    /// One file a date.
    Geotiff,
    /// Folders with lossless JPEG 2000.
    #[value(name = "sentinel-2-l2a")]
    Sentinel2L2A,
    /// Folders of Collection 2 Level 2.
    #[value(name = "landsat-c2-l2")]
    LandsatC2L2,
}

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

#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Names such as NDVI,NBR, or a formula such as (N-R)/(N+R)
    pub(crate) indices: String,
    /// Product folder or GeoTIFF with named bands
    #[arg(required_unless_present = "bands")]
    pub(crate) scene: Option<PathBuf>,
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
    /// Rasters whose bands are dates, one a role: ndvi.tif, or ndvi=FILE green=FILE
    #[arg(required = true, value_name = "[ROLE=]FILE")]
    pub(crate) inputs: Vec<String>,
    /// CSV whose column date has the day of each band; one for all inputs, or one a role
    #[arg(long, value_delimiter = ',', value_name = "[ROLE=]FILE,..")]
    pub(crate) dates: Vec<String>,
    /// First day of the monitoring period; what is before it is history
    #[arg(long, value_name = "DATE")]
    pub(crate) monitor_from: Date,
    /// Last day of the monitoring period
    #[arg(long, value_name = "DATE")]
    pub(crate) monitor_to: Option<Date>,
    /// A parameter of the method
    #[arg(short, long = "parameter", value_name = "KEY=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Further bands: fit (coefficients, sigma), process (boundary)
    #[arg(long, value_delimiter = ',', value_name = "fit,process")]
    pub(crate) keep: Vec<String>,
    /// Factor of stored numbers [default: the files' tag, else 1]
    #[arg(long)]
    pub(crate) scale: Option<f64>,
    /// Summand after the factor
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) offset: Option<f64>,
    /// float32 or float64
    #[arg(long = "type", default_value = "float32")]
    pub(crate) kind: String,
    /// Only this area (polygons)
    #[arg(long, value_name = "FILE")]
    pub(crate) aoi: Option<PathBuf>,
    /// Output raster
    #[arg(short, long)]
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

#[derive(Debug, Args)]
pub(crate) struct Scenes {
    /// Folder or zip of products, or a metadata file (.xml)
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// What to describe
    pub(crate) of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaOf {
    /// alerts.geojson
    Alert,
    /// The job file
    Job,
}
