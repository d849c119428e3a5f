use std::error::Error;
use std::io::{self, Read, Write};
use std::ops::Range;

use change::{
    Answer, ChangeError, ChangeStrip, Detector, Findings, MaskCounts, MaskPlan, NO_DAY, SeriesBlock, SpectralIndex, compute_all,
};
use ndarray::{Array2, ArrayView2, Axis, s};
use raster::{Cube, Date, DateRange, Observation, RasterReader, Role, Scene, Stored, Window};

use crate::LookSeries;

/// Why a strip could not be worked through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectionError<E: Error + 'static> {
    /// Pixels could not be read.
    #[error(transparent)]
    Read(E),
    /// An index, a mask or a series was wrong.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Columns that are worked on at once: so a strip as wide as the grid costs little more than its answers.
pub const TILE_COLS: usize = 1024;

/// What reading one scene takes.
#[derive(Debug)]
pub struct Look {
    /// Band layers that its series are made of, each once.
    pub bands: Vec<Role>,
    /// Places of the series that it gives.
    pub series: Vec<usize>,
    /// What is masked.
    pub mask: MaskPlan,
}

impl Look {
    fn roles(&self) -> Vec<Role> {
        self.bands.iter().cloned().chain(self.mask.layers()).collect()
    }
}

/// The walk from scenes to a change map: read, mask, make the series, detect; one window at a time, single-threaded.
pub struct Detection<'a> {
    /// What the method reads, in the order of its inputs: the index that is watched, then bands as formulas of one symbol.
    pub series: &'a [SpectralIndex],
    /// The method.
    pub detector: &'a dyn Detector,
    /// The looks at the ground, in order of time.
    pub observations: &'a [Observation],
    /// How each scene is read, one entry a scene.
    pub looks: &'a [Look],
    /// Number of each observation's sensor (bit of [`ChangeStrip::sensors`]), at most 15.
    pub sensors: &'a [u8],
    /// What is taken off the values of each observation, by the place of the series; empty where nothing is.
    pub off: &'a [Vec<f64>],
}

/// What a window gave.
#[derive(Debug)]
pub struct StripDetection {
    /// The change map.
    pub strip: ChangeStrip,
    /// Why pixels were left out, one entry a scene.
    pub counts: Vec<MaskCounts>,
    /// Looks at pixels that were held against the whole baseline, because their season had too few clear looks.
    pub fallbacks: u64,
}

impl Stored for StripDetection {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        self.strip.store(to)?;
        self.counts.store(to)?;
        self.fallbacks.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        Ok(Self { strip: ChangeStrip::restore(from)?, counts: Vec::restore(from)?, fallbacks: u64::restore(from)? })
    }
}

