//! Where one image lies on another: tie points over both, and the shift on which they agree.

use std::collections::BTreeMap;

use align::{Consensus, Matcher, NoMatch, Offset, Precision, Search, Shift, TiePoint, Unmatched, consensus};
use ndarray::Array2;
use pipeline::map_in_order;
use raster::Window;
use serde_json::{Value, json};

use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;

/// Least side of a window, and of what both images share, in pixels.
const LEAST_SIDE: usize = 32;
const LEAST_SHARED: usize = 48;
/// Tie points a row and a column from which the whole pixels of the shift are found.
const FIRST: usize = 3;
/// Tie points a row and a column that are asked first, and most of them, where nobody says how many.
const SOME: usize = 4;
const MOST: usize = 8;
/// Share of some tie points that must be used, and the error in pixels that they may leave, for them to stand for all.
const CLEAR_SHARE: f64 = 0.75;
const CLEAR_ERROR: f64 = 0.01;
/// Pixels at the edge of what both share that windows keep free of, where there is room.
const EDGE: usize = 8;
/// Pixels around the whole shift within which each tie point is looked for.
const NEAR: f64 = 4.0;
/// Pixels within which tie points agree on one shift; while the whole pixels are found.
const AGREE: f64 = 1.0;
const AGREE_ROUGHLY: f64 = 2.0;

/// A plane of an image on the grid of both; one a worker.
pub(crate) trait Plane {
    /// Values over a window, shape (rows, cols); NaN = not seen.
    fn read(&mut self, window: Window) -> Result<Array2<f32>, Fault>;
}

/// Planes of both images.
pub(crate) struct Pair<R, M> {
    /// The image whose place is held to be right.
    pub(crate) reference: R,
    /// The other one.
    pub(crate) moving: M,
}

/// How a shift is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Wished side of a window in pixels.
    pub(crate) side: usize,
    /// Tie points a row and a column; by size where there is none.
    pub(crate) grid: Option<usize>,
    /// Pixels up to which the shift is looked for; a quarter of the window where there are none.
    pub(crate) max_shift: Option<f64>,
    /// Whether the shift may change over the image.
    pub(crate) varies: bool,
}

/// A tie point: its window, what was measured there, and whether it was used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The window on the reference.
    pub(crate) window: Window,
    /// The shift, or why there is none.
    pub(crate) measured: Result<Shift, Unmatched>,
    /// Whether the result is made of it.
    pub(crate) used: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    /// Side of the windows.
    pub(crate) side: usize,
    /// The tie points.
    pub(crate) places: Vec<Place>,
    /// The shift on which they agree, or why there is none.
    pub(crate) agreed: Result<Consensus, NoMatch>,
}

impl Registration {
    /// The tie points that say anything, in order.
    pub(crate) fn points(&self) -> Vec<TiePoint> {
        self.places.iter().filter_map(Place::point).collect()
    }

    /// Marks the tie points that the result is made of; `used` has one answer for each that says anything.
    pub(crate) fn mark(&mut self, used: &[bool]) {
        let measured = self.places.iter_mut().filter(|place| place.measured.is_ok());
        measured.zip(used).for_each(|(place, used)| place.used = *used);
    }

    /// How many tie points say nothing, by the reason.
    pub(crate) fn unmatched(&self) -> BTreeMap<Unmatched, usize> {
        let mut counts = BTreeMap::new();
        for why in self.places.iter().filter_map(|place| place.measured.err()) {
            *counts.entry(why).or_insert(0) += 1;
        }
        counts
    }

    /// Why there is no shift, for people.
    pub(crate) fn excuse(&self) -> String {
        let all = self.places.len();
        let reasons: Vec<String> = self.unmatched().iter().map(|(why, count)| format!("{count} {}", why.name())).collect();
        let silent = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        match self.agreed {
            Ok(_) => format!("{all} tie points{silent}"),
            Err(NoMatch::TooFew { measured, needed }) => {
                format!("of {all} tie points {measured} say anything{silent}, {needed} are needed")
            }
            Err(NoMatch::Disagree { agreeing, measured }) => {
                format!("of {all} tie points {measured} say anything{silent}, and no more than {agreeing} of them agree")
            }
        }
    }

    /// Counts for records.
    pub(crate) fn counts(&self) -> Value {
        let unmatched: serde_json::Map<String, Value> = self
            .unmatched()
            .iter()
            .map(|(why, count)| (json!(why).as_str().unwrap_or_default().to_owned(), json!(count)))
            .collect();
        let measured = self.places.iter().filter(|place| place.measured.is_ok()).count();
        let used = self.places.iter().filter(|place| place.used).count();
        json!({ "tie_points": self.places.len(), "measured": measured, "used": used, "unmatched": unmatched })
    }
}

impl Place {
    /// Row and column of its middle.
    pub(crate) fn middle(&self) -> (f64, f64) {
        let Window { row, col, rows, cols } = self.window;
        (row as f64 + rows as f64 / 2.0, col as f64 + cols as f64 / 2.0)
    }

    fn point(&self) -> Option<TiePoint> {
        let (row, col) = self.middle();
        self.measured.ok().map(|shift| TiePoint { row, col, shift })
    }
}

/// The side of windows over what both images share; `None` where they share too little.
pub(crate) fn side(shared: Window, wished: usize) -> Option<usize> {
    let short = shared.rows.min(shared.cols);
    (short >= LEAST_SHARED).then(|| (wished.min(short / 2) / 16 * 16).max(LEAST_SIDE))
}

