use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::FetchError;
use crate::netrc::Netrc;

/// A password, key or token. It is shown to nobody: neither by `Debug` nor by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What it is, for the one line that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where secrets are looked for: a file of names and values, the environment, netrc; in this order.
#[derive(Debug, Default)]
pub struct Secrets {
    file: BTreeMap<String, Secret>,
    environment: BTreeMap<String, Secret>,
    netrc: Netrc,
}

/// A part of a netrc entry that stands for a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Login,
    Password,
}

impl Secrets {
    /// The same with the secrets of a TOML file: `NAME = "value"`, a line each.
    ///
    /// # Errors
    /// [`FetchError::SecretFile`] where others may read it, or it is no such file.
    pub fn with_file(mut self, path: &Path) -> Result<Self, FetchError> {
        // The parser's own message would show the line, and the line is the secret.
        let wrong = |reason: &str| FetchError::SecretFile { path: path.to_owned(), reason: reason.to_owned() };
        let named: BTreeMap<String, String> = toml::from_str(&private_text(path)?)
            .map_err(|_| wrong("is no list of secrets; write NAME = \"value\", a line each (TOML)"))?;
        self.file = named.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        Ok(self)
    }

    /// The same with what the environment holds.
    pub fn with_environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment = variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        self
    }

    /// The same with the entries of a netrc file.
    ///
    /// # Errors
    /// [`FetchError::SecretFile`] where others may read it, or it cannot be understood.
    pub fn with_netrc(mut self, path: &Path) -> Result<Self, FetchError> {
        let text = private_text(path)?;
        self.netrc = Netrc::parse(&text)
            .map_err(|reason| FetchError::SecretFile { path: path.to_owned(), reason: format!("is no netrc file: {reason}") })?;
        Ok(self)
    }

    /// The secret of a name, or what netrc has for the host.
    pub(crate) fn find(&self, name: &str, host: &str, part: Part) -> Option<Secret> {
        let named = self.file.get(name).or_else(|| self.environment.get(name)).filter(|secret| !secret.0.is_empty());
        named.cloned().or_else(|| {
            let entry = self.netrc.entry(host)?;
            match part {
                Part::Login => entry.login.clone(),
                Part::Password => entry.password.clone(),
            }
        })
    }

    /// The same, or an error that says where it was looked for.
    pub(crate) fn get(&self, name: &str, host: &str, part: Part) -> Result<Secret, FetchError> {
        self.find(name, host, part).ok_or_else(|| FetchError::NoSecret { name: name.to_owned(), host: host.to_owned() })
    }
}

/// Most bytes of a file of secrets.
const LIMIT: u64 = 1 << 20;

/// The text of a file that only its owner may read.
fn private_text(path: &Path) -> Result<String, FetchError> {
    use std::os::unix::fs::PermissionsExt as _;
    let wrong = |reason: String| FetchError::SecretFile { path: PathBuf::from(path), reason };
    let unreadable = |error: std::io::Error| wrong(format!("cannot be read: {error}; check the path and your rights"));
    let file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > LIMIT {
        return Err(wrong("is no file of secrets".to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(wrong(format!("holds secrets and others may read it (mode {mode:04o}); run: chmod 600 {}", path.display())));
    }
    std::io::read_to_string(file).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        (folder, path)
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        let secrets = Secrets::default().with_environment([("TOKEN".to_owned(), "hunter2".to_owned())]);
        for text in [format!("{secret}"), format!("{secret:?}"), format!("{secret:#?}"), format!("{secrets:#?}")] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        for mode in [0o644, 0o640, 0o604, 0o660] {
            let (_folder, path) = file("TOKEN = \"hunter2\"", mode);
            let told = Secrets::default().with_file(&path).expect_err("refused").to_string();
            assert!(told.contains("chmod 600") && !told.contains("hunter2"), "{told}");
            assert!(Secrets::default().with_netrc(&path).is_err());
        }
    }

    #[test]
    fn a_broken_file_does_not_tell_what_it_holds() {
        let (_folder, path) = file("TOKEN = hunter2", 0o600);
        let told = Secrets::default().with_file(&path).expect_err("refused").to_string();
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_file_goes_before_the_environment_and_that_before_netrc() {
        let (_one, named) = file("TOKEN = \"of file\"", 0o600);
        let (_two, netrc) = file("machine e.org login me password \"of netrc\"", 0o400);
        let environment = [("TOKEN".to_owned(), "of environment".to_owned()), ("EMPTY".to_owned(), String::new())];
        let secrets = Secrets::default().with_environment(environment).with_netrc(&netrc).expect("secrets");
        let get = |secrets: &Secrets, name: &str| secrets.get(name, "e.org", Part::Password).expect("a secret").0;
        assert_eq!(get(&secrets, "TOKEN"), "of environment");
        assert_eq!(get(&secrets, "EMPTY"), "of netrc");
        assert_eq!(get(&secrets.with_file(&named).expect("secrets"), "TOKEN"), "of file");
        let told = Secrets::default().get("TOKEN", "e.org", Part::Login).expect_err("none").to_string();
        assert!(told.contains("TOKEN") && told.contains("e.org"), "{told}");
    }
}
