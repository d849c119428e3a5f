use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array4, ArrayViewMut2, s};
use raster::{Cube, Grid, RasterReader, RasterSource, Role, Scaling, Scene, Window};

use crate::raster_file::{Description, Void};
use crate::regrid::{Layer, Regrid};
use crate::scenes::Curve;
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
    /// How far each scene's content is moved east and north, in units of the grid's system; empty where none is.
    moves: Vec<(f64, f64)>,
    /// What files that were opened say of themselves.
    known: Mutex<HashMap<usize, Arc<Description>>>,
}

impl GriddedImagery {
    /// The scenes of `imagery` on `grid`; `resampling` is for values, quality codes always come from the nearest pixel.
    pub fn new(imagery: Imagery, grid: Grid, resampling: Resampling) -> Self {
        Self(Arc::new(Parts { imagery, grid, resampling, moves: Vec::new(), known: Mutex::default() }))
    }

    /// The same with each scene's content moved east and north by so much, in units of the grid's system. A move by whole pixels
    /// of a scene on its own pixels resamples nothing.
    pub fn moved(&self, moves: Vec<(f64, f64)>) -> Self {
        let Parts { imagery, grid, resampling, .. } = &*self.0;
        let (imagery, grid, resampling) = (imagery.clone(), grid.clone(), *resampling);
        Self(Arc::new(Parts { imagery, grid, resampling, moves, known: Mutex::default() }))
    }

    /// How far a scene's content is moved east and north, in units of the grid's system.
    pub fn shift(&self, scene: usize) -> (f64, f64) {
        self.0.moved(scene)
    }

    /// The imagery behind it.
    pub fn imagery(&self) -> &Imagery {
        &self.0.imagery
    }

    /// How the files are stored from which these layers of scenes are read.
    ///
    /// # Errors
    /// What [`RasterFile::open`] gives.
    pub fn storage<'a>(&self, layers: impl IntoIterator<Item = (usize, &'a Role)>) -> Result<Storage, GeoioError> {
        let Parts { imagery, grid, .. } = &*self.0;
        let mut storage = Storage { rows: 1, cols: 1, bytes_a_pixel: 0, is_beside: true };
        let mut files = Vec::new();
        for (scene, role) in layers {
            let number = imagery.source(scene, role)?.file;
            if files.contains(&number) {
                continue;
            }
            files.push(number);
            let file = self.0.open(number)?;
            let same = file.grid().crs == grid.crs;
            storage.is_beside &= file.is_beside();
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
    /// Whether the blocks of each file hold all of its bands, so that a part of a block can be read without unpacking it anew.
    pub is_beside: bool,
}

impl Parts {
    /// How far a scene's content is moved.
    fn moved(&self, scene: usize) -> (f64, f64) {
        self.moves.get(scene).copied().unwrap_or((0.0, 0.0))
    }

    /// The grid on whose pixels a scene's content lies before it is moved.
    fn grid_before(&self, (east, north): (f64, f64)) -> Grid {
        Grid { west: self.grid.west - east, north: self.grid.north - north, ..self.grid.clone() }
    }

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
        let still = ((0.0, 0.0), Regrid::new(self.0.grid.clone()));
        Ok(GriddedReader { parts: Arc::clone(&self.0), regrids: vec![still], open: Vec::new() })
    }
}

/// A layer that is read with others over one window.
#[derive(Debug, Clone, Copy)]
pub struct PlaneSpec<'a> {
    /// Place of the scene.
    pub scene: usize,
    /// A band that it has.
    pub role: &'a Role,
    /// How stored numbers become values.
    pub scaling: Scaling,
    /// What is taken off each value.
    pub off: f64,
}

impl<'a> PlaneSpec<'a> {
    /// The numbers of a band as they are stored.
    pub fn stored(scene: usize, role: &'a Role) -> Self {
        Self { scene, role, scaling: Scaling::IDENTITY, off: 0.0 }
    }

    fn is_stored(&self) -> bool {
        self.scaling == Scaling::IDENTITY && self.off == 0.0
    }
}

/// A layer, where it is in its file, and the plane for it.
struct Wanted<'a, 'p> {
    layer: &'a PlaneSpec<'a>,
    band: usize,
    void: Void,
    curve: Option<Curve>,
    plane: &'p mut [f32],
}

/// Makes stored numbers of a layer its values.
fn turn(layer: &PlaneSpec<'_>, curve: Option<Curve>, numbers: &mut [f32]) {
    if let Some(curve) = curve {
        for number in numbers.iter_mut() {
            *number = curve.apply(*number);
        }
    }
    if !layer.is_stored() {
        for number in numbers {
            *number = (layer.scaling.apply(*number) - layer.off) as f32;
        }
    }
}

