use raster::Date;

use crate::calendar::new_year;
use crate::clearing::ClearingKind;
use crate::noise::{Layer, Source};
use crate::terrain::Field;
use crate::{BANDS, MONITORING_YEAR};

/// Reflectance in the order of [`BANDS`].
pub(crate) type Spectrum = [f32; BANDS.len()];

const FOREST: Spectrum = [0.021, 0.040, 0.023, 0.300, 0.145, 0.062];
const GREEN_PASTURE: Spectrum = [0.036, 0.074, 0.056, 0.330, 0.215, 0.108];
const DRY_PASTURE: Spectrum = [0.058, 0.095, 0.113, 0.235, 0.300, 0.200];
const DRY_SAVANNA: Spectrum = [0.062, 0.094, 0.122, 0.225, 0.320, 0.225];
const GREEN_CROP: Spectrum = [0.028, 0.070, 0.034, 0.400, 0.190, 0.090];
const SOIL: Spectrum = [0.070, 0.103, 0.145, 0.225, 0.310, 0.255];
const SLASH: Spectrum = [0.048, 0.072, 0.092, 0.195, 0.270, 0.185];
const ASH: Spectrum = [0.046, 0.052, 0.060, 0.100, 0.150, 0.140];
const COCA: Spectrum = [0.036, 0.082, 0.048, 0.310, 0.200, 0.100];
const WATER: Spectrum = [0.066, 0.088, 0.082, 0.045, 0.022, 0.014];

fn blend(a: &Spectrum, b: &Spectrum, share_of_b: f64) -> Spectrum {
    let t = share_of_b.clamp(0.0, 1.0) as f32;
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// Day of the year as an angle.
fn season(date: Date, shift: f64) -> f64 {
    std::f64::consts::TAU * (f64::from(date.day_of_year()) - shift) / 365.25
}

/// Forest: a few parts in a hundred brighter in the near infrared in the months of new leaves.
pub(crate) fn forest(date: Date) -> Spectrum {
    let flush = season(date, 250.0).cos() as f32;
    let mut spectrum = FOREST;
    spectrum[3] *= 1.0 + 0.03 * flush;
    spectrum[4] *= 1.0 - 0.015 * flush;
    spectrum
}

pub(crate) fn water(date: Date) -> Spectrum {
    let mud = 0.5 + 0.5 * season(date, 150.0).cos();
    let mut spectrum = WATER;
    for value in &mut spectrum[..4] {
        *value *= (0.85 + 0.3 * mud) as f32;
    }
    spectrum
}

/// Open land without owner: green in the rains (April to November), dry from December to February.
pub(crate) fn savanna(date: Date) -> Spectrum {
    blend(&DRY_SAVANNA, &GREEN_PASTURE, 0.45 + 0.42 * season(date, 185.0).cos())
}

/// The day on which the savanna burns.
pub(crate) fn burn_day() -> Date {
    Date::from_days(new_year(MONITORING_YEAR).days() + 38)
}

/// Burnt savanna: ash, then grass within half a year.
pub(crate) fn burnt_savanna(date: Date) -> Spectrum {
    let since = f64::from(date.days() - burn_day().days());
    if since < 0.0 { savanna(date) } else { blend(&ASH, &savanna(date), ((since - 20.0) / 160.0).max(0.0)) }
}

/// A pasture or crop on a day; every field has its own calendar, and every year its own delay.
pub(crate) fn field(field: &Field, number: i64, date: Date, seed: u64) -> Spectrum {
    let delay = Source::new(seed, Layer::Year, 0).between(number, i64::from(date.year()), -12.0, 12.0);
    if field.crop { crop(field, date, delay) } else { pasture(field, date, delay) }
}

fn pasture(field: &Field, date: Date, delay: f64) -> Spectrum {
    let green = 0.34 + 0.32 * field.vigour + 0.36 * season(date, 180.0 + field.phase + delay).cos();
    blend(&DRY_PASTURE, &GREEN_PASTURE, green)
}

fn crop(field: &Field, date: Date, delay: f64) -> Spectrum {
    let year = 365.25 / field.cycles;
    let day = (f64::from(date.day_of_year()) - 60.0 - 2.0 * field.phase - delay).rem_euclid(year) / year;
    let green = match day {
        d if d < 0.14 => 0.04,
        d if d < 0.34 => 0.04 + (d - 0.14) / 0.20 * 0.92,
        d if d < 0.60 => 0.96,
        d if d < 0.80 => 0.96 - (d - 0.60) / 0.20 * 0.71,
        _ => 0.25,
    };
    blend(&SOIL, &GREEN_CROP, green)
}

/// What follows a clearing, by days since it: slash or ash, bare soil, then what is grown there.
///
/// It never comes near forest again within the monitoring year: at most 55 % of green cover.
pub(crate) fn cleared(kind: ClearingKind, since: f64) -> Spectrum {
    let opened = match kind {
        ClearingKind::Burnt => blend(&ASH, &SOIL, since / 80.0),
        ClearingKind::Felled | ClearingKind::Coca | ClearingKind::Pasture => blend(&SLASH, &SOIL, since / 45.0),
    };
    match kind {
        ClearingKind::Coca => blend(&opened, &COCA, coca_cover(since)),
        ClearingKind::Pasture => blend(&opened, &GREEN_PASTURE, 0.55 * ((since - 70.0) / 140.0).clamp(0.0, 1.0)),
        ClearingKind::Felled | ClearingKind::Burnt => {
            blend(&opened, &GREEN_PASTURE, 0.38 * ((since - 60.0) / 200.0).clamp(0.0, 1.0))
        }
    }
}

/// Leaf cover of young coca: planted after two months, plucked bare every 75 days.
fn coca_cover(since: f64) -> f64 {
    let grown = (since - 60.0).max(0.0);
    let size = (grown / 150.0).min(1.0);
    let since_harvest = (grown % 75.0) / 75.0;
    0.55 * size * (0.3 + 0.7 * since_harvest)
}
