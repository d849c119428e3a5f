use std::f64::consts::TAU;

use geo_types::MultiPolygon;
use ndarray::Array2;
use raster::Date;

use crate::MONITORING_YEAR;
use crate::calendar::new_year;
use crate::noise::{Layer, Source};
use crate::terrain::{Land, Terrain};

/// What was done to a piece of forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClearingKind {
    /// Felled; slash, then bare soil.
    Felled,
    /// Felled and burnt.
    Burnt,
    /// A rectangle for pasture.
    Pasture,
    /// A small plot as coca is grown on, in a group near the river.
    Coca,
}

impl ClearingKind {
    /// A small English word, such as `felled`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Felled => "felled",
            Self::Burnt => "burnt",
            Self::Pasture => "pasture",
            Self::Coca => "coca-like",
        }
    }
}

/// One planted clearing.
#[derive(Debug, Clone, PartialEq)]
pub struct Clearing {
    /// Its place in the list; the truth raster holds `id + 1`.
    pub id: usize,
    /// What was done.
    pub kind: ClearingKind,
    /// The day on which it happened, all of it.
    pub date: Date,
    /// Its pixels as (row, column), by row and column.
    pub pixels: Vec<(usize, usize)>,
    /// Area on the grid in hectares (geodesic area is larger by less than 0.1 %).
    pub area_ha: f64,
    /// Its outline, exact to the pixel: longitude and latitude in degrees, exterior rings counter-clockwise.
    pub polygon: MultiPolygon<f64>,
    /// Whether at least half of its pixels are clear, by the scenes' own classes, in a scene of the baseline and in at least two
    /// scenes after it (in one where the monitoring year has one).
    pub seen: bool,
    /// The first such scene.
    pub first_clear: Option<Date>,
    /// Whether a cloud was planted over it that stays to the end of the year.
    pub under_pall: bool,
}

/// A clearing that has a place and a day, before anyone looked.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) kind: ClearingKind,
    pub(crate) date: Date,
    pub(crate) pixels: Vec<(usize, usize)>,
    pub(crate) under_pall: bool,
}

impl Plot {
    /// Centre as (column, row) and the radius that holds all pixels.
    pub(crate) fn circle(&self) -> ((f64, f64), f64) {
        let n = self.pixels.len().max(1) as f64;
        let (row, col) = self.pixels.iter().fold((0.0, 0.0), |(r, c), p| (r + p.0 as f64, c + p.1 as f64));
        let (x, y) = (col / n, row / n);
        let away = |p: &(usize, usize)| (p.1 as f64 - x).hypot(p.0 as f64 - y);
        ((x, y), self.pixels.iter().map(away).fold(1.0, f64::max))
    }
}

/// Hectares of a pixel of 10 m.
pub(crate) const PIXEL_HA: f64 = 0.01;
/// Clearings in a landscape of 640 x 640 pixels.
const CLEARINGS: f64 = 45.0;
/// Rows at which strips of usual heights meet; one clearing lies across each.
const SEAMS: [usize; 3] = [128, 256, 512];
/// Clearings under a cloud that stays.
const PALLS: usize = 3;
/// How often a place is drawn for a clearing before it is made smaller.
const TRIES: i64 = 60;
/// Forest that stays between two clearings, in pixels.
const GAP: isize = 4;

/// Finds a place in the forest for every clearing.
pub(crate) fn plots(seed: u64, terrain: &Terrain) -> Vec<Plot> {
    let size = terrain.land.ncols();
    let count = (CLEARINGS * (size as f64 / 640.0).powi(2)).round().max(6.0) as usize;
    let mut free = terrain.land.mapv(|land| land == Land::Forest);
    let mut plots: Vec<Plot> = Vec::new();
    // The large ones find room only while there is some: by falling area.
    let mut wishes: Vec<Wish> = (0..count).map(|number| Wish::new(seed, number, size)).collect();
    wishes.sort_by(|a, b| b.area_ha.total_cmp(&a.area_ha).then_with(|| a.number.cmp(&b.number)));
    for wish in &wishes {
        if let Some(pixels) = wish.place(seed, &free, &terrain.river) {
            block(&mut free, &pixels);
            plots.push(Plot { kind: wish.kind, date: wish.date, pixels, under_pall: wish.under_pall });
        }
    }
    plots.sort_by(|a, b| a.date.cmp(&b.date).then_with(|| a.pixels.cmp(&b.pixels)));
    plots
}

fn block(free: &mut Array2<bool>, pixels: &[(usize, usize)]) {
    let (rows, cols) = free.dim();
    for &(row, col) in pixels {
        for r in row.saturating_sub(GAP as usize)..(row + GAP as usize + 1).min(rows) {
            for c in col.saturating_sub(GAP as usize)..(col + GAP as usize + 1).min(cols) {
                free[[r, c]] = false;
            }
        }
    }
}

/// What a clearing is to be, before it has a place.
#[derive(Debug)]
struct Wish {
    number: usize,
    kind: ClearingKind,
    area_ha: f64,
    date: Date,
    seam: Option<usize>,
    under_pall: bool,
}

