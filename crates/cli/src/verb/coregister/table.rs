use std::path::Path;

use raster::Grid;
use serde_json::{Value, json};

use super::Found;
use crate::args::{Common, Coregister, Warp};
use crate::fault::{Exit, Fault};

/// What the table tells.
pub(super) struct Told<'a> {
    pub(super) arguments: &'a Coregister,
    pub(super) found: &'a Found,
    pub(super) grid: &'a Grid,
    pub(super) offset: (f64, f64),
}

/// Columns of the tie points.
const COLUMNS: [&str; 11] =
    ["row", "col", "x", "y", "rows_px", "cols_px", "correlation", "peak_ratio", "repeat_ratio", "seen", "status"];

/// Writes the tie points and, as JSON, what follows from them.
pub(super) fn write(path: &Path, told: &Told<'_>, common: &Common) -> Result<(), Fault> {
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::to_string_pretty(&report(told)).map_err(|error| Fault::from_error(Exit::Internal, error))?,
        Some("csv") => csv(told),
        _ => return Err(Fault::usage(format!("--report {}: expected a file that ends in .json or .csv", path.display()))),
    };
    let staged = geoio::Staged::new(path, common.force)?;
    std::fs::write(staged.partial(), format!("{}\n", text.trim_end()))
        .map_err(|error| Fault::new(Exit::Output, format!("{}: cannot be written: {error}", path.display())))?;
    Ok(staged.commit()?)
}

fn points(told: &Told<'_>) -> Vec<Vec<Value>> {
    let round = |v: f64| (v * 1e4).round() / 1e4;
    told.found
        .registration
        .places
        .iter()
        .map(|place| {
            let (row, col) = place.middle();
            let (x, y) = told.grid.corner(row, col);
            let mut cells = vec![json!(row), json!(col), json!(x), json!(y)];
            match place.measured {
                Ok(shift) => {
                    let shifts = [shift.rows - told.offset.0, shift.cols - told.offset.1];
                    let rest = [shift.correlation, shift.peak_ratio, shift.repeat_ratio, shift.seen];
                    cells.extend(shifts.into_iter().chain(rest).map(|v| json!(round(v))));
                    cells.push(json!(if place.used { "used" } else { "outlier" }));
                }
                Err(why) => {
                    cells.extend(std::iter::repeat_n(Value::Null, 6));
                    cells.push(json!(why));
                }
            }
            cells
        })
        .collect()
}

fn report(told: &Told<'_>) -> Value {
    let named = |cells: Vec<Value>| -> Value {
        COLUMNS.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell)).collect::<serde_json::Map<_, _>>().into()
    };
    let warp = match told.arguments.warp {
        Warp::Shift => "shift",
        Warp::Affine => "affine",
        Warp::Local => "local",
    };
    json!({
        "schema": "atalaya-coregistration/1",
        "moving": told.arguments.moving.display().to_string(),
        "reference": told.arguments.reference.display().to_string(),
        "band": told.arguments.band,
        "crs": told.grid.crs.text(),
        "pixel": [told.grid.step_x, told.grid.step_y],
        "window": told.found.registration.side,
        "warp": warp,
        "sense": "what must be added to the place of the moving image's pixels: rows to the south, columns to the east, in pixels of the reference",
        "shift": told.found.json(told.grid, told.arguments.warp),
        "counts": told.found.registration.counts(),
        "points": points(told).into_iter().map(named).collect::<Vec<Value>>(),
    })
}

fn csv(told: &Told<'_>) -> String {
    let cell = |value: Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let lines = points(told).into_iter().map(|cells| cells.into_iter().map(cell).collect::<Vec<_>>().join(","));
    std::iter::once(COLUMNS.join(",")).chain(lines).collect::<Vec<_>>().join("\n")
}
