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

/// The rows of a model, one a time: 1, trend, then the cosine and the sine of each harmonic.
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
            for harmonic in 1..=terms.order {
                let angle = std::f64::consts::TAU * harmonic as f64 * axis.cycles(*date);
                rows.extend([angle.cos(), angle.sin()]);
            }
        }
        Self { terms, rows, centre, scale, origin: first - 1.0 }
    }

    /// Number of coefficients.
    pub(crate) fn width(&self) -> usize {
        self.terms.width()
    }

    /// The row of a time.
    pub(crate) fn row(&self, time: usize) -> &[f64] {
        &self.rows[time * self.width()..][..self.width()]
    }

    /// Coefficients of one pixel in the units of the axis: the trend a unit of it, the first one unit before the first time.
    pub(crate) fn in_units(&self, mut coefficients: Vec<f64>) -> Vec<f64> {
        if self.terms.trend {
            coefficients[1] /= self.scale;
            coefficients[0] -= coefficients[1] * (self.centre - self.origin);
        }
        coefficients
    }
}
