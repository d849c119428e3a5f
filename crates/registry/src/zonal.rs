use std::collections::BTreeMap;

use crate::coverage::CoveredRow;

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

    /// Adds the areas of another part of the zone.
    pub fn merge(&mut self, other: &Self) {
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
}
