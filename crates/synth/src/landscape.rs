use std::ops::Range;

use alert::{Column, Features, Values};
use geo::MapCoords as _;
use geo::orient::{Direction, Orient as _};
use geo_types::{Coord, Geometry, MultiPolygon};
use ndarray::{Array2, Array3};
use raster::{Band, Crs, Date, Grid, Role, Scaling};

use crate::clearing::{self, PIXEL_HA, Plot};
use crate::noise::{Layer, Source};
use crate::outline::outline;
use crate::sighting::{self, Palls, Sight};
use crate::sky::Sky;
use crate::surface::{self, Spectrum};
use crate::terrain::{Land, Terrain};
use crate::utm::{Utm, lonlat};
use crate::{Clearing, SynthError, calendar, registry};

/// The bands of a scene in their order; the scene classes (SCL) come after them as the last layer.
pub const BANDS: [Band; 6] = [Band::Blue, Band::Green, Band::Red, Band::Nir, Band::Swir16, Band::Swir22];

/// The year in which everything is cleared; the baseline is the two years before it.
pub const MONITORING_YEAR: i32 = 2023;

/// Fewest and most pixels a side; the most are those of a Sentinel-2 tile.
const SIZES: (usize, usize) = (96, 10_980);
/// Fewest and most scenes that can be asked for.
const DATES: (usize, usize) = (2, 120);
/// The grid's middle: 74.9 degrees west, 1.1 degrees north, in Caquetá.
const MIDDLE: (f64, f64) = (511_130.0, 121_590.0);
const STEP_M: f64 = 10.0;
const ZONE: u32 = 18;
const WKT: &str = r#"PROJCS["WGS 84 / UTM zone 18N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",-75],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]],AXIS["Easting",EAST],AXIS["Northing",NORTH],AUTHORITY["EPSG","32618"]]"#;
/// Reflectance of a thick cloud.
const CLOUD: Spectrum = [0.52, 0.52, 0.53, 0.57, 0.39, 0.29];
/// Stored number of a reflectance of 1.
const FULL: f32 = 10_000.0;
/// NDVI above which the scene classes call a clear pixel vegetation.
const VEGETATION_NDVI: f32 = 0.4;

/// What a landscape is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LandscapeOptions {
    /// Seed: another seed is another landscape.
    pub seed: u64,
    /// Pixels of 10 m a side, 96 to 10980; default 640. The number of clearings goes with the area, 45 at 640.
    pub size_px: usize,
    /// Scenes, 2 to 120, a third of them in the monitoring year, on the clearest days of equal parts of both periods; default
    /// `None`: every 10 to 20 days, whatever the sky.
    pub dates: Option<usize>,
}

impl Default for LandscapeOptions {
    fn default() -> Self {
        Self { seed: 1, size_px: 640, dates: None }
    }
}

impl LandscapeOptions {
    /// Whether a landscape can be made of them.
    ///
    /// # Errors
    /// [`SynthError::Size`] where the size is out of range, [`SynthError::Dates`] where the number of scenes is.
    pub fn check(&self) -> Result<(), SynthError> {
        let (least, most) = SIZES;
        if !(least..=most).contains(&self.size_px) {
            return Err(SynthError::Size { got: self.size_px, least, most });
        }
        let (least, most) = DATES;
        match self.dates.filter(|count| !(least..=most).contains(count)) {
            Some(got) => Err(SynthError::Dates { got, least, most }),
            None => Ok(()),
        }
    }
}

/// A simulated piece of the Colombian Amazon over three years, whose every clearing is known.
///
/// Forest with a meandering river in the east; seasonal pasture, crops and a savanna that burns once in the west. All
/// clearings lie in forest, in [`MONITORING_YEAR`].
#[derive(Debug)]
pub struct Landscape {
    options: LandscapeOptions,
    grid: Grid,
    dates: Vec<Date>,
    terrain: Terrain,
    clearings: Vec<Clearing>,
    truth: Array2<u16>,
    palls: Palls,
}

