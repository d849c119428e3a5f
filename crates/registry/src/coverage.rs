//! How much of each pixel polygons cover, exactly.
//!
//! Each edge leaves in the pixels of its rows the area that lies east of it, signed by its direction; their sum along a row is
//! the share that is covered (the accumulation of scanline rasterizers, Levien 2016). No pixel is sampled.

use alert::bounds_of;
use geo_types::{Coord, Geometry, LineString, Polygon};
use raster::{Bounds, Grid, Window};

use crate::measure::AreaMeasure;

/// A share of a pixel below which it is not covered: what sums of rounded numbers leave.
const NOISE: f64 = 1e-11;

/// Polygons in the pixels of a grid: x in columns, y in rows from the north-west corner.
#[derive(Debug)]
pub struct Zone {
    rings: Vec<Vec<Coord<f64>>>,
    bounds: Bounds,
}

/// Shares of the pixels of one row, from one column on.
#[derive(Debug, Clone, Copy)]
pub struct CoveredRow<'a> {
    /// Row of the grid.
    pub row: usize,
    /// Column of the first share.
    pub col: usize,
    /// Covered shares, 0 to 1.
    pub shares: &'a [f64],
}

impl Zone {
    /// The zone of a geometry in the coordinates of a grid; `None` where it is no surface.
    pub fn new(geometry: &Geometry<f64>, grid: &Grid) -> Option<Self> {
        let polygons: Vec<Polygon<f64>> = match geometry {
            Geometry::Polygon(polygon) => vec![polygon.clone()],
            Geometry::MultiPolygon(multi) => multi.0.clone(),
            Geometry::Rect(rect) => vec![rect.to_polygon()],
            Geometry::Triangle(triangle) => vec![triangle.to_polygon()],
            _ => return None,
        };
        let of = |polygon: &Polygon<f64>| {
            let holes = polygon.interiors().iter().map(|ring| pixels(ring, grid, false));
            std::iter::once(pixels(polygon.exterior(), grid, true)).chain(holes).collect::<Vec<_>>()
        };
        let rings: Vec<Vec<Coord<f64>>> = polygons.iter().flat_map(of).collect();
        let bounds = rings.iter().filter(|ring| !ring.is_empty()).map(|ring| bounds_of(ring)).reduce(Bounds::union)?;
        Some(Self { rings, bounds })
    }

    /// Area in pixels, also of what lies beyond the grid.
    pub fn pixels(&self) -> f64 {
        -self.rings.iter().map(|ring| twice_area(ring)).sum::<f64>() / 2.0
    }

    /// Rows of the grid that it touches; empty where it lies beyond.
    pub fn rows(&self, grid: &Grid) -> std::ops::Range<usize> {
        let row = |y: f64| y.clamp(0.0, grid.rows as f64);
        row(self.bounds.south).floor() as usize..row(self.bounds.north).ceil() as usize
    }

    /// Columns of the grid that it touches; empty where it lies beyond.
    pub fn cols(&self, grid: &Grid) -> std::ops::Range<usize> {
        let col = |x: f64| x.clamp(0.0, grid.cols as f64);
        col(self.bounds.west).floor() as usize..col(self.bounds.east).ceil() as usize
    }

