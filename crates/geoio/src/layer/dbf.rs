use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use encoding_rs::Encoding;

use super::LayerError;
use super::notice::{Notice, Notices};

/// Place in the header of the byte that names a code page.
const LANGUAGE: usize = 29;

/// What is looked at, bytes: a table of a Shapefile can be no larger.
const LIMIT: u64 = 2 << 30;

/// The encoding in which the table of a Shapefile is to be read; `None` where its `.cpg` or its header says it.
///
/// One that is told counts before both. Where nobody says anything the bytes decide: UTF-8 if they are, else Windows-1252, with
/// a notice.
pub(super) fn encoding(path: &Path, told: Option<&str>, notices: &mut Notices) -> Result<Option<String>, LayerError> {
    if let Some(label) = told {
        let unknown = || LayerError::Encoding { path: path.to_owned(), found: format!("unknown encoding `{label}`") };
        return Ok(Some(Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?.name().to_owned()));
    }
    let beside = |ending: &str| [ending.to_owned(), ending.to_ascii_uppercase()].map(|ending| path.with_extension(ending));
    if beside("cpg").iter().any(|file| file.exists()) {
        return Ok(None);
    }
    for table in beside("dbf") {
        let bytes = match File::open(&table) {
            Ok(file) => bytes(file).map_err(|source| LayerError::Read { path: table, source })?,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(source) => return Err(LayerError::Read { path: table, source }),
        };
        return Ok(guess(&bytes, notices));
    }
    Ok(None)
}

fn bytes(file: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn guess(table: &[u8], notices: &mut Notices) -> Option<String> {
    if table.get(LANGUAGE).is_some_and(|&code| code != 0) {
        return None;
    }
    let header = table.get(8..10).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    // The first bytes are numbers; names of fields begin after 32.
    let text = table.get(32..header.max(32)).unwrap_or_default().chunks(32).map(|field| &field[..field.len().min(11)]);
    let records = table.get(header..).unwrap_or_default();
    if text.chain([records]).all(|part| std::str::from_utf8(part).is_ok()) {
        return Some("UTF-8".to_owned());
    }
    notices.note(Notice::EncodingGuessed, "windows-1252");
    Some("CP1252".to_owned())
}
