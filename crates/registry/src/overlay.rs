use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use alert::{Features, Layer};
use geo::coordinate_position::CoordPos;
use geo::{BoundingRect, Intersects};
use geo_types::{Geometry, Rect};
use raster::Bounds;

use crate::RegistryError;
use crate::boxes::{BoxTree, along};
use crate::crossing::length_within;
use crate::error::hint;
use crate::measure::{AreaMeasure, cm2, grown};
use crate::nearness::{METRES_PER_DEGREE, distance_m};
use crate::position::{Placed, Position, reach};
use crate::source::{Join, RegistrySource};
use crate::surface::{Scratch, Shared, Surface};

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
    /// Geodesic distance in millimetres, 0 where they meet; `None` for a join by key. To the pixel where the record is a class of a
    /// raster, and then at least 1 where they do not meet.
    pub distance_mm: Option<i64>,
    /// Length of the line within the other, in millimetres, where one of them is a line and the other a surface; else 0.
    pub crossing_mm: u32,
    /// Whether they meet for certain, by how well both are placed. What may meet although it lies a little apart has a distance.
    pub position: Position,
}

/// The records of one source, indexed.
struct Indexed<'a> {
    source: &'a RegistrySource,
    geometries: &'a [Option<Geometry<f64>>],
    keys: &'a [Option<String>],
    is_absent: bool,
    /// Surfaces of the records that were looked at.
    surfaces: Vec<OnceLock<Option<Box<Surface<'a>>>>>,
    tree: BoxTree,
}

/// Sources made ready to be met by features; it can be shared between threads, and each call works on one.
pub struct Overlay<'a> {
    indexed: Vec<Indexed<'a>>,
    /// How far features may lie off, metres.
    error_m: f64,
}

impl<'a> Overlay<'a> {
    /// The overlay of these sources, whose order numbers the links.
    ///
    /// # Errors
    /// [`RegistryError::MissingField`] where a record of the catalogue names a field that its layer lacks.
    pub fn new(sources: &'a [(RegistrySource, Layer)]) -> Result<Self, RegistryError> {
        let indexed = sources.iter().map(|(source, layer)| Indexed::new(source, layer)).collect::<Result<_, _>>()?;
        Ok(Self { indexed, error_m: 0.0 })
    }

    /// The same for features that may lie so many metres off: links then say which of what meets does so for certain, and what may
    /// meet, or lie within a distance, is linked too. Sources add their own error ([`RegistrySource::position_error_m`]).
    pub fn with_error(self, metres: f64) -> Self {
        Self { error_m: metres, ..self }
    }

    /// Links by place of a run of features, the first of which has the index `first_index`: see [`Overlay::links_of`].
    pub fn links(&self, features: &[Option<Geometry<f64>>], first_index: usize, measure: AreaMeasure) -> Vec<Link> {
        let given = features.iter().enumerate();
        let footprint = given.filter_map(|(offset, geometry)| Footprint::new(first_index + offset, geometry.as_ref()?, measure));
        let footprints: Vec<Footprint<'_>> = footprint.collect();
        self.links_of(&footprints)
    }

