//! `bench`: how fast each stage of a run and the whole job are, how much memory the job holds, how both grow with the area, and
//! how the alerts compare with a planted truth.

mod case;
mod comparison;
mod floor;
mod growth;
mod machine;
mod record;
mod stage;
mod table;
mod timing;
mod truth;
mod walk;
mod whole;

use std::path::Path;

use geoio::{RasterFormat, Staged};
use serde_json::Value;

pub(crate) use stage::{Stage, Stages};

use crate::args::{Bench, Common};
use crate::fault::{Exit, Fault};
use crate::job::Job;
use crate::progress::Progress;
use crate::report::{Report, print};
use crate::run::{Depth, Inputs};
use case::{Case, Region};
use comparison::Comparison;
use machine::Machine;
use record::{FloorRow, Record, Row, SCHEMA, Settings, StageRow};
use timing::Timing;
use walk::Walk;

/// Measures the jobs of a folder, simulated regions, or both.
pub(crate) fn bench(arguments: &Bench, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let earlier = arguments.compare.as_deref().map(Record::load).transpose()?;
    // A place that cannot be written shows before the long work.
    let out = arguments.out.as_ref().map(|path| Staged::new(path, common.force)).transpose()?;
    let record = measure_all(arguments, &Common { quiet: true, ..common.clone() }, common)?;
    if let Some(out) = out {
        let target = out.target().to_owned();
        let unwritable = |error| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", target.display()));
        std::fs::write(out.partial(), record.text()? + "\n").map_err(unwritable)?;
        out.commit()?;
    }
    let comparison = earlier.zip(arguments.compare.as_deref()).map(|(earlier, path)| Comparison::new(&record, &earlier, path));
    tell(arguments, common, &record, comparison.as_ref())
}

fn tell(arguments: &Bench, common: &Common, record: &Record, comparison: Option<&Comparison>) -> Result<Report, Fault> {
    let mut report = Report::of_schema("bench", SCHEMA);
    if let Some(path) = &arguments.out {
        report.output(path);
    }
    if !common.json {
        print(&table::table(record))?;
        comparison.map_or(Ok(()), |comparison| print(&format!("\n{}", table::ratios(comparison))))?;
    }
    comparison.iter().flat_map(|comparison| comparison.sentences()).for_each(|sentence| report.say(sentence));
    let Value::Object(facts) = value(record)? else { return Ok(report) };
    for (name, fact) in facts.into_iter().filter(|(name, _)| !["schema", "verb", "version"].contains(&name.as_str())) {
        report.fact(&name, fact);
    }
    if let Some(comparison) = comparison {
        report.fact("comparison", value(comparison)?);
    }
    Ok(report)
}

fn value(facts: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(facts).map_err(|error| Fault::from_error(Exit::Internal, error))
}

/// Measures every case; `common` is for the work, `shown` for the progress.
fn measure_all(arguments: &Bench, common: &Common, shown: &Common) -> Result<Record, Fault> {
    let regions = Region::all(&arguments.sizes, &arguments.dates, arguments.seed)?;
    let folders = arguments.dir.iter().filter(|_| regions.is_empty()).chain(&arguments.data);
    let found: Vec<Case> = folders.map(|folder| Case::found(folder)).collect::<Result<Vec<_>, _>>()?.concat();
    if found.is_empty() && regions.is_empty() {
        return Err(Fault::usage("nothing to measure: name a folder with a job.toml, or --sizes such as 512,1024,2048"));
    }
    let machine = Machine::here();
    let unwritable = |error| Fault::from_error(Exit::Output, error);
    let scratch = tempfile::tempdir().map_err(unwritable)?;
    let kept = arguments.dir.as_deref().filter(|_| !regions.is_empty()).unwrap_or(scratch.path());
    let mut progress = Progress::begin(shown, "bench", (found.len() + regions.len()) as u64);
    let mut rows = Vec::new();
    for case in found {
        rows.push(measure(&case, arguments, scratch.path(), common)?);
        progress.step()?;
    }
    for region in regions {
        let case = region.prepare(kept, common)?;
        rows.push(measure(&case, arguments, scratch.path(), common)?);
        progress.step()?;
    }
    let settings = Settings { jobs: common.budget().jobs(), memory_bytes: common.memory, reps: arguments.reps };
    Ok(Record {
        schema: SCHEMA.to_owned(),
        verb: "bench".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine,
        settings,
        growth: growth::growth(&rows),
        rows,
    })
}

/// Seconds of each stage, one a repetition.
#[derive(Default)]
struct Samples(Vec<(Stage, f64)>);

