//! `patches`: a class raster as polygons.

use alert::{Component, Connectivity, Labeller, ValuePatch, component_features, outline};
use geo::{Intersects as _, MapCoords as _};
use geo_types::{Coord, Geometry};
use geoio::RasterFile;
use geoio::sink::SinkOptions;
use ndarray::Array2;
use pipeline::map_in_order;
use raster::{Grid, Window};
use serde_json::json;

use super::apart::check_apart;
use crate::args::{Common, Patches};
use crate::fault::Fault;
use crate::progress::Progress;
use crate::report::Report;

/// Rows read at once.
const ROWS: usize = 512;
/// The class that is made into polygons without `--by-value`.
const ONE: u64 = 1f64.to_bits();
/// Components measured at once.
const CHUNK: usize = 32;

/// Turns connected pixels of equal value into polygons.
pub(crate) fn patches(arguments: &Patches, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let connectivity =
        Connectivity::try_from(arguments.connectivity).map_err(|error| Fault::usage(format!("--connectivity: {error}")))?;
    check_apart(Some(&arguments.out), [&arguments.raster].into_iter().chain(&arguments.aoi))?;
    let file = RasterFile::open(&arguments.raster)?;
    let bands = bands(arguments, &file)?;
    let grid = file.grid().clone();
    let least = least_pixels(arguments, &grid);
    let mut found: Vec<ValuePatch> = Vec::new();
    for band in bands {
        found.extend(components(&file, band, arguments, connectivity, least, common)?);
    }
    let chunks: Vec<&[ValuePatch]> = found.chunks(CHUNK).collect();
    let mut features = component_features(&[], &grid, &geoio::crs::GridProjection::new(&grid)?)?;
    map_in_order(
        &chunks,
        &budget,
        budget.in_flight(1 << 20),
        || Ok::<_, Fault>(geoio::crs::GridProjection::new(&grid)?),
        |projection, chunk| Ok(component_features(chunk, &grid, projection)?),
        |table| {
            features.append(table);
            Ok(())
        },
    )?;
    if let Some(aoi) = &arguments.aoi {
        let layer = geoio::layer::read(aoi, &geoio::layer::LayerOptions::default())?;
        let areas: Vec<Geometry<f64>> = layer.features.geometries.into_iter().flatten().collect();
        features = features.retain(|geometry| areas.iter().any(|area| area.intersects(geometry)));
    }
    geoio::sink::write(&arguments.out, &features, &SinkOptions { force: common.force, ..SinkOptions::default() })?;
    let mut report = Report::new("patches");
    report.output(&arguments.out);
    report.fact("counts", json!({ "patches": features.len(), "min_pixels": least }));
    report.say(format!("{} patches of at least {least} pixels in {}", features.len(), arguments.out.display()));
    Ok(report)
}

fn bands(arguments: &Patches, file: &RasterFile) -> Result<Vec<usize>, Fault> {
    if arguments.band == "all" {
        return Ok((1..=file.bands().len()).collect());
    }
    match arguments.band.parse::<usize>() {
        Ok(band) if (1..=file.bands().len()).contains(&band) => Ok(vec![band]),
        _ => Err(Fault::usage(format!(
            "--band {}: {} has bands 1 to {}",
            arguments.band,
            arguments.raster.display(),
            file.bands().len()
        ))),
    }
}

/// The larger of the two minima, in pixels.
fn least_pixels(arguments: &Patches, grid: &Grid) -> u64 {
    let (width, height) = grid.pixel_m();
    let by_area = (arguments.min_area_ha * 1e4 / (width * height) - 1e-9).ceil().max(0.0) as u64;
    by_area.max(arguments.min_pixels).max(1)
}

fn components(
    file: &RasterFile,
    band: usize,
    arguments: &Patches,
    connectivity: Connectivity,
    least: u64,
    common: &Common,
) -> Result<Vec<ValuePatch>, Fault> {
    let grid = file.grid();
    let nodata = file.bands()[band - 1].nodata;
    let by_value = arguments.by_value;
    let strips: Vec<Window> = grid.strips(ROWS).collect();
    let mut labeller: Labeller<u64, ()> = Labeller::new(connectivity, least);
    let mut found = Vec::new();
    let mut progress = Progress::begin(common, "patches", strips.len() as u64);
    let class = |value: f64| {
        let empty = value.is_nan() || nodata == Some(value);
        // Adding 0 makes one value of the two zeros.
        (!empty && (by_value || value.to_bits() == ONE)).then(|| (value + 0.0).to_bits())
    };
    let of_byte: Vec<Option<u64>> = (0..=u8::MAX).map(|code| class(f64::from(code))).collect();
    let is_bytes = file.bands()[band - 1].data_type == "Byte";
    let path = file.path();
    map_in_order(
        &strips,
        &common.budget(),
        common.budget().in_flight((grid.cols * ROWS * 16) as u64),
        || Ok::<_, Fault>(RasterFile::open(path)?),
        |file, &window| {
            Ok(if is_bytes { Values::Bytes(file.read_u8(band, window)?) } else { Values::Numbers(file.read_f64(band, window)?) })
        },
        |values| {
            match values {
                Values::Bytes(codes) => push(&mut labeller, &codes, |code| of_byte[usize::from(code)]),
                Values::Numbers(numbers) => push(&mut labeller, &numbers, class),
            }
            found.extend(labeller.take_closed().into_iter().map(|component| patch(&component, grid)));
            progress.step()
        },
    )?;
    found.extend(labeller.finish().0.into_iter().map(|component| patch(&component, grid)));
    Ok(found)
}

/// The rows of a strip: bytes are labelled as they are.
enum Values {
    Bytes(Array2<u8>),
    Numbers(Array2<f64>),
}

fn push<P: Copy>(labeller: &mut Labeller<u64, ()>, values: &Array2<P>, class: impl Fn(P) -> Option<u64>) {
    for row in values.rows() {
        labeller.push_row(row.to_slice().expect("rows are contiguous"), &class, |(), _| ());
    }
}

fn patch(component: &Component<u64, ()>, grid: &Grid) -> ValuePatch {
    let outline = outline(&component.runs).map_coords(|corner| {
        let (x, y) = grid.corner(corner.y, corner.x);
        Coord { x, y }
    });
    ValuePatch { value: f64::from_bits(component.value), outline, pixels: component.pixels }
}
