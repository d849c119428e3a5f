use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::LayerError;
use super::notice::{Notice, Notices};

/// The largest text layer that is read, bytes.
const LIMIT: u64 = 2 << 30;

/// The bytes of a text layer.
pub(super) fn load(path: &Path) -> Result<Vec<u8>, LayerError> {
    let failed = |source| LayerError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    if bytes > LIMIT {
        return Err(LayerError::Size { path: path.to_owned(), bytes, limit: LIMIT });
    }
    let mut content = Vec::with_capacity(bytes as usize);
    file.take(LIMIT).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

/// The text of strict UTF-8, without its byte order mark.
pub(super) fn strict<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, LayerError> {
    let refused = |found: String| LayerError::Encoding { path: path.to_owned(), found };
    if is_utf16(bytes) {
        return Err(refused("UTF-16 text".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| refused(format!("byte {} is not UTF-8", error.valid_up_to() + 1)))
}

fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..])
}

/// The text of a table: UTF-8, UTF-16 with its mark, the encoding named, or else Windows-1252 with a notice.
pub(super) fn table<'a>(
    path: &Path,
    bytes: &'a [u8],
    named: Option<&str>,
    notices: &mut Notices,
) -> Result<Cow<'a, str>, LayerError> {
    let refused = |found: String| LayerError::Encoding { path: path.to_owned(), found };
    let encoding = match named {
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| refused(format!("unknown encoding `{label}`")))?,
        None => guess(bytes, notices),
    };
    let (text, used, malformed) = encoding.decode(bytes);
    if malformed {
        return Err(refused(format!("bytes that are not {}", used.name())));
    }
    match text.find('\0') {
        Some(at) => {
            let line = text[..at].lines().count().max(1);
            Err(LayerError::Syntax { path: path.to_owned(), line, column: 1, message: "NUL byte in the text".to_owned() })
        }
        None => Ok(text),
    }
}

fn guess(bytes: &[u8], notices: &mut Notices) -> &'static Encoding {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    if [UTF_16LE, UTF_16BE, WINDOWS_1252].contains(&encoding) {
        notices.note(Notice::EncodingGuessed, encoding.name());
    }
    encoding
}

/// Line and byte in the line (both from 1) of an offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let mut lines = before.rsplit(|&byte| byte == b'\n');
    let last = lines.next().map_or(0, <[u8]>::len);
    (lines.count() + 1, last + 1)
}
