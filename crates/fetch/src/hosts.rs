use std::collections::BTreeSet;

use crate::{Address, FetchError};

/// The hosts that may be asked; none unless somebody names them.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(BTreeSet<String>);

impl AllowedHosts {
    /// These hosts; letters' cases do not matter.
    pub fn new<T: AsRef<str>>(hosts: impl IntoIterator<Item = T>) -> Self {
        Self(hosts.into_iter().map(|host| host.as_ref().trim_matches(['[', ']']).to_ascii_lowercase()).collect())
    }

    /// Whether a host is among them.
    pub fn has(&self, host: &str) -> bool {
        self.0.contains(&host.to_ascii_lowercase())
    }

    /// Refuses an address on a host that is not among these.
    ///
    /// # Errors
    /// [`FetchError::HostNotAllowed`].
    pub fn check(&self, address: &Address) -> Result<(), FetchError> {
        if self.has(address.host()) {
            return Ok(());
        }
        Err(FetchError::HostNotAllowed { address: address.to_string(), host: address.host().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_must_be_named() {
        let address = Address::parse("https://Data.example/a?sig=SECRET").expect("an address");
        let told = AllowedHosts::default().check(&address).expect_err("refused").to_string();
        assert!(told.contains("--allow-host data.example") && !told.contains("SECRET"), "{told}");
        assert!(AllowedHosts::new(["DATA.example"]).check(&address).is_ok());
        assert!(AllowedHosts::new(["example"]).check(&address).is_err());
    }
}
