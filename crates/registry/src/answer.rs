use alert::Layer;
use geo::{BoundingRect, Contains};
use geo_types::{Geometry, MultiPolygon};

use crate::period::Periods;
use crate::source::RegistrySource;

/// What a source says of a feature. Only [`SourceAnswer::NoOverlap`] is a "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceAnswer {
    /// A record meets it.
    Overlap,
    /// No record meets it, and the source would have one.
    NoOverlap,
    /// The source was not there to be asked.
    SourceAbsent,
    /// The place or the day is not within what the source declares to cover, or it declares nothing.
    OutsideCoverage,
    /// The copy of the source was taken before the change was seen: a later record is not in it.
    SnapshotOlder,
    /// Nobody says when the copy was taken.
    SnapshotUndated,
}

impl SourceAnswer {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::NoOverlap => "no_overlap",
            Self::SourceAbsent => "source_absent",
            Self::OutsideCoverage => "outside_coverage",
            Self::SnapshotOlder => "snapshot_older",
            Self::SnapshotUndated => "snapshot_undated",
        }
    }

    /// The same for people, in Spanish and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Overlap => ("hay un registro", "there is a record"),
            Self::NoOverlap => ("no hay registro", "there is no record"),
            Self::SourceAbsent => ("no se contó con la fuente", "the source was not there"),
            Self::OutsideCoverage => ("fuera de la cobertura de la fuente", "outside what the source covers"),
            Self::SnapshotOlder => {
                ("la copia de la fuente es anterior al cambio", "the copy of the source is older than the change")
            }
            Self::SnapshotUndated => ("la copia de la fuente no tiene fecha", "the copy of the source has no date"),
        }
    }
}

/// A source and where it can speak.
pub struct Reach<'a> {
    /// The source.
    pub source: &'a RegistrySource,
    /// Its layer.
    pub layer: &'a Layer,
    /// Polygons that it covers, longitude and latitude; `None` where its record names none.
    pub polygons: Option<&'a MultiPolygon<f64>>,
}

/// What it means for each feature that a source has no record of it: feature by feature, one answer a source.
///
/// A source that was absent comes first, then the place, then the days, then the age of its copy, which is asked only where the
/// features have days of their own. A feature without a place is taken for covered.
pub fn silences(reaches: &[Reach<'_>], geometries: &[Option<Geometry<f64>>], periods: Periods<'_>) -> Vec<SourceAnswer> {
    let mut answers = Vec::with_capacity(geometries.len() * reaches.len());
    for (feature, geometry) in geometries.iter().enumerate() {
        let days = periods.days(feature);
        answers.extend(reaches.iter().map(|reach| reach.silence(geometry.as_ref(), days, periods.are_changes())));
    }
    answers
}

impl Reach<'_> {
    fn silence(&self, geometry: Option<&Geometry<f64>>, days: (Option<i32>, Option<i32>), changes: bool) -> SourceAnswer {
        if self.layer.absent {
            return SourceAnswer::SourceAbsent;
        }
        // A source that does not say what it covers cannot say that there was nothing on some day.
        let undeclared = changes && self.source.coverage.is_open();
        if undeclared || geometry.is_some_and(|geometry| !self.covers(geometry)) || !self.covers_days(days) {
            return SourceAnswer::OutsideCoverage;
        }
        match (self.source.retrieved, days.1) {
            _ if !changes => SourceAnswer::NoOverlap,
            (None, _) => SourceAnswer::SnapshotUndated,
            (Some(retrieved), Some(last)) if retrieved.days() < last => SourceAnswer::SnapshotOlder,
            _ => SourceAnswer::NoOverlap,
        }
    }

    fn covers(&self, geometry: &Geometry<f64>) -> bool {
        let Some(bounds) = geometry.bounding_rect() else { return true };
        let in_box = self.source.coverage.bounds.is_none_or(|[west, south, east, north]| {
            west <= bounds.min().x && bounds.max().x <= east && south <= bounds.min().y && bounds.max().y <= north
        });
        in_box && self.polygons.is_none_or(|polygons| polygons.contains(geometry))
    }

    fn covers_days(&self, (first, last): (Option<i32>, Option<i32>)) -> bool {
        let coverage = &self.source.coverage;
        let begun = coverage.from.is_none_or(|from| first.is_none_or(|first| from.days() <= first));
        let goes_on = coverage.to.is_none_or(|to| last.is_none_or(|last| last < to.days()));
        begun && goes_on
    }
}
