//! `detect`: one method over series of images.

mod clear;
mod cut;
mod decision;
mod drawing;
mod explain;
mod harmonise;
mod method;
mod series;
mod sink;
mod state;
mod story;
mod tables;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use change::{Detector, Findings, SeriesBlock};
use geoio::stac::Period;
use geoio::{Found, GriddedImagery, ImagerySpec, Moments, Resampling, StackSpec};
use ndarray::s;
use pipeline::map_in_order;
use raster::{Date, RasterSource as _, Role, Warning};
use serde_json::{Value, json};

use super::apart::check_apart;
use super::item::{self, Item};
use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::progress::Progress;
use crate::report::Report;
use cut::Cut;
use harmonise::{Harmonise, harmonise};
use method::{Method, last_day};
use series::Series;
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
    check_apart(Some(&arguments.out), clear::files(arguments)?.iter().map(|(_, file)| file))?;
    if let Some(folder) = &arguments.state {
        return state::detect(folder, &stacks, kept, arguments, common);
    }
    let Method { detector, .. } = Method::new(arguments, &roles(&stacks))?;
    kept.check(detector.as_ref())?;
    if tables::are_tables(&stacks)? {
        if arguments.output.stac {
            return Err(Fault::usage("--stac: a table of series has no place of its own; items stand beside rasters"));
        }
        let tables::Found { findings, dates, harmonised } = tables::detect(&stacks, detector.as_ref(), kept, arguments, common)?;
        let mut report = report(arguments, detector.as_ref(), &dates, &Counts::of(&findings));
        tell(&mut report, harmonised);
        return Ok(report);
    }
    tables::refuse_table(&arguments.out)?;
    let tables = tables_of_dates(&stacks, arguments)?;
    check_apart(Some(&arguments.out), tables.iter().flatten())?;
    let Found { mut imagery, warnings, .. } = scenes(&stacks, &tables, arguments)?;
    check_apart(Some(&arguments.out), &imagery.files())?;
    let harmonised = harmonise(&mut imagery.scenes, arguments)?;
    let grid = super::aoi::grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let mut series = Series::new(&source, detector.as_ref());
    if let Some(percentile) = detector.scene_percentile() {
        series.take_off(&source, percentile, &budget)?;
    }
    let item = record(arguments, &source, &tables, &series.dates, detector.as_ref(), common)?;
    let storage = series.storage(&source)?;
    let budget = cut::threads(&budget, storage)?;
    let mut sink = Sink::create(arguments, &grid, kept, detector.as_ref(), common)?;
    let cut = Cut::new(&grid, arguments.output.block, storage, series.bytes_a_pixel(), &budget);
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
    sink.finish(&budget)?;
    let mut report = report(arguments, detector.as_ref(), &series.dates, &counts);
    tell(&mut report, harmonised);
    if let Some(item) = &item {
        item::write(item, &arguments.out, &[], &mut report)?;
    }
    report.warnings.extend(warnings);
    Ok(report)
}

/// What the item beside the raster says, where one is asked for: the images of the monitoring period are its time.
fn record(
    arguments: &Detect,
    source: &GriddedImagery,
    tables: &[Option<PathBuf>],
    dates: &[Date],
    detector: &dyn Detector,
    common: &Common,
) -> Result<Option<Item>, Fault> {
    if !arguments.output.stac {
        return Ok(None);
    }
    let mut inputs = source.imagery().files();
    inputs.extend(tables.iter().flatten().chain(&arguments.aoi).cloned());
    inputs.sort();
    inputs.dedup();
    item::check_place(&arguments.out, &inputs, common)?;
    let period = detector.monitoring();
    let last = dates.iter().rev().find(|date| period.contains(**date)).copied().unwrap_or(period.from());
    let brought = Harmonise::of(arguments)?.map(|wanted| format!(" brought to {}", wanted.said())).unwrap_or_default();
    let lineage = format!("{} on {} images{brought}, monitoring from {}", detector.name(), dates.len(), period.from());
    Ok(Some(Item { period: Period::Days(period.from(), last), lineage, inputs, format: arguments.output.format }))
}

/// What was brought to another sensor, where it was asked for.
fn tell(report: &mut Report, harmonised: Option<Vec<Value>>) {
    if let Some(harmonised) = harmonised {
        report.fact("harmonised", harmonised);
    }
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
    arguments.inputs.iter().map(one).collect()
}

