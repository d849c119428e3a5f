//! Checksums of assets: multihashes in hexadecimal (<https://github.com/multiformats/multihash>).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::GeoioError;

/// Codes, names and digest lengths in bytes of the table of multihashes, as catalogues use them.
const KINDS: [(u64, &str, usize); 8] = [
    (0x11, "sha1", 20),
    (0x12, "sha2-256", 32),
    (0x13, "sha2-512", 64),
    (0x14, "sha3-512", 64),
    (0x16, "sha3-256", 32),
    (0x20, "sha2-384", 48),
    (0xb220, "blake2b-256", 32),
    (0xd5, "md5", 16),
];

/// A multihash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    code: u64,
    digest: Vec<u8>,
}

/// What a checksum says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The file is the one that was described.
    Same,
    /// It is another.
    Other,
    /// Nothing, for it is of a kind that is not computed here: its name.
    Unchecked(String),
}

impl Checksum {
    /// The multihash of a text.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bytes = bytes(text).ok_or("it is not hexadecimal")?;
        let (code, rest) = number(&bytes).ok_or("it has no code")?;
        let (length, digest) = number(rest).ok_or("it has no length")?;
        if digest.len() as u64 != length || length == 0 {
            return Err(format!("its digest has {} bytes and its length is {length}", digest.len()));
        }
        match KINDS.iter().find(|(known, ..)| *known == code) {
            Some((_, name, size)) if *size as u64 != length => Err(format!("{name} has {size} bytes, and it has {length}")),
            _ => Ok(Self { code, digest: digest.to_vec() }),
        }
    }

    /// Multihash of a SHA-256 of 64 hexadecimal digits.
    pub(super) fn of_sha256(sha256: &str) -> String {
        format!("1220{sha256}")
    }

    /// Holds a file against it.
    ///
    /// # Errors
    /// [`GeoioError::Input`].
    pub(crate) fn verify(&self, path: &Path) -> Result<Verdict, GeoioError> {
        let found = match self.code {
            0x12 => digest::<sha2::Sha256>(path)?,
            0x13 => digest::<sha2::Sha512>(path)?,
            0x20 => digest::<sha2::Sha384>(path)?,
            _ => return Ok(Verdict::Unchecked(self.kind())),
        };
        Ok(if found == self.digest { Verdict::Same } else { Verdict::Other })
    }

    fn kind(&self) -> String {
        let known = KINDS.iter().find(|(code, ..)| *code == self.code);
        known.map_or_else(|| format!("multihash {:#x}", self.code), |(_, name, _)| (*name).to_owned())
    }
}

fn digest<D: sha2::Digest>(path: &Path) -> Result<Vec<u8>, GeoioError> {
    let wrong = |source| GeoioError::Input { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(wrong)?;
    let (mut hasher, mut buffer) = (D::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(wrong)? {
            0 => return Ok(hasher.finalize().to_vec()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

/// An unsigned number of seven bits a byte, the lowest first, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_against_its_multihash() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").expect("written");
        let verdict = |text: &str| Checksum::parse(text).expect("a multihash").verify(&path).expect("a verdict");
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(verdict(&Checksum::of_sha256(sum)), Verdict::Same);
        assert_eq!(verdict(&format!("1220{}", "aa".repeat(32))), Verdict::Other);
        // SHA-512 of "abc" (FIPS 180-4), as USGS writes its checksums.
        let long = "1340ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                    2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        assert_eq!(verdict(long), Verdict::Same);
        assert_eq!(verdict(&format!("d50110{}", "00".repeat(16))), Verdict::Unchecked("md5".to_owned()));
        // As Copernicus writes them.
        assert_eq!(verdict(&format!("1620{}", "00".repeat(32))), Verdict::Unchecked("sha3-256".to_owned()));
    }

    #[test]
    fn what_is_no_multihash_is_refused() {
        for text in ["", "12", "1220", "1220aa", "122", "zz20", "1214".to_owned().as_str(), "d5", "ffffffffffff", "é0"] {
            assert!(Checksum::parse(text).is_err(), "{text}");
        }
        assert!(Checksum::parse(&format!("1214{}", "00".repeat(20))).is_err(), "SHA-256 has 32 bytes");
    }
}
