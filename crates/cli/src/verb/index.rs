//! `index`: spectral indices of one scene.

use std::path::Path;

use change::{Guard, MaskCounts, MaskOptions, MaskPlan, QaCounts, SpectralIndex, compute_into};
use geoio::stac::Period;
use geoio::{Found, GriddedImagery, ImagerySpec, Packed, Packer, Packing, RasterOptions, RasterWriter, Resampling};
use ndarray::{Array2, Array3, Axis, s};
use pipeline::{Budget, map_in_order};
use raster::{RasterReader as _, RasterSource as _, Role, Warning, Window};
use serde_json::json;

use super::apart::check_apart;
use super::cut;
use super::item::{self, Item};
use super::layers::{self, LayerOptions, Layers};
use crate::args::{Common, Index, Numbers, RasterOutput};
use crate::completion::complete;
use crate::fault::{Exit, Fault};
use crate::formulas;
use crate::progress::Progress;
use crate::report::Report;
use crate::screen::{self, Sample};

/// Computes indices of one scene into the bands of one raster.
pub(crate) fn index(arguments: &Index, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let indices = formulas::indices(&arguments.indices, &arguments.formulas)?;
    let Found { imagery, mut warnings, .. } =
        scene(arguments.scene.as_deref(), arguments.bands.as_deref(), arguments.units.as_deref(), &arguments.numbers)?;
    let indices = formulas::of_scene(indices, &imagery.scenes[0])?;
    let own = arguments.formulas.catalogue.iter().chain(&arguments.formulas.endmembers);
    check_apart(Some(&arguments.out), imagery.files().iter().chain(&arguments.aoi).chain(own))?;
    let grid = super::aoi::grid_within(&imagery.scenes[0].grid, arguments.aoi.as_deref())?;
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let scene = &source.scenes()[0];
    let mask = mask(arguments, scene, &grid)?;
    let roles = roles(&indices, scene, &mask, common.json)?;
    let windows = cut::windows(&source, &roles, arguments.output.block, &budget)?;
    let judged = guard(arguments, &source, (&mask, &roles), &mut warnings, common)?;
    let names: Vec<&str> = indices.iter().map(SpectralIndex::name).collect();
    let item = record(arguments, &source, &names, common)?;
    let mut sink = Sink::create(arguments, &grid, &names, common)?;
    let mut counts = MaskCounts::default();
    let mut quality = QaCounts::default();
    let mut has_value = vec![false; indices.len()];
    let counted = roles.contains(&Role::Qa);
    let mut progress = Progress::begin(common, "index", windows.len() as u64);
    let largest = windows.iter().map(|window| window.pixels()).max().unwrap_or(0);
    let bytes = (largest * (roles.len() * 6 + indices.len() * 8)) as u64;
    let packing = sink.packing();
    map_in_order(
        &windows,
        &budget,
        budget.in_flight(bytes),
        || Ok::<_, Fault>((source.open()?, packing.packer()?, Vec::new())),
        |(reader, packer, planes), &window| {
            let cube = reader.read(0, &roles, window, mask.margin())?;
            let mut seen = QaCounts::default();
            if let Some(layer) = cube.layers.iter().position(|role| *role == Role::Qa) {
                seen.add(cube.quality_within().slice(s![0, layer, .., ..]));
            }
            let (cube, masked) = mask.apply(cube)?;
            compute_into(&indices.iter().collect::<Vec<_>>(), &cube, planes)?;
            let packed = planes
                .iter()
                .enumerate()
                .map(|(band, plane)| Ok((packer.pack(band, window, plane)?, plane.iter().any(|value| !value.is_nan()))));
            Ok((packed.collect::<Result<Vec<_>, Fault>>()?, masked, seen))
        },
        |(packed, masked, seen)| {
            for (band, (plane, holds_value)) in packed.into_iter().enumerate() {
                has_value[band] |= holds_value;
                sink.append(plane)?;
            }
            counts += &masked;
            quality += &seen;
            progress.step()
        },
    )?;
    sink.finish(&budget)?;
    let mut report = Report::new("index");
    report.output(&arguments.out);
    if let Some(item) = &item {
        item::write(item, &arguments.out, &[], &mut report)?;
    }
    report.fact("scene", source.scenes()[0].id.clone());
    report.fact("indices", json!(names));
    report.fact("counts", json!(counts));
    if counted {
        report.fact("qa", json!(quality));
    }
    report.say(format!("{}: {} of {} pixels clear", arguments.out.display(), counts.clear, counts.pixels));
    if let Some(line) = judged {
        report.say(line);
    }
    report.warnings = warnings;
    report.warnings.extend(empty(&counts, names.iter().zip(&has_value)));
    Ok(report)
}

