use std::error::Error;

/// What can be wrong with catalogues, registries and joins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Text that is no catalogue: broken TOML, an unknown or missing key, a value of the wrong type.
    #[error("{problem}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A value that a record may not have.
    #[error("{field} is `{got}`, expected {expected}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Field of the record.
        field: &'static str,
        /// What was given.
        got: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Two records with one id.
    #[error("source id `{id}` is already used on line {first_line}; give each source its own id")]
    DuplicateId {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The id.
        id: String,
        /// Line of its first use.
        first_line: usize,
    },
    /// A record that names a field its layer does not have.
    #[error("source {id}: {role} names the field `{field}`, which {path} does not have; it has: {fields}")]
    MissingField {
        /// Id of the source.
        id: String,
        /// Which entry of the record names the field.
        role: String,
        /// The field.
        field: String,
        /// File of the layer.
        path: String,
        /// Fields that the layer has, then a guess where one is close.
        fields: String,
    },
    /// Features without the column that a source joins by.
    #[error("source {id} joins by the column `{column}`, which the features do not have{hint}; they have: {columns}")]
    MissingColumn {
        /// Id of the source.
        id: String,
        /// The column.
        column: String,
        /// A guess, as text to append; empty where there is none.
        hint: String,
        /// Text columns that the features have.
        columns: String,
    },
    /// Tables that do not belong together.
    #[error("{table} has {got} rows, expected {expected}, one a feature")]
    Length {
        /// Which table.
        table: &'static str,
        /// Rows it has.
        got: usize,
        /// Rows it must have.
        expected: usize,
    },
    /// Links that are not in the order of their features.
    #[error("the links are not sorted by feature; sort them before they are joined")]
    Order,
    /// A table operation that failed.
    #[error("cannot join registry tables while making {step}")]
    Table {
        /// What was being made.
        step: &'static str,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl RegistryError {
    /// Line and column (from 1) in the catalogue's text, where the error is about a place in it.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax { line, column, .. } | Self::Value { line, column, .. } | Self::DuplicateId { line, column, .. } => {
                Some((*line, *column))
            }
            _ => None,
        }
    }
}

/// `; did you mean ...?` for the closest of the known words, empty where none is close.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let lower = word.to_lowercase();
    let scored = known.into_iter().map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate));
    match scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1))) {
        Some((score, candidate)) if score >= 0.8 => format!("; did you mean `{candidate}`?"),
        _ => String::new(),
    }
}
