use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use crate::label::{Component, Connectivity, Labeller, Run};

/// The outline of the pixels that sorted runs cover: x is the column and y the row of a pixel corner.
///
/// Pixels that share edges form one polygon; polygons of one outline touch at corners only. Rings are simple: where one
/// would pass a corner twice it is split into rings that touch there. Corners on a straight line are left out. Rings keep
/// pixels on the left: exterior rings run counter-clockwise on a north-up map, where y is south, and holes clockwise.
pub fn outline(runs: &[Run]) -> MultiPolygon<f64> {
    let mut parts = edge_connected(runs);
    parts.sort_unstable_by_key(|part| part.runs[0]);
    MultiPolygon::new(parts.iter().map(|part| polygon(&part.runs)).collect())
}

/// The parts whose pixels are connected over edges.
fn edge_connected(runs: &[Run]) -> Vec<Component<(), ()>> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
        return Vec::new();
    };
    let mut labeller = Labeller::new(Connectivity::Four, 1);
    let mut rest = runs;
    for row in first.row..=last.row {
        let count = rest.iter().take_while(|run| run.row == row).count();
        let (here, later) = rest.split_at(count);
        labeller.push_runs(here, (), |(), _| ());
        rest = later;
    }
    let mut parts = labeller.finish().0;
    for run in parts.iter_mut().flat_map(|part| &mut part.runs) {
        run.row += first.row;
    }
    parts
}

/// The one polygon of edge-connected pixels.
fn polygon(runs: &[Run]) -> Polygon<f64> {
    let mut exterior = LineString::new(Vec::new());
    let mut holes = Vec::new();
    for ring in Corners::of(runs).rings() {
        if runs_around_pixels(&ring) {
            exterior = ring;
        } else {
            holes.push(ring);
        }
    }
    Polygon::new(exterior, holes)
}

/// Whether the pixels lie inside the ring: its signed area is negative where y points south.
fn runs_around_pixels(ring: &LineString<f64>) -> bool {
    ring.lines().map(|line| line.determinant()).sum::<f64>() < 0.0
}

/// A corner at which the outline turns. Two corners share one place where pixels touch diagonally.
#[derive(Clone, Copy)]
struct Corner {
    col: u32,
    row: u32,
    /// The corner at the other end of the vertical edge.
    across: usize,
    /// Whether pixels lie south of the horizontal edge that starts or ends here.
    pixels_south: bool,
}

/// Every corner of an outline, by row, then column. Corners 2i and 2i + 1 are the ends of one horizontal edge.
struct Corners(Vec<Corner>);

/// A run's end in the row above: its column, and the corner at which its vertical edge began.
type Open = (u32, usize);

impl Corners {
    fn of(runs: &[Run]) -> Self {
        let mut corners = Self(Vec::new());
        let mut above: Vec<Open> = Vec::new();
        let mut below: Vec<Open> = Vec::new();
        let mut rest = runs;
        let Some(mut row) = runs.first().map(|run| run.row) else {
            return corners;
        };
        while !(rest.is_empty() && above.is_empty()) {
            let count = rest.iter().take_while(|run| run.row == row).count();
            corners.add_level(row, &above, &rest[..count], &mut below);
            rest = &rest[count..];
            std::mem::swap(&mut above, &mut below);
            row += 1;
        }
        corners
    }

    /// Adds the corners between the row above and the runs below, and leaves the latter's ends in `below`.
    ///
    /// Starts of runs stand at even places, ends at odd ones. Equal ends cancel: the edge goes straight on. Where an end
    /// meets a start the end goes first, so that the outlines of pixels which touch diagonally part there.
    fn add_level(&mut self, row: u32, above: &[Open], runs: &[Run], below: &mut Vec<Open>) {
        below.clear();
        let ends: Vec<u32> = runs.iter().flat_map(|run| [run.col_start, run.col_end]).collect();
        let (mut i, mut j) = (0, 0);
        while i < above.len() || j < ends.len() {
            let up = above.get(i).map_or(u32::MAX, |open| open.0);
            let down = ends.get(j).copied().unwrap_or(u32::MAX);
            if up == down && i % 2 == j % 2 {
                below.push(above[i]);
                i += 1;
                j += 1;
            } else if up < down || (up == down && i % 2 == 1) {
                let partner = above[i].1;
                self.0[partner].across = self.0.len();
                self.0.push(Corner { col: up, row, across: partner, pixels_south: i % 2 == 1 });
                i += 1;
            } else {
                below.push((down, self.0.len()));
                self.0.push(Corner { col: down, row, across: usize::MAX, pixels_south: j % 2 == 0 });
                j += 1;
            }
        }
    }

    /// Every ring, closed, pixels on its left on a north-up map.
    fn rings(&self) -> Vec<LineString<f64>> {
        let mut rings = Vec::new();
        let mut place = vec![usize::MAX; self.0.len()];
        let mut passed = vec![false; self.0.len()];
        for even in (0..self.0.len()).step_by(2) {
            if !passed[even] {
                // The south side of a horizontal edge lies on the left when the edge is walked westwards.
                let start = if self.0[even].pixels_south { even + 1 } else { even };
                self.walk(start, &mut passed, &mut place, &mut rings);
            }
        }
        rings
    }

