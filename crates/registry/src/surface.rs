use std::borrow::Cow;

use alert::{RingTree, bounds_of, overlap};
use geo::coordinate_position::CoordPos;
use geo::kernels::{Kernel as _, Orientation, RobustKernel};
use geo_types::{Coord, Geometry, LineString, Polygon};
use raster::Bounds;

use crate::boxes::BoxTree;
use crate::measure::AreaMeasure;
use crate::position::crosses;
use crate::shared::{Filling, Piece, Window};

/// More rings than so many are searched by their boxes.
const MANY: usize = 32;

/// A share of a window's area below which two polygons only touch: what sums of rounded numbers leave.
const NOISE: f64 = 1e-13;

/// Polygons made ready for many questions.
#[derive(Debug)]
pub(crate) struct Surface<'a> {
    rings: Vec<Ring<'a>>,
    pub(crate) bounds: Bounds,
    /// Boxes of the rings, where there are many.
    boxes: Option<BoxTree>,
}

#[derive(Debug)]
struct Ring<'a> {
    corners: Cow<'a, [Coord<f64>]>,
    bounds: Bounds,
    tree: RingTree,
    /// +1 where the ring covers, walked counter-clockwise; -1 where it must be walked the other way to.
    sign: f64,
}

impl<'a> Ring<'a> {
    fn new(line: &'a LineString<f64>, shell: bool) -> Self {
        Self::of(Cow::Borrowed(line.0.as_slice()), shell)
    }

    fn of(corners: Cow<'a, [Coord<f64>]>, shell: bool) -> Self {
        let counter_clockwise = twice_area(&corners) > 0.0;
        let sign = if counter_clockwise == shell { 1.0 } else { -1.0 };
        Self { bounds: bounds_of(&corners), tree: RingTree::new(&corners), corners, sign }
    }
}

/// The shell of a polygon without holes.
fn alone<'a>(polygon: &Polygon<f64>) -> Ring<'a> {
    Ring::of(Cow::Owned(polygon.exterior().0.clone()), true)
}

/// Twice the signed area of a ring.
fn twice_area(corners: &[Coord<f64>]) -> f64 {
    let Some(&first) = corners.first() else { return 0.0 };
    corners
        .windows(2)
        .map(|edge| (edge[0].x - first.x) * (edge[1].y - first.y) - (edge[1].x - first.x) * (edge[0].y - first.y))
        .sum()
}

/// What is used again from one pair of polygons to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    record: Piece,
    patch: Piece,
}

/// Area that two surfaces share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shared {
    /// None, though they may touch.
    Nothing,
    /// All of the first.
    Whole,
    /// So many square metres, above 0.
    Part(f64),
}

