use std::collections::BTreeMap;

use alert::{Column, Layer, Values};
use change::Answer;
use polars::prelude::*;

use crate::RegistryError;
use crate::measure;
use crate::source::RegistrySource;
use crate::table::{column, failed, integers, text};

/// Pixels of one answer in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitTally {
    /// Index of the unit's record in its layer; `None` for pixels outside every unit.
    pub unit: Option<u32>,
    /// What the run says of them.
    pub answer: Answer,
    /// Days from their last clear look to the last day of the monitoring period; `None` where they were not seen.
    pub days_since_clear: Option<i32>,
    /// How many.
    pub pixels: u64,
    /// Their area, square centimetres.
    pub area_cm2: i64,
}

/// An alert and the unit it is counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertUnit {
    /// Key of the unit; `None` for an alert outside every unit.
    pub key: Option<String>,
    /// Whether its confidence is high.
    pub high: bool,
    /// Its area, square centimetres.
    pub area_cm2: i64,
}

const AREAS: [(&str, &[Answer]); 5] = [
    ("confirmed_ha", &[Answer::Changed]),
    ("flagged_ha", &[Answer::Candidate]),
    ("unchanged_ha", &[Answer::Unchanged]),
    ("not_seen_ha", &[Answer::NotSeen]),
    ("not_eligible_ha", &[Answer::NotEligible]),
];

/// Totals by unit: `unit`, `name`, `alerts`, `alerts_high`, `alerts_low`, `alert_area_ha`, `confirmed_ha`, `flagged_ha`, `unchanged_ha`,
/// `not_seen_ha`, `not_eligible_ha`, `seen_share`, `eligible_ha`, `not_seen_share`, `not_eligible_share`, `days_since_clear_median`,
/// `days_since_clear_max`.
///
/// One row for each key that pixels or alerts fall in, sorted by key; records of one key are one unit. What falls outside every
/// unit (everything, without units) stands in a last row with neither unit nor name, only where there is any. The eligible area is what was to be looked at, seen or not:
/// `seen_share` and `not_seen_share` are shares of it, `not_eligible_share` is one of the whole area, each missing where that is 0.
/// Days are counted from the last clear look of a pixel to the end of the monitoring period, over the seen area: half of it was
/// seen at most `days_since_clear_median` days before, all of it at most `days_since_clear_max`; missing where nothing was seen.
///
/// # Errors
/// [`RegistryError::Table`] where a table operation fails.
pub fn summary(
    units: Option<&(RegistrySource, Layer)>,
    tallies: &[UnitTally],
    alerts: &[AlertUnit],
) -> Result<Vec<Column>, RegistryError> {
    totals(units, tallies, alerts).and_then(|frame| columns(&frame, &Recency::new(units, tallies))).map_err(failed("the summary"))
}

fn totals(units: Option<&(RegistrySource, Layer)>, tallies: &[UnitTally], alerts: &[AlertUnit]) -> PolarsResult<DataFrame> {
    let rows = pixel_rows(units, tallies)?.vstack(&alert_rows(alerts)?)?;
    let sums = AREAS.iter().map(|(name, _)| *name).chain(["alerts", "alerts_high", "alert_area_ha"]);
    let totals = rows.lazy().group_by_stable([col("unit")]).agg(sums.map(|name| col(name).sum()).collect::<Vec<_>>());
    let args = JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) };
    let options = SortMultipleOptions::default().with_nulls_last(true).with_maintain_order(true);
    totals.join(names(units)?, [col("unit")], [col("unit")], args).sort(["unit"], options).collect()
}

fn pixel_rows(units: Option<&(RegistrySource, Layer)>, tallies: &[UnitTally]) -> PolarsResult<DataFrame> {
    let tallies = tallies.iter().filter(|tally| tally.pixels > 0).collect::<Vec<_>>();
    let keys = units.and_then(|(source, layer)| layer.features.text(&source.key)).unwrap_or_default();
    let key = |tally: &&UnitTally| tally.unit.and_then(|unit| keys[unit as usize].as_deref());
    let area = |answers: &[Answer]| {
        tallies.iter().map(|tally| if answers.contains(&tally.answer) { tally.area_cm2 } else { 0 }).collect::<Vec<_>>()
    };
    let none = vec![0_i64; tallies.len()];
    df!(
        "unit" => tallies.iter().map(key).collect::<Vec<_>>(),
        AREAS[0].0 => area(AREAS[0].1),
        AREAS[1].0 => area(AREAS[1].1),
        AREAS[2].0 => area(AREAS[2].1),
        AREAS[3].0 => area(AREAS[3].1),
        AREAS[4].0 => area(AREAS[4].1),
        "alerts" => &none,
        "alerts_high" => &none,
        "alert_area_ha" => &none,
    )
}

fn alert_rows(alerts: &[AlertUnit]) -> PolarsResult<DataFrame> {
    let none = vec![0_i64; alerts.len()];
    df!(
        "unit" => alerts.iter().map(|alert| alert.key.as_deref()).collect::<Vec<_>>(),
        AREAS[0].0 => &none,
        AREAS[1].0 => &none,
        AREAS[2].0 => &none,
        AREAS[3].0 => &none,
        AREAS[4].0 => &none,
        "alerts" => vec![1_i64; alerts.len()],
        "alerts_high" => alerts.iter().map(|alert| i64::from(alert.high)).collect::<Vec<_>>(),
        "alert_area_ha" => alerts.iter().map(|alert| alert.area_cm2).collect::<Vec<_>>(),
    )
}