    /// Walks from a corner along its horizontal edge until it is reached again, cutting off a ring at each place met twice.
    fn walk(&self, start: usize, passed: &mut [bool], place: &mut [usize], rings: &mut Vec<LineString<f64>>) {
        let mut path = Vec::new();
        let mut corner = start;
        loop {
            for next in [corner, corner ^ 1] {
                passed[next] = true;
                if let Some(twin) = self.twin(next)
                    && place[twin] != usize::MAX
                {
                    let cut = place[twin];
                    rings.push(self.ring(&path[cut..]));
                    for gone in path.drain(cut..) {
                        place[gone] = usize::MAX;
                    }
                }
                place[next] = path.len();
                path.push(next);
            }
            corner = self.0[corner ^ 1].across;
            if corner == start {
                break;
            }
        }
        rings.push(self.ring(&path));
        for gone in path {
            place[gone] = usize::MAX;
        }
    }

    /// The other corner at the same place.
    fn twin(&self, corner: usize) -> Option<usize> {
        let neighbour = if corner % 2 == 1 { corner + 1 } else { corner.wrapping_sub(1) };
        let (here, there) = (self.0[corner], self.0.get(neighbour)?);
        ((here.row, here.col) == (there.row, there.col)).then_some(neighbour)
    }

    fn ring(&self, path: &[usize]) -> LineString<f64> {
        let coord = |corner: &usize| Coord { x: f64::from(self.0[*corner].col), y: f64::from(self.0[*corner].row) };
        path.iter().chain(path.first()).map(coord).collect()
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area, Contains, Validation};
    use geo_types::Point;
    use proptest::prelude::*;

    use super::*;

    fn components(mask: &[Vec<bool>], connectivity: Connectivity) -> Vec<Component<bool, ()>> {
        let mut labeller = Labeller::new(connectivity, 1);
        for row in mask {
            labeller.push_row(row, |v| v.then_some(v), |(), _| ());
        }
        labeller.finish().0
    }

    fn mask(text: &[&str]) -> Vec<Vec<bool>> {
        text.iter().map(|row| row.chars().map(|c| c == '#').collect()).collect()
    }

    fn only_outline(text: &[&str]) -> MultiPolygon<f64> {
        let components = components(&mask(text), Connectivity::Eight);
        assert_eq!(components.len(), 1);
        outline(&components[0].runs)
    }

    fn is_rasterised_back(outline: &MultiPolygon<f64>, runs: &[Run], rows: usize, cols: usize) -> bool {
        (0..rows as u32).all(|row| {
            (0..cols as u32).all(|col| {
                let inside = runs.iter().any(|run| run.row == row && (run.col_start..run.col_end).contains(&col));
                outline.contains(&Point::new(f64::from(col) + 0.5, f64::from(row) + 0.5)) == inside
            })
        })
    }

    fn has_no_straight_corner(ring: &LineString<f64>) -> bool {
        let turn =
            |a: Coord<f64>, b: Coord<f64>, c: Coord<f64>| ((b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)).abs() > 0.5;
        let n = ring.0.len() - 1;
        (0..n).all(|i| turn(ring.0[(i + n - 1) % n], ring.0[i], ring.0[i + 1]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn every_outline_is_valid_with_the_area_of_its_pixels(
            mask in (1_usize..9, 1_usize..9).prop_flat_map(|(rows, cols)| {
                prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.6), cols), rows)
            }),
            eight: bool,
        ) {
            let connectivity = if eight { Connectivity::Eight } else { Connectivity::Four };
            for component in components(&mask, connectivity) {
                let outline = outline(&component.runs);
                prop_assert!(outline.is_valid(), "{:?}: {:?}", outline.validation_errors(), outline);
                prop_assert_eq!(outline.unsigned_area() as u64, component.pixels);
                prop_assert!(outline.0.iter().all(|part| part.signed_area() < 0.0));
                prop_assert!(outline.0.iter().all(|p| has_no_straight_corner(p.exterior()) && p.interiors().iter().all(has_no_straight_corner)));
                prop_assert!(is_rasterised_back(&outline, &component.runs, mask.len(), mask[0].len()));
                if !eight {
                    prop_assert_eq!(outline.0.len(), 1);
                }
            }
        }
    }

    #[test]
    fn pixels_that_touch_at_a_corner_are_two_polygons() {
        let outline = only_outline(&["#.", ".#"]);
        assert_eq!(outline.0.len(), 2);
        assert!(outline.is_valid());
    }

    #[test]
    fn a_hole_that_touches_the_outside_at_a_corner_is_a_ring_of_its_own() {
        let outline = only_outline(&[".###", "##.#", "####"]);
        assert_eq!((outline.0.len(), outline.0[0].interiors().len()), (1, 1));
        let pinched = only_outline(&["##.", "#.#", "###"]);
        assert_eq!((pinched.0.len(), pinched.0[0].interiors().len()), (1, 1));
        assert!(pinched.is_valid());
    }

    #[test]
    fn holes_that_touch_each_other_are_two_rings() {
        let outline = only_outline(&["####", "#.##", "##.#", "####"]);
        assert_eq!(outline.0[0].interiors().len(), 2);
        assert!(outline.is_valid());
    }
}
