use std::collections::BTreeMap;

use ndarray::{ArrayView2, s};
use raster::Date;

use crate::clearing::PIXEL_HA;
use crate::{Land, Landscape, SynthError};

/// What a score needs to know of an alert beside its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredAlert {
    /// Area in hectares.
    pub area_ha: f64,
    /// Last day on which it was seen unchanged.
    pub date_before: Option<Date>,
    /// First day on which it was seen changed.
    pub date_first: Date,
}

/// Some of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many meet the condition.
    pub part: u64,
    /// How many there are.
    pub of: u64,
}

impl Share {
    /// The share from 0 to 1; NaN of none.
    pub fn value(self) -> f64 {
        if self.of == 0 { f64::NAN } else { self.part as f64 / self.of as f64 }
    }

    fn count(&mut self, meets: bool) {
        self.of += 1;
        self.part += u64::from(meets);
    }
}

/// How alerts compare with the planted clearings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Clearings of at least 0.5 ha that could be seen: those of which alerts cover at least half.
    pub recall: Share,
    /// All seen clearings, however small: those of which alerts cover at least half.
    pub recall_any_size: Share,
    /// Alerts of at least 0.5 ha: those of which at least half lies on clearings.
    pub precision: Share,
    /// All alerts: those of which at least half lies on clearings.
    pub precision_any_size: Share,
    /// Pixels of seen clearings: those under an alert.
    pub recall_pixels: Share,
    /// Pixels under an alert: those on a clearing.
    pub precision_pixels: Share,
    /// Alerts that lie on clearings: those whose clearing happened in (`date_before`, `date_first`].
    pub dated: Share,
    /// Clearings that nobody could see: those under alerts all the same.
    pub unseen_found: Share,
    /// False alerts (less than half on clearings) by the land that most of their pixels lie on.
    pub false_by_land: BTreeMap<Land, u64>,
    /// Places of the missed clearings that count for `recall`.
    pub missed: Vec<usize>,
}

/// Smallest object that a score counts by default, in hectares.
const COUNTED_HA: f64 = 0.5;

/// The score of alerts given as a plane (0 none, `i + 1` on the pixels of `alerts[i]`), shape (y, x) of the landscape.
///
/// An alert's clearing is the one on which most of its pixels lie; on a tie the earlier one. An alert without `date_before`
/// is dated right where the clearing does not lie after `date_first`. An alert without a pixel in the plane counts as false,
/// on no land.
///
/// # Errors
/// [`SynthError::Plane`] where the shape is another, [`SynthError::Number`] where a pixel names no alert of the list.
pub fn score(landscape: &Landscape, plane: ArrayView2<'_, u32>, alerts: &[ScoredAlert]) -> Result<Score, SynthError> {
    let truth = landscape.truth();
    if plane.dim() != truth.dim() {
        return Err(SynthError::Plane { expected: truth.dim(), got: plane.dim() });
    }
    let clearings = landscape.clearings().iter().map(|clearing| {
        let pixels = clearing.pixels.len() as u64;
        ScoredClearing { date: clearing.date, seen: clearing.seen, pixels }
    });
    let mut scoring = Scoring::new(clearings.collect(), alerts.to_vec());
    for row in 0..truth.nrows() {
        let line = s![row..row + 1, ..];
        let numbers = truth.slice(line).mapv(u32::from);
        let rows = ScoredRows { row, truth: numbers.view(), alerts: plane.slice(line) };
        scoring.add(&rows, Some(landscape.land().slice(line)))?;
    }
    Ok(scoring.score())
}

/// What a score needs to know of a clearing beside where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoredClearing {
    /// The day on which it happened.
    pub date: Date,
    /// Whether anyone could see it.
    pub seen: bool,
    /// Its pixels.
    pub pixels: u64,
}

/// Rows of the planes of clearings and alerts, both of one shape: 0 none, `i + 1` on the pixels of the i-th of the list.
#[derive(Debug)]
pub struct ScoredRows<'a> {
    /// The first row.
    pub row: usize,
    /// The clearings.
    pub truth: ArrayView2<'a, u32>,
    /// The alerts.
    pub alerts: ArrayView2<'a, u32>,
}

