//! The picture of a run: before and after side by side, with the alerts.

use std::path::Path;

use alert::{Alert, Confidence, Layer};
use change::{Answer, MaskPlan};
use geo::MapCoordsInPlace as _;
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPolygon};
use geoio::crs::FromLonLat;
use geoio::{GriddedImagery, Resampling};
use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use pipeline::{Budget, map_in_order};
use raster::{Band, DateRange, Grid, RasterReader as _, RasterSource as _, Role, Scaling, Scene, Window};
use registry::{Privacy, RegistrySource};

use super::inputs::Inputs;
use super::outputs::subject;
use super::tally::Tallies;
use crate::fault::{Exit, Fault};
use crate::job::{Job, MaskSpec};
use crate::language::Language;
use crate::picture::{Boundary, Outline, Picture, Stretch, Words, draw};

/// Longest side of what is drawn, in pixels of the coarser grid.
const SIDE: usize = 900;
/// Clear looks whose median a pixel shows.
const LOOKS: usize = 3;
/// Rows of the imagery that are drawn at once, about: two rows of the largest common blocks, so that few blocks are unpacked twice.
const SOURCE_ROWS: usize = 1024;
/// Rows of the picture that are drawn at once, at least.
const STRIP_ROWS: usize = 16;
/// Looks that are searched for them, and for the places that these leave without any although the run saw them.
const SEARCHED: usize = 14;
const SEARCHED_FOR_GAPS: usize = 42;

/// What a run found.
pub(crate) struct Shown<'a> {
    /// The file of the change map.
    pub(crate) answers: &'a Path,
    /// The file of the observation layer.
    pub(crate) observations: &'a Path,
    /// The alerts.
    pub(crate) alerts: &'a [Alert],
    /// Hectares by answer.
    pub(crate) tallies: &'a Tallies,
}

/// Draws `quicklook.png`.
pub(crate) fn write(
    path: &Path,
    shown: &Shown<'_>,
    inputs: &Inputs,
    job: &Job,
    (language, budget): (Language, &Budget),
) -> Result<(), Fault> {
    let grid = coarser(inputs.grid());
    let imagery = inputs.imagery.imagery().clone();
    let colours = colours(&imagery.scenes, inputs);
    let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Nearest);
    let seen = |band| Ok::<_, Fault>(coarse_plane(shown.observations, band, &grid)?.mapv(|looks| looks > 0.0));
    let (seen_before, seen_after) = (seen(1)?, seen(2)?);
    let composer = Composer { source: &source, inputs, colours: &colours, mask: &job.mask, budget };
    let before = composer.composite(inputs.baseline, &seen_before)?;
    let after = composer.composite(inputs.monitoring, &seen_after)?;
    let stretch = Stretch::of(&[before.view(), after.view()]);
    let (before, after) = (stretch.apply(before.view()), stretch.apply(after.view()));
    let answer =
        coarse_plane(shown.answers, 1, &grid)?.mapv(|code| if code.is_nan() { Answer::NotSeen.code() } else { code as u8 });
    let picture = Picture {
        before: before.view(),
        after: after.view(),
        seen_before: seen_before.view(),
        answer: answer.view(),
        outlines: &outlines(shown.alerts, &grid)?,
        boundaries: &boundaries(inputs, job.registries.as_ref().is_some_and(|spec| spec.internal), &grid)?,
        pixel_m: grid.pixel_m().0,
        words: &words(inputs, job, shown, language),
    };
    let drawn = draw(&picture).map_err(|error| Fault::from_error(Exit::Internal, error))?;
    Ok(geoio::write_png(path, &drawn.view(), true)?)
}

/// The same area with pixels that are a whole number of times larger.
fn coarser(grid: &Grid) -> Grid {
    let factor = grid.rows.max(grid.cols).div_ceil(SIDE);
    Grid {
        step_x: grid.step_x * factor as f64,
        step_y: grid.step_y * factor as f64,
        rows: grid.rows.div_ceil(factor),
        cols: grid.cols.div_ceil(factor),
        ..grid.clone()
    }
}

