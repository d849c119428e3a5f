//! Planes beside the imagery: where alerts may arise, and which feature a pixel lies in.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use alert::Features;
use gdal::DriverManager;
use gdal::raster::{RasterizeOptions, rasterize};
use gdal::vector::ToGdal;
use geo::{BoundingRect, MapCoordsInPlace};
use geo_types::{Coord, Geometry, Rect};
use ndarray::Array2;
use raster::{Grid, Window};

use crate::crs::FromLonLat;
use crate::raster_file::Void;
use crate::regrid::{Layer, Regrid};
use crate::{GeoioError, RasterFile, Resampling, complaint};

/// Where alerts may arise.
#[derive(Debug, Clone)]
pub enum Eligibility {
    /// Pixels of a raster with one of these codes; the nearest pixel counts.
    Raster {
        /// The raster.
        path: PathBuf,
        /// Band, the first is 1.
        band: usize,
        /// Codes of pixels that may change; empty: every pixel with a value other than 0.
        classes: Vec<i64>,
        /// The grid of the answers.
        grid: Grid,
    },
    /// Pixels whose centre lies in a polygon.
    Polygons(Zones),
}

impl Eligibility {
    /// Pixels with one of these codes of a raster, on a grid; the file is opened once to see that it can be.
    ///
    /// # Errors
    /// What [`RasterFile::open`] gives, [`GeoioError::MissingLayer`].
    pub fn raster(path: PathBuf, band: usize, classes: Vec<i64>, grid: Grid) -> Result<Self, GeoioError> {
        let file = RasterFile::open(&path)?;
        file.read(band, Window { row: 0, col: 0, rows: 1, cols: 1 })?;
        Ok(Self::Raster { path, band, classes, grid })
    }

    /// Pixels whose centre lies in one of these polygons.
    ///
    /// # Errors
    /// As [`Zones::new`].
    pub fn polygons(grid: Grid, features: &Features) -> Result<Self, GeoioError> {
        Ok(Self::Polygons(Zones::new(grid, features)?))
    }

    /// A reader; one a worker.
    ///
    /// # Errors
    /// What [`RasterFile::open`] gives.
    pub fn open(&self) -> Result<EligibilityReader, GeoioError> {
        match self {
            Self::Raster { path, band, classes, grid } => {
                let file = RasterFile::open(path)?;
                let nodata = band.checked_sub(1).and_then(|i| file.bands().get(i)).and_then(|info| info.nodata);
                let layer = Layer { band: *band, void: Void::nodata(nodata), resampling: Resampling::Nearest };
                let codes = CodeReader { file, layer, classes: classes.clone(), regrid: Regrid::new(grid.clone()) };
                Ok(EligibilityReader(Reader::Raster(Box::new(codes))))
            }
            Self::Polygons(zones) => Ok(EligibilityReader(Reader::Polygons(zones.open()))),
        }
    }
}

/// Reads windows of an [`Eligibility`].
#[derive(Debug)]
pub struct EligibilityReader(Reader);

#[derive(Debug)]
enum Reader {
    Raster(Box<CodeReader>),
    Polygons(ZonesReader),
}

/// Reads the codes of a raster on the grid.
#[derive(Debug)]
struct CodeReader {
    file: RasterFile,
    layer: Layer,
    classes: Vec<i64>,
    regrid: Regrid,
}

impl EligibilityReader {
    /// Whether each pixel of a window of the grid may change, shape (rows, cols).
    ///
    /// # Errors
    /// [`GeoioError::Read`], [`GeoioError::Transform`], [`GeoioError::Gdal`].
    pub fn read(&mut self, window: Window) -> Result<Array2<bool>, GeoioError> {
        match &mut self.0 {
            Reader::Raster(codes) => {
                let CodeReader { file, layer, classes, regrid } = codes.as_mut();
                let values = regrid.read(file, *layer, window)?;
                Ok(values.mapv(|v| !v.is_nan() && if classes.is_empty() { v != 0.0 } else { classes.contains(&(v as i64)) }))
            }
            Reader::Polygons(zones) => Ok(zones.read(window)?.mapv(|zone| zone > 0)),
        }
    }
}

