//! The job file: everything a run is told, typed and validated.
//!
//! Unknown keys are refused with line and column; paths are relative to the job file.

mod ccdc;
mod coregistration;
mod fetch;
mod harmonise;
mod index;
mod load;
mod period;

pub(crate) use load::read_text;

use std::path::{Path, PathBuf};

use alert::PatchRules;
use change::{
    BaytsParameters, BfastMonitorParameters, ClearingParameters, CusumParameters, DifferenceParameters, EwmaParameters, Guard,
    IqrParameters, MaskOptions, MosumParameters, PvtsBetaParameters, SpeckleParameters,
};
use geoio::{Compression, ImagerySpec, Resampling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;

pub(crate) use ccdc::CcdcSpec;
pub(crate) use coregistration::{Action, CoregistrationSpec, Tolerance};
pub(crate) use fetch::{FetchSource, FetchSpec};
pub(crate) use harmonise::HarmoniseSpec;
pub(crate) use index::IndexSpec;
use index::WrittenIndex;
pub(crate) use period::Period;

/// A run: imagery, where and when to look, what counts as change, registries, outputs.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// Name and language.
    #[serde(default, rename = "job")]
    pub(crate) about: About,
    /// The grid of the analysis; derived from the imagery where absent.
    #[serde(default)]
    pub(crate) grid: GridSpec,
    /// Where the scenes are; one table a product and place.
    pub(crate) imagery: Vec<ImagerySpec>,
    /// To which sensor's reflectance that of the others is brought; default: every sensor keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) harmonise: Option<HarmoniseSpec>,
    /// What is left out of each scene.
    #[serde(default)]
    pub(crate) mask: MaskSpec,
    /// How speckle of radar scenes is taken down, in power; default: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) speckle: Option<SpeckleParameters>,
    /// What scenes are held against before they are used: a wrong offset, exchanged bands.
    #[serde(default)]
    pub(crate) guard: Guard,
    /// Whether each scene is held against a reference image for where it lies; default: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coregistration: Option<CoregistrationSpec>,
    /// What is watched, when, where and by which method.
    pub(crate) change: ChangeSpec,
    /// What becomes a patch.
    #[serde(default)]
    pub(crate) patches: PatchRules,
    /// Official layers that alerts are laid over.
    #[serde(default)]
    pub(crate) registries: Option<RegistrySpec>,
    /// What may be asked over the network; nothing by default.
    #[serde(default)]
    pub(crate) network: NetworkSpec,
    /// What `fetch` brings; a run does not look at it, and its outputs do not depend on it.
    #[serde(default, skip_serializing)]
    pub(crate) fetch: Option<FetchSpec>,
    /// Rules that alerts are held against.
    #[serde(default)]
    pub(crate) rules: RulesSpec,
    /// What is written, and where.
    #[serde(default)]
    pub(crate) output: OutputSpec,
    /// The folder that paths are relative to.
    #[serde(skip)]
    pub(crate) base: PathBuf,
}

/// Name and language.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// Name shown in outputs.
    #[serde(default)]
    pub(crate) name: String,
    /// Language of what people read in outputs: es (default) or en.
    #[serde(default)]
    pub(crate) language: Language,
}

/// The grid of the analysis.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GridSpec {
    /// Reference system, such as "EPSG:32618"; default: that of the most-covered zone of the imagery.
    pub(crate) crs: Option<String>,
    /// Side of a pixel in units of the reference system (metres on UTM); default: the finest of the imagery.
    pub(crate) resolution: Option<f64>,
    /// West, south, east, north in the reference system; default: what the imagery covers.
    pub(crate) bounds: Option<[f64; 4]>,
    /// Polygons of the area of interest; only alerts that meet them are reported, and only their pixels are counted.
    pub(crate) aoi: Option<PathBuf>,
    /// Metres around the area of interest that are looked at too, so that alerts on its edge are whole (default 1000).
    #[serde(default = "default_margin")]
    pub(crate) margin_m: f64,
    /// How reflectance comes onto another grid: nearest, bilinear (default) or average. Masks are always nearest.
    #[serde(default)]
    pub(crate) resampling: Resampling,
}

