//! TLS between ureq's connections and rustls.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use crate::FetchError;

/// Whose word is taken for who a host is.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The authorities that the system trusts.
    #[default]
    System,
    /// Those of a PEM file: an agency's own.
    File(PathBuf),
}

impl Roots {
    /// The settings of all TLS connections.
    ///
    /// # Errors
    /// [`FetchError::Authorities`] where there is none.
    fn config(&self) -> Result<Arc<ClientConfig>, FetchError> {
        let wrong = |reason: String| FetchError::Authorities { reason };
        let mut store = RootCertStore::empty();
        let (_, ignored) = store.add_parsable_certificates(self.certificates()?);
        if store.is_empty() {
            return Err(wrong(format!("none of {ignored} certificates could be read")));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| wrong(error.to_string()))?;
        Ok(Arc::new(builder.with_root_certificates(store).with_no_client_auth()))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, FetchError> {
        match self {
            Self::System => Ok(rustls_native_certs::load_native_certs().certs),
            Self::File(path) => of_file(path),
        }
    }
}

fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let wrong = |reason: String| FetchError::Authorities { reason: format!("{}: {reason}", path.display()) };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    certificates.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))
}

/// Wraps a connection to an `https` address in TLS. Certificates are read when the first such connection is made.
pub(crate) struct Tls {
    roots: Roots,
    config: std::sync::OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, config: std::sync::OnceLock::new() }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, FetchError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let made = self.roots.config()?;
        Ok(Arc::clone(self.config.get_or_init(|| made)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let config = self.config().map_err(|error| Error::Other(Box::new(error)))?;
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("the host has no name that a certificate could bear"))?;
        let other = |error: rustls::Error| Error::Other(Box::new(error));
        let mut connection = ClientConnection::new(config, name).map_err(other)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// A connection within TLS.
pub(crate) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(self.stream.flush()?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
