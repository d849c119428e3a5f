use raster::Date;

use super::footprint::corners;
use super::instant::{Instant, Span};
use super::item::Item;

/// Which items of a catalogue are taken; what is not given is not asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StacSearch {
    /// West, south, east, north in degrees; west lies east of east where it crosses the antimeridian.
    pub(crate) bbox: Option<[f64; 4]>,
    /// A day, a point in time, or an interval such as `2024-01-01/2024-12-31`; `..` is an open end, days are whole.
    pub(crate) datetime: Option<String>,
    /// Ids of collections.
    pub(crate) collections: Option<Vec<String>>,
    /// Ids of items.
    pub(crate) ids: Option<Vec<String>>,
    /// Largest share of cloud in percent; items that tell none are left out, with a warning.
    pub(crate) max_cloud: Option<f64>,
}

/// Why an item is not among those that are searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Miss {
    /// By what it tells.
    Other,
    /// It does not tell its share of cloud.
    CloudUnknown,
    /// It does not tell its place.
    PlaceUnknown,
}

impl StacSearch {
    /// Refuses what can match nothing.
    ///
    /// # Errors
    /// What is wrong, by its key.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(bbox) = &self.bbox {
            corners(bbox).map_err(|_| format!("bbox {bbox:?} is no west, south, east, north in degrees"))?;
        }
        if let Some(text) = &self.datetime {
            interval(text).map_err(|reason| format!("datetime '{text}' {reason}"))?;
        }
        match self.max_cloud {
            Some(cover) if !(0.0..=100.0).contains(&cover) => Err(format!("max_cloud {cover} is not within 0 to 100")),
            _ => Ok(()),
        }
    }

    /// Why an item is not searched for; `None` where it is.
    pub(super) fn misses(&self, item: &Item) -> Option<Miss> {
        let listed = |list: &Option<Vec<String>>, id: Option<&String>| {
            list.as_ref().is_none_or(|list| id.is_some_and(|id| list.contains(id)))
        };
        let span = self.datetime.as_deref().and_then(|text| interval(text).ok());
        let meets = listed(&self.ids, Some(&item.id))
            && listed(&self.collections, item.collection.as_ref())
            && span.is_none_or(|span| span.meets(&item.span))
            && self.bbox.is_none_or(|bbox| item.footprint.as_ref().is_none_or(|own| own.meets(bbox)));
        match (self.max_cloud, item.cloud_cover) {
            _ if !meets => Some(Miss::Other),
            _ if self.bbox.is_some() && item.footprint.is_none() => Some(Miss::PlaceUnknown),
            (Some(_), None) => Some(Miss::CloudUnknown),
            (Some(most), Some(cover)) if cover > most => Some(Miss::Other),
            _ => None,
        }
    }
}

/// The interval of a text, as the STAC API has it, and with whole days.
fn interval(text: &str) -> Result<Span, String> {
    let end = |text: &str, of_day: fn(Date) -> Instant| match text.trim() {
        "" | ".." => Ok(None),
        text if text.len() == 10 => {
            text.parse().map(|date| Some(of_day(date))).map_err(|error: raster::RasterError| error.to_string())
        }
        text => Instant::parse(text).map(Some).map_err(str::to_owned),
    };
    let span = match text.split_once('/') {
        Some((from, to)) => Span { from: end(from, Instant::midnight)?, to: end(to, Instant::end_of)? },
        None => Span { from: end(text, Instant::midnight)?, to: end(text, Instant::end_of)? },
    };
    match (span.from, span.to) {
        (None, None) => Err("is open at both ends".to_owned()),
        (Some(from), Some(to)) if from > to => Err("ends before it begins".to_owned()),
        _ => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_ends_may_be_open() {
        let told = |text: &str| interval(text).map(|span| span.to_string());
        assert_eq!(told("2024-02-29").as_deref(), Ok("2024-02-29T00:00:00Z/2024-02-29T23:59:59.999999Z"));
        assert_eq!(told("2024-01-01/..").as_deref(), Ok("2024-01-01T00:00:00Z/.."));
        assert_eq!(told("/2024-01-01T10:00:00Z").as_deref(), Ok("../2024-01-01T10:00:00Z"));
        for text in ["", "..", "../..", "2024-02-30", "2024-02-02/2024-02-01", "2024-01-01T00:00:00", "soon"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_search_that_can_match_nothing_is_refused_by_its_key() {
        let check = |search: StacSearch| search.check().expect_err("refused");
        assert!(check(StacSearch { bbox: Some([0.0, 5.0, 1.0, 4.0]), ..StacSearch::default() }).starts_with("bbox"));
        assert!(check(StacSearch { max_cloud: Some(130.0), ..StacSearch::default() }).starts_with("max_cloud"));
        assert!(check(StacSearch { datetime: Some("x".to_owned()), ..StacSearch::default() }).starts_with("datetime"));
        assert!(StacSearch { bbox: Some([170.0, -5.0, -170.0, 4.0]), ..StacSearch::default() }.check().is_ok());
    }
}
