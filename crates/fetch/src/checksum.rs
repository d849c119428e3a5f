use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512};
use sha3::Sha3_256;

use crate::FetchError;

/// A checksum that providers publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, which shows damage but no forgery.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3256,
}

/// Each with its name in SAFE manifests, its code in the table of multiformats, and its bytes.
const ALGORITHMS: [(Algorithm, &str, u64, usize); 4] = [
    (Algorithm::Md5, "MD5", 0xd5, 16),
    (Algorithm::Sha256, "SHA-256", 0x12, 32),
    (Algorithm::Sha512, "SHA-512", 0x13, 64),
    (Algorithm::Sha3256, "SHA3-256", 0x16, 32),
];

impl Algorithm {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> &'static (Self, &'static str, u64, usize) {
        ALGORITHMS.iter().find(|row| row.0 == self).expect("every algorithm has a row")
    }

    /// The algorithm of a name, as SAFE manifests write it (`MD5`, `SHA3-256`).
    pub fn of_name(name: &str) -> Option<Self> {
        let bare = |text: &str| text.replace(['-', '_'], "").to_ascii_uppercase();
        ALGORITHMS.iter().find(|row| bare(row.1) == bare(name)).map(|row| row.0)
    }
}

/// What the bytes of a file must sum up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: Algorithm,
    /// Its digits, lower case hexadecimal.
    pub hex: String,
}

impl Checksum {
    /// A checksum of hexadecimal digits.
    ///
    /// # Errors
    /// [`FetchError::BadChecksum`] for other characters or another length.
    pub fn new(algorithm: Algorithm, hex: &str) -> Result<Self, FetchError> {
        let bytes = algorithm.row().3;
        if hex.len() != 2 * bytes || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let reason = format!("{} has {} hexadecimal digits", algorithm.name(), 2 * bytes);
            return Err(FetchError::BadChecksum { text: hex.chars().take(200).collect(), reason });
        }
        Ok(Self { algorithm, hex: hex.to_ascii_lowercase() })
    }

    /// The checksum of STAC's `file:checksum`: a multihash, which holds its algorithm and length before the digits.
    ///
    /// # Errors
    /// [`FetchError::BadChecksum`] for what is no multihash, or of an algorithm that is not computed here.
    pub fn of_multihash(text: &str) -> Result<Self, FetchError> {
        let wrong = |reason: &str| FetchError::BadChecksum { text: text.chars().take(200).collect(), reason: reason.to_owned() };
        let (code, rest) = varint(text).ok_or_else(|| wrong("it is no multihash"))?;
        let (length, digits) = varint(rest).ok_or_else(|| wrong("it is no multihash"))?;
        let row = ALGORITHMS.iter().find(|row| row.2 == code);
        let row = row.ok_or_else(|| wrong("only md5, sha2-256, sha2-512 and sha3-256 are computed here"))?;
        if length != row.3 as u64 {
            return Err(wrong("its length is not that of its algorithm"));
        }
        Self::new(row.0, digits).map_err(|_| wrong("its digits are not as long as it says"))
    }

    /// The same as a multihash, as STAC writes it.
    pub fn multihash(&self) -> String {
        let row = self.algorithm.row();
        let code = if row.2 < 0x80 { format!("{:02x}", row.2) } else { format!("{:02x}{:02x}", row.2 & 0x7f | 0x80, row.2 >> 7) };
        format!("{code}{:02x}{}", row.3, self.hex)
    }
}

/// The number at the head of hexadecimal digits, 7 bits a byte, lowest first; and what follows.
fn varint(text: &str) -> Option<(u64, &str)> {
    let (mut value, mut rest) = (0_u64, text);
    for place in 0..4 {
        let byte = u64::from(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
        rest = &rest[2..];
        value |= (byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some((value, rest));
        }
    }
    None
}

/// The checksums of a file by several algorithms, read once.
///
/// # Errors
/// Where it cannot be read.
pub fn digest(path: &Path, algorithms: &[Algorithm]) -> io::Result<Vec<String>> {
    digest_of(File::open(path)?, algorithms)
}

/// The same of anything that can be read.
pub(crate) fn digest_of(mut reader: impl Read, algorithms: &[Algorithm]) -> io::Result<Vec<String>> {
    let mut sums: Vec<Sum> = algorithms.iter().map(|algorithm| Sum::new(*algorithm)).collect();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(sums.into_iter().map(Sum::finish).collect()),
            Ok(n) => sums.iter_mut().for_each(|sum| sum.update(&buffer[..n])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

enum Sum {
    Md5(Md5),
    Sha256(Sha256),
    Sha512(Sha512),
    Sha3256(Box<Sha3_256>),
}

impl Sum {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
            Algorithm::Sha3256 => Self::Sha3256(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(sum) => sum.update(bytes),
            Self::Sha256(sum) => sum.update(bytes),
            Self::Sha512(sum) => sum.update(bytes),
            Self::Sha3256(sum) => sum.update(bytes),
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Md5(sum) => hex(&sum.finalize()),
            Self::Sha256(sum) => hex(&sum.finalize()),
            Self::Sha512(sum) => hex(&sum.finalize()),
            Self::Sha3256(sum) => hex(&sum.finalize()),
        }
    }
}

/// Hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`: by FIPS 180-4, FIPS 202 and RFC 1321.
    const ABC: [&str; 4] = [
        "900150983cd24fb0d6963f7d28e17f72",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    ];

    #[test]
    fn the_sums_are_those_of_the_standards() {
        let all = ALGORITHMS.map(|row| row.0);
        assert_eq!(digest_of(&b"abc"[..], &all).expect("sums"), ABC);
    }

    #[test]
    fn a_multihash_is_read_and_written() {
        for (head, digits, algorithm) in [
            ("1220", ABC[1], Algorithm::Sha256),
            ("1340", ABC[2], Algorithm::Sha512),
            ("1620", ABC[3], Algorithm::Sha3256),
            ("d50110", ABC[0], Algorithm::Md5),
        ] {
            let text = format!("{head}{digits}");
            let checksum = Checksum::of_multihash(&text).expect("a checksum");
            assert_eq!((checksum.algorithm, checksum.hex.as_str()), (algorithm, digits));
            assert_eq!(checksum.multihash(), text);
        }
    }

    #[test]
    fn what_is_no_multihash_is_refused() {
        let short = format!("1220{}", &ABC[1][2..]);
        let other = format!("1114{}", "0".repeat(40));
        for text in ["", "12", "zz20", "1220", ABC[1], ABC[0], "ffffffffff", "é220", &short, &other] {
            assert!(matches!(Checksum::of_multihash(text), Err(FetchError::BadChecksum { .. })), "{text}");
        }
    }

    #[test]
    fn the_names_of_manifests_are_known() {
        assert_eq!(Algorithm::of_name("SHA3-256"), Some(Algorithm::Sha3256));
        assert_eq!(Algorithm::of_name("md5"), Some(Algorithm::Md5));
        assert_eq!(Algorithm::of_name("CRC32"), None);
    }
}
