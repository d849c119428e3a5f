use crate::{RasterError, Window};

/// A coordinate reference system: its EPSG code where it has one, and its WKT.
#[derive(Debug, Clone)]
pub struct Crs {
    /// EPSG code, such as 32618.
    pub epsg: Option<u32>,
    /// Well-known text (any version that PROJ reads).
    pub wkt: String,
    /// Whether coordinates are degrees of longitude and latitude.
    pub geographic: bool,
}

impl Crs {
    /// What people call it: `EPSG:32618`, or without a code the name in its WKT with the method of its projection: `unknown (Sinusoidal)`.
    pub fn name(&self) -> String {
        let Some(code) = self.epsg else {
            let quoted = |from: &str| from.split('"').nth(1).filter(|name| !name.is_empty()).map(str::to_owned);
            let after = |word: &str| self.wkt.split_once(word).and_then(|(_, rest)| quoted(rest));
            let name = quoted(&self.wkt).unwrap_or_else(|| self.wkt.chars().take(60).collect());
            return match after("PROJECTION[").or_else(|| after("METHOD[")) {
                Some(method) => format!("{name} ({method})"),
                None => name,
            };
        };
        format!("EPSG:{code}")
    }

    /// What programs read: `EPSG:32618`, or the whole WKT of a system without a code.
    pub fn text(&self) -> String {
        self.epsg.map_or_else(|| self.wkt.clone(), |code| format!("EPSG:{code}"))
    }
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        match (self.epsg, other.epsg) {
            (Some(a), Some(b)) => a == b,
            _ => self.wkt == other.wkt,
        }
    }
}

/// A rectangle in the units of a CRS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest x.
    pub west: f64,
    /// Smallest y.
    pub south: f64,
    /// Largest x.
    pub east: f64,
    /// Largest y.
    pub north: f64,
}

impl Bounds {
    /// The smallest rectangle that holds both.
    pub fn union(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// Whether the two share any area.
    pub fn overlaps(self, other: Self) -> bool {
        self.west < other.east && other.west < self.east && self.south < other.north && other.south < self.north
    }

    /// This rectangle with `margin` more on each side.
    pub fn grow(self, margin: f64) -> Self {
        Self { west: self.west - margin, south: self.south - margin, east: self.east + margin, north: self.north + margin }
    }
}

/// Metres of a degree of latitude on a sphere of 6371 km.
const METRES_A_DEGREE: f64 = 111_195.0;

/// A north-up raster grid as a value: rows run south, columns run east from the north-west corner.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The reference system of the coordinates.
    pub crs: Crs,
    /// x of the west edge.
    pub west: f64,
    /// y of the north edge.
    pub north: f64,
    /// Width of a pixel in CRS units, positive.
    pub step_x: f64,
    /// Height of a pixel in CRS units, positive (y falls by it from row to row).
    pub step_y: f64,
    /// Number of rows (y).
    pub rows: usize,
    /// Number of columns (x).
    pub cols: usize,
}

impl Grid {
    /// The grid of these pixels whose edges are multiples of the step (counted from 0) and which covers the bounds.
    ///
    /// Snapping to multiples makes two areas of one system share their pixels.
    ///
    /// # Errors
    /// [`RasterError::Grid`] where the step or the bounds are no positive extent.
    pub fn covering(crs: Crs, bounds: Bounds, step_x: f64, step_y: f64) -> Result<Self, RasterError> {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        if !(positive(step_x) && positive(step_y) && positive(bounds.east - bounds.west) && positive(bounds.north - bounds.south))
        {
            return Err(RasterError::Grid { reason: format!("steps {step_x} x {step_y} over {bounds:?}") });
        }
        // A hair of tolerance keeps 600000.0000001 from costing a column.
        let first = |v: f64, step: f64| (v / step + 1e-6).floor();
        let last = |v: f64, step: f64| (v / step - 1e-6).ceil();
        let (col0, col1) = (first(bounds.west, step_x), last(bounds.east, step_x));
        let (row0, row1) = (last(bounds.north, step_y), first(bounds.south, step_y));
        Ok(Self {
            crs,
            west: col0 * step_x,
            north: row0 * step_y,
            step_x,
            step_y,
            rows: (row0 - row1).max(1.0) as usize,
            cols: (col1 - col0).max(1.0) as usize,
        })
    }

