//! The main job: from scenes to alerts.

mod annotate;
mod comparable;
mod coregistration;
mod detect;
pub(crate) mod folder;
pub(crate) mod harmonise;
mod inputs;
mod looks;
mod manifest;
mod outputs;
mod percentile;
mod periods;
mod probability;
mod quicklook;
mod stac;
mod tally;

use std::path::{Path, PathBuf};
use std::time::Instant;

use change::Answer;
use raster::Warning;
use serde_json::{Map as Object, json};

pub(crate) use annotate::{annotate, footprints, in_area, keep_within, links, measure, unseen_around};
pub(crate) use detect::{MapFiles, PackedStrip, RASTERS, plan as plan_strips};
pub(crate) use folder::lock;
pub(crate) use inputs::{Depth, Inputs};
pub(crate) use outputs::write_text;

use crate::args::{Common, Run};
use crate::fault::{Exit, Fault};
use crate::job::{About, Job};
use crate::report::Report;
use detect::Map;
use folder::{MANIFEST, RunFolder, Standing};
use tally::Tallies;

/// Turns the job of a file into alerts.
pub(crate) fn run(arguments: &Run, common: &Common) -> Result<Report, Fault> {
    let mut job = Job::load(&arguments.job)?;
    if let Some(aoi) = &arguments.aoi {
        job.grid.aoi = Some(std::path::absolute(aoi).unwrap_or_else(|_| aoi.clone()));
    }
    let out = arguments.out.clone().unwrap_or_else(|| job.path(&job.output.folder));
    let start = Start { strip_rows: arguments.strip_rows, fresh: arguments.fresh, state: arguments.state.clone() };
    run_job(&job, &out, &start, common)
}

/// How a run begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// Rows of a strip; by memory where there is none.
    pub(crate) strip_rows: Option<usize>,
    /// Whether what an interrupted run has finished is discarded, and the looks of the state too.
    pub(crate) fresh: bool,
    /// Folder in which the looks at the scenes are kept from run to run.
    pub(crate) state: Option<PathBuf>,
}

