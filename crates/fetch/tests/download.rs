//! Files over connections that break, from hosts that lie, change their mind or send elsewhere.

mod support;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fetch::{Address, Algorithm, Checksum, Client, FetchError, Fetched, Retry, Timeouts, Wanted, digest};
use support::{FakeClock, Host, Wish, answer, content, file};

/// A place for one file, and what the program would show of its way.
struct Place {
    folder: tempfile::TempDir,
    moved: AtomicI64,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), moved: AtomicI64::new(0) }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("deep/a.tif")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join(".work")
    }

    fn bring(&self, client: &Client, address: &Address) -> Result<Fetched, FetchError> {
        self.bring_proven(client, address, None, None)
    }

    fn bring_proven(
        &self,
        client: &Client,
        address: &Address,
        size: Option<u64>,
        checksum: Option<&Checksum>,
    ) -> Result<Fetched, FetchError> {
        let (target, work) = (self.target(), self.work());
        let wanted = Wanted { address, collection: None, target: &target, work: &work, size, checksum, limit: 10 << 20 };
        self.moved.store(0, Ordering::Relaxed);
        client.download(&wanted, &|bytes| {
            self.moved.fetch_add(bytes, Ordering::Relaxed);
        })
    }

    /// The file is there, byte for byte, told to the last byte, and nothing is on its way any more.
    fn holds(&self, bytes: &[u8]) {
        assert!(std::fs::read(self.target()).expect("the file") == bytes, "the bytes are not those of the host");
        assert_eq!(self.moved.load(Ordering::Relaxed), bytes.len() as i64, "what was told of the way");
        assert_eq!(self.on_the_way(), 0);
    }

    /// Nothing stands under the final name.
    fn is_empty(&self) {
        assert!(!self.target().exists());
    }

    fn on_the_way(&self) -> usize {
        std::fs::read_dir(self.work()).map_or(0, Iterator::count)
    }
}

fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), bytes).expect("written");
    digest(&folder.path().join("a"), &[Algorithm::Sha256]).expect("a sum").remove(0)
}

#[test]
fn a_file_comes_whole_with_its_hash() {
    let bytes = content(300_000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, _| file(asked, &bytes, "\"a\"", usize::MAX)
    });
    let place = Place::new();
    let fetched = place.bring(&Wish::default().client(), &host.at("/a.tif")).expect("fetched");
    place.holds(&bytes);
    assert_eq!(fetched, Fetched { bytes: 300_000, sha256: sha256(&bytes), etag: Some("\"a\"".into()) });
    assert_eq!(host.asked()[0].header("accept-encoding"), Some("identity"));
}

#[test]
fn a_file_that_breaks_off_goes_on_where_it_broke() {
    let bytes = content(300_000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, count| file(asked, &bytes, "\"a\"", if count < 3 { 100_000 } else { usize::MAX })
    });
    let (place, clock) = (Place::new(), FakeClock::at(0));
    place.bring(&Wish { clock: clock.clone(), ..Wish::default() }.client(), &host.at("/a.tif")).expect("fetched");
    place.holds(&bytes);
    let from: Vec<Option<usize>> = host.asked().iter().map(support::Asked::from).collect();
    assert_eq!(from, [None, Some(100_000), Some(200_000)]);
    assert_eq!(host.asked()[1].header("if-range"), Some("\"a\""));
    assert_eq!(clock.rests().len(), 2);
}

#[test]
fn what_has_come_is_kept_for_the_next_call() {
    let bytes = content(300_000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, count| match count {
            1 => file(asked, &bytes, "\"a\"", 120_000),
            2..=6 => answer("500 Broken", &[], b""),
            _ => file(asked, &bytes, "\"a\"", usize::MAX),
        }
    });
    let place = Place::new();
    let error = place.bring(&Wish::default().client(), &host.at("/a.tif")).expect_err("broken");
    assert!(matches!(error, FetchError::Status { status: 500, .. }), "{error}");
    place.is_empty();
    assert_eq!(place.on_the_way(), 2);
    place.bring(&Wish::default().client(), &host.at("/a.tif")).expect("fetched");
    place.holds(&bytes);
    assert_eq!(host.asked().last().and_then(support::Asked::from), Some(120_000));
}

#[test]
fn a_second_call_goes_on_after_a_first_that_was_stopped() {
    let bytes = content(300_000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, _| file(asked, &bytes, "\"a\"", usize::MAX)
    });
    let (place, clock) = (Place::new(), FakeClock::at(0));
    clock.stop_after(3);
    let error = place.bring(&Wish { clock, ..Wish::default() }.client(), &host.at("/a.tif")).expect_err("stopped");
    assert!(matches!(error, FetchError::Stopped), "{error}");
    place.is_empty();
    place.bring(&Wish::default().client(), &host.at("/a.tif")).expect("fetched");
    place.holds(&bytes);
    assert!(host.asked()[1].from().is_some_and(|from| from > 0));
}

