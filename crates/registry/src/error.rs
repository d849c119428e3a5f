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
    /// A condition that cannot be read.
    #[error("rule {rule}: the condition cannot be read: {problem}")]
    Condition {
        /// Line of the condition, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Id of the rule.
        rule: String,
        /// Where within the condition, what is wrong and what is expected.
        problem: String,
    },
    /// A rule that asks a source what it cannot answer.
    #[error("rule {rule} asks source {source_id} for `{field}`: {problem}")]
    RuleField {
        /// Id of the rule.
        rule: String,
        /// Id of the source.
        source_id: String,
        /// The field, or `join`.
        field: String,
        /// What there is instead, and what to do.
        problem: String,
    },
    /// A rule that asks an alert for a column that it does not have.
    #[error("rule {rule} asks for the column `{column}`; alerts have {known}")]
    RuleColumn {
        /// Id of the rule.
        rule: String,
        /// The column.
        column: String,
        /// Columns that there are.
        known: String,
    },
    /// A column to group by that a table does not have.
    #[error("there is no column `{column}` to group by; there are month, {columns}")]
    NoColumn {
        /// The column.
        column: String,
        /// Columns that there are.
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
            Self::Syntax { line, column, .. }
            | Self::Value { line, column, .. }
            | Self::Condition { line, column, .. }
            | Self::DuplicateId { line, column, .. } => Some((*line, *column)),
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
