//! `difference`: one date against another.

mod look;
mod measure;
mod pair;

use std::collections::BTreeSet;
use std::path::PathBuf;

use change::{Fit, Guard, MaskCounts, SpectralIndex, bitemporal};
use geoio::stac::{Period, item_path};
use geoio::{Packed, Packing, RasterClass, RasterOptions, RasterWriter};
use ndarray::Array2;
use pipeline::{Budget, map_in_order};
use raster::{Grid, RasterSource as _, Warning};
use serde_json::json;

use super::apart::check_apart;
use super::cut;
use super::index::raster_options;
use super::item::{self, Item};
use super::layers::{self, Layers};
use crate::args::{Common, Difference};
use crate::completion::complete;
use crate::fault::Fault;
use crate::formulas;
use crate::progress::Progress;
use crate::report::Report;
use crate::screen::{self, Sample};
use crate::today;
use look::{Flag, Look};
use measure::Measure;

/// Compares two dates: a mask, a magnitude, or both.
pub(crate) fn difference(arguments: &Difference, common: &Common) -> Result<Report, Fault> {
    check_arguments(arguments)?;
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let index = formulas::one(&arguments.index, &arguments.formulas, arguments.direction)?;
    let mut warnings = Vec::new();
    let (before, after) = open(arguments, &index, &mut warnings)?;
    let index = formulas::of_scenes(&index, &[before.scene().clone(), after.scene().clone()])?;
    let grid = before.source.grid().clone();
    let measure = Measure::new(arguments, &index, grid.pixel_m())?;
    for output in [&arguments.out, &arguments.magnitude] {
        for look in [&before, &after] {
            let own = arguments.aoi.iter().chain(&arguments.formulas.catalogue).chain(&arguments.formulas.endmembers);
            check_apart(output.as_deref(), look.source.imagery().files().iter().chain(own))?;
        }
    }
    let windows = cut::windows(&before.source, &before.roles(), arguments.output.block, &budget)?;
    let is_same = pair::is_one_image(&before, &after)?;
    pair::check_order(&before, &after, arguments.as_of.unwrap_or_else(today::today), is_same)?;
    warnings.extend(is_same.then(|| pair::same_image(&after)));
    let judged = guard(arguments, [&before, &after], &mut warnings, common)?;
    let fit = if is_same {
        Fit::Together
    } else {
        let compared = pair::compare(&before, &after, &index, common)?;
        if !arguments.numbers.no_guard {
            compared.check_bands(&before, &after)?;
        }
        compared.fit
    };
    warnings.extend(pair::shifted(fit, &after));
    let item = record(arguments, &index, [&before, &after], common)?;
    let mut sinks = Sinks::create(arguments, &grid, measure.name(), common)?;
    let mut counts = Counts::default();
    let mut progress = Progress::begin(common, "difference", windows.len() as u64);
    let bytes = windows.iter().map(|window| measure.bytes(*window)).max().unwrap_or(0);
    let packing = (sinks.mask.as_ref().map(RasterWriter::packing), sinks.magnitude.as_ref().map(RasterWriter::packing));
    map_in_order(
        &windows,
        &budget,
        budget.in_flight(bytes),
        || {
            let packers = (packing.0.as_ref().map(Packing::packer), packing.1.as_ref().map(Packing::packer));
            Ok::<_, Fault>((before.source.open()?, after.source.open()?, (packers.0.transpose()?, packers.1.transpose()?)))
        },
        |(first, second, packers), &window| {
            let whole = measure.around(window);
            let (earlier, clear_before) = measure.of(&before, first, whole)?;
            let (later, clear_after) = measure.of(&after, second, whole)?;
            let (mut flags, change) = bitemporal(earlier.view(), later.view(), arguments.drop, measure.direction())?;
            if let Fit::Apart(shift) = fit {
                let (around, _) = measure.of(&before, first, whole.grow(shift.margin()))?;
                let least = shift.least_before(around.view(), measure.direction());
                flags = bitemporal(least.view(), later.view(), arguments.drop, measure.direction())?.0;
            }
            let (flags, change) = measure.told(flags, change);
            let clear_before = measure.counts(&before, first, window, clear_before)?;
            let clear_after = measure.counts(&after, second, window, clear_after)?;
            let flags_packed = packers.0.as_mut().map(|packer| packer.pack(0, window, flags.view())).transpose()?;
            let change_packed = packers.1.as_mut().map(|packer| packer.pack(0, window, change.view())).transpose()?;
            Ok((Counts::of(&flags, &clear_before, &clear_after), flags_packed, change_packed))
        },
        |(counted, flags, change)| {
            counts.add(&counted);
            sinks.append(flags, change)?;
            progress.step()
        },
    )?;
    sinks.complete(&budget)?;
    let mut report = report(arguments, &counts);
    if let Some(item) = &item {
        for (path, classes) in outputs(arguments) {
            item::write(item, path, &classes, &mut report)?;
        }
    }
    if let Some(line) = judged {
        report.say(line);
    }
    let day = |look: &Look| look.date.map(|(date, _)| date);
    report.fact("dates", json!({ "before": day(&before), "after": day(&after) }));
    report.fact("registration", pair::told(fit));
    report.warnings.extend(warnings);
    Ok(report)
}

