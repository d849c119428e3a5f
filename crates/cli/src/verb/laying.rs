//! Sources of a catalogue read, laid under features, and let go: what stays of a layer is its table.

use alert::Layer;
use geo_types::{Coord, Geometry, Rect};
use geoio::layer::{Frame, LayerOptions};
use pipeline::{Budget, map_in_order};
use raster::{Crs, Warning};
use registry::{AreaMeasure, Footprint, Join, Link, Overlay, RegistrySource, Statistics};

use super::catalogue::Lookup;
use super::zonal::Ground;
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;
use crate::run;

/// Bytes of memory a byte of a layer's file, roughly.
const GROWTH: u64 = 8;

/// What sources are laid under.
pub(crate) struct Laying<'a> {
    /// How the sources are looked up.
    pub(crate) lookup: &'a Lookup<'a>,
    /// The features, in longitude and latitude or in the plane.
    pub(crate) features: &'a Layer,
    /// The plane that areas are measured in; the ellipsoid where there is none.
    pub(crate) plane: Option<&'a Crs>,
    /// How far the features may lie off, metres.
    pub(crate) error_m: f64,
    /// Threads and memory.
    pub(crate) budget: Budget,
    /// What every verb is told.
    pub(crate) common: &'a Common,
}

/// The features as they are laid.
struct Prints<'a> {
    /// In the coordinates that areas are measured in.
    own: Vec<Footprint<'a>>,
    /// In longitude and latitude, where those are others and distances are asked for.
    lonlat: Vec<Footprint<'a>>,
    /// Geometries in longitude and latitude, where those are others and a raster or distances are asked for.
    geometries: &'a [Option<Geometry<f64>>],
}

/// A source that was laid.
struct Laid {
    /// Its place among the sources.
    number: usize,
    source: RegistrySource,
    layer: Layer,
    warnings: Vec<Warning>,
    extent: Option<Rect>,
    links: Vec<Link>,
    statistics: Option<Vec<Statistics>>,
}

/// What sources say of the features.
pub(crate) struct Found {
    /// The sources with their layers, whose geometry is gone.
    pub(crate) registries: Vec<(RegistrySource, Layer)>,
    /// Links of features with records.
    pub(crate) links: Vec<Link>,
    /// Statistics of sources that are rasters of values, one a feature, by the number of the source.
    pub(crate) statistics: Vec<(usize, Vec<Statistics>)>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
    /// The box of all records that were read in the features' coordinates; `None` where there are none.
    pub(crate) extent: Option<Rect>,
}

