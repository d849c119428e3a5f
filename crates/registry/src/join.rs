use std::ops::Range;

use alert::{Column, Layer, Values};
use raster::Date;

use crate::RegistryError;
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
    /// Whether what is restricted or personal may be written: `false` for what is published.
    pub internal: bool,
}

impl Joined<'_> {
    /// Whether what this source says may be written.
    pub(crate) fn shows(&self, source: &RegistrySource) -> bool {
        self.internal || source.privacy == Privacy::Public
    }

    /// Refuses periods that are not one a feature.
    pub(crate) fn check(&self) -> Result<(), RegistryError> {
        match self.periods {
            Periods::Changes(periods) if periods.len() != self.ids.len() => {
                Err(RegistryError::Length { table: "the table of change periods", got: periods.len(), expected: self.ids.len() })
            }
            _ => Ok(()),
        }
    }
}

/// The long table of a run of features, one row a feature and record: `id`, `source`, `key`, `name`, `overlap_ha`, `share`, `distance_m`,
/// `valid_from`, `valid_to`, `validity`, `retrieved`.
///
/// Rows are sorted by feature, source (in their given order), overlap (largest first), distance and key. A feature without any
/// hit has one row whose other columns are missing. `overlap_ha` and `share` are missing for points and lines and for joins by
/// key, `distance_m` for joins by key. Validity is that of the record's `[from, to)` on the feature's period:
/// `valid_throughout`, `valid_in_part`, `not_valid`, or `unknown` where the record or the feature has no usable dates or the
/// source declares none. Of a source that may not be shown, the row stays and only its `source` is written.
///
/// # Errors
/// [`RegistryError::Length`] where periods are not one a feature, [`RegistryError::Order`] where links are not sorted.
pub fn long_table(joined: &Joined<'_>, run: Range<usize>) -> Result<Vec<Column>, RegistryError> {
    joined.check()?;
    let rows = joined.rows(run.clone())?;
    let lines = lines(run, &rows);
    let source = |row: &Row<'_>| &joined.sources[usize::from(row.link.source)].0;
    let shown: Vec<Option<&Row<'_>>> = lines.iter().map(|line| line.1.filter(|row| joined.shows(source(row)))).collect();
    let days = |of: &dyn Fn(&Row<'_>) -> Option<Date>| Values::Day(shown.iter().map(|row| row.and_then(of)).collect());
    let reals = |of: &dyn Fn(&Row<'_>) -> Option<f64>| Values::Real(shown.iter().map(|row| row.and_then(of)).collect());
    let texts = |of: &dyn Fn(&Row<'_>) -> Option<String>| Values::Text(shown.iter().map(|row| row.and_then(of)).collect());
    Ok(vec![
        column("id", Values::Text(lines.iter().map(|line| Some(joined.ids[line.0].clone())).collect())),
        column("source", Values::Text(lines.iter().map(|line| line.1.map(|row| source(row).id.clone())).collect())),
        column("key", texts(&|row| row.key.map(str::to_owned))),
        column("name", texts(&|row| row.name.map(str::to_owned))),
        column("overlap_ha", reals(&|row| row.overlap_cm2().map(hectares))),
        column("share", reals(&|row| row.share().map(share))),
        column("distance_m", reals(&|row| row.link.distance_mm.map(metres))),
        column("valid_from", days(&|row| written_day(row.days.0))),
        column("valid_to", days(&|row| written_day(row.days.1))),
        column("validity", texts(&|row| Some(row.validity.to_owned()))),
        column("retrieved", days(&|row| source(row).retrieved)),
    ])
}

/// A line of the long table: a feature, and one of its rows where it has any.
type Line<'r, 'a> = (usize, Option<&'r Row<'a>>);

/// One line a row, and one for each feature that has none.
fn lines<'r, 'a>(run: Range<usize>, rows: &'r [Row<'a>]) -> Vec<Line<'r, 'a>> {
    let mut lines = Vec::with_capacity(rows.len() + run.len());
    let mut groups = rows.chunk_by(|a, b| a.link.feature == b.link.feature).peekable();
    for feature in run {
        match groups.next_if(|group| group[0].link.feature as usize == feature) {
            Some(group) => lines.extend(group.iter().map(|row| (feature, Some(row)))),
            None => lines.push((feature, None)),
        }
    }
    lines
}

/// Metres of millimetres.
pub(crate) fn metres(millimetres: i64) -> f64 {
    millimetres as f64 / 1000.0
}
