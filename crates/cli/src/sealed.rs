//! JSON files that vouch for themselves: form, version, SHA-256 of the rest, the rest.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::fault::{Exit, Fault};

/// A form of files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// Its name, such as `atalaya-state`.
    pub(crate) name: &'static str,
    /// Raised where the files hold something else, or mean something else by the same.
    pub(crate) version: u64,
    /// How to begin anew where a file cannot be used.
    pub(crate) anew: &'static str,
}

impl Form {
    /// The text of a file.
    pub(crate) fn text<T: Serialize>(&self, content: &T) -> Result<String, Fault> {
        let internal = |error| Fault::from_error(Exit::Internal, error);
        let content = serde_json::to_value(content).map_err(internal)?;
        let sum = sha256(content.to_string().as_bytes());
        let whole = json!({ "format": self.name, "version": self.version, "sha256": sum, "state": content });
        serde_json::to_string_pretty(&whole).map_err(internal)
    }

    /// Reads the text of a file; it must be to the byte what [`Form::text`] gives, and a line's end.
    pub(crate) fn read<T: Serialize + DeserializeOwned>(&self, text: &str, path: &Path) -> Result<T, Fault> {
        let refused = |why: String| Fault::new(Exit::Input, format!("{}: {why}", path.display()));
        let damaged = || refused(format!("is damaged, so that the state cannot be used; {}", self.anew));
        let whole: Value = serde_json::from_str(text).map_err(|_| damaged())?;
        if whole["format"] != self.name {
            return Err(damaged());
        }
        match whole["version"].as_u64() {
            Some(version) if version == self.version => {}
            Some(other) => {
                let age = if other < self.version { "an older" } else { "a newer" };
                let newer = if other > self.version { ", or use the program that made it" } else { "" };
                return Err(refused(format!(
                    "is of version {other}, {age} form of states than {}, which this program reads; {}{newer}",
                    self.version, self.anew
                )));
            }
            None => return Err(damaged()),
        }
        let content: T = serde_json::from_value(whole["state"].clone()).map_err(|_| damaged())?;
        if format!("{}\n", self.text(&content)?) != text {
            return Err(damaged());
        }
        Ok(content)
    }
}

/// SHA-256, hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