/// Measures the shift of one image against another: first its whole pixels from a few windows, each looked for up to the longest
/// shift, then tie points near there: some, and all where some leave a doubt. `extents` are the pixels of the reference and of the
/// moving image on the grid of both.
///
/// `Ok(None)` where the two share too little.
pub(crate) fn register<R: Plane, M: Plane>(
    extents: (Window, Window),
    settings: Settings,
    common: &Common,
    open: impl Fn() -> Result<Pair<R, M>, Fault> + Sync,
) -> Result<Option<Registration>, Fault> {
    let (reference, moving) = extents;
    let Some(shared) = reference.intersect(moving) else { return Ok(None) };
    let Some(side) = side(shared, settings.side) else { return Ok(None) };
    let longest = settings.max_shift.unwrap_or(side as f64 / 4.0).min(side as f64 / 3.0);
    let task = Task { matcher: Matcher::new(side), common, open: &open };
    let agree = if settings.varies { side as f64 / 8.0 } else { AGREE_ROUGHLY };
    let mut whole = None;
    let mut first = Registration { side, places: Vec::new(), agreed: Err(NoMatch::TooFew { measured: 0, needed: 3 }) };
    // Where a few windows do not agree, all are asked.
    for grid in [Some(FIRST), settings.grid] {
        let windows = layout(shared, side, grid);
        first.places = task.measure(&windows, |window| Search {
            window,
            start: Offset::default(),
            reach: longest,
            precision: Precision::Pixel,
        })?;
        first.agreed = consensus(&first.points(), agree, windows.len() as f64);
        if let Ok(found) = &first.agreed {
            whole = Some(Offset { rows: found.rows.round() as isize, cols: found.cols.round() as isize });
            break;
        }
    }
    let Some(whole) = whole else { return Ok(Some(first)) };
    let there = Window { row: moving.row + whole.rows, col: moving.col + whole.cols, ..moving };
    let Some(shared) = reference.intersect(there) else { return Ok(Some(first)) };
    let area = inset(shared, side);
    let (some, all) = (layout(area, side, Some(SOME)), layout(area, side, settings.grid));
    let is_few = settings.varies || settings.grid.is_some() || all.len() <= some.len();
    let reach = if settings.varies { side as f64 / 4.0 } else { NEAR };
    let agree = if settings.varies { side as f64 / 8.0 } else { AGREE };
    let independent = shared.pixels() as f64 / (side * side) as f64;
    let mut found = first;
    for windows in [some, all].iter().skip(usize::from(is_few)) {
        found.places = task.measure(windows, |window| Search { window, start: whole, reach, precision: Precision::Part })?;
        found.agreed = consensus(&found.points(), agree, independent);
        if let Ok(agreed) = found.agreed.clone() {
            found.mark(&agreed.used);
            if is_clear(&agreed, windows.len()) {
                break;
            }
        }
    }
    Ok(Some(found))
}

/// Whether so many tie points leave no doubt of a shift.
fn is_clear(agreed: &Consensus, asked: usize) -> bool {
    let used = agreed.used.iter().filter(|used| **used).count() as f64;
    used >= CLEAR_SHARE * asked as f64 && agreed.rows_error.max(agreed.cols_error) <= CLEAR_ERROR
}

/// Without the edge, where a window still finds room twice.
fn inset(window: Window, side: usize) -> Window {
    let room = |length: usize| if length >= 2 * EDGE + side + side / 2 { EDGE } else { 0 };
    let (y, x) = (room(window.rows), room(window.cols));
    Window { row: window.row + y as isize, col: window.col + x as isize, rows: window.rows - 2 * y, cols: window.cols - 2 * x }
}

/// Windows spread evenly over an area, from north to south and west to east.
fn layout(area: Window, side: usize, grid: Option<usize>) -> Vec<Window> {
    let starts = |first: isize, length: usize| -> Vec<isize> {
        let many = grid.unwrap_or_else(|| length.div_ceil(side).clamp(FIRST, MOST));
        let room = length.saturating_sub(side);
        (0..many).map(|i| first + (room * i / (many - 1).max(1)) as isize).collect()
    };
    let (rows, cols) = (starts(area.row, area.rows), starts(area.col, area.cols));
    rows.iter().flat_map(|row| cols.iter().map(|col| Window { row: *row, col: *col, rows: side, cols: side })).collect()
}

/// Work on tie points.
struct Task<'a, F> {
    matcher: Matcher,
    common: &'a Common,
    open: &'a F,
}

impl<F> Task<'_, F> {
    fn measure<R: Plane, M: Plane>(
        &self,
        windows: &[Window],
        search: impl Fn(Window) -> Search + Sync,
    ) -> Result<Vec<Place>, Fault>
    where
        F: Fn() -> Result<Pair<R, M>, Fault> + Sync,
    {
        let budget = self.common.budget();
        let mut progress = Progress::begin(self.common, "tie points", windows.len() as u64);
        let mut places = Vec::with_capacity(windows.len());
        map_in_order(
            windows,
            &budget,
            budget.in_flight((self.matcher.side().pow(2) * 96) as u64),
            || Ok::<_, Fault>(((self.open)()?, self.matcher.clone())),
            |(pair, matcher), &window| {
                let Pair { reference, moving } = pair;
                let measured = matcher.measure(search(window), |window| reference.read(window), |window| moving.read(window))?;
                Ok(Place { window, measured, used: false })
            },
            |place| {
                places.push(place);
                progress.step()
            },
        )?;
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_within_what_both_share_and_reach_its_edges() {
        let area = Window { row: -3, col: 10, rows: 700, cols: 300 };
        let side = side(area, 256).expect("room");
        assert_eq!(side, 144);
        let windows = layout(area, side, None);
        assert_eq!(windows.len(), 5 * 3);
        assert!(windows.iter().all(|window| window.intersect(area) == Some(*window)));
        assert_eq!((windows[0].row, windows[14].col + side as isize), (-3, 310));
        assert!(super::side(Window { rows: 47, ..area }, 256).is_none());
    }
}
