use std::ops::Range;

use geo::kernels::{Kernel as _, Orientation, RobustKernel};
use geo_types::{Coord, Polygon};
use raster::Bounds;

use crate::ring_tree::{RingTree, bounds_of, overlap};

/// Whether polygons are valid beyond doubt: no two edges meet but neighbours in their common corner, and rings lie in one another as
/// shells and holes must.
///
/// Takes about linear time. `false` is no verdict: rings that touch in a point may be valid, and repeated corners are.
pub fn is_plainly_valid(polygons: &[Polygon<f64>]) -> bool {
    let rings: Vec<Ring<'_>> = polygons.iter().enumerate().flat_map(|(number, polygon)| rings(number, polygon)).collect();
    !rings.is_empty() && rings.iter().all(Ring::is_simple) && are_nested(&rings)
}

struct Ring<'a> {
    corners: &'a [Coord<f64>],
    bounds: Bounds,
    tree: RingTree,
    polygon: usize,
    shell: bool,
}

fn rings(polygon: usize, shape: &Polygon<f64>) -> impl Iterator<Item = Ring<'_>> {
    std::iter::once((shape.exterior(), true)).chain(shape.interiors().iter().map(|line| (line, false))).map(
        move |(line, shell)| {
            let corners = line.0.as_slice();
            Ring { corners, bounds: bounds_of(corners), tree: RingTree::new(corners), polygon, shell }
        },
    )
}

impl Ring<'_> {
    fn is_simple(&self) -> bool {
        let corners = self.corners;
        let closed = corners.len() >= 4 && corners.first() == corners.last();
        closed && !folds(corners) && !self.tree.any_pair(|a, b| any_meet(corners, a, b))
    }

    fn holds(&self, at: Coord<f64>) -> bool {
        let mut inside = false;
        let corners = self.corners;
        let odd = |first: usize, last: usize| (corners[first].x > at.x) != (corners[last].x > at.x);
        let passed = std::cell::Cell::new(false);
        self.tree.walk(
            |bounds, edges| {
                if bounds.west > at.x || bounds.east < at.x || bounds.north < at.y {
                    return false;
                }
                if bounds.south > at.y {
                    passed.set(passed.get() ^ odd(edges.start, edges.end));
                    return false;
                }
                true
            },
            |edges| {
                inside ^=
                    edges.filter(|&edge| odd(edge, edge + 1) && is_above(corners[edge], corners[edge + 1], at)).count() % 2 == 1;
            },
        );
        inside ^ passed.get()
    }
}

/// Whether an edge passes above a point between its ends.
fn is_above(a: Coord<f64>, b: Coord<f64>, at: Coord<f64>) -> bool {
    let (west, east) = if a.x < b.x { (a, b) } else { (b, a) };
    RobustKernel::orient2d(west, east, at) == Orientation::Clockwise
}

/// Whether an edge has no length, or runs back on the one before.
fn folds(corners: &[Coord<f64>]) -> bool {
    let last = corners.len() - 1;
    (0..last).any(|at| {
        let before = if at == 0 { corners[last - 1] } else { corners[at - 1] };
        let (here, after) = (corners[at], corners[at + 1]);
        let (back, on) = (before - here, after - here);
        let sharp = back.x * on.x + back.y * on.y > 0.0;
        here == after || sharp && RobustKernel::orient2d(before, here, after) == Orientation::Collinear
    })
}

/// Whether an edge of one run meets one of another run of the same ring that is no neighbour.
fn any_meet(corners: &[Coord<f64>], a: Range<usize>, b: Range<usize>) -> bool {
    let last = corners.len() - 2;
    let around = (a != b).then(|| (bounds_of(&corners[a.start..=a.end]), bounds_of(&corners[b.start..=b.end])));
    a.clone().any(|i| {
        let edge = span(corners, i);
        if around.as_ref().is_some_and(|(_, other)| !overlap(&edge, other)) {
            return false;
        }
        // Edge i + 1 is a neighbour; so are the first and the last.
        (b.start.max(i + 2)..b.end).any(|j| {
            let other = span(corners, j);
            overlap(&edge, &other) && !(i == 0 && j == last) && meet(corners, i, corners, j)
        })
    })
}

fn span(corners: &[Coord<f64>], edge: usize) -> Bounds {
    let (a, b) = (corners[edge], corners[edge + 1]);
    let (west, east) = if a.x < b.x { (a.x, b.x) } else { (b.x, a.x) };
    let (south, north) = if a.y < b.y { (a.y, b.y) } else { (b.y, a.y) };
    Bounds { west, south, east, north }
}

/// Whether two edges meet; in doubt they do.
fn meet(a: &[Coord<f64>], i: usize, b: &[Coord<f64>], j: usize) -> bool {
    let (p, q, r, s) = (a[i], a[i + 1], b[j], b[j + 1]);
    !beside(p, q, r, s) && !beside(r, s, p, q)
}

/// Whether both points lie on one side of a line.
fn beside(p: Coord<f64>, q: Coord<f64>, r: Coord<f64>, s: Coord<f64>) -> bool {
    let side = RobustKernel::orient2d(p, q, r);
    side != Orientation::Collinear && side == RobustKernel::orient2d(p, q, s)
}

