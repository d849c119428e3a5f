use std::collections::BTreeMap;

use alert::Layer;
use raster::Warning;

use crate::day::day;
use crate::period::validity;
use crate::source::{Bound, RegistrySource};

/// How many places a warning names.
const PLACES: usize = 5;

/// What of a source's records people should know before they trust a join: keys that are missing or stand twice for the same
/// time, dates that cannot be read, validity that ends before it begins.
///
/// A key may stand in several records whose validity does not overlap: these are its versions.
pub fn review(source: &RegistrySource, layer: &Layer) -> Vec<Warning> {
    let records = Records { source, layer };
    let found = [
        ("key_missing", "records have no key", records.keyless()),
        ("duplicate_key", "records share their key with an earlier one that is valid at the same time", records.duplicates()),
        (
            "date_unreadable",
            "dates cannot be read, so their validity is unknown; name the form, such as date_format = \"DD/MM/YYYY\"",
            records.unreadable(),
        ),
        ("validity_reversed", "validity does not end after it begins, so it is unknown", records.reversed()),
    ];
    let about = |(code, message, places): (&'static str, &str, Vec<String>)| {
        let more = if places.len() > PLACES { ", ..." } else { "" };
        let first = places.iter().take(PLACES).cloned().collect::<Vec<_>>().join(", ");
        let message = format!("source {}: {message} ({}: {first}{more})", source.id, places.len());
        (!places.is_empty()).then(|| Warning::new(code, message).about(&layer.path))
    };
    found.into_iter().filter_map(about).collect()
}

struct Records<'a> {
    source: &'a RegistrySource,
    layer: &'a Layer,
}

impl<'a> Records<'a> {
    fn field(&self, name: &str, record: usize) -> Option<&'a str> {
        self.layer.features.text(name)?[record].as_deref()
    }

    fn bound(&self, bound: &Bound, record: usize) -> Option<&'a str> {
        match bound {
            Bound::Field(name) => self.field(name, record),
            Bound::Open | Bound::Day(_) => None,
        }
    }

    fn key(&self, record: usize) -> Option<&'a str> {
        self.field(&self.source.key, record).filter(|key| !key.is_empty())
    }

    fn told(&self, record: usize) -> String {
        match self.key(record) {
            Some(key) => format!("record {} (key {key})", record + 1),
            None => format!("record {}", record + 1),
        }
    }

    fn places(&self, matches: impl Fn(usize) -> bool) -> Vec<String> {
        (0..self.layer.features.len()).filter(|&record| matches(record)).map(|record| self.told(record)).collect()
    }

    fn keyless(&self) -> Vec<String> {
        // A field that is not there at all is an error of the catalogue, told elsewhere.
        if self.layer.features.text(&self.source.key).is_none() { Vec::new() } else { self.places(|r| self.key(r).is_none()) }
    }

    fn days(&self, record: usize) -> (Option<i32>, Option<i32>) {
        validity(self.source, self.bound(&self.source.valid_from, record), self.bound(&self.source.valid_to, record))
    }

    fn duplicates(&self) -> Vec<String> {
        let mut earlier: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut found = Vec::new();
        for record in 0..self.layer.features.len() {
            let Some(key) = self.key(record) else { continue };
            let same = earlier.entry(key).or_default();
            if same.iter().any(|&other| overlap(self.days(other), self.days(record))) {
                found.push(self.told(record));
            }
            same.push(record);
        }
        found
    }

    fn unreadable(&self) -> Vec<String> {
        let bad = |bound: &Bound, record: usize| {
            let text = self.bound(bound, record).map(str::trim).filter(|text| !text.is_empty());
            text.is_some_and(|text| day(text, &self.source.date_formats).is_none())
        };
        self.places(|record| bad(&self.source.valid_from, record) || bad(&self.source.valid_to, record))
    }

    fn reversed(&self) -> Vec<String> {
        let read = |bound: &Bound, record: usize| match bound {
            Bound::Day(day) => Some(*day),
            Bound::Field(_) => day(self.bound(bound, record)?, &self.source.date_formats),
            Bound::Open => None,
        };
        self.places(|record| {
            read(&self.source.valid_from, record).zip(read(&self.source.valid_to, record)).is_some_and(|(from, to)| to <= from)
        })
    }
}

/// Whether two intervals `[from, to)` have a day in common; an end that is not known may lie anywhere.
fn overlap(a: (Option<i32>, Option<i32>), b: (Option<i32>, Option<i32>)) -> bool {
    let before = |end: Option<i32>, start: Option<i32>| end.zip(start).is_some_and(|(end, start)| end <= start);
    !before(a.1, b.0) && !before(b.1, a.0)
}

#[cfg(test)]
mod tests {
    use alert::{Features, Values};

    use super::*;
    use crate::Catalogue;

    fn codes(more: &str, rows: &[[&str; 3]]) -> Vec<&'static str> {
        let text = format!(
            "[[source]]\nid = \"a\"\ntitle = {{ es = \"\", en = \"\" }}\nauthority = \"\"\npath = \"a.csv\"\nkey = \"k\"\nprivacy = \"public\"\n{more}"
        );
        let source = Catalogue::parse(&text).expect("a catalogue").sources.remove(0);
        let column = |at: usize| Values::Text(rows.iter().map(|row| Some(row[at].to_owned())).collect());
        let features = Features::new("a", vec![None; rows.len()]);
        let features =
            features.with("k", column(0)).and_then(|f| f.with("from", column(1))).and_then(|f| f.with("to", column(2)));
        let layer = Layer { features: features.expect("columns"), ..Layer::default() };
        review(&source, &layer).into_iter().map(|warning| warning.code).collect()
    }

    const DATED: &str = "valid_from = \"from\"\nvalid_to = \"to\"\n";

    #[test]
    fn a_key_that_stands_twice_is_told_unless_these_are_its_versions() {
        let versions = [["1", "2000-01-01", "2010-01-01"], ["1", "2010-01-01", ""]];
        assert_eq!(codes(DATED, &versions), Vec::<&str>::new());
        assert_eq!(codes("", &versions), ["duplicate_key"]);
        assert_eq!(codes(DATED, &[["1", "2000-01-01", "2011-01-01"], ["1", "2010-01-01", ""]]), ["duplicate_key"]);
        assert_eq!(codes("", &[["", "", ""], ["", "", ""]]), ["key_missing"]);
    }

    #[test]
    fn dates_that_cannot_be_read_or_run_backwards_are_told() {
        assert_eq!(codes(DATED, &[["1", "2030-01-01", "2020-01-01"]]), ["validity_reversed"]);
        let mixed = [["1", "2020-01-31", ""], ["2", "31/01/2020", ""]];
        assert_eq!(codes(DATED, &mixed), ["date_unreadable"]);
        let formats = format!("{DATED}date_format = [\"YYYY-MM-DD\", \"DD/MM/YYYY\"]\n");
        assert_eq!(codes(&formats, &mixed), Vec::<&str>::new());
    }
}
