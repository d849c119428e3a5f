use alert::Layer;

use super::{LayerError, LayerOptions, read};
use crate::{GeoioError, ffi};

/// Most bytes that are fetched.
const LIMIT: u64 = 2 << 30;

/// Reads the file behind an address: it is fetched as a whole, then read as any file. `told` is the address for messages.
pub(super) fn read_from(address: &str, told: &str, options: &LayerOptions) -> Result<Layer, LayerError> {
    let name = address.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let failed = |source| GeoioError::Input { path: told.into(), source };
    let folder = tempfile::tempdir().map_err(failed)?;
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending: String = ending.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = folder.path().join(format!("fetched.{ending}"));
    ffi::fetch(address, &path, LIMIT).map_err(|reason| GeoioError::Fetch { address: told.to_owned(), reason })?;
    let mut layer =
        read(&path, options).map_err(|source| LayerError::Fetched { address: told.to_owned(), source: source.into() })?;
    told.clone_into(&mut layer.path);
    for warning in &mut layer.warnings {
        warning.file = Some(told.to_owned());
    }
    Ok(layer)
}
