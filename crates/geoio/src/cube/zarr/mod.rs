//! Zarr, of the second and the third format, as folders on this machine.
//!
//! Sources: Zarr storage specification, version 2; Zarr core specification, version 3.1, and its codecs. Only regular files below the
//! folder are read: a link in it is refused.

mod codec;
mod folder;
mod second;
mod stored;
mod third;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::array::{Array, Attribute, Attributes, Dimension, Fill, Place};
use super::bytes::Reading;
use super::element::{Element, Kind};
use folder::Folder;
pub(super) use stored::Stored;

/// Groups and arrays of one store.
const MOST_OBJECTS: usize = 10_000;

/// Groups within groups.
const MOST_LEVELS: usize = 16;

/// Whether a folder is a store.
pub(super) fn is_store(path: &Path) -> bool {
    path.is_dir() && ["zarr.json", ".zgroup", ".zarray"].iter().any(|name| path.join(name).is_file())
}

/// The arrays of a store.
pub(super) fn arrays(path: &Path) -> Reading<Vec<Array>> {
    let mut arrays = Vec::new();
    node(&Folder::new(path), "", 0, &mut arrays)?;
    let names: BTreeSet<String> = arrays.iter().map(|array| array.name.clone()).collect();
    for array in &mut arrays {
        let group = array.name.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        for dimension in &mut array.dimensions {
            dimension.name = resolved(&group, &dimension.name, &names);
        }
    }
    Ok(arrays)
}

/// The name of a dimension with the nearest group that has an array of that name.
fn resolved(group: &str, name: &str, names: &BTreeSet<String>) -> String {
    let within = |group: &str| if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
    let mut at = group;
    loop {
        if names.contains(&within(at)) || name.is_empty() {
            return if name.is_empty() { String::new() } else { within(at) };
        }
        match at.rsplit_once('/') {
            Some((above, _)) => at = above,
            None if at.is_empty() => return within(group),
            None => at = "",
        }
    }
}

fn node(folder: &Folder, name: &str, level: usize, arrays: &mut Vec<Array>) -> Reading<()> {
    if level > MOST_LEVELS || arrays.len() > MOST_OBJECTS {
        return Err(format!("it has more than {MOST_OBJECTS} arrays, or groups more than {MOST_LEVELS} deep"));
    }
    let named = |fallback: &Path| {
        if name.is_empty() { fallback.file_stem().unwrap_or_default().to_string_lossy().into_owned() } else { name.to_owned() }
    };
    if let Some(meta) = folder.json("zarr.json")? {
        let kind = text(&meta, "node_type").unwrap_or_default();
        if meta.get("zarr_format").and_then(Value::as_u64) != Some(3) {
            return Err(format!("{name}/zarr.json is not of the format 3"));
        }
        match kind {
            "array" => {
                arrays.push(third::array(folder, named(folder.path()), &meta)?);
                return Ok(());
            }
            "group" => {}
            _ => return Err(format!("{name}/zarr.json is of a node '{kind}', neither group nor array")),
        }
    } else if let Some(meta) = folder.json(".zarray")? {
        let attributes = folder.json(".zattrs")?.unwrap_or_default();
        arrays.push(second::array(folder, named(folder.path()), &meta, &attributes)?);
        return Ok(());
    } else if level > 0 && folder.json(".zgroup")?.is_none() {
        return Ok(());
    }
    for child in folder.folders()? {
        let name = if name.is_empty() { child.clone() } else { format!("{name}/{child}") };
        node(&folder.below(&child), &name, level + 1, arrays)?;
    }
    Ok(())
}

type Json = Map<String, Value>;

fn text<'a>(meta: &'a Json, key: &str) -> Option<&'a str> {
    meta.get(key).and_then(Value::as_str)
}

/// Lengths under a key.
fn lengths(value: Option<&Value>, key: &str) -> Reading<Vec<usize>> {
    let whole = |value: &Value| value.as_u64().map(|value| value as usize);
    let numbers = value.and_then(Value::as_array).and_then(|all| all.iter().map(whole).collect::<Option<Vec<usize>>>());
    numbers.ok_or_else(|| format!("its {key} is no list of whole numbers"))
}

/// The lengths of chunks, of which each has one.
fn chunk_lengths(value: Option<&Value>, shape: &[usize], key: &str) -> Reading<Vec<usize>> {
    let chunk = lengths(value, key)?;
    if chunk.len() != shape.len() || chunk.contains(&0) {
        return Err(format!("its {key} {chunk:?} does not fit its shape {shape:?}"));
    }
    Ok(chunk)
}

fn attributes(json: &Json) -> Attributes {
    let whole = Element::new(Kind::Signed, 8, false);
    let real = Element::new(Kind::Float, 8, false);
    let of = |value: &Value| -> Option<Attribute> {
        let numbers: Vec<&Value> = match value {
            Value::String(text) => return Some(Attribute::Text(text.clone())),
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let values: Vec<f64> = numbers.iter().copied().map(number).collect::<Option<_>>()?;
        let element = if numbers.iter().all(|value| value.is_i64()) { whole } else { real };
        Some(Attribute::Numbers { values, element })
    };
    json.iter().filter_map(|(key, value)| Some((key.clone(), of(value)?))).collect()
}

/// A number, or one of the words for those that JSON has none for.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        Value::Bool(is) => Some(f64::from(u8::from(*is))),
        _ => None,
    }
}

/// An array from what its metadata say.
fn built(
    name: String,
    (shape, names): (&[usize], &[String]),
    element: Element,
    attributes: Attributes,
    (fill, chunk, place): (Fill, Vec<usize>, Place),
) -> Array {
    let dimension =
        |(axis, length): (usize, &usize)| Dimension { name: names.get(axis).cloned().unwrap_or_default(), length: *length };
    let dimensions = shape.iter().enumerate().map(dimension).collect();
    let mut array = Array::new(name, dimensions, element, attributes, (chunk, place));
    array.fill = fill;
    array
}

/// Whether the files of a store have so many bytes.
pub(super) fn has_bytes(path: &Path, wanted: u64) -> bool {
    Folder::new(path).has_bytes(wanted)
}
