use std::path::{Path, PathBuf};

use fetch::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::load::{parse, read_text};
use super::{Job, NetworkSpec};
use crate::fault::Fault;

/// What `fetch` brings; a run does not look at it.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchSpec {
    /// A provider by its id (`atalaya fetch --providers`), or one of `providers`.
    pub(crate) provider: Option<String>,
    /// Address of a STAC API, where it is of no provider that has a record.
    pub(crate) api: Option<String>,
    /// Collections to search.
    #[serde(default)]
    pub(crate) collections: Vec<String>,
    /// Ids of items, where only these are wanted.
    #[serde(default)]
    pub(crate) ids: Vec<String>,
    /// West, south, east, north in degrees (WGS 84); west is larger than east across the antimeridian.
    pub(crate) bbox: Option<[f64; 4]>,
    /// A day, or days from and to, both included: "2024-01-01/2024-12-31"; ".." leaves an end open.
    pub(crate) datetime: Option<String>,
    /// Largest cloud cover of a scene, percent.
    pub(crate) max_cloud: Option<f64>,
    /// Keys of the assets that are brought, such as "red" and "scl"; "*" stands for all.
    #[serde(default)]
    pub(crate) assets: Vec<String>,
    /// Name of the other place that assets are brought from where they have it, such as "s3" or "https" (extension `alternate`).
    pub(crate) alternate: Option<String>,
    /// Most items that are brought (default 1000); more are refused, since a part of a search is no series.
    #[serde(default = "default_items")]
    pub(crate) max_items: usize,
    /// Most gigabytes that a call may bring; more are refused before they come (default: any number).
    pub(crate) max_gb: Option<f64>,
    /// Items a page of the search (default 100).
    #[serde(default = "default_page")]
    pub(crate) page: usize,
    /// File of secrets, a line NAME = "value" each, that only its owner may read (mode 0600).
    pub(crate) secrets: Option<PathBuf>,
    /// PEM file of the authorities whose certificates are taken, instead of the system's.
    pub(crate) authorities: Option<PathBuf>,
    /// Records of providers of your own.
    #[serde(default)]
    pub(crate) providers: Vec<Provider>,
}

fn default_items() -> usize {
    1000
}

fn default_page() -> usize {
    100
}

/// A file of nothing but what is brought.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchFile {
    fetch: FetchSpec,
    #[serde(default)]
    network: NetworkSpec,
}

/// What is brought, which hosts may be asked, and the folder that paths are relative to.
#[derive(Debug)]
pub(crate) struct FetchSource {
    pub(crate) spec: FetchSpec,
    pub(crate) hosts: Vec<String>,
    pub(crate) base: PathBuf,
}

impl FetchSource {
    /// The source of a job, or of a file of its own.
    pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
        let text = read_text(path)?;
        let is_job =
            toml::from_str::<toml::Table>(&text).is_ok_and(|table| table.contains_key("imagery") || table.contains_key("change"));
        if is_job {
            let job = Job::load(path)?;
            let spec = job.fetch.ok_or_else(|| {
                Fault::usage(format!(
                    "{}: has no table [fetch]; say there which provider, collections and assets",
                    path.display()
                ))
            })?;
            return Ok(Self { spec, hosts: job.network.hosts, base: job.base });
        }
        let file: FetchFile = parse(&text, path)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { spec: file.fetch, hosts: file.network.hosts, base })
    }
}