impl Landscape {
    /// The landscape of these options; all but the pixels of the scenes is made at once.
    ///
    /// # Errors
    /// As [`LandscapeOptions::check`].
    pub fn new(options: LandscapeOptions) -> Result<Self, SynthError> {
        options.check()?;
        let grid = grid(options.size_px);
        let dates = options.dates.map_or_else(|| calendar::dates(options.seed), |count| calendar::clearest(options.seed, count));
        let terrain = Terrain::new(options.seed, options.size_px);
        let plots = clearing::plots(options.seed, &terrain);
        let palls = Palls::over(&plots);
        let sights = sighting::sight(options, &plots, &dates, &palls);
        let mut truth = Array2::zeros(terrain.land.dim());
        for (plot, number) in plots.iter().zip(1u16..) {
            for &place in &plot.pixels {
                truth[place] = number;
            }
        }
        let monitored = dates.iter().filter(|date| date.year() >= MONITORING_YEAR).count();
        let planted = |(id, (plot, sight)): (usize, (Plot, Sight))| {
            let seen = sight.clear_before && sight.clear_scenes >= monitored.min(2);
            record(id, plot, sight, seen, &grid)
        };
        let clearings = plots.into_iter().zip(sights).enumerate().map(planted);
        Ok(Self { options, clearings: clearings.collect(), grid, dates, terrain, truth, palls })
    }

    /// The grid of all rasters: EPSG:32618, 10 m.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Days of sensing in order, baseline and monitoring year.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// What each layer of a scene is: [`BANDS`], then the scene classes.
    pub fn layers() -> Vec<Role> {
        BANDS.into_iter().map(Role::Band).chain([Role::Scl]).collect()
    }

    /// How the stored numbers of [`BANDS`] become reflectance; 0 is nodata.
    pub fn scaling() -> Scaling {
        Scaling { scale: 1.0 / f64::from(FULL), offset: 0.0 }
    }

    /// The scene of the day `dates()[t]`, shape (layer, y, x), layers as in [`Landscape::layers`]; 0 = nodata.
    ///
    /// Scene classes are those of Sentinel-2 (3 shadow, 4 vegetation, 5 bare, 6 water, 8 to 10 cloud). As in life a small
    /// part of the thin cloud and the rims of shadows pass for clear.
    ///
    /// # Panics
    /// Where `t` is no place in [`Landscape::dates`].
    pub fn scene(&self, t: usize) -> Array3<u16> {
        self.look(t).rows(0..self.options.size_px)
    }

