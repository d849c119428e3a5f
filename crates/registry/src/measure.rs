use geo::{Area, GeodesicArea};
use geo_types::{Coord, Geometry, MultiPolygon, Polygon, Rect};

use crate::shared::Weight;
use crate::surface::{Scratch, Surface};

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

/// Square centimetres of square metres, rounded.
pub(crate) fn cm2(square_metres: f64) -> i64 {
    (square_metres * CM2).round() as i64
}

/// How areas are measured, and in which coordinates features and records stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AreaMeasure {
    /// On the ellipsoid: longitude and latitude (WGS 84, degrees).
    Geodesic,
    /// In the plane of a projected system, metres.
    Planar,
}

impl AreaMeasure {
    /// Height in degrees up to which the two terms of an ellipsoid's weight are exact to a ten-millionth.
    const TALL: f64 = 0.5;

    /// Hectares of a geometry, to the square metre; 0 where it is no surface.
    pub fn hectares(self, geometry: &Geometry<f64>) -> f64 {
        self.area_m2(geometry).map_or(0.0, |square_metres| hectares(cm2(square_metres)))
    }

    /// Area of a surface in square metres, whichever way the rings are wound; `None` where the geometry is none.
    pub(crate) fn area_m2(self, geometry: &Geometry<f64>) -> Option<f64> {
        let one = |polygon: &Polygon<f64>| match self {
            Self::Geodesic => polygon.geodesic_area_signed().abs(),
            Self::Planar => polygon.unsigned_area(),
        };
        match geometry {
            Geometry::Polygon(polygon) => Some(one(polygon)),
            Geometry::MultiPolygon(MultiPolygon(polygons)) => Some(polygons.iter().map(one).sum()),
            Geometry::Rect(rect) => Some(one(&rect.to_polygon())),
            Geometry::Triangle(triangle) => Some(one(&triangle.to_polygon())),
            _ => None,
        }
    }

    /// How cells of the coordinates are weighed in a window that begins in the south at a height, and is so high.
    pub(crate) fn weight(self, south: f64, height: f64) -> Weight {
        match self {
            Self::Planar => Weight::PLANE,
            Self::Geodesic => Weight::ellipsoid(south, height),
        }
    }

    /// Whether a window is too high for one weight.
    pub(crate) fn is_tall(self, height: f64) -> bool {
        self == Self::Geodesic && height > Self::TALL
    }
}

/// Area of a surface whose edges are straight in its coordinates, square metres; `None` where the geometry is none.
///
/// The sum of the [`pixel_area`](crate::pixel_area)s of a grid that covers it, each times its covered share.
pub fn straight_area(geometry: &Geometry<f64>, measure: AreaMeasure) -> Option<f64> {
    Some(Surface::new(geometry)?.area(measure, &mut Scratch::default()))
}

/// The rectangle grown by so many degrees on each side.
pub(crate) fn grown(rect: Rect<f64>, x: f64, y: f64) -> Rect<f64> {
    let (min, max) = (rect.min(), rect.max());
    Rect::new(Coord { x: min.x - x, y: min.y - y }, Coord { x: max.x + x, y: max.y + y })
}

/// The smallest cosine of latitude within so many degrees of a box, above 0.
pub(crate) fn narrowest(bounds: Rect<f64>, degrees: f64) -> f64 {
    let latitude = bounds.max().y.abs().max(bounds.min().y.abs()) + degrees;
    latitude.min(89.0).to_radians().cos()
}
