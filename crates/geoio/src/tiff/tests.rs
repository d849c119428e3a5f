use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;

/// Image of 16 x 16 pixels of one byte in strips of 4 rows: header, strips, lists, directory.
struct Image {
    wide: bool,
    big_endian: bool,
    strips: Vec<Vec<u8>>,
    /// Tags with another value than the image's own.
    other: Vec<(u16, Vec<u64>)>,
}

impl Image {
    fn plain() -> Self {
        Self { wide: false, big_endian: false, strips: vec![vec![7; 64]; 4], other: Vec::new() }
    }

    fn deflated() -> Self {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&[7; 64]).expect("memory holds it");
        let strip = packed.finish().expect("memory holds it");
        Self { strips: vec![strip; 4], ..Self::plain() }.with(259, &[8])
    }

    fn with(mut self, tag: u16, values: &[u64]) -> Self {
        self.other.push((tag, values.to_vec()));
        self
    }

    fn number(&self, value: u64, width: usize) -> Vec<u8> {
        let mut bytes = value.to_le_bytes()[..width].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn bytes(&self) -> Vec<u8> {
        let (last, head, counter) = if self.wide { (8, 16, 8) } else { (4, 8, 2) };
        let mut file = vec![0; head];
        let (mut places, mut sizes) = (Vec::new(), Vec::new());
        for strip in &self.strips {
            places.push(file.len() as u64);
            sizes.push(strip.len() as u64);
            file.extend(strip);
        }
        let lone = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (277, 1), (278, 4), (284, 1)];
        let mut entries: Vec<(u16, Vec<u64>)> = lone.iter().map(|(tag, value)| (*tag, vec![*value])).collect();
        entries.extend([(273, places), (279, sizes)]);
        for (tag, values) in &self.other {
            entries.retain(|(known, _)| known != tag);
            entries.push((*tag, values.clone()));
        }
        entries.sort();
        let mut directory = self.number(entries.len() as u64, counter);
        for (tag, values) in &entries {
            let mut list: Vec<u8> = values.iter().flat_map(|value| self.number(*value, last)).collect();
            if list.len() > last {
                let place = self.number(file.len() as u64, last);
                file.extend(std::mem::replace(&mut list, place));
            }
            let kind = if self.wide { 16 } else { 4 };
            let head = [(u64::from(*tag), 2), (kind, 2), (values.len() as u64, last)];
            directory.extend(head.iter().flat_map(|(value, width)| self.number(*value, *width)));
            directory.extend(list);
        }
        directory.extend(self.number(0, last));
        let mut begin = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        begin.extend(self.number(if self.wide { 43 } else { 42 }, 2));
        if self.wide {
            begin.extend(self.number(8, 2));
            begin.extend([0, 0]);
        }
        begin.extend(self.number(file.len() as u64, last));
        file[..head].copy_from_slice(&begin);
        file.extend(directory);
        file
    }
}

fn look(bytes: &[u8]) -> Option<Flaw> {
    flaw(&mut Cursor::new(bytes), bytes.len() as u64).expect("bytes in memory can be read")
}

fn told(image: &Image) -> String {
    match look(&image.bytes()) {
        Some(Flaw::Whole(reason) | Flaw::Block { reason, .. }) => reason,
        None => "nothing".to_owned(),
    }
}

#[test]
fn sound_images_pass_in_either_byte_order_and_size() {
    for (wide, big_endian) in [(false, false), (false, true), (true, false), (true, true)] {
        for image in [Image::plain(), Image::deflated()] {
            let image = Image { wide, big_endian, ..image };
            assert_eq!(look(&image.bytes()), None, "BigTIFF: {wide}, big endian: {big_endian}");
        }
    }
}

#[test]
fn what_is_no_tiff_passes() {
    for bytes in [&b""[..], b"I", b"II*\0", b"<html></html>", &[0xff; 40], b"MM\0\x2a\0\0\0"] {
        assert_eq!(look(bytes), None);
    }
}