#[test]
fn a_file_that_changes_on_its_way_is_brought_anew() {
    let (old, new) = (content(200_000), content(210_000).into_iter().rev().collect::<Vec<u8>>());
    for honest in [true, false] {
        let host = Host::new({
            let (old, new) = (old.clone(), new.clone());
            move |asked, count| match (count, honest) {
                (1, _) => file(asked, &old, "\"old\"", 90_000),
                // A host that takes no notice of If-Range sends the rest of another file.
                (2, false) => {
                    file(&support::Asked { head: "range: bytes=90000-\n".into(), ..asked.clone() }, &new, "\"new\"", usize::MAX)
                }
                _ => file(asked, &new, "\"new\"", usize::MAX),
            }
        });
        let place = Place::new();
        place.bring(&Wish::default().client(), &host.at("/a.tif")).expect("fetched");
        place.holds(&new);
    }
}

#[test]
fn a_host_that_is_busy_is_left_alone_as_long_as_it_asks() {
    let bytes = content(1000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, count| match count {
            1 => answer("429 Too Many Requests", &[("retry-after", "17")], b"slow down"),
            2 => answer("503 Busy", &[("retry-after", "Mon, 12 Jan 1970 13:47:10 GMT")], b""),
            3 => answer("503 Busy", &[], b""),
            _ => file(asked, &bytes, "\"a\"", usize::MAX),
        }
    });
    let (place, clock) = (Place::new(), FakeClock::at(1_000_000));
    place.bring(&Wish { clock: clock.clone(), ..Wish::default() }.client(), &host.at("/a.tif")).expect("fetched");
    place.holds(&bytes);
    let rests = clock.rests();
    assert!(rests[0] >= Duration::from_secs(17) && rests[0] <= Duration::from_secs(18), "{rests:?}");
    assert!(rests[1] >= Duration::from_secs(30) && rests[1] <= Duration::from_secs(31), "{rests:?}");
    assert!(rests[2] >= Duration::from_secs(2) && rests[2] <= Duration::from_secs(4), "{rests:?}");
}

#[test]
fn a_host_that_asks_for_an_hour_is_not_waited_for() {
    let host = Host::new(|_, _| answer("429 Too Many Requests", &[("retry-after", "3600")], b""));
    let error = Place::new().bring(&Wish::default().client(), &host.at("/a.tif")).expect_err("busy");
    assert!(error.to_string().contains("come again in 3600 s"), "{error}");
    assert_eq!(host.asked().len(), 1);
}

#[test]
fn a_host_that_stays_broken_is_tried_so_often_and_no_more() {
    let host = Host::new(|_, _| answer("502 Bad Gateway", &[], b""));
    let retry = Retry { attempts: 4, ..Retry::default() };
    let clock = FakeClock::at(0);
    let error = Place::new()
        .bring(&Wish { retry, clock: clock.clone(), ..Wish::default() }.client(), &host.at("/a"))
        .expect_err("broken");
    assert!(matches!(error, FetchError::Status { status: 502, .. }), "{error}");
    assert_eq!((host.asked().len(), clock.rests().len()), (4, 3));
}

#[test]
fn what_is_not_there_is_not_asked_for_again() {
    for status in ["404 Not Found", "403 Forbidden", "401 Unauthorized", "400 Bad Request"] {
        let host = Host::new(move |_, _| answer(status, &[], b"no"));
        let error = Place::new().bring(&Wish::default().client(), &host.at("/a")).expect_err("refused");
        assert!(matches!(error, FetchError::Status { .. }), "{error}");
        assert_eq!(host.asked().len(), 1, "{status}");
    }
}

#[test]
fn fewer_bytes_than_promised_are_no_file() {
    // The host promises more than it ever has.
    let host = Host::new(|_, _| answer("200 OK", &[("content-length", "5000")], &content(1000)));
    let place = Place::new();
    let error = place.bring(&Wish::default().client(), &host.at("/a.tif")).expect_err("short");
    assert!(matches!(error, FetchError::Network { attempts: 6, .. }), "{error}");
    place.is_empty();
}

