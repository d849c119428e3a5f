use change::{Answer, ChangeStrip, NO_DAY};
use geo::MapCoords;
use geo_types::{Coord, MultiPolygon};
use raster::{Date, Grid, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::days::{DayCounts, FirstDays};
use crate::fringe::Fringe;
use crate::label::{Component, Connectivity, Dropped, Labeller, Run, Tally};
use crate::outline::outline;

/// Which changed pixels make a patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatchRules {
    /// Neighbours that belong together: 4 (over edges) or 8 (over corners too). Default 8.
    #[schemars(with = "u8")]
    pub connectivity: Connectivity,
    /// Smallest patch, in hectares by the grid's nominal pixel area, 0 or more. Default 0.25.
    #[serde(deserialize_with = "zero_or_more")]
    pub min_area_ha: f64,
    /// Smallest patch, in pixels. A patch must meet both minima. Default 4.
    pub min_pixels: u64,
    /// Simplify outlines with this tolerance, in metres. Areas are always those of the full outline. Default: no.
    #[serde(deserialize_with = "maybe_zero_or_more")]
    pub simplify_m: Option<f64>,
}

fn zero_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match f64::deserialize(from)? {
        number if number >= 0.0 && number.is_finite() => Ok(number),
        other => Err(serde::de::Error::custom(format!("{other} is no size; expected a number of 0 or more"))),
    }
}

fn maybe_zero_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    zero_or_more(from).map(Some)
}

impl Default for PatchRules {
    fn default() -> Self {
        Self { connectivity: Connectivity::Eight, min_area_ha: 0.25, min_pixels: 4, simplify_m: None }
    }
}

impl PatchRules {
    /// Pixels that a patch needs on this grid, and which rule says so: `min_area_ha` or `min_pixels`.
    pub fn min_count(&self, grid: &Grid) -> (u64, &'static str) {
        let (width_m, height_m) = grid.pixel_m();
        // A hair of tolerance keeps 25.000000001 pixels of 100 m2 from becoming 26.
        let by_area = (self.min_area_ha * 10_000.0 / (width_m * height_m) * (1.0 - 1e-9)).ceil().max(0.0) as u64;
        if by_area > self.min_pixels { (by_area, "min_area_ha") } else { (self.min_pixels, "min_pixels") }
    }
}

/// Connected changed pixels.
///
/// The clearing began in (`date_before`, `date_first`] and was complete by `date_last`: by the confirmed pixels where at least half
/// are, else by all, in both cases but for the earliest twentieth, so that a few doubtful ones move no date: of thousands of pixels one
/// always shows noise just before. A patch is not split by date: a slow clearing would fall apart into pieces below the smallest area
/// and be lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Outline in the coordinates of the grid, exterior rings counter-clockwise.
    pub outline: MultiPolygon<f64>,
    /// Its pixels, by row, then column; runs of one row do not touch.
    pub runs: Vec<Run>,
    /// Number of pixels.
    pub pixels: u64,
    /// How many of them are confirmed.
    pub pixels_confirmed: u64,
    /// Its pixels that share an edge with a pixel outside it.
    pub edge_pixels: u64,
    /// Pixels outside it that share an edge with it.
    pub ring_pixels: u64,
    /// Row and column of the pixel that `date_first` is the first day of; of several the northernmost, then the westernmost.
    pub anchor: (u32, u32),
    /// Smallest of its pixels' last clear days before the change; `None` where one of them has none.
    pub date_before: Option<Date>,
    /// Smallest of its pixels' first days.
    pub date_first: Date,
    /// Largest of its pixels' first days.
    pub date_last: Date,
    /// Day by which half of its pixels (rounded up) had been confirmed; `None` where fewer were.
    pub date_confirmed: Option<Date>,
    /// Mean of later minus earlier, in units of the index; NaN where no pixel has a magnitude.
    pub magnitude: f64,
    /// Smallest of its pixels' counts of clear overpasses in the baseline period.
    pub n_baseline: u16,
    /// Smallest of its pixels' counts of clear overpasses in the monitoring period.
    pub n_clear: u16,
    /// Last day of the baseline period on which any of it was clear.
    pub last_clear_baseline: Option<Date>,
    /// Last day of the monitoring period on which any of it was clear.
    pub last_clear: Option<Date>,
    /// Bit i is set where sensor number i saw any of it clear in the monitoring period.
    pub sensors: u16,
}

/// What became of the changed pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PatchStatistics {
    /// Patches handed out.
    pub patches: u64,
    /// Their pixels.
    pub pixels: u64,
    /// Groups of changed pixels that were too small.
    pub dropped: Dropped,
}

