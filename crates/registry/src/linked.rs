use std::cmp::Ordering;
use std::ops::Range;

use polars::prelude::*;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::join::{Joined, millimetres};
use crate::overlay::Link;
use crate::period::{validity, validity_expr};
use crate::source::{Bound, Join, RegistrySource};
use crate::table::failed;

/// The one frame of links that every table and rule is made of: links, joined with what records and sources say.
///
/// Records stand once, all sources one under another, so that a join with them is a look at a place. A frame of lines is made for a run
/// of features at a time; what stands in memory is the records and one run.
pub struct Linked<'a> {
    pub(crate) joined: Joined<'a>,
    /// `key`, `name`, `from` and `to` (days since 1970-01-01) of every record.
    records: DataFrame,
    /// Where the records of each source begin.
    starts: Vec<IdxSize>,
    /// `error`: how far a source's records and the features may lie off together, millimetres; `shown`, `shown_key`, `shown_name`:
    /// whether a source, its keys and its names may be written.
    sources: DataFrame,
}

/// A line of a table: what one source says of a feature.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) feature: u32,
    /// `None` for a feature of which no source has anything to say.
    pub(crate) source: Option<u16>,
    /// `None` where the source has no record of it.
    pub(crate) link: Option<Link>,
    pub(crate) answer: Option<SourceAnswer>,
}

impl Link {
    /// Square centimetres of the feature; `None` where it is no surface.
    fn area_cm2(&self) -> Option<i64> {
        self.feature_cm2.filter(|&area| area > 0)
    }

    /// Shared square centimetres; `None` where the feature is no surface.
    fn shared_cm2(&self) -> Option<i64> {
        self.area_cm2().map(|_| self.overlap_cm2)
    }

    /// Whether the record is one that the source is joined by, as both are drawn: what only may be lies apart, or beyond the distance.
    fn is_met(&self, join: &Join) -> bool {
        match join {
            Join::Intersects => self.distance_mm == Some(0),
            Join::Within { distance_m } => self.distance_mm.is_some_and(|distance| distance <= millimetres(*distance_m)),
            Join::Nearest { .. } | Join::Key { .. } => true,
        }
    }
}

impl<'a> Linked<'a> {
    /// Links with their sources.
    ///
    /// # Errors
    /// [`RegistryError::Length`] where periods or silences are not one a feature, [`RegistryError::Table`] where a table operation fails.
    pub fn new(joined: Joined<'a>) -> Result<Self, RegistryError> {
        joined.check()?;
        let made = || {
            let (records, starts) = records(&joined)?;
            Ok(Self { records, starts, sources: sources(&joined)?, joined })
        };
        made().map_err(failed("the frame of records"))
    }

    /// The features in runs of about so many rows of the long table, one feature at least.
    pub fn runs(&self, rows: usize) -> Vec<Range<usize>> {
        let mut links = self.joined.links.chunk_by(|a, b| a.feature == b.feature).peekable();
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut filled = rows;
        for feature in 0..self.joined.ids.len() {
            let own = links.next_if(|group| group[0].feature as usize == feature).map_or(1, <[Link]>::len);
            if let Some(run) = runs.last_mut().filter(|_| filled + own <= rows) {
                run.end += 1;
            } else {
                runs.push(feature..feature + 1);
                filled = 0;
            }
            filled += own;
        }
        runs
    }

    /// The links of a run of features: by feature, source, overlap and crossing (largest first), distance, key and record; what is missing comes last.
    pub(crate) fn links(&self, run: Range<usize>) -> Result<Vec<Link>, RegistryError> {
        let all = self.joined.links;
        let place = |feature: usize| all.partition_point(|link| (link.feature as usize) < feature);
        let mut links = all[place(run.start)..place(run.end)].to_vec();
        let in_run = |link: &Link| run.contains(&(link.feature as usize));
        if !links.is_sorted_by_key(|link| (link.feature, link.source)) || !links.iter().all(in_run) {
            return Err(RegistryError::Order);
        }
        for group in links.chunk_by_mut(|a, b| (a.feature, a.source) == (b.feature, b.source)).filter(|group| group.len() > 1) {
            let (source, layer) = &self.joined.sources[usize::from(group[0].source)];
            let keys = layer.features.text(&source.key);
            let key = |link: &Link| keys.and_then(|keys| keys[link.record as usize].as_deref());
            group.sort_by(|a, b| {
                missing_last(a.shared_cm2(), b.shared_cm2(), |a, b| b.cmp(a))
                    .then(b.crossing_mm.cmp(&a.crossing_mm))
                    .then_with(|| missing_last(a.distance_mm, b.distance_mm, Ord::cmp))
                    .then_with(|| missing_last(key(a), key(b), Ord::cmp))
                    .then(a.record.cmp(&b.record))
            });
        }
        Ok(links)
    }

