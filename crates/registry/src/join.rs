use std::collections::BTreeSet;

use alert::{Column, Layer, Values};
use polars::prelude::*;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::measure;
use crate::overlay::Link;
use crate::period::{Periods, validity, validity_expr, written_day};
use crate::source::{Bound, Privacy, RegistrySource};
use crate::table::{column, failed, integers, shares, text};

/// Everything a join works on.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// Id of each feature, in the features' order.
    pub ids: &'a [String],
    /// Links of the features with the sources, in any order, none twice.
    pub links: &'a [Link],
    /// The sources, in the order that the links number.
    pub sources: &'a [(RegistrySource, Layer)],
    /// When the registries are asked for validity.
    pub periods: Periods<'a>,
    /// What it means that a source has no record of a feature: feature by feature, one answer a source (see [`crate::silences`]).
    /// Empty where no feature was held against any coverage: every silence is then a "no".
    pub silences: &'a [SourceAnswer],
    /// Whether what is restricted or personal may be written: `false` for what is published.
    pub internal: bool,
}

impl Joined<'_> {
    /// Whether what this source says may be written.
    pub(crate) fn shows(&self, source: &RegistrySource) -> bool {
        self.internal || source.privacy == Privacy::Public
    }

    /// Whether this output column of a source that is shown may be written.
    pub(crate) fn shows_column(&self, source: &RegistrySource, column: &str) -> bool {
        self.shows(source) && (self.internal || !source.private.iter().any(|private| private == column))
    }

    /// What it means that a source has no record of a feature.
    pub(crate) fn silence(&self, feature: usize, source: usize) -> SourceAnswer {
        self.silences.get(feature * self.sources.len() + source).copied().unwrap_or(SourceAnswer::NoOverlap)
    }

    /// Refuses periods that are not one a feature, and silences that are not one a feature and source.
    pub(crate) fn check(&self) -> Result<(), RegistryError> {
        match self.periods {
            Periods::Changes(periods) if periods.len() != self.ids.len() => {
                Err(RegistryError::Length { table: "the table of change periods", got: periods.len(), expected: self.ids.len() })
            }
            _ if !self.silences.is_empty() && self.silences.len() != self.ids.len() * self.sources.len() => {
                let expected = self.ids.len() * self.sources.len();
                Err(RegistryError::Length { table: "the table of silences", got: self.silences.len(), expected })
            }
            _ => Ok(()),
        }
    }

    /// One row a link: feature, source, record, overlap, share, distance, key, name, from, to, first, last, validity; sorted by
    /// feature, source, overlap (largest first), distance, key and record.
    pub(crate) fn linked(&self) -> PolarsResult<LazyFrame> {
        self.dressed(self.link_frame()?)
    }

    /// Links with what their records and features say, sorted as [`Joined::linked`] tells.
    fn dressed(&self, links: DataFrame) -> PolarsResult<LazyFrame> {
        let on = [col("source"), col("record")];
        let linked = links
            .lazy()
            .join(self.record_frame()?.lazy(), on.clone(), on, JoinArgs::new(JoinType::Left))
            .join(self.period_frame()?.lazy(), [col("feature")], [col("feature")], JoinArgs::new(JoinType::Left))
            .with_columns([
                (col("overlap").cast(DataType::Float64) / col("area").cast(DataType::Float64)).alias("share"),
                validity_expr().alias("validity"),
            ]);
        let keys = ["feature", "source", "overlap", "distance", "key", "record"];
        let options = SortMultipleOptions::default()
            .with_order_descending_multi([false, false, true, false, false, false])
            .with_nulls_last(true)
            .with_maintain_order(true);
        Ok(linked.sort(keys, options))
    }

    fn link_frame(&self) -> PolarsResult<DataFrame> {
        let links = self.links;
        let area = |link: &Link| link.feature_cm2.filter(|&area| area > 0);
        df!(
            "feature" => links.iter().map(|link| link.feature).collect::<Vec<_>>(),
            "source" => links.iter().map(|link| u32::from(link.source)).collect::<Vec<_>>(),
            "record" => links.iter().map(|link| Some(link.record)).collect::<Vec<_>>(),
            "area" => links.iter().map(area).collect::<Vec<_>>(),
            "overlap" => links.iter().map(|link| area(link).map(|_| link.overlap_cm2)).collect::<Vec<_>>(),
            "distance" => links.iter().map(|link| link.distance_mm).collect::<Vec<_>>(),
        )
    }

    /// Key, name and validity of every record of every source.
    fn record_frame(&self) -> PolarsResult<DataFrame> {
        let (mut numbers, mut records, mut keys, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for (number, (source, layer)) in self.sources.iter().enumerate() {
            let field = |name: &str, record: usize| layer.features.text(name).and_then(|values| values[record].as_deref());
            let bound = |bound: &Bound, record| match bound {
                Bound::Field(name) => field(name, record),
                Bound::Open | Bound::Day(_) => None,
            };
            for record in 0..layer.features.len() {
                let days = validity(source, bound(&source.valid_from, record), bound(&source.valid_to, record));
                numbers.push(number as u32);
                records.push(record as u32);
                keys.push(field(&source.key, record));
                names.push(source.name.as_deref().and_then(|name| field(name, record)));
                from.push(days.0);
                to.push(days.1);
            }
        }
        df!("source" => numbers, "record" => records, "key" => keys, "name" => names, "from" => from, "to" => to)
    }

    fn period_frame(&self) -> PolarsResult<DataFrame> {
        let days = (0..self.ids.len()).map(|feature| self.periods.days(feature)).collect::<Vec<_>>();
        df!(
            "feature" => (0..self.ids.len() as u32).collect::<Vec<_>>(),
            "first" => days.iter().map(|day| day.0).collect::<Vec<_>>(),
            "last" => days.iter().map(|day| day.1).collect::<Vec<_>>(),
        )
    }

    /// A row like a link for each feature and source that has no record of it and could not have said "no".
    fn unanswered(&self) -> PolarsResult<DataFrame> {
        let linked: BTreeSet<(u32, u16)> = self.links.iter().map(|link| (link.feature, link.source)).collect();
        let pairs = (0..if self.silences.is_empty() { 0 } else { self.ids.len() })
            .flat_map(|feature| (0..self.sources.len()).map(move |source| (feature, source)))
            .filter(|&(feature, source)| self.silence(feature, source) != SourceAnswer::NoOverlap)
            .filter(|&(feature, source)| !linked.contains(&(feature as u32, source as u16)));
        let (features, sources): (Vec<u32>, Vec<u32>) = pairs.map(|(feature, source)| (feature as u32, source as u32)).unzip();
        let rows = features.len();
        df!(
            "feature" => features,
            "source" => sources,
            "record" => vec![None::<u32>; rows],
            "area" => vec![None::<i64>; rows],
            "overlap" => vec![None::<i64>; rows],
            "distance" => vec![None::<i64>; rows],
        )
    }

    /// Every feature once, in order, under the column `feature`.
    pub(crate) fn feature_frame(&self) -> PolarsResult<LazyFrame> {
        Ok(df!("feature" => (0..self.ids.len() as u32).collect::<Vec<_>>())?.lazy())
    }
}

