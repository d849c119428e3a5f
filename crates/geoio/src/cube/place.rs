//! Where an array lies: its reference system and its pixels.

use raster::{Crs, Grid};

use super::array::Array;
use super::axes::{Arrays, Axes, is_east, is_north};
use super::bytes::Reading;

/// Parts of a pixel by which places along an axis may be off: axes in 32 bits are rounded.
const TOLERANCE: f64 = 0.02;

/// What is wrong with a place.
#[derive(Debug)]
pub(super) enum Misplaced {
    NoCrs,
    NoPlace(String),
    Rotated,
    Other(String),
}

impl From<String> for Misplaced {
    fn from(reason: String) -> Self {
        Self::Other(reason)
    }
}

/// A grid, and how the array's rows and columns stand to it.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) grid: Grid,
    /// Whether the first row is the southernmost, and the first column the easternmost.
    pub(super) south_up: bool,
    pub(super) east_first: bool,
    /// What people should know.
    pub(super) note: Option<String>,
}

/// Places along an axis: edges and step in its direction.
#[derive(Debug, Clone, Copy)]
struct Run {
    first_edge: f64,
    step: f64,
}

/// Where an array lies; `crs` makes a system of a text.
pub(super) fn placed(
    arrays: &Arrays,
    array: &Array,
    axes: Axes,
    crs: impl Fn(&str) -> Result<Crs, Misplaced>,
) -> Result<Placed, Misplaced> {
    let (rows, cols) = (array.dimensions[axes.y].length, array.dimensions[axes.x].length);
    let axis = |place: usize| arrays.coordinate(&array.dimensions[place].name);
    let (x_axis, y_axis) = (axis(axes.x), axis(axes.y));
    let mapping = mapping(arrays, array)?;
    let transform = mapping.and_then(|mapping| mapping.text("GeoTransform")).map(transform).transpose()?;
    let (system, note) = system(mapping, (x_axis, y_axis), crs)?;
    let run = |axis: Option<&Array>, length: usize, of_transform: Option<Run>| -> Result<Run, Misplaced> {
        match (axis, of_transform) {
            (Some(axis), told) => along(axis, length, told, system.geographic),
            (None, Some(told)) => Ok(told),
            (None, None) => {
                Err(Misplaced::NoPlace("it has no coordinates along y and x, and its grid mapping no GeoTransform".to_owned()))
            }
        }
    };
    let x = run(x_axis, cols, transform.map(|(x, _)| x))?;
    let y = run(y_axis, rows, transform.map(|(_, y)| y))?;
    let (south_up, east_first) = (y.step > 0.0, x.step < 0.0);
    let mut west = if east_first { x.first_edge + cols as f64 * x.step } else { x.first_edge };
    let north = if south_up { y.first_edge + rows as f64 * y.step } else { y.first_edge };
    let (step_x, step_y) = (x.step.abs(), y.step.abs());
    if system.geographic {
        let south = north - rows as f64 * step_y;
        if north > 90.0 + step_y || south < -90.0 - step_y {
            let reason = format!("its y runs from {south} to {north}, which are no latitudes, though its system is geographic");
            return Err(Misplaced::Other(reason));
        }
        if west >= 180.0 {
            west -= 360.0;
        } else if west + cols as f64 * step_x > 180.0 + step_x {
            return Err(Misplaced::Other(
                "its longitudes run beyond 180: cut it there, or write them from -180 to 180 in order".to_owned(),
            ));
        }
    }
    Ok(Placed { grid: Grid { crs: system, west, north, step_x, step_y, rows, cols }, south_up, east_first, note })
}

/// The array that says how the plane is mapped: the one that is named, or the one that rioxarray and others look for.
fn mapping<'a>(arrays: &'a Arrays, array: &'a Array) -> Reading<Option<&'a Array>> {
    let Some(named) = array.text("grid_mapping") else {
        let usual = ["spatial_ref", "crs"].iter().filter_map(|name| arrays.seen_from(array, name));
        return Ok(usual.into_iter().find(|mapping| wkt(mapping).is_some()));
    };
    // `crs: x y` is the longer form, of which there may be several.
    if named.matches(':').count() > 1 {
        return Err(format!("{} names several grid mappings ({named}), and one is read", array.name));
    }
    let name = named.split(':').next().unwrap_or_default().trim();
    let found = arrays.seen_from(array, name);
    found.map(Some).ok_or_else(|| format!("{} names the grid mapping '{name}', which is not there", array.name))
}

fn wkt(mapping: &Array) -> Option<&str> {
    ["crs_wkt", "spatial_ref"].iter().find_map(|key| mapping.text(key)).filter(|text| !text.trim().is_empty())
}

