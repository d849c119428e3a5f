//! Cleared ground within and around one alert.

use std::collections::BTreeMap;

use alert::{Connectivity, Labeller, Run, measure, outline};
use change::{MaskPlan, SpectralIndex, compute_into};
use geo::{BoundingRect as _, MapCoords as _};
use geo_types::{Coord, Geometry, MultiPolygon};
use geoio::GriddedReader;
use geoio::crs::GridProjection;
use raster::{Bounds, Grid, RasterReader as _, Role, Window};
use registry::Zone;

use crate::fault::Fault;

/// Which side of a value is cleared ground.
#[derive(Debug, Clone, Copy)]
pub(super) enum Threshold {
    Below(f32),
    Above(f32),
}

impl Threshold {
    /// Whether ground is cleared; of NaN nothing is known.
    fn is_cleared(self, value: f32) -> bool {
        match self {
            Self::Below(limit) => value < limit,
            Self::Above(limit) => value > limit,
        }
    }
}

/// What was found of an alert.
#[derive(Debug, Default)]
pub(super) struct Cleared {
    /// Share of the alert on which the orthomosaic has pixels with a value.
    pub(super) covered_share: f64,
    /// Cleared ground that meets the alert, in longitude and latitude.
    pub(super) outline: Option<MultiPolygon<f64>>,
    /// Its area in square metres, geodesic.
    pub(super) area_m2: f64,
    /// The length of its outline in metres.
    pub(super) perimeter_m: f64,
    /// Whether it goes on beyond where it was looked for.
    pub(super) goes_on: bool,
}

/// The orthomosaic, and what is cleared ground on it.
pub(super) struct Ground<'a> {
    pub(super) grid: &'a Grid,
    pub(super) index: &'a SpectralIndex,
    pub(super) mask: &'a MaskPlan,
    /// Bands that the index reads, then the layers of the mask.
    pub(super) roles: &'a [Role],
    pub(super) threshold: Threshold,
    /// How far around an alert is looked, in units of the grid.
    pub(super) margin: f64,
    pub(super) least_pixels: u64,
    /// Bytes that the rows read at once may take.
    pub(super) part_bytes: u64,
    pub(super) pixel_bytes: usize,
}

/// Runs by row.
type Rows = BTreeMap<u32, Vec<(u32, u32)>>;

impl Ground<'_> {
    /// Measures the cleared ground that meets an alert, given in the coordinates of the grid.
    pub(super) fn measure(
        &self,
        alert: &Geometry<f64>,
        reader: &mut GriddedReader,
        projection: &GridProjection,
    ) -> Result<Cleared, Fault> {
        let (Some(window), Some(zone)) = (self.window(alert), Zone::new(alert, self.grid)) else { return Ok(Cleared::default()) };
        let mut labeller: Labeller<(), ()> = Labeller::new(Connectivity::Eight, self.least_pixels);
        let (mut within, mut scratch, mut planes) = (Rows::new(), Vec::new(), Vec::new());
        let mut covered = 0.0;
        let rows = (self.part_bytes as usize / (window.cols * self.pixel_bytes)).max(1);
        for strip in window.strips(rows) {
            let cube = reader.read(0, self.roles, strip, self.mask.margin())?;
            let (cube, _) = self.mask.apply(cube)?;
            compute_into(&[self.index], &cube, &mut planes)?;
            let values = planes[0].index_axis(ndarray::Axis(0), 0);
            zone.cover(self.grid, strip, &mut scratch, |row| {
                let line = values.row(row.row - strip.row as usize);
                let mut inside = Vec::new();
                for (i, share) in row.shares.iter().enumerate() {
                    let Some(col) = (row.col + i).checked_sub(strip.col as usize).filter(|col| *col < strip.cols) else {
                        continue;
                    };
                    covered += if line[col].is_nan() { 0.0 } else { *share };
                    if *share > 0.0 {
                        inside.push(col as u32);
                    }
                }
                within.insert((row.row - window.row as usize) as u32, joined(&inside));
            });
            for line in values.rows() {
                let cleared = |value: f32| self.threshold.is_cleared(value).then_some(());
                labeller.push_row(line.to_slice().expect("rows are contiguous"), cleared, |(), _| ());
            }
        }
        let meets = |run: &Run| {
            within.get(&run.row).is_some_and(|inside| inside.iter().any(|(from, to)| run.col_start < *to && *from < run.col_end))
        };
        let mut runs: Vec<Run> =
            labeller.finish().0.into_iter().filter(|part| part.runs.iter().any(meets)).flat_map(|part| part.runs).collect();
        runs.sort_unstable();
        let mut cleared = Cleared { covered_share: (covered / zone.pixels()).clamp(0.0, 1.0), ..Cleared::default() };
        if runs.is_empty() {
            return Ok(cleared);
        }
        let (last_row, last_col) = (window.rows as u32 - 1, window.cols as u32);
        cleared.goes_on =
            runs.iter().any(|run| run.row == 0 || run.row == last_row || run.col_start == 0 || run.col_end == last_col);
        let drawn = outline(&runs).map_coords(|corner| {
            let (x, y) = self.grid.corner(corner.y + window.row as f64, corner.x + window.col as f64);
            Coord { x, y }
        });
        let measured = measure(&drawn, self.grid, projection, None)?;
        (cleared.area_m2, cleared.perimeter_m) = (measured.area_m2, measured.perimeter_m);
        cleared.outline = Some(measured.geometry);
        Ok(cleared)
    }

    /// The pixels within and around an alert; `None` where the orthomosaic has none of them.
    fn window(&self, alert: &Geometry<f64>) -> Option<Window> {
        let around = alert.bounding_rect()?;
        let (min, max) = (around.min(), around.max());
        let bounds = Bounds { west: min.x, south: min.y, east: max.x, north: max.y };
        self.grid.window_of(bounds.grow(self.margin))
    }
}

/// Neighbouring columns as runs.
fn joined(cols: &[u32]) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for col in cols {
        match runs.last_mut() {
            Some((_, end)) if end == col => *end += 1,
            _ => runs.push((*col, col + 1)),
        }
    }
    runs
}
