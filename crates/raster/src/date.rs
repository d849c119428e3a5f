use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RasterError;

/// A calendar day (UTC, proleptic Gregorian), counted from 1970-01-01.
///
/// Written and read as ISO 8601 (`2021-03-09`); an ISO date-time is read by its first ten characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Date {
    days: i32,
}

impl Date {
    /// The day that lies `days` after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self { days }
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.days
    }

    /// The day of a calendar year, month (1-12) and day (1-31); `None` where there is no such day.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        let last = days_in_month(year, month)?;
        (1..=last).contains(&day).then(|| Self { days: days_from_civil(year, month, day) })
    }

    /// Year, month (1-12) and day of the month (1-31).
    pub fn ymd(self) -> (i32, u32, u32) {
        civil_from_days(self.days)
    }

    /// Calendar year.
    pub fn year(self) -> i32 {
        self.ymd().0
    }

    /// Day of the year, 1 to 366.
    pub fn day_of_year(self) -> u32 {
        (self.days - days_from_civil(self.year(), 1, 1) + 1) as u32
    }

    /// Distance in days between the two days' places in a year of 365 days, at most 182; 29 February counts as 1 March.
    pub fn season_distance(self, other: Self) -> u32 {
        let d = self.season_day().abs_diff(other.season_day());
        d.min(365 - d)
    }

    fn season_day(self) -> u32 {
        let (_, month, day) = self.ymd();
        if (month, day) == (2, 29) { 60 } else { DAYS_BEFORE[month as usize - 1] + day }
    }
}

/// Days of a year of 365 days before each month.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) as i32
}

fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = i64::from(days) + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    ((year_of_era + era * 400 + i64::from(month <= 2)) as i32, month, day)
}

fn days_in_month(year: i32, month: u32) -> Option<u32> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = RasterError;

    fn from_str(text: &str) -> Result<Self, RasterError> {
        let wrong = || RasterError::Date { text: text.chars().take(40).collect() };
        let day = match text.as_bytes() {
            [.., _] if text.is_char_boundary(10) && text.len() > 10 && matches!(text.as_bytes()[10], b'T' | b' ') => &text[..10],
            _ => text,
        };
        let bytes = day.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong());
        }
        let number = |part: &str| -> Result<u32, RasterError> {
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().map_err(|_| wrong()) } else { Err(wrong()) }
        };
        let (year, month, dom) = (number(&day[..4])?, number(&day[5..7])?, number(&day[8..])?);
        Self::from_ymd(year as i32, month, dom).ok_or_else(wrong)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = RasterError;

    fn try_from(text: String) -> Result<Self, RasterError> {
        text.parse()
    }
}

/// A period of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DateRange {
    from: Date,
    to: Date,
}

impl DateRange {
    /// The period from `from` to `to`, both included.
    ///
    /// # Errors
    /// [`RasterError::DateRange`] where the end lies before the start.
    pub fn new(from: Date, to: Date) -> Result<Self, RasterError> {
        if to < from {
            return Err(RasterError::DateRange { from: from.to_string(), to: to.to_string() });
        }
        Ok(Self { from, to })
    }

    /// First day.
    pub fn from(&self) -> Date {
        self.from
    }

    /// Last day.
    pub fn to(&self) -> Date {
        self.to
    }

    /// Whether the day lies in the period.
    pub fn contains(&self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_keeps_its_calendar_date() {
        let mut date = Date::from_ymd(1600, 1, 1).expect("a day").days();
        for year in 1600..2400 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month).expect("a month") {
                    assert_eq!(Date::from_days(date).ymd(), (year, month, day));
                    assert_eq!(Date::from_ymd(year, month, day), Some(Date::from_days(date)));
                    date += 1;
                }
            }
        }
    }

    #[test]
    fn known_days_count_from_1970() {
        let days = |text: &str| text.parse::<Date>().map(Date::days);
        assert_eq!(days("1970-01-01"), Ok(0));
        assert_eq!(days("2014-12-31"), Ok(16_435));
        assert_eq!(days("2020-03-01T10:00:00Z"), Ok(18_322));
        assert_eq!(Date::from_days(18_322).day_of_year(), 61);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in
            ["", "2021-02-29", "2021-13-01", "2021-1-1", "20210101", "2021-01-0a", "+021-01-01", "2021-01-01x", "aaaaaaaaaé"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_season_turns_over_new_year() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(day("2020-12-31").season_distance(day("2015-01-01")), 1);
        assert_eq!(day("2020-02-29").season_distance(day("2019-03-01")), 0);
        assert_eq!(day("2020-07-02").season_distance(day("2019-01-01")), 182);
    }
}
