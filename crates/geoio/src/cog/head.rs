//! What a raster says of itself: its place, its bands, its colours. GDAL writes that, into a small file in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use gdal::raster::{ColorEntry, ColorTable, PaletteInterpretation, RasterCreationOptions};
use gdal::{Dataset, DriverManager, Metadata};
use raster::Grid;

use super::directory::{Directory, tag};
use super::{Pixel, RasterOptions};
use crate::{complaint, crs};

/// Tags that GDAL's small file has of its own size and packing.
const OF_THE_FILE: [u16; 11] = [
    tag::SUBFILE,
    tag::WIDTH,
    tag::LENGTH,
    tag::COMPRESSION,
    tag::STRIP_OFFSETS,
    tag::ROWS_PER_STRIP,
    tag::STRIP_SIZES,
    tag::PREDICTOR,
    tag::TILE_WIDTH,
    tag::TILE_OFFSETS,
    tag::TILE_SIZES,
];

/// Numbers of the small files made so far: their names must differ.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// The tags of a raster of these numbers on a grid, without those of its size and packing.
pub(super) fn describe<T: Pixel>(grid: &Grid, options: &RasterOptions) -> Result<Directory, String> {
    let reference = crs::reference(&grid.crs).map_err(|error| error.to_string())?;
    let name = format!("/vsimem/atalaya-head-{}.tif", MADE.fetch_add(1, Ordering::Relaxed));
    let layout: RasterCreationOptions = ["INTERLEAVE=BAND"].into_iter().collect();
    let bands = options.descriptions.len();
    let bytes = complaint::watch(|| {
        let driver = DriverManager::get_driver_by_name("GTiff")?;
        let mut dataset = driver.create_with_band_type_with_options::<T, _>(&name, 1, 1, bands, &layout)?;
        dataset.set_spatial_ref(&reference)?;
        dataset.set_geo_transform(&grid.geo_transform())?;
        describe_bands(&dataset, options)?;
        dataset.close()?;
        gdal::vsi::get_vsi_mem_file_bytes_owned(&name)
    })?;
    let head = Directory::parse(&bytes).ok_or("the library wrote no TIFF")?;
    Ok(head.without(&OF_THE_FILE))
}

fn describe_bands(dataset: &Dataset, options: &RasterOptions) -> gdal::errors::Result<()> {
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
