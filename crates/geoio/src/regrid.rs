use gdal::raster::Buffer;
use gdal::{Dataset, DriverManager};
use ndarray::{Array2, ArrayView1, ArrayViewMut2, s};
use raster::{Bounds, Crs, Grid, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crs::Transform;
use crate::ffi::{self, End, Kernel};
use crate::{GeoioError, RasterFile, complaint};

/// Most source pixels that are held for one warp; a larger window is cut, which changes no value.
const MAX_SOURCE_PIXELS: usize = 1 << 24;

/// How values are brought to another grid. Codes are always taken from the nearest pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resampling {
    /// The nearest pixel.
    Nearest,
    /// Weighted by distance from the pixels around.
    #[default]
    Bilinear,
    /// Mean of the pixels covered: for a grid much coarser than the file.
    Average,
}

impl Resampling {
    fn kernel(self) -> Kernel {
        match self {
            Self::Nearest => Kernel::Nearest,
            Self::Bilinear => Kernel::Bilinear,
            Self::Average => Kernel::Average,
        }
    }
}

/// Which stored numbers of a band are values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Layer {
    /// Band, the first is 1.
    pub(crate) band: usize,
    /// Stored number that means "no data".
    pub(crate) nodata: Option<f64>,
    /// How it is resampled.
    pub(crate) resampling: Resampling,
}

/// Reads windows of any raster file on one grid; one a worker.
#[derive(Debug)]
pub(crate) struct Regrid {
    grid: Grid,
    /// From the grid's system to others, by the order of first use.
    routes: Vec<(Crs, Transform)>,
}

impl Regrid {
    pub(crate) fn new(grid: Grid) -> Self {
        Self { grid, routes: Vec::new() }
    }

    /// Values over a window of the grid; NaN = nodata or outside the file.
    pub(crate) fn read(&mut self, file: &RasterFile, layer: Layer, window: Window) -> Result<Array2<f32>, GeoioError> {
        let mut values = Array2::from_elem((window.rows, window.cols), f32::NAN);
        self.read_into(file, layer, window, values.view_mut())?;
        Ok(values)
    }

    /// As [`Regrid::read`] into an array of the window's shape.
    ///
    /// A file whose pixels coincide with the grid's is read as it is, the nearest of pixels that each cover whole ones
    /// of the grid are repeated (20 m codes on a grid of 10 m); else it is warped.
    pub(crate) fn read_into(
        &mut self,
        file: &RasterFile,
        layer: Layer,
        window: Window,
        mut values: ArrayViewMut2<'_, f32>,
    ) -> Result<(), GeoioError> {
        let wanted = self.grid.crop(window);
        if let Some(place) = file.grid().aligned_window(&wanted) {
            return file.read_valid_into(layer.band, place, layer.nodata, values);
        }
        if let (Resampling::Nearest, Some(nest)) = (layer.resampling, Nest::find(file.grid(), &wanted)) {
            nest.repeat(&file.read_valid(layer.band, nest.place, layer.nodata)?, values);
        } else {
            values.assign(&self.warp(file, layer, window)?);
        }
        Ok(())
    }