impl<'a> Surface<'a> {
    /// The surface that a geometry is; `None` where it is none.
    pub(crate) fn new(geometry: &'a Geometry<f64>) -> Option<Self> {
        let polygons: &[Polygon<f64>] = match geometry {
            Geometry::Polygon(polygon) => std::slice::from_ref(polygon),
            Geometry::MultiPolygon(multi) => &multi.0,
            Geometry::Rect(rect) => return Self::of(vec![alone(&rect.to_polygon())]),
            Geometry::Triangle(triangle) => return Self::of(vec![alone(&triangle.to_polygon())]),
            _ => return None,
        };
        let rings = |polygon: &'a Polygon<f64>| {
            let holes = polygon.interiors().iter().map(|ring| Ring::new(ring, false));
            std::iter::once(Ring::new(polygon.exterior(), true)).chain(holes)
        };
        Self::of(polygons.iter().flat_map(rings).filter(|ring| !ring.corners.is_empty()).collect())
    }

    fn of(rings: Vec<Ring<'a>>) -> Option<Self> {
        let bounds = rings.iter().map(|ring| ring.bounds).reduce(Bounds::union)?;
        let boxes = (rings.len() > MANY)
            .then(|| BoxTree::new(rings.iter().enumerate().map(|(number, ring)| (number as u32, ring.bounds)).collect()));
        Some(Self { rings, bounds, boxes })
    }

    /// Calls with each ring whose box meets this one.
    fn rings_in(&self, bounds: &Bounds, mut found: impl FnMut(&Ring<'a>)) {
        match &self.boxes {
            Some(boxes) => boxes.meeting(bounds, |number| found(&self.rings[number as usize])),
            None => self.rings.iter().filter(|ring| overlap(&ring.bounds, bounds)).for_each(found),
        }
    }

    /// Whether an edge has a point in a box.
    pub(crate) fn has_edge_in(&self, bounds: &Bounds) -> bool {
        let mut found = false;
        self.rings_in(bounds, |ring| {
            // Both closures look at it.
            let met = std::cell::Cell::new(found);
            ring.tree.walk(
                |held, _| !met.get() && overlap(held, bounds),
                |edges| {
                    let pairs = ring.corners[edges.start..=edges.end].windows(2);
                    met.set(met.get() || pairs.into_iter().any(|edge| crosses(edge[0], edge[1], bounds)));
                },
            );
            found = met.get();
        });
        found
    }

    /// Calls with the ends of each edge that may have a point in a box.
    pub(crate) fn edges_in(&self, bounds: &Bounds, mut found: impl FnMut(Coord<f64>, Coord<f64>)) {
        self.rings_in(bounds, |ring| {
            ring.tree.walk(
                |held, _| overlap(held, bounds),
                |edges| ring.corners[edges.start..=edges.end].windows(2).for_each(|edge| found(edge[0], edge[1])),
            );
        });
    }

    /// Where a point lies (even-odd rule over all rings).
    pub(crate) fn position(&self, at: Coord<f64>) -> CoordPos {
        let ray = Bounds { west: at.x, south: at.y, east: self.bounds.east.max(at.x), north: at.y };
        let mut inside = false;
        let mut border = false;
        self.rings_in(&ray, |ring| {
            ring.tree.walk(
                |bounds, _| overlap(bounds, &ray),
                |edges| {
                    for edge in ring.corners[edges.start..=edges.end].windows(2) {
                        let (low, high) = if edge[0].y <= edge[1].y { (edge[0], edge[1]) } else { (edge[1], edge[0]) };
                        if low.y > at.y || high.y < at.y || low.x.max(high.x) < at.x {
                            continue;
                        }
                        let side = RobustKernel::orient2d(low, high, at);
                        border |= side == Orientation::Collinear && between(at.x, low.x, high.x);
                        inside ^= at.y < high.y && side == Orientation::CounterClockwise;
                    }
                },
            );
        });
        match (border, inside) {
            (true, _) => CoordPos::OnBoundary,
            (_, true) => CoordPos::Inside,
            _ => CoordPos::Outside,
        }
    }

    /// Fills the piece of this surface that lies in a window over a box.
    fn piece(&self, bounds: &Bounds, piece: &mut Piece) -> Filling {
        let size = (bounds.east - bounds.west, bounds.north - bounds.south);
        piece.clear();
        self.rings_in(bounds, |ring| {
            // Both closures fill the piece.
            let filled = std::cell::RefCell::new(&mut *piece);
            let corners = &ring.corners;
            ring.tree.walk(
                |held, edges| {
                    if held.north <= bounds.south || held.east <= bounds.west || held.west >= bounds.east {
                        return false;
                    }
                    if held.south >= bounds.north {
                        let (from, to) = (corners[edges.start].x - bounds.west, corners[edges.end].x - bounds.west);
                        filled.borrow_mut().add_above(from, to, size.0, ring.sign);
                        return false;
                    }
                    true
                },
                |edges| {
                    let mut filled = filled.borrow_mut();
                    let moved = |c: Coord<f64>| (c.x - bounds.west, c.y - bounds.south);
                    let mut from = moved(corners[edges.start]);
                    for corner in &corners[edges.start + 1..=edges.end] {
                        let to = moved(*corner);
                        filled.add_edge(from, to, size, ring.sign);
                        from = to;
                    }
                },
            );
        });
        piece.close(size)
    }

    /// Area of the whole surface, square metres, its edges straight in its coordinates.
    pub(crate) fn area(&self, measure: AreaMeasure, scratch: &mut Scratch) -> f64 {
        let window = Window::new(&self.bounds, measure);
        self.piece(&self.bounds, &mut scratch.patch);
        window.area(&scratch.patch)
    }

    /// What this surface shares with another one.
    pub(crate) fn shared(&self, record: &Surface<'_>, measure: AreaMeasure, scratch: &mut Scratch) -> Shared {
        let (a, b) = (&self.bounds, &record.bounds);
        let bounds = Bounds {
            west: a.west.max(b.west),
            south: a.south.max(b.south),
            east: a.east.min(b.east),
            north: a.north.min(b.north),
        };
        if bounds.west >= bounds.east || bounds.south >= bounds.north {
            return Shared::Nothing;
        }
        let window = Window::new(&bounds, measure);
        let filling = record.piece(&bounds, &mut scratch.record);
        if filling == Filling::Nothing {
            return Shared::Nothing;
        }
        if filling == Filling::Whole && bounds == *a {
            return Shared::Whole;
        }
        let area = match (self.piece(&bounds, &mut scratch.patch), filling) {
            (Filling::Nothing, _) => return Shared::Nothing,
            (Filling::Whole, _) => window.area(&scratch.record),
            (_, Filling::Whole) => window.area(&scratch.patch),
            _ => window.shared(&scratch.patch, &scratch.record),
        };
        let least = NOISE * window.whole() * (1.0 + (scratch.patch.len() + scratch.record.len()) as f64 / 64.0);
        if area > least { Shared::Part(area) } else { Shared::Nothing }
    }
}

fn between(value: f64, a: f64, b: f64) -> bool {
    a.min(b) <= value && value <= a.max(b)
}
