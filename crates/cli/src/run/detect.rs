//! From scenes to a change map and patches, strip by strip.

use std::io::{self, Read, Write};

use alert::{ChangeRows, Patch, PatchBuilder, PatchStatistics};
use change::{Answer, ChangeStrip, MaskCounts, NO_DAY};
use geoio::{
    CheckpointFolder, EligibilityReader, Packed, Packer, Packing, RasterClass, RasterFormat, RasterOptions, RasterWriter,
    ZonesReader,
};
use ndarray::{Array2, ArrayView2};
use pipeline::{Budget, LookSeries, StripCost, StripDetection, StripPlan, map_in_order, resume};
use raster::{RasterSink as _, Stored, Window};

use super::folder::RunFolder;
use super::inputs::{Inputs, zones};
use super::looks::{LookReader, Looks};
use super::tally::{PixelAreas, Tallies};
use crate::args::Common;
use crate::completion::complete;
use crate::fault::Fault;
use crate::job::Job;
use crate::progress::Progress;

/// What the strips gave.
pub(crate) struct Map {
    /// Connected changes, large enough.
    pub(crate) patches: Vec<Patch>,
    /// What was too small.
    pub(crate) statistics: PatchStatistics,
    /// Pixels and hectares by unit and answer.
    pub(crate) tallies: Tallies,
    /// Why pixels were left out, one entry a scene.
    pub(crate) counts: Vec<MaskCounts>,
    /// Looks at pixels that were held against the whole baseline instead of its season.
    pub(crate) fallbacks: u64,
    /// Strips in all, and how many of them an interrupted run had finished.
    pub(crate) strips: (usize, usize),
}

/// The rasters of a run.
pub(crate) struct MapFiles {
    answer: RasterWriter<u8>,
    days: RasterWriter<i32>,
    magnitude: RasterWriter<f32>,
    observations: RasterWriter<i32>,
}

/// Names of the rasters of a run.
pub(crate) const RASTERS: [&str; 4] = ["change.tif", "days.tif", "magnitude.tif", "observations.tif"];

impl MapFiles {
    /// Opens all of them, so that a full disk or a missing right shows before the long work.
    pub(crate) fn create(folder: &std::path::Path, format: RasterFormat, inputs: &Inputs, job: &Job) -> Result<Self, Fault> {
        let packed = |options: RasterOptions| RasterOptions { format, compression: job.output.compress, ..options };
        let grid = inputs.grid();
        let [answer, days, magnitude, observations] = RASTERS.map(|name| folder.join(name));
        let answers = RasterOptions { classes: legend(), ..RasterOptions::codes(&["answer"]).nodata(255.0) };
        let all_days = RasterOptions::codes(&["before_day", "first_day", "confirmed_day", "last_clear_day"]);
        let looks = RasterOptions::codes(&["n_baseline", "n_clear", "last_clear_baseline_day", "last_clear_day"]);
        Ok(Self {
            answer: RasterWriter::create(&answer, grid, packed(answers), true)?,
            days: RasterWriter::create(&days, grid, packed(all_days.nodata(f64::from(NO_DAY))), true)?,
            magnitude: RasterWriter::create(
                &magnitude,
                grid,
                packed(RasterOptions::values(&["magnitude"]).nodata(f64::NAN)),
                true,
            )?,
            observations: RasterWriter::create(&observations, grid, packed(looks.nodata(f64::from(NO_DAY))), true)?,
        })
    }

    /// How the rasters are packed: for packing on other threads.
    pub(crate) fn packing(&self) -> MapPacking {
        MapPacking {
            answer: self.answer.packing(),
            days: self.days.packing(),
            magnitude: self.magnitude.packing(),
            observations: self.observations.packing(),
        }
    }