/// Reads windows of scenes on the grid; keeps its files open.
#[derive(Debug)]
pub struct GriddedReader {
    parts: Arc<Parts>,
    /// By how far the content is moved, those that do not move first.
    regrids: Vec<((f64, f64), Regrid)>,
    /// File number and handle, the last used at the end.
    open: Vec<(usize, RasterFile)>,
}

impl GriddedReader {
    /// Reads layers of any scenes over one window of the grid, shape (rows, cols) each: plane `i` holds `layers[i]`, NaN where it has
    /// no value. A block of a file that holds many of them is unpacked once.
    ///
    /// # Errors
    /// As [`RasterReader::read`].
    ///
    /// # Panics
    /// Where a plane has not one number for each pixel of the window.
    pub fn read_planes(&mut self, layers: &[PlaneSpec<'_>], window: Window, planes: &mut [&mut [f32]]) -> Result<(), GeoioError> {
        let parts = Arc::clone(&self.parts);
        let mut by_file: BTreeMap<(usize, usize), Vec<Wanted<'_, '_>>> = BTreeMap::new();
        for (layer, plane) in layers.iter().zip(planes) {
            let source = parts.imagery.source(layer.scene, layer.role)?;
            let key = (source.file, self.regrid(parts.moved(layer.scene)));
            by_file.entry(key).or_default().push(Wanted {
                layer,
                band: source.band,
                void: source.void,
                curve: source.curve,
                plane,
            });
        }
        for ((number, regrid), wanted) in by_file {
            self.use_file(number)?;
            let (_, file) = self.open.last().expect("use_file puts the file at the end");
            let (by, regrid) = &mut self.regrids[regrid];
            if let Some(place) = file.grid().aligned_window(&parts.grid_before(*by).crop(window)).filter(|_| file.is_beside()) {
                let layers: Vec<(&PlaneSpec<'_>, Option<Curve>)> = wanted.iter().map(|one| (one.layer, one.curve)).collect();
                let bands: Vec<(usize, Void)> = wanted.iter().map(|one| (one.band, one.void)).collect();
                let mut planes: Vec<&mut [f32]> = wanted.into_iter().map(|one| one.plane).collect();
                file.read_planes(&bands, place, &mut planes, |i, numbers| turn(layers[i].0, layers[i].1, numbers))?;
                continue;
            }
            for one in wanted {
                let Wanted { layer, band, void, curve, plane } = one;
                let values = ArrayViewMut2::from_shape((window.rows, window.cols), &mut *plane)
                    .expect("a plane has a number for each pixel of the window");
                regrid.read_into(file, Layer { band, void, resampling: parts.resampling }, window, values)?;
                turn(layer, curve, plane);
            }
        }
        Ok(())
    }

    /// Reads a quality layer into an array of the window's shape. A code is kept as it is: what "no data" among the codes means is
    /// the sensor's to say.
    fn codes(&mut self, scene: usize, role: &Role, window: Window, codes: ArrayViewMut2<'_, u16>) -> Result<(), GeoioError> {
        let parts = Arc::clone(&self.parts);
        let source = parts.imagery.source(scene, role)?;
        self.use_file(source.file)?;
        let fill = parts.imagery.scenes[scene].sensor.fill_code;
        let regrid = self.regrid(parts.moved(scene));
        let (_, file) = self.open.last().expect("use_file puts the file at the end");
        self.regrids[regrid].1.read_codes(file, source.band, window, fill, codes)
    }

    /// Place of the reader for content that is moved so far.
    #[allow(clippy::float_cmp, reason = "moves are kept as they are given")]
    fn regrid(&mut self, by: (f64, f64)) -> usize {
        let known = self.regrids.iter().position(|(other, _)| *other == by);
        known.unwrap_or_else(|| {
            self.regrids.push((by, Regrid::new(self.parts.grid_before(by))));
            self.regrids.len() - 1
        })
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
        let layers: Vec<PlaneSpec<'_>> = cube.bands.iter().map(|role| PlaneSpec::stored(scene, role)).collect();
        let mut planes: Vec<&mut [f32]> =
            cube.values.as_slice_mut().into_iter().flat_map(|all| all.chunks_mut(window.pixels().max(1))).collect();
        self.read_planes(&layers, window, &mut planes)?;
        for (i, role) in cube.layers.iter().enumerate() {
            self.codes(scene, role, around, cube.quality.slice_mut(s![0, i, .., ..]))?;
        }
        Ok(cube)
    }
}