impl Default for GridSpec {
    fn default() -> Self {
        let (crs, resolution, bounds, aoi, margin_m) = (None, None, None, None, default_margin());
        Self { crs, resolution, bounds, aoi, margin_m, resampling: Resampling::default() }
    }
}

fn default_margin() -> f64 {
    1000.0
}

/// What is left out of each scene.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaskSpec {
    /// Names of classes of the sensor's table, such as cloud and snow (`atalaya sensors`); default: the table's own choice.
    pub(crate) classes: Option<Vec<String>>,
    /// Metres by which clouds and shadows are grown (default 0).
    #[serde(default)]
    pub(crate) dilate_m: f64,
}

/// What is watched, when, where and by which method.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSpec {
    /// An index by name, or { name, formula, direction, constants, catalogue, endmembers }, of which only the name must be there.
    #[schemars(with = "WrittenIndex")]
    pub(crate) index: IndexSpec,
    /// The method.
    #[serde(default)]
    pub(crate) method: Method,
    /// The period that tells what is normal: { from, to }, both days included.
    pub(crate) baseline: Period,
    /// The period in which change is reported: { from, to }; without `to` up to the last scene.
    pub(crate) monitoring: Period,
    /// Parameters of the method `difference`.
    #[serde(default)]
    pub(crate) difference: DifferenceParameters,
    /// What a clearing is to methods that fit a model: all but `difference` and `bayts`.
    #[serde(default)]
    pub(crate) clearing: ClearingParameters,
    /// Parameters of the method `bfast-monitor`.
    #[serde(default, rename = "bfast-monitor")]
    pub(crate) bfast_monitor: BfastMonitorParameters,
    /// Parameters of the method `ewma`.
    #[serde(default)]
    pub(crate) ewma: EwmaParameters,
    /// Parameters of the method `cusum`.
    #[serde(default)]
    pub(crate) cusum: CusumParameters,
    /// Parameters of the method `mosum`.
    #[serde(default)]
    pub(crate) mosum: MosumParameters,
    /// Parameters of the method `iqr`.
    #[serde(default)]
    pub(crate) iqr: IqrParameters,
    /// Parameters of the method `pvts-beta`.
    #[serde(default, rename = "pvts-beta")]
    pub(crate) pvts_beta: PvtsBetaParameters,
    /// Parameters of the method `ccdc-nrt`.
    #[serde(default, rename = "ccdc-nrt")]
    pub(crate) ccdc_nrt: CcdcSpec,
    /// Parameters of the method `bayts`: among them the densities of the index and, where scenes give them, of vv and vh.
    #[serde(default)]
    pub(crate) bayts: BaytsParameters,
    /// What may be held against each other although it sees differently: orbits, instruments, levels (default none).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mix: Vec<Mixture>,
    /// Where to look: a class raster or polygons. Outside it nothing is flagged.
    pub(crate) within: Option<Within>,
}

/// Scenes that see differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mixture {
    /// Radar of several relative orbits or passes.
    Orbits,
    /// Several instruments of `PlanetScope`.
    Instruments,
    /// Reflectance at the ground and at the top of the atmosphere.
    Levels,
}

impl Mixture {
    /// As a job writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Orbits => "orbits",
            Self::Instruments => "instruments",
            Self::Levels => "levels",
        }
    }
}

