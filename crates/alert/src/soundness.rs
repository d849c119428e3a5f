use std::collections::BTreeMap;

use geo::Intersects;
use geo_types::{Coord, Line, LineString, MultiPolygon, Point, Polygon};
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree, RTreeObject};

/// A segment, the ring it belongs to and its place there.
type Segment = GeomWithData<Line<f64>, (usize, usize)>;

/// A ring of one of the polygons.
struct Ring<'a> {
    /// Number of the polygon.
    polygon: usize,
    exterior: bool,
    line: &'a LineString<f64>,
}

/// Whether polygons of finite coordinates are valid (OGC 06-103r4, 6.1.11 and 6.1.14).
///
/// Rings meet in single common corners only, no ring meets itself, holes lie in their own exterior ring and in no other
/// hole, and no polygon lies in another one. That the interior of a polygon is connected is not looked at.
pub(crate) fn is_sound(polygons: &MultiPolygon<f64>) -> bool {
    let rings = rings_of_all(polygons);
    let tree = segment_tree(&rings);
    are_noded(&tree, &rings) && none_cross(&rings) && (0..rings.len()).all(|ring| is_nested(ring, &tree, &rings))
}

/// Whether rings meet in single common corners only and none meets itself, in time n log n for n corners.
pub(crate) fn is_noded(polygons: &MultiPolygon<f64>) -> bool {
    let rings = rings_of_all(polygons);
    are_noded(&segment_tree(&rings), &rings)
}

fn are_noded(tree: &RTree<Segment>, rings: &[Ring<'_>]) -> bool {
    !rings.is_empty()
        && rings.iter().all(|ring| ring.line.0.len() >= 4 && ring.line.is_closed())
        && tree.iter().all(|segment| meets_only_at_corners(segment, tree, rings))
}

/// Whether no two of noded rings pass through one another in a common corner.
fn none_cross(rings: &[Ring<'_>]) -> bool {
    let mut at: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for ring in rings {
        let corners = &ring.line.0[1..];
        for (place, corner) in corners.iter().enumerate() {
            let before = corners[(place + corners.len() - 1) % corners.len()];
            let after = corners[(place + 1) % corners.len()];
            let angle = |to: Coord<f64>| (to.y - corner.y).atan2(to.x - corner.x);
            // Adding 0 makes one of both zeros.
            at.entry(((corner.x + 0.0).to_bits(), (corner.y + 0.0).to_bits())).or_default().push((angle(before), angle(after)));
        }
    }
    let cross = |a: (f64, f64), b: (f64, f64)| {
        let turn = |angle: f64| (angle - a.0).rem_euclid(std::f64::consts::TAU);
        (turn(b.0) < turn(a.1)) != (turn(b.1) < turn(a.1))
    };
    at.values().all(|passes| (1..passes.len()).all(|i| passes[..i].iter().all(|first| !cross(*first, passes[i]))))
}

fn rings_of_all(polygons: &MultiPolygon<f64>) -> Vec<Ring<'_>> {
    polygons.iter().enumerate().flat_map(|(polygon, shape)| rings_of(polygon, shape)).collect()
}

fn segment_tree(rings: &[Ring<'_>]) -> RTree<Segment> {
    RTree::bulk_load(rings.iter().enumerate().flat_map(|(index, ring)| segments(index, ring.line)).collect())
}

fn rings_of(polygon: usize, shape: &Polygon<f64>) -> impl Iterator<Item = Ring<'_>> {
    let holes = shape.interiors().iter().map(move |line| Ring { polygon, exterior: false, line });
    std::iter::once(Ring { polygon, exterior: true, line: shape.exterior() }).chain(holes)
}

fn segments(ring: usize, line: &LineString<f64>) -> impl Iterator<Item = Segment> + '_ {
    line.lines().enumerate().map(move |(place, line)| Segment::new(line, (ring, place)))
}

