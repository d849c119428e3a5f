//! Series from tables, and a table of what was found of each.

use std::path::{Path, PathBuf};

use alert::{Features, Values};
use change::{Detector, Findings, SeriesBlock};
use geoio::SeriesTable;
use geoio::sink::SinkOptions;
use ndarray::Array3;
use raster::{Date, Role};

use super::told::{Kept, names, values};
use crate::args::{Common, Detect};
use crate::fault::Fault;

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

/// Runs a method over the series of tables, one a role, and writes one row a series.
pub(super) fn detect(
    inputs: &[(Role, PathBuf)],
    detector: &dyn Detector,
    kept: Kept,
    arguments: &Detect,
    common: &Common,
) -> Result<(Findings, Vec<Date>), Fault> {
    let series = Series::read(inputs, arguments)?;
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
    Ok((found, series.dates))
}

/// The series of all roles on one time axis.
struct Series {
    ids: Vec<String>,
    dates: Vec<Date>,
    /// Values (time, role, series).
    values: Array3<f32>,
}

impl Series {
    /// Tables of several roles have the same series, by their ids; where each has one only, these belong together. A look of one role is
    /// not observed in the others.
    fn read(inputs: &[(Role, PathBuf)], arguments: &Detect) -> Result<Self, Fault> {
        let tables = inputs.iter().map(|(_, file)| Ok(SeriesTable::read(file)?)).collect::<Result<Vec<_>, Fault>>()?;
        let ids = tables[0].ids.clone();
        for (table, (role, file)) in tables.iter().zip(inputs).skip(1) {
            if table.ids != ids && (ids.len() > 1 || table.ids.len() > 1) {
                return Err(Fault::usage(format!("{}: the series of {role} are not those of {}", file.display(), inputs[0].0)));
            }
        }
        let mut looks: Vec<(Date, usize, usize)> = Vec::new();
        for (role, table) in tables.iter().enumerate() {
            looks.extend(table.dates.iter().enumerate().map(|(time, date)| (*date, role, time)));
        }
        looks.sort();
        let (scale, offset) = (arguments.scale.unwrap_or(1.0), arguments.offset.unwrap_or(0.0));
        let mut values = Array3::from_elem((looks.len(), tables.len(), ids.len()), f32::NAN);
        for (place, (_, role, time)) in looks.iter().enumerate() {
            for (id, value) in tables[*role].values.row(*time).iter().enumerate() {
                values[[place, *role, id]] = (value * scale + offset) as f32;
            }
        }
        Ok(Self { ids, dates: looks.into_iter().map(|(date, ..)| date).collect(), values })
    }
}
