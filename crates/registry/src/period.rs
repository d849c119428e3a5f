use polars::prelude::{Expr, col, lit, when};
use raster::Date;

use crate::day::day;
use crate::source::{Bound, RegistrySource};

/// When a feature changed: after `before` (the last day it was seen unchanged) and at the latest on `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Last day seen unchanged; `None` where it was never seen so, which leaves the start open.
    pub before: Option<Date>,
    /// First day seen changed.
    pub first: Date,
}

/// The days on which registries are asked for validity.
#[derive(Debug, Clone, Copy)]
pub enum Periods<'a> {
    /// One period a feature; `None` for a feature without dates, whose validity is `unknown`.
    Changes(&'a [Option<Period>]),
    /// The same day for every feature.
    AsOf(Date),
}

/// Before any day.
const NEVER: i32 = i32::MIN;

/// After any day.
const FOREVER: i32 = i32::MAX;

impl Periods<'_> {
    /// Whether each feature has days of its own.
    pub(crate) fn are_changes(&self) -> bool {
        matches!(self, Self::Changes(_))
    }

    /// First and last day (both included) of a feature's period, days since 1970-01-01.
    pub(crate) fn days(&self, feature: usize) -> (Option<i32>, Option<i32>) {
        match self {
            Self::AsOf(day) => (Some(day.days()), Some(day.days())),
            Self::Changes(periods) => match periods[feature] {
                None => (None, None),
                Some(Period { before: None, first }) => (Some(NEVER), Some(first.days())),
                Some(Period { before: Some(before), first }) => (Some((before.days() + 1).min(first.days())), Some(first.days())),
            },
        }
    }
}

/// Days `[from, to)` of a record; an open end is before or after any day, one that cannot be told is `None`.
///
/// An empty start is unknown, for a record must say since when it holds; an empty end means that it still holds. A day that
/// cannot be read, and an end that is not after its start, are unknown. A source that declares no validity has neither.
pub(crate) fn validity(source: &RegistrySource, from: Option<&str>, to: Option<&str>) -> (Option<i32>, Option<i32>) {
    if !source.declares_validity() {
        return (None, None);
    }
    let read = |text: &str| day(text, &source.date_formats).map(Date::days);
    let start = match (&source.valid_from, from) {
        (Bound::Open, _) => Some(NEVER),
        (Bound::Day(day), _) => Some(day.days()),
        (Bound::Field(_), text) => text.and_then(read),
    };
    let end = match (&source.valid_to, to.map(str::trim)) {
        (Bound::Open, _) | (Bound::Field(_), None | Some("")) => Some(FOREVER),
        (Bound::Day(day), _) => Some(day.days()),
        (Bound::Field(_), Some(text)) => read(text),
    };
    match (start, end) {
        (Some(start), Some(end)) if end <= start => (None, None),
        both => both,
    }
}

/// The day to write for an end of validity; `None` for an open or unknown one.
pub(crate) fn written_day(days: Option<i32>) -> Option<Date> {
    days.filter(|&days| days != NEVER && days != FOREVER).map(Date::from_days)
}

/// Validity of `[from, to)` on the days `first..=last`, from the columns of those names; what is not known is null in them.
pub(crate) fn validity_expr() -> Expr {
    let no = || lit(false);
    let over = col("from").gt(col("last")).fill_null(no()).or(col("to").lt_eq(col("first")).fill_null(no()));
    let unknown = col("from").is_null().or(col("to").is_null()).or(col("first").is_null());
    let throughout = col("from").lt_eq(col("first")).and(col("to").gt(col("last")));
    when(over)
        .then(lit("not_valid"))
        .when(unknown)
        .then(lit("unknown"))
        .when(throughout)
        .then(lit("valid_throughout"))
        .otherwise(lit("valid_in_part"))
}
