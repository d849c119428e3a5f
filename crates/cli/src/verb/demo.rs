//! `demo`: a simulated region, the main job on it, and the alerts scored against the planted truth.

use std::path::Path;

use alert::{Features, Values};
use geoio::Zones;
use serde_json::{Value, json};
use synth::{Landscape, LandscapeOptions, Score};

use super::region::{self, Form};
use super::scored;
use crate::args::{Common, Demo};
use crate::fault::{Exit, Fault};
use crate::job::{Job, Method, read_text};
use crate::report::Report;
use crate::run;

/// Makes the region, runs the job three ways and scores each.
pub(crate) fn demo(arguments: &Demo, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let options = LandscapeOptions { seed: arguments.region.seed, size_px: arguments.region.size, dates: None };
    let landscape = region::write(&arguments.region.dir, options, usize::from(arguments.region.every), Form::Geotiff, common)?;
    let mut report = Report::new("demo");
    let job_path = arguments.region.dir.join("job.toml");
    report.output(&job_path);
    name_method(&job_path, &arguments.method)?;
    let job = Job::load(&job_path)?;
    let common = &Common { json: false, force: true, ..common.clone() };
    let out = run::out_folder(&job);
    run::run_job(&job, &out, &run::Start::default(), common)?;
    let alerts = geoio::layer::read(&out.join("alerts.geojson"), &geoio::layer::LayerOptions::default())?.features;
    let planted = landscape.clearings();
    let unseen = planted.iter().filter(|clearing| !clearing.seen).count();
    report.say(format!(
        "simulated region of {0} x {0} pixels of 10 m, {1} scenes, {2} clearings planted in forest, {unseen} of them never seen clear",
        arguments.region.size,
        landscape.dates().len().div_ceil(usize::from(arguments.region.every)),
        planted.len()
    ));
    by_column(&mut report, &alerts, "municipio_name", "alerts by municipality");
    by_column(&mut report, &alerts, "area_protegida_name", "alerts by protected area");
    let mut scores = Vec::new();
    let here = score(&landscape, &alerts)?;
    let (shown, key, variants) = match job.change.method {
        Method::Difference => ("with forest layer and season window", "forest layer and season window", variants().to_vec()),
        _ => ("with forest layer", "forest layer", variants()[..1].to_vec()),
    };
    tell(&mut report, shown, &here);
    scores.push(json!({ "run": key, "score": as_json(&here) }));
    for (name, change) in variants {
        let mut other = job.clone();
        change(&mut other);
        other.output.quicklook = false;
        let folder = arguments.region.dir.join(".compare");
        run::run_job(&other, &folder, &run::Start::default(), &Common { quiet: true, ..common.clone() })?;
        let found = geoio::layer::read(&folder.join("alerts.geojson"), &geoio::layer::LayerOptions::default())?.features;
        let score = score(&landscape, &found)?;
        std::fs::remove_dir_all(&folder).map_err(|error| Fault::new(Exit::Output, format!("{}: {error}", folder.display())))?;
        tell(&mut report, name, &score);
        scores.push(json!({ "run": name, "score": as_json(&score) }));
    }
    report.fact("scores", scores);
    files(&mut report, &out);
    Ok(report)
}

/// What bayts must be told of the index: mean and deviation of forest, then of what is none.
const NBR_DENSITIES: &str = "[change.bayts]\nnbr = [0.65, 0.06, 0.2, 0.15]\n";

/// Puts a method's name into a job that was written with another.
fn name_method(job: &Path, method: &str) -> Result<(), Fault> {
    let mut text = read_text(job)?.replacen("method = \"difference\"", &format!("method = \"{method}\""), 1);
    if method == "bayts" {
        text = text.replacen("[change.difference]", &format!("{NBR_DENSITIES}\n[change.difference]"), 1);
    }
    run::write_text(job, text.trim_end())
}

type Variant = (&'static str, fn(&mut Job));

/// What the same data give without each of the two safeguards.
fn variants() -> [Variant; 3] {
    [
        ("without forest layer", |job| job.change.within = None),
        ("without season window", |job| job.change.difference.season_window_days = 0),
        ("without either", |job| {
            job.change.within = None;
            job.change.difference.season_window_days = 0;
        }),
    ]
}

fn score(landscape: &Landscape, alerts: &Features) -> Result<Score, Fault> {
    let zones = Zones::new(landscape.grid().clone(), alerts)?;
    let plane = zones.open().read(landscape.grid().window())?;
    synth::score(landscape, plane.view(), &scored::alerts(alerts)).map_err(|error| Fault::from_error(Exit::Internal, error))
}

fn tell(report: &mut Report, name: &str, score: &Score) {
    report.say(format!(
        "{name:<36} precision {:.3} ({}/{})  recall {:.3} ({}/{})  dates right {}/{}",
        score.precision.value(),
        score.precision.part,
        score.precision.of,
        score.recall.value(),
        score.recall.part,
        score.recall.of,
        score.dated.part,
        score.dated.of
    ));
    let false_alerts: Vec<String> = score.false_by_land.iter().map(|(land, n)| format!("{} {n}", land.name())).collect();
    if !false_alerts.is_empty() {
        report.say(format!("{:<36} false alerts by land: {}", "", false_alerts.join(", ")));
    }
}

fn as_json(score: &Score) -> Value {
    let share = |share: synth::Share| json!({ "part": share.part, "of": share.of });
    json!({
        "precision": share(score.precision), "recall": share(score.recall),
        "precision_any_size": share(score.precision_any_size), "recall_any_size": share(score.recall_any_size),
        "precision_pixels": share(score.precision_pixels), "recall_pixels": share(score.recall_pixels),
        "dated": share(score.dated), "unseen_found": share(score.unseen_found),
        "false_by_land": score.false_by_land.iter().map(|(land, n)| (land.name(), *n)).collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn by_column(report: &mut Report, alerts: &Features, column: &str, title: &str) {
    let Some(Values::Text(names)) = alerts.column(column).map(|column| &column.values) else { return };
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name.as_deref().unwrap_or("(none)")).or_insert(0) += 1;
    }
    report.say(format!("{title}:"));
    for (name, count) in counts {
        report.say(format!("  {count:>4}  {name}"));
    }
}

fn files(report: &mut Report, out: &Path) {
    for (name, what) in [
        ("quicklook.png", "the picture"),
        ("alerts.geojson", "alerts for field agencies"),
        ("alerts.gpkg", "the same with a style, for QGIS"),
        ("alerts.kml", "the same for Google Earth and phones"),
        ("summary.csv", "hectares by municipality, unseen ones beside"),
        ("run.json", "inputs with hashes, parameters, counts"),
    ] {
        report.output(&out.join(name));
        report.say(format!("{:<60} {what}", out.join(name).display()));
    }
}
