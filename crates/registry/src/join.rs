use std::ops::Range;

use alert::{Column, Layer, Values};
use raster::Date;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::measure::{hectares, share};
use crate::overlay::Link;
use crate::period::{Periods, written_day};
use crate::rows::Row;
use crate::source::{Privacy, RegistrySource};
use crate::table::column;

/// Everything a join works on.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// Id of each feature, in the features' order.
    pub ids: &'a [String],
    /// Links of the features with the sources, sorted, none twice.
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

    /// Whether this output column of a source may be written.
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
}

/// The long table of a run of features, one row a feature and record: `id`, `source`, `key`, `name`, `overlap_ha`, `share`, `distance_m`,
/// `valid_from`, `valid_to`, `validity`, `retrieved`, `position`, `answer`.
///
/// Rows are sorted by feature, source (in their given order), overlap (largest first), distance and key. A feature without any
/// hit has one row whose other columns are missing. A source that has no record of a feature and could not have said "no" (see
/// [`SourceAnswer`]) has a row of its own, with its `source`, `retrieved` and `answer` only. `overlap_ha` and `share` are missing for points and lines and for joins by
/// key, `distance_m` for joins by key. Validity is that of the record's `[from, to)` on the feature's period:
/// `valid_throughout`, `valid_in_part`, `not_valid`, or `unknown` where the record or the feature has no usable dates or the
/// source declares none. Of a source that may not be shown, the row stays and only its `source` is written.
///
/// # Errors
/// [`RegistryError::Length`] where periods are not one a feature, [`RegistryError::Order`] where links are not sorted.
pub fn long_table(joined: &Joined<'_>, run: Range<usize>) -> Result<Vec<Column>, RegistryError> {
    joined.check()?;
    let rows = joined.rows(run.clone())?;
    let lines = lines(joined, run, &rows);
    let source = |line: &Line<'_, '_>| line.source.map(|number| &joined.sources[number].0);
    let shown = |name: &str| {
        let row =
            |line: &Line<'_, '_>| line.row.is_some() && source(line).is_some_and(|source| joined.shows_column(source, name));
        lines.iter().map(row).collect::<Vec<bool>>()
    };
    let [all, keys, names] = ["", "key", "name"].map(shown);
    let each = |shown: &[bool]| lines.iter().zip(shown).map(|(line, shown)| line.row.filter(|_| *shown)).collect::<Vec<_>>();
    let (all, keys, names) = (each(&all), each(&keys), each(&names));
    let days = |of: &dyn Fn(&Row<'_>) -> Option<Date>| Values::Day(all.iter().map(|row| row.and_then(of)).collect());
    let reals = |of: &dyn Fn(&Row<'_>) -> Option<f64>| Values::Real(all.iter().map(|row| row.and_then(of)).collect());
    let texts = |rows: &[Option<&Row<'_>>], of: &dyn for<'r> Fn(&Row<'r>) -> Option<&'r str>| {
        Values::Text(rows.iter().map(|row| row.and_then(|row| of(row).map(str::to_owned))).collect())
    };
    let retrieved = |line: &Line<'_, '_>| source(line).filter(|source| joined.shows(source)).and_then(|source| source.retrieved);
    Ok(vec![
        column("id", Values::Text(lines.iter().map(|line| Some(joined.ids[line.feature].clone())).collect())),
        column("source", Values::Text(lines.iter().map(|line| source(line).map(|source| source.id.clone())).collect())),
        column("key", texts(&keys, &|row| row.key)),
        column("name", texts(&names, &|row| row.name)),
        column("overlap_ha", reals(&|row| row.overlap_cm2().map(hectares))),
        column("share", reals(&|row| row.share().map(share))),
        column("distance_m", reals(&|row| row.link.distance_mm.map(metres))),
        column("valid_from", days(&|row| written_day(row.days.0))),
        column("valid_to", days(&|row| written_day(row.days.1))),
        column("validity", texts(&all, &|row| Some(row.validity))),
        column("retrieved", Values::Day(lines.iter().map(retrieved).collect())),
        column("position", Values::Text(lines.iter().zip(&all).map(|(line, row)| position(source(line), *row)).collect())),
        column("answer", Values::Text(lines.iter().map(|line| line.answer.map(|answer| answer.name().to_owned())).collect())),
    ])
}

/// How sure a row's place is; missing for a class of a raster, whose share is exact by pixel and says nothing of the map's own error.
fn position(source: Option<&RegistrySource>, row: Option<&Row<'_>>) -> Option<String> {
    source.filter(|source| source.raster.is_none()).and(row).map(|row| row.link.position.name().to_owned())
}

/// A line of the long table.
#[derive(Clone, Copy)]
struct Line<'r, 'a> {
    feature: usize,
    /// The source that it is about; `None` for a feature of which no source has anything to say.
    source: Option<usize>,
    /// One of the feature's rows; `None` where the source has no record of it.
    row: Option<&'r Row<'a>>,
    answer: Option<SourceAnswer>,
}

/// One line a row, one for each source that could not say "no", and one for each feature that has neither a row nor such a source.
fn lines<'r, 'a>(joined: &Joined<'_>, run: Range<usize>, rows: &'r [Row<'a>]) -> Vec<Line<'r, 'a>> {
    let mut lines = Vec::with_capacity(rows.len() + run.len());
    let mut groups = rows.chunk_by(|a, b| a.link.feature == b.link.feature).peekable();
    for feature in run {
        let own = groups.next_if(|group| group[0].link.feature as usize == feature).unwrap_or_default();
        let begin = lines.len();
        if joined.silences.is_empty() {
            lines.extend(own.iter().map(|row| answered(joined, feature, row)));
        } else {
            let mut of_source = own.chunk_by(|a, b| a.link.source == b.link.source).peekable();
            for source in 0..joined.sources.len() {
                match of_source.next_if(|group| usize::from(group[0].link.source) == source) {
                    Some(group) => lines.extend(group.iter().map(|row| answered(joined, feature, row))),
                    None => lines.extend(unanswered(feature, source, joined.silence(feature, source))),
                }
            }
        }
        if own.is_empty() {
            lines.insert(begin, Line { feature, source: None, row: None, answer: None });
        }
    }
    lines
}

fn answered<'r, 'a>(joined: &Joined<'_>, feature: usize, row: &'r Row<'a>) -> Line<'r, 'a> {
    let source = usize::from(row.link.source);
    let answer = if row.meets() { SourceAnswer::Overlap } else { joined.silence(feature, source) };
    Line { feature, source: Some(source), row: Some(row), answer: Some(answer) }
}

fn unanswered<'r, 'a>(feature: usize, source: usize, answer: SourceAnswer) -> Option<Line<'r, 'a>> {
    let line = Line { feature, source: Some(source), row: None, answer: Some(answer) };
    (answer != SourceAnswer::NoOverlap).then_some(line)
}

/// Metres of millimetres.
pub(crate) fn metres(millimetres: i64) -> f64 {
    millimetres as f64 / 1000.0
}
