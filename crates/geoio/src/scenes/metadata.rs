//! Landsat's metadata file in its three writings, as one list of values.

use std::path::Path;

use serde_json::Value;

use crate::GeoioError;

/// Values of a metadata file by group and name.
#[derive(Debug, Default)]
pub(super) struct Metadata(Vec<(String, String, String)>);

impl Metadata {
    /// Reads `*_MTL.txt`, `.xml` or `.json`.
    pub(super) fn read(path: &Path) -> Result<Self, GeoioError> {
        let wrong = |reason: &str| GeoioError::Metadata { path: path.to_owned(), line: None, reason: reason.to_owned() };
        let text = super::xml::read_text(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let values = match extension.as_str() {
            "xml" => from_xml(&text).map_err(|reason| wrong(&reason))?,
            "json" => from_json(&text).map_err(|reason| wrong(&reason))?,
            _ => from_odl(&text),
        };
        if values.is_empty() { Err(wrong("it holds no values")) } else { Ok(Self(values)) }
    }

    /// The first value of this name in a group.
    fn get(&self, group: &str, name: &str) -> Option<&str> {
        self.0.iter().find(|(g, n, _)| g == group && n == name).map(|(_, _, value)| value.as_str())
    }

    /// The value of this name in the first of some groups that has it.
    pub(super) fn get_in(&self, groups: &[&str], name: &str) -> Option<&str> {
        groups.iter().find_map(|group| self.get(group, name))
    }

    /// The same as a number.
    pub(super) fn number_in(&self, groups: &[&str], name: &str) -> Option<f64> {
        self.get_in(groups, name)?.parse().ok().filter(|v: &f64| v.is_finite())
    }
}

type Values = Vec<(String, String, String)>;

fn from_odl(text: &str) -> Values {
    let mut groups: Vec<String> = Vec::new();
    let mut values = Values::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        match name {
            "GROUP" => groups.push(value.to_owned()),
            "END_GROUP" => drop(groups.pop()),
            _ => values.push((groups.last().cloned().unwrap_or_default(), name.to_owned(), value.to_owned())),
        }
    }
    values
}

fn from_xml(text: &str) -> Result<Values, String> {
    let elements = super::xml::elements(text)?.into_iter();
    Ok(elements.filter(|e| !e.text.is_empty()).map(|e| (e.parent, e.name, e.text)).collect())
}

fn from_json(text: &str) -> Result<Values, String> {
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut values = Values::new();
    let roots = ["LANDSAT_METADATA_FILE", "L1_METADATA_FILE"];
    let groups = roots.iter().find_map(|name| root.get(name)?.as_object()).ok_or("it has no LANDSAT_METADATA_FILE")?;
    for (group, members) in groups {
        for (name, value) in members.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.push((group.clone(), name.clone(), value));
        }
    }
    Ok(values)
}
