//! One raster file out, complete or absent.

mod options;
mod pixel;
mod proof;
mod tiles;

use std::path::Path;

use gdal::raster::{ColorEntry, ColorTable, PaletteInterpretation, RasterCreationOptions};
use gdal::{Dataset, DriverManager, Metadata};
use ndarray::ArrayView2;
use raster::{Grid, RasterSink, Window};

pub use options::{Compression, RasterClass, RasterFormat, RasterOptions};
pub use pixel::Pixel;
use proof::Marks;
use tiles::Tiles;

use crate::{GeoioError, Staged, complaint, crs, open};

/// Writes one raster file from rows that come from north to south; it gets its name once it is shown to be complete.
///
/// A tiled `GeoTIFF` is packed as the rows come. Then its directory is read again, each block must lie whole within the
/// file, and the first and last of each band are unpacked; blocks between them are not, since an error of their writing is
/// reported when it happens. A COG needs all pixels before its first byte: rows wait unpacked in a staging file, and since
/// copying happens out of sight, all pixels are read back and compared.
///
/// The bytes depend neither on threads nor on the height of the strips that come.
#[derive(Debug)]
pub struct RasterWriter<T> {
    /// Declared first so that it is closed before its file goes.
    tiles: Tiles<T>,
    /// The staging file of a COG and the marks of what went there.
    stage: Option<(Staged, Marks)>,
    out: Staged,
    grid: Grid,
    options: RasterOptions,
}

impl<T: Pixel> RasterWriter<T> {
    /// Prepares a raster on a grid; `force` replaces a file that is there.
    ///
    /// # Errors
    /// [`GeoioError::Exists`], [`GeoioError::Write`], [`GeoioError::Encode`].
    pub fn create(path: &Path, grid: &Grid, options: RasterOptions, force: bool) -> Result<Self, GeoioError> {
        open::initialise(None);
        let out = Staged::new(path, force)?;
        let bands = options.descriptions.len();
        let (stage, packing) = match options.format {
            RasterFormat::Gtiff => (None, options.gtiff(T::FLOAT)),
            RasterFormat::Cog => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(".stage");
                let stage = Staged::new(&path.with_file_name(name), true)?;
                (Some((stage, Marks::new(bands))), options.staging())
            }
        };
        let place = stage.as_ref().map_or(out.partial(), |(stage, _)| stage.partial());
        let reference = crs::reference(&grid.crs)?;
        let dataset = complaint::watch(|| {
            let driver = DriverManager::get_driver_by_name("GTiff")?;
            let (cols, rows) = (grid.cols, grid.rows);
            let mut dataset = driver.create_with_band_type_with_options::<T, _>(place, cols, rows, bands, &packing)?;
            dataset.set_spatial_ref(&reference)?;
            dataset.set_geo_transform(&grid.geo_transform())?;
            describe(&dataset, &options)?;
            // The head is written now: where it fails later, while a block is written, the library goes down with it.
            dataset.flush_cache()?;
            Ok(dataset)
        })
        .map_err(|reason| encode(path, "creating", reason))?;
        let tiles = Tiles::new(dataset, grid, options.block, bands);
        Ok(Self { tiles, stage, out, grid: grid.clone(), options })
    }
}

impl<T: Pixel> RasterSink<T> for RasterWriter<T> {
    type Error = GeoioError;

    fn write(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<(), GeoioError> {
        self.tiles.write(band, window, values).map_err(|reason| encode(self.out.target(), "rows", reason))?;
        if let Some((_, marks)) = &mut self.stage {
            marks.add(band, &self.grid, window, values);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), GeoioError> {
        let Self { tiles, stage, out, grid, options } = self;
        let wrong = |what: &'static str| {
            let path = out.target().to_owned();
            move |reason: String| encode(&path, what, reason)
        };
        tiles.finish().map_err(wrong("rows"))?;
        if let Some((stage, _)) = &stage {
            copy(stage.partial(), out.partial(), &options.cog()).map_err(wrong("packing"))?;
        }
        let packed = proof::open_whole(out.partial(), &grid, options.descriptions.len()).map_err(wrong("reading back"))?;
        match &stage {
            Some((_, marks)) => marks.compare::<T>(&packed, &grid, options.block),
            None => proof::read_ends::<T>(&packed),
        }
        .map_err(wrong("reading back"))?;
        drop(packed);
        out.commit()
    }
}

fn encode(path: &Path, what: &str, reason: String) -> GeoioError {
    GeoioError::Encode { path: path.to_owned(), what: what.to_owned(), reason }
}

/// Packs the staged pixels into a COG.
fn copy(stage: &Path, out: &Path, options: &RasterCreationOptions) -> Result<(), String> {
    let staged = proof::reopen(stage)?;
    let packed = complaint::watch(|| staged.create_copy(&DriverManager::get_driver_by_name("COG")?, out, options))?;
    tiles::close(packed)
}

fn describe(dataset: &Dataset, options: &RasterOptions) -> gdal::errors::Result<()> {
    for (i, text) in options.descriptions.iter().enumerate() {
        let mut band = dataset.rasterband(i + 1)?;
        if !options.classes.is_empty() {
            let mut colours = ColorTable::new(PaletteInterpretation::Rgba);
            for class in &options.classes {
                let [r, g, b, a] = class.colour.map(i16::from);
                colours.set_color_entry(u16::from(class.code), &ColorEntry::rgba(r, g, b, a));
            }
            band.set_color_table(&colours);
            for class in &options.classes {
                band.set_metadata_item(&format!("CLASS_{}", class.code), &class.name, "")?;
            }
        }
        band.set_description(text)?;
        if options.nodata.is_some() {
            band.set_no_data_value(options.nodata)?;
        }
        if let Some((scale, offset)) = options.scaling {
            band.set_scale(scale)?;
            band.set_offset(offset)?;
        }
    }
    Ok(())
}
