//! Alerts against polygons of all that changed.

use alert::Features;
use pipeline::Budget;
use raster::Warning;
use serde_json::json;
use survey::{Estimate, Share};

use super::Outcome;
use super::alerts::{Alerts, areas_ha};
use super::classes::{Classes, Sizes, Verdict, lines};
use super::delay::{Delays, Told};
use super::overlap::{Cover, covers};
use super::reference::{Records, column, period};
use super::sight::{Sight, sights};
use super::table::{Line, number};
use crate::args::Evaluate;
use crate::fault::{Exit, Fault};

/// Alerts and polygons that were laid over one another.
struct Laid<'a> {
    alerts: &'a Alerts,
    records: &'a Records,
    /// What polygons cover of each alert.
    of_alerts: Vec<Cover>,
    /// What alerts cover of each polygon.
    of_records: Vec<Cover>,
}

/// Judges alerts by polygons, and polygons by alerts.
pub(super) fn compare(
    alerts: &Alerts,
    records: &Records,
    sizes: &Sizes,
    arguments: &Evaluate,
    budget: &Budget,
) -> Result<Outcome, Fault> {
    let of_alerts = covers(alerts.geometries(), records.geometries(), budget)?;
    let of_records = covers(records.geometries(), alerts.geometries(), budget)?;
    let laid = Laid { alerts, records, of_alerts, of_records };
    let sights = seen_by_run(records, arguments)?;
    let told_unseen = unseen(&records.layer.features, arguments)?;
    let is = |i: usize, sight: Sight| sights.as_ref().is_some_and(|sights| sights[i] == sight);
    let is_unseen = |i: usize| told_unseen[i] || is(i, Sight::NotSeen);
    let is_elsewhere = |i: usize| !is_unseen(i) && is(i, Sight::NotEligible);
    let is_outside = |i: usize| !is_unseen(i) && !is_elsewhere(i) && records.is_outside[i];
    let mut outcome = Outcome::default();
    let users = laid.users();
    outcome.judged = users.iter().map(|verdict| (verdict.thing, verdict.met, 1.0)).collect();
    outcome.lines.extend(lines("users", &users, &alerts.classes));
    let producers = laid.producers(|i| !is_unseen(i) && !is_elsewhere(i) && !is_outside(i));
    let areas = areas_ha(&records.layer.features);
    let mut classes = vec![sizes.classes(&areas)];
    classes.extend(arguments.by.iter().filter_map(|column| Classes::of_column(&records.layer.features, column)));
    outcome.lines.extend(lines("producers", &producers, &classes));
    outcome.lines.extend(f1(&users, &producers));
    laid.tell_apart("found_unseen", &is_unseen, &mut outcome);
    laid.tell_apart("found_ineligible", &is_elsewhere, &mut outcome);
    laid.tell_apart("found_outside", &is_outside, &mut outcome);
    if alerts.are_points() {
        outcome.notes.push(
            "alerts are points: right is one that lies in a polygon, found a polygon with one in it; areas are not compared"
                .to_owned(),
        );
        outcome.lines.iter_mut().for_each(|line| line.overlap = None);
    }
    let delays = Delays::of(&laid.told(arguments)?);
    outcome.lines.extend(delays.lines());
    outcome.notes.extend(delays.notes());
    outcome.warnings.extend(outside_dates(alerts, records, arguments));
    let share = |flags: &dyn Fn(usize) -> bool| (0..records.len()).filter(|&i| flags(i)).count();
    outcome.fact(
        "reference",
        json!({
            "kind": "polygons", "features": records.len(), "dated": records.is_dated,
            "not_seen": share(&is_unseen), "not_eligible": share(&is_elsewhere), "outside_period": share(&is_outside),
        }),
    );
    outcome.fact("delay", delays.json());
    outcome.notes.push(
        "95 %: limits of Wilson, as if alerts and polygons were a random sample of others like them; areas have none".to_owned(),
    );
    Ok(outcome)
}