/// The long table, one row a feature and record: `id`, `source`, `key`, `name`, `overlap_ha`, `share`, `distance_m`,
/// `valid_from`, `valid_to`, `validity`, `retrieved`, `answer`.
///
/// Rows are sorted by feature, source (in their given order), overlap (largest first), distance and key. A feature without any
/// hit has one row whose other columns are missing. A source that has no record of a feature and could not have said "no" (see
/// [`SourceAnswer`]) has a row of its own, with its `source`, `retrieved` and `answer` only. `overlap_ha` and `share` are missing for points and lines and for joins by
/// key, `distance_m` for joins by key. Validity is that of the record's `[from, to)` on the feature's period:
/// `valid_throughout`, `valid_in_part`, `not_valid`, or `unknown` where the record or the feature has no usable dates or the
/// source declares none. Of a source that may not be shown, the row stays and only its `source` is written.
///
/// # Errors
/// [`RegistryError::Length`] where periods are not one a feature, [`RegistryError::Table`] where a table operation fails.
pub fn long_table(joined: &Joined<'_>) -> Result<Vec<Column>, RegistryError> {
    joined.check()?;
    long_frame(joined).and_then(|frame| long_columns(joined, &frame)).map_err(failed("the long table"))
}

fn long_frame(joined: &Joined<'_>) -> PolarsResult<DataFrame> {
    let args = JoinArgs { maintain_order: MaintainOrderJoin::LeftRight, ..JoinArgs::new(JoinType::Left) };
    let links = joined.link_frame()?.vstack(&joined.unanswered()?)?;
    joined.feature_frame()?.join(joined.dressed(links)?, [col("feature")], [col("feature")], args).collect()
}

