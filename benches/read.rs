//! Windows of a scene of 1280 x 1280 pixels out of a tiled file: two bands and the scene classes.

use std::path::Path;

use atalaya_benches::landscape;
use divan::{Bencher, counter::ItemsCount};
use geoio::{Compression, GriddedImagery, RasterFormat, RasterOptions, RasterWriter, Resampling};
use ndarray::Axis;
use raster::{Band, RasterReader as _, RasterSink as _, RasterSource as _, Role};
use synth::Landscape;

const SIDE: usize = 1280;

fn main() {
    divan::main();
}

/// A scene as one file, on its own pixels.
fn scene(path: &Path, compression: Compression) -> GriddedImagery {
    let landscape = landscape(SIDE);
    let names: Vec<String> = Landscape::layers().iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = RasterOptions { format: RasterFormat::Gtiff, compression, ..RasterOptions::values(&names).nodata(0.0) };
    let mut writer = RasterWriter::<u16>::create(path, landscape.grid(), options, true).expect("a new file");
    for (band, plane) in landscape.scene(0).axis_iter(Axis(0)).enumerate() {
        writer.write(band, landscape.grid().window(), plane).expect("rows in order");
    }
    writer.finish().expect("a file");
    let layers: Vec<_> = Landscape::layers().into_iter().zip(1..).map(|(role, band)| (role, path.to_owned(), band)).collect();
    let found = geoio::scene_of_layers("simulated", landscape.dates()[0], &layers, Some(Landscape::scaling()), None);
    GriddedImagery::new(found.expect("a scene").imagery, landscape.grid().clone(), Resampling::Nearest)
}

#[divan::bench(args = ["deflate", "zstd"], sample_count = 20, sample_size = 1)]
fn scene_window(bencher: Bencher, codec: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let compression = if codec == "zstd" { Compression::Zstd } else { Compression::Deflate };
    let source = scene(&folder.path().join("scene.tif"), compression);
    let roles = [Role::Band(Band::Nir), Role::Band(Band::Swir22), Role::Scl];
    let window = source.grid().window();
    // A reader of its own each time: what an earlier one unpacked must not be there any more.
    bencher
        .counter(ItemsCount::new(SIDE * SIDE))
        .with_inputs(|| source.open().expect("a reader"))
        .bench_local_values(|mut reader| reader.read(0, &roles, window, 4).expect("its pixels"));
}
