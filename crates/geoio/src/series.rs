//! Series of single places from tables.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use raster::Date;

use crate::{GeoioError, small_table};

/// Series on one time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesTable {
    /// Name of each series.
    pub ids: Vec<String>,
    /// Days, not falling; a day on which a series has several values stands as often.
    pub dates: Vec<Date>,
    /// Values (time, series) as they stand in the table; NaN = not observed.
    pub values: Array2<f64>,
    /// Whether each value's code is a clear one (time, series); true without codes.
    pub is_clear: Array2<bool>,
    /// Spacecraft of the column `platform`, each once.
    pub platforms: Vec<String>,
    /// Place of each value's spacecraft among them (time, series); `None` where the cell is empty or there is no such column.
    pub platform: Array2<Option<usize>>,
}

/// A column of quality codes.
#[derive(Debug, Clone)]
pub struct CodeColumn {
    /// Its name.
    pub name: String,
    /// Whose codes they are.
    pub maker: &'static str,
    /// Whether a code is a clear one; `None` for what is no code.
    pub is_clear: fn(u32) -> Option<bool>,
}

impl SeriesTable {
    /// Reads a CSV of a band: long, with the columns `id`, `date` and one of the band's name, else `value`; without `id`, of one series where
    /// there is a column of the band's name, else wide, with one column a series. Instead of `date` there may be `time`, years with their
    /// fraction. An empty cell, `NA` and `NaN` are not observed; rows stand in any order. A row without a code is not clear where there
    /// is a column of `codes`. The column `platform` names the spacecraft of each row.
    ///
    /// # Errors
    /// [`GeoioError::Series`] with the line, [`GeoioError::Input`].
    pub fn read(path: &Path, band: &str, codes: Option<&CodeColumn>) -> Result<Self, GeoioError> {
        let bytes = std::fs::read(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
        let wrong = |line: Option<u64>, reason: String| GeoioError::Series { path: path.to_owned(), line, reason };
        let mut table = small_table::reader(bytes).map_err(|reason| wrong(None, reason.to_owned()))?;
        let header = table.headers().map_err(|error| wrong(Some(1), error.to_string()))?.clone();
        let place = |name: &str| small_table::place(&header, name);
        let (date, time) = (place("date"), place("time"));
        let when = date.or(time).ok_or_else(|| wrong(Some(1), "it has no column date, nor time".to_owned()))?;
        let names = || header.iter().collect::<Vec<_>>().join(", ");
        let missing = |codes: &CodeColumn| wrong(Some(1), format!("it has no column {}; it has {}", codes.name, names()));
        let codes = codes.map(|codes| Ok((place(&codes.name).ok_or_else(|| missing(codes))?, codes))).transpose()?;
        let (id, own, platform) = (place("id"), place(band), place("platform"));
        let others = [date, time, platform, codes.map(|(column, _)| column)];
        let columns: Vec<usize> = match (id, own.or_else(|| id.and(place("value")))) {
            (_, Some(column)) => vec![column],
            (Some(_), None) => return Err(wrong(Some(1), format!("it has a column id and no column {band}"))),
            _ => (0..header.len()).filter(|column| !others.contains(&Some(*column))).collect(),
        };
        if columns.is_empty() {
            return Err(wrong(Some(1), "it has no column of values".to_owned()));
        }
        let mut gathered = Gathered::default();
        for record in table.records() {
            let record = record.map_err(|error| wrong(error.position().map(csv::Position::line), error.to_string()))?;
            let line = record.position().map(csv::Position::line);
            let text = record.get(when).unwrap_or_default();
            let day = if date.is_some() { text.parse().ok() } else { text.parse().ok().and_then(day_of_time) };
            let day = day.ok_or_else(|| wrong(line, format!("'{text}' is no day")))?;
            let is_clear = match codes {
                None => true,
                Some((column, codes)) => {
                    let cell = record.get(column).unwrap_or_default();
                    let known = match number(cell) {
                        Some(code) if code.is_nan() => Some(false),
                        _ => cell.parse().ok().and_then(codes.is_clear),
                    };
                    known.ok_or_else(|| {
                        wrong(line, format!("'{cell}' is no code of {}; name whose codes they are", codes.maker))
                    })?
                }
            };
            let platform = gathered.platform(platform.and_then(|column| record.get(column)).unwrap_or_default());
            for &column in &columns {
                let name = id.map_or(header.get(column), |id| record.get(id)).unwrap_or_default();
                let cell = record.get(column).unwrap_or_default();
                let number = number(cell).ok_or_else(|| wrong(line, format!("'{cell}' is no number")))?;
                gathered.add(name, day, Cell { number, is_clear, platform });
            }
        }
        if gathered.series.is_empty() {
            Err(wrong(None, "it has no line but its header".to_owned()))
        } else {
            Ok(gathered.table())
        }
    }
}

/// A number of a cell, NaN where it says that there is none.
fn number(cell: &str) -> Option<f64> {
    match cell {
        "" | "NA" | "NaN" | "nan" | "null" => Some(f64::NAN),
        _ => cell.parse().ok(),
    }
}

/// The day of a year with its fraction, in years of 365 days that have no 29 February: the first that is not before it.
fn day_of_time(time: f64) -> Option<Date> {
    let year = time.floor();
    if !(0.0..10_000.0).contains(&year) {
        return None;
    }
    let after = ((time - year) * 365.0 - 1e-4).ceil().clamp(0.0, 364.0) as i32;
    let first = Date::from_ymd(year as i32, 1, 1)?;
    let day = Date::from_days(first.days() + after);
    let is_leap = Date::from_ymd(year as i32, 2, 29).is_some();
    Some(if is_leap && after >= 59 { Date::from_days(day.days() + 1) } else { day })
}

/// One value as it is read.
#[derive(Debug, Clone, Copy)]
struct Cell {
    number: f64,
    is_clear: bool,
    platform: Option<usize>,
}

/// Values as they are read.
#[derive(Default)]
struct Gathered {
    ids: Vec<String>,
    platforms: Vec<String>,
    series: BTreeMap<String, BTreeMap<Date, Vec<Cell>>>,
}

impl Gathered {
    /// The place of a spacecraft; `None` of no name.
    fn platform(&mut self, name: &str) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        let known = self.platforms.iter().position(|own| own == name);
        Some(known.unwrap_or_else(|| {
            self.platforms.push(name.to_owned());
            self.platforms.len() - 1
        }))
    }