/// What the guard says of the scene, where the formulas read bands whose numbers may lie; refuses a scene whose do.
fn guard(
    arguments: &Index,
    source: &GriddedImagery,
    (mask, roles): (&MaskPlan, &[Role]),
    warnings: &mut Vec<Warning>,
    common: &Common,
) -> Result<Option<String>, Fault> {
    let scene = &source.scenes()[0];
    // A formula of other bands says nothing that a wrong offset of these would show in.
    if !Guard::roles(scene).iter().any(|role| roles.contains(role)) {
        return Ok(None);
    }
    let guard = Guard { enabled: !arguments.numbers.no_guard, ..Guard::default() };
    let screened = screen::screen(source, &[mask], &guard, Sample::Glance, common)?;
    for screened in &screened {
        screen::refuse(screened, &scene.id)?;
        warnings.extend(screened.undeclared_fill(scene));
    }
    Ok(screen::told(&screened, &guard))
}

/// What has no value.
fn empty<'a>(counts: &MaskCounts, has_value: impl Iterator<Item = (&'a &'a str, &'a bool)>) -> Vec<Warning> {
    if counts.clear == 0 {
        return vec![Warning::new("nothing_clear", "no pixel is clear: the output holds no value")];
    }
    let told = |(name, _): (&&str, &bool)| {
        Warning::new("no_value", format!("{name} has no value in any clear pixel: it is not defined for their numbers"))
    };
    has_value.filter(|(_, has)| !**has).map(told).collect()
}

/// The one scene of a product, of a file with named bands or of layers by role.
pub(super) fn scene(path: Option<&Path>, bands: Option<&str>, units: Option<&str>, numbers: &Numbers) -> Result<Found, Fault> {
    let scaling = layers::scaling(numbers.scale, numbers.offset);
    let rule = layers::rule(numbers.qa.as_deref(), numbers.clear.as_deref())?;
    let rule = rule.as_ref();
    if let Some(bands) = bands {
        let joined = match path {
            Some(file) if !bands.contains('=') || bands.split(',').all(|part| part.rsplit('=').next().is_some_and(is_number)) => {
                bands.split(',').map(|part| part.replacen('=', &format!("={}:", file.display()), 1)).collect::<Vec<_>>().join(",")
            }
            _ => bands.to_owned(),
        };
        return Layers::read(&joined)?.scene(&LayerOptions { id: "scene", date: None, scaling, rule });
    }
    let path = path.unwrap_or(Path::new(""));
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let by_numbers = scaling.is_some() || rule.is_some();
    let is_product = is_zip || geoio::is_stac(path) || geoio::is_composite(path) || path.is_dir() && !geoio::is_cube(path);
    if !is_product && (by_numbers || !geoio::is_picture(path)?) {
        let layers = Layers { file: Some(path.to_owned()), named: geoio::layers_of_file(path)? };
        return layers.scene(&LayerOptions { id: &layers::scene_name(path), date: None, scaling, rule });
    }
    let mut spec = geoio::product_at(path);
    match (&mut spec, units) {
        (ImagerySpec::LandsatL1(spec), Some("radiance")) => spec.units = geoio::Units::Radiance,
        (_, None) | (ImagerySpec::LandsatL1(_), Some("reflectance")) | (ImagerySpec::Sentinel1Rtc(_), Some("power")) => {}
        (ImagerySpec::Sentinel1Rtc(spec), Some("db")) => spec.units = geoio::PowerUnits::Db,
        (_, Some(units)) => {
            return Err(Fault::usage(format!(
                "--units {units}: Landsat Level 1 is read as reflectance or radiance, Sentinel-1 as power or db, and {} is neither so",
                path.display()
            )));
        }
    }
    // One picture needs no day.
    if let ImagerySpec::Orthomosaic(_) = spec {
        let found = geoio::picture(path)?;
        return Ok(found);
    }
    let found = geoio::find(&[spec], Path::new(""))?;
    match found.imagery.scenes.len() {
        1 => Ok(found),
        n => Err(Fault::new(Exit::Input, format!("{}: holds {n} scenes that can be used, expected one", path.display()))),
    }
}

