//! What a method rests on: papers, and the program that its answers are held against.

use std::fmt::Write as _;

/// A publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// Key of its BibTeX entry.
    pub key: &'static str,
    /// Authors, `Family, G.`.
    pub authors: &'static [&'static str],
    /// Title.
    pub title: &'static str,
    /// Where it stands.
    pub place: Place,
    /// Year.
    pub year: u16,
    /// Digital object identifier; empty where it has none.
    pub doi: &'static str,
}

/// Where a publication stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An article of a journal.
    Journal {
        /// Its name.
        name: &'static str,
        /// Volume.
        volume: u16,
        /// Issue; empty where there is none.
        number: &'static str,
        /// First and last page.
        pages: &'static str,
    },
    /// A book.
    Book {
        /// Its publisher.
        publisher: &'static str,
    },
}

/// A program whose results a method gives. Nothing of its code is in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Implementation {
    /// Key of its BibTeX entry.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is, such as `R package`.
    pub kind: &'static str,
    /// Version, or the commit of one without versions.
    pub version: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// Where it is kept.
    pub url: &'static str,
}

impl Publication {
    /// Its BibTeX entry.
    pub fn bibtex(&self) -> String {
        let authors = self.authors.join(" and ");
        let year = self.year.to_string();
        let title = protected(self.title);
        let mut fields = vec![("author", authors.as_str()), ("title", title.as_str())];
        let volume;
        let kind = match self.place {
            Place::Journal { name, volume: of, number, pages } => {
                volume = of.to_string();
                fields.extend([("journal", name), ("volume", volume.as_str()), ("number", number), ("pages", pages)]);
                "article"
            }
            Place::Book { publisher } => {
                fields.push(("publisher", publisher));
                "book"
            }
        };
        fields.extend([("year", year.as_str()), ("doi", self.doi)]);
        entry(kind, self.key, &fields)
    }
}

impl Implementation {
    /// Its BibTeX entry.
    pub fn bibtex(&self) -> String {
        let title = format!("{{{}}}", self.name);
        let note = format!("{}, version {}, licence {}", self.kind, self.version, self.licence);
        entry("misc", self.key, &[("key", self.name), ("title", &title), ("note", &note), ("url", self.url)])
    }
}

/// An entry; fields without a value are left out.
fn entry(kind: &str, key: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("@{kind}{{{key}");
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(text, ",\n  {name} = {{{value}}}");
    }
    text + "\n}"
}

/// A title whose names keep their capitals whatever the style: words with one, but for the first, stand in braces.
fn protected(title: &str) -> String {
    let word = |(place, word): (usize, &str)| {
        let is_name = place > 0 && word.chars().any(char::is_uppercase);
        if is_name { format!("{{{word}}}") } else { word.to_owned() }
    };
    title.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::METHODS;

    #[test]
    fn an_entry_has_what_is_known_and_names_keep_their_capitals() {
        let publication = Publication {
            key: "doe2001",
            authors: &["Doe, J.", "Roe, R."],
            title: "Watching forests with Landsat time series",
            place: Place::Journal { name: "Trees", volume: 7, number: "", pages: "1--9" },
            year: 2001,
            doi: "",
        };
        let expected = "@article{doe2001,\n  author = {Doe, J. and Roe, R.},\n  title = {Watching forests with {Landsat} time series},\n  \
             journal = {Trees},\n  volume = {7},\n  pages = {1--9},\n  year = {2001}\n}";
        assert_eq!(publication.bibtex(), expected);
    }

    #[test]
    fn every_method_rests_on_a_work_and_a_key_is_always_of_the_same() {
        let mut entries: BTreeMap<&str, String> = BTreeMap::new();
        for method in METHODS {
            assert!(!method.publications.is_empty(), "{}", method.name);
            let dois = method.publications.iter().map(|publication| publication.doi);
            let cited = method.citation.split("https://doi.org/").nth(1).map(|rest| rest.split(';').next().unwrap_or(rest));
            assert!(cited.is_none_or(|doi| dois.clone().any(|own| own == doi)), "{}: {cited:?}", method.name);
            let publications = method.publications.iter().map(|publication| (publication.key, publication.bibtex()));
            for (key, entry) in publications.chain(method.reference.map(|program| (program.key, program.bibtex()))) {
                let kept = entries.entry(key).or_insert_with(|| entry.clone());
                assert_eq!(*kept, entry, "{key}");
            }
        }
    }
}
