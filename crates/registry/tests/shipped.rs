//! What comes with the program: catalogues and rules hold together.

use std::collections::BTreeSet;

use registry::{CATALOGUES, Catalogue, RULE_PACKS, RegistrySource, RulePack, Verified};

fn sources() -> Vec<(&'static str, RegistrySource)> {
    let read = |(name, text): (&'static str, &str)| {
        let catalogue = Catalogue::parse(text).unwrap_or_else(|error| panic!("{name}: {error} at {:?}", error.place()));
        catalogue.sources.into_iter().map(move |source| (name, source)).collect::<Vec<_>>()
    };
    CATALOGUES.into_iter().flat_map(read).collect()
}

#[test]
fn colombia_has_at_least_24_sources_and_every_id_is_its_own() {
    let sources = sources();
    assert!(sources.iter().filter(|(name, source)| *name == "co" && source.country == "CO").count() >= 24);
    let ids: BTreeSet<&str> = sources.iter().map(|(_, source)| source.id.as_str()).collect();
    assert_eq!(ids.len(), sources.len());
}

#[test]
fn every_record_says_how_it_is_known_and_where_to_get_the_data() {
    for (_, source) in sources() {
        let told = &source.description;
        let words = [&told.evidence, &told.obtain.es, &told.obtain.en, &told.meaning.es, &told.meaning.en, &source.licence];
        assert!(words.iter().all(|text| !text.is_empty()), "{}", source.id);
        assert!(
            [&told.access, &told.geometry, &told.cadence, &told.legal_weight].iter().all(|word| !word.is_empty()),
            "{}",
            source.id
        );
        // Whoever says "extract" names the file by its hash.
        assert!(
            source.verified != Verified::Extract || told.evidence.contains("SHA-256") || told.evidence.contains("sha256"),
            "{}",
            source.id
        );
    }
}

#[test]
fn every_rule_asks_sources_of_the_catalogue_for_what_they_have() {
    let sources = sources();
    let known: Vec<&RegistrySource> = sources.iter().map(|(_, source)| source).collect();
    for (name, text) in RULE_PACKS {
        let pack = RulePack::parse(text).unwrap_or_else(|error| panic!("{name}: {error} at {:?}", error.place()));
        pack.check(&known).unwrap_or_else(|error| panic!("{name}: {error}"));
        for rule in &pack.rules {
            for id in rule.sources() {
                assert!(known.iter().any(|source| source.id == id), "{name}, rule {}: no source {id}", rule.id);
            }
            let said = [&rule.wording.met, &rule.wording.not_met, &rule.wording.unknown];
            assert!(said.iter().all(|words| !words.es.is_empty() && !words.en.is_empty()), "{}", rule.id);
        }
    }
}

#[test]
fn no_rule_speaks_of_guilt_and_none_passes_for_reviewed() {
    for (_, text) in RULE_PACKS {
        let pack = RulePack::parse(text).expect("rules");
        for rule in &pack.rules {
            let words = [&rule.wording.met.es, &rule.wording.not_met.es, &rule.wording.unknown.es, &rule.element.es];
            for word in ["culpable", "delincuente", "responsable penal", "infractor"] {
                assert!(words.iter().all(|text| !text.to_lowercase().contains(word)), "{}: {word}", rule.id);
            }
            assert!(!rule.reviewed_by_lawyer && !pack.laws[rule.law].reviewed_by_lawyer, "{}", rule.id);
        }
    }
}

#[test]
fn the_readme_gives_the_count_of_sources_with_the_count_verified() {
    let sources = sources();
    let count = |verified: Verified| sources.iter().filter(|(_, source)| source.verified == verified).count();
    let sentence = format!(
        "{} sources: {} verified by a real extract, {} by service metadata, {} known from documentation only",
        sources.len(),
        count(Verified::Extract),
        count(Verified::ServiceMetadata),
        count(Verified::Documentation)
    );
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&sentence), "README.md lacks: {sentence}");
}
