//! What makes one of the methods: how its process begins after the history and moves with each look.

use super::history::Fitting;
use crate::ChangeError;
use crate::detector::MethodInfo;

/// What a look did to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the look is not believed.
    Ignored,
    /// It moved, within its bounds.
    Quiet,
    /// It moved out of its bounds, not yet for long enough.
    Flagged,
    /// A break.
    Break,
}

/// What is carried from look to look of one pixel.
pub trait Process: Clone + Send {
    /// Takes what was observed minus what was predicted.
    fn look(&mut self, residual: f64) -> Effect;

    /// Its value.
    fn value(&self) -> f64;

    /// What its value is held against.
    fn boundary(&self) -> f64;

    /// Least and greatest residual that are within its bounds, where the history alone tells them.
    fn limits(&self) -> [f64; 2] {
        [f64::NAN; 2]
    }

    /// The numbers that looks move.
    fn numbers(&self) -> Vec<f64> {
        vec![self.value()]
    }

    /// The looks that it counts.
    fn count(&self) -> u16 {
        0
    }
}

/// What a process is made of again.
pub struct Carried<'a> {
    /// Spread of the history's residuals.
    pub(super) sigma: f64,
    /// Looks of the history.
    pub(super) history: f64,
    /// As in [`Residuals`].
    pub(super) critical: f64,
    /// What [`Process::limits`], [`Process::numbers`] and [`Process::count`] gave.
    pub(super) limits: [f64; 2],
    pub(super) numbers: &'a [f64],
    pub(super) count: u16,
}

/// How a pixel's process begins.
pub struct Begun<P> {
    pub(super) process: P,
    /// Spread of the history's residuals.
    pub(super) sigma: f64,
    pub(super) is_stable: bool,
}

/// Residuals of a pixel's history, predicted minus observed.
pub struct Residuals<'a> {
    /// In order of time, where the rule [asks](Rule::HAS_VALUES) for them.
    pub(super) values: &'a [f64],
    /// How many, their sum, that of their squares, and that of the squares of what they lie off their mean.
    pub(super) count: usize,
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) around: f64,
    /// The first and the third, where the rule [asks](Rule::HAS_QUARTILES) for them.
    pub(super) quartiles: [f64; 2],
    /// Number of the model's coefficients.
    pub(super) width: usize,
    /// A spread below which residuals are what rounding leaves.
    pub(super) floor: f64,
    /// The rule's own.
    pub(super) critical: f64,
}

impl Residuals<'_> {
    /// Standard deviation with so many degrees of freedom taken off, at least the floor.
    pub(super) fn deviation(&self, degrees: usize) -> f64 {
        (self.around / (self.count as f64 - degrees as f64)).sqrt().max(self.floor)
    }
}

/// What one of the methods is.
pub trait Rule: Sync + Send {
    /// Its process.
    type Process: Process;

    /// Name, title and citation.
    const INFO: MethodInfo;

    /// Whether it begins with the quartiles of the history's residuals.
    const HAS_QUARTILES: bool = false;

    /// Whether it begins with the residuals themselves.
    const HAS_VALUES: bool = false;

    /// Refuses parameters that are out of range.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`].
    fn check(&self) -> Result<(), ChangeError>;

    /// Number of harmonics, and whether there is a trend.
    fn model(&self) -> (usize, bool);

    /// How the model is fitted to the history.
    fn fitting(&self) -> Fitting;

    /// Whether it takes so many roles.
    fn takes(&self, roles: usize) -> bool {
        roles == 1
    }

    /// The factor of its boundary, where that takes long to work out.
    fn critical(&self) -> f64 {
        f64::NAN
    }

    /// Most numbers that looks move in a pixel after a history of so many times.
    fn room(&self, _history: usize) -> usize {
        1
    }

    /// Whether a process has limits of its own.
    fn has_limits(&self) -> bool {
        false
    }

    /// The process after the history.
    fn begin(&self, residuals: &Residuals<'_>) -> Begun<Self::Process>;

    /// The process that gave these numbers.
    fn resume(&self, carried: &Carried<'_>) -> Self::Process;
}

/// The refusal of a parameter.
pub(super) fn refused<T: ToString>(info: MethodInfo, parameter: &'static str, got: T, expected: &'static str) -> ChangeError {
    ChangeError::Parameter { method: info.name.to_owned(), parameter, got: got.to_string(), expected }
}

/// Whether a number is above 0.
pub(super) fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
