//! `refine`: alerts measured again on an orthomosaic.

mod cleared;
mod outcome;

use alert::Layer;
use change::{Direction, MaskOptions, MaskPlan};
use geo::MapCoords as _;
use geo_types::{Coord, Geometry};
use geoio::crs::{FromLonLat, GridProjection};
use geoio::layer::LayerOptions;
use geoio::sink::SinkOptions;
use geoio::{Found, GriddedImagery, OdmProject, Resampling};
use pipeline::map_in_order;
use raster::{RasterSource as _, Role};
use serde_json::json;

use super::apart::check_apart;
use super::index::scene;
use crate::args::{Common, Refine};
use crate::fault::{Exit, Fault};
use crate::formulas;
use crate::progress::Progress;
use crate::report::Report;
use cleared::{Cleared, Ground, Threshold};
use outcome::{Errors, outcomes};

/// Bytes a pixel takes beside its bands: index, labels, mask.
const BESIDE: usize = 16;

/// Measures alerts again on an orthomosaic that covers them.
pub(crate) fn refine(arguments: &Refine, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let index = formulas::one(&arguments.index, &arguments.formulas, Some(Direction::Fall))?;
    let project = OdmProject::at(&arguments.image);
    let error_m = error_m(arguments, project.as_ref())?;
    let image = project.as_ref().map_or(&arguments.image, |project| &project.orthophoto);
    let Found { imagery, warnings, .. } = scene(Some(&arguments.image), arguments.bands.as_deref(), None, &arguments.numbers)?;
    check_apart(Some(&arguments.out), imagery.files().iter().chain([&arguments.alerts]))?;
    let [index] = formulas::of_scene(vec![index], &imagery.scenes[0])?.try_into().expect("one comes out of one");
    let grid = imagery.scenes[0].grid.clone();
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let scene = &source.scenes()[0];
    let mask = MaskPlan::new(&scene.sensor, &MaskOptions { classes: None, dilate_m: 0.0 }, grid.pixel_m())?;
    let mut roles: Vec<Role> = index.inputs(scene)?;
    roles.extend(mask.layers());
    let threshold = match (arguments.below, arguments.above) {
        (Some(below), _) => Threshold::Below(below as f32),
        (None, above) => Threshold::Above(above.unwrap_or(f64::INFINITY) as f32),
    };
    let layer = geoio::layer::read(&arguments.alerts, &LayerOptions::default())?;
    let geometries = moved(&layer, &FromLonLat::new(&grid.crs)?)?;
    let (width_m, height_m) = grid.pixel_m();
    let ground = Ground {
        grid: &grid,
        index: &index,
        mask: &mask,
        roles: &roles,
        threshold,
        margin: arguments.margin * grid.step_x / width_m,
        least_pixels: (arguments.min_area_ha * 1e4 / (width_m * height_m) - 1e-9).ceil().max(1.0) as u64,
        part_bytes: budget.bytes() / (4 * budget.jobs().max(1) as u64),
        pixel_bytes: roles.len() * 6 + BESIDE,
    };
    let mut found: Vec<Cleared> = Vec::with_capacity(geometries.len());
    let mut progress = Progress::begin(common, "refine", geometries.len() as u64);
    map_in_order(
        &geometries,
        &budget,
        budget.jobs(),
        || Ok::<_, Fault>((source.open()?, GridProjection::new(&grid)?)),
        |(reader, projection), geometry| match geometry {
            Some(geometry) => ground.measure(geometry, reader, projection),
            None => Ok(Cleared::default()),
        },
        |cleared| {
            found.push(cleared);
            progress.step()
        },
    )?;
    if found.iter().all(|cleared| cleared.covered_share == 0.0) {
        let reason = format!("{} alerts, and none lies where {} has pixels", found.len(), arguments.image.display());
        return Err(Fault::new(Exit::Input, reason));
    }
    let errors = Errors { orthomosaic_m: error_m + width_m.max(height_m) / 2.0, alert_m: arguments.alert_pixel / 2.0 };
    let covered = found.iter().filter(|cleared| cleared.covered_share > 0.0).count();
    let refined = found.iter().filter(|cleared| cleared.outline.is_some()).count();
    let features = outcomes(&layer, found, errors, index.name())?;
    geoio::sink::write(&arguments.out, &features, &SinkOptions { force: common.force, ..SinkOptions::default() })?;
    let mut report = Report::new("refine");
    report.output(&arguments.out);
    report.fact(
        "orthomosaic",
        json!({ "file": image.display().to_string(), "sha256": geoio::sha256_file(image)?, "error_m": error_m }),
    );
    report.fact("counts", json!({ "alerts": features.len(), "covered": covered, "refined": refined }));
    report.say(format!("{covered} of {} alerts lie on the orthomosaic, {refined} have cleared ground", features.len()));
    report.warnings = warnings;
    report.warnings.extend(layer.warnings);
    report.rejected = layer.rejected;
    Ok(report)
}

/// How far the orthomosaic may lie off, metres.
fn error_m(arguments: &Refine, project: Option<&OdmProject>) -> Result<f64, Fault> {
    match (arguments.error, project) {
        (Some(error), _) => Ok(error),
        (None, Some(project)) => project.error_m()?.ok_or_else(|| {
            let reason = "tells nothing of ground control points; say by --error METRES how far it may lie off";
            Fault::usage(format!("{}/odm_report/stats.json {reason}", project.folder.display()))
        }),
        (None, None) => Err(Fault::usage("--error METRES is missing: how far the orthomosaic may lie off")),
    }
}

/// The alerts in the coordinates of the orthomosaic; `None` for what is no surface.
fn moved(layer: &Layer, way: &FromLonLat) -> Result<Vec<Option<Geometry<f64>>>, Fault> {
    let one = |geometry: &Geometry<f64>| -> Result<Geometry<f64>, Fault> {
        geometry.try_map_coords(|at| {
            let (mut x, mut y) = ([at.x], [at.y]);
            way.to_grid(&mut x, &mut y)?;
            Ok(Coord { x: x[0], y: y[0] })
        })
    };
    let is_surface = |geometry: &&Geometry<f64>| matches!(geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_));
    layer.features.geometries.iter().map(|geometry| geometry.as_ref().filter(is_surface).map(one).transpose()).collect()
}
