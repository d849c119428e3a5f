use std::path::Path;

use align::control::{ControlPoint, Method, Transform};
use geoio::crs::Transform as Route;
use geoio::{ControlFile, ControlRow, Image, Places};
use raster::{Crs, Warning};

use crate::args::Georeference;
use crate::fault::{Exit, Fault};

/// Control points from which order 2 is taken where nobody says which.
const FOR_ORDER_2: usize = 10;

/// Control points of one image and the transform that follows from those that are switched on.
pub(super) struct Controls {
    /// The points, those switched off too.
    pub(super) rows: Vec<ControlRow>,
    /// The transform.
    pub(super) transform: Transform,
    /// Reference system of the map coordinates.
    pub(super) system: Crs,
    /// Where the points come from.
    pub(super) source: String,
}

impl Controls {
    /// The points of a file that belong to an image.
    pub(super) fn of_file(
        arguments: &Georeference,
        path: &Path,
        image: &Image,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Fault> {
        let file = ControlFile::read(path)?;
        let rows = of_image(file.points, image.path(), path, warnings)?;
        Self::new(arguments, rows, file.crs, path.display().to_string())
    }

    /// The points that the image holds itself; `None` where it holds none.
    pub(super) fn embedded(arguments: &Georeference, image: &Image) -> Result<Option<Self>, Fault> {
        let (system, rows) = image.control_points()?;
        if rows.is_empty() {
            return Ok(None);
        }
        Self::new(arguments, rows, system, image.path().display().to_string()).map(Some)
    }

    fn new(arguments: &Georeference, rows: Vec<ControlRow>, system: Option<Crs>, source: String) -> Result<Self, Fault> {
        let system = match (&arguments.gcp_crs, system) {
            (Some(name), None) => geoio::crs::crs(name)?,
            (Some(name), Some(own)) => {
                let given = geoio::crs::crs(name)?;
                if !geoio::crs::is_same(&given, &own) {
                    return Err(Fault::usage(format!("--gcp-crs {name}: {source} says that its points are in {}", own.name())));
                }
                own
            }
            (None, Some(own)) => own,
            (None, None) => {
                let message =
                    format!("{source}: nothing says in which reference system the control points are; give --gcp-crs EPSG:n");
                return Err(Fault::new(Exit::Input, message));
            }
        };
        let points = points(&rows, true);
        let default = if points.len() < FOR_ORDER_2 { Method::Polynomial(1) } else { Method::Polynomial(2) };
        let method = arguments.transform.map_or(default, Method::from);
        let transform = Transform::fit(&points, method)
            .map_err(|error| Fault::new(Exit::Input, format!("{source}: {error}; give more points, or another --transform")))?;
        Ok(Self { rows, transform, system, source })
    }

    /// The places of the image in a reference system.
    pub(super) fn places(&self, system: &Crs) -> Result<ControlPlaces, Fault> {
        let same = geoio::crs::is_same(&self.system, system);
        let route = || Ok::<_, Fault>((Route::new(system, &self.system)?, Route::new(&self.system, system)?));
        Ok(ControlPlaces { transform: self.transform.clone(), routes: if same { None } else { Some(route()?) } })
    }

    /// The points that are switched on, or off.
    pub(super) fn points(&self, enabled: bool) -> Vec<ControlPoint> {
        points(&self.rows, enabled)
    }
}

fn points(rows: &[ControlRow], enabled: bool) -> Vec<ControlPoint> {
    rows.iter().filter(|row| row.enabled == enabled).map(|row| ControlPoint { pixel: row.pixel, map: row.map }).collect()
}

/// The points that are seen in an image, by its name; those of a file that names no image all are.
fn of_image(rows: Vec<ControlRow>, image: &Path, file: &Path, warnings: &mut Vec<Warning>) -> Result<Vec<ControlRow>, Fault> {
    if rows.iter().all(|row| row.image.is_none()) {
        return Ok(rows);
    }
    let own = image.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let all = rows.len();
    let mut others: Vec<String> = rows.iter().filter_map(|row| row.image.clone()).filter(|name| name != own).collect();
    let kept: Vec<ControlRow> = rows.into_iter().filter(|row| row.image.as_deref() == Some(own)).collect();
    others.sort();
    others.dedup();
    if kept.is_empty() {
        let names = others.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let message = format!("{}: holds no control point of {own}; it has some of {names}", file.display());
        return Err(Fault::new(Exit::Input, message));
    }
    if !others.is_empty() {
        let message = format!("{} of {all} control points are of other images ({} of them)", all - kept.len(), others.len());
        warnings.push(Warning::new("other_images", message).about(file.display().to_string()));
    }
    Ok(kept)
}

/// Where control points put an image.
pub(super) struct ControlPlaces {
    transform: Transform,
    /// From the map to the system of the points, and back.
    routes: Option<(Route, Route)>,
}

impl Places for ControlPlaces {
    fn to_pixels(&self, x: &mut [f64], y: &mut [f64]) {
        if let Some((there, _)) = &self.routes {
            there.points_or_none(x, y);
        }
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = self.transform.to_pixel((*x, *y));
        }
    }

    fn to_maps(&self, x: &mut [f64], y: &mut [f64]) {
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            (*x, *y) = self.transform.to_map((*x, *y));
        }
        if let Some((_, back)) = &self.routes {
            back.points_or_none(x, y);
        }
    }
}
