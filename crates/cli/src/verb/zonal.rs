//! Sources that are rasters, laid under features pixel by pixel.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use alert::{Features, Layer, Values};
use geo::MapCoords as _;
use geo_types::{Coord, Geometry};
use geoio::crs::FromLonLat;
use geoio::{RasterFile, Void};
use pipeline::{Budget, map_in_order};
use raster::{Crs, Grid, Window};
use registry::{
    AreaMeasure, CLASS_FIELDS, ClassAreas, CoveredRow, Footprint, Link, Pixels, Position, RasterPixels, RasterSource,
    RegistrySource, Slack, Statistics, Zone,
};

use super::catalogue::{Lookup, about};
use crate::fault::Fault;

/// Rows of a strip, at least: sums are taken strip by strip, so that threads change nothing.
const ROWS: usize = 256;

/// The columns that a raster of values adds to a wide table: `<id>_mean`, `<id>_min`, `<id>_max` and `<id>_pixels`, the number of pixels
/// by the share of each that is covered.
pub(crate) fn statistics_columns(id: &str, of: &[Statistics]) -> Vec<alert::Column> {
    let seen =
        |of_one: &dyn Fn(&Statistics) -> f64| Values::Real(of.iter().map(|one| (one.count > 0.0).then(|| of_one(one))).collect());
    let column = |ending: &str, values| alert::Column { name: format!("{id}_{ending}"), values };
    vec![
        column("mean", Values::Real(of.iter().map(Statistics::mean).collect())),
        column("min", seen(&|one| one.min)),
        column("max", seen(&|one| one.max)),
        column("pixels", Values::Real(of.iter().map(|one| Some(one.count)).collect())),
    ]
}

/// A raster that is to be laid.
pub(crate) struct Raster<'s> {
    source: &'s RasterSource,
    path: PathBuf,
    grid: Grid,
    nodata: Option<f64>,
    strips: Vec<Window>,
}

/// What a raster says of the features.
pub(crate) struct Told {
    /// Its classes as records, without geometry; one nameless record where it holds values.
    pub(crate) layer: Layer,
    /// Features with the classes they cover.
    pub(crate) links: Vec<Link>,
    /// One a feature, where it holds values.
    pub(crate) statistics: Option<Vec<Statistics>>,
}

/// Features under which rasters are laid.
pub(crate) struct Ground<'a> {
    /// Their geometries in longitude and latitude.
    pub(crate) lonlat: &'a [Option<Geometry<f64>>],
    /// The same in the plane that their areas are of, where they are.
    pub(crate) plane: Option<(&'a Crs, &'a [Option<Geometry<f64>>])>,
    /// The same made ready, with their areas.
    pub(crate) footprints: &'a [Footprint<'a>],
    /// How far they may lie off, metres.
    pub(crate) error_m: f64,
}

impl Ground<'_> {
    /// What a source that is a raster says of the features.
    pub(crate) fn under(&self, source: &RegistrySource, lookup: &Lookup<'_>, budget: &Budget) -> Result<Told, Fault> {
        let raster = Raster::of(source, lookup)?;
        let moved = self.moved(&raster.grid.crs)?;
        let mut areas_cm2 = vec![None; self.lonlat.len()];
        for print in self.footprints {
            areas_cm2[print.index()] = print.area_cm2();
        }
        let error_m = self.error_m + source.position_error_m();
        raster.tell(&Placed { geometries: &moved, areas_cm2: &areas_cm2, error_m }, budget)
    }

    /// The geometries in the system of a raster, corner by corner.
    fn moved(&self, system: &Crs) -> Result<Cow<'_, [Option<Geometry<f64>>]>, Fault> {
        if let Some((plane, geometries)) = self.plane
            && geoio::crs::is_same(plane, system)
        {
            return Ok(Cow::Borrowed(geometries));
        }
        if geoio::crs::is_same(&geoio::crs::lonlat()?, system) {
            return Ok(Cow::Borrowed(self.lonlat));
        }
        let way = FromLonLat::new(system)?;
        let moved = |geometry: &Geometry<f64>| -> Result<Geometry<f64>, Fault> {
            geometry.try_map_coords(|at| {
                let (mut x, mut y) = ([at.x], [at.y]);
                way.to_grid(&mut x, &mut y)?;
                Ok(Coord { x: x[0], y: y[0] })
            })
        };
        self.lonlat.iter().map(|geometry| geometry.as_ref().map(&moved).transpose()).collect()
    }
}

/// Features in the coordinates of a raster.
struct Placed<'a> {
    geometries: &'a [Option<Geometry<f64>>],
    /// Their areas, square centimetres; `None` for what is no surface.
    areas_cm2: &'a [Option<i64>],
    /// How far they and the raster may lie off together, metres; what a pixel hides is not in it.
    error_m: f64,
}

