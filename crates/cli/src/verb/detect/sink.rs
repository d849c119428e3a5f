//! The raster of what a method found: a band each, NaN where there is nothing to say.

use change::{Detector, Findings};
use geoio::{Packed, Packer, Packing, Pixel, RasterOptions, RasterWriter};
use ndarray::ArrayView2;
use pipeline::Budget;
use raster::{Grid, Window};

use crate::args::{Common, Detect};
use crate::completion::complete;
use crate::fault::Fault;
use crate::verb::index::raster_options;

use super::told::{Kept, names, values};

/// The raster as it is written.
pub(super) struct Sink {
    writer: Writer,
    kept: Kept,
}

enum Writer {
    Single(RasterWriter<f32>),
    Double(RasterWriter<f64>),
}

impl Sink {
    pub(super) fn create(
        arguments: &Detect,
        grid: &Grid,
        kept: Kept,
        detector: &dyn Detector,
        common: &Common,
    ) -> Result<Self, Fault> {
        let names = names(kept, detector.coefficients());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = raster_options(RasterOptions::values(&names).nodata(f64::NAN), &arguments.output)?;
        let (out, force) = (&arguments.out, common.force);
        let writer = match arguments.kind.as_str() {
            "float32" => Writer::Single(RasterWriter::create(out, grid, options, force)?),
            "float64" => Writer::Double(RasterWriter::create(out, grid, options, force)?),
            other => return Err(Fault::usage(format!("--type {other}: expected float32 or float64"))),
        };
        Ok(Self { writer, kept })
    }

    pub(super) fn packing(&self) -> SinkPacking {
        let packing = match &self.writer {
            Writer::Single(writer) => Kind::Single(writer.packing()),
            Writer::Double(writer) => Kind::Double(writer.packing()),
        };
        SinkPacking { packing, kept: self.kept }
    }

    pub(super) fn append(&mut self, planes: Planes) -> Result<(), Fault> {
        match (&mut self.writer, planes) {
            (Writer::Single(writer), Planes::Single(planes)) => planes.into_iter().try_for_each(|plane| writer.append(plane))?,
            (Writer::Double(writer), Planes::Double(planes)) => planes.into_iter().try_for_each(|plane| writer.append(plane))?,
            _ => unreachable!("a sink's packers pack its own numbers"),
        }
        Ok(())
    }

    pub(super) fn finish(self, budget: &Budget) -> Result<(), Fault> {
        match self.writer {
            Writer::Single(writer) => complete(writer, budget),
            Writer::Double(writer) => complete(writer, budget),
        }
    }
}

/// One of the two kinds of numbers.
enum Kind<S, D> {
    Single(S),
    Double(D),
}

/// How a [`Sink`]'s planes are packed.
pub(super) struct SinkPacking {
    packing: Kind<Packing<f32>, Packing<f64>>,
    kept: Kept,
}

impl SinkPacking {
    pub(super) fn packer(&self) -> Result<SinkPacker, Fault> {
        let filling = match &self.packing {
            Kind::Single(packing) => Kind::Single(Filling::new(packing)?),
            Kind::Double(packing) => Kind::Double(Filling::new(packing)?),
        };
        Ok(SinkPacker { filling, kept: self.kept })
    }
}

/// Packs what was found; one a thread.
pub(super) struct SinkPacker {
    filling: Kind<Filling<f32>, Filling<f64>>,
    kept: Kept,
}

/// Planes of a window that are being filled, and what packs them.
struct Filling<T> {
    packer: Packer<T>,
    planes: Vec<Vec<T>>,
}

impl<T: Pixel> Filling<T> {
    fn new(packing: &Packing<T>) -> Result<Self, Fault> {
        Ok(Self { packer: packing.packer()?, planes: Vec::new() })
    }

    fn add(&mut self, window: Window, part: Window, values: &[Vec<f64>], number: impl Fn(f64) -> T) {
        self.planes.resize(values.len(), Vec::new());
        let (row, col) = ((part.row - window.row) as usize, (part.col - window.col) as usize);
        for (plane, values) in self.planes.iter_mut().zip(values) {
            plane.resize(window.pixels(), number(f64::NAN));
            for (line, values) in values.chunks(part.cols).enumerate() {
                let out = &mut plane[(row + line) * window.cols + col..][..part.cols];
                out.iter_mut().zip(values).for_each(|(out, value)| *out = number(*value));
            }
        }
    }

    fn pack(&mut self, window: Window) -> Result<Vec<Packed<T>>, Fault> {
        let Self { packer, planes } = self;
        let pack = |(band, plane): (usize, &Vec<T>)| {
            let plane = ArrayView2::from_shape((window.rows, window.cols), plane).expect("a window's parts cover it");
            Ok(packer.pack(band, window, plane)?)
        };
        planes.iter().enumerate().map(pack).collect()
    }
}

/// Packed planes of a window, one a band.
pub(super) enum Planes {
    Single(Vec<Packed<f32>>),
    Double(Vec<Packed<f64>>),
}

impl SinkPacker {
    /// Takes what was found of a part of a window.
    pub(super) fn add(&mut self, window: Window, part: Window, found: &Findings) {
        let values = values(found, self.kept);
        match &mut self.filling {
            Kind::Single(filling) => filling.add(window, part, &values, |value| value as f32),
            Kind::Double(filling) => filling.add(window, part, &values, |value| value),
        }
    }

    /// Packs a window of which all parts were taken.
    pub(super) fn pack(&mut self, window: Window) -> Result<Planes, Fault> {
        Ok(match &mut self.filling {
            Kind::Single(filling) => Planes::Single(filling.pack(window)?),
            Kind::Double(filling) => Planes::Double(filling.pack(window)?),
        })
    }
}