/// Turns strips of a change map, from north to south, into patches; where strips are cut does not matter.
pub struct PatchBuilder {
    grid: Grid,
    labeller: Labeller<(), Pixels>,
    statistics: PatchStatistics,
    /// The pieces of a strip that came so far.
    strip: Option<ChangeRows>,
}

/// The changed pixels of a strip of the change map or of a piece of one, row by row: runs, and what is summed up over each.
pub struct ChangeRows {
    window: Window,
    rows: Vec<(Vec<Run>, Vec<Pixels>)>,
}

impl std::fmt::Debug for ChangeRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeRows").field("window", &self.window).finish_non_exhaustive()
    }
}

impl ChangeRows {
    /// The changed pixels of a part of the change map.
    ///
    /// Changed pixels have a first day, as [`ChangeStrip`] promises.
    pub fn of(strip: &ChangeStrip) -> Self {
        let first = (strip.window.row as u32, strip.window.col as u32);
        let rows = strip.answer.outer_iter().enumerate().map(|(row, answers)| {
            let mut runs: Vec<Run> = Vec::new();
            for (col, _) in answers.iter().enumerate().filter(|(_, answer)| is_change(**answer)) {
                let col = first.1 + col as u32;
                match runs.last_mut() {
                    Some(run) if run.col_end == col => run.col_end += 1,
                    _ => runs.push(Run { row: first.0 + row as u32, col_start: col, col_end: col + 1 }),
                }
            }
            let sum = |run: &Run| {
                let mut pixels = Pixels::default();
                pixels.add(strip, row, *run);
                pixels
            };
            let sums = runs.iter().map(sum).collect();
            (runs, sums)
        });
        Self { window: strip.window, rows: rows.collect() }
    }

    /// This and the piece east of it.
    fn join(mut self, east: Self) -> Self {
        assert_eq!(self.window.rows, east.window.rows, "pieces of one strip are of one height");
        self.window.cols += east.window.cols;
        for ((runs, sums), (more_runs, more_sums)) in self.rows.iter_mut().zip(east.rows) {
            for (run, sum) in more_runs.into_iter().zip(more_sums) {
                match (runs.last_mut(), sums.last_mut()) {
                    (Some(last), Some(total)) if last.col_end == run.col_start => {
                        last.col_end = run.col_end;
                        total.merge(sum);
                    }
                    _ => {
                        runs.push(run);
                        sums.push(sum);
                    }
                }
            }
        }
        self
    }
}

impl PatchBuilder {
    /// A builder for the change map on this grid.
    pub fn new(grid: &Grid, rules: &PatchRules) -> Self {
        let labeller = Labeller::new(rules.connectivity, rules.min_count(grid).0);
        Self { grid: grid.clone(), labeller, statistics: PatchStatistics::default(), strip: None }
    }

    /// Takes the next strip and gives the patches that end in it.
    ///
    /// # Panics
    /// As [`PatchBuilder::push_rows`].
    pub fn push(&mut self, strip: &ChangeStrip) -> Vec<Patch> {
        self.push_rows(ChangeRows::of(strip))
    }

    /// Takes the changed pixels of the next strip, or of its next piece from west to east, and gives the patches that end in it.
    ///
    /// # Panics
    /// Where pieces do not come in order, without gaps (row 0 first), or those of one strip differ in height.
    pub fn push_rows(&mut self, piece: ChangeRows) -> Vec<Patch> {
        let (row, col) = self.strip.as_ref().map_or((self.labeller.next_row() as isize, 0), |strip| {
            (strip.window.row, strip.window.col + strip.window.cols as isize)
        });
        assert_eq!((piece.window.row, piece.window.col), (row, col), "pieces come in order, without gaps");
        let strip = match self.strip.take() {
            Some(strip) => strip.join(piece),
            None => piece,
        };
        if strip.window.cols < self.grid.cols {
            self.strip = Some(strip);
            return Vec::new();
        }
        for (runs, sums) in strip.rows {
            let mut sums = sums.into_iter();
            self.labeller.push_runs(&runs, (), |pixels: &mut Pixels, _| pixels.merge(sums.next().unwrap_or_default()));
        }
        let closed = self.labeller.take_closed();
        self.patches(closed)
    }

    /// The patches that were still open at the last row, and what became of all changed pixels.
    pub fn finish(mut self) -> (Vec<Patch>, PatchStatistics) {
        let (closed, dropped) = std::mem::replace(&mut self.labeller, Labeller::new(Connectivity::Four, 0)).finish();
        let patches = self.patches(closed);
        (patches, PatchStatistics { dropped, ..self.statistics })
    }