/// Features whose polygons are brought to a grid; a pixel belongs to a feature where its centre lies inside.
#[derive(Debug, Clone)]
pub struct Zones {
    grid: Grid,
    shapes: Arc<Vec<Shape>>,
}

/// Place of the feature, and its outline and its bounds in grid coordinates.
type Shape = (usize, Geometry<f64>, Rect<f64>);

impl Zones {
    /// The polygons of the features on a grid. What is no polygon has no inside and is left out.
    ///
    /// # Errors
    /// [`GeoioError::Transform`] where an outline cannot be brought to the grid's system.
    pub fn new(grid: Grid, features: &Features) -> Result<Self, GeoioError> {
        let projection = FromLonLat::new(&grid.crs)?;
        let mut shapes = Vec::new();
        for (place, geometry) in features.geometries.iter().enumerate() {
            let Some(geometry @ (Geometry::Polygon(_) | Geometry::MultiPolygon(_))) = geometry else { continue };
            let mut shape = geometry.clone();
            project(&mut shape, &projection)?;
            if let Some(bounds) = shape.bounding_rect() {
                shapes.push((place, shape, bounds));
            }
        }
        Ok(Self { grid, shapes: Arc::new(shapes) })
    }

    /// A reader; one a worker.
    pub fn open(&self) -> ZonesReader {
        ZonesReader { zones: self.clone() }
    }
}

/// Reads windows of [`Zones`].
#[derive(Debug)]
pub struct ZonesReader {
    zones: Zones,
}

impl ZonesReader {
    /// The feature of each pixel of a window, shape (rows, cols): 0 = none, i + 1 = feature i, the first where several meet.
    ///
    /// # Errors
    /// [`GeoioError::Gdal`].
    pub fn read(&mut self, window: Window) -> Result<Array2<u32>, GeoioError> {
        let Zones { grid, shapes } = &self.zones;
        let bounds = grid.window_bounds(window);
        let meets = |r: &Rect<f64>| {
            r.min().x < bounds.east && bounds.west < r.max().x && r.min().y < bounds.north && bounds.south < r.max().y
        };
        // The last burnt stays: so the first feature comes last.
        let meeting: Vec<_> = shapes.iter().rev().filter(|(_, _, r)| meets(r)).collect();
        if meeting.is_empty() {
            return Ok(Array2::zeros((window.rows, window.cols)));
        }
        let wrong = |reason| GeoioError::Gdal { path: PathBuf::from("polygons"), what: "rasterizing".to_owned(), reason };
        let size = (window.cols, window.rows);
        let buffer = complaint::watch(|| {
            let driver = DriverManager::get_driver_by_name("MEM")?;
            let mut dataset = driver.create_with_band_type::<u32, _>("", window.cols, window.rows, 1)?;
            dataset.set_geo_transform(&grid.crop(window).geo_transform())?;
            let outlines = meeting.iter().map(|(_, shape, _)| shape.to_gdal()).collect::<gdal::errors::Result<Vec<_>>>()?;
            let marks: Vec<f64> = meeting.iter().map(|(place, ..)| *place as f64 + 1.0).collect();
            rasterize(&mut dataset, &[1], &outlines, &marks, Some(RasterizeOptions::default()))?;
            dataset.rasterband(1)?.read_as::<u32>((0, 0), size, size, None)
        })
        .map_err(wrong)?;
        Array2::from_shape_vec((window.rows, window.cols), buffer.into_shape_and_vec().1).map_err(|e| wrong(e.to_string()))
    }
}

fn project(shape: &mut Geometry<f64>, projection: &FromLonLat) -> Result<(), GeoioError> {
    let corners = RefCell::new((Vec::new(), Vec::new()));
    shape.map_coords_in_place(|c| {
        let mut corners = corners.borrow_mut();
        corners.0.push(c.x);
        corners.1.push(c.y);
        c
    });
    let (mut x, mut y) = corners.into_inner();
    projection.to_grid(&mut x, &mut y)?;
    let projected = RefCell::new(x.into_iter().zip(y));
    shape.map_coords_in_place(|c| projected.borrow_mut().next().map_or(c, |(x, y)| Coord { x, y }));
    Ok(())
}
