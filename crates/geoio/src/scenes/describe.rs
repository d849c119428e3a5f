//! One metadata file of a product on its own, without its images.

use std::path::Path;

use super::safe::SafeMetadata;
use super::safe_tile::SafeTile;
use super::xml::{self, elements};
use crate::GeoioError;

/// What a metadata file says.
#[derive(Debug, Clone, PartialEq)]
pub enum MetadataFile {
    /// A Sentinel-2 product of Level-2A or Level-1C.
    Sentinel2(Box<SafeMetadata>),
    /// A granule of a Sentinel-2 product.
    Tile(Box<SafeTile>),
    /// The producer's report of its own checks.
    Checks(Vec<ProducerCheck>),
}

/// One check of a producer's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerCheck {
    /// What was looked at.
    pub name: String,
    /// `PASSED`, or what else the report says.
    pub status: String,
    /// What the producer says of it.
    pub message: String,
}

impl ProducerCheck {
    /// Whether the check was passed.
    pub fn is_passed(&self) -> bool {
        self.status.eq_ignore_ascii_case("PASSED")
    }
}

/// Reads a metadata file: `MTD_MSIL2A.xml`, `MTD_MSIL1C.xml`, `MTD_TL.xml`, or a quality report of `QI_DATA`.
///
/// # Errors
/// [`GeoioError::Metadata`] for what is neither, and for values without which reflectance cannot be had.
pub fn metadata_file(path: &Path) -> Result<MetadataFile, GeoioError> {
    let text = xml::read_text(path)?;
    let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
    match elements(&text).map_err(wrong)?.last().map(|root| root.name.as_str()) {
        Some("Earth_Explorer_File") => return checks(&text).map(MetadataFile::Checks).map_err(wrong),
        Some("Level-1C_Tile_ID" | "Level-2A_Tile_ID") => {
            return SafeTile::parse(&text).map(|tile| MetadataFile::Tile(Box::new(tile))).map_err(wrong);
        }
        _ => {}
    }
    SafeMetadata::parse(&text, path).map(|metadata| MetadataFile::Sentinel2(Box::new(metadata)))
}

/// The checks of a report. One without checks of its own has the state of the whole.
fn checks(text: &str) -> Result<Vec<ProducerCheck>, String> {
    let mut found: Vec<ProducerCheck> = Vec::new();
    let mut whole = None;
    for element in elements(text)? {
        let attribute = |name| element.attribute(name).unwrap_or_default().trim().to_owned();
        match element.name.as_str() {
            "inspection" => {
                found.push(ProducerCheck { name: attribute("name"), status: attribute("status"), message: String::new() });
            }
            "message" if element.parent == "check" => {
                if let Some(check) = found.last_mut() {
                    check.message = element.text;
                }
            }
            "report" => whole = Some(attribute("globalStatus")),
            _ => {}
        }
    }
    let status = whole.filter(|status| !status.is_empty()).ok_or("it is a report without a state (globalStatus)")?;
    if found.is_empty() {
        found.push(ProducerCheck { name: "report".to_owned(), status, message: String::new() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_its_checks_with_their_states() {
        let text = r#"<Earth_Explorer_File><report globalStatus="FAILED"><checkList>
<check><inspection name="Header check. " status="PASSED"/><message>fine</message></check>
<check><inspection name="Sensor" status="FAILED"/><message>lost packets</message></check></checkList></report></Earth_Explorer_File>"#;
        let checks = checks(text).expect("a report");
        assert_eq!(checks.iter().map(ProducerCheck::is_passed).collect::<Vec<_>>(), [true, false]);
        assert_eq!((checks[1].name.as_str(), checks[1].message.as_str()), ("Sensor", "lost packets"));
        assert!(super::checks("<Earth_Explorer_File><report/></Earth_Explorer_File>").is_err());
    }
}
