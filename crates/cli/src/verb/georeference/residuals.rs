use std::path::Path;

use align::control::{Residual, rmse};
use raster::Warning;
use serde_json::{Value, json};

use super::control::Controls;
use crate::args::Common;
use crate::fault::{Exit, Fault};

/// Most points that are told one by one on the terminal.
const TOLD: usize = 20;
/// Times the error of the points themselves above which that of points left out shows that the transform follows noise.
const OVERFIT: f64 = 3.0;

/// What is left at each point, in the order of the file, and on the whole.
pub(super) struct Judged {
    /// Of each point; those switched off took no part.
    pub(super) residuals: Vec<Residual>,
    /// Root mean square length in pixels: of the points, of points left out, of those switched off.
    pub(super) pixel: [Option<f64>; 3],
    /// The same in units of the map.
    pub(super) map: [Option<f64>; 3],
}

/// Judges the transform by its points.
pub(super) fn judge(controls: &Controls) -> Judged {
    let used = controls.transform.residuals(&controls.points(true));
    let checks: Vec<Residual> = controls.points(false).iter().map(|point| controls.transform.check(point)).collect();
    let (mut next_used, mut next_check) = (used.iter(), checks.iter());
    let residuals =
        controls.rows.iter().filter_map(|row| if row.enabled { next_used.next() } else { next_check.next() }.copied()).collect();
    // Of points of which some cannot be left out nothing is said.
    let left_out = |of: fn(&Residual) -> Option<(f64, f64)>| used.iter().map(of).collect::<Option<Vec<_>>>().and_then(rmse);
    Judged {
        residuals,
        pixel: [rmse(used.iter().map(|r| r.pixel)), left_out(|r| r.left_out_pixel), rmse(checks.iter().map(|r| r.pixel))],
        map: [rmse(used.iter().map(|r| r.map)), left_out(|r| r.left_out_map), rmse(checks.iter().map(|r| r.map))],
    }
}

impl Judged {
    /// For records.
    pub(super) fn json(&self, controls: &Controls) -> Value {
        let three = |values: &[Option<f64>; 3]| {
            let rounded = values.map(|v| v.map(|v| (v * 1e6).round() / 1e6));
            json!({ "rmse": rounded[0], "left_out": rounded[1], "check": rounded[2] })
        };
        let used = controls.rows.iter().filter(|row| row.enabled).count();
        json!({
            "source": controls.source, "crs": controls.system.name(), "transform": controls.transform.method(), "used": used,
            "check": controls.rows.len() - used, "pixel": three(&self.pixel), "map": three(&self.map),
        })
    }

    /// For people: the table, where it is short, and the whole.
    pub(super) fn lines(&self, controls: &Controls) -> Vec<String> {
        let mut lines = Vec::new();
        if controls.rows.len() <= TOLD {
            let head = ["point", "col", "row", "dcol px", "drow px", "px", "left out px", "map"];
            lines.push(head.map(|name| format!("{name:>12}")).concat());
            for (i, (row, residual)) in controls.rows.iter().zip(&self.residuals).enumerate() {
                let name = if row.name.is_empty() { format!("{}", i + 1) } else { row.name.chars().take(11).collect() };
                let name = if row.enabled { name } else { format!("({name})") };
                let left_out = residual.left_out_pixel.map_or_else(|| "-".to_owned(), |(x, y)| format!("{:.3}", x.hypot(y)));
                let length = residual.pixel.0.hypot(residual.pixel.1);
                let numbers = [row.pixel.0, row.pixel.1, residual.pixel.0, residual.pixel.1, length].map(|v| format!("{v:.3}"));
                let cells = std::iter::once(name).chain(numbers).chain([left_out, plain(residual.map.0.hypot(residual.map.1))]);
                lines.push(cells.map(|cell| format!("{cell:>12}")).collect::<Vec<_>>().concat());
            }
        }
        let told = |value: Option<f64>| value.map_or_else(|| "not known".to_owned(), |v| format!("{v:.3} px"));
        let check = self.pixel[2].map(|v| format!(", check points {v:.3} px")).unwrap_or_default();
        lines.push(format!(
            "{} control points, {}: RMSE {} ({} on the map), leaving one out {}{check}",
            controls.points(true).len(),
            controls.transform.method().name(),
            told(self.pixel[0]),
            plain(self.map[0].unwrap_or_default()),
            told(self.pixel[1]),
        ));
        lines
    }

