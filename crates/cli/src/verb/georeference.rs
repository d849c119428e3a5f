//! `georeference`: an image gets its place.

mod arrows;
mod control;
mod origin;
mod residuals;

use geoio::{Image, MappedImage};
use raster::{Bounds, Grid, Warning};
use serde_json::json;

use super::apart::check_apart;
use super::pixels::{self, Target, Warped};
use crate::args::{Common, Georeference};
use crate::fault::{Exit, Fault};
use crate::report::Report;
use control::Controls;
use origin::Origin;

/// Pixels of the image by which places between others may be off, as in gdalwarp.
const MAX_ERROR: f64 = 0.125;
/// Most pixels of an output that nobody asked for by --resolution: more is a mistake in the control points.
const MOST_PIXELS: usize = 4_000_000_000;

/// Judges where the image lies and, where asked, writes it there.
pub(crate) fn georeference(arguments: &Georeference, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    check_arguments(arguments)?;
    for output in [&arguments.out, &arguments.residuals, &arguments.arrows] {
        let inputs = [&arguments.gcps, &arguments.rpc, &arguments.dem].into_iter().flatten();
        check_apart(output.as_deref(), std::iter::once(&arguments.image).chain(inputs))?;
    }
    let image = Image::open(&arguments.image)?;
    let mut report = Report::new("georeference");
    let origin = Origin::find(arguments, &image, &mut report.warnings)?;
    if let Origin::Control(controls) = &origin {
        judge(arguments, controls, &image, &mut report, common)?;
    }
    report.fact("origin", origin.name());
    if let Some(out) = &arguments.out {
        let system = origin.system(arguments)?;
        let grid = grid(arguments, &image, MappedImage::suggested_grid(&image, origin.places(&system)?.as_ref(), &system)?)?;
        // What lies between two places of a relief is on no line between them.
        let error_px = arguments.max_error.unwrap_or(if arguments.dem.is_some() { 0.0 } else { MAX_ERROR });
        let sampling = (arguments.resampling.into(), error_px);
        let mapped = |image: Image| -> Result<MappedImage, Fault> {
            Ok(MappedImage::new(image, origin.places(&system)?, grid.clone(), sampling, arguments.nodata))
        };
        let bands = image.bands().to_vec();
        let fill = mapped(image)?.fill();
        if fill.is_none() {
            let message =
                "its pixels are all values, so what lies around them is 0 in the output; give --nodata where 0 is a value";
            report.warnings.push(Warning::new("filled", message).about(arguments.image.display().to_string()));
        }
        let open = || mapped(Image::open(&arguments.image)?);
        let target = Target { path: out, grid: &grid, bands: &bands, fill, output: &arguments.output };
        pixels::write(&Warped(&open), &target, &arguments.image, common)?;
        report.output(out);
        let bounds = grid.bounds();
        report.fact(
            "grid",
            json!({
                "crs": grid.crs.text(), "rows": grid.rows, "cols": grid.cols, "step": [grid.step_x, grid.step_y],
                "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
            }),
        );
        report.say(format!(
            "{}: {} x {} pixels of {} in {}",
            out.display(),
            grid.cols,
            grid.rows,
            residuals::plain(grid.step_x),
            grid.crs.name()
        ));
    }
    Ok(report)
}

fn check_arguments(arguments: &Georeference) -> Result<(), Fault> {
    if arguments.out.is_none() && arguments.residuals.is_none() && arguments.arrows.is_none() && arguments.gcps.is_none() {
        return Err(Fault::usage("name an output: -o IMAGE, --residuals TABLE or --arrows PICTURE"));
    }
    for (name, value) in [("--resolution", arguments.resolution), ("--rmse-limit", Some(arguments.rmse_limit))] {
        if let Some(value) = value.filter(|v| !(v.is_finite() && *v > 0.0)) {
            return Err(Fault::usage(format!("{name} {value}: expected a number above 0")));
        }
    }
    if let Some(error) = arguments.max_error.filter(|error| !(error.is_finite() && *error >= 0.0)) {
        return Err(Fault::usage(format!("--max-error {error}: expected pixels, 0 or more")));
    }
    if arguments.height.is_some_and(|metres| !metres.is_finite()) {
        return Err(Fault::usage("--height: expected metres"));
    }
    Ok(())
}

/// What the control points say of the transform: residuals, their table and picture, warnings.
fn judge(
    arguments: &Georeference,
    controls: &Controls,
    image: &Image,
    report: &mut Report,
    common: &Common,
) -> Result<(), Fault> {
    let judged = residuals::judge(controls);
    report.fact("control_points", judged.json(controls));
    judged.lines(controls).into_iter().for_each(|line| report.say(line));
    report.warnings.extend(judged.warnings(controls, arguments.rmse_limit, &arguments.image));
    let (cols, rows) = image.size();
    let outside = controls.rows.iter().filter(|row| {
        let (col, line) = row.pixel;
        !(-0.5..=cols as f64 + 0.5).contains(&col) || !(-0.5..=rows as f64 + 0.5).contains(&line)
    });
    if let Some(first) = outside.clone().next() {
        let message = format!(
            "{} control points lie outside the image of {cols} x {rows} pixels, the first at column {} and row {}: are they of another \
             image, or of one of another size?",
            outside.count(),
            first.pixel.0,
            first.pixel.1
        );
        report.warnings.push(Warning::new("outside", message).about(arguments.image.display().to_string()));
    }
    if let Some(path) = &arguments.residuals {
        residuals::write(path, &judged, controls, common)?;
        report.output(path);
    }
    if let Some(path) = &arguments.arrows {
        arrows::write(path, image, (controls, &judged), common)?;
        report.output(path);
    }
    Ok(())
}

/// The grid of the output: the suggested one, or one of the wished pixels over the same ground.
fn grid(arguments: &Georeference, image: &Image, suggested: Grid) -> Result<Grid, Fault> {
    let bounds: Bounds = suggested.bounds();
    let finite = [bounds.west, bounds.south, bounds.east, bounds.north].iter().all(|v| v.is_finite());
    let grid = match arguments.resolution {
        None => suggested,
        Some(step) if arguments.snap => Grid::covering(suggested.crs.clone(), bounds, step, step)?,
        Some(step) => {
            let many = |length: f64| ((length / step + 0.5) as usize).max(1);
            let (rows, cols) = (many(bounds.north - bounds.south), many(bounds.east - bounds.west));
            Grid { step_x: step, step_y: step, rows, cols, ..suggested }
        }
    };
    if !finite || grid.rows.saturating_mul(grid.cols) > MOST_PIXELS {
        let message = format!(
            "{}: the output would have {} x {} pixels: check the control points, or give --resolution",
            image.path().display(),
            grid.cols,
            grid.rows
        );
        return Err(Fault::new(Exit::Input, message));
    }
    Ok(grid)
}
