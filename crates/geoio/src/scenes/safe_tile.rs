//! What a granule of a Sentinel-2 product says of itself: `MTD_TL.xml`.

use super::xml::{Element, elements};

/// The grid of a granule's images of one size of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileGrid {
    /// Side of a pixel in metres.
    pub metres: u32,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// West edge in metres.
    pub west: f64,
    /// North edge in metres.
    pub north: f64,
}

/// Place, sun and clouds of a granule.
#[derive(Debug, Clone, PartialEq)]
pub struct SafeTile {
    /// Name of the granule, such as `S2A_OPER_MSI_L1C_TL_VGS4_20210908T070248_A032448_T46RER_N03.01`.
    pub id: String,
    /// Reference system, such as `EPSG:32646`.
    pub crs: String,
    /// Its grids, the finest first.
    pub grids: Vec<TileGrid>,
    /// Share of cloudy pixels by the producer, 0 to 100.
    pub cloud_percent: Option<f64>,
    /// Mean elevation of the sun in degrees.
    pub sun_elevation: Option<f64>,
    /// Mean azimuth of the sun in degrees.
    pub sun_azimuth: Option<f64>,
}

impl SafeTile {
    /// Reads the text of `MTD_TL.xml`.
    ///
    /// # Errors
    /// The reason, where name, system or grids are missing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let all = elements(text)?;
        let text_of = |name: &str| all.iter().find(|e| e.name == name && !e.text.is_empty()).map(|e| e.text.clone());
        let within = |parent: &str, name: &str| {
            all.iter()
                .find(|e| e.parent == parent && e.name == name)
                .and_then(|e| e.text.parse().ok())
                .filter(|v: &f64| v.is_finite())
        };
        let mut grids = grids(&all);
        grids.sort_by_key(|grid| grid.metres);
        if grids.is_empty() {
            return Err("it has no Size and Geoposition of its images".to_owned());
        }
        Ok(Self {
            id: text_of("TILE_ID").ok_or("it has no TILE_ID")?,
            crs: text_of("HORIZONTAL_CS_CODE").ok_or("it has no HORIZONTAL_CS_CODE")?,
            grids,
            cloud_percent: text_of("CLOUDY_PIXEL_PERCENTAGE").and_then(|text| text.parse().ok()),
            sun_elevation: within("Mean_Sun_Angle", "ZENITH_ANGLE").map(|zenith| 90.0 - zenith),
            sun_azimuth: within("Mean_Sun_Angle", "AZIMUTH_ANGLE"),
        })
    }
}

/// Elements end after their children: the four numbers of a size stand before the element that tells which size it is.
fn grids(all: &[Element]) -> Vec<TileGrid> {
    let mut last: Vec<(&str, f64)> = Vec::new();
    let (mut sizes, mut places) = (Vec::new(), Vec::new());
    for element in all {
        let number = |name: &str| last.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| *value);
        let metres = element.attribute("resolution").and_then(|text| text.parse::<u32>().ok());
        match (element.name.as_str(), metres) {
            ("Size", Some(metres)) => sizes.extend(number("NROWS").zip(number("NCOLS")).map(|(rows, cols)| (metres, rows, cols))),
            ("Geoposition", Some(metres)) => places.extend(number("ULX").zip(number("ULY")).map(|(x, y)| (metres, x, y))),
            ("NROWS" | "NCOLS" | "ULX" | "ULY", _) => last.extend(element.text.parse().ok().map(|v| (element.name.as_str(), v))),
            _ => {}
        }
    }
    let place = |metres: u32| places.iter().find(|(m, ..)| *m == metres);
    let grid = |(metres, rows, cols): (u32, f64, f64)| {
        let (_, west, north) = *place(metres)?;
        Some(TileGrid { metres, rows: rows as usize, cols: cols as usize, west, north })
    };
    sizes.into_iter().filter_map(grid).collect()
}
