//! What became of each alert, as a table.

use alert::{Features, Layer, Values, geodesic_size};
use geo_types::{Geometry, MultiPolygon};

use super::cleared::Cleared;
use crate::fault::Fault;

/// Share of an alert that must be covered for its area to be held against that on the orthomosaic.
const WHOLE: f64 = 0.99;

/// How far outlines may lie off, metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errors {
    pub(super) orthomosaic_m: f64,
    pub(super) alert_m: f64,
}

/// An area and how far it may be off, hectares: an outline that lies off by so much everywhere moves it by its length times that.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Area {
    ha: f64,
    error_ha: f64,
}

impl Area {
    fn new((area_m2, perimeter_m): (f64, f64), error_m: f64) -> Self {
        Self { ha: area_m2 / 1e4, error_ha: perimeter_m * error_m / 1e4 }
    }
}

/// One row an alert: both areas with their errors and their difference; the geometry is the refined outline.
pub(super) fn outcomes(layer: &Layer, found: Vec<Cleared>, errors: Errors, index: &str) -> Result<Features, Fault> {
    let alerts: Vec<Option<Area>> =
        layer.features.geometries.iter().map(|geometry| alert_area(geometry.as_ref(), errors)).collect();
    let refined: Vec<Option<Area>> = found
        .iter()
        .map(|cleared| {
            (cleared.covered_share > 0.0).then(|| Area::new((cleared.area_m2, cleared.perimeter_m), errors.orthomosaic_m))
        })
        .collect();
    let compared: Vec<Option<(Area, Area)>> = alerts
        .iter()
        .zip(&refined)
        .zip(&found)
        .map(|((alert, refined), cleared)| alert.zip(*refined).filter(|_| cleared.covered_share >= WHOLE && !cleared.goes_on))
        .collect();
    let ids: Vec<Option<String>> = match layer.features.text("id") {
        Some(ids) => ids.to_vec(),
        None => (1..=found.len()).map(|number| Some(number.to_string())).collect(),
    };
    let real =
        |values: &[Option<Area>], of: fn(&Area) -> f64| Values::Real(values.iter().map(|area| area.as_ref().map(of)).collect());
    let text = |of: &dyn Fn(usize) -> &'static str| Values::Text((0..found.len()).map(|i| Some(of(i).to_owned())).collect());
    let result = text(&|i| state(&found[i]));
    let size = text(&|i| compared[i].map_or("not_compared", |(alert, refined)| verdict(alert, refined)));
    let share = Values::Real(found.iter().map(|cleared| Some((cleared.covered_share * 1e4).round() / 1e4)).collect());
    let difference = Values::Real(compared.iter().map(|pair| pair.map(|(alert, refined)| refined.ha - alert.ha)).collect());
    let indices = Values::Text(vec![Some(index.to_owned()); found.len()]);
    let geometries = found.into_iter().map(|cleared| cleared.outline.map(Geometry::MultiPolygon)).collect();
    Ok(Features::new("refined", geometries)
        .with("id", Values::Text(ids))?
        .with("result", result)?
        .with("covered_share", share)?
        .with("alert_ha", real(&alerts, |area| area.ha))?
        .with("alert_error_ha", real(&alerts, |area| area.error_ha))?
        .with("refined_ha", real(&refined, |area| area.ha))?
        .with("refined_error_ha", real(&refined, |area| area.error_ha))?
        .with("difference_ha", difference)?
        .with("size", size)?
        .with("index", indices)?)
}

fn alert_area(geometry: Option<&Geometry<f64>>, errors: Errors) -> Option<Area> {
    let polygons: MultiPolygon<f64> = match geometry? {
        Geometry::Polygon(polygon) => polygon.clone().into(),
        Geometry::MultiPolygon(polygons) => polygons.clone(),
        _ => return None,
    };
    Some(Area::new(geodesic_size(&polygons), errors.alert_m))
}

fn state(cleared: &Cleared) -> &'static str {
    match cleared {
        Cleared { covered_share: 0.0, .. } => "not_covered",
        Cleared { outline: None, .. } => "nothing_cleared",
        Cleared { goes_on: true, .. } => "goes_on_beyond",
        _ => "refined",
    }
}

/// How the refined area stands to that of the alert by the errors of both.
fn verdict(alert: Area, refined: Area) -> &'static str {
    let difference = refined.ha - alert.ha;
    if difference.abs() <= alert.error_ha + refined.error_ha {
        "within_error"
    } else if difference > 0.0 {
        "larger"
    } else {
        "smaller"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_differ_only_beyond_the_errors_of_both() {
        let alert = Area::new((10_000.0, 400.0), 5.0);
        assert_eq!(alert, Area { ha: 1.0, error_ha: 0.2 });
        let refined = |ha| Area { ha, error_ha: 0.05 };
        assert_eq!(verdict(alert, refined(1.24)), "within_error");
        assert_eq!(verdict(alert, refined(1.26)), "larger");
        assert_eq!(verdict(alert, refined(0.7)), "smaller");
    }
}
