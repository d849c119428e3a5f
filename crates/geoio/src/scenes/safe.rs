//! What a Sentinel-2 product says of itself: `MTD_MSIL2A.xml` and `MTD_MSIL1C.xml`.
//!
//! Source: ESA, Sentinel-2 Products Specification Document, User Products Level-2A and Level-1C. Products before 2018 spell some
//! names with `2A`, which is understood too.

use std::collections::BTreeMap;
use std::path::Path;

use raster::{Date, Scaling};

use super::dates::second_of_day;
use super::xml::{Element, elements};
use crate::GeoioError;

/// Bands by the number under which the metadata give their offset (attribute `band_id`).
const BAND_IDS: [&str; 13] = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"];

/// Level of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeLevel {
    /// Reflectance at the top of the atmosphere.
    L1c,
    /// Reflectance at the ground.
    L2a,
}

impl SafeLevel {
    /// The level whose metadata have this root element.
    fn of_root(name: &str) -> Option<Self> {
        match name {
            "Level-1C_User_Product" => Some(Self::L1c),
            "Level-2A_User_Product" => Some(Self::L2a),
            _ => None,
        }
    }

    /// Name of the offsets in the metadata.
    fn offset(self) -> &'static str {
        match self {
            Self::L1c => "RADIO_ADD_OFFSET",
            Self::L2a => "BOA_ADD_OFFSET",
        }
    }

    /// Names of the divisor.
    fn quantification(self) -> &'static [&'static str] {
        match self {
            Self::L1c => &["QUANTIFICATION_VALUE"],
            Self::L2a => &["BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"],
        }
    }

    /// As products' names spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::L1c => "L1C",
            Self::L2a => "L2A",
        }
    }
}

/// The part of a product's metadata that a scene needs.
#[derive(Debug, Clone, PartialEq)]
pub struct SafeMetadata {
    /// Level-1C or Level-2A.
    pub level: SafeLevel,
    /// Product name, without `.SAFE`.
    pub id: String,
    /// Processing baseline, such as `05.09`.
    pub baseline: String,
    /// Spacecraft, such as `Sentinel-2B`.
    pub platform: String,
    /// Relative orbit.
    pub orbit: Option<u32>,
    /// `ASCENDING` or `DESCENDING`, as the metadata spell it; empty where they do not say.
    pub direction: String,
    /// Day of sensing, UTC.
    pub date: Date,
    /// Seconds since midnight of sensing.
    pub second: Option<u32>,
    /// When this version was made (ISO 8601, UTC).
    pub generation: String,
    /// MGRS tile, such as `T34UCF`.
    pub tile: String,
    /// When the granule's data strip began (`yyyymmddThhmmss`): two halves of a tile differ in it, two versions do not.
    pub strip_start: String,
    /// Stored numbers that make up reflectance 1.
    pub quantification: f64,
    /// Added to stored numbers before the division, by band (`B8A`); empty where the metadata name none.
    pub offsets: BTreeMap<String, f64>,
    /// Stored number of no data.
    pub nodata: f64,
    /// Stored number of a saturated pixel.
    pub saturated: Option<f64>,
    /// Image files of the product, relative to it and without ending.
    pub images: Vec<String>,
    /// Checks of the producer that a product did not pass, such as `RADIOMETRIC_QUALITY FAILED`.
    pub failed_checks: Vec<String>,
}

impl SafeMetadata {
    /// Reads the text of `MTD_MSIL2A.xml` or `MTD_MSIL1C.xml`; `path` is for messages.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] for what is no metadata of either level, and for values without which reflectance cannot be had.
    pub fn parse(text: &str, path: &Path) -> Result<Self, GeoioError> {
        let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
        Document(elements(text).map_err(wrong)?).metadata().map_err(wrong)
    }

    /// How stored numbers of a band become reflectance: `(stored + offset) / quantification`.
    ///
    /// # Errors
    /// The reason, where the metadata give offsets but none for this band.
    pub fn scaling(&self, band: &str) -> Result<Scaling, String> {
        let offset = match self.offsets.get(band) {
            Some(offset) => *offset,
            None if self.offsets.is_empty() => 0.0,
            None => return Err(format!("it gives {} for other bands and none for {band}", self.level.offset())),
        };
        Ok(Scaling { scale: 1.0 / self.quantification, offset: offset / self.quantification })
    }

    /// The folder of the granule in the product, such as `GRANULE/L2A_T34UCF_A033753_20230823T095553`.
    pub fn granule(&self) -> Option<String> {
        let mut parts = self.images.first()?.split('/');
        Some(format!("{}/{}", parts.next()?, parts.next()?))
    }

    /// Whether the baseline is one (04.00 or later) whose products carry an offset.
    pub fn should_have_offset(&self) -> bool {
        self.baseline.as_str() >= "04.00"
    }

    /// The image file of a layer such as `B8A` or `SCL` at so many metres; Level-1C has each in one size only.
    pub fn image(&self, layer: &str, metres: u32) -> Option<&str> {
        let end = match self.level {
            SafeLevel::L1c => format!("_{layer}"),
            SafeLevel::L2a => format!("_{layer}_{metres}m"),
        };
        self.images.iter().find(|image| image.ends_with(&end)).map(String::as_str)
    }
}