    /// Takes the next strip, from north to south, and packs it here.
    fn write(&mut self, strip: &ChangeStrip) -> Result<(), Fault> {
        let window = strip.window;
        self.answer.write(0, window, strip.answer.view())?;
        for (band, days) in strip_days(strip).into_iter().enumerate() {
            self.days.write(band, window, days.view())?;
        }
        self.magnitude.write(0, window, strip.magnitude.view())?;
        self.observations.write(0, window, strip.n_baseline.mapv(i32::from).view())?;
        self.observations.write(1, window, strip.n_clear.mapv(i32::from).view())?;
        self.observations.write(2, window, strip.last_clear_baseline.view())?;
        self.observations.write(3, window, strip.last_clear.view())?;
        Ok(())
    }

    /// Takes the next strip or piece, from north to south and west to east; one that is not packed yet is packed here.
    pub(crate) fn take(&mut self, strip: PackedStrip) -> Result<(), Fault> {
        match strip {
            PackedStrip::Packed(packed) => self.append(*packed),
            PackedStrip::Pixels(strip) => self.write(&strip),
        }
    }

    fn append(&mut self, packed: PackedMap) -> Result<(), Fault> {
        self.answer.append(packed.answer)?;
        packed.days.into_iter().try_for_each(|days| self.days.append(days))?;
        self.magnitude.append(packed.magnitude)?;
        packed.observations.into_iter().try_for_each(|plane| self.observations.append(plane))?;
        Ok(())
    }

    /// Completes the rasters.
    pub(crate) fn finish(self, budget: &Budget) -> Result<(), Fault> {
        complete(self.answer, budget)?;
        complete(self.days, budget)?;
        complete(self.magnitude, budget)?;
        complete(self.observations, budget)
    }
}

/// How the rasters of a run are packed.
pub(crate) struct MapPacking {
    answer: Packing<u8>,
    days: Packing<i32>,
    magnitude: Packing<f32>,
    observations: Packing<i32>,
}

impl MapPacking {
    /// A packer; one a thread.
    pub(crate) fn packer(&self) -> Result<MapPacker, Fault> {
        Ok(MapPacker {
            answer: self.answer.packer()?,
            days: self.days.packer()?,
            magnitude: self.magnitude.packer()?,
            observations: self.observations.packer()?,
        })
    }
}

/// Packs strips for the rasters of a run.
pub(crate) struct MapPacker {
    answer: Packer<u8>,
    days: Packer<i32>,
    magnitude: Packer<f32>,
    observations: Packer<i32>,
}

/// A strip, or a piece of one, on its way into the rasters.
pub(crate) enum PackedStrip {
    /// Whole tiles.
    Packed(Box<PackedMap>),
    /// Pixels that wait for the rest of their tiles.
    Pixels(Box<ChangeStrip>),
}

impl PackedStrip {
    /// Packs a strip where it is made of whole tiles.
    pub(crate) fn of(packer: &mut MapPacker, strip: ChangeStrip) -> Result<Self, Fault> {
        Ok(match packer.pack(&strip)? {
            Some(packed) => Self::Packed(Box::new(packed)),
            None => Self::Pixels(Box::new(strip)),
        })
    }
}

/// The bands of `days.tif`.
fn strip_days(strip: &ChangeStrip) -> [&Array2<i32>; 4] {
    [&strip.before, &strip.first, &strip.confirmed, &strip.last_clear]
}

impl MapPacker {
    /// The bands of a strip of whole rows of tiles, packed; `None` for another strip, whose tiles are not complete yet.
    fn pack(&mut self, strip: &ChangeStrip) -> Result<Option<PackedMap>, Fault> {
        let window = strip.window;
        if !self.answer.is_tiled(window) {
            return Ok(None);
        }
        let days = strip_days(strip).into_iter().enumerate();
        let days = days.map(|(band, days)| self.days.pack(band, window, days.view())).collect::<Result<_, _>>()?;
        let counts = [&strip.n_baseline, &strip.n_clear].map(|counts| counts.mapv(i32::from));
        let looks = counts.iter().chain([&strip.last_clear_baseline, &strip.last_clear]).enumerate();
        let observations = looks.map(|(band, plane)| self.observations.pack(band, window, plane.view()));
        Ok(Some(PackedMap {
            answer: self.answer.pack(0, window, strip.answer.view())?,
            days,
            magnitude: self.magnitude.pack(0, window, strip.magnitude.view())?,
            observations: observations.collect::<Result<_, _>>()?,
        }))
    }
}

