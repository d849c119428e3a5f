use std::path::PathBuf;

use gdal::DriverManager;
use ndarray::Array3;
use raster::{Crs, Grid, Window};

use crate::ffi::{self, Kernel, MappedWarp};
use crate::{GeoioError, Image, Pixel, complaint};

/// Where the pixels of an image lie on a map. One a worker: a transformation of coordinates may not be shared.
pub trait Places {
    /// Turns x and y of the map into columns and rows of the image, in place; NaN where there is none.
    fn to_pixels(&self, x: &mut [f64], y: &mut [f64]);

    /// Turns columns and rows of the image into x and y of the map, in place; NaN where there is none.
    fn to_maps(&self, x: &mut [f64], y: &mut [f64]);
}

/// How pixels of an image are brought to a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// The nearest pixel: for codes, and for what must keep its numbers.
    #[default]
    Nearest,
    /// Weighted by distance from the four pixels around.
    Bilinear,
    /// By cubic curves through sixteen pixels around.
    Cubic,
    /// Mean of the pixels covered: for a grid much coarser than the image.
    Average,
}

impl Sampling {
    fn kernel(self) -> Kernel {
        match self {
            Self::Nearest => Kernel::Nearest,
            Self::Bilinear => Kernel::Bilinear,
            Self::Cubic => Kernel::Cubic,
            Self::Average => Kernel::Average,
        }
    }
}

/// An image that is read on a grid by where its pixels lie.
pub struct MappedImage {
    image: Image,
    places: Box<dyn Places>,
    grid: Grid,
    sampling: Sampling,
    error_px: f64,
    fill: Option<f64>,
    scale: (f64, f64),
}

impl MappedImage {
    /// The grid that shows a whole image, north-up, with square pixels of about its size: as GDAL suggests it.
    ///
    /// # Errors
    /// [`GeoioError::Gdal`] where no extent follows from its places.
    pub fn suggested_grid(image: &Image, places: &dyn Places, crs: &Crs) -> Result<Grid, GeoioError> {
        let wrong = |reason| GeoioError::Gdal { path: image.path().to_owned(), what: "finding its extent".to_owned(), reason };
        let (affine, cols, rows) = ffi::suggest_output(image.dataset(), places).map_err(wrong)?;
        let crs = crs.clone();
        Ok(Grid { crs, west: affine[0], north: affine[3], step_x: affine[1], step_y: -affine[5], rows, cols })
    }

    /// An image on a grid. Places between others are taken by line where that is off by no more than `error_px` pixels of the image
    /// (0 = never); `fill` is the number of what has no pixel (default: the image's own "no data", else 0).
    pub fn new(
        image: Image,
        places: Box<dyn Places>,
        grid: Grid,
        (sampling, error_px): (Sampling, f64),
        fill: Option<f64>,
    ) -> Self {
        let fill = fill.or_else(|| image.bands().iter().find_map(|band| band.nodata));
        let scale = scale(&grid, places.as_ref());
        Self { image, places, grid, sampling, error_px, fill, scale }
    }

    /// The image's bands over a window of the grid, shape (band, row, col). The whole width of the grid gives the same numbers
    /// however many rows are read at once.
    ///
    /// # Errors
    /// [`GeoioError::Gdal`].
    pub fn read<T: Pixel>(&self, window: Window) -> Result<Array3<T>, GeoioError> {
        let wrong = |reason| GeoioError::Gdal { path: self.image.path().to_owned(), what: "warping".to_owned(), reason };
        let bands = self.image.bands().len();
        let nodata: Vec<Option<f64>> = self.image.bands().iter().map(|band| band.nodata).collect();
        let target = complaint::watch(|| {
            let driver = DriverManager::get_driver_by_name("MEM")?;
            driver.create_with_band_type::<T, _>("", window.cols, window.rows, bands)
        })
        .map_err(wrong)?;
        ffi::warp_mapped(&MappedWarp {
            source: self.image.dataset(),
            target: &target,
            affine: self.grid.geo_transform(),
            first: (window.col as f64, window.row as f64),
            places: self.places.as_ref(),
            kernel: self.sampling.kernel(),
            error_px: self.error_px,
            scale: self.scale,
            nodata: &nodata,
            fill: self.fill,
            alpha: self.image.has_alpha(),
        })
        .map_err(wrong)?;
        let size = (window.cols, window.rows);
        let mut numbers = Vec::with_capacity(bands * window.pixels());
        for band in 1..=bands {
            let buffer = complaint::watch(|| target.rasterband(band)?.read_as::<T>((0, 0), size, size, None)).map_err(wrong)?;
            numbers.extend_from_slice(buffer.data());
        }
        Array3::from_shape_vec((bands, window.rows, window.cols), numbers).map_err(|error| wrong(error.to_string()))
    }

    /// The number of what has no pixel.
    pub fn fill(&self) -> Option<f64> {
        self.fill
    }

    /// The path of the image.
    pub fn path(&self) -> PathBuf {
        self.image.path().to_owned()
    }
}

impl std::fmt::Debug for MappedImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MappedImage").field("image", &self.image).field("grid", &self.grid).finish_non_exhaustive()
    }
}

/// Target pixels a source pixel, x and y, in the middle of the grid: one number however it is cut. Where pixels are of about the same
/// size, exactly 1.
fn scale(grid: &Grid, places: &dyn Places) -> (f64, f64) {
    let (row, col) = (grid.rows as f64 / 2.0, grid.cols as f64 / 2.0);
    let corners = [grid.corner(row, col), grid.corner(row, col + 1.0), grid.corner(row + 1.0, col)];
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = corners.into_iter().unzip();
    places.to_pixels(&mut x, &mut y);
    let along = (x[1] - x[0]).abs().max((x[2] - x[0]).abs());
    let down = (y[1] - y[0]).abs().max((y[2] - y[0]).abs());
    let usable = |length: f64| if length.is_finite() && length > 1.05 { 1.0 / length } else { 1.0 };
    (usable(along), usable(down))
}
