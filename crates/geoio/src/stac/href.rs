//! Where an `href` leads: to a file in the folders that may be read, to a host, or nowhere.

use std::path::{Component, Path, PathBuf};

use super::asset::told;
use crate::GeoioError;
use crate::open::check_form;

/// What an `href` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of this machine in a folder that may be read, whether it is there or not.
    File(PathBuf),
    /// Something on a host; never opened here.
    Remote(String),
}

/// The folders whose files a catalogue may name: its own and those that somebody allows.
#[derive(Debug, Clone)]
pub(crate) struct Folders(Vec<PathBuf>);

impl Folders {
    /// The folder of a document and more of them.
    ///
    /// # Errors
    /// [`GeoioError::Input`] for one that is not there.
    pub(crate) fn new(document: &Path, more: &[PathBuf]) -> Result<Self, GeoioError> {
        let own = document.parent().unwrap_or(Path::new("")).to_owned();
        let folder = |path: &PathBuf| {
            let real = if path.as_os_str().is_empty() { Path::new(".") } else { path.as_path() };
            real.canonicalize().map_err(|source| GeoioError::Input { path: path.clone(), source })
        };
        Ok(Self(std::iter::once(&own).chain(more).map(folder).collect::<Result<_, _>>()?))
    }

    /// Where an `href` of a document leads.
    ///
    /// Relative ones are taken from the document's folder, `%xx` and `..` as RFC 3986 has them.
    ///
    /// # Errors
    /// What is wrong with names that are no file's, and with files outside these folders, also by way of a link.
    pub(crate) fn resolve(&self, href: &str, document: &Path) -> Result<Place, String> {
        let wrong = |reason: &str| format!("the href '{}' {reason}", told(href));
        let Some(path) = local(href).map_err(wrong)? else { return Ok(Place::Remote(href.to_owned())) };
        let path = lexical(&document.parent().unwrap_or(Path::new("")).join(path));
        let outside = || wrong("leads out of the catalogue's folder; allow the folder (folders = [..], --allow-folder)");
        let real = real(&path).ok_or_else(outside)?;
        if self.0.iter().any(|folder| real.starts_with(folder)) { Ok(Place::File(path)) } else { Err(outside()) }
    }
}

/// The path that an `href` names; `None` for one on a host.
///
/// # Errors
/// Why it names neither.
pub(super) fn local(href: &str) -> Result<Option<PathBuf>, &'static str> {
    const NO_FILE: &str = "is no file's name";
    if href.is_empty() || href.chars().any(char::is_control) {
        return Err(NO_FILE);
    }
    let lower = href.to_ascii_lowercase();
    if lower.starts_with("/vsi") {
        return Err("names a virtual file system");
    }
    if let Some(rest) = lower.strip_prefix("file:") {
        let rest = &href[href.len() - rest.len()..];
        let path = match rest.strip_prefix("//") {
            None => rest,
            Some(rest) => match rest.split_at(rest.find('/').unwrap_or(rest.len())) {
                ("", path) => path,
                (host, path) if host.eq_ignore_ascii_case("localhost") => path,
                _ => return Err("names a file of another machine"),
            },
        };
        return if path.starts_with('/') { decoded(path).map(Some) } else { Err(NO_FILE) };
    }
    match href.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            if rest.is_empty() || rest.starts_with('/') {
                Err("names no host")
            } else {
                Ok(None)
            }
        }
        _ => {
            if href.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':')) {
                return Err(NO_FILE);
            }
            decoded(href).map(Some)
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The path of a percent-encoded text.
fn decoded(text: &str) -> Result<PathBuf, &'static str> {
    const WRONG: &str = "is no file's name once its %xx are read";
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| first == b'%');
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(first));
    }
    let text = String::from_utf8(bytes).map_err(|_| WRONG)?;
    let path = PathBuf::from(&text);
    if text.chars().any(char::is_control) || check_form(&path).is_err() { Err(WRONG) } else { Ok(path) }
}

/// The path without `.` and with each `..` taken back, as in an address.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(clean.components().next_back(), Some(Component::Normal(_))) => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The path without links; of a file that is not there its nearest folder that is, and the rest as it stands.
fn real(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let there = absolute.ancestors().find(|folder| folder.symlink_metadata().is_ok())?;
    let rest = absolute.strip_prefix(there).ok()?;
    let real = there.canonicalize().ok()?.join(rest);
    rest.components().all(|component| matches!(component, Component::Normal(_))).then_some(real)
}

/// A relative path as an `href`: what an address gives another meaning is percent-encoded.
pub(super) fn encoded(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&b);
    let letter = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    let href: String = path.bytes().map(letter).collect();
    // A first part with a colon would be a scheme, but colons are encoded.
    if path.starts_with('/') || path.starts_with("../") { href } else { format!("./{href}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_href_is_a_file_within_the_folders_a_host_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let cat = folder.path().join("cat");
        std::fs::create_dir_all(cat.join("items")).expect("a folder");
        std::fs::write(folder.path().join("outside.tif"), "x").expect("a file");
        std::os::unix::fs::symlink(folder.path().join("outside.tif"), cat.join("link.tif")).expect("a link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), cat.join("dangling.tif")).expect("a link");
        let document = cat.join("items/a.json");
        let folders = Folders::new(&cat.join("catalog.json"), &[]).expect("folders");
        let to = |href: &str| folders.resolve(href, &document);
        assert_eq!(to("../b%20c.tif").expect("a place"), Place::File(cat.join("b c.tif")));
        assert_eq!(to("./x/../B04.tif").expect("a place"), Place::File(cat.join("items/B04.tif")));
        let own = format!("file://{}", cat.join("a.tif").display());
        assert_eq!(to(&own).expect("a place"), Place::File(cat.join("a.tif")));
        for href in ["https://e.org/a.tif?x=../..", "s3://bucket/a.jp2"] {
            assert_eq!(to(href).expect("a place"), Place::Remote(href.to_owned()));
        }
        for href in [
            "../../outside.tif",
            "%2e%2e/%2e%2e/outside.tif",
            "../link.tif",
            "../dangling.tif",
            "/etc/passwd",
            "file:///etc/passwd",
            "file://host/a.tif",
            "file:a.tif",
            "/vsicurl/http://127.0.0.1/x.tif",
            "/VSIZIP/a.zip",
            "%2Fvsizip/a.zip",
            "PG:host=db",
            "http:///etc/passwd",
            "javascript:alert(1)",
            "a\u{0}.tif",
            "a%00.tif",
            "",
        ] {
            assert!(to(href).is_err(), "{href}");
        }
        let more = Folders::new(&cat.join("catalog.json"), &[folder.path().to_owned()]).expect("folders");
        assert!(more.resolve("../../outside.tif", &document).is_ok());
    }

    #[test]
    fn an_encoded_path_comes_back() {
        for path in ["a b.tif", "ñandú#1?.tif", "../x/100%.tif", "a:b.tif"] {
            let read = local(&encoded(path)).expect("an href").expect("a file");
            assert_eq!(lexical(&read), PathBuf::from(path), "{path}");
        }
    }
}
