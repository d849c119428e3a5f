//! Why hosts do not answer, and whether that may pass.

use std::time::Duration;

use crate::{Address, FetchError};

/// Why something was not answered.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It will not be otherwise the next time.
    Final(FetchError),
    /// It may pass.
    Passing {
        error: FetchError,
        /// How long the host wants to be left alone.
        wait: Option<Duration>,
        /// Attempts at the most, where it is less likely to pass than most.
        limit: u32,
    },
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Final(error)
    }
}

impl Trouble {
    pub(crate) fn passing(address: &Address, reason: impl Into<String>) -> Self {
        let error = FetchError::Network { address: address.to_string(), reason: reason.into(), attempts: 0 };
        Self::Passing { error, wait: None, limit: u32::MAX }
    }

    pub(crate) fn at_once(error: FetchError) -> Self {
        Self::Passing { error, wait: Some(Duration::ZERO), limit: 2 }
    }
}

/// A connection that ended too soon, for people.
pub(crate) fn broke(error: &std::io::Error) -> String {
    let inner = error.get_ref().map_or_else(|| error.to_string(), ToString::to_string);
    if inner.contains("timeout") { "the host fell silent".to_owned() } else { format!("the host broke off ({inner})") }
}

/// What an error of the library means. Only texts that cannot hold an address are repeated.
pub(crate) fn trouble(error: &ureq::Error, address: &Address) -> Trouble {
    let answer = |reason: String| FetchError::Answer { address: address.to_string(), reason };
    let is_unknown = match error {
        ureq::Error::HostNotFound => true,
        // The system's resolver has no kind of error of its own.
        ureq::Error::Io(error) => error.to_string().contains("failed to lookup address"),
        _ => false,
    };
    if is_unknown {
        let reason = "the host is not known; check its name and this machine's network".to_owned();
        let error = FetchError::Network { address: address.to_string(), reason, attempts: 0 };
        return Trouble::Passing { error, wait: None, limit: 2 };
    }
    match error {
        ureq::Error::Timeout(_) => Trouble::passing(address, "the host does not answer in time"),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            answer(format!("TLS fails: {error}; check the certificate of the host, or name its authority as `authorities`"))
                .into()
        }
        ureq::Error::Io(error) => Trouble::passing(address, format!("the host cannot be reached or broke off ({error})")),
        ureq::Error::Other(error) => answer(error.to_string()).into(),
        ureq::Error::Tls(reason) => answer(format!("TLS fails: {reason}")).into(),
        ureq::Error::Protocol(_) | ureq::Error::ConnectionFailed | ureq::Error::BodyStalled => {
            Trouble::passing(address, "the host does not speak HTTP as it should")
        }
        ureq::Error::LargeResponseHeader(..) => answer("sends headers without an end".to_owned()).into(),
        _ => answer("cannot be asked: the address or a secret holds a character that HTTP does not take".to_owned()).into(),
    }
}
