//! Where features lie: a file of this machine, a database, an address; and which hosts may be asked.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::GeoioError;

/// Where features lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, or a folder that is one dataset (`.gdb`).
    File(PathBuf),
    /// A `PostGIS` database.
    Database(Connection),
    /// A file behind an `http` or `https` address.
    Address(String),
}

impl Location {
    /// The place that a text names: `PG:host=... dbname=...`, an address, or a file relative to `base`.
    ///
    /// # Errors
    /// [`GeoioError::Connection`] where the text after `PG:` does not say which host and database, [`GeoioError::NotLocal`] for an
    /// address of another kind and for names that only GDAL understands.
    pub fn of(text: &str, base: &Path) -> Result<Self, GeoioError> {
        match text.split_once(':') {
            Some(("PG", connection)) => Ok(Self::Database(Connection::parse(connection)?)),
            Some((scheme, rest)) if is_http(scheme) && rest.starts_with("//") => Ok(Self::Address(text.to_owned())),
            _ => {
                crate::open::check_form(Path::new(text))?;
                Ok(Self::File(base.join(text)))
            }
        }
    }

    /// The hosts that are asked when it is read; none for a file.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::File(_) => Vec::new(),
            Self::Database(connection) => connection.hosts(),
            Self::Address(address) => vec![host(address)],
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Database(_) | Self::Address(_) => None,
        }
    }

    /// It as a path for messages, without passwords.
    pub(crate) fn told(&self) -> PathBuf {
        PathBuf::from(self.to_string())
    }
}

/// As it was written, without passwords.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Database(connection) => write!(f, "{connection}"),
            Self::Address(address) => f.write_str(&without_user(address)),
        }
    }
}

fn is_http(scheme: &str) -> bool {
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The host of an address, without user and port.
fn host(address: &str) -> &str {
    let authority = authority(address);
    let machine = authority.rsplit_once('@').map_or(authority, |(_, machine)| machine);
    match machine.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => machine.split(':').next().unwrap_or_default(),
    }
}

fn authority(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

/// The address without user and password, which may stand before its host.
fn without_user(address: &str) -> String {
    match authority(address).rsplit_once('@') {
        Some((user, _)) => address.replacen(&format!("{user}@"), "", 1),
        None => address.to_owned(),
    }
}

/// What it takes to reach a database, as `libpq` understands it: `host`, `port`, `dbname`, `user` and their like.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    parts: Vec<(String, String)>,
}

/// What a connection may say. What reads further files or passes settings on to the server is not among it.
const PARTS: [&str; 9] =
    ["host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "connect_timeout", "application_name"];

impl Connection {
    /// The connection of a text such as `host=127.0.0.1 port=5432 dbname='land registry'`.
    ///
    /// # Errors
    /// [`GeoioError::Connection`].
    pub fn parse(text: &str) -> Result<Self, GeoioError> {
        let parts = parts(text).map_err(refused)?;
        if let Some((name, _)) = parts.iter().find(|(name, _)| !PARTS.contains(&name.as_str())) {
            return Err(refused(format!("`{name}` is not among {}", PARTS.join(", "))));
        }
        for needed in ["host", "dbname"] {
            if !parts.iter().any(|(name, value)| name == needed && !value.is_empty()) {
                return Err(refused(format!("`{needed}` is missing")));
            }
        }
        Ok(Self { parts })
    }

    /// The hosts, names and numbers alike; a folder of a Unix socket counts as one.
    pub fn hosts(&self) -> Vec<&str> {
        let named = self.parts.iter().filter(|(name, _)| name == "host" || name == "hostaddr");
        named.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|host| !host.is_empty()).collect()
    }

    /// The text by which GDAL opens it. What the environment says of other hosts and services does not count.
    pub(crate) fn gdal_name(&self) -> String {
        let mut parts = self.parts.clone();
        for (name, value) in [("hostaddr", ""), ("connect_timeout", "10"), ("application_name", "atalaya")] {
            if !parts.iter().any(|(known, _)| known == name) {
                parts.push((name.to_owned(), value.to_owned()));
            }
        }
        format!("PG:{}", written(&parts))
    }
}

/// Without the password.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> =
            self.parts.iter().filter(|(name, _)| name != "password").map(|(n, v)| format!("{n}={v}")).collect();
        write!(f, "PG:{}", shown.join(" "))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn refused(reason: String) -> GeoioError {
    GeoioError::Connection { reason }
}

fn written(parts: &[(String, String)]) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
    parts.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect::<Vec<_>>().join(" ")
}

