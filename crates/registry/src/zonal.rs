use std::collections::{BTreeMap, BTreeSet};

use crate::coverage::CoveredRow;

/// A block of the pixels of a raster.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Values by row and column, NaN where there is none.
    pub values: &'a [f32],
    /// Columns.
    pub width: usize,
    /// Row and column of the grid where the block begins.
    pub origin: (usize, usize),
}

impl<'a> Pixels<'a> {
    /// Values of the pixels of a row that a zone covers.
    pub fn under(&self, row: CoveredRow<'_>) -> &'a [f32] {
        let from = (row.row - self.origin.0) * self.width + row.col - self.origin.1;
        &self.values[from..from + row.shares.len()]
    }

    /// The class of the pixel so many rows and columns from one of the grid; `None` where it has no value or lies beyond the block.
    fn class(&self, (row, col): (usize, usize), (down, right): (isize, isize)) -> Option<i64> {
        let place = |at: usize, origin: usize, by: isize| (at - origin).checked_add_signed(by);
        let found = place(row, self.origin.0, down).zip(place(col, self.origin.1, right).filter(|col| *col < self.width));
        let value = found.and_then(|(row, col)| self.values.get(row * self.width + col));
        value.filter(|value| !value.is_nan()).map(|value| *value as i64)
    }
}

/// How far from a pixel those lie that it may be, by how well a raster and a zone are placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slack {
    /// Rows and columns.
    pub pixels: (usize, usize),
    /// Height and width of a pixel, metres.
    pub pixel_m: (f64, f64),
}

impl Slack {
    /// So many metres in pixels of that height and width.
    pub fn new(error_m: f64, pixel_m: (f64, f64)) -> Self {
        let pixels = |size: f64| (error_m / size).ceil() as usize;
        Self { pixels: (pixels(pixel_m.0), pixels(pixel_m.1)), pixel_m }
    }

    /// Steps to the pixels within it.
    fn steps(self) -> impl Iterator<Item = (isize, isize)> {
        let (rows, cols) = (self.pixels.0 as isize, self.pixels.1 as isize);
        (-rows..=rows).flat_map(move |row| (-cols..=cols).map(move |col| (row, col)))
    }

    /// Metres between a pixel and one so many steps away.
    fn gap_m(self, (rows, cols): (isize, isize)) -> f64 {
        let between = |steps: isize, size: f64| (steps.unsigned_abs().max(1) - 1) as f64 * size;
        between(rows, self.pixel_m.0).hypot(between(cols, self.pixel_m.1))
    }
}