    fn add(&mut self, id: &str, day: Date, value: Cell) {
        if !self.series.contains_key(id) {
            self.ids.push(id.to_owned());
        }
        self.series.entry(id.to_owned()).or_default().entry(day).or_default().push(value);
    }

    /// The table of all, series in the order in which they came.
    fn table(self) -> SeriesTable {
        let mut often: BTreeMap<Date, usize> = BTreeMap::new();
        for (day, values) in self.series.values().flatten() {
            let count = often.entry(*day).or_default();
            *count = (*count).max(values.len());
        }
        let dates: Vec<Date> = often.iter().flat_map(|(day, count)| std::iter::repeat_n(*day, *count)).collect();
        let shape = (dates.len(), self.ids.len());
        let (mut values, mut is_clear) = (Array2::from_elem(shape, f64::NAN), Array2::from_elem(shape, true));
        let mut platform = Array2::from_elem(shape, None);
        for (column, id) in self.ids.iter().enumerate() {
            for (day, of_day) in &self.series[id] {
                let first = dates.partition_point(|date| date < day);
                for (time, value) in (first..).zip(of_day) {
                    values[[time, column]] = value.number;
                    is_clear[[time, column]] = value.is_clear;
                    platform[[time, column]] = value.platform;
                }
            }
        }
        SeriesTable { ids: self.ids, dates, values, is_clear, platforms: self.platforms, platform }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SeriesTable, GeoioError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.csv");
        std::fs::write(&path, text).expect("written");
        SeriesTable::read(&path, "value", None)
    }

