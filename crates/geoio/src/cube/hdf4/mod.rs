//! HDF4, as NASA delivers MODIS: the fields of HDF-EOS grids, read from the file's own bytes, by no library.
//!
//! Source: HDF 4 Specification and Developer's Guide (The HDF Group), chapters 2, 9 and 10; HDF-EOS Library User's Guide (ECS). libhdf4
//! crashes on damaged files and opens whatever file a field names, so it is not asked: numbers in other files are refused by name.
//!
//! `scale_factor` and `add_offset` mean `scale * (stored - offset)` here, not as in CF; and where whole numbers have a `scale_factor`
//! above 1 it is a divisor, as in MODIS's vegetation and reflectance products (K. Didan, MODIS Vegetation Index User's Guide).

mod data;
mod file;
mod inflate;
mod record;
mod structure;

use std::sync::Arc;

use super::array::{Array, Attribute, Attributes, Dimension, Fill, Place};
use super::bytes::{Bytes, Reading, Walk, product};
use super::element::{Element, Kind};
pub(super) use data::Data;
use file::{Hdf4File, Id};
use record::{Group, Table};
use structure::EosGrid;

/// What a file begins with.
const MAGIC: [u8; 4] = [0x0e, 0x03, 0x13, 0x01];

const GROUP: u16 = 1965;
const TABLE: u16 = 1962;
const FIELD: u16 = 720;
const SHAPE: u16 = 701;
const NUMBERS: u16 = 702;
const NUMBER_TYPE: u16 = 106;

/// Whether a file begins like one.
pub(super) fn is_hdf4(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// The fields of a file, and a grid mapping for each of its grids.
pub(super) fn arrays(bytes: &Arc<Bytes>) -> Reading<Vec<Array>> {
    let file = Arc::new(Hdf4File::open(bytes)?);
    let grids = structure::grids(&metadata(&file)?)?;
    let mut arrays: Vec<Array> = grids.iter().map(mapping).collect();
    for id in file.ids(GROUP) {
        let group = Group::read(&file, id)?;
        if group.class == "Var0.0" {
            arrays.extend(field(&file, &group, &grids)?);
        }
    }
    tell_apart(&mut arrays);
    Ok(arrays)
}

/// Puts the grid before the names of fields of which two grids have one.
fn tell_apart(arrays: &mut [Array]) {
    let names: Vec<String> = arrays.iter().map(|array| array.name.clone()).collect();
    for array in arrays {
        let is_shared = names.iter().filter(|name| **name == array.name).count() > 1;
        if let Some(grid) = array.text("grid_mapping").filter(|_| is_shared) {
            array.name = format!("{grid}/{}", array.name);
        }
    }
}

/// What HDF-EOS says of its grids: a text in pieces.
fn metadata(file: &Hdf4File) -> Reading<String> {
    let mut pieces = Vec::new();
    for id in file.ids(TABLE) {
        let table = Table::read(file, id)?;
        let number = table.name.strip_prefix("StructMetadata.").and_then(|number| number.parse::<u32>().ok());
        if let (Some(number), Some(Attribute::Text(text))) = (number, table.attribute(file)?) {
            pieces.push((number, text));
        }
    }
    pieces.sort();
    Ok(pieces.into_iter().map(|(_, text)| text).collect())
}

/// What stands for a grid among arrays: an array of no numbers that says how its plane is mapped.
fn mapping(grid: &EosGrid) -> Array {
    let text = |text: &str| Attribute::Text(text.to_owned());
    let attributes =
        Attributes::from([("crs_wkt".to_owned(), text(&grid.system)), ("GeoTransform".to_owned(), text(&grid.transform))]);
    let place = Place::Compact(Vec::new());
    Array::new(grid.name.clone(), Vec::new(), Element::new(Kind::Other, 0, true), attributes, (Vec::new(), place))
}

/// A field by the group that stands for it; `None` for what has no numbers.
fn field(file: &Arc<Hdf4File>, group: &Group, grids: &[EosGrid]) -> Reading<Option<Array>> {
    let Some(&(_, number)) = group.members.iter().find(|(tag, _)| *tag == FIELD) else { return Ok(None) };
    let listed = file.whole((FIELD, number))?;
    let parts: Vec<Id> = listed.chunks_exact(4).map(|pair| (word(pair), word(&pair[2..]))).collect();
    let part = |tag: u16| parts.iter().find(|(of, _)| *of == tag).copied();
    let Some(shape) = part(SHAPE) else { return Ok(None) };
    let (lengths, element) = shape_of(file, shape)?;
    let (names, mut attributes) = told(file, group)?;
    let names = lengths.iter().enumerate().map(|(place, _)| names.get(place).map(String::as_str).unwrap_or_default());
    let axes: Vec<(Option<&EosGrid>, String)> = names.map(|name| axis(name, grids)).collect();
    if let Some(grid) = axes.iter().find_map(|(grid, _)| *grid) {
        attributes.insert("grid_mapping".to_owned(), Attribute::Text(grid.name.clone()));
    }
    let dimensions = axes.into_iter().zip(&lengths).map(|((_, name), length)| Dimension { name, length: *length }).collect();
    let fill = attributes.get("_FillValue").and_then(|fill| fill.values()?.first().copied());
    turn_scale(&mut attributes, element);
    let bytes = product(&lengths)?.checked_mul(element.bytes).ok_or("a field is too large")? as u64;
    let numbers = part(NUMBERS).filter(|id| file.holds(*id));
    let (chunk, place) = match numbers.map(|id| Data::of(file, id, (&lengths, element), bytes)) {
        None => (lengths, Place::Nowhere("it was never written".to_owned())),
        Some(Ok((chunk, data))) => (chunk, Place::Hdf4(data)),
        Some(Err(reason)) => (lengths, Place::Nowhere(reason)),
    };
    let mut array = Array::new(group.name.clone(), dimensions, element, attributes, (chunk, place));
    array.fill = fill.map_or(Fill::Unknown, Fill::Number);
    Ok(Some(array))
}

/// The names of a field's dimensions, in order, and its attributes.
fn told(file: &Hdf4File, group: &Group) -> Reading<(Vec<String>, Attributes)> {
    let (mut names, mut attributes) = (Vec::new(), Attributes::new());
    for &(tag, number) in &group.members {
        if tag == GROUP {
            let dimension = Group::read(file, (tag, number))?;
            if matches!(dimension.class.as_str(), "Dim0.0" | "UDim0.0") {
                names.push(dimension.name);
            }
        } else if tag == TABLE {
            let table = Table::read(file, (tag, number))?;
            attributes.extend(table.attribute(file)?.map(|attribute| (table.name, attribute)));
        }
    }
    Ok((names, attributes))
}

/// The grid of a dimension where it is an axis of one, and the name by which it is known here.
fn axis<'a>(name: &str, grids: &'a [EosGrid]) -> (Option<&'a EosGrid>, String) {
    let of = |start: &str| name.strip_prefix(start).and_then(|grid| grids.iter().find(|of| of.name == grid));
    match (of("YDim:"), of("XDim:")) {
        (Some(grid), _) => (Some(grid), format!("{}/y", grid.name)),
        (_, Some(grid)) => (Some(grid), format!("{}/x", grid.name)),
        _ => (None, name.to_owned()),
    }
}

