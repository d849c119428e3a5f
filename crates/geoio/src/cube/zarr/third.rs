//! Arrays of the third format: `zarr.json`.

use serde_json::Value;

use super::super::array::{Array, Attribute, Fill, Place};
use super::super::bytes::Reading;
use super::super::element::{Element, Kind};
use super::codec::{Codec, named};
use super::folder::Folder;
use super::second::nanoseconds;
use super::stored::{Shard, Stored};
use super::{Json, attributes, built, chunk_lengths, lengths, number, text};

/// Keys that the specification has; an array with others may mean something else than it seems.
const KEYS: [&str; 12] = [
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
    "attributes",
    "dimension_names",
    "storage_transformers",
    "consolidated_metadata",
];

/// An array from its metadata. What cannot be read is an error only where it is asked for.
pub(super) fn array(folder: &Folder, name: String, meta: &Json) -> Reading<Array> {
    let within = |reason: String| format!("{name}: {reason}");
    let shape = lengths(meta.get("shape"), "shape").map_err(within)?;
    let grid = meta.get("chunk_grid").and_then(Value::as_object).cloned().unwrap_or_default();
    let configuration = grid.get("configuration").and_then(Value::as_object).cloned().unwrap_or_default();
    let outer = chunk_lengths(configuration.get("chunk_shape"), &shape, "chunk_shape").map_err(within)?;
    let names = meta.get("dimension_names").and_then(Value::as_array);
    let names: Vec<String> = names.into_iter().flatten().map(|name| name.as_str().unwrap_or_default().to_owned()).collect();
    let mut element = element(meta.get("data_type"));
    let mut attributes = attributes(meta.get("attributes").and_then(Value::as_object).unwrap_or(&Json::new()));
    missing(&mut attributes, element);
    let fill = meta.get("fill_value").and_then(|value| fill(value, element)).map_or(Fill::Unknown, Fill::Number);
    let (chunk, place) = match place(folder, meta, text(&grid, "name").unwrap_or_default(), &outer, &mut element) {
        Ok(stored) => (stored.chunk.clone(), Place::Zarr(Box::new(stored))),
        Err(reason) => (outer, Place::Nowhere(reason)),
    };
    Ok(built(name, (&shape, &names), element, attributes, (fill, chunk, place)))
}

/// xarray writes the missing value of real numbers as base64 of its eight bytes.
fn missing(attributes: &mut super::Attributes, element: Element) {
    let Some(Attribute::Text(text)) = attributes.get("_FillValue") else { return };
    let found = number(&Value::String(text.clone()));
    let bytes = base64(text).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map(f64::from_le_bytes);
    if let Some(value) = found.or(bytes) {
        attributes.insert("_FillValue".to_owned(), Attribute::Numbers { values: vec![value], element });
    }
}

/// Bytes of base64 (RFC 4648).
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes().map(|letter| {
        Some(match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    });
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        held = held << 6 | u32::from(digit?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// A fill value, which may be written as the bits of a number.
fn fill(value: &Value, element: Element) -> Option<f64> {
    if let Some(hex) = value.as_str().and_then(|text| text.strip_prefix("0x")) {
        let bits = u64::from_str_radix(hex, 16).ok()?;
        let plain = Element { big: false, ..element };
        return plain.numbers(&bits.to_le_bytes()[..element.bytes.min(8)])?.first().copied();
    }
    number(value)
}

fn element(value: Option<&Value>) -> Element {
    let other = Element::new(Kind::Other, 1, false);
    let (kind, bytes) = match value {
        Some(Value::String(name)) => match name.as_str() {
            "bool" | "uint8" => (Kind::Unsigned, 1),
            "uint16" => (Kind::Unsigned, 2),
            "uint32" => (Kind::Unsigned, 4),
            "uint64" => (Kind::Unsigned, 8),
            "int8" => (Kind::Signed, 1),
            "int16" => (Kind::Signed, 2),
            "int32" => (Kind::Signed, 4),
            "int64" => (Kind::Signed, 8),
            "float16" => (Kind::Float, 2),
            "float32" => (Kind::Float, 4),
            "float64" => (Kind::Float, 8),
            _ => return other,
        },
        Some(Value::Object(object)) if text(object, "name") == Some("numpy.datetime64") => {
            let configuration = object.get("configuration").and_then(Value::as_object).cloned().unwrap_or_default();
            let times = configuration.get("scale_factor").and_then(Value::as_i64).unwrap_or(1);
            let unit = nanoseconds(text(&configuration, "unit").unwrap_or_default());
            let Some(unit) = unit.and_then(|unit| unit.checked_mul(times)) else { return other };
            (Kind::Moment(unit), 8)
        }
        _ => return other,
    };
    Element::new(kind, bytes, false)
}

fn place(folder: &Folder, meta: &Json, grid: &str, outer: &[usize], element: &mut Element) -> Reading<Stored> {
    if let Some(key) = meta.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let may_skip = meta[key].get("must_understand").and_then(Value::as_bool) == Some(false);
        if !may_skip {
            return Err(format!("its metadata have the key '{key}', which is not known"));
        }
    }
    if meta.get("storage_transformers").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        return Err("its storage_transformers are not known: write it without".to_owned());
    }
    if grid != "regular" {
        return Err(format!("its chunk grid is '{grid}', and 'regular' is read"));
    }
    let (keys, configuration) = match meta.get("chunk_key_encoding") {
        Some(value) => named(value)?,
        None => ("default".to_owned(), Json::new()),
    };
    let (prefix, usual) = match keys.as_str() {
        "default" => (Some("c"), "/"),
        "v2" => (None, "."),
        other => return Err(format!("the names of its chunks are encoded as '{other}', and 'default' and 'v2' are read")),
    };
    let separator = match text(&configuration, "separator").unwrap_or(usual) {
        "." => '.',
        "/" => '/',
        other => return Err(format!("the names of its chunks are separated by '{other}', neither . nor /")),
    };
    let Pipeline { codecs, shard } = pipeline(meta.get("codecs"), outer, element)?;
    let (chunk, codecs, shard) = match shard {
        None => (outer.to_vec(), codecs, None),
        Some((chunk, inner, shard)) => {
            if codecs.iter().any(|codec| *codec != Codec::Crc32c) {
                return Err("its shards as a whole are packed or turned, which is not read".to_owned());
            }
            (chunk, inner, Some(Shard { whole: codecs, ..shard }))
        }
    };
    Ok(Stored { folder: folder.clone(), prefix, separator, codecs, chunk, size: element.bytes, shard })
}

