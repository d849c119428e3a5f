use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of a run that is measured by itself, and the run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// Bands and masks of all scenes, and the layer to look in, as the walk from scenes to a map reads them.
    Read,
    /// Cloud, shadow and no data become NaN, and grow.
    Mask,
    /// The index of each look.
    Index,
    /// The detector over each pixel's series, and its answers as a map.
    Change,
    /// Connected changes with outline, size and what was not seen around them.
    Patches,
    /// The alerts laid over the official layers, with the joins.
    Overlay,
    /// The four rasters of the map.
    Write,
    /// The whole job by the program itself, as a process of its own.
    Job,
}

impl Stage {
    /// All, in the order of a run.
    pub(crate) const ALL: [Self; 8] =
        [Self::Read, Self::Mask, Self::Index, Self::Change, Self::Patches, Self::Overlay, Self::Write, Self::Job];

    /// Its name on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Mask => "mask",
            Self::Index => "index",
            Self::Change => "change",
            Self::Patches => "patches",
            Self::Overlay => "overlay",
            Self::Write => "write",
            Self::Job => "job",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The stages that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stages(Vec<Stage>);

impl Stages {
    /// The stages of a list such as `read,write`, or `all`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(Stage::ALL.to_vec()));
        }
        let named = |word: &str| {
            let found = Stage::ALL.into_iter().find(|stage| stage.name() == word);
            found.ok_or_else(|| {
                format!("'{word}' is no stage; expected all, or some of {}", Stage::ALL.map(Stage::name).join(","))
            })
        };
        text.split(',').map(|word| named(word.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a stage is wanted.
    pub(crate) fn has(&self, stage: Stage) -> bool {
        self.0.contains(&stage)
    }

    /// Whether any of these is wanted.
    pub(crate) fn has_any(&self, stages: &[Stage]) -> bool {
        stages.iter().any(|stage| self.has(*stage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_stages_is_read_and_an_unknown_one_named() {
        let some = Stages::parse("read,job").expect("two stages");
        assert!(some.has(Stage::Read) && some.has(Stage::Job) && !some.has(Stage::Mask));
        assert!(Stage::ALL.into_iter().all(|stage| Stages::parse("all").expect("all").has(stage)));
        assert!(Stages::parse("read,decode").expect_err("no stage").starts_with("'decode' is no stage"));
    }
}
