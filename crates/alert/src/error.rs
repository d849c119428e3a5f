use std::error::Error;

/// What can be wrong with patches, alerts and features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// Coordinates that cannot be projected to longitude and latitude.
    #[error("a patch at x {x}, y {y} cannot be projected to longitude and latitude")]
    Projection {
        /// x on the grid.
        x: f64,
        /// y on the grid.
        y: f64,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A table whose columns differ in length.
    #[error("column {column} has {got} rows, expected {expected}")]
    ColumnLength {
        /// Name of the column.
        column: String,
        /// Rows of the table.
        expected: usize,
        /// Rows of the column.
        got: usize,
    },
    /// A parameter outside its range.
    #[error("{parameter} is {got}, expected {expected}")]
    Parameter {
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        got: String,
        /// What is allowed.
        expected: &'static str,
    },
}
