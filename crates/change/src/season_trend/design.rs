use raster::Date;

use super::TimeAxis;

/// What a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Number of harmonics.
    pub(crate) order: usize,
    /// Whether there is a trend.
    pub(crate) trend: bool,
}

impl Terms {
    /// Number of coefficients.
    pub(crate) fn width(self) -> usize {
        1 + usize::from(self.trend) + 2 * self.order
    }
}

/// The rows of a model, one a time: 1, trend, then the cosines of the harmonics and their sines.
///
/// The trend is centred and scaled to 1, so that sums of its powers stay well conditioned.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    terms: Terms,
    rows: Vec<f64>,
    centre: f64,
    scale: f64,
    origin: f64,
}

impl Design {
    pub(crate) fn new(terms: Terms, axis: TimeAxis, dates: &[Date]) -> Self {
        let trends: Vec<f64> = dates.iter().map(|date| axis.trend(*date)).collect();
        let (first, last) = (trends.first().copied().unwrap_or(0.0), trends.last().copied().unwrap_or(0.0));
        let (centre, scale) = (f64::midpoint(first, last), ((last - first) / 2.0).max(1.0));
        let mut rows = Vec::with_capacity(dates.len() * terms.width());
        for (date, trend) in dates.iter().zip(&trends) {
            rows.push(1.0);
            if terms.trend {
                rows.push((trend - centre) / scale);
            }
            let angle = std::f64::consts::TAU * axis.cycles(*date);
            let harmonics = || (1..=terms.order).map(|harmonic| angle * harmonic as f64);
            rows.extend(harmonics().map(f64::cos));
            rows.extend(harmonics().map(f64::sin));
        }
        let origin = dates.first().map_or(0.0, |date| Self::origin(axis, *date));
        Self { terms, rows, centre, scale, origin }
    }

    /// The row of a day for coefficients [in units](Self::in_units) of a series that begins on `first`.
    pub(crate) fn plain(terms: Terms, axis: TimeAxis, first: Date, date: Date) -> Vec<f64> {
        let design = Self::new(terms, axis, &[date]);
        let mut row = design.rows;
        if terms.trend {
            row[1] = axis.trend(date) - Self::origin(axis, first);
        }
        row
    }

    /// What the trend of a series that begins on a day is counted from.
    fn origin(axis: TimeAxis, first: Date) -> f64 {
        if axis == TimeAxis::Calendar { 0.0 } else { axis.trend(first) - 1.0 }
    }

    /// The slope a unit of the axis, 0 without a trend.
    pub(crate) fn slope(&self, coefficient: impl Fn(usize) -> f64) -> f64 {
        if self.terms.trend { coefficient(1) / self.scale } else { 0.0 }
    }

    /// Number of coefficients.
    pub(crate) fn width(&self) -> usize {
        self.terms.width()
    }

    /// The row of a time.
    pub(crate) fn row(&self, time: usize) -> &[f64] {
        &self.rows[time * self.width()..][..self.width()]
    }

    /// Coefficients of one pixel in the units of the axis: the trend a unit of it, the first where the trend is 0. Steps and days of 365
    /// are counted from the first time, which is 1.
    pub(crate) fn in_units(&self, mut coefficients: Vec<f64>) -> Vec<f64> {
        if self.terms.trend {
            coefficients[1] /= self.scale;
            coefficients[0] -= coefficients[1] * (self.centre - self.origin);
        }
        coefficients
    }
}
