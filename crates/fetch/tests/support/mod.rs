//! A small host on loopback that does what a script tells it, and a clock that does not wait.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch::{Access, Address, AllowedHosts, Client, Clock, Retry, Roots, Secrets, Settings, Timeouts};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Lines of the head, lower case up to the colon.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }

    /// The first byte of a range.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
    }
}

/// What is answered: raw bytes, pieces with waits between them.
pub(crate) type Pieces = Vec<(Vec<u8>, Duration)>;

/// A host of its own on a free port. It answers one request a connection.
pub(crate) struct Host {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Host {
    pub(crate) fn new(answer: impl Fn(&Asked, usize) -> Pieces + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(asked) = read(&stream) else { return };
                    let count = {
                        let mut all = kept.lock().expect("a list");
                        all.push(asked.clone());
                        all.len()
                    };
                    for (bytes, wait) in answer(&asked, count) {
                        if (&stream).write_all(&bytes).is_err() {
                            return;
                        }
                        let _ = (&stream).flush();
                        std::thread::sleep(wait);
                    }
                });
            }
        });
        Self { port, asked }
    }

    pub(crate) fn at(&self, path: &str) -> Address {
        Address::parse(&format!("http://127.0.0.1:{}{path}", self.port)).expect("an address")
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a list").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut head) = (String::new(), String::new());
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let _ = writeln!(head, "{}: {}", name.to_ascii_lowercase(), value.trim());
    }
    let asked = Asked { method, target, head, body: String::new() };
    let length = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).ok()?;
    Some(Asked { body, ..asked })
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Pieces {
    piece(head(status, headers, body.len()), body)
}

fn head(status: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "content-length" || *name == "transfer-encoding") {
        let _ = write!(text, "content-length: {length}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    (text + "\r\n").into_bytes()
}

fn piece(mut head: Vec<u8>, body: &[u8]) -> Pieces {
    head.extend_from_slice(body);
    vec![(head, Duration::ZERO)]
}

/// The file as a good host gives it: whole, or from the byte of a range on; `sent` bytes of what it promises at the most.
pub(crate) fn file(asked: &Asked, bytes: &[u8], etag: &str, sent: usize) -> Pieces {
    let same = asked.header("if-range").is_none_or(|known| known == etag);
    match asked.from().filter(|from| same && *from < bytes.len()) {
        Some(from) => {
            let rest = &bytes[from..];
            let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            let head = head("206 Partial Content", &[("etag", etag), ("content-range", &range)], rest.len());
            piece(head, &rest[..sent.min(rest.len())])
        }
        None => {
            piece(head("200 OK", &[("etag", etag), ("accept-ranges", "bytes")], bytes.len()), &bytes[..sent.min(bytes.len())])
        }
    }
}

/// Bytes that are not all alike.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 31 + place / 251) as u8).collect()
}

/// A clock that moves on by what is rested, and does not rest.
#[derive(Default)]
pub(crate) struct FakeClock {
    seconds: AtomicU64,
    rests: Mutex<Vec<Duration>>,
    /// Calls of `is_stopped` after which somebody has asked to stop; 0 for never.
    stop_after: AtomicU64,
    asked: AtomicU64,
}

impl FakeClock {
    pub(crate) fn at(seconds: u64) -> Arc<Self> {
        let clock = Self::default();
        clock.seconds.store(seconds, Ordering::Relaxed);
        Arc::new(clock)
    }

    pub(crate) fn rests(&self) -> Vec<Duration> {
        self.rests.lock().expect("a list").clone()
    }

    pub(crate) fn stop_after(&self, calls: u64) {
        self.stop_after.store(calls, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> u64 {
        self.seconds.load(Ordering::Relaxed)
    }

    fn rest(&self, time: Duration) {
        self.rests.lock().expect("a list").push(time);
    }

    fn is_stopped(&self) -> bool {
        let (calls, limit) = (self.asked.fetch_add(1, Ordering::Relaxed) + 1, self.stop_after.load(Ordering::Relaxed));
        limit > 0 && calls > limit
    }
}

/// What a test wants of a client beside loopback.
pub(crate) struct Wish {
    pub(crate) access: Vec<Access>,
    pub(crate) secrets: Secrets,
    pub(crate) hosts: Vec<&'static str>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Retry,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) roots: Roots,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            access: Vec::new(),
            secrets: Secrets::default(),
            hosts: vec!["127.0.0.1"],
            timeouts: Timeouts { read: Duration::from_millis(700), ..Timeouts::default() },
            retry: Retry::default(),
            clock: FakeClock::at(1_000_000),
            roots: Roots::System,
        }
    }
}

impl Wish {
    pub(crate) fn client(self) -> Client {
        let Self { access, secrets, hosts, timeouts, retry, clock, roots } = self;
        Client::new(Settings { hosts: AllowedHosts::new(hosts), access, secrets, retry, timeouts, roots, clock })
    }
}
