use std::borrow::Cow;
use std::collections::BTreeMap;

use alert::{Features, Layer};
use geo::coordinate_position::CoordPos;
use geo::{BoundingRect, Intersects};
use geo_types::{Geometry, Point, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::RegistryError;
use crate::error::hint;
use crate::measure::{AreaMeasure, grown};
use crate::nearness::{METRES_PER_DEGREE, distance_m};
use crate::source::{Join, RegistrySource};
use crate::surface::{Patch, Surface};

/// A feature and a record of a source that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Index of the feature in its table.
    pub feature: u32,
    /// Index of the source in its catalogue.
    pub source: u16,
    /// Index of the record in the source's layer.
    pub record: u32,
    /// Area of the feature, square centimetres; `None` for a point or line, and for a join by key.
    pub feature_cm2: Option<i64>,
    /// Area that both share, square centimetres; at most `feature_cm2`.
    pub overlap_cm2: i64,
    /// Geodesic distance in millimetres, 0 where they meet; `None` for a join by key.
    pub distance_mm: Option<i64>,
}

type Boxed = GeomWithData<Rectangle<Point<f64>>, u32>;

/// The records of one source, indexed.
struct Indexed<'a> {
    source: &'a RegistrySource,
    geometries: &'a [Option<Geometry<f64>>],
    keys: &'a [Option<String>],
    surfaces: Vec<Option<Surface>>,
    tree: RTree<Boxed>,
}

/// Sources made ready to be met by features; it can be shared between threads, and each call works on one.
pub struct Overlay<'a> {
    indexed: Vec<Indexed<'a>>,
}

impl<'a> Overlay<'a> {
    /// The overlay of these sources, whose order numbers the links.
    ///
    /// # Errors
    /// [`RegistryError::MissingField`] where a record of the catalogue names a field that its layer lacks.
    pub fn new(sources: &'a [(RegistrySource, Layer)]) -> Result<Self, RegistryError> {
        let indexed = sources.iter().map(|(source, layer)| Indexed::new(source, layer)).collect::<Result<_, _>>()?;
        Ok(Self { indexed })
    }

    /// Links by place of a run of features, the first of which has the index `first_index`.
    ///
    /// Sorted by feature, source and record; the links of a run are those of its parts, one after another. Sources joined by key
    /// give none here: see [`Overlay::key_links`]. Polygons that only touch are not linked; a point on a border is linked to
    /// both sides. `measure` says how the areas of both are taken.
    pub fn links(&self, features: &[Option<Geometry<f64>>], first_index: usize, measure: AreaMeasure<'_>) -> Vec<Link> {
        let mut links = Vec::new();
        for (offset, geometry) in features.iter().enumerate() {
            let Some(feature) = geometry.as_ref().and_then(|geometry| Feature::new(geometry, measure)) else { continue };
            for (number, indexed) in self.indexed.iter().enumerate() {
                let mut hits = indexed.hits(&feature);
                hits.sort_unstable_by_key(|hit| hit.record);
                links.extend(hits.into_iter().map(|hit| Link {
                    feature: (first_index + offset) as u32,
                    source: number as u16,
                    record: hit.record,
                    feature_cm2: feature.patch.as_ref().map(|patch| patch.area_cm2),
                    overlap_cm2: hit.overlap_cm2,
                    distance_mm: Some((hit.distance_m * 1000.0).round() as i64),
                }));
            }
        }
        links
    }

    /// Links of the sources joined by key: one for each record whose key is the feature's text. Sorted as [`Overlay::links`].
    ///
    /// # Errors
    /// [`RegistryError::MissingColumn`] where the features have no text column of the name that a source joins by.
    pub fn key_links(&self, features: &Features) -> Result<Vec<Link>, RegistryError> {
        let mut links = Vec::new();
        for (number, indexed) in self.indexed.iter().enumerate() {
            let Join::Key { column } = &indexed.source.join else { continue };
            let values = features.text(column).ok_or_else(|| missing_column(indexed.source, column, features))?;
            let records = indexed.records_by_key();
            for (feature, value) in values.iter().enumerate() {
                let matched = value.as_deref().and_then(|value| records.get(&indexed.source.comparable(value)));
                links.extend(matched.into_iter().flatten().map(|&record| Link {
                    feature: feature as u32,
                    source: number as u16,
                    record,
                    feature_cm2: None,
                    overlap_cm2: 0,
                    distance_mm: None,
                }));
            }
        }
        links.sort_unstable();
        Ok(links)
    }
}

/// A feature with its box and, where it is a surface, its area.
struct Feature<'g> {
    geometry: &'g Geometry<f64>,
    bounds: Rect<f64>,
    patch: Option<Patch<'g>>,
}

impl<'g> Feature<'g> {
    fn new(geometry: &'g Geometry<f64>, measure: AreaMeasure<'g>) -> Option<Self> {
        Some(Self { geometry, bounds: geometry.bounding_rect()?, patch: Patch::new(geometry, measure) })
    }
}

struct Hit {
    record: u32,
    overlap_cm2: i64,
    distance_m: f64,
}

impl<'a> Indexed<'a> {
    fn new(source: &'a RegistrySource, layer: &'a Layer) -> Result<Self, RegistryError> {
        for (role, field) in source.fields().into_iter().filter(|_| !layer.absent) {
            if layer.features.text(field).is_none() {
                return Err(missing_field(source, layer, role, field));
            }
        }
        let geometries = layer.features.geometries.as_slice();
        let boxes = layer.boxes().into_iter().enumerate();
        let boxed = |(record, bounds): (usize, Option<Rect<f64>>)| {
            let bounds = bounds?;
            let rectangle = Rectangle::from_corners(Point::from(bounds.min()), Point::from(bounds.max()));
            Some(GeomWithData::new(rectangle, record as u32))
        };
        Ok(Self {
            source,
            geometries,
            keys: layer.features.text(&source.key).unwrap_or_default(),
            surfaces: geometries.iter().map(|g| g.as_ref().and_then(Surface::new)).collect(),
            tree: RTree::bulk_load(boxes.filter_map(boxed).collect()),
        })
    }