/// The roles of the inputs, each once, in their order.
fn roles(stacks: &[(Role, PathBuf)]) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for (role, _) in stacks {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    roles
}

/// What is given for the input at a place: of an option's entries for its role the one whose turn it is. `None` where the option has
/// none for the role.
fn own<'f, T>(
    option: &str,
    given: impl Iterator<Item = (&'f Role, T)>,
    stacks: &[(Role, PathBuf)],
    place: usize,
) -> Result<Option<T>, Fault> {
    let role = &stacks[place].0;
    let mut of_role: Vec<T> = given.filter(|(own, _)| *own == role).map(|(_, file)| file).collect();
    let inputs = stacks.iter().filter(|(own, _)| own == role).count();
    match of_role.len() {
        0 => Ok(None),
        count if count == inputs => {
            let turn = stacks[..place].iter().filter(|(own, _)| own == role).count();
            Ok(Some(of_role.swap_remove(turn)))
        }
        count => Err(Fault::usage(format!(
            "{option} {role}: {count} are given for {inputs} inputs; give one for each, in their order"
        ))),
    }
}

/// The table of dates of each input; none for a cube that tells its own and is given none.
fn tables_of_dates(stacks: &[(Role, PathBuf)], arguments: &Detect) -> Result<Vec<Option<PathBuf>>, Fault> {
    if let [table] = arguments.dates.as_slice()
        && !table.contains('=')
    {
        return Ok(vec![Some(PathBuf::from(table)); stacks.len()]);
    }
    let given = arguments.dates.iter().filter_map(|text| text.split_once('='));
    let given: Vec<(Role, &str)> = given.filter_map(|(role, file)| Some((role.parse().ok()?, file))).collect();
    let of = |place: usize| {
        let (role, file) = &stacks[place];
        match own("--dates", given.iter().map(|(role, file)| (role, *file)), stacks, place)? {
            Some(table) => Ok(Some(PathBuf::from(table))),
            None if geoio::is_cube(file) => Ok(None),
            None => {
                // A file that is not there, or that is none of ours, is told as such.
                geoio::moments_of_file(file, role)?;
                Err(Fault::usage(format!("--dates: give a CSV whose column date has the day of each band, for {role} too")))
            }
        }
    };
    (0..stacks.len()).map(of).collect()
}

/// Where the dates of inputs stand; those that share theirs make one scene a date.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Dates<'a> {
    Table(&'a PathBuf),
    /// In the input itself.
    Own(Option<Moments>),
}

/// One scene a date, and where inputs have dates or codes of their own one an input and date.
fn scenes(stacks: &[(Role, PathBuf)], tables: &[Option<PathBuf>], arguments: &Detect) -> Result<Found, Fault> {
    let rule = clear::rule(arguments)?;
    let codes = clear::files(arguments)?;
    if let Some(role) = codes.iter().flat_map(|(role, _)| role).find(|role| !stacks.iter().any(|(given, _)| given == *role)) {
        return Err(Fault::usage(format!("--qa {role}: no input has this role")));
    }
    let for_all = codes.iter().find(|(role, _)| role.is_none()).map(|(_, file)| file);
    let mut by_dates: BTreeMap<(Dates<'_>, Option<&PathBuf>), BTreeMap<Role, PathBuf>> = BTreeMap::new();
    for (place, ((role, file), table)) in stacks.iter().zip(tables).enumerate() {
        let of_roles = codes.iter().filter_map(|(role, file)| Some((role.as_ref()?, file)));
        let codes = own("--qa", of_roles, stacks, place)?.or(for_all);
        let dates = match table {
            Some(table) => Dates::Table(table),
            None => Dates::Own(geoio::moments_of_file(file, role)?),
        };
        if let Some(other) = by_dates.entry((dates, codes)).or_default().insert(role.clone(), file.clone()) {
            return Err(Fault::usage(format!(
                "{} and {} have the role {role} and the same dates; write role=FILE, or give each its own dates (--dates {role}=CSV,{role}=CSV)",
                other.display(),
                file.display()
            )));
        }
    }
    let stack = |((dates, codes), mut bands): ((Dates<'_>, Option<&PathBuf>), BTreeMap<Role, PathBuf>)| {
        bands.extend(codes.map(|codes| (clear::LAYER.clone(), codes.clone())));
        ImagerySpec::Stack(StackSpec {
            bands,
            dates: if let Dates::Table(table) = dates { Some(table.clone()) } else { None },
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