    /// The scene of the day `dates()[t]` that is yet to be drawn: its sky is made here, its pixels row by row.
    ///
    /// # Panics
    /// Where `t` is no place in [`Landscape::dates`].
    pub fn look(&self, t: usize) -> Look<'_> {
        let date = self.dates[t];
        let LandscapeOptions { seed, size_px, .. } = self.options;
        let day = i64::from(date.days());
        let sky = Sky::new(seed, size_px, day, &self.palls.on(date));
        Look { landscape: self, sky, ground: Ground::new(self, date), sensor: Source::new(seed, Layer::Sensor, day) }
    }

    /// Forest in 2020: 1 forest, 2 other land or water; shape (y, x).
    pub fn forest(&self) -> Array2<u8> {
        self.terrain.land.mapv(|land| if land == Land::Forest { 1 } else { 2 })
    }

    /// What grew on each pixel before the monitoring year, shape (y, x).
    pub fn land(&self) -> &Array2<Land> {
        &self.terrain.land
    }

    /// Which savanna burns in the monitoring year, shape (y, x).
    pub fn burnt(&self) -> &Array2<bool> {
        &self.terrain.burnt
    }

    /// All planted clearings, by date.
    pub fn clearings(&self) -> &[Clearing] {
        &self.clearings
    }

    /// The planted clearings as a raster: 0 none, `id + 1` on the pixels of a clearing; shape (y, x).
    pub fn truth(&self) -> &Array2<u16> {
        &self.truth
    }

    /// The days of the planted clearings as a raster: days since 1970-01-01, 0 = never cleared; shape (y, x).
    pub fn truth_date(&self) -> Array2<u16> {
        self.truth.mapv(|number| match number {
            0 => 0,
            n => self.clearings[usize::from(n) - 1].date.days() as u16,
        })
    }

    /// The planted clearings as a table.
    pub fn truth_features(&self) -> Features {
        let all = &self.clearings;
        let column = |name: &str, values: Values| Column { name: name.to_owned(), values };
        Features {
            name: "truth".to_owned(),
            geometries: all.iter().map(|c| Some(Geometry::MultiPolygon(c.polygon.clone()))).collect(),
            columns: vec![
                column("id", Values::Text(all.iter().map(|c| Some(format!("simulated-{:03}", c.id + 1))).collect())),
                column("kind", Values::Text(all.iter().map(|c| Some(c.kind.name().to_owned())).collect())),
                column("date", Values::Day(all.iter().map(|c| Some(c.date)).collect())),
                column("area_ha", Values::Real(all.iter().map(|c| Some(c.area_ha)).collect())),
                column("seen", Values::Integer(all.iter().map(|c| Some(i64::from(c.seen))).collect())),
                column("first_clear", Values::Day(all.iter().map(|c| c.first_clear).collect())),
            ],
        }
    }

    /// Made-up municipalities that cover the landscape: `code` (text of five digits), `name`, `department`.
    pub fn municipalities(&self) -> Features {
        registry::municipalities(self.options, &self.grid)
    }

    /// One made-up protected area: `id`, `name`, `category`, `act`, `valid_from`.
    pub fn protected_areas(&self) -> Features {
        registry::protected_areas(self.options, &self.grid)
    }

    /// One made-up indigenous reserve: `id`, `name`, `people`, `act`, `valid_from`.
    pub fn reserves(&self) -> Features {
        registry::reserves(self.options, &self.grid)
    }

    /// One made-up felling permit: `id`, `holder`, `kind`, `act`, `valid_from`, `valid_to`.
    pub fn permits(&self) -> Features {
        registry::permits(self.options, &self.grid)
    }

    /// The middle line of the river: `id`, `name`.
    pub fn rivers(&self) -> Features {
        registry::rivers(&self.terrain.river, &self.grid)
    }
}

/// The square grid around the landscape's middle, its edges on multiples of the step.
fn grid(size: usize) -> Grid {
    let half = (size / 2) as f64 * STEP_M;
    let crs = Crs { epsg: Some(32_618), wkt: WKT.to_owned(), geographic: false };
    let (west, north) = (MIDDLE.0 - half, MIDDLE.1 + half);
    Grid { crs, west, north, step_x: STEP_M, step_y: STEP_M, rows: size, cols: size }
}

fn record(id: usize, plot: Plot, sight: Sight, seen: bool, grid: &Grid) -> Clearing {
    Clearing {
        id,
        kind: plot.kind,
        date: plot.date,
        area_ha: plot.pixels.len() as f64 * PIXEL_HA,
        polygon: to_lonlat(&outline(&plot.pixels), grid),
        pixels: plot.pixels,
        seen,
        first_clear: sight.first_clear,
        under_pall: plot.under_pall,
    }
}

/// Longitude and latitude of a place given by column and row of pixel corners.
pub(crate) fn place_lonlat(grid: &Grid, place: Coord<f64>) -> Coord<f64> {
    let (easting_m, northing_m) = grid.corner(place.y, place.x);
    let (x, y) = lonlat(Utm { zone: ZONE, easting_m, northing_m });
    Coord { x, y }
}

/// An outline in columns and rows as longitude and latitude, exterior rings counter-clockwise.
pub(crate) fn to_lonlat(outline: &MultiPolygon<f64>, grid: &Grid) -> MultiPolygon<f64> {
    outline.map_coords(|place| place_lonlat(grid, place)).orient(Direction::Default)
}

/// A scene of a landscape, drawn by rows: a large one need not be held whole.
#[derive(Debug)]
pub struct Look<'a> {
    landscape: &'a Landscape,
    sky: Sky,
    ground: Ground<'a>,
    sensor: Source,
}

