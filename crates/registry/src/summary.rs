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
/// `not_seen_ha`, `not_eligible_ha`, `seen_share`.
///
/// One row for each key that pixels or alerts fall in, sorted by key; records of one key are one unit. What falls outside every
/// unit (everything, without units) stands in a last row with neither unit nor name, only where there is any. `seen_share` is seen area over seen and not
/// seen, missing where both are 0.
///
/// # Errors
/// [`RegistryError::Table`] where a table operation fails.
pub fn summary(
    units: Option<&(RegistrySource, Layer)>,
    tallies: &[UnitTally],
    alerts: &[AlertUnit],
) -> Result<Vec<Column>, RegistryError> {
    totals(units, tallies, alerts).and_then(|frame| columns(&frame)).map_err(failed("the summary"))
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

fn columns(frame: &DataFrame) -> PolarsResult<Vec<Column>> {
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
    columns.push(column("seen_share", Values::Real(seen_share(frame)?)));
    Ok(columns)
}

fn seen_share(frame: &DataFrame) -> PolarsResult<Vec<Option<f64>>> {
    let seen = ["confirmed_ha", "flagged_ha", "unchanged_ha"].map(|name| integers(frame, name));
    let hidden = integers(frame, "not_seen_ha")?;
    let [confirmed, flagged, unchanged] = seen;
    let (confirmed, flagged, unchanged) = (confirmed?, flagged?, unchanged?);
    let share = |row: usize| {
        let seen = confirmed[row]? + flagged[row]? + unchanged[row]?;
        let asked = seen + hidden[row]?;
        (asked > 0).then(|| measure::share(seen as f64 / asked as f64))
    };
    Ok((0..hidden.len()).map(share).collect())
}