/// The bands of a strip on their way into the rasters.
pub(crate) struct PackedMap {
    answer: Packed<u8>,
    days: Vec<Packed<i32>>,
    magnitude: Packed<f32>,
    observations: Vec<Packed<i32>>,
}

/// Names and colours (Okabe and Ito's, which the colour-blind can tell apart) of the answers.
pub(crate) fn legend() -> Vec<RasterClass> {
    let colour = |answer| match answer {
        Answer::Unchanged => [0, 114, 78, 255],
        Answer::Candidate => [230, 159, 0, 255],
        Answer::Changed => [213, 94, 0, 255],
        Answer::NotEligible => [225, 225, 225, 255],
        Answer::NotSeen => [130, 130, 130, 255],
    };
    Answer::ALL.map(|answer| RasterClass { code: answer.code(), name: answer.name().to_owned(), colour: colour(answer) }).to_vec()
}

/// What a worker keeps open.
struct Worker<'a> {
    looks: LookReader<'a>,
    within: Option<EligibilityReader>,
    aoi: Option<EligibilityReader>,
    units: Option<ZonesReader>,
    packer: MapPacker,
}

/// What a strip gave; kept on disk until the run is complete.
struct Worked {
    found: StripDetection,
    tallies: Tallies,
}

impl Stored for Worked {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        self.found.store(to)?;
        self.tallies.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        Ok(Self { found: StripDetection::restore(from)?, tallies: Tallies::restore(from)? })
    }
}

/// How a run is cut into strips so that it keeps to its memory; `rows` is what the user wants.
pub(crate) fn plan(inputs: &Inputs, budget: &Budget, rows: Option<usize>) -> Result<StripPlan, Fault> {
    let cost = cost(inputs);
    let too_little = |least: u64| {
        Fault::usage(format!(
            "--memory {} MiB is too little for {} columns and {} looks on {} threads: give at least {} MiB, or fewer --jobs",
            budget.bytes() >> 20,
            cost.cols,
            inputs.observations.len(),
            budget.jobs(),
            least.div_ceil(1 << 20)
        ))
    };
    let planned = budget.plan_strips(&cost).map_err(too_little)?;
    let Some(rows) = rows else { return Ok(planned) };
    match cost.plan(rows, budget) {
        wanted if wanted.bytes <= budget.bytes() => Ok(wanted),
        wanted => Err(too_little(wanted.bytes)),
    }
}

/// Bytes of the program, its libraries and their tables.
const PROGRAM_BYTES: u64 = 128 << 20;

/// Bytes a pixel of a [`Worked`] strip: answer, five days, magnitude, three counts.
const RESULT_BYTES_A_PIXEL: u64 = 1 + 5 * 4 + 4 + 3 * 2;

/// Bytes a pixel of the rasters together: answer, four days, magnitude, two counts with two days.
const RASTER_BYTES_A_PIXEL: u64 = 1 + 4 * 4 + 4 + 4 * 4;

/// Bytes a pixel while speckle is taken down: power of two polarisations, means, variances, sums over scenes.
const SPECKLE_BYTES_A_PIXEL: u64 = 160;

fn cost(inputs: &Inputs) -> StripCost {
    let layers: u64 = inputs.registries.sources.iter().map(|(_, layer)| layer.bytes()).sum();
    StripCost {
        cols: inputs.grid().cols,
        working: inputs.detection().bytes_a_pixel() + if inputs.speckle.is_some() { SPECKLE_BYTES_A_PIXEL } else { 0 },
        // With its packed copies on the way to disk.
        waiting: RESULT_BYTES_A_PIXEL * 3 / 2,
        tile_row: (inputs.grid().cols * StripCost::MOST_ROWS) as u64 * RASTER_BYTES_A_PIXEL,
        fixed: PROGRAM_BYTES + layers,
    }
}

