use alert::{Column, Layer, Values};
use polars::prelude::*;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::join::{Joined, hectares, metres};
use crate::source::RegistrySource;
use crate::table::{column, failed, integers, shares, text};

/// The wide columns, one row a feature in the features' order.
///
/// For each source the record with the largest overlap (ties, and points: smallest distance, then smallest key) gives
/// `<id>_key`, `<id>_name`, `<id>_overlap_ha`, `<id>_share`, `<id>_<column>` for each declared column, `<id>_distance_m` where the
/// join measures distance and `<id>_validity` where the source declares validity; `<id>_count` is the number of records linked and
/// `<id>_answer` what the source says: `overlap`, or what it means that it has no record (see [`crate::SourceAnswer`]).
/// What there is not is missing; a count is then 0. Of a source that may not be shown only `<id>_count` and `<id>_answer` are
/// there, and of one that is shown nothing that it declares private.
///
/// # Errors
/// [`RegistryError::Length`] where periods are not one a feature, [`RegistryError::Table`] where a table operation fails.
pub fn wide_columns(joined: &Joined<'_>) -> Result<Vec<Column>, RegistryError> {
    joined.check()?;
    build(joined).map_err(failed("the wide table"))
}

fn build(joined: &Joined<'_>) -> PolarsResult<Vec<Column>> {
    let best = best_records(joined)?;
    let mut columns = Vec::new();
    for (number, (source, layer)) in joined.sources.iter().enumerate() {
        // Of several copies of a source the last one given speaks.
        if joined.sources[number + 1..].iter().any(|(later, _)| later.id == source.id) {
            continue;
        }
        let frame = source_frame(joined, &best, number)?;
        if joined.shows(source) {
            let shown = shown_columns(source, layer, &frame)?.into_iter();
            columns.extend(shown.filter(|(ending, _)| joined.shows_column(source, ending)).map(|(_, column)| column));
        }
        let counts: Vec<i64> = integers(&frame, "count")?.into_iter().map(Option::unwrap_or_default).collect();
        let answer = |(feature, count): (usize, &i64)| {
            let answer = if *count > 0 { SourceAnswer::Overlap } else { joined.silence(feature, number) };
            Some(answer.name().to_owned())
        };
        let answers = counts.iter().enumerate().map(answer).collect();
        columns.push(column(format!("{}_count", source.id), Values::Integer(counts.into_iter().map(Some).collect())));
        columns.push(column(format!("{}_answer", source.id), Values::Text(answers)));
    }
    Ok(columns)
}

/// The first record of each feature and source in the order of links, with the number of records.
fn best_records(joined: &Joined<'_>) -> PolarsResult<DataFrame> {
    let first = ["record", "key", "name", "overlap", "share", "distance", "validity"].map(|name| col(name).first());
    let mut aggregates = first.to_vec();
    aggregates.push(col("record").count().cast(DataType::Int64).alias("count"));
    joined.linked()?.group_by_stable([col("feature"), col("source")]).agg(aggregates).collect()
}

/// One row a feature: what one source says.
fn source_frame(joined: &Joined<'_>, best: &DataFrame, number: usize) -> PolarsResult<DataFrame> {
    let of_source = best.clone().lazy().filter(col("source").eq(lit(number as u32)));
    let args = JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) };
    joined.feature_frame()?.join(of_source, [col("feature")], [col("feature")], args).collect()
}

/// The columns of a source that may be shown, each with its ending.
fn shown_columns<'a>(source: &'a RegistrySource, layer: &Layer, frame: &DataFrame) -> PolarsResult<Vec<(&'a str, Column)>> {
    let named = |ending: &'a str, values| (ending, column(format!("{}_{ending}", source.id), values));
    let mut columns = vec![named("key", Values::Text(text(frame, "key")?))];
    if source.name.is_some() {
        columns.push(named("name", Values::Text(text(frame, "name")?)));
    }
    columns.push(named("overlap_ha", Values::Real(hectares(frame)?)));
    columns.push(named("share", Values::Real(shares(frame, "share")?)));
    if source.join.measures_distance() {
        columns.push(named("distance_m", Values::Real(metres(frame)?)));
    }
    let records = integers(frame, "record")?;
    for (output, field) in &source.columns {
        let values = layer.features.text(field).unwrap_or_default();
        let of = |record: &Option<i64>| record.and_then(|record| values[record as usize].clone());
        columns.push(named(output, Values::Text(records.iter().map(of).collect())));
    }
    if source.declares_validity() {
        columns.push(named("validity", Values::Text(text(frame, "validity")?)));
    }
    Ok(columns)
}
