//! What an evaluation says, line by line: as text, as a table and as JSON.

use alert::{Column, Features, Values};
use serde_json::{Map, Value, json};
use survey::{Estimate, Share};

/// Some hectares of several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Hectares {
    pub(super) part: f64,
    pub(super) of: f64,
}

impl Hectares {
    /// The share from 0 to 1; `None` of none.
    pub(super) fn share(self) -> Option<f64> {
        (self.of > 0.0).then(|| self.part / self.of)
    }
}

/// One measure of one class.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// What is measured, such as `users`.
    pub(super) measure: &'static str,
    /// By what the classes are: `all`, `size`, `confidence`, ..
    pub(super) by: String,
    /// The class; empty for all.
    pub(super) class: String,
    /// How many.
    pub(super) count: Option<Share>,
    /// The same by their areas.
    pub(super) ha: Option<Hectares>,
    /// The area that is shared, of all.
    pub(super) overlap: Option<Hectares>,
    /// An estimate for the population that was sampled, or a number.
    pub(super) estimate: Option<Estimate>,
}

impl Line {
    /// A line about all.
    pub(super) fn all(measure: &'static str) -> Self {
        Self { measure, by: "all".to_owned(), ..Self::default() }
    }

    /// A line about a class.
    pub(super) fn of(measure: &'static str, by: &str, class: &str) -> Self {
        Self { measure, by: by.to_owned(), class: class.to_owned(), ..Self::default() }
    }

    /// Limits of 95 %: those of the sample; where it has no error at all, or there is none, those of the count.
    fn limits(&self) -> Option<(f64, f64)> {
        match self.estimate {
            Some(estimate) if !self.is_without_error() => {
                let (least, most) = if self.is_area() { (f64::NEG_INFINITY, f64::INFINITY) } else { (0.0, 1.0) };
                estimate.interval().map(|(low, high)| (low.max(least), high.min(most)))
            }
            _ => self.count?.interval(),
        }
    }

    /// Whether a sample that shows no error, or nothing else, would give an interval without width.
    pub(super) fn is_without_error(&self) -> bool {
        let all_or_none = |estimate: Estimate| estimate.se == Some(0.0) && (estimate.value <= 0.0 || estimate.value >= 1.0);
        self.count.is_some() && self.estimate.is_some_and(all_or_none)
    }

    /// The share by which a line is read first.
    fn share(&self) -> Option<f64> {
        match self.estimate {
            Some(estimate) => Some(estimate.value),
            None => self.count?.value(),
        }
    }

    /// Whether it tells hectares, and no share.
    fn is_area(&self) -> bool {
        self.measure.ends_with("_ha")
    }

    /// Whether it tells days or looks, and no share.
    fn is_number(&self) -> bool {
        self.estimate.is_some() && matches!(self.by.as_str(), "days" | "looks")
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        };
        put("measure", Some(json!(self.measure)));
        put("by", Some(json!(self.by)));
        put("class", (!self.class.is_empty()).then(|| json!(self.class)));
        put("part", self.count.map(|share| json!(share.part)));
        put("of", self.count.map(|share| json!(share.of)));
        put("value", self.share().map(number));
        put("se", self.estimate.and_then(|estimate| estimate.se).map(number));
        put("low", self.limits().map(|limits| number(limits.0)));
        put("high", self.limits().map(|limits| number(limits.1)));
        for (name, pair) in [("ha", self.ha), ("overlap", self.overlap)] {
            put(
                name,
                pair.map(|pair| json!({ "part": number(pair.part), "of": number(pair.of), "share": pair.share().map(number) })),
            );
        }
        Value::Object(object)
    }
}

