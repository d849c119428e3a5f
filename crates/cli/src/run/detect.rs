//! From scenes to a change map and patches, strip by strip.

use alert::{Patch, PatchBuilder, PatchStatistics};
use change::{Answer, ChangeStrip, MaskCounts, NO_DAY};
use geoio::{EligibilityReader, GriddedReader, RasterClass, RasterOptions, RasterWriter, ZonesReader};
use ndarray::{Array2, ArrayView2};
use pipeline::{Budget, StripDetection, map_in_order};
use raster::{RasterSink as _, RasterSource as _, Window};

use super::inputs::{Inputs, zones};
use super::tally::{PixelAreas, Tallies};
use crate::args::Common;
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
}

/// The rasters of a run.
pub(crate) struct MapFiles {
    answer: RasterWriter<u8>,
    days: RasterWriter<i32>,
    magnitude: RasterWriter<f32>,
    counts: RasterWriter<u16>,
}

/// Names of the rasters of a run.
pub(crate) const RASTERS: [&str; 4] = ["change.tif", "days.tif", "magnitude.tif", "observations.tif"];

impl MapFiles {
    /// Opens all of them, so that a full disk or a missing right shows before the long work.
    pub(crate) fn create(folder: &std::path::Path, inputs: &Inputs, job: &Job, common: &Common) -> Result<Self, Fault> {
        let packed = |options: RasterOptions| RasterOptions {
            compression: job.output.compress,
            threads: common.budget().jobs(),
            ..options
        };
        let grid = inputs.grid();
        let [answer, days, magnitude, counts] = RASTERS.map(|name| folder.join(name));
        let answers = RasterOptions { classes: legend(), ..RasterOptions::codes(&["answer"]).nodata(255.0) };
        let all_days = RasterOptions::codes(&["before_day", "first_day", "confirmed_day", "last_clear_day"]);
        Ok(Self {
            answer: RasterWriter::create(&answer, grid, packed(answers), true)?,
            days: RasterWriter::create(&days, grid, packed(all_days.nodata(f64::from(NO_DAY))), true)?,
            magnitude: RasterWriter::create(
                &magnitude,
                grid,
                packed(RasterOptions::values(&["magnitude"]).nodata(f64::NAN)),
                true,
            )?,
            counts: RasterWriter::create(&counts, grid, packed(RasterOptions::codes(&["n_baseline", "n_clear"])), true)?,
        })
    }

    fn write(&mut self, strip: &ChangeStrip) -> Result<(), Fault> {
        let window = strip.window;
        self.answer.write(0, window, strip.answer.view())?;
        for (band, days) in [&strip.before, &strip.first, &strip.confirmed, &strip.last_clear].into_iter().enumerate() {
            self.days.write(band, window, days.view())?;
        }
        self.magnitude.write(0, window, strip.magnitude.view())?;
        self.counts.write(0, window, strip.n_baseline.view())?;
        self.counts.write(1, window, strip.n_clear.view())?;
        Ok(())
    }

    /// Completes the rasters.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        self.answer.finish()?;
        self.days.finish()?;
        self.magnitude.finish()?;
        self.counts.finish()?;
        Ok(())
    }
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
struct Worker {
    scenes: GriddedReader,
    within: Option<EligibilityReader>,
    aoi: Option<EligibilityReader>,
    units: Option<ZonesReader>,
}

/// Works through all strips; the result does not depend on their height or on the number of threads.
pub(crate) fn detect(
    inputs: &Inputs,
    job: &Job,
    files: &mut MapFiles,
    budget: &Budget,
    strip_rows: Option<usize>,
    common: &Common,
) -> Result<Map, Fault> {
    let detection = inputs.detection();
    let grid = inputs.grid();
    let bytes_a_row = detection.bytes_a_pixel() * grid.cols as u64;
    let height = strip_rows.unwrap_or_else(|| budget.strip_rows(bytes_a_row, 512));
    let strips: Vec<Window> = grid.strips(height).collect();
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
    };
    let mut progress = Progress::begin(common, "detect", strips.len() as u64);
    map_in_order(
        &strips,
        budget,
        bytes_a_row * height as u64,
        || {
            Ok::<_, Fault>(Worker {
                scenes: inputs.imagery.open()?,
                within: inputs.within.as_ref().map(geoio::Eligibility::open).transpose()?,
                aoi: aoi.as_ref().map(geoio::Eligibility::open).transpose()?,
                units: zones.as_ref().map(geoio::Zones::open),
            })
        },
        |worker, &window| {
            let eligible = worker.within.as_mut().map(|reader| reader.read(window)).transpose()?;
            let found = detection.detect(&mut worker.scenes, window, view(eligible.as_ref()))?;
            let units = worker.units.as_mut().map(|reader| reader.read(window)).transpose()?;
            let inside = worker.aoi.as_mut().map(|reader| reader.read(window)).transpose()?;
            let tallies = Tallies::of(&found.strip, &areas, view(units.as_ref()), view(inside.as_ref()));
            Ok((found, tallies))
        },
        |(StripDetection { strip, counts, fallbacks }, tallies)| {
            files.write(&strip)?;
            map.patches.extend(patches.push(&strip));
            map.tallies.add(&tallies);
            map.fallbacks += fallbacks;
            map.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += &count);
            progress.step()
        },
    )?;
    let (last, statistics) = patches.finish();
    map.patches.extend(last);
    map.statistics = statistics;
    Ok(map)
}

fn view<T>(plane: Option<&Array2<T>>) -> Option<ArrayView2<'_, T>> {
    plane.map(|plane| plane.view())
}
