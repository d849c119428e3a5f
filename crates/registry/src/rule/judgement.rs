use polars::prelude::*;

use super::bench::{Asker, Bench};
use super::pack::{COUNTED, RulePack};
use super::reasons::{Force, in_force};
use crate::RegistryError;
use crate::join::Joined;
use crate::table::failed;

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

impl Case {
    pub(super) fn spans(&self) -> [Span; 4] {
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
