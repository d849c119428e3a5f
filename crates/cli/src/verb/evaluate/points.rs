//! Alerts against a sample of points that somebody interpreted.

use std::collections::BTreeMap;

use alert::Features;
use pipeline::Budget;
use raster::Warning;
use serde_json::json;
use survey::{Accuracy, Dating, Estimate, Sample, Share, Unit};

use super::Outcome;
use super::alerts::Alerts;
use super::delay::{Delays, Told};
use super::design::Design;
use super::overlap::covers;
use super::reference::{Records, column};
use super::sight::{Sight, sights};
use super::table::{Line, number};
use crate::args::{Evaluate, ReferenceFields};
use crate::fault::{Exit, Fault};

/// Labels that mean change where nobody names others.
const CHANGE: [&str; 12] = [
    "change",
    "changed",
    "loss",
    "deforestation",
    "disturbance",
    "1",
    "yes",
    "true",
    "cambio",
    "deforestacion",
    "deforestación",
    "si",
];

/// Labels that mean no change where nobody names others.
const NO_CHANGE: [&str; 10] =
    ["no change", "unchanged", "stable", "no loss", "0", "no", "false", "sin cambio", "estable", "stable forest"];

/// Numbers of the classes.
const STABLE: usize = 0;
const CHANGED: usize = 1;

/// The points that could be interpreted.
struct Points<'a> {
    alerts: &'a Alerts,
    records: &'a Records,
    /// Rows of the file.
    rows: Vec<usize>,
    /// The alert over each: of several the earliest.
    alert: Vec<Option<usize>>,
    sample: Sample,
    is_change: Vec<bool>,
}

/// Judges alerts by points.
pub(super) fn compare(alerts: &Alerts, records: &Records, arguments: &Evaluate, budget: &Budget) -> Result<Outcome, Fault> {
    if alerts.are_points() {
        return Err(Fault::new(
            Exit::Input,
            format!(
                "{}: alerts are points, which no sample point lies in; give their polygons (alerts.geojson or alerts.gpkg)",
                arguments.alerts.display()
            ),
        ));
    }
    let path = arguments.reference.as_path();
    let mut outcome = Outcome::default();
    let labels = labels(&records.layer.features, arguments, &mut outcome)?;
    let rows: Vec<usize> = (0..records.len()).filter(|&row| labels[row].is_some()).collect();
    let design = Design::new(&records.layer.features, &rows, &arguments.design, path)?;
    let over = covers(records.geometries(), alerts.geometries(), budget)?;
    let first = |row: usize| {
        let partners = over[row].partners.iter().map(|partner| partner.0);
        partners.min_by_key(|&alert| (alerts.seen[alert].map_or(i32::MAX, |seen| seen.first), alert))
    };
    let alert: Vec<Option<usize>> = rows.iter().map(|&row| first(row)).collect();
    let is_change: Vec<bool> = rows.iter().map(|&row| labels[row] == Some(true) && !records.is_outside[row]).collect();
    let unit = |at: usize| Unit {
        stratum: design.stratum[at],
        weight: design.weight[at],
        mapped: if alert[at].is_some() { CHANGED } else { STABLE },
        reference: if is_change[at] { CHANGED } else { STABLE },
    };
    let sample = Sample::new((0..rows.len()).map(unit).collect(), design.strata, 2)
        .map_err(|error| Fault::new(Exit::Input, format!("{}: {error}", path.display())))?;
    let points = Points { alerts, records, rows, alert, sample, is_change };
    points.tell(&design, &mut outcome);
    if let Some(path) = &arguments.answers {
        points.tell_seen(&sights(path, records.geometries())?, &mut outcome);
    }
    let outside = records.is_outside.iter().zip(&labels).filter(|(outside, label)| **outside && **label == Some(true)).count();
    if outside > 0 {
        outcome.notes.push(format!("{outside} points changed outside the period only and count as no change in it"));
    }
    let unread = records.len() - points.rows.len();
    outcome.fact(
        "reference",
        json!({
            "kind": "points", "features": records.len(), "not_interpretable": unread, "dated": records.is_dated,
            "outside_period": outside, "design": design.name, "strata": design.strata, "area_ha": design.total_ha.map(number),
        }),
    );
    Ok(outcome)
}

