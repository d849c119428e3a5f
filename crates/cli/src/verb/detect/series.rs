//! Series of the images of all dates.

use change::Detector;
use geoio::{GriddedImagery, GriddedReader, PlaneSpec, Storage};
use ndarray::ArrayView3;
use pipeline::Budget;
use raster::{Date, RasterSource as _, Role, Scaling, Window};

use super::clear::{self, Clear};
use crate::fault::Fault;

/// What is read for each pixel.
pub(super) struct Series<'a> {
    pub(super) roles: &'a [Role],
    pub(super) dates: Vec<Date>,
    pub(super) sensors: Vec<u8>,
    /// Of each date the places of the roles that it has.
    pub(super) there: Vec<Vec<usize>>,
    /// How the numbers of each date become values, by the place of the role.
    scalings: Vec<Vec<Scaling>>,
    /// What is taken off the values of each date, by the place of the role.
    pub(super) off: Vec<Vec<f64>>,
    /// Which pixels are observed, where codes tell.
    pub(super) clear: Clear,
}

impl<'a> Series<'a> {
    pub(super) fn new(source: &GriddedImagery, detector: &'a dyn Detector) -> Self {
        let (roles, scenes) = (detector.inputs(), source.scenes());
        let dates: Vec<Date> = scenes.iter().map(|scene| scene.date).collect();
        let there = |scene: &raster::Scene| (0..roles.len()).filter(|place| scene.has(&roles[*place])).collect();
        Self {
            roles,
            sensors: vec![0; dates.len()],
            there: scenes.iter().map(there).collect(),
            scalings: scenes.iter().map(|scene| roles.iter().map(|role| scene.scaling(role)).collect()).collect(),
            off: vec![vec![0.0; roles.len()]; dates.len()],
            clear: Clear::of(scenes),
            dates,
        }
    }

    /// The same, of which every pixel counts as observed whatever its code.
    pub(super) fn unmasked(self) -> Self {
        Self { clear: Clear::default(), ..self }
    }

    /// Takes a percentile of each scene off its values, band by band.
    pub(super) fn take_off(&mut self, source: &GriddedImagery, percentile: f64, budget: &Budget) -> Result<(), Fault> {
        let (mut reader, window) = (source.open()?, source.grid().window());
        let places: Vec<(usize, usize)> =
            self.there.iter().enumerate().flat_map(|(time, places)| places.iter().map(move |place| (time, *place))).collect();
        // Some at once, for a block of a file may hold them all.
        let many = (budget.chunk_bytes() as usize / (8 * window.pixels().max(1))).clamp(1, places.len().max(1));
        let mut numbers = vec![0.0; many * window.pixels()];
        for places in places.chunks(many) {
            let layers: Vec<PlaneSpec<'_>> =
                places.iter().map(|&(scene, place)| PlaneSpec::stored(scene, &self.roles[place])).collect();
            let mut planes: Vec<&mut [f32]> = numbers.chunks_mut(window.pixels().max(1)).take(places.len()).collect();
            self.clear.read_planes(&mut reader, &layers, window, &mut planes)?;
            for ((time, place), plane) in places.iter().zip(planes) {
                let scaling = self.scalings[*time][*place];
                let mut known: Vec<f64> =
                    plane.iter().filter(|stored| stored.is_finite()).map(|stored| scaling.apply(*stored)).collect();
                self.off[*time][*place] = change::quantile(&mut known, percentile);
            }
        }
        Ok(())
    }

    pub(super) fn bytes_a_pixel(&self) -> usize {
        self.dates.len() * self.roles.len() * 4 + self.clear.bytes_a_pixel()
    }

    /// How the files of the roles are stored.
    pub(super) fn storage(&self, source: &GriddedImagery) -> Result<Storage, Fault> {
        let of_role = |place: usize| self.there.iter().position(|places| places.contains(&place));
        let roles = self.roles.iter().enumerate().map(|(place, role)| (of_role(place), role));
        let layers = roles.chain([(self.clear.first(), &clear::LAYER)]).filter_map(|(scene, role)| Some((scene?, role)));
        Ok(source.storage(layers)?)
    }

    /// Values (time, role, pixel) of a window, of so many times from the first; NaN where there is none. They stand in `values`.
    pub(super) fn read<'v>(
        &self,
        reader: &mut GriddedReader,
        window: Window,
        times: usize,
        values: &'v mut Vec<f32>,
    ) -> Result<ArrayView3<'v, f32>, Fault> {
        let value = |scene: usize, place: usize| {
            let (scaling, off) = (self.scalings[scene][place], self.off[scene][place]);
            PlaneSpec { scene, role: &self.roles[place], scaling, off }
        };
        self.gather(reader, window, times, values, value)
    }

    /// As [`Series::read`] of all times, the numbers as they are stored.
    pub(super) fn read_stored<'v>(
        &self,
        reader: &mut GriddedReader,
        window: Window,
        values: &'v mut Vec<f32>,
    ) -> Result<ArrayView3<'v, f32>, Fault> {
        let stored = |scene, place: usize| PlaneSpec::stored(scene, &self.roles[place]);
        self.gather(reader, window, self.dates.len(), values, stored)
    }

    fn gather<'s, 'v>(
        &'s self,
        reader: &mut GriddedReader,
        window: Window,
        times: usize,
        values: &'v mut Vec<f32>,
        spec: impl Fn(usize, usize) -> PlaneSpec<'s>,
    ) -> Result<ArrayView3<'v, f32>, Fault> {
        let shape = (times, self.roles.len(), window.pixels());
        values.resize(shape.0 * shape.1 * shape.2, f32::NAN);
        let mut rows = values.chunks_mut(window.pixels().max(1));
        let (mut layers, mut planes) = (Vec::new(), Vec::new());
        for (scene, places) in self.there.iter().enumerate().take(times) {
            for (place, row) in rows.by_ref().take(self.roles.len()).enumerate() {
                if places.contains(&place) {
                    layers.push(spec(scene, place));
                    planes.push(row);
                } else {
                    row.fill(f32::NAN);
                }
            }
        }
        self.clear.read_planes(reader, &layers, window, &mut planes)?;
        Ok(ArrayView3::from_shape(shape, values).expect("a number a time, role and pixel"))
    }
}
