use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use raster::Date;

use crate::join::Joined;
use crate::table::{integers, text};

/// The copies of one source, in the order of their days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copies {
    /// Places among the joined sources, oldest first.
    places: Vec<usize>,
    days: Vec<Option<Date>>,
}

/// The copies that are asked about one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The oldest copy from after the change, or where there is none the newest there is.
    pub(super) later: usize,
    /// The newest copy from before it, where that is another.
    pub(super) earlier: Option<usize>,
}

impl Copies {
    /// The copies of every source, by id.
    pub(super) fn of<'a>(joined: &Joined<'a>) -> BTreeMap<&'a str, Self> {
        let mut copies = BTreeMap::<&str, Self>::new();
        let mut numbered: Vec<(usize, Option<Date>)> =
            joined.sources.iter().enumerate().map(|(place, (source, _))| (place, source.retrieved)).collect();
        numbered.sort_by_key(|(_, day)| *day);
        for (place, day) in numbered {
            let entry =
                copies.entry(joined.sources[place].0.id.as_str()).or_insert(Self { places: Vec::new(), days: Vec::new() });
            entry.places.push(place);
            entry.days.push(day);
        }
        copies
    }

    /// The copy that speaks for the source as a whole: the newest.
    pub(super) fn newest(&self) -> usize {
        *self.places.last().expect("a source has a copy")
    }

    /// The copies to be asked about a change on one of the days `first..=last`.
    pub(super) fn asked(&self, (first, last): (Option<i32>, Option<i32>)) -> Asked {
        let day = |number: usize| self.days[number].map(Date::days);
        let after = (0..self.places.len()).find(|&n| day(n).zip(last).is_some_and(|(day, last)| day >= last));
        let before = (0..self.places.len()).rfind(|&n| day(n).zip(first).is_some_and(|(day, first)| day < first));
        let later = after.map_or_else(|| self.newest(), |number| self.places[number]);
        Asked { later, earlier: before.map(|number| self.places[number]).filter(|earlier| *earlier != later) }
    }
}

/// The links that rules look at, from the table of all of them, with `place` (the place of the source that a condition names) and
/// `held`: true where two copies show that a record without days held throughout, missing where copies contradict each other.
///
/// Links of copies that are not asked are left out. A record that by its days was there when the earlier copy was taken must meet
/// the alert in both copies or in neither: otherwise its boundary moved on a day that nobody knows.
pub(super) fn consulted(joined: &Joined<'_>, copies: &BTreeMap<&str, Copies>, linked: &DataFrame) -> PolarsResult<DataFrame> {
    let (features, sources) = (integers(linked, "feature")?, integers(linked, "source")?);
    let (keys, from, to) = (text(linked, "key")?, integers(linked, "from")?, integers(linked, "to")?);
    let number = |values: &[Option<i64>], row: usize| values[row].unwrap_or_default() as usize;
    let met: BTreeSet<(usize, usize, Option<&str>)> =
        (0..linked.height()).map(|row| (number(&features, row), number(&sources, row), keys[row].as_deref())).collect();
    let (mut kept, mut places, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..linked.height() {
        let (feature, source) = (number(&features, row), number(&sources, row));
        let copies = &copies[joined.sources[source].0.id.as_str()];
        let asked = copies.asked(joined.periods.days(feature));
        let other = match asked.earlier {
            _ if source == asked.later => asked.earlier,
            Some(earlier) if source == earlier => Some(asked.later),
            _ => continue,
        };
        let in_other = other.is_some_and(|other| met.contains(&(feature, other, keys[row].as_deref())));
        let is_later = source == asked.later;
        if !is_later && in_other {
            continue;
        }
        let taken = asked.earlier.and_then(|earlier| joined.sources[earlier].0.retrieved).map(|day| i64::from(day.days()));
        let was_there = match (from[row], to[row], taken) {
            (Some(from), Some(to), Some(taken)) => Some(from <= taken && taken < to),
            _ => None,
        };
        let verdict = match (other.is_some(), in_other, was_there) {
            // One copy, or the record was declared after the earlier one: its days speak alone.
            (false, ..) | (true, false, Some(false)) if is_later => Some(false),
            // It was over before the earlier copy was taken.
            (true, false, Some(false)) => continue,
            (true, true, None) => Some(true),
            (true, true, Some(_)) => Some(false),
            _ => None,
        };
        kept.push(row as IdxSize);
        places.push(copies.newest() as u32);
        held.push(verdict);
    }
    let mut frame = linked.take(&IdxCa::from_vec("rows".into(), kept))?;
    frame.with_column(Column::new("place".into(), places))?;
    frame.with_column(Column::new("held".into(), held))?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn the_copies_next_to_the_change_are_asked() {
        let copies =
            Copies { places: vec![4, 2, 7], days: ["2024-01-15", "2024-08-01", "2025-03-01"].map(|d| Some(day(d))).to_vec() };
        let asked = |first: &str, last: &str| copies.asked((Some(day(first).days()), Some(day(last).days())));
        assert_eq!(asked("2024-03-02", "2024-03-21"), Asked { later: 2, earlier: Some(4) });
        assert_eq!(asked("2024-07-20", "2024-08-02"), Asked { later: 7, earlier: Some(4) });
        assert_eq!(asked("2025-04-01", "2025-04-02"), Asked { later: 7, earlier: None });
        assert_eq!(asked("2023-04-01", "2023-04-02"), Asked { later: 4, earlier: None });
    }
}
