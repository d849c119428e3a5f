//! `height`: how high what stands on the ground is.

use std::path::PathBuf;

use geoio::{OdmProject, PlaneOnGrid, RasterFile, RasterOptions, RasterWriter, Resampling};
use pipeline::map_in_order;
use raster::{Grid, Warning, Window};
use serde_json::json;

use super::apart::check_apart;
use super::index::raster_options;
use crate::args::{Common, Height};
use crate::completion::complete;
use crate::fault::{Exit, Fault};
use crate::progress::Progress;
use crate::report::Report;

/// Metres below ground that surface and terrain may disagree by.
const SLACK_M: f32 = 1.0;
/// Share of such pixels from which people are told.
const TOLD: f64 = 0.01;
/// Tiles of the output in a window, along its longer side.
const TILES: usize = 4;

/// Pixels of what was worked on.
#[derive(Default)]
struct Counts {
    pixels: u64,
    measured: u64,
    below: u64,
}

/// Takes terrain off surface.
pub(crate) fn height(arguments: &Height, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let (surface, terrain) = models(arguments)?;
    check_apart(Some(&arguments.out), [&surface, &terrain])?;
    let grid: Grid = RasterFile::open(&surface)?.grid().clone();
    let options = raster_options(RasterOptions::values(&["height"]).nodata(f64::NAN), &arguments.output)?;
    let block = options.block;
    let mut writer = RasterWriter::<f32>::create(&arguments.out, &grid, options, common.force)?;
    let packing = writer.packing();
    let windows: Vec<Window> = grid.tiles(block, TILES * block).collect();
    let mut counts = Counts::default();
    let mut progress = Progress::begin(common, "height", windows.len() as u64);
    map_in_order(
        &windows,
        &budget,
        budget.in_flight((block * TILES * block * 16) as u64),
        || {
            // Terrain is smooth and often coarser; the surface's own pixels stay as they are.
            let above = PlaneOnGrid::new(RasterFile::open(&surface)?, 1, &grid, Resampling::Nearest)?;
            let ground = PlaneOnGrid::new(RasterFile::open(&terrain)?, 1, &grid, Resampling::Bilinear)?;
            Ok::<_, Fault>((above, ground, packing.packer()?))
        },
        |(above, ground, packer), &window| {
            let mut heights = above.read(window)?;
            heights.zip_mut_with(&ground.read(window)?, |above, ground| *above -= ground);
            let measured = heights.iter().filter(|height| !height.is_nan()).count() as u64;
            let below = heights.iter().filter(|height| **height < -SLACK_M).count() as u64;
            Ok((packer.pack(0, window, heights.view())?, measured, below))
        },
        |(packed, measured, below)| {
            writer.append(packed)?;
            counts.measured += measured;
            counts.below += below;
            progress.step()
        },
    )?;
    counts.pixels = (grid.rows * grid.cols) as u64;
    if counts.measured == 0 {
        let reason = format!("{} and {} have no pixel in common", surface.display(), terrain.display());
        return Err(Fault::new(Exit::Input, reason));
    }
    complete(writer, &budget)?;
    let mut report = Report::new("height");
    report.output(&arguments.out);
    report.fact("counts", json!({ "pixels": counts.pixels, "measured": counts.measured, "below_ground": counts.below }));
    report.say(format!("{}: {} of {} pixels have a height", arguments.out.display(), counts.measured, counts.pixels));
    let share = counts.below as f64 / counts.measured as f64;
    if share > TOLD {
        let message = format!(
            "in {:.1} % of the pixels the surface lies more than {SLACK_M} m below the terrain: do both count from the same height?",
            share * 100.0
        );
        report.warnings.push(Warning::new("surface_below_terrain", message));
    }
    Ok(report)
}

/// The models of surface and terrain.
fn models(arguments: &Height) -> Result<(PathBuf, PathBuf), Fault> {
    let project = match &arguments.project {
        None => None,
        Some(folder) => Some(OdmProject::at(folder).ok_or_else(|| {
            let reason = "it has no odm_orthophoto/odm_orthophoto.tif; name a project folder, or --dsm and --dtm";
            Fault::new(Exit::Input, format!("{}: {reason}", folder.display()))
        })?),
    };
    let of_project = |model: fn(&OdmProject) -> &Option<PathBuf>, name: &str| match &project {
        Some(project) => model(project).clone().ok_or_else(|| {
            let reason = format!("it has no odm_dem/{name}.tif; run OpenDroneMap with --{name}, or give --{name}");
            Fault::new(Exit::Input, format!("{}: {reason}", project.folder.display()))
        }),
        None => Err(Fault::usage(format!("--{name} FILE is missing; or name a project folder of OpenDroneMap"))),
    };
    let surface = arguments.dsm.clone().map_or_else(|| of_project(|project| &project.dsm, "dsm"), Ok)?;
    let terrain = arguments.dtm.clone().map_or_else(|| of_project(|project| &project.dtm, "dtm"), Ok)?;
    Ok((surface, terrain))
}