/// A score in the making, fed by rows: of a truth that was kept in files as well as of a landscape.
#[derive(Debug)]
pub struct Scoring {
    clearings: Vec<ScoredClearing>,
    alerts: Vec<ScoredAlert>,
    /// Alerted pixels of each clearing.
    covered: Vec<u64>,
    /// Pixels of each alert.
    pixels: Vec<u64>,
    /// Pixels of each alert on each clearing.
    on: Vec<BTreeMap<usize, u64>>,
    /// Pixels of each alert on each land, clearings left out.
    beside: Vec<BTreeMap<Land, u64>>,
}

impl Scoring {
    /// Clearings and alerts, no pixel counted yet.
    pub fn new(clearings: Vec<ScoredClearing>, alerts: Vec<ScoredAlert>) -> Self {
        Self {
            covered: vec![0; clearings.len()],
            pixels: vec![0; alerts.len()],
            on: vec![BTreeMap::new(); alerts.len()],
            beside: vec![BTreeMap::new(); alerts.len()],
            clearings,
            alerts,
        }
    }

    /// Counts the pixels of some rows, each row once; without `land` (same shape) false alerts lie on no land.
    ///
    /// # Errors
    /// [`SynthError::Plane`] where the shapes differ, [`SynthError::Number`] where a pixel names what is not in its list.
    pub fn add(&mut self, rows: &ScoredRows<'_>, land: Option<ArrayView2<'_, Land>>) -> Result<(), SynthError> {
        let expected = rows.truth.dim();
        let shapes = [Some(rows.alerts.dim()), land.as_ref().map(ArrayView2::dim)];
        if let Some(got) = shapes.into_iter().flatten().find(|got| *got != expected) {
            return Err(SynthError::Plane { expected, got });
        }
        for ((line, col), &number) in rows.alerts.indexed_iter().filter(|(_, number)| **number > 0) {
            let wrong = |what, number, listed| SynthError::Number { row: rows.row + line, col, what, number, listed };
            let alert = number as usize - 1;
            if alert >= self.alerts.len() {
                return Err(wrong("alert", number, self.alerts.len()));
            }
            self.pixels[alert] += 1;
            let planted = rows.truth[[line, col]];
            match (planted as usize).checked_sub(1) {
                Some(clearing) if clearing >= self.clearings.len() => {
                    return Err(wrong("clearing", planted, self.clearings.len()));
                }
                Some(clearing) => {
                    self.covered[clearing] += 1;
                    *self.on[alert].entry(clearing).or_default() += 1;
                }
                None => {
                    if let Some(land) = &land {
                        *self.beside[alert].entry(land[[line, col]]).or_default() += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// The score of all rows that came.
    pub fn score(&self) -> Score {
        let mut score = Score::default();
        self.score_clearings(&mut score);
        self.score_alerts(&mut score);
        score
    }

    fn score_clearings(&self, score: &mut Score) {
        for (id, (clearing, &covered)) in self.clearings.iter().zip(&self.covered).enumerate() {
            let found = 2 * covered >= clearing.pixels;
            if !clearing.seen {
                score.unseen_found.count(found);
                continue;
            }
            score.recall_any_size.count(found);
            score.recall_pixels.part += covered;
            score.recall_pixels.of += clearing.pixels;
            if clearing.pixels as f64 * PIXEL_HA >= COUNTED_HA {
                score.recall.count(found);
                if !found {
                    score.missed.push(id);
                }
            }
        }
    }

    fn score_alerts(&self, score: &mut Score) {
        for (i, alert) in self.alerts.iter().enumerate() {
            let planted: u64 = self.on[i].values().sum();
            let right = planted > 0 && 2 * planted >= self.pixels[i];
            score.precision_pixels.part += planted;
            score.precision_pixels.of += self.pixels[i];
            score.precision_any_size.count(right);
            if alert.area_ha >= COUNTED_HA {
                score.precision.count(right);
            }
            if right {
                if let Some(clearing) = most(&self.on[i]) {
                    let date = self.clearings[clearing].date;
                    score.dated.count(alert.date_before.is_none_or(|before| before < date) && date <= alert.date_first);
                }
            } else if let Some(land) = most(&self.beside[i]) {
                *score.false_by_land.entry(land).or_default() += 1;
            }
        }
    }
}

/// The key with the highest count, the first of equals.
fn most<K: Copy + Ord>(counts: &BTreeMap<K, u64>) -> Option<K> {
    counts.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(key, _)| *key)
}