impl Points<'_> {
    fn tell(&self, design: &Design, outcome: &mut Outcome) {
        let Accuracy { overall, classes } = self.sample.accuracy();
        let change = &classes[CHANGED];
        let counted = |part: &dyn Fn(&Unit) -> bool, of: &dyn Fn(&Unit) -> bool| {
            let mut share = Share::default();
            self.sample.units().iter().filter(|unit| of(unit)).for_each(|unit| share.count(part(unit)));
            Some(share)
        };
        let (maps, is) = (|unit: &Unit| unit.mapped == CHANGED, |unit: &Unit| unit.reference == CHANGED);
        let line = |measure, count, estimate: Option<Estimate>| Line { count, estimate, ..Line::all(measure) };
        outcome.lines.push(line("users", counted(&is, &maps), change.users));
        outcome.lines.extend(self.by_class());
        outcome.lines.push(line("producers", counted(&maps, &is), change.producers));
        outcome.lines.push(line("overall", counted(&|unit| unit.mapped == unit.reference, &|_| true), Some(overall)));
        outcome.lines.push(line("f1", None, change.f1));
        outcome.lines.push(line("area_share", counted(&is, &|_| true), Some(change.area)));
        outcome.lines.push(line("mapped_share", counted(&maps, &|_| true), Some(self.sample.share(maps))));
        outcome.lines.extend(design.total_ha.map(|ha| line("area_ha", None, Some(change.area.times(ha)))));
        outcome.lines.extend(self.dated());
        if outcome.lines.iter().any(Line::is_without_error) {
            let note =
                "where the sample shows no error at all, or nothing else, limits are those of Wilson by the number of points";
            outcome.notes.push(note.to_owned());
        }
        if overall.se.is_none() {
            outcome.notes.push("no intervals: a stratum has one point only".to_owned());
        }
        outcome.notes.push(format!("design: {}", design.said));
        let delays = Delays::of(&self.told());
        outcome.lines.extend(delays.lines());
        outcome.notes.extend(delays.notes());
        outcome.fact("delay", delays.json());
        let shares: Vec<Vec<_>> =
            self.sample.matrix_of_shares().iter().map(|row| row.iter().map(|share| number(*share)).collect()).collect();
        outcome.fact("matrix", json!({
            "rows": "map", "columns": "reference", "classes": ["no_change", "change"], "points": self.sample.matrix(), "shares": shares,
        }));
        let judged = self.alert.iter().zip(self.sample.units()).zip(&self.is_change);
        outcome.judged = judged.filter_map(|((alert, unit), right)| Some(((*alert)?, *right, unit.weight))).collect();
    }

    /// User's accuracy of the classes of alerts.
    fn by_class(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for classes in &self.alerts.classes {
            for (number, name) in classes.names.iter().enumerate() {
                let belongs: Vec<bool> =
                    self.alert.iter().map(|alert| alert.is_some_and(|alert| classes.of[alert] == Some(number))).collect();
                lines.extend(self.of_marked("users", &belongs, &self.is_change).map(|line| Line {
                    by: classes.by.clone(),
                    class: name.clone(),
                    ..line
                }));
            }
        }
        lines
    }

    /// Of the marked points, how much meets a condition; `None` where no point is marked.
    fn of_marked(&self, measure: &'static str, marked: &[bool], meets: &[bool]) -> Option<Line> {
        let mut count = Share::default();
        marked.iter().zip(meets).filter(|(marked, _)| **marked).for_each(|(_, meets)| count.count(*meets));
        // Marks become classes: 1 what is marked and does not meet the condition, 2 what does.
        let mark = |at: usize| if marked[at] { 1 + usize::from(meets[at]) } else { 0 };
        let units = self.sample.units().iter().enumerate().map(|(at, unit)| Unit { mapped: mark(at), reference: 0, ..*unit });
        let sample = Sample::new(units.collect(), self.sample.strata(), 3).ok()?;
        let estimate = sample.share_of(|unit| unit.mapped == 2, |unit| unit.mapped > 0)?;
        Some(Line { count: Some(count), estimate: Some(estimate), ..Line::all(measure) })
    }

    /// The same with the days: an alert on a change that is dated elsewhere counts as wrong.
    fn dated(&self) -> Vec<Line> {
        let dating = |at: usize| {
            let (alert, row) = (self.alert[at]?, self.rows[at]);
            Some(Dating::of(self.alerts.seen[alert]?, self.records.changed[row]?))
        };
        let is_dated: Vec<Option<Dating>> = (0..self.rows.len()).map(|at| dating(at).filter(|_| self.is_change[at])).collect();
        if is_dated.iter().all(Option::is_none) {
            return Vec::new();
        }
        let right: Vec<bool> = is_dated.iter().map(|dating| matches!(dating, Some(Dating::Right | Dating::MayBeRight))).collect();
        let mapped: Vec<bool> = self.alert.iter().map(Option::is_some).collect();
        [self.of_marked("users_dated", &mapped, &right), self.of_marked("producers_dated", &self.is_change, &right)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Producer's accuracy of what the run saw: what it did not see is no omission.
    fn tell_seen(&self, sights: &[Sight], outcome: &mut Outcome) {
        let is_seen = |at: usize| sights[self.rows[at]] == Sight::Seen;
        let marked: Vec<bool> = self.is_change.iter().enumerate().map(|(at, change)| *change && is_seen(at)).collect();
        let mapped: Vec<bool> = self.alert.iter().map(Option::is_some).collect();
        outcome.lines.extend(self.of_marked("producers_seen", &marked, &mapped));
        let apart = self.is_change.iter().enumerate().filter(|(at, change)| **change && !is_seen(*at)).count();
        outcome.notes.push(format!(
            "{apart} points changed where the run did not see them, or was not to look; producers_seen is without them"
        ));
    }

    fn told(&self) -> Vec<Told> {
        let at = |(at, alert): (usize, &Option<usize>)| {
            let alert = (*alert).filter(|_| self.is_change[at])?;
            let changed = self.records.changed[self.rows[at]];
            Some(Told { seen: self.alerts.seen[alert], confirmed: self.alerts.confirmed[alert], changed, ..Told::default() })
        };
        self.alert.iter().enumerate().filter_map(at).collect()
    }
}

/// What each point is labelled: change or not; `None` where it cannot be interpreted.
fn labels(features: &Features, arguments: &Evaluate, outcome: &mut Outcome) -> Result<Vec<Option<bool>>, Fault> {
    let ReferenceFields { label_field, change, no_change, .. } = &arguments.fields;
    let path = arguments.reference.as_path();
    let usual = ["label", "reference", "class", "change", "etiqueta"];
    let values = column(features, label_field.as_deref(), &usual, path)?.ok_or_else(|| {
        let known: Vec<&str> = features.columns.iter().map(|column| column.name.as_str()).collect();
        Fault::usage(format!(
            "{}: no column tells change from no change (it has {}); name it by --label-field",
            path.display(),
            known.join(", ")
        ))
    })?;
    let list = |given: &[String], usual: &[&str]| -> Vec<String> {
        if given.is_empty() {
            usual.iter().map(|text| (*text).to_owned()).collect()
        } else {
            given.iter().map(|text| plain(text)).collect()
        }
    };
    let (yes, no) = (list(change, &CHANGE), list(no_change, &NO_CHANGE));
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let labels: Vec<Option<bool>> = values
        .iter()
        .map(|value| {
            let label = plain(value.as_deref().unwrap_or_default());
            if yes.contains(&label) {
                return Some(true);
            }
            if no.contains(&label) {
                return Some(false);
            }
            *others.entry(label).or_default() += 1;
            None
        })
        .collect();
    let shown: Vec<String> = others.iter().map(|(label, count)| format!("'{label}' {count}")).collect();
    if labels.iter().all(Option::is_none) {
        return Err(Fault::usage(format!(
            "{}: no label means change or no change ({}); name them by --change and --no-change",
            path.display(),
            shown.join(", ")
        )));
    }
    if !others.is_empty() {
        let count: usize = others.values().sum();
        let message = format!("{count} points are not interpretable and count nowhere: {}", shown.join(", "));
        outcome.warnings.push(Warning::new("not_interpretable", message).about(path.display().to_string()));
    }
    Ok(labels)
}

/// A label as it is compared.
fn plain(label: &str) -> String {
    label.trim().to_lowercase().replace(['_', '-'], " ")
}
