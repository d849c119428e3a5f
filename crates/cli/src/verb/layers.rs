//! Layers named on the command line: `red=FILE[:BAND],nir=FILE[:BAND],scl=FILE`, a file with named bands, or both.

use std::path::{Path, PathBuf};

use geoio::{Found, NamedLayer};
use raster::{Date, QaRule, Role, Scaling};

use crate::fault::Fault;

/// How the layers of one date are to be understood.
pub(crate) struct LayerOptions<'a> {
    /// Name of the scene in messages.
    pub(crate) id: &'a str,
    /// Its day; 1970-01-01 where nobody needs it.
    pub(crate) date: Option<Date>,
    /// Scaling of the bands; the files' own where there is none.
    pub(crate) scaling: Option<Scaling>,
    /// Conditions that a clear pixel meets, over `qa` or `scl`.
    pub(crate) rule: Option<&'a QaRule>,
}

/// The layers of one date.
#[derive(Debug)]
pub(crate) struct Layers {
    /// The file whose bands say themselves what they are, where one is named.
    pub(crate) file: Option<PathBuf>,
    /// All of them.
    pub(crate) named: Vec<NamedLayer>,
}

impl Layers {
    /// Reads `[FILE,]role=FILE[:BAND],..`; a layer that is named wins over the same one of the file.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let mut parts = text.split(',').map(str::trim).filter(|part| !part.is_empty()).peekable();
        let file = parts.next_if(|part| !part.contains('=')).map(PathBuf::from);
        let mut named = parts.map(layer).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &file {
            let own = geoio::layers_of_file(file)?;
            let is_new = |(role, ..): &NamedLayer| !named.iter().any(|(other, ..)| other == role);
            let more: Vec<NamedLayer> = own.into_iter().filter(is_new).collect();
            named.extend(more);
        }
        Ok(Self { file, named })
    }

    /// Whether there is a layer over which a clear pixel can be told.
    pub(crate) fn has_quality(&self) -> bool {
        self.named.iter().any(|(role, ..)| matches!(role, Role::Qa | Role::Scl))
    }

    /// A scene of these layers.
    pub(crate) fn scene(&self, options: &LayerOptions<'_>) -> Result<Found, Fault> {
        let date = options.date.unwrap_or(Date::from_days(0));
        Ok(geoio::scene_of_layers(options.id, date, &self.named, options.scaling, options.rule)?)
    }
}

/// The name by which a file's scene goes.
pub(crate) fn scene_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The scaling that `--scale` and `--offset` give; none where neither is given.
pub(crate) fn scaling(scale: Option<f64>, offset: Option<f64>) -> Option<Scaling> {
    let given = scale.is_some() || offset.is_some();
    given.then(|| Scaling { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0) })
}

/// The rule that `--qa` or `--clear` give.
pub(crate) fn rule(qa: Option<&str>, clear: Option<&str>) -> Result<Option<QaRule>, Fault> {
    match (qa, clear) {
        (Some(rule), _) => Ok(Some(rule.parse()?)),
        (None, Some(codes)) => Ok(Some(format!("value in {{{codes}}}").parse()?)),
        (None, None) => Ok(None),
    }
}

fn layer(text: &str) -> Result<NamedLayer, Fault> {
    let (role, file) = text
        .split_once('=')
        .ok_or_else(|| Fault::usage(format!("'{text}' names no layer; write role=FILE or role=FILE:BAND")))?;
    let role: Role = role.trim().parse()?;
    let numbered = file.rsplit_once(':').and_then(|(path, band)| Some((path, band.parse::<usize>().ok()?)));
    let (path, band) = numbered.unwrap_or((file, 1));
    if band == 0 {
        return Err(Fault::usage(format!("'{text}': bands are counted from 1")));
    }
    if path.is_empty() {
        return Err(Fault::usage(format!("'{text}' names no file; write role=FILE or role=FILE:BAND")));
    }
    Ok((role, path.into(), band))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_without_a_file_is_refused() {
        for text in ["red=", "red=:3"] {
            assert!(layer(text).is_err_and(|fault| fault.to_string().contains("names no file")), "{text}");
        }
    }

    #[test]
    fn a_layer_is_a_role_a_file_and_a_band() {
        let layers = Layers::read("red=a.tif:4, nir=b:c.tif,scl=/x/s.tif:1").expect("layers");
        let told: Vec<String> =
            layers.named.iter().map(|(role, path, band)| format!("{role} {} {band}", path.display())).collect();
        assert_eq!(told, ["red a.tif 4", "nir b:c.tif 1", "scl /x/s.tif 1"]);
        assert!(layers.file.is_none() && layers.has_quality());
        assert!(Layers::read("red=a.tif,b.tif").is_err() && Layers::read("red=a.tif:0").is_err());
        assert!(Layers::read("no_such.tif,scl=s.tif").is_err());
    }
}