/// A method by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// Each look against the baseline's median of the same season.
    #[default]
    Difference,
    /// Moving or cumulative sums of residuals of a season-trend model (Verbesselt et al. 2012).
    BfastMonitor,
    /// Exponentially weighted moving average of such residuals (Brooks et al. 2014).
    Ewma,
    /// Their sum (Zeileis et al. 2005).
    Cusum,
    /// Their moving sum.
    Mosum,
    /// Consecutive residuals outside the interquartile range of the history's.
    Iqr,
    /// Looks far below the mean of the history, without a season (Tarazona et al. 2018).
    PvtsBeta,
    /// Consecutive large residuals; green and short-wave infrared show clouds of the history (Zhu and Woodcock 2014).
    CcdcNrt,
    /// Probabilities of non-forest, of the index and of radar, fused look by look (Reiche et al. 2015).
    Bayts,
}

/// Where to look.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    /// A class raster, such as a forest map.
    pub(crate) raster: Option<PathBuf>,
    /// Classes of the raster that are looked at.
    #[serde(default)]
    pub(crate) classes: Vec<i64>,
    /// Polygons to look in, instead of a raster.
    pub(crate) polygons: Option<PathBuf>,
    /// The year the layer describes.
    pub(crate) year: Option<i32>,
    /// What the layer stands for: forest (outputs then say so) or area (default).
    #[serde(default)]
    pub(crate) means: Meaning,
}

/// What an eligibility layer stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Meaning {
    /// Natural forest by somebody's map.
    Forest,
    /// Any area to look in.
    #[default]
    Area,
}

/// Official layers.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrySpec {
    /// The catalogue (TOML, a table `source` each).
    pub(crate) catalogue: PathBuf,
    /// Id of the polygon source by which summary.csv is drawn up; default: the first of theme "administrative".
    pub(crate) summary: Option<String>,
    /// Whether columns of restricted and personal sources may stand in the outputs (default no).
    #[serde(default)]
    pub(crate) internal: bool,
    /// Day whose state is asked of sources that are kept in a store; default: the newest.
    #[serde(default, deserialize_with = "period::some_day")]
    #[schemars(with = "Option<String>")]
    pub(crate) as_of: Option<raster::Date>,
}

/// What may be asked over the network.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkSpec {
    /// Names or numbers of hosts that registries may be read from and imagery be fetched from (default none).
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
}

/// Metres up to which clearings are taken together, where nobody declares any.
pub(crate) const CLUSTER_M: f64 = 100.0;

/// Rules that alerts are held against, and how clearings are taken together for rules of extent: the analyst declares it.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RulesSpec {
    /// Packs that come with the program, such as `co_ley_2111_2021`, or files (TOML).
    pub(crate) packs: Vec<String>,
    /// Metres up to which two clearings are taken together, directly or by way of others (default 100).
    pub(crate) cluster_distance_m: f64,
    /// Days that may lie between the changes of two clearings that are taken together (default: any number).
    pub(crate) cluster_span_days: Option<i32>,
}

impl Default for RulesSpec {
    fn default() -> Self {
        Self { packs: Vec::new(), cluster_distance_m: CLUSTER_M, cluster_span_days: None }
    }
}

/// What is written, and where.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutputSpec {
    /// Folder of the outputs (default "out").
    #[serde(default = "default_folder")]
    pub(crate) folder: PathBuf,
    /// Codec of the rasters: deflate (default), zstd, lzw or none.
    #[serde(default)]
    pub(crate) compress: Compression,
    /// Whether a picture of the result is drawn (default yes).
    #[serde(default = "default_quicklook")]
    pub(crate) quicklook: bool,
    /// What scores of alerts are worth, as `evaluate --calibrate` writes it: alerts then have a column `probability`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<PathBuf>,
}

fn default_folder() -> PathBuf {
    "out".into()
}

fn default_quicklook() -> bool {
    true
}

impl Default for OutputSpec {
    fn default() -> Self {
        Self { folder: default_folder(), compress: Compression::default(), quicklook: default_quicklook(), calibration: None }
    }
}

impl MaskSpec {
    /// The same for a mask plan.
    pub(crate) fn options(&self) -> MaskOptions {
        MaskOptions { classes: self.classes.clone(), dilate_m: self.dilate_m }
    }
}

impl Job {
    /// A path of the job, made relative to the folder of the job file.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}
