use gdal::raster::Buffer;
use gdal::{Dataset, DriverManager};
use ndarray::{Array2, ArrayViewMut2, s};
use raster::{Bounds, Crs, Grid, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crs::Transform;
use crate::ffi::{self, End, Kernel};
use crate::raster_file::Void;
use crate::{GeoioError, RasterFile, complaint};

/// Most source pixels that are held for one warp; a larger window is cut, which changes no value.
const MAX_SOURCE_PIXELS: usize = 1 << 24;

/// Most source pixels that are held while the nearest are picked.
const PICKED_PIXELS: usize = 1 << 21;

/// Part of a pixel by which a centre may lie before an edge and still count as on it.
const TIE: f64 = 1e-6;

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
    /// Stored numbers that are no value.
    pub(crate) void: Void,
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
    /// A file whose pixels coincide with the grid's is read as it is, the nearest pixels of a file in the grid's system are picked
    /// (20 m codes on a grid of 10 m, all on the grid of a picture); else it is warped.
    pub(crate) fn read_into(
        &mut self,
        file: &RasterFile,
        layer: Layer,
        window: Window,
        mut values: ArrayViewMut2<'_, f32>,
    ) -> Result<(), GeoioError> {
        let wanted = self.grid.crop(window);
        if let Some(place) = file.grid().aligned_window(&wanted) {
            return file.read_valid_into(layer.band, place, layer.void, values);
        }
        if layer.resampling == Resampling::Nearest && file.grid().crs == self.grid.crs {
            self.pick(file, window, values, |source| file.read_valid(layer.band, source, layer.void))
        } else {
            values.assign(&self.warp(file, layer, window)?);
            Ok(())
        }
    }

    /// The codes of a band over a window of the grid, those of the nearest pixels; `fill` outside the file and for what is no code.
    pub(crate) fn read_codes(
        &mut self,
        file: &RasterFile,
        band: usize,
        window: Window,
        fill: u16,
        mut codes: ArrayViewMut2<'_, u16>,
    ) -> Result<(), GeoioError> {
        let same = file.grid().crs == self.grid.crs;
        if file.holds_codes(band) && same {
            return match file.grid().aligned_window(&self.grid.crop(window)) {
                Some(place) => {
                    codes.assign(&file.read_codes(band, place, fill)?);
                    Ok(())
                }
                None => self.pick(file, window, codes, |source| file.read_codes(band, source, fill)),
            };
        }
        let layer = Layer { band, void: Void::default(), resampling: Resampling::Nearest };
        let values = self.read(file, layer, window)?;
        codes.zip_mut_with(&values, |code, value| {
            *code = *value as u16;
            if value - f32::from(*code) != 0.0 || value.is_nan() {
                *code = fill;
            }
        });
        Ok(())
    }

    /// The value of the pixel in which each pixel's centre lies; of two that meet there the eastern, the southern.
    fn pick<T: Copy>(
        &self,
        file: &RasterFile,
        window: Window,
        mut values: ArrayViewMut2<'_, T>,
        read: impl Fn(Window) -> Result<Array2<T>, GeoioError>,
    ) -> Result<(), GeoioError> {
        let (grid, own) = (file.grid(), &self.grid);
        // Counted from the grid's own corner, so that how the grid is cut changes nothing.
        let centre = |first: isize, i: usize| first as f64 + i as f64 + 0.5;
        let col = |i| (own.west + centre(window.col, i) * own.step_x - grid.west) / grid.step_x;
        let row = |i| (grid.north - own.north + centre(window.row, i) * own.step_y) / grid.step_y;
        let place = |at: f64| (at + TIE).floor() as isize;
        let cols: Vec<isize> = (0..window.cols).map(|i| place(col(i))).collect();
        let rows: Vec<isize> = (0..window.rows).map(|i| place(row(i))).collect();
        let (Some(first), Some(last)) = (cols.first(), cols.last()) else { return Ok(()) };
        let width = (last - first + 1) as usize;
        let high = if own.step_y < 2.0 * grid.step_y { (PICKED_PIXELS / width).max(1) } else { 1 };
        let mut start = 0;
        while start < rows.len() {
            let near = |row: &&isize| **row < rows[start] + high as isize;
            let end = start + rows[start..].iter().take_while(near).count();
            let source = Window { row: rows[start], col: *first, rows: (rows[end - 1] - rows[start] + 1) as usize, cols: width };
            let stored = read(source)?;
            for (row, mut line) in rows[start..end].iter().zip(values.slice_mut(s![start..end, ..]).rows_mut()) {
                let from = stored.row((row - rows[start]) as usize);
                line.iter_mut().zip(&cols).for_each(|(value, col)| *value = from[(col - first) as usize]);
            }
            start = end;
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
        let values = file.read_valid(layer.band, place, layer.void)?;
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
