//! A simulated region on disk: scenes, a forest map, registries, the planted truth and a job that runs as it stands.

use std::path::Path;

use alert::Features;
use geoio::sink::SinkOptions;
use geoio::{RasterClass, RasterFormat, RasterOptions, RasterWriter};
use ndarray::{Array2, Axis};
use pipeline::map_in_order;
use raster::{RasterSink as _, Window};
use synth::{Landscape, LandscapeOptions};

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

/// Writes a region with every `every`th of its scenes; the job is `DIR/job.toml`.
pub(crate) fn write(dir: &Path, options: LandscapeOptions, every: usize, common: &Common) -> Result<Landscape, Fault> {
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
    scenes(&landscape, &dir.join("imagery"), every, common)?;
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
    crate::run::write_text(&dir.join("job.toml"), include_str!("region/job.toml").trim_end())?;
    Ok(landscape)
}

/// One GeoTIFF a date, bands described by role.
fn scenes(landscape: &Landscape, folder: &Path, every: usize, common: &Common) -> Result<(), Fault> {
    let names: Vec<String> = Landscape::layers().iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let grid = landscape.grid();
    let scaling = Landscape::scaling();
    let options = RasterOptions {
        format: RasterFormat::Gtiff,
        scaling: Some((scaling.scale, scaling.offset)),
        ..RasterOptions::values(&names).nodata(0.0)
    };
    let places: Vec<usize> = (0..landscape.dates().len()).step_by(every).collect();
    let mut progress = Progress::begin(common, "simulate", places.len() as u64);
    map_in_order(
        &places,
        &common.budget(),
        common.budget().in_flight((grid.rows * grid.cols * 40) as u64),
        || Ok::<_, Fault>(()),
        |(), &t| {
            let scene = landscape.scene(t);
            let path = folder.join(format!("simulated_{}.tif", landscape.dates()[t]));
            let mut writer = RasterWriter::<u16>::create(&path, grid, options.clone(), true)?;
            for (band, plane) in scene.axis_iter(Axis(0)).enumerate() {
                writer.write(band, grid.window(), plane)?;
            }
            Ok(writer.finish()?)
        },
        |()| progress.step(),
    )
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
