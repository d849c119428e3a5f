use std::collections::BTreeMap;

use raster::Date;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::expression::{Node, Question};
use crate::RegistryError;
use crate::place::{place, syntax};
use crate::source::{Join, RegistrySource, Title};

/// How we know the text of an article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum LawText {
    /// From what is written about it; a rule drawn from it is never `met`.
    #[default]
    #[serde(rename = "documentation only")]
    Documentation,
    /// From a copy of the state's own collection of laws.
    #[serde(rename = "mirror of the official system")]
    Mirror,
    /// From the official gazette.
    #[serde(rename = "official gazette")]
    Gazette,
}

impl LawText {
    /// As it stands in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Documentation => "documentation only",
            Self::Mirror => "mirror of the official system",
            Self::Gazette => "official gazette",
        }
    }
}

/// An article of a law.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// Id that rules name it by.
    pub id: String,
    /// Title.
    pub title: Title,
    /// The act, such as `Ley 2111 de 2021`.
    pub act: String,
    /// The article, such as `330`.
    pub article: String,
    /// First day in force.
    pub in_force_from: Option<Date>,
    /// First day no longer in force; open where absent.
    pub in_force_to: Option<Date>,
    /// Its text, or a summary of it.
    pub text: String,
    /// Whether `text` is a summary.
    pub text_is_summary: bool,
    /// Whether `text` leaves parts of the article out.
    pub text_is_partial: bool,
    /// Where the text is from.
    pub text_source: String,
    /// How we know the text.
    pub verified: LawText,
    /// What is doubtful about it.
    pub doubts: String,
    /// Whether a lawyer has looked at the rules drawn from it.
    pub reviewed_by_lawyer: bool,
}

/// What a rule asks, in words.
pub type Element = Title;

/// What is said for each outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Where the element is met.
    pub met: Title,
    /// Where it is not met.
    pub not_met: Title,
    /// Where it cannot be told.
    pub unknown: Title,
}

/// One element of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Id: `a-z`, `0-9`, `_`; the column in wide tables.
    pub id: String,
    /// Place of its law in the pack.
    pub law: usize,
    /// What it asks.
    pub element: Element,
    /// The condition as written.
    pub condition: String,
    /// Sources that it needs beyond those of its condition.
    pub needs: Vec<String>,
    /// Words for each outcome.
    pub wording: Wording,
    /// Whether it makes an offence graver.
    pub aggravating: bool,
    /// Whether a lawyer has looked at it.
    pub reviewed_by_lawyer: bool,
    /// Points that it adds to the priority where it is met.
    pub priority: f64,
    /// Line of the rule in its file.
    pub line: usize,
    pub(super) node: Node,
}

impl Rule {
    /// Ids of the sources that it asks itself, sorted.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> = self.node.calls().into_iter().map(|call| call.source.as_str()).collect();
        sources.extend(self.needs.iter().map(String::as_str));
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// What of an alert counts towards the areas that add up, such as its part in natural forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Hectares of an alert, as written.
    pub expression: String,
    /// Why.
    pub source: String,
    pub(super) node: Node,
}

/// A number that rules rest on, declared: the months over which areas add up, the distance of a cluster.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its value.
    pub value: f64,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// How it is compared, for people.
    #[serde(default)]
    pub comparison: String,
    /// Id of the law that it is from; empty for a choice of the file.
    #[serde(default)]
    pub law: String,
    /// Where it is from: an article, or the analyst.
    #[serde(default)]
    pub source: String,
}

