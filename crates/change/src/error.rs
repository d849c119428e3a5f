use raster::RasterError;

/// What can be wrong with an index, a mask or a series.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// A formula that cannot be read.
    #[error("the formula of {index} cannot be read at character {column}: {reason}")]
    Formula {
        /// Name of the index.
        index: String,
        /// Place in the formula, counted from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// An index nobody defined.
    #[error("there is no index called '{name}'{hint}")]
    UnknownIndex {
        /// The name asked for.
        name: String,
        /// A suggestion, beginning with `; did you mean`, or empty.
        hint: String,
    },
    /// An index of which nobody said how clearing moves it.
    #[error(
        "whether clearing makes {index} fall or rise is not known: say so, by --direction fall or rise, or in a job by index = {{ name = \"{index}\", direction = \"fall\" }}"
    )]
    UnknownDirection {
        /// The index.
        index: String,
    },
    /// A constant of an index that is missing, or that it does not have.
    #[error("{index}, constant {constant}: {reason}")]
    Constant {
        /// The index.
        index: String,
        /// The constant.
        constant: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Endmembers that nothing can be unmixed with.
    #[error("endmembers: {reason}")]
    Endmembers {
        /// What is wrong.
        reason: String,
    },
    /// An index of reflectance over a picture.
    #[error("{scene} is a picture in 8 bits, whose brightness is no reflectance: {index} says nothing there; use {known}")]
    Picture {
        /// Name of the index.
        index: String,
        /// The scene.
        scene: String,
        /// Indices that may be used.
        known: String,
    },
    /// A mask class that the sensor's table does not have.
    #[error("sensor {sensor} has no mask class '{class}'; it has {known}")]
    UnknownMaskClass {
        /// Sensor id.
        sensor: String,
        /// The class asked for.
        class: String,
        /// The classes it has.
        known: String,
    },
    /// A series that is not in order of time.
    #[error("the dates of a series must rise; {later} stands after {earlier}")]
    Unsorted {
        /// The date before.
        earlier: String,
        /// The date after it.
        later: String,
    },
    /// A parameter outside its range.
    #[error("{method}: {parameter} is {got}, expected {expected}")]
    Parameter {
        /// The method.
        method: String,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        got: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A description of rasters that is wrong.
    #[error(transparent)]
    Raster(#[from] RasterError),
}
