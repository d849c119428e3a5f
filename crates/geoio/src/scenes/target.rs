//! The grid on which a job works where it names none.

use std::collections::BTreeMap;

use raster::{Bounds, Crs, Grid, Scene};

use crate::GeoioError;
use crate::crs::{Transform, bounds_lonlat};

/// The grid for a list of scenes, with a sentence that says why.
///
/// Scenes that share one grid keep it. Else: the system that covers the most ground, the finest pixels there are in it,
/// and the pixels of the first scene that has them, extended to cover every scene.
///
/// # Errors
/// [`GeoioError::Nothing`] without scenes, [`GeoioError::Transform`].
///
/// # Panics
/// Never: a list that is not empty has a widest system, and that system a scene.
pub fn derive_grid(scenes: &[Scene]) -> Result<(Grid, String), GeoioError> {
    let Some(first) = scenes.first() else {
        return Err(GeoioError::Nothing { what: "the list of scenes".to_owned(), reason: "it is empty".to_owned() });
    };
    if scenes.iter().all(|scene| scene.grid == first.grid) {
        let why = format!("all {} scenes share one grid in {}", scenes.len(), first.grid.crs.name());
        return Ok((first.grid.clone(), why));
    }
    let crs = widest(scenes)?;
    let of_crs = || scenes.iter().filter(|scene| scene.grid.crs == crs);
    let finest = of_crs()
        .min_by(|a, b| (a.grid.step_x * a.grid.step_y).total_cmp(&(b.grid.step_x * b.grid.step_y)))
        .expect("the widest system is that of a scene");
    let bounds = scene_bounds(scenes, &crs)?;
    let grid = finest.grid.crop(finest.grid.window_around(bounds));
    let why = format!(
        "{} covers the most ground ({} of {} scenes); pixels of {} x {} as in {}",
        crs.name(),
        of_crs().count(),
        scenes.len(),
        grid.step_x,
        grid.step_y,
        finest.id
    );
    Ok((grid, why))
}

/// The system with the largest sum of covered ground; where two are equal, the first by name.
fn widest(scenes: &[Scene]) -> Result<Crs, GeoioError> {
    let mut ground: BTreeMap<String, (f64, &Crs)> = BTreeMap::new();
    for scene in scenes {
        let bounds = bounds_lonlat(&scene.grid)?;
        let width = if bounds.east < bounds.west { bounds.east + 360.0 - bounds.west } else { bounds.east - bounds.west };
        let middle = f64::midpoint(bounds.south, bounds.north).to_radians().cos();
        ground.entry(scene.grid.crs.text()).or_insert((0.0, &scene.grid.crs)).0 += width * middle * (bounds.north - bounds.south);
    }
    let mut best: Option<(f64, &Crs)> = None;
    for (covered, crs) in ground.into_values() {
        if best.is_none_or(|(most, _)| covered > most) {
            best = Some((covered, crs));
        }
    }
    Ok(best.expect("there is a scene").1.clone())
}

/// The rectangle in a system that holds all scenes.
///
/// # Errors
/// [`GeoioError::Transform`], [`GeoioError::Nothing`] without scenes.
pub fn scene_bounds(scenes: &[Scene], crs: &Crs) -> Result<Bounds, GeoioError> {
    let mut all: Option<Bounds> = None;
    for scene in scenes {
        let own = scene.grid.bounds();
        let bounds = if scene.grid.crs == *crs { own } else { Transform::new(&scene.grid.crs, crs)?.bounds(own)? };
        all = Some(all.map_or(bounds, |so_far| so_far.union(bounds)));
    }
    all.ok_or_else(|| GeoioError::Nothing { what: "the list of scenes".to_owned(), reason: "it is empty".to_owned() })
}
