//! Pixels and hectares by unit and answer.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use change::{Answer, ChangeStrip};
use geo_types::{LineString, MultiPolygon, Polygon};
use ndarray::{Array2, ArrayView2};
use raster::{Grid, Stored, Window};
use registry::UnitTally;

use crate::fault::Fault;

/// Side in pixels of the cells within which a pixel's true area counts as constant.
const CELL: usize = 64;

/// Geodesic area of a grid's pixels, constant within cells that lie fixed on the grid.
pub(crate) struct PixelAreas {
    cm2: Array2<i64>,
}

impl PixelAreas {
    /// The areas of a grid.
    pub(crate) fn new(grid: &Grid) -> Result<Self, Fault> {
        let projection = geoio::crs::GridProjection::new(grid)?;
        let (rows, cols) = (grid.rows.div_ceil(CELL), grid.cols.div_ceil(CELL));
        let mut cm2 = Array2::zeros((rows, cols));
        for ((i, j), area) in cm2.indexed_iter_mut() {
            let window = Window { row: (i * CELL) as isize, col: (j * CELL) as isize, rows: CELL, cols: CELL };
            let m2 = cell_area_m2(grid, window, &projection)?;
            *area = (m2 * 1e4 / window.pixels() as f64).round() as i64;
        }
        Ok(Self { cm2 })
    }

    fn at(&self, row: usize, col: usize) -> i64 {
        self.cm2[[row / CELL, col / CELL]]
    }
}

fn cell_area_m2(grid: &Grid, window: Window, projection: &geoio::crs::GridProjection) -> Result<f64, Fault> {
    let bounds = grid.window_bounds(window);
    let ring =
        [(bounds.west, bounds.north), (bounds.west, bounds.south), (bounds.east, bounds.south), (bounds.east, bounds.north)];
    let outline = Polygon::new(LineString::from(ring.to_vec()), Vec::new());
    Ok(alert::measure(&MultiPolygon::new(vec![outline]), grid, projection, None)?.area_m2)
}

/// Sums of pixels and areas by unit (0 = outside every unit) and answer.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    sums: BTreeMap<(u32, Answer), (u64, i64)>,
}

impl Tallies {
    /// Counts a strip; `units` and `inside` (the area of interest) have its shape.
    pub(crate) fn of(
        strip: &ChangeStrip,
        areas: &PixelAreas,
        units: Option<ArrayView2<'_, u32>>,
        inside: Option<ArrayView2<'_, bool>>,
    ) -> Self {
        let mut tallies = Self::default();
        for ((row, col), answer) in strip.answer.indexed_iter() {
            if inside.is_some_and(|inside| !inside[[row, col]]) {
                continue;
            }
            let unit = units.map_or(0, |units| units[[row, col]]);
            let answer = Answer::of(*answer).expect("the map holds codes of answers only");
            let sum = tallies.sums.entry((unit, answer)).or_default();
            sum.0 += 1;
            sum.1 += areas.at(strip.window.row as usize + row, strip.window.col as usize + col);
        }
        tallies
    }

    /// Adds other sums.
    pub(crate) fn add(&mut self, other: &Self) {
        for (key, (pixels, area)) in &other.sums {
            let sum = self.sums.entry(*key).or_default();
            sum.0 += pixels;
            sum.1 += area;
        }
    }

    /// Pixels and hectares of an answer over all units.
    pub(crate) fn total(&self, answer: Answer) -> (u64, f64) {
        let of = self.sums.iter().filter(|((_, code), _)| *code == answer);
        let (pixels, cm2) = of.fold((0, 0), |(p, a), (_, (pixels, area))| (p + pixels, a + area));
        (pixels, cm2 as f64 / 1e8)
    }

    /// The sums as a table.
    pub(crate) fn table(&self) -> Vec<UnitTally> {
        self.sums
            .iter()
            .map(|(&(unit, answer), &(pixels, area_cm2))| UnitTally { unit: unit.checked_sub(1), answer, pixels, area_cm2 })
            .collect()
    }
}

impl Stored for Tallies {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        let sums: Vec<((u32, u8), (u64, i64))> =
            self.sums.iter().map(|(&(unit, answer), &sum)| ((unit, answer.code()), sum)).collect();
        sums.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let sums: Vec<((u32, u8), (u64, i64))> = Vec::restore(from)?;
        let of = |code: u8| Answer::of(code).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no code of an answer"));
        Ok(Self { sums: sums.into_iter().map(|((unit, code), sum)| Ok(((unit, of(code)?), sum))).collect::<io::Result<_>>()? })
    }
}
