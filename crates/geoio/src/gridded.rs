use std::sync::Arc;

use ndarray::{Array2, Array4, ArrayViewMut2, Zip, s};
use raster::{Cube, Grid, RasterReader, RasterSource, Role, Scaling, Scene, Window};

use crate::raster_file::Void;
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
}

impl GriddedImagery {
    /// The scenes of `imagery` on `grid`; `resampling` is for values, quality codes always come from the nearest pixel.
    pub fn new(imagery: Imagery, grid: Grid, resampling: Resampling) -> Self {
        Self(Arc::new(Parts { imagery, grid, resampling }))
    }

    /// The imagery behind it.
    pub fn imagery(&self) -> &Imagery {
        &self.0.imagery
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
    /// Reads a layer into an array of the window's shape.
    fn layer(&mut self, scene: usize, role: &Role, window: Window, values: ArrayViewMut2<'_, f32>) -> Result<(), GeoioError> {
        let parts = Arc::clone(&self.parts);
        let source = parts.imagery.source(scene, role)?;
        self.use_file(source.file)?;
        let quality = role.is_quality();
        let layer = Layer {
            band: source.band,
            // A code is kept as it is: what "no data" among the codes means is the sensor's to say.
            void: if quality { Void::default() } else { source.void },
            resampling: if quality { Resampling::Nearest } else { parts.resampling },
        };
        let (_, file) = self.open.last().expect("use_file puts the file at the end");
        self.regrid.read_into(file, layer, window, values)
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
        self.open.push((number, RasterFile::open(self.parts.imagery.file(number))?));
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
        let mut cube = Cube::unobserved(1, bands, scaling, layers, window.rows, window.cols);
        for (i, role) in cube.bands.iter().enumerate() {
            self.layer(scene, role, window, cube.values.slice_mut(s![0, i, .., ..]))?;
        }
        let fill = described.sensor.fill_code;
        let around = window.grow(margin);
        let mut codes = Array2::zeros(if cube.layers.is_empty() { (0, 0) } else { (around.rows, around.cols) });
        cube.quality = Array4::zeros((1, cube.layers.len(), around.rows, around.cols));
        for (i, role) in cube.layers.iter().enumerate() {
            self.layer(scene, role, around, codes.view_mut())?;
            Zip::from(cube.quality.slice_mut(s![0, i, .., ..])).and(&codes).for_each(|kept, v| *kept = code(*v, fill));
        }
        Ok(cube)
    }
}

/// The code a number stands for; the fill code for NaN and for what is no code.
fn code(value: f32, fill: u16) -> u16 {
    let code = value as u16;
    if value - f32::from(code) == 0.0 { code } else { fill }
}