impl Samples {
    fn add(&mut self, stage: Stage, seconds: f64) {
        self.0.push((stage, seconds));
    }

    fn rows(&self, wanted: &Stages, megapixels: f64) -> Vec<StageRow> {
        let of = |stage: Stage| {
            let seconds: Vec<f64> = self.0.iter().filter(|(of, _)| *of == stage).map(|(_, seconds)| *seconds).collect();
            let timing = Timing::of(&seconds)?;
            Some(StageRow { stage, timing, megapixels_a_s: megapixels / timing.best_s })
        };
        Stage::ALL.into_iter().filter(|stage| wanted.has(*stage)).filter_map(of).collect()
    }
}

/// Measures one case in a folder of its own within `scratch`, which is removed.
fn measure(case: &Case, arguments: &Bench, scratch: &Path, common: &Common) -> Result<Row, Fault> {
    let place = tempfile::tempdir_in(scratch).map_err(|error| Fault::from_error(Exit::Output, error))?;
    let job = Job::load(&case.job)?;
    let inputs = Inputs::find(&job, Depth::Ends)?;
    let grid = inputs.grid();
    let megapixels = grid.rows as f64 * grid.cols as f64 * inputs.observations.len() as f64 / 1e6;
    let mut samples = Samples::default();
    let walk = Walk::new(&inputs, &job, place.path(), common)?;
    take_apart(&walk, arguments, &mut samples)?;
    let (mut peak_bytes, mut processor_s, mut floor, mut score) = (None, None, None, None);
    if arguments.stages.has(Stage::Job) {
        let out = place.path().join("out");
        let mut shortest = f64::INFINITY;
        for _ in 0..arguments.reps {
            let whole = whole::run(&case.job, &out, common)?;
            samples.add(Stage::Job, whole.seconds);
            shortest = shortest.min(whole.seconds);
            peak_bytes = peak_bytes.max(whole.peak_bytes);
            processor_s = whole.processor_s.map(|seconds| processor_s.map_or(seconds, |least: f64| least.min(seconds)));
        }
        score = truth::score(&case.job, &out, grid)?;
        floor = Some(codecs(&walk, &inputs, arguments.reps, shortest, common)?);
    }
    Ok(Row {
        case: case.name.clone(),
        series: case.series.clone(),
        rows: grid.rows,
        cols: grid.cols,
        dates: inputs.observations.len(),
        megapixels,
        stages: samples.rows(&arguments.stages, megapixels),
        peak_bytes,
        processor_s,
        floor,
        score,
    })
}

/// Measures the wanted parts of the walk; what they need of the others is done once.
fn take_apart(walk: &Walk<'_>, arguments: &Bench, samples: &mut Samples) -> Result<(), Fault> {
    let wanted = &arguments.stages;
    let reps = |wanted: bool, needed: bool| if wanted { arguments.reps } else { usize::from(needed) };
    for _ in 0..reps(wanted.has_any(&[Stage::Read, Stage::Mask, Stage::Index, Stage::Change]), true) {
        let seconds = walk.detect()?;
        samples.add(Stage::Read, seconds.read);
        samples.add(Stage::Mask, seconds.mask);
        samples.add(Stage::Index, seconds.index);
        samples.add(Stage::Change, seconds.change);
    }
    for _ in 0..reps(wanted.has(Stage::Write), wanted.has_any(&[Stage::Patches, Stage::Overlay])) {
        samples.add(Stage::Write, walk.write(RasterFormat::Cog)?);
    }
    let mut alerts = Vec::new();
    for _ in 0..reps(wanted.has(Stage::Patches), wanted.has(Stage::Overlay)) {
        let (seconds, found) = walk.patches()?;
        samples.add(Stage::Patches, seconds);
        alerts = found;
    }
    for _ in 0..reps(wanted.has(Stage::Overlay), false) {
        samples.add(Stage::Overlay, walk.overlay(&alerts)?);
    }
    Ok(())
}

/// The time of the codecs alone: unpacking what the job reads ([`floor::decode`]) and packing the pixels of the rasters that it
/// writes, once, as tiled `GeoTIFF`s of the job's codec without overviews, staging or reading back.
fn codecs(walk: &Walk<'_>, inputs: &Inputs, reps: usize, job_s: f64, common: &Common) -> Result<FloorRow, Fault> {
    let (mut decode_s, mut encode_s) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..reps {
        decode_s = decode_s.min(floor::decode(inputs, common)?);
        encode_s = encode_s.min(walk.write(RasterFormat::Gtiff)?);
    }
    Ok(FloorRow { decode_s, encode_s, share: (decode_s + encode_s) / job_s })
}
