//! What a run starts from: scenes, grid, observations and layers, found and described, no pixel read yet.

mod grid;
mod layers;

use std::collections::BTreeMap;
use std::path::PathBuf;

use alert::{Features, Layer};
use change::{Detector, Guard, MaskPlan, Speckle, SpectralIndex};
use geoio::{Eligibility, GriddedImagery, Imagery, Skipped, Zones};
use pipeline::{Detection, Look, map_in_order};
use raster::{DateRange, Grid, Observation, Role, Scene, Warning};
use registry::{RegistrySource, RulePack};
use serde_json::Value;

use self::grid::grid;
use self::layers::{eligibility, read_layer, registries, rules, units};
use super::comparable;
use super::coregistration::{Coregistered, coregistered};
use super::harmonise::harmonise;
use super::periods::{count_periods, detector, doubts, periods, series};
use super::probability::Calibrated;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::formulas;
use crate::job::{Job, Method};
use crate::progress::Progress;
use crate::screen::{self, Places, Sample, Screened};
use crate::verb::catalogue::{self, Registries};

/// Everything a run needs, opened lazily.
pub(crate) struct Inputs {
    /// Scenes on the grid.
    pub(crate) imagery: GriddedImagery,
    /// How the grid came about, for people.
    pub(crate) grid_said: String,
    /// Scenes that cannot be used, with the reason.
    pub(crate) skipped: Vec<Skipped>,
    /// Looks at the ground, in order of time.
    pub(crate) observations: Vec<Observation>,
    /// Ids of the sensors; a place is a bit of the change map.
    pub(crate) sensors: Vec<String>,
    /// Number of each observation's sensor.
    pub(crate) sensor_numbers: Vec<u8>,
    /// How each scene is read.
    pub(crate) looks: Vec<Look>,
    /// What takes down the speckle of radar scenes.
    pub(crate) speckle: Option<Speckle>,
    /// What the method reads, the index first.
    pub(crate) series: Vec<SpectralIndex>,
    /// The method.
    pub(crate) detector: Box<dyn Detector>,
    /// What is taken off the values of each observation, by the place of the series; empty where nothing is.
    pub(crate) off: Vec<Vec<f64>>,
    /// The period that tells what is normal.
    pub(crate) baseline: DateRange,
    /// The period in which change is reported.
    pub(crate) monitoring: DateRange,
    /// Where to look.
    pub(crate) within: Option<Eligibility>,
    /// The area of interest.
    pub(crate) aoi: Option<Layer>,
    /// The official layers, and where they can speak.
    pub(crate) registries: Registries,
    /// Rules that alerts are held against.
    pub(crate) rules: Vec<RulePack>,
    /// What scores of alerts are worth as probabilities.
    pub(crate) calibrated: Option<Calibrated>,
    /// Place in `registries` of the source by which totals are drawn up.
    pub(crate) units: Option<usize>,
    /// What was done to the reflectance of sensors other than the one that all are brought to.
    pub(crate) harmonised: Vec<Value>,
    /// Where each scene lies against the reference, the refused ones among them.
    pub(crate) coregistered: Vec<Value>,
    /// What the guard found in each scene, the refused ones among them.
    pub(crate) guarded: Vec<Value>,
    /// The same for people.
    pub(crate) guard_said: Option<String>,
    /// Every file the run reads.
    pub(crate) files: Vec<PathBuf>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
}

/// How closely files are looked at before they are used.
#[derive(Clone, Copy)]
pub(crate) enum Depth<'a> {
    /// Only whether they end where they should.
    Ends,
    /// Every block, with its checksum where it has one.
    Blocks(&'a Common),
}