/// Statistics of the pixels that a zone covers, each weighted by the share that it covers of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Covered shares of pixels with a value.
    pub count: f64,
    /// Sum of value times share.
    pub sum: f64,
    /// Smallest value of a pixel that is covered at all.
    pub min: f64,
    /// Largest value of a pixel that is covered at all.
    pub max: f64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { count: 0.0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Statistics {
    /// Mean; `None` where no pixel has a value.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }

    /// Adds a row; `values` are those of its pixels, NaN where there is none.
    pub fn add(&mut self, row: CoveredRow<'_>, values: &[f32]) {
        for (&share, &value) in row.shares.iter().zip(values) {
            if share > 0.0 && !value.is_nan() {
                let value = f64::from(value);
                self.count += share;
                self.sum += share * value;
                self.min = self.min.min(value);
                self.max = self.max.max(value);
            }
        }
    }

    /// Adds the statistics of another part of the zone.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// Area of each class that a zone covers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassAreas {
    /// Square metres by class number.
    pub square_metres: BTreeMap<i64, f64>,
    /// Classes of which a covered pixel has none but its own class around it, as far as it may be off: they are there for certain.
    pub certain: BTreeSet<i64>,
    /// Metres to the pixels of each class that may be covered by how well they are placed: 0 for those that are.
    pub near_m: BTreeMap<i64, f64>,
}

impl ClassAreas {
    /// Adds a row of pixels of so many square metres each; `values` are their classes, NaN where there is none.
    pub fn add(&mut self, row: CoveredRow<'_>, values: &[f32], pixel_m2: f64) {
        let mut run: Option<(i64, f64)> = None;
        for (&share, &value) in row.shares.iter().zip(values) {
            if share <= 0.0 || value.is_nan() {
                continue;
            }
            let class = value as i64;
            match &mut run {
                Some((last, sum)) if *last == class => *sum += share,
                _ => self.take(run.replace((class, share)), pixel_m2),
            }
        }
        self.take(run, pixel_m2);
    }

    fn take(&mut self, run: Option<(i64, f64)>, pixel_m2: f64) {
        if let Some((class, shares)) = run {
            *self.square_metres.entry(class).or_default() += shares * pixel_m2;
        }
    }

    /// Adds how sure the classes of a row and around it are.
    pub fn place(&mut self, row: CoveredRow<'_>, pixels: &Pixels<'_>, slack: Slack) {
        for (offset, _) in row.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let at = (row.row, row.col + offset);
            let own = pixels.class(at, (0, 0));
            let mut is_alone = true;
            for step in slack.steps() {
                let class = pixels.class(at, step);
                is_alone &= class == own;
                if let Some(class) = class.filter(|_| class != own) {
                    let near = self.near_m.entry(class).or_insert(f64::INFINITY);
                    *near = near.min(slack.gap_m(step));
                }
            }
            if let Some(own) = own {
                self.near_m.insert(own, 0.0);
                self.certain.extend(is_alone.then_some(own));
            }
        }
    }

    /// Adds the areas of another part of the zone.
    pub fn merge(&mut self, other: &Self) {
        self.certain.extend(&other.certain);
        for (class, metres) in &other.near_m {
            let near = self.near_m.entry(*class).or_insert(f64::INFINITY);
            *near = near.min(*metres);
        }
        for (class, square_metres) in &other.square_metres {
            *self.square_metres.entry(*class).or_default() += square_metres;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: CoveredRow<'static> = CoveredRow { row: 0, col: 0, shares: &[0.5, 1.0, 0.25, 0.0] };

    #[test]
    fn what_has_no_value_or_is_not_covered_does_not_count() {
        let mut statistics = Statistics::default();
        statistics.add(ROW, &[2.0, f32::NAN, 6.0, 99.0]);
        assert_eq!(statistics, Statistics { count: 0.75, sum: 2.5, min: 2.0, max: 6.0 });
        assert_eq!(Statistics::default().mean(), None);
    }

    #[test]
    fn classes_get_their_covered_area() {
        let mut areas = ClassAreas::default();
        areas.add(ROW, &[1.0, 1.0, 2.0, 3.0], 100.0);
        areas.merge(&areas.clone());
        assert_eq!(areas.square_metres, BTreeMap::from([(1, 300.0), (2, 50.0)]));
    }

    #[test]
    fn a_class_is_certain_where_nothing_else_is_as_near_as_it_may_be_off() {
        // Three rows of seven pixels of 10 m: forest in the west, pasture in the east, no value in the far east.
        let row = [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, f32::NAN];
        let values = [row, row, row].concat();
        let pixels = Pixels { values: &values, width: 7, origin: (5, 10) };
        let placed = |col: usize, shares: &[f64], error_m: f64| {
            let mut areas = ClassAreas::default();
            areas.place(CoveredRow { row: 6, col, shares }, &pixels, Slack::new(error_m, (10.0, 10.0)));
            (areas.certain.into_iter().collect::<Vec<_>>(), areas.near_m.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(placed(11, &[0.5], 5.0), (vec![1], vec![(1, 0.0)]));
        assert_eq!(placed(13, &[0.5], 5.0), (vec![], vec![(1, 0.0), (2, 0.0)]), "pasture begins next to it");
        assert_eq!(placed(12, &[0.5, 0.0], 5.0), (vec![1], vec![(1, 0.0)]), "what is not covered does not count");
        assert_eq!(placed(12, &[1.0], 15.0), (vec![], vec![(1, 0.0), (2, 10.0)]), "20 m around it reach beyond the block too");
        assert_eq!(placed(15, &[1.0], 5.0), (vec![], vec![(2, 0.0)]), "what has no value may be anything");
    }
}
