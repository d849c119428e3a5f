//! Why the program stops, and with which exit code.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// Exit codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Outputs are complete; warnings are allowed.
    Done = 0,
    /// A defect of the program.
    Internal = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Nothing usable, or a file the job names is unreadable.
    Input = 3,
    /// Outputs are complete, but scenes or records were rejected.
    Rejected = 4,
    /// An output could not be written.
    Output = 5,
    /// Another run holds the folder.
    Locked = 6,
    /// Stopped by SIGINT, after a clean stop.
    Interrupted = 130,
    /// Stopped by SIGTERM, after a clean stop.
    Terminated = 143,
}

/// An error on its way to the terminal: one line, an exit code, and what caused it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// How the program ends.
    pub(crate) exit: Exit,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    excerpt: Option<Box<Excerpt>>,
}

/// The place in a text file that a fault is about.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
struct Excerpt {
    message: String,
    #[source_code]
    text: miette::NamedSource<String>,
    #[label("here")]
    place: miette::SourceSpan,
}

impl Fault {
    /// A fault with a message only.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), source: None, excerpt: None }
    }

    /// Usage or configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A fault whose message is the error's own.
    pub(crate) fn from_error(exit: Exit, error: impl Error + Send + Sync + 'static) -> Self {
        Self { exit, message: error.to_string(), source: Some(Box::new(error)), excerpt: None }
    }

    /// The same fault with the place in a file that it is about, bytes `place` of `text`.
    pub(crate) fn within(self, file: &Path, text: &str, place: Range<usize>) -> Self {
        let text = miette::NamedSource::new(file.display().to_string(), text.to_owned());
        let excerpt = Excerpt { message: self.message.clone(), text, place: place.into() };
        Self { excerpt: Some(Box::new(excerpt)), ..self }
    }

    /// The lines of the file that the fault is about, drawn for people; `None` where it is about no place in a file.
    pub(crate) fn excerpt(&self) -> Option<String> {
        let mut drawn = String::new();
        let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
        handler.render_report(&mut drawn, self.excerpt.as_deref()?).ok()?;
        Some(drawn)
    }

    /// The chain of causes below the message, one a line.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source.as_deref().and_then(|error| error.source());
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.replace(['\n', '\r', '\u{1b}'], " "))
    }
}