/// Turns a job into alerts in a folder.
pub(crate) fn run_job(job: &Job, out: &Path, start: &Start, common: &Common) -> Result<Report, Fault> {
    let language = common.lang.unwrap_or(job.about.language);
    // Outputs in another language are another run.
    let job = &Job { about: About { language, ..job.about.clone() }, ..job.clone() };
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let mut stages = Stages::begin();
    let mut inputs = Inputs::find(job, Depth::Blocks(common))?;
    refuse_folder_of_inputs(out, &inputs)?;
    let files = manifest::hash_inputs(&inputs, job, &budget)?;
    let id = manifest::run_id(job, &files)?;
    let mut report = Report::new("run");
    report.fact("id", id.clone());
    if let Standing::Complete = RunFolder::standing(out, &id, common.force)?
        && !start.fresh
    {
        report.say(format!("{}: run {id} is complete; nothing to do", out.display()));
        report.rejected = rejected(&inputs);
        return Ok(report);
    }
    stages.end("inputs");
    let planned = detect::plan(&inputs, &budget, start.strip_rows)?;
    let work = RunFolder::create(out, &id, start.fresh)?;
    // Strips that are there are used also where the memory or the threads are others now, if they fit.
    let kept = work.rows_kept().filter(|_| start.strip_rows.is_none());
    let plan = kept.and_then(|rows| detect::plan(&inputs, &budget, Some(rows)).ok()).unwrap_or(planned);
    let looks = start.state.as_ref().map(|folder| {
        refuse_mixture(folder, out, &inputs)?;
        looks::LookStore::open(folder, start.fresh)?.looks(&inputs, job, &files, &budget, common)
    });
    let looks = looks.transpose()?;
    if let (Some(looks), Some(folder)) = (&looks, &start.state) {
        looks.describe(&mut report, folder);
        stages.end("looks");
    }
    inputs.off = percentile::off((&inputs, looks.as_ref()), &budget, &plan, common)?;
    let map = detect::detect((&inputs, looks.as_ref()), job, &work, &budget, &plan, common)?;
    if map.strips.1 > 0 {
        report.say(format!("continued: {} of {} strips were finished before", map.strips.1, map.strips.0));
    }
    report.fact("strips", json!({ "rows": plan.rows, "all": map.strips.0, "continued": map.strips.1 }));
    stages.end("detect");
    inputs.warnings.extend(nothing_seen(&map));
    let answers = work.path().join(detect::RASTERS[0]);
    let unseen = annotate::unseen_around(&map.patches, &answers, inputs.grid())?;
    let alerts = annotate::in_area(annotate::measure(&map.patches, &unseen, &inputs, job, &budget)?, &inputs);
    stages.end("patches");
    let annotation = annotate::annotate(&alerts, &inputs, job, &budget, common)?;
    stages.end("overlay");
    let features = outputs::table(&alerts, &id, &inputs, &annotation)?;
    outputs::write_alerts(work.path(), &features, &annotation, job, language)?;
    outputs::write_summary(work.path(), &map, &inputs, &features, language)?;
    stages.end("write");
    if job.output.quicklook {
        let observations = work.path().join(detect::RASTERS[3]);
        let shown = quicklook::Shown { answers: &answers, observations: &observations, alerts: &alerts, tallies: &map.tallies };
        quicklook::write(&work.path().join("quicklook.png"), &shown, &inputs, job, (language, &budget))?;
        stages.end("quicklook");
    }
    stac::write(&stac::Places { work: work.path(), out }, &id, &inputs, &files, job, language)?;
    let mut manifest = manifest::manifest(&id, job, &inputs, &files, &map, &alerts);
    manifest["outputs"] = json!(manifest::hash_outputs(work.path())?);
    outputs::write_text(&work.path().join(MANIFEST), &pretty(&manifest)?)?;
    outputs::write_text(&work.path().join("timings.json"), &pretty(&stages.json(&budget, plan.rows))?)?;
    manifest::refuse_changed(&inputs.files, &files)?;
    for path in work.publish()? {
        report.output(&path);
    }
    inputs.guard_said.iter().for_each(|line| report.say(line));
    describe(&mut report, &manifest, &map, out);
    report.rejected = rejected(&inputs);
    report.warnings = inputs.warnings;
    Ok(report)
}

/// Outputs beside inputs would replace them, or be taken for scenes by the next run.
fn refuse_folder_of_inputs(out: &Path, inputs: &Inputs) -> Result<(), Fault> {
    let Ok(folder) = out.canonicalize() else { return Ok(()) };
    let lies_there = |file: &&PathBuf| file.canonicalize().is_ok_and(|file| file.parent() == Some(&folder));
    match inputs.files.iter().find(lies_there) {
        Some(file) => Err(Fault::usage(format!(
            "{}: holds an input of the job ({}); choose a folder of its own",
            out.display(),
            file.display()
        ))),
        None => Ok(()),
    }
}

/// The folder of the state is its own: files come and go there.
fn refuse_mixture(state: &Path, out: &Path, inputs: &Inputs) -> Result<(), Fault> {
    refuse_folder_of_inputs(state, inputs)?;
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    if real(state) == real(out) {
        return Err(Fault::usage(format!("{}: is the folder of the outputs; name another for --state", state.display())));
    }
    Ok(())
}

/// Scenes and records that could not be used.
fn rejected(inputs: &Inputs) -> usize {
    inputs.skipped.len() + inputs.registries.sources.iter().map(|(_, layer)| layer.rejected).sum::<usize>()
}