/// The rasters that are asked for, on their way.
struct Sinks {
    mask: Option<RasterWriter<u8>>,
    magnitude: Option<RasterWriter<f32>>,
}

impl Sinks {
    fn create(arguments: &Difference, grid: &Grid, measure: &str, common: &Common) -> Result<Self, Fault> {
        let packed = |options| raster_options(options, &arguments.output);
        let flags = packed(RasterOptions { classes: legend(), ..RasterOptions::codes(&["change"]).nodata(255.0) })?;
        let values = packed(RasterOptions::values(&[measure]).nodata(f64::NAN))?;
        let mask = arguments.out.as_ref().map(|path| RasterWriter::create(path, grid, flags, common.force));
        let magnitude = arguments.magnitude.as_ref().map(|path| RasterWriter::create(path, grid, values, common.force));
        Ok(Self { mask: mask.transpose()?, magnitude: magnitude.transpose()? })
    }

    /// Takes the next window of each, packed.
    fn append(&mut self, flags: Option<Packed<u8>>, change: Option<Packed<f32>>) -> Result<(), Fault> {
        if let (Some(sink), Some(packed)) = (&mut self.mask, flags) {
            sink.append(packed)?;
        }
        if let (Some(sink), Some(packed)) = (&mut self.magnitude, change) {
            sink.append(packed)?;
        }
        Ok(())
    }

    fn complete(self, budget: &Budget) -> Result<(), Fault> {
        self.mask.map(|writer| complete(writer, budget)).transpose()?;
        self.magnitude.map(|writer| complete(writer, budget)).transpose()?;
        Ok(())
    }
}

/// The rasters that are asked for, each with the classes of its codes.
fn outputs(arguments: &Difference) -> impl Iterator<Item = (&PathBuf, Vec<RasterClass>)> {
    let mask = arguments.out.iter().map(|path| (path, legend()));
    mask.chain(arguments.magnitude.iter().map(|path| (path, Vec::new())))
}

/// What the items beside the rasters say, where they are asked for.
fn record(arguments: &Difference, index: &SpectralIndex, looks: [&Look; 2], common: &Common) -> Result<Option<Item>, Fault> {
    if !arguments.output.stac {
        return Ok(None);
    }
    let mut inputs: Vec<PathBuf> = looks.iter().flat_map(|look| look.source.imagery().files()).collect();
    inputs.extend(arguments.aoi.clone());
    inputs.sort();
    inputs.dedup();
    for (path, _) in outputs(arguments) {
        item::check_place(path, &inputs, common)?;
    }
    if outputs(arguments).map(|(path, _)| item_path(path)).collect::<BTreeSet<_>>().len() < outputs(arguments).count() {
        return Err(Fault::usage("--stac: -o and --magnitude differ only in the ends of their names, and so would be one item"));
    }
    let [Some((from, _)), Some((to, _))] = looks.map(|look| look.date) else {
        return Err(Fault::usage("--stac: nobody tells the days of both dates; give --before-date and --after-date"));
    };
    let [before, after] = looks.map(Look::name);
    let lineage = format!("difference of {} between {before} ({from}) and {after} ({to}), drop {}", index.name(), arguments.drop);
    Ok(Some(Item { period: Period::Days(from, to), lineage, inputs, format: arguments.output.format }))
}