/// Laws and the rules drawn from them.
#[derive(Debug, Clone, PartialEq)]
pub struct RulePack {
    /// Laws.
    pub laws: Vec<Law>,
    /// Rules, ids unique.
    pub rules: Vec<Rule>,
    /// Declared numbers by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// What counts towards the areas that add up; the whole of each alert where absent.
    pub counted: Option<Counted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    law: Vec<LawRecord>,
    #[serde(default)]
    rule: Vec<RuleRecord>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    counted: Option<CountedRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountedRecord {
    hectares: Spanned<String>,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LawRecord {
    id: String,
    title: Title,
    act: String,
    article: String,
    #[serde(default)]
    in_force: InForce,
    #[serde(default)]
    text: String,
    #[serde(default)]
    text_is_summary: bool,
    #[serde(default)]
    text_is_partial: bool,
    #[serde(default)]
    source: String,
    #[serde(default)]
    verified: LawText,
    #[serde(default)]
    doubts: String,
    #[serde(default)]
    reviewed_by_lawyer: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InForce {
    from: Option<Spanned<Value>>,
    to: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRecord {
    id: Spanned<String>,
    law: Spanned<String>,
    element: Element,
    condition: Spanned<String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    wording: Wording,
    #[serde(default)]
    aggravating: bool,
    #[serde(default)]
    reviewed_by_lawyer: bool,
    #[serde(default)]
    priority: f64,
    #[serde(default)]
    parameters: Vec<Spanned<String>>,
}

impl RulePack {
    /// The laws and rules that a TOML text holds.
    ///
    /// # Errors
    /// [`RegistryError::Syntax`], [`RegistryError::Value`] or [`RegistryError::DuplicateId`], each with its line and column;
    /// [`RegistryError::Condition`] where a condition cannot be read, with the rule and the place within it.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let document: Document = toml::from_str(text).map_err(|error| syntax(text, &error, KNOWN))?;
        let laws = document.law.into_iter().map(|record| law(text, record)).collect::<Result<Vec<_>, _>>()?;
        let declared = |name: &str| document.parameters.get(name).map(|parameter: &Parameter| parameter.value);
        let counted = document.counted.map(|record| counted(text, record, &declared)).transpose()?;
        let mut rules: Vec<Rule> = Vec::with_capacity(document.rule.len());
        for record in document.rule {
            let (line, column) = place(text, record.id.span().start);
            let missing = record.parameters.iter().find(|name| !document.parameters.contains_key(name.get_ref()));
            if let Some(name) = missing {
                let (line, column) = place(text, name.span().start);
                let (got, expected) = (name.get_ref().clone(), "the name of one of the [parameters] of this file");
                return Err(RegistryError::Value { line, column, field: "parameters", got, expected });
            }
            let rule = rule(text, record, &laws, &declared)?;
            if let Some(first) = rules.iter().find(|known| known.id == rule.id) {
                return Err(RegistryError::DuplicateId { line, column, id: rule.id, first_line: first.line });
            }
            rules.push(rule);
        }
        Ok(Self { laws, rules, parameters: document.parameters, counted })
    }

    /// A declared number.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.get(name).map(|parameter| parameter.value)
    }

    /// Refuses rules that ask what their sources cannot answer; a source that the catalogue lacks only makes a rule unknown.
    ///
    /// # Errors
    /// [`RegistryError::RuleField`] naming rule, source and field.
    pub fn check(&self, sources: &[&RegistrySource]) -> Result<(), RegistryError> {
        let counted = self.counted.iter().map(|counted| (COUNTED, &counted.node));
        for (id, node) in self.rules.iter().map(|rule| (rule.id.as_str(), &rule.node)).chain(counted) {
            for call in node.calls() {
                let Some(source) = sources.iter().find(|source| source.id == call.source) else { continue };
                let wrong = |field: &str, problem: String| RegistryError::RuleField {
                    rule: id.to_owned(),
                    source_id: source.id.clone(),
                    field: field.to_owned(),
                    problem,
                };
                for column in call.filter.iter().flat_map(|filter| filter.columns()) {
                    if column != "key" && column != "name" && !source.columns.contains_key(column) {
                        let known: Vec<&str> = source.columns.keys().map(String::as_str).collect();
                        return Err(wrong(column, format!("the source has key, name, {}", known.join(", "))));
                    }
                }
                let reach = match source.join {
                    Join::Within { distance_m } => Some(distance_m),
                    _ => None,
                };
                if call.question == Question::Near && reach.is_none_or(|reach| reach < call.distance_m.unwrap_or(0.0)) {
                    let distance = call.distance_m.unwrap_or(0.0);
                    return Err(wrong(
                        "join",
                        format!("`near` within {distance} m needs join = \"within:{distance}m\" or further"),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// What the hectares that count are called where a rule would be named.
pub(super) const COUNTED: &str = "counted";

fn counted(text: &str, record: CountedRecord, declared: &dyn Fn(&str) -> Option<f64>) -> Result<Counted, RegistryError> {
    let node = Node::parse(record.hectares.get_ref(), declared).map_err(|mistake| {
        let (line, column) = place(text, record.hectares.span().start);
        RegistryError::Condition { line, column, rule: COUNTED.to_owned(), problem: mistake.to_string() }
    })?;
    Ok(Counted { expression: record.hectares.into_inner(), source: record.source, node })
}

const KNOWN: [&str; 33] = [
    "counted",
    "hectares",
    "law",
    "rule",
    "parameters",
    "id",
    "title",
    "act",
    "article",
    "in_force",
    "from",
    "to",
    "text",
    "text_is_summary",
    "text_is_partial",
    "doubts",
    "comparison",
    "verified",
    "reviewed_by_lawyer",
    "element",
    "condition",
    "needs",
    "wording",
    "aggravating",
    "priority",
    "met",
    "not_met",
    "unknown",
    "value",
    "unit",
    "source",
    "es",
    "en",
];

fn law(text: &str, record: LawRecord) -> Result<Law, RegistryError> {
    let (from, to) = (day(text, "from", record.in_force.from)?, day(text, "to", record.in_force.to)?);
    Ok(Law {
        id: record.id,
        title: record.title,
        act: record.act,
        article: record.article,
        in_force_from: from,
        in_force_to: to,
        text: record.text,
        text_is_summary: record.text_is_summary,
        text_is_partial: record.text_is_partial,
        text_source: record.source,
        verified: record.verified,
        doubts: record.doubts,
        reviewed_by_lawyer: record.reviewed_by_lawyer,
    })
}

fn day(text: &str, field: &'static str, value: Option<Spanned<Value>>) -> Result<Option<Date>, RegistryError> {
    let Some(value) = value else { return Ok(None) };
    let written = match value.get_ref() {
        Value::String(written) if written.is_empty() => return Ok(None),
        Value::String(written) => written.clone(),
        other => other.to_string(),
    };
    written.parse().map(Some).map_err(|_| {
        let (line, column) = place(text, value.span().start);
        RegistryError::Value { line, column, field, got: written.clone(), expected: "a day such as 2021-07-29" }
    })
}

fn rule(text: &str, record: RuleRecord, laws: &[Law], declared: &dyn Fn(&str) -> Option<f64>) -> Result<Rule, RegistryError> {
    let (line, _) = place(text, record.id.span().start);
    let refuse = |span: std::ops::Range<usize>, field: &'static str, got: &str, expected: &'static str| {
        let (line, column) = place(text, span.start);
        RegistryError::Value { line, column, field, got: got.to_owned(), expected }
    };
    let id = record.id.get_ref();
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(refuse(record.id.span(), "id", id, "lower-case letters a-z, digits and `_`"));
    }
    let law = laws.iter().position(|law| &law.id == record.law.get_ref());
    let law = law.ok_or_else(|| refuse(record.law.span(), "law", record.law.get_ref(), "the id of a [[law]] of this file"))?;
    let node = Node::parse(record.condition.get_ref(), declared).map_err(|mistake| {
        let (line, column) = place(text, record.condition.span().start);
        RegistryError::Condition { line, column, rule: id.clone(), problem: mistake.to_string() }
    })?;
    Ok(Rule {
        id: record.id.into_inner(),
        law,
        element: record.element,
        condition: record.condition.into_inner(),
        needs: record.needs,
        wording: record.wording,
        aggravating: record.aggravating,
        reviewed_by_lawyer: record.reviewed_by_lawyer,
        priority: record.priority,
        line,
        node,
    })
}
