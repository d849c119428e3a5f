use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Address, FetchError};

/// Who gives imagery, where, and how one shows who one is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Name that a job calls it by.
    pub id: String,
    /// What it gives, for people.
    #[serde(default)]
    pub title: String,
    /// Address of its STAC API.
    pub api: String,
    /// Hosts that it usually sends one to. They are told, not allowed: a job names each host that may be asked.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What it costs and wants, for people.
    #[serde(default)]
    pub terms: String,
    /// How its hosts are asked; hosts that stand nowhere are asked without any secret.
    #[serde(default)]
    pub access: Vec<Access>,
}

/// How some hosts are asked.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Access {
    /// The hosts that are shown the secret, and no others; `*.example.org` stands for all below it.
    pub hosts: Vec<String>,
    /// In which way.
    #[serde(flatten)]
    pub kind: AccessKind,
}

/// In which way one shows who one is. Secrets are names: of variables of the environment, or of lines in a file of secrets.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum AccessKind {
    /// Not at all.
    Unsigned,
    /// By a token: `Authorization: Bearer`.
    Bearer {
        /// Name of the token.
        token: String,
    },
    /// By user and password with each request (RFC 7617).
    Basic {
        /// Name of the user.
        user: String,
        /// Name of the password.
        password: String,
    },
    /// By a token that a client gets for its own secret, or for a user's password (OAuth 2, RFC 6749).
    Oauth2 {
        /// Address that gives tokens.
        token: String,
        /// The client's id, where it is public.
        #[serde(default)]
        client: Option<String>,
        /// Name of the client's id, where it is none of the public's business.
        #[serde(default)]
        client_id: Option<String>,
        /// Name of the client's secret.
        #[serde(default)]
        client_secret: Option<String>,
        /// Name of the user.
        #[serde(default)]
        user: Option<String>,
        /// Name of the user's password.
        #[serde(default)]
        password: Option<String>,
        /// What the token is asked for.
        #[serde(default)]
        scope: Option<String>,
    },
    /// By keys of S3, with which each request is signed (AWS Signature Version 4).
    S3 {
        /// Name of the access key.
        key: String,
        /// Name of the secret key.
        secret: String,
        /// Name of the session's token, where keys are of a session.
        #[serde(default)]
        session: Option<String>,
        /// Region that is signed for.
        region: String,
        /// Addresses of buckets: `s3://BUCKET/KEY` is asked as ADDRESS/KEY.
        #[serde(default)]
        buckets: BTreeMap<String, String>,
        /// Whether whoever asks agrees to pay for it.
        #[serde(default)]
        requester_pays: bool,
    },
    /// By a signature behind the address, which a host gives to everybody for a while.
    Signed {
        /// Address that gives the signature; `{collection}` in it is the item's.
        token: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    provider: Vec<Provider>,
}

/// The providers that come with the program.
///
/// # Panics
/// Never: the records are part of the program, and a test reads them.
pub fn providers() -> Vec<Provider> {
    let records: Records = toml::from_str(include_str!("providers.toml")).expect("the records are well formed");
    records.provider
}

impl Provider {
    /// Refuses a record that could not be used.
    ///
    /// # Errors
    /// [`FetchError::Provider`].
    pub fn check(&self) -> Result<(), FetchError> {
        let wrong = |reason: String| FetchError::Provider { id: self.id.clone(), reason };
        let address = |text: &str| {
            // A placeholder is no letter of an address.
            Address::parse(&text.replace(['{', '}'], "")).map_err(|error| wrong(error.to_string()))
        };
        address(&self.api)?;
        for access in &self.access {
            if access.hosts.is_empty() {
                return Err(wrong("an access names no hosts; say `hosts = [\"...\"]`".to_owned()));
            }
            match &access.kind {
                AccessKind::Oauth2 { token, client, client_id, client_secret, user, password, .. } => {
                    address(token)?;
                    if client.is_some() == client_id.is_some() {
                        return Err(wrong("say the client's id as `client`, or the name of a secret as `client_id`".to_owned()));
                    }
                    let (of_client, of_user) = (client_secret.is_some(), user.is_some() && password.is_some());
                    if !of_client && !of_user || user.is_some() != password.is_some() {
                        return Err(wrong("oauth2 needs `client_secret`, or `user` and `password`".to_owned()));
                    }
                }
                AccessKind::Signed { token } => drop(address(token)?),
                AccessKind::S3 { buckets, .. } => {
                    for place in buckets.values() {
                        address(place)?;
                    }
                }
                AccessKind::Unsigned | AccessKind::Bearer { .. } | AccessKind::Basic { .. } => {}
            }
        }
        Ok(())
    }

