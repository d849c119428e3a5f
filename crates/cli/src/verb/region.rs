//! A simulated region on disk: scenes, a forest map, registries, the planted truth and a job that runs as it stands.

use std::path::Path;

use alert::Features;
use geoio::sink::SinkOptions;
use geoio::{RasterClass, RasterFormat, RasterOptions, RasterWriter};
use ndarray::{Array2, Axis};
use pipeline::{Budget, map_in_order};
use raster::{Date, RasterSink as _, Window};
use synth::{Baseline, Landscape, LandscapeOptions, Product};

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

/// Writes a region with every `every`th of its scenes; the job is `DIR/job.toml`.
pub(crate) fn write(
    dir: &Path,
    options: LandscapeOptions,
    every: usize,
    form: Form,
    common: &Common,
) -> Result<Landscape, Fault> {
    let landscape = Landscape::new(options).map_err(|error| Fault::from_error(Exit::Usage, error))?;
    let folder = |name: &str| -> Result<(), Fault> {
        let path = dir.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Fault::new(Exit::Output, format!("{}: {error}", path.display())))
    };
    folder("imagery")?;
    folder("registries")?;
    if dir.join("job.toml").exists() && !common.force {
        return Err(Fault::usage(format!("{}: holds a job already; choose another folder, or --force", dir.display())));
    }
    scenes(&landscape, &dir.join("imagery"), every, form, common)?;
    class_raster(&dir.join("forest.tif"), &landscape, &landscape.forest())?;
    let layers: [(&str, Features); 5] = [
        ("registries/municipalities.geojson", landscape.municipalities()),
        ("registries/protected_areas.geojson", landscape.protected_areas()),
        ("registries/reserves.geojson", landscape.reserves()),
        ("registries/permits.geojson", landscape.permits()),
        ("truth.geojson", landscape.truth_features()),
    ];
    for (name, features) in &layers {
        geoio::sink::write(&dir.join(name), features, &SinkOptions { force: true, ..SinkOptions::default() })?;
    }
    crate::run::write_text(&dir.join("registries/catalogue.toml"), include_str!("region/catalogue.toml").trim_end())?;
    crate::run::write_text(&dir.join("job.toml"), form.job().trim_end())?;
    Ok(landscape)
}

/// In which form the scenes are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// One file a date, bands described by role.
    Geotiff,
    /// Sentinel-2 Level-2A products.
    Sentinel2 {
        /// Which numbers are stored.
        baseline: Baseline,
        /// Whether each is packed into a zip.
        zip: bool,
    },
    /// Landsat Collection 2 Level 2 products.
    Landsat,
}

impl Form {
    /// Bytes a pixel of a scene while it is made: of a `GeoTIFF` its sky, of products all layers too.
    fn bytes_a_pixel(self) -> u64 {
        match self {
            Self::Geotiff => 24,
            Self::Sentinel2 { .. } | Self::Landsat => 60,
        }
    }

    /// The job for scenes of this form.
    fn job(self) -> String {
        let text = include_str!("region/job.toml");
        let product = match self {
            Self::Geotiff => return text.to_owned(),
            Self::Sentinel2 { .. } => "sentinel-2-l2a",
            Self::Landsat => "landsat-c2-l2",
        };
        let (before, rest) = text.split_once("[[imagery]]").expect("the job names its imagery");
        let (_, after) = rest.split_once("[mask]").expect("masks come after the imagery");
        format!("{before}[[imagery]]\nproduct = \"{product}\"\npath = \"imagery\"\n\n[mask]{after}")
    }
}

