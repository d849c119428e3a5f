use std::str::FromStr;

use raster::Date;

/// A part of a written day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Between(char),
}

/// How a source writes its days, such as `DD/MM/YYYY`: four digits of the year, one or two of month and day, anything between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat(Vec<Part>);

impl FromStr for DateFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(letter) = rest.chars().next() {
            let known = [("YYYY", Part::Year), ("MM", Part::Month), ("DD", Part::Day)];
            let (part, length) = match known.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, part)) => (*part, name.len()),
                None if letter.is_alphanumeric() => return Err(()),
                None => (Part::Between(letter), letter.len_utf8()),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        let once = |wanted: Part| parts.iter().filter(|part| **part == wanted).count() == 1;
        if once(Part::Year) && once(Part::Month) && once(Part::Day) { Ok(Self(parts)) } else { Err(()) }
    }
}

impl DateFormat {
    /// The day that a text is in this format; a time after it does not count. `None` where it is none.
    pub fn read(&self, text: &str) -> Option<Date> {
        let (mut rest, mut numbers) = (text, [0_u32; 3]);
        let bounded = self.0.iter().any(|part| matches!(part, Part::Between(_)));
        for part in &self.0 {
            let (place, digits) = match part {
                Part::Between(letter) => {
                    rest = rest.strip_prefix(*letter)?;
                    continue;
                }
                Part::Year => (0, 4..=4),
                Part::Month => (1, if bounded { 1..=2 } else { 2..=2 }),
                Part::Day => (2, if bounded { 1..=2 } else { 2..=2 }),
            };
            let most = *digits.end();
            let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            if !digits.contains(&length) {
                return None;
            }
            numbers[place] = rest[..length].parse().ok()?;
            rest = &rest[length..];
        }
        let [year, month, day] = numbers;
        if rest.is_empty() || rest.starts_with([' ', 'T']) { Date::from_ymd(year as i32, month, day) } else { None }
    }
}

/// The day that a text is in one of these formats, in ISO 8601 where there are none; `None` also where two of them disagree.
pub(crate) fn day(text: &str, formats: &[DateFormat]) -> Option<Date> {
    let text = text.trim();
    if formats.is_empty() {
        return text.parse().ok();
    }
    let mut days = formats.iter().filter_map(|format| format.read(text));
    let first = days.next()?;
    days.all(|day| day == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(texts: &[&str]) -> Vec<DateFormat> {
        texts.iter().map(|text| text.parse().expect("a format")).collect()
    }

    #[test]
    fn a_day_is_read_only_as_its_source_writes_it() {
        let spanish = formats(&["DD/MM/YYYY"]);
        assert_eq!(day("31/01/2026", &spanish), Date::from_ymd(2026, 1, 31));
        assert_eq!(day(" 1/2/2026 10:00", &spanish), Date::from_ymd(2026, 2, 1));
        assert_eq!(day("20260131", &formats(&["YYYYMMDD"])), Date::from_ymd(2026, 1, 31));
        for text in ["2026-01-31", "01/31/2026", "31/01/26", "31-01-2026", "31/01/2026x", "é"] {
            assert_eq!(day(text, &spanish), None, "{text}");
        }
        assert_eq!(day("31/01/2026", &[]), None);
        assert_eq!(day("2026-01-31T10:00:00Z", &[]), Date::from_ymd(2026, 1, 31));
    }

    #[test]
    fn mixed_formats_are_mapped_unless_they_disagree() {
        let mixed = formats(&["YYYY-MM-DD", "DD/MM/YYYY"]);
        assert_eq!(day("2026-01-31", &mixed), day("31/01/2026", &mixed));
        let both = formats(&["DD/MM/YYYY", "MM/DD/YYYY"]);
        assert_eq!(day("01/02/2026", &both), None);
        assert_eq!(day("31/01/2026", &both), Date::from_ymd(2026, 1, 31));
        assert_eq!(day("02/02/2026", &both), Date::from_ymd(2026, 2, 2));
    }

    #[test]
    fn a_format_names_year_month_day_once() {
        for text in ["DD/MM/YY", "DD/MM", "YYYY-MM-DD-DD", "%d/%m/%Y", ""] {
            assert!(text.parse::<DateFormat>().is_err(), "{text}");
        }
    }
}