/// A number as it is published: to the millionth.
pub(super) fn number(value: f64) -> Value {
    json!(rounded(value))
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// The lines as JSON.
pub(super) fn as_json(lines: &[Line]) -> Value {
    lines.iter().map(Line::json).collect()
}

/// The lines as a table of numbers.
pub(super) fn as_table(lines: &[Line]) -> Features {
    let text = |name: &str, of: &dyn Fn(&Line) -> String| Column {
        name: name.to_owned(),
        values: Values::Text(lines.iter().map(|line| Some(of(line)).filter(|text| !text.is_empty())).collect()),
    };
    let count = |name: &str, of: &dyn Fn(Share) -> u64| Column {
        name: name.to_owned(),
        values: Values::Integer(lines.iter().map(|line| line.count.map(|share| of(share) as i64)).collect()),
    };
    let real = |name: &str, of: &dyn Fn(&Line) -> Option<f64>| Column {
        name: name.to_owned(),
        values: Values::Real(lines.iter().map(|line| of(line).filter(|v| v.is_finite()).map(rounded)).collect()),
    };
    let columns = vec![
        text("measure", &|line| line.measure.to_owned()),
        text("by", &|line| line.by.clone()),
        text("class", &|line| line.class.clone()),
        count("part", &|share| share.part),
        count("of", &|share| share.of),
        real("value", &Line::share),
        real("se", &|line| line.estimate?.se),
        real("low", &|line| Some(line.limits()?.0)),
        real("high", &|line| Some(line.limits()?.1)),
        real("part_ha", &|line| Some(line.ha?.part)),
        real("of_ha", &|line| Some(line.ha?.of)),
        real("share_ha", &|line| line.ha?.share()),
        real("overlap_ha", &|line| Some(line.overlap?.part)),
        real("overlap_of_ha", &|line| Some(line.overlap?.of)),
        real("overlap_share", &|line| line.overlap?.share()),
    ];
    Features { name: "evaluation".to_owned(), geometries: vec![None; lines.len()], columns }
}

/// The lines for people; columns without any content are left out.
pub(super) fn as_text(lines: &[Line]) -> Vec<String> {
    let class = |line: &Line| if line.class.is_empty() { line.by.clone() } else { format!("{} {}", line.by, line.class) };
    let wide = lines.iter().map(|line| class(line).chars().count()).max().unwrap_or(0).max(5);
    let has = |of: &dyn Fn(&Line) -> bool| lines.iter().any(of);
    let counts = has(&|line| line.count.is_some());
    let (areas, overlaps) = (has(&|line| line.ha.is_some()), has(&|line| line.overlap.is_some()));
    let row = |cells: Cells| {
        let mut shown = vec![format!("{:<19} {:<wide$}", cells.measure, cells.class)];
        shown.extend(counts.then(|| format!("{:>13}", cells.count)));
        shown.push(format!("{:>10} {:>15}", cells.share, cells.limits));
        shown.extend(areas.then_some(cells.ha));
        shown.extend(overlaps.then_some(cells.overlap));
        shown.join(" ").trim_end().to_owned()
    };
    let title = |text: &str| format!("{text:>20}  share");
    let head = Cells {
        measure: "measure",
        class: "class".to_owned(),
        count: "count".to_owned(),
        share: "share".to_owned(),
        limits: "95 %".to_owned(),
        ha: title("ha, by object"),
        overlap: title("ha, by overlap"),
    };
    std::iter::once(head).chain(lines.iter().map(|line| line.cells(class(line)))).map(row).collect()
}

/// A line as it is shown.
struct Cells {
    measure: &'static str,
    class: String,
    count: String,
    share: String,
    limits: String,
    ha: String,
    overlap: String,
}

impl Line {
    fn cells(&self, class: String) -> Cells {
        let count =
            self.count.map(|share| if self.is_number() { share.of.to_string() } else { format!("{}/{}", share.part, share.of) });
        let shown = if self.is_number() { |value: f64| format!("{value:.1}") } else { compact };
        let hectares = |pair: Option<Hectares>| match pair {
            Some(pair) => format!("{:>20}  {:>5}", format!("{:.1}/{:.1}", pair.part, pair.of), shown_share(pair.share())),
            None => format!("{:>20}  {:>5}", "", ""),
        };
        Cells {
            measure: self.measure,
            class,
            count: count.unwrap_or_default(),
            share: self.share().map(shown).unwrap_or_default(),
            limits: self.limits().map(|(low, high)| format!("{}-{}", compact(low), compact(high))).unwrap_or_default(),
            ha: hectares(self.ha),
            overlap: hectares(self.overlap),
        }
    }
}

fn shown_share(share: Option<f64>) -> String {
    share.map(|share| format!("{share:.3}")).unwrap_or_default()
}

/// Shares on three decimals, hectares and days on one.
fn compact(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}