/// What the item beside the raster says, where one is asked for.
fn record(arguments: &Index, source: &GriddedImagery, names: &[&str], common: &Common) -> Result<Option<Item>, Fault> {
    if !arguments.output.stac {
        return Ok(None);
    }
    let mut inputs = source.imagery().files();
    inputs.extend(arguments.aoi.clone());
    item::check_place(&arguments.out, &inputs, common)?;
    let scene = &source.scenes()[0];
    let unknown =
        || Fault::usage("--stac: nobody tells the day of the scene; name a product, a STAC item or a GeoTIFF with its day");
    let period = match arguments.scene.as_deref().filter(|_| arguments.bands.is_none()) {
        None => return Err(unknown()),
        Some(path) if scene.sensor.bands.is_empty() && !geoio::is_stac(path) => {
            Period::Day(geoio::date_of_file(path)?.ok_or_else(unknown)?, None)
        }
        Some(_) => Period::Day(scene.date, scene.second),
    };
    Ok(Some(Item { period, lineage: format!("{} of {}", names.join(", "), scene.id), inputs, format: arguments.output.format }))
}

/// The class of pixels of an orthomosaic that show nothing.
const NOT_SHOWN: &str = "transparent";

fn is_number(text: &str) -> bool {
    text.parse::<usize>().is_ok()
}

fn mask(arguments: &Index, scene: &raster::Scene, grid: &raster::Grid) -> Result<MaskPlan, Fault> {
    let has_rule = arguments.numbers.qa.is_some() || arguments.numbers.clear.is_some();
    let classes = match arguments.mask.as_str() {
        "none" if has_rule => None,
        // What an orthomosaic does not show is no ground, whatever is masked.
        "none" if scene.sensor.masks.iter().any(|class| class.name == NOT_SHOWN) => Some(vec![NOT_SHOWN.to_owned()]),
        "none" => return Ok(MaskPlan::none()),
        "default" => None,
        list => Some(list.split(',').map(|class| class.trim().to_owned()).collect()),
    };
    if let Some(layer) = scene.sensor.missing_mask(classes.as_deref(), |role| scene.has(role)) {
        return Err(Fault::new(
            Exit::Input,
            format!("{} has no layer {layer}, by which these classes are told: give --mask none, or other classes", scene.id),
        ));
    }
    let options = MaskOptions { classes, dilate_m: arguments.dilate };
    Ok(MaskPlan::new(&scene.sensor, &options, grid.pixel_m())?)
}

fn roles(indices: &[SpectralIndex], scene: &raster::Scene, mask: &MaskPlan, with_quality: bool) -> Result<Vec<Role>, Fault> {
    let mut roles: Vec<Role> = Vec::new();
    for index in indices {
        roles.extend(index.inputs(scene)?);
    }
    roles.sort();
    roles.dedup();
    let mut layers = mask.layers();
    if with_quality && scene.has(&Role::Qa) {
        layers.push(Role::Qa);
    }
    layers.sort();
    layers.dedup();
    roles.extend(layers);
    Ok(roles)
}

/// A float32 raster, or an int16 one in steps of `--out-scale`.
enum Sink {
    Float(RasterWriter<f32>),
    Integer(RasterWriter<i16>, f64),
}

/// int16 nodata.
const NO_VALUE: i16 = i16::MIN;

impl Sink {
    fn create(arguments: &Index, grid: &raster::Grid, names: &[&str], common: &Common) -> Result<Self, Fault> {
        let named = |options: RasterOptions| raster_options(options, &arguments.output);
        let values = RasterOptions::values(names);
        match arguments.kind.as_str() {
            "float32" => {
                Ok(Self::Float(RasterWriter::create(&arguments.out, grid, named(values.nodata(f64::NAN))?, common.force)?))
            }
            "int16" => {
                let scaled = RasterOptions { scaling: Some((arguments.out_scale, 0.0)), ..values.nodata(f64::from(NO_VALUE)) };
                Ok(Self::Integer(RasterWriter::create(&arguments.out, grid, named(scaled)?, common.force)?, arguments.out_scale))
            }
            other => Err(Fault::usage(format!("--type {other}: expected float32 or int16"))),
        }
    }

