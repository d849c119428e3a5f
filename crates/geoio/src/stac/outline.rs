use alert::split_antimeridian;
use geo_types::{LineString, MultiPolygon, Polygon};
use raster::Grid;
use serde_json::{Value, json};

use crate::GeoioError;
use crate::crs::{Transform, bounds_lonlat, lonlat};

/// Points on each edge of a grid whose outline is told: a straight edge of a projection is none in degrees.
const EDGE_POINTS: usize = 8;

/// The outline of a grid in longitude and latitude, as items tell it.
pub(super) struct Outline {
    /// West, south, east, north; west lies east of east where it crosses the antimeridian.
    pub(super) bbox: Value,
    /// GeoJSON, cut at the antimeridian.
    pub(super) geometry: Value,
}

impl Outline {
    /// The outline of a grid.
    ///
    /// # Errors
    /// [`GeoioError::Transform`].
    pub(super) fn of(grid: &Grid) -> Result<Self, GeoioError> {
        let b = grid.bounds();
        // Counter-clockwise from the lower left corner.
        let corners = [(b.west, b.south), (b.east, b.south), (b.east, b.north), (b.west, b.north), (b.west, b.south)];
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = corners
            .windows(2)
            .flat_map(|edge| {
                let at = |i: usize| {
                    let part = i as f64 / EDGE_POINTS as f64;
                    (edge[0].0 + (edge[1].0 - edge[0].0) * part, edge[0].1 + (edge[1].1 - edge[0].1) * part)
                };
                (0..EDGE_POINTS).map(at)
            })
            .unzip();
        Transform::new(&grid.crs, &lonlat()?)?.points(&mut x, &mut y)?;
        let bounds = bounds_lonlat(grid)?;
        let ring = LineString::from(x.into_iter().zip(y).map(|(x, y)| (round(x), round(y))).collect::<Vec<_>>());
        let polygons = split_antimeridian(&MultiPolygon::new(vec![Polygon::new(ring, Vec::new())]));
        let rings =
            |polygon: &Polygon<f64>| json!([polygon.exterior().coords().map(|c| [round(c.x), round(c.y)]).collect::<Vec<_>>()]);
        let geometry = match polygons.0.as_slice() {
            [one] => json!({ "type": "Polygon", "coordinates": rings(one) }),
            more => json!({ "type": "MultiPolygon", "coordinates": more.iter().map(rings).collect::<Vec<_>>() }),
        };
        let bbox = [bounds.west, bounds.south, bounds.east, bounds.north].map(round);
        Ok(Self { bbox: json!(bbox), geometry })
    }
}

/// Seven decimals, about a centimetre.
fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_over_the_antimeridian_is_told_in_two_parts() {
        let grid = |crs: &str, west: f64| Grid {
            crs: crate::crs::crs(crs).expect("a system"),
            west,
            north: 8_000_000.0,
            step_x: 10.0,
            step_y: 10.0,
            rows: 1000,
            cols: 2000,
        };
        let outline = Outline::of(&grid("EPSG:32760", 810_000.0)).expect("an outline");
        assert_eq!(outline.geometry["type"], "MultiPolygon", "{}", outline.geometry);
        assert!(outline.bbox[0].as_f64() > outline.bbox[2].as_f64(), "{}", outline.bbox);
        let outline = Outline::of(&grid("EPSG:32618", 500_000.0)).expect("an outline");
        assert_eq!(outline.geometry["type"], "Polygon");
        assert_eq!(outline.bbox[0], -75.0);
    }
}
