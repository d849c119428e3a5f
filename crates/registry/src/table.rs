use alert::Values;
use polars::prelude::*;

use crate::RegistryError;

/// What names the step at which a table operation failed.
pub(crate) fn failed(step: &'static str) -> impl Fn(PolarsError) -> RegistryError {
    move |error| RegistryError::Table { step, source: Box::new(error) }
}

/// A text column of a frame as values.
pub(crate) fn text(frame: &DataFrame, name: &str) -> Result<Vec<Option<String>>, PolarsError> {
    Ok(frame.column(name)?.str()?.iter().map(|value| value.map(str::to_owned)).collect())
}

/// A column of whole numbers of a frame.
pub(crate) fn integers(frame: &DataFrame, name: &str) -> Result<Vec<Option<i64>>, PolarsError> {
    let cast = frame.column(name)?.cast(&DataType::Int64)?;
    Ok(cast.i64()?.iter().collect())
}

/// A named column of a table of features.
pub(crate) fn column(name: impl Into<String>, values: Values) -> alert::Column {
    alert::Column { name: name.into(), values }
}