    #[test]
    fn long_and_wide_tables_are_the_same_series() {
        let long = read("id,date,value\nb,2020-01-02,2\na,2020-01-01,1\nb,2020-01-01,\nb,2020-01-02,3\n").expect("a table");
        assert_eq!(long.ids, ["b", "a"]);
        let days: Vec<String> = long.dates.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["2020-01-01", "2020-01-02", "2020-01-02"]);
        assert!(long.values[[0, 0]].is_nan() && long.values[[2, 1]].is_nan());
        assert_eq!((long.values[[1, 0]], long.values[[2, 0]], long.values[[0, 1]]), (2.0, 3.0, 1.0));
        let wide = read("date;x;y\n2020-01-01;1;NA\n2020-02-01;;4\n").expect("a table");
        assert_eq!((wide.ids.len(), wide.dates.len(), wide.values[[1, 1]]), (2, 2, 4.0));
    }

    #[test]
    fn a_row_is_clear_by_its_code() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.csv");
        let codes = CodeColumn { name: "qa".to_owned(), maker: "fmask", is_clear: |code| (code < 5).then_some(code < 2) };
        let read = |text: &str| {
            std::fs::write(&path, text).expect("written");
            SeriesTable::read(&path, "value", Some(&codes))
        };
        let table = read("date,x,qa,y\n2020-01-01,1,0,2\n2020-01-02,3,4,5\n2020-01-03,6,,7\n").expect("a table");
        assert_eq!(table.ids, ["x", "y"]);
        assert_eq!(table.is_clear.column(0).to_vec(), [true, false, false]);
        assert_eq!(table.values.column(1).to_vec(), [2.0, 5.0, 7.0]);
        assert!(read("date,x\n2020-01-01,1\n").expect_err("a mistake").to_string().contains("no column qa"));
        for code in ["0.5", "66", "x"] {
            let told = read(&format!("date,x,qa\n2020-01-01,1,0\n2020-01-02,1,{code}\n")).expect_err("a mistake").to_string();
            assert!(told.contains(&format!("'{code}' is no code")) && told.contains("line 3"), "{told}");
        }
    }

    #[test]
    fn the_spacecraft_of_a_row_is_no_series() {
        let table =
            read("date,x,platform,y\n2020-01-02,1,LANDSAT_7,2\n2020-01-01,3,,4\n2020-01-02,5,LANDSAT_8,6\n").expect("a table");
        assert_eq!(table.ids, ["x", "y"]);
        assert_eq!(table.platforms, ["LANDSAT_7", "LANDSAT_8"]);
        assert_eq!(table.platform.column(1).to_vec(), [None, Some(0), Some(1)]);
    }

    #[test]
    fn a_band_is_read_from_the_column_of_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.csv");
        let read = |text: &str, band: &str| {
            std::fs::write(&path, text).expect("written");
            SeriesTable::read(&path, band, None)
        };
        let one = read("date,ordinal,NIR,green\n2020-01-01,9,1,2\n", "nir").expect("a table");
        assert_eq!((one.ids, one.values[[0, 0]]), (vec!["NIR".to_owned()], 1.0));
        let long = "id,date,nir,green\na,2020-01-01,1,2\nb,2020-01-01,3,4\n";
        let two = read(long, "green").expect("a table");
        assert_eq!((two.ids.len(), two.values.row(0).to_vec()), (2, vec![2.0, 4.0]));
        let told = read(long, "red").expect_err("a mistake").to_string();
        assert!(told.contains("no column red"), "{told}");
    }

    #[test]
    fn years_with_a_fraction_are_days() {
        let table = read("time,value\n2000.13043478,1\n2011.0,2\n2012.16164384,3\n1999.99726027,4\n").expect("a table");
        let days: Vec<String> = table.dates.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["1999-12-31", "2000-02-18", "2011-01-01", "2012-03-01"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, word) in [
            ("a,b\n1,2\n", "no column date"),
            ("date,v\n2020-13-01,1\n", "line 2"),
            ("date,v\n2020-01-01,x\n", "'x' is no number"),
            ("id,date\na,2020-01-01\n", "no column value"),
            ("date,v\n", "header"),
            ("date\n2020-01-01\n", "no column of values"),
        ] {
            let told = read(text).expect_err("a mistake").to_string();
            assert!(told.contains(word), "{told}");
        }
    }
}
