//! Arrays of a file: what their messages say.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::super::array::{Array, Attribute, Attributes, Dimension, Fill, Place};
use super::super::bytes::{Reading, Walk};
use super::super::element::Element;
use super::chunk::{Chunked, Index};
use super::file::{Hdf5File, NOWHERE};
use super::header::{self, Header};
use super::heap::{FractalHeap, global};
use super::message::{Datatype, dataspace, fill, filters};
use super::tree;

/// How the library names a dimension that has no numbers.
const BARE: &str = "This is a netCDF dimension but not a netCDF variable";

/// An array as it was found.
pub(super) struct Object {
    pub(super) place: u64,
    pub(super) name: String,
    pub(super) header: Header,
}

/// What is told of an object, dimensions among it.
#[derive(Default)]
struct Told {
    attributes: Attributes,
    /// Where the scale of each dimension lies.
    scales: Vec<Option<u64>>,
}

impl Object {
    /// The array; `names` are those of all arrays by their places.
    pub(super) fn array(self, file: &Hdf5File, names: &HashMap<u64, String>) -> Reading<Array> {
        let Self { name, header, .. } = self;
        let within = |reason: String| format!("{name}: {reason}");
        let body = header.one(file, header::DATATYPE)?.ok_or_else(|| within("it has no type".to_owned()))?;
        let element = Datatype::read(&mut Walk::new(&body)).map_err(within)?.element(file);
        let space = header.one(file, header::DATASPACE)?.ok_or_else(|| within("it has no shape".to_owned()))?;
        let (lengths, most) = dataspace(file, &space).map_err(within)?.unwrap_or((vec![0], vec![0]));
        let Told { mut attributes, scales } = told(file, &header).map_err(within)?;
        let is_scale = attributes.get("CLASS").and_then(Attribute::text) == Some("DIMENSION_SCALE");
        let dimension = |(axis, length): (usize, &u64)| {
            let of = scales.get(axis).copied().flatten().and_then(|place| names.get(&place));
            let own = (is_scale && lengths.len() == 1).then_some(&name);
            let label = of.or(own).cloned().unwrap_or_default();
            Ok(Dimension { name: label, length: usize::try_from(*length).map_err(|error| error.to_string())? })
        };
        let dimensions = lengths.iter().enumerate().map(dimension).collect::<Reading<Vec<_>>>()?;
        let is_bare = attributes.get("NAME").and_then(Attribute::text).is_some_and(|name| name.starts_with(BARE));
        for word in ["CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"] {
            attributes.remove(word);
        }
        let fill = filled(file, &header, element).map_err(within)?;
        let (chunk, at) = match laid_out(file, &header, (&dimensions, &most), element) {
            Ok(place) => place,
            Err(reason) => (vec![1; lengths.len()], Place::Nowhere(reason)),
        };
        let mut array = Array::new(name.clone(), dimensions, element, attributes, (chunk, at));
        array.fill = fill;
        array.is_bare = is_bare;
        Ok(array)
    }
}

fn filled(file: &Hdf5File, header: &Header, element: Element) -> Reading<Fill> {
    let bytes = match (header.one(file, header::FILL)?, header.one(file, header::OLD_FILL)?) {
        (Some(body), _) => fill(&body)?,
        (None, Some(body)) => {
            let mut walk = Walk::new(&body);
            let size = walk.u32()? as usize;
            Some(walk.take(size)?.to_vec())
        }
        (None, None) => Some(Vec::new()),
    };
    let number = |bytes: Vec<u8>| if bytes.is_empty() { Some(0.0) } else { element.numbers(&bytes)?.first().copied() };
    Ok(bytes.and_then(number).map_or(Fill::Unknown, Fill::Number))
}

