use std::fmt;

use url::Url;

use crate::FetchError;

/// An `http` or `https` address. What people see of it has no query, which may hold a signature, and there is never a user in it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Url);

impl Address {
    /// The address of a text.
    ///
    /// # Errors
    /// [`FetchError::Address`] for another scheme, no host, or a user or password before the host.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        Self::checked(Url::parse(text).map_err(|error| refused(text, &error.to_string()))?)
    }

    /// The address that a reference means where it stands in a document of this one.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn join(&self, reference: &str) -> Result<Self, FetchError> {
        Self::checked(self.0.join(reference).map_err(|error| refused(reference, &error.to_string()))?)
    }

    fn checked(mut url: Url) -> Result<Self, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(url.as_str(), &format!("{} is not http or https", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                url.as_str(),
                "it holds a user or password, which belong into the environment, ~/.netrc or a file",
            ));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The host without port; a number of IPv6 without brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The last part of the path, as it stands.
    pub fn file_name(&self) -> &str {
        self.0.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default()
    }

    /// Whether it is asked through TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is a place of this machine, whose traffic nobody else sees.
    pub(crate) fn is_loopback(&self) -> bool {
        matches!(self.host(), "127.0.0.1" | "::1" | "localhost")
    }

    /// The same place through TLS: some interfaces behind a proxy call themselves `http`.
    pub(crate) fn secured(mut self) -> Self {
        if self.0.set_scheme("https").is_err() {
            return self;
        }
        self
    }

    /// The same with a query that stands in for its own, or goes behind it.
    pub(crate) fn with_query(mut self, query: &str) -> Self {
        let whole = match self.0.query() {
            Some(own) if !own.is_empty() => format!("{own}&{query}"),
            _ => query.to_owned(),
        };
        self.0.set_query(Some(&whole));
        self
    }

    /// The same with a path below it.
    pub(crate) fn below(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_query(None);
        let whole = format!("{}/{}", url.path().trim_end_matches('/'), path);
        url.set_path(&whole);
        Self(url)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

/// Without the query.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(shown(self.0.as_str()))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn shown(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn refused(text: &str, reason: &str) -> FetchError {
    let text = shown(text);
    // What stands before an @ may be a password, also where the rest is no address.
    let text = match text.rsplit_once('@') {
        Some((_, rest)) => rest,
        None => text,
    };
    FetchError::Address { text: text.chars().take(200).collect(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn what_people_see_has_no_query() {
        let address = of("https://e.org/a/b.tif?sig=SECRET#x");
        assert_eq!(address.to_string(), "https://e.org/a/b.tif");
        assert_eq!(format!("{address:?}"), "https://e.org/a/b.tif");
        assert!(address.url().as_str().ends_with("?sig=SECRET"));
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_told() {
        for text in ["https://me:SECRET@e.org/a", "ftp://me:SECRET@e.org", "me:SECRET@e.org", "https://SECRET@e.org?x=SECRET"] {
            let told = Address::parse(text).expect_err("refused").to_string();
            assert!(!told.contains("SECRET"), "{told}");
        }
        for text in ["file:///etc/passwd", "s3://b/k", "/a", "", "https://"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_host_is_what_is_really_asked() {
        assert_eq!(of("http://[::1]:80/a").host(), "::1");
        assert_eq!(of("HTTPS://E.org/a").host(), "e.org");
        assert_eq!(of("http://evil.org\\@good.org/a").host(), "evil.org");
        assert_eq!(of("http://0x7f.1/").host(), "127.0.0.1");
    }

    #[test]
    fn references_are_joined_as_a_browser_does() {
        let base = of("https://e.org/v1/search?token=1");
        assert_eq!(base.join("../b?c=d").expect("joined").url().as_str(), "https://e.org/b?c=d");
        assert_eq!(base.join("//f.org/a").expect("joined").host(), "f.org");
        assert!(base.join("javascript:1").is_err());
        assert_eq!(of("https://e.org/v1/").below("collections/x").to_string(), "https://e.org/v1/collections/x");
    }
}
