//! References as their files have them: features with days and labels, or a raster.

use std::path::Path;

use alert::{Column, Features, Layer};
use geo::Intersects as _;
use geo_types::Geometry;
use geoio::layer::LayerOptions;
use raster::Date;
use survey::Changed;

use super::alerts::{chosen, is_surface};
use crate::args::{Evaluate, ReferenceKind};
use crate::fault::{Exit, Fault};

/// Endings of rasters.
const RASTERS: [&str; 3] = ["tif", "tiff", "jp2"];

/// What alerts are held against.
pub(super) enum Reference {
    /// All that changed.
    Polygons(Records),
    /// A sample of points.
    Points(Records),
    /// A raster of loss years, not yet opened.
    LossYear,
}

/// Features of a reference.
pub(super) struct Records {
    /// As read, without those outside the area that is judged.
    pub(super) layer: Layer,
    /// When each changed; `None` where its file does not say.
    pub(super) changed: Vec<Option<Changed>>,
    /// Whether days are told at all.
    pub(super) is_dated: bool,
    /// Whether its days lie wholly outside the period that is judged.
    pub(super) is_outside: Vec<bool>,
}

impl Reference {
    /// Reads what the arguments name; a raster is recognised by its ending, the rest by its geometry.
    pub(super) fn read(arguments: &Evaluate, aoi: &[Geometry<f64>]) -> Result<Self, Fault> {
        let path = &arguments.reference;
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let is_raster = arguments.kind.map_or(RASTERS.contains(&ending.as_str()), |kind| kind == ReferenceKind::LossYear);
        if is_raster {
            return Ok(Self::LossYear);
        }
        let options = LayerOptions {
            layer: arguments.reference_layer.clone(),
            crs: arguments.reference_crs.clone(),
            lon: arguments.fields.lon.clone(),
            lat: arguments.fields.lat.clone(),
            ..LayerOptions::default()
        };
        let mut layer = geoio::layer::read(path, &options)?;
        let in_place = |geometry: &Option<Geometry<f64>>| {
            geometry.as_ref().is_some_and(|geometry| aoi.is_empty() || aoi.iter().any(|area| area.intersects(geometry)))
        };
        let kept: Vec<bool> = layer.features.geometries.iter().map(in_place).collect();
        layer.features = chosen(layer.features, &kept);
        let surfaces = layer.features.geometries.iter().flatten().filter(|geometry| is_surface(geometry)).count();
        let nothing = |what: &str| Fault::new(Exit::Input, format!("{}: {what}", path.display()));
        let kind = match arguments.kind {
            _ if layer.features.is_empty() && aoi.is_empty() => return Err(nothing("holds no feature with a place")),
            _ if layer.features.is_empty() => return Err(nothing("holds no feature in the area of interest (--aoi)")),
            Some(kind) => kind,
            None if surfaces == layer.features.len() => ReferenceKind::Polygons,
            None if surfaces == 0 => ReferenceKind::Points,
            None => return Err(nothing("holds polygons as well as points; separate them, or say --kind polygons or points")),
        };
        let wanted = if kind == ReferenceKind::Polygons { surfaces } else { layer.features.len() - surfaces };
        if wanted < layer.features.len() {
            let is = if kind == ReferenceKind::Polygons { "polygons" } else { "points" };
            return Err(nothing(&format!("{wanted} of its {} features are {is}, which --kind asks for", layer.features.len())));
        }
        let records = Records::new(layer, arguments)?;
        Ok(if kind == ReferenceKind::Polygons { Self::Polygons(records) } else { Self::Points(records) })
    }
}

impl Records {
    fn new(layer: Layer, arguments: &Evaluate) -> Result<Self, Fault> {
        let (changed, is_dated) = changes(&layer.features, arguments)?;
        let outside = |changed: &Option<Changed>| {
            changed.is_some_and(|changed| {
                arguments.from.is_some_and(|from| changed.to < from.days())
                    || arguments.to.is_some_and(|to| to.days() < changed.from)
            })
        };
        let is_outside = changed.iter().map(outside).collect();
        Ok(Self { layer, changed, is_dated, is_outside })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.layer.features.len()
    }

    /// Their geometries.
    pub(super) fn geometries(&self) -> &[Option<Geometry<f64>>] {
        &self.layer.features.geometries
    }
}

