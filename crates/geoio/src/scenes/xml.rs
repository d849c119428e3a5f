//! XML metadata as a flat list of elements.

use std::path::Path;

use quick_xml::events::{BytesStart, Event};

use crate::GeoioError;

/// Largest metadata file that is read: real ones have up to 60 kB.
pub(super) const MAX_BYTES: u64 = 4 << 20;

/// Elements within elements; real metadata have up to 9.
const MAX_DEPTH: usize = 32;

/// One element; names are without their namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// Name of the element it stands in; empty for the root.
    pub(crate) parent: String,
    /// Its name.
    pub(crate) name: String,
    /// Names and values of its attributes.
    pub(crate) attributes: Vec<(String, String)>,
    /// Its text after its last child, trimmed.
    pub(crate) text: String,
}

impl Element {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The text of a metadata file.
pub(super) fn read_text(path: &Path) -> Result<String, GeoioError> {
    let wrong = |reason: &str| GeoioError::Metadata { path: path.to_owned(), line: None, reason: reason.to_owned() };
    let bytes = crate::open::read_bytes(path, MAX_BYTES)?.ok_or_else(|| wrong("it is larger than any metadata file"))?;
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))
}

/// The elements of a document in the order in which they end. Entities of the document's own are never expanded.
pub(crate) fn elements(text: &str) -> Result<Vec<Element>, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut open, mut elements): (Vec<Element>, Vec<Element>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.clear();
                }
                open.push(begin(&start, open.last())?);
                if open.len() > MAX_DEPTH {
                    return Err("its elements are nested too deep".to_owned());
                }
            }
            Event::Empty(start) => elements.push(begin(&start, open.last())?),
            Event::Text(part) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&part.decode().map_err(|error| error.to_string())?);
                }
            }
            Event::End(_) => {
                let mut element = open.pop().ok_or("an element ends that did not begin")?;
                element.text.truncate(element.text.trim_end().len());
                element.text.drain(..element.text.len() - element.text.trim_start().len());
                elements.push(element);
            }
            Event::Eof if open.is_empty() => return Ok(elements),
            Event::Eof => return Err("it ends within an element".to_owned()),
            _ => {}
        }
    }
}

fn begin(start: &BytesStart<'_>, parent: Option<&Element>) -> Result<Element, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.map_err(|error| error.to_string())?;
        Ok((text(attribute.key.local_name().as_ref()), text(&attribute.value)))
    });
    Ok(Element {
        parent: parent.map(|element| element.name.clone()).unwrap_or_default(),
        name: text(start.local_name().as_ref()),
        attributes: attributes.collect::<Result<_, String>>()?,
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_carry_their_parent_their_attributes_their_text() {
        let all = elements("<n:a xmlns:n='x'><b id=\"3\"> 7 </b><c/></n:a>").expect("elements");
        let of = |name: &str| all.iter().find(|element| element.name == name).expect("an element");
        assert_eq!((of("b").parent.as_str(), of("b").attribute("id"), of("b").text.as_str()), ("a", Some("3"), "7"));
        assert_eq!((of("c").parent.as_str(), of("a").parent.as_str()), ("a", ""));
    }

    #[test]
    fn a_document_that_ends_early_is_refused() {
        assert!(elements("<a><b>1</b>").is_err());
        assert!(elements("<a></b>").is_err());
        assert!(elements(&"<a>".repeat(40)).is_err());
    }

    #[test]
    fn entities_are_never_expanded() {
        let text = "<!DOCTYPE a [<!ENTITY b 'cccc'>]><a>&b;&b;</a>";
        assert!(elements(text).is_ok_and(|all| all[0].text.is_empty()));
    }
}