impl Laid<'_> {
    fn users(&self) -> Vec<Verdict> {
        let verdict = |(thing, cover): (usize, &Cover)| {
            let measured = cover.area_ha();
            let area_ha = if cover.area_cm2.is_some() { measured } else { self.alerts.area_ha[thing] };
            Verdict { thing, met: cover.is_met(), area_ha, shared_ha: cover.covered_ha() }
        };
        self.of_alerts.iter().enumerate().map(verdict).collect()
    }

    fn producers(&self, counts: impl Fn(usize) -> bool) -> Vec<Verdict> {
        let verdict = |(thing, cover): (usize, &Cover)| {
            counts(thing).then(|| Verdict {
                thing,
                met: self.found(cover),
                area_ha: cover.area_ha(),
                shared_ha: cover.covered_ha(),
            })
        };
        self.of_records.iter().enumerate().filter_map(verdict).collect()
    }

    /// Whether alerts cover at least half of a polygon; alerts that are points, whether one lies in it.
    fn found(&self, cover: &Cover) -> bool {
        cover.is_met() || cover.partners.iter().any(|(alert, _)| self.of_alerts[*alert].area_cm2.is_none())
    }

    /// Tells what was found of polygons that are no omissions.
    fn tell_apart(&self, measure: &'static str, is_apart: &dyn Fn(usize) -> bool, outcome: &mut Outcome) {
        let mut found = Share::default();
        self.of_records.iter().enumerate().filter(|(i, _)| is_apart(*i)).for_each(|(_, cover)| found.count(self.found(cover)));
        if found.of > 0 {
            outcome.lines.push(Line { count: Some(found), ..Line::all(measure) });
        }
    }

    /// Each right alert with the days of the polygon that covers most of it.
    fn told(&self, arguments: &Evaluate) -> Result<Vec<Told>, Fault> {
        let (fields, path) = (&arguments.fields, arguments.reference.as_path());
        let features = &self.records.layer.features;
        let first_clear = column(features, fields.first_clear_field.as_deref(), &["first_clear"], path)?;
        let clear_days = column(features, fields.clear_days_field.as_deref(), &["clear_days"], path)?;
        let day = |row: usize, text: &str| {
            period(text.trim())
                .map(|of| of.from)
                .map_err(|reason| Fault::new(Exit::Input, format!("{}: feature {}: {reason}", path.display(), row + 1)))
        };
        let mut told = Vec::new();
        for (alert, cover) in self.of_alerts.iter().enumerate().filter(|(_, cover)| cover.is_met()) {
            let Some(record) = cover.partner() else { continue };
            let cell = |column: Option<&[Option<String>]>| column.and_then(|values| values[record].clone());
            let days = cell(clear_days).map(|text| {
                let words = text.split([' ', ',', ';']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
                words.iter().map(|word| day(record, word)).collect::<Result<Vec<_>, _>>()
            });
            told.push(Told {
                seen: self.alerts.seen[alert],
                confirmed: self.alerts.confirmed[alert],
                changed: self.records.changed[record],
                first_clear: cell(first_clear).map(|text| day(record, &text)).transpose()?,
                clear_days: days.transpose()?,
            });
        }
        Ok(told)
    }
}

/// Harmonic mean of the two shares of all.
fn f1(users: &[Verdict], producers: &[Verdict]) -> Option<Line> {
    let share = |verdicts: &[Verdict]| verdicts.iter().filter(|one| one.met).count() as f64 / verdicts.len() as f64;
    let (u, p) = (share(users), share(producers));
    let value = 2.0 * u * p / (u + p);
    value.is_finite().then(|| Line { estimate: Some(Estimate { value, se: None }), ..Line::all("f1") })
}

/// What the run saw of each polygon; `None` where nobody names its answers.
fn seen_by_run(records: &Records, arguments: &Evaluate) -> Result<Option<Vec<Sight>>, Fault> {
    arguments.answers.as_deref().map(|path| sights(path, records.geometries())).transpose()
}

/// Which polygons nobody could see: those whose column says 0, no or false.
fn unseen(features: &Features, arguments: &Evaluate) -> Result<Vec<bool>, Fault> {
    let path = arguments.reference.as_path();
    let Some(values) = column(features, arguments.fields.seen_field.as_deref(), &["seen"], path)? else {
        return Ok(vec![false; features.len()]);
    };
    let is_unseen =
        |(row, value): (usize, &Option<String>)| match value.as_deref().map(|text| text.trim().to_lowercase()).as_deref() {
            None | Some("" | "1" | "yes" | "true" | "si" | "sí") => Ok(false),
            Some("0" | "no" | "false") => Ok(true),
            Some(other) => Err(Fault::new(
                Exit::Input,
                format!("{}: feature {}: seen is '{other}'; expected 1 or 0, yes or no, true or false", path.display(), row + 1),
            )),
        };
    values.iter().enumerate().map(is_unseen).collect()
}

/// A warning where many polygons changed on days of which the alerts cannot speak, and no period was named.
fn outside_dates(alerts: &Alerts, records: &Records, arguments: &Evaluate) -> Option<Warning> {
    if arguments.from.is_some() || arguments.to.is_some() {
        return None;
    }
    let first = alerts.seen.iter().flatten().map(|seen| seen.before.unwrap_or(seen.first)).min()?;
    let last = alerts.seen.iter().flatten().map(|seen| seen.first).max()?;
    let far = records.changed.iter().flatten().filter(|changed| changed.to < first || last < changed.from).count();
    let day = raster::Date::from_days;
    (far * 5 > records.len()).then(|| {
        let message = format!(
            "{far} of {} polygons changed outside {} to {}, the days of the alerts, and count as omissions: name the period that the alerts watched by --from and --to",
            records.len(), day(first), day(last)
        );
        Warning::new("outside_alert_days", message).about(&records.layer.path)
    })
}

/// The shares by area of all, for the first line that people read.
pub(super) fn headline(lines: &[Line]) -> Vec<String> {
    let named = |measure: &str| lines.iter().find(|line| line.measure == measure && line.by == "all");
    let share = |line: &Line| {
        let count = line.count.unwrap_or_default();
        format!("{}/{} ({})", count.part, count.of, count.value().map_or("-".to_owned(), |value| number(value).to_string()))
    };
    ["users", "producers"].iter().filter_map(|measure| Some(format!("{measure} {}", share(named(measure)?)))).collect()
}
