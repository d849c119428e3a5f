use std::collections::BTreeMap;

use alert::Layer;
use polars::prelude::*;
use raster::Date;

use super::copies::{Copies, consulted};
use super::expression::{Call, Comparison, Node, Question};
use super::pack::{COUNTED, Law, LawText, Rule, RulePack};
use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::join::Joined;
use crate::linked::Linked;
use crate::source::{RegistrySource, Verified};
use crate::table::failed;

/// Share of an alert that must lie within records for it to be covered, where the pack's `covered_share` says nothing.
const COVERED_SHARE: f64 = 0.99;

/// Records of a source that are named in a judgement; more are counted.
const NAMED_RECORDS: usize = 5;

/// Least and greatest value that a measure may have, hectares.
pub type Span = (f64, f64);

/// What rules are held against beside registries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// Area of the alert.
    pub area_ha: Span,
    /// What counts of its cluster, continuous or not, whatever the time.
    pub extent_ha: Span,
    /// What counts of the clearings of its cluster that touch one another and it.
    pub contiguous_ha: Span,
    /// The most that counts of its cluster within the pack's months, with it.
    pub accumulated_ha: Span,
}

/// Names of the measures in conditions: the alert's own, then those that add up.
const MEASURES: [&str; 4] = ["area_ha", "extent_ha", "contiguous_ha", "accumulated_ha"];

/// Who asks: a rule, or what is counted.
#[derive(Clone, Copy)]
struct Asker<'a> {
    id: &'a str,
    /// What it asks, as written.
    written: &'a str,
}

impl<'a> From<&'a Rule> for Asker<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self { id: &rule.id, written: &rule.condition }
    }
}

impl Case {
    fn spans(&self) -> [Span; 4] {
        [self.area_ha, self.extent_ha, self.contiguous_ha, self.accumulated_ha]
    }
}

/// Alerts before their rules.
#[derive(Clone, Copy)]
pub struct Cases<'a> {
    /// The alerts joined with the registries.
    pub joined: &'a Joined<'a>,
    /// One case an alert.
    pub cases: &'a [Case],
}

/// Whether an element is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is.
    Met,
    /// It is not.
    NotMet,
    /// It cannot be told.
    Unknown,
    /// The law was in force on no day of the change.
    NotAsked,
}

impl Outcome {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::Unknown => "unknown",
            Self::NotAsked => "not_asked",
        }
    }
}

/// What a rule says of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Index of the alert.
    pub feature: usize,
    /// Index of the rule in its pack.
    pub rule: usize,
    /// Whether its element is met.
    pub outcome: Outcome,
    /// Why it cannot be told, words of a closed list joined by `; `; empty where it can.
    pub reason: String,
    /// The records that it rests on: `source:key (retrieved; validity)`, or `source: answer (retrieved)`.
    pub records: String,
}

/// What every rule says of every alert: alert by alert, in the order of the rules.
///
/// An outcome is `unknown` where the condition cannot be told, and also where the law was not in force throughout the change, or
/// where its text or a source that the rule asks is known from documentation only.
///
/// # Errors
/// [`RegistryError::RuleColumn`] where a condition asks for what alerts do not have, [`RegistryError::RuleField`] where it asks a
/// source what it cannot answer, [`RegistryError::Length`] for tables that do not belong together, [`RegistryError::Table`] where
/// a table operation fails.
pub fn judge(pack: &RulePack, cases: Cases<'_>) -> Result<Vec<Judgement>, RegistryError> {
    let joined = cases.joined;
    joined.check()?;
    if cases.cases.len() != joined.ids.len() {
        return Err(RegistryError::Length { table: "the table of cases", got: cases.cases.len(), expected: joined.ids.len() });
    }
    pack.check(&joined.sources.iter().map(|(source, _)| source).collect::<Vec<_>>())?;
    let bench = Bench::new(pack, cases, pack.rules.iter().map(|rule| &rule.node))?;
    let outcomes = pack.rules.iter().map(|rule| bench.outcomes(rule)).collect::<Result<Vec<_>, _>>()?;
    let records = bench.records().map_err(failed("the records of rules"))?;
    let mut judgements = Vec::with_capacity(joined.ids.len() * pack.rules.len());
    for feature in 0..joined.ids.len() {
        for (number, (rule, held)) in pack.rules.iter().zip(&outcomes).enumerate() {
            let held = held[feature];
            let doubts = bench.doubts(rule, feature, held.is_none());
            let outcome = match held {
                _ if in_force(&pack.laws[rule.law], joined.periods.days(feature)) == Force::Never => Outcome::NotAsked,
                Some(true) if doubts.is_empty() => Outcome::Met,
                Some(false) if doubts.is_empty() => Outcome::NotMet,
                _ => Outcome::Unknown,
            };
            judgements.push(Judgement {
                feature,
                rule: number,
                outcome,
                reason: doubts.join("; "),
                records: bench.named(rule, feature, &records),
            });
        }
    }
    Ok(judgements)
}

