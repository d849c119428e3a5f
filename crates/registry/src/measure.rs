use alert::Plane;
use geo::{Area, BoundingRect, GeodesicArea};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon, Rect};

/// Square centimetres in a square metre.
const CM2: f64 = 10_000.0;

/// Square centimetres in a hectare.
pub(crate) const CM2_PER_HA: f64 = 1e8;

/// Hectares as they are published: to the square metre.
pub(crate) fn hectares(cm2: i64) -> f64 {
    (cm2 as f64 / (CM2_PER_HA / 1e4)).round() / 1e4
}

/// Shares as they are published: to the millionth.
pub(crate) fn share(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// How areas are measured.
#[derive(Clone, Copy)]
pub enum AreaMeasure<'a> {
    /// On the ellipsoid (WGS 84).
    Geodesic,
    /// In the plane of the projected system that the features came from.
    Planar(&'a dyn Plane),
}

impl AreaMeasure<'_> {
    /// Hectares of a geometry in longitude and latitude; 0 where it is no surface.
    pub fn hectares(self, geometry: &Geometry<f64>) -> f64 {
        polygons(geometry).map_or(0.0, |polygons| hectares(self.area_cm2(&polygons)))
    }

    /// Area in square centimetres, rounded; whichever way the rings are wound. Polygons are in longitude and latitude.
    pub(crate) fn area_cm2(self, polygons: &MultiPolygon<f64>) -> i64 {
        let area_m2 = |polygon: &Polygon<f64>| match self {
            Self::Geodesic => polygon.geodesic_area_signed().abs(),
            Self::Planar(plane) => planar(polygon, plane).unsigned_area(),
        };
        polygons.iter().map(|polygon| (area_m2(polygon) * CM2).round() as i64).sum()
    }
}

fn planar(polygon: &Polygon<f64>, plane: &dyn Plane) -> Polygon<f64> {
    let ring = |ring: &LineString<f64>| {
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = ring.coords().map(|at| (at.x, at.y)).unzip();
        plane.to_plane(&mut x, &mut y).expect("what came from a plane goes back to it");
        x.into_iter().zip(y).map(|(x, y)| Coord { x, y }).collect::<LineString<f64>>()
    };
    Polygon::new(ring(polygon.exterior()), polygon.interiors().iter().map(ring).collect())
}

/// The polygons of a geometry; `None` where it is no surface.
pub(crate) fn polygons(geometry: &Geometry<f64>) -> Option<MultiPolygon<f64>> {
    match geometry {
        Geometry::Polygon(polygon) => Some(MultiPolygon(vec![polygon.clone()])),
        Geometry::MultiPolygon(polygons) => Some(polygons.clone()),
        Geometry::Rect(rect) => Some(MultiPolygon(vec![rect.to_polygon()])),
        Geometry::Triangle(triangle) => Some(MultiPolygon(vec![triangle.to_polygon()])),
        _ => None,
    }
    .filter(|polygons| polygons.bounding_rect().is_some())
}

/// The rectangle grown by so many degrees on each side.
pub(crate) fn grown(rect: Rect<f64>, x: f64, y: f64) -> Rect<f64> {
    let (min, max) = (rect.min(), rect.max());
    Rect::new((min.x - x, min.y - y), (max.x + x, max.y + y))
}
