//! Days of a time axis, by the CF conventions (1.11, section 4.4).

use raster::Date;

use super::array::{Array, Attribute};
use super::bytes::Reading;
use super::element::Kind;

const DAY_NS: i128 = 86_400_000_000_000;

/// A day, and seconds since its midnight (UTC).
pub(crate) type Moment = (Date, Option<u32>);

/// The moments of an axis, days only where all are midnight; an error where it has other ones than those of our calendar.
pub(super) fn moments(axis: &Array) -> Reading<Vec<Moment>> {
    let mut moments = read(axis)?;
    if moments.iter().all(|(_, second)| *second == Some(0)) {
        for (_, second) in &mut moments {
            *second = None;
        }
    }
    Ok(moments)
}

fn read(axis: &Array) -> Reading<Vec<Moment>> {
    let name = axis.own_name();
    let bytes = axis.whole()?;
    if let Kind::Moment(unit) = axis.element.kind {
        let counts = axis.element.integers(&bytes).ok_or_else(|| format!("its axis {name} holds no moments"))?;
        return counts
            .into_iter()
            .enumerate()
            .map(|(step, count)| {
                let known = (count != i64::MIN).then(|| i128::from(count) * i128::from(unit));
                known.and_then(moment).ok_or_else(|| format!("its axis {name} has no moment at step {}", step + 1))
            })
            .collect();
    }
    let units = axis.text("units").ok_or_else(|| format!("its axis {name} has no units such as 'days since 1970-01-01'"))?;
    let calendar = axis.text("calendar").unwrap_or("standard").to_ascii_lowercase();
    if !["standard", "gregorian", "proleptic_gregorian"].contains(&calendar.as_str()) {
        return Err(format!(
            "its axis {name} counts in the calendar '{calendar}', whose days are not those of images; convert_calendar('standard')"
        ));
    }
    if axis.attributes.contains_key("scale_factor") || axis.attributes.contains_key("add_offset") {
        return Err(format!("its axis {name} is packed by scale_factor, so that moments are rounded; write it unpacked"));
    }
    let (unit, start) = since(units).ok_or_else(|| {
        format!("its axis {name} has the units '{units}', which are none of days, hours, minutes, seconds since a day in UTC")
    })?;
    let missing = ["_FillValue", "missing_value"].into_iter().filter_map(|key| axis.attributes.get(key)?.values());
    let missing: Vec<f64> = missing.flatten().copied().collect();
    let numbers = axis.element.numbers(&bytes).ok_or_else(|| format!("its axis {name} holds no numbers"))?;
    let whole = axis.element.integers(&bytes);
    let at = |(step, number): (usize, f64)| {
        let since = match &whole {
            Some(whole) => Some(i128::from(whole[step]) * i128::from(unit)),
            // Real numbers are meant to the microsecond, which days since 1900 in f64 hold.
            None => {
                (number * (unit as f64 / 1000.0)).is_finite().then(|| (number * (unit as f64 / 1000.0)).round() as i128 * 1000)
            }
        };
        let found = since.filter(|_| !missing.contains(&number)).and_then(|since| moment(start + since));
        let (date, second) = found.ok_or_else(|| format!("its axis {name} has no moment at step {}", step + 1))?;
        // Before this day the standard calendar is the Julian one.
        if calendar != "proleptic_gregorian" && date.ymd() < (1582, 10, 15) {
            return Err(format!("its axis {name} begins before 1582-10-15, in the Julian calendar"));
        }
        Ok((date, second))
    };
    numbers.into_iter().enumerate().map(at).collect()
}

/// The moment so many nanoseconds after 1970 began.
fn moment(ns: i128) -> Option<Moment> {
    let day = i32::try_from(ns.div_euclid(DAY_NS)).ok().filter(|day| day.abs() < 3_000_000)?;
    Some((Date::from_days(day), Some((ns.rem_euclid(DAY_NS) / 1_000_000_000) as u32)))
}

/// Nanoseconds of the unit, and of the start after 1970 began.
fn since(units: &str) -> Option<(i64, i128)> {
    let (unit, start) = units.trim().split_once(" since ")?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "days" | "day" | "d" => 86_400_000_000_000,
        "hours" | "hour" | "hr" | "hrs" | "h" => 3_600_000_000_000,
        "minutes" | "minute" | "min" | "mins" => 60_000_000_000,
        "seconds" | "second" | "sec" | "secs" | "s" => 1_000_000_000,
        "milliseconds" | "millisecond" | "msec" | "msecs" | "ms" => 1_000_000,
        "microseconds" | "microsecond" | "us" => 1_000,
        "nanoseconds" | "nanosecond" | "ns" => 1,
        _ => return None,
    };
    let start = start.trim();
    let start = ["UTC", "GMT", "Z", "+00:00", "+0000", "+00", "-00:00", " 00:00", " 0:00"]
        .iter()
        .find_map(|zone| {
            // A time must stand before a zone that looks like one.
            start.strip_suffix(*zone).map(str::trim).filter(|rest| !zone.starts_with(' ') || rest.contains(':'))
        })
        .unwrap_or(start);
    let (day, clock) = start.split_once([' ', 'T']).map_or((start, ""), |(day, clock)| (day, clock.trim()));
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let date = Date::from_ymd(year, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)?;
    let mut ns = i128::from(date.days()) * DAY_NS;
    if !clock.is_empty() {
        let mut parts = clock.split(':');
        let (hour, minute): (u32, u32) = (parts.next()?.parse().ok()?, parts.next().unwrap_or("0").parse().ok()?);
        let second: f64 = parts.next().unwrap_or("0").parse().ok()?;
        if hour > 23 || minute > 59 || !(0.0..60.0).contains(&second) || parts.next().is_some() {
            return None;
        }
        ns += i128::from(hour * 3600 + minute * 60) * 1_000_000_000 + (second * 1e9).round() as i128;
    }
    Some((unit, ns))
}

/// Whether the moments of an axis can be told apart from those of a table: it has any.
pub(super) fn is_dated(axis: &Array) -> bool {
    matches!(axis.element.kind, Kind::Moment(_))
        || matches!(axis.attributes.get("units"), Some(Attribute::Text(units)) if units.contains(" since "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_read_as_they_are_written() {
        let day = |text: &str| since(text).map(|(unit, start)| (unit, moment(start).expect("a moment")));
        let of = |year, month, day, second| (Date::from_ymd(year, month, day).expect("a day"), Some(second));
        let (days, seconds) = (86_400_000_000_000, 1_000_000_000);
        for (text, unit, expected) in [
            ("days since 1970-01-01", days, of(1970, 1, 1, 0)),
            ("days since 2019-01-05 00:00:00", days, of(2019, 1, 5, 0)),
            ("seconds since 1992-10-8 15:15:42.5 UTC", seconds, of(1992, 10, 8, 54_942)),
            ("Days since 2000-01-01T12:00:00Z", days, of(2000, 1, 1, 43_200)),
            ("days since 1900-01-01 00:00:00 +00:00", days, of(1900, 1, 1, 0)),
            ("days since 1900-01-01 00:00:00 0:00", days, of(1900, 1, 1, 0)),
        ] {
            assert_eq!(day(text), Some((unit, expected)), "{text}");
        }
        for text in [
            "months since 2000-01-01",
            "days since 2000-02-30",
            "days since 2000-01-01 06:00:00 -06:00",
            "days",
            "days since yesterday",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
