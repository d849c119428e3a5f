use alert::{Features, Values};

/// A value as text: days as `YYYY-MM-DD`, numbers by their shortest digits; `None` where it is missing.
pub(super) fn text(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Text(values) => values[row].clone(),
        Values::Integer(values) => values[row].map(|value| value.to_string()),
        Values::Real(values) => values[row].map(|value| value.to_string()),
        Values::Day(values) => values[row].map(|value| value.to_string()),
    }
}

/// A value of the column of this name as text.
pub(super) fn named(features: &Features, column: &str, row: usize) -> Option<String> {
    text(&features.column(column)?.values, row)
}