/// Red, green and blue of the picture: natural colours where every scene that gives the index has them, else infrared ones, else the
/// index in grey.
fn colours(scenes: &[Scene], inputs: &Inputs) -> [Role; 3] {
    let natural = [Band::Red, Band::Green, Band::Blue];
    let infrared = [Band::Swir16, Band::Nir08, Band::Red];
    let near = [Band::Nir, Band::Red, Band::Green];
    let watched: Vec<usize> = (0..scenes.len()).filter(|scene| inputs.looks[*scene].series.contains(&0)).collect();
    let all_have =
        |bands: &[Band; 3]| watched.iter().all(|scene| bands.iter().all(|band| scenes[*scene].has(&Role::Band(*band))));
    if let Some(bands) = [natural, infrared, near].into_iter().find(all_have) {
        return bands.map(Role::Band);
    }
    let role =
        watched.first().and_then(|scene| inputs.looks[*scene].bands.first().cloned()).unwrap_or_else(|| inputs.index().role());
    [role.clone(), role.clone(), role]
}

/// What pictures of periods are made of.
struct Composer<'a> {
    source: &'a GriddedImagery,
    inputs: &'a Inputs,
    colours: &'a [Role; 3],
    mask: &'a MaskSpec,
    budget: &'a Budget,
}

impl Composer<'_> {
    /// Median of the latest clear looks of a period, reflectance, shape (3, y, x); NaN where there is none.
    ///
    /// `seen` says where the run saw anything in that period: earlier looks are searched while such a place has no colour yet.
    fn composite(&self, period: DateRange, seen: &Array2<bool>) -> Result<Array3<f32>, Fault> {
        let grid = self.source.grid();
        let mut whole = Array3::from_elem((3, grid.rows, grid.cols), f32::NAN);
        let factor = grid.step_y / self.inputs.grid().step_y;
        let rows = ((SOURCE_ROWS as f64 / factor) as usize).max(STRIP_ROWS).min(grid.rows.div_ceil(self.budget.jobs()).max(1));
        let windows: Vec<Window> = grid.strips(rows).collect();
        // Strip by strip, so that each block of a file is unpacked once for all layers.
        map_in_order(
            &windows,
            self.budget,
            self.budget.jobs() + 1,
            || Ok::<_, Fault>(self.source.open()?),
            |reader, &window| {
                let rows = window.row as usize..window.row as usize + window.rows;
                let seen = seen.slice(s![rows.clone(), ..]);
                let mut latest = Latest::new(window);
                let shows = |scene: &usize| self.colours.iter().all(|role| self.source.scenes()[*scene].has(role));
                let looks = self.inputs.observations.iter().rev().filter(|look| period.contains(look.date));
                let looks = looks.filter(|look| look.scenes.iter().any(shows));
                for (searched, look) in looks.take(SEARCHED_FOR_GAPS).enumerate() {
                    // A late clearing must not drown in the median of looks from long before.
                    let wanted = if searched < SEARCHED { LOOKS } else { 1 };
                    if latest.has(wanted, seen) {
                        break;
                    }
                    for &scene in look.scenes.iter().filter(|scene| shows(scene)) {
                        latest.add(&layers(reader, self.source, scene, self.colours, self.mask, window)?, wanted);
                    }
                }
                Ok((rows, latest.median()))
            },
            |(rows, median)| {
                whole.slice_mut(s![.., rows, ..]).assign(&median);
                Ok(())
            },
        )?;
        Ok(whole)
    }
}

/// The latest clear looks of each pixel, at most [`LOOKS`].
struct Latest {
    looks: Vec<Array3<f32>>,
    filled: Array2<u8>,
}

impl Latest {
    fn new(window: Window) -> Self {
        let none = Array3::from_elem((3, window.rows, window.cols), f32::NAN);
        Self { looks: vec![none; LOOKS], filled: Array2::zeros((window.rows, window.cols)) }
    }

