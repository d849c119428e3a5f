//! What the machine brings in: the clock, the environment, files of secrets, and the seed of the jitter.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fetch::{AllowedHosts, Client, Clock, Provider, Retry, Roots, Secrets, Settings, Timeouts, providers};

use crate::fault::Fault;
use crate::job::{FetchSource, FetchSpec};
use crate::stop;

/// The machine's clock, and the signals that end the program.
struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> u64 {
        since().as_secs()
    }

    fn rest(&self, time: Duration) {
        if time >= Duration::from_secs(1) {
            tracing::info!(seconds = time.as_secs(), "waiting before the next attempt");
        }
        let step = Duration::from_millis(100);
        let mut left = time;
        while !left.is_zero() && !self.is_stopped() {
            std::thread::sleep(left.min(step));
            left = left.saturating_sub(step);
        }
    }

    fn is_stopped(&self) -> bool {
        stop::check().is_err()
    }
}

fn since() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The provider that a source names: by a record, or by the address of its interface alone.
pub(super) fn provider(spec: &FetchSpec) -> Result<Provider, Fault> {
    let all: Vec<Provider> = spec.providers.iter().cloned().chain(providers()).collect();
    let provider = match (&spec.provider, &spec.api) {
        (Some(id), None) => {
            let ids: Vec<&str> = all.iter().map(|provider| provider.id.as_str()).collect();
            let found = all.iter().find(|provider| provider.id == *id);
            found
                .cloned()
                .ok_or_else(|| Fault::usage(format!("[fetch] provider = \"{id}\": is not known; known are {}", ids.join(", "))))?
        }
        (None, Some(api)) => Provider {
            id: api.clone(),
            title: String::new(),
            api: api.clone(),
            hosts: Vec::new(),
            terms: String::new(),
            access: Vec::new(),
        },
        _ => {
            return Err(Fault::usage(
                "[fetch]: say either `provider` (atalaya fetch --providers) or `api`, the address of a STAC API",
            ));
        }
    };
    provider.check()?;
    Ok(provider)
}

/// A client that may ask the hosts of the source and of the arguments.
pub(super) fn client(source: &FetchSource, provider: &Provider, more: &[String]) -> Result<Client, Fault> {
    let spec = &source.spec;
    let roots = spec.authorities.as_ref().map_or(Roots::System, |path| Roots::File(source.base.join(path)));
    Ok(Client::new(Settings {
        hosts: AllowedHosts::new(source.hosts.iter().chain(more)),
        access: provider.access.clone(),
        secrets: secrets(spec.secrets.as_ref().map(|path| source.base.join(path)).as_deref(), provider)?,
        retry: Retry { jitter: since().as_nanos() as u64 ^ u64::from(std::process::id()), ..Retry::default() },
        timeouts: Timeouts::default(),
        roots,
        clock: Arc::new(MachineClock),
    }))
}

/// Where secrets are looked for. Without a record of access nothing is looked at.
fn secrets(file: Option<&Path>, provider: &Provider) -> Result<Secrets, Fault> {
    let mut secrets = Secrets::default();
    if provider.access.is_empty() && file.is_none() {
        return Ok(secrets);
    }
    secrets = secrets.with_environment(
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    if let Some(path) = file {
        secrets = secrets.with_file(path)?;
    }
    match netrc().filter(|path| path.exists()) {
        Some(path) => Ok(secrets.with_netrc(&path)?),
        None => Ok(secrets),
    }
}

/// Where `curl` and others look for it.
fn netrc() -> Option<PathBuf> {
    let named = std::env::var_os("NETRC").map(PathBuf::from);
    named.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".netrc")))
}
