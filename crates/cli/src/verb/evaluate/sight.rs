//! What a run could see of each place of a reference, by its raster of answers.

use std::path::Path;

use alert::Features;
use change::Answer;
use geo_types::Geometry;
use geoio::crs::FromLonLat;
use geoio::{RasterFile, Zones};
use raster::Window;

use crate::fault::{Exit, Fault};

/// Name of the band of answers.
const BAND: &str = "answer";

/// Pixels read at once.
const PIXELS: usize = 1 << 22;

/// What a run could see of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// It saw at least half of it.
    Seen,
    /// It did not see most of it clear often enough, or the place lies beyond its grid.
    NotSeen,
    /// Most of what it did not see it was not to look at.
    NotEligible,
}

/// Pixels of a place by what the run says of them.
#[derive(Debug, Clone, Copy, Default)]
struct Pixels {
    all: u64,
    unseen: u64,
    ineligible: u64,
}

impl Pixels {
    fn count(&mut self, answer: Answer) {
        self.all += 1;
        self.unseen += u64::from(answer == Answer::NotSeen);
        self.ineligible += u64::from(answer == Answer::NotEligible);
    }

    fn sight(self) -> Sight {
        match self {
            Self { all: 0, .. } => Sight::NotSeen,
            Self { all, unseen, ineligible } if 2 * (unseen + ineligible) <= all => Sight::Seen,
            Self { unseen, ineligible, .. } if ineligible > unseen => Sight::NotEligible,
            _ => Sight::NotSeen,
        }
    }
}

/// What the run of a raster of answers could see of each geometry (longitude and latitude); a polygon by the centres of its pixels.
pub(super) fn sights(path: &Path, geometries: &[Option<Geometry<f64>>]) -> Result<Vec<Sight>, Fault> {
    let file = RasterFile::open(path)?;
    let wrong = |reason: &str| Fault::new(Exit::Input, format!("{}: is no change.tif of a run: {reason}", path.display()));
    let band = &file.bands()[0];
    if band.data_type != "Byte" || band.description != BAND {
        let (holds, called) = (&band.data_type, &band.description);
        return Err(wrong(&format!("its first band holds {holds} and is called '{called}', expected Byte and '{BAND}'")));
    }
    let answer = |code: u8| Answer::of(code).ok_or_else(|| wrong(&format!("it holds {code}, which is no answer")));
    let grid = file.grid().clone();
    let mut pixels = vec![Pixels::default(); geometries.len()];
    let mut zones = Zones::new(grid.clone(), &Features::new("reference", geometries.to_vec()))?.open();
    for window in grid.strips((PIXELS / grid.cols.max(1)).clamp(1, 512)) {
        let (places, codes) = (zones.read(window)?, file.read_u8(1, window)?);
        for (&place, &code) in places.iter().zip(&codes).filter(|(place, _)| **place > 0) {
            pixels[place as usize - 1].count(answer(code)?);
        }
    }
    let from_lonlat = FromLonLat::new(&grid.crs)?;
    for (place, geometry) in geometries.iter().enumerate() {
        let Some(Geometry::Point(point)) = geometry else { continue };
        let (mut x, mut y) = ([point.x()], [point.y()]);
        from_lonlat.to_grid(&mut x, &mut y)?;
        let (col, row) = ((x[0] - grid.west) / grid.step_x, (grid.north - y[0]) / grid.step_y);
        if (0.0..grid.cols as f64).contains(&col) && (0.0..grid.rows as f64).contains(&row) {
            let window = Window { row: row as isize, col: col as isize, rows: 1, cols: 1 };
            pixels[place].count(answer(file.read_u8(1, window)?[[0, 0]])?);
        }
    }
    Ok(pixels.into_iter().map(Pixels::sight).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_seen_where_half_of_it_is() {
        let of = |all, unseen, ineligible| Pixels { all, unseen, ineligible }.sight();
        assert_eq!(
            [of(4, 1, 1), of(4, 2, 1), of(4, 1, 2), of(0, 0, 0)],
            [Sight::Seen, Sight::NotSeen, Sight::NotEligible, Sight::NotSeen]
        );
    }
}
