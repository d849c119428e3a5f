use serde::Serialize;

/// Something a person should know about a run that goes on: a scene left out, a file repaired, a default taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable word for programs, such as `scene_skipped`.
    pub code: &'static str,
    /// Sentence for people.
    pub message: String,
    /// The file it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Warning {
    /// A warning about no file in particular.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), file: None }
    }

    /// The same warning about a file.
    pub fn about(self, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..self }
    }
}