#[test]
fn an_end_that_nobody_can_know_is_no_end() {
    let close =
        |_: &support::Asked, _| vec![(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf of it".to_vec(), Duration::ZERO)];
    let (host, place) = (Host::new(close), Place::new());
    let error = place.bring(&Wish::default().client(), &host.at("/a")).expect_err("refused");
    assert!(error.to_string().contains("how long it is"), "{error}");
    place.is_empty();
    let sum = Checksum::new(Algorithm::Sha256, &sha256(b"half of it")).expect("a checksum");
    place.bring_proven(&Wish::default().client(), &host.at("/a"), None, Some(&sum)).expect("proven by its sum");
    place.holds(b"half of it");
}

#[test]
fn chunks_are_put_together_and_must_end() {
    let chunked = |end: &'static str| {
        move |_: &support::Asked, _: usize| {
            let text = format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nhello\r\n1\r\n!\r\n{end}"
            );
            vec![(text.into_bytes(), Duration::ZERO)]
        }
    };
    let (host, place) = (Host::new(chunked("0\r\n\r\n")), Place::new());
    place.bring(&Wish::default().client(), &host.at("/a")).expect("fetched");
    place.holds(b"hello!");
    let (host, place) = (Host::new(chunked("")), Place::new());
    assert!(matches!(place.bring(&Wish::default().client(), &host.at("/a")), Err(FetchError::Network { .. })));
    place.is_empty();
}

#[test]
fn a_size_that_is_not_the_providers_is_refused_before_it_comes() {
    let host = Host::new(|asked, _| file(asked, &content(5000), "\"a\"", usize::MAX));
    let place = Place::new();
    let error = place.bring_proven(&Wish::default().client(), &host.at("/a"), Some(4999), None).expect_err("another size");
    assert!(matches!(error, FetchError::Size { expected: 4999, found: 5000, .. }), "{error}");
    place.is_empty();
    assert_eq!(place.on_the_way(), 0);
}

#[test]
fn a_length_without_measure_is_refused_before_it_comes() {
    for length in ["99999999999999", "18446744073709551615"] {
        let host = Host::new(move |_, _| answer("200 OK", &[("content-length", length)], b"x"));
        let place = Place::new();
        let error = place.bring(&Wish::default().client(), &host.at("/a")).expect_err("too large");
        assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
        assert_eq!(place.on_the_way(), 0);
    }
    // Chunks without an end, of which nobody says how many there are.
    let host = Host::new(|_, _| {
        let chunk = [b"100000\r\n".to_vec(), vec![0; 1 << 20], b"\r\n".to_vec()].concat();
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n".to_vec();
        std::iter::once(head).chain(std::iter::repeat_n(chunk, 12)).map(|bytes| (bytes, Duration::ZERO)).collect()
    });
    let place = Place::new();
    assert!(matches!(place.bring(&Wish::default().client(), &host.at("/a")), Err(FetchError::TooLarge { .. })));
    assert_eq!(place.on_the_way(), 0);
}

#[test]
fn a_wrong_checksum_leaves_nothing() {
    let host = Host::new(|asked, _| file(asked, &content(5000), "\"a\"", usize::MAX));
    let place = Place::new();
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha3256, Algorithm::Sha512] {
        let digits = digest_of(&content(5000), algorithm);
        let wrong = Checksum::new(
            algorithm,
            &digits.replace(|c: char| c == digits.chars().next().expect("a digit"), "f").replace('0', "1"),
        )
        .expect("a sum");
        let error = place.bring_proven(&Wish::default().client(), &host.at("/a"), None, Some(&wrong)).expect_err("another sum");
        assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
        place.is_empty();
        assert_eq!(place.on_the_way(), 0);
        let right = Checksum::new(algorithm, &digits).expect("a sum");
        place.bring_proven(&Wish::default().client(), &host.at("/a"), None, Some(&right)).expect("fetched");
        place.holds(&content(5000));
        std::fs::remove_file(place.target()).expect("removed");
    }
}

fn digest_of(bytes: &[u8], algorithm: Algorithm) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), bytes).expect("written");
    digest(&folder.path().join("a"), &[algorithm]).expect("a sum").remove(0)
}

#[test]
fn parts_of_two_files_are_found_out_by_the_checksum() {
    // The host changes the file and keeps its tag: what is put together is neither, and is brought once more in one piece.
    let (old, new) = (content(200_000), content(200_001)[1..].to_vec());
    let host = Host::new({
        let new = new.clone();
        move |asked, count| if count == 1 { file(asked, &old, "\"a\"", 90_000) } else { file(asked, &new, "\"a\"", usize::MAX) }
    });
    let place = Place::new();
    let sum = Checksum::new(Algorithm::Sha256, &sha256(&new)).expect("a checksum");
    place.bring_proven(&Wish::default().client(), &host.at("/a"), None, Some(&sum)).expect("fetched");
    place.holds(&new);
    assert_eq!(host.asked().len(), 3);
}

