use std::path::Path;

use geoio::{KnownFile, PlaneOnGrid, RasterFile, Resampling};
use ndarray::Array2;
use raster::{Grid, QaRule, Warning, Window};

use crate::args::Coregister;
use crate::fault::{Exit, Fault};
use crate::registration::{Pair, Plane};

/// Both images on one grid of windows.
pub(super) struct Both<'a> {
    arguments: &'a Coregister,
    reference: KnownFile,
    moving: KnownFile,
    /// The grid of the reference, on which shifts are told.
    pub(super) reference_grid: Grid,
    /// The grid on which the moving image is read: the reference's, or beside it where its own pixels are of the same size.
    moving_grid: Grid,
    /// Rows and columns by which the second lies south and east of the first, in pixels.
    pub(super) offset: (f64, f64),
    /// Pixels of the reference and of the moving image.
    pub(super) extents: (Window, Window),
    resampling: Resampling,
    clear: QaRule,
    /// What people should know.
    pub(super) warnings: Vec<Warning>,
}

/// An image with its mask.
pub(super) struct MaskedPlane {
    plane: PlaneOnGrid,
    mask: Option<(PlaneOnGrid, QaRule)>,
}

impl Plane for MaskedPlane {
    fn read(&mut self, window: Window) -> Result<Array2<f32>, Fault> {
        let mut values = self.plane.read(window)?;
        if let Some((mask, clear)) = &mut self.mask {
            values.zip_mut_with(&mask.read(window)?, |value, code| {
                let is_code = code.fract() == 0.0 && (0.0..=65_535.0).contains(code);
                if !(is_code && clear.holds(*code as u16)) {
                    *value = f32::NAN;
                }
            });
        }
        Ok(values)
    }
}

impl<'a> Both<'a> {
    pub(super) fn new(arguments: &'a Coregister, moving: &RasterFile, reference: &RasterFile) -> Result<Self, Fault> {
        let (own, theirs) = (moving.grid(), reference.grid());
        let bounds = geoio::crs::bounds_between(own, &theirs.crs)?;
        if !bounds.overlaps(theirs.bounds()) {
            let message = format!(
                "{} does not overlap {}: check the files and their reference systems",
                arguments.moving.display(),
                arguments.reference.display()
            );
            return Err(Fault::new(Exit::Input, message));
        }
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
        let same_pixels = own.crs == theirs.crs && close(own.step_x, theirs.step_x) && close(own.step_y, theirs.step_y);
        let mut warnings = Vec::new();
        let (moving_grid, resampling) = if same_pixels {
            // The nearest place at which the moving image's own pixels lie: nothing is resampled.
            let nearest = |theirs: f64, own: f64, step: f64| own + ((theirs - own) / step).round() * step;
            let (west, north) = (nearest(theirs.west, own.west, own.step_x), nearest(theirs.north, own.north, own.step_y));
            (Grid { west, north, step_x: own.step_x, step_y: own.step_y, ..theirs.clone() }, Resampling::Nearest)
        } else {
            let (native, wished) = (own.pixel_m().0, theirs.pixel_m().0);
            let resampling = if wished >= 2.0 * native { Resampling::Average } else { Resampling::Bilinear };
            if native > 1.5 * wished {
                let message =
                    format!("its pixels are {:.1} times those of the reference: the shift is as coarse", native / wished);
                warnings.push(Warning::new("coarser", message).about(arguments.moving.display().to_string()));
            }
            (theirs.clone(), resampling)
        };
        let offset = ((theirs.north - moving_grid.north) / theirs.step_y, (moving_grid.west - theirs.west) / theirs.step_x);
        let extents = (theirs.window(), moving_grid.window_around(bounds));
        let clear = match &arguments.clear {
            None => QaRule::value_in(vec![0]),
            Some(text) if text.contains(['(', ' ']) => text.parse()?,
            Some(codes) => format!("value in {{{codes}}}").parse()?,
        };
        let reference_grid = theirs.clone();
        let (reference, moving) = (reference.known(), moving.known());
        Ok(Self { arguments, reference, moving, reference_grid, moving_grid, offset, extents, resampling, clear, warnings })
    }

    /// Handles of both; one a worker.
    pub(super) fn open(&self) -> Result<Pair<MaskedPlane, MaskedPlane>, Fault> {
        let Coregister { band, reference_band, mask, reference_mask, .. } = self.arguments;
        let reference_band = reference_band.unwrap_or(*band);
        let reference_plane =
            PlaneOnGrid::new(self.reference.open()?, reference_band, &self.reference_grid, Resampling::Nearest)?;
        let moving_plane = PlaneOnGrid::new(self.moving.open()?, *band, &self.moving_grid, self.resampling)?;
        let masked = |plane: PlaneOnGrid, mask: Option<&Path>, grid: &Grid| -> Result<MaskedPlane, Fault> {
            let open = |path: &Path| {
                let plane = PlaneOnGrid::new(RasterFile::open(path)?, 1, grid, Resampling::Nearest)?;
                Ok::<_, Fault>((plane, self.clear.clone()))
            };
            Ok(MaskedPlane { plane, mask: mask.map(open).transpose()? })
        };
        Ok(Pair {
            reference: masked(reference_plane, reference_mask.as_deref(), &self.reference_grid)?,
            moving: masked(moving_plane, mask.as_deref(), &self.moving_grid)?,
        })
    }
}
