use std::path::Path;

use crate::GeoioError;

/// Versions whose fields are known here: from 0.8 on the places of what is read did not change without being told apart.
const KNOWN: [(u32, u32); 4] = [(0, 8), (0, 9), (1, 0), (1, 1)];

/// Refuses a document of a version that is not known here.
///
/// # Errors
/// [`GeoioError::Stac`] with the version.
pub(super) fn check(version: Option<&str>, path: &Path, what: &str) -> Result<String, GeoioError> {
    let wrong = |reason: String| Err(GeoioError::stac(path, reason));
    let Some(version) = version else { return wrong(format!("{what} has no stac_version: it is no STAC")) };
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if KNOWN.contains(&(major, minor)) => Ok(version.to_owned()),
        _ => {
            let told: String = version.chars().take(40).collect();
            wrong(format!("{what} is of STAC version '{told}'; versions 0.8 to 1.1 are read: migrate it (pystac)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_whose_fields_are_known_are_read_and_others_are_named() {
        for version in ["0.8.1", "0.9.0", "1.0.0-beta.2", "1.0.0", "1.1.0-beta.1", "1.1.0"] {
            assert!(check(Some(version), Path::new("a.json"), "the item").is_ok(), "{version}");
        }
        for version in ["0.7.0", "1.2.0", "2.0.0", "", "one"] {
            let told = check(Some(version), Path::new("a.json"), "the item").expect_err("refused").to_string();
            assert!(told.contains(&format!("'{version}'")), "{told}");
        }
        assert!(check(None, Path::new("a.json"), "the item").is_err());
    }
}