    fn records_by_key(&self) -> BTreeMap<Cow<'_, str>, Vec<u32>> {
        let mut records = BTreeMap::<Cow<'_, str>, Vec<u32>>::new();
        for (record, key) in self.keys.iter().enumerate() {
            if let Some(key) = key {
                records.entry(self.source.comparable(key)).or_default().push(record as u32);
            }
        }
        records
    }

    fn hits(&self, feature: &Feature<'_>) -> Vec<Hit> {
        match self.source.join {
            Join::Intersects => self.meeting(feature),
            Join::Within { distance_m } => self.within(feature, distance_m),
            Join::Nearest => self.nearest(feature),
            Join::Key { .. } => Vec::new(),
        }
    }

    fn records_in(&self, bounds: Rect<f64>) -> impl Iterator<Item = u32> {
        let envelope = AABB::from_corners(Point::from(bounds.min()), Point::from(bounds.max()));
        self.tree.locate_in_envelope_intersecting(&envelope).map(|boxed| boxed.data)
    }

    fn meeting(&self, feature: &Feature<'_>) -> Vec<Hit> {
        let hit = |record| {
            let overlap_cm2 = self.shared(feature, record)?;
            Some(Hit { record, overlap_cm2, distance_m: 0.0 })
        };
        self.records_in(feature.bounds).filter_map(hit).collect()
    }

    /// Shared square centimetres, `None` where the two do not meet; 0 where one of them is no surface.
    fn shared(&self, feature: &Feature<'_>, record: u32) -> Option<i64> {
        let surface = self.surfaces[record as usize].as_ref();
        match (surface, &feature.patch, feature.geometry) {
            (Some(surface), Some(patch), _) => Some(surface.overlap_cm2(patch)).filter(|&area| area > 0),
            (Some(surface), None, Geometry::Point(point)) => (surface.position(point.0) != CoordPos::Outside).then_some(0),
            _ => self.geometries[record as usize].as_ref()?.intersects(feature.geometry).then_some(0),
        }
    }

    /// The record at its distance; polygons that only touch have distance 0 and no overlap.
    fn measured(&self, feature: &Feature<'_>, record: u32) -> Option<Hit> {
        if let Some(overlap_cm2) = self.shared(feature, record) {
            return Some(Hit { record, overlap_cm2, distance_m: 0.0 });
        }
        let distance_m = distance_m(feature.geometry, self.geometries[record as usize].as_ref()?)?;
        Some(Hit { record, overlap_cm2: 0, distance_m })
    }

    fn within(&self, feature: &Feature<'_>, limit_m: f64) -> Vec<Hit> {
        let y = limit_m / METRES_PER_DEGREE;
        let x = y / narrowest(feature.bounds, y);
        let near = self.records_in(grown(feature.bounds, x, y)).filter_map(|record| self.measured(feature, record));
        near.filter(|hit| hit.distance_m <= limit_m).collect()
    }

    /// The nearest record; of several at the same millimetre the largest overlap, then the smallest key, then the first.
    fn nearest(&self, feature: &Feature<'_>) -> Vec<Hit> {
        let centre = Point::from(feature.bounds.center());
        let reach = feature.bounds.width().hypot(feature.bounds.height()) / 2.0;
        let mut best: Option<Hit> = None;
        for (boxed, squared) in self.tree.nearest_neighbor_iter_with_distance_2(&centre) {
            let degrees = (squared.sqrt() - reach).max(0.0);
            let least_m = degrees * METRES_PER_DEGREE * narrowest(feature.bounds, degrees);
            if best.as_ref().is_some_and(|best| least_m > best.distance_m + 0.001) {
                break;
            }
            let Some(hit) = self.measured(feature, boxed.data) else { continue };
            if best.as_ref().is_none_or(|best| self.rank(&hit) < self.rank(best)) {
                best = Some(hit);
            }
        }
        best.into_iter().collect()
    }

    fn rank(&self, hit: &Hit) -> (i64, i64, Option<&str>, u32) {
        ((hit.distance_m * 1000.0).round() as i64, -hit.overlap_cm2, self.keys[hit.record as usize].as_deref(), hit.record)
    }
}

/// The smallest cosine of latitude within so many degrees of a box, above 0.
pub(crate) fn narrowest(bounds: Rect<f64>, degrees: f64) -> f64 {
    let latitude = bounds.max().y.abs().max(bounds.min().y.abs()) + degrees;
    latitude.min(89.0).to_radians().cos()
}

fn missing_field(source: &RegistrySource, layer: &Layer, role: String, field: &str) -> RegistryError {
    let names = layer.features.columns.iter().map(|column| column.name.as_str());
    RegistryError::MissingField {
        id: source.id.clone(),
        role,
        field: field.to_owned(),
        path: layer.path.clone(),
        fields: names.clone().collect::<Vec<_>>().join(", ") + &hint(field, names),
    }
}

fn missing_column(source: &RegistrySource, column: &str, features: &Features) -> RegistryError {
    let names = features.columns.iter().map(|column| column.name.as_str()).filter(|name| features.text(name).is_some());
    RegistryError::MissingColumn {
        id: source.id.clone(),
        column: column.to_owned(),
        hint: hint(column, names.clone()),
        columns: names.collect::<Vec<_>>().join(", "),
    }
}