/// Works through all strips; the result does not depend on their height or on the number of threads.
///
/// Strips that an interrupted run has finished are taken from `folder`, and looks from a store where there is one.
pub(crate) fn detect(
    (inputs, looks): (&Inputs, Option<&Looks>),
    job: &Job,
    folder: &RunFolder,
    budget: &Budget,
    plan: &StripPlan,
    common: &Common,
) -> Result<Map, Fault> {
    let mut files = MapFiles::create(folder.path(), RasterFormat::Cog, inputs, job)?;
    let detection = inputs.detection();
    let grid = inputs.grid();
    let strips: Vec<(usize, Window)> = grid.tiles(plan.rows, plan.cols).enumerate().collect();
    let kept = CheckpointFolder::open(&folder.strips(plan.rows))?;
    let areas = PixelAreas::new(grid)?;
    let zones = zones(inputs)?;
    let aoi = inputs.aoi.as_ref().map(|aoi| geoio::Eligibility::polygons(grid.clone(), &aoi.features)).transpose()?;
    let mut patches = PatchBuilder::new(grid, &job.patches);
    let mut map = Map {
        patches: Vec::new(),
        statistics: PatchStatistics::default(),
        tallies: Tallies::default(),
        counts: vec![MaskCounts::default(); inputs.scenes().len()],
        fallbacks: 0,
        strips: (strips.len(), 0),
    };
    let packing = files.packing();
    let mut progress = Progress::begin(common, "detect", strips.len() as u64);
    map_in_order(
        &strips,
        budget,
        plan.in_flight,
        || {
            Ok::<_, Fault>(Worker {
                looks: LookReader::open(inputs, looks)?,
                within: inputs.within.as_ref().map(geoio::Eligibility::open).transpose()?,
                aoi: aoi.as_ref().map(geoio::Eligibility::open).transpose()?,
                units: zones.as_ref().map(geoio::Zones::open),
                packer: packing.packer()?,
            })
        },
        |worker, &(place, window)| {
            let worked = resume(&kept, place, || {
                let eligible = worker.within.as_mut().map(|reader| reader.read(window)).transpose()?;
                let take = |series: &mut LookSeries, look, scene| worker.looks.take(&detection, series, look, scene);
                let found = detection.detect(window, view(eligible.as_ref()), take)?;
                let units = worker.units.as_mut().map(|reader| reader.read(window)).transpose()?;
                let inside = worker.aoi.as_mut().map(|reader| reader.read(window)).transpose()?;
                let tallies = Tallies::of(&found.strip, &areas, view(units.as_ref()), view(inside.as_ref()));
                Ok::<_, Fault>(Worked { found, tallies })
            })?;
            let Worked { found: StripDetection { strip, counts, fallbacks }, tallies } = worked;
            let changed = ChangeRows::of(&strip);
            Ok((PackedStrip::of(&mut worker.packer, strip)?, changed, counts, fallbacks, tallies))
        },
        |(strip, changed, counts, fallbacks, tallies)| {
            files.take(strip)?;
            map.patches.extend(patches.push_rows(changed));
            map.tallies.add(&tallies);
            map.fallbacks += fallbacks;
            map.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += &count);
            progress.step()
        },
    )?;
    files.finish(budget)?;
    if let Some(looks) = looks {
        looks.count(&mut map.counts);
    }
    map.strips.1 = kept.loaded();
    let (last, statistics) = patches.finish();
    map.patches.extend(last);
    map.statistics = statistics;
    Ok(map)
}

fn view<T>(plane: Option<&Array2<T>>) -> Option<ArrayView2<'_, T>> {
    plane.map(|plane| plane.view())
}
