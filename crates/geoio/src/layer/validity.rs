use gdal::vector::ToGdal as _;
use geo::algorithm::bool_ops::FillRule;
use geo::{Area as _, BooleanOps as _, OpType};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon};

use crate::complaint;

/// What became of a geometry that was checked.
pub(super) enum Checked {
    /// It is valid as it stands.
    Valid(Geometry<f64>),
    /// It was rebuilt.
    Repaired(Geometry<f64>),
    /// Nothing with an area, or a length, is in it.
    Collapsed,
}

/// Checks polygons by the rules of simple features and rebuilds those that break them; lines must have a length.
///
/// Each ring covers what it surrounds an odd number of times; the shells of all parts are joined and all holes of a part cut
/// out of it. This is the `structure` method of other libraries' `make valid`, with the even-odd rule inside a ring.
pub(super) fn check(geometry: Geometry<f64>) -> Checked {
    match &geometry {
        Geometry::LineString(line) if is_dot(line) => Checked::Collapsed,
        Geometry::MultiLineString(lines) if lines.iter().all(is_dot) => Checked::Collapsed,
        Geometry::Polygon(polygon) if !is_valid(std::slice::from_ref(polygon), &geometry) => {
            rebuilt(std::slice::from_ref(polygon))
        }
        Geometry::MultiPolygon(multi) if !is_valid(&multi.0, &geometry) => rebuilt(&multi.0),
        _ => Checked::Valid(geometry),
    }
}

fn is_dot(line: &LineString<f64>) -> bool {
    line.0.windows(2).all(|pair| pair[0] == pair[1])
}

/// Most polygons are valid beyond doubt, which is soon told; of the rest the full check decides.
fn is_valid(polygons: &[Polygon<f64>], geometry: &Geometry<f64>) -> bool {
    alert::is_plainly_valid(polygons) || is_wholly_valid(geometry)
}

fn is_wholly_valid(geometry: &Geometry<f64>) -> bool {
    // What the check says about the place of the fault is a message, not a failure of ours.
    let valid = geometry.to_gdal().is_ok_and(|gdal| gdal.is_valid());
    complaint::clear();
    valid
}

fn rebuilt(polygons: &[Polygon<f64>]) -> Checked {
    let none = MultiPolygon::new(Vec::new());
    let whole = polygons.iter().map(part).fold(none, |all, part| if all.0.is_empty() { part } else { all.union(&part) });
    if whole.unsigned_area() <= 0.0 {
        return Checked::Collapsed;
    }
    let mut parts = whole.0;
    Checked::Repaired(if parts.len() == 1 { parts.remove(0).into() } else { MultiPolygon(parts).into() })
}

fn part(polygon: &Polygon<f64>) -> MultiPolygon<f64> {
    let shell = covered(polygon.exterior());
    polygon.interiors().iter().fold(shell, |rest, hole| rest.difference(&covered(hole)))
}

fn covered(ring: &LineString<f64>) -> MultiPolygon<f64> {
    let ring = Polygon::new(ring.clone(), Vec::new());
    ring.boolean_op_with_fill_rule(&MultiPolygon::new(Vec::new()), OpType::Union, FillRule::EvenOdd)
}

#[cfg(test)]
mod tests {
    use geo_types::polygon;

    use super::*;

    fn repaired(geometry: Geometry<f64>) -> Geometry<f64> {
        match check(geometry) {
            Checked::Repaired(geometry) => geometry,
            Checked::Valid(_) => panic!("it counts as valid"),
            Checked::Collapsed => panic!("it counts as collapsed"),
        }
    }

    #[test]
    fn a_bowtie_becomes_its_two_triangles() {
        let bowtie = polygon![(x: 0.0, y: 0.0), (x: 2.0, y: 2.0), (x: 2.0, y: 0.0), (x: 0.0, y: 2.0)];
        let geometry = repaired(bowtie.into());
        assert!((geometry.unsigned_area() - 2.0).abs() < 1e-9 && is_wholly_valid(&geometry));
    }

    #[test]
    fn a_hole_outside_its_shell_vanishes() {
        let polygon = polygon! {
            exterior: [(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.0, y: 1.0)],
            interiors: [[(x: 5.0, y: 5.0), (x: 6.0, y: 5.0), (x: 6.0, y: 6.0)]],
        };
        assert!((repaired(polygon.into()).unsigned_area() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn overlapping_parts_are_joined_not_cancelled() {
        let square = |x: f64| polygon![(x: x, y: 0.0), (x: x + 2.0, y: 0.0), (x: x + 2.0, y: 2.0), (x: x, y: 2.0)];
        let geometry = repaired(MultiPolygon(vec![square(0.0), square(1.0)]).into());
        assert!((geometry.unsigned_area() - 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_polygon_without_area_collapses() {
        let flat = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 2.0, y: 0.0)];
        assert!(matches!(check(flat.into()), Checked::Collapsed));
    }
}
