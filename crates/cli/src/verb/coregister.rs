//! `coregister`: how far an image lies off a reference, and the image put right.

mod correction;
mod planes;
mod table;

use align::{Trend, consistent, trend};
use geoio::RasterFile;
use raster::Warning;
use serde_json::{Value, json};

use super::apart::check_apart;
use crate::args::{Common, Coregister, Warp};
use crate::fault::{Exit, Fault};
use crate::registration::{Place, Registration, Settings, register};
use crate::report::Report;
use planes::Both;

/// Pixels by which the trend of the tie points may move over the image before one shift is not enough.
const BENT: f64 = 0.5;
/// Standard error in pixels from which a shift is told to be uncertain.
const UNCERTAIN: f64 = 0.1;

/// What was found, in pixels of the reference: the corrections that the moving image needs.
struct Found {
    registration: Registration,
    /// Rows to the south and columns to the east; of a trend or a local warp those in the image's middle.
    shift: (f64, f64),
    errors: Option<(f64, f64)>,
    spread: f64,
    trend: Option<Trend>,
}

/// Measures the shift and, where asked, puts the image right.
pub(crate) fn coregister(arguments: &Coregister, common: &Common) -> Result<Report, Fault> {
    check_arguments(arguments)?;
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let inputs = [&arguments.moving, &arguments.reference];
    for output in [&arguments.out, &arguments.report] {
        let masks = arguments.mask.iter().chain(&arguments.reference_mask);
        check_apart(output.as_deref(), inputs.into_iter().chain(masks))?;
    }
    let (moving, reference) = (RasterFile::open(&arguments.moving)?, RasterFile::open(&arguments.reference)?);
    let both = Both::new(arguments, &moving, &reference)?;
    let settings = Settings {
        side: usize::from(arguments.window) / 16 * 16,
        grid: arguments.grid.map(usize::from),
        max_shift: arguments.max_shift,
        varies: arguments.warp != Warp::Shift,
    };
    let found = register(both.extents, settings, common, || both.open())?;
    let name = format!("{} against {}", arguments.moving.display(), arguments.reference.display());
    let registration = found.ok_or_else(|| {
        let message = "they share less than 48 pixels a side: check the files and their reference systems";
        Fault::new(Exit::Input, format!("{name}: {message}"))
    })?;
    let found = settle(registration, arguments.warp, both.offset, &name)?;
    let mut report = report(arguments, &found, &both);
    if let Some(out) = &arguments.out {
        correction::write(arguments, &found, (&moving, &both), common)?;
        report.output(out);
    }
    if let Some(path) = &arguments.report {
        let reference = &both.reference_grid;
        table::write(path, &table::Told { arguments, found: &found, grid: reference, offset: both.offset }, common)?;
        report.output(path);
    }
    report.warnings.extend(both.warnings.iter().cloned());
    Ok(report)
}

fn check_arguments(arguments: &Coregister) -> Result<(), Fault> {
    let side = f64::from(arguments.window);
    match arguments.max_shift {
        Some(longest) if !(longest.is_finite() && longest > 0.0) => {
            Err(Fault::usage(format!("--max-shift {longest}: expected pixels above 0")))
        }
        Some(longest) if longest > side / 3.0 => Err(Fault::usage(format!(
            "--max-shift {longest}: a window of {side} pixels finds shifts up to a third of it; pass --window {}",
            ((3.0 * longest / 16.0).ceil() * 16.0).min(2048.0)
        ))),
        _ if arguments.clear.is_some() && arguments.mask.is_none() && arguments.reference_mask.is_none() => {
            Err(Fault::usage("--clear without --mask or --reference-mask: name the quality raster that it is a rule for"))
        }
        _ => Ok(()),
    }
}

/// The shift, the trend or the tie points of a local warp; refuses what cannot be relied on. `offset` is how far the grid on which
/// the moving image was read lies off the reference's, in pixels.
fn settle(mut registration: Registration, warp: Warp, offset: (f64, f64), name: &str) -> Result<Found, Fault> {
    let agreed = registration.agreed.clone().map_err(|_| {
        let told = registration.excuse();
        let advice = "no shift is invented. Mask clouds (--mask), compare another band (--band) or a nearer date, or look farther \
                      (--window, --max-shift); give --warp affine where one image is turned";
        Fault::new(Exit::Input, format!("{name}: no reliable match: {told}; {advice}"))
    })?;
    let points = registration.points();
    let bent = trend(&points);
    let less = |(rows, cols): (f64, f64)| (rows - offset.0, cols - offset.1);
    let Some(wished) = (warp != Warp::Shift).then_some(warp) else {
        let shift = less((agreed.rows, agreed.cols));
        let errors = Some((agreed.rows_error, agreed.cols_error));
        return Ok(Found { shift, errors, spread: agreed.spread, trend: bent, registration });
    };
    let trend = bent.ok_or_else(|| {
        let told = registration.excuse();
        Fault::new(
            Exit::Input,
            format!("{name}: no reliable match: {told}, and no trend that half of them follow; use --warp shift"),
        )
    })?;
    let used = match wished {
        Warp::Local => {
            let smooth = consistent(&points);
            // What is alone in its place says nothing of what lies around it.
            smooth.iter().filter(|used| **used).count().ge(&6).then_some(smooth).ok_or_else(|| {
                Fault::new(Exit::Input, format!("{name}: fewer than 6 tie points agree with their neighbours; use --warp affine"))
            })?
        }
        _ => trend.used.clone(),
    };
    registration.mark(&used);
    let middle = {
        let places: Vec<(f64, f64)> = registration.places.iter().map(Place::middle).collect();
        let n = places.len() as f64;
        (places.iter().map(|p| p.0).sum::<f64>() / n, places.iter().map(|p| p.1).sum::<f64>() / n)
    };
    let shift = less(trend.at(middle.0, middle.1));
    Ok(Found { shift, errors: None, spread: trend.spread, trend: Some(trend), registration })
}

