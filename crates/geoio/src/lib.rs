//! In and out: scenes, warping, layers and file formats.
//!
//! The only room that knows GDAL. It must never know what a change is or how an alert is found: it turns files into
//! [`raster::Cube`]s and [`alert::Features`], and arrays and tables into files that are complete or absent.

mod archive;
mod caught;
mod checkpoint;
mod cog;
mod complaint;
pub mod crs;
mod doctor;
mod endmembers;
mod error;
mod ffi;
mod gridded;
mod jp2;
pub mod layer;
mod location;
pub mod open;
mod plane;
mod png;
mod raster_file;
mod regrid;
mod scenes;
mod series;
pub mod sink;
mod small_table;
mod soundness;
mod staged;
pub mod store;
mod tiff;

pub use archive::zip_folder;
pub use checkpoint::CheckpointFolder;
pub use cog::{Compression, Packed, Packer, Packing, Pixel, RasterClass, RasterFormat, RasterOptions, RasterWriter};
pub use doctor::{Driver, Versions, versions};
pub use endmembers::endmembers;
pub use error::{GeoioError, Kind};
pub use gridded::{GriddedImagery, GriddedReader, PlaneSpec, Storage};
pub use jp2::write_jp2;
pub use location::{Connection, Hosts, Location};
pub use plane::{Eligibility, EligibilityReader, Zones, ZonesReader};
pub use png::write_png;
pub use raster_file::{BandInfo, RasterFile, Void};
pub use regrid::Resampling;
pub use scenes::{
    Found, GeotiffSpec, Imagery, ImagerySpec, LandsatSpec, LayerFile, MetadataFile, NamedLayer, ProducerCheck, SafeMetadata,
    Sentinel2Spec, Skipped, StackSpec, date_of_file, derive_grid, find, layers_of_file, metadata_file, product_at, scene_bounds,
    scene_of_layers,
};
pub use series::{CodeColumn, SeriesTable};
pub use soundness::check_blocks;
pub use staged::{Staged, sha256_file};