#[test]
fn a_host_that_falls_silent_is_left_and_asked_for_the_rest() {
    let bytes = content(50_000);
    let host = Host::new({
        let bytes = bytes.clone();
        move |asked, count| {
            let mut pieces = file(asked, &bytes, "\"a\"", if count == 1 { 20_000 } else { usize::MAX });
            pieces.last_mut().expect("a piece").1 = Duration::from_secs(if count == 1 { 5 } else { 0 });
            pieces
        }
    });
    let place = Place::new();
    let begun = std::time::Instant::now();
    place.bring(&Wish::default().client(), &host.at("/a")).expect("fetched");
    place.holds(&bytes);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(host.asked()[1].from(), Some(20_000));
}

#[test]
fn a_trickle_is_not_waited_for() {
    let host = Host::new(|asked, _| {
        let whole = file(asked, &content(4000), "\"a\"", usize::MAX).remove(0).0;
        whole.chunks(60).map(|part| (part.to_vec(), Duration::from_millis(30))).collect()
    });
    // Each look at this clock is a second.
    let clock = FakeClock::at(0);
    let timeouts = Timeouts { read: Duration::from_secs(5), window: 0, least: 1 << 20, ..Timeouts::default() };
    let retry = Retry { attempts: 2, ..Retry::default() };
    let error =
        Place::new().bring(&Wish { timeouts, retry, clock, ..Wish::default() }.client(), &host.at("/a")).expect_err("slow");
    assert!(matches!(&error, FetchError::Network { reason, .. } if reason.contains("sends")), "{error}");
}

#[test]
fn redirects_are_followed_to_hosts_that_are_allowed_and_no_further() {
    let bytes = content(1000);
    let last = Host::new({
        let bytes = bytes.clone();
        move |asked, _| file(asked, &bytes, "\"a\"", usize::MAX)
    });
    let port = last.port;
    let first = Host::new(move |asked, _| {
        let to = match asked.target.as_str() {
            "/beside" => format!("http://127.0.0.1:{port}/a"),
            "/elsewhere" => format!("http://localhost:{port}/a"),
            "/file" => "file:///etc/passwd".to_owned(),
            "/user" => format!("http://me:hunter2@127.0.0.1:{port}/a"),
            _ => "/round".to_owned(),
        };
        answer("302 Found", &[("location", &to)], b"")
    });
    let place = Place::new();
    place.bring(&Wish::default().client(), &first.at("/beside")).expect("fetched");
    place.holds(&bytes);
    for (path, expected) in [
        ("/elsewhere", "the host localhost is not allowed; pass --allow-host localhost"),
        ("/round", "these are more than 5"),
        ("/file", "file is not http or https"),
        ("/user", "holds a user or password"),
    ] {
        let error = Place::new().bring(&Wish::default().client(), &first.at(path)).expect_err(path).to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    assert_eq!(last.asked().len(), 1);
}

#[test]
fn a_host_that_nobody_named_hears_nothing() {
    let host = Host::new(|asked, _| file(asked, &content(10), "\"a\"", usize::MAX));
    let error = Place::new()
        .bring(&Wish { hosts: vec!["e.org"], ..Wish::default() }.client(), &host.at("/a?sig=hunter2"))
        .expect_err("refused");
    assert!(matches!(error, FetchError::HostNotAllowed { .. }) && !error.to_string().contains("hunter2"), "{error}");
    assert!(host.asked().is_empty());
}

#[test]
fn sizes_are_told_without_bringing_files() {
    let host = Host::new(|asked, _| match (asked.method.as_str(), asked.target.as_str()) {
        ("HEAD", "/head") => answer("200 OK", &[("content-length", "12345"), ("etag", "\"a\"")], b""),
        ("HEAD", "/get") => answer("405 Method Not Allowed", &[], b""),
        ("GET", "/get") => answer("206 Partial Content", &[("content-range", "bytes 0-0/777")], b"x"),
        _ => answer("404 Not Found", &[], b""),
    });
    let client = Wish::default().client();
    let head = |path: &str| client.head(&host.at(path), None);
    assert_eq!(head("/head").expect("told").bytes, Some(12_345));
    assert_eq!(head("/get").expect("told").bytes, Some(777));
    assert!(matches!(head("/none"), Err(FetchError::Status { status: 404, .. })));
}

#[test]
fn a_disk_that_is_full_is_told_as_such() {
    let host = Host::new(|asked, _| file(asked, &content(10), "\"a\"", usize::MAX));
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "x").expect("written");
    let address = host.at("/a");
    let target = folder.path().join("a");
    let wanted =
        Wanted { address: &address, collection: None, target: &target, work: &blocked, size: None, checksum: None, limit: 100 };
    let error = Wish::default().client().download(&wanted, &|_| ()).expect_err("no folder");
    assert!(matches!(error, FetchError::Write { .. }), "{error}");
}
