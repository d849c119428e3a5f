mod description;
mod own_mask;
mod stored;
mod void;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gdal::{Dataset, Metadata};
use ndarray::{Array2, ArrayViewMut2, s};
use raster::{Grid, Window};

use crate::cube::{self, Cube, Held, Moment};
use crate::open::{check_local, check_local_folder, open_raster};
use crate::tiff::Tiles;
use crate::{GeoioError, Pixel, complaint, ffi};
pub use description::BandInfo;
pub(crate) use description::{Description, describe_band};
use description::{INT8, unfit};
pub(crate) use own_mask::{OWN_MASK, OwnMask};
use stored::Stored;
pub use void::Void;

/// A raster file open for reading; one a worker. South-up files are turned so that rows run south.
#[derive(Debug)]
pub struct RasterFile {
    path: PathBuf,
    content: Content,
    description: Arc<Description>,
    /// A second way to its tiles, where it has one.
    tiles: RefCell<Option<Tiles>>,
}

/// A raster file that was opened before.
#[derive(Debug, Clone)]
pub struct KnownFile {
    path: PathBuf,
    description: Arc<Description>,
}

impl KnownFile {
    /// A handle of it.
    ///
    /// # Errors
    /// As [`RasterFile::open`], and [`GeoioError::Open`] where the file is another one by now.
    pub fn open(&self) -> Result<RasterFile, GeoioError> {
        RasterFile::reopen(&self.path, &self.description)
    }
}

/// What numbers are read from.
#[derive(Debug)]
enum Content {
    Gdal(Dataset),
    Cube(Arc<Cube>, RefCell<Held>),
}

impl RasterFile {
    /// Opens a raster, or a variable of a cube (`cube.nc#ndvi`); its place and bands are checked, its pixels not.
    ///
    /// # Errors
    /// What [`open_raster`] gives, [`GeoioError::NoCrs`], [`GeoioError::NoGeotransform`], [`GeoioError::Rotated`], or
    /// [`GeoioError::Open`] for complex numbers and blocks too large to decode.
    pub fn open(path: &Path) -> Result<Self, GeoioError> {
        if let Some((file, _)) = cube::split(path) {
            if file.is_dir() {
                check_local_folder(&file)?;
            } else {
                check_local(&file)?;
            }
            let cube = Arc::new(Cube::open(path)?);
            return Ok(Self::of_cube(path, &cube, Arc::new(Description::of_cube(&cube))));
        }
        let dataset = open_raster(path)?;
        let description = Description::read(&dataset, path)?;
        Ok(Self::new(path, dataset, Arc::new(description)))
    }

    /// Another handle of a file that was opened before: what it says of itself, which takes long to make out, is taken over.
    ///
    /// # Errors
    /// As [`RasterFile::open`], and [`GeoioError::Open`] where the file is another one by now.
    pub(crate) fn reopen(path: &Path, description: &Arc<Description>) -> Result<Self, GeoioError> {
        if let Some(cube) = &description.cube {
            return Ok(Self::of_cube(path, cube, Arc::clone(description)));
        }
        let dataset = open_raster(path)?;
        let Description { grid, bands, .. } = &**description;
        if dataset.raster_size() != (grid.cols, grid.rows) || dataset.raster_count() != bands.len() {
            return Err(unfit(path, "it was changed while it was being read"));
        }
        Ok(Self::new(path, dataset, Arc::clone(description)))
    }

    fn new(path: &Path, dataset: Dataset, description: Arc<Description>) -> Self {
        let Description { grid, south_up, bands, .. } = &*description;
        let is_tiff = dataset.driver().short_name() == "GTiff" && path.is_file();
        let tiles = (is_tiff && !south_up).then(|| Tiles::open(path)).flatten();
        let tiles = RefCell::new(tiles.filter(|tiles| tiles.shape() == (grid.rows, grid.cols, bands.len())));
        Self { path: path.to_owned(), content: Content::Gdal(dataset), description, tiles }
    }

    fn of_cube(path: &Path, cube: &Arc<Cube>, description: Arc<Description>) -> Self {
        let content = Content::Cube(Arc::clone(cube), RefCell::default());
        Self { path: path.to_owned(), content, description, tiles: RefCell::default() }
    }

    /// The moment of each band by the file's own time axis, where it has one.
    pub(crate) fn moments(&self) -> Option<&[Moment]> {
        self.description.cube.as_ref().and_then(|cube| cube.moments())
    }