    fn packing(&self) -> SinkPacking {
        match self {
            Self::Float(writer) => SinkPacking::Float(writer.packing()),
            Self::Integer(writer, step) => SinkPacking::Integer(writer.packing(), *step),
        }
    }

    fn append(&mut self, plane: Plane) -> Result<(), Fault> {
        match (self, plane) {
            (Self::Float(writer), Plane::Float(packed)) => writer.append(packed)?,
            (Self::Integer(writer, _), Plane::Integer(packed)) => writer.append(packed)?,
            _ => unreachable!("a sink's packers pack its own numbers"),
        }
        Ok(())
    }

    fn finish(self, budget: &Budget) -> Result<(), Fault> {
        match self {
            Self::Float(writer) => complete(writer, budget),
            Self::Integer(writer, _) => complete(writer, budget),
        }
    }
}

/// How the planes of a [`Sink`] are packed.
enum SinkPacking {
    Float(Packing<f32>),
    Integer(Packing<i16>, f64),
}

impl SinkPacking {
    fn packer(&self) -> Result<SinkPacker, Fault> {
        Ok(match self {
            Self::Float(packing) => SinkPacker::Float(packing.packer()?),
            Self::Integer(packing, step) => SinkPacker::Integer(packing.packer()?, *step, Array2::zeros((0, 0))),
        })
    }
}

/// Packs the planes of a [`Sink`]; one a thread.
enum SinkPacker {
    Float(Packer<f32>),
    /// Steps, and the array of the last plane's.
    Integer(Packer<i16>, f64, Array2<i16>),
}

/// A packed plane of a [`Sink`].
enum Plane {
    Float(Packed<f32>),
    Integer(Packed<i16>),
}

impl SinkPacker {
    fn pack(&mut self, band: usize, window: Window, plane: &Array3<f32>) -> Result<Plane, Fault> {
        let plane = plane.index_axis(Axis(0), 0);
        Ok(match self {
            Self::Float(packer) => Plane::Float(packer.pack(band, window, plane)?),
            Self::Integer(packer, step, steps) => {
                let inverse = 1.0 / *step;
                if steps.dim() != plane.dim() {
                    *steps = Array2::zeros(plane.dim());
                }
                steps.zip_mut_with(&plane, |step, value| *step = whole_steps(f64::from(*value) * inverse));
                Plane::Integer(packer.pack(band, window, steps.view())?)
            }
        })
    }
}

/// The largest number below a half: added to a number that is then cut, it rounds as `f64::round` does, in a few vector operations.
const BELOW_HALF: f64 = 0.499_999_999_999_999_94;

/// A number of steps, rounded half away from zero, within what an int16 band holds; [`NO_VALUE`] for NaN.
#[inline]
fn whole_steps(steps: f64) -> i16 {
    let held = steps.clamp(-32_767.0, 32_767.0);
    let whole = (held + BELOW_HALF.copysign(held)) as i32 as i16;
    if steps.is_nan() { NO_VALUE } else { whole }
}

/// How a verb's raster is written: what the arguments say of format and codec.
pub(crate) fn raster_options(options: RasterOptions, output: &RasterOutput) -> Result<RasterOptions, Fault> {
    let predictor = match output.predictor.as_deref() {
        None | Some("2" | "3" | "yes") => true,
        Some("1" | "none" | "no") => false,
        Some(other) => return Err(Fault::usage(format!("--predictor {other}: expected none, 2 or 3"))),
    };
    if output.block < 16 || !output.block.is_multiple_of(16) {
        return Err(Fault::usage(format!("--block {}: expected a multiple of 16", output.block)));
    }
    let (format, compression) = (output.format, output.compress);
    Ok(RasterOptions { format, compression, level: output.level, predictor, block: output.block, ..options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_rounded_as_numbers_are() {
        let mut number = -40_000.0_f64;
        while number < 40_000.0 {
            for near in [number, number.next_up(), number.next_down()] {
                assert_eq!(whole_steps(near), near.round().clamp(-32_767.0, 32_767.0) as i16, "{near}");
            }
            number += 0.25;
        }
        assert_eq!((whole_steps(f64::NAN), whole_steps(f64::INFINITY)), (NO_VALUE, 32_767));
    }
}
