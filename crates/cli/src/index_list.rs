//! Lists of indices and endmembers of the user's own, beside the built-in ones.

use std::path::Path;

use change::{Catalogue, ChangeError, Published};

use crate::fault::Fault;
use crate::job::read_text;

/// The built-in indices, with a list and endmembers of the user's own where there are any.
pub(crate) fn catalogue(list: Option<&Path>, endmembers: Option<&Path>) -> Result<Catalogue, Fault> {
    let mut catalogue = Catalogue::built_in();
    if let Some(path) = endmembers {
        catalogue = catalogue.with_endmembers(geoio::endmembers(path)?);
    }
    if let Some(path) = list {
        catalogue = catalogue.with(published(path)?);
    }
    Ok(catalogue)
}

fn published(path: &Path) -> Result<Published, Fault> {
    let text = read_text(path)?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        let asked = "expected indices as the Awesome Spectral Indices publish theirs";
        Fault::usage(format!("{}:{line}:{column}: {reason}; {asked}", path.display()))
    })
}

/// An error over an index, with the file that may have said so.
pub(crate) fn told(error: ChangeError, list: Option<&Path>) -> Fault {
    match (list, &error) {
        (Some(path), ChangeError::Formula { .. }) => Fault::usage(format!("{}: {error}", path.display())),
        _ => error.into(),
    }
}
