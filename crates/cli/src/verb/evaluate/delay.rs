//! How long after the change it was alerted, and whether alerts are dated right.

use serde_json::{Map, Value, json};
use survey::{Changed, Dating, Estimate, Seen, Share, quantile};

use super::table::{Line, number};

/// An alert and the change that it tells of.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Days of the alert.
    pub(super) seen: Option<Seen>,
    /// Day of its confirmation.
    pub(super) confirmed: Option<i32>,
    /// Days of the change.
    pub(super) changed: Option<Changed>,
    /// First clear day after the change.
    pub(super) first_clear: Option<i32>,
    /// All clear days after the change, where they are told.
    pub(super) clear_days: Option<Vec<i32>>,
}

/// Days from changes to alerts: least and most, which are one where the day of the change is known.
#[derive(Debug, Clone, Default)]
struct Days {
    least: Vec<f64>,
    most: Vec<f64>,
}

impl Days {
    fn add(&mut self, until: i32, changed: Changed) {
        self.least.push(f64::from(until - changed.to));
        self.most.push(f64::from(until - changed.from));
    }

    fn json(&self) -> Value {
        let told = |days: &[f64]| json!({ "median": quantile(days, 0.5).map(number), "p90": quantile(days, 0.9).map(number) });
        if self.least == self.most {
            return json!({ "alerts": self.least.len(), "days": told(&self.least) });
        }
        json!({ "alerts": self.least.len(), "days_at_least": told(&self.least), "days_at_most": told(&self.most) })
    }

    fn lines(&self, measure: &'static str, lines: &mut Vec<Line>) {
        let ends: &[(&str, &[f64])] =
            if self.least == self.most { &[("", &self.least)] } else { &[(" at least", &self.least), (" at most", &self.most)] };
        for (name, at) in [("median", 0.5), ("p90", 0.9)] {
            for (end, days) in ends {
                let estimate = quantile(days, at).map(|value| Estimate { value, se: None });
                let count = Share { part: days.len() as u64, of: days.len() as u64 };
                lines.extend(estimate.map(|estimate| Line {
                    count: Some(count),
                    estimate: Some(estimate),
                    ..Line::of(measure, "days", &format!("{name}{end}"))
                }));
            }
        }
    }
}

/// The delays of alerts.
#[derive(Debug, Clone, Default)]
pub(super) struct Delays {
    /// How many alerts were compared.
    alerts: u64,
    dated: [u64; 4],
    undated: u64,
    first: Days,
    confirmed: Days,
    at_first_look: Share,
    after_first_look: Vec<f64>,
    looks: Vec<f64>,
}

/// Names of the ways an alert is dated, in the order of [`Delays::place`].
const DATINGS: [&str; 4] = ["right", "may be right", "before the change", "unchanged after the change"];

impl Delays {
    /// The delays of these alerts, each with its change.
    pub(super) fn of(told: &[Told]) -> Self {
        let mut delays = Self::default();
        for one in told {
            delays.add(one);
        }
        delays
    }

    fn add(&mut self, told: &Told) {
        self.alerts += 1;
        let (Some(seen), Some(changed)) = (told.seen, told.changed) else {
            self.undated += 1;
            return;
        };
        self.dated[Self::place(Dating::of(seen, changed))] += 1;
        self.first.add(seen.first, changed);
        if let Some(confirmed) = told.confirmed {
            self.confirmed.add(confirmed, changed);
        }
        if let Some(first_clear) = told.first_clear {
            self.at_first_look.count(seen.first <= first_clear);
            self.after_first_look.push(f64::from((seen.first - first_clear).max(0)));
        }
        if let Some(days) = &told.clear_days {
            let looks = days.iter().filter(|day| changed.from <= **day && **day <= seen.first).count();
            self.looks.push(looks as f64);
        }
    }

    fn place(dating: Dating) -> usize {
        match dating {
            Dating::Right => 0,
            Dating::MayBeRight => 1,
            Dating::Early => 2,
            Dating::Late => 3,
        }
    }