    /// Width and height of a pixel in metres; on a geographic grid those at its middle latitude on the WGS 84 sphere.
    pub fn pixel_m(&self) -> (f64, f64) {
        if !self.crs.geographic {
            return (self.step_x, self.step_y);
        }
        let middle = self.north - self.rows as f64 * self.step_y / 2.0;
        (self.step_x * METRES_A_DEGREE * middle.to_radians().cos(), self.step_y * METRES_A_DEGREE)
    }

    /// The affine coefficients in GDAL's order: x0, dx/dcol, dx/drow, y0, dy/dcol, dy/drow.
    pub fn geo_transform(&self) -> [f64; 6] {
        [self.west, self.step_x, 0.0, self.north, 0.0, -self.step_y]
    }

    /// x and y of a pixel corner; (0, 0) is the grid's north-west corner.
    pub fn corner(&self, row: f64, col: f64) -> (f64, f64) {
        (self.west + col * self.step_x, self.north - row * self.step_y)
    }

    /// The rectangle that the grid covers.
    pub fn bounds(&self) -> Bounds {
        self.window_bounds(self.window())
    }

    /// The rectangle that a window covers.
    pub fn window_bounds(&self, window: Window) -> Bounds {
        let (west, north) = self.corner(window.row as f64, window.col as f64);
        let (east, south) = self.corner((window.row + window.rows as isize) as f64, (window.col + window.cols as isize) as f64);
        Bounds { west, south, east, north }
    }

    /// The pixels that the bounds meet, also beyond the grid's edges; at least one.
    pub fn window_around(&self, bounds: Bounds) -> Window {
        // A hair of tolerance keeps 51.0000001 from costing a column.
        let first = |v: f64| (v + 1e-6).floor() as isize;
        let last = |v: f64| (v - 1e-6).ceil() as isize;
        let (col, row) = (first((bounds.west - self.west) / self.step_x), first((self.north - bounds.north) / self.step_y));
        let end_col = last((bounds.east - self.west) / self.step_x).max(col + 1);
        let end_row = last((self.north - bounds.south) / self.step_y).max(row + 1);
        Window { row, col, rows: (end_row - row) as usize, cols: (end_col - col) as usize }
    }

    /// The pixels of this grid that the bounds meet; `None` where they meet none.
    pub fn window_of(&self, bounds: Bounds) -> Option<Window> {
        self.window_around(bounds).intersect(self.window())
    }

    /// The whole grid as a window.
    pub fn window(&self) -> Window {
        Window { row: 0, col: 0, rows: self.rows, cols: self.cols }
    }

    /// The grid of one window of this grid.
    pub fn crop(&self, window: Window) -> Self {
        let (west, north) = self.corner(window.row as f64, window.col as f64);
        Self { west, north, rows: window.rows, cols: window.cols, ..self.clone() }
    }