fn scenes(landscape: &Landscape, folder: &Path, every: usize, form: Form, common: &Common) -> Result<(), Fault> {
    let grid = landscape.grid();
    let places: Vec<usize> = (0..landscape.dates().len()).step_by(every).collect();
    let budget = common.budget();
    let at_once = budget.in_flight(form.bytes_a_pixel() * (grid.rows * grid.cols) as u64).min(budget.jobs());
    // Where scenes are too large to be made side by side, the threads share the strips of one.
    let share = Budget::new(budget.jobs() / at_once, budget.bytes() / at_once as u64);
    let mut progress = Progress::begin(common, "simulate", places.len() as u64);
    map_in_order(
        &places,
        &budget,
        at_once,
        || Ok::<_, Fault>(()),
        |(), &t| {
            // Providers take a month; a version that is made again comes later.
            let made = Date::from_days(landscape.dates()[t].days() + 30);
            match form {
                Form::Geotiff => geotiff(landscape, t, folder, &share),
                Form::Sentinel2 { baseline, zip } => product(&synth::sentinel2(landscape, t, baseline, made), folder, zip),
                Form::Landsat => product(&synth::landsat(landscape, t, made), folder, false),
            }
        },
        |()| progress.step(),
    )
}

/// Rows of a scene that are drawn at once.
const ROWS: usize = 128;

fn geotiff(landscape: &Landscape, t: usize, folder: &Path, budget: &Budget) -> Result<(), Fault> {
    let names: Vec<String> = Landscape::layers().iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let scaling = Landscape::scaling();
    let options = RasterOptions {
        format: RasterFormat::Gtiff,
        scaling: Some((scaling.scale, scaling.offset)),
        ..RasterOptions::values(&names).nodata(0.0)
    };
    let path = folder.join(format!("simulated_{}.tif", landscape.dates()[t]));
    let mut writer = RasterWriter::<u16>::create(&path, landscape.grid(), options, true)?;
    let strips: Vec<Window> = landscape.grid().strips(ROWS).collect();
    let look = landscape.look(t);
    map_in_order(
        &strips,
        budget,
        budget.jobs() + 1,
        || Ok::<_, Fault>(()),
        |(), strip| Ok((*strip, look.rows(strip.row as usize..strip.row as usize + strip.rows))),
        |(strip, rows)| {
            for (band, plane) in rows.axis_iter(Axis(0)).enumerate() {
                writer.write(band, strip, plane)?;
            }
            Ok(())
        },
    )?;
    Ok(writer.finish()?)
}

/// Writes the folder of a product, or the zip of it.
fn product(product: &Product, folder: &Path, zip: bool) -> Result<(), Fault> {
    let place = folder.join(&product.name);
    for image in &product.images {
        let path = place.join(&image.path);
        if path.extension().is_some_and(|extension| extension == "jp2") && image.eight_bit {
            geoio::write_jp2(&path, &image.grid, image.values.mapv(|v| v as u8).view())?;
        } else if path.extension().is_some_and(|extension| extension == "jp2") {
            geoio::write_jp2(&path, &image.grid, image.values.view())?;
        } else {
            let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::codes(&[""]) };
            let mut writer = RasterWriter::<u16>::create(&path, &image.grid, options, true)?;
            writer.write(0, image.grid.window(), image.values.view())?;
            writer.finish()?;
        }
    }
    for (name, text) in &product.texts {
        crate::run::write_text(&place.join(name), text.trim_end())?;
    }
    if zip {
        geoio::zip_folder(&place, &folder.join(format!("{}.zip", product.name)))?;
        std::fs::remove_dir_all(&place).map_err(|error| Fault::new(Exit::Output, format!("{}: {error}", place.display())))?;
    }
    Ok(())
}

fn class_raster(path: &Path, landscape: &Landscape, classes: &Array2<u8>) -> Result<(), Fault> {
    let grid = landscape.grid();
    let class = |code, name: &str, colour| RasterClass { code, name: name.to_owned(), colour };
    let legend = vec![class(1, "forest", [0, 90, 50, 255]), class(2, "other", [240, 230, 140, 255])];
    let options =
        RasterOptions { format: RasterFormat::Gtiff, classes: legend, ..RasterOptions::codes(&["forest_2020"]).nodata(0.0) };
    let mut writer = RasterWriter::<u8>::create(path, grid, options, true)?;
    let window: Window = grid.window();
    writer.write(0, window, classes.view())?;
    Ok(writer.finish()?)
}
