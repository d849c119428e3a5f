use serde::Serialize;

use crate::consensus::{TiePoint, median};
use crate::linear::least_squares;

/// Tie points without which no trend is fitted.
const MIN_POINTS: usize = 6;
/// Spreads by which a tie point may lie off the trend, and the least distance in pixels that is an outlier.
const OUTLIER_SPREADS: f64 = 3.0;
const LEAST_OUTLIER: f64 = 0.1;
/// Triples of points from which a first trend is tried.
const TRIALS: usize = 500;
/// Neighbours with whose shifts a tie point's is compared.
const NEIGHBOURS: usize = 8;

/// Shifts that change evenly over the image: `rows` at a place is `rows[0] + rows[1] * row + rows[2] * col`, and so is `cols`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Pixels to the south.
    pub rows: [f64; 3],
    /// Pixels to the east.
    pub cols: [f64; 3],
    /// Root mean square distance of the tie points used from the trend, in pixels.
    pub spread: f64,
    /// Whether each tie point was used; the others lie too far off.
    pub used: Vec<bool>,
}

impl Trend {
    /// The shift at a place, in rows and columns.
    pub fn at(&self, row: f64, col: f64) -> (f64, f64) {
        let value = |c: &[f64; 3]| c[0] + c[1] * row + c[2] * col;
        (value(&self.rows), value(&self.cols))
    }
}

/// The affine trend that most tie points follow: least median of squares over triples, then least squares without what lies off.
/// `None` with fewer than 6 points, or with those that follow it fewer than 6 or half of all.
pub fn trend(points: &[TiePoint]) -> Option<Trend> {
    if points.len() < MIN_POINTS {
        return None;
    }
    let all: Vec<usize> = (0..points.len()).collect();
    let mut best: Option<(f64, Trend)> = None;
    for triple in triples(points.len()) {
        let Some(tried) = fit(points, &triple) else { continue };
        let middle = median(all.iter().map(|i| off(&tried, &points[*i])).collect());
        if best.as_ref().is_none_or(|(least, _)| middle < *least) {
            best = Some((middle, tried));
        }
    }
    let (mut middle, mut found) = best?;
    let mut kept = all.clone();
    for _ in 0..4 {
        let limit = (OUTLIER_SPREADS * 1.4826 * middle / 1.1774).max(LEAST_OUTLIER);
        kept = all.iter().copied().filter(|i| off(&found, &points[*i]) <= limit).collect();
        if kept.len() < MIN_POINTS || 2 * kept.len() < points.len() {
            return None;
        }
        found = fit(points, &kept)?;
        middle = median(kept.iter().map(|i| off(&found, &points[*i])).collect());
    }
    let square = kept.iter().map(|i| off(&found, &points[*i]).powi(2)).sum::<f64>() / kept.len() as f64;
    Some(Trend { spread: square.sqrt(), used: all.iter().map(|i| kept.contains(i)).collect(), ..found })
}

/// Whether each tie point's shift is that of its neighbours, give or take three robust spreads: what is not would fold a local warp.
pub fn consistent(points: &[TiePoint]) -> Vec<bool> {
    let differences: Vec<f64> = points
        .iter()
        .enumerate()
        .map(|(i, point)| {
            let mut others: Vec<(f64, &TiePoint)> = points
                .iter()
                .enumerate()
                .filter(|(j, _)| *j != i)
                .map(|(_, other)| ((other.row - point.row).hypot(other.col - point.col), other))
                .collect();
            others.sort_by(|a, b| a.0.total_cmp(&b.0));
            others.truncate(NEIGHBOURS);
            let middle = |of: &dyn Fn(&TiePoint) -> f64| median(others.iter().map(|(_, other)| of(other)).collect());
            (point.shift.rows - middle(&|p| p.shift.rows)).hypot(point.shift.cols - middle(&|p| p.shift.cols))
        })
        .collect();
    let limit = (OUTLIER_SPREADS * 1.4826 * median(differences.clone()) / 1.1774).max(LEAST_OUTLIER);
    differences.into_iter().map(|difference| difference <= limit).collect()
}

fn off(trend: &Trend, point: &TiePoint) -> f64 {
    let (rows, cols) = trend.at(point.row, point.col);
    (point.shift.rows - rows).hypot(point.shift.cols - cols)
}

fn fit(points: &[TiePoint], of: &[usize]) -> Option<Trend> {
    let rows: Vec<Vec<f64>> = of.iter().map(|i| vec![1.0, points[*i].row, points[*i].col]).collect();
    let right = |value: &dyn Fn(&TiePoint) -> f64| of.iter().map(|i| value(&points[*i])).collect::<Vec<f64>>();
    let fit = least_squares(&rows, &[right(&|p| p.shift.rows), right(&|p| p.shift.cols)])?;
    let three = |c: &[f64]| [c[0], c[1], c[2]];
    let (rows, cols) = (three(&fit.solutions[0]), three(&fit.solutions[1]));
    Some(Trend { rows, cols, spread: 0.0, used: Vec::new() })
}

/// Triples of places, all of them or an even choice, always the same.
fn triples(n: usize) -> impl Iterator<Item = [usize; 3]> {
    let many = n * (n - 1) * (n - 2) / 6;
    let step = many.div_ceil(TRIALS);
    let all = (0..n).flat_map(move |i| (i + 1..n).flat_map(move |j| (j + 1..n).map(move |k| [i, j, k])));
    all.step_by(step.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Shift;

    fn field(rows: impl Fn(f64, f64) -> f64, cols: impl Fn(f64, f64) -> f64) -> Vec<TiePoint> {
        let at = |i: usize| {
            let (row, col) = ((i / 6) as f64 * 100.0, (i % 6) as f64 * 100.0);
            let shift = Shift {
                rows: rows(row, col),
                cols: cols(row, col),
                correlation: 0.9,
                peak_ratio: 0.1,
                repeat_ratio: 0.3,
                weight: 1.0,
                seen: 1.0,
            };
            TiePoint { row, col, shift }
        };
        (0..36).map(at).collect()
    }

    #[test]
    fn a_rotation_is_found_beneath_outliers() {
        let mut points = field(|_, col| 1.0 + 0.01 * col, |row, _| -2.0 - 0.01 * row);
        for i in [3, 17, 20, 31] {
            points[i].shift.rows += 6.0;
        }
        let found = trend(&points).expect("a trend");
        let expected = [[1.0, 0.0, 0.01], [-2.0, -0.01, 0.0]];
        for (got, expected) in [found.rows, found.cols].iter().zip(expected) {
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{got:?}");
        }
        assert_eq!(found.used.iter().filter(|used| !**used).count(), 4);
        assert!(trend(&points[..5]).is_none());
    }

    #[test]
    fn a_point_unlike_its_neighbours_is_told() {
        let mut points = field(|row, _| (row / 200.0).sin(), |_, col| (col / 200.0).cos());
        points[14].shift.cols += 3.0;
        let kept = consistent(&points);
        assert!(!kept[14] && kept.iter().filter(|kept| **kept).count() >= 32, "{kept:?}");
    }
}
