//! Headers of objects: lists of messages.

use super::super::bytes::{Reading, Walk};
use super::file::{Hdf5File, check_sum};

/// Messages of one object; more than any has.
const MOST_MESSAGES: usize = 1 << 16;

/// Kinds of messages.
pub(super) const DATASPACE: u16 = 1;
pub(super) const LINK_INFO: u16 = 2;
pub(super) const DATATYPE: u16 = 3;
pub(super) const OLD_FILL: u16 = 4;
pub(super) const FILL: u16 = 5;
pub(super) const LINK: u16 = 6;
pub(super) const EXTERNAL: u16 = 7;
pub(super) const LAYOUT: u16 = 8;
pub(super) const FILTERS: u16 = 11;
pub(super) const ATTRIBUTE: u16 = 12;
const CONTINUATION: u16 = 16;
pub(super) const SYMBOLS: u16 = 17;
pub(super) const ATTRIBUTE_INFO: u16 = 21;

/// A message.
#[derive(Debug)]
struct Message {
    kind: u16,
    body: Vec<u8>,
    /// Whether the body tells only where the message stands.
    is_shared: bool,
}

/// The messages of an object.
#[derive(Debug)]
pub(super) struct Header(Vec<Message>);

impl Header {
    pub(super) fn read(file: &Hdf5File, place: u64) -> Reading<Self> {
        let head = file.read_up_to(place, 32)?;
        let messages = if head.starts_with(b"OHDR") { second(file, place, &head)? } else { first(file, place, &head)? };
        Ok(Self(messages))
    }

    /// The body of the first message of a kind.
    pub(super) fn one(&self, file: &Hdf5File, kind: u16) -> Reading<Option<Vec<u8>>> {
        self.of(kind).next().map(|message| resolved(file, message)).transpose()
    }

    /// The bodies of all messages of a kind.
    pub(super) fn all(&self, file: &Hdf5File, kind: u16) -> Reading<Vec<Vec<u8>>> {
        self.of(kind).map(|message| resolved(file, message)).collect()
    }

    pub(super) fn has(&self, kind: u16) -> bool {
        self.of(kind).next().is_some()
    }

    fn of(&self, kind: u16) -> impl Iterator<Item = &Message> {
        self.0.iter().filter(move |message| message.kind == kind)
    }
}

/// The body of a message, which may stand in another header.
fn resolved(file: &Hdf5File, message: &Message) -> Reading<Vec<u8>> {
    if message.is_shared { shared(file, message.kind, &mut Walk::new(&message.body)) } else { Ok(message.body.clone()) }
}

/// The body of a message in another object's header: a type that several share.
pub(super) fn shared(file: &Hdf5File, kind: u16, walk: &mut Walk<'_>) -> Reading<Vec<u8>> {
    let (version, place_kind) = (walk.u8()?, walk.u8()?);
    if version == 3 && place_kind == 1 {
        return Err("it shares metadata in a table (SOHM), which is not read; rewrite it with h5repack".to_owned());
    }
    if version == 1 {
        walk.skip(6)?;
    }
    let other = Header::read(file, file.place(walk)?)?;
    let found = other.of(kind).find(|message| !message.is_shared);
    found.map(|message| message.body.clone()).ok_or_else(|| "metadata that it shares are not where they should be".to_owned())
}

fn first(file: &Hdf5File, place: u64, head: &[u8]) -> Reading<Vec<Message>> {
    let mut walk = Walk::new(head);
    if walk.u8()? != 1 {
        return Err(format!("no object has a header at byte {place}, so it is damaged"));
    }
    walk.skip(7)?;
    let length = walk.u32()?;
    let mut blocks = vec![(place + 16, u64::from(length))];
    let (mut messages, mut next) = (Vec::new(), 0);
    while let Some((at, length)) = blocks.get(next).copied() {
        next += 1;
        let block = file.read(at, length)?;
        let mut walk = Walk::new(&block);
        while walk.left() >= 8 {
            let (kind, size, flags) = (walk.u16()?, usize::from(walk.u16()?), walk.u8()?);
            walk.skip(3)?;
            put(file, &mut messages, &mut blocks, (kind, flags), walk.take(size)?)?;
        }
    }
    Ok(messages)
}

fn second(file: &Hdf5File, place: u64, head: &[u8]) -> Reading<Vec<Message>> {
    let mut walk = Walk::new(head);
    walk.expect(b"OHDR\x02")?;
    let flags = walk.u8()?;
    walk.skip(if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 })?;
    let length = walk.least_first(1 << (flags & 3))?;
    let before = walk.at() as u64;
    let mut blocks = vec![(place, before.saturating_add(length).saturating_add(4))];
    let (mut messages, mut next) = (Vec::new(), 0);
    while let Some((at, length)) = blocks.get(next).copied() {
        let block = file.read(at, length)?;
        check_sum(&block)?;
        let mut walk = Walk::new(&block[..block.len() - 4]);
        if next == 0 {
            walk.skip(before as usize)?;
        } else {
            walk.expect(b"OCHK")?;
        }
        next += 1;
        let prefix = if flags & 4 == 0 { 4 } else { 6 };
        while walk.left() >= prefix {
            let (kind, size, of) = (u16::from(walk.u8()?), usize::from(walk.u16()?), walk.u8()?);
            walk.skip(prefix - 4)?;
            put(file, &mut messages, &mut blocks, (kind, of), walk.take(size)?)?;
        }
    }
    Ok(messages)
}

fn put(
    file: &Hdf5File,
    messages: &mut Vec<Message>,
    blocks: &mut Vec<(u64, u64)>,
    (kind, flags): (u16, u8),
    body: &[u8],
) -> Reading<()> {
    if kind == CONTINUATION {
        let mut walk = Walk::new(body);
        let block = (file.place(&mut walk)?, file.length(&mut walk)?);
        if blocks.contains(&block) {
            return Err("the header of an object goes on in itself".to_owned());
        }
        blocks.push(block);
    }
    messages.push(Message { kind, body: body.to_vec(), is_shared: flags & 2 != 0 });
    if messages.len() > MOST_MESSAGES || blocks.len() > MOST_MESSAGES {
        return Err(format!("an object has more than {MOST_MESSAGES} messages"));
    }
    Ok(())
}