impl<'s> Raster<'s> {
    /// Opens a raster.
    fn open(path: &Path, source: &'s RasterSource) -> Result<Self, Fault> {
        let file = RasterFile::open(path)?;
        let Some(band) = file.bands().get(source.band - 1) else {
            let count = file.bands().len();
            return Err(Fault::usage(format!("{}: has no band {}; it has {count}", path.display(), source.band)));
        };
        let (nodata, rows) = (band.nodata, ROWS.next_multiple_of(band.block.0.clamp(1, 4 * ROWS)));
        let strips = file.grid().strips(rows).collect();
        Ok(Self { source, path: path.to_owned(), grid: file.grid().clone(), nodata, strips })
    }

    /// The raster of a source that is one.
    pub(crate) fn of(source: &'s RegistrySource, lookup: &Lookup<'_>) -> Result<Self, Fault> {
        let location = lookup.location(source)?;
        let raster = source.raster.as_ref().ok_or_else(|| about(source, Fault::usage(format!("{location} is no raster"))))?;
        let wrong = || Fault::usage(format!("{location} is no file; a raster is read from a file"));
        let opened = location.file().ok_or_else(wrong).and_then(|file| Self::open(file, raster));
        opened.map_err(|fault| about(source, fault))
    }

    /// What its pixels say of the features.
    fn tell(&self, ground: &Placed<'_>, budget: &Budget) -> Result<Told, Fault> {
        let zone = |geometry: &Option<Geometry<f64>>| Zone::new(geometry.as_ref()?, &self.grid);
        let zones: Vec<Option<Zone>> = ground.geometries.iter().map(zone).collect();
        match &self.source.pixels {
            Pixels::Values => {
                let add =
                    |part: &mut Statistics, row: CoveredRow<'_>, pixels: &RasterPixels<'_>| part.add(row, pixels.under(row));
                let statistics = self.scan(&zones, (0, 0), budget, add, Statistics::merge)?;
                Ok(self.told_values(statistics, &zones, ground))
            }
            Pixels::Classes(names) => {
                // A border between classes lies anywhere in its pixels: half of one from their middle.
                let (width_m, height_m) = self.grid.pixel_m();
                let slack = Slack::new(ground.error_m + width_m.max(height_m) / 2.0, (height_m, width_m));
                let add = |part: &mut ClassAreas, row: CoveredRow<'_>, pixels: &RasterPixels<'_>| {
                    part.add(row, pixels.under(row), registry::pixel_area(&self.grid, row.row));
                    part.place(row, pixels, slack);
                };
                let areas = self.scan(&zones, slack.pixels, budget, add, ClassAreas::merge)?;
                Ok(self.told_classes(&areas, names, ground))
            }
        }
    }

    /// Goes over the strips on every thread, each with so many rows and columns around it; the parts of a zone are put together from
    /// north to south.
    fn scan<T: Default + Send>(
        &self,
        zones: &[Option<Zone>],
        around: (usize, usize),
        budget: &Budget,
        add: impl Fn(&mut T, CoveredRow<'_>, &RasterPixels<'_>) + Sync,
        merge: impl Fn(&mut T, &T),
    ) -> Result<Vec<T>, Fault> {
        let grid = &self.grid;
        let mut of_strip: Vec<Vec<usize>> = vec![Vec::new(); self.strips.len()];
        let height = self.strips.first().map_or(1, |strip| strip.rows);
        for (number, zone) in zones.iter().enumerate() {
            let Some(zone) = zone.as_ref().filter(|zone| !zone.cols(grid).is_empty() && !zone.rows(grid).is_empty()) else {
                continue;
            };
            let rows = zone.rows(grid);
            of_strip[rows.start / height..=(rows.end - 1) / height].iter_mut().for_each(|strip| strip.push(number));
        }
        let chunks: Vec<(Window, Vec<usize>)> =
            self.strips.iter().copied().zip(of_strip).filter(|(_, zones)| !zones.is_empty()).collect();
        let mut whole: Vec<T> = zones.iter().map(|_| T::default()).collect();
        map_in_order(
            &chunks,
            budget,
            budget.in_flight((height * grid.cols * 8) as u64),
            || Ok::<_, Fault>(RasterFile::open(&self.path)?),
            |file, (strip, numbers)| {
                let met: Vec<(usize, &Zone)> = numbers.iter().filter_map(|n| Some((*n, zones[*n].as_ref()?))).collect();
                self.strip(file, *strip, around, &met, &add)
            },
            |parts: Vec<(usize, T)>| {
                for (number, part) in &parts {
                    merge(&mut whole[*number], part);
                }
                Ok(())
            },
        )?;
        Ok(whole)
    }

