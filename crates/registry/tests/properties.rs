//! What holds for any features and records, over shapes drawn from a fixed seed.

use alert::{Features, Layer, Values};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon, Rect};
use registry::{AreaMeasure, Catalogue, Link, Overlay, RegistrySource};

/// Numbers in [0, 1) of a linear congruential generator (Knuth's MMIX constants).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A star-shaped polygon of about `radius` degrees around a place near 74 W, 3 N.
    fn star(&mut self, radius: f64, corners: usize) -> Geometry<f64> {
        let (x, y) = (-74.0 + self.next() * 0.2, 3.0 + self.next() * 0.2);
        let corner = |i: usize| {
            let angle = std::f64::consts::TAU * i as f64 / corners as f64;
            let reach = radius * (0.3 + 0.7 * self.next());
            (x + reach * angle.cos(), y + reach * angle.sin())
        };
        Geometry::Polygon(Polygon::new((0..corners).map(corner).collect::<LineString<f64>>(), vec![]))
    }

    fn stars(&mut self, count: usize, radius: f64, corners: usize) -> Vec<Option<Geometry<f64>>> {
        (0..count).map(|_| Some(self.star(radius, corners))).collect()
    }
}

fn source() -> RegistrySource {
    let text = "[[source]]\nid = \"s\"\ntitle = { es = \"S\", en = \"S\" }\nauthority = \"A\"\npath = \"s\"\nkey = \"code\"\nprivacy = \"public\"";
    Catalogue::parse(text).expect("a catalogue").sources.remove(0)
}

fn layer(geometries: Vec<Option<Geometry<f64>>>) -> Layer {
    let codes = (0..geometries.len()).map(|i| Some(format!("{i:05}"))).collect();
    let features = Features::new("s", geometries).with("code", Values::Text(codes)).expect("one code a record");
    Layer { features, ..Layer::default() }
}

#[test]
fn what_is_shared_is_never_more_than_the_feature() {
    let mut draw = Draw(1);
    let sources = [(source(), layer(draw.stars(40, 0.05, 60)))];
    let links = Overlay::new(&sources).expect("an overlay").links(&draw.stars(300, 0.01, 12), 0, AreaMeasure::Geodesic);
    assert!(links.len() > 100);
    for link in links {
        let area = link.feature_cm2.expect("an area");
        assert!(0 < link.overlap_cm2 && link.overlap_cm2 <= area, "{link:?}");
    }
}

#[test]
fn chunks_do_not_change_the_links() {
    let mut draw = Draw(2);
    let sources = [(source(), layer(draw.stars(40, 0.05, 60)))];
    let features = draw.stars(101, 0.01, 12);
    let overlay = Overlay::new(&sources).expect("an overlay");
    let whole = overlay.links(&features, 0, AreaMeasure::Geodesic);
    for size in [1, 7, 50] {
        let chunks = features.chunks(size).enumerate();
        let parts = chunks.flat_map(|(i, chunk)| overlay.links(chunk, i * size, AreaMeasure::Geodesic)).collect::<Vec<Link>>();
        assert_eq!(parts, whole);
    }
    assert!(whole.is_sorted());
}

#[test]
fn a_record_cut_in_two_shares_as_much_as_before() {
    let mut draw = Draw(3);
    let whole = Geometry::Rect(Rect::new((-74.1, 2.9), (-73.7, 3.3)));
    let one = [(source(), layer(vec![Some(whole)]))];
    let features = draw.stars(200, 0.003, 20);
    let total = |sources: &[(RegistrySource, Layer)], feature: usize| {
        let links = Overlay::new(sources).expect("an overlay").links(&features[feature..=feature], 0, AreaMeasure::Geodesic);
        links.iter().map(|link| link.overlap_cm2).sum::<i64>() as f64
    };
    for feature in 0..features.len() {
        let at = -74.0 + draw.next() * 0.2;
        let halves = [Rect::new((-74.1, 2.9), (at, 3.3)), Rect::new((at, 2.9), (-73.7, 3.3))];
        let two = [(source(), layer(halves.map(|half| Some(Geometry::Rect(half))).to_vec()))];
        let (before, after) = (total(&one, feature), total(&two, feature));
        assert!((before - after).abs() <= 1e-6 * before, "{feature}: {before} {after}");
    }
}

fn polygon(geometry: Option<&Geometry<f64>>) -> Polygon<f64> {
    match geometry {
        Some(Geometry::Polygon(polygon)) => polygon.clone(),
        other => panic!("{other:?} is no polygon"),
    }
}

#[test]
fn a_patch_shares_what_a_cut_with_the_whole_record_gives() {
    use geo::{BooleanOps, Densify, Euclidean, GeodesicArea};
    let mut draw = Draw(4);
    let records = draw.stars(30, 0.08, 200);
    let features = draw.stars(100, 0.01, 12);
    let sources = [(source(), layer(records.clone()))];
    let links = Overlay::new(&sources).expect("an overlay").links(&features, 0, AreaMeasure::Geodesic);
    // Edges are straight in longitude and latitude; what geodesics between corners make of the patch, its parts take their share of.
    let straight = |shape: &MultiPolygon<f64>| Euclidean.densify(shape, 1e-4).geodesic_area_unsigned();
    for link in links {
        let (patch, record) =
            (polygon(features[link.feature as usize].as_ref()), polygon(records[link.record as usize].as_ref()));
        let area = patch.geodesic_area_signed().abs();
        let bend = area / straight(&MultiPolygon(vec![patch.clone()]));
        let exact = straight(&patch.intersection(&record)) * bend;
        assert!((bend - 1.0).abs() < 1e-5, "{bend}");
        assert!((exact - link.overlap_cm2 as f64 / 1e4).abs() <= 1e-7 * area, "{link:?} {exact}");
    }
}

#[test]
fn in_a_plane_a_patch_shares_what_a_cut_with_the_whole_record_gives() {
    use geo::{Area, BooleanOps};
    let mut draw = Draw(5);
    let metres = |geometry: Option<Geometry<f64>>| {
        geometry.map(|geometry| geo::MapCoords::map_coords(&geometry, |c| geo_types::Coord { x: c.x * 1e5, y: c.y * 1e5 }))
    };
    let records: Vec<_> = draw.stars(30, 0.08, 200).into_iter().map(metres).collect();
    let features: Vec<_> = draw.stars(100, 0.01, 12).into_iter().map(metres).collect();
    let sources = [(source(), layer(records.clone()))];
    let links = Overlay::new(&sources).expect("an overlay").links(&features, 0, AreaMeasure::Planar);
    let mut met = 0;
    for (i, feature) in features.iter().enumerate() {
        for (j, record) in records.iter().enumerate() {
            let exact = polygon(feature.as_ref()).intersection(&polygon(record.as_ref())).unsigned_area();
            let link = links.iter().find(|link| (link.feature, link.record) == (i as u32, j as u32));
            assert!((exact - link.map_or(0.0, |link| link.overlap_cm2 as f64 / 1e4)).abs() <= 1.0, "{link:?} {exact}");
            met += usize::from(link.is_some());
        }
    }
    assert_eq!(met, links.len());
}

#[test]
fn a_thousand_equal_records_are_all_linked() {
    let mut draw = Draw(6);
    let parcel = Some(draw.star(0.05, 40));
    let sources = [(source(), layer(vec![parcel.clone(); 1000]))];
    let links = Overlay::new(&sources).expect("an overlay").links(&[parcel], 0, AreaMeasure::Geodesic);
    assert_eq!(links.len(), 1000);
    assert!(links.iter().all(|link| Some(link.overlap_cm2) == link.feature_cm2), "{:?}", links[0]);
}