#[test]
fn a_cut_directory_is_told() {
    let whole = Image::plain().bytes();
    for left in [5, 60, 200] {
        assert!(matches!(look(&whole[..whole.len() - left]), Some(Flaw::Whole(reason)) if reason.contains("is cut")), "{left}");
    }
}

#[test]
fn a_block_beyond_the_end_is_told_with_its_place() {
    let image = Image::deflated().with(273, &[8, 8, 100_000, 8]);
    let window = Window { row: 8, col: 0, rows: 4, cols: 16 };
    let Some(Flaw::Block { band: 1, window: found, reason }) = look(&image.bytes()) else { panic!("no block is told") };
    assert_eq!((found, reason.contains("is cut, the file holds 0 of them")), (window, true), "{reason}");
    let apart = Image::plain().with(277, &[2]).with(284, &[2]).with(278, &[16]).with(273, &[8, 100_000]);
    assert!(matches!(look(&apart.bytes()), Some(Flaw::Block { band: 2, .. })));
}

#[test]
fn a_block_that_was_never_written_passes() {
    let sparse = Image::deflated().with(273, &[0; 4]).with(279, &[0; 4]);
    assert_eq!(told(&sparse), "nothing");
    let empty = Image::deflated().with(279, &[0; 4]);
    assert_eq!(told(&empty), "nothing");
}

#[test]
fn terabytes_in_a_hundred_bytes_are_told() {
    // One strip, its size 0 or a lie: libtiff takes the image's size.
    for size in [0, 12, 1 << 31] {
        let huge =
            Image::plain().with(256, &[2048]).with(257, &[1 << 30]).with(278, &[1 << 30]).with(273, &[8]).with(279, &[size]);
        assert!(told(&huge).contains("2199023255552 bytes is cut"), "{}", told(&huge));
    }
    let bomb = Image::deflated().with(256, &[65_535]).with(257, &[65_535]).with(278, &[65_535]).with(273, &[8]).with(279, &[12]);
    assert!(told(&bomb).contains("of 12 bytes cannot unpack to 4294836225"), "{}", told(&bomb));
}

#[test]
fn a_list_of_blocks_that_is_not_there_is_told() {
    let mut bytes = Image::plain().bytes();
    let entry = [&[17, 1, 4, 0][..], &[4, 0, 0, 0]].concat();
    let at = bytes.windows(8).position(|window| window == entry).expect("the entry of the strips' places");
    bytes[at + 4..at + 8].copy_from_slice(&100_000_u32.to_le_bytes());
    assert!(matches!(look(&bytes), Some(Flaw::Whole(reason)) if reason.contains("list of its blocks")));
}

#[test]
fn tiles_too_large_to_decode_are_told() {
    let tiled = Image::plain().with(322, &[1 << 16]).with(323, &[1 << 16]).with(324, &[8]).with(325, &[64]);
    assert!(told(&tiled).contains("tiles of 65536 x 65536"), "{}", told(&tiled));
}

#[test]
fn rounded_sizes_of_plain_strips_pass() {
    let mut image = Image::plain();
    image.strips[3] = vec![7; 64];
    let rounded = image.with(279, &[64, 64, 64, 100_000]);
    assert_eq!(told(&rounded), "nothing");
}

#[test]
fn differences_without_compression_are_told() {
    assert!(told(&Image::plain().with(317, &[2])).contains("differences"));
    assert_eq!(told(&Image::plain().with(317, &[1])), "nothing");
    assert_eq!(told(&Image::deflated().with(317, &[2])), "nothing");
}

#[test]
fn numbers_of_no_block_do_no_harm() {
    for tag in [256, 257, 258, 277, 278] {
        told(&Image::plain().with(tag, &[0]));
        told(&Image::plain().with(tag, &[(1 << 32) - 1]));
    }
    let most = [256, 257, 258, 277].iter().fold(Image::plain(), |image, tag| image.with(*tag, &[u64::MAX]));
    told(&Image { wide: true, ..most });
    told(&Image::plain().with(322, &[0]).with(323, &[0]).with(324, &[8]).with(325, &[64]));
}