impl Detection<'_> {
    /// Bytes that a pixel of a tile takes while it is worked on.
    pub fn bytes_a_pixel(&self) -> u64 {
        let widest = self.looks.iter().map(|look| look.roles().len()).max().unwrap_or(1) as u64;
        (self.observations.len() * self.series.len()) as u64 * 4 + widest * 12 + 64
    }

    /// Works through one window. `eligible` has its shape; pixels outside it are answered `NotEligible`. `take` fills a look of a series
    /// from one of its scenes, as [`Detection::take`] does, and says why pixels were left out.
    ///
    /// # Errors
    /// What `take` gives, or a series that does not have one look an observation.
    pub fn detect<E: From<ChangeError>>(
        &self,
        window: Window,
        eligible: Option<ArrayView2<'_, bool>>,
        mut take: impl FnMut(&mut LookSeries, usize, usize) -> Result<MaskCounts, E>,
    ) -> Result<StripDetection, E> {
        let counts = vec![MaskCounts::default(); self.looks.len()];
        let mut whole = StripDetection { strip: ChangeStrip::not_seen(window), counts, fallbacks: 0 };
        for tile in Self::tiles(window) {
            let first = (tile.col - window.col) as usize;
            let eligible = eligible.as_ref().map(|plane| plane.slice(s![.., first..first + tile.cols]));
            let (series, counts) = self.series(tile, 0..self.observations.len(), &mut take)?;
            let (strip, fallbacks) = self.answer(series, eligible)?;
            whole.strip.paste(&strip);
            whole.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            whole.fallbacks += fallbacks;
        }
        Ok(whole)
    }

    /// The series of a tile, of these observations only, and why pixels were left out, one entry a scene; `take` as in
    /// [`Detection::detect`].
    ///
    /// # Errors
    /// What `take` gives.
    ///
    /// # Panics
    /// Where there are no such observations.
    pub fn series<E>(
        &self,
        tile: Window,
        observations: Range<usize>,
        mut take: impl FnMut(&mut LookSeries, usize, usize) -> Result<MaskCounts, E>,
    ) -> Result<(LookSeries, Vec<MaskCounts>), E> {
        let mut counts = vec![MaskCounts::default(); self.looks.len()];
        let mut series = LookSeries::unseen(observations.len(), self.series.len(), tile);
        for (look, observation) in self.observations[observations].iter().enumerate() {
            for &scene in &observation.scenes {
                counts[scene] += take(&mut series, look, scene)?;
            }
        }
        Ok((series, counts))
    }

    /// Fills a look of a series from one of its scenes, read and masked; why pixels were left out.
    ///
    /// # Errors
    /// A read that fails, or a cube without a band that the series are made of.
    pub fn take<R: RasterReader>(
        &self,
        reader: &mut R,
        series: &mut LookSeries,
        look: usize,
        scene: usize,
    ) -> Result<MaskCounts, DetectionError<R::Error>> {
        let cube = self.read(reader, scene, series.window()).map_err(DetectionError::Read)?;
        let (cube, counts) = self.looks[scene].mask.apply(cube)?;
        self.fill(series, look, scene, &cube)?;
        Ok(counts)
    }

    /// The tiles of a window, west to east, that are worked on at once.
    pub fn tiles(window: Window) -> impl Iterator<Item = Window> {
        (0..window.cols).step_by(TILE_COLS).map(move |first| {
            let cols = TILE_COLS.min(window.cols - first);
            Window { col: window.col + first as isize, cols, ..window }
        })
    }

    /// The series of a tile before any scene is read.
    pub fn unseen(&self, tile: Window) -> LookSeries {
        LookSeries::unseen(self.observations.len(), self.series.len(), tile)
    }

    /// Fills a look of a series from one of its scenes, as it was read and masked.
    ///
    /// # Errors
    /// A cube without a band that the scene's series are made of.
    pub fn fill(&self, series: &mut LookSeries, look: usize, scene: usize, cube: &Cube) -> Result<(), ChangeError> {
        let places = &self.looks[scene].series;
        let given: Vec<&SpectralIndex> = places.iter().map(|place| &self.series[*place]).collect();
        for (place, values) in places.iter().zip(compute_all(&given, cube)?) {
            series.fill(look, *place, values.index_axis(Axis(0), 0));
        }
        Ok(())
    }

    /// What the series and the mask of one scene need of a tile, as it is stored.
    ///
    /// # Errors
    /// A read that fails.
    pub fn read<R: RasterReader>(&self, reader: &mut R, scene: usize, tile: Window) -> Result<Cube, R::Error> {
        let look = &self.looks[scene];
        reader.read(scene, &look.roles(), tile, look.mask.margin())
    }

    /// The change map of a tile whose every look is there, and how many looks at pixels were held against the whole baseline.
    ///
    /// # Errors
    /// A series that does not have one look an observation.
    pub fn answer(
        &self,
        mut series: LookSeries,
        eligible: Option<ArrayView2<'_, bool>>,
    ) -> Result<(ChangeStrip, u64), ChangeError> {
        series.take_off(self.off);
        let dates: Vec<Date> = self.observations.iter().map(|observation| observation.date).collect();
        let block = SeriesBlock::new(&dates, self.sensors, series.values())?;
        let findings = self.detector.detect(&block);
        let fallbacks = findings.n_fallback.iter().map(|n| u64::from(*n)).sum();
        let seen_by = sensors_seen(&block, self.detector.monitoring());
        Ok((strip(series.window(), findings, seen_by, eligible), fallbacks))
    }
}

/// Bits of the sensors that saw each pixel clear in a period.
fn sensors_seen(block: &SeriesBlock<'_>, period: DateRange) -> Vec<u16> {
    let mut bits = vec![0u16; block.pixels()];
    for (time, (date, sensor)) in block.dates().iter().zip(block.sensors()).enumerate() {
        if period.contains(*date) {
            let values = block.values();
            for role in values.slice(s![time, .., ..]).outer_iter() {
                for (bit, value) in bits.iter_mut().zip(role) {
                    *bit |= u16::from(!value.is_nan()) << sensor;
                }
            }
        }
    }
    bits
}

fn plane<T>(shape: (usize, usize), values: Vec<T>) -> Array2<T> {
    Array2::from_shape_vec(shape, values).expect("findings hold one entry a pixel")
}

fn strip(window: Window, findings: Findings, sensors: Vec<u16>, eligible: Option<ArrayView2<'_, bool>>) -> ChangeStrip {
    let shape = (window.rows, window.cols);
    let mut strip = ChangeStrip {
        window,
        answer: plane(shape, findings.answer.iter().map(|answer| answer.code()).collect()),
        before: plane(shape, findings.before),
        first: plane(shape, findings.first),
        confirmed: plane(shape, findings.confirmed),
        last_clear_baseline: plane(shape, findings.last_clear_history),
        last_clear: plane(shape, findings.last_clear),
        magnitude: plane(shape, findings.magnitude),
        n_baseline: plane(shape, findings.n_history),
        n_clear: plane(shape, findings.n_monitor),
        sensors: plane(shape, sensors),
    };
    if let Some(eligible) = eligible {
        for (at, _) in eligible.indexed_iter().filter(|(_, eligible)| !**eligible) {
            strip.answer[at] = Answer::NotEligible.code();
            strip.before[at] = NO_DAY;
            strip.first[at] = NO_DAY;
            strip.confirmed[at] = NO_DAY;
            strip.magnitude[at] = f32::NAN;
        }
    }
    strip
}

impl Detection<'_> {
    /// Ids of the sensors of these observations, sorted, and the number of each observation's sensor.
    pub fn sensor_numbers(observations: &[Observation], scenes: &[Scene]) -> (Vec<String>, Vec<u8>) {
        let mut ids: Vec<String> = observations.iter().map(|o| scenes[o.scenes[0]].sensor.id.clone()).collect();
        let of = ids.clone();
        ids.sort();
        ids.dedup();
        let number = |id: &String| ids.binary_search(id).unwrap_or(0).min(15) as u8;
        (ids.clone(), of.iter().map(number).collect())
    }
}
