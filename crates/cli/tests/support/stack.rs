//! Stacks of images of one role, a band a date.

use std::fs;
use std::path::{Path, PathBuf};

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Date, Grid, RasterSink as _};

/// Numbers without a system: the generator of Lehmer, whose state is the last one.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 % sides
    }

    /// Around 0, a sum of four.
    pub(crate) fn noise(&mut self) -> f64 {
        (0..4).map(|_| self.roll(10_001) as f64 / 10_000.0 - 0.5).sum::<f64>() / 2.0
    }
}

/// Images of one role in memory.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(crate) role: &'static str,
    pub(crate) grid: Grid,
    pub(crate) dates: Vec<Date>,
    pub(crate) images: Vec<Array2<f32>>,
}

impl Stack {
    /// The images of a file.
    pub(crate) fn read(role: &'static str, file: &Path, dates: &Path) -> Self {
        let file = RasterFile::open(file).expect("a stack");
        let window = file.grid().window();
        let images = (1..=file.bands().len()).map(|band| file.read(band, window).expect("a band")).collect();
        let mut table = csv::Reader::from_path(dates).expect("a table");
        let column = table.headers().expect("a header").iter().position(|name| name == "date").expect("a column");
        let dates = table.records().map(|row| row.expect("a row")[column].parse().expect("a day")).collect();
        Self { role, grid: file.grid().clone(), dates, images }
    }

    /// Images every 24 days over four years, of vegetation with a season, clouds and clearings in the last one.
    pub(crate) fn synthetic(seed: u64, rows: usize, cols: usize) -> Self {
        let mut dice = Dice(seed);
        let first = Date::from_ymd(2016, 1, 5).expect("a day").days();
        let dates: Vec<Date> = (0..62).map(|look| Date::from_days(first + 24 * look)).collect();
        let cleared: Vec<i32> = (0..rows * cols).map(|_| 17_900 + dice.roll(900) as i32).collect();
        let image = |date: &Date| {
            let season = (f64::from(date.days()) / 365.25 * std::f64::consts::TAU).cos();
            Array2::from_shape_fn((rows, cols), |(row, col)| {
                let level = if date.days() < cleared[row * cols + col] { 0.7 + 0.1 * season } else { 0.25 };
                if dice.roll(4) == 0 { f32::NAN } else { (level + 0.05 * dice.noise()) as f32 }
            })
        };
        let images = dates.iter().map(image).collect();
        let crs = geoio::crs::crs("EPSG:32618").expect("a system");
        let grid = Grid { crs, west: 300_000.0, north: 200_000.0, step_x: 10.0, step_y: 10.0, rows, cols };
        Self { role: "value", grid, dates, images }
    }

    /// Writes some of the images, one file and its table.
    pub(crate) fn write(&self, folder: &Path, name: &str, times: &[usize]) -> Files {
        let (file, table) = (folder.join(format!("{name}-{}.tif", self.role)), folder.join(format!("{name}-{}.csv", self.role)));
        let names: Vec<String> = times.iter().map(|time| self.dates[*time].to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let options = RasterOptions { block: 64, format: RasterFormat::Gtiff, ..RasterOptions::codes(&names).nodata(f64::NAN) };
        let mut writer = RasterWriter::create(&file, &self.grid, options, true).expect("a place");
        for (band, time) in times.iter().enumerate() {
            writer.write(band, self.grid.window(), self.images[*time].view()).expect("a band");
        }
        writer.finish().expect("a file");
        fs::write(&table, format!("date\n{}\n", names.join("\n"))).expect("a table");
        Files { role: self.role, file, table }
    }

    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.dates.len()).collect()
    }

    pub(crate) fn before(&self, day: &str) -> usize {
        let day: Date = day.parse().expect("a day");
        self.dates.partition_point(|date| *date < day)
    }
}

/// A stack on disk.
pub(crate) struct Files {
    pub(crate) role: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) table: PathBuf,
}
