//! `detect`: one method over series of images.

mod method;
mod sink;
mod tables;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use change::{Detector, Findings, SeriesBlock};
use geoio::{Found, GriddedImagery, ImagerySpec, Resampling, StackSpec};
use ndarray::{Array3, s};
use pipeline::{Budget, map_in_order};
use raster::{Date, Grid, RasterReader as _, RasterSource as _, Role, Window};
use serde_json::json;

use super::apart::check_apart;
use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::progress::Progress;
use crate::report::Report;
use sink::Sink;
use told::Kept;

/// Runs a method over stacks of images and writes what it found of each pixel.
pub(crate) fn detect(arguments: &Detect, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let kept = Kept::read(&arguments.keep)?;
    let stacks = stacks(arguments)?;
    check_apart(Some(&arguments.out), stacks.iter().map(|(_, file)| file).chain(&arguments.dates))?;
    let given: Vec<Role> = stacks.iter().map(|(role, _)| role.clone()).collect();
    let detector = method::detector(arguments, &given)?;
    if tables::are_tables(&stacks)? {
        let (found, dates) = tables::detect(&stacks, detector.as_ref(), kept, arguments, common)?;
        return Ok(report(arguments, detector.as_ref(), dates, &Counts::of(&found)));
    }
    let Found { imagery, warnings, .. } = scenes(&stacks, arguments)?;
    let grid = super::aoi::grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let series = Series::new(&source, detector.as_ref());
    let mut sink = Sink::create(arguments, &grid, kept, detector.as_ref(), common)?;
    let windows = series.windows(&grid, arguments.output.block, &budget);
    let mut counts = Counts::default();
    let mut progress = Progress::begin(common, "detect", windows.len() as u64);
    let packing = sink.packing();
    let largest = windows.iter().map(|window| window.pixels()).max().unwrap_or(0);
    map_in_order(
        &windows,
        &budget,
        budget.in_flight((largest * series.bytes_a_pixel()) as u64),
        || Ok::<_, Fault>((source.open()?, packing.packer()?)),
        |(reader, packer), &window| {
            let values = series.read(reader, window)?;
            let block = SeriesBlock::new(&series.dates, &series.sensors, values.view())?;
            let found = detector.detect(&block);
            Ok((packer.pack(window, &found)?, Counts::of(&found)))
        },
        |(packed, part)| {
            sink.append(packed)?;
            counts.add(&part);
            progress.step()
        },
    )?;
    sink.finish()?;
    let mut report = report(arguments, detector.as_ref(), series.dates.len(), &counts);
    report.warnings = warnings;
    Ok(report)
}

/// What was done, in words and numbers.
fn report(arguments: &Detect, detector: &dyn Detector, dates: usize, counts: &Counts) -> Report {
    let mut report = Report::new("detect");
    report.output(&arguments.out);
    report.fact("method", detector.name());
    report.fact("dates", dates);
    report.fact("counts", json!({ "pixels": counts.pixels, "breaks": counts.changed, "not_enough": counts.not_seen }));
    report.say(format!(
        "{}: {} of {} series changed, {} of too few observations",
        arguments.out.display(),
        counts.changed,
        counts.pixels,
        counts.not_seen
    ));
    report
}

/// How many pixels were answered how.
#[derive(Default)]
struct Counts {
    pixels: usize,
    changed: usize,
    not_seen: usize,
}

impl Counts {
    fn of(found: &Findings) -> Self {
        let of = |answer| found.answer.iter().filter(|known| **known == answer).count();
        Self { pixels: found.answer.len(), changed: of(change::Answer::Changed), not_seen: of(change::Answer::NotSeen) }
    }

    fn add(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.changed += other.changed;
        self.not_seen += other.not_seen;
    }
}

/// The files by role; one without a role is what the method watches.
fn stacks(arguments: &Detect) -> Result<Vec<(Role, PathBuf)>, Fault> {
    let one = |text: &String| match text.split_once('=') {
        Some((role, file)) => Ok((role.parse().map_err(|error| Fault::usage(format!("{text}: {error}")))?, PathBuf::from(file))),
        None => Ok((Role::Index("value".to_owned()), PathBuf::from(text))),
    };
    let stacks: Vec<(Role, PathBuf)> = arguments.inputs.iter().map(one).collect::<Result<_, Fault>>()?;
    let mut roles: Vec<&Role> = stacks.iter().map(|(role, _)| role).collect();
    roles.sort();
    match roles.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Fault::usage(format!("two inputs have the role {}; write role=FILE", pair[0]))),
        None => Ok(stacks),
    }
}

/// One scene a date.
fn scenes(stacks: &[(Role, PathBuf)], arguments: &Detect) -> Result<Found, Fault> {
    let Some(dates) = &arguments.dates else {
        return Err(Fault::usage("--dates: give a CSV whose column date has the day of each band"));
    };
    let spec = StackSpec {
        bands: stacks.iter().cloned().collect::<BTreeMap<_, _>>(),
        dates: dates.clone(),
        sensor: None,
        platform: None,
        orbit: None,
        scale: arguments.scale,
        offset: arguments.offset,
        nodata: None,
        qa: None,
        clear: None,
    };
    Ok(geoio::find(&[ImagerySpec::Stack(spec)], Path::new(""))?)
}

/// What is read for each pixel.
struct Series<'a> {
    roles: &'a [Role],
    dates: Vec<Date>,
    sensors: Vec<u8>,
}

impl<'a> Series<'a> {
    fn new(source: &GriddedImagery, detector: &'a dyn Detector) -> Self {
        let dates: Vec<Date> = source.scenes().iter().map(|scene| scene.date).collect();
        Self { roles: detector.inputs(), sensors: vec![0; dates.len()], dates }
    }

    fn bytes_a_pixel(&self) -> usize {
        self.dates.len() * self.roles.len() * 4 + 256
    }

    /// Pieces that keep within the memory and leave every thread some: whole tiles, or on a narrow grid strips.
    fn windows(&self, grid: &Grid, block: usize, budget: &Budget) -> Vec<Window> {
        let share = budget.chunk_bytes() as usize / (2 * budget.jobs() + 1);
        let pixels = (share / self.bytes_a_pixel()).max(1);
        if grid.cols <= 2 * block {
            let rows = (pixels / grid.cols).min(grid.rows.div_ceil(4 * budget.jobs())).clamp(1, block);
            return grid.strips(rows).collect();
        }
        grid.tiles(block, block).collect()
    }

    /// Values (time, role, pixel) of a window.
    fn read(&self, reader: &mut geoio::GriddedReader, window: Window) -> Result<Array3<f32>, Fault> {
        let mut values = Array3::from_elem((self.dates.len(), self.roles.len(), window.pixels()), f32::NAN);
        for time in 0..self.dates.len() {
            let cube = reader.read(time, self.roles, window, 0)?;
            for role in 0..self.roles.len() {
                let (plane, scaling) = (cube.values.slice(s![0, role, .., ..]), cube.scaling[role]);
                let mut row = values.slice_mut(s![time, role, ..]);
                row.iter_mut().zip(plane).for_each(|(to, stored)| *to = scaling.apply(*stored) as f32);
            }
        }
        Ok(values)
    }
}