impl Inputs {
    /// Finds and describes what a job names; scenes in damaged files are left out.
    pub(crate) fn find(job: &Job, depth: Depth<'_>) -> Result<Self, Fault> {
        let mut series = series(&job.change, &job.base)?;
        job.guard.check()?;
        let found = geoio::find(&job.imagery, &job.base)?;
        let (mut skipped, mut warnings) = (found.skipped, found.warnings);
        let mut files = found.imagery.files();
        files.extend(job.change.index.files().map(|path| job.path(path)));
        let imagery = usable(job, found.imagery, &series, depth, &mut skipped)?;
        let aoi = job.grid.aoi.as_ref().map(|path| read_layer(&job.path(path), &mut files, &mut warnings)).transpose()?;
        let (mut imagery, Guarded { told: guarded, said: guard_said, refused, warnings: noticed }) = match depth {
            Depth::Blocks(common) => guarded(job, imagery, aoi.as_ref(), common)?,
            Depth::Ends => (imagery, Guarded::default()),
        };
        skipped.extend(refused);
        warnings.extend(noticed);
        refuse_none(&imagery, &skipped)?;
        comparable::check(&imagery.scenes, &job.change.mix)?;
        series[0] = formulas::of_scenes(&series[0], &imagery.scenes)?;
        let harmonised = job.harmonise.as_ref().map(|spec| harmonise(&mut imagery.scenes, &series, spec)).transpose()?;
        let (grid, grid_said) = grid(job, &imagery.scenes, aoi.as_ref())?;
        let (imagery, placed) = placed(job, imagery, &grid, &series[0], depth)?;
        let Coregistered { told: coregistered, moves, refused, warnings: noticed, file } = placed;
        skipped.extend(refused);
        warnings.extend(noticed);
        files.extend(file);
        refuse_none(&imagery, &skipped)?;
        let imagery = GriddedImagery::new(imagery, grid.clone(), job.grid.resampling);
        let imagery = if moves.is_empty() { imagery } else { imagery.moved(moves) };
        let scenes = raster::RasterSource::scenes(&imagery);
        let observations = raster::observations(scenes);
        let (baseline, monitoring) = periods(&job.change, &observations)?;
        count_periods(&observations, baseline, monitoring)?;
        let (sensors, sensor_numbers) = Detection::sensor_numbers(&observations, scenes);
        let looks = looks(job, &series, scenes, &grid)?;
        let speckle = speckle(job, scenes, &looks)?;
        let detector = detector(&job.change, baseline, monitoring, &series)?;
        let within =
            job.change.within.as_ref().map(|within| eligibility(job, within, &grid, &mut files, &mut warnings)).transpose()?;
        warnings.extend(within.is_none().then(anywhere));
        warnings.extend(doubts(&job.change, &observations, monitoring));
        let registries = registries(job)?;
        if let Some(spec) = &job.registries {
            files.extend(catalogue::files(&job.path(&spec.catalogue))?);
        }
        files.extend(registries.files.iter().cloned());
        warnings.extend(registries.warnings.iter().cloned());
        let units = units(job, &registries.sources)?;
        let rules = rules(job, &registries, &mut files)?;
        let calibrated = Calibrated::load(job, &mut files)?;
        warnings.extend(calibrated.iter().flat_map(|c| c.warnings(detector.name(), series[0].name())));
        warnings
            .extend(skipped.iter().map(|s| Warning::new("scene_skipped", s.reason.clone()).about(s.path.display().to_string())));
        files.sort();
        files.dedup();
        Ok(Self {
            imagery,
            grid_said,
            skipped,
            observations,
            sensors,
            sensor_numbers,
            looks,
            speckle,
            series,
            detector,
            off: Vec::new(),
            baseline,
            monitoring,
            within,
            aoi,
            registries,
            rules,
            calibrated,
            units,
            harmonised: harmonised.unwrap_or_default(),
            coregistered,
            guarded,
            guard_said,
            files,
            warnings,
        })
    }

    /// The grid of the analysis.
    pub(crate) fn grid(&self) -> &Grid {
        raster::RasterSource::grid(&self.imagery)
    }

    /// The scenes.
    pub(crate) fn scenes(&self) -> &[Scene] {
        raster::RasterSource::scenes(&self.imagery)
    }

    /// The index that is watched.
    pub(crate) fn index(&self) -> &SpectralIndex {
        &self.series[0]
    }

    /// The walk from scenes to a change map.
    pub(crate) fn detection(&self) -> Detection<'_> {
        Detection {
            series: &self.series,
            detector: self.detector.as_ref(),
            observations: &self.observations,
            looks: &self.looks,
            sensors: &self.sensor_numbers,
            off: &self.off,
        }
    }

    /// The units by which totals are drawn up.
    pub(crate) fn unit_layer(&self) -> Option<&(RegistrySource, Layer)> {
        self.units.map(|place| &self.registries.sources[place])
    }
}

