use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};

/// The polygons cut to a rectangle (Sutherland and Hodgman 1974, "Reentrant polygon clipping").
///
/// Where a ring leaves and comes back, the cut runs along the rectangle's sides, so rings may touch themselves there; what lies
/// strictly inside the rectangle is exact, which is all that an overlay with a smaller shape needs.
pub(crate) fn clip(polygons: &MultiPolygon<f64>, to: Rect<f64>) -> MultiPolygon<f64> {
    let cut = |polygon: &Polygon<f64>| {
        let exterior = clip_ring(polygon.exterior(), to)?;
        let interiors = polygon.interiors().iter().filter_map(|ring| clip_ring(ring, to)).collect();
        Some(Polygon::new(exterior, interiors))
    };
    MultiPolygon(polygons.iter().filter_map(cut).collect())
}

/// A side of the rectangle: the axis (0 = x, 1 = y), its place, and whether what lies above is kept.
struct Side {
    axis: usize,
    at: f64,
    above: bool,
}

impl Side {
    fn keeps(&self, c: Coord<f64>) -> bool {
        let value = [c.x, c.y][self.axis];
        if self.above { value >= self.at } else { value <= self.at }
    }

    fn crossing(&self, a: Coord<f64>, b: Coord<f64>) -> Coord<f64> {
        let (from, to) = ([a.x, a.y], [b.x, b.y]);
        let t = (self.at - from[self.axis]) / (to[self.axis] - from[self.axis]);
        let other = from[1 - self.axis] + t * (to[1 - self.axis] - from[1 - self.axis]);
        if self.axis == 0 { Coord { x: self.at, y: other } } else { Coord { x: other, y: self.at } }
    }
}

fn clip_ring(ring: &LineString<f64>, to: Rect<f64>) -> Option<LineString<f64>> {
    let sides = [
        Side { axis: 0, at: to.min().x, above: true },
        Side { axis: 0, at: to.max().x, above: false },
        Side { axis: 1, at: to.min().y, above: true },
        Side { axis: 1, at: to.max().y, above: false },
    ];
    let mut points = ring.0.clone();
    points.pop();
    for side in &sides {
        points = clip_side(&points, side);
    }
    let first = *points.first()?;
    points.push(first);
    Some(LineString(points))
}

fn clip_side(points: &[Coord<f64>], side: &Side) -> Vec<Coord<f64>> {
    let mut kept = Vec::with_capacity(points.len());
    let Some(mut before) = points.last().copied() else { return kept };
    for &point in points {
        if side.keeps(point) != side.keeps(before) {
            kept.push(side.crossing(before, point));
        }
        if side.keeps(point) {
            kept.push(point);
        }
        before = point;
    }
    kept
}
