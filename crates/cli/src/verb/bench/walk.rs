use std::path::Path;
use std::time::{Duration, Instant};

use alert::{Alert, PatchBuilder};
use change::{ChangeStrip, Despeckled, MaskCounts};
use geoio::{CheckpointFolder, Eligibility, EligibilityReader, GriddedReader, RasterFormat};
use ndarray::{ArrayView2, s};
use pipeline::{Budget, Detection, StripDetection, StripPlan, map_in_order};
use raster::{Checkpoint as _, RasterSource as _, Window};

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::job::Job;
use crate::run::{self, Inputs, MapFiles, PackedStrip, RASTERS};
use crate::stop;

/// The walk of a run from scenes to linked alerts, taken apart: the same calls in the same strips, tiles and threads, each part
/// with a clock of its own.
///
/// The strips that the detector gives are kept on disk between the parts, as a run keeps them, so that memory does not grow and
/// no part is measured while another works. Keeping and loading them is not measured.
pub(super) struct Walk<'a> {
    inputs: &'a Inputs,
    job: &'a Job,
    common: &'a Common,
    budget: Budget,
    plan: StripPlan,
    strips: Vec<Window>,
    folder: &'a Path,
    kept: CheckpointFolder,
}

/// Seconds of the parts that threads share, as if all of them were at each from its start to its end: the time that the threads
/// spent on it together, by their number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Seconds {
    /// Reading.
    pub(super) read: f64,
    /// Masking.
    pub(super) mask: f64,
    /// The index.
    pub(super) index: f64,
    /// The detector.
    pub(super) change: f64,
}

/// How long threads were at each part.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    read: Duration,
    mask: Duration,
    index: Duration,
    change: Duration,
}

impl Clock {
    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.mask += other.mask;
        self.index += other.index;
        self.change += other.change;
    }

    fn seconds(self, threads: usize) -> Seconds {
        let of = |part: Duration| part.as_secs_f64() / threads.max(1) as f64;
        Seconds { read: of(self.read), mask: of(self.mask), index: of(self.index), change: of(self.change) }
    }
}

/// What `work` gives; its time is added to `time`.
fn timed<T>(time: &mut Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    *time += began.elapsed();
    result
}

/// What a worker keeps open.
struct Worker<'a> {
    scenes: Despeckled<'a, GriddedReader>,
    within: Option<EligibilityReader>,
}

impl<'a> Walk<'a> {
    /// The walk of a job; `folder` takes what it writes.
    pub(super) fn new(inputs: &'a Inputs, job: &'a Job, folder: &'a Path, common: &'a Common) -> Result<Self, Fault> {
        let budget = common.budget();
        let plan = run::plan_strips(inputs, &budget, None)?;
        let strips = inputs.grid().tiles(plan.rows, plan.cols).collect();
        Ok(Self { inputs, job, common, budget, plan, strips, folder, kept: CheckpointFolder::open(&folder.join("strips"))? })
    }

    /// Reads, masks, computes the index and detects, once over the whole job; keeps the strips.
    pub(super) fn detect(&self) -> Result<Seconds, Fault> {
        let places: Vec<(usize, Window)> = self.strips.iter().copied().enumerate().collect();
        let threads = self.budget.jobs().min(self.plan.in_flight).min(places.len());
        let mut sum = Clock::default();
        map_in_order(
            &places,
            &self.budget,
            self.plan.in_flight,
            || {
                let within = self.inputs.within.as_ref().map(Eligibility::open).transpose()?;
                let scenes = Despeckled::new(self.inputs.imagery.open()?, self.inputs.speckle.as_ref());
                Ok::<_, Fault>(Worker { scenes, within })
            },
            |worker, &(place, window)| {
                let mut clock = Clock::default();
                let found = self.strip(worker, window, &mut clock)?;
                self.kept.keep(place, &found)?;
                Ok::<_, Fault>(clock)
            },
            |clock| {
                sum.add(clock);
                stop::check()
            },
        )?;
        Ok(sum.seconds(threads))
    }