    /// What people should know of where it lies.
    pub(crate) fn note(&self) -> Option<&str> {
        self.description.cube.as_ref().and_then(|cube| cube.note())
    }

    /// The file, for handles on other threads that need not find out again what it says of itself.
    pub fn known(&self) -> KnownFile {
        KnownFile { path: self.path.clone(), description: Arc::clone(&self.description) }
    }

    /// What the file says of itself.
    pub(crate) fn description(&self) -> &Arc<Description> {
        &self.description
    }

    /// Its tag `TIFFTAG_DATETIME`, where it has one.
    pub fn date_time(&self) -> Option<String> {
        self.metadata("TIFFTAG_DATETIME").filter(|text| !text.trim().is_empty())
    }

    /// A tag of the file as a whole, such as `TRACK_NUMBER`, where it has it.
    pub fn metadata(&self, key: &str) -> Option<String> {
        let Content::Gdal(dataset) = &self.content else { return None };
        let text = dataset.metadata_item(key, "");
        complaint::clear();
        text
    }

    /// Its path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its grid, north-up.
    pub fn grid(&self) -> &Grid {
        &self.description.grid
    }

    /// Whether its first stored row is the southernmost.
    pub fn is_south_up(&self) -> bool {
        self.description.south_up
    }

    /// Whether its blocks hold all bands of a pixel side by side.
    pub(crate) fn is_beside(&self) -> bool {
        self.description.beside
    }

    /// Its bands in order; the first is band 1.
    pub fn bands(&self) -> &[BandInfo] {
        &self.description.bands
    }

    /// Values of a band (1 is the first) as f32, shape (rows, cols); NaN = nodata, not finite, or outside the file.
    ///
    /// # Errors
    /// [`GeoioError::MissingLayer`] or [`GeoioError::Read`]: a damaged block is an error, never zeros.
    pub fn read(&self, band: usize, window: Window) -> Result<Array2<f32>, GeoioError> {
        self.read_valid(band, window, Void::nodata(self.info(band)?.nodata))
    }

    /// As [`RasterFile::read`] in f64.
    ///
    /// # Errors
    /// As [`RasterFile::read`].
    pub fn read_f64(&self, band: usize, window: Window) -> Result<Array2<f64>, GeoioError> {
        let nodata = self.info(band)?.nodata;
        let mut values = self.read_stored(band, window, f64::NAN)?;
        values.mapv_inplace(|v| if !v.is_finite() || nodata == Some(v) { f64::NAN } else { v });
        Ok(values)
    }

    /// Whether a band's numbers are codes as they are stored: whole, and none below 0 or above 65535.
    pub(crate) fn holds_codes(&self, band: usize) -> bool {
        band == OWN_MASK || self.info(band).is_ok_and(|info| matches!(info.data_type.as_str(), "Byte" | "UInt16"))
    }

    /// The codes of a band that [holds](Self::holds_codes) some; `outside` where the window leaves the file.
    pub(crate) fn read_codes(&self, band: usize, window: Window, outside: u16) -> Result<Array2<u16>, GeoioError> {
        self.read_stored(band, window, outside)
    }

    /// The stored numbers of a band of bytes, nodata among them; 0 where the window leaves the file.
    ///
    /// # Errors
    /// As [`RasterFile::read`].
    pub fn read_u8(&self, band: usize, window: Window) -> Result<Array2<u8>, GeoioError> {
        if let Some(tiles) = &mut *self.tiles.borrow_mut() {
            let mut codes = vec![0; window.pixels()];
            if tiles.read_u8(band, window, &mut codes).is_some()
                && let Ok(values) = Array2::from_shape_vec((window.rows, window.cols), codes)
            {
                return Ok(values);
            }
        }
        self.read_stored(band, window, 0)
    }

    /// The stored numbers of a band over a window within the file, as they are.
    ///
    /// # Errors
    /// As [`RasterFile::read`], or [`GeoioError::Read`] for a window that leaves the file.
    pub fn read_pixels<T: Pixel>(&self, band: usize, window: Window) -> Result<Array2<T>, GeoioError> {
        self.info(band)?;
        let wrong = |reason: String| GeoioError::Read { path: self.path.clone(), band, window, reason };
        if window.intersect(self.description.grid.window()) != Some(window) {
            return Err(wrong("the window lies outside of it".to_owned()));
        }
        let Content::Gdal(dataset) = &self.content else {
            return Err(wrong("a cube's pixels are not copied as they are stored: write it to GeoTIFF first".to_owned()));
        };
        let size = (window.cols, window.rows);
        let first = (window.col, self.first_row(window));
        let buffer = complaint::watch(|| dataset.rasterband(band)?.read_as::<T>(first, size, size, None)).map_err(wrong)?;
        let block = Array2::from_shape_vec((window.rows, window.cols), buffer.into_shape_and_vec().1)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(if self.description.south_up { block.slice_move(s![..;-1, ..]) } else { block })
    }

