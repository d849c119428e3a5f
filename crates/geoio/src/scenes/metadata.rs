//! Landsat's metadata file in its three writings, as one list of values.

use std::path::Path;

use quick_xml::events::Event;
use serde_json::Value;

use crate::GeoioError;

/// Largest metadata file that is read: real ones have 15 kB.
const MAX_BYTES: u64 = 4 << 20;

/// Values of a metadata file by group and name.
#[derive(Debug, Default)]
pub(super) struct Metadata(Vec<(String, String, String)>);

impl Metadata {
    /// Reads `*_MTL.txt`, `.xml` or `.json`.
    pub(super) fn read(path: &Path) -> Result<Self, GeoioError> {
        let io = |source| GeoioError::Input { path: path.to_owned(), source };
        let wrong = |reason: &str| GeoioError::Metadata { path: path.to_owned(), line: None, reason: reason.to_owned() };
        crate::open::check_local(path)?;
        if std::fs::metadata(path).map_err(io)?.len() > MAX_BYTES {
            return Err(wrong("it is larger than any metadata file"));
        }
        let bytes = std::fs::read(path).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let values = match extension.as_str() {
            "xml" => from_xml(&text).map_err(|reason| wrong(&reason))?,
            "json" => from_json(&text).map_err(|reason| wrong(&reason))?,
            _ => from_odl(&text),
        };
        if values.is_empty() { Err(wrong("it holds no values")) } else { Ok(Self(values)) }
    }

    /// The first value of this name in a group.
    pub(super) fn get(&self, group: &str, name: &str) -> Option<&str> {
        self.0.iter().find(|(g, n, _)| g == group && n == name).map(|(_, _, value)| value.as_str())
    }

    /// A value of this name in a group as a number.
    pub(super) fn number(&self, group: &str, name: &str) -> Option<f64> {
        self.get(group, name)?.parse().ok().filter(|v: &f64| v.is_finite())
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
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut open, mut values, mut value): (Vec<String>, _, _) = (Vec::new(), Values::new(), String::new());
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                open.push(String::from_utf8_lossy(start.name().as_ref()).into_owned());
                value.clear();
                if open.len() > 8 {
                    return Err("its elements are nested too deep".to_owned());
                }
            }
            Event::Text(part) => value.push_str(&part.decode().map_err(|error| error.to_string())?),
            Event::End(_) => {
                let name = open.pop().ok_or("an element ends that did not begin")?;
                if let (Some(group), false) = (open.last(), value.trim().is_empty()) {
                    values.push((group.clone(), name, value.trim().to_owned()));
                }
                value.clear();
            }
            Event::Eof => return Ok(values),
            _ => {}
        }
    }
}

fn from_json(text: &str) -> Result<Values, String> {
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut values = Values::new();
    let groups = root.get("LANDSAT_METADATA_FILE").and_then(Value::as_object).ok_or("it has no LANDSAT_METADATA_FILE")?;
    for (group, members) in groups {
        for (name, value) in members.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.push((group.clone(), name.clone(), value));
        }
    }
    Ok(values)
}
