use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Row;
use super::stage::Stage;

/// How a quantity grows with the area over the cases of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Growth {
    /// The series.
    pub(super) series: String,
    /// What grows: a stage's best time, the whole job's `processor` time, or its `peak` memory.
    pub(super) of: String,
    /// Sides of the areas, in pixels: the square root of their pixels; the one that measures the start is not among them.
    pub(super) sides: Vec<usize>,
    /// Least-squares slope of its logarithm over that of the pixels: 1 is linear, 0 is constant.
    pub(super) slope: f64,
    /// What a job takes of it whatever its area: that of the smallest case, where that has a 32nd of the next one's area at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<f64>,
    /// The slope of what goes beyond the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slope_beyond: Option<f64>,
    /// By how much it is multiplied where the area doubles, from the two largest areas.
    pub(super) doubling: f64,
}

/// The growth of every stage, of the whole job's processor time and of its peak, a series each, where there are two areas at least.
pub(super) fn growth(rows: &[Row]) -> Vec<Growth> {
    let mut series: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        series.entry(&row.series).or_default().push(row);
    }
    series.into_iter().flat_map(|(name, rows)| of_series(name, &rows)).collect()
}

fn of_series(name: &str, rows: &[&Row]) -> Vec<Growth> {
    let of = |what: &str, value: &dyn Fn(&Row) -> Option<f64>| {
        let mut points: Vec<Point> = rows.iter().filter_map(|row| Some((row.pixels(), value(row)?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (start, points) = start(&points);
        Some(Growth {
            series: name.to_owned(),
            of: what.to_owned(),
            sides: points.iter().map(|(pixels, _)| pixels.sqrt().round() as usize).collect(),
            slope: slope(points)?,
            start: start.map(|(_, value)| value),
            slope_beyond: start.and_then(|start| slope(&beyond(start, points))),
            doubling: doubling(points)?,
        })
    };
    let stages = Stage::ALL.into_iter().filter_map(|stage| of(stage.name(), &|row| Some(row.stage(stage)?.timing.best_s)));
    stages
        .chain(of("processor", &|row| row.processor_s))
        .chain(of("peak", &|row| row.peak_bytes.map(|bytes| bytes as f64)))
        .collect()
}

/// Pixels of a case, and what it took.
type Point = (f64, f64);

/// Pixels of the next case that one of the start has at the least.
const START: f64 = 32.0;

/// The case that measures the start, and the others.
fn start(points: &[Point]) -> (Option<Point>, &[Point]) {
    match points {
        [first, rest @ ..] if rest.len() > 1 && START * first.0 <= rest[0].0 => (Some(*first), rest),
        _ => (None, points),
    }
}

/// What the points have beyond the start.
fn beyond(start: Point, points: &[Point]) -> Vec<Point> {
    points.iter().map(|(pixels, value)| (pixels - start.0, value - start.1)).collect()
}

/// Least-squares slope of ln(y) over ln(x); `None` of fewer than two different x, or where a number is not above 0.
fn slope(points: &[Point]) -> Option<f64> {
    if points.iter().any(|(x, y)| !(*x > 0.0 && *y > 0.0)) {
        return None;
    }
    let count = points.len() as f64;
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = logs.iter().fold((0.0, 0.0), |sum, log| (sum.0 + log.0 / count, sum.1 + log.1 / count));
    let (across, along) = logs
        .iter()
        .fold((0.0, 0.0), |(across, along), (x, y)| (across + (x - mean.0) * (y - mean.1), along + (x - mean.0) * (x - mean.0)));
    (along > 1e-12).then(|| across / along)
}

/// By how much y is multiplied where x doubles, from the last two points (in order of x).
fn doubling(points: &[Point]) -> Option<f64> {
    let [.., smaller, larger] = points else { return None };
    slope(&[*smaller, *larger]).map(f64::exp2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-12)
    }

    #[test]
    fn a_line_has_slope_one_and_a_constant_none() {
        assert!(close(slope(&[(1.0, 3.0), (2.0, 6.0), (8.0, 24.0)]), 1.0));
        assert!(close(slope(&[(1.0, 5.0), (4.0, 5.0)]), 0.0));
        assert!(close(slope(&[(1.0, 1.0), (4.0, 2.0)]), 0.5));
    }

    #[test]
    fn a_slope_needs_two_areas() {
        assert_eq!(slope(&[(1.0, 3.0)]), None);
        assert_eq!(slope(&[(2.0, 3.0), (2.0, 4.0)]), None);
        assert_eq!(slope(&[(2.0, 0.0), (4.0, 4.0)]), None);
    }

    #[test]
    fn a_line_with_a_start_has_slope_one_beyond_it() {
        let line = |pixels: f64| (pixels, 0.5 + 2.0 * pixels);
        let points = [line(1.0), line(64.0), line(256.0), line(1024.0)];
        let (first, rest) = start(&points);
        assert_eq!(rest.len(), 3);
        assert!(close(slope(&beyond(first.expect("it is small"), rest)), 1.0));
        assert_eq!(start(&points[1..]).0, None);
        assert_eq!(start(&points[..2]).0, None);
    }

    #[test]
    fn doubling_is_that_of_the_two_largest() {
        assert!(close(doubling(&[(1.0, 9.0), (2.0, 10.0), (4.0, 11.0)]), 1.1));
        // Four times the area at twice the amount is 1.41 times a doubling.
        assert!(close(doubling(&[(1.0, 1.0), (4.0, 2.0)]), std::f64::consts::SQRT_2));
        assert_eq!(doubling(&[(1.0, 1.0)]), None);
    }
}
