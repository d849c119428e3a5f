//! The area that two polygons share, without the polygon.
//!
//! A polygon is the signed sum of the strips under its edges: `1(x, y) = sum of s_i [y < y_i(x)]`, with s = +1 for edges that run
//! west around a shell (counter-clockwise) and -1 for those that run east. The area that two polygons share is then the sum over
//! all pairs of edges of `s_i s_j` times the area under both, `min(y_i, y_j)`: it needs no crossing to be found in order, no
//! point to be told inside or outside, and touching corners, common edges and equal polygons are no special cases. Within a window
//! what lies above it is its top side, what lies below is nothing, so only edges near a small polygon are looked at. Windows with
//! many edges of both are cut in halves.

#![expect(clippy::float_cmp, reason = "ends that are copied are met to the bit, and signs are whole")]

use raster::Bounds;

use crate::measure::AreaMeasure;

/// Pairs of edges that are summed without cutting the window.
const PAIRS: usize = 1024;

/// As few edges of one polygon that no cutting pays.
const FEW: usize = 8;

/// Most cuts of a window.
const CUTS: usize = 48;

/// The upper side of a strip: an edge from west to east, relative to the south-west corner of its window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub(crate) west: f64,
    pub(crate) east: f64,
    /// Height at the west end.
    pub(crate) start: f64,
    /// Height at the east end.
    pub(crate) end: f64,
    /// +1 where the strip counts, -1 where it is taken off.
    pub(crate) sign: f64,
}

/// What of a polygon lies in a window.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    sides: Vec<Side>,
    /// Places along the top side where the cover of what lies above begins (+) or ends (-).
    steps: Vec<(f64, f64)>,
}

/// How a piece fills its window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// Not at all.
    Nothing,
    /// Wholly.
    Whole,
    /// Its sides tell.
    Part,
}

impl Piece {
    /// Empties it, for another polygon.
    pub(crate) fn clear(&mut self) {
        self.sides.clear();
        self.steps.clear();
    }

    /// Adds what lies above the window between two places, in the direction of the ring.
    pub(crate) fn add_above(&mut self, from: f64, to: f64, width: f64, sign: f64) {
        let (from, to) = (from.clamp(0.0, width), to.clamp(0.0, width));
        if from != to {
            self.steps.push((from, -sign));
            self.steps.push((to, sign));
        }
    }

