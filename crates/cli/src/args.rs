//! Arguments of the program, as CLI users type them.

mod alignment;
mod evaluate;
mod fetch;
mod flights;
mod images;
mod join;
mod trials;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::language::Language;
use crate::verb::registry::Registry;

pub(crate) use alignment::{Coregister, Georeference, Warp};
pub(crate) use evaluate::{Evaluate, ReferenceFields, ReferenceKind, SampleDesign};
pub(crate) use fetch::Fetch;
pub(crate) use flights::{Height, Photos, Refine};
pub(crate) use images::{Detect, Difference, Formulas, Index, Indices, Numbers, Patches, RasterOutput};
pub(crate) use join::Join;
pub(crate) use trials::{Bench, Demo, Synth, SynthProduct};

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

fn hectares(text: &str) -> Result<f64, String> {
    let area: Option<f64> = text.parse().ok();
    area.filter(|area| area.is_finite() && *area >= 0.0).ok_or_else(|| format!("'{text}' is no area; expected 0 or more"))
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
    /// Measure alerts again on an orthomosaic of a drone that covers them
    Refine(Refine),
    /// Say how high what stands on the ground is: surface minus terrain
    Height(Height),
    /// Say where photographs of a flight were taken, what they show, and their SHA-256
    Photos(Photos),
    /// Measure how far an image lies off a reference, and put it right
    Coregister(Box<Coregister>),
    /// Give an image its place, by control points, its sensor's model or its own tags
    Georeference(Box<Georeference>),
    /// Lay features over official registries
    Join(Join),
    /// Hold alerts against a reference: accuracy, omissions, delay, and what their confidence is worth
    Evaluate(Box<Evaluate>),
    /// Bring scenes from a provider's STAC API into a local catalogue: what is new, checked, gone on with where it broke off
    Fetch(Fetch),
    /// Official layers, before anything is laid over them
    #[command(subcommand)]
    Registry(Registry),
    /// List the scenes of a folder or zip, or what one metadata file says; no image is unpacked
    Scenes(Scenes),
    /// List the spectral indices, or tell all of some
    Indices(Indices),
    /// List the sensors
    Sensors,
    /// List the change detection methods, or cite them
    Methods(Methods),
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
    /// Keep the looks at the scenes in this folder, and read only scenes that are new to it; the outputs do not depend on it
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Begin anew: discard what an interrupted run has finished, and the looks of the state
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Scenes {
    /// Folder or zip of products, a metadata file (.xml), or a STAC item, collection or catalogue (.json)
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) search: Search,
}

/// Which items of a STAC catalogue are taken.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Only items on this ground, in degrees; west lies east of east across the antimeridian
    #[arg(long, value_name = "W,S,E,N", value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) bbox: Option<Vec<f64>>,
    /// Only items of this day or interval: 2024-01-31, 2024-01-01/2024-12-31, 2024-01-01/..
    #[arg(long, value_name = "INTERVAL")]
    pub(crate) datetime: Option<String>,
    /// Only items of these collections
    #[arg(long, alias = "collections", value_name = "ID,..", value_delimiter = ',')]
    pub(crate) collection: Option<Vec<String>>,
    /// Only these items
    #[arg(long, value_name = "ID,..", value_delimiter = ',')]
    pub(crate) ids: Option<Vec<String>>,
    /// Only items with at most this share of cloud, in percent
    #[arg(long, value_name = "PERCENT")]
    pub(crate) max_cloud: Option<f64>,
    /// A folder beside the catalogue's own whose files it may name
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_folder: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Methods {
    /// Only these [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Print BibTeX: the publications of each method and the program whose answers it gives
    #[arg(long)]
    pub(crate) cite: bool,
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
