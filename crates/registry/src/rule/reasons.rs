//! Why an outcome cannot be told, and the records that one rests on.

use std::collections::BTreeMap;

use polars::prelude::*;
use raster::Date;

use super::bench::{Bench, MEASURES};
use super::pack::{Law, LawText, Rule};
use crate::answer::SourceAnswer;

/// Records of a source that are named in a judgement; more are counted.
const NAMED_RECORDS: usize = 5;

impl<'a> Bench<'a> {
    /// Why the outcome of a rule cannot be told; `open` says that the condition itself could not.
    pub(super) fn doubts(&self, rule: &'a Rule, feature: usize, open: bool) -> Vec<String> {
        let law = &self.pack.laws[rule.law];
        let mut doubts = Vec::new();
        if in_force(law, self.cases.joined.periods.days(feature)) != Force::Throughout {
            doubts.push("law_not_in_force_throughout".to_owned());
        }
        if law.verified == LawText::Documentation {
            doubts.push("law_known_from_documentation_only".to_owned());
        }
        if open {
            doubts.extend(self.open_doubts(rule, feature));
        }
        doubts
    }

    /// Why a condition could not be told by what the sources say.
    pub(super) fn open_doubts(&self, rule: &'a Rule, feature: usize) -> Vec<String> {
        let mut doubts = Vec::new();
        let sources = self.sources_of(rule);
        for id in &sources {
            match self.silence(feature, id) {
                _ if self.copies.contains_key(*id) && self.speaking(id).is_none() => {
                    doubts.push(format!("{id}: known_from_documentation_only"));
                }
                SourceAnswer::NoOverlap => {}
                answer => doubts.push(format!("{id}: {}", answer.name())),
            }
        }
        if doubts.is_empty() && !sources.is_empty() {
            doubts.push("days_place_or_kind_of_records_uncertain".to_owned());
        }
        if !rule.node.columns().is_empty() {
            doubts.push("within_measurement_error".to_owned());
        }
        doubts
    }

    /// Ids of the sources that a rule asks, sorted: also those that say what counts towards the areas it compares.
    pub(super) fn sources_of(&self, rule: &'a Rule) -> Vec<&'a str> {
        let adds_up = rule.node.columns().iter().any(|column| MEASURES[1..].contains(column));
        let counted = self.pack.counted.iter().filter(|_| adds_up).flat_map(|counted| counted.node.calls());
        let mut sources = rule.sources();
        sources.extend(counted.map(|call| call.source.as_str()));
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// What the records of each source say of each alert, by alert and source.
    pub(super) fn records(&self) -> PolarsResult<BTreeMap<(u32, u32), Vec<String>>> {
        let mut named = BTreeMap::<(u32, u32), Vec<String>>::new();
        let (feature, source) = (self.linked.column("feature")?.u32()?, self.linked.column("source")?.u32()?);
        let place = self.linked.column("place")?.u32()?;
        let (key, validity) = (self.linked.column("key")?.str()?, self.linked.column("validity")?.str()?);
        let rows = feature.iter().zip(source.iter().zip(place.iter())).zip(key.iter().zip(validity.iter()));
        for ((feature, (source, place)), (key, validity)) in rows {
            if let (Some(feature), Some(source), Some(place)) = (feature, source, place) {
                let record = self.record(source as usize, key.unwrap_or_default(), validity.unwrap_or("unknown"));
                named.entry((feature, place)).or_default().push(record);
            }
        }
        Ok(named)
    }

    pub(super) fn record(&self, place: usize, key: &str, validity: &str) -> String {
        let (source, _) = &self.cases.joined.sources[place];
        let key = if self.cases.joined.shows_column(source, "key") { key } else { "(restricted)" };
        format!("{}:{key} ({}; {validity})", source.id, retrieved(source.retrieved))
    }

    pub(super) fn named(&self, rule: &'a Rule, feature: usize, records: &BTreeMap<(u32, u32), Vec<String>>) -> String {
        let mut named = Vec::new();
        for id in self.sources_of(rule) {
            let Some(copies) = self.copies.get(id) else {
                named.push(format!("{id}: {}", SourceAnswer::SourceAbsent.name()));
                continue;
            };
            match records.get(&(feature as u32, copies.newest() as u32)) {
                None => {
                    let copy = copies.asked(self.cases.joined.periods.days(feature)).later;
                    let answer = self.silence(feature, id).name();
                    named.push(format!("{id}: {answer} ({})", retrieved(self.cases.joined.sources[copy].0.retrieved)));
                }
                Some(all) => {
                    named.extend(all.iter().take(NAMED_RECORDS).cloned());
                    named.extend((all.len() > NAMED_RECORDS).then(|| format!("{id}: {} more", all.len() - NAMED_RECORDS)));
                }
            }
        }
        named.join("; ")
    }
}

fn retrieved(day: Option<Date>) -> String {
    day.map_or_else(|| "undated".to_owned(), |day| day.to_string())
}

/// On which of the days of a change a law was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Throughout,
    InPart,
    Never,
}

pub(super) fn in_force(law: &Law, days: (Option<i32>, Option<i32>)) -> Force {
    let (Some(first), Some(last)) = days else { return Force::InPart };
    let from = law.in_force_from.map_or(i32::MIN, Date::days);
    let to = law.in_force_to.map_or(i32::MAX, Date::days);
    match () {
        () if last < from || first >= to => Force::Never,
        () if from <= first && last < to => Force::Throughout,
        () => Force::InPart,
    }
}
