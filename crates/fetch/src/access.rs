//! What a request carries to show who asks: looked up by the host that is really asked, hop by hop.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::client::Client;
use crate::exchange::Ask;
use crate::provider::{Access, AccessKind};
use crate::secret::{Part, Secrets};
use crate::sigv4::Signer;
use crate::{Address, FetchError, Secret, moment};

/// Seconds before its end from which a token is no longer used.
const MARGIN: u64 = 60;

/// Most bytes of an answer that holds a token.
const LIMIT: u64 = 1 << 20;

/// Records of access, secrets, and tokens that were given so far; those are kept in memory only.
pub(crate) struct Keys {
    access: Vec<Access>,
    secrets: Secrets,
    tokens: Mutex<BTreeMap<String, Token>>,
}

#[derive(Clone)]
struct Token {
    secret: Secret,
    until: u64,
}

/// A request as it is sent.
pub(crate) struct Dressed {
    pub(crate) address: Address,
    pub(crate) headers: Vec<(String, String)>,
    /// Name of a token that the host may have had enough of.
    pub(crate) token: Option<String>,
}

/// What a token host answers.
#[derive(Deserialize)]
struct Granted {
    #[serde(alias = "token")]
    access_token: String,
    expires_in: Option<u64>,
    #[serde(rename = "msft:expiry")]
    expiry: Option<String>,
}

impl Keys {
    pub(crate) fn new(access: Vec<Access>, secrets: Secrets) -> Self {
        Self { access, secrets, tokens: Mutex::default() }
    }

    /// The request with what its host wants to see; unchanged where no record covers the host.
    pub(crate) fn dress(&self, client: &Client, ask: &Ask<'_>, address: &Address) -> Result<Dressed, FetchError> {
        let host = address.host();
        let mut dressed = Dressed { address: address.clone(), headers: ask.headers.clone(), token: None };
        let Some(kind) = self.access.iter().find(|access| access.covers(host)).map(|access| &access.kind) else {
            return Ok(dressed);
        };
        if *kind == AccessKind::Unsigned {
            return Ok(dressed);
        }
        if !address.is_secure() && !address.is_loopback() {
            return Err(FetchError::InTheOpen { address: address.to_string() });
        }
        let mut header = |name: &str, value: String| dressed.headers.push((name.to_owned(), value));
        match kind {
            AccessKind::Unsigned => {}
            AccessKind::Bearer { token } => {
                header("authorization", format!("Bearer {}", self.secrets.get(token, host, Part::Password)?.expose()));
            }
            AccessKind::Basic { user, password } => {
                let user = self.secrets.get(user, host, Part::Login)?;
                let password = self.secrets.get(password, host, Part::Password)?;
                header("authorization", format!("Basic {}", base64(&format!("{}:{}", user.expose(), password.expose()))));
            }
            AccessKind::Oauth2 { token: place, .. } => {
                let token = self.token(place, client, |client| self.grant(kind, place, client))?;
                header("authorization", format!("Bearer {}", token.expose()));
                dressed.token = Some(place.clone());
            }
            AccessKind::S3 { key, secret, session, region, requester_pays, .. } => {
                if *requester_pays {
                    header("x-amz-request-payer", "requester".to_owned());
                }
                let key = self.secrets.get(key, host, Part::Login)?;
                let secret = self.secrets.get(secret, host, Part::Password)?;
                let session = session.as_ref().and_then(|name| self.secrets.find(name, "", Part::Password));
                let signer = Signer { key: &key, secret: &secret, session: session.as_ref(), region };
                let signed = signer.sign(ask.method, address, &dressed.headers, client.clock().now());
                dressed.headers.extend(signed);
            }
            AccessKind::Signed { token: place } => {
                // What is of no collection is no file: the interface itself.
                let Some(place) = signature_place(place, ask.collection) else { return Ok(dressed) };
                let token = self.token(&place, client, |client| asked(client, &Ask::get(&Address::parse(&place)?).bare()))?;
                dressed.address = dressed.address.with_query(token.expose().trim_start_matches('?'));
                dressed.token = Some(place);
            }
        }
        Ok(dressed)
    }

    /// Forgets a token that its host no longer takes.
    pub(crate) fn forget(&self, place: &str) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(place);
    }

    /// The token of a place: the one that is known while it lasts, else a new one. Threads that need it at once wait for one another.
    fn token(
        &self,
        place: &str,
        client: &Client,
        ask: impl FnOnce(&Client) -> Result<Granted, FetchError>,
    ) -> Result<Secret, FetchError> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let now = client.clock().now();
        if let Some(token) = tokens.get(place).filter(|token| now + MARGIN < token.until) {
            return Ok(token.secret.clone());
        }
        let granted = ask(client)?;
        let of_expiry = granted.expiry.as_deref().and_then(moment::of_rfc3339);
        // A token that does not say how long it lasts is asked for again after five minutes.
        let until = of_expiry.unwrap_or_else(|| now + granted.expires_in.unwrap_or(300 + MARGIN));
        let secret = Secret::new(granted.access_token);
        tokens.insert(place.to_owned(), Token { secret: secret.clone(), until });
        Ok(secret)
    }

    /// Asks for a token of OAuth 2.
    fn grant(&self, kind: &AccessKind, place: &str, client: &Client) -> Result<Granted, FetchError> {
        let AccessKind::Oauth2 { client: open, client_id, client_secret, user, password, scope, .. } = kind else {
            unreachable!("only OAuth 2 grants tokens");
        };
        let address = Address::parse(place)?;
        if !address.is_secure() && !address.is_loopback() {
            return Err(FetchError::InTheOpen { address: address.to_string() });
        }
        let find =
            |name: &Option<String>, part| name.as_ref().map(|name| self.secrets.get(name, address.host(), part)).transpose();
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", if user.is_some() { "password" } else { "client_credentials" });
        let id = find(client_id, Part::Login)?.or_else(|| open.clone().map(Secret::new));
        let secret = find(client_secret, Part::Password)?;
        let (user, password) = (find(user, Part::Login)?, find(password, Part::Password)?);
        let scope = scope.clone().map(Secret::new);
        let named = [("client_id", id), ("client_secret", secret), ("username", user), ("password", password), ("scope", scope)];
        for (name, value) in named {
            if let Some(value) = value {
                form.append_pair(name, value.expose());
            }
        }
        let body = form.finish();
        asked(client, &Ask::post(&address, body.as_bytes(), "application/x-www-form-urlencoded").bare())
    }
}

/// Asks for a token. What the host says is not repeated: it may hold what was sent.
fn asked(client: &Client, ask: &Ask<'_>) -> Result<Granted, FetchError> {
    let text = client.text(ask, LIMIT)?;
    serde_json::from_str(&text).map_err(|_| FetchError::Answer {
        address: ask.address.to_string(),
        reason: "gives no token where one was asked for; check the address of tokens in the provider's record".to_owned(),
    })
}

/// Where the signature of a file is asked for; `None` where that hangs on its collection and it has none.
fn signature_place(place: &str, collection: Option<&str>) -> Option<String> {
    if !place.contains("{collection}") {
        return Some(place.to_owned());
    }
    let plain: String = url::form_urlencoded::byte_serialize(collection?.as_bytes()).collect();
    Some(place.replace("{collection}", &plain))
}

/// Base64 with padding (RFC 4648).
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let whole = (0..3).fold(0_usize, |sum, place| sum << 8 | usize::from(three.get(place).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = LETTERS[whole >> (18 - 6 * place) & 63];
            out.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text), expected);
        }
    }
}
