//! Planes of a state in files: tiled `GeoTIFF`s without overviews, one a kind of number, each plane a band.

use std::path::Path;

use change::{StateLayout, StatePlanes};
use geoio::{Compression, Packed, Packer, Packing, Pixel, RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::{Array2, ArrayView2};
use raster::{Grid, RasterSink as _, Window};

use super::folder::StateFolder;
use super::header;
use crate::fault::Fault;

/// Effort of the packing: files of a state are written once a call and read once.
const LEVEL: u8 = 6;

/// How files of a state are written.
pub(super) fn options(names: &[String], block: usize) -> RasterOptions {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    RasterOptions {
        format: RasterFormat::Gtiff,
        compression: Compression::Deflate,
        level: Some(LEVEL),
        block,
        ..RasterOptions::codes(&names)
    }
}

/// One file of planes on its way.
struct Writer<T> {
    name: String,
    writer: RasterWriter<T>,
}

impl<T: Pixel> Writer<T> {
    fn create(folder: &StateFolder, kind: &str, names: &[String], place: (&Grid, usize)) -> Result<Option<Self>, Fault> {
        if names.is_empty() {
            return Ok(None);
        }
        let name = folder.name(kind);
        let writer = RasterWriter::create(&folder.path().join(&name), place.0, options(names, place.1), true)?;
        Ok(Some(Self { name, writer }))
    }
}

fn packer<T: Pixel>(packing: Option<&Packing<T>>) -> Result<Option<Packer<T>>, Fault> {
    Ok(packing.map(Packing::packer).transpose()?)
}

fn append<T: Pixel>(writer: &mut Option<Writer<T>>, planes: Vec<Packed<T>>) -> Result<(), Fault> {
    let Some(Writer { writer, .. }) = writer else { return Ok(()) };
    Ok(planes.into_iter().try_for_each(|plane| writer.append(plane))?)
}

fn finish<T: Pixel>(writer: Option<Writer<T>>) -> Result<Option<String>, Fault> {
    let Some(Writer { name, writer }) = writer else { return Ok(None) };
    writer.finish()?;
    Ok(Some(name))
}

fn pack<T: Pixel>(packer: &mut Option<Packer<T>>, window: Window, planes: ArrayView2<'_, T>) -> Result<Vec<Packed<T>>, Fault> {
    let Some(packer) = packer else { return Ok(Vec::new()) };
    let shape = (window.rows, window.cols);
    let one = |(band, plane): (usize, ndarray::ArrayView1<'_, T>)| {
        let plane = plane.into_shape_with_order(shape).expect("a plane has one entry a pixel");
        Ok(packer.pack(band, window, plane)?)
    };
    planes.rows().into_iter().enumerate().map(one).collect()
}

/// Files of planes on their way.
pub(super) struct PlanesWriter {
    reals: Option<Writer<f64>>,
    days: Option<Writer<i32>>,
    counts: Option<Writer<u16>>,
    room: usize,
    carried: usize,
}

impl PlanesWriter {
    /// Files of these planes; `place` is the grid and the side of a tile.
    pub(super) fn create(
        folder: &StateFolder,
        kind: &str,
        layout: &StateLayout,
        room: usize,
        place: (&Grid, usize),
    ) -> Result<Self, Fault> {
        Ok(Self {
            reals: Writer::create(folder, &format!("{kind}-reals"), &layout.reals, place)?,
            days: Writer::create(folder, &format!("{kind}-days"), &layout.days, place)?,
            counts: Writer::create(folder, &format!("{kind}-counts"), &layout.counts, place)?,
            room,
            carried: 0,
        })
    }

    pub(super) fn packing(&self) -> PlanesPacking {
        PlanesPacking {
            reals: self.reals.as_ref().map(|file| file.writer.packing()),
            days: self.days.as_ref().map(|file| file.writer.packing()),
            counts: self.counts.as_ref().map(|file| file.writer.packing()),
        }
    }

    pub(super) fn append(&mut self, planes: PackedPlanes) -> Result<(), Fault> {
        self.carried = self.carried.max(planes.carried);
        append(&mut self.reals, planes.reals)?;
        append(&mut self.days, planes.days)?;
        append(&mut self.counts, planes.counts)
    }

    pub(super) fn finish(self) -> Result<header::Planes, Fault> {
        Ok(header::Planes {
            reals: finish(self.reals)?,
            days: finish(self.days)?,
            counts: finish(self.counts)?,
            room: self.room,
            carried: self.carried,
        })
    }
}

/// How the planes of a [`PlanesWriter`] are packed.
pub(super) struct PlanesPacking {
    reals: Option<Packing<f64>>,
    days: Option<Packing<i32>>,
    counts: Option<Packing<u16>>,
}

impl PlanesPacking {
    pub(super) fn packer(&self) -> Result<PlanesPacker, Fault> {
        Ok(PlanesPacker {
            reals: packer(self.reals.as_ref())?,
            days: packer(self.days.as_ref())?,
            counts: packer(self.counts.as_ref())?,
        })
    }
}

/// Packs planes; one a thread.
pub(super) struct PlanesPacker {
    reals: Option<Packer<f64>>,
    days: Option<Packer<i32>>,
    counts: Option<Packer<u16>>,
}

/// Planes of a window.
pub(super) struct PackedPlanes {
    reals: Vec<Packed<f64>>,
    days: Vec<Packed<i32>>,
    counts: Vec<Packed<u16>>,
    carried: usize,
}

impl PackedPlanes {
    /// These planes with those of the window right below.
    pub(super) fn joined(self, below: Self) -> Self {
        Self {
            reals: joined(self.reals, below.reals),
            days: joined(self.days, below.days),
            counts: joined(self.counts, below.counts),
            carried: self.carried.max(below.carried),
        }
    }
}

/// Planes with those of the window right below, band by band.
///
/// # Panics
/// Where they are not of whole tiles, one right below the other.
pub(super) fn joined<T: std::fmt::Debug>(upper: Vec<Packed<T>>, lower: Vec<Packed<T>>) -> Vec<Packed<T>> {
    upper.into_iter().zip(lower).map(|(upper, lower)| upper.joined(lower).expect("parts are whole rows of tiles")).collect()
}

impl PlanesPacker {
    /// `carried`: looks that a pixel carries, the most of all.
    pub(super) fn pack(&mut self, window: Window, planes: &StatePlanes, carried: usize) -> Result<PackedPlanes, Fault> {
        Ok(PackedPlanes {
            reals: pack(&mut self.reals, window, planes.reals.view())?,
            days: pack(&mut self.days, window, planes.days.view())?,
            counts: pack(&mut self.counts, window, planes.counts.view())?,
            carried,
        })
    }
}

/// Files of planes, open for reading; one a thread.
pub(super) struct PlanesReader {
    layout: StateLayout,
    reals: Option<RasterFile>,
    days: Option<RasterFile>,
    counts: Option<RasterFile>,
}

impl PlanesReader {
    pub(super) fn open(folder: &Path, planes: &header::Planes, layout: StateLayout) -> Result<Self, Fault> {
        let open = |name: &Option<String>| -> Result<Option<RasterFile>, Fault> {
            Ok(name.as_ref().map(|name| RasterFile::open(&folder.join(name))).transpose()?)
        };
        Ok(Self { layout, reals: open(&planes.reals)?, days: open(&planes.days)?, counts: open(&planes.counts)? })
    }

    pub(super) fn read(&self, window: Window) -> Result<StatePlanes, Fault> {
        let mut planes = StatePlanes::none(&self.layout, window.pixels());
        fill(self.reals.as_ref(), &mut planes.reals, |file, band| Ok(file.read_exact(band, window)?))?;
        fill(self.days.as_ref(), &mut planes.days, |file, band| Ok(file.read_i64(band, window, 0)?.mapv(|day| day as i32)))?;
        fill(self.counts.as_ref(), &mut planes.counts, |file, band| {
            Ok(file.read_i64(band, window, 0)?.mapv(|count| count as u16))
        })?;
        Ok(planes)
    }
}

/// Fills planes, a band each.
fn fill<T: Copy>(
    file: Option<&RasterFile>,
    planes: &mut Array2<T>,
    read: impl Fn(&RasterFile, usize) -> Result<Array2<T>, Fault>,
) -> Result<(), Fault> {
    let Some(file) = file else { return Ok(()) };
    for (band, mut plane) in planes.rows_mut().into_iter().enumerate() {
        plane.iter_mut().zip(&read(file, band + 1)?).for_each(|(to, value)| *to = *value);
    }
    Ok(())
}
