//! What lies below a name in a bucket (S3's `ListObjectsV2`).

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::client::Client;
use crate::exchange::Ask;
use crate::sigv4::encoded;
use crate::{Address, FetchError};

/// One object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// Most bytes of one page: a thousand keys.
const LIMIT: u64 = 16 << 20;

/// Most objects of one listing; a product of Sentinel has about 120.
const MOST: usize = 100_000;

impl Client {
    /// The objects of a bucket whose keys begin with a prefix, in the bucket's order. Keys that end in `/` stand for folders and
    /// are left out.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub fn list(&self, bucket: &Address, prefix: &str) -> Result<Vec<S3Object>, FetchError> {
        let wrong = |reason: String| FetchError::Answer { address: bucket.to_string(), reason };
        let mut objects = Vec::new();
        let mut mark: Option<String> = None;
        loop {
            let query = mark.as_ref().map_or_else(String::new, |mark| format!("continuation-token={}&", encoded(mark)));
            let page = bucket.clone().with_query(&format!("{query}list-type=2&prefix={}", encoded(prefix)));
            let text = self.text(&Ask::get(&page), LIMIT)?;
            let page = Page::parse(&text).map_err(|reason| wrong(format!("gives no list of objects ({reason})")))?;
            if let Some(object) = page.objects.iter().find(|object| !object.key.starts_with(prefix)) {
                return Err(wrong(format!("lists {}, which was not asked for", object.key.escape_debug())));
            }
            objects.extend(page.objects.into_iter().filter(|object| !object.key.ends_with('/')));
            if objects.len() > MOST {
                return Err(wrong(format!("lists more than {MOST} objects below {prefix}")));
            }
            match page.next {
                None => return Ok(objects),
                next if next == mark => return Err(wrong("lists the same objects again and again".to_owned())),
                next => mark = next,
            }
        }
    }
}

#[derive(Debug, Default)]
struct Page {
    objects: Vec<S3Object>,
    next: Option<String>,
}

impl Page {
    fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let (mut page, mut name, mut value) = (Self::default(), Vec::new(), String::new());
        let (mut key, mut bytes, mut is_list) = (String::new(), None, false);
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    start.local_name().as_ref().clone_into(&mut name);
                    is_list |= name == b"ListBucketResult";
                    value.clear();
                }
                Event::Text(part) => value.push_str(&part.decode().map_err(|error| error.to_string())?),
                Event::GeneralRef(part) => value.push(letter(&part.decode().map_err(|error| error.to_string())?)?),
                Event::End(end) => match end.local_name().as_ref() {
                    b"Key" => value.clone_into(&mut key),
                    b"Size" => bytes = value.trim().parse().ok(),
                    b"NextContinuationToken" => page.next = Some(value.clone()),
                    b"Contents" => {
                        let bytes = bytes.take().ok_or("an object has no size")?;
                        page.objects.push(S3Object { key: std::mem::take(&mut key), bytes });
                    }
                    _ => {}
                },
                Event::Eof if is_list => return Ok(page),
                Event::Eof => return Err("it is no ListBucketResult".to_owned()),
                _ => {}
            }
        }
    }
}

/// The letter that an entity stands for.
fn letter(name: &str) -> Result<char, String> {
    let number = name.strip_prefix("#x").map(|digits| u32::from_str_radix(digits, 16));
    let number = number.or_else(|| name.strip_prefix('#').map(str::parse));
    let letter = match number {
        Some(number) => number.ok().and_then(char::from_u32),
        None => match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        },
    };
    letter.ok_or_else(|| format!("it holds an entity that is not known: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lists_keys_sizes_and_where_it_goes_on() {
        let text = r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
            <IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XY=</NextContinuationToken>
            <Contents><Key>a/b &amp; c&#233;.jp2</Key><Size>434234</Size></Contents>
            <Contents><Key>a/</Key><Size>0</Size></Contents></ListBucketResult>"#;
        let page = Page::parse(text).expect("a page");
        assert_eq!(page.next.as_deref(), Some("1ueGcxLPRx1Tr/XY="));
        assert_eq!(page.objects[0], S3Object { key: "a/b & cé.jp2".to_owned(), bytes: 434_234 });
        assert_eq!(page.objects.len(), 2);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "",
            "<Error><Code>AccessDenied</Code></Error>",
            "<html>",
            "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        ] {
            assert!(Page::parse(text).is_err(), "{text}");
        }
    }
}