    fn strip<T: Default>(
        &self,
        file: &RasterFile,
        strip: Window,
        (rows_around, cols_around): (usize, usize),
        met: &[(usize, &Zone)],
        add: impl Fn(&mut T, CoveredRow<'_>, &RasterPixels<'_>),
    ) -> Result<Vec<(usize, T)>, Fault> {
        let grid = &self.grid;
        let west = met.iter().map(|(_, zone)| zone.cols(grid).start).min().unwrap_or(0).saturating_sub(cols_around);
        let east = (met.iter().map(|(_, zone)| zone.cols(grid).end).max().unwrap_or(0) + cols_around).min(grid.cols);
        let north = (strip.row as usize).saturating_sub(rows_around);
        let south = (strip.row as usize + strip.rows + rows_around).min(grid.rows);
        let window = Window { row: north as isize, col: west as isize, rows: south - north, cols: east - west };
        let values = file.read_valid(self.source.band, window, Void::nodata(self.nodata))?;
        let values = values.as_slice().unwrap_or_default();
        let pixels = RasterPixels { values, width: window.cols, origin: (north, west) };
        let mut scratch = Vec::new();
        let mut parts = Vec::with_capacity(met.len());
        for (number, zone) in met {
            let mut part = T::default();
            zone.cover(grid, strip, &mut scratch, |row| add(&mut part, row, &pixels));
            parts.push((*number, part));
        }
        Ok(parts)
    }

    /// Links of the features with the classes by the share they cover of each, in terms of their own areas.
    fn told_classes(&self, areas: &[ClassAreas], names: &std::collections::BTreeMap<i64, String>, ground: &Placed<'_>) -> Told {
        let mut classes: Vec<i64> =
            areas.iter().flat_map(|areas| areas.near_m.keys().copied()).chain(names.keys().copied()).collect();
        classes.sort_unstable();
        classes.dedup();
        let mut links = Vec::new();
        for (feature, areas) in areas.iter().enumerate() {
            let Some(area_cm2) = ground.areas_cm2[feature] else { continue };
            let Some(whole) = self.whole(ground.geometries[feature].as_ref()) else { continue };
            for (class, metres) in &areas.near_m {
                let record = classes.binary_search(class).unwrap_or_default();
                let own = match areas.square_metres.get(class) {
                    Some(square_metres) => {
                        link(feature, record, area_cm2, (square_metres / whole * area_cm2 as f64).round() as i64)
                    }
                    // It lies at least a millimetre off: they do not meet.
                    None => Link {
                        overlap_cm2: 0,
                        distance_mm: Some(((metres * 1000.0) as i64).max(1)),
                        ..link(feature, record, area_cm2, 0)
                    },
                };
                let position = if areas.certain.contains(class) { Position::Certain } else { Position::Possible };
                links.push(Link { position, ..own });
            }
        }
        let rows = classes.len();
        let numbers = classes.iter().map(|class| Some(class.to_string())).collect();
        let titles = classes.iter().map(|class| names.get(class).cloned()).collect();
        Told { layer: self.layer(rows, numbers, titles), links, statistics: None }
    }

    fn told_values(&self, statistics: Vec<Statistics>, zones: &[Option<Zone>], ground: &Placed<'_>) -> Told {
        let mut links = Vec::new();
        for (feature, statistics) in statistics.iter().enumerate().filter(|(_, statistics)| statistics.count > 0.0) {
            let Some(area_cm2) = ground.areas_cm2[feature] else { continue };
            let Some(pixels) = zones[feature].as_ref().map(Zone::pixels).filter(|pixels| *pixels > 0.0) else { continue };
            let seen = statistics.count / pixels;
            links.push(link(feature, 0, area_cm2, (seen * area_cm2 as f64).round() as i64));
        }
        Told { layer: self.layer(1, vec![None], vec![None]), links, statistics: Some(statistics) }
    }

    /// Area of a feature in the coordinates of the grid, above 0.
    fn whole(&self, geometry: Option<&Geometry<f64>>) -> Option<f64> {
        let measure = if self.grid.crs.geographic { AreaMeasure::Geodesic } else { AreaMeasure::Planar };
        registry::straight_area(geometry?, measure).filter(|area| *area > 0.0)
    }

    fn layer(&self, rows: usize, numbers: Vec<Option<String>>, names: Vec<Option<String>>) -> Layer {
        let mut features = Features::new("classes", vec![None; rows]);
        for (name, values) in CLASS_FIELDS.iter().zip([numbers, names]) {
            features.columns.push(alert::Column { name: (*name).to_owned(), values: Values::Text(values) });
        }
        Layer { features, path: self.path.display().to_string(), crs: self.grid.crs.text(), ..Layer::default() }
    }
}

fn link(feature: usize, record: usize, area_cm2: i64, overlap_cm2: i64) -> Link {
    Link {
        feature: feature as u32,
        source: 0,
        record: record as u32,
        feature_cm2: Some(area_cm2),
        overlap_cm2: overlap_cm2.clamp(1, area_cm2.max(1)),
        distance_mm: Some(0),
        crossing_mm: 0,
        position: Position::Certain,
    }
}
