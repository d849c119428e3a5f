use std::collections::BTreeMap;

use ndarray::ArrayView2;
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
    let tally = Tally::new(landscape, &plane, alerts.len())?;
    let mut score = Score::default();
    score_clearings(&mut score, landscape, &tally);
    score_alerts(&mut score, landscape, &tally, alerts);
    Ok(score)
}

/// Pixels that alerts and clearings share.
struct Tally {
    /// Alerted pixels of each clearing.
    covered: Vec<u64>,
    /// Pixels of each alert.
    pixels: Vec<u64>,
    /// Pixels of each alert on each clearing.
    on: Vec<BTreeMap<usize, u64>>,
    /// Pixels of each alert on each land, clearings left out.
    beside: Vec<BTreeMap<Land, u64>>,
}

impl Tally {
    fn new(landscape: &Landscape, plane: &ArrayView2<'_, u32>, alerts: usize) -> Result<Self, SynthError> {
        let truth = landscape.truth();
        if plane.dim() != truth.dim() {
            return Err(SynthError::Plane { expected: truth.dim(), got: plane.dim() });
        }
        let mut tally = Self {
            covered: vec![0; landscape.clearings().len()],
            pixels: vec![0; alerts],
            on: vec![BTreeMap::new(); alerts],
            beside: vec![BTreeMap::new(); alerts],
        };
        for ((row, col), &number) in plane.indexed_iter().filter(|(_, number)| **number > 0) {
            let alert = number as usize - 1;
            if alert >= alerts {
                return Err(SynthError::Number { row, col, number, alerts });
            }
            tally.pixels[alert] += 1;
            match usize::from(truth[[row, col]]).checked_sub(1) {
                Some(clearing) => {
                    tally.covered[clearing] += 1;
                    *tally.on[alert].entry(clearing).or_default() += 1;
                }
                None => *tally.beside[alert].entry(landscape.land()[[row, col]]).or_default() += 1,
            }
        }
        Ok(tally)
    }
}

fn score_clearings(score: &mut Score, landscape: &Landscape, tally: &Tally) {
    for (clearing, &covered) in landscape.clearings().iter().zip(&tally.covered) {
        let pixels = clearing.pixels.len() as u64;
        let found = 2 * covered >= pixels;
        if !clearing.seen {
            score.unseen_found.count(found);
            continue;
        }
        score.recall_any_size.count(found);
        score.recall_pixels.part += covered;
        score.recall_pixels.of += pixels;
        if pixels as f64 * PIXEL_HA >= COUNTED_HA {
            score.recall.count(found);
            if !found {
                score.missed.push(clearing.id);
            }
        }
    }
}

fn score_alerts(score: &mut Score, landscape: &Landscape, tally: &Tally, alerts: &[ScoredAlert]) {
    for (i, alert) in alerts.iter().enumerate() {
        let planted: u64 = tally.on[i].values().sum();
        let right = planted > 0 && 2 * planted >= tally.pixels[i];
        score.precision_pixels.part += planted;
        score.precision_pixels.of += tally.pixels[i];
        score.precision_any_size.count(right);
        if alert.area_ha >= COUNTED_HA {
            score.precision.count(right);
        }
        if right {
            if let Some(clearing) = most(&tally.on[i]) {
                let date = landscape.clearings()[clearing].date;
                score.dated.count(alert.date_before.is_none_or(|before| before < date) && date <= alert.date_first);
            }
        } else if let Some(land) = most(&tally.beside[i]) {
            *score.false_by_land.entry(land).or_default() += 1;
        }
    }
}

/// The key with the highest count, the first of equals.
fn most<K: Copy + Ord>(counts: &BTreeMap<K, u64>) -> Option<K> {
    counts.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(key, _)| *key)
}
