//! What is compared of two dates: the index, or how far it lies from its surroundings; and which change is kept.

use change::{Direction, DisturbanceDensity, MaskCounts, SelfReference, SpectralIndex};
use ndarray::{Array2, s};
use raster::{RasterReader, Window};

use super::look::Look;
use crate::args::Difference;
use crate::fault::Fault;

/// What is compared, and which change is kept.
pub(super) struct Measure<'a> {
    index: &'a SpectralIndex,
    clearing: Direction,
    surroundings: Option<SelfReference>,
    density: Option<DisturbanceDensity>,
}

impl<'a> Measure<'a> {
    /// What the arguments ask for, on pixels of this width and height in metres.
    pub(super) fn new(arguments: &Difference, index: &'a SpectralIndex, pixel_m: (f64, f64)) -> Result<Self, Fault> {
        let surroundings = arguments.self_reference.map(|radius_m| SelfReference::new(radius_m, pixel_m)).transpose()?;
        let density = arguments.density.map(|(radius_m, least)| DisturbanceDensity::new(radius_m, least, pixel_m)).transpose()?;
        Ok(Self { index, clearing: index.clearing()?, surroundings, density })
    }

    /// What the raster of differences is called.
    pub(super) fn name(&self) -> &'static str {
        if self.surroundings.is_some() { "disturbance" } else { "magnitude" }
    }

    /// The way in which clearing moves what is compared.
    pub(super) fn direction(&self) -> Direction {
        if self.surroundings.is_some() { Direction::Rise } else { self.clearing }
    }

    /// The window over which change must be known to say what of a window is kept.
    pub(super) fn around(&self, window: Window) -> Window {
        window.grow(self.density.as_ref().map_or(0, DisturbanceDensity::margin))
    }

    /// Bytes that a window takes while it is worked on.
    pub(super) fn bytes(&self, window: Window) -> u64 {
        let whole = self.around(window);
        match &self.surroundings {
            Some(surroundings) => whole.grow(surroundings.margin()).pixels() as u64 * 72,
            None => whole.pixels() as u64 * 40,
        }
    }

    /// What is compared of a date over a window (rows, cols), NaN where not clear.
    pub(super) fn of<R: RasterReader>(
        &self,
        look: &Look,
        reader: &mut R,
        window: Window,
    ) -> Result<(Array2<f32>, MaskCounts), Fault>
    where
        Fault: From<R::Error>,
    {
        let Some(surroundings) = &self.surroundings else { return look.index(reader, self.index, window) };
        let (values, counts) = look.index(reader, self.index, window.grow(surroundings.margin()))?;
        Ok((surroundings.disturbance(values.view(), self.clearing), counts))
    }

    /// Codes and differences of the window, given those around it: what is kept, and only disturbance that has grown.
    pub(super) fn told(&self, flags: Array2<u8>, change: Array2<f32>) -> (Array2<u8>, Array2<f32>) {
        let change = match &self.surroundings {
            // NaN stays NaN between bounds.
            Some(_) => change.mapv_into(|change| change.clamp(0.0, 1.0)),
            None => change,
        };
        let Some(density) = &self.density else { return (flags, change) };
        let (margin, (rows, cols)) = (density.margin(), change.dim());
        let inner = s![margin..rows - margin, margin..cols - margin];
        (density.keep(flags.view()), change.slice(inner).to_owned())
    }

    /// What was masked within a window: `read` where nothing around it was read.
    pub(super) fn counts<R: RasterReader>(
        &self,
        look: &Look,
        reader: &mut R,
        window: Window,
        read: MaskCounts,
    ) -> Result<MaskCounts, Fault>
    where
        Fault: From<R::Error>,
    {
        let is_alone = self.surroundings.is_none() && self.density.is_none();
        if is_alone { Ok(read) } else { Ok(look.clear(reader, window)?.1) }
    }
}
