//! What rules say, as tables.

use alert::{Column, Values};

use super::judgement::{Judgement, Outcome};
use super::pack::{Law, Rule, RulePack};
use crate::table::column;

/// The judgements as a table, one row each but those of laws that were not in force: `id`, `rule`, `outcome`, `element_es`, `element_en`, `wording_es`, `wording_en`, `act`,
/// `article`, `law_text`, `reviewed_by_lawyer`, `aggravating`, `reason`, `records`.
pub fn judgement_table(pack: &RulePack, ids: &[String], judgements: &[Judgement]) -> Vec<Column> {
    let judgements: Vec<&Judgement> = judgements.iter().filter(|judgement| judgement.outcome != Outcome::NotAsked).collect();
    let texts = |of: &dyn Fn(&Judgement, &Rule, &Law) -> String| {
        let value = |judgement: &&Judgement| {
            let rule = &pack.rules[judgement.rule];
            Some(of(judgement, rule, &pack.laws[rule.law])).filter(|text| !text.is_empty())
        };
        Values::Text(judgements.iter().map(value).collect())
    };
    let wording = |judgement: &Judgement, rule: &Rule| match judgement.outcome {
        Outcome::Met => rule.wording.met.clone(),
        Outcome::NotMet => rule.wording.not_met.clone(),
        Outcome::Unknown | Outcome::NotAsked => rule.wording.unknown.clone(),
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    vec![
        column("id", texts(&|judgement, _, _| ids[judgement.feature].clone())),
        column("rule", texts(&|_, rule, _| rule.id.clone())),
        column("outcome", texts(&|judgement, _, _| judgement.outcome.name().to_owned())),
        column("element_es", texts(&|_, rule, _| rule.element.es.clone())),
        column("element_en", texts(&|_, rule, _| rule.element.en.clone())),
        column("wording_es", texts(&|judgement, rule, _| wording(judgement, rule).es)),
        column("wording_en", texts(&|judgement, rule, _| wording(judgement, rule).en)),
        column("act", texts(&|_, _, law| law.act.clone())),
        column("article", texts(&|_, _, law| law.article.clone())),
        column("law_text", texts(&|_, _, law| law.verified.name().to_owned())),
        column("reviewed_by_lawyer", texts(&|_, rule, law| yes(law.reviewed_by_lawyer && rule.reviewed_by_lawyer))),
        column("aggravating", texts(&|_, rule, _| yes(rule.aggravating))),
        column("reason", texts(&|judgement, _, _| judgement.reason.clone())),
        column("records", texts(&|judgement, _, _| judgement.records.clone())),
    ]
}

/// The outcomes as wide columns, one value an alert: `rule_<id>` for each rule, `priority` and `priority_terms`, which names every
/// rule that adds to it with its points, and with 0 of how many those that cannot be told.
pub fn judgement_columns(pack: &RulePack, judgements: &[Judgement]) -> Vec<Column> {
    let rules = pack.rules.len();
    let by_alert: Vec<&[Judgement]> = if rules == 0 { Vec::new() } else { judgements.chunks(rules).collect() };
    let mut columns: Vec<Column> = pack
        .rules
        .iter()
        .enumerate()
        .map(|(number, rule)| {
            let outcomes = by_alert.iter().map(|alert| Some(alert[number].outcome.name().to_owned())).collect();
            column(format!("rule_{}", rule.id), Values::Text(outcomes))
        })
        .collect();
    let terms: Vec<Vec<(f64, String)>> = by_alert.iter().map(|alert| priority_terms(pack, alert)).collect();
    let scores = terms.iter().map(|terms| Some(terms.iter().map(|(points, _)| points).sum())).collect();
    let words = terms.iter().map(|terms| terms.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join("; "));
    columns.push(column("priority_score", Values::Real(scores)));
    columns.push(column("priority_terms", Values::Text(words.map(Some).collect())));
    columns
}

fn priority_terms(pack: &RulePack, alert: &[Judgement]) -> Vec<(f64, String)> {
    let with_points =
        alert.iter().map(|judgement| (judgement, &pack.rules[judgement.rule])).filter(|(_, rule)| rule.priority != 0.0);
    with_points
        .filter_map(|(judgement, rule)| match judgement.outcome {
            Outcome::Met => Some((rule.priority, format!("{} +{}", rule.id, rule.priority))),
            Outcome::Unknown => Some((0.0, format!("{} 0 of {} (unknown)", rule.id, rule.priority))),
            Outcome::NotMet | Outcome::NotAsked => None,
        })
        .collect()
}
