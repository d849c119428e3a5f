//! Moments as HTTP, RFC 3339 and Amazon write them; all in UTC, as seconds since 1970.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Days from 1970-01-01 to a day of the Gregorian calendar (Hinnant's count by eras of 400 years).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn seconds(date: (i64, i64, i64), time: (i64, i64, i64)) -> Option<u64> {
    let (year, month, day) = date;
    let whole = (1..=12).contains(&month) && (1..=31).contains(&day) && time.0 < 24 && time.1 < 60 && time.2 <= 60;
    if !whole {
        return None;
    }
    u64::try_from(days(year, month, day) * 86_400 + time.0 * 3600 + time.1 * 60 + time.2).ok()
}

fn clock_time(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(':').map(|part| part.parse().ok());
    let time = (parts.next()??, parts.next()??, parts.next()??);
    (parts.next().is_none() && time.0 >= 0 && time.1 >= 0 && time.2 >= 0).then_some(time)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn of_http(text: &str) -> Option<u64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year = words.next()?.parse().ok()?;
    let time = clock_time(words.next()?)?;
    (words.next() == Some("GMT")).then(|| seconds((year, month, day), time)).flatten()
}

/// `2026-01-31T10:20:30Z`, with or without a fraction; other zones are not read.
pub(crate) fn of_rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix("+00:00"))?.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-').map(|part| part.parse().ok());
    let date = (parts.next()??, parts.next()??, parts.next()??);
    seconds(date, clock_time(time.split('.').next()?)?)
}

/// `20130524T000000Z`.
pub(crate) fn amazon(seconds: u64) -> String {
    let (year, month, day) = civil((seconds / 86_400) as i64);
    let time = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_one_moment_agree() {
        // `date -u -d '1994-11-06 08:49:37' +%s`
        assert_eq!(of_http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(of_rfc3339("1994-11-06T08:49:37.25Z"), Some(784_111_777));
        assert_eq!(of_rfc3339("1994-11-06T08:49:37+00:00"), Some(784_111_777));
        assert_eq!(amazon(784_111_777), "19941106T084937Z");
    }

    #[test]
    fn days_and_dates_are_each_others_reverse() {
        for day in (-1_000_000..1_000_000).step_by(97) {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
        assert_eq!((civil(0), civil(11_016)), ((1970, 1, 1), (2000, 2, 29)));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in ["", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"] {
            assert_eq!(of_http(text), None, "{text}");
        }
        for text in ["", "1994-11-06", "1994-13-06T00:00:00Z", "1994-11-06T08:49:37-05:00", "1994-11-06T25:00:00Z"] {
            assert_eq!(of_rfc3339(text), None, "{text}");
        }
    }
}
