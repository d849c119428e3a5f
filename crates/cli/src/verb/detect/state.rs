//! State on disk: a history is fitted once, and later calls take the new images only.
//!
//! A folder holds the models of the history, the processes after the history and after the last look, and the looks of the monitoring
//! period (the scene store), from which a look that comes late replays them. Windows are streamed: of the state no more is in memory
//! than of the windows under way. A method that looks at whole series (BFAST-Monitor) keeps all looks and reads them again.

mod folder;
mod header;
mod looks;
mod part;
mod planes;
mod work;

use std::path::{Path, PathBuf};

use change::Detector;
use geoio::{Found, GriddedImagery, Resampling};
use raster::{Date, Grid, Role};
use serde_json::{Value, json};

use super::harmonise::{Harmonise, harmonise};
use super::method::Method;
use super::sink::Sink;
use super::told::Kept;
use super::{Series, cut, report, scenes, tables, tables_of_dates};
use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::report::Report;
use crate::verb::aoi::grid_within;
use crate::verb::apart::check_apart;
use folder::StateFolder;
use header::{Identity, Place};
use looks::{Periods, Plan, Start};
use work::Work;

/// Runs a method from the state of a folder, and keeps it there.
pub(super) fn detect(
    path: &Path,
    stacks: &[(Role, PathBuf)],
    kept: Kept,
    arguments: &Detect,
    common: &Common,
) -> Result<Report, Fault> {
    if tables::are_tables(stacks)? {
        return Err(Fault::usage("--state is for rasters; a table of series is read whole each time, so leave it out"));
    }
    tables::refuse_table(&arguments.out)?;
    let codes = super::clear::files(arguments)?;
    refuse_within(path, codes.iter().map(|(_, file)| file.as_path()))?;
    refuse_within(path, stacks.iter().map(|(_, file)| file.as_path()).chain([arguments.out.as_path()]))?;
    let budget = common.budget();
    let folder = StateFolder::open(path, arguments.fresh)?;
    let roles = roles(&folder, super::roles(stacks))?;
    let Method { detector, parameters } = Method::new(arguments, &roles)?;
    let detector = detector.as_ref();
    let dates = tables_of_dates(stacks, arguments)?;
    check_apart(Some(&arguments.out), dates.iter().flatten())?;
    let Found { mut imagery, warnings, .. } = scenes(stacks, &dates, arguments)?;
    let harmonised = harmonise(&mut imagery.scenes, arguments)?;
    let grid = grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    let clear = super::clear::rule(arguments)?.map(|rule| rule.to_string());
    let brought = Harmonise::of(arguments)?.map(Harmonise::said);
    let identity = Identity { clear, harmonise: brought, ..identity(arguments, detector, parameters, &grid) };
    if let Some(header) = &folder.header {
        header.identity.check(&identity, path)?;
    }
    let sink = Sink::create(arguments, &grid, kept, detector, common)?;
    let source = GriddedImagery::new(imagery, grid, Resampling::Nearest);
    let mut series = Series::new(&source, detector);
    if let Some(percentile) = detector.scene_percentile() {
        series.take_off(&source, percentile, &budget)?;
    }
    let resumable = detector.resumable();
    let periods = Periods {
        from: identity.monitor_from,
        to: identity.monitor_to,
        watched: resumable.map_or(detector.inputs().len(), change::Resumable::watched_roles),
        whole: resumable.is_none(),
    };
    let budget = cut::threads(&budget, series.storage(&source)?)?;
    let given = looks::given(&source, &series, arguments.output.block, &budget, common)?;
    let plan = Plan::new(folder.header.as_ref(), &given, detector.inputs(), periods, path)?;
    let work = Work { folder: &folder, source: &source, series: &series, detector, plan: &plan };
    let counts = work.run(identity, sink, arguments, common)?;
    let mut report = report(arguments, detector, &days(&plan), &counts);
    report.warnings.extend(warnings);
    super::tell(&mut report, harmonised);
    tell(&mut report, &plan, path);
    Ok(report)
}

/// The folder is the state's alone: its files come and go.
fn refuse_within<'a>(folder: &Path, mut files: impl Iterator<Item = &'a Path>) -> Result<(), Fault> {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    let within = |file: &&Path| {
        std::path::absolute(file).ok().as_deref().and_then(Path::parent).is_some_and(|of| real(of) == real(folder))
    };
    match files.find(within) {
        Some(file) => Err(Fault::usage(format!("{}: lies in the folder of the state; give it another place", file.display()))),
        None => Ok(()),
    }
}

/// The roles of the state, in its order; a call gives all of them or some.
fn roles(folder: &StateFolder, given: Vec<Role>) -> Result<Vec<Role>, Fault> {
    let Some(header) = &folder.header else { return Ok(given) };
    let known = &header.identity.roles;
    match given.iter().find(|role| !known.contains(role)) {
        Some(role) => Err(Fault::usage(format!(
            "{}: its state is of {}, and an input has the role {role}; give it as {}=FILE, or begin anew with --fresh and the whole series",
            folder.path().display(),
            known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            known.first().map_or_else(|| "ROLE".to_owned(), ToString::to_string),
        ))),
        None => Ok(known.clone()),
    }
}

/// What a later call must have in common with this one.
fn identity(arguments: &Detect, detector: &dyn Detector, parameters: Value, grid: &Grid) -> Identity {
    let period = detector.monitoring();
    Identity {
        method: detector.name().to_owned(),
        parameters,
        monitor_from: period.from(),
        monitor_to: period.to(),
        roles: detector.inputs().to_vec(),
        scale: arguments.scale,
        offset: arguments.offset,
        grid: Place::of(grid),
        clear: None,
        harmonise: None,
    }
}

/// The days of all images that the answer stands on.
fn days(plan: &Plan) -> Vec<Date> {
    let all = plan.history.iter().chain(&plan.looks);
    let mut images: Vec<_> = all.map(|look| (look.date, look.second, &look.id)).collect();
    images.sort();
    images.dedup();
    images.into_iter().map(|(date, ..)| date).collect()
}

/// How the answer came about.
fn tell(report: &mut Report, plan: &Plan, path: &Path) {
    let new = plan.fresh().count();
    let how = match plan.start {
        Start::Fit => "fitted",
        Start::History => "replayed",
        Start::Now if new == 0 => "unchanged",
        Start::Now => "continued",
        Start::Series => "read_again",
    };
    report.fact(
        "state",
        json!({ "folder": path.display().to_string(), "how": how, "new": new, "known": plan.known, "looks": plan.looks.len() }),
    );
    report.say(match plan.start {
        Start::Fit => {
            format!("{}: models fitted to {} looks, {} looks taken", path.display(), plan.history.len(), plan.taken.len())
        }
        Start::History => {
            format!(
                "{}: a look is not later than the last: all {} were taken anew from the state after the history",
                path.display(),
                plan.taken.len()
            )
        }
        Start::Now if new == 0 => format!("{}: all {} looks are in the state already", path.display(), plan.known),
        Start::Now => format!("{}: {new} new looks taken, {} were in the state already", path.display(), plan.known),
        Start::Series => {
            format!(
                "{}: the method looks at whole series: {new} new looks kept, all {} read again",
                path.display(),
                plan.looks.len()
            )
        }
    });
}
