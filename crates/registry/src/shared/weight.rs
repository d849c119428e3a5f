/// Area of a cell of the coordinates, by its height in the window: `scale (1 + first y + second y^2)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weight {
    scale: f64,
    first: f64,
    second: f64,
}

impl Weight {
    /// The same everywhere: coordinates in metres give square metres.
    pub(crate) const PLANE: Self = Self { scale: 1.0, first: 0.0, second: 0.0 };

    /// Square metres of WGS 84 a square degree, in a window of so many degrees' height; by the terms of second order around its middle.
    pub(crate) fn ellipsoid(south: f64, height: f64) -> Self {
        /// Equatorial radius in metres, and the square of the eccentricity.
        const RADIUS: f64 = 6_378_137.0;
        const ECCENTRICITY: f64 = 0.006_694_379_990_141_316;
        let degree = 1_f64.to_radians();
        let (s, c) = (south + height / 2.0).clamp(-89.9, 89.9).to_radians().sin_cos();
        let flat = 1.0 - ECCENTRICITY * s * s;
        let here = RADIUS * RADIUS * (1.0 - ECCENTRICITY) * c / (flat * flat) * degree * degree;
        // Derivatives of the logarithm.
        let slope = (-s / c + 4.0 * ECCENTRICITY * s * c / flat) * degree;
        let bend = (-1.0 / (c * c) + 4.0 * ECCENTRICITY * (c * c - s * s) / flat + 8.0 * (ECCENTRICITY * s * c / flat).powi(2))
            * degree
            * degree;
        let half = 0.5 * (slope * slope + bend);
        let middle = height / 2.0;
        // 1 + slope (y - m) + half (y - m)^2, by powers of y.
        let constant = 1.0 - slope * middle + half * middle * middle;
        Self { scale: here * constant, first: (slope - 2.0 * half * middle) / constant, second: half / constant }
    }

    /// Area under a straight line of heights over a width.
    pub(crate) fn under(&self, width: f64, start: f64, end: f64) -> f64 {
        if self.first == 0.0 {
            return self.scale * width * start.midpoint(end);
        }
        // Simpson's rule is exact for a cubic.
        let column = |y: f64| y * (1.0 + y * (self.first / 2.0 + y * self.second / 3.0));
        self.scale * width / 6.0 * (column(start) + 4.0 * column(start.midpoint(end)) + column(end))
    }
}
