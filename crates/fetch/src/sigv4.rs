//! Amazon's Signature Version 4 of requests without a body, as S3 wants it (AWS, "Signature Calculations for the Authorization
//! Header").

use sha2::{Digest, Sha256};

use crate::checksum::hex;
use crate::moment;
use crate::{Address, Secret};

/// Who signs, and for where.
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a Secret,
    pub(crate) secret: &'a Secret,
    pub(crate) session: Option<&'a Secret>,
    pub(crate) region: &'a str,
}

/// SHA-256 of nothing: what a request without a body signs as its payload.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Signer<'_> {
    /// The headers that sign a request: `headers` (names in lower case) are signed with it, and are to be sent beside those given
    /// back. `now` is in seconds since 1970.
    pub(crate) fn sign(&self, method: &str, address: &Address, headers: &[(String, String)], now: u64) -> Vec<(String, String)> {
        let moment = moment::amazon(now);
        let day = &moment[..8];
        let mut own = vec![("x-amz-content-sha256".to_owned(), EMPTY.to_owned()), ("x-amz-date".to_owned(), moment.clone())];
        if let Some(session) = self.session {
            own.push(("x-amz-security-token".to_owned(), session.expose().to_owned()));
        }
        let mut signed: Vec<(String, String)> = own.iter().chain(headers).cloned().collect();
        signed.push(("host".to_owned(), host(address)));
        signed.sort();
        let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let lines: Vec<String> = signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let lines = lines.concat();
        let url = address.url();
        let request = format!("{method}\n{}\n{}\n{lines}\n{names}\n{EMPTY}", path(url.path()), query(url));
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let head = format!("AWS4{}", self.secret.expose());
        let key = [day, self.region, "s3", "aws4_request"]
            .iter()
            .fold(head.into_bytes(), |key, part| hmac(&key, part.as_bytes()).to_vec());
        let signature = hex(&hmac(&key, text.as_bytes()));
        let key = self.key.expose();
        own.push((
            "authorization".to_owned(),
            format!("AWS4-HMAC-SHA256 Credential={key}/{scope},SignedHeaders={names},Signature={signature}"),
        ));
        own
    }
}

/// HMAC over SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// The host as the request sends it: with the port where it is not the scheme's own.
fn host(address: &Address) -> String {
    let url = address.url();
    let host = url.host_str().unwrap_or_default();
    url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

/// Bytes that stand for themselves; all others are written as `%XX`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A text as Amazon writes it in a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The path as it is signed: as it is sent, but for letters that Amazon wants written as `%XX`.
fn path(path: &str) -> String {
    path.bytes()
        .map(
            |byte| {
                if is_plain(byte) || matches!(byte, b'/' | b'%') { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}

fn query(url: &url::Url) -> String {
    let mut pairs: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that AWS publishes, all of 2013-05-24T00:00:00Z.
    const NOW: u64 = 1_369_353_600;

    fn signature(address: &str, headers: &[(&str, &str)]) -> String {
        let (key, secret) = (Secret::new("AKIAIOSFODNN7EXAMPLE"), Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        let signer = Signer { key: &key, secret: &secret, session: None, region: "us-east-1" };
        let headers: Vec<(String, String)> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let signed = signer.sign("GET", &Address::parse(address).expect("an address"), &headers, NOW);
        signed.last().expect("a signature").1.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn the_examples_of_amazon_are_met() {
        assert_eq!(
            signature("https://examplebucket.s3.amazonaws.com/test.txt", &[("range", "bytes=0-9")]),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        assert_eq!(
            signature("https://examplebucket.s3.amazonaws.com/?lifecycle", &[]),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", &[]),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn odd_keys_and_queries_are_signed_as_botocore_does() {
        // S3SigV4Auth of botocore 1.44.8.
        assert_eq!(
            signature("https://e.example:8443/b/S2A/a%20b%2Bc%C3%A9.jp2", &[("range", "bytes=5-")]),
            "2c60866d9b36dba8c0550316247d8e3fd69213b66446650a30e5b57d725b007b"
        );
        let list = "https://e.example/b?continuation-token=1ueG%2F%2B%3D&list-type=2&prefix=Sentinel-2%2FMSI%2F";
        assert_eq!(signature(list, &[("range", "bytes=5-")]), "eae8e594810df9913acb63190caf9f61732f14b170ad0a0e8d3b7c972776de49");
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        for (key, text, expected) in [
            (&[0x0b; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(key, text.as_bytes())), expected);
        }
    }
}
