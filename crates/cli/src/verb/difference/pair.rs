//! What must hold of two dates together, and what people should know of them.

use change::{Crosswise, Exchanged, Fit, Registration, SpectralIndex};
use ndarray::{Axis, s};
use pipeline::map_in_order;
use raster::{Date, RasterSource as _, Role, Warning, Window};

use super::look::Look;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::screen::Sample;

/// Side of a part over which the places of both dates are compared, in pixels.
const SIDE: usize = 128;

/// Refuses days in the future and an order against time; `is_same` says whether both dates are one image.
pub(super) fn check_order(before: &Look, after: &Look, as_of: Date, is_same: bool) -> Result<(), Fault> {
    let wrong = |in_file: bool, message: String| Err(Fault::new(if in_file { Exit::Input } else { Exit::Usage }, message));
    for look in [before, after] {
        if let Some((date, in_file)) = look.date.filter(|(date, _)| *date > as_of) {
            let name = look.name();
            return wrong(
                in_file,
                format!("{name} is of {date}, after {as_of}: correct its day, or give --as-of where the clock is wrong"),
            );
        }
    }
    let (Some((first, one)), Some((second, other))) = (before.date, after.date) else { return Ok(()) };
    if second < first {
        let (earlier, later) = (before.name(), after.name());
        return wrong(one || other, format!("{later} is of {second}, before {earlier} of {first}: are the two exchanged?"));
    }
    if second == first && !is_same {
        return wrong(
            one || other,
            format!("{} and {} are of one day, {first}: nothing lies between", before.name(), after.name()),
        );
    }
    Ok(())
}

/// Whether every band of the index is the same bytes on both dates.
pub(super) fn is_one_image(before: &Look, after: &Look) -> Result<bool, Fault> {
    if before.bands() != after.bands() {
        return Ok(false);
    }
    let (one, other) = (before.source.imagery(), after.source.imagery());
    for role in before.bands() {
        let (first, second) = (one.source(0, role)?, other.source(0, role)?);
        let (path, twin) = (one.file(first.file), other.file(second.file));
        let size = |path| std::fs::metadata(path).map(|metadata| metadata.len()).ok();
        if first.band != second.band || size(path) != size(twin) {
            return Ok(false);
        }
        if path != twin && geoio::sha256_file(path)? != geoio::sha256_file(twin)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The warning that both dates are one image.
pub(super) fn same_image(after: &Look) -> Warning {
    let message = "both dates are the same bytes: nothing can have changed between them; was one file named twice?";
    Warning::new("same_image_twice", message).about(after.name())
}

/// What a sample of at most 16 parts of 128 x 128 pixels says of both dates together.
pub(super) struct Compared {
    /// Where the later date's content lies.
    pub(super) fit: Fit,
    /// Two bands of the index that one of the dates has exchanged, and what shows it.
    exchanged: Option<(Role, Role, Exchanged)>,
}

/// Moments of a part of both dates.
#[derive(Default)]
struct Sums {
    registration: Registration,
    crosswise: Vec<Crosswise>,
}

/// Compares both dates over a sample.
pub(super) fn compare(before: &Look, after: &Look, index: &SpectralIndex, common: &Common) -> Result<Compared, Fault> {
    let bands = before.bands();
    let alike = bands == after.bands();
    let pairs: Vec<(usize, usize)> =
        (0..if alike { bands.len() } else { 0 }).flat_map(|a| (a + 1..bands.len()).map(move |b| (a, b))).collect();
    let parts: Vec<Window> = Sample::Glance.parts(before.source.grid().window());
    let budget = common.budget();
    let mut all = Sums { crosswise: vec![Crosswise::default(); pairs.len()], ..Sums::default() };
    map_in_order(
        &parts,
        &budget,
        budget.in_flight((SIDE * SIDE * 64) as u64),
        || Ok::<_, Fault>((before.source.open()?, after.source.open()?)),
        |(first, second), &window| {
            let ((earlier, _), (later, _)) = (before.clear(first, window)?, after.clear(second, window)?);
            let mut part = Sums { crosswise: vec![Crosswise::default(); pairs.len()], ..Sums::default() };
            for (crosswise, &(a, b)) in part.crosswise.iter_mut().zip(&pairs) {
                let [one, other] = [&earlier, &later].map(|cube| [a, b].map(|band| cube.values.slice(s![0, band, .., ..])));
                crosswise.add(one, other);
            }
            let [one, other] = [index.compute(&earlier)?, index.compute(&later)?];
            part.registration.add(one.index_axis(Axis(0), 0), other.index_axis(Axis(0), 0));
            Ok(part)
        },
        |part| {
            all.registration += &part.registration;
            all.crosswise.iter_mut().zip(&part.crosswise).for_each(|(sum, part)| *sum += part);
            Ok(())
        },
    )?;
    let found = all.crosswise.iter().zip(&pairs).find_map(|(crosswise, pair)| Some((pair, crosswise.exchanged()?)));
    let exchanged = found.map(|((a, b), shown)| (bands[*a].clone(), bands[*b].clone(), shown));
    Ok(Compared { fit: all.registration.fit(), exchanged })
}

impl Compared {
    /// Refuses two dates of which one has two bands of the index exchanged.
    pub(super) fn check_bands(&self, before: &Look, after: &Look) -> Result<(), Fault> {
        let Some((one, other, Exchanged { straight, crossed })) = &self.exchanged else { return Ok(()) };
        let message = format!(
            "{} and {}: {one} of one looks like {other} of the other, and the other way round (correlations {crossed:.2} crosswise, \
             {straight:.2} straight, both summed): one of them has these bands exchanged; check which of its bands is which, by its \
             metadata, its bands' descriptions or the roles you gave, or pass --no-guard to use it all the same",
            before.name(),
            after.name(),
        );
        Err(Fault::new(Exit::Input, message))
    }
}

/// The warning that the dates lie apart.
pub(super) fn shifted(fit: Fit, after: &Look) -> Option<Warning> {
    let Fit::Apart(shift) = fit else { return None };
    let far = |pixels: isize, positive: &str, negative: &str| {
        format!("{} {}", pixels.abs(), if pixels < 0 { negative } else { positive })
    };
    let message = format!(
        "its content lies, in pixels, {} and {} of the earlier date's: only what drops against every earlier pixel within that shift is \
         flagged; register the two first",
        far(shift.rows, "south", "north"),
        far(shift.cols, "east", "west")
    );
    Some(Warning::new("shifted", message).about(after.name()))
}

/// For records.
pub(super) fn told(fit: Fit) -> serde_json::Value {
    match fit {
        Fit::Together => serde_json::json!({ "checked": true }),
        Fit::Apart(shift) => serde_json::json!({ "checked": true, "rows": shift.rows, "cols": shift.cols }),
        Fit::Unknown => serde_json::json!({ "checked": false }),
    }
}
