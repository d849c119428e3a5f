use geo::Intersects as _;
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};
use serde_json::Value;

use super::asset::numbers;

/// Where an item lies, in longitude and latitude.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    /// West, south, east, north; west lies east of east where it crosses the antimeridian.
    pub(crate) bbox: [f64; 4],
    /// The ground, where the geometry tells it.
    polygons: Option<MultiPolygon<f64>>,
}

impl Footprint {
    /// The footprint of `bbox` and `geometry`; `None` where an item has neither.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn parse(bbox: Option<&Value>, geometry: Option<&Value>) -> Result<Option<Self>, String> {
        let polygons = match geometry {
            None | Some(Value::Null) => None,
            Some(geometry) => polygons(geometry)?,
        };
        let bbox = match bbox {
            None | Some(Value::Null) => polygons.as_ref().and_then(bounds),
            Some(value) => Some(corners(&numbers(Some(value)).ok_or("its bbox is no list of numbers")?)?),
        };
        Ok(bbox.map(|bbox| Self { bbox, polygons }))
    }

    /// Only the box.
    pub(super) fn without_ground(self) -> Self {
        Self { bbox: self.bbox, polygons: None }
    }

    /// Whether it has ground in common with west, south, east, north.
    pub(super) fn meets(&self, bbox: [f64; 4]) -> bool {
        let own = parts(self.bbox);
        parts(bbox).iter().any(|asked| {
            own.iter().any(|own| own.intersects(asked))
                && self.polygons.as_ref().is_none_or(|polygons| polygons.intersects(&asked.to_polygon()))
        })
    }
}

/// West, south, east, north of the four or six numbers of a box.
///
/// # Errors
/// What is wrong with them.
pub(super) fn corners(numbers: &[f64]) -> Result<[f64; 4], String> {
    let corners = match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => [west, south, east, north],
        _ => return Err(format!("its bbox has {} numbers, expected west, south, east, north", numbers.len())),
    };
    let [west, south, east, north] = corners;
    let is_lon = |x: f64| (-180.0..=180.0).contains(&x);
    if south > north || [west, east].iter().any(|x| !is_lon(*x)) || [south, north].iter().any(|y| y.abs() > 90.0) {
        return Err(format!("its bbox {corners:?} is no west, south, east, north in degrees"));
    }
    Ok(corners)
}

/// A box as one rectangle, or as two where it crosses the antimeridian.
fn parts([west, south, east, north]: [f64; 4]) -> Vec<Rect<f64>> {
    let rect = |west: f64, east: f64| Rect::new((west, south), (east, north));
    if west <= east { vec![rect(west, east)] } else { vec![rect(west, 180.0), rect(-180.0, east)] }
}

fn bounds(polygons: &MultiPolygon<f64>) -> Option<[f64; 4]> {
    let rect = geo::BoundingRect::bounding_rect(polygons)?;
    Some([rect.min().x, rect.min().y, rect.max().x, rect.max().y])
}

/// The polygons of a GeoJSON geometry; `None` for points and lines, of which the box is all that is looked at.
fn polygons(geometry: &Value) -> Result<Option<MultiPolygon<f64>>, String> {
    let coordinates = || geometry.get("coordinates").and_then(Value::as_array).ok_or("its geometry has no coordinates");
    match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon") => Ok(Some(MultiPolygon::new(vec![polygon(coordinates()?)?]))),
        Some("MultiPolygon") => {
            let polygon = |rings: &Value| polygon(rings.as_array().ok_or("a polygon of its geometry is no list")?);
            Ok(Some(MultiPolygon::new(coordinates()?.iter().map(polygon).collect::<Result<_, _>>()?)))
        }
        Some("Point" | "MultiPoint" | "LineString" | "MultiLineString" | "GeometryCollection") => Ok(None),
        _ => Err("its geometry is no GeoJSON geometry".to_owned()),
    }
}

fn polygon(rings: &[Value]) -> Result<Polygon<f64>, String> {
    let mut rings = rings.iter().map(ring);
    let exterior = rings.next().ok_or("a polygon of its geometry has no ring")??;
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}

fn ring(positions: &Value) -> Result<LineString<f64>, String> {
    let position = |value: &Value| match numbers(Some(value))?.as_slice() {
        [x, y, ..] => Some(Coord { x: *x, y: *y }),
        _ => None,
    };
    let positions = positions.as_array().and_then(|list| list.iter().map(position).collect::<Option<Vec<_>>>());
    positions.filter(|list| list.len() >= 4).map(LineString::new).ok_or_else(|| "a ring of its geometry is none".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ground_counts_and_not_the_box_around_it() {
        // A triangle below the diagonal.
        let geometry = json!({ "type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 0]]] });
        let footprint = Footprint::parse(None, Some(&geometry)).expect("read").expect("a footprint");
        assert_eq!(format!("{:?}", footprint.bbox), "[0.0, 0.0, 10.0, 10.0]");
        assert!(footprint.meets([8.0, 1.0, 9.0, 2.0]) && !footprint.meets([0.5, 8.0, 1.0, 9.0]));
    }

    #[test]
    fn boxes_cross_the_antimeridian() {
        let footprint = Footprint::parse(Some(&json!([170, -20, -170, -10])), None).expect("read").expect("a footprint");
        assert!(footprint.meets([175.0, -15.0, 178.0, -14.0]) && footprint.meets([-175.0, -15.0, -174.0, -14.0]));
        assert!(footprint.meets([179.0, -15.0, -179.0, -14.0]) && !footprint.meets([0.0, -15.0, 10.0, -14.0]));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bbox in [json!([0, 0, 1]), json!([0, 10, 1, 5]), json!([0, 0, 200, 1]), json!("x"), json!([0, 0, "1", 1])] {
            assert!(Footprint::parse(Some(&bbox), None).is_err(), "{bbox}");
        }
        for geometry in [json!({}), json!({ "type": "Polygon", "coordinates": [[[0, 0]]] }), json!({ "type": "Polygon" })] {
            assert!(Footprint::parse(None, Some(&geometry)).is_err(), "{geometry}");
        }
        assert!(Footprint::parse(None, Some(&Value::Null)).expect("read").is_none());
    }
}
