use std::cmp::Ordering;
use std::ops::Range;

use alert::Layer;
use polars::prelude::*;

use crate::RegistryError;
use crate::join::Joined;
use crate::overlay::Link;
use crate::period::{validity, validity_on};
use crate::position::Position;
use crate::source::{Bound, RegistrySource};
use crate::table::failed;

/// A link with what its record says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) link: Link,
    pub(crate) key: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    /// First day of validity, and the first after it, as days since 1970-01-01.
    pub(crate) days: (Option<i32>, Option<i32>),
    pub(crate) validity: &'static str,
}

impl Row<'_> {
    /// Shared square centimetres; `None` where the feature is no surface.
    pub(crate) fn overlap_cm2(&self) -> Option<i64> {
        self.area_cm2().map(|_| self.link.overlap_cm2)
    }

    /// Shared part of the feature, 0 to 1; `None` where it is no surface.
    pub(crate) fn share(&self) -> Option<f64> {
        self.area_cm2().map(|area| self.link.overlap_cm2 as f64 / area as f64)
    }

    /// Whether they meet as they are drawn: what only may meet lies apart.
    pub(crate) fn meets(&self) -> bool {
        self.link.position == Position::Certain || self.link.distance_mm == Some(0)
    }

    fn area_cm2(&self) -> Option<i64> {
        self.link.feature_cm2.filter(|&area| area > 0)
    }

    /// By feature, source, overlap (largest first), distance, key and record; what is missing comes last.
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.link, &other.link);
        let place = (a.feature, a.source).cmp(&(b.feature, b.source));
        place
            .then_with(|| missing_last(self.overlap_cm2(), other.overlap_cm2(), |a, b| b.cmp(a)))
            .then_with(|| missing_last(a.distance_mm, b.distance_mm, Ord::cmp))
            .then_with(|| missing_last(self.key, other.key, Ord::cmp))
            .then(a.record.cmp(&b.record))
    }
}

fn missing_last<T>(a: Option<T>, b: Option<T>, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (&a, &b) {
        (Some(a), Some(b)) => order(a, b),
        _ => a.is_none().cmp(&b.is_none()),
    }
}

/// What the records of a source say, by their fields.
struct Records<'a> {
    source: &'a RegistrySource,
    keys: Option<&'a [Option<String>]>,
    names: Option<&'a [Option<String>]>,
    from: Option<&'a [Option<String>]>,
    to: Option<&'a [Option<String>]>,
}

impl<'a> Records<'a> {
    fn new((source, layer): &'a (RegistrySource, Layer)) -> Self {
        let bound = |bound: &Bound| match bound {
            Bound::Field(name) => layer.features.text(name),
            Bound::Open | Bound::Day(_) => None,
        };
        Self {
            source,
            keys: layer.features.text(&source.key),
            names: source.name.as_deref().and_then(|name| layer.features.text(name)),
            from: bound(&source.valid_from),
            to: bound(&source.valid_to),
        }
    }

    fn row(&self, link: Link, period: (Option<i32>, Option<i32>)) -> Row<'a> {
        let field = |values: Option<&'a [Option<String>]>| values.and_then(|values| values[link.record as usize].as_deref());
        let days = validity(self.source, field(self.from), field(self.to));
        Row { link, key: field(self.keys), name: field(self.names), days, validity: validity_on(days, period) }
    }
}

impl Joined<'_> {
    /// One row a link of a run of features: sorted by feature, source, overlap (largest first), distance, key and record.
    pub(crate) fn rows(&self, run: Range<usize>) -> Result<Vec<Row<'_>>, RegistryError> {
        let records: Vec<Records<'_>> = self.sources.iter().map(Records::new).collect();
        let place = |feature: usize| self.links.partition_point(|link| (link.feature as usize) < feature);
        let links = &self.links[place(run.start)..place(run.end)];
        if !links.is_sorted_by_key(|link| link.feature) || links.iter().any(|link| !run.contains(&(link.feature as usize))) {
            return Err(RegistryError::Order);
        }
        let row = |link: &Link| records[usize::from(link.source)].row(*link, self.periods.days(link.feature as usize));
        let mut rows: Vec<Row<'_>> = links.iter().map(row).collect();
        rows.sort_by(Row::order);
        Ok(rows)
    }

    /// The rows of all features as a frame: feature, source, record, area, overlap, distance (square centimetres, millimetres), key,
    /// name, from, to (days since 1970-01-01), share, certain and validity, in the order of the rows.
    pub(crate) fn linked(&self) -> Result<DataFrame, RegistryError> {
        let rows = self.rows(0..self.ids.len())?;
        let frame = df!(
            "feature" => rows.iter().map(|row| row.link.feature).collect::<Vec<_>>(),
            "source" => rows.iter().map(|row| u32::from(row.link.source)).collect::<Vec<_>>(),
            "record" => rows.iter().map(|row| Some(row.link.record)).collect::<Vec<_>>(),
            "area" => rows.iter().map(Row::area_cm2).collect::<Vec<_>>(),
            "overlap" => rows.iter().map(Row::overlap_cm2).collect::<Vec<_>>(),
            "distance" => rows.iter().map(|row| row.link.distance_mm).collect::<Vec<_>>(),
            "key" => rows.iter().map(|row| row.key).collect::<Vec<_>>(),
            "name" => rows.iter().map(|row| row.name).collect::<Vec<_>>(),
            "from" => rows.iter().map(|row| row.days.0).collect::<Vec<_>>(),
            "to" => rows.iter().map(|row| row.days.1).collect::<Vec<_>>(),
            "share" => rows.iter().map(Row::share).collect::<Vec<_>>(),
            "certain" => rows.iter().map(|row| row.link.position == Position::Certain).collect::<Vec<_>>(),
            "validity" => rows.iter().map(|row| row.validity).collect::<Vec<_>>(),
        );
        frame.map_err(failed("the frame of links"))
    }
}