    /// The stored whole numbers of a band, nodata among them; `outside` where the window leaves the file.
    ///
    /// # Errors
    /// As [`RasterFile::read`].
    pub fn read_i64(&self, band: usize, window: Window, outside: i64) -> Result<Array2<i64>, GeoioError> {
        self.read_stored(band, window, outside)
    }

    /// The stored numbers of a band of f64 to the bit, nodata and what is not finite among them; NaN where the window leaves the file.
    ///
    /// # Errors
    /// As [`RasterFile::read`].
    pub fn read_exact(&self, band: usize, window: Window) -> Result<Array2<f64>, GeoioError> {
        self.read_stored(band, window, f64::NAN)
    }

    /// As [`RasterFile::read`] with other numbers that are no value than the file's own.
    ///
    /// # Errors
    /// As [`RasterFile::read`].
    pub fn read_valid(&self, band: usize, window: Window, void: Void) -> Result<Array2<f32>, GeoioError> {
        let mut values = self.read_stored(band, window, f32::NAN)?;
        values.mapv_inplace(void.valid());
        Ok(values)
    }

    /// As [`RasterFile::read_valid`] into an array of the window's shape: without a copy where the window lies inside.
    pub(crate) fn read_valid_into(
        &self,
        band: usize,
        window: Window,
        void: Void,
        mut values: ArrayViewMut2<'_, f32>,
    ) -> Result<(), GeoioError> {
        let signed = self.info(band)?.data_type == INT8;
        let inside = !self.description.south_up && window.intersect(self.description.grid.window()) == Some(window);
        match (values.as_slice_mut(), &self.content) {
            (Some(numbers), Content::Cube(cube, held)) if inside => {
                let valid = void.valid();
                let to = |_, number, is_missing| valid(f32::of_cube(number, is_missing));
                cube.read(&[band], window, &mut [numbers], &mut held.borrow_mut(), to)?;
            }
            (Some(numbers), Content::Gdal(dataset)) if inside && !signed => {
                if let Some(tiles) = &mut *self.tiles.borrow_mut()
                    && tiles.read_f32(band, window, numbers, void.valid()).is_some()
                {
                    return Ok(());
                }
                let (first, size) = ((window.col, window.row), (window.cols, window.rows));
                complaint::watch(|| dataset.rasterband(band)?.read_into_slice(first, size, size, numbers, None))
                    .map_err(|reason| GeoioError::Read { path: self.path.clone(), band, window, reason })?;
                void.clear(numbers);
            }
            _ => values.assign(&self.read_valid(band, window, void)?),
        }
        Ok(())
    }

    /// Values of several bands over a window, shape (rows, cols) each: plane `i` holds the band of `layers[i]`, NaN where a stored number
    /// is no value, some numbers at a time by way of `turn(i, numbers)`. Where bands lie side by side, a block is unpacked once for all.
    pub(crate) fn read_planes(
        &self,
        layers: &[(usize, Void)],
        window: Window,
        planes: &mut [&mut [f32]],
        turn: impl Fn(usize, &mut [f32]),
    ) -> Result<(), GeoioError> {
        let Description { grid, south_up, bands, beside, .. } = &*self.description;
        let mut signed = false;
        for (band, _) in layers {
            signed |= self.info(*band)?.data_type == INT8;
        }
        let inside = !south_up && window.intersect(grid.window()) == Some(window);
        let numbers: Vec<usize> = layers.iter().map(|(band, _)| *band).collect();
        let dataset = match &self.content {
            Content::Gdal(dataset) => Some(dataset),
            Content::Cube(cube, held) if inside => {
                let valid: Vec<_> = layers.iter().map(|(_, void)| void.valid()).collect();
                let to = |i: usize, number, is_missing| valid[i](f32::of_cube(number, is_missing));
                cube.read(&numbers, window, planes, &mut held.borrow_mut(), to)?;
                planes.iter_mut().enumerate().for_each(|(i, plane)| turn(i, plane));
                return Ok(());
            }
            Content::Cube(..) => None,
        };
        if let Some(dataset) = dataset.filter(|_| *beside && inside && !signed && layers.len() > 1) {
            let turn = |i: usize, numbers: &mut [f32]| {
                layers[i].1.clear(numbers);
                turn(i, numbers);
            };
            if let Some(tiles) = &mut *self.tiles.borrow_mut()
                && tiles.read_beside(&numbers, window, planes, turn).is_some()
            {
                return Ok(());
            }
            // Block by block, for the library holds the last one only.
            for part in window.blocks(bands[0].block.0, bands[0].block.1) {
                let mut stored = vec![0.0; numbers.len() * part.pixels()];
                ffi::read_bands(dataset, &numbers, part, &mut stored).map_err(|reason| GeoioError::Read {
                    path: self.path.clone(),
                    band: numbers[0],
                    window: part,
                    reason,
                })?;
                let (row, col) = ((part.row - window.row) as usize, (part.col - window.col) as usize);
                for (i, stored) in stored.chunks(part.pixels()).enumerate() {
                    for (line, stored) in stored.chunks(part.cols).enumerate() {
                        let out = &mut planes[i][(row + line) * window.cols + col..][..part.cols];
                        out.copy_from_slice(stored);
                        turn(i, out);
                    }
                }
            }
            return Ok(());
        }
        for (i, ((band, void), plane)) in layers.iter().zip(planes).enumerate() {
            let values = ArrayViewMut2::from_shape((window.rows, window.cols), plane).expect("a plane has a number a pixel");
            self.read_valid_into(*band, window, *void, values)?;
            turn(i, plane);
        }
        Ok(())
    }

