use std::collections::{BTreeMap, BTreeSet};

use geo::{Area, Contains};
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};

/// A corner of pixels as (row, column).
type Corner = (isize, isize);

/// The outline of a set of (row, column) pixels, with x = column and y = row of pixel corners.
///
/// Pixels that touch only at a corner are parts of their own. Rings that run around pixels wind one way and become
/// exteriors, the others become holes of the exterior that holds them.
pub(crate) fn outline(pixels: &[(usize, usize)]) -> MultiPolygon<f64> {
    let (outer, inner): (Vec<_>, Vec<_>) = rings(pixels).into_iter().partition(|ring| signed_area(ring) > 0.0);
    let mut polygons: Vec<Polygon<f64>> = outer.into_iter().map(|ring| Polygon::new(ring, Vec::new())).collect();
    for hole in inner {
        let Some(start) = hole.0.first().copied() else { continue };
        let next = hole.0[1];
        // A quarter pixel to the left of the first edge lies in the hole's empty side; it is inside the one exterior.
        let (dx, dy) = ((next.x - start.x).signum(), (next.y - start.y).signum());
        let probe = Point::new(start.x + 0.5 * dx + 0.25 * dy, start.y + 0.5 * dy - 0.25 * dx);
        let holder = polygons.iter_mut().filter(|p| p.contains(&probe));
        if let Some(polygon) = holder.min_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area())) {
            polygon.interiors_push(hole);
        }
    }
    MultiPolygon::new(polygons)
}

fn signed_area(ring: &LineString<f64>) -> f64 {
    ring.lines().map(|l| l.start.x * l.end.y - l.end.x * l.start.y).sum::<f64>() / 2.0
}

/// The directed rings around the pixels: the set always lies on the same side of the way.
fn rings(pixels: &[(usize, usize)]) -> Vec<LineString<f64>> {
    let mut edges = directed_edges(pixels);
    let mut rings = Vec::new();
    while let Some((start, second)) = edges.first_key_value().map(|(&start, ends)| (start, ends[0])) {
        let mut way = vec![start, second];
        remove_edge(&mut edges, start, second);
        while way[way.len() - 1] != start {
            let (before, here) = (way[way.len() - 2], way[way.len() - 1]);
            let Some(next) = edges.get(&here).map(|ends| turn(before, here, ends)) else { break };
            remove_edge(&mut edges, here, next);
            way.push(next);
        }
        rings.push(corners(&way).into_iter().map(|(row, col)| Coord { x: col as f64, y: row as f64 }).collect());
    }
    rings
}

fn directed_edges(pixels: &[(usize, usize)]) -> BTreeMap<Corner, Vec<Corner>> {
    let set: BTreeSet<Corner> = pixels.iter().map(|&(row, col)| (row as isize, col as isize)).collect();
    let mut edges: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for &(r, c) in &set {
        let sides = [
            ((r - 1, c), (r, c), (r, c + 1)),
            ((r, c + 1), (r, c + 1), (r + 1, c + 1)),
            ((r + 1, c), (r + 1, c + 1), (r + 1, c)),
            ((r, c - 1), (r + 1, c), (r, c)),
        ];
        for (neighbour, from, to) in sides {
            if !set.contains(&neighbour) {
                edges.entry(from).or_default().push(to);
            }
        }
    }
    edges
}

fn remove_edge(edges: &mut BTreeMap<Corner, Vec<Corner>>, from: Corner, to: Corner) {
    if let Some(ends) = edges.get_mut(&from) {
        ends.retain(|end| *end != to);
        if ends.is_empty() {
            edges.remove(&from);
        }
    }
}

/// Where two ways leave a corner, the one that turns toward the set, so that pixels which touch at it stay apart.
fn turn(before: Corner, here: Corner, ends: &[Corner]) -> Corner {
    let (dr, dc) = (here.0 - before.0, here.1 - before.1);
    let right = (here.0 + dc, here.1 - dr);
    if ends.contains(&right) { right } else { ends[0] }
}

/// A closed way without the corners at which it goes straight on.
fn corners(way: &[Corner]) -> Vec<Corner> {
    let closed = &way[..way.len() - 1];
    let n = closed.len();
    let bends = |i: usize| {
        let (a, b, c) = (closed[(i + n - 1) % n], closed[i], closed[(i + 1) % n]);
        (b.0 - a.0, b.1 - a.1) != (c.0 - b.0, c.1 - b.1)
    };
    let mut kept: Vec<Corner> = (0..n).filter(|&i| bends(i)).map(|i| closed[i]).collect();
    kept.extend(kept.first().copied());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_the_area_of_its_pixels() {
        let ring: Vec<(usize, usize)> = (0..5).flat_map(|r| (0..5).map(move |c| (r, c))).filter(|&p| p != (2, 2)).collect();
        let outline = outline(&ring);
        assert_eq!(outline.0.len(), 1);
        assert_eq!(outline.0[0].interiors().len(), 1);
        assert!((outline.unsigned_area() - 24.0).abs() < 1e-12);
    }

    #[test]
    fn pixels_that_touch_at_a_corner_are_two_parts() {
        let outline = outline(&[(0, 0), (1, 1)]);
        assert_eq!(outline.0.len(), 2);
        assert!((outline.unsigned_area() - 2.0).abs() < 1e-12);
        assert_eq!(outline.0[0].exterior().0.len(), 5);
    }
}