fn long_columns(joined: &Joined<'_>, frame: &DataFrame) -> PolarsResult<Vec<Column>> {
    let feature = integers(frame, "feature")?;
    let number = integers(frame, "source")?;
    let source = |row: usize| number[row].map(|number| &joined.sources[number as usize].0);
    let shown = (0..frame.height()).map(|row| source(row).is_some_and(|source| joined.shows(source))).collect::<Vec<_>>();
    let shown_column = |name: &str| {
        (0..frame.height()).map(|row| source(row).is_some_and(|source| joined.shows_column(source, name))).collect::<Vec<_>>()
    };
    let ids = feature.iter().map(|f| f.map(|f| joined.ids[f as usize].clone())).collect();
    let names = (0..frame.height()).map(|row| source(row).map(|source| source.id.clone())).collect();
    let retrieved = (0..frame.height()).map(|row| source(row).and_then(|source| source.retrieved)).collect();
    let day = |values: Vec<Option<i64>>| values.into_iter().map(|days| written_day(days.map(|days| days as i32))).collect();
    Ok(vec![
        column("id", Values::Text(ids)),
        column("source", Values::Text(names)),
        column("key", Values::Text(masked(text(frame, "key")?, &shown_column("key")))),
        column("name", Values::Text(masked(text(frame, "name")?, &shown_column("name")))),
        column("overlap_ha", Values::Real(masked(hectares(frame)?, &shown))),
        column("share", Values::Real(masked(shares(frame, "share")?, &shown))),
        column("distance_m", Values::Real(masked(metres(frame)?, &shown))),
        column("valid_from", Values::Day(masked(day(integers(frame, "from")?), &shown))),
        column("valid_to", Values::Day(masked(day(integers(frame, "to")?), &shown))),
        column("validity", Values::Text(masked(text(frame, "validity")?, &shown))),
        column("retrieved", Values::Day(masked(retrieved, &shown))),
        column("answer", Values::Text(answers(joined, frame)?)),
    ])
}

/// What the source of each row says; missing where the row names no source.
fn answers(joined: &Joined<'_>, frame: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
    let (feature, source, record) = (integers(frame, "feature")?, integers(frame, "source")?, integers(frame, "record")?);
    let answer = |row: usize| {
        let answer = match (feature[row], source[row], record[row]) {
            (_, Some(_), Some(_)) => SourceAnswer::Overlap,
            (Some(feature), Some(source), None) => joined.silence(feature as usize, source as usize),
            _ => return None,
        };
        Some(answer.name().to_owned())
    };
    Ok((0..frame.height()).map(answer).collect())
}

fn masked<T>(values: Vec<Option<T>>, shown: &[bool]) -> Vec<Option<T>> {
    values.into_iter().zip(shown).map(|(value, &shown)| value.filter(|_| shown)).collect()
}

/// The column `overlap` in hectares.
pub(crate) fn hectares(frame: &DataFrame) -> PolarsResult<Vec<Option<f64>>> {
    Ok(integers(frame, "overlap")?.into_iter().map(|cm2| cm2.map(measure::hectares)).collect())
}

/// The column `distance` in metres.
pub(crate) fn metres(frame: &DataFrame) -> PolarsResult<Vec<Option<f64>>> {
    Ok(integers(frame, "distance")?.into_iter().map(|mm| mm.map(|mm| mm as f64 / 1000.0)).collect())
}
