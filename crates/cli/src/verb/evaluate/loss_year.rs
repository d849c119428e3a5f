//! Alerts against a raster of the years of loss, pixel by pixel.

use std::collections::BTreeMap;

use alert::Features;
use geo_types::Geometry;
use geoio::{RasterFile, Zones, ZonesReader};
use ndarray::Array2;
use pipeline::{Budget, map_in_order};
use raster::{Date, Grid, Warning, Window};
use registry::pixel_area;
use serde_json::json;
use survey::Estimate;

use super::Outcome;
use super::alerts::Alerts;
use super::classes::{Verdict, lines};
use super::table::{Hectares, Line, number};
use crate::args::{Common, Evaluate};
use crate::fault::Fault;
use crate::progress::Progress;
use crate::verb::aoi::grid_within;

/// Pixels read at once.
const PIXELS: usize = 1 << 21;

/// What lies under one alert.
#[derive(Debug, Clone, Default)]
struct Under {
    /// Hectares that the raster speaks of.
    known_ha: f64,
    /// Hectares of loss by year.
    loss_ha: BTreeMap<i32, f64>,
}

/// Hectares of loss of one year.
#[derive(Debug, Clone, Copy, Default)]
struct OfYear {
    all: f64,
    /// Under alerts whose year is near enough.
    found: f64,
    /// Under any alert.
    under: f64,
}

/// Pixels counted so far.
struct Tally<'a> {
    alerts: &'a Alerts,
    within_years: i32,
    under: Vec<Under>,
    years: BTreeMap<i32, OfYear>,
    void_ha: f64,
}

/// Values of a strip, the alert of each pixel, and whether it lies in the area that is judged.
struct Strip {
    window: Window,
    years: Array2<f64>,
    alerts: Array2<u32>,
    inside: Option<Array2<u32>>,
}

/// A worker's handles.
struct Reader {
    file: RasterFile,
    alerts: ZonesReader,
    area: Option<ZonesReader>,
}

/// Judges alerts by pixels, and pixels by alerts.
pub(super) fn compare(
    alerts: &Alerts,
    aoi: &[Geometry<f64>],
    arguments: &Evaluate,
    budget: &Budget,
    common: &Common,
) -> Result<Outcome, Fault> {
    let path = arguments.reference.as_path();
    let file = RasterFile::open(path)?;
    let band = arguments.years.band;
    if !(1..=file.bands().len()).contains(&band) {
        return Err(Fault::usage(format!("--band {band}: {} has bands 1 to {}", path.display(), file.bands().len())));
    }
    let grid = grid_within(file.grid(), arguments.aoi.as_deref())?;
    super::refuse_apart(alerts, geoio::crs::bounds_lonlat(&grid)?, arguments)?;
    let zones = Zones::new(grid.clone(), &alerts.layer.features)?;
    let area = match aoi {
        [] => None,
        areas => Some(Zones::new(grid.clone(), &Features::new("area", areas.iter().cloned().map(Some).collect()))?),
    };
    let offset = file.grid().window_of(grid.bounds()).map_or((0, 0), |window| (window.row, window.col));
    let rows = (PIXELS / grid.cols.max(1)).clamp(1, 512);
    let strips: Vec<Window> = grid.strips(rows).collect();
    let mut tally = Tally::new(alerts, i32::from(arguments.years.within_years));
    let mut progress = Progress::begin(common, "pixels", strips.len() as u64);
    map_in_order(
        &strips,
        budget,
        budget.in_flight((grid.cols * rows * 20) as u64),
        || {
            let (file, area) = (RasterFile::open(path)?, area.as_ref().map(Zones::open));
            Ok::<_, Fault>(Reader { file, alerts: zones.open(), area })
        },
        |reader, &window| {
            let stored = Window { row: window.row + offset.0, col: window.col + offset.1, ..window };
            let years = reader.file.read_f64(band, stored)?;
            let inside = reader.area.as_mut().map(|area| area.read(window)).transpose()?;
            Ok(Strip { window, years, alerts: reader.alerts.read(window)?, inside })
        },
        |strip| {
            tally.add(&strip, &grid, arguments.years.year_zero);
            progress.step()
        },
    )?;
    Ok(tally.outcome(arguments))
}