    fn warp(&mut self, file: &RasterFile, layer: Layer, window: Window) -> Result<Array2<f32>, GeoioError> {
        let scale = self.scale(file)?;
        let Some(place) = self.source_window(file, scale, window)? else {
            return Ok(Array2::from_elem((window.rows, window.cols), f32::NAN));
        };
        if place.pixels() > MAX_SOURCE_PIXELS && window.pixels() > 1 {
            return self.warp_halves(file, layer, window);
        }
        let values = file.read_valid(layer.band, place, layer.nodata)?;
        let wrong = |reason| GeoioError::Gdal { path: file.path().to_owned(), what: "warping".to_owned(), reason };
        let source = memory(&values).map_err(wrong)?;
        let target = memory(&Array2::from_elem((window.rows, window.cols), f32::NAN)).map_err(wrong)?;
        let same = file.grid().crs == self.grid.crs;
        let wkt = |crs: &'_ Crs| if same { String::new() } else { crs.wkt.clone() };
        let (source_wkt, target_wkt) = (wkt(&file.grid().crs), wkt(&self.grid.crs));
        let first = |window: Window| (window.col as f64, window.row as f64);
        let whole = file.grid().geo_transform();
        let from = End { dataset: &source, wkt: &source_wkt, geo_transform: whole, first: first(place) };
        let whole = self.grid.geo_transform();
        let to = End { dataset: &target, wkt: &target_wkt, geo_transform: whole, first: first(window) };
        ffi::warp(&from, &to, layer.resampling.kernel(), scale).map_err(wrong)?;
        let size = (window.cols, window.rows);
        let buffer = complaint::watch(|| target.rasterband(1)?.read_as::<f32>((0, 0), size, size, None)).map_err(wrong)?;
        Array2::from_shape_vec((window.rows, window.cols), buffer.into_shape_and_vec().1).map_err(|e| wrong(e.to_string()))
    }

    fn warp_halves(&mut self, file: &RasterFile, layer: Layer, window: Window) -> Result<Array2<f32>, GeoioError> {
        let mut values = Array2::from_elem((window.rows, window.cols), f32::NAN);
        if window.rows >= window.cols {
            let half = window.rows / 2;
            let (top, rest) = (Window { rows: half, ..window }, window.rows - half);
            let bottom = Window { row: window.row + half as isize, rows: rest, ..window };
            values.slice_mut(s![..half, ..]).assign(&self.warp(file, layer, top)?);
            values.slice_mut(s![half.., ..]).assign(&self.warp(file, layer, bottom)?);
        } else {
            let half = window.cols / 2;
            let (left, rest) = (Window { cols: half, ..window }, window.cols - half);
            let right = Window { col: window.col + half as isize, cols: rest, ..window };
            values.slice_mut(s![.., ..half]).assign(&self.warp(file, layer, left)?);
            values.slice_mut(s![.., half..]).assign(&self.warp(file, layer, right)?);
        }
        Ok(values)
    }

    /// The file's pixels that a window may need; `None` where it lies outside.
    fn source_window(&mut self, file: &RasterFile, scale: (f64, f64), window: Window) -> Result<Option<Window>, GeoioError> {
        let bounds = self.file_bounds(file, self.grid.window_bounds(window))?;
        let grid = file.grid();
        // Twice the kernel's reach: two pixels of the coarser of both grids.
        let reach = |scale: f64| (2.0 / scale.min(1.0)).ceil() * 2.0 + 2.0;
        let (reach_x, reach_y) = (reach(scale.0), reach(scale.1));
        let limit = |v: f64, size: usize| v.clamp(0.0, size as f64) as usize;
        let col0 = limit(((bounds.west - grid.west) / grid.step_x - reach_x).floor(), grid.cols);
        let col1 = limit(((bounds.east - grid.west) / grid.step_x + reach_x).ceil(), grid.cols);
        let row0 = limit(((grid.north - bounds.north) / grid.step_y - reach_y).floor(), grid.rows);
        let row1 = limit(((grid.north - bounds.south) / grid.step_y + reach_y).ceil(), grid.rows);
        Ok((col0 < col1 && row0 < row1).then(|| Window {
            row: row0 as isize,
            col: col0 as isize,
            rows: row1 - row0,
            cols: col1 - col0,
        }))
    }

    /// Target pixels a source pixel, from the grid's middle: one number a file, however the grid is cut.
    fn scale(&mut self, file: &RasterFile) -> Result<(f64, f64), GeoioError> {
        let middle = Window { row: self.grid.rows as isize / 2, col: self.grid.cols as isize / 2, rows: 1, cols: 1 };
        let bounds = self.file_bounds(file, self.grid.window_bounds(middle))?;
        let width = (bounds.east - bounds.west) / file.grid().step_x;
        let height = (bounds.north - bounds.south) / file.grid().step_y;
        let usable = |v: f64| if v.is_finite() && v > 0.0 { 1.0 / v } else { 1.0 };
        Ok((usable(width), usable(height)))
    }

