//! Arrays of the second format: `.zarray` and `.zattrs`.

use serde_json::Value;

use super::super::array::{Array, Attribute, Fill, Place};
use super::super::bytes::Reading;
use super::super::element::{Element, Kind};
use super::codec::Codec;
use super::folder::Folder;
use super::stored::Stored;
use super::{Json, attributes, built, chunk_lengths, lengths, number, text};

/// An array from its metadata. What cannot be read is an error only where it is asked for.
pub(super) fn array(folder: &Folder, name: String, meta: &Json, told: &Json) -> Reading<Array> {
    let within = |reason: String| format!("{name}: {reason}");
    if meta.get("zarr_format").and_then(Value::as_u64) != Some(2) {
        return Err(within("its .zarray is not of the format 2".to_owned()));
    }
    let shape = lengths(meta.get("shape"), "shape").map_err(within)?;
    let chunk = chunk_lengths(meta.get("chunks"), &shape, "chunks").map_err(within)?;
    let element = element(meta.get("dtype").and_then(Value::as_str).unwrap_or_default());
    let names = told.get("_ARRAY_DIMENSIONS").and_then(Value::as_array);
    let names: Vec<String> = names.into_iter().flatten().map(|name| name.as_str().unwrap_or_default().to_owned()).collect();
    let mut attributes = attributes(told);
    let fill = meta.get("fill_value").and_then(number);
    // The convention of xarray: the fill value is the missing one.
    if let Some(fill) = fill {
        attributes.entry("_FillValue".to_owned()).or_insert(Attribute::Numbers { values: vec![fill], element });
    }
    let place = place(folder, meta, &chunk, element).map_or_else(Place::Nowhere, |stored| Place::Zarr(Box::new(stored)));
    let fill = fill.map_or(Fill::Unknown, Fill::Number);
    Ok(built(name, (&shape, &names), element, attributes, (fill, chunk, place)))
}

fn place(folder: &Folder, meta: &Json, chunk: &[usize], element: Element) -> Reading<Stored> {
    let mut codecs = Vec::new();
    if text(meta, "order").unwrap_or("C") == "F" {
        codecs.push(Codec::Transpose((0..chunk.len()).rev().collect()));
    }
    for filter in meta.get("filters").and_then(Value::as_array).into_iter().flatten() {
        codecs.push(Codec::second(filter)?);
    }
    if let Some(compressor) = meta.get("compressor").filter(|value| !value.is_null()) {
        codecs.push(Codec::second(compressor)?);
    }
    let separator = match text(meta, "dimension_separator").unwrap_or(".") {
        "." => '.',
        "/" => '/',
        other => return Err(format!("the names of its chunks are separated by '{other}', neither . nor /")),
    };
    let folder = folder.clone();
    Ok(Stored { folder, prefix: None, separator, codecs, chunk: chunk.to_vec(), size: element.bytes, shard: None })
}

/// A type in numpy's letters: `<i2`, `|u1`, `>f4`, `<M8[ns]`.
fn element(letters: &str) -> Element {
    let other = Element::new(Kind::Other, 1, false);
    let (Some(order), Some(kind)) = (letters.get(..1), letters.get(1..2)) else { return other };
    let rest = &letters[2..];
    let (size, unit) = rest.split_once('[').map_or((rest, ""), |(size, unit)| (size, unit.trim_end_matches(']')));
    let Ok(size) = size.parse() else { return other };
    let kind = match kind {
        "i" => Kind::Signed,
        "u" | "b" => Kind::Unsigned,
        "f" => Kind::Float,
        "M" => nanoseconds(unit).map_or(Kind::Other, Kind::Moment),
        _ => Kind::Other,
    };
    Element::new(kind, size, order == ">")
}

/// Nanoseconds of one of numpy's units of time.
pub(super) fn nanoseconds(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "D" => 86_400_000_000_000,
        "W" => 604_800_000_000_000,
        _ => return None,
    })
}