/// The scenes that have what the job reads of them, in files that are whole; the others are skipped.
fn usable(
    job: &Job,
    imagery: Imagery,
    series: &[SpectralIndex],
    depth: Depth<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<Imagery, Fault> {
    let damaged = damaged(&imagery, series, depth)?;
    let imagery = imagery.retain(|place, scene| match lacking(scene, series, job).or_else(|| damaged.get(&place).cloned()) {
        None => true,
        Some(reason) => {
            skipped.push(Skipped { path: PathBuf::from(&scene.id), reason });
            false
        }
    });
    refuse_none(&imagery, skipped)?;
    Ok(imagery)
}

/// The scenes with where each lies against the reference, where the job asks for that.
fn placed(
    job: &Job,
    imagery: Imagery,
    grid: &Grid,
    index: &SpectralIndex,
    depth: Depth<'_>,
) -> Result<(Imagery, Coregistered), Fault> {
    let (Some(spec), Depth::Blocks(common)) = (&job.coregistration, depth) else {
        return Ok((imagery, Coregistered::default()));
    };
    let plans = mask_plans(job, &imagery.scenes, grid)?;
    coregistered(job, spec, (imagery, grid), (index, &plans), common)
}

fn anywhere() -> Warning {
    Warning::new(
        "no_eligibility",
        "the job names no layer to look in ([change] within): seasonal land is flagged too, and the outputs cannot say what kind of cover was lost",
    )
}

fn refuse_none(imagery: &Imagery, skipped: &[Skipped]) -> Result<(), Fault> {
    if !imagery.scenes.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = skipped.iter().take(3).map(|s| format!("{}: {}", s.path.display(), s.reason)).collect();
    Err(Fault::new(Exit::Input, format!("no scene can be used; {}", reasons.join("; "))))
}

/// What the guard says of the scenes.
#[derive(Default)]
struct Guarded {
    /// For records, one entry a scene that was looked at.
    told: Vec<Value>,
    /// For people.
    said: Option<String>,
    /// Scenes that may not be used.
    refused: Vec<Skipped>,
    warnings: Vec<Warning>,
}

/// The scenes without those whose numbers lie. The grid on which they are sampled is that of all of them: which one lies is not
/// known before.
fn guarded(job: &Job, imagery: Imagery, aoi: Option<&Layer>, common: &Common) -> Result<(Imagery, Guarded), Fault> {
    if !job.guard.enabled {
        return Ok((imagery, Guarded::default()));
    }
    let (grid, _) = grid(job, &imagery.scenes, aoi)?;
    let plans = mask_plans(job, &imagery.scenes, &grid)?;
    let masks: Vec<&MaskPlan> = plans.iter().collect();
    let gridded = GriddedImagery::new(imagery.clone(), grid, job.grid.resampling);
    let screened = screen::screen(&gridded, &masks, &job.guard, Sample::Scene, common)?;
    let mut guarded = Guarded { said: screen::told(&screened, &job.guard), ..Guarded::default() };
    for (one, scene) in screened.iter().zip(&imagery.scenes).filter(|(_, scene)| !Guard::roles(scene).is_empty()) {
        guarded.told.push(one.json(scene));
        guarded.warnings.extend(one.undeclared_fill(scene));
    }
    let kept = imagery.retain(|place, scene| match refusal(&screened[place]) {
        None => true,
        Some(reason) => {
            guarded.refused.push(Skipped { path: PathBuf::from(&scene.id), reason });
            false
        }
    });
    Ok((kept, guarded))
}

fn refusal(screened: &Screened) -> Option<String> {
    let places = Places {
        scaling: "scale and offset of its metadata and under [[imagery]]",
        bands: "which of its bands is which under [[imagery]]",
    };
    screened.refusal(&places, |key| format!("set [guard] {key}"))
}

/// The scenes whose files are damaged, with the reason.
fn damaged(imagery: &Imagery, series: &[SpectralIndex], depth: Depth<'_>) -> Result<BTreeMap<usize, String>, Fault> {
    let ends = imagery.truncated(&wanted(&imagery.scenes, series));
    let mut damaged: BTreeMap<usize, String> = ends.into_iter().map(|(scene, error)| (scene, error.to_string())).collect();
    let Depth::Blocks(common) = depth else { return Ok(damaged) };
    let files = imagery.rasters();
    let mut progress = Progress::begin(common, "check", files.len() as u64);
    let mut place = 0;
    map_in_order(
        files,
        &common.budget(),
        common.budget().in_flight(1 << 20),
        || Ok::<_, Fault>(()),
        |(), path| Ok(geoio::check_blocks(path).err()),
        |error| {
            if let Some(error) = error {
                for scene in imagery.scenes_in(place) {
                    damaged.entry(scene).or_insert_with(|| error.to_string());
                }
            }
            place += 1;
            progress.step()
        },
    )?;
    Ok(damaged)
}

/// Every layer that the series or the masks may read.
fn wanted(scenes: &[Scene], series: &[SpectralIndex]) -> Vec<Role> {
    let of = |scene: &Scene| {
        let bands = series.iter().flat_map(|series| series.inputs(scene).unwrap_or_default());
        bands.chain(scene.sensor.masks.iter().map(|class| class.layer.clone())).collect::<Vec<_>>()
    };
    let mut roles: Vec<Role> = scenes.iter().flat_map(of).collect();
    roles.sort();
    roles.dedup();
    roles
}

/// Why a scene cannot be used: a layer of the series or of the sensor's masks that it does not have.
fn lacking(scene: &Scene, series: &[SpectralIndex], job: &Job) -> Option<String> {
    let masks = scene.sensor.missing_mask(job.mask.classes.as_deref(), |role| scene.has(role));
    let mut missing = series.iter().filter_map(|series| series.inputs(scene).err());
    // A method of several sensors takes each scene for what it has.
    let needed = if job.change.method == Method::Bayts { series.len() } else { 1 };
    match missing.nth(needed - 1) {
        Some(error) => Some(error.to_string()),
        None => masks.map(|layer| {
            format!("it has no layer {layer}, without which cloud cannot be masked; [mask] classes = [] uses it unmasked")
        }),
    }
}

fn speckle(job: &Job, scenes: &[Scene], looks: &[Look]) -> Result<Option<Speckle>, Fault> {
    let masks: Vec<&MaskPlan> = looks.iter().map(|look| &look.mask).collect();
    Ok(job.speckle.clone().map(|parameters| Speckle::new(parameters, scenes, &masks)).transpose()?)
}

fn looks(job: &Job, series: &[SpectralIndex], scenes: &[Scene], grid: &Grid) -> Result<Vec<Look>, Fault> {
    let plans = mask_plans(job, scenes, grid)?;
    let look = |(scene, mask): (&Scene, MaskPlan)| {
        let (mut bands, mut places) = (Vec::new(), Vec::new());
        for (place, series) in series.iter().enumerate() {
            if let Ok(roles) = series.inputs(scene) {
                places.push(place);
                let new: Vec<Role> = roles.into_iter().filter(|role| !bands.contains(role)).collect();
                bands.extend(new);
            }
        }
        Look { bands, series: places, mask }
    };
    let looks: Vec<Look> = scenes.iter().zip(plans).map(look).collect();
    given(series, &looks)?;
    Ok(looks)
}

/// Refuses a series that no scene gives.
fn given(series: &[SpectralIndex], looks: &[Look]) -> Result<(), Fault> {
    match (0..series.len()).find(|place| !looks.iter().any(|look| look.series.contains(place))) {
        Some(place) => Err(Fault::usage(format!("[change] names {}, which no scene gives", series[place].name()))),
        None => Ok(()),
    }
}

/// What is masked in each scene: scenes of one sensor may lack a layer that others have.
fn mask_plans(job: &Job, scenes: &[Scene], grid: &Grid) -> Result<Vec<MaskPlan>, Fault> {
    let options = job.mask.options();
    let mut plans: Vec<MaskPlan> = Vec::new();
    for (place, scene) in scenes.iter().enumerate() {
        let same = scenes[..place].iter().position(|earlier| earlier.sensor == scene.sensor);
        plans.push(match same {
            Some(earlier) => plans[earlier].clone(),
            None => MaskPlan::new(&scene.sensor, &options, grid.pixel_m())?,
        });
    }
    Ok(plans)
}

/// A table of the units' outlines, by which pixels are counted.
pub(crate) fn zones(inputs: &Inputs) -> Result<Option<Zones>, Fault> {
    let features = |layer: &Layer| Features::new("units", layer.features.geometries.clone());
    inputs.unit_layer().map(|(_, layer)| Ok(Zones::new(inputs.grid().clone(), &features(layer))?)).transpose()
}