    fn file_bounds(&mut self, file: &RasterFile, bounds: Bounds) -> Result<Bounds, GeoioError> {
        let crs = &file.grid().crs;
        if *crs == self.grid.crs {
            return Ok(bounds);
        }
        let known = self.routes.iter().position(|(other, _)| other == crs);
        let place = if let Some(place) = known {
            place
        } else {
            self.routes.push((crs.clone(), Transform::new(&self.grid.crs, crs)?));
            self.routes.len() - 1
        };
        self.routes[place].1.bounds(bounds)
    }
}

/// Pixels of a file that each cover whole pixels of a finer grid of the same system.
struct Nest {
    /// The file's pixels that cover the wanted ones; may reach over the file's edges.
    place: Window,
    /// Fine rows and columns that one pixel covers.
    times: (usize, usize),
    /// Fine rows and columns of the first pixel that lie before the wanted ones.
    skip: (usize, usize),
}

impl Nest {
    /// The nest of `wanted` in a file's grid; `None` where a pixel's edge would cut a wanted pixel.
    fn find(file: &Grid, wanted: &Grid) -> Option<Self> {
        let times = (whole(file.step_y / wanted.step_y, 1e-8)?, whole(file.step_x / wanted.step_x, 1e-8)?);
        if file.crs != wanted.crs || times.0 < 1 || times.1 < 1 {
            return None;
        }
        let first_row = whole((file.north - wanted.north) / wanted.step_y, 1e-3)?;
        let first_col = whole((wanted.west - file.west) / wanted.step_x, 1e-3)?;
        let (row, rows, above) = cover(first_row, wanted.rows, times.0);
        let (col, cols, left) = cover(first_col, wanted.cols, times.1);
        let times = (times.0 as usize, times.1 as usize);
        Some(Self { place: Window { row, col, rows, cols }, times, skip: (above, left) })
    }

    /// The wanted pixels, each with the value of the pixel that covers it.
    fn repeat(&self, values: &Array2<f32>, mut wanted: ArrayViewMut2<'_, f32>) {
        let cols = wanted.ncols();
        let mut line = Vec::with_capacity(values.ncols() * self.times.1);
        for (row, covering) in values.rows().into_iter().enumerate() {
            line.clear();
            covering.iter().for_each(|value| line.extend(std::iter::repeat_n(*value, self.times.1)));
            let line = ArrayView1::from(&line[self.skip.1..self.skip.1 + cols]);
            let first = (row * self.times.0).saturating_sub(self.skip.0);
            let end = ((row + 1) * self.times.0 - self.skip.0).min(wanted.nrows());
            (first..end).for_each(|row| wanted.row_mut(row).assign(&line));
        }
    }
}

/// Coarse pixels that cover `count` fine ones from `first` on: the first of them, how many, and the fine ones before `first`.
fn cover(first: isize, count: usize, times: isize) -> (isize, usize, usize) {
    let start = first.div_euclid(times);
    let end = (first + count as isize - 1).div_euclid(times) + 1;
    (start, (end - start) as usize, first.rem_euclid(times) as usize)
}

/// The whole number that `value` is, but for rounding.
fn whole(value: f64, tolerance: f64) -> Option<isize> {
    ((value - value.round()).abs() <= tolerance).then(|| value.round() as isize)
}

/// A dataset in memory of one band with these values.
fn memory(values: &Array2<f32>) -> Result<Dataset, String> {
    let (rows, cols) = values.dim();
    complaint::watch(|| {
        let dataset = DriverManager::get_driver_by_name("MEM")?.create_with_band_type::<f32, _>("", cols, rows, 1)?;
        let mut buffer = Buffer::new((cols, rows), values.iter().copied().collect());
        dataset.rasterband(1)?.write((0, 0), (cols, rows), &mut buffer)?;
        Ok(dataset)
    })
}
