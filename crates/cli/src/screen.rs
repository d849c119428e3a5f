//! Scenes held against the guard before they are used, by a sample of their pixels.

use change::guard::{Check, Verdict};
use change::{Guard, MaskPlan, Screening};
use geoio::{GeoioError, GriddedImagery};
use pipeline::map_in_order;
use raster::{RasterReader as _, RasterSource as _, Role, Scene, Warning, Window};
use serde_json::{Value, json};

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

/// Parts of a sample a row and a column of them: at most 16, whatever a scene's size.
const PARTS: usize = 4;

/// Largest side of a part, in pixels of the grid.
const SIDE: usize = 256;

/// Pixels of a scene's edge that one part of a glance speaks for, where the scene is larger than all parts together.
const EDGE_A_PART: usize = 2048;

/// How much of a scene is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample {
    /// Parts of 256 pixels a side, a million pixels at the most: a run uses a scene at length, and much of it may be cloud.
    Scene,
    /// Parts of 128 pixels a side, 4 to 16 of them by the scene's size: a verb is done with a scene in a second.
    Glance,
}

impl Sample {
    /// The parts of a window that are looked at: all of a small one, a small share of a large one.
    pub(crate) fn parts(self, window: Window) -> Vec<Window> {
        let edge = window.rows.max(window.cols);
        match self {
            Self::Scene => window.spread(SIDE, PARTS),
            Self::Glance if edge <= 128 * PARTS => window.spread(128, PARTS),
            Self::Glance => window.spread(128, (edge / EDGE_A_PART).clamp(2, PARTS)),
        }
    }
}

/// Share of the pixels that are 0 in every band from which they are taken for fill that nobody declares.
const UNDECLARED: f64 = 0.001;

/// What the sample of a scene says.
pub(crate) struct Screened {
    /// Counts.
    pub(crate) screening: Screening,
    /// What they mean.
    pub(crate) verdict: Verdict,
}

/// Samples every scene where it lies on the grid; `masks` has one plan a scene.
///
/// The cost is at most 16 parts of the sample's side of blue, red, near infrared and the quality layers a scene: nothing on a small
/// grid, a hundredth of a whole Sentinel-2 tile, an eighth of it where its blocks of 1024 x 1024 are unpacked whole.
pub(crate) fn screen(
    imagery: &GriddedImagery,
    masks: &[&MaskPlan],
    guard: &Guard,
    extent: Sample,
    common: &Common,
) -> Result<Vec<Screened>, Fault> {
    let scenes = imagery.scenes();
    let mut screenings = vec![Screening::default(); scenes.len()];
    let roles: Vec<Vec<Role>> = scenes.iter().zip(masks).map(|(scene, mask)| roles(scene, mask)).collect();
    let mut parts: Vec<(usize, Window)> = Vec::new();
    for (place, scene) in scenes.iter().enumerate().filter(|(place, _)| guard.enabled && !roles[*place].is_empty()) {
        parts.extend(sample(scene, imagery, extent)?.into_iter().map(|window| (place, window)));
    }
    let budget = common.budget();
    let mut progress = Progress::begin(common, "guard", parts.len() as u64);
    map_in_order(
        &parts,
        &budget,
        budget.in_flight((SIDE * SIDE * 64) as u64),
        || Ok::<_, Fault>(imagery.open()?),
        |reader, &(place, window)| {
            let mask = masks[place];
            let cube = reader.read(place, &roles[place], window, mask.margin())?;
            let (cube, _) = mask.apply(cube)?;
            let mut screening = Screening::default();
            screening.add(&cube);
            Ok((place, screening))
        },
        |(place, screening)| {
            screenings[place] += &screening;
            progress.step()
        },
    )?;
    Ok(screenings.into_iter().map(|screening| Screened { verdict: guard.judge(&screening), screening }).collect())
}

/// What is read of a scene: what the guard looks at and what the mask needs; nothing where there is no band to look at.
fn roles(scene: &Scene, mask: &MaskPlan) -> Vec<Role> {
    let mut roles = Guard::roles(scene);
    if !roles.is_empty() {
        let more: Vec<Role> = mask.layers().into_iter().filter(|layer| !roles.contains(layer)).collect();
        roles.extend(more);
    }
    roles
}

/// The parts of a scene that are looked at.
fn sample(scene: &Scene, imagery: &GriddedImagery, extent: Sample) -> Result<Vec<Window>, GeoioError> {
    let grid = imagery.grid();
    let bounds = geoio::scene_bounds(std::slice::from_ref(scene), &grid.crs)?;
    Ok(grid.window_of(bounds).map(|window| extent.parts(window)).unwrap_or_default())
}

/// Where a person finds what may be wrong.
pub(crate) struct Places {
    /// Scale and offset.
    pub(crate) scaling: &'static str,
    /// Which band is which.
    pub(crate) bands: &'static str,
}

impl Screened {
    /// Why the scene may not be used, and what to do about it: where its scale and its bands stand, and how to go on all the same.
    pub(crate) fn refusal(&self, places: &Places, off: impl Fn(&str) -> String) -> Option<String> {
        let finding = self.verdict.findings.first()?;
        let place = if finding.check == Check::SwappedBands { places.bands } else { places.scaling };
        Some(format!("{finding}; check {place}, or {}", off(finding.key())))
    }

    /// Fill that no tag declares.
    pub(crate) fn undeclared_fill(&self, scene: &Scene) -> Option<Warning> {
        let share = self.screening.zero_share();
        (share >= UNDECLARED).then(|| {
            let message = format!(
                "{} % of its pixels are stored as 0 in every band, and nothing declares 0 as \"no data\": say nodata = 0 if they are fill",
                (share * 1000.0).round() / 10.0
            );
            Warning::new("undeclared_fill", message).about(scene.id.clone())
        })
    }

    /// For records.
    pub(crate) fn json(&self, scene: &Scene) -> Value {
        json!({
            "id": scene.id, "findings": self.verdict.findings, "skipped": self.verdict.skipped, "statistics": self.screening,
        })
    }
}

/// A sentence for people: how many scenes were looked at and how many could not be judged, with the reasons.
pub(crate) fn told(all: &[Screened], guard: &Guard) -> Option<String> {
    if !guard.enabled || guard.checks.is_empty() || all.is_empty() {
        return None;
    }
    let refused = all.iter().filter(|one| !one.verdict.findings.is_empty()).count();
    let unjudged: Vec<&Screened> = all.iter().filter(|one| !one.verdict.is_judged(guard)).collect();
    let mut reasons: Vec<&str> =
        unjudged.iter().filter_map(|one| one.verdict.skipped.first()).map(|(_, why)| why.name()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    Some(format!("guard: {} scenes sampled, {refused} refused, {} could not be judged{why}", all.len(), unjudged.len()))
}

/// Refuses a scene of a verb that does not pass; `name` is what people know it by.
pub(crate) fn refuse(screened: &Screened, name: &str) -> Result<(), Fault> {
    let places = Places {
        scaling: "the scale and offset of its metadata, of its tags or of --scale and --offset",
        bands: "which of its bands is which, by its metadata, its bands\' descriptions or the roles you gave",
    };
    match screened.refusal(&places, |_| "pass --no-guard to use it all the same".to_owned()) {
        Some(reason) => Err(Fault::new(Exit::Input, format!("scene {name}: {reason}"))),
        None => Ok(()),
    }
}
