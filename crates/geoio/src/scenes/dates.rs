//! Days of scenes: from a table, or from a file's name.

use std::path::Path;

use raster::Date;

use crate::{GeoioError, small_table};

/// One line of a table of dates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// File name, where the table has that column.
    pub(super) file: Option<String>,
    /// Day of sensing.
    pub(super) date: Date,
    /// Seconds since midnight UTC.
    pub(super) second: Option<u32>,
    /// Sensor, where the table has that column.
    pub(super) sensor: Option<String>,
    /// Spacecraft, where the table has that column.
    pub(super) platform: Option<String>,
}

/// Reads a table with the column `date` and maybe `file`, `time`, `sensor`, `platform` and `band` (which then counts from 1).
pub(super) fn read(path: &Path) -> Result<Vec<Row>, GeoioError> {
    let bytes = std::fs::read(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    let wrong = |line: Option<u64>, reason: String| GeoioError::Dates { path: path.to_owned(), line, reason };
    let mut table = small_table::reader(bytes).map_err(|reason| wrong(None, reason.to_owned()))?;
    let header = table.headers().map_err(|error| wrong(Some(1), error.to_string()))?.clone();
    let place = |name: &str| small_table::place(&header, name);
    let date = place("date").ok_or_else(|| wrong(Some(1), "it has no column date".to_owned()))?;
    let (file, time, band) = (place("file"), place("time"), place("band"));
    let (sensor, platform) = (place("sensor"), place("platform"));
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record.map_err(|error| {
            let line = error.position().map(csv::Position::line);
            wrong(line, error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: Option<usize>| place.and_then(|i| record.get(i)).filter(|text| !text.is_empty());
        let text = record.get(date).unwrap_or_default();
        let second = match cell(time) {
            None => None,
            Some(text) => Some(second_of_day(text).ok_or_else(|| wrong(Some(line), format!("'{text}' is no time (hh:mm:ss)")))?),
        };
        if let Some(number) = cell(band)
            && number.parse() != Ok(rows.len() + 1)
        {
            return Err(wrong(Some(line), format!("band {number} stands where band {} belongs", rows.len() + 1)));
        }
        rows.push(Row {
            file: cell(file).map(str::to_owned),
            date: text.parse().map_err(|error: raster::RasterError| wrong(Some(line), error.to_string()))?,
            second,
            sensor: cell(sensor).map(str::to_owned),
            platform: cell(platform).map(str::to_owned),
        });
    }
    if rows.is_empty() { Err(wrong(None, "it has no line but its header".to_owned())) } else { Ok(rows) }
}

/// Seconds since midnight of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fffZ`.
pub(super) fn second_of_day(text: &str) -> Option<u32> {
    let clock = text.trim().trim_end_matches('Z');
    let mut parts = clock.split(':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next()?.parse().ok()?;
    let second: f64 = parts.next().unwrap_or("0").parse().ok()?;
    let valid = hour < 24 && minute < 60 && (0.0..61.0).contains(&second) && parts.next().is_none();
    valid.then(|| (hour * 3600 + minute * 60 + second as u32).min(86_399))
}

/// The first day in a file's name, written yyyymmdd or yyyy-mm-dd (also with `_`), from 1970 to 2099.
pub(super) fn in_name(name: &str) -> Option<Date> {
    let bytes = name.as_bytes();
    (0..bytes.len()).find_map(|start| {
        if start > 0 && bytes[start - 1].is_ascii_digit() {
            return None;
        }
        compact(&bytes[start..]).or_else(|| separated(&bytes[start..]))
    })
}

/// The day of a TIFF's `DateTime`, `yyyy:mm:dd hh:mm:ss` (TIFF 6.0, section 8); the time must be one too.
pub(super) fn of_tag(text: &str) -> Option<Date> {
    let (date, time) = text.trim().split_once(' ')?;
    second_of_day(time)?;
    let mut parts = date.split(':');
    let found = day(parts.next()?.as_bytes(), parts.next()?.as_bytes(), parts.next()?.as_bytes());
    found.filter(|_| parts.next().is_none())
}

fn compact(bytes: &[u8]) -> Option<Date> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits == 8 || digits == 14).then(|| day(&bytes[..4], &bytes[4..6], &bytes[6..8]))?
}

fn separated(bytes: &[u8]) -> Option<Date> {
    let part = bytes.get(..10)?;
    let ends = bytes.get(10).is_none_or(|b| !b.is_ascii_digit());
    let separator = part[4];
    (ends && matches!(separator, b'-' | b'_') && part[7] == separator).then(|| day(&part[..4], &part[5..7], &part[8..]))?
}

fn day(year: &[u8], month: &[u8], day: &[u8]) -> Option<Date> {
    let number = |part: &[u8]| -> Option<u32> {
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(part).ok()?.parse().ok()
    };
    let year = number(year).filter(|year| (1970..2100).contains(year))?;
    Date::from_ymd(year as i32, number(month)?, number(day)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_found_in_the_names_people_use() {
        let found = |name: &str| in_name(name).map(|date| date.to_string());
        assert_eq!(found("S2A_20210309T101021.tif").as_deref(), Some("2021-03-09"));
        assert_eq!(found("ndvi_2021-03-09.tif").as_deref(), Some("2021-03-09"));
        assert_eq!(found("20210309101021_x.tif").as_deref(), Some("2021-03-09"));
        assert_eq!(found("tile_12345678_20210309.tif").as_deref(), Some("2021-03-09"));
        assert_eq!(found("flight_2021_03_09_a.tif").as_deref(), Some("2021-03-09"));
        assert_eq!(found("ndvi_9.tif"), None);
        assert_eq!(found("20211399.tif"), None);
    }

    #[test]
    fn a_tag_is_a_day_only_where_all_of_it_is() {
        assert_eq!(of_tag("2025:12:01 15:00:00").map(|date| date.to_string()).as_deref(), Some("2025-12-01"));
        for wrong in ["0000:00:00 00:00:00", "2026:13:45 99:00:00", "2026:01:05 99:00:00", "2026:01:05", "2026:01 10:00:00", ""] {
            assert_eq!(of_tag(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_table_that_is_wrong_is_refused_at_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dates.csv");
        for (text, line) in [
            ("day\n2020-01-01\n", Some(1)),
            ("date\n2020-01-01\n2020-02-30\n", Some(3)),
            ("band,date\n1,2020-01-01\n3,2020-01-02\n", Some(3)),
            ("date,time\n2020-01-01,25:00\n", Some(2)),
            ("date\n", None),
        ] {
            std::fs::write(&path, text).expect("written");
            match read(&path) {
                Err(GeoioError::Dates { line: at, .. }) => assert_eq!(at, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        std::fs::write(&path, "\u{feff}Date; time ;sensor\r\n2020-01-01;10:11:12.5Z;OLI\r\n").expect("written");
        let rows = read(&path).expect("rows");
        assert_eq!((rows[0].second, rows[0].sensor.as_deref()), (Some(36_672), Some("OLI")));
    }
}
