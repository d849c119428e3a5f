use geo_types::{Coord, LineString, MultiPolygon};

/// A point inside the polygons, on 7 decimals where one lies inside; `None` where they have no area.
///
/// It is the middle of the widest stretch inside them on one parallel, which runs through the middle of the largest gap
/// between the latitudes of corners: as far from corners as a parallel can be.
pub(crate) fn point_inside(polygons: &MultiPolygon<f64>) -> Option<Coord<f64>> {
    let rings = || polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let mut latitudes: Vec<f64> = rings().flat_map(|ring| ring.0.iter().map(|corner| corner.y)).collect();
    latitudes.sort_unstable_by(f64::total_cmp);
    let gap = latitudes.windows(2).rev().max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    let y = rounded_between(gap[0], gap[1])?;
    let mut crossings: Vec<f64> = rings()
        .flat_map(LineString::lines)
        .filter(|line| (line.start.y > y) != (line.end.y > y))
        .map(|line| line.start.x + (y - line.start.y) / line.dy() * line.dx())
        .collect();
    crossings.sort_unstable_by(f64::total_cmp);
    let stretch = crossings.chunks_exact(2).rev().max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    Some(Coord { x: rounded_between(stretch[0], stretch[1])?, y })
}

/// The middle of two numbers on 7 decimals, or as it is where that would leave the space between them.
fn rounded_between(low: f64, high: f64) -> Option<f64> {
    let middle = f64::midpoint(low, high);
    let rounded = (middle * 1e7).round() / 1e7;
    [rounded, middle].into_iter().find(|value| low < *value && *value < high)
}

#[cfg(test)]
mod tests {
    use geo::Contains;
    use geo_types::{Point, polygon};

    use super::*;

    #[test]
    fn the_point_of_a_ring_lies_in_the_ring() {
        let ring = polygon!(
            exterior: [(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 4.0, y: 4.0), (x: 0.0, y: 4.0)],
            interiors: [[(x: 1.0, y: 1.0), (x: 1.0, y: 3.0), (x: 3.5, y: 3.0), (x: 3.5, y: 1.0)]],
        );
        let point = point_inside(&MultiPolygon::new(vec![ring.clone()])).expect("a point");
        assert_eq!((point.x, point.y), (0.5, 2.0));
        assert!(ring.contains(&Point(point)));
    }

    #[test]
    fn a_flat_polygon_has_no_point() {
        let flat = polygon![(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 2.0, y: 0.0)];
        assert_eq!(point_inside(&MultiPolygon::new(vec![flat])), None);
    }
}
