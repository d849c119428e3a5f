//! What a verb tells at its end: files, counts and warnings, for people on stderr and for programs as one JSON object on stdout.

use std::io::Write as _;
use std::path::Path;

use raster::Warning;
use serde_json::{Map, Value, json};

use crate::args::Common;
use crate::fault::{Exit, Fault};

/// The end of a verb.
#[derive(Debug)]
pub(crate) struct Report {
    schema: &'static str,
    verb: &'static str,
    outputs: Vec<String>,
    facts: Map<String, Value>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
    /// Scenes, records or items that were refused: the outputs are complete without them.
    pub(crate) rejected: usize,
    lines: Vec<String>,
}

impl Report {
    /// The report of a verb.
    pub(crate) fn new(verb: &'static str) -> Self {
        Self::of_schema(verb, "atalaya-report/1")
    }

    /// The report of a verb whose JSON object has a schema of its own.
    pub(crate) fn of_schema(verb: &'static str, schema: &'static str) -> Self {
        Self { schema, verb, outputs: Vec::new(), facts: Map::new(), warnings: Vec::new(), rejected: 0, lines: Vec::new() }
    }

    /// Names a file that was written.
    pub(crate) fn output(&mut self, path: &Path) {
        self.outputs.push(path.display().to_string());
    }

    /// A fact for the JSON object.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// A line for people.
    pub(crate) fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Shows everything and gives the exit code.
    pub(crate) fn show(self, common: &Common) -> Result<Exit, Fault> {
        if !common.quiet {
            let mut err = std::io::stderr().lock();
            for (warning, files) in grouped(&self.warnings) {
                let file = warning.file.as_ref().map(|file| format!(" ({})", printable(file))).unwrap_or_default();
                let more = if files > 1 { format!(" and {} more", files - 1) } else { String::new() };
                let _ = writeln!(err, "warning: {}{file}{more}", printable(&warning.message));
            }
            for line in &self.lines {
                let _ = writeln!(err, "{line}");
            }
        }
        if common.json {
            let mut object = Map::new();
            object.insert("schema".into(), json!(self.schema));
            object.insert("verb".into(), json!(self.verb));
            object.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
            object.insert("outputs".into(), json!(self.outputs));
            object.extend(self.facts);
            object.insert("rejected".into(), json!(self.rejected));
            object.insert("warnings".into(), serde_json::to_value(&self.warnings).unwrap_or_default());
            print(&Value::Object(object).to_string())?;
        }
        if common.fail_on_warning() && !self.warnings.is_empty() {
            return Err(Fault::new(Exit::Rejected, format!("{} warnings, and --fail-on warn", self.warnings.len())));
        }
        Ok(if self.rejected > 0 { Exit::Rejected } else { Exit::Done })
    }
}

/// Warnings that say the same of several files as one, with their number; in order of first appearance.
fn grouped(warnings: &[Warning]) -> Vec<(&Warning, usize)> {
    let mut groups: Vec<(&Warning, usize)> = Vec::new();
    for warning in warnings {
        match groups.iter_mut().find(|(first, _)| first.code == warning.code && first.message == warning.message) {
            Some((_, files)) => *files += 1,
            None => groups.push((warning, 1)),
        }
    }
    groups
}

/// Text from files without control characters that could steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Writes a result to stdout.
pub(crate) fn print(text: &str) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Fault::from_error(Exit::Output, error)),
        _ => Ok(()),
    }
}