    /// Full-width windows of `height` rows from north to south; the last may be lower. They cover each pixel once.
    pub fn strips(&self, height: usize) -> impl ExactSizeIterator<Item = Window> + '_ {
        let height = height.max(1);
        (0..self.rows.div_ceil(height)).map(move |i| {
            let row = i * height;
            Window { row: row as isize, col: 0, rows: height.min(self.rows - row), cols: self.cols }
        })
    }

    /// Windows of `rows` by `cols` pixels from north to south and west to east; the last of both may be smaller. They cover each
    /// pixel once.
    pub fn tiles(&self, rows: usize, cols: usize) -> impl Iterator<Item = Window> + '_ {
        let cols = cols.max(1);
        self.strips(rows).flat_map(move |strip| {
            let firsts = (0..strip.cols).step_by(cols);
            firsts.map(move |col| Window { col: col as isize, cols: cols.min(strip.cols - col), ..strip })
        })
    }

    /// The window of `other`'s pixels on this grid, where both share system, step and pixel edges; else `None`.
    pub fn aligned_window(&self, other: &Self) -> Option<Window> {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        if self.crs != other.crs || !close(self.step_x, other.step_x) || !close(self.step_y, other.step_y) {
            return None;
        }
        let col = (other.west - self.west) / self.step_x;
        let row = (self.north - other.north) / self.step_y;
        let whole = |v: f64| (v - v.round()).abs() < 1e-3;
        (whole(col) && whole(row)).then(|| Window {
            row: row.round() as isize,
            col: col.round() as isize,
            rows: other.rows,
            cols: other.cols,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utm() -> Crs {
        Crs { epsg: Some(32618), wkt: String::new(), geographic: false }
    }

    #[test]
    fn systems_without_a_code_have_a_name_for_people_and_a_text_that_tells_them_apart() {
        let of = |wkt: &str| Crs { epsg: None, wkt: wkt.to_owned(), geographic: false };
        let sphere = |radius: &str| {
            of(&format!(
                "PROJCS[\"unknown\",GEOGCS[\"unknown\",DATUM[\"unknown\",SPHEROID[\"unknown\",{radius},0]]],PROJECTION[\"Sinusoidal\"]]"
            ))
        };
        let (one, other) = (sphere("6371007.181"), sphere("6371000"));
        assert_eq!((one.name().as_str(), one == other, one.text() == other.text()), ("unknown (Sinusoidal)", false, false));
        let newer = "PROJCRS[\"Mars\",BASEGEOGCRS[\"x\"],CONVERSION[\"y\",METHOD[\"Mercator (variant A)\"]]]";
        assert_eq!(of(newer).name(), "Mars (Mercator (variant A))");
        assert_eq!((of("GEOGCS[\"WGS 66\"]").name().as_str(), of("odd").name().as_str()), ("WGS 66", "odd"));
        assert_eq!((utm().name(), utm().text()), ("EPSG:32618".to_owned(), "EPSG:32618".to_owned()));
    }

    #[test]
    fn a_covering_grid_lies_on_multiples_of_its_step() {
        let bounds = Bounds { west: 500_004.0, south: 99_991.0, east: 500_026.0, north: 100_010.0 };
        let grid = Grid::covering(utm(), bounds, 10.0, 10.0).expect("a grid");
        assert_eq!((grid.west, grid.north, grid.rows, grid.cols), (500_000.0, 100_010.0, 2, 3));
    }

    #[test]
    fn strips_cover_each_row_once() {
        let bounds = Bounds { west: 0.0, south: 0.0, east: 70.0, north: 1030.0 };
        let grid = Grid::covering(utm(), bounds, 10.0, 10.0).expect("a grid");
        for height in [1, 7, 128, 1000] {
            let mut next = 0;
            for strip in grid.strips(height) {
                assert_eq!((strip.row, strip.cols), (next, 7));
                next += strip.rows as isize;
            }
            assert_eq!(next, 103);
        }
    }

    #[test]
    fn a_crop_is_aligned_and_a_half_pixel_shift_is_not() {
        let bounds = Bounds { west: 300.0, south: 0.0, east: 400.0, north: 100.0 };
        let grid = Grid::covering(utm(), bounds, 10.0, 10.0).expect("a grid");
        let window = Window { row: -2, col: 3, rows: 4, cols: 5 };
        assert_eq!(grid.aligned_window(&grid.crop(window)), Some(window));
        assert_eq!(grid.aligned_window(&Grid { west: grid.west + 5.0, ..grid.clone() }), None);
    }

    #[test]
    fn bounds_become_pixels_of_the_grid_also_beyond_its_edges() {
        let grid = Grid { crs: utm(), west: 15.0, north: 105.0, step_x: 30.0, step_y: 30.0, rows: 3, cols: 3 };
        let bounds = Bounds { west: 0.0, south: 50.0, east: 45.0, north: 110.0 };
        assert_eq!(grid.window_around(bounds), Window { row: -1, col: -1, rows: 3, cols: 2 });
        assert_eq!(grid.window_of(bounds), Some(Window { row: 0, col: 0, rows: 2, cols: 1 }));
        assert_eq!(grid.window_of(Bounds { west: 200.0, east: 300.0, ..bounds }), None);
    }

    #[test]
    fn a_grid_without_extent_is_refused() {
        let bounds = Bounds { west: 0.0, south: 0.0, east: 0.0, north: 10.0 };
        assert!(Grid::covering(utm(), bounds, 10.0, 10.0).is_err());
        assert!(Grid::covering(utm(), Bounds { east: 10.0, ..bounds }, f64::NAN, 10.0).is_err());
    }
}
