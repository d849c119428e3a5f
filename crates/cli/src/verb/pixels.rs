//! Images whose pixels go to another place and keep their type.

use std::path::Path;

use geoio::{BandInfo, MappedImage, Packing, Pixel, RasterFile, RasterOptions, RasterWriter};
use pipeline::map_in_order;
use raster::{Grid, RasterSink as _, Window};

use super::index::raster_options;
use crate::args::{Common, RasterOutput};
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

/// Where pixels come from.
pub(super) trait Source: Sync {
    /// A handle; one a worker.
    type Handle;

    /// Opens a handle.
    fn open(&self) -> Result<Self::Handle, Fault>;

    /// A window of every band, in order.
    fn read<T: Pixel>(handle: &Self::Handle, window: Window) -> Result<Vec<ndarray::Array2<T>>, Fault>;
}

/// An image that is copied as it is stored.
pub(super) struct Copied<'a>(pub(super) &'a Path);

impl Source for Copied<'_> {
    type Handle = RasterFile;

    fn open(&self) -> Result<RasterFile, Fault> {
        Ok(RasterFile::open(self.0)?)
    }

    fn read<T: Pixel>(file: &RasterFile, window: Window) -> Result<Vec<ndarray::Array2<T>>, Fault> {
        (1..=file.bands().len()).map(|band| Ok(file.read_pixels::<T>(band, window)?)).collect()
    }
}

/// An image that is warped by where its pixels lie.
pub(super) struct Warped<F>(pub(super) F);

impl<F: Fn() -> Result<MappedImage, Fault> + Sync> Source for Warped<F> {
    type Handle = MappedImage;

    fn open(&self) -> Result<MappedImage, Fault> {
        (self.0)()
    }

    fn read<T: Pixel>(image: &MappedImage, window: Window) -> Result<Vec<ndarray::Array2<T>>, Fault> {
        let cube = image.read::<T>(window)?;
        Ok(cube.outer_iter().map(|plane| plane.to_owned()).collect())
    }
}

/// A raster to be written.
pub(super) struct Target<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Its grid.
    pub(super) grid: &'a Grid,
    /// The bands that it keeps: type, names, scale.
    pub(super) bands: &'a [BandInfo],
    /// The number of what has no pixel.
    pub(super) fill: Option<f64>,
    /// How it is packed.
    pub(super) output: &'a RasterOutput,
}

/// Writes every band of a source, in the type in which it is stored; `image` is named in errors.
pub(super) fn write<S: Source>(source: &S, target: &Target<'_>, image: &Path, common: &Common) -> Result<(), Fault> {
    let kind = &target.bands[0].data_type;
    if target.bands.iter().any(|band| band.data_type != *kind) {
        return Err(Fault::new(
            Exit::Input,
            format!("{}: its bands are of several types; write them to one type first", image.display()),
        ));
    }
    match kind.as_str() {
        "Byte" => typed::<u8, S>(source, target, image, common),
        "UInt16" => typed::<u16, S>(source, target, image, common),
        "Int16" => typed::<i16, S>(source, target, image, common),
        "Int32" => typed::<i32, S>(source, target, image, common),
        "Float32" => typed::<f32, S>(source, target, image, common),
        "Float64" => typed::<f64, S>(source, target, image, common),
        other => Err(Fault::new(
            Exit::Input,
            format!("{}: numbers of type {other} are not written; convert it to Int16, Int32 or Float32 first", image.display()),
        )),
    }
}

fn typed<T: Pixel, S: Source>(source: &S, target: &Target<'_>, image: &Path, common: &Common) -> Result<(), Fault> {
    let options = options(target, image)?;
    let mut writer = RasterWriter::<T>::create(target.path, target.grid, options, common.force)?;
    let (packing, budget): (Packing<T>, _) = (writer.packing(), common.budget());
    // The whole width: what is warped then does not depend on how it is cut.
    let windows: Vec<Window> = target.grid.strips(target.output.block).collect();
    let bytes = (target.grid.cols * target.output.block * target.bands.len() * size_of::<T>() * 4) as u64;
    let mut progress = Progress::begin(common, "write", windows.len() as u64);
    map_in_order(
        &windows,
        &budget,
        budget.in_flight(bytes),
        || Ok::<_, Fault>((source.open()?, packing.packer()?)),
        |(handle, packer), &window| {
            let planes = S::read::<T>(handle, window)?;
            let packed = planes.iter().enumerate().map(|(band, plane)| Ok(packer.pack(band, window, plane.view())?));
            packed.collect::<Result<Vec<_>, Fault>>()
        },
        |bands| {
            bands.into_iter().try_for_each(|packed| writer.append(packed))?;
            progress.step()
        },
    )?;
    Ok(writer.finish()?)
}

fn options(target: &Target<'_>, image: &Path) -> Result<RasterOptions, Fault> {
    let bands = target.bands;
    let scaling = |band: &BandInfo| (band.scale.unwrap_or(1.0), band.offset.unwrap_or(0.0));
    let same = |band: &BandInfo| {
        let (a, b) = (scaling(band), scaling(&bands[0]));
        a.0.to_bits() == b.0.to_bits() && a.1.to_bits() == b.1.to_bits()
    };
    if !bands.iter().all(same) {
        let message = "its bands have several scales or offsets, which one file of ours cannot keep; split it first";
        return Err(Fault::new(Exit::Input, format!("{}: {message}", image.display())));
    }
    let tagged = bands[0].scale.is_some() || bands[0].offset.is_some();
    let names: Vec<&str> = bands.iter().map(|band| band.description.as_str()).collect();
    let plain = RasterOptions::values(&names);
    raster_options(RasterOptions { nodata: target.fill, scaling: tagged.then(|| scaling(&bands[0])), ..plain }, target.output)
}
