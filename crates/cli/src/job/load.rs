use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::Job;
use crate::fault::{Exit, Fault};

impl Job {
    /// The job of a file.
    pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
        let text = read_text(path)?;
        let mut job: Self = parse(&text, path)?;
        job.base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(job)
    }
}

/// The text of a configuration file.
pub(crate) fn read_text(path: &Path) -> Result<String, Fault> {
    let bytes = std::fs::read(path)
        .map_err(|error| Fault::new(Exit::Input, format!("{}: cannot be read: {error}; check the path", path.display())))?;
    String::from_utf8(bytes).map_err(|_| Fault::usage(format!("{}: is not UTF-8 text; save it as UTF-8", path.display())))
}

/// Reads TOML; a mistake is told by file, line and column with what was expected.
pub(super) fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().replace('\n', "; ");
        let place = precise(text, error.span().unwrap_or(0..0), &message);
        let (line, column) = position(text, place.start);
        let message = match first_of(text, &place).filter(|_| message == "duplicate key") {
            Some(first) => format!("duplicate key `{}`, which line {first} has too", &text[place.clone()]),
            None => with_suggestion(&message),
        };
        Fault::usage(format!("{}:{line}:{column}: {message}", path.display())).within(path, text, place)
    })
}

/// The place of a key within the table that an error names: a table that is one of several kinds hides its keys' places.
fn precise(text: &str, span: Range<usize>, message: &str) -> Range<usize> {
    let key = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let Some(key) = key.filter(|key| !text[span.clone()].contains(*key) || text[span.clone()].contains('\n')) else {
        return span;
    };
    let mut from = span.start;
    for line in text[span.start..].split_inclusive('\n') {
        let lead = line.len() - line.trim_start().len();
        let rest = line[lead..].strip_prefix(key);
        if rest.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return from + lead..from + lead + key.len();
        }
        from += line.len();
    }
    span
}

/// Line, counted from 1, on which the key at a place stood before: in the same table, or as a table of that name.
fn first_of(text: &str, place: &Range<usize>) -> Option<usize> {
    let key = text.get(place.clone()).filter(|key| !key.is_empty())?;
    let begins = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    let before: Vec<&str> = text[..place.start].lines().collect();
    let table = before.iter().rposition(|line| line.trim_start().starts_with('[')).unwrap_or(0);
    let in_table = before[table..].iter().position(|line| begins(line)).map(|at| table + at);
    let header = || before.iter().position(|line| line.trim() == format!("[{key}]"));
    Some(in_table.or_else(header)? + 1)
}

/// Line and column, counted from 1, of a byte of a text.
pub(crate) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// "unknown field `x`, expected one of `a`, `b`" with the nearest of what was expected.
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"].iter().any(|start| message.starts_with(start));
    let (Some(wrong), true) = (quoted.next(), unknown) else { return message.to_owned() };
    let nearest = quoted.max_by(|a, b| strsim::jaro_winkler(a, wrong).total_cmp(&strsim::jaro_winkler(b, wrong)));
    match nearest.filter(|near| strsim::jaro_winkler(near, wrong) > 0.75) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse::<Job>(text, Path::new("job.toml")).expect_err("a mistake").to_string()
    }

    #[test]
    fn a_misspelt_key_is_told_with_its_place_and_the_right_word() {
        let text = "[change]\nindex = \"NBR\"\nbaselin = { from = 2020-01-01 }\n";
        let told = fault(text);
        assert!(told.starts_with("job.toml:3:1: unknown field `baselin`"), "{told}");
        assert!(told.ends_with("did you mean `baseline`?"), "{told}");
    }

    #[test]
    fn a_misspelt_key_of_imagery_is_told_at_its_own_line() {
        let change = "[change]\nindex = \"NBR\"\nbaseline = { from = 2020-01-01 }\nmonitoring = { from = 2021-01-01 }\n";
        let told = fault(&format!("[[imagery]]\nproduct = \"geotiff\"\npath = \"x\"\nsclae = 1.0\n\n{change}"));
        assert!(told.starts_with("job.toml:4:1: unknown field `sclae`"), "{told}");
        assert!(told.ends_with("did you mean `scale`?"), "{told}");
    }

    #[test]
    fn a_key_given_twice_is_told_with_both_lines() {
        let told = fault("[index]\nname = \"NDVI\"\nname = \"EVI\"\n");
        assert_eq!(told, "job.toml:3:1: duplicate key `name`, which line 2 has too");
        let told = fault("[job]\nname = \"a\"\n[mask]\ndilate_m = 1\n[job]\n");
        assert_eq!(told, "job.toml:5:2: duplicate key `job`, which line 1 has too");
    }

    #[test]
    fn an_index_that_does_not_exist_is_told_with_its_place() {
        let told = fault("[change]\nindex = \"NBRR\"\nbaseline = { from = 2020-01-01 }\nmonitoring = { from = 2021-01-01 }\n");
        assert!(told.starts_with("job.toml:2:9: there is no index called 'NBRR'; did you mean NBR?"), "{told}");
    }

    #[test]
    fn a_day_that_does_not_exist_is_told_with_its_place() {
        let told = fault("[change]\nindex = \"NBR\"\nbaseline = { from = \"2021-02-30\" }\n");
        assert!(told.starts_with("job.toml:3:"), "{told}");
        assert!(told.contains("2021-02-30"), "{told}");
    }

    #[test]
    fn the_place_of_a_byte_counts_characters() {
        assert_eq!(position("ñu\nábc", 7), (2, 3));
    }
}
