//! How much of each feature others cover.

use std::collections::HashMap;

use alert::{Features, Layer, Values};
use geo::orient::Direction;
use geo::{BoundingRect as _, Intersects as _, Orient as _, unary_union};
use geo_types::{Geometry, MultiPolygon, Polygon};
use pipeline::Budget;
use registry::{AreaMeasure, Catalogue, Footprint, Link, Overlay, Position, RegistrySource};

use crate::fault::Fault;
use crate::run;

/// What of a feature others cover.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cover {
    /// Its area, square centimetres; `None` where it is no surface.
    pub(super) area_cm2: Option<i64>,
    /// The part of it that any of the others covers: what two cover counts once.
    pub(super) covered_cm2: i64,
    /// The others that it meets, with the area that each shares, the most first; of equals the earlier.
    pub(super) partners: Vec<(usize, i64)>,
}

impl Cover {
    /// Whether at least half of it is covered; of a point, whether anything meets it.
    pub(super) fn is_met(&self) -> bool {
        match self.area_cm2 {
            Some(area) => self.covered_cm2 > 0 && 2 * self.covered_cm2 >= area,
            None => !self.partners.is_empty(),
        }
    }

    /// The other that covers most.
    pub(super) fn partner(&self) -> Option<usize> {
        Some(self.partners.first()?.0)
    }

    /// Covered hectares.
    pub(super) fn covered_ha(&self) -> f64 {
        hectares(self.covered_cm2)
    }

    /// Its own hectares; 0 where it is no surface.
    pub(super) fn area_ha(&self) -> f64 {
        hectares(self.area_cm2.unwrap_or(0))
    }
}

fn hectares(cm2: i64) -> f64 {
    cm2 as f64 / 1e8
}

/// What others cover of each feature, both in longitude and latitude; areas are geodesic.
pub(super) fn covers(
    features: &[Option<Geometry<f64>>],
    others: &[Option<Geometry<f64>>],
    budget: &Budget,
) -> Result<Vec<Cover>, Fault> {
    let footprints = run::footprints(features, AreaMeasure::Geodesic, budget)?;
    let links = run::links(&[(source()?, layer(others.to_vec())?)], &footprints, 0.0, budget, || Ok(()))?;
    let mut covers = vec![Cover::default(); features.len()];
    for footprint in &footprints {
        covers[footprint.index()].area_cm2 = footprint.area_cm2();
    }
    for link in links {
        let cover = &mut covers[link.feature as usize];
        cover.partners.push((link.record as usize, link.overlap_cm2));
        cover.covered_cm2 += link.overlap_cm2;
    }
    for cover in &mut covers {
        cover.partners.sort_by_key(|&(other, shared)| (std::cmp::Reverse(shared), other));
    }
    count_once(&mut covers, &footprints, others)?;
    Ok(covers)
}

/// Measures what several others cover by their union, where these may lie over one another.
fn count_once(covers: &mut [Cover], footprints: &[Footprint<'_>], others: &[Option<Geometry<f64>>]) -> Result<(), Fault> {
    let crowded: Vec<usize> =
        (0..covers.len()).filter(|&i| covers[i].area_cm2.is_some() && may_overlap(&covers[i], others)).collect();
    if crowded.is_empty() {
        return Ok(());
    }
    let unions = crowded.iter().map(|&i| Some(Geometry::MultiPolygon(union(&covers[i], others)))).collect();
    let under = [(source()?, layer(unions)?)];
    let overlay = Overlay::new(&under)?;
    let by_index: HashMap<usize, &Footprint<'_>> = footprints.iter().map(|footprint| (footprint.index(), footprint)).collect();
    for (record, feature) in crowded.into_iter().enumerate() {
        let link = Link {
            feature: feature as u32,
            source: 0,
            record: record as u32,
            feature_cm2: None,
            overlap_cm2: 0,
            distance_mm: None,
            crossing_mm: 0,
            position: Position::Certain,
        };
        covers[feature].covered_cm2 = overlay.with_area(link, by_index[&feature]).overlap_cm2;
    }
    Ok(())
}

fn may_overlap(cover: &Cover, others: &[Option<Geometry<f64>>]) -> bool {
    let boxes: Vec<_> = cover.partners.iter().filter_map(|(other, _)| others[*other].as_ref()?.bounding_rect()).collect();
    boxes.iter().enumerate().any(|(i, a)| boxes[..i].iter().any(|b| a.intersects(b)))
}

/// What the partners of a cover are together; rings wound the wrong way would take away.
fn union(cover: &Cover, others: &[Option<Geometry<f64>>]) -> MultiPolygon<f64> {
    let polygons: Vec<Polygon<f64>> = cover
        .partners
        .iter()
        .flat_map(|(other, _)| match &others[*other] {
            Some(Geometry::Polygon(polygon)) => vec![polygon.clone()],
            Some(Geometry::MultiPolygon(multi)) => multi.0.clone(),
            _ => Vec::new(),
        })
        .collect();
    let wound: Vec<Polygon<f64>> = polygons.iter().map(|polygon| polygon.orient(Direction::Default)).collect();
    unary_union(&wound)
}

/// Name of the column of records that nobody names.
const KEY: &str = "row";

/// Records that are met by place and that no authority keeps.
fn source() -> Result<RegistrySource, Fault> {
    let told = format!(
        "[[source]]\nid = \"other\"\ntitle = {{ es = \"\", en = \"\" }}\nauthority = \"\"\npath = \"other\"\nkey = \"{KEY}\"\nprivacy = \"public\""
    );
    Ok(Catalogue::parse(&told)?.sources.remove(0))
}

fn layer(geometries: Vec<Option<Geometry<f64>>>) -> Result<Layer, Fault> {
    let rows = (0..geometries.len()).map(|row| Some(row.to_string())).collect();
    let features = Features::new("other", geometries).with(KEY, Values::Text(rows))?;
    Ok(Layer { features, ..Layer::default() })
}

#[cfg(test)]
mod tests {
    use geo_types::{Rect, point};

    use super::*;

    fn square(west: f64, south: f64, side: f64) -> Polygon<f64> {
        Rect::new((west, south), (west + side, south + side)).to_polygon()
    }

    #[test]
    fn what_two_others_cover_counts_once() {
        let clockwise = square(0.003, 0.0, 0.007).orient(Direction::Reversed);
        let others = [square(0.0, 0.0, 0.006), clockwise, square(0.5, 0.0, 0.1)].map(|polygon| Some(polygon.into()));
        let features = [Some(square(0.0, 0.0, 0.01).into()), None, Some(Geometry::Point(point!(x: 0.004, y: 0.001)))];
        let covers = covers(&features, &others, &Budget::new(2, 1 << 28)).expect("covers");
        let share = covers[0].covered_cm2 as f64 / covers[0].area_cm2.expect("a surface") as f64;
        // 0.06 by 0.06 and 0.07 by 0.07, less 0.03 by 0.06 of both.
        assert!((share - (0.36 + 0.49 - 0.18)).abs() < 1e-6, "{share}");
        assert_eq!(covers[0].partners.iter().map(|partner| partner.0).collect::<Vec<_>>(), [1, 0]);
        assert!(covers[0].is_met() && covers[1] == Cover::default() && !covers[1].is_met());
        assert!(covers[2].is_met() && covers[2].area_cm2.is_none());
    }
}