    /// The lines of a table.
    pub(super) fn lines(&self) -> Vec<Line> {
        let of: u64 = self.dated.iter().sum();
        let mut lines = Vec::new();
        if of == 0 {
            return lines;
        }
        for (name, &part) in DATINGS.iter().zip(&self.dated).take(if self.dated[1] > 0 { 2 } else { 1 }) {
            lines.push(Line { count: Some(Share { part, of }), ..Line::of("dated", "dates", name) });
        }
        self.first.lines("delay_first", &mut lines);
        self.confirmed.lines("delay_confirmed", &mut lines);
        if self.at_first_look.of > 0 {
            lines.push(Line { count: Some(self.at_first_look), ..Line::of("at_first_clear_look", "looks", "") });
        }
        for (measure, values) in [("delay_after_look", &self.after_first_look), ("delay_looks", &self.looks)] {
            let by = if measure == "delay_looks" { "looks" } else { "days" };
            for (name, at) in [("median", 0.5), ("p90", 0.9)] {
                let count = Share { part: values.len() as u64, of: values.len() as u64 };
                lines.extend(quantile(values, at).map(|value| Line {
                    count: Some(count),
                    estimate: Some(Estimate { value, se: None }),
                    ..Line::of(measure, by, name)
                }));
            }
        }
        lines
    }

    /// What is not told of them, for people.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let of: u64 = self.dated.iter().sum();
        if of == 0 && self.alerts > 0 {
            notes.push("dates: not judged, for alerts or reference have none; the comparison is of places only".to_owned());
            return notes;
        }
        if self.undated > 0 {
            notes.push(format!("dates: {} of {} right alerts have none, or their reference has none", self.undated, self.alerts));
        }
        if self.dated[2] + self.dated[3] > 0 {
            notes.push(format!(
                "dated wrong: {} say changed before it was, {} say unchanged after it had changed",
                self.dated[2], self.dated[3]
            ));
        }
        if of > 0 && self.looks.is_empty() {
            let partly = if self.at_first_look.of > 0 { " beyond the first" } else { "" };
            notes.push(format!(
                "delay in clear observations{partly}: unknown, for no column tells the clear days (--clear-days-field)"
            ));
        }
        notes
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let datings: Map<String, Value> =
            DATINGS.iter().zip(self.dated).map(|(name, count)| (name.replace(' ', "_"), json!(count))).collect();
        let quantiles = |values: &[f64]| {
            (!values.is_empty())
                .then(|| json!({ "median": quantile(values, 0.5).map(number), "p90": quantile(values, 0.9).map(number) }))
        };
        json!({
            "alerts": self.alerts, "undated": self.undated, "dated": datings,
            "first": self.first.json(), "confirmed": self.confirmed.json(),
            "at_first_clear_look": (self.at_first_look.of > 0).then_some(self.at_first_look),
            "days_after_first_clear_look": quantiles(&self.after_first_look),
            "clear_looks": quantiles(&self.looks),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_gives_the_least_and_the_most_delay() {
        let told = |from, to, first, confirmed| Told {
            seen: Some(Seen { before: Some(first - 10), first }),
            confirmed,
            changed: Some(Changed { from, to }),
            ..Told::default()
        };
        let delays = Delays::of(&[told(100, 110, 112, Some(130)), told(200, 200, 205, None), Told::default()]);
        let told = delays.json();
        assert_eq!(told["first"]["days_at_least"], json!({ "median": 3.5, "p90": 4.7 }));
        assert_eq!(told["first"]["days_at_most"], json!({ "median": 8.5, "p90": 11.3 + 0.0 }));
        assert_eq!(told["confirmed"]["days_at_least"]["median"], json!(20.0));
        assert_eq!(
            (&told["dated"]["right"], &told["dated"]["may_be_right"], &told["undated"]),
            (&json!(1), &json!(1), &json!(1))
        );
    }

    #[test]
    fn clear_looks_count_from_the_change_to_the_alert() {
        let told = Told {
            seen: Some(Seen { before: None, first: 30 }),
            changed: Some(Changed { from: 10, to: 10 }),
            first_clear: Some(20),
            clear_days: Some(vec![5, 20, 30, 40]),
            ..Told::default()
        };
        let told = Delays::of(&[told]).json();
        assert_eq!(told["clear_looks"]["median"], json!(2.0));
        assert_eq!(told["days_after_first_clear_look"]["median"], json!(10.0));
        assert_eq!(told["at_first_clear_look"], json!({ "part": 0, "of": 1 }));
    }
}