    /// Adds an edge of a ring; of one that counts as a shell, `sign` is +1 where it runs counter-clockwise.
    pub(crate) fn add_edge(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), size: (f64, f64), sign: f64) {
        if x1 < x2 {
            self.add_side(Side { west: x1, east: x2, start: y1, end: y2, sign: -sign }, size);
        } else if x2 < x1 {
            self.add_side(Side { west: x2, east: x1, start: y2, end: y1, sign }, size);
        }
    }

    /// Adds a side, cut to the window.
    fn add_side(&mut self, side: Side, (width, height): (f64, f64)) {
        if side.east <= 0.0 || side.west >= width || (side.start <= 0.0 && side.end <= 0.0) {
            return;
        }
        let side = side.between(side.west.max(0.0), side.east.min(width));
        if side.start >= height && side.end >= height {
            self.cover(side.west, side.east, side.sign);
            return;
        }
        let (low, high) = (side.start.min(side.end), side.start.max(side.end));
        let mut inside = side;
        if high > height {
            let at = side.crossing(height);
            let (from, to) = if side.start > side.end { (side.west, at) } else { (at, side.east) };
            self.cover(from, to, side.sign);
            inside = if side.start > side.end {
                Side { west: at, start: height, ..inside }
            } else {
                Side { east: at, end: height, ..inside }
            };
        }
        if low < 0.0 {
            let at = side.crossing(0.0);
            inside = if side.start < side.end {
                Side { west: at, start: 0.0, ..inside }
            } else {
                Side { east: at, end: 0.0, ..inside }
            };
        }
        if inside.west < inside.east && (inside.start > 0.0 || inside.end > 0.0) {
            self.sides.push(inside);
        }
    }

    fn cover(&mut self, from: f64, to: f64, sign: f64) {
        if from < to {
            self.steps.push((from, sign));
            self.steps.push((to, -sign));
        }
    }

    /// Turns what lies above into sides along the top, and tells how the window is filled.
    pub(crate) fn close(&mut self, (width, height): (f64, f64)) -> Filling {
        let alone = self.sides.is_empty();
        if self.steps.len() > 1 {
            self.steps.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        let mut cover = 0.0;
        let mut pieces = 0;
        let mut whole = false;
        for pair in self.steps.windows(2) {
            cover += pair[0].1;
            if cover != 0.0 && pair[0].0 < pair[1].0 {
                let before = self.sides.last_mut().filter(|last| pieces > 0 && last.east == pair[0].0 && last.sign == cover);
                if let Some(before) = before {
                    before.east = pair[1].0;
                } else {
                    self.sides.push(Side { west: pair[0].0, east: pair[1].0, start: height, end: height, sign: cover });
                    pieces += 1;
                }
                let last = self.sides.last();
                whole = last.is_some_and(|side| side.west <= 0.0 && side.east >= width && side.sign == 1.0);
            }
        }
        self.steps.clear();
        match (alone, pieces) {
            (true, 0) => Filling::Nothing,
            (true, 1) if whole => Filling::Whole,
            _ => Filling::Part,
        }
    }

    /// Its area.
    pub(crate) fn area(&self, weight: &Weight) -> f64 {
        self.sides.iter().map(|side| side.sign * weight.under(side.east - side.west, side.start, side.end)).sum()
    }

    /// Number of sides.
    pub(crate) fn len(&self) -> usize {
        self.sides.len()
    }

    /// The part that lies in a window within this one's, whose corner lies at `corner`.
    fn part(&self, corner: (f64, f64), size: (f64, f64)) -> (Self, Filling) {
        let mut piece = Self::default();
        for side in &self.sides {
            let moved = Side {
                west: side.west - corner.0,
                east: side.east - corner.0,
                start: side.start - corner.1,
                end: side.end - corner.1,
                sign: side.sign,
            };
            piece.add_side(moved, size);
        }
        let filling = piece.close(size);
        (piece, filling)
    }
}

impl Side {
    fn slope(&self) -> f64 {
        (self.end - self.start) / (self.east - self.west)
    }

    /// Height at a place between the ends.
    fn at(&self, x: f64) -> f64 {
        // From the nearer end, so that both ends are met to the bit.
        if x - self.west <= self.east - x {
            self.start + (x - self.west) * self.slope()
        } else {
            self.end - (self.east - x) * self.slope()
        }
    }

    fn between(&self, west: f64, east: f64) -> Self {
        let start = if west == self.west { self.start } else { self.at(west) };
        let end = if east == self.east { self.end } else { self.at(east) };
        Self { west, east, start, end, sign: self.sign }
    }

    /// Where it passes a height that lies between those of its ends.
    fn crossing(&self, height: f64) -> f64 {
        let x = self.west + (height - self.start) / (self.end - self.start) * (self.east - self.west);
        x.clamp(self.west, self.east)
    }
}

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

/// A window: where it begins, and how large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) south: f64,
    pub(crate) size: (f64, f64),
    pub(crate) measure: AreaMeasure,
}

impl Window {
    /// The window over a box.
    pub(crate) fn new(bounds: &Bounds, measure: AreaMeasure) -> Self {
        Self { south: bounds.south, size: (bounds.east - bounds.west, bounds.north - bounds.south), measure }
    }

    /// Its own area, square metres.
    pub(crate) fn whole(&self) -> f64 {
        self.weight().under(self.size.0, self.size.1, self.size.1)
    }

    fn weight(&self) -> Weight {
        self.measure.weight(self.south, self.size.1)
    }

