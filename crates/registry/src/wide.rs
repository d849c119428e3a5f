use std::collections::BTreeSet;

use alert::{Column, Features, Layer, Values};
use geo_types::Geometry;
use polars::prelude::{DataFrame, NULL, PolarsResult, col, lit, when};

use crate::RegistryError;
use crate::join::Joined;
use crate::linked::{Line, Linked};
use crate::overlay::{Link, Overlay};
use crate::source::{Join, RegistrySource};
use crate::table::{column, failed, hectares, integers, metres, shares, text};

impl Linked<'_> {
    /// The wide columns, one row a feature in the features' order.
    ///
    /// For each source the record with the largest overlap (lines: the longest crossing; ties, and points: smallest distance, then smallest key) gives
    /// `<id>_key`, `<id>_name`, `<id>_overlap_ha`, `<id>_share`, `<id>_<column>` for each declared column, `<id>_distance_m` where the
    /// join measures distance, `<id>_crossing_m` where it has lines, `<id>_position` where the source or the features say how well they are placed and `<id>_validity` where the source
    /// declares validity; `<id>_count` is the number of records linked and `<id>_answer` what the source says: `overlap`, or what it
    /// means that it has no record (see [`SourceAnswer`](crate::SourceAnswer)). What there is not is missing; a count is then 0. Of a source that may not
    /// be shown only `<id>_count` and `<id>_answer` are there, and of one that is shown nothing that it declares private. Of several
    /// copies of a source only the last one given has columns.
    ///
    /// # Errors
    /// [`RegistryError::Order`] where links are not sorted, [`RegistryError::Table`] where a table operation fails.
    pub fn wide(&self) -> Result<Vec<Column>, RegistryError> {
        let joined = &self.joined;
        let mut by_source: Vec<Found> = joined.sources.iter().map(|_| Found::new(joined.ids.len())).collect();
        for link in self.links(0..joined.ids.len())? {
            by_source[usize::from(link.source)].add(link);
        }
        let mut columns = Vec::new();
        for (number, (found, (source, layer))) in by_source.into_iter().zip(joined.sources).enumerate() {
            if joined.sources[number + 1..].iter().any(|(later, _)| later.id == source.id) {
                continue;
            }
            let lines: Vec<Line> =
                found.best.iter().enumerate().map(|(feature, best)| self.best(feature, number, *best)).collect();
            if joined.shows(source) {
                let shown = self.shown(source, layer, &lines).map_err(failed("the wide table"))?.into_iter();
                columns.extend(shown.filter(|(ending, _)| joined.shows_column(source, ending)).map(|(_, column)| column));
            }
            let answers = lines.iter().map(|line| line.answer.map(|answer| answer.name().to_owned())).collect();
            columns.push(column(format!("{}_count", source.id), Values::Integer(found.counts)));
            columns.push(column(format!("{}_answer", source.id), Values::Text(answers)));
        }
        Ok(columns)
    }

    /// What a source says of a feature by its best record.
    fn best(&self, feature: usize, source: usize, best: Option<Link>) -> Line {
        let silence = || Some(self.joined.silence(feature, source));
        best.map_or_else(
            || Line { feature: feature as u32, source: Some(source as u16), link: None, answer: silence() },
            |link| self.line(link),
        )
    }

    /// The columns of a source that may be shown, each with its ending.
    fn shown<'s>(&self, source: &'s RegistrySource, layer: &Layer, lines: &[Line]) -> PolarsResult<Vec<(&'s str, Column)>> {
        let validity = when(col("record").is_not_null()).then(col("validity")).otherwise(lit(NULL)).alias("validity");
        let position = col("position").fill_null(lit("outside"));
        let frame: DataFrame = self.frame(lines)?.with_columns([validity, position]).collect()?;
        let named = |ending: &'s str, values| (ending, column(format!("{}_{ending}", source.id), values));
        let mut columns = vec![named("key", Values::Text(text(&frame, "key")?))];
        if source.name.is_some() {
            columns.push(named("name", Values::Text(text(&frame, "name")?)));
        }
        columns.push(named("overlap_ha", Values::Real(hectares(&frame, "overlap")?)));
        columns.push(named("share", Values::Real(shares(&frame, "share")?)));
        if source.join.measures_distance() {
            columns.push(named("distance_m", Values::Real(metres(&frame, "distance")?)));
        }
        if layer.features.geometries.iter().flatten().any(is_line) {
            columns.push(named("crossing_m", Values::Real(metres(&frame, "crossing")?)));
        }
        let records = integers(&frame, "record")?;
        for (output, field) in &source.columns {
            let values = layer.features.text(field).unwrap_or_default();
            let of = |record: &Option<i64>| record.and_then(|record| values[record as usize].clone());
            columns.push(named(output, Values::Text(records.iter().map(of).collect())));
        }
        if self.joined.error_mm(source) > 0 || source.has_classes() {
            columns.push(named("position", Values::Text(text(&frame, "position")?)));
        }
        if source.declares_validity() {
            columns.push(named("validity", Values::Text(text(&frame, "validity")?)));
        }
        Ok(columns)
    }
}

/// The features with the columns `<id>_key` of sources that other sources are joined by and they do not have themselves, and the links
/// by key; `joined` has those by place. A table of codes is joined by the code of the place that a feature lies in.
///
/// # Errors
/// As [`Linked::wide`] and [`Overlay::key_links`].
pub fn key_links(features: &Features, joined: &Joined<'_>) -> Result<(Features, Vec<Link>), RegistryError> {
    let keyed = with_keys(features, joined)?;
    let links = Overlay::new(joined.sources)?.key_links(&keyed)?;
    Ok((keyed, links))
}

/// The features with the keys that sources are joined by.
fn with_keys(features: &Features, joined: &Joined<'_>) -> Result<Features, RegistryError> {
    let asked = joined.sources.iter().filter_map(|(source, _)| match &source.join {
        Join::Key { column } if features.column(column).is_none() => Some(column.as_str()),
        _ => None,
    });
    let asked: BTreeSet<&str> = asked.collect();
    let mut with = features.clone();
    if !asked.is_empty() {
        let columns = Linked::new(Joined { internal: true, silences: &[], ..*joined })?.wide()?;
        with.columns.extend(columns.into_iter().filter(|column| asked.contains(column.name.as_str())));
    }
    Ok(with)
}

fn is_line(geometry: &Geometry<f64>) -> bool {
    matches!(geometry, Geometry::LineString(_) | Geometry::MultiLineString(_) | Geometry::Line(_))
}

/// What one source has of each feature.
struct Found {
    /// The first link of the feature.
    best: Vec<Option<Link>>,
    /// How many links it has.
    counts: Vec<Option<i64>>,
}

impl Found {
    fn new(features: usize) -> Self {
        Self { best: vec![None; features], counts: vec![Some(0); features] }
    }

    fn add(&mut self, link: Link) {
        let feature = link.feature as usize;
        self.best[feature].get_or_insert(link);
        self.counts[feature] = self.counts[feature].map(|count| count + 1);
    }
}