    /// Links by place of features made ready, whose records stand in the same coordinates as they do.
    ///
    /// Sorted by feature as given, source and record; the links of a run are those of its parts, one after another. Sources joined
    /// by key give none here: see [`Overlay::key_links`]. Polygons that only touch are not linked, those that share any area share
    /// at least 1 cm2; a point on a border is linked to both sides.
    pub fn links_of(&self, features: &[Footprint<'_>]) -> Vec<Link> {
        let mut links = Vec::new();
        let mut scratch = Scratch::default();
        for feature in features {
            for (number, indexed) in self.indexed.iter().enumerate() {
                let mut hits = indexed.hits(feature, self.error_m, &mut scratch);
                hits.sort_unstable_by_key(|hit| hit.record);
                links.extend(hits.into_iter().map(|hit| Link {
                    feature: feature.index,
                    source: number as u16,
                    record: hit.record,
                    feature_cm2: feature.area_cm2(),
                    overlap_cm2: hit.overlap_cm2,
                    distance_mm: Some((hit.distance_m * 1000.0).round() as i64),
                    crossing_mm: if hit.distance_m > 0.0 { 0 } else { indexed.crossing_mm(feature, hit.record) },
                    position: hit.position,
                }));
            }
        }
        links
    }

    /// The link of a feature with one record by the area or length they share, in the coordinates and by the measure of this overlay.
    pub fn with_area(&self, link: Link, feature: &Footprint<'_>) -> Link {
        let indexed = &self.indexed[usize::from(link.source)];
        let shared = indexed.shared(feature, link.record, &mut Scratch::default());
        let crossing_mm = indexed.crossing_mm(feature, link.record);
        Link { feature_cm2: feature.area_cm2(), overlap_cm2: shared.unwrap_or(0), crossing_mm, ..link }
    }

    /// Links of the sources joined by key: one for each record whose key is the feature's text. Sorted as [`Overlay::links`].
    ///
    /// # Errors
    /// [`RegistryError::MissingColumn`] where the features have no text column of the name that a source joins by.
    pub fn key_links(&self, features: &Features) -> Result<Vec<Link>, RegistryError> {
        let mut links = Vec::new();
        for (number, indexed) in self.indexed.iter().enumerate() {
            let Join::Key { column } = &indexed.source.join else { continue };
            if indexed.is_absent {
                continue;
            }
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
                    crossing_mm: 0,
                    position: Position::Certain,
                }));
            }
        }
        links.sort_unstable();
        Ok(links)
    }
}

/// A feature made ready to be laid over sources.
pub struct Footprint<'g> {
    index: u32,
    geometry: &'g Geometry<f64>,
    bounds: Rect<f64>,
    measure: AreaMeasure,
    patch: Option<Patch<'g>>,
}

/// A feature that is a surface.
struct Patch<'g> {
    surface: Surface<'g>,
    measure: AreaMeasure,
    area_cm2: i64,
    /// What its area is more than that between straight edges: geodesics bend.
    bend: f64,
}

impl<'g> Footprint<'g> {
    /// The footprint of a feature by its index in its table; `None` where the geometry is empty.
    pub fn new(index: usize, geometry: &'g Geometry<f64>, measure: AreaMeasure) -> Option<Self> {
        let bounds = geometry.bounding_rect()?;
        Some(Self { index: index as u32, geometry, bounds, measure, patch: Patch::new(geometry, measure) })
    }

    /// Index of the feature in its table.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// Its area in square centimetres; `None` where it is no surface.
    pub fn area_cm2(&self) -> Option<i64> {
        self.patch.as_ref().map(|patch| patch.area_cm2)
    }

    /// Sorts footprints so that what follows one another lies near one another.
    pub fn sort_by_place(footprints: &mut [Self]) {
        let Some(whole) = footprints.iter().map(|footprint| bounds(footprint.bounds)).reduce(Bounds::union) else { return };
        footprints.sort_by_cached_key(|footprint| (along(&whole, footprint.bounds.center()), footprint.index));
    }
}

impl<'g> Patch<'g> {
    fn new(geometry: &'g Geometry<f64>, measure: AreaMeasure) -> Option<Self> {
        let surface = Surface::new(geometry)?;
        let area_m2 = measure.area_m2(geometry)?;
        let straight = match measure {
            AreaMeasure::Planar => area_m2,
            AreaMeasure::Geodesic => surface.area(measure, &mut Scratch::default()),
        };
        let bend = if straight > 0.0 { area_m2 / straight } else { 1.0 };
        Some(Self { surface, measure, area_cm2: cm2(area_m2), bend })
    }

