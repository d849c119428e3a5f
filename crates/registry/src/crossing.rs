//! The length of a line within a surface: of a road within a clearing, or of a river within a reserve.

use geo::coordinate_position::CoordPos;
use geo::{Distance, Geodesic};
use geo_types::{Coord, Geometry, LineString, Point};
use raster::Bounds;

use crate::measure::AreaMeasure;
use crate::surface::Surface;

/// Metres of a line that lie within a surface, its border included; `None` where the geometry is no line.
///
/// Each segment is cut where it meets an edge, and the pieces whose middle does not lie outside are added up.
pub(crate) fn length_within(geometry: &Geometry<f64>, surface: &Surface<'_>, measure: AreaMeasure) -> Option<f64> {
    let lines: &[LineString<f64>] = match geometry {
        Geometry::LineString(line) => std::slice::from_ref(line),
        Geometry::MultiLineString(lines) => &lines.0,
        Geometry::Line(line) => return Some(segment_within(line.start, line.end, surface, measure)),
        _ => return None,
    };
    let segments = lines.iter().flat_map(|line| line.0.windows(2));
    Some(segments.map(|segment| segment_within(segment[0], segment[1], surface, measure)).sum())
}

fn segment_within(from: Coord<f64>, to: Coord<f64>, surface: &Surface<'_>, measure: AreaMeasure) -> f64 {
    let bounds = Bounds { west: from.x.min(to.x), south: from.y.min(to.y), east: from.x.max(to.x), north: from.y.max(to.y) };
    if !alert::overlap(&bounds, &surface.bounds) {
        return 0.0;
    }
    let mut cuts = vec![0.0, 1.0];
    surface.edges_in(&bounds, |start, end| cuts.extend(meetings(from, to, start, end)));
    cuts.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| Coord { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
    let pieces = cuts.windows(2).filter(|piece| piece[0] < piece[1]);
    let inside = pieces.filter(|piece| surface.position(at(f64::midpoint(piece[0], piece[1]))) != CoordPos::Outside);
    inside.map(|piece| length(at(piece[0]), at(piece[1]), measure)).sum()
}

/// Where an edge cuts a segment, as shares of the segment: one place, or both ends of what they have in common.
fn meetings(from: Coord<f64>, to: Coord<f64>, start: Coord<f64>, end: Coord<f64>) -> impl Iterator<Item = f64> {
    let (along, edge, apart) = (to - from, end - start, start - from);
    let cross = |a: Coord<f64>, b: Coord<f64>| a.x * b.y - a.y * b.x;
    let dot = |a: Coord<f64>, b: Coord<f64>| a.x * b.x + a.y * b.y;
    let turn = cross(along, edge);
    let shares = if turn == 0.0 {
        [dot(apart, along) / dot(along, along), dot(end - from, along) / dot(along, along)]
    } else {
        [cross(apart, edge) / turn; 2]
    };
    shares.into_iter().filter(|share| *share > 0.0 && *share < 1.0)
}

fn length(from: Coord<f64>, to: Coord<f64>, measure: AreaMeasure) -> f64 {
    match measure {
        AreaMeasure::Planar => (to.x - from.x).hypot(to.y - from.y),
        AreaMeasure::Geodesic => Geodesic.distance(Point::from(from), Point::from(to)),
    }
}

#[cfg(test)]
mod tests {
    use geo_types::{line_string, polygon};

    use super::*;

    /// A square of 10 with a hole of 2 in its middle.
    fn square() -> Geometry<f64> {
        Geometry::Polygon(polygon!(
            exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0), (x: 0.0, y: 0.0)],
            interiors: [[(x: 4.0, y: 4.0), (x: 4.0, y: 6.0), (x: 6.0, y: 6.0), (x: 6.0, y: 4.0), (x: 4.0, y: 4.0)]],
        ))
    }

    fn within(line: LineString<f64>) -> f64 {
        let square = square();
        let surface = Surface::new(&square).expect("a surface");
        length_within(&Geometry::LineString(line), &surface, AreaMeasure::Planar).expect("a line")
    }

    #[test]
    fn only_what_lies_within_counts_holes_do_not() {
        for (line, expected) in [
            (line_string![(x: -5.0, y: 5.0), (x: 15.0, y: 5.0)], 8.0),
            (line_string![(x: 1.0, y: 1.0), (x: 1.0, y: 3.0), (x: 2.0, y: 3.0)], 3.0),
            (line_string![(x: -1.0, y: -1.0), (x: 11.0, y: 11.0)], 8.0 * 2f64.sqrt()),
            (line_string![(x: -3.0, y: 0.0), (x: 20.0, y: 0.0)], 10.0),
            (line_string![(x: 12.0, y: 0.0), (x: 12.0, y: 10.0)], 0.0),
            (line_string![(x: -2.0, y: 2.0), (x: 0.0, y: 2.0)], 0.0),
            (line_string![(x: 5.0, y: 5.0), (x: 5.0, y: 5.5)], 0.0),
            (line_string![(x: 4.0, y: 4.0), (x: 4.0, y: 6.0), (x: 6.0, y: 6.0)], 4.0),
        ] {
            assert!((within(line.clone()) - expected).abs() < 1e-12, "{line:?}: {} and not {expected}", within(line.clone()));
        }
        let back: LineString<f64> = line_string![(x: 10.0, y: 5.0), (x: -5.0, y: 5.0)];
        assert!((within(back) - 8.0).abs() < 1e-12);
    }

    #[test]
    fn on_the_ellipsoid_it_is_metres() {
        let square = square();
        let surface = Surface::new(&square).expect("a surface");
        let line = Geometry::LineString(line_string![(x: -1.0, y: 0.0), (x: 1.0, y: 0.0)]);
        let metres = length_within(&line, &surface, AreaMeasure::Geodesic).expect("a line");
        assert!((metres - 111_319.490_8).abs() < 1e-3, "a degree of the equator: {metres}");
        assert_eq!(length_within(&Geometry::Point(Point::new(1.0, 1.0)), &surface, AreaMeasure::Geodesic), None);
    }
}
