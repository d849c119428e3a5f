//! HDF5, and with it NetCDF-4: read from the file's own bytes, by no library.
//!
//! Source: HDF5 File Format Specification, version 3.0 (The HDF Group). What leads out of the file is not followed, for nothing here
//! opens another: links to other files, raw data in other files, and virtual datasets are refused by name.

mod chunk;
mod extensible;
mod file;
mod header;
mod heap;
mod message;
mod object;
mod tree;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::array::Array;
use super::bytes::{Bytes, Reading, Walk};
pub(super) use chunk::Chunked;
use file::Hdf5File;
pub(super) use file::superblock_at;
use header::Header;
use object::Object;

/// Groups and arrays of one file.
const MOST_OBJECTS: usize = 10_000;

/// Groups within groups.
const MOST_LEVELS: usize = 16;

/// The arrays of a file, and the names of what lies in other files.
pub(super) fn arrays(bytes: &Arc<Bytes>) -> Reading<(Vec<Array>, Vec<String>)> {
    let file = Hdf5File::open(bytes)?;
    let mut tree = Tree { file: &file, objects: Vec::new(), outside: Vec::new(), seen: HashSet::new() };
    tree.group(file.root, "", 0)?;
    let Tree { objects, outside, .. } = tree;
    let names: HashMap<u64, String> = objects.iter().map(|object| (object.place, object.name.clone())).collect();
    Ok((objects.into_iter().map(|object| object.array(&file, &names)).collect::<Reading<_>>()?, outside))
}

/// What is found from the root group on.
struct Tree<'a> {
    file: &'a Hdf5File,
    objects: Vec<Object>,
    outside: Vec<String>,
    seen: HashSet<u64>,
}

impl Tree<'_> {
    fn group(&mut self, place: u64, name: &str, level: usize) -> Reading<()> {
        if level > MOST_LEVELS {
            return Err(format!("its groups lie more than {MOST_LEVELS} deep"));
        }
        let header = Header::read(self.file, place)?;
        self.seen.insert(place);
        for link in links(self.file, &header)? {
            let name = if name.is_empty() { link.name } else { format!("{name}/{}", link.name) };
            match link.to {
                To::Object(place) if self.seen.insert(place) => {
                    if self.seen.len() > MOST_OBJECTS {
                        return Err(format!("it has more than {MOST_OBJECTS} groups and arrays"));
                    }
                    let header = Header::read(self.file, place)?;
                    if header.has(header::LAYOUT) {
                        self.objects.push(Object { place, name, header });
                    } else if header.has(header::SYMBOLS) || header.has(header::LINK_INFO) || header.has(header::LINK) {
                        self.group(place, &name, level + 1)?;
                    }
                }
                // A second name of what has one.
                To::Object(_) | To::Name => {}
                To::Outside => self.outside.push(name),
            }
        }
        Ok(())
    }
}

/// Where a link leads.
enum To {
    Object(u64),
    /// By a name within the file.
    Name,
    /// To another file.
    Outside,
}

struct Link {
    name: String,
    to: To,
}

fn links(file: &Hdf5File, header: &Header) -> Reading<Vec<Link>> {
    let mut links = Vec::new();
    if let Some(body) = header.one(file, header::SYMBOLS)? {
        let mut walk = Walk::new(&body);
        let (place, names) = (file.place(&mut walk)?, file.place(&mut walk)?);
        let names = heap::local(file, names)?;
        for (_, node) in tree::first(file, place, 0, file.lengths)? {
            symbols(file, node, &names, &mut links)?;
        }
    }
    for body in header.all(file, header::LINK)? {
        links.push(link(file, &body)?);
    }
    if let Some(body) = header.one(file, header::LINK_INFO)? {
        let mut walk = Walk::new(&body);
        walk.skip(1)?;
        let flags = walk.u8()?;
        walk.skip(if flags & 1 == 0 { 0 } else { 8 })?;
        let (place, names) = (file.place(&mut walk)?, file.place(&mut walk)?);
        if place != file::NOWHERE {
            let heap = heap::FractalHeap::open(file, place)?;
            for record in tree::second(file, names, &[5])? {
                let mut walk = Walk::new(&record);
                walk.skip(4)?;
                links.push(link(file, &heap.object(walk.take(heap.id())?)?)?);
            }
        }
    }
    links.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(links)
}

fn symbols(file: &Hdf5File, node: u64, names: &[u8], links: &mut Vec<Link>) -> Reading<()> {
    let head = file.read(node, 8)?;
    let mut walk = Walk::new(&head);
    walk.expect(b"SNOD\x01")?;
    walk.skip(1)?;
    let (count, size) = (usize::from(walk.u16()?), 2 * file.offsets + 24);
    let body = file.read(node + 8, (count * size) as u64)?;
    let mut walk = Walk::new(&body);
    for _ in 0..count {
        let (name, place, kind) = (file.place(&mut walk)?, file.place(&mut walk)?, walk.u32()?);
        walk.skip(20)?;
        let name = names.get(name as usize..).ok_or("a name of it is not in its heap")?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let to = if kind == 2 { To::Name } else { To::Object(place) };
        links.push(Link { name: String::from_utf8_lossy(name).into_owned(), to });
    }
    Ok(())
}

fn link(file: &Hdf5File, body: &[u8]) -> Reading<Link> {
    let mut walk = Walk::new(body);
    walk.expect(&[1])?;
    let flags = walk.u8()?;
    let kind = if flags & 8 == 0 { 0 } else { walk.u8()? };
    walk.skip(8 * usize::from(flags & 4 != 0) + usize::from(flags & 16 != 0))?;
    let length = walk.least_first(1 << (flags & 3))?;
    let name = String::from_utf8_lossy(walk.take(length as usize)?).into_owned();
    let to = match kind {
        0 => To::Object(file.place(&mut walk)?),
        1 => To::Name,
        _ => To::Outside,
    };
    Ok(Link { name, to })
}
