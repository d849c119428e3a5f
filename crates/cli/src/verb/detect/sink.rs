//! The raster of what a method found: a band each, NaN where there is nothing to say.

use change::{Detector, Findings};
use geoio::{Packed, Packer, Packing, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _, Window};

use crate::args::{Common, Detect};
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

    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.writer {
            Writer::Single(writer) => Ok(writer.finish()?),
            Writer::Double(writer) => Ok(writer.finish()?),
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
        let packer = match &self.packing {
            Kind::Single(packing) => Kind::Single(packing.packer()?),
            Kind::Double(packing) => Kind::Double(packing.packer()?),
        };
        Ok(SinkPacker { packer, kept: self.kept })
    }
}

/// Packs what was found; one a thread.
pub(super) struct SinkPacker {
    packer: Kind<Packer<f32>, Packer<f64>>,
    kept: Kept,
}

/// Packed planes of a window, one a band.
pub(super) enum Planes {
    Single(Vec<Packed<f32>>),
    Double(Vec<Packed<f64>>),
}

impl SinkPacker {
    pub(super) fn pack(&mut self, window: Window, found: &Findings) -> Result<Planes, Fault> {
        let plane = |values| Array2::from_shape_vec((window.rows, window.cols), values).expect("findings hold one entry a pixel");
        let planes = values(found, self.kept).into_iter().map(plane).enumerate();
        Ok(match &mut self.packer {
            Kind::Single(packer) => {
                let pack = |(band, plane): (usize, Array2<f64>)| packer.pack(band, window, plane.mapv(|v| v as f32).view());
                Planes::Single(planes.map(pack).collect::<Result<_, _>>()?)
            }
            Kind::Double(packer) => {
                let pack = |(band, plane): (usize, Array2<f64>)| packer.pack(band, window, plane.view());
                Planes::Double(planes.map(pack).collect::<Result<_, _>>()?)
            }
        })
    }
}
