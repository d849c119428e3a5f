use geo::{Area as _, BooleanOps as _, GeodesicArea as _};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon, Rect, polygon};
use proptest::prelude::*;

use super::*;
use crate::surface::{Scratch, Shared, Surface};

fn area(a: &Geometry<f64>, b: &Geometry<f64>, measure: AreaMeasure) -> f64 {
    let (a, b) = (Surface::new(a).expect("a surface"), Surface::new(b).expect("a surface"));
    let mut scratch = Scratch::default();
    match a.shared(&b, measure, &mut scratch) {
        Shared::Nothing => 0.0,
        Shared::Whole => a.area(measure, &mut scratch),
        Shared::Part(area) => area,
    }
}

fn plane(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
    area(a, b, AreaMeasure::Planar)
}

fn square(west: f64, south: f64, size: f64) -> Geometry<f64> {
    Rect::new((west, south), (west + size, south + size)).to_polygon().into()
}

/// A star around a place, its reach by the corner.
fn star(x: f64, y: f64, radius: f64, reaches: &[f64]) -> LineString<f64> {
    let corner = |(i, reach): (usize, &f64)| {
        let angle = std::f64::consts::TAU * i as f64 / reaches.len() as f64;
        (x + radius * reach * angle.cos(), y + radius * reach * angle.sin())
    };
    reaches.iter().enumerate().map(corner).collect()
}

fn holed(x: f64, y: f64, radius: f64, reaches: &[f64], clockwise: bool) -> Geometry<f64> {
    let mut shell = star(x, y, radius, reaches);
    if clockwise {
        shell.0.reverse();
    }
    Polygon::new(shell, vec![star(x, y, radius * 0.2, &[1.0, 0.8, 1.0, 0.6])]).into()
}

fn multi(geometry: &Geometry<f64>) -> MultiPolygon<f64> {
    match geometry {
        Geometry::Polygon(polygon) => MultiPolygon(vec![polygon.clone()]),
        Geometry::MultiPolygon(multi) => multi.clone(),
        other => panic!("{other:?} is no surface"),
    }
}

#[test]
fn squares_share_what_they_share() {
    let unit = square(0.0, 0.0, 1.0);
    for (other, expected) in [
        (square(0.5, 0.5, 1.0), 0.25),
        (square(0.0, 0.0, 1.0), 1.0),
        (square(-1.0, -1.0, 3.0), 1.0),
        (square(0.25, 0.25, 0.5), 0.25),
        (square(1.0, 0.0, 1.0), 0.0),
        (square(1.0, 1.0, 1.0), 0.0),
        (square(0.5, 0.0, 1.0), 0.5),
        (square(0.0, -0.5, 1.0), 0.5),
        (square(5.0, 5.0, 1.0), 0.0),
    ] {
        assert!((plane(&unit, &other) - expected).abs() < 1e-12, "{other:?}");
        assert!((plane(&other, &unit) - expected).abs() < 1e-12, "{other:?}");
    }
}

#[test]
fn a_common_border_is_no_common_area() {
    let reaches: Vec<f64> = (0..500).map(|i| 1.0 + 0.3 * f64::from(i * 7919 % 101) / 101.0).collect();
    let ring = star(4.6e6, 1.6e6, 5000.0, &reaches);
    let inner: Geometry<f64> = Polygon::new(ring.clone(), vec![]).into();
    let frame = square(4.59e6, 1.59e6, 20_000.0);
    let outer: Geometry<f64> = Polygon::new(multi(&frame).0[0].exterior().clone(), vec![ring]).into();
    assert_eq!(plane(&inner, &outer), 0.0);
    assert_eq!(plane(&outer, &inner), 0.0);
    assert!((plane(&inner, &inner) / inner.unsigned_area() - 1.0).abs() < 1e-12);
    assert!((plane(&frame, &inner) / inner.unsigned_area() - 1.0).abs() < 1e-12);
}

#[test]
fn a_comb_of_thousands_of_teeth_is_cut_until_it_fits() {
    let teeth = 5000;
    let comb = |dx: f64| -> Geometry<f64> {
        let mut ring = vec![(dx, -1.0)];
        ring.extend((0..teeth).flat_map(|i| {
            let x = dx + f64::from(i);
            [(x, 1000.0), (x + 0.5, 1000.0), (x + 0.5, 0.0), (x + 1.0, 0.0)]
        }));
        ring.push((dx + f64::from(teeth), -1.0));
        Polygon::new(LineString::from(ring), vec![]).into()
    };
    let (a, b) = (comb(0.0), comb(0.25));
    let width = f64::from(teeth) - 0.25;
    let expected = 0.25 * 1000.0 * f64::from(teeth) + width;
    assert!((plane(&a, &b) - expected).abs() < 1e-6 * expected, "{}", plane(&a, &b));
}

