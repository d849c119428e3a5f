//! A request, and an answer whose body has not been read.

use ureq::http::HeaderMap;

use crate::Address;

/// A request.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    pub(crate) address: &'a Address,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<&'a [u8]>,
    /// The collection of what is asked for, for signatures.
    pub(crate) collection: Option<&'a str>,
    /// Whether it goes without any secret of the records.
    pub(crate) bare: bool,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(address: &'a Address) -> Self {
        Self { method: "GET", address, headers: Vec::new(), body: None, collection: None, bare: false }
    }

    pub(crate) fn post(address: &'a Address, body: &'a [u8], kind: &str) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { method: "POST", headers, body: Some(body), ..Self::get(address) }
    }

    pub(crate) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    pub(crate) fn of(self, collection: Option<&'a str>) -> Self {
        Self { collection, ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An answer whose body has not been read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ureq::Body,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Bytes of the body, where the host says it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }
}
