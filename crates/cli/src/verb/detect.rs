//! `detect`: one method over series of images.

mod clear;
mod cut;
mod decision;
mod drawing;
mod explain;
mod method;
mod sink;
mod state;
mod story;
mod tables;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use change::{Detector, Findings, SeriesBlock};
use geoio::{Found, GriddedImagery, GriddedReader, ImagerySpec, PlaneSpec, Resampling, StackSpec, Storage};
use ndarray::{ArrayView3, s};
use pipeline::{Budget, map_in_order};
use raster::{Date, RasterSource as _, Role, Scaling, Warning, Window};
use serde_json::json;

use super::apart::check_apart;
use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::progress::Progress;
use crate::report::Report;
use clear::Clear;
use cut::Cut;
use method::{Method, last_day};
use sink::Sink;
use told::Kept;

/// Runs a method over stacks of images and writes what it found of each pixel.
pub(crate) fn detect(arguments: &Detect, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    if let Some(place) = &arguments.explain {
        return explain::explain(place, arguments, common);
    }
    let kept = Kept::read(&arguments.keep)?;
    let stacks = stacks(arguments)?;
    check_apart(Some(&arguments.out), stacks.iter().map(|(_, file)| file))?;
    check_apart(Some(&arguments.out), clear::files(arguments)?.values())?;
    if let Some(folder) = &arguments.state {
        return state::detect(folder, &stacks, kept, arguments, common);
    }
    let given: Vec<Role> = stacks.iter().map(|(role, _)| role.clone()).collect();
    let Method { detector, .. } = Method::new(arguments, &given)?;
    kept.check(detector.as_ref())?;
    if tables::are_tables(&stacks)? {
        let (found, dates) = tables::detect(&stacks, detector.as_ref(), kept, arguments, common)?;
        return Ok(report(arguments, detector.as_ref(), &dates, &Counts::of(&found)));
    }
    tables::refuse_table(&arguments.out)?;
    let tables = tables_of_dates(&stacks, arguments)?;
    check_apart(Some(&arguments.out), &tables)?;
    let Found { imagery, warnings, .. } = scenes(&stacks, &tables, arguments)?;
    let grid = super::aoi::grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let mut series = Series::new(&source, detector.as_ref());
    if let Some(percentile) = detector.scene_percentile() {
        series.take_off(&source, percentile, &budget)?;
    }
    let mut sink = Sink::create(arguments, &grid, kept, detector.as_ref(), common)?;
    let cut = Cut::new(&grid, arguments.output.block, series.storage(&source)?, series.bytes_a_pixel(), &budget);
    let mut counts = Counts::default();
    let mut progress = Progress::begin(common, "detect", cut.windows.len() as u64);
    let packing = sink.packing();
    map_in_order(
        &cut.windows,
        &budget,
        budget.in_flight(cut.bytes),
        || Ok::<_, Fault>((source.open()?, packing.packer()?, Vec::new())),
        |(reader, packer, values), &window| {
            let mut counts = Counts::default();
            for part in cut.parts(window) {
                let values = series.read(reader, part, series.dates.len(), values)?;
                for rows in cut::at_once(part) {
                    let first = (rows.row - part.row) as usize * part.cols;
                    let values = values.slice_move(s![.., .., first..first + rows.pixels()]);
                    let found = detector.detect(&SeriesBlock::new(&series.dates, &series.sensors, values)?);
                    counts.add(&Counts::of(&found));
                    packer.add(window, rows, &found);
                }
            }
            Ok((packer.pack(window)?, counts))
        },
        |(packed, part)| {
            sink.append(packed)?;
            counts.add(&part);
            progress.step()
        },
    )?;
    sink.finish()?;
    let mut report = report(arguments, detector.as_ref(), &series.dates, &counts);
    report.warnings.extend(warnings);
    Ok(report)
}

/// What was done, in words and numbers.
fn report(arguments: &Detect, detector: &dyn Detector, dates: &[Date], counts: &Counts) -> Report {
    let mut report = Report::new("detect");
    report.output(&arguments.out);
    report.fact("method", detector.name());
    report.fact("dates", dates.len());
    report.fact(
        "counts",
        json!({
            "series": counts.series, "breaks": counts.changed, "not_enough": counts.not_seen, "unstable": counts.unstable
        }),
    );
    report.say(format!(
        "{}: {} of {} series changed; {} have too few observations, {} an unstable history",
        arguments.out.display(),
        counts.changed,
        counts.series,
        counts.not_seen,
        counts.unstable
    ));
    let period = detector.monitoring();
    if !dates.iter().any(|date| *date < period.from()) {
        let message = format!("no image lies before the monitoring period, which begins on {}", period.from());
        report.warnings.push(Warning::new("no_history", message));
    }
    if !dates.iter().any(|date| period.contains(*date)) {
        let end = last_day(period).map_or_else(|| " on".to_owned(), |to| format!(" to {to}"));
        let message = format!("no image lies in the monitoring period, from {}{end}", period.from());
        report.warnings.push(Warning::new("no_monitoring", message));
    }
    report
}

