use geo::{BooleanOps, BoundingRect, MapCoords, Orient};
use geo_types::{Coord, LineString, MultiPolygon, Rect};

/// The polygons with longitudes from -180 to 180, those that cross the antimeridian cut in two there (RFC 7946, 3.1.9).
///
/// An edge of more than 180 degrees of longitude counts as one that crosses it.
pub fn split_antimeridian(polygons: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let lines = || polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).flat_map(LineString::lines);
    if !lines().any(|line| line.dx().abs() > 180.0) {
        return polygons.clone();
    }
    let eastern = polygons.map_coords(|c| Coord { x: if c.x < 0.0 { c.x + 360.0 } else { c.x }, y: c.y });
    let Some(bounds) = eastern.bounding_rect() else {
        return polygons.clone();
    };
    let side = |west: f64, east: f64| {
        let band = Rect::new((west, bounds.min().y - 1.0), (east, bounds.max().y + 1.0)).to_polygon();
        eastern.intersection(&MultiPolygon::new(vec![band]))
    };
    let mut parts = side(0.0, 180.0).0;
    parts.extend(side(180.0, 360.0).map_coords(|c| Coord { x: c.x - 360.0, y: c.y }));
    MultiPolygon::new(parts).orient(geo::orient::Direction::Default)
}

#[cfg(test)]
mod tests {
    use geo::{Area, Validation};
    use geo_types::{Polygon, polygon};

    use super::*;

    fn over(west: f64, east: f64) -> Polygon<f64> {
        polygon![(x: west, y: -17.0), (x: east, y: -17.0), (x: east, y: -16.0), (x: west, y: -16.0)]
    }

    #[test]
    fn a_polygon_over_the_antimeridian_becomes_one_on_each_side() {
        let split = split_antimeridian(&MultiPolygon::new(vec![over(179.5, -179.75)]));
        assert_eq!(split.0.len(), 2);
        assert!(split.is_valid() && split.0.iter().all(|part| part.signed_area() > 0.0));
        let bounds: Vec<_> = split.0.iter().filter_map(BoundingRect::bounding_rect).map(|r| (r.min().x, r.max().x)).collect();
        assert_eq!(bounds, [(179.5, 180.0), (-180.0, -179.75)]);
    }

    #[test]
    fn a_polygon_elsewhere_stays_as_it_is() {
        let here = MultiPolygon::new(vec![over(-72.5, -72.0)]);
        assert_eq!(split_antimeridian(&here), here);
    }
}