impl Found {
    /// How far the trend of the tie points moves over the windows, in pixels; 0 without a trend.
    fn bend(&self) -> f64 {
        let Some(trend) = &self.trend else { return 0.0 };
        let shifts: Vec<(f64, f64)> = self.registration.places.iter().map(|p| trend.at(p.middle().0, p.middle().1)).collect();
        let far = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        shifts.iter().flat_map(|a| shifts.iter().map(move |b| far(a, b))).fold(0.0, f64::max)
    }

    /// For records.
    fn json(&self, grid: &raster::Grid, warp: Warp) -> Value {
        let (rows, cols) = self.shift;
        let (width, height) = grid.pixel_m();
        // Adding 0 makes a zero of either sign the plain one.
        let round = |v: f64, places: i32| (v * 10f64.powi(places)).round() / 10f64.powi(places) + 0.0;
        json!({
            "rows_px": round(rows, 4), "cols_px": round(cols, 4),
            "north_m": round(-rows * height, 4), "east_m": round(cols * width, 4),
            "rows_error_px": self.errors.map(|e| round(e.0, 4)), "cols_error_px": self.errors.map(|e| round(e.1, 4)),
            "spread_px": round(self.spread, 4), "bend_px": round(self.bend(), 3),
            "trend": self.trend.as_ref().filter(|_| warp != Warp::Shift).map(|t| json!({ "rows": t.rows, "cols": t.cols })),
        })
    }
}

fn report(arguments: &Coregister, found: &Found, both: &Both<'_>) -> Report {
    let mut report = Report::new("coregister");
    let grid = &both.reference_grid;
    report.fact("shift", found.json(grid, arguments.warp));
    report.fact("counts", found.registration.counts());
    report.fact("window", found.registration.side);
    let (rows, cols) = found.shift;
    let (width, height) = grid.pixel_m();
    let way = |v: f64, positive: &str, negative: &str, unit: &str, digits: usize| {
        format!("{:.digits$} {unit} {}", v.abs(), if (v * 10f64.powi(digits as i32)).round() < 0.0 { negative } else { positive })
    };
    let errors = found.errors.map(|e| format!(", standard error {:.3} and {:.3} px", e.0, e.1)).unwrap_or_default();
    let middle = if arguments.warp == Warp::Shift { "" } else { " in its middle" };
    report.say(format!(
        "{} must be moved{middle} {} and {} ({} and {}{errors})",
        arguments.moving.display(),
        way(rows, "south", "north", "px", 3),
        way(cols, "east", "west", "px", 3),
        way(rows * height, "south", "north", "m", 2),
        way(cols * width, "east", "west", "m", 2),
    ));
    let counts = found.registration.counts();
    report.say(format!(
        "{} of {} tie points used, windows of {} px, {:.3} px off on average",
        counts["used"], counts["tie_points"], found.registration.side, found.spread
    ));
    if arguments.warp == Warp::Shift && found.bend() > BENT.max(3.0 * found.spread / 2.0) {
        let message = format!(
            "the shift is not the same everywhere: it changes by {:.2} px over the image; try --warp affine",
            found.bend()
        );
        report.warnings.push(Warning::new("bent", message).about(arguments.moving.display().to_string()));
    }
    let used = found.registration.places.iter().filter(|place| place.used).count();
    if 2 * used < found.registration.places.len() {
        let all = found.registration.places.len();
        let message = format!(
            "only {used} of {all} tie points say so: cloud, water and shadows that the sun moves can agree too; mask them, and hold another band against it"
        );
        report.warnings.push(Warning::new("few_agree", message).about(arguments.moving.display().to_string()));
    }
    if found.errors.is_some_and(|e| e.0.max(e.1) > UNCERTAIN) {
        let message = format!("the shift is uncertain by more than {UNCERTAIN} px; mask clouds, or use more tie points (--grid)");
        report.warnings.push(Warning::new("uncertain", message).about(arguments.moving.display().to_string()));
    }
    report
}