/// Whether no ring meets another one, and each lies in its own shell and in no other polygon.
fn are_nested(rings: &[Ring<'_>]) -> bool {
    if rings.len() == 1 {
        return rings[0].shell;
    }
    let mut order: Vec<usize> = (0..rings.len()).collect();
    order.sort_unstable_by(|&a, &b| rings[a].bounds.west.total_cmp(&rings[b].bounds.west));
    let mut around: Vec<Vec<usize>> = vec![Vec::new(); rings.len()];
    let mut active: Vec<usize> = Vec::new();
    for &ring in &order {
        let here = &rings[ring];
        active.retain(|&other| rings[other].bounds.east >= here.bounds.west);
        for &other in active.iter().filter(|&&other| overlap(&rings[other].bounds, &here.bounds)) {
            let there = &rings[other];
            if here.tree.any_with(&there.tree, |a, b| any_meet_between(here.corners, a, there.corners, b)) {
                return false;
            }
            if contains(&there.bounds, &here.bounds) && there.holds(here.corners[0]) {
                around[ring].push(other);
            }
            if contains(&here.bounds, &there.bounds) && here.holds(there.corners[0]) {
                around[other].push(ring);
            }
        }
        active.push(ring);
    }
    rings.iter().zip(&around).all(|(ring, around)| is_placed(ring, around, rings))
}

fn any_meet_between(a: &[Coord<f64>], own: Range<usize>, b: &[Coord<f64>], theirs: Range<usize>) -> bool {
    let around = bounds_of(&b[theirs.start..=theirs.end]);
    own.into_iter().any(|i| {
        let edge = span(a, i);
        overlap(&edge, &around) && theirs.clone().any(|j| overlap(&edge, &span(b, j)) && meet(a, i, b, j))
    })
}

fn contains(outer: &Bounds, inner: &Bounds) -> bool {
    outer.west <= inner.west && inner.east <= outer.east && outer.south <= inner.south && inner.north <= outer.north
}

/// Whether the rings around one are those that may be: what a shell of another polygon takes in, one of its holes lets out.
fn is_placed(ring: &Ring<'_>, around: &[usize], rings: &[Ring<'_>]) -> bool {
    let own = around.iter().filter(|&&other| rings[other].polygon == ring.polygon);
    let own = own.map(|&other| if rings[other].shell { 1 } else { -1 }).sum::<i32>();
    if own != i32::from(!ring.shell) {
        return false;
    }
    let mut others: Vec<(usize, i32)> = around
        .iter()
        .filter(|&&other| rings[other].polygon != ring.polygon)
        .map(|&other| (rings[other].polygon, if rings[other].shell { 1 } else { -1 }))
        .collect();
    others.sort_unstable();
    others.chunk_by(|a, b| a.0 == b.0).all(|of_one| of_one.iter().map(|(_, step)| step).sum::<i32>() == 0)
}

#[cfg(test)]
mod tests {
    use geo::Validation as _;
    use geo_types::{LineString, MultiPolygon, polygon};
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
    fn holes_and_islands_in_their_places_are_valid() {
        let holed = shape(square(0.0, 0.0, 9.0), vec![square(1.0, 1.0, 6.0)]);
        assert!(is_plainly_valid(std::slice::from_ref(&holed)));
        assert!(is_plainly_valid(&[holed.clone(), shape(square(2.0, 2.0, 3.0), vec![])]));
        assert!(is_plainly_valid(&[shape(square(2.0, 2.0, 3.0), vec![]), holed.clone(), shape(square(20.0, 2.0, 3.0), vec![])]));
    }

    #[test]
    fn what_is_wrong_or_in_doubt_is_not_passed() {
        for wrong in [
            vec![],
            vec![shape(square(0.0, 0.0, 9.0), vec![square(10.0, 1.0, 3.0)])],
            vec![shape(square(0.0, 0.0, 9.0), vec![square(1.0, 1.0, 6.0), square(2.0, 2.0, 2.0)])],
            vec![shape(square(0.0, 0.0, 9.0), vec![]), shape(square(1.0, 1.0, 2.0), vec![])],
            vec![shape(square(0.0, 0.0, 9.0), vec![]), shape(square(9.0, 0.0, 9.0), vec![])],
            vec![polygon![(x: 0.0, y: 0.0), (x: 2.0, y: 2.0), (x: 2.0, y: 0.0), (x: 0.0, y: 2.0)]],
            vec![polygon![(x: 0.0, y: 0.0), (x: 3.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 2.0)]],
        ] {
            assert!(!is_plainly_valid(&wrong), "{wrong:?}");
        }
    }

    #[test]
    fn one_crossing_among_thousands_of_edges_is_found() {
        let corners = 3000;
        let at = |i: usize| {
            let angle = std::f64::consts::TAU * i as f64 / f64::from(corners);
            let reach = 1.0 + 0.2 * (40.0 * angle).sin();
            (reach * angle.cos(), reach * angle.sin())
        };
        let mut ring: Vec<(f64, f64)> = (0..corners as usize).map(at).collect();
        assert!(is_plainly_valid(&[shape(LineString::from(ring.clone()), vec![])]));
        ring.swap(1500, 1501);
        assert!(!is_plainly_valid(&[shape(LineString::from(ring.clone()), vec![])]));
        ring.swap(1500, 1501);
        ring[10] = ring[2900];
        assert!(!is_plainly_valid(&[shape(LineString::from(ring), vec![])]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_is_passed_is_valid(corners in prop::collection::vec((0_u8..6, 0_u8..6), 3..24), others in prop::collection::vec((0_u8..6, 0_u8..6), 3..5), hole: bool) {
            let ring = |corners: Vec<(u8, u8)>| corners.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect::<LineString<f64>>();
            let parts = if hole {
                vec![Polygon::new(ring(corners), vec![ring(others)])]
            } else {
                vec![Polygon::new(ring(corners), vec![]), Polygon::new(ring(others), vec![])]
            };
            prop_assert!(!is_plainly_valid(&parts) || MultiPolygon::new(parts.clone()).is_valid(), "{:?}", parts);
        }
    }
}