    fn patches(&mut self, components: Vec<Component<(), Pixels>>) -> Vec<Patch> {
        self.statistics.patches += components.len() as u64;
        self.statistics.pixels += components.iter().map(|component| component.pixels).sum::<u64>();
        components.into_iter().map(|component| patch(component, &self.grid)).collect()
    }
}

fn is_change(code: u8) -> bool {
    code == Answer::Candidate.code() || code == Answer::Changed.code()
}

fn day(days: i32) -> Option<Date> {
    (days != NO_DAY).then(|| Date::from_days(days))
}

fn patch(component: Component<(), Pixels>, grid: &Grid) -> Patch {
    let sum = &component.tally;
    let fringe = Fringe::of(&component.runs);
    let date_confirmed = sum.confirmed.day_of_count(component.pixels.div_ceil(2));
    let span = match date_confirmed {
        Some(_) => sum.sure.span_without(sum.confirmed.total() / 20),
        None => sum.all.span_without(component.pixels / 20),
    };
    Patch {
        outline: outline(&component.runs).map_coords(|corner| {
            let (x, y) = grid.corner(corner.y, corner.x);
            Coord { x, y }
        }),
        pixels: component.pixels,
        pixels_confirmed: sum.confirmed.total(),
        edge_pixels: fringe.edge_pixels,
        ring_pixels: fringe.ring_pixels,
        anchor: span.anchor,
        date_before: day(span.before),
        date_first: Date::from_days(span.first),
        date_last: Date::from_days(span.last),
        date_confirmed: date_confirmed.map(Date::from_days),
        magnitude: sum.magnitude_micro as f64 / 1e6 / sum.with_magnitude as f64,
        n_baseline: sum.n_baseline,
        n_clear: sum.n_clear,
        last_clear_baseline: day(sum.last_clear_baseline),
        last_clear: day(sum.last_clear),
        sensors: sum.sensors,
        runs: component.runs,
    }
}

/// Sums over pixels: whole numbers only, so that no order of adding changes them.
struct Pixels {
    /// Of all pixels.
    all: FirstDays,
    /// Of the confirmed ones.
    sure: FirstDays,
    confirmed: DayCounts,
    magnitude_micro: i64,
    with_magnitude: u64,
    n_baseline: u16,
    n_clear: u16,
    last_clear_baseline: i32,
    last_clear: i32,
    sensors: u16,
}

impl Default for Pixels {
    fn default() -> Self {
        Self {
            all: FirstDays::default(),
            sure: FirstDays::default(),
            confirmed: DayCounts::default(),
            magnitude_micro: 0,
            with_magnitude: 0,
            n_baseline: u16::MAX,
            n_clear: u16::MAX,
            last_clear_baseline: NO_DAY,
            last_clear: NO_DAY,
            sensors: 0,
        }
    }
}

impl Pixels {
    /// Adds the pixels of a run; `row` is its row in the strip.
    fn add(&mut self, strip: &ChangeStrip, row: usize, run: Run) {
        for col in run.col_start..run.col_end {
            let at = (row, (col as isize - strip.window.col) as usize);
            let (first, before) = (strip.first[at], strip.before[at]);
            self.all.add(first, before, (run.row, col));
            if strip.confirmed[at] != NO_DAY {
                self.sure.add(first, before, (run.row, col));
                self.confirmed.add(strip.confirmed[at], 1);
            }
            let magnitude = f64::from(strip.magnitude[at]);
            if magnitude.is_finite() {
                self.magnitude_micro += (magnitude * 1e6).round() as i64;
                self.with_magnitude += 1;
            }
            self.n_baseline = self.n_baseline.min(strip.n_baseline[at]);
            self.n_clear = self.n_clear.min(strip.n_clear[at]);
            self.last_clear_baseline = self.last_clear_baseline.max(strip.last_clear_baseline[at]);
            self.last_clear = self.last_clear.max(strip.last_clear[at]);
            self.sensors |= strip.sensors[at];
        }
    }
}

impl Tally for Pixels {
    fn merge(&mut self, other: Self) {
        self.all.merge(&other.all);
        self.sure.merge(&other.sure);
        self.confirmed.merge(&other.confirmed);
        self.magnitude_micro += other.magnitude_micro;
        self.with_magnitude += other.with_magnitude;
        self.n_baseline = self.n_baseline.min(other.n_baseline);
        self.n_clear = self.n_clear.min(other.n_clear);
        self.last_clear_baseline = self.last_clear_baseline.max(other.last_clear_baseline);
        self.last_clear = self.last_clear.max(other.last_clear);
        self.sensors |= other.sensors;
    }
}
