use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::LayerError;
use super::text::position;

/// The members of a JSON object in their order, each value as it was written.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The last member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// The `type` member; the first, since the members after it were written for that type.
    pub(super) fn kind(&self) -> Option<&'a RawValue> {
        self.0.iter().find(|(key, _)| key == "type").map(|(_, value)| *value)
    }

    /// Whether a member is named twice.
    pub(super) fn has_duplicates(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON text and the file it came from: parses its parts and says where they stand.
pub(super) struct Source<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Its whole text.
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// Parses a part of the text that borrows from it.
    pub(super) fn borrow<T: Deserialize<'a>>(&self, part: &'a str) -> Result<T, LayerError> {
        serde_json::from_str(part).map_err(|error| self.syntax(part, &error))
    }

    /// Parses a part of the text.
    pub(super) fn parse<T: DeserializeOwned>(&self, part: &RawValue) -> Result<T, LayerError> {
        serde_json::from_str(part.get()).map_err(|error| self.syntax(part.get(), &error))
    }

    /// An error about a part of the text.
    pub(super) fn refuse(&self, part: &str, message: impl Into<String>) -> LayerError {
        let (line, column) = position(self.text, self.offset(part));
        LayerError::Syntax { path: self.path.to_owned(), line, column, message: message.into() }
    }

    fn syntax(&self, part: &str, error: &serde_json::Error) -> LayerError {
        let (first, indent) = position(self.text, self.offset(part));
        let line = first + error.line().max(1) - 1;
        let column = if error.line() <= 1 { indent + error.column().max(1) - 1 } else { error.column().max(1) };
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or_default().to_owned();
        LayerError::Syntax { path: self.path.to_owned(), line, column, message }
    }

    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}