    /// Calls with the covered shares of each row of a window of the grid; `scratch` is used again from zone to zone.
    pub fn cover(&self, grid: &Grid, window: Window, scratch: &mut Vec<f64>, mut each: impl FnMut(CoveredRow<'_>)) {
        let first = window.row.max(0) as usize;
        let end = first + window.rows;
        let (rows, cols) = (self.rows(grid), self.cols(grid));
        let rows = rows.start.max(first)..rows.end.min(end);
        if rows.is_empty() || cols.is_empty() {
            return;
        }
        let line = cols.len() + 2;
        scratch.clear();
        scratch.resize(rows.len() * line, 0.0);
        let mut sums = Sums { cells: scratch, line, width: cols.len() as f64, height: rows.len() as f64 };
        for ring in &self.rings {
            let moved = |c: &Coord<f64>| (c.x - cols.start as f64, c.y - rows.start as f64);
            for edge in ring.windows(2) {
                sums.add(moved(&edge[0]), moved(&edge[1]));
            }
        }
        for (row, cells) in rows.zip(scratch.chunks_exact_mut(line)) {
            let mut sum = 0.0;
            for cell in cells.iter_mut() {
                sum += *cell;
                *cell = if sum < NOISE { 0.0 } else { sum.min(1.0) };
            }
            each(CoveredRow { row, col: cols.start, shares: &cells[..cols.len()] });
        }
    }
}

/// Area of a pixel of a row: square metres on WGS 84 where the grid counts degrees, else the square of its own units.
pub fn pixel_area(grid: &Grid, row: usize) -> f64 {
    let measure = if grid.crs.geographic { AreaMeasure::Geodesic } else { AreaMeasure::Planar };
    let south = grid.north - (row + 1) as f64 * grid.step_y;
    measure.weight(south, grid.step_y).under(grid.step_x, grid.step_y, grid.step_y)
}

/// A ring in pixels, wound so that what it covers counts.
fn pixels(line: &LineString<f64>, grid: &Grid, shell: bool) -> Vec<Coord<f64>> {
    let place = |c: &Coord<f64>| Coord { x: (c.x - grid.west) / grid.step_x, y: (grid.north - c.y) / grid.step_y };
    let mut ring: Vec<Coord<f64>> = line.0.iter().map(place).collect();
    if (twice_area(&ring) < 0.0) != shell {
        ring.reverse();
    }
    ring
}

fn twice_area(ring: &[Coord<f64>]) -> f64 {
    let Some(&first) = ring.first() else { return 0.0 };
    ring.windows(2)
        .map(|edge| (edge[0].x - first.x) * (edge[1].y - first.y) - (edge[1].x - first.x) * (edge[0].y - first.y))
        .sum()
}

/// Areas east of edges, by pixel.
struct Sums<'a> {
    cells: &'a mut [f64],
    /// Cells a row.
    line: usize,
    width: f64,
    height: f64,
}

