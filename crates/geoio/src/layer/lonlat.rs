use geo::BoundingRect as _;
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, Rect};
use raster::Crs;

use crate::crs::{self, Transform};
use crate::{GeoioError, complaint};

/// The longest edge that is transformed by its ends alone, metres: longer ones are cut, so that a border stays where it is.
const EDGE_M: f64 = 2000.0;

/// Most pieces one edge is cut into.
const PIECES: f64 = 10_000.0;

/// Most degrees of an edge that is transformed by its ends alone: [`EDGE_M`] of a meridian.
const EDGE_DEGREES: f64 = EDGE_M / 111_000.0;

/// From a layer's reference system to longitude and latitude, or to another one.
pub(super) struct Way {
    transform: Option<Transform>,
    edge: Option<f64>,
}

impl Way {
    /// The way between two systems; where they are one it is the identity.
    pub(super) fn new(from: &Crs, to: &Crs) -> Result<Self, GeoioError> {
        if crs::is_same(from, to) {
            return Ok(Self { transform: None, edge: None });
        }
        let metres = crs::reference(from)?.linear_units();
        complaint::clear();
        let edge = match (from.geographic, to.geographic) {
            (false, _) => (metres > 0.0).then_some(EDGE_M / metres),
            (true, false) => Some(EDGE_DEGREES),
            (true, true) => None,
        };
        Ok(Self { transform: Some(Transform::new(from, to)?), edge })
    }

    /// Whether nothing is done.
    pub(super) fn is_identity(&self) -> bool {
        self.transform.is_none()
    }

    /// Whether all that lies in a rectangle is a place on Earth, as longitude and latitude.
    pub(super) fn leads_to_earth(&self, rect: Rect<f64>) -> bool {
        let (min, max) = (rect.min(), rect.max());
        let steps = || (0..=16).map(|i| f64::from(i) / 16.0);
        let at = |x: f64, y: f64| Coord { x: min.x + x * (max.x - min.x), y: min.y + y * (max.y - min.y) };
        let grid = steps().flat_map(|x| steps().map(move |y| at(x, y))).collect();
        self.coords(grid).is_ok_and(|coords| on_earth(&Geometry::LineString(LineString(coords))))
    }

    /// Brings a geometry along it.
    ///
    /// # Errors
    /// [`GeoioError::Transform`] where a point lies outside the system's domain.
    pub(super) fn geometry(&self, geometry: Geometry<f64>) -> Result<Geometry<f64>, GeoioError> {
        Ok(match geometry {
            Geometry::Point(point) => Point(self.coords(vec![point.0])?[0]).into(),
            Geometry::MultiPoint(multi) => {
                let coords = self.coords(multi.0.into_iter().map(|point| point.0).collect())?;
                MultiPoint(coords.into_iter().map(Point).collect()).into()
            }
            Geometry::LineString(line) => self.line(&line)?.into(),
            Geometry::MultiLineString(multi) => {
                MultiLineString(multi.0.iter().map(|line| self.line(line)).collect::<Result<_, _>>()?).into()
            }
            Geometry::Polygon(polygon) => self.polygon(&polygon)?.into(),
            Geometry::MultiPolygon(multi) => {
                MultiPolygon(multi.0.iter().map(|polygon| self.polygon(polygon)).collect::<Result<_, _>>()?).into()
            }
            other => other,
        })
    }

    fn polygon(&self, polygon: &Polygon<f64>) -> Result<Polygon<f64>, GeoioError> {
        let holes = polygon.interiors().iter().map(|ring| self.line(ring)).collect::<Result<_, _>>()?;
        Ok(Polygon::new(self.line(polygon.exterior())?, holes))
    }

    fn line(&self, line: &LineString<f64>) -> Result<LineString<f64>, GeoioError> {
        let coords = self.edge.map_or_else(|| line.0.clone(), |edge| densified(&line.0, edge));
        Ok(LineString(self.coords(coords)?))
    }

    fn coords(&self, coords: Vec<Coord<f64>>) -> Result<Vec<Coord<f64>>, GeoioError> {
        let Some(transform) = &self.transform else { return Ok(coords) };
        let mut x: Vec<f64> = coords.iter().map(|c| c.x).collect();
        let mut y: Vec<f64> = coords.iter().map(|c| c.y).collect();
        transform.points(&mut x, &mut y)?;
        Ok(x.into_iter().zip(y).map(|(x, y)| Coord { x, y }).collect())
    }
}

/// The line with points put in, so that no edge is longer than `edge`; both directions of an edge get the same points.
fn densified(coords: &[Coord<f64>], edge: f64) -> Vec<Coord<f64>> {
    let mut out = Vec::with_capacity(coords.len());
    out.extend(coords.first());
    for pair in coords.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let pieces = ((to.x - from.x).hypot(to.y - from.y) / edge).ceil().clamp(1.0, PIECES) as u32;
        let forward = (from.x, from.y) <= (to.x, to.y);
        let (low, high) = if forward { (from, to) } else { (to, from) };
        for i in 1..pieces {
            let step = if forward { i } else { pieces - i };
            let share = f64::from(step) / f64::from(pieces);
            out.push(low + (high - low) * share);
        }
        out.push(to);
    }
    out
}

/// Whether every coordinate is a longitude within 180 and a latitude within 90 degrees.
pub(super) fn on_earth(geometry: &Geometry<f64>) -> bool {
    /// Room for rounding at the edges.
    const SLACK: f64 = 1e-7;
    geo::CoordsIter::coords_iter(geometry).all(|c| c.x.abs() <= 180.0 + SLACK && c.y.abs() <= 90.0 + SLACK)
}

/// Whether a part of it spans more than half the globe, as geometry does that crosses the antimeridian unsplit.
pub(super) fn is_wide(geometry: &Geometry<f64>) -> bool {
    let wide = |rect: Option<geo_types::Rect<f64>>| rect.is_some_and(|rect| rect.width() > 180.0);
    match geometry {
        Geometry::MultiPoint(_) => false,
        Geometry::MultiLineString(multi) => multi.iter().any(|part| wide(part.bounding_rect())),
        Geometry::MultiPolygon(multi) => multi.iter().any(|part| wide(part.bounding_rect())),
        whole => wide(whole.bounding_rect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_of_an_edge_get_the_same_points() {
        let (a, b) = (Coord { x: 0.1, y: 0.7 }, Coord { x: 7001.3, y: -3000.9 });
        let mut back = densified(&[b, a], 2000.0);
        back.reverse();
        assert_eq!(densified(&[a, b], 2000.0), back);
        assert_eq!(back.len(), 5);
    }

    #[test]
    fn a_short_edge_stays_as_it_is() {
        let line = [Coord { x: 0.0, y: 0.0 }, Coord { x: 2000.0, y: 0.0 }];
        assert_eq!(densified(&line, 2000.0), line);
    }
}