    /// What the source of a link says.
    pub(crate) fn line(&self, link: Link) -> Line {
        let silence = || self.joined.silence(link.feature as usize, usize::from(link.source));
        let source = &self.joined.sources[usize::from(link.source)].0;
        let answer = if link.is_met(&source.join) { SourceAnswer::Overlap } else { silence() };
        Line { feature: link.feature, source: Some(link.source), link: Some(link), answer: Some(answer) }
    }

    /// The frame of all links, in their order.
    pub(crate) fn all(&self) -> Result<DataFrame, RegistryError> {
        let links = self.links(0..self.joined.ids.len())?;
        let lines: Vec<Line> = links.into_iter().map(|link| self.line(link)).collect();
        self.frame(&lines).and_then(LazyFrame::collect).map_err(failed("the frame of links"))
    }

    /// Lines as a frame: `feature`, `source`, `record`, `area`, `overlap`, `distance`, `crossing` (square centimetres, millimetres), `position`,
    /// `key`, `name`, `from`, `to`, `first`, `last` (days since 1970-01-01), `error`, `shown`, `shown_key`, `shown_name`, `share` and `validity`.
    pub(crate) fn frame(&self, lines: &[Line]) -> PolarsResult<LazyFrame> {
        let of =
            |value: &dyn Fn(&Link) -> Option<i64>| lines.iter().map(|line| value(line.link.as_ref()?)).collect::<Int64Chunked>();
        let days: Vec<_> = lines.iter().map(|line| self.joined.periods.days(line.feature as usize)).collect();
        let own = df!(
            "feature" => lines.iter().map(|line| line.feature).collect::<Vec<_>>(),
            "source" => lines.iter().map(|line| line.source.map(u32::from)).collect::<Vec<_>>(),
            "record" => lines.iter().map(|line| line.link.map(|link| link.record)).collect::<Vec<_>>(),
            "area" => of(&Link::area_cm2),
            "overlap" => of(&Link::shared_cm2),
            "distance" => of(&|link| link.distance_mm),
            "crossing" => of(&|link| Some(i64::from(link.crossing_mm)).filter(|crossing| *crossing > 0)),
            "position" => lines.iter().map(|line| line.link.map(|link| link.position.name())).collect::<Vec<_>>(),
            "first" => days.iter().map(|days| days.0).collect::<Vec<_>>(),
            "last" => days.iter().map(|days| days.1).collect::<Vec<_>>(),
        )?;
        let place = |line: &Line| line.link.map(|link| self.starts[usize::from(link.source)] + link.record);
        let records = self.records.take(&lines.iter().map(place).collect::<IdxCa>())?;
        let sources = self.sources.take(&lines.iter().map(|line| line.source.map(u32::from)).collect::<IdxCa>())?;
        let joined = polars::functions::concat_df_horizontal(&[own, records, sources], true, false, false)?;
        let share = col("overlap").cast(DataType::Float64) / col("area").cast(DataType::Float64);
        Ok(joined.lazy().with_columns([share.alias("share"), validity_expr().alias("validity")]))
    }
}

fn missing_last<T>(a: Option<T>, b: Option<T>, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (&a, &b) {
        (Some(a), Some(b)) => order(a, b),
        _ => a.is_none().cmp(&b.is_none()),
    }
}

/// What every record says, and where the records of each source begin.
fn records(joined: &Joined<'_>) -> PolarsResult<(DataFrame, Vec<IdxSize>)> {
    let (mut keys, mut names, mut from, mut to, mut starts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (source, layer) in joined.sources {
        let texts = |name: &str| layer.features.text(name);
        let bound = |bound: &Bound| match bound {
            Bound::Field(name) => texts(name),
            Bound::Open | Bound::Day(_) => None,
        };
        let (begins, ends) = (bound(&source.valid_from), bound(&source.valid_to));
        let count = layer.features.len();
        starts.push(keys.len() as IdxSize);
        keys.extend(each(texts(&source.key), count));
        names.extend(each(source.name.as_deref().and_then(texts), count));
        let days = each(begins, count).zip(each(ends, count)).map(|(begin, end)| validity(source, begin, end));
        let (begin, end): (Vec<_>, Vec<_>) = days.unzip();
        from.extend(begin);
        to.extend(end);
    }
    Ok((df!("key" => keys, "name" => names, "from" => from, "to" => to)?, starts))
}

/// The values of a field, or as many that are missing.
fn each(values: Option<&[Option<String>]>, count: usize) -> impl Iterator<Item = Option<&str>> {
    (0..count).map(move |record| values.and_then(|values| values[record].as_deref()))
}

/// What holds for all records of a source.
fn sources(joined: &Joined<'_>) -> PolarsResult<DataFrame> {
    let sources = || joined.sources.iter().map(|(source, _)| source);
    let shown = |of: &dyn Fn(&RegistrySource) -> bool| sources().map(of).collect::<Vec<bool>>();
    df!(
        "error" => sources().map(|source| joined.error_mm(source)).collect::<Vec<_>>(),
        "shown" => shown(&|source| joined.shows(source)),
        "shown_key" => shown(&|source| joined.shows_column(source, "key")),
        "shown_name" => shown(&|source| joined.shows_column(source, "name")),
    )
}