impl Look<'_> {
    /// Rows of the scene, shape (layer, y, x), layers and numbers as in [`Landscape::scene`].
    ///
    /// # Panics
    /// Where the rows leave the landscape.
    pub fn rows(&self, rows: Range<usize>) -> Array3<u16> {
        let cols = self.landscape.options.size_px;
        let mut scene = Array3::zeros((BANDS.len() + 1, rows.len(), cols));
        for (line, row) in rows.enumerate() {
            for col in (0..cols).filter(|col| self.sky.seen[[row, *col]]) {
                let spectrum = veil(self.ground.at(row, col), &self.sky, [row, col]);
                let noise = self.sensor.bits(col as i64, row as i64);
                for (band, value) in spectrum.into_iter().enumerate() {
                    let draw = ((noise >> (10 * band)) & 1023) as f32 / 511.5 - 1.0;
                    let stored = (value * (1.0 + 0.02 * draw) + 0.0015 * draw) * FULL;
                    scene[[band, line, col]] = stored.clamp(1.0, 2.0 * FULL) as u16;
                }
                let water = self.landscape.terrain.land[[row, col]] == Land::Water;
                let hidden = self.sky.obstacle([row, col]);
                scene[[BANDS.len(), line, col]] = hidden.unwrap_or_else(|| clear_class(&spectrum, water));
            }
        }
        scene
    }
}

/// The ground of one day, without sky.
#[derive(Debug)]
struct Ground<'a> {
    landscape: &'a Landscape,
    forest: Spectrum,
    water: Spectrum,
    savanna: Spectrum,
    burnt: Spectrum,
    fields: Vec<Spectrum>,
    /// The spectrum of each clearing that has happened.
    cleared: Vec<Option<Spectrum>>,
}

impl<'a> Ground<'a> {
    fn new(landscape: &'a Landscape, date: Date) -> Self {
        let seed = landscape.options.seed;
        let fields = landscape.terrain.fields.iter().zip(0i64..);
        let cleared = landscape.clearings.iter().map(|clearing| {
            let since = date.days() - clearing.date.days();
            (since >= 0).then(|| surface::cleared(clearing.kind, f64::from(since)))
        });
        Self {
            landscape,
            forest: surface::forest(date),
            water: surface::water(date),
            savanna: surface::savanna(date),
            burnt: surface::burnt_savanna(date),
            fields: fields.map(|(field, number)| surface::field(field, number, date, seed)).collect(),
            cleared: cleared.collect(),
        }
    }

    fn at(&self, row: usize, col: usize) -> Spectrum {
        let terrain = &self.landscape.terrain;
        let place = [row, col];
        let (spectrum, contrast) = match terrain.land[place] {
            Land::Water => (self.water, 0.15),
            Land::Savanna if terrain.burnt[place] => (self.burnt, 0.6),
            Land::Savanna => (self.savanna, 0.6),
            Land::Pasture | Land::Crop => (self.fields[terrain.field[place] as usize], 0.5),
            Land::Forest => match usize::from(self.landscape.truth[place]).checked_sub(1).and_then(|id| self.cleared[id]) {
                Some(cleared) => (cleared, 1.5),
                None => (self.forest, 1.0),
            },
        };
        let factor = 1.0 + contrast * (terrain.texture[place] - 1.0);
        spectrum.map(|value| value * factor)
    }
}

/// What the sensor sees of the ground: shadow darkens it, cloud covers it.
fn veil(ground: Spectrum, sky: &Sky, place: [usize; 2]) -> Spectrum {
    let (cloud, shade) = (sky.cloud[place], sky.shade[place]);
    let bright = 0.72 + 0.28 * cloud;
    std::array::from_fn(|band| {
        let lit = ground[band] * (1.0 - 0.62 * shade);
        lit + (CLOUD[band] * bright - lit) * cloud
    })
}

fn clear_class(spectrum: &Spectrum, water: bool) -> u16 {
    let ndvi = (spectrum[3] - spectrum[2]) / (spectrum[3] + spectrum[2]);
    match (water, ndvi > VEGETATION_NDVI) {
        (true, _) => 6,
        (false, true) => 4,
        (false, false) => 5,
    }
}
