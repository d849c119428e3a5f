use std::io;
use std::path::PathBuf;

/// What went wrong with something that was to be brought. No message ever holds a secret, a query of an address or a user in one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A text that is no address that may be asked.
    #[error("{text} is no address to ask: {reason}; write https://HOST/PATH")]
    Address {
        /// The text, without query and user.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A host that nobody allowed to ask.
    #[error(
        "{address}: the host {host} is not allowed, for nothing is asked over a network unless its host is named: pass --allow-host {host}, or name it in the job under [network] hosts"
    )]
    HostNotAllowed {
        /// The address.
        address: String,
        /// The host.
        host: String,
    },
    /// A redirect that is not followed.
    #[error("{address}: sends on to {to}, which is not followed: {reason}")]
    Redirect {
        /// The address that was asked.
        address: String,
        /// Where it sends.
        to: String,
        /// Why not.
        reason: String,
    },
    /// A secret that is nowhere.
    #[error(
        "the secret {name} is needed for {host} and is nowhere: set the environment variable {name}, write {name} = \"...\" to the file of `secrets` (mode 0600), or give {host} a line in ~/.netrc"
    )]
    NoSecret {
        /// Its name.
        name: String,
        /// The host that asks for it.
        host: String,
    },
    /// A file of secrets that cannot be taken.
    #[error("{}: {reason}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A secret that would travel in the open.
    #[error("{address}: a secret is not sent without TLS; write https://")]
    InTheOpen {
        /// The address.
        address: String,
    },
    /// A record of a provider that cannot be used.
    #[error("provider {id}: {reason}")]
    Provider {
        /// The provider.
        id: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// An answer that is a refusal.
    #[error("{address}: the host answers {status}: {advice}")]
    Status {
        /// The address.
        address: String,
        /// The HTTP status.
        status: u16,
        /// What that means and what to do.
        advice: String,
    },
    /// A host that could not be reached, or broke off, however often it was tried.
    #[error("{address}: {reason} ({attempts} attempts); run it again later, what has come is kept")]
    Network {
        /// The address.
        address: String,
        /// What went wrong last.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// An answer that is not what it should be.
    #[error("{address}: {reason}")]
    Answer {
        /// The address.
        address: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// More bytes than may come.
    #[error("{address}: gives more than {limit} bytes, the most that is taken of it")]
    TooLarge {
        /// The address.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// Another size than the provider says.
    #[error(
        "{address}: has {found} bytes where its provider says {expected}; it was changed or is damaged, nothing of it is kept"
    )]
    Size {
        /// The address.
        address: String,
        /// By the provider.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Another checksum than the provider says.
    #[error("{file}: its {algorithm} is {found} where its provider says {expected}; nothing of it is kept, fetch it again later")]
    Checksum {
        /// The address, or the file.
        file: String,
        /// The algorithm.
        algorithm: &'static str,
        /// By the provider.
        expected: String,
        /// What came.
        found: String,
    },
    /// A checksum that cannot be read.
    #[error("the checksum {text} cannot be read: {reason}")]
    BadChecksum {
        /// As it stands.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A manifest of a product that does not fit its files.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The product.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that cannot be written or read back.
    #[error("{}: cannot be written: {source}; check the disk and your rights", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Certificates of the system that cannot be read.
    #[error("no certificate authority was found: {reason}; install ca-certificates, or name a PEM file as `authorities`")]
    Authorities {
        /// What is wrong.
        reason: String,
    },
    /// Somebody asked to stop.
    #[error("stopped; what has come is kept")]
    Stopped,
}

/// What kind of mistake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the program was told.
    Configuration,
    /// What the provider gives.
    Input,
    /// What could not be written.
    Output,
    /// Nothing: somebody asked to stop.
    Stopped,
}

impl FetchError {
    /// What kind of mistake it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Write { .. } => Kind::Output,
            Self::Stopped => Kind::Stopped,
            Self::Address { .. }
            | Self::HostNotAllowed { .. }
            | Self::NoSecret { .. }
            | Self::SecretFile { .. }
            | Self::InTheOpen { .. }
            | Self::Provider { .. }
            | Self::Authorities { .. } => Kind::Configuration,
            _ => Kind::Input,
        }
    }
}
