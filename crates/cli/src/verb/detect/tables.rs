//! Series from tables, and a table of what was found of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use alert::{Features, Values};
use change::{Detector, Findings, SeriesBlock};
use geoio::SeriesTable;
use geoio::sink::SinkOptions;
use ndarray::{Array1, Array3, s};
use raster::{Date, Role};
use serde_json::Value;

use super::clear;
use super::harmonise::{Brought, Harmonise};
use super::told::{Kept, names, values};
use crate::args::{Common, Detect};
use crate::fault::Fault;
use crate::run::harmonise::is_radar;

/// Whether a file is a table, by its name.
fn is_table(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// Refuses a table as the output of rasters.
pub(super) fn refuse_table(out: &Path) -> Result<(), Fault> {
    if is_table(out) {
        return Err(Fault::usage(format!("{}: rasters make a raster; name one that ends in .tif", out.display())));
    }
    Ok(())
}

/// Whether all inputs are tables; some tables and some rasters are a mistake.
pub(super) fn are_tables(inputs: &[(Role, PathBuf)]) -> Result<bool, Fault> {
    let tables = inputs.iter().filter(|(_, file)| is_table(file)).count();
    if tables != 0 && tables != inputs.len() {
        return Err(Fault::usage("give tables or rasters, not both"));
    }
    Ok(tables != 0)
}

/// What was found of the series of tables.
pub(super) struct Found {
    pub(super) findings: Findings,
    pub(super) dates: Vec<Date>,
    /// What was brought to another sensor, where it was asked for.
    pub(super) harmonised: Option<Vec<Value>>,
}

/// Runs a method over the series of tables, one a role, and writes one row a series.
pub(super) fn detect(
    inputs: &[(Role, PathBuf)],
    detector: &dyn Detector,
    kept: Kept,
    arguments: &Detect,
    common: &Common,
) -> Result<Found, Fault> {
    let series = Series::read(inputs, detector.inputs(), arguments)?;
    let sensors = vec![0; series.dates.len()];
    let found = detector.detect(&SeriesBlock::new(&series.dates, &sensors, series.values.view())?);
    let ids = Values::Text(series.ids.iter().cloned().map(Some).collect());
    let mut table = Features::new("series", vec![None; series.ids.len()]).with("id", ids)?;
    for (name, of) in names(kept, detector.coefficients()).iter().zip(values(&found, kept)) {
        let is_whole = name.ends_with("_day") || name.starts_with("n_") || name == "status";
        let known = |value: &f64| !value.is_nan();
        let column = if is_whole {
            Values::Integer(of.iter().map(|value| Some(*value).filter(known).map(|value| value as i64)).collect())
        } else {
            Values::Real(of.into_iter().map(|value| Some(value).filter(known)).collect())
        };
        table = table.with(name, column)?;
    }
    geoio::sink::write(&arguments.out, &table, &SinkOptions { force: common.force, ..SinkOptions::default() })?;
    Ok(Found { findings: found, dates: series.dates, harmonised: series.harmonised })
}

/// The series of all roles on one time axis.
pub(super) struct Series {
    pub(super) ids: Vec<String>,
    pub(super) dates: Vec<Date>,
    /// Of each time the roles that were looked at.
    pub(super) there: Vec<Vec<usize>>,
    /// Numbers as they stand in the tables (time, role, series).
    pub(super) raw: Array3<f64>,
    /// Values (time, role, series).
    pub(super) values: Array3<f32>,
    /// What was brought to another sensor, where it was asked for.
    pub(super) harmonised: Option<Vec<Value>>,
}

impl Series {
    /// Tables of several roles, in the order of the method's, have the same series, by their ids; where each has one only, these belong
    /// together. What roles saw on one day is one look, the first of each, then the second; a role that did not look is not observed.
    pub(super) fn read(inputs: &[(Role, PathBuf)], roles: &[Role], arguments: &Detect) -> Result<Self, Fault> {
        if let Some((role, file)) = inputs
            .iter()
            .enumerate()
            .find_map(|(place, input)| inputs[..place].iter().any(|(own, _)| *own == input.0).then_some(input))
        {
            return Err(Fault::usage(format!(
                "{}: a second table has the role {role}; put all rows of a role into one table",
                file.display()
            )));
        }
        let of = |role: &Role| inputs.iter().find(|(own, _)| own == role);
        let inputs: Vec<&(Role, PathBuf)> = roles.iter().filter_map(of).collect();
        let codes = clear::column(arguments)?;
        let read = |(role, file): &&(Role, PathBuf)| Ok(SeriesTable::read(file, &role.to_string(), codes.as_ref())?);
        let tables = inputs.iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
        let ids = tables[0].ids.clone();
        for (table, (role, file)) in tables.iter().zip(&inputs).skip(1) {
            if table.ids != ids && (ids.len() > 1 || table.ids.len() > 1) {
                return Err(Fault::usage(format!("{}: the series of {role} are not those of {}", file.display(), inputs[0].0)));
            }
        }
        let mut looks: BTreeMap<(Date, usize), Vec<(usize, usize)>> = BTreeMap::new();
        for (role, table) in tables.iter().enumerate() {
            for (time, date) in table.dates.iter().enumerate() {
                let often = time - table.dates.partition_point(|earlier| earlier < date);
                looks.entry((*date, often)).or_default().push((role, time));
            }
        }
        let lines = Lines::of(&tables, &inputs, arguments)?;
        let mut raw = Array3::from_elem((looks.len(), tables.len(), ids.len()), f64::NAN);
        let mut values = raw.mapv(|_| f32::NAN);
        for (place, of) in looks.values().enumerate() {
            for (role, time) in of {
                let (numbers, is_clear) = (tables[*role].values.row(*time), tables[*role].is_clear.row(*time));
                raw.slice_mut(s![place, *role, ..]).assign(&numbers);
                let platforms = tables[*role].platform.row(*time);
                let value = |((number, is_clear), platform): ((&f64, &bool), &Option<usize>)| {
                    if *is_clear { lines.value(*role, *platform, *number) as f32 } else { f32::NAN }
                };
                let seen: Array1<f32> = numbers.iter().zip(is_clear).zip(platforms).map(value).collect();
                values.slice_mut(s![place, *role, ..]).assign(&seen);
            }
        }
        Ok(Self {
            ids,
            dates: looks.keys().map(|(date, _)| *date).collect(),
            there: looks.values().map(|of| of.iter().map(|(role, _)| *role).collect()).collect(),
            values,
            raw,
            harmonised: lines.brought.map(Brought::told),
        })
    }
}

/// How numbers of tables become values.
struct Lines {
    scale: f64,
    offset: f64,
    /// Slope and intercept by role and spacecraft; empty where nothing is brought to another sensor.
    by_platform: Vec<Vec<(f64, f64)>>,
    brought: Option<Brought>,
}

impl Lines {
    fn of(tables: &[SeriesTable], inputs: &[&(Role, PathBuf)], arguments: &Detect) -> Result<Self, Fault> {
        let (scale, offset) = (arguments.scale.unwrap_or(1.0), arguments.offset.unwrap_or(0.0));
        let mut all = Self { scale, offset, by_platform: Vec::new(), brought: None };
        let Some(wanted) = Harmonise::of(arguments)? else { return Ok(all) };
        let mut brought = Brought::default();
        for (table, (role, file)) in tables.iter().zip(inputs) {
            let nameless = table.values.indexed_iter().find(|(at, value)| !value.is_nan() && table.platform[*at].is_none());
            if let Some(((time, _), _)) = nameless.filter(|_| !is_radar(role)) {
                wanted.lines("", &format!("{}: a row of {}", file.display(), table.dates[time]))?;
            }
            let mut of_role = Vec::new();
            for (number, platform) in table.platforms.iter().enumerate().filter(|_| !is_radar(role)) {
                let place = file.display().to_string();
                let Some(lines) = wanted.lines(platform, &place)? else {
                    of_role.push((1.0, 0.0));
                    continue;
                };
                of_role.push(wanted.line(lines, role, &place)?);
                let is_of = |row: &ndarray::ArrayView1<'_, Option<usize>>| row.iter().any(|own| *own == Some(number));
                brought.add(lines, table.platform.rows().into_iter().filter(is_of).count());
            }
            all.by_platform.push(of_role);
        }
        all.brought = Some(brought);
        Ok(all)
    }

    /// The value of a number of a role and a spacecraft.
    fn value(&self, role: usize, platform: Option<usize>, number: f64) -> f64 {
        let value = number * self.scale + self.offset;
        let line = platform.and_then(|platform| self.by_platform.get(role)?.get(platform));
        line.map_or(value, |(slope, intercept)| slope * value + intercept)
    }
}