    /// What people should know before they trust the transform.
    pub(super) fn warnings(&self, controls: &Controls, limit: f64, image: &Path) -> Vec<Warning> {
        let about = |code: &'static str, message: String| Warning::new(code, message).about(image.display().to_string());
        let mut warnings = Vec::new();
        let worst = controls.rows.iter().zip(&self.residuals).enumerate().max_by(|a, b| {
            let length = |(_, (_, residual)): &(usize, (_, &Residual))| {
                let (x, y) = residual.left_out_pixel.unwrap_or(residual.pixel);
                x.hypot(y)
            };
            length(a).total_cmp(&length(b))
        });
        let named = worst.map_or_else(String::new, |(i, (row, _))| {
            let name = if row.name.is_empty() { format!("number {}", i + 1) } else { row.name.clone() };
            let line = if row.line > 0 { format!(", line {}", row.line) } else { String::new() };
            format!("; look at point {name}{line} first")
        });
        // What a spline leaves at its own points is nothing: there the points left out tell.
        let error = self.pixel[1].unwrap_or(0.0).max(self.pixel[0].unwrap_or(0.0));
        match (self.pixel[0], self.pixel[1]) {
            (Some(own), _) if own > limit => {
                warnings.push(about(
                    "rmse",
                    format!("the control points lie {own:.2} px off the transform, more than {limit} px{named}"),
                ));
            }
            (_, Some(_)) if error > limit => {
                warnings.push(about(
                    "left_out",
                    format!("leaving each control point out puts it {error:.2} px off, more than {limit} px{named}"),
                ));
            }
            (Some(own), Some(left_out)) if own > 0.05 && left_out > OVERFIT * own => {
                let message = format!(
                    "leaving a control point out puts it {left_out:.2} px off, {:.1} times what is left where all take part: the transform \
                     follows the points' errors; use a lower order or more points",
                    left_out / own
                );
                warnings.push(about("overfit", message));
            }
            (_, None) => {
                let message = format!(
                    "{} has no control point to spare, so that nothing tells how good it is: an error in one point goes unseen; give more",
                    controls.transform.method().name()
                );
                warnings.push(about("no_spare_point", message));
            }
            _ => {}
        }
        warnings
    }
}

/// Columns of the table.
const COLUMNS: [&str; 18] = [
    "point",
    "name",
    "line",
    "used",
    "col",
    "row",
    "x",
    "y",
    "dcol_px",
    "drow_px",
    "residual_px",
    "dx",
    "dy",
    "residual_map",
    "left_out_dcol_px",
    "left_out_drow_px",
    "left_out_px",
    "left_out_map",
];

/// Writes the table as .csv or .json.
pub(super) fn write(path: &Path, judged: &Judged, controls: &Controls, common: &Common) -> Result<(), Fault> {
    let rows: Vec<Vec<Value>> = controls
        .rows
        .iter()
        .zip(&judged.residuals)
        .enumerate()
        .map(|(i, (row, r))| {
            let round = |v: f64| json!((v * 1e6).round() / 1e6 + 0.0);
            let left_out = |v: Option<(f64, f64)>, of: fn((f64, f64)) -> f64| v.map_or(Value::Null, |v| round(of(v)));
            let length = |(x, y): (f64, f64)| x.hypot(y);
            let line = if row.line > 0 { json!(row.line) } else { Value::Null };
            vec![
                json!(i + 1),
                json!(row.name),
                line,
                json!(row.enabled),
                json!(row.pixel.0),
                json!(row.pixel.1),
                json!(row.map.0),
                json!(row.map.1),
                round(r.pixel.0),
                round(r.pixel.1),
                round(length(r.pixel)),
                round(r.map.0),
                round(r.map.1),
                round(length(r.map)),
                left_out(r.left_out_pixel, |v| v.0),
                left_out(r.left_out_pixel, |v| v.1),
                left_out(r.left_out_pixel, |v| v.0.hypot(v.1)),
                left_out(r.left_out_map, |v| v.0.hypot(v.1)),
            ]
        })
        .collect();
    let failed =
        |error: &dyn std::fmt::Display| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", path.display()));
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => {
            let named =
                |cells: Vec<Value>| COLUMNS.iter().map(|name| (*name).to_owned()).zip(cells).collect::<serde_json::Map<_, _>>();
            let points: Vec<_> = rows.into_iter().map(named).collect();
            let told = json!({ "schema": "atalaya-residuals/1", "summary": judged.json(controls), "points": points });
            serde_json::to_string_pretty(&told).map_err(|error| failed(&error))? + "\n"
        }
        Some("csv") => {
            let mut table = csv::Writer::from_writer(Vec::new());
            table.write_record(COLUMNS).map_err(|error| failed(&error))?;
            for cells in rows {
                let text = |cell: Value| match cell {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                table.write_record(cells.into_iter().map(text)).map_err(|error| failed(&error))?;
            }
            String::from_utf8_lossy(&table.into_inner().map_err(|error| failed(&error))?).into_owned()
        }
        _ => return Err(Fault::usage(format!("--residuals {}: expected a file that ends in .csv or .json", path.display()))),
    };
    let staged = geoio::Staged::new(path, common.force)?;
    std::fs::write(staged.partial(), text).map_err(|error| failed(&error))?;
    Ok(staged.commit()?)
}

/// A length in the units of the map, with as many digits as tell something.
pub(super) fn plain(length: f64) -> String {
    let digits = match length {
        _ if length >= 100.0 => 1,
        _ if !(1e-9..0.1).contains(&length) => 3,
        _ => 9,
    };
    format!("{length:.digits$}")
}
