use std::ops::Range;

use alert::{Column, Values};
use polars::prelude::{DataFrame, Expr, NULL, PolarsResult, col, lit, when};
use raster::Date;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::linked::{Line, Linked};
use crate::overlay::Link;
use crate::table::{column, days, failed, hectares, metres, shares, text};

impl Linked<'_> {
    /// The long table of a run of features, one row a feature and record: `id`, `source`, `key`, `name`, `overlap_ha`, `share`,
    /// `distance_m`, `valid_from`, `valid_to`, `validity`, `retrieved`, `position`, `answer`, `crossing_m`.
    ///
    /// Rows are sorted by feature, source (in their given order), overlap and crossing (largest first), distance and key. A feature without any
    /// hit has one row whose other columns are missing. A source that has no record of a feature and could not have said "no" (see
    /// [`SourceAnswer`]) has a row of its own, with its `source`, `retrieved` and `answer` only. `overlap_ha` and `share` are missing
    /// for points and lines and for joins by key, `distance_m` for joins by key;
    /// `crossing_m` is the length of a line within a surface, missing where there is none. Validity is that of the record's `[from, to)` on the
    /// feature's period: `valid_throughout`, `valid_in_part`, `not_valid`, or `unknown` where the record or the feature has no usable
    /// dates or the source declares none. Of a source that may not be shown, the row stays and only its `source` is written.
    ///
    /// # Errors
    /// [`RegistryError::Order`] where links are not sorted, [`RegistryError::Table`] where a table operation fails.
    pub fn long(&self, run: Range<usize>) -> Result<Vec<Column>, RegistryError> {
        let links = self.links(run.clone())?;
        let lines = self.lines(run, &links);
        self.frame(&lines)
            .and_then(|frame| frame.select(written()).collect())
            .and_then(|frame| self.long_columns(&lines, &frame))
            .map_err(failed("the long table"))
    }

    fn long_columns(&self, lines: &[Line], frame: &DataFrame) -> PolarsResult<Vec<Column>> {
        let joined = &self.joined;
        let source = |line: &Line| line.source.map(|number| &joined.sources[usize::from(number)].0);
        let texts = |of: &dyn Fn(&Line) -> Option<String>| Values::Text(lines.iter().map(of).collect());
        let retrieved = |line: &Line| source(line).filter(|source| joined.shows(source))?.retrieved;
        let retrieved: Vec<Option<Date>> = lines.iter().map(retrieved).collect();
        Ok(vec![
            column("id", texts(&|line| Some(joined.ids[line.feature as usize].clone()))),
            column("source", texts(&|line| Some(source(line)?.id.clone()))),
            column("key", Values::Text(text(frame, "key")?)),
            column("name", Values::Text(text(frame, "name")?)),
            column("overlap_ha", Values::Real(hectares(frame, "overlap")?)),
            column("share", Values::Real(shares(frame, "share")?)),
            column("distance_m", Values::Real(metres(frame, "distance")?)),
            column("valid_from", Values::Day(days(frame, "from")?)),
            column("valid_to", Values::Day(days(frame, "to")?)),
            column("validity", Values::Text(text(frame, "validity")?)),
            column("retrieved", Values::Day(retrieved)),
            column("position", Values::Text(text(frame, "position")?)),
            column("answer", texts(&|line| Some(line.answer?.name().to_owned()))),
            column("crossing_m", Values::Real(metres(frame, "crossing")?)),
        ])
    }

    /// One line a link, one for each source that could not say "no", and one for each feature that has neither.
    fn lines(&self, run: Range<usize>, links: &[Link]) -> Vec<Line> {
        let joined = &self.joined;
        let mut lines = Vec::with_capacity(links.len() + run.len());
        let mut groups = links.chunk_by(|a, b| a.feature == b.feature).peekable();
        for feature in run {
            let own = groups.next_if(|group| group[0].feature as usize == feature).unwrap_or_default();
            if own.is_empty() {
                lines.push(Line { feature: feature as u32, source: None, link: None, answer: None });
            }
            if joined.silences.is_empty() {
                lines.extend(own.iter().map(|link| self.line(*link)));
                continue;
            }
            let mut of_source = own.chunk_by(|a, b| a.source == b.source).peekable();
            for number in 0..joined.sources.len() {
                match of_source.next_if(|group| usize::from(group[0].source) == number) {
                    Some(group) => lines.extend(group.iter().map(|link| self.line(*link))),
                    None => lines.extend(silent(feature, number, joined.silence(feature, number))),
                }
            }
        }
        lines
    }
}

/// What of the frame of links is written: nothing of a source that may not be shown, and no column that it declares private.
fn written() -> Vec<Expr> {
    let if_shown = |name: &str, shown: &str| when(col(shown)).then(col(name)).otherwise(lit(NULL)).alias(name);
    let mut written = vec![if_shown("key", "shown_key"), if_shown("name", "shown_name")];
    written.extend(["overlap", "share", "distance", "crossing", "from", "to", "position"].map(|name| if_shown(name, "shown")));
    let is_record = col("shown").and(col("record").is_not_null());
    written.push(when(is_record).then(col("validity")).otherwise(lit(NULL)).alias("validity"));
    written
}

/// The line of a source that has no record, where that is no "no".
fn silent(feature: usize, source: usize, answer: SourceAnswer) -> Option<Line> {
    let line = Line { feature: feature as u32, source: Some(source as u16), link: None, answer: Some(answer) };
    (answer != SourceAnswer::NoOverlap).then_some(line)
}