    fn read_stored<T: Stored>(&self, band: usize, window: Window, outside: T) -> Result<Array2<T>, GeoioError> {
        if band != OWN_MASK {
            self.info(band)?;
        }
        let inside = window.intersect(self.description.grid.window());
        if inside == Some(window) {
            return self.read_inside(band, window);
        }
        let mut values = Array2::from_elem((window.rows, window.cols), outside);
        let Some(inside) = inside else { return Ok(values) };
        let block = self.read_inside(band, inside)?;
        let (row, col) = ((inside.row - window.row) as usize, (inside.col - window.col) as usize);
        values.slice_mut(s![row..row + inside.rows, col..col + inside.cols]).assign(&block);
        Ok(values)
    }

    fn read_inside<T: Stored>(&self, band: usize, window: Window) -> Result<Array2<T>, GeoioError> {
        if band == OWN_MASK {
            return Ok(self.read_own_mask(window)?.mapv(T::from));
        }
        let wrong = |reason: String| GeoioError::Read { path: self.path.clone(), band, window, reason };
        let dataset = match &self.content {
            Content::Gdal(dataset) => dataset,
            Content::Cube(cube, held) => {
                let mut numbers = vec![T::of_cube(0.0, false); window.pixels()];
                let to = |_, number, is_missing| T::of_cube(number, is_missing);
                cube.read(&[band], window, &mut [&mut numbers[..]], &mut held.borrow_mut(), to)?;
                return Array2::from_shape_vec((window.rows, window.cols), numbers).map_err(|error| wrong(error.to_string()));
            }
        };
        let size = (window.cols, window.rows);
        let first = (window.col, self.first_row(window));
        let buffer = complaint::watch(|| dataset.rasterband(band)?.read_as::<T>(first, size, size, None)).map_err(wrong)?;
        let (_, mut numbers) = buffer.into_shape_and_vec();
        if self.info(band)?.data_type == INT8 {
            for number in &mut numbers {
                *number = number.signed();
            }
        }
        let block = Array2::from_shape_vec((window.rows, window.cols), numbers).map_err(|error| wrong(error.to_string()))?;
        Ok(if self.description.south_up { block.slice_move(s![..;-1, ..]) } else { block })
    }

    /// The library's handle; none of a cube.
    fn dataset(&self) -> Option<&Dataset> {
        match &self.content {
            Content::Gdal(dataset) => Some(dataset),
            Content::Cube(..) => None,
        }
    }

    /// The first row of a window as the file stores its rows.
    fn first_row(&self, window: Window) -> isize {
        let end = window.row + window.rows as isize;
        if self.description.south_up { self.description.grid.rows as isize - end } else { window.row }
    }

    fn info(&self, band: usize) -> Result<&BandInfo, GeoioError> {
        band.checked_sub(1).and_then(|i| self.description.bands.get(i)).ok_or_else(|| GeoioError::MissingLayer {
            path: self.path.clone(),
            layer: format!("band {band}"),
            available: format!("bands 1 to {}", self.description.bands.len()),
        })
    }
}
