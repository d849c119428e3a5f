//! Arguments of the verbs that simulate and measure.

use std::path::PathBuf;

use clap::Args;

use crate::verb::bench::Stages;

#[derive(Debug, Args)]
pub(crate) struct SimulatedRegion {
    /// Folder for the simulated region, its job and outputs
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
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) region: SimulatedRegion,
    /// The job's method, of those that `[change] method` takes
    #[arg(long, default_value = "difference")]
    pub(crate) method: String,
}

#[derive(Debug, Args)]
pub(crate) struct Synth {
    #[command(flatten)]
    pub(crate) region: SimulatedRegion,
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

fn repetitions(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| format!("'{text}' is no number of repetitions; expected 1 to 1000"))
}