/// How many series were answered how.
#[derive(Default)]
struct Counts {
    series: usize,
    changed: usize,
    not_seen: usize,
    unstable: usize,
}

impl Counts {
    fn of(found: &Findings) -> Self {
        let mut counts = Self { series: found.answer.len(), ..Self::default() };
        for status in told::statuses(found) {
            match status {
                told::Status::None => {}
                told::Status::Break => counts.changed += 1,
                told::Status::TooFew => counts.not_seen += 1,
                told::Status::Unstable => counts.unstable += 1,
            }
        }
        counts
    }

    fn add(&mut self, other: &Self) {
        self.series += other.series;
        self.unstable += other.unstable;
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

/// The table of dates of each input.
fn tables_of_dates(stacks: &[(Role, PathBuf)], arguments: &Detect) -> Result<Vec<PathBuf>, Fault> {
    if let [table] = arguments.dates.as_slice()
        && !table.contains('=')
    {
        return Ok(vec![PathBuf::from(table); stacks.len()]);
    }
    let given = arguments.dates.iter().filter_map(|text| text.split_once('='));
    let given: BTreeMap<String, &str> = given.map(|(role, file)| (role.to_ascii_lowercase(), file)).collect();
    let of = |(role, _): &(Role, PathBuf)| {
        let told = || Fault::usage(format!("--dates: give a CSV whose column date has the day of each band, for {role} too"));
        given.get(&role.to_string()).map(PathBuf::from).ok_or_else(told)
    };
    stacks.iter().map(of).collect()
}

/// One scene a date, and where inputs have dates or codes of their own one an input and date.
fn scenes(stacks: &[(Role, PathBuf)], tables: &[PathBuf], arguments: &Detect) -> Result<Found, Fault> {
    let rule = clear::rule(arguments)?;
    let codes = clear::files(arguments)?;
    if let Some(role) = codes.keys().flatten().find(|role| !stacks.iter().any(|(given, _)| given == *role)) {
        return Err(Fault::usage(format!("--qa {role}: no input has this role")));
    }
    let mut by_dates: BTreeMap<(&PathBuf, Option<&PathBuf>), BTreeMap<Role, PathBuf>> = BTreeMap::new();
    for ((role, file), dates) in stacks.iter().zip(tables) {
        let codes = codes.get(&Some(role.clone())).or_else(|| codes.get(&None));
        by_dates.entry((dates, codes)).or_default().insert(role.clone(), file.clone());
    }
    let stack = |((dates, codes), mut bands): ((&PathBuf, Option<&PathBuf>), BTreeMap<Role, PathBuf>)| {
        bands.extend(codes.map(|codes| (clear::LAYER.clone(), codes.clone())));
        ImagerySpec::Stack(StackSpec {
            bands,
            dates: dates.clone(),
            sensor: None,
            platform: None,
            orbit: None,
            scale: arguments.scale,
            offset: arguments.offset,
            nodata: None,
            qa: codes.and(rule.clone()),
            clear: None,
        })
    };
    let specs: Vec<ImagerySpec> = by_dates.into_iter().map(stack).collect();
    Ok(geoio::find(&specs, Path::new(""))?)
}

/// What is read for each pixel.
struct Series<'a> {
    roles: &'a [Role],
    dates: Vec<Date>,
    sensors: Vec<u8>,
    /// Of each date the places of the roles that it has.
    there: Vec<Vec<usize>>,
    /// How the numbers of each date become values, by the place of the role.
    scalings: Vec<Vec<Scaling>>,
    /// What is taken off the values of each date, by the place of the role.
    off: Vec<Vec<f64>>,
    /// Which pixels are observed, where codes tell.
    clear: Clear,
}

impl<'a> Series<'a> {
    fn new(source: &GriddedImagery, detector: &'a dyn Detector) -> Self {
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

    /// Takes a percentile of each scene off its values, band by band.
    fn take_off(&mut self, source: &GriddedImagery, percentile: f64, budget: &Budget) -> Result<(), Fault> {
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

    fn bytes_a_pixel(&self) -> usize {
        self.dates.len() * self.roles.len() * 4 + self.clear.bytes_a_pixel()
    }

    /// How the files of the roles are stored.
    fn storage(&self, source: &GriddedImagery) -> Result<Storage, Fault> {
        let mut all = Storage { rows: 1, cols: 1, bytes_a_pixel: 0, is_beside: true };
        let of_role = |place: usize| self.there.iter().position(|places| places.contains(&place));
        let roles = self.roles.iter().enumerate().map(|(place, role)| (of_role(place), role));
        for (scene, role) in roles.chain([(self.clear.first(), &clear::LAYER)]) {
            let Some(scene) = scene else { continue };
            let one = source.storage(scene, std::slice::from_ref(role))?;
            all.rows = all.rows.max(one.rows);
            all.cols = all.cols.max(one.cols);
            all.bytes_a_pixel += one.bytes_a_pixel;
            all.is_beside &= one.is_beside;
        }
        Ok(all)
    }

    /// Values (time, role, pixel) of a window, of so many times from the first; NaN where there is none. They stand in `values`.
    fn read<'v>(
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
    fn read_stored<'v>(
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
