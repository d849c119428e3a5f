use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use change::{Catalogue, ChangeError, Constant, Direction, SpectralIndex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::index_list;

/// An index by name or by formula; a job with one that does not exist cannot be read.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(try_from = "WrittenIndex", untagged)]
pub(crate) enum IndexSpec {
    /// A name of the catalogue, or of a ready-made layer.
    Name(String),
    /// The user's own.
    Own(OwnIndex),
}

/// An index as a job writes it.
#[derive(Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "an index is a name, or a table of name and, where needed, formula, direction, constants, catalogue and endmembers"
)]
pub(super) enum WrittenIndex {
    /// A name of the catalogue, or of a ready-made layer.
    Name(String),
    /// The user's own.
    Own(OwnIndex),
}

impl TryFrom<WrittenIndex> for IndexSpec {
    type Error = ChangeError;

    fn try_from(written: WrittenIndex) -> Result<Self, ChangeError> {
        let spec = match written {
            WrittenIndex::Name(name) => Self::Name(name),
            WrittenIndex::Own(own) => Self::Own(own),
        };
        // What stands in files of its own is read when the folder of the job is known.
        if spec.files().next().is_none() {
            spec.of(&Catalogue::built_in())?;
        }
        Ok(spec)
    }
}

/// An index of the user's own, or one of the catalogue with what is told of it.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnIndex {
    /// Name in outputs.
    pub(crate) name: String,
    /// Formula over band symbols, such as "(N - S2) / (N + S2)"; default: that of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) formula: Option<String>,
    /// Whether clearing makes it fall or rise; default: as the catalogue knows, of a formula of your own fall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) direction: Option<Direction>,
    /// Constants in place of their defaults: numbers, or formulas such as "0.5 * (N + R)".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) constants: BTreeMap<String, ConstantValue>,
    /// Indices of your own, before the built-in ones: JSON as the Awesome Spectral Indices publish theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) catalogue: Option<PathBuf>,
    /// Endmembers of your own for unmixing: CSV with a spectrum a line, endmember,blue,green,.. in reflectance from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endmembers: Option<PathBuf>,
}

/// What a constant stands for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ConstantValue {
    /// A number.
    Number(f64),
    /// A formula over bands and other constants.
    Formula(String),
}

impl IndexSpec {
    /// The files that say what its name means.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let own = match self {
            Self::Name(_) => None,
            Self::Own(own) => Some(own),
        };
        own.into_iter().flat_map(|own| own.catalogue.iter().chain(&own.endmembers))
    }

    /// The index it names; files are relative to the folder `base`.
    pub(crate) fn resolve(&self, base: &Path) -> Result<SpectralIndex, Fault> {
        let Self::Own(own) = self else { return Ok(self.of(&Catalogue::built_in())?) };
        let [list, endmembers] = [&own.catalogue, &own.endmembers].map(|path| path.as_ref().map(|path| base.join(path)));
        let catalogue = index_list::catalogue(list.as_deref(), endmembers.as_deref())?;
        self.of(&catalogue).map_err(|error| index_list::told(error, list.as_deref()))
    }

    fn of(&self, catalogue: &Catalogue) -> Result<SpectralIndex, ChangeError> {
        let index = match self {
            Self::Name(name) => catalogue.find(name)?.index(&[])?,
            Self::Own(own) => {
                let constants: Vec<Constant> = own.constants.iter().map(|(name, value)| value.named(name)).collect();
                let index = match &own.formula {
                    Some(formula) => catalogue.formula(&own.name, formula, &constants, Some(Direction::Fall))?,
                    None => catalogue.find(&own.name)?.index(&constants)?,
                };
                match own.direction {
                    Some(direction) => index.moving(direction),
                    None => index,
                }
            }
        };
        index.clearing().map(|_| index)
    }
}

impl ConstantValue {
    fn named(&self, name: &str) -> Constant {
        match self {
            Self::Number(value) => Constant::number(name, *value),
            Self::Formula(value) => Constant { name: name.to_owned(), value: value.clone() },
        }
    }
}
