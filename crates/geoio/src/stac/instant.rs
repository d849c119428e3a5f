//! Points in time and spans of it, as STAC writes them (RFC 3339).

use std::fmt;

use raster::Date;

/// Microseconds of a day.
const DAY: u64 = 86_400_000_000;

/// A point in time, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    /// Day.
    pub(crate) date: Date,
    /// Microseconds since midnight.
    pub(crate) micros: u64,
}

impl Instant {
    /// The point in time of an RFC 3339 text.
    ///
    /// A second of 60 is taken for the last microsecond of its minute. Digits after the sixth of a fraction are dropped.
    ///
    /// # Errors
    /// Why it is none; a time without a zone is no point in time.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "write it as 2026-01-31T10:11:12Z (RFC 3339)";
        let bytes = text.as_bytes();
        let is_time = text.is_ascii() && bytes.len() >= 19 && matches!(bytes[10], b'T' | b't' | b' ');
        if !is_time || bytes[13] != b':' || bytes[16] != b':' {
            return Err(FORM);
        }
        let date: Date = text[..10].parse().map_err(|_| FORM)?;
        let number = |range: std::ops::Range<usize>| -> Result<u64, &'static str> {
            let part = &text[range];
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().map_err(|_| FORM) } else { Err(FORM) }
        };
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let (fraction, zone) = fraction(&text[19..]).ok_or(FORM)?;
        if hour > 23 || minute > 59 || second > 60 {
            return Err(FORM);
        }
        let offset = offset_s(zone)?;
        let micros = if second == 60 { 59_999_999 } else { second * 1_000_000 + fraction };
        let local = (hour * 60 + minute) * 60_000_000 + micros;
        let shifted = local as i64 - offset * 1_000_000;
        let days = date.days() + shifted.div_euclid(DAY as i64) as i32;
        Ok(Self { date: Date::from_days(days), micros: shifted.rem_euclid(DAY as i64) as u64 })
    }

    /// The first point in time of a day.
    pub(crate) fn midnight(date: Date) -> Self {
        Self { date, micros: 0 }
    }

    /// The last whole second of a day.
    pub(crate) fn last_second(date: Date) -> Self {
        Self { date, micros: DAY - 1_000_000 }
    }

    /// The last microsecond of a day.
    pub(crate) fn end_of(date: Date) -> Self {
        Self { date, micros: DAY - 1 }
    }

    /// Whole seconds since midnight.
    pub(crate) fn second(self) -> u32 {
        (self.micros / 1_000_000) as u32
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (second, rest) = (self.micros / 1_000_000, self.micros % 1_000_000);
        write!(f, "{}T{:02}:{:02}:{:02}", self.date, second / 3600, second / 60 % 60, second % 60)?;
        if rest > 0 {
            write!(f, "{}", format!(".{rest:06}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// Microseconds of a fraction, if there is one, and what follows it.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let kept: u64 = format!("{:0<6}", &rest[..digits.min(6)]).parse().ok().filter(|_| digits > 0)?;
    Some((kept, &rest[digits..]))
}

/// Seconds east of UTC.
fn offset_s(zone: &str) -> Result<i64, &'static str> {
    const NONE: &str = "it has no time zone, so that it is no point in time: write Z or an offset such as -05:00 after it";
    const FORM: &str = "its time zone is none: write Z or an offset such as -05:00";
    let bytes = zone.as_bytes();
    match bytes {
        [] => Err(NONE),
        [b'Z' | b'z'] => Ok(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) => {
            let two = |a: &u8, b: &u8| i64::from(a - b'0') * 10 + i64::from(b - b'0');
            let (hours, minutes) = (two(h1, h2), two(m1, m2));
            if hours > 23 || minutes > 59 {
                return Err(FORM);
            }
            let seconds = hours * 3600 + minutes * 60;
            Ok(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => Err(FORM),
    }
}

/// From one point in time to another, both included; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first.
    pub(crate) from: Option<Instant>,
    /// The last.
    pub(crate) to: Option<Instant>,
}

impl Span {
    /// One point in time.
    pub(crate) fn at(instant: Instant) -> Self {
        Self { from: Some(instant), to: Some(instant) }
    }

    /// Whether the two have a point in time in common.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let before = |a: Option<Instant>, b: Option<Instant>| a.zip(b).is_some_and(|(a, b)| a < b);
        !before(self.to, other.from) && !before(other.to, self.from)
    }

    /// The point in time, where it is one; else the day, where it lies within one.
    pub(crate) fn day(&self) -> Option<(Date, Option<u32>)> {
        let (from, to) = self.from.zip(self.to)?;
        (from.date == to.date).then(|| (from.date, (from == to).then(|| from.second())))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |end: Option<Instant>| end.map_or_else(|| "..".to_owned(), |instant| instant.to_string());
        if self.from == self.to { f.write_str(&told(self.from)) } else { write!(f, "{}/{}", told(self.from), told(self.to)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        Instant::parse(text).expect("a point in time").to_string()
    }

    #[test]
    fn a_point_in_time_is_told_in_utc() {
        for (text, expected) in [
            ("2022-01-29T15:28:34.396428Z", "2022-01-29T15:28:34.396428Z"),
            ("2026-01-01T00:00:00-05:00", "2026-01-01T05:00:00Z"),
            ("2026-01-01t00:30:00+01:00", "2025-12-31T23:30:00Z"),
            ("2020-12-11 22:38:32.5z", "2020-12-11T22:38:32.5Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
            ("2021-07-26T07:01:25.7949999999Z", "2021-07-26T07:01:25.794999Z"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_no_point_in_time() {
        assert!(Instant::parse("2026-01-01T00:00:00").expect_err("naive").contains("no time zone"));
        for text in [
            "",
            "2026-01-01",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0500",
            "2026-01-01T00:00:00Zé",
            "2026-01-01T0a:00:00Z",
        ] {
            assert!(Instant::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_meet_at_their_ends_and_are_of_a_day_only_within_one() {
        let at = |text: &str| Instant::parse(text).expect("a point in time");
        let (one, two) = (at("2026-01-01T10:00:00Z"), at("2026-01-01T11:00:00Z"));
        let span = Span { from: Some(one), to: Some(two) };
        assert!(span.meets(&Span { from: Some(two), to: None }) && !Span::at(one).meets(&Span::at(two)));
        assert!(Span { from: None, to: Some(one) }.meets(&span));
        assert_eq!(span.day(), Some((one.date, None)));
        assert_eq!(Span::at(one).day(), Some((one.date, Some(36_000))));
        assert_eq!(Span { from: Some(one), to: Some(at("2026-01-02T00:00:00Z")) }.day(), None);
    }
}
