//! Where conditions are held against alerts: a frame with a column for each question to a source.

use std::collections::BTreeMap;

use alert::Layer;
use polars::prelude::*;

use super::copies::{Copies, consulted};
use super::expression::{Call, Comparison, Node, Question};
use super::judgement::{Case, Cases, Span};
use super::pack::{Rule, RulePack};
use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::linked::Linked;
use crate::source::{RegistrySource, Verified};
use crate::table::failed;

/// Share of an alert that must lie within records for it to be covered, where the pack's `covered_share` says nothing.
const COVERED_SHARE: f64 = 0.99;

/// Names of the measures in conditions: the alert's own, then those that add up.
pub(super) const MEASURES: [&str; 4] = ["area_ha", "extent_ha", "contiguous_ha", "accumulated_ha"];

/// Who asks: a rule, or what is counted.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) id: &'a str,
    /// What it asks, as written.
    pub(super) written: &'a str,
}

impl<'a> From<&'a Rule> for Asker<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self { id: &rule.id, written: &rule.condition }
    }
}

/// Where cases are judged: one row an alert, with a column for each question to a source.
pub(super) struct Bench<'a> {
    pub(super) pack: &'a RulePack,
    pub(super) cases: Cases<'a>,
    pub(super) calls: Vec<&'a Call>,
    pub(super) frame: DataFrame,
    /// Copies of the sources by id.
    pub(super) copies: BTreeMap<&'a str, Copies>,
    /// Links of the copies that are asked.
    pub(super) linked: DataFrame,
}

impl<'a> Bench<'a> {
    /// A bench on which these conditions are held against cases.
    pub(super) fn new(
        pack: &'a RulePack,
        cases: Cases<'a>,
        nodes: impl IntoIterator<Item = &'a Node>,
    ) -> Result<Self, RegistryError> {
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
    pub(super) fn asked(&self, number: usize, call: &Call) -> PolarsResult<DataFrame> {
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
    pub(super) fn speaking(&self, id: &str) -> Option<usize> {
        let place = self.copies.get(id)?.newest();
        (self.cases.joined.sources[place].0.verified != Verified::Documentation).then_some(place)
    }

    /// What it means for an alert that the source has no record of it, by the copy that is asked.
    pub(super) fn silence(&self, feature: usize, id: &str) -> SourceAnswer {
        self.copies.get(id).map_or(SourceAnswer::SourceAbsent, |copies| {
            let asked = copies.asked(self.cases.joined.periods.days(feature));
            self.cases.joined.silence(feature, asked.later)
        })
    }

    /// The columns of a source's records that filters may ask for, of all its copies.
    pub(super) fn records_of(&self, place: usize) -> PolarsResult<LazyFrame> {
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
    pub(super) fn outcomes(&self, rule: &Rule) -> Result<Vec<Option<bool>>, RegistryError> {
        let truth = self.truth(rule.into(), &rule.node)?;
        let held = || {
            let frame = self.frame.clone().lazy().select([truth.alias("held")]).collect()?;
            Ok(frame.column("held")?.bool()?.iter().collect())
        };
        held().map_err(failed("the outcomes of rules"))
    }

    pub(super) fn truth(&self, asker: Asker<'_>, node: &Node) -> Result<Expr, RegistryError> {
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
    pub(super) fn span(&self, asker: Asker<'_>, node: &Node) -> Result<(Expr, Expr), RegistryError> {
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