    /// Area of a piece of this window, square metres.
    pub(crate) fn area(&self, piece: &Piece) -> f64 {
        if !self.measure.is_tall(self.size.1) {
            return piece.area(&self.weight());
        }
        self.halves().into_iter().map(|(corner, half)| half.area(&piece.part(corner, half.size).0)).sum()
    }

    /// Area that two pieces of this window share, square metres.
    pub(crate) fn shared(&self, a: &Piece, b: &Piece) -> f64 {
        self.shared_cut(a, b, CUTS)
    }

    fn shared_cut(&self, a: &Piece, b: &Piece, cuts: usize) -> f64 {
        let many = a.len() * b.len() > PAIRS && a.len().min(b.len()) > FEW;
        if cuts == 0 || !(many || self.measure.is_tall(self.size.1)) {
            return pairs(&a.sides, &b.sides, &self.weight());
        }
        let share = |(corner, half): ((f64, f64), Self)| {
            let (a, fills_a) = a.part(corner, half.size);
            if fills_a == Filling::Nothing {
                return 0.0;
            }
            let (b, fills_b) = b.part(corner, half.size);
            match (fills_a, fills_b) {
                (_, Filling::Nothing) => 0.0,
                (Filling::Whole, _) => half.area(&b),
                (_, Filling::Whole) => half.area(&a),
                _ => half.shared_cut(&a, &b, cuts - 1),
            }
        };
        self.halves().into_iter().map(share).sum()
    }

    /// The two halves, cut across the longer side, each with its corner in this window.
    fn halves(&self) -> [((f64, f64), Self); 2] {
        let (width, height) = self.size;
        if height >= width || self.measure.is_tall(height) {
            let low = height / 2.0;
            let upper = Self { south: self.south + low, size: (width, height - low), ..*self };
            [((0.0, 0.0), Self { size: (width, low), ..*self }), ((0.0, low), upper)]
        } else {
            let left = width / 2.0;
            [((0.0, 0.0), Self { size: (left, height), ..*self }), ((left, 0.0), Self { size: (width - left, height), ..*self })]
        }
    }
}

fn pairs(a: &[Side], b: &[Side], weight: &Weight) -> f64 {
    let mut sum = 0.0;
    for one in b {
        for other in a {
            if other.west < one.east && one.west < other.east {
                sum += one.sign * other.sign * under_both(one, other, weight);
            }
        }
    }
    sum
}

