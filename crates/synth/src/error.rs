/// What can be wrong with a simulation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// A landscape too small to hold its river, fields and clearings, or too large for memory.
    #[error("a landscape of {got} x {got} pixels cannot be made: choose a size from {least} to {most}")]
    Size {
        /// Pixels a side that were asked for.
        got: usize,
        /// Fewest pixels a side.
        least: usize,
        /// Most pixels a side.
        most: usize,
    },
    /// A number of scenes that the three years cannot give.
    #[error("a landscape of {got} scenes cannot be made: choose from {least} to {most} dates")]
    Dates {
        /// Scenes that were asked for.
        got: usize,
        /// Fewest scenes: one before, one after.
        least: usize,
        /// Most scenes.
        most: usize,
    },
    /// A plane of alerts that does not lie on the landscape's grid.
    #[error("the plane of alerts has {got:?} rows and columns, the landscape {expected:?}: rasterise alerts onto its grid")]
    Plane {
        /// Rows and columns of the landscape.
        expected: (usize, usize),
        /// Rows and columns of the plane.
        got: (usize, usize),
    },
    /// A pixel that names an alert or a clearing which is not in the list.
    #[error("row {row}, column {col} names {what} {number}, but the list has {listed}")]
    Number {
        /// Row of the pixel.
        row: usize,
        /// Column of the pixel.
        col: usize,
        /// `alert` or `clearing`.
        what: &'static str,
        /// Number in the plane, counted from 1.
        number: u32,
        /// How many the list has.
        listed: usize,
    },
}
