//! TLS with a host on loopback. Its certificate is of an authority that was made for this test and that nobody else trusts.

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fetch::{Address, FetchError, Fetched, Roots, Wanted};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::{Wish, content};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// A host that gives `content(500000)` through TLS, and sends `/open` on to a place without TLS; its port.
fn host() -> u16 {
    let certificate = CertificateDer::from_pem_file(data("localhost.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(data("localhost.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).expect("a configuration"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            let mut first = String::new();
            if stream.read_line(&mut first).is_err() {
                continue;
            }
            let mut line = String::from("x");
            while !line.trim().is_empty() {
                line.clear();
                let _ = stream.read_line(&mut line);
            }
            let bytes = content(500_000);
            let answer = if first.contains("/open") {
                b"HTTP/1.1 302 Found\r\nlocation: http://localhost:1/a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()
            } else {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
                [head.into_bytes(), bytes].concat()
            };
            let stream = stream.get_mut();
            let _ = stream.write_all(&answer);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

fn bring(address: &str, roots: Roots) -> Result<Fetched, FetchError> {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, work) = (folder.path().join("a"), folder.path().join(".work"));
    let address = Address::parse(address).expect("an address");
    let wanted =
        Wanted { address: &address, collection: None, target: &target, work: &work, size: None, checksum: None, limit: 1 << 20 };
    let client = Wish { hosts: vec!["localhost", "127.0.0.1"], roots, ..Wish::default() }.client();
    let fetched = client.download(&wanted, &|_| ())?;
    assert!(std::fs::read(&target).expect("the file") == content(500_000));
    Ok(fetched)
}

fn authority() -> Roots {
    Roots::File(data("authority.pem"))
}

#[test]
fn a_host_is_believed_by_the_word_of_its_authority() {
    let port = host();
    assert_eq!(bring(&format!("https://localhost:{port}/a"), authority()).expect("fetched").bytes, 500_000);
}

#[test]
fn a_host_that_nobody_vouches_for_is_not_asked() {
    let port = host();
    let told = bring(&format!("https://localhost:{port}/a"), Roots::System).expect_err("refused").to_string();
    assert!(told.contains("TLS") || told.contains("no certificate authority"), "{told}");
    assert!(!told.contains("attempts"), "it is not tried again: {told}");
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let port = host();
    let told = bring(&format!("https://127.0.0.1:{port}/a"), authority()).expect_err("refused").to_string();
    assert!(told.contains("TLS fails"), "{told}");
}

#[test]
fn a_redirect_out_of_tls_is_not_followed() {
    let port = host();
    let error = bring(&format!("https://localhost:{port}/open"), authority()).expect_err("refused");
    assert!(matches!(&error, FetchError::Redirect { reason, .. } if reason.contains("leaves TLS")), "{error}");
}

#[test]
fn a_file_without_authorities_is_told() {
    let port = host();
    for name in ["none.pem", "localhost.key"] {
        let error = bring(&format!("https://localhost:{port}/a"), Roots::File(data(name))).expect_err("refused").to_string();
        assert!(error.contains("no certificate authority was found"), "{error}");
    }
}

#[test]
fn plain_http_is_no_tls() {
    let host = support::Host::new(|asked, _| support::file(asked, &content(10), "\"a\"", usize::MAX));
    let told = bring(&format!("https://localhost:{}/a", host.port), authority()).expect_err("refused").to_string();
    assert!(told.contains("TLS fails") || told.contains("attempts"), "{told}");
}
