use alert::Values;
use polars::prelude::*;
use raster::Date;

use crate::RegistryError;
use crate::measure;
use crate::period::written_day;

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

/// Days since 1970-01-01 as the days to write: none for an open or unknown end of validity.
pub(crate) fn days(frame: &DataFrame, name: &str) -> Result<Vec<Option<Date>>, PolarsError> {
    Ok(frame.column(name)?.i32()?.iter().map(written_day).collect())
}

/// Square centimetres in hectares, as they are published.
pub(crate) fn hectares(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>, PolarsError> {
    Ok(frame.column(name)?.i64()?.iter().map(|cm2| cm2.map(measure::hectares)).collect())
}

/// Millimetres in metres.
pub(crate) fn metres(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>, PolarsError> {
    Ok(frame.column(name)?.i64()?.iter().map(|millimetres| millimetres.map(|millimetres| millimetres as f64 / 1000.0)).collect())
}

/// Shares as they are published.
pub(crate) fn shares(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>, PolarsError> {
    Ok(frame.column(name)?.f64()?.iter().map(|share| share.map(measure::share)).collect())
}

/// A named column of a table of features.
pub(crate) fn column(name: impl Into<String>, values: Values) -> alert::Column {
    alert::Column { name: name.into(), values }
}