    fn strip(&self, worker: &mut Worker<'_>, window: Window, clock: &mut Clock) -> Result<StripDetection, Fault> {
        let detection = self.inputs.detection();
        let eligible = worker.within.as_mut().map(|within| timed(&mut clock.read, || within.read(window))).transpose()?;
        let mut counts = vec![MaskCounts::default(); detection.looks.len()];
        let (mut strip, mut fallbacks) = (ChangeStrip::not_seen(window), 0);
        for tile in Detection::tiles(window) {
            let mut series = detection.unseen(tile);
            for (look, observation) in detection.observations.iter().enumerate() {
                for &scene in &observation.scenes {
                    let cube = timed(&mut clock.read, || detection.read(&mut worker.scenes, scene, tile))?;
                    let (cube, count) = timed(&mut clock.mask, || detection.looks[scene].mask.apply(cube))?;
                    counts[scene] += count;
                    timed(&mut clock.index, || detection.fill(&mut series, look, scene, &cube))?;
                }
            }
            let first = (tile.col - window.col) as usize;
            let eligible: Option<ArrayView2<'_, bool>> =
                eligible.as_ref().map(|plane| plane.slice(s![.., first..first + tile.cols]));
            timed(&mut clock.change, || {
                let (part, more) = detection.answer(series, eligible)?;
                strip.paste(&part);
                fallbacks += more;
                Ok::<_, Fault>(())
            })?;
        }
        Ok(StripDetection { strip, counts, fallbacks })
    }

    /// The strip of a place, as it was kept.
    fn load(&self, place: usize) -> Result<ChangeStrip, Fault> {
        let kept: Option<StripDetection> = self.kept.load(place);
        kept.map(|found| found.strip).ok_or_else(|| {
            Fault::new(Exit::Output, format!("{}: a strip that was kept is not there any more", self.folder.display()))
        })
    }

    /// Seconds to write the map's rasters in a format; they stay in the folder.
    pub(super) fn write(&self, format: RasterFormat) -> Result<f64, Fault> {
        let mut time = Duration::ZERO;
        let mut files = timed(&mut time, || MapFiles::create(self.folder, format, self.inputs, self.job))?;
        let packing = files.packing();
        let places: Vec<usize> = (0..self.strips.len()).collect();
        let began = Instant::now();
        map_in_order(
            &places,
            &self.budget,
            self.plan.in_flight,
            || packing.packer(),
            |packer, &place| PackedStrip::of(packer, self.load(place)?),
            |strip| {
                files.take(strip)?;
                stop::check()
            },
        )?;
        time += began.elapsed();
        timed(&mut time, || files.finish(&self.budget))?;
        Ok(time.as_secs_f64())
    }

    /// Seconds to make patches and measure them, and the alerts they give; the map must have been written before.
    pub(super) fn patches(&self) -> Result<(f64, Vec<Alert>), Fault> {
        let (inputs, mut time) = (self.inputs, Duration::ZERO);
        let mut builder = PatchBuilder::new(inputs.grid(), &self.job.patches);
        let mut patches = Vec::new();
        for place in 0..self.strips.len() {
            let strip = self.load(place)?;
            timed(&mut time, || patches.extend(builder.push(&strip)));
            stop::check()?;
        }
        let alerts = timed(&mut time, || {
            patches.extend(builder.finish().0);
            let unseen = run::unseen_around(&patches, &self.folder.join(RASTERS[0]), inputs.grid())?;
            Ok::<_, Fault>(run::in_area(run::measure(&patches, &unseen, inputs, self.job, &self.budget)?, inputs))
        })?;
        Ok((time.as_secs_f64(), alerts))
    }

    /// Seconds to lay alerts over the official layers.
    pub(super) fn overlay(&self, alerts: &[Alert]) -> Result<f64, Fault> {
        let mut time = Duration::ZERO;
        timed(&mut time, || run::annotate(alerts, self.inputs, self.job, &self.budget, self.common))?;
        Ok(time.as_secs_f64())
    }
}
