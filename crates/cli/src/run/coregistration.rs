//! Where the scenes of a run lie, held against a reference image.

use std::path::PathBuf;

use change::{MaskPlan, SpectralIndex};
use geoio::{GriddedImagery, GriddedReader, Imagery, KnownFile, PlaneOnGrid, RasterFile, Resampling, Skipped};
use ndarray::{Array2, Axis};
use raster::{Grid, RasterReader as _, RasterSource as _, Role, Scene, Warning, Window};
use serde_json::{Value, json};

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::job::{Action, CoregistrationSpec, Job, Tolerance};
use crate::registration::{Pair, Plane, Registration, Settings, register};
use crate::screen::Sample;

/// Share of a sample that must be clear for a scene to be the reference.
const CLEAR: f64 = 0.5;
/// Standard errors by which a shift must be beyond the tolerance: what is uncertain is not moved.
const SURE: f64 = 2.0;
/// Part of a pixel from a whole one up to which a scene is moved by the whole pixel: nothing is resampled then.
const WHOLE: f64 = 0.1;

/// What was found, and what becomes of the scenes.
#[derive(Default)]
pub(crate) struct Coregistered {
    /// For records, one entry a scene.
    pub(crate) told: Vec<Value>,
    /// Moves east and north of each scene that stays, in units of the grid's system; empty where none moves.
    pub(crate) moves: Vec<(f64, f64)>,
    /// Scenes that may not be used.
    pub(crate) refused: Vec<Skipped>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
    /// The reference, where it is a file.
    pub(crate) file: Option<PathBuf>,
}

/// Measures where each scene lies, by the job's rules; the scenes that stay.
pub(crate) fn coregistered(
    job: &Job,
    spec: &CoregistrationSpec,
    (imagery, grid): (Imagery, &Grid),
    (watched, plans): (&SpectralIndex, &[MaskPlan]),
    common: &Common,
) -> Result<(Imagery, Coregistered), Fault> {
    if !(32..=2048).contains(&spec.window) {
        return Err(Fault::usage(format!("[coregistration] window = {}: expected 32 to 2048 pixels", spec.window)));
    }
    let own = spec.index.as_ref().map(|index| index.resolve(&job.base)).transpose()?;
    let index = own.as_ref().unwrap_or(watched);
    let gridded = GriddedImagery::new(imagery.clone(), grid.clone(), job.grid.resampling);
    let scenes = Scenes { gridded: &gridded, index, plans };
    let reference = Reference::find(job, spec, &scenes)?;
    let mut found = Coregistered::default();
    if let Reference::File { path, .. } = &reference {
        found.file = Some(path.clone());
    }
    let settings = Settings { side: usize::from(spec.window) / 16 * 16, grid: None, max_shift: None, varies: false };
    let limit = limit(spec.tolerance, grid);
    let mut moves = Vec::new();
    let mut kept = Vec::new();
    for (place, scene) in imagery.scenes.iter().enumerate() {
        let shift = match reference {
            Reference::Scene(own) if own == place => Standing::Reference,
            _ => scenes.measure(&reference, place, settings, common)?,
        };
        let mut entry = shift.json(scene, grid);
        let off = shift.off().filter(|(rows, cols)| rows.hypot(*cols) - SURE * shift.error() > limit);
        let (mut action, mut by) = ("none", (0.0, 0.0));
        if let Some((rows, cols)) = off {
            let far = far(rows, cols, grid);
            match spec.action {
                Action::Warn => {
                    action = "warned";
                    found
                        .warnings
                        .push(Warning::new("scene_shifted", format!("it lies off the reference: {far}")).about(&scene.id));
                }
                Action::Refuse => {
                    action = "refused";
                    let tolerance = String::from(spec.tolerance);
                    let reason = format!(
                        "it lies off the reference by more than {tolerance}: {far}; set [coregistration] action = \"correct\", or a larger tolerance"
                    );
                    found.refused.push(Skipped { path: PathBuf::from(&scene.id), reason });
                }
                Action::Correct => {
                    action = "corrected";
                    let whole = |v: f64| if (v - v.round()).abs() <= WHOLE { v.round() } else { v };
                    by = (whole(cols) * grid.step_x, -whole(rows) * grid.step_y);
                    found.warnings.push(
                        Warning::new("scene_corrected", format!("it lay off the reference and was moved: {far}"))
                            .about(&scene.id),
                    );
                }
            }
        } else if let Standing::Unknown(excuse) = &shift {
            let message = format!("where it lies could not be measured, it is used as it is: {excuse}");
            found.warnings.push(Warning::new("scene_unmeasured", message).about(&scene.id));
        }
        entry["action"] = json!(action);
        found.told.push(entry);
        if action != "refused" {
            kept.push(place);
            moves.push(by);
        }
    }
    if moves.iter().any(|by| *by != (0.0, 0.0)) {
        found.moves = moves;
    }
    Ok((imagery.retain(|place, _| kept.contains(&place)), found))
}

