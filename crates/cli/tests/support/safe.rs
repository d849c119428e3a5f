//! Small Sentinel-2 products of chosen numbers, written to disk for a test.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use raster::Grid;

/// What a product is to hold; layers are `B04`, `B08`, `B8A` and `SCL`, 10 m and 20 m.
#[derive(Debug, Clone)]
pub(crate) struct Safe {
    /// Day of sensing.
    pub(crate) date: &'static str,
    /// MGRS tile.
    pub(crate) tile: &'static str,
    /// EPSG code of its zone.
    pub(crate) epsg: u32,
    /// West and north edge in metres.
    pub(crate) corner: (f64, f64),
    /// Pixels of 10 m a side, even.
    pub(crate) side: usize,
    /// Baseline, such as `05.09`.
    pub(crate) baseline: &'static str,
    /// `BOA_ADD_OFFSET` of every band, where the metadata give one.
    pub(crate) offset: Option<i32>,
    /// Relative orbit.
    pub(crate) orbit: u32,
    /// When it was made, by day.
    pub(crate) made: &'static str,
}

impl Safe {
    /// A tile of 60 x 60 pixels in zone 18N, baseline 05.09.
    pub(crate) fn new(date: &'static str) -> Self {
        Self {
            date,
            tile: "T18NWG",
            epsg: 32_618,
            corner: (600_000.0, 100_020.0),
            side: 60,
            baseline: "05.09",
            offset: Some(-1000),
            orbit: 25,
            made: "2026-01-01",
        }
    }

    fn compact(day: &str) -> String {
        day.replace('-', "")
    }

    /// The product's name without ending.
    pub(crate) fn id(&self) -> String {
        let number = self.baseline.replace('.', "");
        let (day, made) = (Self::compact(self.date), Self::compact(self.made));
        format!("S2A_MSIL2A_{day}T152641_N{number}_R{:03}_{}_{made}T120000", self.orbit, self.tile)
    }

    fn granule(&self) -> String {
        format!("L2A_{}_A030000_{}T152645", self.tile, Self::compact(self.date))
    }

    /// Path of a layer's image in the product, without ending.
    fn image(&self, layer: &str, metres: usize) -> String {
        format!(
            "GRANULE/{}/IMG_DATA/R{metres}m/{}_{}T152641_{layer}_{metres}m",
            self.granule(),
            self.tile,
            Self::compact(self.date)
        )
    }

    /// Writes the product into a folder with reflectance in parts of 10000 by layer and pixel of 10 m (row, col); a stored
    /// number is that less the offset. Numbers of 0 and 65535 are stored as they are. Gives the product's folder.
    pub(crate) fn write(&self, into: &Path, value: impl Fn(&str, usize, usize) -> u16) -> PathBuf {
        let place = into.join(format!("{}.SAFE", self.id()));
        let crs = geoio::crs::crs(&format!("EPSG:{}", self.epsg)).expect("a zone");
        let added = -self.offset.unwrap_or(0);
        for (layer, by) in [("B04", 1), ("B08", 1), ("B8A", 2), ("SCL", 2)] {
            let (step, side) = (10.0 * by as f64, self.side / by);
            let (west, north) = self.corner;
            let grid = Grid { crs: crs.clone(), west, north, step_x: step, step_y: step, rows: side, cols: side };
            let values = Array2::from_shape_fn((side, side), |(row, col)| value(layer, row * by, col * by));
            let path = place.join(format!("{}.jp2", self.image(layer, 10 * by)));
            if layer == "SCL" {
                geoio::write_jp2(&path, &grid, values.mapv(|v| v as u8).view()).expect("an image");
            } else {
                let stored = |v: u16| if v == 0 || v == u16::MAX { v } else { (i32::from(v) + added) as u16 };
                geoio::write_jp2(&path, &grid, values.mapv(stored).view()).expect("an image");
            }
        }
        fs::write(place.join("MTD_MSIL2A.xml"), self.metadata()).expect("metadata");
        place
    }

    fn metadata(&self) -> String {
        let mut files = String::new();
        for (layer, metres) in [("B04", 10), ("B08", 10), ("B8A", 20), ("SCL", 20)] {
            let _ = write!(files, "<IMAGE_FILE>{}</IMAGE_FILE>", self.image(layer, metres));
        }
        let mut offsets = String::new();
        for id in 0..13 {
            let Some(offset) = self.offset else { break };
            let _ = write!(offsets, "<BOA_ADD_OFFSET band_id=\"{id}\">{offset}</BOA_ADD_OFFSET>");
        }
        let Self { date, baseline, orbit, made, .. } = self;
        let id = self.id();
        format!(
            "<n1:Level-2A_User_Product xmlns:n1=\"x\"><PRODUCT_START_TIME>{date}T15:26:41.024Z</PRODUCT_START_TIME>\
             <PRODUCT_URI>{id}.SAFE</PRODUCT_URI><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>\
             <GENERATION_TIME>{made}T12:00:00.000Z</GENERATION_TIME><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>\
             <SENSING_ORBIT_NUMBER>{orbit}</SENSING_ORBIT_NUMBER>{files}\
             <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>\
             <Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>\
             <BOA_QUANTIFICATION_VALUE unit=\"none\">10000</BOA_QUANTIFICATION_VALUE>{offsets}</n1:Level-2A_User_Product>"
        )
    }
}
