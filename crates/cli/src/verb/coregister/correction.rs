use align::Trend;
use align::control::{ControlPoint, Method, Transform as Spline};
use geoio::crs::Transform;
use geoio::{Image, MappedImage, Places, RasterFile};
use raster::Grid;

use super::Found;
use super::planes::Both;
use crate::args::{Common, Coregister, Warp};
use crate::fault::{Exit, Fault};
use crate::verb::pixels::{self, Copied, Target, Warped};

/// Writes the moving image where it belongs: on its own grid, moved, or on the reference's.
pub(super) fn write(
    arguments: &Coregister,
    found: &Found,
    (moving, both): (&RasterFile, &Both<'_>),
    common: &Common,
) -> Result<(), Fault> {
    let Some(out) = &arguments.out else { return Ok(()) };
    let image = &arguments.moving;
    let reference = &both.reference_grid;
    let nodata = moving.bands().iter().find_map(|band| band.nodata);
    if moving.bands().iter().any(|band| band.nodata.map(f64::to_bits) != nodata.map(f64::to_bits)) {
        let message = "its bands have several numbers for \"no data\", which one file of ours cannot keep; split it first";
        return Err(Fault::new(Exit::Input, format!("{}: {message}", image.display())));
    }
    let target = |grid: &Grid, work: &dyn Fn(&Target<'_>) -> Result<(), Fault>| {
        work(&Target { path: out, grid, bands: moving.bands(), fill: nodata, output: &arguments.output })
    };
    if arguments.warp == Warp::Shift && !arguments.resample {
        let grid = moved(moving.grid(), reference, found.shift)?;
        return target(&grid, &|target| pixels::write(&Copied(image), target, image, common));
    }
    let displacement = Displacement::of(found, arguments.warp, both.offset)?;
    let sampling = (arguments.resampling.into(), 0.0);
    let own = (moving.grid().clone(), moving.is_south_up());
    let open = || {
        let places = Moved::new(reference, own.clone(), displacement.clone())?;
        Ok(MappedImage::new(Image::open(image)?, Box::new(places), reference.clone(), sampling, nodata))
    };
    target(reference, &|target| pixels::write(&Warped(&open), target, image, common))
}

/// A grid moved by a shift in pixels of the reference.
fn moved(grid: &Grid, reference: &Grid, (rows, cols): (f64, f64)) -> Result<Grid, Fault> {
    let (mut dx, mut dy) = (cols * reference.step_x, -rows * reference.step_y);
    if grid.crs != reference.crs {
        // The same move in the image's own system, at its middle.
        let (there, back) = (Transform::new(&grid.crs, &reference.crs)?, Transform::new(&reference.crs, &grid.crs)?);
        let middle = grid.corner(grid.rows as f64 / 2.0, grid.cols as f64 / 2.0);
        let (mut x, mut y) = ([middle.0], [middle.1]);
        there.points(&mut x, &mut y)?;
        (x[0], y[0]) = (x[0] + dx, y[0] + dy);
        back.points(&mut x, &mut y)?;
        (dx, dy) = (x[0] - middle.0, y[0] - middle.1);
    }
    Ok(Grid { west: grid.west + dx, north: grid.north + dy, ..grid.clone() })
}

/// Where a place of the reference is seen on the moving image's nominal place.
#[derive(Clone)]
enum Displacement {
    Same((f64, f64)),
    Trend(Trend, (f64, f64)),
    Spline(Box<Spline>),
}

impl Displacement {
    fn of(found: &Found, warp: Warp, offset: (f64, f64)) -> Result<Self, Fault> {
        match (warp, &found.trend) {
            (Warp::Affine, Some(trend)) => Ok(Self::Trend(trend.clone(), offset)),
            (Warp::Local, _) => {
                let used = found.registration.places.iter().filter(|place| place.used);
                let points: Vec<ControlPoint> = used
                    .filter_map(|place| {
                        let (shift, (row, col)) = (place.measured.ok()?, place.middle());
                        let seen = (col - shift.cols + offset.1, row - shift.rows + offset.0);
                        Some(ControlPoint { pixel: seen, map: (col, row) })
                    })
                    .collect();
                Ok(Self::Spline(Box::new(Spline::fit(&points, Method::ThinPlate)?)))
            }
            _ => Ok(Self::Same(found.shift)),
        }
    }

    /// Column and row at which the moving image shows what belongs to a column and row.
    fn seen(&self, (col, row): (f64, f64)) -> (f64, f64) {
        match self {
            Self::Same((rows, cols)) => (col - cols, row - rows),
            Self::Trend(trend, offset) => {
                let (rows, cols) = trend.at(row, col);
                (col - cols + offset.1, row - rows + offset.0)
            }
            Self::Spline(spline) => spline.to_pixel((col, row)),
        }
    }

    /// The way back.
    fn belongs(&self, (col, row): (f64, f64)) -> (f64, f64) {
        if let Self::Spline(spline) = self {
            return spline.to_map((col, row));
        }
        // The shift changes so slowly that its value at the seen place is near enough to begin with.
        let mut place = (col, row);
        for _ in 0..4 {
            let seen = self.seen(place);
            place = (place.0 + col - seen.0, place.1 + row - seen.1);
        }
        place
    }
}

/// Places of the moving image on the reference's map, put right.
struct Moved {
    reference: Grid,
    own: Grid,
    south_up: bool,
    displacement: Displacement,
    routes: Option<(Transform, Transform)>,
}

impl Moved {
    fn new(reference: &Grid, (own, south_up): (Grid, bool), displacement: Displacement) -> Result<Self, Fault> {
        let same = own.crs == reference.crs;
        let route = || Ok::<_, Fault>((Transform::new(&reference.crs, &own.crs)?, Transform::new(&own.crs, &reference.crs)?));
        let routes = if same { None } else { Some(route()?) };
        Ok(Self { reference: reference.clone(), south_up, displacement, routes, own })
    }

    fn row(&self, row: f64) -> f64 {
        if self.south_up { self.own.rows as f64 - row } else { row }
    }
}

impl Places for Moved {
    fn to_pixels(&self, x: &mut [f64], y: &mut [f64]) {
        let grid = &self.reference;
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            let seen = self.displacement.seen(((*x - grid.west) / grid.step_x, (grid.north - *y) / grid.step_y));
            (*x, *y) = grid.corner(seen.1, seen.0);
        }
        if let Some((there, _)) = &self.routes {
            there.points_or_none(x, y);
        }
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            (*x, *y) = ((*x - self.own.west) / self.own.step_x, self.row((self.own.north - *y) / self.own.step_y));
        }
    }

    fn to_maps(&self, x: &mut [f64], y: &mut [f64]) {
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            (*x, *y) = self.own.corner(self.row(*y), *x);
        }
        if let Some((_, back)) = &self.routes {
            back.points_or_none(x, y);
        }
        let grid = &self.reference;
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            let place = self.displacement.belongs(((*x - grid.west) / grid.step_x, (grid.north - *y) / grid.step_y));
            (*x, *y) = grid.corner(place.1, place.0);
        }
    }
}