/// Pixels up to which a scene is taken as it is.
fn limit(tolerance: Tolerance, grid: &Grid) -> f64 {
    match tolerance {
        Tolerance::Pixels(pixels) => pixels,
        Tolerance::Metres(metres) => metres / grid.pixel_m().0.max(grid.pixel_m().1),
    }
}

fn far(rows: f64, cols: f64, grid: &Grid) -> String {
    let (width, height) = grid.pixel_m();
    let way = |v: f64, positive: &str, negative: &str| format!("{:.2} {}", v.abs(), if v < 0.0 { negative } else { positive });
    format!(
        "to lie right it must be moved {} and {} px ({:.1} m)",
        way(rows, "south", "north"),
        way(cols, "east", "west"),
        (rows * height).hypot(cols * width)
    )
}

/// What is known of where a scene lies.
enum Standing {
    /// It is the reference.
    Reference,
    /// It must be moved so many rows to the south and columns to the east.
    Measured(Registration),
    /// Why nothing is known.
    Unknown(String),
}

impl Standing {
    /// Rows to the south and columns to the east, where they are known.
    fn off(&self) -> Option<(f64, f64)> {
        let Self::Measured(registration) = self else { return None };
        registration.agreed.as_ref().ok().map(|agreed| (agreed.rows, agreed.cols))
    }

    /// Standard error of the distance, in pixels.
    fn error(&self) -> f64 {
        let Self::Measured(registration) = self else { return 0.0 };
        registration.agreed.as_ref().map_or(0.0, |agreed| agreed.rows_error.hypot(agreed.cols_error))
    }

    fn json(&self, scene: &Scene, grid: &Grid) -> Value {
        let round = |v: f64| (v * 1e4).round() / 1e4 + 0.0;
        let (width, height) = grid.pixel_m();
        match self {
            Self::Reference => json!({ "id": scene.id, "standing": "reference" }),
            Self::Unknown(excuse) => json!({ "id": scene.id, "standing": "unmeasured", "reason": excuse }),
            Self::Measured(registration) => {
                let agreed = registration.agreed.as_ref().ok();
                json!({
                    "id": scene.id, "standing": "measured", "counts": registration.counts(),
                    "rows_px": agreed.map(|a| round(a.rows)), "cols_px": agreed.map(|a| round(a.cols)),
                    "north_m": agreed.map(|a| round(-a.rows * height)), "east_m": agreed.map(|a| round(a.cols * width)),
                    "rows_error_px": agreed.map(|a| round(a.rows_error)), "cols_error_px": agreed.map(|a| round(a.cols_error)),
                })
            }
        }
    }
}

/// The image whose place is held to be right.
enum Reference {
    /// A scene of the run, by its place.
    Scene(usize),
    /// A raster file.
    File { file: Box<KnownFile>, path: PathBuf, band: usize, extent: Window },
}

impl Reference {
    fn find(job: &Job, spec: &CoregistrationSpec, scenes: &Scenes<'_>) -> Result<Self, Fault> {
        let grid = scenes.gridded.grid();
        if spec.reference != "first" {
            let path = job.path(spec.reference.as_ref());
            let file = RasterFile::open(&path)?;
            let bounds = geoio::crs::bounds_between(file.grid(), &grid.crs)?;
            let extent = grid.window_of(bounds).ok_or_else(|| {
                Fault::new(Exit::Input, format!("{}: the reference of [coregistration] does not meet the grid", path.display()))
            })?;
            let known = Box::new(file.known());
            PlaneOnGrid::new(file, spec.band, grid, Resampling::Bilinear)?;
            return Ok(Self::File { file: known, path, band: spec.band, extent });
        }
        let mut clearest = (0.0, 0);
        for place in 0..scenes.gridded.scenes().len() {
            let Some(extent) = scenes.extent(place)? else { continue };
            let mut plane = scenes.open(place)?;
            let (mut seen, mut all) = (0, 0);
            for part in Sample::Glance.parts(extent) {
                let values = plane.read(part)?;
                seen += values.iter().filter(|v| !v.is_nan()).count();
                all += values.len();
            }
            let share = f64::from(u32::try_from(seen).unwrap_or(u32::MAX)) / (all as f64).max(1.0);
            if share >= CLEAR {
                return Ok(Self::Scene(place));
            }
            if share > clearest.0 {
                clearest = (share, place);
            }
        }
        Ok(Self::Scene(clearest.1))
    }
}

