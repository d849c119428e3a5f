use geo::coordinate_position::CoordPos;
use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{BooleanOps, BoundingRect, LinesIter};
use geo_types::{Coord, Line, MultiPolygon, Point, Rect};
use rstar::{AABB, RTree};

use crate::clip::clip;
use crate::measure::{AreaMeasure, grown, polygons};

/// A share of a patch's box by which a record is cut larger than the box, so that no cut lies on the patch.
const MARGIN: f64 = 0.25;

/// A polygon record made ready for many questions: its edges stand in a tree.
pub(crate) struct Surface {
    polygons: MultiPolygon<f64>,
    bounds: Rect<f64>,
    edges: RTree<Line<f64>>,
}

/// The polygons of a feature, with what is asked of them again and again.
pub(crate) struct Patch<'m> {
    polygons: MultiPolygon<f64>,
    measure: AreaMeasure<'m>,
    pub(crate) bounds: Rect<f64>,
    pub(crate) area_cm2: i64,
}

impl<'m> Patch<'m> {
    /// The patch that a geometry is; `None` where it is no surface.
    pub(crate) fn new(geometry: &geo_types::Geometry<f64>, measure: AreaMeasure<'m>) -> Option<Self> {
        let polygons = polygons(geometry)?;
        let bounds = polygons.bounding_rect()?;
        Some(Self { area_cm2: measure.area_cm2(&polygons), bounds, polygons, measure })
    }
}

impl Surface {
    /// The surface that a geometry is; `None` where it is none.
    pub(crate) fn new(geometry: &geo_types::Geometry<f64>) -> Option<Self> {
        let polygons = polygons(geometry)?;
        let bounds = polygons.bounding_rect()?;
        let edges = RTree::bulk_load(polygons.lines_iter().collect());
        Some(Self { polygons, bounds, edges })
    }

    /// Where a point lies (even-odd rule over all rings).
    pub(crate) fn position(&self, at: Coord<f64>) -> CoordPos {
        if at.x > self.bounds.max().x {
            return CoordPos::Outside;
        }
        let ray = AABB::from_corners(Point::from(at), Point::new(self.bounds.max().x, at.y));
        let mut inside = false;
        for edge in self.edges.locate_in_envelope_intersecting(&ray) {
            let (low, high) = if edge.start.y <= edge.end.y { (edge.start, edge.end) } else { (edge.end, edge.start) };
            let side = RobustKernel::orient2d(low, high, at);
            if side == Orientation::Collinear && between(at.x, low.x, high.x) && between(at.y, low.y, high.y) {
                return CoordPos::OnBoundary;
            }
            inside ^= low.y <= at.y && at.y < high.y && side == Orientation::CounterClockwise;
        }
        if inside { CoordPos::Inside } else { CoordPos::Outside }
    }

    /// Area in square centimetres that the patch shares with this surface.
    pub(crate) fn overlap_cm2(&self, patch: &Patch<'_>) -> i64 {
        let (min, max) = (patch.bounds.min(), patch.bounds.max());
        let envelope = AABB::from_corners(Point::from(min), Point::from(max));
        if self.edges.locate_in_envelope_intersecting(&envelope).next().is_none() {
            return if self.position(min) == CoordPos::Inside { patch.area_cm2 } else { 0 };
        }
        let frame = grown(patch.bounds, MARGIN * patch.bounds.width(), MARGIN * patch.bounds.height());
        let shared = clip(&self.polygons, frame).intersection(&patch.polygons);
        patch.measure.area_cm2(&shared).min(patch.area_cm2)
    }
}

fn between(value: f64, a: f64, b: f64) -> bool {
    a.min(b) <= value && value <= a.max(b)
}

#[cfg(test)]
mod tests {
    use geo_types::{Geometry, polygon};

    use super::*;

    /// A square of 4 x 4 degrees with a hole of 1 x 1 in it.
    fn holed() -> Surface {
        let polygon = polygon!(
            exterior: [(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 4.0, y: 4.0), (x: 0.0, y: 4.0)],
            interiors: [[(x: 1.0, y: 1.0), (x: 2.0, y: 1.0), (x: 2.0, y: 2.0), (x: 1.0, y: 2.0)]],
        );
        Surface::new(&Geometry::Polygon(polygon)).expect("a surface")
    }

    fn square(x: f64, y: f64, side: f64) -> Patch<'static> {
        Patch::new(&Geometry::Rect(Rect::new((x, y), (x + side, y + side))), AreaMeasure::Geodesic).expect("a patch")
    }

    #[test]
    fn a_point_is_inside_outside_or_on_the_line() {
        let surface = holed();
        for (x, y, expected) in [
            (0.5, 0.5, CoordPos::Inside),
            (1.5, 1.5, CoordPos::Outside),
            (0.5, 1.0, CoordPos::Inside),
            (1.0, 1.5, CoordPos::OnBoundary),
            (4.0, 4.0, CoordPos::OnBoundary),
            (4.1, 2.0, CoordPos::Outside),
            (-1.0, 0.0, CoordPos::Outside),
        ] {
            assert_eq!(surface.position(Coord { x, y }), expected, "{x} {y}");
        }
    }

    #[test]
    fn a_patch_inside_shares_all_of_itself_and_one_in_the_hole_nothing() {
        let inside = square(3.0, 3.0, 0.1);
        assert_eq!(holed().overlap_cm2(&inside), inside.area_cm2);
        assert_eq!(holed().overlap_cm2(&square(1.4, 1.4, 0.1)), 0);
        assert_eq!(holed().overlap_cm2(&square(4.0, 1.0, 0.1)), 0);
    }

    #[test]
    fn a_patch_across_the_border_shares_the_part_within() {
        let half = holed().overlap_cm2(&square(3.95, 1.0, 0.1)) as f64;
        assert!((half / square(3.95, 1.0, 0.1).area_cm2 as f64 - 0.5).abs() < 1e-6);
        let corner = holed().overlap_cm2(&square(1.95, 0.95, 0.1)) as f64;
        assert!((corner / square(1.95, 0.95, 0.1).area_cm2 as f64 - 0.75).abs() < 1e-4);
    }
}