impl<'a> Tally<'a> {
    fn new(alerts: &'a Alerts, within_years: i32) -> Self {
        Self { alerts, within_years, under: vec![Under::default(); alerts.len()], years: BTreeMap::new(), void_ha: 0.0 }
    }

    fn add(&mut self, strip: &Strip, grid: &Grid, year_zero: i32) {
        for (line, years) in strip.years.rows().into_iter().enumerate() {
            let pixel_ha = pixel_area(grid, strip.window.row as usize + line) / 1e4;
            for (col, &stored) in years.iter().enumerate() {
                if strip.inside.as_ref().is_some_and(|inside| inside[[line, col]] == 0) {
                    continue;
                }
                let alert = (strip.alerts[[line, col]] as usize).checked_sub(1);
                if stored.is_nan() {
                    self.void_ha += pixel_ha;
                    continue;
                }
                if let Some(alert) = alert {
                    self.under[alert].known_ha += pixel_ha;
                }
                if stored >= 1.0 {
                    let number = stored as i32;
                    let year = if number >= 1900 { number } else { year_zero + number };
                    self.add_loss(year, alert, pixel_ha);
                }
            }
        }
    }

    fn add_loss(&mut self, year: i32, alert: Option<usize>, pixel_ha: f64) {
        let is_near = alert.is_some_and(|alert| self.is_near(alert, year));
        let of_year = self.years.entry(year).or_default();
        of_year.all += pixel_ha;
        if let Some(alert) = alert {
            of_year.under += pixel_ha;
            *self.under[alert].loss_ha.entry(year).or_default() += pixel_ha;
        }
        of_year.found += if is_near { pixel_ha } else { 0.0 };
    }

    fn year(&self, alert: usize) -> Option<i32> {
        Some(Date::from_days(self.alerts.seen[alert]?.first).year())
    }

    /// Whether a loss of that year is what an alert tells of; to an alert without dates, every loss is.
    fn is_near(&self, alert: usize, year: i32) -> bool {
        self.year(alert).is_none_or(|own| (own - year).abs() <= self.within_years)
    }

    /// First and last year of which the alerts speak.
    fn watched(&self, arguments: &Evaluate) -> Option<(i32, i32)> {
        let years: Vec<i32> = (0..self.alerts.len()).filter_map(|alert| self.year(alert)).collect();
        let from = arguments.from.map(Date::year).or_else(|| years.iter().min().copied())?;
        let to = arguments.to.map(Date::year).or_else(|| years.iter().max().copied())?;
        Some((from, to))
    }

    fn outcome(&self, arguments: &Evaluate) -> Outcome {
        let mut outcome = Outcome::default();
        let verdicts = self.verdicts();
        outcome.judged = verdicts.iter().map(|verdict| (verdict.thing, verdict.met, 1.0)).collect();
        outcome.lines.extend(lines("users", &verdicts, &self.alerts.classes));
        let watched = self.watched(arguments);
        let is_watched = |year: i32| watched.is_none_or(|(from, to)| (from..=to).contains(&year));
        let sum = |of: &dyn Fn(&OfYear) -> f64| {
            self.years.iter().filter(|(year, _)| is_watched(**year)).map(|(_, ha)| of(ha)).sum::<f64>() + 0.0
        };
        let producers = Hectares { part: sum(&|ha| ha.found), of: sum(&|ha| ha.all) };
        outcome.lines.push(Line { overlap: Some(producers), ..Line::all("producers") });
        for (year, ha) in self.years.iter().filter(|(year, _)| is_watched(**year)) {
            let overlap = Some(Hectares { part: ha.found, of: ha.all });
            outcome.lines.push(Line { overlap, ..Line::of("producers", "year", &year.to_string()) });
        }
        let users =
            Hectares { part: verdicts.iter().map(|one| one.shared_ha).sum(), of: verdicts.iter().map(|one| one.area_ha).sum() };
        outcome.lines.extend(f1(users, producers));
        outcome.lines.extend(self.offsets());
        self.tell(watched, &verdicts, arguments, &mut outcome);
        outcome
    }