/// The scenes of a run as planes of one index.
struct Scenes<'a> {
    gridded: &'a GriddedImagery,
    index: &'a SpectralIndex,
    /// One a scene.
    plans: &'a [MaskPlan],
}

/// A scene's index, NaN where it is not clear.
struct ScenePlane<'a> {
    reader: GriddedReader,
    place: usize,
    index: &'a SpectralIndex,
    roles: Vec<Role>,
    mask: &'a MaskPlan,
}

impl Plane for ScenePlane<'_> {
    fn read(&mut self, window: Window) -> Result<Array2<f32>, Fault> {
        let cube = self.reader.read(self.place, &self.roles, window, self.mask.margin())?;
        let (cube, _) = self.mask.apply(cube)?;
        Ok(self.index.compute(&cube)?.index_axis_move(Axis(0), 0))
    }
}

impl Plane for PlaneOnGrid {
    fn read(&mut self, window: Window) -> Result<Array2<f32>, Fault> {
        Ok(Self::read(self, window)?)
    }
}

/// Either kind of reference.
enum Fixed<'a> {
    Scene(ScenePlane<'a>),
    File(Box<PlaneOnGrid>),
}

impl Plane for Fixed<'_> {
    fn read(&mut self, window: Window) -> Result<Array2<f32>, Fault> {
        match self {
            Self::Scene(plane) => plane.read(window),
            Self::File(plane) => Plane::read(plane.as_mut(), window),
        }
    }
}

impl<'a> Scenes<'a> {
    /// The pixels of the grid that a scene covers.
    fn extent(&self, place: usize) -> Result<Option<Window>, Fault> {
        let grid = self.gridded.grid();
        let bounds = geoio::scene_bounds(std::slice::from_ref(&self.gridded.scenes()[place]), &grid.crs)?;
        Ok(grid.window_of(bounds))
    }

    fn open(&self, place: usize) -> Result<ScenePlane<'a>, Fault> {
        let scene = &self.gridded.scenes()[place];
        let mask = &self.plans[place];
        let roles = self.index.inputs(scene)?.into_iter().chain(mask.layers()).collect();
        Ok(ScenePlane { reader: self.gridded.open()?, place, index: self.index, roles, mask })
    }

    fn measure(&self, reference: &Reference, place: usize, settings: Settings, common: &Common) -> Result<Standing, Fault> {
        let scene = &self.gridded.scenes()[place];
        if let Err(error) = self.index.inputs(scene) {
            return Ok(Standing::Unknown(error.to_string()));
        }
        let fixed = match reference {
            Reference::Scene(own) => self.extent(*own)?,
            Reference::File { extent, .. } => Some(*extent),
        };
        let (Some(fixed), Some(moving)) = (fixed, self.extent(place)?) else {
            return Ok(Standing::Unknown("it does not meet the grid".to_owned()));
        };
        let open = || {
            let fixed = match reference {
                Reference::Scene(own) => Fixed::Scene(self.open(*own)?),
                Reference::File { file, band, .. } => {
                    let plane = PlaneOnGrid::new(file.open()?, *band, self.gridded.grid(), Resampling::Bilinear)?;
                    Fixed::File(Box::new(plane))
                }
            };
            Ok(Pair { reference: fixed, moving: self.open(place)? })
        };
        Ok(match register((fixed, moving), settings, common, open)? {
            None => Standing::Unknown("it shares less than 48 pixels a side with the reference".to_owned()),
            Some(registration) if registration.agreed.is_err() => Standing::Unknown(registration.excuse()),
            Some(registration) => Standing::Measured(registration),
        })
    }
}