/// How a chunk is packed: codecs, and where it is a shard its chunks, their codecs and how they are listed.
struct Pipeline {
    codecs: Vec<Codec>,
    shard: Option<(Vec<usize>, Vec<Codec>, Shard)>,
}

fn pipeline(value: Option<&Value>, shape: &[usize], element: &mut Element) -> Reading<Pipeline> {
    let mut found = Pipeline { codecs: Vec::new(), shard: None };
    let mut is_bytes = false;
    for value in value.and_then(Value::as_array).ok_or("it names no codecs")? {
        let (name, configuration) = named(value)?;
        match name.as_str() {
            "bytes" if !is_bytes => {
                is_bytes = true;
                element.big = text(&configuration, "endian") == Some("big");
            }
            "sharding_indexed" if !is_bytes => {
                is_bytes = true;
                found.shard = Some(shard(&configuration, shape, element)?);
            }
            "bytes" | "sharding_indexed" => return Err("its codecs make bytes twice".to_owned()),
            "transpose" if is_bytes => return Err("its codecs turn bytes".to_owned()),
            name => {
                let codec = Codec::third(name, &configuration)?;
                if !is_bytes && !matches!(codec, Codec::Transpose(_)) {
                    return Err(format!("its codec '{name}' stands before there are bytes"));
                }
                if let Codec::Transpose(order) = &codec {
                    let mut sorted = order.clone();
                    sorted.sort_unstable();
                    if sorted != (0..shape.len()).collect::<Vec<_>>() || !found.codecs.is_empty() {
                        return Err(format!("its codecs turn dimensions to {order:?}, which is not read"));
                    }
                }
                found.codecs.push(codec);
            }
        }
    }
    if is_bytes { Ok(found) } else { Err("its codecs make no bytes".to_owned()) }
}

fn shard(configuration: &Json, outer: &[usize], element: &mut Element) -> Reading<(Vec<usize>, Vec<Codec>, Shard)> {
    let chunk = chunk_lengths(configuration.get("chunk_shape"), outer, "chunk_shape of a shard")?;
    if outer.iter().zip(&chunk).any(|(outer, chunk)| outer % chunk != 0) {
        return Err(format!("its shards {outer:?} are no whole chunks {chunk:?}"));
    }
    let inner = pipeline(configuration.get("codecs"), &chunk, element)?;
    if inner.shard.is_some() {
        return Err("its shards are of shards, which is not read".to_owned());
    }
    let mut places = Element::new(Kind::Unsigned, 8, false);
    let index = pipeline(configuration.get("index_codecs"), &[], &mut places)?;
    if index.shard.is_some() || places.big || index.codecs.iter().any(|codec| *codec != Codec::Crc32c) {
        return Err("the lists of its shards are packed, which is not read".to_owned());
    }
    let index_first = match text(configuration, "index_location").unwrap_or("end") {
        "end" => false,
        "start" => true,
        other => return Err(format!("the lists of its shards lie at '{other}', neither start nor end")),
    };
    let counts = outer.iter().zip(&chunk).map(|(outer, chunk)| outer / chunk).collect();
    Ok((chunk, inner.codecs, Shard { counts, index: index.codecs, index_first, whole: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_value_of_xarray_is_read() {
        let bytes = base64("AAAAAAAA+H8=").expect("base64");
        assert!(f64::from_le_bytes(bytes.try_into().expect("eight bytes")).is_nan());
        assert!(base64("a b").is_none());
    }

    #[test]
    fn a_fill_value_may_be_the_bits_of_a_number() {
        let single = Element::new(Kind::Float, 4, true);
        assert_eq!(fill(&Value::from("0xc61c3c00"), single), Some(-9999.0));
        assert_eq!(fill(&Value::from(-3), single), Some(-3.0));
        assert!(fill(&Value::from("NaN"), single).is_some_and(f64::is_nan));
    }
}
