//! Whether a feature and a record meet for certain, by how well both are placed.
//!
//! A border on a map of 1:100 000 may lie 50 m off. A feature is certain to meet a record where some point of both lies deeper in the
//! record than both may be off, which moves neither out of the other; nearer to the border, on either side, it may meet it or not.
//! Farther off it lies outside.

use geo::coordinate_position::CoordPos;
use geo::{CoordsIter, Distance, Euclidean, InteriorPoint, Intersects, Line};
use geo_types::{Coord, Geometry, Rect};
use raster::Bounds;

use crate::measure::AreaMeasure;
use crate::nearness::{METRES_PER_DEGREE, distance_m};
use crate::source::RegistrySource;
use crate::surface::Surface;

/// Metres on the ground of what cannot be told apart on a map of 1:1, half a millimetre (the graphic error of cartography).
const GRAPHIC_ERROR_M: f64 = 0.0005;

/// Corners of an outline that are looked at, at most.
const CORNERS: usize = 64;

/// How sure it is that a feature and a record meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// They do, by more than both may be off.
    Certain,
    /// They may: they meet or nearly meet by less than both may be off.
    Possible,
    /// They do not, by more than both may be off: what a join by distance also tells of.
    Outside,
}

impl Position {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
            Self::Outside => "outside",
        }
    }
}

impl RegistrySource {
    /// How far the records of this source may lie off, metres: as it says, or by its scale; 0 where it says neither.
    pub fn position_error_m(&self) -> f64 {
        self.accuracy_m.or(self.scale.map(|denominator| denominator * GRAPHIC_ERROR_M)).unwrap_or(0.0)
    }
}

/// Half sides of a box that holds all within some metres of a place, in its coordinates.
pub(crate) fn reach(at: Coord<f64>, metres: f64, measure: AreaMeasure) -> (f64, f64) {
    match measure {
        AreaMeasure::Planar => (metres, metres),
        AreaMeasure::Geodesic => {
            let y = metres / METRES_PER_DEGREE;
            (y / at.y.to_radians().cos().max(0.01), y)
        }
    }
}

/// Two shapes and how far they may lie off.
pub(crate) struct Placed<'a> {
    pub(crate) feature: &'a Geometry<f64>,
    pub(crate) patch: Option<&'a Surface<'a>>,
    pub(crate) record: &'a Geometry<f64>,
    pub(crate) surface: Option<&'a Surface<'a>>,
    pub(crate) error_m: f64,
    pub(crate) measure: AreaMeasure,
}

impl Placed<'_> {
    /// The position of two that meet. `Certain` only where a point is found that shows it: a corner of one, or a point inside it.
    pub(crate) fn position(&self) -> Position {
        let is_shown = match (self.surface, self.patch) {
            (Some(surface), Some(patch)) => {
                let deep = |at: Coord<f64>| self.is_deep(surface, at);
                let within = |at: Coord<f64>| patch.position(at) != CoordPos::Outside && deep(at);
                corners(self.feature).any(deep)
                    || inside(self.feature).is_some_and(deep)
                    || corners(self.record).any(within)
                    || self.record.coords_count() <= CORNERS && inside(self.record).is_some_and(within)
            }
            (Some(surface), None) => corners(self.feature).any(|at| self.is_deep(surface, at)),
            (None, Some(patch)) => corners(self.record).any(|at| self.is_deep(patch, at)),
            (None, None) => false,
        };
        if is_shown || self.error_m <= 0.0 { Position::Certain } else { Position::Possible }
    }

    /// Whether a point lies in a surface with no edge within the error: within a square around it, which is a little more.
    fn is_deep(&self, surface: &Surface<'_>, at: Coord<f64>) -> bool {
        let (x, y) = reach(at, self.error_m, self.measure);
        let around = Bounds { west: at.x - x, south: at.y - y, east: at.x + x, north: at.y + y };
        surface.position(at) == CoordPos::Inside && !surface.has_edge_in(&around)
    }

    /// Metres between two that do not meet; `None` where one of them is empty.
    pub(crate) fn distance_m(&self) -> Option<f64> {
        match self.measure {
            AreaMeasure::Geodesic => distance_m(self.feature, self.record),
            AreaMeasure::Planar => Some(Euclidean.distance(self.feature, self.record)).filter(|metres| metres.is_finite()),
        }
    }
}

/// Corners of a shape, evenly picked where there are many.
fn corners(geometry: &Geometry<f64>) -> impl Iterator<Item = Coord<f64>> + '_ {
    let step = geometry.coords_count().div_ceil(CORNERS).max(1);
    geometry.coords_iter().step_by(step)
}

fn inside(geometry: &Geometry<f64>) -> Option<Coord<f64>> {
    geometry.interior_point().map(Into::into)
}

/// Whether an edge has a point in a box.
pub(crate) fn crosses(from: Coord<f64>, to: Coord<f64>, bounds: &Bounds) -> bool {
    let rect = Rect::new(Coord { x: bounds.west, y: bounds.south }, Coord { x: bounds.east, y: bounds.north });
    rect.intersects(&Line::new(from, to))
}
