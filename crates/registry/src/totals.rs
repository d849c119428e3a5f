use alert::{Column, Features, Values};
use polars::prelude::*;
use raster::Date;

use crate::RegistryError;
use crate::measure::CM2_PER_HA;
use crate::table::{column, failed, integers, text};

/// The word that groups by the month of `date_first`.
const MONTH: &str = "month";

/// Totals of a wide table by some of its columns, by `month` (of `date_first`), or both: those columns, `features`, and hectares of
/// `area_ha`, `area_low_ha` and `area_high_ha` where the table has them.
///
/// A feature is counted once, in the unit that its columns name: that of the largest overlap. What they name nothing for stands in a
/// last row, so that totals add up. Rows are sorted by the columns in their order.
///
/// # Errors
/// [`RegistryError::NoColumn`] where a column is not there, [`RegistryError::Table`] where a table operation fails.
pub fn totals(table: &Features, by: &[String]) -> Result<Vec<Column>, RegistryError> {
    let groups = by.iter().map(|name| group(table, name)).collect::<Result<Vec<_>, _>>()?;
    build(table, by, groups).map_err(failed("totals"))
}

fn group(table: &Features, name: &str) -> Result<Vec<Option<String>>, RegistryError> {
    let missing = |name: &str| RegistryError::NoColumn {
        column: name.to_owned(),
        columns: table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
    };
    if name == MONTH {
        let days = table.column("date_first").ok_or_else(|| missing("date_first"))?;
        let month = |day: Option<Date>| day.map(Date::ymd).map(|(year, month, _)| format!("{year:04}-{month:02}"));
        return Ok(match &days.values {
            Values::Day(days) => days.iter().map(|day| month(*day)).collect(),
            Values::Text(texts) => texts.iter().map(|text| month(text.as_deref().and_then(|text| text.parse().ok()))).collect(),
            _ => return Err(missing("date_first")),
        });
    }
    let column = table.column(name).ok_or_else(|| missing(name))?;
    Ok(match &column.values {
        Values::Text(values) => values.clone(),
        Values::Integer(values) => values.iter().map(|value| value.map(|value| value.to_string())).collect(),
        Values::Day(values) => values.iter().map(|value| value.map(|value| value.to_string())).collect(),
        Values::Real(_) => return Err(missing(name)),
    })
}

/// Hectares that are added up where the table has them.
const AREAS: [&str; 3] = ["area_ha", "area_low_ha", "area_high_ha"];

fn build(table: &Features, by: &[String], groups: Vec<Vec<Option<String>>>) -> PolarsResult<Vec<Column>> {
    let areas: Vec<(&str, Vec<i64>)> = AREAS.iter().filter_map(|name| Some((*name, square_centimetres(table, name)?))).collect();
    let mut columns: Vec<polars::prelude::Column> =
        by.iter().zip(groups).map(|(name, values)| polars::prelude::Column::new(name.as_str().into(), values)).collect();
    columns.push(polars::prelude::Column::new("features".into(), vec![1_i64; table.len()]));
    columns.extend(areas.iter().map(|(name, cm2)| polars::prelude::Column::new(format!("sum_{name}").into(), cm2.clone())));
    let keys: Vec<Expr> = by.iter().map(|name| col(name.as_str())).collect();
    let sums = std::iter::once("features".to_owned()).chain(areas.iter().map(|(name, _)| format!("sum_{name}")));
    let options = SortMultipleOptions::default().with_nulls_last(true).with_maintain_order(true);
    let frame = DataFrame::new_infer_height(columns)?
        .lazy()
        .group_by_stable(keys)
        .agg(sums.map(|name| col(name.as_str()).sum()).collect::<Vec<_>>())
        .sort(by.to_vec(), options)
        .collect()?;
    let mut totals = Vec::new();
    for name in by {
        totals.push(column(name.as_str(), Values::Text(text(&frame, name)?)));
    }
    totals.push(column("features", Values::Integer(integers(&frame, "features")?)));
    for (name, _) in &areas {
        let hectares =
            integers(&frame, &format!("sum_{name}"))?.into_iter().map(|cm2| cm2.map(crate::measure::hectares)).collect();
        totals.push(column(*name, Values::Real(hectares)));
    }
    Ok(totals)
}

/// A column of hectares as whole square centimetres, so that no order of adding changes a sum.
fn square_centimetres(table: &Features, name: &str) -> Option<Vec<i64>> {
    let whole = |hectares: Option<f64>| (hectares.unwrap_or(0.0) * CM2_PER_HA).round() as i64;
    match &table.column(name)?.values {
        Values::Real(values) => Some(values.iter().map(|value| whole(*value)).collect()),
        Values::Text(values) => {
            Some(values.iter().map(|text| whole(text.as_deref().and_then(|text| text.parse().ok()))).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: [&str; 4]) -> Values {
        Values::Text(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
    }

    #[test]
    fn totals_add_up_by_unit_and_month_with_what_lies_outside_last() {
        let table = Features::new("t", vec![None; 4])
            .with("municipio_key", texts(["05001", "18001", "05001", ""]))
            .and_then(|t| t.with("date_first", texts(["2024-03-21", "2024-03-02", "2024-04-20", "2024-03-09"])))
            .and_then(|t| t.with("area_ha", Values::Real(vec![Some(0.1), Some(0.2), Some(0.3), Some(0.4)])))
            .expect("four rows");
        let by_unit = totals(&table, &["municipio_key".to_owned()]).expect("totals");
        assert_eq!(by_unit[0].values, Values::Text(vec![Some("05001".to_owned()), Some("18001".to_owned()), None]));
        assert_eq!(by_unit[1].values, Values::Integer(vec![Some(2), Some(1), Some(1)]));
        assert_eq!(by_unit[2].values, Values::Real(vec![Some(0.4), Some(0.2), Some(0.4)]));
        let by_both = totals(&table, &["month".to_owned(), "municipio_key".to_owned()]).expect("totals");
        assert_eq!(by_both[2].values, Values::Integer(vec![Some(1); 4]));
        assert!(totals(&table, &["departamento".to_owned()]).is_err());
    }
}