    /// Area in square centimetres that it shares with a record, at least 1; `None` where they share none.
    fn overlap_cm2(&self, record: &Surface<'_>, scratch: &mut Scratch) -> Option<i64> {
        match self.surface.shared(record, self.measure, scratch) {
            Shared::Nothing => None,
            Shared::Whole => Some(self.area_cm2),
            Shared::Part(area_m2) => Some(cm2(area_m2 * self.bend).max(1).min(self.area_cm2.max(1))),
        }
    }
}

pub(crate) fn bounds(rect: Rect<f64>) -> Bounds {
    Bounds { west: rect.min().x, south: rect.min().y, east: rect.max().x, north: rect.max().y }
}

struct Hit {
    record: u32,
    overlap_cm2: i64,
    distance_m: f64,
    position: Position,
}

impl<'a> Indexed<'a> {
    fn new(source: &'a RegistrySource, layer: &'a Layer) -> Result<Self, RegistryError> {
        for (role, field) in
            source.fields().into_iter().filter(|_| !layer.absent && (source.raster.is_none() || !layer.features.is_empty()))
        {
            if layer.features.text(field).is_none() {
                return Err(missing_field(source, layer, role, field));
            }
        }
        let geometries = layer.features.geometries.as_slice();
        let boxes = layer.boxes().into_iter().enumerate();
        let boxed = boxes.filter_map(|(record, rect)| Some((record as u32, bounds(rect?)))).collect();
        Ok(Self {
            source,
            geometries,
            keys: layer.features.text(&source.key).unwrap_or_default(),
            is_absent: layer.absent,
            surfaces: geometries.iter().map(|_| OnceLock::new()).collect(),
            tree: BoxTree::new(boxed),
        })
    }

    /// The surface that a record is, made when it is first asked for.
    fn surface(&self, record: u32) -> Option<&Surface<'a>> {
        let make = || self.geometries[record as usize].as_ref().and_then(Surface::new).map(Box::new);
        self.surfaces[record as usize].get_or_init(make).as_deref()
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

    fn hits(&self, feature: &Footprint<'_>, error_m: f64, scratch: &mut Scratch) -> Vec<Hit> {
        match self.source.join {
            Join::Intersects => self.meeting(feature, self.source.position_error_m() + error_m, scratch),
            Join::Within { distance_m } => self.within(feature, distance_m, self.source.position_error_m() + error_m, scratch),
            Join::Nearest { count } => self.nearest(feature, count, self.source.position_error_m() + error_m, scratch),
            Join::Key { .. } => Vec::new(),
        }
    }

    fn records_in(&self, rect: Rect<f64>) -> Vec<u32> {
        let mut records = Vec::new();
        self.tree.meeting(&bounds(rect), |record| records.push(record));
        records
    }

    /// What meets, and what may where both lie so many metres off.
    fn meeting(&self, feature: &Footprint<'_>, error_m: f64, scratch: &mut Scratch) -> Vec<Hit> {
        let (x, y) = reach(feature.bounds.center(), error_m, feature.measure);
        let hit = |record| match self.shared(feature, record, scratch) {
            Some(overlap_cm2) => {
                let position = self.met(feature, record, error_m)?;
                Some(Hit { record, overlap_cm2, distance_m: 0.0, position })
            }
            None if error_m > 0.0 => {
                let distance_m = self.placed(feature, record, error_m)?.distance_m()?;
                let near = Hit { record, overlap_cm2: 0, distance_m, position: Position::Possible };
                (distance_m <= error_m).then_some(near)
            }
            None => None,
        };
        self.records_in(grown(feature.bounds, x, y)).into_iter().filter_map(hit).collect()
    }