/// A text column: the one named, which must be there, else the first of the usual names that is.
pub(super) fn column<'a>(
    features: &'a Features,
    named: Option<&str>,
    usual: &[&str],
    path: &Path,
) -> Result<Option<&'a [Option<String>]>, Fault> {
    let find = |name: &str| features.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let found = match named {
        Some(name) => Some(find(name).ok_or_else(|| {
            let known: Vec<&str> = features.columns.iter().map(|Column { name, .. }| name.as_str()).collect();
            Fault::usage(format!("{}: has no column '{name}'; it has {}", path.display(), known.join(", ")))
        })?),
        None => usual.iter().find_map(|name| find(name)),
    };
    Ok(found.and_then(|column| features.text(&column.name)))
}

/// When each feature changed, and whether there are columns that say it.
fn changes(features: &Features, arguments: &Evaluate) -> Result<(Vec<Option<Changed>>, bool), Fault> {
    let (fields, path) = (&arguments.fields, arguments.reference.as_path());
    let from = column(features, fields.from_field.as_deref(), &["from", "date_from", "desde"], path)?;
    let to = column(features, fields.to_field.as_deref(), &["to", "date_to", "hasta"], path)?;
    let date = column(features, fields.date_field.as_deref(), &["date", "fecha", "change_date", "year"], path)?;
    let interval = from.zip(to).filter(|_| fields.date_field.is_none());
    let (starts, ends) = match (interval, date) {
        (Some(interval), _) => interval,
        (None, Some(date)) => (date, date),
        (None, None) => return Ok((vec![None; features.len()], false)),
    };
    let given = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let change = |(row, (start, end)): (usize, (&Option<String>, &Option<String>))| {
        let wrong = |reason: String| Fault::new(Exit::Input, format!("{}: feature {}: {reason}", path.display(), row + 1));
        let (start, end) = match (given(start), given(end)) {
            (Some(start), Some(end)) => (start, end),
            (None, None) => return Ok(None),
            _ => return Err(wrong("has one end of the days of change and not the other".to_owned())),
        };
        let (from, to) = (period(&start).map_err(wrong)?.from, period(&end).map_err(wrong)?.to);
        if to < from {
            return Err(wrong(format!("the change ends on {end} and begins on {start}")));
        }
        Ok(Some(Changed { from, to }))
    };
    let changed = starts.iter().zip(ends).enumerate().map(change).collect::<Result<Vec<_>, Fault>>()?;
    Ok((changed, true))
}

/// The days that a day, month (`2021-03`) or year (`2021`) stands for.
pub(super) fn period(text: &str) -> Result<Changed, String> {
    let between = |from: Option<Date>, after: Option<Date>| Some(Changed { from: from?.days(), to: after?.days() - 1 });
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i32>().ok()).flatten();
    let part = match (text.len(), text.split_once('-')) {
        (4, None) => number(text).and_then(|year| between(Date::from_ymd(year, 1, 1), Date::from_ymd(year + 1, 1, 1))),
        (7, Some((year, month))) => number(year).zip(number(month)).and_then(|(year, month)| {
            let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            between(Date::from_ymd(year, month as u32, 1), Date::from_ymd(next.0, next.1 as u32, 1))
        }),
        _ => text.parse::<Date>().ok().map(|day| Changed { from: day.days(), to: day.days() }),
    };
    part.ok_or_else(|| format!("'{text}' is no day (2021-03-09), month (2021-03) or year (2021)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_and_a_year_are_all_their_days() {
        let told = |text: &str| period(text).map(|of| (Date::from_days(of.from).to_string(), Date::from_days(of.to).to_string()));
        let days = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(told("2021"), days("2021-01-01", "2021-12-31"));
        assert_eq!(told("2020-02"), days("2020-02-01", "2020-02-29"));
        assert_eq!(told("2020-12"), days("2020-12-01", "2020-12-31"));
        assert_eq!(told("2020-12-05"), days("2020-12-05", "2020-12-05"));
        for text in ["", "21", "2021-13", "2021-1", "09/03/2021", "+021", "2021-02-30"] {
            assert!(told(text).is_err_and(|said| said.contains("is no day")), "{text}");
        }
    }
}
