use alert::{Features, Layer};
use geo::BoundingRect;
use geo_types::{Geometry, Rect};
use raster::Bounds;

use crate::RegistryError;
use crate::boxes::along;
use crate::error::hint;
use crate::indexed::Indexed;
use crate::measure::{AreaMeasure, cm2};
use crate::position::Position;
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
    pub(crate) index: u32,
    pub(crate) geometry: &'g Geometry<f64>,
    pub(crate) bounds: Rect<f64>,
    pub(crate) measure: AreaMeasure,
    pub(crate) patch: Option<Patch<'g>>,
}

/// A feature that is a surface.
pub(crate) struct Patch<'g> {
    pub(crate) surface: Surface<'g>,
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
    pub(crate) fn overlap_cm2(&self, record: &Surface<'_>, scratch: &mut Scratch) -> Option<i64> {
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

fn missing_column(source: &RegistrySource, column: &str, features: &Features) -> RegistryError {
    let names = features.columns.iter().map(|column| column.name.as_str()).filter(|name| features.text(name).is_some());
    RegistryError::MissingColumn {
        id: source.id.clone(),
        column: column.to_owned(),
        hint: hint(column, names.clone()),
        columns: names.collect::<Vec<_>>().join(", "),
    }
}
