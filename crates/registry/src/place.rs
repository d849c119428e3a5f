use crate::RegistryError;
use crate::error::hint;

/// The error of the TOML reader, placed, with a guess where a key is unknown.
pub(crate) fn syntax<const N: usize>(text: &str, error: &toml::de::Error, known: [&str; N]) -> RegistryError {
    let span = error.span().unwrap_or(0..0);
    let (line, column) = place(text, span.start);
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let guess = match message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        Some(word) => hint(word, known),
        None => String::new(),
    };
    RegistryError::Syntax { line, column, problem: format!("{message}{guess}") }
}

/// Line and column (in characters), from 1, of a byte of the text.
pub(crate) fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}
