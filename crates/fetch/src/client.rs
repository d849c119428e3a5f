//! Requests: each host is checked, redirects are followed by hand, and what passes is tried again.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};

use crate::access::Keys;
use crate::exchange::{Answer, Ask};
use crate::retry::retry_after;
use crate::tls::{Roots, Tls};
use crate::trouble::{Trouble, broke, trouble};
use crate::{Access, Address, AllowedHosts, Clock, FetchError, Retry, Secrets};

/// Redirects that are followed.
const HOPS: usize = 5;

/// How long a host may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To be reached.
    pub connect: Duration,
    /// To send its next bytes.
    pub read: Duration,
    /// Seconds over which the least rate of a download is taken.
    pub window: u64,
    /// Least bytes of a download in that time.
    pub least: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(20), read: seconds(60), window: 60, least: 60 * 1024 }
    }
}

/// What a client is told.
pub struct Settings {
    /// Hosts that may be asked.
    pub hosts: AllowedHosts,
    /// How hosts are shown who asks.
    pub access: Vec<Access>,
    /// Where secrets are.
    pub secrets: Secrets,
    /// How often something is tried.
    pub retry: Retry,
    /// How long hosts may take.
    pub timeouts: Timeouts,
    /// Whose word is taken for who a host is.
    pub roots: Roots,
    /// Time, waiting, stopping.
    pub clock: Arc<dyn Clock>,
}

/// Asks hosts; may be shared among threads.
pub struct Client {
    agent: Agent,
    hosts: AllowedHosts,
    keys: Keys,
    retry: Retry,
    timeouts: Timeouts,
    clock: Arc<dyn Clock>,
}

/// What a host says of a file without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its size, where the host says it.
    pub bytes: Option<u64>,
    /// Its entity tag.
    pub etag: Option<String>,
}

impl Client {
    /// A client. Nothing is asked yet, and no certificate read.
    pub fn new(settings: Settings) -> Self {
        let Settings { hosts, access, secrets, retry, timeouts, roots, clock } = settings;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // What the environment says of proxies does not count: it would be another host that is asked.
            .proxy(None)
            .user_agent(concat!("atalaya/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(timeouts.connect))
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.read))
            .timeout_per_read(Some(timeouts.read))
            .timeout_per_write(Some(timeouts.read))
            .build();
        let connector = ().chain(TcpConnector::default()).chain(Tls::new(roots));
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Self { agent, hosts, keys: Keys::new(access, secrets), retry, timeouts, clock }
    }

    /// Hosts that may be asked.
    pub fn hosts(&self) -> &AllowedHosts {
        &self.hosts
    }

    /// The JSON behind an address, of `limit` bytes at the most.
    ///
    /// # Errors
    /// Any [`FetchError`]; [`FetchError::Answer`] where it is no JSON.
    pub fn json(&self, address: &Address, limit: u64) -> Result<Value, FetchError> {
        self.json_of(&Ask::get(address).header("accept", "application/geo+json, application/json"), limit)
    }

    pub(crate) fn json_of(&self, ask: &Ask<'_>, limit: u64) -> Result<Value, FetchError> {
        let text = self.text(ask, limit)?;
        serde_json::from_str(&text).map_err(|error| FetchError::Answer {
            address: ask.address.to_string(),
            reason: format!("gives no JSON ({error}); check the address of the interface"),
        })
    }

    /// The text of an answer, tried until it has come whole.
    pub(crate) fn text(&self, ask: &Ask<'_>, limit: u64) -> Result<String, FetchError> {
        self.persist(ask.address, || {
            let mut answer = self.once(ask)?;
            let mut bytes = Vec::new();
            let body = answer.body.as_reader().take(limit + 1).read_to_end(&mut bytes);
            body.map_err(|error| Trouble::passing(ask.address, broke(&error)))?;
            if bytes.len() as u64 > limit {
                return Err(FetchError::TooLarge { address: ask.address.to_string(), limit }.into());
            }
            let wrong = |_| FetchError::Answer { address: ask.address.to_string(), reason: "gives no text (UTF-8)".to_owned() };
            Ok(String::from_utf8(bytes).map_err(wrong)?)
        })
    }

