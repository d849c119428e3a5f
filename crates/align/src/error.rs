/// What can be wrong with control points.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlignError {
    /// Fewer points than a transform has unknowns for.
    #[error("{method} needs at least {needed} control points, there are {got}")]
    TooFew {
        /// The transform.
        method: String,
        /// Points it needs.
        needed: usize,
        /// Points there are.
        got: usize,
    },
    /// More points than a spline can be solved for.
    #[error("{method} takes at most {most} control points, there are {got}; use a polynomial, or fewer points")]
    TooMany {
        /// The transform.
        method: String,
        /// Points it takes.
        most: usize,
        /// Points there are.
        got: usize,
    },
    /// Points from which no transform follows.
    #[error("no {method} follows from the control points: they lie on one line, or two share a place")]
    Degenerate {
        /// The transform.
        method: String,
    },
    /// A number that is not finite.
    #[error("control point {place} (from 1) holds a number that is not finite")]
    Number {
        /// Place of the point, from 1.
        place: usize,
    },
}
