//! The alerts of a run as a score takes them.

use alert::Features;
use raster::Date;
use synth::ScoredAlert;

/// Area and dates of every alert of `alerts.geojson`.
pub(crate) fn alerts(alerts: &Features) -> Vec<ScoredAlert> {
    let text = |name: &str| alerts.text(name).unwrap_or_default();
    let rows = text("area_ha").iter().zip(text("date_before")).zip(text("date_first"));
    rows.map(|((area, before), first)| ScoredAlert {
        area_ha: area.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0.0),
        date_before: before.as_deref().and_then(|text| text.parse().ok()),
        date_first: first.as_deref().and_then(|text| text.parse().ok()).unwrap_or(Date::from_days(0)),
    })
    .collect()
}
