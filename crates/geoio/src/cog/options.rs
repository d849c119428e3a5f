use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Layout of a raster file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RasterFormat {
    /// Cloud-optimised `GeoTIFF` with overviews.
    #[default]
    Cog,
    /// Tiled `GeoTIFF` without overviews.
    Gtiff,
}

/// How pixels are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Read by every program.
    #[default]
    Deflate,
    /// Smaller and faster, read by newer programs.
    Zstd,
    /// Read by every program, larger.
    Lzw,
    /// Not packed.
    None,
}

/// A code of a classified raster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RasterClass {
    /// The stored code.
    pub code: u8,
    /// Its name, kept as the band's metadata `CLASS_<code>`.
    pub name: String,
    /// Red, green, blue, opacity.
    pub colour: [u8; 4],
}

/// How a raster is written.
#[derive(Debug, Clone)]
pub struct RasterOptions {
    /// Layout.
    pub format: RasterFormat,
    /// Packing.
    pub compression: Compression,
    /// Effort of the packing, 1 to 9 (Zstd to 22); default the library's.
    pub level: Option<u8>,
    /// Whether differences of neighbours are packed.
    pub predictor: bool,
    /// Width and height of a tile, a multiple of 16.
    pub block: usize,
    /// Stored number that means "no data".
    pub nodata: Option<f64>,
    /// Name of each band; their number is the number of bands.
    pub descriptions: Vec<String>,
    /// Tags from stored numbers to values: scale, offset.
    pub scaling: Option<(f64, f64)>,
    /// Whether pixels are codes: overviews take the nearest, else the mean.
    pub codes: bool,
    /// Classes with colours, for one band of `u8`.
    pub classes: Vec<RasterClass>,
}

impl RasterOptions {
    /// A COG of values with these bands: DEFLATE, blocks of 512, no nodata.
    pub fn values(descriptions: &[&str]) -> Self {
        Self {
            format: RasterFormat::Cog,
            compression: Compression::Deflate,
            level: None,
            predictor: true,
            block: 512,
            nodata: None,
            descriptions: descriptions.iter().map(|&text| text.to_owned()).collect(),
            scaling: None,
            codes: false,
            classes: Vec::new(),
        }
    }

    /// As [`RasterOptions::values`] for codes, dates and masks, whose overviews must not mix them.
    pub fn codes(descriptions: &[&str]) -> Self {
        Self { codes: true, ..Self::values(descriptions) }
    }

    /// The same with a nodata number.
    pub fn nodata(self, nodata: f64) -> Self {
        Self { nodata: Some(nodata), ..self }
    }
}