/// Names and values, which may stand in quotes with `\` before a quote or backslash.
fn parts(text: &str) -> Result<Vec<(String, String)>, String> {
    let (mut parts, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| "a value has no name before it".to_owned())?;
        let (value, after) = value(after.trim_start())?;
        let name = name.trim().to_owned();
        if parts.iter().any(|(known, _)| *known == name) {
            return Err(format!("`{name}` is there twice"));
        }
        parts.push((name, value));
        rest = after.trim_start();
    }
    Ok(parts)
}

/// The value at the head of a text, and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let quoted = text.starts_with('\'');
    let (mut value, mut escaped) = (String::new(), false);
    for (at, letter) in text.char_indices().skip(usize::from(quoted)) {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            _ if !quoted && letter.is_whitespace() => return Ok((value, &text[at..])),
            _ => value.push(letter),
        }
    }
    if quoted { Err("a quote is never closed".to_owned()) } else { Ok((value, "")) }
}

/// The hosts that may be asked; none unless somebody names them.
#[derive(Debug, Clone, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// These hosts; letters' cases do not matter.
    pub fn new<T: AsRef<str>>(hosts: impl IntoIterator<Item = T>) -> Self {
        Self(hosts.into_iter().map(|host| host.as_ref().to_ascii_lowercase()).collect())
    }

    /// Refuses a place that lies on a host that is not among these.
    ///
    /// # Errors
    /// [`GeoioError::HostNotAllowed`].
    pub fn check(&self, location: &Location) -> Result<(), GeoioError> {
        match location.hosts().into_iter().find(|host| !self.0.contains(&host.to_ascii_lowercase())) {
            None => Ok(()),
            Some(host) => Err(GeoioError::HostNotAllowed { location: location.to_string(), host: host.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Location {
        Location::of(text, Path::new("base")).expect("a place")
    }

    #[test]
    fn a_place_is_told_by_its_head() {
        assert_eq!(of("a.gpkg"), Location::File("base/a.gpkg".into()));
        assert_eq!(of("/x/PG:a"), Location::File("/x/PG:a".into()));
        assert_eq!(of("https://e.org/a.zip").hosts(), ["e.org"]);
        assert_eq!(of("HTTP://e.org/a.zip").hosts(), ["e.org"]);
        assert_eq!(of("PG:host=db port=1 dbname=x").hosts(), ["db"]);
        for text in
            ["ftp://e.org/a.shp", "/vsicurl/http://e.org/a.shp", "/vsizip/a.zip", "<OGRVRTDataSource/>", "{}", "s3://b/a.gpkg"]
        {
            assert!(matches!(Location::of(text, Path::new("base")), Err(GeoioError::NotLocal { .. })), "{text}");
        }
    }

    #[test]
    fn the_host_is_what_is_really_asked() {
        for (address, expected) in [
            ("http://good.org@evil.org/a", "evil.org"),
            ("http://evil.org\\@good.org/a", "evil.org"),
            ("http://evil.org?@good.org", "evil.org"),
            ("http://[::1]:80/a", "::1"),
            ("http://u:p@e.org:8080/a", "e.org"),
        ] {
            assert_eq!(of(address).hosts(), [expected], "{address}");
        }
        assert_eq!(of("PG:host=a,b hostaddr=10.0.0.1 dbname=x").hosts(), ["a", "b", "10.0.0.1"]);
    }

    #[test]
    fn a_host_must_be_allowed_by_name() {
        let (none, some) = (Hosts::default(), Hosts::new(["DB.example"]));
        let place = of("PG:host=db.example dbname=x password=secret");
        let told = none.check(&place).expect_err("refused").to_string();
        assert!(told.contains("--allow-host db.example") && !told.contains("secret"), "{told}");
        assert!(some.check(&place).is_ok());
        assert!(some.check(&of("PG:host=db.example,other dbname=x")).is_err());
        assert!(none.check(&of("a.gpkg")).is_ok());
    }

    #[test]
    fn a_password_is_never_shown() {
        let place = of(r"PG:host=h dbname='a b' password='it\'s' user=u");
        assert_eq!((place.to_string().as_str(), format!("{place:?}").contains("it")), ("PG:host=h dbname=a b user=u", false));
        assert_eq!(of("https://u:p@e.org/a").to_string(), "https://e.org/a");
        let Location::Database(connection) = place else { panic!("a database") };
        let name = connection.gdal_name();
        assert!(name.contains(r"password='it\'s'") && name.contains("hostaddr=''"), "{name}");
    }

    #[test]
    fn a_connection_names_its_host_and_nothing_that_leads_elsewhere() {
        for text in [
            "dbname=x",
            "host=h",
            "service=s host=h dbname=x",
            "host=h dbname=x options=-cx",
            "host='h dbname=x",
            "h",
            "host=a host=b dbname=x",
        ] {
            assert!(matches!(Connection::parse(text), Err(GeoioError::Connection { .. })), "{text}");
        }
    }
}