    /// Whether each pixel that the run saw has so many looks.
    fn has(&self, wanted: usize, seen: ArrayView2<'_, bool>) -> bool {
        self.filled.iter().zip(seen).all(|(count, seen)| !seen || usize::from(*count) >= wanted)
    }

    /// Adds a look where a pixel has fewer than `wanted`, at most [`LOOKS`].
    fn add(&mut self, shown: &Array3<f32>, wanted: usize) {
        for ((row, col), count) in self.filled.indexed_iter_mut() {
            let pixel = shown.slice(s![.., row, col]);
            if usize::from(*count) < wanted && pixel.iter().all(|value| !value.is_nan()) {
                self.looks[usize::from(*count)].slice_mut(s![.., row, col]).assign(&pixel);
                *count += 1;
            }
        }
    }

    fn median(&self) -> Array3<f32> {
        Array3::from_shape_fn(self.looks[0].dim(), |at| {
            let mut values: Vec<f32> = self.looks.iter().map(|plane| plane[at]).filter(|value| !value.is_nan()).collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f32::NAN)
        })
    }
}

/// The three layers of a scene over a window of the picture, reflectance, NaN where masked.
fn layers(
    reader: &mut geoio::GriddedReader,
    source: &GriddedImagery,
    scene: usize,
    colours: &[Role; 3],
    mask: &MaskSpec,
    window: Window,
) -> Result<Array3<f32>, Fault> {
    let described = &source.scenes()[scene];
    let plan = MaskPlan::new(&described.sensor, &mask.options(), source.grid().pixel_m())?;
    let mut roles = colours.to_vec();
    roles.dedup();
    roles.extend(plan.layers());
    let cube = reader.read(scene, &roles, window, plan.margin())?;
    let (cube, _) = plan.apply(cube)?;
    let mut shown = Array3::zeros((3, window.rows, window.cols));
    for (mut plane, role) in shown.axis_iter_mut(Axis(0)).zip(colours) {
        let band = cube.band_index(role, "the picture")?;
        let scaling: Scaling = cube.scaling[band];
        // An index of 0 to 1 is shown in the range of reflectance that the stretch is made for.
        let factor = if matches!(role, Role::Index(_)) { 0.25 } else { 1.0 };
        plane.assign(&cube.values.slice(s![0, band, .., ..]).mapv(|stored| (scaling.apply(stored) * factor) as f32));
    }
    Ok(shown)
}

/// A band of a raster of the run on the picture's grid; NaN beyond its edge.
fn coarse_plane(path: &Path, band: usize, grid: &Grid) -> Result<Array2<f32>, Fault> {
    let role = Role::Index("shown".to_owned());
    let date = raster::Date::from_days(0);
    let layers = [(role.clone(), path.to_owned(), band)];
    let map = geoio::scene_of_layers("the run", date, &layers, Some(Scaling::IDENTITY), None)?;
    let source = GriddedImagery::new(map.imagery, grid.clone(), Resampling::Nearest);
    let cube = source.open()?.read(0, &[role], grid.window(), 0)?;
    Ok(cube.values.slice(s![0, 0, .., ..]).to_owned())
}

/// From longitude and latitude to pixels of the grid: x = column, y = row.
struct ToPixels<'a> {
    projection: FromLonLat,
    grid: &'a Grid,
}

impl ToPixels<'_> {
    fn pixel(&self, at: Coord<f64>) -> Coord<f64> {
        let (mut x, mut y) = ([at.x], [at.y]);
        if self.projection.to_grid(&mut x, &mut y).is_err() {
            return Coord { x: f64::NAN, y: f64::NAN };
        }
        Coord { x: (x[0] - self.grid.west) / self.grid.step_x, y: (self.grid.north - y[0]) / self.grid.step_y }
    }
}

fn outlines(alerts: &[Alert], grid: &Grid) -> Result<Vec<Outline>, Fault> {
    let to = ToPixels { projection: FromLonLat::new(&grid.crs)?, grid };
    Ok(alerts
        .iter()
        .map(|alert| {
            let mut shape: MultiPolygon<f64> = alert.geometry.clone();
            shape.map_coords_in_place(|at| to.pixel(at));
            Outline { shape, high: alert.confidence == Confidence::High }
        })
        .collect())
}