/// A run that saw nothing must not be mistaken for one that saw no change.
fn nothing_seen(map: &Map) -> Option<Warning> {
    let asked = Answer::ALL.iter().filter(|answer| **answer != Answer::NotEligible);
    if asked.map(|answer| map.tallies.total(*answer).0).sum::<u64>() == 0 {
        let message = "the layer that the job looks within has no pixel here: check its classes and its place";
        return Some(Warning::new("nothing_eligible", message));
    }
    let mut seen = Answer::ALL.iter().filter(|answer| answer.is_seen());
    seen.all(|answer| map.tallies.total(*answer).0 == 0).then(|| {
        Warning::new(
            "nothing_seen",
            "no pixel that was to be looked at was seen clear often enough: the run can say nothing of change",
        )
    })
}

/// JSON for people.
pub(crate) fn pretty(value: &serde_json::Value) -> Result<String, Fault> {
    serde_json::to_string_pretty(value).map_err(|error| Fault::from_error(Exit::Internal, error))
}

fn describe(report: &mut Report, manifest: &serde_json::Value, map: &Map, out: &Path) {
    let counts = &manifest["counts"];
    report.fact("counts", counts.clone());
    report.say(format!(
        "{} alerts ({} high, {} low) from {} observations; confirmed {:.1} ha, flagged {:.1} ha",
        counts["alerts"],
        counts["alerts_high"],
        counts["alerts_low"],
        counts["observations"],
        hectares(&counts["answers"]["confirmed"]),
        hectares(&counts["answers"]["flagged"]),
    ));
    report.say(format!("outputs in {}", out.display()));
    if manifest["calibration"] == probability::NOT_CALIBRATED {
        report.say("confidence: low and high, not calibrated ([output] calibration)");
    }
    report.say(unseen(&map.tallies));
}

/// How much no alert can be told of: where nothing was seen, no alert does not mean no change.
fn unseen(tallies: &Tallies) -> String {
    format!(
        "not seen: {:.1} ha, {:.1} % of the {:.1} ha to be looked at; not looked at: {:.1} ha; no alert there does not mean no change",
        tallies.total(Answer::NotSeen).1,
        tallies.unseen_percent(),
        tallies.eligible_ha(),
        tallies.total(Answer::NotEligible).1,
    )
}

fn hectares(answer: &serde_json::Value) -> f64 {
    answer["ha"].as_f64().unwrap_or_default()
}

/// How long each stage took and how much memory all of them; the only place where a run looks at a clock.
struct Stages {
    began: Instant,
    seconds: Vec<(&'static str, f64)>,
}

impl Stages {
    fn begin() -> Self {
        Self { began: Instant::now(), seconds: Vec::new() }
    }

    fn end(&mut self, stage: &'static str) {
        let elapsed = self.began.elapsed().as_secs_f64();
        let before: f64 = self.seconds.iter().map(|(_, seconds)| seconds).sum();
        tracing::info!(stage, seconds = elapsed - before);
        self.seconds.push((stage, elapsed - before));
    }

    fn json(&self, budget: &pipeline::Budget, strip_rows: usize) -> serde_json::Value {
        let stages: Object<String, _> =
            self.seconds.iter().map(|(stage, seconds)| ((*stage).to_owned(), json!((seconds * 1e3).round() / 1e3))).collect();
        json!({
            "schema": "atalaya-timings/1", "jobs": budget.jobs(), "strip_rows": strip_rows, "seconds": stages,
            "peak_bytes": peak_bytes(), "processor_seconds": processor_seconds(),
        })
    }
}

/// Seconds of all processors that this process has taken so far; `None` where the system does not tell.
fn processor_seconds() -> Option<f64> {
    // Linux tells hundredths of a second, in user and system mode, 12 and 13 words after the program's name in brackets.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let hundredths = words.next()?.parse::<u64>().ok()? + words.next()?.parse::<u64>().ok()?;
    Some(hundredths as f64 / 100.0)
}

/// Most memory that this process has held at once (resident, `VmHWM`); `None` where the system does not tell.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

/// The folder in which a job's outputs go.
pub(crate) fn out_folder(job: &Job) -> PathBuf {
    job.path(&job.output.folder)
}
