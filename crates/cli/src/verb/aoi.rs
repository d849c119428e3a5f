//! The part of a grid that an area of interest covers.

use std::path::Path;

use raster::{Bounds, Grid};

use crate::fault::{Exit, Fault};

/// The grid's pixels that the polygons' bounding box meets; the whole grid without an area of interest.
pub(crate) fn grid_within(grid: &Grid, aoi: Option<&Path>) -> Result<Grid, Fault> {
    let Some(path) = aoi else { return Ok(grid.clone()) };
    let layer = geoio::layer::read(path, &geoio::layer::LayerOptions::default())?;
    let boxes = layer.boxes();
    let lonlat = boxes
        .iter()
        .flatten()
        .map(|b| Bounds { west: b.min().x, south: b.min().y, east: b.max().x, north: b.max().y })
        .reduce(Bounds::union)
        .ok_or_else(|| Fault::new(Exit::Input, format!("{}: the area of interest holds no geometry", path.display())))?;
    let bounds = geoio::crs::FromLonLat::new(&grid.crs)?.bounds(lonlat)?;
    grid.window_of(bounds)
        .map(|window| grid.crop(window))
        .ok_or_else(|| Fault::new(Exit::Input, format!("{}: the area of interest does not meet the raster", path.display())))
}
