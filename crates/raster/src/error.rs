use crate::Role;

/// What can be wrong with a description of rasters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// Text that is no calendar day.
    #[error("'{text}' is no date: write year-month-day, such as 2021-03-09")]
    Date {
        /// What was read.
        text: String,
    },
    /// A range whose end lies before its start.
    #[error("the period from {from} to {to} ends before it begins")]
    DateRange {
        /// First day.
        from: String,
        /// Last day.
        to: String,
    },
    /// A name that is neither a band, a quality layer nor an index.
    #[error("'{text}' is no band or layer name; bands are called {expected}")]
    Role {
        /// What was read.
        text: String,
        /// The names that exist.
        expected: String,
    },
    /// A rule over quality bits that cannot be read.
    #[error(
        "the QA rule '{text}' cannot be read: {reason}; write conditions such as bit(0)=0, bits(14-15)<3 or value in {{4,5,7}}"
    )]
    QaRule {
        /// The whole rule.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A word that is no way in which a satellite flies.
    #[error("'{text}' is no pass: write ascending or descending")]
    Pass {
        /// What was read.
        text: String,
    },
    /// A grid without extent or with steps that are no positive numbers.
    #[error("a grid needs positive finite steps and at least one pixel, not {reason}")]
    Grid {
        /// What was given.
        reason: String,
    },
    /// A layer that a computation needs and a scene does not have.
    #[error("{what} needs the {role} layer, which scene {scene} does not have")]
    MissingRole {
        /// Who asks for it.
        what: String,
        /// The missing layer.
        role: Role,
        /// The scene.
        scene: String,
    },
    /// An array whose shape does not fit the others.
    #[error("the {what} has shape {got:?}, expected {expected:?}")]
    Shape {
        /// Which array.
        what: &'static str,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        got: Vec<usize>,
    },
}
