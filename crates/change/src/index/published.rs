use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Record;

/// A list of indices as the Awesome Spectral Indices publish theirs: `{"SpectralIndices": {NAME: {..}}}`, in the schema with
/// `short_name` and `long_name` or in that of its version 1 with `acronym` and `name`; a list of records (`"indices": [..]`) too.
///
/// Formulas are not read before they are asked for. A name that stands twice is refused.
#[derive(Debug, Clone)]
pub struct Published(Vec<Entry>);

/// One index of a list; what else stands there is not needed.
#[derive(Debug, Clone, Deserialize)]
struct Entry {
    #[serde(default, alias = "acronym")]
    short_name: String,
    #[serde(default, alias = "name")]
    long_name: String,
    formula: String,
    #[serde(default)]
    application_domain: String,
    #[serde(default)]
    reference: String,
    source: Option<Source>,
}

#[derive(Debug, Clone, Deserialize)]
struct Source {
    source_link: Option<String>,
}

impl Published {
    pub(super) fn into_records(self) -> Vec<Record> {
        let record = |entry: Entry| {
            let link = entry.source.and_then(|source| source.source_link).unwrap_or_default();
            let reference = if entry.reference.is_empty() { link } else { entry.reference };
            Record::published(entry.short_name, entry.application_domain, entry.formula, entry.long_name, reference)
        };
        self.0.into_iter().map(record).collect()
    }
}

impl<'de> Deserialize<'de> for Published {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(WholeFile)
    }
}

/// Reads the object that a file is.
struct WholeFile;

impl<'de> Visitor<'de> for WholeFile {
    type Value = Published;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with SpectralIndices, as the Awesome Spectral Indices have it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Published, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "SpectralIndices" || key == "indices" {
                found = Some(map.next_value::<Entries>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.map(|Entries(entries)| Published(entries)).ok_or_else(|| A::Error::custom("it has no SpectralIndices"))
    }
}

/// The records, by name or one after the other.
struct Entries(Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AllEntries)
    }
}

struct AllEntries;

impl AllEntries {
    fn push<E: serde::de::Error>(all: &mut Vec<Entry>, entry: Entry) -> Result<(), E> {
        let name = &entry.short_name;
        if name.is_empty() || name.len() > 100 || name.contains([',', '\t', '\n']) {
            return Err(E::custom(format!("'{name:.40}' is no name of an index")));
        }
        if all.iter().any(|earlier| earlier.short_name == *name) {
            return Err(E::custom(format!("the index {name} stands twice")));
        }
        all.push(entry);
        Ok(())
    }
}

impl<'de> Visitor<'de> for AllEntries {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records of indices by name, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let mut entry: Entry = map.next_value()?;
            if entry.short_name.is_empty() {
                entry.short_name = name;
            }
            Self::push(&mut all, entry)?;
        }
        Ok(Entries(all))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = list.next_element()? {
            Self::push(&mut all, entry)?;
        }
        Ok(Entries(all))
    }
}
