//! A map of 1280 x 1280 pixels into a file: codes of answers, and days.

use atalaya_benches::landscape;
use divan::{Bencher, black_box, counter::ItemsCount};
use geoio::{Pixel, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};

const SIDE: usize = 1280;

fn main() {
    divan::main();
}

fn format(name: &str) -> RasterFormat {
    if name == "cog" { RasterFormat::Cog } else { RasterFormat::Gtiff }
}

fn write<T: Pixel>(values: &Array2<T>, grid: &Grid, options: &RasterOptions) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = RasterWriter::create(&folder.path().join("map.tif"), grid, options.clone(), true).expect("a new file");
    for strip in grid.strips(512) {
        let rows = strip.row as usize..strip.row as usize + strip.rows;
        writer.write(0, strip, black_box(values.slice(ndarray::s![rows, ..]))).expect("rows in order");
    }
    writer.finish().expect("a file");
}

#[divan::bench(args = ["cog", "gtiff"], sample_count = 10, sample_size = 1)]
fn answers(bencher: Bencher, name: &str) {
    let landscape = landscape(SIDE);
    let values = landscape.truth().mapv(|clearing| u8::from(clearing != 0));
    let options = RasterOptions { format: format(name), ..RasterOptions::codes(&["answer"]).nodata(255.0) };
    bencher.counter(ItemsCount::new(SIDE * SIDE)).bench_local(|| write(&values, landscape.grid(), &options));
}

#[divan::bench(args = ["cog", "gtiff"], sample_count = 10, sample_size = 1)]
fn days(bencher: Bencher, name: &str) {
    let landscape = landscape(SIDE);
    let values = landscape.truth_date().mapv(|day| if day == 0 { i32::MIN } else { i32::from(day) });
    let options = RasterOptions { format: format(name), ..RasterOptions::codes(&["first_day"]).nodata(f64::from(i32::MIN)) };
    bencher.counter(ItemsCount::new(SIDE * SIDE)).bench_local(|| write(&values, landscape.grid(), &options));
}
