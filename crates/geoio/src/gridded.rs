use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array4, ArrayViewMut2, s};
use raster::{Cube, Grid, RasterReader, RasterSource, Role, Scaling, Scene, Window};

use crate::raster_file::Description;
use crate::regrid::{Layer, Regrid};
use crate::{GeoioError, Imagery, RasterFile, Resampling};

/// Files that one reader keeps open.
const OPEN_FILES: usize = 64;

/// Scenes read on one grid: as they are where their pixels coincide with it, else warped window by window.
#[derive(Debug, Clone)]
pub struct GriddedImagery(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    imagery: Imagery,
    grid: Grid,
    resampling: Resampling,
    /// What files that were opened say of themselves.
    known: Mutex<HashMap<usize, Arc<Description>>>,
}

impl GriddedImagery {
    /// The scenes of `imagery` on `grid`; `resampling` is for values, quality codes always come from the nearest pixel.
    pub fn new(imagery: Imagery, grid: Grid, resampling: Resampling) -> Self {
        Self(Arc::new(Parts { imagery, grid, resampling, known: Mutex::default() }))
    }

    /// The imagery behind it.
    pub fn imagery(&self) -> &Imagery {
        &self.0.imagery
    }

    /// How the files are stored from which these layers of a scene are read.
    ///
    /// # Errors
    /// What [`RasterFile::open`] gives.
    pub fn storage(&self, scene: usize, roles: &[Role]) -> Result<Storage, GeoioError> {
        let Parts { imagery, grid, .. } = &*self.0;
        let mut storage = Storage { rows: 1, cols: 1, bytes_a_pixel: 0 };
        let mut files = Vec::new();
        for role in roles {
            let number = imagery.source(scene, role)?.file;
            if files.contains(&number) {
                continue;
            }
            files.push(number);
            let file = self.0.open(number)?;
            let same = file.grid().crs == grid.crs;
            let on_grid = |pixels: usize, theirs: f64, ours: f64| {
                if same { (pixels as f64 * theirs / ours).round() as usize } else { pixels }
            };
            for band in file.bands() {
                storage.rows = storage.rows.max(on_grid(band.block.0, file.grid().step_y, grid.step_y));
                storage.cols = storage.cols.max(on_grid(band.block.1, file.grid().step_x, grid.step_x));
                storage.bytes_a_pixel += band.bytes;
            }
        }
        Ok(storage)
    }
}

/// How files are stored that are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// Rows of the largest blocks, in pixels of the grid: a block is unpacked as a whole.
    pub rows: usize,
    /// Columns of the largest blocks.
    pub cols: usize,
    /// Bytes that all bands of a pixel take unpacked.
    pub bytes_a_pixel: usize,
}

impl Parts {
    /// A handle of a file.
    fn open(&self, number: usize) -> Result<RasterFile, GeoioError> {
        let path = self.imagery.file(number);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let description = known().get(&number).cloned();
        if let Some(description) = description {
            return RasterFile::reopen(path, &description);
        }
        let file = RasterFile::open(path)?;
        known().insert(number, Arc::clone(file.description()));
        Ok(file)
    }
}

impl RasterSource for GriddedImagery {
    type Reader = GriddedReader;

    fn grid(&self) -> &Grid {
        &self.0.grid
    }

    fn scenes(&self) -> &[Scene] {
        &self.0.imagery.scenes
    }

    fn open(&self) -> Result<GriddedReader, GeoioError> {
        Ok(GriddedReader { parts: Arc::clone(&self.0), regrid: Regrid::new(self.0.grid.clone()), open: Vec::new() })
    }
}

/// Reads windows of scenes on the grid; keeps its files open.
#[derive(Debug)]
pub struct GriddedReader {
    parts: Arc<Parts>,
    regrid: Regrid,
    /// File number and handle, the last used at the end.
    open: Vec<(usize, RasterFile)>,
}

impl GriddedReader {
    /// Reads a band layer into an array of the window's shape.
    fn layer(&mut self, scene: usize, role: &Role, window: Window, values: ArrayViewMut2<'_, f32>) -> Result<(), GeoioError> {
        let parts = Arc::clone(&self.parts);
        let source = parts.imagery.source(scene, role)?;
        self.use_file(source.file)?;
        let layer = Layer { band: source.band, void: source.void, resampling: parts.resampling };
        let (_, file) = self.open.last().expect("use_file puts the file at the end");
        self.regrid.read_into(file, layer, window, values)
    }

    /// Reads a quality layer into an array of the window's shape. A code is kept as it is: what "no data" among the codes means is
    /// the sensor's to say.
    fn codes(&mut self, scene: usize, role: &Role, window: Window, codes: ArrayViewMut2<'_, u16>) -> Result<(), GeoioError> {
        let parts = Arc::clone(&self.parts);
        let source = parts.imagery.source(scene, role)?;
        self.use_file(source.file)?;
        let fill = parts.imagery.scenes[scene].sensor.fill_code;
        let (_, file) = self.open.last().expect("use_file puts the file at the end");
        self.regrid.read_codes(file, source.band, window, fill, codes)
    }

    fn use_file(&mut self, number: usize) -> Result<(), GeoioError> {
        if let Some(place) = self.open.iter().position(|(open, _)| *open == number) {
            let file = self.open.remove(place);
            self.open.push(file);
            return Ok(());
        }
        if self.open.len() >= OPEN_FILES {
            self.open.remove(0);
        }
        self.open.push((number, self.parts.open(number)?));
        Ok(())
    }
}

impl RasterReader for GriddedReader {
    type Error = GeoioError;

    fn read(&mut self, scene: usize, roles: &[Role], window: Window, margin: usize) -> Result<Cube, GeoioError> {
        let parts = Arc::clone(&self.parts);
        let described = &parts.imagery.scenes[scene];
        let (layers, bands): (Vec<Role>, Vec<Role>) = roles.iter().cloned().partition(Role::is_quality);
        let scaling: Vec<Scaling> = bands.iter().map(|role| described.scaling(role)).collect();
        let around = window.grow(margin);
        let mut cube = Cube {
            values: Array4::from_elem((1, bands.len(), window.rows, window.cols), f32::NAN),
            quality: Array4::zeros((1, layers.len(), around.rows, around.cols)),
            bands,
            scaling,
            layers,
        };
        for (i, role) in cube.bands.iter().enumerate() {
            self.layer(scene, role, window, cube.values.slice_mut(s![0, i, .., ..]))?;
        }
        for (i, role) in cube.layers.iter().enumerate() {
            self.codes(scene, role, around, cube.quality.slice_mut(s![0, i, .., ..]))?;
        }
        Ok(cube)
    }
}
