//! Pixels and hectares by unit and answer.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use change::{Answer, ChangeStrip, NO_DAY};
use geo_types::{LineString, MultiPolygon, Polygon};
use ndarray::{Array2, ArrayView2};
use raster::{Date, Grid, Stored, Window};
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

/// Sums of pixels and areas by unit (0 = outside every unit), answer and last clear day ([`NO_DAY`] where nothing was seen).
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    sums: BTreeMap<Key, Sum>,
}

type Key = (u32, Answer, i32);

/// Pixels and square centimetres.
type Sum = (u64, i64);

impl Tallies {
    /// Counts a strip; `units` and `inside` (the area of interest) have its shape.
    pub(crate) fn of(
        strip: &ChangeStrip,
        areas: &PixelAreas,
        units: Option<ArrayView2<'_, u32>>,
        inside: Option<ArrayView2<'_, bool>>,
    ) -> Self {
        let mut tallies = Self::default();
        // Neighbours mostly have one key, and a map is slower than a comparison.
        let mut stretch: Option<(Key, Sum)> = None;
        for ((row, col), answer) in strip.answer.indexed_iter() {
            if inside.is_some_and(|inside| !inside[[row, col]]) {
                continue;
            }
            let unit = units.map_or(0, |units| units[[row, col]]);
            let answer = Answer::of(*answer).expect("the map holds codes of answers only");
            let key = (unit, answer, if answer.is_seen() { strip.last_clear[[row, col]] } else { NO_DAY });
            let area = areas.at(strip.window.row as usize + row, strip.window.col as usize + col);
            match &mut stretch {
                Some((same, sum)) if *same == key => *sum = (sum.0 + 1, sum.1 + area),
                _ => {
                    if let Some((key, sum)) = stretch.replace((key, (1, area))) {
                        tallies.include(key, sum);
                    }
                }
            }
        }
        if let Some((key, sum)) = stretch {
            tallies.include(key, sum);
        }
        tallies
    }

    fn include(&mut self, key: Key, (pixels, area): Sum) {
        let sum = self.sums.entry(key).or_default();
        *sum = (sum.0 + pixels, sum.1 + area);
    }

    /// Adds other sums.
    pub(crate) fn add(&mut self, other: &Self) {
        for (key, sum) in &other.sums {
            self.include(*key, *sum);
        }
    }

    /// Pixels and hectares of an answer over all units.
    pub(crate) fn total(&self, answer: Answer) -> (u64, f64) {
        let of = self.sums.iter().filter(|((_, code, _), _)| *code == answer);
        let (pixels, cm2) = of.fold((0, 0), |(p, a), (_, (pixels, area))| (p + pixels, a + area));
        (pixels, cm2 as f64 / 1e8)
    }

    /// Hectares that were to be looked at, seen or not.
    pub(crate) fn eligible_ha(&self) -> f64 {
        Answer::ALL.into_iter().filter(|answer| *answer != Answer::NotEligible).map(|answer| self.total(answer).1).sum()
    }

    /// Share in percent of what was to be looked at and was not seen; 0 where nothing was to be.
    pub(crate) fn unseen_percent(&self) -> f64 {
        let eligible = self.eligible_ha();
        if eligible > 0.0 { 100.0 * self.total(Answer::NotSeen).1 / eligible } else { 0.0 }
    }

    /// The sums as a table; days are counted to `end`, the last day of the monitoring period.
    pub(crate) fn table(&self, end: Date) -> Vec<UnitTally> {
        self.sums
            .iter()
            .map(|(&(unit, answer, last_clear), &(pixels, area_cm2))| UnitTally {
                unit: unit.checked_sub(1),
                answer,
                days_since_clear: (last_clear != NO_DAY).then(|| end.days() - last_clear),
                pixels,
                area_cm2,
            })
            .collect()
    }
}

impl Stored for Tallies {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        let sums: Vec<Kept> = self.sums.iter().map(|(&(unit, answer, day), &sum)| ((unit, (answer.code(), day)), sum)).collect();
        sums.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let sums: Vec<Kept> = Vec::restore(from)?;
        let of = |code: u8| Answer::of(code).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no code of an answer"));
        let sums = sums.into_iter().map(|((unit, (code, day)), sum)| Ok(((unit, of(code)?, day), sum)));
        Ok(Self { sums: sums.collect::<io::Result<_>>()? })
    }
}

/// A sum in a form that can be stored.
type Kept = ((u32, (u8, i32)), Sum);