/// The lengths of a chunk, and where the chunks lie.
fn laid_out(
    file: &Hdf5File,
    header: &Header,
    (dimensions, most): (&[Dimension], &[u64]),
    element: Element,
) -> Reading<(Vec<usize>, Place)> {
    if header.has(header::EXTERNAL) {
        return Err("its numbers lie in other files (H5Pset_external), which are not opened; copy it with h5repack".to_owned());
    }
    let lengths: Vec<usize> = dimensions.iter().map(|dimension| dimension.length).collect();
    let body = header.one(file, header::LAYOUT)?.ok_or("it does not say where its numbers lie")?;
    let mut walk = Walk::new(&body);
    let (version, class) = (walk.u8()?, walk.u8()?);
    if !(3..=5).contains(&version) {
        return Err(format!("its layout is written in the version {version}, and 3 to 5 are read; copy it with h5repack"));
    }
    match class {
        0 => {
            let size = usize::from(walk.u16()?);
            Ok((lengths, Place::Compact(walk.take(size)?.to_vec())))
        }
        1 => in_one_run(file, &mut walk, (&lengths, most), element),
        2 => {
            let filters = header.one(file, header::FILTERS)?.map(|body| filters(&body)).transpose()?.unwrap_or_default();
            in_chunks(file, &mut walk, version, (&lengths, most), element, filters)
        }
        3 => {
            Err("it is a virtual dataset, whose numbers lie in other files, which are not opened; copy it with h5repack"
                .to_owned())
        }
        _ => Err(format!("its layout is of the class {class}, which is not known")),
    }
}

/// An array whose numbers lie one after the other.
fn in_one_run(
    file: &Hdf5File,
    walk: &mut Walk<'_>,
    (lengths, most): (&[usize], &[u64]),
    element: Element,
) -> Reading<(Vec<usize>, Place)> {
    let (place, size) = (file.place(walk)?, file.length(walk)?);
    let wanted = lengths.iter().try_fold(element.bytes as u64, |all, length| all.checked_mul(*length as u64));
    if place == NOWHERE {
        // One run that was never written is like a chunk that was not.
        let index = Index::Single(NOWHERE, None);
        return Ok((Array::pieces(lengths, element, false), chunked(file, index, Vec::new(), most, false)));
    }
    if wanted != Some(size) {
        return Err(format!("it has {size} bytes, and its shape {lengths:?} does not"));
    }
    let begin = file.absolute(place)?;
    let (end, there) = (begin.saturating_add(size), file.bytes.length());
    if end > there {
        return Err(format!("it is cut short: it ends at byte {end}, and the file has {there}"));
    }
    let at = Place::Flat { file: Arc::clone(&file.bytes), begin, record: None };
    Ok((Array::pieces(lengths, element, false), at))
}

/// An array in chunks, which one of six lists finds.
fn in_chunks(
    file: &Hdf5File,
    walk: &mut Walk<'_>,
    version: u8,
    (lengths, most): (&[usize], &[u64]),
    element: Element,
    filters: Vec<super::message::Filter>,
) -> Reading<(Vec<usize>, Place)> {
    let flags = if version > 3 { walk.u8()? } else { 0 };
    let rank = usize::from(walk.u8()?);
    let mut place = if version == 3 { file.place(walk)? } else { NOWHERE };
    let width = if version > 3 { usize::from(walk.u8()?) } else { 4 };
    if rank != lengths.len() + 1 || !(1..=8).contains(&width) {
        return Err("its chunks are of another shape than the array".to_owned());
    }
    let sizes = (0..rank).map(|_| walk.least_first(width)).collect::<Reading<Vec<u64>>>()?;
    if sizes.contains(&0) || sizes[rank - 1] != element.bytes as u64 {
        return Err("its chunks are of another shape than the array".to_owned());
    }
    let chunk: Vec<usize> = sizes[..rank - 1].iter().map(|size| *size as usize).collect();
    let index = if version == 3 {
        Index::Tree(place)
    } else {
        let kind = walk.u8()?;
        let single = if kind == 1 && flags & 2 != 0 { Some((file.length(walk)?, walk.u32()?)) } else { None };
        walk.skip(match kind {
            3 => 1,
            4 => 5,
            5 => 6,
            _ => 0,
        })?;
        place = file.place(walk)?;
        match kind {
            1 => Index::Single(place, single),
            2 => Index::Row(place),
            3 => Index::Fixed(place),
            4 => Index::Extensible(place),
            5 => Index::SecondTree(place),
            _ => return Err(format!("its chunks are listed in a way of number {kind}, which is not known")),
        }
    };
    Ok((chunk, chunked(file, index, filters, most, flags & 1 != 0)))
}