/// The name of each key: that of its first record.
fn names(units: Option<&(RegistrySource, Layer)>) -> PolarsResult<LazyFrame> {
    let keys = units.and_then(|(source, layer)| layer.features.text(&source.key)).unwrap_or_default();
    let unnamed = vec![None; keys.len()];
    let named = units.and_then(|(source, layer)| layer.features.text(source.name.as_deref()?));
    let names = named.unwrap_or(&unnamed);
    let frame = df!(
        "unit" => keys.iter().map(Option::as_deref).collect::<Vec<_>>(),
        "name" => names.iter().map(Option::as_deref).collect::<Vec<_>>(),
    )?;
    Ok(frame.lazy().filter(col("unit").is_not_null()).group_by_stable([col("unit")]).agg([col("name").first()]))
}

fn columns(frame: &DataFrame, recency: &Recency) -> PolarsResult<Vec<Column>> {
    let whole = |name| integers(frame, name);
    let (alerts, high) = (whole("alerts")?, whole("alerts_high")?);
    let low = alerts.iter().zip(&high).map(|(all, high)| Some((*all)? - (*high)?)).collect();
    let mut columns = vec![
        column("unit", Values::Text(text(frame, "unit")?)),
        column("name", Values::Text(text(frame, "name")?)),
        column("alerts", Values::Integer(alerts)),
        column("alerts_high", Values::Integer(high)),
        column("alerts_low", Values::Integer(low)),
    ];
    for name in ["alert_area_ha"].into_iter().chain(AREAS.iter().map(|(name, _)| *name)) {
        let hectares = whole(name)?.into_iter().map(|cm2| cm2.map(measure::hectares)).collect();
        columns.push(column(name, Values::Real(hectares)));
    }
    let shares = Shares::new(frame)?;
    columns.push(column("seen_share", Values::Real(shares.each(|area| (area.seen, area.eligible())))));
    columns.push(column(
        "eligible_ha",
        Values::Real(shares.areas.iter().map(|area| Some(measure::hectares(area.eligible()))).collect()),
    ));
    columns.push(column("not_seen_share", Values::Real(shares.each(|area| (area.not_seen, area.eligible())))));
    columns.push(column("not_eligible_share", Values::Real(shares.each(|area| (area.not_eligible, area.all())))));
    let keys = text(frame, "unit")?;
    let days = |of: &dyn Fn(&BTreeMap<i32, i64>) -> Option<i32>| {
        Values::Integer(keys.iter().map(|key| recency.units.get(key).and_then(of).map(i64::from)).collect())
    };
    columns.push(column("days_since_clear_median", days(&|days| median(days))));
    columns.push(column("days_since_clear_max", days(&|days| days.last_key_value().map(|(days, _)| *days))));
    Ok(columns)
}

/// Square centimetres of one unit.
struct Area {
    seen: i64,
    not_seen: i64,
    not_eligible: i64,
}

impl Area {
    fn eligible(&self) -> i64 {
        self.seen + self.not_seen
    }

    fn all(&self) -> i64 {
        self.eligible() + self.not_eligible
    }
}

/// Areas by row.
struct Shares {
    areas: Vec<Area>,
}

impl Shares {
    fn new(frame: &DataFrame) -> PolarsResult<Self> {
        let of = |name| integers(frame, name).map(|areas| areas.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>());
        let seen = [of("confirmed_ha")?, of("flagged_ha")?, of("unchanged_ha")?];
        let (not_seen, not_eligible) = (of("not_seen_ha")?, of("not_eligible_ha")?);
        let area = |row: usize| Area {
            seen: seen.iter().map(|areas| areas[row]).sum(),
            not_seen: not_seen[row],
            not_eligible: not_eligible[row],
        };
        Ok(Self { areas: (0..not_seen.len()).map(area).collect() })
    }

    /// One area over another; `None` where that is 0.
    fn each(&self, of: impl Fn(&Area) -> (i64, i64)) -> Vec<Option<f64>> {
        let share = |(part, whole): (i64, i64)| (whole > 0).then(|| measure::share(part as f64 / whole as f64));
        self.areas.iter().map(|area| share(of(area))).collect()
    }
}

/// Seen area of each key by days since the last clear look, square centimetres.
struct Recency {
    units: BTreeMap<Option<String>, BTreeMap<i32, i64>>,
}

impl Recency {
    fn new(units: Option<&(RegistrySource, Layer)>, tallies: &[UnitTally]) -> Self {
        let keys = units.and_then(|(source, layer)| layer.features.text(&source.key)).unwrap_or_default();
        let mut of: BTreeMap<Option<String>, BTreeMap<i32, i64>> = BTreeMap::new();
        for tally in tallies.iter().filter(|tally| tally.pixels > 0) {
            if let Some(days) = tally.days_since_clear {
                let key = tally.unit.and_then(|unit| keys[unit as usize].clone());
                *of.entry(key).or_default().entry(days).or_default() += tally.area_cm2;
            }
        }
        Self { units: of }
    }
}

/// The fewest days within which half of an area was seen.
fn median(days: &BTreeMap<i32, i64>) -> Option<i32> {
    let whole: i64 = days.values().sum();
    let mut seen = 0;
    days.iter()
        .find(|(_, area)| {
            seen += **area;
            2 * seen >= whole
        })
        .map(|(days, _)| *days)
}
