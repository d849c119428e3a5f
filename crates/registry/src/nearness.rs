use geo::{Closest, ClosestPoint, CoordsIter, Distance, Geodesic, Intersects, MapCoords};
use geo_types::{Coord, Geometry, Point};

/// Fewest metres in a degree of latitude, a little below the ellipsoid's 110 574 m.
pub(crate) const METRES_PER_DEGREE: f64 = 110_000.0;

/// Metres of the shortest geodesic between two geometries, 0 where they meet.
///
/// The closest pair of points is found on a plane scaled by the cosine of the features' latitude (vertices of each against the
/// other), then measured on WGS 84. `None` where a geometry is empty.
pub(crate) fn distance_m(a: &Geometry<f64>, b: &Geometry<f64>) -> Option<f64> {
    if a.intersects(b) {
        return Some(0.0);
    }
    let scale = a.coords_iter().next()?.y.to_radians().cos().max(1e-3);
    let (flat_a, flat_b) = (scaled(a, scale), scaled(b, scale));
    let there = closest_pair(&flat_a, &flat_b);
    let back = closest_pair(&flat_b, &flat_a);
    let (from, to) = [there, back].into_iter().flatten().min_by(|x, y| squared(*x).total_cmp(&squared(*y)))?;
    let point = |c: Coord<f64>| Point::new(c.x / scale, c.y);
    Some(Geodesic.distance(point(from), point(to)))
}

fn scaled(geometry: &Geometry<f64>, scale: f64) -> Geometry<f64> {
    geometry.map_coords(|c| Coord { x: c.x * scale, y: c.y })
}

/// The vertex of `a` and the point on `b` that lie closest together.
fn closest_pair(a: &Geometry<f64>, b: &Geometry<f64>) -> Option<(Coord<f64>, Coord<f64>)> {
    let pair = |vertex: Coord<f64>| match b.closest_point(&Point::from(vertex)) {
        Closest::Intersection(point) | Closest::SinglePoint(point) => Some((vertex, point.into())),
        Closest::Indeterminate => None,
    };
    a.coords_iter().filter_map(pair).min_by(|x, y| squared(*x).total_cmp(&squared(*y)))
}

fn squared((a, b): (Coord<f64>, Coord<f64>)) -> f64 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2)
}

#[cfg(test)]
mod tests {
    use geo_types::{line_string, point};

    use super::*;

    #[test]
    fn a_degree_of_the_equator_is_111319_metres() {
        let a = Geometry::Point(point!(x: 0.0, y: 0.0));
        let d = distance_m(&a, &Geometry::Point(point!(x: 1.0, y: 0.0))).expect("a distance");
        assert!((d - 111_319.490_8).abs() < 1e-3, "{d}");
    }

    #[test]
    fn the_middle_of_a_segment_counts_and_touching_is_zero() {
        let road = Geometry::LineString(line_string![(x: -1.0, y: 0.01), (x: 1.0, y: 0.01)]);
        let d = distance_m(&Geometry::Point(point!(x: 0.0, y: 0.0)), &road).expect("a distance");
        assert!((d - 1105.743).abs() < 1e-2, "{d}");
        assert_eq!(distance_m(&Geometry::Point(point!(x: 0.5, y: 0.01)), &road), Some(0.0));
    }
}
