use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use alert::Layer;
use geo::Intersects;
use geo::coordinate_position::CoordPos;
use geo_types::{Geometry, Rect};

use crate::RegistryError;
use crate::boxes::BoxTree;
use crate::crossing::length_within;
use crate::error::hint;
use crate::measure::{grown, narrowest};
use crate::nearness::{METRES_PER_DEGREE, distance_m};
use crate::overlay::{Footprint, bounds};
use crate::position::{Placed, Position, reach};
use crate::source::{Join, RegistrySource};
use crate::surface::{Scratch, Surface};

/// The records of one source, indexed.
pub(crate) struct Indexed<'a> {
    pub(crate) source: &'a RegistrySource,
    geometries: &'a [Option<Geometry<f64>>],
    keys: &'a [Option<String>],
    pub(crate) is_absent: bool,
    /// Surfaces of the records that were looked at.
    surfaces: Vec<OnceLock<Option<Box<Surface<'a>>>>>,
    tree: BoxTree,
}

/// A record that a feature is linked with.
pub(crate) struct Hit {
    pub(crate) record: u32,
    pub(crate) overlap_cm2: i64,
    pub(crate) distance_m: f64,
    pub(crate) position: Position,
}

impl<'a> Indexed<'a> {
    pub(crate) fn new(source: &'a RegistrySource, layer: &'a Layer) -> Result<Self, RegistryError> {
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

    pub(crate) fn records_by_key(&self) -> BTreeMap<Cow<'_, str>, Vec<u32>> {
        let mut records = BTreeMap::<Cow<'_, str>, Vec<u32>>::new();
        for (record, key) in self.keys.iter().enumerate() {
            if let Some(key) = key {
                records.entry(self.source.comparable(key)).or_default().push(record as u32);
            }
        }
        records
    }

    pub(crate) fn hits(&self, feature: &Footprint<'_>, error_m: f64, scratch: &mut Scratch) -> Vec<Hit> {
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
    pub(crate) fn shared(&self, feature: &Footprint<'_>, record: u32, scratch: &mut Scratch) -> Option<i64> {
        match (self.surface(record), &feature.patch, feature.geometry) {
            (Some(surface), Some(patch), _) => patch.overlap_cm2(surface, scratch),
            (Some(surface), None, Geometry::Point(point)) => (surface.position(point.0) != CoordPos::Outside).then_some(0),
            _ => self.geometries[record as usize].as_ref()?.intersects(feature.geometry).then_some(0),
        }
    }

    /// Millimetres of a line within a surface; 0 where the two are no such pair.
    pub(crate) fn crossing_mm(&self, feature: &Footprint<'_>, record: u32) -> u32 {
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
