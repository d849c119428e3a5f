use geo::{BoundingRect, GeodesicArea};
use geo_types::{Geometry, MultiPolygon, Rect};

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

/// Geodesic area (WGS 84) in square centimetres, rounded; whichever way the rings are wound.
pub(crate) fn area_cm2(polygons: &MultiPolygon<f64>) -> i64 {
    polygons.iter().map(|polygon| (polygon.geodesic_area_signed().abs() * CM2).round() as i64).sum()
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