    fn placed<'s>(&'s self, feature: &'s Footprint<'_>, record: u32, error_m: f64) -> Option<Placed<'s>> {
        Some(Placed {
            feature: feature.geometry,
            patch: feature.patch.as_ref().map(|patch| &patch.surface),
            record: self.geometries[record as usize].as_ref()?,
            surface: self.surface(record),
            error_m,
            measure: feature.measure,
        })
    }

    /// Shared square centimetres, `None` where the two do not meet; 0 where one of them is no surface.
    fn shared(&self, feature: &Footprint<'_>, record: u32, scratch: &mut Scratch) -> Option<i64> {
        match (self.surface(record), &feature.patch, feature.geometry) {
            (Some(surface), Some(patch), _) => patch.overlap_cm2(surface, scratch),
            (Some(surface), None, Geometry::Point(point)) => (surface.position(point.0) != CoordPos::Outside).then_some(0),
            _ => self.geometries[record as usize].as_ref()?.intersects(feature.geometry).then_some(0),
        }
    }

    /// Millimetres of a line within a surface; 0 where the two are no such pair.
    fn crossing_mm(&self, feature: &Footprint<'_>, record: u32) -> u32 {
        let metres = match (self.surface(record), &feature.patch) {
            (Some(surface), None) => length_within(feature.geometry, surface, feature.measure),
            (None, Some(patch)) => {
                self.geometries[record as usize].as_ref().and_then(|line| length_within(line, &patch.surface, feature.measure))
            }
            _ => None,
        };
        (metres.unwrap_or(0.0) * 1000.0).round() as u32
    }

    /// The record at its distance; polygons that only touch have distance 0 and no overlap.
    fn measured(&self, feature: &Footprint<'_>, record: u32, error_m: f64, scratch: &mut Scratch) -> Option<Hit> {
        if let Some(overlap_cm2) = self.shared(feature, record, scratch) {
            let position = self.met(feature, record, error_m)?;
            return Some(Hit { record, overlap_cm2, distance_m: 0.0, position });
        }
        let distance_m = distance_m(feature.geometry, self.geometries[record as usize].as_ref()?)?;
        let position = if distance_m <= error_m { Position::Possible } else { Position::Outside };
        Some(Hit { record, overlap_cm2: 0, distance_m, position })
    }

    /// The position of two that meet.
    fn met(&self, feature: &Footprint<'_>, record: u32, error_m: f64) -> Option<Position> {
        if error_m > 0.0 { Some(self.placed(feature, record, error_m)?.position()) } else { Some(Position::Certain) }
    }

    /// What lies within the limit, and what may where both lie so many metres off.
    fn within(&self, feature: &Footprint<'_>, limit_m: f64, error_m: f64, scratch: &mut Scratch) -> Vec<Hit> {
        let y = (limit_m + error_m) / METRES_PER_DEGREE;
        let x = y / narrowest(feature.bounds, y);
        let records = self.records_in(grown(feature.bounds, x, y)).into_iter();
        let near = records.filter_map(|record| self.measured(feature, record, error_m, scratch));
        near.filter(|hit| hit.distance_m <= limit_m + error_m).collect()
    }

    /// So many nearest records; of several at the same millimetre the largest overlap, then the smallest key, then the first.
    fn nearest(&self, feature: &Footprint<'_>, count: usize, error_m: f64, scratch: &mut Scratch) -> Vec<Hit> {
        let centre = feature.bounds.center();
        let reach = feature.bounds.width().hypot(feature.bounds.height()) / 2.0;
        let mut best: Vec<Hit> = Vec::new();
        for (record, distance) in self.tree.by_distance(centre) {
            let degrees = (distance - reach).max(0.0);
            let least_m = degrees * METRES_PER_DEGREE * narrowest(feature.bounds, degrees);
            if best.len() == count && best.last().is_some_and(|worst| least_m > worst.distance_m + 0.001) {
                break;
            }
            let Some(hit) = self.measured(feature, record, error_m, scratch) else { continue };
            let place = best.partition_point(|better| self.rank(better) < self.rank(&hit));
            best.insert(place, hit);
            best.truncate(count);
        }
        best
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
