use geo::orient::{Direction, Orient as _};
use geo::{MapCoords as _, RemoveRepeatedPoints as _};
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPolygon, Polygon};

/// The geometry as text formats write it: coordinates on 7 decimals (1 cm), exteriors counter-clockwise, no repeated points.
///
/// `None` where nothing is left of it: slivers below that resolution, and kinds that are not written (collections).
pub(super) fn rounded(geometry: &Geometry<f64>) -> Option<Geometry<f64>> {
    // A negative zero would be written with its sign.
    let number = |value: f64| (value * 1e7).round() / 1e7 + 0.0;
    let geometry = geometry.map_coords(|c| Coord { x: number(c.x), y: number(c.y) }).remove_repeated_points();
    match geometry {
        Geometry::Polygon(polygon) => ring_kept(polygon).map(|polygon| polygon.orient(Direction::Default).into()),
        Geometry::MultiPolygon(multi) => {
            let mut parts: Vec<Polygon<f64>> = multi.0.into_iter().filter_map(ring_kept).collect();
            match parts.len() {
                0 => None,
                1 => Some(parts.remove(0).orient(Direction::Default).into()),
                _ => Some(MultiPolygon(parts).orient(Direction::Default).into()),
            }
        }
        Geometry::LineString(line) => (line.0.len() > 1).then(|| line.into()),
        Geometry::MultiLineString(multi) => {
            let parts: Vec<LineString<f64>> = multi.0.into_iter().filter(|line| line.0.len() > 1).collect();
            (!parts.is_empty()).then(|| MultiLineString(parts).into())
        }
        Geometry::MultiPoint(multi) => (!multi.0.is_empty()).then(|| multi.into()),
        Geometry::Point(point) => Some(point.into()),
        _ => None,
    }
}

fn ring_kept(polygon: Polygon<f64>) -> Option<Polygon<f64>> {
    let (shell, holes) = polygon.into_inner();
    let kept =
        |ring: &LineString<f64>| ring.0.len() >= 4 && geo::Area::signed_area(&Polygon::new(ring.clone(), Vec::new())) != 0.0;
    kept(&shell).then(|| Polygon::new(shell, holes.into_iter().filter(|hole| kept(hole)).collect()))
}

/// A rounded coordinate without exponent and without trailing zeros.
pub(super) fn decimal(value: f64) -> String {
    let text = format!("{value:.7}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use geo_types::polygon;

    use super::*;

    #[test]
    fn coordinates_have_seven_decimals_at_most() {
        let texts = [-75.123_456_78, 1e-9, -1e-9, 180.0, 0.1].map(decimal);
        assert_eq!(texts, ["-75.1234568", "0", "0", "180", "0.1"]);
    }

    #[test]
    fn a_sliver_below_the_resolution_is_not_written() {
        let sliver = polygon![(x: 0.0, y: 0.0), (x: 1e-9, y: 0.0), (x: 1e-9, y: 1.0), (x: 0.0, y: 1.0)];
        assert_eq!(rounded(&sliver.into()), None);
    }
}