impl Laying<'_> {
    /// Lays every source.
    pub(crate) fn lay(&self, sources: Vec<RegistrySource>) -> Result<Found, Fault> {
        let lonlat = self.lonlat(&sources)?;
        let measure = if self.plane.is_some() { AreaMeasure::Planar } else { AreaMeasure::Geodesic };
        let prints = Prints {
            own: run::footprints(&self.features.features.geometries, measure, &self.budget)?,
            lonlat: run::footprints(&lonlat, AreaMeasure::Geodesic, &self.budget)?,
            geometries: if self.plane.is_some() { &lonlat } else { &self.features.features.geometries },
        };
        let order = self.by_size(&sources);
        let at_once = self.at_once(&order);
        let within = Budget::new(self.budget.jobs().div_ceil(at_once), self.budget.bytes());
        let mut progress = Progress::begin(self.common, "overlay", order.len() as u64);
        let mut laid: Vec<Option<Laid>> = sources.iter().map(|_| None).collect();
        map_in_order(
            &order,
            &self.budget,
            at_once,
            || Ok::<_, Fault>(()),
            |(), (number, _)| self.source(*number, &sources[*number], &prints, &within),
            |one| {
                let number = one.number;
                laid[number] = Some(one);
                progress.step()
            },
        )?;
        let mut found =
            Found { registries: Vec::new(), links: Vec::new(), statistics: Vec::new(), warnings: Vec::new(), extent: None };
        for one in laid.into_iter().flatten() {
            found.registries.push((one.source, one.layer));
            if found.links.is_empty() {
                found.links = one.links;
            } else {
                found.links.extend(one.links);
            }
            run::keep_within(&self.budget, found.links.len())?;
            found.warnings.extend(one.warnings);
            found.extent = found.extent.into_iter().chain(one.extent).reduce(joined);
            found.statistics.extend(one.statistics.map(|statistics| (one.number, statistics)));
        }
        Ok(found)
    }

    /// The features in longitude and latitude, where they stand in a plane and a source is a raster or asks for distances.
    fn lonlat(&self, sources: &[RegistrySource]) -> Result<Vec<Option<Geometry<f64>>>, Fault> {
        match self.plane {
            Some(plane) if sources.iter().any(|source| source.join.measures_distance() || source.raster.is_some()) => {
                Ok(geoio::layer::to_lonlat(&self.features.features.geometries, plane)?)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The sources by the bytes of their files, the largest first, so that no thread is left with it at the end.
    fn by_size(&self, sources: &[RegistrySource]) -> Vec<(usize, u64)> {
        let length = |location: geoio::Location| Some(std::fs::metadata(location.file()?).ok()?.len());
        let bytes = |source| self.lookup.location(source).ok().and_then(length).unwrap_or(0);
        let mut order: Vec<(usize, u64)> = sources.iter().map(bytes).enumerate().collect();
        order.sort_by_key(|(number, bytes)| (std::cmp::Reverse(*bytes), *number));
        order
    }

    /// How many layers are held at once.
    fn at_once(&self, order: &[(usize, u64)]) -> usize {
        let largest = order.first().map_or(0, |(_, bytes)| bytes * GROWTH);
        self.budget.in_flight(largest).min(self.budget.jobs()).min(order.len()).max(1)
    }

    fn source(&self, number: usize, source: &RegistrySource, prints: &Prints<'_>, budget: &Budget) -> Result<Laid, Fault> {
        let mut source = source.clone();
        let measured = source.join.measures_distance() && self.plane.is_some();
        let frame = match self.plane {
            Some(plane) if !measured => Frame::System(plane.clone()),
            _ => Frame::LonLat,
        };
        let read = self.lookup.read(&mut source, options(frame))?;
        if read.layer.absent {
            let (layer, warnings) = (read.layer, read.warnings);
            return Ok(Laid { number, source, layer, warnings, extent: None, links: Vec::new(), statistics: None });
        }
        if source.raster.is_some() {
            return self.raster(number, source, prints, budget);
        }
        let layer = [(source, read.layer)];
        let on = if measured { &prints.lonlat } else { &prints.own };
        let mut links = match layer[0].0.join {
            Join::Key { .. } => Vec::new(),
            _ => run::links(&layer, on, self.error_m, budget, || Ok(()))?,
        };
        if measured {
            self.take_areas_in_plane(&layer[0].0, &mut links, prints)?;
        }
        for link in &mut links {
            link.source = number as u16;
        }
        let [(source, mut layer)] = layer;
        let extent = if measured { None } else { layer.boxes().into_iter().flatten().reduce(joined) };
        layer.features.geometries.fill(None);
        Ok(Laid { number, source, layer, warnings: read.warnings, extent, links, statistics: None })
    }

    fn raster(&self, number: usize, source: RegistrySource, prints: &Prints<'_>, budget: &Budget) -> Result<Laid, Fault> {
        let plane = self.plane.map(|plane| (plane, self.features.features.geometries.as_slice()));
        let ground = Ground { lonlat: prints.geometries, plane, footprints: &prints.own, error_m: self.error_m };
        let told = ground.under(&source, self.lookup, budget)?;
        let links = told.links.into_iter().map(|link| Link { source: number as u16, ..link }).collect();
        let (layer, statistics) = (told.layer, told.statistics);
        Ok(Laid { number, source, layer, warnings: Vec::new(), extent: None, links, statistics })
    }

    /// Links found in longitude and latitude get the areas of the plane.
    fn take_areas_in_plane(&self, source: &RegistrySource, links: &mut [Link], prints: &Prints<'_>) -> Result<(), Fault> {
        let Some(plane) = self.plane else { return Ok(()) };
        let mut source = source.clone();
        let read = self.lookup.read(&mut source, options(Frame::System(plane.clone())))?;
        let layer = [(source, read.layer)];
        let overlay = Overlay::new(&layer)?;
        let by_index: std::collections::HashMap<usize, &Footprint<'_>> =
            prints.own.iter().map(|footprint| (footprint.index(), footprint)).collect();
        for link in links {
            if let Some(footprint) = by_index.get(&(link.feature as usize)) {
                *link = overlay.with_area(*link, footprint);
            }
        }
        Ok(())
    }
}

/// The box of two boxes.
fn joined(a: Rect, b: Rect) -> Rect {
    let (low, high) = ((a.min(), b.min()), (a.max(), b.max()));
    let min = Coord { x: low.0.x.min(low.1.x), y: low.0.y.min(low.1.y) };
    let max = Coord { x: high.0.x.max(high.1.x), y: high.0.y.max(high.1.y) };
    Rect::new(min, max)
}

fn options(frame: Frame) -> LayerOptions {
    LayerOptions { frame, unhashed: true, ..LayerOptions::default() }
}