/// The outlines of all polygon layers, named; what may not be published is not drawn, unless the run is for inner use.
fn boundaries(inputs: &Inputs, internal: bool, grid: &Grid) -> Result<Vec<Boundary>, Fault> {
    let to = ToPixels { projection: FromLonLat::new(&grid.crs)?, grid };
    let seen = geoio::crs::bounds_lonlat(grid)?;
    let mut lines = Vec::new();
    let may_show = |source: &&(RegistrySource, Layer)| internal || source.0.privacy == Privacy::Public;
    for (source, layer) in inputs.registries.sources.iter().filter(may_show) {
        let is_named = internal || !source.private.iter().any(|private| private == "name");
        let names = source.name.as_deref().filter(|_| is_named).and_then(|name| layer.features.text(name));
        for (place, (geometry, bounds)) in layer.features.geometries.iter().zip(layer.boxes()).enumerate() {
            let polygons = match geometry {
                Some(Geometry::Polygon(polygon)) => vec![polygon.clone()],
                Some(Geometry::MultiPolygon(polygons)) => polygons.0.clone(),
                _ => continue,
            };
            let near = bounds.is_some_and(|b| {
                b.min().x < seen.east && seen.west < b.max().x && b.min().y < seen.north && seen.south < b.max().y
            });
            if !near {
                continue;
            }
            let rings: Vec<LineString<f64>> =
                polygons.iter().map(|polygon| polygon.exterior().coords().map(|at| to.pixel(*at)).collect()).collect();
            let label = names.and_then(|names| names[place].clone()).unwrap_or_default();
            lines.push(Boundary { lines: MultiLineString::new(rings), label });
        }
    }
    Ok(lines)
}

fn words(inputs: &Inputs, job: &Job, shown: &Shown<'_>, language: Language) -> Words {
    let alerts = shown.alerts;
    let pick = |es: &str, en: &str| language.pick(es, en).to_owned();
    let period = format!("{} - {}", inputs.monitoring.from(), inputs.monitoring.to());
    let name = if job.about.name.is_empty() { String::new() } else { format!(" · {}", job.about.name) };
    let area: f64 = alerts.iter().map(|alert| alert.area_ha).sum();
    let counted = match language {
        Language::Es => format!("{} alertas, {area:.1} ha cartografiadas (no es una estimación), {period}", alerts.len()),
        Language::En => format!("{} alerts, {area:.1} ha mapped (not an estimate), {period}", alerts.len()),
    };
    let unseen_ha = shown.tallies.total(Answer::NotSeen).1;
    let unseen = match (language, shown.tallies.unseen_percent()) {
        (Language::Es, percent) => format!("No visto (nubes, sin imagen): {unseen_ha:.1} ha, {percent:.1} % de lo evaluable"),
        (Language::En, percent) => {
            format!("Not seen (clouds, no image): {unseen_ha:.1} ha, {percent:.1} % of what was to be seen")
        }
    };
    let not_eligible = format!("{}: {:.1} ha", pick("No evaluado", "Not looked at"), shown.tallies.total(Answer::NotEligible).1);
    let sensors = inputs.sensors.join(", ");
    Words {
        title: vec![format!("{}{name}", subject(job, language)), counted],
        captions: [pick("Antes", "Before"), pick("Después", "After")],
        high: pick("Alerta, confianza alta", "Alert, high confidence"),
        low: pick("Alerta, confianza baja", "Alert, low confidence"),
        not_seen: unseen,
        not_eligible: if inputs.within.is_some() { not_eligible } else { String::new() },
        boundary: if inputs.registries.sources.is_empty() { String::new() } else { pick("Límite oficial", "Official boundary") },
        north: "N".to_owned(),
        attribution: format!("Atalaya {} · {} · {sensors}", env!("CARGO_PKG_VERSION"), inputs.index().name()),
    }
}
