//! In and out: scenes, warping, layers and file formats.
//!
//! The only room that knows GDAL. It must never know what a change is or how an alert is found: it turns files into
//! [`raster::Cube`]s and [`alert::Features`], and arrays and tables into files that are complete or absent.

mod archive;
mod caught;
mod checkpoint;
mod cog;
mod complaint;
mod control_file;
pub mod crs;
mod cube;
mod doctor;
mod endmembers;
mod error;
mod ffi;
mod gridded;
mod image;
mod jp2;
pub mod layer;
mod location;
mod mapped;
mod odm;
pub mod open;
pub mod photo;
mod plane;
mod plane_on_grid;
mod png;
mod raster_file;
mod regrid;
mod rpc;
mod scenes;
mod series;
pub mod sink;
mod small_table;
mod soundness;
pub mod stac;
mod staged;
pub mod store;
mod tiff;

pub use archive::zip_folder;
pub use checkpoint::CheckpointFolder;
pub use cog::{
    Compression, Overview, Packed, PackedOverview, Packer, Packing, Pixel, RasterClass, RasterFormat, RasterOptions, RasterWriter,
};
pub use control_file::{ControlFile, ControlRow};
pub use cube::is_named as is_cube;
pub use doctor::{Driver, Versions, versions};
pub use endmembers::endmembers;
pub use error::{GeoioError, Kind};
pub use gridded::{GriddedImagery, GriddedReader, PlaneSpec, Storage};
pub use image::Image;
pub use jp2::write_jp2;
pub use location::{Connection, Hosts, Location};
pub use mapped::{MappedImage, Places, Sampling};
pub use odm::OdmProject;
pub use plane::{Eligibility, EligibilityReader, Zones, ZonesReader};
pub use plane_on_grid::PlaneOnGrid;
pub use png::write_png;
pub use raster_file::{BandInfo, KnownFile, RasterFile, Void};
pub use regrid::Resampling;
pub use rpc::{Height, RpcModel, RpcPlaces};
pub use scenes::{
    Curve, Found, GeotiffSpec, HlsSpec, Imagery, ImagerySpec, LandsatL1Spec, LandsatSpec, LayerFile, ListedItem, ListedLayer,
    ListedScene, MetadataFile, ModisSpec, Moments, NamedLayer, OrthomosaicSpec, PlanetscopeSpec, PowerUnits, ProducerCheck,
    SafeLevel, SafeMetadata, SafeTile, Sentinel1Spec, Sentinel2Spec, Skipped, StacListing, StacSpec, StackSpec, TileGrid, Units,
    date_of_file, derive_grid, find, is_composite, is_picture, is_stac, layers_of_file, list_stac, metadata_file,
    moments_of_file, picture, product_at, scene_bounds, scene_of_layers, udm2_version,
};
pub use series::{CodeColumn, SeriesTable};
pub use soundness::check_blocks;
pub use staged::{Staged, sha256_file};