    /// The address of an object that is named as `s3://BUCKET/KEY`; `None` for a bucket that no access knows.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Address> {
        let of = |access: &Access| match &access.kind {
            AccessKind::S3 { buckets, .. } => buckets.get(bucket).cloned(),
            _ => None,
        };
        let place = self.access.iter().find_map(of)?;
        Address::parse(&place).ok().map(|place| place.below(&key.replace('%', "%25")))
    }
}

impl Access {
    /// Whether a host is shown the secret.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| match known.strip_prefix("*.") {
            Some(above) => {
                let head = host.len().checked_sub(above.len()).filter(|at| *at > 1);
                head.is_some_and(|at| {
                    host.is_char_boundary(at) && host[at..].eq_ignore_ascii_case(above) && host[..at].ends_with('.')
                })
            }
            None => known.eq_ignore_ascii_case(host),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_the_program_can_be_used() {
        let all = providers();
        assert!(all.len() >= 5);
        for provider in &all {
            provider.check().unwrap_or_else(|error| panic!("{error}"));
            assert!(provider.api.starts_with("https://") && !provider.title.is_empty() && !provider.terms.is_empty());
            assert!(provider.hosts.iter().any(|host| provider.api.contains(host.as_str())), "{}", provider.id);
        }
    }

    #[test]
    fn a_record_must_say_what_its_kind_needs() {
        let of = |access: &str| {
            let text = format!("id = \"x\"\napi = \"https://e.org\"\n[[access]]\n{access}");
            toml::from_str::<Provider>(&text)
                .map_err(|error| error.to_string())
                .and_then(|p| p.check().map_err(|e| e.to_string()))
        };
        assert!(of("hosts = [\"e.org\"]\nkind = \"bearer\"\ntoken = \"T\"").is_ok());
        assert!(of("hosts = []\nkind = \"unsigned\"").is_err());
        assert!(of("hosts = [\"e.org\"]\nkind = \"bearer\"").is_err());
        assert!(of("hosts = [\"e.org\"]\nkind = \"bearer\"\ntoken = \"T\"\nsecret = \"S\"").is_err());
        assert!(of("hosts = [\"e.org\"]\nkind = \"oauth2\"\ntoken = \"https://e.org/t\"\nclient = \"c\"").is_err());
        assert!(of("hosts = [\"e.org\"]\nkind = \"signed\"\ntoken = \"ftp://e.org/t\"").is_err());
    }

    #[test]
    fn a_star_covers_what_is_below_it_and_nothing_else() {
        let access = Access { hosts: vec!["*.blob.e.org".to_owned(), "f.org".to_owned()], kind: AccessKind::Unsigned };
        for host in ["a.blob.e.org", "A.B.BLOB.e.org", "F.org"] {
            assert!(access.covers(host), "{host}");
        }
        for host in ["blob.e.org", ".blob.e.org", "ablob.e.org", "blob.e.org.evil.org", "a.f.org", "", "ñblob.e.org"] {
            assert!(!access.covers(host), "{host}");
        }
    }

    #[test]
    fn an_object_lies_at_the_address_of_its_bucket() {
        let copernicus = providers().into_iter().find(|provider| provider.id == "copernicus").expect("a provider");
        let address = copernicus.object("eodata", "Sentinel-2/a b%/c.jp2").expect("an address");
        assert_eq!(address.to_string(), "https://eodata.dataspace.copernicus.eu/eodata/Sentinel-2/a%20b%25/c.jp2");
        assert!(copernicus.object("other", "a").is_none());
    }
}
