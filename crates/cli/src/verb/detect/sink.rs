//! The raster of what a method found: a band each, NaN where there is nothing to say.

use change::{Answer, Detector, Findings, NO_DAY};
use geoio::{Packed, Packer, Packing, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _, Window};

use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::verb::index::raster_options;

/// What is kept beside the answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// Coefficients and spread.
    pub(super) fit: bool,
    /// The boundary that the statistic was held against.
    pub(super) process: bool,
}

impl Kept {
    pub(super) fn read(names: &[String]) -> Result<Self, Fault> {
        let mut kept = Self::default();
        for name in names {
            match name.as_str() {
                "fit" => kept.fit = true,
                "process" => kept.process = true,
                other => return Err(Fault::usage(format!("--keep {other}: expected fit or process"))),
            }
        }
        Ok(kept)
    }
}

/// Bands that every method has.
const BANDS: [&str; 9] = [
    "before_day",
    "break_day",
    "confirmed_day",
    "magnitude",
    "statistic",
    "history_start_day",
    "n_history",
    "n_monitor",
    "status",
];

/// Status of a pixel: no break, a break, not enough observations, unstable history.
const STATUS: [f64; 4] = [0.0, 1.0, 2.0, 3.0];

/// Names of the bands, in order.
fn names(kept: Kept, coefficients: usize) -> Vec<String> {
    let mut names: Vec<String> = BANDS.iter().map(|name| (*name).to_owned()).collect();
    if kept.fit {
        names.extend((0..coefficients).map(|number| format!("b{number}")));
        names.push("sigma".to_owned());
    }
    if kept.process {
        names.push("boundary".to_owned());
    }
    names
}

/// What was found of a window, one plane a band.
fn planes(window: Window, found: &Findings, kept: Kept) -> Vec<Array2<f64>> {
    let plane =
        |values: Vec<f64>| Array2::from_shape_vec((window.rows, window.cols), values).expect("findings hold one entry a pixel");
    let day = |days: &[i32]| days.iter().map(|day| if *day == NO_DAY { f64::NAN } else { f64::from(*day) }).collect();
    let float = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
    let count = |values: &[u16]| values.iter().map(|value| f64::from(*value)).collect();
    let nothing = vec![NO_DAY; found.answer.len()];
    let starts = found.model.as_ref().map_or(&nothing, |model| &model.history_start);
    let status = found.answer.iter().enumerate().map(|(pixel, answer)| {
        let is_stable = found.model.as_ref().is_none_or(|model| model.is_stable[pixel]);
        match answer {
            _ if !is_stable => STATUS[3],
            Answer::Changed => STATUS[1],
            Answer::NotSeen | Answer::NotEligible => STATUS[2],
            Answer::Unchanged | Answer::Candidate => STATUS[0],
        }
    });
    let mut planes = vec![
        day(&found.before),
        day(&found.first),
        day(&found.confirmed),
        float(&found.magnitude),
        float(&found.statistic),
        day(starts),
        count(&found.n_history),
        count(&found.n_monitor),
        status.collect(),
    ];
    if let Some(model) = &found.model {
        if kept.fit {
            planes.extend(model.coefficients.iter().cloned());
            planes.push(model.sigma.clone());
        }
        if kept.process {
            planes.push(model.boundary.clone());
        }
    }
    planes.into_iter().map(plane).collect()
}

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
        let planes = planes(window, found, self.kept).into_iter().enumerate();
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