    /// What a host says of a file, by `HEAD`, or by `GET` of its first byte where it does not answer that.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub fn head(&self, address: &Address, collection: Option<&str>) -> Result<Head, FetchError> {
        let ask = Ask { method: "HEAD", ..Ask::get(address).of(collection) };
        let told = self
            .persist(address, || self.once(&ask))
            .map(|answer| Head { bytes: answer.length(), etag: answer.header("etag").map(str::to_owned) });
        if matches!(told, Err(FetchError::Status { status: 403 | 405 | 501, .. }) | Ok(Head { bytes: None, .. })) {
            let first = Ask::get(address).of(collection).header("range", "bytes=0-0");
            let answer = self.persist(address, || self.once(&first))?;
            let whole = if answer.status == 206 { answer.header("content-range").and_then(total) } else { answer.length() };
            return Ok(Head { bytes: whole, etag: answer.header("etag").map(str::to_owned) });
        }
        told
    }

    /// Does something until it is done, will never be, or was tried often enough.
    pub(crate) fn persist<T>(&self, address: &Address, mut act: impl FnMut() -> Result<T, Trouble>) -> Result<T, FetchError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match act() {
                Ok(done) => return Ok(done),
                Err(trouble) => self.outlast(address, trouble, attempt)?,
            }
        }
    }

    /// Waits after a failed attempt, the first is 1.
    ///
    /// # Errors
    /// The trouble's own where there is no further attempt.
    pub(crate) fn outlast(&self, address: &Address, trouble: Trouble, attempt: u32) -> Result<(), FetchError> {
        let (mut error, wait, limit) = match trouble {
            Trouble::Final(error) => return Err(error),
            Trouble::Passing { error, wait, limit } => (error, wait, limit),
        };
        if let FetchError::Network { attempts, .. } = &mut error {
            *attempts = attempt;
        }
        if attempt >= limit.min(self.retry.attempts) {
            return Err(error);
        }
        // A wait that the host names is kept, and its own added: others wait for the same moment.
        let own = self.retry.pause(attempt, &address.to_string());
        let pause = match wait {
            Some(Duration::ZERO) => Duration::ZERO,
            Some(wait) => wait + own.min(Duration::from_secs(1)),
            None => own,
        };
        self.clock.rest(pause);
        if self.clock.is_stopped() { Err(FetchError::Stopped) } else { Ok(()) }
    }

    /// Asks once, following redirects.
    pub(crate) fn once(&self, ask: &Ask<'_>) -> Result<Answer, Trouble> {
        let mut address = ask.address.clone();
        for _ in 0..=HOPS {
            if self.clock.is_stopped() {
                return Err(FetchError::Stopped.into());
            }
            self.hosts.check(&address)?;
            let (answer, token) = self.send(ask, &address)?;
            if matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                address = self.next(ask, &address, answer.header("location").unwrap_or_default())?;
                continue;
            }
            return self.judge(answer, &address, token);
        }
        let (to, reason) = (address.to_string(), format!("these are more than {HOPS} in a row"));
        Err(FetchError::Redirect { address: ask.address.to_string(), to, reason }.into())
    }

    /// Where a redirect leads, if one may go there.
    fn next(&self, ask: &Ask<'_>, from: &Address, location: &str) -> Result<Address, FetchError> {
        let to = from.join(location)?;
        let wrong = |reason: &str| {
            let reason = reason.to_owned();
            Err(FetchError::Redirect { address: from.to_string(), to: to.to_string(), reason })
        };
        if ask.body.is_some() {
            return wrong("it was asked by POST; name the new address");
        }
        if from.is_secure() && !to.is_secure() {
            return wrong("it leaves TLS");
        }
        if !self.hosts.has(to.host()) {
            let host = to.host();
            return wrong(&format!(
                "the host {host} is not allowed; pass --allow-host {host}, or name it in the job under [network] hosts"
            ));
        }
        Ok(to)
    }

    /// Sends one request. The answer is of any status.
    fn send(&self, ask: &Ask<'_>, address: &Address) -> Result<(Answer, Option<String>), Trouble> {
        let dressed = if ask.bare {
            crate::access::Dressed { address: address.clone(), headers: ask.headers.clone(), token: None }
        } else {
            self.keys.dress(self, ask, address)?
        };
        let mut request = Request::builder().method(ask.method).uri(dressed.address.url().as_str());
        for (name, value) in &dressed.headers {
            request = request.header(name, value);
        }
        // The library's message of a header or address that cannot be sent may show it.
        let unsendable = |_| FetchError::Answer {
            address: address.to_string(),
            reason: "cannot be asked: the address or a secret holds a character that HTTP does not take".to_owned(),
        };
        let response = match ask.body {
            Some(body) => self.agent.run(request.body(body).map_err(unsendable)?),
            None => self.agent.run(request.body(()).map_err(unsendable)?),
        };
        let (parts, body) = response.map_err(|error| trouble(&error, address))?.into_parts();
        Ok((Answer { status: parts.status.as_u16(), headers: parts.headers, body }, dressed.token))
    }

    /// The answer where it is one, else what its status means.
    fn judge(&self, answer: Answer, address: &Address, token: Option<String>) -> Result<Answer, Trouble> {
        let status = answer.status;
        let told = |advice: &str| FetchError::Status { address: address.to_string(), status, advice: advice.to_owned() };
        match status {
            200 | 206 | 416 => Ok(answer),
            401 | 403 if token.is_some() => {
                self.keys.forget(&token.unwrap_or_default());
                Err(Trouble::at_once(told("it does not take the token that it was shown; check the account and its rights")))
            }
            401 | 403 => {
                Err(told("it wants to know who asks, or does not let you; check the provider's access and your secret").into())
            }
            404 | 410 => Err(told("there is nothing there; check the address").into()),
            405 => Err(told("it does not take this kind of request").into()),
            408 | 425 | 429 | 500 | 502..=504 => {
                let wait = answer.header("retry-after").and_then(|text| retry_after(text, self.clock.now()));
                if let Some(wait) = wait.filter(|wait| *wait > self.retry.patience) {
                    return Err(told(&format!("it asks to come again in {} s; do that", wait.as_secs())).into());
                }
                Err(Trouble::Passing { error: told("it is busy or out of order; run it again later"), wait, limit: u32::MAX })
            }
            400..=499 => Err(told("it does not understand the request; check what is asked for").into()),
            _ => Err(told("this is no answer that is known here; run it again later").into()),
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }
}

/// The size of the whole behind a part: `bytes 0-0/1234`.
pub(crate) fn total(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}