struct Document(Vec<Element>);

impl Document {
    fn metadata(&self) -> Result<SafeMetadata, String> {
        let level = self.0.last().and_then(|root| SafeLevel::of_root(&root.name));
        let level = level.ok_or("it is no metadata of a Level-2A or Level-1C product")?;
        let uri = self.text(&["PRODUCT_URI", "PRODUCT_URI_2A"])?;
        let start = self.text(&["PRODUCT_START_TIME"])?;
        let (day, clock) = start.split_once('T').ok_or_else(|| format!("PRODUCT_START_TIME '{start}' is no time"))?;
        let images = self.images()?;
        let (tile, strip_start) = granule(images.first().map_or("", String::as_str));
        Ok(SafeMetadata {
            level,
            id: uri.trim_end_matches(".SAFE").to_owned(),
            baseline: self.baseline()?,
            platform: self.text(&["SPACECRAFT_NAME"])?.to_owned(),
            orbit: self.text(&["SENSING_ORBIT_NUMBER"])?.parse().ok(),
            direction: self.text(&["SENSING_ORBIT_DIRECTION"]).unwrap_or_default().to_owned(),
            date: day.parse().map_err(|error| format!("PRODUCT_START_TIME: {error}"))?,
            second: second_of_day(clock),
            generation: self.text(&["GENERATION_TIME"])?.to_owned(),
            tile,
            strip_start,
            quantification: self.quantification(level)?,
            offsets: self.offsets(level)?,
            nodata: self.special("NODATA")?.unwrap_or(0.0),
            saturated: self.special("SATURATED")?,
            images,
            failed_checks: self.failed_checks(),
        })
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.0.iter().filter(move |element| element.name == name)
    }

    fn text<'a>(&'a self, names: &[&'a str]) -> Result<&'a str, String> {
        let mut found = names.iter().flat_map(|name| self.all(name)).filter(|element| !element.text.is_empty());
        found.next().map(|element| element.text.as_str()).ok_or_else(|| format!("it has no {}", names[0]))
    }

    fn baseline(&self) -> Result<String, String> {
        let text = self.text(&["PROCESSING_BASELINE"])?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let numbered = text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor));
        if numbered { Ok(text.to_owned()) } else { Err(format!("PROCESSING_BASELINE '{text}' is not of the form 05.09")) }
    }

    fn quantification(&self, level: SafeLevel) -> Result<f64, String> {
        let names = level.quantification();
        let value = number(self.text(names)?, names[0])?;
        if value > 0.0 { Ok(value) } else { Err(format!("{} is {value}, expected a positive number", names[0])) }
    }

    fn offsets(&self, level: SafeLevel) -> Result<BTreeMap<String, f64>, String> {
        let name = level.offset();
        let mut offsets = BTreeMap::new();
        for element in self.all(name) {
            let id = element.attribute("band_id").and_then(|id| id.parse::<usize>().ok());
            let band = id.and_then(|id| BAND_IDS.get(id)).ok_or_else(|| format!("a {name} has no band_id from 0 to 12"))?;
            if offsets.insert((*band).to_owned(), number(&element.text, name)?).is_some() {
                return Err(format!("it gives {name} twice for {band}"));
            }
        }
        Ok(offsets)
    }

    /// A special value by its name: the index stands after the text in one group.
    fn special(&self, name: &str) -> Result<Option<f64>, String> {
        let mut group = self.0.iter().filter(|element| element.parent == "Special_Values");
        group.find(|element| element.name == "SPECIAL_VALUE_TEXT" && element.text == name);
        group.find(|element| element.name == "SPECIAL_VALUE_INDEX").map(|index| number(&index.text, name)).transpose()
    }

    fn images(&self) -> Result<Vec<String>, String> {
        let mut granules: Vec<&str> = Vec::new();
        let mut images = Vec::new();
        for image in self.all("IMAGE_FILE").chain(self.all("IMAGE_FILE_2A")) {
            let text = image.text.as_str();
            let plain = text.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']));
            if !plain {
                return Err(format!("IMAGE_FILE names '{}', which is no file of this product", text.escape_debug()));
            }
            granules.extend(text.split('/').nth(1));
            images.push(text.to_owned());
        }
        granules.dedup();
        match granules.len() {
            0 => Err("it names no IMAGE_FILE".to_owned()),
            1 => Ok(images),
            n => Err(format!("it holds {n} granules; give one product a tile")),
        }
    }

    fn failed_checks(&self) -> Vec<String> {
        let checks = self.all("quality_check").filter(|check| !check.text.eq_ignore_ascii_case("PASSED"));
        checks.map(|check| format!("{} {}", check.attribute("checkType").unwrap_or("quality_check"), check.text)).collect()
    }
}

