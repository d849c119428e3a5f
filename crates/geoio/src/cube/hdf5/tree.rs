//! B-trees, in which groups, attributes and chunks are found.

use std::collections::HashSet;

use super::super::bytes::{Reading, Walk};
use super::file::{Hdf5File, NOWHERE, check_sum};

/// Entries of one tree; chunks of an array of a few terabytes.
const MOST_ENTRIES: usize = 1 << 24;

/// Levels of a tree; more than a file of any size needs.
const MOST_LEVELS: u8 = 32;

/// The keys and children of the leaves of a tree of the first kind, whose keys have so many bytes.
pub(super) fn first(file: &Hdf5File, place: u64, node_type: u8, key: usize) -> Reading<Vec<(Vec<u8>, u64)>> {
    let mut entries = Vec::new();
    if place == NOWHERE {
        return Ok(entries);
    }
    let mut seen = HashSet::new();
    let mut nodes = vec![(place, None)];
    while let Some((place, expected)) = nodes.pop() {
        if !seen.insert(place) {
            return Err("a B-tree of it goes in a circle".to_owned());
        }
        let head = file.read(place, 8 + 2 * file.offsets as u64)?;
        let mut walk = Walk::new(&head);
        walk.expect(b"TREE")?;
        let (found, level, count) = (walk.u8()?, walk.u8()?, usize::from(walk.u16()?));
        if found != node_type || level > MOST_LEVELS || expected.is_some_and(|expected| expected != level) {
            return Err("a B-tree of it is damaged".to_owned());
        }
        let body = file.read(place + head.len() as u64, (count * (key + file.offsets)) as u64)?;
        let mut walk = Walk::new(&body);
        for _ in 0..count {
            let (key, child) = (walk.take(key)?.to_vec(), file.place(&mut walk)?);
            if level == 0 {
                entries.push((key, child));
            } else {
                nodes.push((child, Some(level - 1)));
            }
        }
        if entries.len() > MOST_ENTRIES {
            return Err(format!("a B-tree of it has more than {MOST_ENTRIES} entries"));
        }
    }
    Ok(entries)
}

/// Bytes in which numbers up to this one are written.
pub(super) fn bytes_for(number: u64) -> usize {
    (number.max(1).ilog2() / 8 + 1) as usize
}

/// How nodes of one level are laid out.
#[derive(Debug, Clone, Copy)]
struct Level {
    most: u64,
    most_below: u64,
    pointer: usize,
    below: usize,
}

/// The records of a tree of the second kind.
pub(super) fn second(file: &Hdf5File, place: u64, record_types: &[u8]) -> Reading<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    if place == NOWHERE {
        return Ok(records);
    }
    let head = file.read(place, (4 + 1 + 1 + 4 + 2 + 2 + 1 + 1 + file.offsets + 2 + file.lengths + 4) as u64)?;
    check_sum(&head)?;
    let mut walk = Walk::new(&head);
    walk.expect(b"BTHD\0")?;
    let (kind, node, record, depth) = (walk.u8()?, u64::from(walk.u32()?), usize::from(walk.u16()?), walk.u16()?);
    walk.skip(2)?;
    let (root, count) = (file.place(&mut walk)?, u64::from(walk.u16()?));
    if !record_types.contains(&kind) || record == 0 || node < 16 || depth > u16::from(MOST_LEVELS) {
        return Err("a B-tree of it is damaged".to_owned());
    }
    if root == NOWHERE {
        return Ok(records);
    }
    let (node, prefix) = (node as usize, 10);
    let most = ((node - prefix) / record) as u64;
    let mut levels = vec![Level { most, most_below: most, pointer: 0, below: 0 }];
    for level in 1..=usize::from(depth) {
        let before = levels[level - 1];
        let below = if level == 1 { 0 } else { bytes_for(before.most_below) };
        let pointer = file.offsets + bytes_for(levels[0].most) + below;
        let most = (node.saturating_sub(prefix + pointer) / (record + pointer)) as u64;
        let most_below = (most + 1).saturating_mul(before.most_below).saturating_add(most);
        levels.push(Level { most, most_below, pointer, below });
    }
    let mut seen = HashSet::new();
    let mut nodes = vec![(root, count, usize::from(depth))];
    while let Some((place, count, level)) = nodes.pop() {
        if !seen.insert(place) || count > levels[level].most {
            return Err("a B-tree of it is damaged".to_owned());
        }
        let body = file.read(place, node as u64)?;
        let pointers = if level == 0 { 0 } else { (count as usize + 1) * levels[level].pointer };
        let used = 6 + count as usize * record + pointers;
        check_sum(body.get(..used + 4).ok_or("a B-tree of it is damaged")?)?;
        let mut walk = Walk::new(&body);
        walk.expect(if level == 0 { b"BTLF\0" } else { b"BTIN\0" })?;
        walk.skip(1)?;
        for _ in 0..count {
            records.push(walk.take(record)?.to_vec());
        }
        if level > 0 {
            for _ in 0..=count {
                let child = file.place(&mut walk)?;
                let count = walk.least_first(bytes_for(levels[0].most))?;
                walk.skip(levels[level].below)?;
                nodes.push((child, count, level - 1));
            }
        }
        if records.len() > MOST_ENTRIES {
            return Err(format!("a B-tree of it has more than {MOST_ENTRIES} entries"));
        }
    }
    Ok(records)
}