/// Least and greatest hectares of each alert that count towards the areas that add up: see [`RulePack::counted`]. `areas` are those of
/// the alerts themselves.
///
/// # Errors
/// As [`judge`].
pub fn counted(pack: &RulePack, joined: &Joined<'_>, areas: &[Span]) -> Result<Vec<Span>, RegistryError> {
    let Some(counted) = &pack.counted else { return Ok(areas.to_vec()) };
    pack.check(&joined.sources.iter().map(|(source, _)| source).collect::<Vec<_>>())?;
    let alone = |area: &Span| Case { area_ha: *area, extent_ha: *area, contiguous_ha: *area, accumulated_ha: *area };
    let cases: Vec<Case> = areas.iter().map(alone).collect();
    let bench = Bench::new(pack, Cases { joined, cases: &cases }, [&counted.node])?;
    let (low, high) = bench.span(Asker { id: COUNTED, written: &counted.expression }, &counted.node)?;
    let spans = || {
        let real = |expr: Expr, name: &str| expr.cast(DataType::Float64).alias(name);
        let frame = bench.frame.clone().lazy().select([real(low, "low"), real(high, "high")]).collect()?;
        let of = |name: &str| {
            Ok::<_, PolarsError>(frame.column(name)?.f64()?.iter().map(Option::unwrap_or_default).collect::<Vec<_>>())
        };
        Ok(of("low")?.into_iter().zip(of("high")?).collect())
    };
    spans().map_err(failed("the areas that count"))
}

/// Where cases are judged: one row an alert, with a column for each question to a source.
struct Bench<'a> {
    pack: &'a RulePack,
    cases: Cases<'a>,
    calls: Vec<&'a Call>,
    frame: DataFrame,
    /// Copies of the sources by id.
    copies: BTreeMap<&'a str, Copies>,
    /// Links of the copies that are asked.
    linked: DataFrame,
}