    /// Each alert with a pixel that the raster speaks of.
    fn verdicts(&self) -> Vec<Verdict> {
        let verdict = |(thing, under): (usize, &Under)| {
            let near = under.loss_ha.iter().filter(|(year, _)| self.is_near(thing, **year)).map(|(_, ha)| ha).sum::<f64>() + 0.0;
            let met = near > 0.0 && 2.0 * near >= under.known_ha;
            (under.known_ha > 0.0).then_some(Verdict { thing, met, area_ha: under.known_ha, shared_ha: near })
        };
        self.under.iter().enumerate().filter_map(verdict).collect()
    }

    /// Hectares of loss under dated alerts by years from the loss to the alert.
    fn offsets(&self) -> Vec<Line> {
        let mut offsets: BTreeMap<i32, f64> = BTreeMap::new();
        for (alert, under) in self.under.iter().enumerate() {
            let Some(own) = self.year(alert) else { continue };
            for (year, ha) in &under.loss_ha {
                *offsets.entry(own - year).or_default() += ha;
            }
        }
        let of: f64 = offsets.values().sum();
        let line = |(offset, &part): (&i32, &f64)| {
            let sign = if *offset > 0 { "+" } else { "" };
            Line { overlap: Some(Hectares { part, of }), ..Line::of("delay_years", "years", &format!("{sign}{offset}")) }
        };
        offsets.iter().map(line).collect()
    }

    fn tell(&self, watched: Option<(i32, i32)>, verdicts: &[Verdict], arguments: &Evaluate, outcome: &mut Outcome) {
        let within = arguments.years.within_years;
        outcome.notes.push(format!(
            "right: at least half of an alert's pixels are loss of a year within {within} of its own; found: loss under such an alert. The raster knows years only"
        ));
        if let Some((from, to)) = watched {
            let beyond =
                self.years.iter().filter(|(year, _)| !(from..=to).contains(*year)).map(|(_, ha)| ha.all).sum::<f64>() + 0.0;
            outcome.notes.push(format!("loss of {from} to {to} is judged; {beyond:.1} ha of other years are no omissions"));
        }
        let has_loss = self.years.keys().any(|year| watched.is_none_or(|(from, to)| (from..=to).contains(year)));
        if !has_loss && self.alerts.len() > 0 {
            let message =
                "the raster holds no loss of the years that are judged: check the file, --band, --year-zero, --from and --to";
            outcome.warnings.push(Warning::new("no_loss", message).about(arguments.reference.display().to_string()));
        }
        let without = self.alerts.len() - verdicts.len();
        if without > 0 {
            outcome
                .notes
                .push(format!("{without} alerts hold no centre of a pixel that the raster speaks of, and are not judged"));
        }
        let undated = self.alerts.seen.iter().filter(|seen| seen.is_none()).count();
        if undated > 0 {
            outcome.notes.push(format!("{undated} alerts have no date: loss of any year makes them right"));
        }
        if self.void_ha > 0.0 {
            outcome.notes.push(format!("{:.1} ha of the raster hold no value and are left out", self.void_ha));
        }
        let years: Vec<_> = self
            .years
            .iter()
            .map(|(year, ha)| {
                json!({ "year": year, "loss_ha": number(ha.all), "found_ha": number(ha.found), "under_any_alert_ha": number(ha.under) })
            })
            .collect();
        outcome.fact(
            "reference",
            json!({
                "kind": "loss-year", "band": arguments.years.band, "within_years": within, "watched": watched, "years": years,
                "no_value_ha": number(self.void_ha), "alerts_without_pixel": without,
            }),
        );
    }
}

/// Harmonic mean of both shares of area.
fn f1(users: Hectares, producers: Hectares) -> Option<Line> {
    let (u, p) = (users.share()?, producers.share()?);
    (u + p > 0.0).then(|| Line { estimate: Some(Estimate { value: 2.0 * u * p / (u + p), se: None }), ..Line::all("f1") })
}
