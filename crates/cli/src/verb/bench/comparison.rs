use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::record::Record;

/// From which ratio a stage counts as slower.
const SLOWER: f64 = 1.1;

/// What was measured now, held against an earlier record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Comparison {
    /// The earlier record's file.
    against: String,
    /// New by old, in the order of the new record.
    pub(super) ratios: Vec<Pair>,
    /// What the earlier record has and this one has not, as `case stage`.
    pub(super) missing: Vec<String>,
    /// What this record has and the earlier one has not.
    pub(super) added: Vec<String>,
}

/// One quantity of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Pair {
    /// The case.
    pub(super) case: String,
    /// A stage, by its best time, the whole job's `processor` time, or its `peak` memory.
    pub(super) of: String,
    /// The earlier number, in seconds or bytes.
    earlier: f64,
    /// The new one.
    now: f64,
    /// New by old: below 1 is better.
    pub(super) ratio: f64,
}

type Key = (String, String);

impl Comparison {
    /// `now` held against `earlier`, the record of the file `against`.
    pub(super) fn new(now: &Record, earlier: &Record, against: &Path) -> Self {
        let (new, old) = (quantities(now), quantities(earlier));
        let before: BTreeMap<&Key, f64> = old.iter().map(|(key, value)| (key, *value)).collect();
        let after: BTreeMap<&Key, f64> = new.iter().map(|(key, value)| (key, *value)).collect();
        let name = |(case, of): &Key| format!("{case} {of}");
        let ratios = new.iter().filter_map(|(key, now)| {
            let (earlier, now) = (*before.get(key)?, *now);
            Some(Pair { case: key.0.clone(), of: key.1.clone(), earlier, now, ratio: now / earlier })
        });
        Self {
            against: against.display().to_string(),
            ratios: ratios.collect(),
            missing: old.iter().filter(|(key, _)| !after.contains_key(key)).map(|(key, _)| name(key)).collect(),
            added: new.iter().filter(|(key, _)| !before.contains_key(key)).map(|(key, _)| name(key)).collect(),
        }
    }

    /// What people should know, a sentence each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let slower = self.ratios.iter().filter(|ratio| ratio.ratio > SLOWER).map(|ratio| {
            let verb = if ratio.of == "peak" { "holds" } else { "takes" };
            format!("{}: {} {verb} {:.2} times what it did in {}", ratio.case, ratio.of, ratio.ratio, self.against)
        });
        let list = |names: &[String], what: &str| (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")));
        let missing = list(&self.missing, &format!("in {} and not measured now", self.against));
        let added = list(&self.added, &format!("measured now and not in {}", self.against));
        slower.chain(missing).chain(added).collect()
    }
}

/// Every number that can be compared, larger is worse.
fn quantities(record: &Record) -> Vec<(Key, f64)> {
    let of_row = |row: &super::record::Row| {
        let stages = row.stages.iter().map(|stage| (stage.stage.name(), stage.timing.best_s));
        let processor = row.processor_s.map(|seconds| ("processor", seconds));
        let peak = row.peak_bytes.map(|bytes| ("peak", bytes as f64));
        let numbers: Vec<(Key, f64)> =
            stages.chain(processor).chain(peak).map(|(of, number)| ((row.case.clone(), of.to_owned()), number)).collect();
        numbers
    };
    record.rows.iter().flat_map(of_row).filter(|(_, number)| *number > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::super::record::{Row, SCHEMA, Settings, StageRow};
    use super::super::stage::Stage;
    use super::super::{machine::Machine, timing::Timing};
    use super::*;

    fn record(case: &str, stages: &[(Stage, f64)]) -> Record {
        let row = |&(stage, best_s): &(Stage, f64)| StageRow {
            stage,
            timing: Timing { best_s, median_s: best_s },
            megapixels_a_s: 1.0,
        };
        Record {
            schema: SCHEMA.to_owned(),
            verb: "bench".to_owned(),
            version: "0".to_owned(),
            machine: Machine { cpu: None, cores: 2, gdal: "3".to_owned(), load: None },
            settings: Settings { jobs: 2, memory_bytes: 1, reps: 1 },
            rows: vec![Row {
                case: case.to_owned(),
                series: case.to_owned(),
                rows: 10,
                cols: 10,
                dates: 2,
                megapixels: 2e-4,
                stages: stages.iter().map(row).collect(),
                peak_bytes: None,
                processor_s: None,
                floor: None,
                score: None,
            }],
            growth: Vec::new(),
        }
    }

    #[test]
    fn a_slower_stage_is_told_and_a_faster_one_is_not() {
        let earlier = record("a", &[(Stage::Read, 1.0), (Stage::Mask, 1.0)]);
        let now = record("a", &[(Stage::Read, 1.25), (Stage::Mask, 0.5)]);
        let comparison = Comparison::new(&now, &earlier, Path::new("old.json"));
        let ratios: Vec<f64> = comparison.ratios.iter().map(|ratio| ratio.ratio).collect();
        assert_eq!(ratios, [1.25, 0.5]);
        assert_eq!(comparison.sentences(), ["a: read takes 1.25 times what it did in old.json"]);
    }

    #[test]
    fn what_only_one_side_has_is_named() {
        let earlier = record("a", &[(Stage::Read, 1.0), (Stage::Write, 1.0)]);
        let now = record("a", &[(Stage::Read, 1.0), (Stage::Job, 1.0)]);
        let comparison = Comparison::new(&now, &earlier, Path::new("old.json"));
        assert_eq!(
            (comparison.missing.as_slice(), comparison.added.as_slice()),
            (&["a write".to_owned()][..], &["a job".to_owned()][..])
        );
        assert_eq!(comparison.sentences().len(), 2);
    }
}