fn meets_only_at_corners(segment: &Segment, tree: &RTree<Segment>, rings: &[Ring<'_>]) -> bool {
    let line = segment.geom();
    line.start != line.end
        && tree.locate_in_envelope_intersecting(&line.envelope()).all(|other| {
            other.data <= segment.data
                || !line.intersects(other.geom())
                || touches(segment, other, rings[segment.data.0].line.0.len() - 1)
        })
}

/// Whether two segments meet in one common end and nowhere else; those of one ring (of `count` segments) as neighbours only.
fn touches(a: &Segment, b: &Segment, count: usize) -> bool {
    let (p, q) = (a.geom(), b.geom());
    let (common, free_p, free_q) = if p.end == q.start {
        (p.end, p.start, q.end)
    } else if p.start == q.end {
        (p.start, p.end, q.start)
    } else if p.start == q.start {
        (p.start, p.end, q.end)
    } else if p.end == q.end {
        (p.end, p.start, q.start)
    } else {
        return false;
    };
    let gap = a.data.1.abs_diff(b.data.1);
    let allowed = a.data.0 != b.data.0 || gap == 1 || gap == count - 1;
    allowed
        && free_p != free_q
        && !Line::new(common, free_p).intersects(&free_q)
        && !Line::new(common, free_q).intersects(&free_p)
}

/// Whether a hole lies in its own exterior ring and nothing else, and an exterior ring in nothing but a hole.
fn is_nested(ring: usize, tree: &RTree<Segment>, rings: &[Ring<'_>]) -> bool {
    // What holds the ring by its exterior ring and lets it out by a hole adds up to nothing.
    let mut depth: BTreeMap<usize, i32> = BTreeMap::new();
    for around in rings_around(ring, tree, rings) {
        *depth.entry(rings[around].polygon).or_default() += if rings[around].exterior { 1 } else { -1 };
    }
    let own = depth.remove(&rings[ring].polygon).unwrap_or(0);
    own == i32::from(!rings[ring].exterior) && depth.values().all(|count| *count == 0)
}

/// The other rings that run around this one: those crossed an odd number of times by a ray east from the middle of an edge.
fn rings_around(ring: usize, tree: &RTree<Segment>, rings: &[Ring<'_>]) -> Vec<usize> {
    let corners = &rings[ring].line.0;
    let from = middle_of_steepest(corners);
    let east = tree.root().envelope().upper().x();
    let ray = AABB::from_corners(Point(from), Point::new(east.max(from.x), from.y));
    let mut crossed: BTreeMap<usize, bool> = BTreeMap::new();
    for segment in tree.locate_in_envelope_intersecting(&ray) {
        let line = segment.geom();
        if segment.data.0 != ring && (line.start.y > from.y) != (line.end.y > from.y) {
            let x = line.start.x + (from.y - line.start.y) / line.dy() * line.dx();
            if x > from.x {
                *crossed.entry(segment.data.0).or_default() ^= true;
            }
        }
    }
    crossed.into_iter().filter_map(|(index, odd)| odd.then_some(index)).collect()
}

/// A point on the ring that no other sound ring touches: the middle of the edge that climbs most.
fn middle_of_steepest(corners: &[Coord<f64>]) -> Coord<f64> {
    let climb = |pair: &&[Coord<f64>]| (pair[1].y - pair[0].y).abs();
    let edge = corners.windows(2).max_by(|a, b| climb(a).total_cmp(&climb(b)));
    edge.map_or(corners[0], |edge| (edge[0] + edge[1]) / 2.0)
}

#[cfg(test)]
mod tests {
    use geo::Validation;
    use geo_types::polygon;
    use proptest::prelude::*;

    use super::*;

    fn square(west: f64, south: f64, size: f64) -> LineString<f64> {
        let (east, north) = (west + size, south + size);
        LineString::from(vec![(west, south), (east, south), (east, north), (west, north), (west, south)])
    }

    fn shape(exterior: LineString<f64>, holes: Vec<LineString<f64>>) -> Polygon<f64> {
        Polygon::new(exterior, holes)
    }

    #[test]
    fn holes_and_islands_in_their_places_are_sound() {
        let with_hole = shape(square(0.0, 0.0, 9.0), vec![square(1.0, 1.0, 6.0)]);
        assert!(is_sound(&MultiPolygon::new(vec![with_hole.clone()])));
        assert!(is_sound(&MultiPolygon::new(vec![with_hole.clone(), shape(square(2.0, 2.0, 3.0), vec![])])));
        assert!(is_sound(&MultiPolygon::new(vec![with_hole, shape(square(9.0, 9.0, 3.0), vec![])])));
    }

    #[test]
    fn what_lies_in_the_wrong_place_is_not_sound() {
        let of = |polygons: Vec<Polygon<f64>>| is_sound(&MultiPolygon::new(polygons));
        assert!(!of(vec![]));
        assert!(!of(vec![shape(square(0.0, 0.0, 9.0), vec![square(10.0, 1.0, 3.0)])]));
        assert!(!of(vec![shape(square(0.0, 0.0, 9.0), vec![square(1.0, 1.0, 6.0), square(2.0, 2.0, 2.0)])]));
        assert!(!of(vec![shape(square(0.0, 0.0, 9.0), vec![]), shape(square(1.0, 1.0, 2.0), vec![])]));
        assert!(!of(vec![shape(square(0.0, 0.0, 9.0), vec![]), shape(square(9.0, 0.0, 9.0), vec![])]));
        assert!(!of(vec![polygon![(x: 0.0, y: 0.0), (x: 2.0, y: 2.0), (x: 2.0, y: 0.0), (x: 0.0, y: 2.0)]]));
        assert!(!of(vec![polygon![(x: 0.0, y: 0.0), (x: 3.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 2.0)]]));
    }

    #[test]
    fn polygons_that_pass_through_one_another_in_corners_are_not_sound() {
        let first = polygon![(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 4.0, y: 3.0), (x: 1.0, y: 3.0), (x: 0.0, y: 2.0)];
        let second = polygon![(x: 4.0, y: 3.0), (x: 0.0, y: 2.0), (x: 0.0, y: 4.0)];
        assert!(!is_sound(&MultiPolygon::new(vec![first, second])));
        let beside = polygon![(x: 4.0, y: 3.0), (x: 1.0, y: 3.5), (x: 0.0, y: 2.0), (x: 0.0, y: 4.0)];
        let below = polygon![(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 4.0, y: 3.0), (x: 1.0, y: 3.0), (x: 0.0, y: 2.0)];
        assert!(is_sound(&MultiPolygon::new(vec![below, beside])), "they touch in two corners");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_sound_is_valid(corners in prop::collection::vec((0_u8..5, 0_u8..5), 3..7), others in prop::collection::vec((0_u8..5, 0_u8..5), 3..5), hole: bool) {
            let ring = |corners: Vec<(u8, u8)>| corners.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect::<LineString<f64>>();
            let parts = if hole {
                vec![Polygon::new(ring(corners), vec![ring(others)])]
            } else {
                vec![Polygon::new(ring(corners), vec![]), Polygon::new(ring(others), vec![])]
            };
            let shape = MultiPolygon::new(parts);
            prop_assert!(!is_sound(&shape) || shape.is_valid(), "{:?}", shape);
        }
    }
}