#[test]
fn the_weight_is_that_of_the_ellipsoid() {
    for latitude in [-60.0, -5.0, 0.0, 4.0, 45.0, 75.0] {
        let cell: Geometry<f64> = polygon![
            (x: 10.0, y: latitude), (x: 10.3, y: latitude + 0.01), (x: 10.31, y: latitude + 0.4), (x: 10.1, y: latitude + 0.3),
        ]
        .into();
        let dense = geo::Densify::densify(&geo::Euclidean, &multi(&cell), 0.0005);
        let expected = dense.geodesic_area_unsigned();
        let got = area(&cell, &cell, AreaMeasure::Geodesic);
        assert!((got / expected - 1.0).abs() < 1e-6, "{latitude}: {got} {expected}");
    }
}

#[test]
fn what_is_tall_is_weighed_by_bands() {
    let cell = square(-70.0, 40.0, 20.0);
    let dense = geo::Densify::densify(&geo::Euclidean, &multi(&cell), 0.01);
    let expected = dense.geodesic_area_unsigned();
    for other in [square(-71.0, 39.0, 30.0), cell.clone()] {
        let got = area(&cell, &other, AreaMeasure::Geodesic);
        assert!((got / expected - 1.0).abs() < 2e-6, "{got} {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn stars_share_what_a_polygon_of_the_overlap_covers(
        a in prop::collection::vec(0.3_f64..1.0, 5..60),
        b in prop::collection::vec(0.3_f64..1.0, 5..200),
        x in -1.5_f64..1.5, y in -1.5_f64..1.5, scale in 0.1_f64..10.0, turned: bool, far: bool,
    ) {
        let (east, north) = if far { (4.6e6, 1.6e6) } else { (0.0, 0.0) };
        let one = holed(east, north, 100.0, &a, turned);
        let other = holed(east + 100.0 * x, north + 100.0 * y, 100.0 * scale, &b, !turned);
        let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
        let got = plane(&one, &other);
        prop_assert!((got - expected).abs() < 1e-4 * scale.max(1.0) + 1e-6 * expected, "{got} {expected}");
        prop_assert!((plane(&other, &one) - got).abs() < 1e-6);
    }

    #[test]
    fn corners_edges_in_common_share_what_a_polygon_of_the_overlap_covers(
        a in prop::collection::vec(1_u8..5, 3..9), b in prop::collection::vec(1_u8..5, 3..9), x in -4_i8..5, y in -4_i8..5,
    ) {
        // Stairs on whole numbers: nearly every pair touches somewhere, and runs along a common line.
        let stairs = |steps: &[u8], x: f64, y: f64| -> Geometry<f64> {
            let mut ring = vec![(x, y)];
            for (i, step) in steps.iter().enumerate() {
                ring.push((x + i as f64, y + f64::from(*step)));
                ring.push((x + i as f64 + 1.0, y + f64::from(*step)));
            }
            ring.push((x + steps.len() as f64, y));
            Polygon::new(LineString::from(ring), vec![]).into()
        };
        let (one, other) = (stairs(&a, 0.0, 0.0), stairs(&b, f64::from(x), f64::from(y)));
        let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
        prop_assert!((plane(&one, &other) - expected).abs() < 1e-6, "{} {expected}", plane(&one, &other));
    }

    #[test]
    fn large_polygons_share_the_same_however_the_window_is_cut(seed in 0_u32..1000) {
        let reach = |i: u32, salt: u32| 0.5 + f64::from((i * 7919 + seed * 31 + salt) % 997) / 1994.0;
        let a: Vec<f64> = (0..400).map(|i| reach(i, 1)).collect();
        let b: Vec<f64> = (0..300).map(|i| reach(i, 2)).collect();
        let (one, other) = (holed(0.0, 0.0, 100.0, &a, false), holed(40.0, -30.0, 90.0, &b, true));
        let expected = multi(&one).intersection(&multi(&other)).unsigned_area();
        prop_assert!((plane(&one, &other) - expected).abs() < 1e-5 * expected, "{} {expected}", plane(&one, &other));
    }
}
