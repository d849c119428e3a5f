use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use crate::checksum::{Algorithm, Checksum, digest};
use crate::client::{Client, total};
use crate::exchange::{Answer, Ask};
use crate::partial::{Note, Partial};
use crate::trouble::{Trouble, broke};
use crate::{Address, FetchError};

/// A file to be brought.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// The collection of its item, for signatures.
    pub collection: Option<&'a str>,
    /// Where it goes.
    pub target: &'a Path,
    /// Folder for what is on its way, on the same disk.
    pub work: &'a Path,
    /// Its size by its provider.
    pub size: Option<u64>,
    /// Its checksum by its provider.
    pub checksum: Option<&'a Checksum>,
    /// Most bytes that are taken.
    pub limit: u64,
}

/// A file that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Its entity tag by the host.
    pub etag: Option<String>,
}

/// Bytes by which a download must have got on for its attempts to be counted anew.
const PROGRESS: u64 = 1 << 20;

impl Client {
    /// Brings a file. It stands at its place when it has come whole and its size and checksum are those of its provider, and not
    /// before; what has come of one that broke off stays in the work folder, and the next call goes on with it. `moved` is told of
    /// bytes that came, and by a negative number of those that had come in vain.
    ///
    /// # Errors
    /// Any [`FetchError`].
    pub fn download(&self, wanted: &Wanted<'_>, moved: &dyn Fn(i64)) -> Result<Fetched, FetchError> {
        let mut partial = Partial::open(wanted.work, wanted.address, wanted.target)?;
        moved(partial.bytes() as i64);
        let (mut attempt, mut spoilt) = (0, false);
        loop {
            attempt += 1;
            let before = partial.bytes();
            let trouble = match self.pull(wanted, &mut partial, moved) {
                Ok(()) => match proven(wanted, &partial) {
                    Ok(fetched) => return partial.place(wanted.target).map(|()| fetched),
                    // Two attempts may have brought parts of two files: it is brought once more, in one piece.
                    Err(error @ (FetchError::Checksum { .. } | FetchError::Size { .. })) if !spoilt => {
                        spoilt = true;
                        restart(&mut partial, moved)?;
                        Trouble::Passing { error, wait: Some(Duration::ZERO), limit: u32::MAX }
                    }
                    Err(error) => Trouble::Final(error),
                },
                Err(trouble) => trouble,
            };
            if partial.bytes() >= before + PROGRESS {
                attempt = 1;
            }
            if let Err(error) = self.outlast(wanted.address, trouble, attempt) {
                if is_worthless(&error) {
                    partial.discard();
                }
                return Err(error);
            }
        }
    }

    /// Brings what is missing of a file, as far as one answer goes.
    fn pull(&self, wanted: &Wanted<'_>, partial: &mut Partial, moved: &dyn Fn(i64)) -> Result<(), Trouble> {
        let address = wanted.address;
        if partial.bytes() > 0 && partial.note.total == Some(partial.bytes()) {
            return Ok(());
        }
        let mut ask = Ask::get(address).of(wanted.collection);
        let at = if partial.note.validator().is_some() || wanted.checksum.is_some() { partial.bytes() } else { 0 };
        if at > 0 {
            ask = ask.header("range", format!("bytes={at}-"));
            if let Some(validator) = partial.note.validator() {
                ask = ask.header("if-range", validator);
            }
        }
        let mut answer = self.once(&ask)?;
        if answer.status == 416 || answer.status == 206 && (at == 0 || !is_rest(&answer, &partial.note, at)) {
            restart(partial, moved)?;
            return Err(Trouble::passing(address, "the file is no longer the one that was begun"));
        }
        let chunked = answer.header("transfer-encoding").is_some_and(|how| how.to_ascii_lowercase().contains("chunked"));
        if answer.status == 200 {
            let whole = answer.length();
            check_size(wanted, whole)?;
            if whole.is_none() && !chunked && wanted.size.is_none() && wanted.checksum.is_none() {
                let reason = "does not say how long it is, so that nobody knows whether all of it has come".to_owned();
                return Err(FetchError::Answer { address: address.to_string(), reason }.into());
            }
            moved(-(partial.bytes() as i64));
            partial.begin(noted(&answer))?;
        }
        self.pour(wanted, &mut answer, partial, moved)
    }

