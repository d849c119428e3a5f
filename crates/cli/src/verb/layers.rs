//! Layers named on the command line: `red=FILE[:BAND],nir=FILE[:BAND],scl=FILE`.

use std::path::PathBuf;

use geoio::Imagery;
use raster::{Date, QaRule, Role, Scaling};

use crate::fault::Fault;

/// How the layers of one date are to be understood.
pub(crate) struct LayerOptions<'a> {
    /// Name of the scene in messages.
    pub(crate) id: &'a str,
    /// Its day; 1970-01-01 where nobody needs it.
    pub(crate) date: Option<Date>,
    /// Scaling of the bands.
    pub(crate) scaling: Scaling,
    /// Conditions that a clear pixel meets, over `qa` or `scl`.
    pub(crate) rule: Option<QaRule>,
}

/// A scene of layers named one by one.
pub(crate) fn imagery(text: &str, options: &LayerOptions<'_>) -> Result<Imagery, Fault> {
    let layers = parse(text)?;
    let date = options.date.unwrap_or(Date::from_days(0));
    Ok(geoio::scene_of_layers(options.id, date, &layers, options.scaling, options.rule.as_ref())?)
}

/// The rule that `--qa` or `--clear` give.
pub(crate) fn rule(qa: Option<&str>, clear: Option<&str>) -> Result<Option<QaRule>, Fault> {
    match (qa, clear) {
        (Some(rule), _) => Ok(Some(rule.parse()?)),
        (None, Some(codes)) => Ok(Some(format!("value in {{{codes}}}").parse()?)),
        (None, None) => Ok(None),
    }
}

fn parse(text: &str) -> Result<Vec<(Role, PathBuf, usize)>, Fault> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(|part| layer(part.trim())).collect()
}

fn layer(text: &str) -> Result<(Role, PathBuf, usize), Fault> {
    let (role, file) = text
        .split_once('=')
        .ok_or_else(|| Fault::usage(format!("'{text}' names no layer; write role=FILE or role=FILE:BAND")))?;
    let role: Role = role.trim().parse()?;
    let numbered = file.rsplit_once(':').and_then(|(path, band)| Some((path, band.parse::<usize>().ok()?)));
    let (path, band) = numbered.unwrap_or((file, 1));
    if band == 0 {
        return Err(Fault::usage(format!("'{text}': bands are counted from 1")));
    }
    Ok((role, path.into(), band))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_a_role_a_file_and_a_band() {
        let layers = parse("red=a.tif:4, nir=b:c.tif,scl=/x/s.tif:1").expect("layers");
        let told: Vec<String> = layers.iter().map(|(role, path, band)| format!("{role} {} {band}", path.display())).collect();
        assert_eq!(told, ["red a.tif 4", "nir b:c.tif 1", "scl /x/s.tif 1"]);
        assert!(parse("a.tif").is_err() && parse("red=a.tif:0").is_err());
    }
}
