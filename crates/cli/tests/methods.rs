//! What the list of methods says of where each comes from.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{fail, succeed};

#[test]
fn every_method_is_cited_by_entries_that_a_bibtex_reader_takes() {
    let text = succeed(["methods", "--cite"]);
    let read = biblatex::Bibliography::parse(&text).expect("BibTeX");
    let keys: BTreeSet<&str> = read.keys().collect();
    assert_eq!((keys.len(), read.len()), (read.len(), text.matches('@').count()), "each key once, each entry read");
    for entry in read.iter() {
        assert!(entry.title().is_ok(), "{}", entry.key);
        if entry.entry_type != biblatex::EntryType::Misc {
            assert!(entry.author().is_ok_and(|authors| !authors.is_empty()) && entry.date().is_ok(), "{}", entry.key);
        }
    }
    let told: Value = serde_json::from_str(&succeed(["methods", "--json"])).expect("JSON");
    for method in told["methods"].as_array().expect("a list") {
        let name = method["name"].as_str().expect("a name");
        let own = biblatex::Bibliography::parse(&succeed(["methods", "--cite", name])).expect("BibTeX");
        let publications = method["publications"].as_array().expect("a list").iter();
        let records: Vec<&Value> = publications.chain(Some(&method["reference"]).filter(|program| !program.is_null())).collect();
        assert_eq!(own.len(), records.len(), "{name}");
        for record in records {
            let key = record["key"].as_str().expect("a key");
            assert!(own.get(key).is_some() && keys.contains(key), "{name}: {key}");
        }
        assert!(name == "difference" || method["reference"]["licence"].is_string(), "{name}");
    }
}

#[test]
fn a_method_that_is_not_there_is_told_with_those_that_are() {
    let told = fail(2, ["methods", "--cite", "emwa"]);
    assert!(told.contains("emwa") && told.contains("ewma"), "{told}");
}