/// Tile and start of the data strip from a granule's folder, `GRANULE/L2A_T34UCF_A033753_20230823T095553/..`; empty where it is
/// called otherwise.
fn granule(image: &str) -> (String, String) {
    let folder: Vec<&str> = image.split('/').nth(1).unwrap_or_default().split('_').collect();
    match folder[..] {
        [_, tile, _, start] if tile.len() == 6 && tile.starts_with('T') => (tile.to_owned(), start.to_owned()),
        _ => (String::new(), String::new()),
    }
}

fn number(text: &str, name: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| format!("{name} '{}' is no number", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(offsets: &str, more: &str) -> String {
        format!(
            r#"<n1:Level-2A_User_Product xmlns:n1="x"><PRODUCT_URI>S2B_X.SAFE</PRODUCT_URI>
<PRODUCT_START_TIME>2023-08-23T09:55:59.024Z</PRODUCT_START_TIME><PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>
<SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME><SENSING_ORBIT_NUMBER>122</SENSING_ORBIT_NUMBER>
<GENERATION_TIME>2023-08-23T12:47:59.000000Z</GENERATION_TIME>
<IMAGE_FILE>GRANULE/L2A_T34UCF_A033753_20230823T095553/IMG_DATA/R20m/T34UCF_20230823T095559_B8A_20m</IMAGE_FILE>
<Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
<Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>
<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>{offsets}{more}</n1:Level-2A_User_Product>"#
        )
    }

    fn parse(text: &str) -> Result<SafeMetadata, String> {
        SafeMetadata::parse(text, Path::new("MTD_MSIL2A.xml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_offset_is_that_of_the_band_whatever_the_baseline_says() {
        let plain = parse(&text("", "")).expect("metadata");
        assert_eq!(plain.scaling("B8A"), Ok(Scaling { scale: 0.0001, offset: 0.0 }));
        let moved = parse(&text(r#"<BOA_ADD_OFFSET band_id="8">-1000</BOA_ADD_OFFSET>"#, "")).expect("metadata");
        assert_eq!(moved.scaling("B8A"), Ok(Scaling { scale: 0.0001, offset: -0.1 }));
        assert!(moved.scaling("B04").is_err());
    }

    #[test]
    fn level_1c_has_its_own_names_of_offsets_divisor_images() {
        let offset = r#"<RADIO_ADD_OFFSET band_id="3">-1000</RADIO_ADD_OFFSET>"#;
        let level_1 = text(offset, "").replace("Level-2A", "Level-1C").replace("BOA_QUANT", "QUANT").replace("_B8A_20m", "_B04");
        let level_1 = level_1.replace("/R20m", "");
        let metadata = parse(&level_1).expect("metadata");
        assert_eq!((metadata.level, metadata.scaling("B04")), (SafeLevel::L1c, Ok(Scaling { scale: 0.0001, offset: -0.1 })));
        assert!(metadata.image("B04", 10).is_some_and(|image| image.ends_with("T34UCF_20230823T095559_B04")));
        assert_eq!(metadata.granule().as_deref(), Some("GRANULE/L2A_T34UCF_A033753_20230823T095553"));
    }

    #[test]
    fn tile_strip_and_special_values_are_read() {
        let metadata = parse(&text("", "")).expect("metadata");
        assert_eq!((metadata.tile.as_str(), metadata.strip_start.as_str()), ("T34UCF", "20230823T095553"));
        assert_eq!((metadata.nodata, metadata.saturated), (0.0, Some(65535.0)));
        assert_eq!((metadata.id.as_str(), metadata.second, metadata.orbit), ("S2B_X", Some(35_759), Some(122)));
        assert!(metadata.image("B8A", 20).is_some_and(|image| image.ends_with("_B8A_20m")));
    }

    #[test]
    fn what_reflectance_cannot_be_had_from_is_refused_with_its_reason() {
        let whole = text("", "");
        for (old, new, told) in [
            ("Level-2A_User", "Level-1B_User", "no metadata of a Level-2A"),
            (">10000<", ">0<", "expected a positive number"),
            (">10000<", ">ten<", "is no number"),
            ("05.09", "5.9", "of the form"),
            ("GRANULE/", "../", "no file of this product"),
            ("GRANULE/", "/GRANULE/", "no file of this product"),
            ("T09:55:59.024Z", "", "is no time"),
            ("<SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME>", "", "no SPACECRAFT_NAME"),
        ] {
            let error = parse(&whole.replace(old, new)).expect_err(old);
            assert!(error.contains(told), "{old}: {error}");
        }
        assert!(parse(&text(r#"<BOA_ADD_OFFSET band_id="13">-1000</BOA_ADD_OFFSET>"#, "")).is_err());
        let twice = r#"<BOA_ADD_OFFSET band_id="1">-1000</BOA_ADD_OFFSET>"#.repeat(2);
        assert!(parse(&text(&twice, "")).is_err());
    }

    #[test]
    fn a_check_that_the_product_did_not_pass_is_kept() {
        let more = r#"<quality_check checkType="SENSOR_QUALITY">PASSED</quality_check><quality_check checkType="RADIOMETRIC_QUALITY">FAILED</quality_check>"#;
        assert_eq!(parse(&text("", more)).expect("metadata").failed_checks, ["RADIOMETRIC_QUALITY FAILED"]);
    }
}
