use alert::Layer;

use crate::RegistryError;
use crate::answer::SourceAnswer;
use crate::overlay::Link;
use crate::period::Periods;
use crate::source::{Privacy, RegistrySource};

/// Everything a join works on.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// Id of each feature, in the features' order.
    pub ids: &'a [String],
    /// Links of the features with the sources, sorted, none twice.
    pub links: &'a [Link],
    /// The sources, in the order that the links number.
    pub sources: &'a [(RegistrySource, Layer)],
    /// When the registries are asked for validity.
    pub periods: Periods<'a>,
    /// What it means that a source has no record of a feature: feature by feature, one answer a source (see [`crate::silences`]).
    /// Empty where no feature was held against any coverage: every silence is then a "no".
    pub silences: &'a [SourceAnswer],
    /// How far the features may lie off, metres, as the links were made with it.
    pub error_m: f64,
    /// Whether what is restricted or personal may be written: `false` for what is published.
    pub internal: bool,
}

impl Joined<'_> {
    /// Whether what this source says may be written.
    pub(crate) fn shows(&self, source: &RegistrySource) -> bool {
        self.internal || source.privacy == Privacy::Public
    }

    /// Whether this output column of a source may be written.
    pub(crate) fn shows_column(&self, source: &RegistrySource, column: &str) -> bool {
        self.shows(source) && (self.internal || !source.private.iter().any(|private| private == column))
    }

    /// How far the features and the records of a source may lie off together, millimetres.
    pub(crate) fn error_mm(&self, source: &RegistrySource) -> i64 {
        millimetres(self.error_m + source.position_error_m())
    }

    /// What it means that a source has no record of a feature.
    pub(crate) fn silence(&self, feature: usize, source: usize) -> SourceAnswer {
        self.silences.get(feature * self.sources.len() + source).copied().unwrap_or(SourceAnswer::NoOverlap)
    }

    /// Refuses periods that are not one a feature, and silences that are not one a feature and source.
    pub(crate) fn check(&self) -> Result<(), RegistryError> {
        match self.periods {
            Periods::Changes(periods) if periods.len() != self.ids.len() => {
                Err(RegistryError::Length { table: "the table of change periods", got: periods.len(), expected: self.ids.len() })
            }
            _ if !self.silences.is_empty() && self.silences.len() != self.ids.len() * self.sources.len() => {
                let expected = self.ids.len() * self.sources.len();
                Err(RegistryError::Length { table: "the table of silences", got: self.silences.len(), expected })
            }
            _ => Ok(()),
        }
    }
}

/// Metres in millimetres.
pub(crate) fn millimetres(metres: f64) -> i64 {
    (metres * 1000.0).round() as i64
}
