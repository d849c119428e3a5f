//! `difference`: one date against another.

use change::{MaskCounts, MaskOptions, MaskPlan, SpectralIndex, bitemporal};
use geoio::{GriddedImagery, Packing, RasterClass, RasterOptions, RasterWriter, Resampling};
use ndarray::{Array2, Axis};
use pipeline::map_in_order;
use raster::{Grid, RasterReader, RasterSource as _, Role, Scaling, Window};
use serde_json::json;

use super::apart::check_apart;
use super::cut;
use super::index::raster_options;
use super::layers::{self, LayerOptions};
use crate::args::{Common, Difference};
use crate::fault::{Exit, Fault};
use crate::progress::Progress;
use crate::report::Report;

/// Compares two dates: a mask, a magnitude, or both.
pub(crate) fn difference(arguments: &Difference, common: &Common) -> Result<Report, Fault> {
    check_arguments(arguments)?;
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let index = named_or_formula(&arguments.index)?;
    let before = Date::open(arguments, &index, None, &arguments.before, arguments.before_date, "--before")?;
    let grid = before.source.grid().clone();
    let after = Date::open(arguments, &index, Some(&grid), &arguments.after, arguments.after_date, "--after")?;
    for output in [&arguments.out, &arguments.magnitude] {
        for date in [&before, &after] {
            check_apart(output.as_deref(), date.source.imagery().files().iter().chain(&arguments.aoi))?;
        }
    }
    let packed = |options| raster_options(options, &arguments.output);
    let flags = packed(RasterOptions { classes: legend(), ..RasterOptions::codes(&["change"]).nodata(255.0) })?;
    let values = packed(RasterOptions::values(&["magnitude"]).nodata(f64::NAN))?;
    let mask = arguments.out.as_ref().map(|path| RasterWriter::<u8>::create(path, &grid, flags, common.force));
    let magnitude = arguments.magnitude.as_ref().map(|path| RasterWriter::<f32>::create(path, &grid, values, common.force));
    let (mut mask, mut magnitude) = (mask.transpose()?, magnitude.transpose()?);
    let windows = cut::windows(&before.source, &before.roles(), arguments.output.block, &budget)?;
    let mut counts = Counts::default();
    let mut progress = Progress::begin(common, "difference", windows.len() as u64);
    let bytes = windows.iter().map(|window| window.pixels() as u64 * 40).max().unwrap_or(0);
    let packing = (mask.as_ref().map(RasterWriter::packing), magnitude.as_ref().map(RasterWriter::packing));
    map_in_order(
        &windows,
        &budget,
        budget.in_flight(bytes),
        || {
            let packers = (packing.0.as_ref().map(Packing::packer), packing.1.as_ref().map(Packing::packer));
            Ok::<_, Fault>((before.source.open()?, after.source.open()?, (packers.0.transpose()?, packers.1.transpose()?)))
        },
        |(first, second, packers), &window| {
            let (earlier, clear_before) = before.index(first, &index, window)?;
            let (later, clear_after) = after.index(second, &index, window)?;
            let (flags, change) = bitemporal(earlier.view(), later.view(), arguments.drop, index.direction())?;
            let flags_packed = packers.0.as_mut().map(|packer| packer.pack(0, window, flags.view())).transpose()?;
            let change_packed = packers.1.as_mut().map(|packer| packer.pack(0, window, change.view())).transpose()?;
            Ok((Counts::of(&flags, &clear_before, &clear_after), flags_packed, change_packed))
        },
        |(counted, flags, change)| {
            counts.add(&counted);
            if let (Some(sink), Some(packed)) = (&mut mask, flags) {
                sink.append(packed)?;
            }
            if let (Some(sink), Some(packed)) = (&mut magnitude, change) {
                sink.append(packed)?;
            }
            progress.step()
        },
    )?;
    mask.map(raster::RasterSink::finish).transpose()?;
    magnitude.map(raster::RasterSink::finish).transpose()?;
    Ok(report(arguments, &counts))
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

fn named_or_formula(text: &str) -> Result<SpectralIndex, Fault> {
    Ok(if text.contains('(') {
        SpectralIndex::new(text, text, &[], change::Direction::Fall)?
    } else {
        SpectralIndex::find(text)?
    })
}

/// One of the two dates.
struct Date {
    source: GriddedImagery,
    bands: Vec<Role>,
    mask: MaskPlan,
}

impl Date {
    fn open(
        arguments: &Difference,
        index: &SpectralIndex,
        grid: Option<&Grid>,
        bands: &str,
        date: Option<raster::Date>,
        id: &str,
    ) -> Result<Self, Fault> {
        let scaling = Scaling { scale: arguments.scale, offset: arguments.offset };
        let rule = layers::rule(arguments.qa.as_deref(), arguments.clear.as_deref())?;
        let imagery = layers::imagery(bands, &LayerOptions { id, date, scaling, rule })?;
        let native = imagery.scenes[0].grid.clone();
        let grid = match grid {
            Some(grid) if geoio::scene_bounds(&imagery.scenes, &grid.crs)?.overlaps(grid.bounds()) => grid.clone(),
            Some(_) => {
                return Err(Fault::new(Exit::Input, "the two dates do not overlap: check the files and their reference systems"));
            }
            None => super::aoi::grid_within(&native, arguments.aoi.as_deref())?,
        };
        let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Bilinear);
        let scene = &source.scenes()[0];
        let options = MaskOptions { classes: None, dilate_m: arguments.dilate };
        let mask = MaskPlan::new(&scene.sensor, &options, grid.pixel_m())?;
        Ok(Self { bands: index.inputs(scene)?, mask, source })
    }

    /// What is read of it.
    fn roles(&self) -> Vec<Role> {
        self.bands.iter().cloned().chain(self.mask.layers()).collect()
    }

    /// The index over a window (rows, cols), NaN where not clear.
    fn index<R: RasterReader>(
        &self,
        reader: &mut R,
        index: &SpectralIndex,
        window: Window,
    ) -> Result<(Array2<f32>, MaskCounts), Fault>
    where
        Fault: From<R::Error>,
    {
        let cube = reader.read(0, &self.roles(), window, self.mask.margin())?;
        let (cube, counts) = self.mask.apply(cube)?;
        Ok((index.compute(&cube)?.index_axis_move(Axis(0), 0), counts))
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
        report.warnings.push(raster::Warning::new("nothing_clear", "no pixel is clear on both dates: nothing can be said"));
    }
    report
}
