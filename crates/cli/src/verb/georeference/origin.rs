use geoio::crs::Transform as Route;
use geoio::{Height, Image, Places, RpcModel, RpcPlaces};
use raster::{Crs, Warning};

use super::control::Controls;
use crate::args::Georeference;
use crate::fault::{Exit, Fault};

/// What says where an image lies.
pub(super) enum Origin {
    /// Control points, of a file or its own.
    Control(Box<Controls>),
    /// A model of its sensor, over ground of some height.
    Model(Box<RpcModel>, Height),
    /// Affine coefficients of its own, which may turn and shear it.
    Own([f64; 6], Crs),
}

impl Origin {
    /// The control points that are given, else the model that is given, else the image's own points, model or coefficients.
    pub(super) fn find(arguments: &Georeference, image: &Image, warnings: &mut Vec<Warning>) -> Result<Self, Fault> {
        let controls_only = |what: &str| {
            let message =
                format!("{}: {what}, and --residuals and --arrows are of control points: give --gcps", image.path().display());
            match (&arguments.residuals, &arguments.arrows) {
                (None, None) => Ok(()),
                _ => Err(Fault::usage(message)),
            }
        };
        if let Some(path) = &arguments.gcps {
            return Ok(Self::Control(Box::new(Controls::of_file(arguments, path, image, warnings)?)));
        }
        let wants_model = arguments.rpc.is_some() || arguments.dem.is_some() || arguments.height.is_some();
        if !wants_model && let Some(controls) = Controls::embedded(arguments, image)? {
            return Ok(Self::Control(Box::new(controls)));
        }
        let model = match &arguments.rpc {
            Some(path) => Some(RpcModel::read(path)?),
            None => image.rpc()?,
        };
        if let Some(model) = model {
            controls_only("it is placed by a model of its sensor")?;
            let height = match (&arguments.dem, arguments.height) {
                (Some(path), _) => Height::Dem(path.clone()),
                (None, Some(metres)) => Height::Constant(metres),
                (None, None) => {
                    let metres = model.offsets[4];
                    let message = format!(
                        "no heights are given: the ground is taken for flat at {metres} m, the middle of the model; relief moves the image, \
                         give --dem"
                    );
                    warnings.push(Warning::new("flat", message).about(image.path().display().to_string()));
                    Height::Constant(metres)
                }
            };
            return Ok(Self::Model(Box::new(model), height));
        }
        if wants_model {
            let message = format!("{}: has no model of its sensor, nor is one beside it; give --rpc", image.path().display());
            return Err(Fault::new(Exit::Input, message));
        }
        match image.placement()? {
            Some((affine, system)) => {
                controls_only("it has a place of its own")?;
                Ok(Self::Own(affine, system))
            }
            None => Err(Fault::new(
                Exit::Input,
                format!(
                    "{}: nothing says where it lies: it has no control points, model or place; give --gcps",
                    image.path().display()
                ),
            )),
        }
    }

    /// For records.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Control(_) => "control_points",
            Self::Model(..) => "rpc",
            Self::Own(..) => "own",
        }
    }

    /// The reference system of the output.
    pub(super) fn system(&self, arguments: &Georeference) -> Result<Crs, Fault> {
        match (&arguments.crs, self) {
            (Some(name), _) => Ok(geoio::crs::crs(name)?),
            (None, Self::Control(controls)) => Ok(controls.system.clone()),
            (None, Self::Own(_, system)) => Ok(system.clone()),
            (None, Self::Model(model, _)) => {
                let (lat, lon) = (model.offsets[2], model.offsets[3]);
                let zone = (((lon + 180.0) / 6.0).floor() as i32).rem_euclid(60) + 1;
                Ok(geoio::crs::crs(&format!("EPSG:{}", if lat < 0.0 { 32_700 } else { 32_600 } + zone))?)
            }
        }
    }

    /// The places of the image in a reference system; one a worker.
    pub(super) fn places(&self, system: &Crs) -> Result<Box<dyn Places>, Fault> {
        Ok(match self {
            Self::Control(controls) => Box::new(controls.places(system)?),
            Self::Model(model, height) => Box::new(RpcPlaces::new(model, height, system)?),
            Self::Own(affine, own) => {
                let same = geoio::crs::is_same(own, system);
                let route = || Ok::<_, Fault>((Route::new(system, own)?, Route::new(own, system)?));
                Box::new(OwnPlaces { affine: *affine, routes: if same { None } else { Some(route()?) } })
            }
        })
    }
}

/// Where an image's own coefficients put it.
struct OwnPlaces {
    affine: [f64; 6],
    routes: Option<(Route, Route)>,
}

impl Places for OwnPlaces {
    fn to_pixels(&self, x: &mut [f64], y: &mut [f64]) {
        if let Some((there, _)) = &self.routes {
            there.points_or_none(x, y);
        }
        let [west, step_x, shear_x, north, shear_y, step_y] = self.affine;
        let determinant = step_x * step_y - shear_x * shear_y;
        for (x, y) in x.iter_mut().zip(y) {
            let (dx, dy) = (*x - west, *y - north);
            (*x, *y) = ((step_y * dx - shear_x * dy) / determinant, (step_x * dy - shear_y * dx) / determinant);
        }
    }

    fn to_maps(&self, x: &mut [f64], y: &mut [f64]) {
        let [west, step_x, shear_x, north, shear_y, step_y] = self.affine;
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            (*x, *y) = (west + *x * step_x + *y * shear_x, north + *x * shear_y + *y * step_y);
        }
        if let Some((_, back)) = &self.routes {
            back.points_or_none(x, y);
        }
    }
}