/// Both dates. A rule for clear pixels holds for the dates that have a layer to apply it to: for one of them at least.
fn open(arguments: &Difference, index: &SpectralIndex, warnings: &mut Vec<Warning>) -> Result<(Look, Look), Fault> {
    let rule = layers::rule(arguments.numbers.qa.as_deref(), arguments.numbers.clear.as_deref())?;
    let flags = [
        Flag { name: "--before", text: &arguments.before, date: arguments.before_date },
        Flag { name: "--after", text: &arguments.after, date: arguments.after_date },
    ];
    let [earlier, later] = [Layers::read(flags[0].text)?, Layers::read(flags[1].text)?];
    let rules = match (earlier.has_quality(), later.has_quality()) {
        (true, false) => [rule.as_ref(), None],
        (false, true) => [None, rule.as_ref()],
        _ => [rule.as_ref(), rule.as_ref()],
    };
    for (flag, _) in flags.iter().zip(rules).filter(|(_, own)| own.is_none() && rule.is_some()) {
        let message = format!("{} has no layer qa or scl: all of it counts as clear", flag.name);
        warnings.push(Warning::new("unmasked", message));
    }
    let before = Look::open(arguments, index, None, &earlier, (flags[0], rules[0]))?;
    let after = Look::open(arguments, index, Some(before.source.grid()), &later, (flags[1], rules[1]))?;
    warnings.extend(before.warnings.iter().chain(&after.warnings).cloned());
    Ok((before, after))
}

/// Refuses dates whose numbers lie; says where they could not be judged.
fn guard(
    arguments: &Difference,
    looks: [&Look; 2],
    warnings: &mut Vec<Warning>,
    common: &Common,
) -> Result<Option<String>, Fault> {
    let guard = Guard { enabled: !arguments.numbers.no_guard, ..Guard::default() };
    let mut all = Vec::new();
    for look in looks {
        for screened in screen::screen(&look.source, &[&look.mask], &guard, Sample::Glance, common)? {
            screen::refuse(&screened, &look.name())?;
            warnings.extend(screened.undeclared_fill(look.scene()));
            all.push(screened);
        }
    }
    Ok(screen::told(&all, &guard))
}

fn legend() -> Vec<RasterClass> {
    let class = |code, name: &str, colour| RasterClass { code, name: name.to_owned(), colour };
    vec![
        class(0, "unchanged", [0, 114, 78, 255]),
        class(1, "changed", [213, 94, 0, 255]),
        class(255, "not_seen", [130, 130, 130, 255]),
    ]
}

fn check_arguments(arguments: &Difference) -> Result<(), Fault> {
    if arguments.out.is_none() && arguments.magnitude.is_none() {
        return Err(Fault::usage("name an output: -o MASK, --magnitude FILE, or both"));
    }
    if arguments.out == arguments.magnitude {
        return Err(Fault::usage("-o and --magnitude name the same file: name two"));
    }
    if !(arguments.drop.is_finite() && arguments.drop > 0.0) {
        return Err(Fault::usage(format!("--drop {}: expected a number above 0", arguments.drop)));
    }
    match (arguments.before_date, arguments.after_date) {
        (Some(before), Some(after)) if after <= before => {
            Err(Fault::usage(format!("--after-date {after} is not after --before-date {before}: are the two swapped?")))
        }
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Counts {
    pixels: u64,
    changed: u64,
    not_seen: u64,
    clear_before: u64,
    clear_after: u64,
}

impl Counts {
    fn of(flags: &Array2<u8>, before: &MaskCounts, after: &MaskCounts) -> Self {
        let count = |code: u8| flags.iter().map(|flag| u64::from(*flag == code)).sum();
        Self {
            pixels: flags.len() as u64,
            changed: count(1),
            not_seen: count(255),
            clear_before: before.clear,
            clear_after: after.clear,
        }
    }

    fn add(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.changed += other.changed;
        self.not_seen += other.not_seen;
        self.clear_before += other.clear_before;
        self.clear_after += other.clear_after;
    }
}

fn report(arguments: &Difference, counts: &Counts) -> Report {
    let mut report = Report::new("difference");
    arguments.out.iter().chain(&arguments.magnitude).for_each(|path| report.output(path));
    let clear_both = counts.pixels - counts.not_seen;
    report.fact(
        "counts",
        json!({
            "pixels": counts.pixels, "changed": counts.changed, "not_seen": counts.not_seen,
            "clear_before": counts.clear_before, "clear_after": counts.clear_after, "clear_both": clear_both,
        }),
    );
    report.say(format!("{} of {clear_both} pixels clear on both dates changed; {} not seen", counts.changed, counts.not_seen));
    if clear_both == 0 {
        report.warnings.push(Warning::new("nothing_clear", "no pixel is clear on both dates: nothing can be said"));
    }
    report
}