impl<'a> Bench<'a> {
    /// A bench on which these conditions are held against cases.
    fn new(pack: &'a RulePack, cases: Cases<'a>, nodes: impl IntoIterator<Item = &'a Node>) -> Result<Self, RegistryError> {
        let mut calls: Vec<&Call> = Vec::new();
        for call in nodes.into_iter().flat_map(Node::calls) {
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        let copies = Copies::of(cases.joined);
        let linked = Linked::new(*cases.joined)?.all()?;
        let made = || {
            let linked = consulted(cases.joined, &copies, &linked)?;
            Ok(Self { pack, cases, calls, frame: measures(cases.cases)?, copies, linked })
        };
        let mut bench: Self = made().map_err(failed("the table of cases"))?;
        for (number, call) in bench.calls.clone().into_iter().enumerate() {
            bench.frame = bench.asked(number, call).map_err(failed("the answers to rules"))?;
        }
        Ok(bench)
    }

    /// The frame with the answer to one more question, under `low_<number>` and `high_<number>`: 0 to 1 for a truth.
    fn asked(&self, number: usize, call: &Call) -> PolarsResult<DataFrame> {
        let (low, high) = (format!("low_{number}"), format!("high_{number}"));
        let greatest = if call.question == Question::OverlapHa { col("high_area_ha") } else { lit(1.0) };
        let Some(place) = self.speaking(&call.source) else {
            return self.frame.clone().lazy().with_columns([lit(0.0).alias(low), greatest.alias(high)]).collect();
        };
        let of_source = col("place").eq(lit(place as u32));
        let records = self.records_of(place)?;
        let args = JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) };
        let (least, most) = call.bounds();
        let asked = self
            .linked
            .clone()
            .lazy()
            .filter(of_source)
            .join(records, [col("source"), col("record")], [col("source"), col("record")], args.clone())
            .with_column(call.holds(&self.cases.joined.sources[place].0).alias("holds"))
            .group_by_stable([col("feature")])
            .agg([least.alias(low.as_str()), most.alias(high.as_str())]);
        let silent: Vec<bool> = (0..self.cases.joined.ids.len())
            .map(|feature| self.silence(feature, &call.source) == SourceAnswer::NoOverlap)
            .collect();
        let may_say_no = Series::new("may_say_no".into(), silent);
        let mut frame = self.frame.clone();
        frame.with_column(may_say_no.into())?;
        frame
            .lazy()
            .join(asked, [col("feature")], [col("feature")], args)
            .with_columns([
                col(low.as_str()).fill_null(lit(0.0)),
                when(col("may_say_no")).then(col(high.as_str()).fill_null(lit(0.0))).otherwise(greatest).alias(high.as_str()),
            ])
            .collect()
            .map(|frame| frame.drop_many(["may_say_no"]))
    }

    /// Place of a source whose word counts: `None` where the catalogue lacks it or knows it from documentation only.
    fn speaking(&self, id: &str) -> Option<usize> {
        let place = self.copies.get(id)?.newest();
        (self.cases.joined.sources[place].0.verified != Verified::Documentation).then_some(place)
    }

    /// What it means for an alert that the source has no record of it, by the copy that is asked.
    fn silence(&self, feature: usize, id: &str) -> SourceAnswer {
        self.copies.get(id).map_or(SourceAnswer::SourceAbsent, |copies| {
            let asked = copies.asked(self.cases.joined.periods.days(feature));
            self.cases.joined.silence(feature, asked.later)
        })
    }

    /// The columns of a source's records that filters may ask for, of all its copies.
    fn records_of(&self, place: usize) -> PolarsResult<LazyFrame> {
        let joined = self.cases.joined;
        let (id, outputs) = (&joined.sources[place].0.id, joined.sources[place].0.columns.keys());
        let copies = || joined.sources.iter().enumerate().filter(|(_, (source, _))| &source.id == id);
        let all = |of: &dyn Fn(&Layer, u32) -> Vec<Option<u32>>| -> Vec<Option<u32>> {
            copies().flat_map(|(number, (_, layer))| of(layer, number as u32)).collect()
        };
        let mut columns = vec![
            polars::prelude::Column::new("source".into(), all(&|layer, number| vec![Some(number); layer.features.len()])),
            polars::prelude::Column::new("record".into(), all(&|layer, _| (0..layer.features.len() as u32).map(Some).collect())),
        ];
        for output in outputs {
            let of = |(source, layer): &(RegistrySource, Layer)| {
                let values = source.columns.get(output).and_then(|field| layer.features.text(field));
                values.map_or_else(|| vec![None; layer.features.len()], <[_]>::to_vec)
            };
            let values: Vec<Option<String>> = copies().flat_map(|(_, copy)| of(copy)).collect();
            columns.push(polars::prelude::Column::new(format!("own_{output}").into(), values));
        }
        Ok(DataFrame::new_infer_height(columns)?.lazy())
    }

    /// Whether the rule's condition holds for each alert; `None` where that cannot be told.
    fn outcomes(&self, rule: &Rule) -> Result<Vec<Option<bool>>, RegistryError> {
        let truth = self.truth(rule.into(), &rule.node)?;
        let held = || {
            let frame = self.frame.clone().lazy().select([truth.alias("held")]).collect()?;
            Ok(frame.column("held")?.bool()?.iter().collect())
        };
        held().map_err(failed("the outcomes of rules"))
    }

    fn truth(&self, asker: Asker<'_>, node: &Node) -> Result<Expr, RegistryError> {
        Ok(match node {
            Node::Or(a, b) => self.truth(asker, a)?.or(self.truth(asker, b)?),
            Node::And(a, b) => self.truth(asker, a)?.and(self.truth(asker, b)?),
            Node::Not(inner) => self.truth(asker, inner)?.not(),
            Node::Compare(comparison, a, b) => comparison.of_spans(self.span(asker, a)?, self.span(asker, b)?),
            Node::Call(call) if call.question == Question::Covered => {
                let share = self.pack.parameter("covered_share").unwrap_or(COVERED_SHARE);
                Comparison::GreaterOrEqual.of_spans(self.span(asker, node)?, (lit(share), lit(share)))
            }
            Node::Call(call) if call.question.is_truth() => {
                Comparison::Greater.of_spans(self.span(asker, node)?, (lit(0.5), lit(0.5)))
            }
            _ => {
                return Err(RegistryError::RuleColumn {
                    rule: asker.id.to_owned(),
                    column: asker.written.to_owned(),
                    known: "a condition compares something or asks inside, meets, covered or near".to_owned(),
                });
            }
        })
    }

    /// Least and greatest value of a number.
    fn span(&self, asker: Asker<'_>, node: &Node) -> Result<(Expr, Expr), RegistryError> {
        Ok(match node {
            Node::Number(number) => (lit(*number), lit(*number)),
            Node::Column(name) if MEASURES.contains(&name.as_str()) => (col(format!("low_{name}")), col(format!("high_{name}"))),
            Node::Call(call) => {
                let number = self.calls.iter().position(|known| *known == call).expect("every call of the pack is asked");
                (col(format!("low_{number}")), col(format!("high_{number}")))
            }
            Node::Arithmetic(operator, a, b) => operator.of_spans(self.span(asker, a)?, self.span(asker, b)?),
            other => {
                let column = other.columns().first().map_or(asker.written, |column| *column).to_owned();
                return Err(RegistryError::RuleColumn { rule: asker.id.to_owned(), column, known: MEASURES.join(", ") });
            }
        })
    }

    /// Why the outcome of a rule cannot be told; `open` says that the condition itself could not.
    fn doubts(&self, rule: &'a Rule, feature: usize, open: bool) -> Vec<String> {
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
    fn open_doubts(&self, rule: &'a Rule, feature: usize) -> Vec<String> {
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
    fn sources_of(&self, rule: &'a Rule) -> Vec<&'a str> {
        let adds_up = rule.node.columns().iter().any(|column| MEASURES[1..].contains(column));
        let counted = self.pack.counted.iter().filter(|_| adds_up).flat_map(|counted| counted.node.calls());
        let mut sources = rule.sources();
        sources.extend(counted.map(|call| call.source.as_str()));
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// What the records of each source say of each alert, by alert and source.
    fn records(&self) -> PolarsResult<BTreeMap<(u32, u32), Vec<String>>> {
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

    fn record(&self, place: usize, key: &str, validity: &str) -> String {
        let (source, _) = &self.cases.joined.sources[place];
        let key = if self.cases.joined.shows_column(source, "key") { key } else { "(restricted)" };
        format!("{}:{key} ({}; {validity})", source.id, retrieved(source.retrieved))
    }

    fn named(&self, rule: &'a Rule, feature: usize, records: &BTreeMap<(u32, u32), Vec<String>>) -> String {
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
enum Force {
    Throughout,
    InPart,
    Never,
}

fn in_force(law: &Law, days: (Option<i32>, Option<i32>)) -> Force {
    let (Some(first), Some(last)) = days else { return Force::InPart };
    let from = law.in_force_from.map_or(i32::MIN, Date::days);
    let to = law.in_force_to.map_or(i32::MAX, Date::days);
    match () {
        () if last < from || first >= to => Force::Never,
        () if from <= first && last < to => Force::Throughout,
        () => Force::InPart,
    }
}

fn measures(cases: &[Case]) -> PolarsResult<DataFrame> {
    let mut columns = vec![polars::prelude::Column::new("feature".into(), (0..cases.len() as u32).collect::<Vec<_>>())];
    for (number, name) in MEASURES.iter().enumerate() {
        let spans: Vec<Span> = cases.iter().map(|case| case.spans()[number]).collect();
        columns.push(polars::prelude::Column::new(format!("low_{name}").into(), spans.iter().map(|s| s.0).collect::<Vec<_>>()));
        columns.push(polars::prelude::Column::new(format!("high_{name}").into(), spans.iter().map(|s| s.1).collect::<Vec<_>>()));
    }
    DataFrame::new_infer_height(columns)
}