/// Lengths along the dimensions, and the type of the numbers.
fn shape_of(file: &Hdf4File, id: Id) -> Reading<(Vec<usize>, Element)> {
    let bytes = file.whole(id)?;
    let mut walk = Walk::new(&bytes);
    let rank = walk.greatest_first(2)?;
    let lengths = (0..rank).map(|_| walk.greatest_first(4).map(|length| length as usize)).collect::<Reading<Vec<_>>>()?;
    let (tag, number) = (walk.greatest_first(2)? as u16, walk.greatest_first(2)? as u16);
    if tag != NUMBER_TYPE {
        return Err(format!("a field's shape names an element of kind {tag} for its type of numbers"));
    }
    let kind = file.whole((tag, number))?;
    let &[_, kind, _, order] = kind.as_slice() else { return Err("a type of numbers is damaged".to_owned()) };
    // 1 is the byte with the sign first, 4 the one of PCs, for whole numbers and for real ones.
    let element = record::element(u16::from(kind), order == 1);
    Ok((lengths, if matches!(order, 1 | 4) { element } else { Element { kind: Kind::Other, ..element } }))
}

/// Makes CF's factor and summand of HDF4's.
fn turn_scale(attributes: &mut Attributes, element: Element) {
    let number = |key: &str| attributes.get(key).and_then(|value| value.values()?.first().copied());
    let (told, offset) = (number("scale_factor"), number("add_offset"));
    let scale = told.map(|scale| if scale > 1.0 && element.kind != Kind::Float { 1.0 / scale } else { scale });
    let real = Element::new(Kind::Float, 8, true);
    let mut put = |key: &str, value: f64| {
        attributes.insert(key.to_owned(), Attribute::Numbers { values: vec![value], element: real });
    };
    if let Some(scale) = scale {
        put("scale_factor", scale);
    }
    if let Some(offset) = offset {
        put("add_offset", 0.0 - offset * scale.unwrap_or(1.0));
    }
}

fn word(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}
