//! Small tables with a header, as people keep them beside images.

use std::io::Cursor;

/// Reads a table of UTF-8, with or without a byte order mark, whose fields are parted by commas, or by semicolons where its first line has
/// no comma. The error is a reason.
pub(crate) fn reader(bytes: Vec<u8>) -> Result<csv::Reader<Cursor<String>>, &'static str> {
    let mut text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    Ok(csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(Cursor::new(text)))
}

/// The place of a column, whatever the case of its letters.
pub(crate) fn place(header: &csv::StringRecord, name: &str) -> Option<usize> {
    header.iter().position(|column| column.eq_ignore_ascii_case(name))
}