fn chunked(file: &Hdf5File, index: Index, filters: Vec<super::message::Filter>, most: &[u64], plain_edges: bool) -> Place {
    Place::Hdf5(Chunked { file: file.clone(), index, filters, plain_edges, most: most.to_vec(), found: OnceLock::new() })
}

/// What is told of an object. What cannot be made out, such as records, is left out.
fn told(file: &Hdf5File, header: &Header) -> Reading<Told> {
    let mut told = Told::default();
    for body in header.all(file, header::ATTRIBUTE)? {
        attribute(file, &body, &mut told)?;
    }
    if let Some(body) = header.one(file, header::ATTRIBUTE_INFO)? {
        let mut walk = Walk::new(&body);
        walk.skip(1)?;
        let flags = walk.u8()?;
        walk.skip(if flags & 1 == 0 { 0 } else { 2 })?;
        let (place, names) = (file.place(&mut walk)?, file.place(&mut walk)?);
        if place != NOWHERE {
            let heap = FractalHeap::open(file, place)?;
            for record in tree::second(file, names, &[8])? {
                let id = record.get(..heap.id()).ok_or("a B-tree of it is damaged")?;
                attribute(file, &heap.object(id)?, &mut told)?;
            }
        }
    }
    Ok(told)
}

fn attribute(file: &Hdf5File, body: &[u8], told: &mut Told) -> Reading<()> {
    let mut walk = Walk::new(body);
    let (version, flags) = (walk.u8()?, walk.u8()?);
    let sizes = (usize::from(walk.u16()?), usize::from(walk.u16()?), usize::from(walk.u16()?));
    let padded = match version {
        1 => true,
        2 => false,
        3 => {
            walk.skip(1)?;
            false
        }
        _ => return Err(format!("what is told of it is written in the version {version}, and 1 to 3 are known")),
    };
    let mut take = |size: usize| walk.take(if padded { size.next_multiple_of(8) } else { size });
    let (name, datatype, space) = (take(sizes.0)?, take(sizes.1)?, take(sizes.2)?);
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    let datatype = if version > 1 && flags & 1 != 0 {
        header::shared(file, header::DATATYPE, &mut Walk::new(datatype))?
    } else {
        datatype.to_vec()
    };
    let datatype = Datatype::read(&mut Walk::new(&datatype))?;
    let Some((lengths, _)) = dataspace(file, space)? else { return Ok(()) };
    let count = lengths.iter().try_fold(1_u64, |all, length| all.checked_mul(*length)).unwrap_or(u64::MAX);
    if count > body.len() as u64 {
        return Err(format!("its attribute {name} is damaged"));
    }
    let data = walk.take(count as usize * datatype.bytes(file))?;
    let value = match datatype {
        Datatype::Number(element) => Attribute::numbers(element, data),
        Datatype::Text(_) if count == 1 => Some(text(data)),
        Datatype::LongText if count == 1 => Some(text(&global(file, &mut Walk::new(data))?)),
        Datatype::References if name == "DIMENSION_LIST" => {
            let mut walk = Walk::new(data);
            for _ in 0..count {
                let list = global(file, &mut walk)?;
                let first = if list.is_empty() { None } else { Some(file.place(&mut Walk::new(&list))?) };
                told.scales.push(first);
            }
            None
        }
        _ => None,
    };
    if let Some(value) = value {
        told.attributes.insert(name, value);
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Attribute {
    Attribute::Text(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned())
}