impl Sums<'_> {
    fn add(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let sign = if y1 < y2 { 1.0 } else { -1.0 };
        let ((x1, y1), (x2, y2)) = if y1 < y2 { ((x1, y1), (x2, y2)) } else { ((x2, y2), (x1, y1)) };
        let slope = (x2 - x1) / (y2 - y1);
        let at = |y: f64| {
            if y <= y1 {
                x1
            } else if y >= y2 {
                x2
            } else {
                x1 + (y - y1) * slope
            }
        };
        // A level edge leaves nothing.
        let (top, bottom) = (y1.max(0.0), y2.min(self.height));
        if top >= bottom {
            return;
        }
        let mut y = top;
        let mut x = at(y);
        for row in top.floor() as usize..bottom.ceil() as usize {
            let next = ((row + 1) as f64).min(bottom);
            let to = at(next);
            self.row(row, x, to, sign * (next - y));
            (x, y) = (to, next);
        }
    }

    /// Adds a run of an edge within one row, which climbs so much of it.
    fn row(&mut self, row: usize, from: f64, to: f64, climb: f64) {
        let cells = &mut self.cells[row * self.line..(row + 1) * self.line];
        let (west, east) = if from <= to { (from, to) } else { (to, from) };
        if east <= 0.0 {
            cells[0] += climb;
            return;
        }
        if west >= self.width || climb == 0.0 {
            return;
        }
        let rate = if east > west { climb / (east - west) } else { 0.0 };
        if west < 0.0 {
            cells[0] += -west * rate;
        }
        let (west, east) = (west.max(0.0), east.min(self.width));
        let (first, last) = (west.floor() as usize, (east.ceil() as usize).max(1) - 1);
        if first >= last {
            let climb = if rate == 0.0 { climb } else { rate * (east - west) };
            let part = climb * (west.midpoint(east) - first as f64);
            cells[first] += climb - part;
            cells[first + 1] += part;
            return;
        }
        for col in first..=last {
            let (a, b) = (west.max(col as f64), east.min((col + 1) as f64));
            let climb = rate * (b - a);
            let part = climb * (a.midpoint(b) - col as f64);
            cells[col] += climb - part;
            cells[col + 1] += part;
        }
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area as _, BooleanOps as _};
    use geo_types::{MultiPolygon, Rect, polygon};
    use proptest::prelude::*;
    use raster::Crs;

    use super::*;

    fn grid(rows: usize, cols: usize) -> Grid {
        let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
        Grid { crs, west: 500_000.0, north: 500_000.0, step_x: 10.0, step_y: 10.0, rows, cols }
    }

    fn shares(geometry: &Geometry<f64>, grid: &Grid, strip: usize) -> Vec<f64> {
        let zone = Zone::new(geometry, grid).expect("a zone");
        let mut all = vec![0.0; grid.rows * grid.cols];
        let mut scratch = Vec::new();
        for window in grid.strips(strip) {
            zone.cover(grid, window, &mut scratch, |covered| {
                for (i, share) in covered.shares.iter().enumerate() {
                    all[covered.row * grid.cols + covered.col + i] += share;
                }
            });
        }
        all
    }

    #[test]
    fn a_square_off_the_grid_lines_covers_quarters() {
        let grid = grid(3, 3);
        let square = Geometry::Rect(Rect::new((500_005.0, 499_975.0), (500_025.0, 499_995.0)));
        assert_eq!(shares(&square, &grid, 3), [0.25, 0.5, 0.25, 0.5, 1.0, 0.5, 0.25, 0.5, 0.25]);
        let beyond = Geometry::Rect(Rect::new((499_000.0, 499_000.0), (501_000.0, 501_000.0)));
        assert_eq!(shares(&beyond, &grid, 2), [1.0; 9]);
        let away = Geometry::Rect(Rect::new((400_000.0, 499_000.0), (400_001.0, 501_000.0)));
        assert_eq!(shares(&away, &grid, 2), [0.0; 9]);
    }

    #[test]
    fn a_hole_is_not_covered() {
        let holed = polygon!(
            exterior: [(x: 500_000.0, y: 499_970.0), (x: 500_030.0, y: 499_970.0), (x: 500_030.0, y: 500_000.0), (x: 500_000.0, y: 500_000.0)],
            interiors: [[(x: 500_010.0, y: 499_980.0), (x: 500_020.0, y: 499_980.0), (x: 500_020.0, y: 499_990.0), (x: 500_010.0, y: 499_990.0)]],
        );
        let grid = grid(3, 3);
        assert_eq!(shares(&holed.clone().into(), &grid, 1), [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert!((Zone::new(&holed.into(), &grid).expect("a zone").pixels() - 8.0).abs() < 1e-12);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn every_pixel_is_covered_as_a_cut_with_it_says(
            reaches in prop::collection::vec(0.2_f64..1.0, 3..30), x in -20.0_f64..140.0, y in -20.0_f64..140.0, radius in 3.0_f64..80.0,
        ) {
            let grid = grid(12, 12);
            let corner = |(i, reach): (usize, &f64)| {
                let angle = std::f64::consts::TAU * i as f64 / reaches.len() as f64;
                (500_000.0 + x + radius * reach * angle.cos(), 500_000.0 - y + radius * reach * angle.sin())
            };
            let star = Polygon::new(reaches.iter().enumerate().map(corner).collect(), vec![]);
            let got = shares(&star.clone().into(), &grid, 5);
            for row in 0..12 {
                for col in 0..12 {
                    let (west, north) = grid.corner(f64::from(row), f64::from(col));
                    let cell = Rect::new((west, north - 10.0), (west + 10.0, north)).to_polygon();
                    let expected = MultiPolygon(vec![star.clone()]).intersection(&MultiPolygon(vec![cell])).unsigned_area() / 100.0;
                    let share = got[row as usize * 12 + col as usize];
                    prop_assert!((share - expected).abs() < 1e-6, "{row} {col}: {share} {expected}");
                }
            }
        }
    }
}
