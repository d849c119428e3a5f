use std::path::{Path, PathBuf};

use change::{MaskCounts, MaskOptions, MaskPlan, SpectralIndex};
use geoio::{GriddedImagery, Resampling};
use ndarray::{Array2, Axis};
use raster::{Cube, Date, Grid, QaRule, RasterReader, RasterSource as _, Role, Scene, Warning, Window};

use crate::args::Difference;
use crate::fault::{Exit, Fault};
use crate::verb::layers::{self, LayerOptions, Layers};

/// What tells one of the two dates from the other on the command line.
#[derive(Clone, Copy)]
pub(super) struct Flag<'a> {
    /// `--before`.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) text: &'a str,
    /// The day that is given with it.
    pub(super) date: Option<Date>,
}

/// One of the two dates, read on the grid.
pub(super) struct Look {
    /// The image.
    pub(super) source: GriddedImagery,
    /// The file whose bands say themselves what they are, where one is named.
    pub(super) file: Option<PathBuf>,
    /// Its day, and whether it stands in the file; `None` where nobody needs one.
    pub(super) date: Option<(Date, bool)>,
    /// What is masked.
    pub(super) mask: MaskPlan,
    /// What people should know.
    pub(super) warnings: Vec<Warning>,
    bands: Vec<Role>,
}

impl Look {
    /// Opens a date on `grid`, or on its own, cut to the area of interest; `rule` tells its clear pixels.
    pub(super) fn open(
        arguments: &Difference,
        index: &SpectralIndex,
        grid: Option<&Grid>,
        layers: &Layers,
        (flag, rule): (Flag<'_>, Option<&QaRule>),
    ) -> Result<Self, Fault> {
        let date = date(flag, layers.file.as_deref())?;
        let id = layers.file.as_deref().map_or_else(|| flag.name.to_owned(), layers::scene_name);
        let scaling = layers::scaling(arguments.numbers.scale, arguments.numbers.offset);
        let found = layers.scene(&LayerOptions { id: &id, date: date.map(|(date, _)| date), scaling, rule })?;
        let (imagery, mut warnings) = (found.imagery, found.warnings);
        let native = imagery.scenes[0].grid.clone();
        let grid = match grid {
            Some(grid) if geoio::scene_bounds(&imagery.scenes, &grid.crs)?.overlaps(grid.bounds()) => grid.clone(),
            Some(_) => {
                let name = layers.file.as_deref().map_or_else(|| flag.name.to_owned(), |file| file.display().to_string());
                let message = format!("{name} does not overlap the earlier date: check the files and their reference systems");
                return Err(Fault::new(Exit::Input, message));
            }
            None => crate::verb::aoi::grid_within(&native, arguments.aoi.as_deref())?,
        };
        if native.crs != grid.crs {
            let message = format!("it lies in {} and is brought to {}, bilinear", native.crs.name(), grid.crs.name());
            warnings.push(Warning::new("reprojected", message).about(id));
        }
        let source = GriddedImagery::new(imagery, grid.clone(), Resampling::Bilinear);
        let scene = &source.scenes()[0];
        let options = MaskOptions { classes: None, dilate_m: arguments.dilate };
        let mask = MaskPlan::new(&scene.sensor, &options, grid.pixel_m())?;
        Ok(Self { bands: index.inputs(scene)?, file: layers.file.clone(), date, mask, warnings, source })
    }

    /// The scene.
    pub(super) fn scene(&self) -> &Scene {
        &self.source.scenes()[0]
    }

    /// The bands of the index.
    pub(super) fn bands(&self) -> &[Role] {
        &self.bands
    }

    /// How people call it.
    pub(super) fn name(&self) -> String {
        self.file.as_deref().map_or_else(|| self.scene().id.clone(), |file| file.display().to_string())
    }

    /// What is read of it.
    pub(super) fn roles(&self) -> Vec<Role> {
        self.bands.iter().cloned().chain(self.mask.layers()).collect()
    }

    /// The index over a window (rows, cols), NaN where not clear.
    pub(super) fn index<R: RasterReader>(
        &self,
        reader: &mut R,
        index: &SpectralIndex,
        window: Window,
    ) -> Result<(Array2<f32>, MaskCounts), Fault>
    where
        Fault: From<R::Error>,
    {
        let (cube, counts) = self.clear(reader, window)?;
        Ok((index.compute(&cube)?.index_axis_move(Axis(0), 0), counts))
    }

    /// The bands of the index over a window as they are stored, NaN where not clear, with what was masked.
    pub(super) fn clear<R: RasterReader>(&self, reader: &mut R, window: Window) -> Result<(Cube, MaskCounts), Fault>
    where
        Fault: From<R::Error>,
    {
        Ok(self.mask.apply(reader.read(0, &self.roles(), window, self.mask.margin())?)?)
    }
}

/// The day of a date: the one given, else the file's own. Layers named one by one need none.
fn date(flag: Flag<'_>, file: Option<&Path>) -> Result<Option<(Date, bool)>, Fault> {
    match (flag.date, file) {
        (Some(date), _) => Ok(Some((date, false))),
        (None, None) => Ok(None),
        (None, Some(file)) => match geoio::date_of_file(file)? {
            Some(date) => Ok(Some((date, true))),
            None => Err(Fault::new(
                Exit::Input,
                format!("{}: holds no day, neither as TIFFTAG_DATETIME nor in its name; give {}-date", file.display(), flag.name),
            )),
        },
    }
}