fn system(
    mapping: Option<&Array>,
    (x, y): (Option<&Array>, Option<&Array>),
    crs: impl Fn(&str) -> Result<Crs, Misplaced>,
) -> Result<(Crs, Option<String>), Misplaced> {
    if let Some(mapping) = mapping {
        if let Some(text) = wkt(mapping) {
            return Ok((crs(text)?, None));
        }
        let number = |key: &str| mapping.attributes.get(key).and_then(|value| value.values()?.first().copied());
        let is_near = |key: &str, wanted: f64| number(key).is_some_and(|value| (value - wanted).abs() < 1e-6);
        let is_wgs84 = mapping.text("grid_mapping_name") == Some("latitude_longitude")
            && is_near("semi_major_axis", 6_378_137.0)
            && (is_near("inverse_flattening", 298.257_223_563) || is_near("semi_minor_axis", 6_356_752.314_245_179));
        if is_wgs84 {
            return Ok((crs("EPSG:4326")?, None));
        }
        return Err(Misplaced::Other(format!(
            "its grid mapping {} has no crs_wkt, and its other attributes are not read: write one (rioxarray: rio.write_crs)",
            mapping.name
        )));
    }
    let is = |axis: Option<&Array>, test: fn(&str) -> bool, name: &str| {
        axis.is_some_and(|axis| axis.text("units").is_some_and(test) || axis.text("standard_name") == Some(name))
    };
    if is(x, is_east, "longitude") && is(y, is_north, "latitude") {
        let note = "it has longitudes and latitudes and no grid mapping: they are taken for those of WGS 84";
        return Ok((crs("EPSG:4326")?, Some(note.to_owned())));
    }
    Err(Misplaced::NoCrs)
}

/// West edge and step, north edge and step of a text of GDAL's six coefficients.
fn transform(text: &str) -> Result<(Run, Run), Misplaced> {
    let numbers = text.split([' ', ',']).filter(|part| !part.is_empty()).map(str::parse);
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>().unwrap_or_default();
    let [west, step_x, shear_x, north, shear_y, step_y] = numbers[..] else {
        return Err(Misplaced::NoPlace(format!(
            "its GeoTransform '{}' is not six numbers",
            text.chars().take(80).collect::<String>()
        )));
    };
    if !numbers.iter().all(|number| number.is_finite()) || step_x == 0.0 || step_y == 0.0 {
        return Err(Misplaced::NoPlace("its GeoTransform gives pixels no width and height".to_owned()));
    }
    if shear_x.abs() > 1e-9 * step_x.abs() || shear_y.abs() > 1e-9 * step_y.abs() {
        return Err(Misplaced::Rotated);
    }
    Ok((Run { first_edge: west, step: step_x }, Run { first_edge: north, step: step_y }))
}

/// The run of an axis, whose places are the middles of pixels; the one told elsewhere, which is exact, where they agree.
fn along(axis: &Array, length: usize, told: Option<Run>, geographic: bool) -> Result<Run, Misplaced> {
    let name = axis.own_name();
    check_units(axis, geographic)?;
    let mut places = axis.numbers()?;
    let factor = |key: &str| axis.attributes.get(key).and_then(|value| value.values()?.first().copied());
    let (scale, offset) = (factor("scale_factor"), factor("add_offset"));
    if scale.is_some() || offset.is_some() {
        for place in &mut places {
            *place = *place * scale.unwrap_or(1.0) + offset.unwrap_or(0.0);
        }
    }
    if places.len() != length || !places.iter().all(|place| place.is_finite()) {
        return Err(Misplaced::NoPlace(format!("its axis {name} does not hold a number for each pixel")));
    }
    let (first, last) = (places[0], places[length - 1]);
    let step = match (length, told) {
        (1, Some(told)) => told.step,
        (1, None) => {
            return Err(Misplaced::NoPlace(format!(
                "its axis {name} has one place only, which gives pixels no width: write a GeoTransform"
            )));
        }
        _ => (last - first) / (length - 1) as f64,
    };
    if step == 0.0 || !step.is_finite() {
        return Err(Misplaced::NoPlace(format!("its axis {name} stays where it is")));
    }
    let at = |place: usize| first + place as f64 * step;
    if let Some(place) = (0..length).find(|place| (places[*place] - at(*place)).abs() > TOLERANCE * step.abs()) {
        let reason = format!(
            "its axis {name} is not evenly spaced: {} stands where {} would, {} pixels on; interpolate it to even steps first",
            places[place],
            at(place),
            place
        );
        return Err(Misplaced::NoPlace(reason));
    }
    let own = Run { first_edge: first - step / 2.0, step };
    let Some(told) = told else { return Ok(own) };
    let end = |run: Run| run.first_edge + length as f64 * run.step;
    let is_off = |a: f64, b: f64| (a - b).abs() > 2.0 * TOLERANCE * step.abs();
    if is_off(told.first_edge, own.first_edge) || is_off(end(told), end(own)) {
        return Err(Misplaced::Other(format!(
            "its GeoTransform lets {name} run from {} to {}, and its axis from {} to {}: write the GeoTransform anew (rioxarray: \
             rio.write_transform)",
            told.first_edge,
            end(told),
            own.first_edge,
            end(own)
        )));
    }
    Ok(told)
}

fn check_units(axis: &Array, geographic: bool) -> Result<(), Misplaced> {
    let units = axis.text("units").unwrap_or_default();
    let is_degrees = units.starts_with("degree");
    let is_length = ["m", "metre", "meter", "metres", "meters", "ft", "foot", "feet", "US survey foot", "us-ft"].contains(&units);
    let fits = match units {
        "" | "1" => true,
        _ if geographic => is_degrees,
        _ => is_length,
    };
    if fits {
        return Ok(());
    }
    let system = if geographic { "geographic" } else { "projected" };
    Err(Misplaced::Other(format!(
        "its axis {} is in '{units}', and its system is {system}: write it in that system's own unit",
        axis.own_name()
    )))
}
