use serde::Serialize;

use crate::matching::Shift;

/// Tie points that must agree, and their share of those that say anything.
const MIN_AGREEING: usize = 3;
const MIN_SHARE: f64 = 0.4;
/// Spreads by which a tie point may lie off the middle of those that agree, and the least distance in pixels that is an outlier.
const OUTLIER_SPREADS: f64 = 3.0;
const LEAST_OUTLIER: f64 = 0.05;
/// Times the median weight up to which a tie point counts more than others.
const MOST_WEIGHT: f64 = 10.0;

/// A shift measured at a place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TiePoint {
    /// Row of the window's middle on the reference's grid.
    pub row: f64,
    /// Column of the window's middle.
    pub col: f64,
    /// What was measured.
    pub shift: Shift,
}

/// One shift for the whole image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Consensus {
    /// Pixels to the south by which the moving image must be moved.
    pub rows: f64,
    /// Pixels to the east.
    pub cols: f64,
    /// Standard error of `rows`, from the spread of the tie points; windows that overlap are no more than what they cover.
    pub rows_error: f64,
    /// Standard error of `cols`.
    pub cols_error: f64,
    /// Root mean square distance of the tie points used from the shift, in pixels.
    pub spread: f64,
    /// Whether each tie point was used; the others lie too far off.
    pub used: Vec<bool>,
}

/// Why there is no shift that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum NoMatch {
    /// Too few tie points say anything.
    TooFew {
        /// Those that do.
        measured: usize,
        /// Those that are needed.
        needed: usize,
    },
    /// They say different things.
    Disagree {
        /// The most that agree.
        agreeing: usize,
        /// All that say anything.
        measured: usize,
    },
}

/// The shift on which tie points agree within `tolerance` pixels: the largest group, without what lies off by more than three robust
/// spreads, averaged by weight. `independent` is how many windows the covered ground makes, of which windows that overlap are not
/// more.
///
/// # Errors
/// [`NoMatch`] where fewer than 3 points say anything, or fewer than 3 or 40 % of them agree.
pub fn consensus(points: &[TiePoint], tolerance: f64, independent: f64) -> Result<Consensus, NoMatch> {
    if points.len() < MIN_AGREEING {
        return Err(NoMatch::TooFew { measured: points.len(), needed: MIN_AGREEING });
    }
    let off = |a: &TiePoint, rows: f64, cols: f64| (a.shift.rows - rows).hypot(a.shift.cols - cols);
    let near = |centre: &TiePoint| -> Vec<usize> {
        (0..points.len()).filter(|i| off(&points[*i], centre.shift.rows, centre.shift.cols) <= tolerance).collect()
    };
    // Of groups of one size the first.
    let mut group: Vec<usize> = Vec::new();
    for centre in points {
        let members = near(centre);
        if members.len() > group.len() {
            group = members;
        }
    }
    if group.len() < MIN_AGREEING || (group.len() as f64) < MIN_SHARE * points.len() as f64 {
        return Err(NoMatch::Disagree { agreeing: group.len(), measured: points.len() });
    }
    let middle = |of: &dyn Fn(&TiePoint) -> f64| median(group.iter().map(|i| of(&points[*i])).collect());
    let (rows, cols) = (middle(&|p| p.shift.rows), middle(&|p| p.shift.cols));
    let robust = |v: f64| OUTLIER_SPREADS * 1.4826 * v;
    let limit = robust(middle(&|p| off(p, rows, cols)) / 1.1774).max(LEAST_OUTLIER);
    let near: Vec<usize> = group.iter().copied().filter(|i| off(&points[*i], rows, cols) <= limit).collect();
    // Of a few points none can be told for the one that is wrong.
    let kept = if near.len() < MIN_AGREEING { group } else { near };
    let usual = median(kept.iter().map(|i| points[*i].shift.weight).collect());
    let weight = |i: usize| points[i].shift.weight.min(MOST_WEIGHT * usual).max(f64::MIN_POSITIVE);
    let total: f64 = kept.iter().map(|i| weight(*i)).sum();
    let mean = |of: &dyn Fn(&TiePoint) -> f64| kept.iter().map(|i| weight(*i) * of(&points[*i])).sum::<f64>() / total;
    let (rows, cols) = (mean(&|p| p.shift.rows), mean(&|p| p.shift.cols));
    let n = kept.len() as f64;
    let overlap = (n / independent.max(1.0)).max(1.0);
    let error = |of: &dyn Fn(&TiePoint) -> f64| {
        let squares: f64 = kept.iter().map(|i| (weight(*i) * of(&points[*i])).powi(2)).sum();
        (squares * n / (n - 1.0).max(1.0) * overlap).sqrt() / total
    };
    let square = kept.iter().map(|i| off(&points[*i], rows, cols).powi(2)).sum::<f64>() / n;
    Ok(Consensus {
        rows,
        cols,
        rows_error: error(&|p| p.shift.rows - rows),
        cols_error: error(&|p| p.shift.cols - cols),
        spread: square.sqrt(),
        used: (0..points.len()).map(|i| kept.contains(&i)).collect(),
    })
}

/// The middle of some numbers, the mean of both where there are two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { f64::midpoint(values[(n - 1) / 2], values[n / 2]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(rows: f64, cols: f64) -> TiePoint {
        let shift = Shift { rows, cols, correlation: 0.9, peak_ratio: 0.1, repeat_ratio: 0.3, weight: 1.0, seen: 1.0 };
        TiePoint { row: 0.0, col: 0.0, shift }
    }

    #[test]
    fn what_lies_off_does_not_move_the_shift() {
        let mut points: Vec<TiePoint> = (0..9).map(|i| point(1.5 + 0.01 * f64::from(i % 3 - 1), -2.0)).collect();
        points.extend([point(9.0, 4.0), point(1.9, -2.4), point(-7.0, 0.0)]);
        let found = consensus(&points, 1.0, 12.0).expect("a shift");
        assert!((found.rows - 1.5).abs() < 1e-9 && (found.cols + 2.0).abs() < 1e-9);
        assert_eq!(found.used.iter().filter(|used| **used).count(), 9);
        assert!(found.rows_error > 0.002 && found.rows_error < 0.004, "{}", found.rows_error);
    }

    #[test]
    fn of_three_points_none_is_left_out() {
        let found = consensus(&[point(1.0, 0.0), point(1.0, 0.001), point(1.6, 0.0)], 1.0, 3.0).expect("a shift");
        assert!(found.used.iter().all(|used| *used) && found.rows_error > 0.15, "{found:?}");
    }

    #[test]
    fn points_that_agree_by_chance_are_no_shift() {
        let scattered: Vec<TiePoint> = (0..12).map(|i| point(f64::from(i * 5 % 17), f64::from(i * 7 % 13))).collect();
        assert!(matches!(consensus(&scattered, 1.0, 12.0), Err(NoMatch::Disagree { .. })));
        assert_eq!(consensus(&scattered[..2], 1.0, 2.0), Err(NoMatch::TooFew { measured: 2, needed: 3 }));
    }
}
