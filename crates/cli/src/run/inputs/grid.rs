//! The grid of a job.

use alert::Layer;
use geoio::crs::FromLonLat;
use raster::{Bounds, Grid, Scene};

use crate::fault::{Exit, Fault};
use crate::job::Job;

/// How many times coarser than the imagery a grid may be; more is a mistake in units.
const COARSEST: f64 = 100.0;

pub(super) fn grid(job: &Job, scenes: &[Scene], aoi: Option<&Layer>) -> Result<(Grid, String), Fault> {
    let (derived, said) = geoio::derive_grid(scenes)?;
    let spec = &job.grid;
    let crs = match &spec.crs {
        Some(name) => geoio::crs::crs(name)?,
        None => derived.crs.clone(),
    };
    let same_system = crs == derived.crs;
    let (step_x, step_y) = match spec.resolution {
        Some(step) => (step, step),
        None if same_system => (derived.step_x, derived.step_y),
        None => return Err(Fault::usage("[grid] names a crs that is not that of the imagery: name a resolution too")),
    };
    let bounds = match (aoi, spec.bounds) {
        (Some(aoi), _) => aoi_bounds(aoi, &crs, spec.margin_m)?,
        (None, Some([west, south, east, north])) => Bounds { west, south, east, north },
        (None, None) if same_system && spec.resolution.is_none_or(|step| (step, step) == (derived.step_x, derived.step_y)) => {
            return Ok((derived, said));
        }
        (None, None) => geoio::scene_bounds(scenes, &crs)?,
    };
    // The imagery's own pixels wherever they will do: nothing is resampled, and an alert keeps its id.
    let own = same_system && (step_x, step_y) == (derived.step_x, derived.step_y);
    let grid = if own { derived.crop(derived.window_around(bounds)) } else { Grid::covering(crs, bounds, step_x, step_y)? };
    if grid.pixel_m().0.max(grid.pixel_m().1) > COARSEST * derived.pixel_m().0.max(derived.pixel_m().1) {
        return Err(Fault::usage(format!(
            "[grid] resolution = {step_x} makes pixels of {:.0} m from imagery of {:.0} m; it is in the units of {}",
            grid.pixel_m().0,
            derived.pixel_m().0,
            grid.crs.name()
        )));
    }
    if !geoio::scene_bounds(scenes, &grid.crs)?.overlaps(grid.bounds()) {
        return Err(Fault::new(Exit::Input, "no scene overlaps the grid that the job names: check [grid] crs, bounds and aoi"));
    }
    let said = if own { "the imagery's own pixels, where the job says" } else { "named by the job" };
    Ok((grid, said.to_owned()))
}

fn aoi_bounds(aoi: &Layer, crs: &raster::Crs, margin_m: f64) -> Result<Bounds, Fault> {
    let boxes = aoi.boxes();
    let mut all = boxes.iter().flatten().map(|b| Bounds { west: b.min().x, south: b.min().y, east: b.max().x, north: b.max().y });
    let first =
        all.next().ok_or_else(|| Fault::new(Exit::Input, format!("{}: the area of interest holds no geometry", aoi.path)))?;
    let lonlat = all.fold(first, Bounds::union);
    let margin = if crs.geographic { margin_m / 111_195.0 } else { margin_m };
    Ok(FromLonLat::new(crs)?.bounds(lonlat)?.grow(margin))
}
