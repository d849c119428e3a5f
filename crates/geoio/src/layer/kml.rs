use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::LayerError;
use super::notice::{Notice, Notices};
use super::text::position;

/// Elements within elements; real documents have up to about 20.
const MAX_DEPTH: usize = 100;

/// Whether a text is KML that may be handed to a library: complete, not too deep, without a document type of its own.
///
/// A document type can name files and addresses (entities) or grow without bound; none is needed for KML.
pub(super) fn check(path: &Path, text: &str, notices: &mut Notices) -> Result<(), LayerError> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut seen) = (0_usize, false);
    loop {
        let at = reader.buffer_position() as usize;
        let refuse = |message: String| {
            let (line, column) = position(text, at);
            Err(LayerError::Syntax { path: path.to_owned(), line, column, message })
        };
        match reader.read_event() {
            Err(error) => return refuse(error.to_string()),
            Ok(Event::DocType(_)) => {
                return refuse(
                    "a document type is refused, for it can name files and addresses; remove `<!DOCTYPE ...>`".to_owned(),
                );
            }
            Ok(Event::GeneralRef(name)) if !is_known(&name) => {
                return refuse(format!("`&{};` stands for nothing that is known", String::from_utf8_lossy(&name).escape_debug()));
            }
            Ok(Event::Start(start)) => {
                begin(&start, depth, notices).or_else(refuse)?;
                (depth, seen) = (depth + 1, true);
                if depth > MAX_DEPTH {
                    return refuse(format!("elements are nested more than {MAX_DEPTH} deep"));
                }
            }
            Ok(Event::Empty(start)) => {
                begin(&start, depth, notices).or_else(refuse)?;
                seen = true;
            }
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) if depth > 0 => return refuse("the file ends within an element; fetch it again".to_owned()),
            Ok(Event::Eof) if !seen => return refuse("there is no element".to_owned()),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
        }
    }
}

fn begin(start: &BytesStart<'_>, depth: usize, notices: &mut Notices) -> Result<(), String> {
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    if depth == 0 && name != "kml" {
        return Err(format!("the document is `{}`, not `kml`", name.escape_debug()));
    }
    if name == "NetworkLink" {
        notices.note(Notice::NetworkLink, "NetworkLink");
    }
    Ok(())
}

/// The five names that every document knows, and numbers.
fn is_known(name: &[u8]) -> bool {
    matches!(name, b"amp" | b"lt" | b"gt" | b"quot" | b"apos") || name.starts_with(b"#")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        check(Path::new("a.kml"), text, &mut Notices::default()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_document_type_is_refused_before_it_is_read() {
        for doctype in [
            r#"<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#,
            r#"<!DOCTYPE k SYSTEM "http://127.0.0.1:18080/k.dtd">"#,
            r#"<!DOCTYPE k [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>"#,
        ] {
            let told = refused(&format!("<?xml version=\"1.0\"?>\n{doctype}<kml><Document/></kml>")).expect("refused");
            assert!(told.starts_with("a.kml:2:") && told.contains("document type"), "{told}");
        }
        assert!(refused("<kml><name>&x;</name></kml>").is_some_and(|told| told.contains("&x;")));
        assert_eq!(refused("<kml><name>&amp;&#65;</name></kml>"), None);
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_refused() {
        let deep = format!("<kml>{}{}</kml>", "<Folder>".repeat(50_000), "</Folder>".repeat(50_000));
        for text in ["<kml><Document>", "<kml><a></b></kml>", "<gml/>", "", &deep] {
            assert!(refused(text).is_some(), "{}", &text[..text.len().min(40)]);
        }
    }
}
