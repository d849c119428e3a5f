use std::f64::consts::TAU;

use alert::{Column, Features, Values};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use raster::{Date, Grid};

use crate::LandscapeOptions;
use crate::landscape::{place_lonlat, to_lonlat};
use crate::noise::{Layer, Source};

/// How far the municipalities reach over the landscape's edge, as a share of its side.
const OVERHANG: f64 = 0.08;

/// Four municipalities around a common corner: 18 is Caquetá's code, 9xx is not given to any municipality; one code
/// begins with a zero, which must not be lost.
pub(crate) fn municipalities(options: LandscapeOptions, grid: &Grid) -> Features {
    let side = options.size_px as f64;
    let (low, high) = (-OVERHANG * side, (1.0 + OVERHANG) * side);
    let source = Source::new(options.seed, Layer::Registry, 0);
    let middle = Coord { x: side * source.between(0, 0, 0.44, 0.56), y: side * source.between(1, 0, 0.42, 0.58) };
    let along = |arm: i64| source.between(2, arm, 0.35, 0.65) * side;
    let ends = [
        Coord { x: along(0), y: low },
        Coord { x: high, y: along(1) },
        Coord { x: along(2), y: high },
        Coord { x: low, y: along(3) },
    ];
    let corners = [Coord { x: high, y: low }, Coord { x: high, y: high }, Coord { x: low, y: high }, Coord { x: low, y: low }];
    let arms: Vec<Vec<Coord<f64>>> = (0..4).map(|arm| wander(source, arm as i64, middle, ends[arm])).collect();
    let areas = (0..4).map(|i| {
        let mut ring = arms[i].clone();
        ring.push(corners[i]);
        ring.extend(arms[(i + 1) % 4].iter().rev());
        Polygon::new(LineString::new(ring), Vec::new())
    });
    let names =
        ["Villa Simulada", "Puerto Ejemplo", "San Modelo del Caguán", "La Ficción"].map(|name| format!("{name} (simulado)"));
    table("municipalities", areas.map(|area| area_geometry(area, grid)).collect())
        .text("code", &["18901", "18902", "05903", "18904"])
        .text("name", &names)
        .text("department", &["Caquetá (simulado)", "Caquetá (simulado)", "Antioquia (simulado)", "Caquetá (simulado)"])
        .features
}

/// A wandering line between two places whose ends are exact.
fn wander(source: Source, arm: i64, from: Coord<f64>, to: Coord<f64>) -> Vec<Coord<f64>> {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let waves: Vec<(f64, f64)> =
        (1..=6).map(|k| (source.between(10 + k, arm, -0.06, 0.06) / k as f64, k as f64 * TAU / 2.0)).collect();
    (0..=48u8)
        .map(|step| {
            let t = f64::from(step) / 48.0;
            let aside: f64 = waves.iter().map(|(height, rate)| height * (rate * t).sin()).sum();
            // The waves are 0 at both ends but for rounding; the last place is taken as it is.
            if step == 48 { to } else { Coord { x: from.x + t * dx - aside * dy, y: from.y + t * dy + aside * dx } }
        })
        .collect()
}

pub(crate) fn protected_areas(options: LandscapeOptions, grid: &Grid) -> Features {
    table("protected_areas", vec![island(options, grid, &Island { number: 1, x: 0.80, y: 0.24, reach: 0.19 })])
        .text("id", &["SIM-PNN-01"])
        .text("name", &["Parque Nacional Natural Serranía Simulada (simulado)"])
        .text("category", &["Parque Nacional Natural"])
        .text("act", &["Resolución 0000 de 2013 (simulada)"])
        .day("valid_from", Date::from_ymd(2013, 8, 21))
        .features
}

pub(crate) fn reserves(options: LandscapeOptions, grid: &Grid) -> Features {
    table("reserves", vec![island(options, grid, &Island { number: 2, x: 0.80, y: 0.77, reach: 0.15 })])
        .text("id", &["SIM-RI-01"])
        .text("name", &["Resguardo Indígena Ejemplo del Río (simulado)"])
        .text("people", &["pueblo simulado"])
        .text("act", &["Acuerdo 000 de 1998 (simulado)"])
        .day("valid_from", Date::from_ymd(1998, 4, 14))
        .features
}

pub(crate) fn permits(options: LandscapeOptions, grid: &Grid) -> Features {
    table("permits", vec![island(options, grid, &Island { number: 3, x: 0.45, y: 0.42, reach: 0.12 })])
        .text("id", &["SIM-0007"])
        .text("holder", &["Maderas de Ejemplo S.A.S. (simulado)"])
        .text("kind", &["aprovechamiento forestal"])
        .text("act", &["Resolución 0007 de 2022 (simulada)"])
        .day("valid_from", Date::from_ymd(2022, 7, 1))
        .day("valid_to", Date::from_ymd(2023, 6, 30))
        .features
}

pub(crate) fn rivers(course: &[(f64, f64)], grid: &Grid) -> Features {
    let line: Vec<Coord<f64>> = course.iter().step_by(6).map(|&(x, y)| place_lonlat(grid, Coord { x, y })).collect();
    table("rivers", vec![Geometry::LineString(LineString::new(line))])
        .text("id", &["SIM-R-01"])
        .text("name", &["Río Simulado (simulado)"])
        .features
}

/// A rounded area: its place and reach as shares of the landscape's side.
struct Island {
    number: i64,
    x: f64,
    y: f64,
    reach: f64,
}

fn island(options: LandscapeOptions, grid: &Grid, island: &Island) -> Geometry<f64> {
    let source = Source::new(options.seed, Layer::Registry, island.number);
    let side = options.size_px as f64;
    let waves: Vec<(f64, f64)> =
        (2..8i64).map(|k| (source.between(0, k, 0.02, 0.30) / k as f64, source.between(1, k, 0.0, TAU))).collect();
    let ring = (0..96u8).map(|step| {
        let angle = TAU * f64::from(step) / 96.0;
        let swell: f64 = waves.iter().zip(2..).map(|((height, shift), k)| height * (f64::from(k) * angle + shift).sin()).sum();
        let reach = island.reach * (1.0 + swell);
        Coord { x: side * (island.x + reach * angle.cos()), y: side * (island.y + reach * angle.sin()) }
    });
    area_geometry(Polygon::new(ring.collect(), Vec::new()), grid)
}

fn area_geometry(area: Polygon<f64>, grid: &Grid) -> Geometry<f64> {
    Geometry::MultiPolygon(to_lonlat(&MultiPolygon::new(vec![area]), grid))
}

/// A table that grows by columns of one value a feature.
struct Table {
    features: Features,
}

fn table(name: &str, geometries: Vec<Geometry<f64>>) -> Table {
    Table { features: Features::new(name, geometries.into_iter().map(Some).collect()) }
}

impl Table {
    fn text<S: AsRef<str>>(mut self, name: &str, values: &[S]) -> Self {
        let values = Values::Text(values.iter().map(|value| Some(value.as_ref().to_owned())).collect());
        self.features.columns.push(Column { name: name.to_owned(), values });
        self
    }

    /// A column of a table of one feature.
    fn day(mut self, name: &str, date: Option<Date>) -> Self {
        self.features.columns.push(Column { name: name.to_owned(), values: Values::Day(vec![date]) });
        self
    }
}