/// Area under two sides whose places overlap.
fn under_both(a: &Side, b: &Side, weight: &Weight) -> f64 {
    let (west, east) = (a.west.max(b.west), a.east.min(b.east));
    let (a, b) = (a.between(west, east), b.between(west, east));
    let (start, end) = (b.start - a.start, b.end - a.end);
    let width = east - west;
    if start >= 0.0 && end >= 0.0 {
        weight.under(width, a.start, a.end)
    } else if start <= 0.0 && end <= 0.0 {
        weight.under(width, b.start, b.end)
    } else {
        let share = start / (start - end);
        let height = a.start + share * (a.end - a.start);
        let (first, last) = if start < 0.0 { (b.start, a.end) } else { (a.start, b.end) };
        weight.under(width * share, first, height) + weight.under(width * (1.0 - share), height, last)
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area as _, BooleanOps as _, GeodesicArea as _};
    use geo_types::{Geometry, LineString, MultiPolygon, Polygon, Rect, polygon};
    use proptest::prelude::*;

    use super::*;
    use crate::surface::{Scratch, Shared, Surface};

    fn area(a: &Geometry<f64>, b: &Geometry<f64>, measure: AreaMeasure) -> f64 {
        let (a, b) = (Surface::new(a).expect("a surface"), Surface::new(b).expect("a surface"));
        let mut scratch = Scratch::default();
        match a.shared(&b, measure, &mut scratch) {
            Shared::Nothing => 0.0,
            Shared::Whole => a.area(measure, &mut scratch),
            Shared::Part(area) => area,
        }
    }

    fn plane(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
        area(a, b, AreaMeasure::Planar)
    }

    fn square(west: f64, south: f64, size: f64) -> Geometry<f64> {
        Rect::new((west, south), (west + size, south + size)).to_polygon().into()
    }

    /// A star around a place, its reach by the corner.
    fn star(x: f64, y: f64, radius: f64, reaches: &[f64]) -> LineString<f64> {
        let corner = |(i, reach): (usize, &f64)| {
            let angle = std::f64::consts::TAU * i as f64 / reaches.len() as f64;
            (x + radius * reach * angle.cos(), y + radius * reach * angle.sin())
        };
        reaches.iter().enumerate().map(corner).collect()
    }

    fn holed(x: f64, y: f64, radius: f64, reaches: &[f64], clockwise: bool) -> Geometry<f64> {
        let mut shell = star(x, y, radius, reaches);
        if clockwise {
            shell.0.reverse();
        }
        Polygon::new(shell, vec![star(x, y, radius * 0.2, &[1.0, 0.8, 1.0, 0.6])]).into()
    }

    fn multi(geometry: &Geometry<f64>) -> MultiPolygon<f64> {
        match geometry {
            Geometry::Polygon(polygon) => MultiPolygon(vec![polygon.clone()]),
            Geometry::MultiPolygon(multi) => multi.clone(),
            other => panic!("{other:?} is no surface"),
        }
    }

    #[test]
    fn squares_share_what_they_share() {
        let unit = square(0.0, 0.0, 1.0);
        for (other, expected) in [
            (square(0.5, 0.5, 1.0), 0.25),
            (square(0.0, 0.0, 1.0), 1.0),
            (square(-1.0, -1.0, 3.0), 1.0),
            (square(0.25, 0.25, 0.5), 0.25),
            (square(1.0, 0.0, 1.0), 0.0),
            (square(1.0, 1.0, 1.0), 0.0),
            (square(0.5, 0.0, 1.0), 0.5),
            (square(0.0, -0.5, 1.0), 0.5),
            (square(5.0, 5.0, 1.0), 0.0),
        ] {
            assert!((plane(&unit, &other) - expected).abs() < 1e-12, "{other:?}");
            assert!((plane(&other, &unit) - expected).abs() < 1e-12, "{other:?}");
        }
    }

    #[test]
    fn a_common_border_is_no_common_area() {
        let reaches: Vec<f64> = (0..500).map(|i| 1.0 + 0.3 * f64::from(i * 7919 % 101) / 101.0).collect();
        let ring = star(4.6e6, 1.6e6, 5000.0, &reaches);
        let inner: Geometry<f64> = Polygon::new(ring.clone(), vec![]).into();
        let frame = square(4.59e6, 1.59e6, 20_000.0);
        let outer: Geometry<f64> = Polygon::new(multi(&frame).0[0].exterior().clone(), vec![ring]).into();
        assert_eq!(plane(&inner, &outer), 0.0);
        assert_eq!(plane(&outer, &inner), 0.0);
        assert!((plane(&inner, &inner) / inner.unsigned_area() - 1.0).abs() < 1e-12);
        assert!((plane(&frame, &inner) / inner.unsigned_area() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_comb_of_thousands_of_teeth_is_cut_until_it_fits() {
        let teeth = 5000;
        let comb = |dx: f64| -> Geometry<f64> {
            let mut ring = vec![(dx, -1.0)];
            ring.extend((0..teeth).flat_map(|i| {
                let x = dx + f64::from(i);
                [(x, 1000.0), (x + 0.5, 1000.0), (x + 0.5, 0.0), (x + 1.0, 0.0)]
            }));
            ring.push((dx + f64::from(teeth), -1.0));
            Polygon::new(LineString::from(ring), vec![]).into()
        };
        let (a, b) = (comb(0.0), comb(0.25));
        let width = f64::from(teeth) - 0.25;
        let expected = 0.25 * 1000.0 * f64::from(teeth) + width;
        assert!((plane(&a, &b) - expected).abs() < 1e-6 * expected, "{}", plane(&a, &b));
    }

    #[test]
    fn the_weight_is_that_of_the_ellipsoid() {
        for latitude in [-60.0, -5.0, 0.0, 4.0, 45.0, 75.0] {
            let cell: Geometry<f64> = polygon![
                (x: 10.0, y: latitude), (x: 10.3, y: latitude + 0.01), (x: 10.31, y: latitude + 0.4), (x: 10.1, y: latitude + 0.3),
            ]
            .into();
            let dense = geo::Densify::densify(&geo::Euclidean, &multi(&cell), 0.0005);
            let expected = dense.geodesic_area_unsigned();
            let got = area(&cell, &cell, AreaMeasure::Geodesic);
            assert!((got / expected - 1.0).abs() < 1e-6, "{latitude}: {got} {expected}");
        }
    }

    #[test]
    fn what_is_tall_is_weighed_by_bands() {
        let cell = square(-70.0, 40.0, 20.0);
        let dense = geo::Densify::densify(&geo::Euclidean, &multi(&cell), 0.01);
        let expected = dense.geodesic_area_unsigned();
        for other in [square(-71.0, 39.0, 30.0), cell.clone()] {
            let got = area(&cell, &other, AreaMeasure::Geodesic);
            assert!((got / expected - 1.0).abs() < 2e-6, "{got} {expected}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn stars_share_what_a_polygon_of_the_overlap_covers(
            a in prop::collection::vec(0.3_f64..1.0, 5..60),
            b in prop::collection::vec(0.3_f64..1.0, 5..200),
            x in -1.5_f64..1.5, y in -1.5_f64..1.5, scale in 0.1_f64..10.0, turned: bool, far: bool,
        ) {
            let (east, north) = if far { (4.6e6, 1.6e6) } else { (0.0, 0.0) };
            let one = holed(east, north, 100.0, &a, turned);
            let other = holed(east + 100.0 * x, north + 100.0 * y, 100.0 * scale, &b, !turned);
            let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
            let got = plane(&one, &other);
            prop_assert!((got - expected).abs() < 1e-4 * scale.max(1.0) + 1e-6 * expected, "{got} {expected}");
            prop_assert!((plane(&other, &one) - got).abs() < 1e-6);
        }

        #[test]
        fn corners_edges_in_common_share_what_a_polygon_of_the_overlap_covers(
            a in prop::collection::vec(1_u8..5, 3..9), b in prop::collection::vec(1_u8..5, 3..9), x in -4_i8..5, y in -4_i8..5,
        ) {
            // Stairs on whole numbers: nearly every pair touches somewhere, and runs along a common line.
            let stairs = |steps: &[u8], x: f64, y: f64| -> Geometry<f64> {
                let mut ring = vec![(x, y)];
                for (i, step) in steps.iter().enumerate() {
                    ring.push((x + i as f64, y + f64::from(*step)));
                    ring.push((x + i as f64 + 1.0, y + f64::from(*step)));
                }
                ring.push((x + steps.len() as f64, y));
                Polygon::new(LineString::from(ring), vec![]).into()
            };
            let (one, other) = (stairs(&a, 0.0, 0.0), stairs(&b, f64::from(x), f64::from(y)));
            let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
            prop_assert!((plane(&one, &other) - expected).abs() < 1e-6, "{} {expected}", plane(&one, &other));
        }

        #[test]
        fn large_polygons_share_the_same_however_the_window_is_cut(seed in 0_u32..1000) {
            let reach = |i: u32, salt: u32| 0.5 + f64::from((i * 7919 + seed * 31 + salt) % 997) / 1994.0;
            let a: Vec<f64> = (0..400).map(|i| reach(i, 1)).collect();
            let b: Vec<f64> = (0..300).map(|i| reach(i, 2)).collect();
            let (one, other) = (holed(0.0, 0.0, 100.0, &a, false), holed(40.0, -30.0, 90.0, &b, true));
            let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
            prop_assert!((plane(&one, &other) - expected).abs() < 1e-5 * expected, "{} {expected}", plane(&one, &other));
        }
    }
}
