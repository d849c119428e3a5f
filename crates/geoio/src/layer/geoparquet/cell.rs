use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};
use raster::Date;

/// Nanoseconds in a second, and in a day.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

type Texts = Vec<Option<String>>;

/// A column of single values as text: digits of numbers (the shortest that name a float), ISO 8601 days and times, `true` and
/// `false`. `None` for a kind that has no such text: bytes, lists, structures.
///
/// What is no number is missing. An instant is told in UTC, with a `Z`.
pub(super) fn texts(array: &dyn Array) -> Option<Texts> {
    Some(match array.data_type() {
        DataType::Null => vec![None; array.len()],
        DataType::Boolean => array.as_boolean_opt()?.iter().map(|value| value.map(|value| value.to_string())).collect(),
        DataType::Int8 => plain::<Int8Type>(array)?,
        DataType::Int16 => plain::<Int16Type>(array)?,
        DataType::Int32 => plain::<Int32Type>(array)?,
        DataType::Int64 => plain::<Int64Type>(array)?,
        DataType::UInt8 => plain::<UInt8Type>(array)?,
        DataType::UInt16 => plain::<UInt16Type>(array)?,
        DataType::UInt32 => plain::<UInt32Type>(array)?,
        DataType::UInt64 => plain::<UInt64Type>(array)?,
        DataType::Float16 => each::<Float16Type>(array, |value| finite(value.to_f32(), f32::is_finite))?,
        DataType::Float32 => each::<Float32Type>(array, |value| finite(value, f32::is_finite))?,
        DataType::Float64 => each::<Float64Type>(array, |value| finite(value, f64::is_finite))?,
        DataType::Utf8 => array.as_string_opt::<i32>()?.iter().map(|value| value.map(str::to_owned)).collect(),
        DataType::LargeUtf8 => array.as_string_opt::<i64>()?.iter().map(|value| value.map(str::to_owned)).collect(),
        DataType::Date32 => each::<Date32Type>(array, |days| Some(Date::from_days(days).to_string()))?,
        DataType::Time32(TimeUnit::Millisecond) => {
            each::<Time32MillisecondType>(array, |t| Some(time(i64::from(t) * 1_000_000)))?
        }
        DataType::Time64(TimeUnit::Microsecond) => each::<Time64MicrosecondType>(array, |t| Some(time(t.checked_mul(1000)?)))?,
        DataType::Time64(TimeUnit::Nanosecond) => each::<Time64NanosecondType>(array, |t| Some(time(t)))?,
        DataType::Timestamp(unit, zone) => stamps(array, *unit, zone.is_some())?,
        DataType::Decimal32(..) => decimals::<Decimal32Type>(array)?,
        DataType::Decimal64(..) => decimals::<Decimal64Type>(array)?,
        DataType::Decimal128(..) => decimals::<Decimal128Type>(array)?,
        DataType::Decimal256(..) => decimals::<Decimal256Type>(array)?,
        _ => return None,
    })
}

/// Whether a column of this type has texts.
pub(super) fn is_single(kind: &DataType) -> bool {
    matches!(kind, DataType::Null | DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Date32)
        || kind.is_numeric()
        || matches!(kind, DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..))
}

fn each<T: ArrowPrimitiveType>(array: &dyn Array, text: impl Fn(T::Native) -> Option<String>) -> Option<Texts> {
    let values: &PrimitiveArray<T> = array.as_primitive_opt()?;
    Some(values.iter().map(|value| value.and_then(&text)).collect())
}

fn plain<T: ArrowPrimitiveType<Native: ToString>>(array: &dyn Array) -> Option<Texts> {
    each::<T>(array, |value| Some(value.to_string()))
}

fn finite<T: Copy + ToString>(value: T, is_finite: impl Fn(T) -> bool) -> Option<String> {
    is_finite(value).then(|| value.to_string())
}

fn decimals<T: arrow_array::types::DecimalType>(array: &dyn Array) -> Option<Texts> {
    let values: &PrimitiveArray<T> = array.as_primitive_opt()?;
    Some((0..values.len()).map(|row| values.is_valid(row).then(|| values.value_as_string(row))).collect())
}

fn stamps(array: &dyn Array, unit: TimeUnit, utc: bool) -> Option<Texts> {
    match unit {
        TimeUnit::Millisecond => each::<TimestampMillisecondType>(array, |t| stamp(i128::from(t) * 1_000_000, utc)),
        TimeUnit::Microsecond => each::<TimestampMicrosecondType>(array, |t| stamp(i128::from(t) * 1000, utc)),
        TimeUnit::Nanosecond => each::<TimestampNanosecondType>(array, |t| stamp(i128::from(t), utc)),
        TimeUnit::Second => None,
    }
}

/// Day and time of nanoseconds since 1970; `None` where the year has more than a few digits.
fn stamp(nanoseconds: i128, utc: bool) -> Option<String> {
    let days = i32::try_from(nanoseconds.div_euclid(i128::from(DAY))).ok()?;
    let rest = nanoseconds.rem_euclid(i128::from(DAY)) as i64;
    Some(format!("{}T{}{}", Date::from_days(days), time(rest), if utc { "Z" } else { "" }))
}

/// `HH:MM:SS` with the decimals there are.
fn time(nanoseconds: i64) -> String {
    let (seconds, fraction) = (nanoseconds.div_euclid(SECOND), nanoseconds.rem_euclid(SECOND));
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { whole } else { format!("{whole}.{}", format!("{fraction:09}").trim_end_matches('0')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_the_digits_they_need() {
        assert_eq!(stamp(0, true).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(stamp(-500_000_000, false).as_deref(), Some("1969-12-31T23:59:59.5"));
        assert_eq!(stamp(i128::MAX, true), None);
        assert_eq!(time(3_723_000_000_001), "01:02:03.000000001");
    }
}
