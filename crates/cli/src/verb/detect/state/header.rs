//! What a state says of itself: `state.json`.

use std::collections::BTreeMap;
use std::path::Path;

use raster::{Date, Grid, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;
use crate::sealed::Form;

/// Name of the file.
pub(super) const NAME: &str = "state.json";

/// The version is raised where the files hold something else, or a method computes other numbers from the same ones.
const FORM: Form = Form { name: "atalaya-state", version: 1, anew: "begin anew with --fresh and the whole series" };

/// Everything but the pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// Version of the program that wrote it.
    pub(super) program: String,
    /// Number of the call that wrote it; files are named by the call that made them.
    pub(super) generation: u32,
    pub(super) identity: Identity,
    /// Looks that the models are fitted to.
    pub(super) history: Vec<Look>,
    /// Looks of the monitoring period, in the order in which they are taken.
    pub(super) looks: Vec<Look>,
    /// What the history left for good.
    pub(super) model: Option<Planes>,
    /// What looks move, after the history.
    pub(super) start: Option<Planes>,
    /// What looks move, after the last look.
    pub(super) now: Option<Planes>,
    /// Every file, by its name.
    pub(super) files: BTreeMap<String, FileSum>,
}

/// What another call must have in common to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) method: String,
    /// All of them, those that were not given too.
    pub(super) parameters: Value,
    pub(super) monitor_from: Date,
    pub(super) monitor_to: Date,
    pub(super) roles: Vec<Role>,
    /// As given; `None` where it is the files' own.
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) grid: Place,
    /// What a clear pixel's code meets; `None` where there are no codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) clear: Option<String>,
    /// The sensor that looks are brought to, and the kind of its lines; `None` where they are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) harmonise: Option<String>,
}

/// A grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    crs: String,
    west: f64,
    north: f64,
    step_x: f64,
    step_y: f64,
    rows: usize,
    cols: usize,
}

/// One image of one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    pub(super) date: Date,
    pub(super) second: Option<u32>,
    /// The file's name and its band.
    pub(super) id: String,
    pub(super) role: Role,
    /// Of its stored numbers, their scale and offset.
    pub(super) sha256: String,
    pub(super) scale: f64,
    pub(super) offset: f64,
    /// What is taken off its values.
    pub(super) off: f64,
    /// Where its stored numbers are kept, if they are.
    pub(super) kept: Option<Band>,
}

/// A band of a file; the first is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Band {
    pub(super) file: String,
    pub(super) band: usize,
}

/// Files of planes, one a kind of number; none where there is no such plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planes {
    pub(super) reals: Option<String>,
    pub(super) days: Option<String>,
    pub(super) counts: Option<String>,
    /// Looks for which there is room, and the most that a pixel carries.
    pub(super) room: usize,
    pub(super) carried: usize,
}

impl Planes {
    /// The files' names.
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        [&self.reals, &self.days, &self.counts].into_iter().flatten()
    }
}

/// Size and SHA-256 of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSum {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Identity {
    /// Refuses a call that differs, with the first difference.
    pub(super) fn check(&self, asked: &Self, folder: &Path) -> Result<(), Fault> {
        let told = |identity: &Self| -> BTreeMap<String, Value> {
            let mut flat = BTreeMap::new();
            flatten("", &serde_json::to_value(identity).unwrap_or_default(), &mut flat);
            flat
        };
        let (kept, asked) = (told(self), told(asked));
        let mut names: Vec<&String> = kept.keys().chain(asked.keys()).collect();
        // Another method has other parameters: it is named first.
        names.sort_by_key(|name| (name.as_str() != "method", *name));
        let Some(name) = names.into_iter().find(|name| kept.get(*name) != asked.get(*name)) else { return Ok(()) };
        let say = |value: Option<&Value>| value.map_or_else(|| "not given".to_owned(), short);
        Err(Fault::usage(format!(
            "{}: its state was made with {name} = {}, and this call has {}; give the same, or begin anew with --fresh and the whole series",
            folder.display(),
            say(kept.get(name)),
            say(asked.get(name)),
        )))
    }
}

/// Entries of nested tables by their names with dots.
fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, into);
            }
        }
        Value::Null => {}
        _ => {
            into.insert(name.to_owned(), value.clone());
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(60).collect()
}

impl Place {
    pub(super) fn of(grid: &Grid) -> Self {
        // The text of a system with a code differs from library to library.
        let crs = grid.crs.epsg.map_or_else(|| grid.crs.wkt.clone(), |code| format!("EPSG:{code}"));
        let Grid { west, north, step_x, step_y, rows, cols, .. } = *grid;
        Self { crs, west, north, step_x, step_y, rows, cols }
    }
}

impl Header {
    /// The text of the file.
    pub(super) fn text(&self) -> Result<String, Fault> {
        FORM.text(self)
    }

    /// Reads the text of a file.
    pub(super) fn read(text: &str, path: &Path) -> Result<Self, Fault> {
        FORM.read(text, path)
    }
}