    /// Writes what comes.
    fn pour(&self, wanted: &Wanted<'_>, answer: &mut Answer, partial: &mut Partial, moved: &dyn Fn(i64)) -> Result<(), Trouble> {
        let (timeouts, clock) = (self.timeouts(), self.clock());
        let mut body = answer.body.as_reader();
        let mut buffer = vec![0; 1 << 16];
        let (mut since, mut came) = (clock.now(), 0);
        loop {
            if clock.is_stopped() {
                return Err(FetchError::Stopped.into());
            }
            let n = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) => return Err(Trouble::passing(wanted.address, broke(&error))),
            };
            if partial.bytes() + n as u64 > wanted.limit {
                return Err(FetchError::TooLarge { address: wanted.address.to_string(), limit: wanted.limit }.into());
            }
            partial.add(&buffer[..n])?;
            moved(n as i64);
            came += n as u64;
            let now = clock.now();
            if now.saturating_sub(since) >= timeouts.window {
                if came < timeouts.least {
                    return Err(Trouble::passing(wanted.address, format!("the host sends {came} bytes in {} s", now - since)));
                }
                (since, came) = (now, 0);
            }
        }
        match partial.note.total {
            Some(total) if partial.bytes() < total => {
                let reason = format!("the host broke off after {} of {total} bytes", partial.bytes());
                Err(Trouble::passing(wanted.address, reason))
            }
            _ => Ok(()),
        }
    }
}

/// What an answer says of the whole file.
fn noted(answer: &Answer) -> Note {
    let etag = answer.header("etag").filter(|tag| !tag.starts_with("W/")).map(str::to_owned);
    Note { etag, last_modified: answer.header("last-modified").map(str::to_owned), total: answer.length() }
}

/// Whether a part is the rest of the file that was begun.
fn is_rest(answer: &Answer, note: &Note, at: u64) -> bool {
    let Some(range) = answer.header("content-range") else { return false };
    let from = range.trim().strip_prefix("bytes").and_then(|rest| rest.trim().split('-').next()?.trim().parse().ok());
    let same_tag = match (&note.etag, answer.header("etag")) {
        (Some(known), Some(tag)) => known == tag,
        _ => true,
    };
    from == Some(at) && same_tag && (note.total.is_none() || total(range) == note.total)
}

/// Refuses a file that is too large, or not as large as its provider says, before it comes.
fn check_size(wanted: &Wanted<'_>, whole: Option<u64>) -> Result<(), FetchError> {
    let address = || wanted.address.to_string();
    match (whole, wanted.size) {
        (Some(found), Some(expected)) if found != expected => Err(FetchError::Size { address: address(), expected, found }),
        (Some(found), _) if found > wanted.limit => Err(FetchError::TooLarge { address: address(), limit: wanted.limit }),
        _ => Ok(()),
    }
}

/// Begins a file anew.
fn restart(partial: &mut Partial, moved: &dyn Fn(i64)) -> Result<(), FetchError> {
    moved(-(partial.bytes() as i64));
    partial.begin(Note::default())
}

/// What is known of a file that has come, if it is the one that its provider means.
fn proven(wanted: &Wanted<'_>, partial: &Partial) -> Result<Fetched, FetchError> {
    let (bytes, address) = (partial.bytes(), || wanted.address.to_string());
    if let Some(expected) = wanted.size.filter(|size| *size != bytes) {
        return Err(FetchError::Size { address: address(), expected, found: bytes });
    }
    let asked = wanted.checksum.map(|checksum| checksum.algorithm).filter(|algorithm| *algorithm != Algorithm::Sha256);
    let algorithms: Vec<Algorithm> = std::iter::once(Algorithm::Sha256).chain(asked).collect();
    let sums =
        digest(partial.path(), &algorithms).map_err(|source| FetchError::Write { path: partial.path().to_owned(), source })?;
    let found = &sums[sums.len() - 1];
    match wanted.checksum.filter(|checksum| checksum.hex != *found) {
        Some(checksum) => Err(FetchError::Checksum {
            file: address(),
            algorithm: checksum.algorithm.name(),
            expected: checksum.hex.clone(),
            found: found.clone(),
        }),
        None => Ok(Fetched { bytes, sha256: sums[0].clone(), etag: partial.note.etag.clone() }),
    }
}

/// Whether what has come is of no use to a later attempt.
fn is_worthless(error: &FetchError) -> bool {
    !matches!(error, FetchError::Network { .. } | FetchError::Status { .. } | FetchError::Stopped | FetchError::Write { .. })
}
