use std::collections::BTreeSet;

use alert::{Column, Features, Layer, Values};

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::join::{Joined, metres};
use crate::measure::{hectares, share};
use crate::rows::Row;
use crate::source::{Join, RegistrySource};
use crate::table::column;

/// The wide columns, one row a feature in the features' order.
///
/// For each source the record with the largest overlap (ties, and points: smallest distance, then smallest key) gives
/// `<id>_key`, `<id>_name`, `<id>_overlap_ha`, `<id>_share`, `<id>_<column>` for each declared column, `<id>_distance_m` where the
/// join measures distance, `<id>_position` where the source says how well it is placed and `<id>_validity` where the source declares validity; `<id>_count` is the number of records linked and
/// `<id>_answer` what the source says: `overlap`, or what it means that it has no record (see [`SourceAnswer`]).
/// What there is not is missing; a count is then 0. Of a source that may not be shown only `<id>_count` and `<id>_answer` are
/// there, and of one that is shown nothing that it declares private. Of several copies of a source only the last one given has columns.
///
/// # Errors
/// [`RegistryError::Length`] where periods are not one a feature, [`RegistryError::Order`] where links are not sorted.
pub fn wide_columns(joined: &Joined<'_>) -> Result<Vec<Column>, RegistryError> {
    joined.check()?;
    let rows = joined.rows(0..joined.ids.len())?;
    let mut columns = Vec::new();
    for (number, (source, layer)) in joined.sources.iter().enumerate() {
        if joined.sources[number + 1..].iter().any(|(later, _)| later.id == source.id) {
            continue;
        }
        let found = Found::new(number, joined.ids.len(), &rows);
        if joined.shows(source) {
            let shown = shown_columns(source, layer, &found).into_iter();
            columns.extend(shown.filter(|(ending, _)| joined.shows_column(source, ending)).map(|(_, column)| column));
        }
        let answer = |(feature, best): (usize, Option<&Row<'_>>)| {
            let meets = best.is_some_and(Row::meets);
            let answer = if meets { SourceAnswer::Overlap } else { joined.silence(feature, number) };
            Some(answer.name().to_owned())
        };
        let answers = found.best.iter().copied().enumerate().map(answer).collect();
        let counts = found.counts.iter().map(|&count| Some(count)).collect();
        columns.push(column(format!("{}_count", source.id), Values::Integer(counts)));
        columns.push(column(format!("{}_answer", source.id), Values::Text(answers)));
    }
    Ok(columns)
}

/// The features with the columns `<id>_key` of sources that other sources are joined by and they do not have themselves: a table of
/// codes is joined by the code of the place that a feature lies in. `joined` has the links by place.
///
/// # Errors
/// As [`wide_columns`].
pub fn with_keys(features: &Features, joined: &Joined<'_>) -> Result<Features, RegistryError> {
    let asked = joined.sources.iter().filter_map(|(source, _)| match &source.join {
        Join::Key { column } if features.column(column).is_none() => Some(column.as_str()),
        _ => None,
    });
    let asked: BTreeSet<&str> = asked.collect();
    let mut with = features.clone();
    if !asked.is_empty() {
        let columns = wide_columns(&Joined { internal: true, silences: &[], ..*joined })?;
        with.columns.extend(columns.into_iter().filter(|column| asked.contains(column.name.as_str())));
    }
    Ok(with)
}

/// What one source says of each feature.
struct Found<'r, 'a> {
    /// The first row of the feature.
    best: Vec<Option<&'r Row<'a>>>,
    /// How many rows it has.
    counts: Vec<i64>,
}

impl<'r, 'a> Found<'r, 'a> {
    fn new(source: usize, features: usize, rows: &'r [Row<'a>]) -> Self {
        let mut found = Self { best: vec![None; features], counts: vec![0; features] };
        for row in rows.iter().filter(|row| usize::from(row.link.source) == source) {
            let feature = row.link.feature as usize;
            found.best[feature].get_or_insert(row);
            found.counts[feature] += 1;
        }
        found
    }

    fn each<T>(&self, of: impl Fn(&Row<'a>) -> Option<T>) -> Vec<Option<T>> {
        self.best.iter().map(|row| row.and_then(&of)).collect()
    }
}

/// `certain`, `possible`, or `outside` where no record is near.
fn position(row: Option<&Row<'_>>) -> String {
    row.map_or("outside", |row| row.link.position.name()).to_owned()
}

/// The columns of a source that may be shown, each with its ending.
fn shown_columns<'s>(source: &'s RegistrySource, layer: &Layer, found: &Found<'_, '_>) -> Vec<(&'s str, Column)> {
    let named = |ending: &'s str, values| (ending, column(format!("{}_{ending}", source.id), values));
    let mut columns = vec![named("key", Values::Text(found.each(|row| row.key.map(str::to_owned))))];
    if source.name.is_some() {
        columns.push(named("name", Values::Text(found.each(|row| row.name.map(str::to_owned)))));
    }
    columns.push(named("overlap_ha", Values::Real(found.each(|row| row.overlap_cm2().map(hectares)))));
    columns.push(named("share", Values::Real(found.each(|row| row.share().map(share)))));
    if source.join.measures_distance() {
        columns.push(named("distance_m", Values::Real(found.each(|row| row.link.distance_mm.map(metres)))));
    }
    for (output, field) in &source.columns {
        let values = layer.features.text(field).unwrap_or_default();
        columns.push(named(output, Values::Text(found.each(|row| values[row.link.record as usize].clone()))));
    }
    if source.position_error_m() > 0.0 && source.raster.is_none() {
        columns.push(named("position", Values::Text(found.best.iter().map(|row| Some(position(*row))).collect())));
    }
    if source.declares_validity() {
        columns.push(named("validity", Values::Text(found.each(|row| Some(row.validity.to_owned())))));
    }
    columns
}
