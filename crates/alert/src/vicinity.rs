use change::Answer;
use raster::{Grid, Window};

use crate::Patch;
use crate::label::Run;

/// How far around a patch its surroundings reach, in metres between the centres of pixels; at least to the eight neighbours.
pub const VICINITY_M: f64 = 100.0;

/// Counts the pixels around each patch that should have been looked at and were not seen.
///
/// The change map is pushed row by row from north to south, so that only one row and the patches themselves are held. A pixel
/// near several patches counts for each of them. Beyond the grid's edge nothing is counted.
pub struct Vicinity<'a> {
    patches: &'a [Patch],
    reach: Vec<Reach>,
    /// Places of patches that later rows come near to, those of the northernmost last.
    waiting: Vec<usize>,
    /// Patches near the current row, with their first run that is still near.
    near: Vec<(usize, usize)>,
    unseen: Vec<u64>,
    /// Not seen pixels of the current row west of each column.
    west_of: Vec<u32>,
    row: i64,
}

/// Pixels that the surroundings reach east and west, by rows away.
struct Reach(Vec<i64>);

impl Reach {
    /// The reach at a patch: a geographic grid's pixels are as wide as they are there, whatever else the grid covers.
    fn at(grid: &Grid, patch: &Patch) -> Self {
        let row = Window { row: patch.anchor.0 as isize, col: 0, rows: 1, cols: 1 };
        let (width_m, height_m) = grid.crop(row).pixel_m();
        // A hair of tolerance keeps a distance of 100.000000001 m within 100 m.
        let pixels = |metres: f64, step: f64| (metres / step + 1e-6).floor() as i64;
        let rows = pixels(VICINITY_M, height_m).max(1);
        let half_width = |away: i64| {
            let down = away as f64 * height_m;
            let least = i64::from(away <= 1);
            pixels((VICINITY_M.powi(2) - down.powi(2)).max(0.0).sqrt(), width_m).max(least)
        };
        Self((0..=rows).map(half_width).collect())
    }

    fn rows(&self) -> i64 {
        self.0.len() as i64 - 1
    }
}

impl<'a> Vicinity<'a> {
    /// Nothing counted yet around the patches of a grid.
    pub fn new(grid: &Grid, patches: &'a [Patch]) -> Self {
        let reach: Vec<Reach> = patches.iter().map(|patch| Reach::at(grid, patch)).collect();
        let mut waiting: Vec<usize> = (0..patches.len()).filter(|&at| !patches[at].runs.is_empty()).collect();
        waiting.sort_unstable_by_key(|&at| std::cmp::Reverse(i64::from(patches[at].runs[0].row) - reach[at].rows()));
        Self { patches, reach, waiting, near: Vec::new(), unseen: vec![0; patches.len()], west_of: Vec::new(), row: 0 }
    }

    /// Takes the next row of [`Answer`] codes.
    pub fn push_row(&mut self, answers: &[u8]) {
        while let Some(&at) = self.waiting.last()
            && i64::from(self.patches[at].runs[0].row) - self.reach[at].rows() <= self.row
        {
            self.waiting.pop();
            self.near.push((at, 0));
        }
        if !self.near.is_empty() && self.note(answers) {
            for (at, first) in &mut self.near {
                let (runs, reach) = (&self.patches[*at].runs, &self.reach[*at]);
                *first += runs[*first..].iter().take_while(|run| i64::from(run.row) < self.row - reach.rows()).count();
                self.unseen[*at] += count(&self.west_of, &runs[*first..], reach, self.row);
            }
        }
        self.row += 1;
        let (patches, reach, row) = (self.patches, &self.reach, self.row);
        self.near.retain(|(at, _)| patches[*at].runs.last().is_some_and(|run| i64::from(run.row) >= row - reach[*at].rows()));
    }

    /// Pixels around each patch, in the order of the patches, that were to be looked at and were not seen.
    pub fn finish(self) -> Vec<u64> {
        self.unseen
    }

    /// Sums up a row; whether it has any pixel that was not seen.
    fn note(&mut self, answers: &[u8]) -> bool {
        let mut sum = 0;
        self.west_of.clear();
        self.west_of.push(0);
        self.west_of.extend(answers.iter().map(|answer| {
            sum += u32::from(*answer == Answer::NotSeen.code());
            sum
        }));
        sum > 0
    }
}

/// Not seen pixels of a row within reach of runs, each once.
fn count(west_of: &[u32], runs: &[Run], reach: &Reach, row: i64) -> u64 {
    let edge = west_of.len() as i64 - 1;
    let near = runs.iter().take_while(|run| i64::from(run.row) <= row + reach.rows());
    let mut spans: Vec<(i64, i64)> = near
        .map(|run| {
            let half = reach.0[(i64::from(run.row) - row).unsigned_abs() as usize];
            ((i64::from(run.col_start) - half).max(0), (i64::from(run.col_end) + half).min(edge))
        })
        .collect();
    spans.sort_unstable();
    let (mut total, mut counted_to) = (0, 0);
    for (start, end) in spans {
        let start = start.max(counted_to);
        if start < end {
            total += u64::from(west_of[end as usize] - west_of[start as usize]);
            counted_to = end;
        }
    }
    total
}