impl Wish {
    fn new(seed: u64, number: usize, size: usize) -> Self {
        let source = Source::new(seed, Layer::Clearing, 0);
        let i = number as i64;
        let seam = SEAMS.get(number).copied().filter(|row| row + 8 < size);
        let under_pall = (SEAMS.len()..SEAMS.len() + PALLS).contains(&number);
        let kind = match (number, source.unit(0, i)) {
            (n, u) if n < SEAMS.len() + PALLS => {
                if u < 0.5 {
                    ClearingKind::Felled
                } else {
                    ClearingKind::Burnt
                }
            }
            (_, u) if u < 0.32 => ClearingKind::Coca,
            (_, u) if u < 0.52 => ClearingKind::Pasture,
            (_, u) if u < 0.80 => ClearingKind::Felled,
            _ => ClearingKind::Burnt,
        };
        let (low, high) = match kind {
            _ if seam.is_some() => (2.0, 9.0),
            _ if under_pall => (0.8, 4.0),
            ClearingKind::Coca => (0.1, 1.0),
            ClearingKind::Pasture => (1.0, 40.0),
            ClearingKind::Felled | ClearingKind::Burnt => (0.1, 40.0),
        };
        let days = if under_pall { source.between(2, i, 290.0, 335.0) } else { source.between(2, i, 12.0, 335.0) };
        let date = Date::from_days(new_year(MONITORING_YEAR).days() + days as i32);
        Self { number, kind, area_ha: source.log_between(1, i, low, high), date, seam, under_pall }
    }

    /// Pixels of the wish at the first drawn place that is free; smaller where there is none; `None` where even that fails.
    fn place(&self, seed: u64, free: &Array2<bool>, river: &[(f64, f64)]) -> Option<Vec<(usize, usize)>> {
        let source = Source::new(seed, Layer::Outline, self.number as i64);
        let mut area = self.area_ha / PIXEL_HA;
        while area >= 10.0 {
            for attempt in 0..TRIES {
                let centre = self.centre(source, attempt, free.ncols(), river);
                let pixels = self.shape(free, source, attempt, centre, area);
                if let Some(pixels) = pixels.filter(|p| p.len() as f64 * PIXEL_HA >= 0.1) {
                    return Some(pixels);
                }
            }
            area *= 0.7;
        }
        None
    }

    fn centre(&self, source: Source, attempt: i64, size: usize, river: &[(f64, f64)]) -> (f64, f64) {
        let side = size as f64;
        let (x, y) = (source.between(0, attempt, 0.0, side), source.between(1, attempt, 0.0, side));
        match (self.kind, self.seam) {
            (_, Some(row)) => (x, row as f64 + source.between(2, attempt, -2.0, 2.0)),
            (ClearingKind::Coca, None) if !river.is_empty() => {
                // Groups around four places on the bank; farther from it with every place that is taken.
                let group = 2 * (self.number % 4) + 1;
                let bank = river[group * river.len() / 8];
                let spread = 9.0 + attempt as f64 * 0.6;
                let (angle, away) = (source.between(3, attempt, 0.0, TAU), spread + source.between(4, attempt, 0.0, 14.0));
                (bank.0 + away * angle.cos(), bank.1 + away * angle.sin())
            }
            _ => (x, y),
        }
    }

    /// The pixels of the wish around a centre, where all lie on the grid and are free; else `None`.
    fn shape(
        &self,
        free: &Array2<bool>,
        source: Source,
        attempt: i64,
        centre: (f64, f64),
        area_px: f64,
    ) -> Option<Vec<(usize, usize)>> {
        let turn = source.between(5, attempt, 0.0, TAU);
        let stretch = source.between(6, attempt, 1.0, if self.kind == ClearingKind::Pasture { 2.4 } else { 1.7 });
        let frame = Frame { centre, turn, stretch };
        let straight = self.kind == ClearingKind::Pasture;
        let waves: Vec<(f64, f64)> = (2..14i64)
            .map(|k| (source.between(k, 1000 + attempt, 0.0, 0.58) / k as f64, source.between(k, 2000 + attempt, 0.0, TAU)))
            .collect();
        let half = area_px.sqrt() / 2.0;
        let radius = (area_px / std::f64::consts::PI).sqrt();
        frame.free_pixels(free, radius * 2.2 * stretch.sqrt() + 2.0, |x, y| {
            if straight {
                // One corner is left standing.
                return x.abs() <= half && y.abs() <= half && x + y <= 1.7 * half;
            }
            let angle = y.atan2(x);
            let swell: f64 = waves.iter().zip(2..).map(|((a, p), k)| a * (f64::from(k) * angle + p).sin()).sum();
            x.hypot(y) <= radius * (1.0 + swell)
        })
    }
}

/// A turned and stretched frame around a centre.
struct Frame {
    centre: (f64, f64),
    turn: f64,
    stretch: f64,
}

impl Frame {
    /// The pixels (row, column) within `reach` of the centre whose middles lie inside a shape given in the frame; `None` where
    /// one of them is not free or not on the grid.
    fn free_pixels(&self, free: &Array2<bool>, reach: f64, inside: impl Fn(f64, f64) -> bool) -> Option<Vec<(usize, usize)>> {
        let (cos, sin) = (self.turn.cos(), self.turn.sin());
        let root = self.stretch.sqrt();
        let range = |middle: f64| ((middle - reach).floor() as isize)..=((middle + reach).ceil() as isize);
        let mut pixels = Vec::new();
        for row in range(self.centre.1) {
            for col in range(self.centre.0) {
                let (dx, dy) = (col as f64 + 0.5 - self.centre.0, row as f64 + 0.5 - self.centre.1);
                if inside((cos * dx + sin * dy) / root, (cos * dy - sin * dx) * root) {
                    let place = (usize::try_from(row).ok()?, usize::try_from(col).ok()?);
                    pixels.push(free.get(place).copied().unwrap_or(false).then_some(place)?);
                }
            }
        }
        Some(pixels)
    }
}
