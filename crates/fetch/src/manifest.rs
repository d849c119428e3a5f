//! Products in ESA's Standard Archive Format (SAFE), whose manifest has a size and a checksum of each file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::FetchError;
use crate::checksum::{Algorithm, Checksum, digest_of};

/// Largest manifest that is read: real ones have some 60 kB.
const LIMIT: u64 = 4 << 20;

/// Name of the manifest.
const MANIFEST: &str = "manifest.safe";

/// What the manifest of a product says of its files, all of them found true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Files that are what their checksum says.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// One file of a manifest.
#[derive(Debug, Default)]
struct Listed {
    href: String,
    size: Option<u64>,
    name: Option<String>,
    sum: String,
}

/// Holds each file of a product against its manifest; `product` is its folder or its zip. `None` for a place that has no manifest.
///
/// # Errors
/// [`FetchError::Checksum`] for a file that is another one, [`FetchError::Manifest`] for one that is missing or has another size, and
/// for a manifest or zip that cannot be read.
pub fn verify_safe(product: &Path) -> Result<Option<Verified>, FetchError> {
    let wrong = |reason: String| FetchError::Manifest { path: product.to_owned(), reason };
    let mut files = if product.is_dir() { Files::Folder(product.to_owned()) } else { Files::zip(product)? };
    let Some(text) = files.manifest().map_err(&wrong)? else { return Ok(None) };
    let listed = listed(&text).map_err(|reason| wrong(format!("{MANIFEST}: {reason}")))?;
    if listed.is_empty() {
        return Err(wrong(format!("{MANIFEST} lists no file with a checksum")));
    }
    let mut verified = Verified { files: 0, bytes: 0 };
    for file in &listed {
        verified.bytes += files.prove(file, product)?;
        verified.files += 1;
    }
    Ok(Some(verified))
}

/// Where the files of a product are.
enum Files {
    Folder(PathBuf),
    /// The zip, and the product's folder in it.
    Zip(Box<ZipArchive<BufReader<File>>>, String),
}

impl Files {
    fn zip(path: &Path) -> Result<Self, FetchError> {
        let wrong = |reason: String| FetchError::Manifest { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| wrong(format!("is no whole zip: {error}")))?;
        let names = archive.file_names().filter_map(Result::ok);
        let found = names.filter_map(|name| name.strip_suffix(MANIFEST).map(str::to_owned));
        let roots: Vec<String> =
            found.filter(|root| root.is_empty() || root.ends_with('/') && root.matches('/').count() == 1).collect();
        if roots.len() > 1 {
            return Err(wrong("holds several products; give one a zip".to_owned()));
        }
        Ok(Self::Zip(Box::new(archive), roots.into_iter().next().unwrap_or_default()))
    }

    fn manifest(&mut self) -> Result<Option<String>, String> {
        self.with(MANIFEST, |reader| {
            let mut text = String::new();
            reader.take(LIMIT).read_to_string(&mut text).map_err(|error| format!("{MANIFEST} cannot be read: {error}"))?;
            Ok(text)
        })
    }

    /// Does something with a file; `None` where it is not there.
    fn with<T>(&mut self, name: &str, act: impl FnOnce(&mut dyn Read) -> Result<T, String>) -> Result<Option<T>, String> {
        match self {
            Self::Folder(folder) => match File::open(folder.join(name)) {
                Ok(mut file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => act(&mut file).map(Some),
                _ => Ok(None),
            },
            Self::Zip(archive, root) => match archive.by_name(&format!("{root}{name}")) {
                Ok(mut member) => act(&mut member).map(Some),
                Err(zip::result::ZipError::FileNotFound) => Ok(None),
                Err(error) => Err(format!("{name}: {error}")),
            },
        }
    }

    /// Bytes of a file that is what the manifest says.
    fn prove(&mut self, listed: &Listed, product: &Path) -> Result<u64, FetchError> {
        let wrong = |reason: String| FetchError::Manifest { path: product.to_owned(), reason };
        let href = listed.href.trim_start_matches("./");
        let inside = !href.is_empty() && Path::new(href).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(wrong(format!("{MANIFEST} names a file outside of the product: {}", listed.href.escape_debug())));
        }
        let name = listed.name.as_deref().unwrap_or_default();
        let algorithm = Algorithm::of_name(name);
        let algorithm =
            algorithm.ok_or_else(|| wrong(format!("{href}: its checksum is of {name}, which is not computed here")))?;
        let expected = Checksum::new(algorithm, listed.sum.trim())?;
        // No more is unpacked than the manifest says there is.
        let most = listed.size.unwrap_or(16 << 30);
        let mut bytes = 0;
        let sum = self.with(href, |reader| {
            let mut counted = Counted { reader: reader.take(most + 1), bytes: &mut bytes };
            digest_of(&mut counted, &[algorithm]).map_err(|error| format!("{href}: {error}"))
        });
        let Some(sum) = sum.map_err(wrong)? else {
            return Err(wrong(format!("has no {href}, which its manifest lists; fetch it again")));
        };
        if let Some(size) = listed.size.filter(|size| *size != bytes) {
            return Err(wrong(format!("{href} has not the {size} bytes of its manifest; fetch it again")));
        }
        if sum[0] != expected.hex {
            let file = format!("{}, {href}", product.display());
            return Err(FetchError::Checksum {
                file,
                algorithm: algorithm.name(),
                expected: expected.hex,
                found: sum[0].clone(),
            });
        }
        Ok(bytes)
    }
}

struct Counted<'a, R> {
    reader: R,
    bytes: &'a mut u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.reader.read(buffer)?;
        *self.bytes += n as u64;
        Ok(n)
    }
}

/// The files of a manifest that have a checksum.
fn listed(text: &str) -> Result<Vec<Listed>, String> {
    let mut reader = Reader::from_str(text);
    let (mut files, mut current, mut within): (Vec<Listed>, Option<Listed>, bool) = (Vec::new(), None, false);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) | Event::Empty(start) => match (start.local_name().as_ref(), &mut current) {
                (b"byteStream", _) => {
                    let size = attribute(&start, "size")?.and_then(|size| size.parse().ok());
                    current = Some(Listed { size, ..Listed::default() });
                }
                (b"fileLocation", Some(file)) => file.href = attribute(&start, "href")?.unwrap_or_default(),
                (b"checksum", Some(file)) => {
                    file.name = Some(attribute(&start, "checksumName")?.unwrap_or_default());
                    within = true;
                }
                _ => {}
            },
            Event::Text(part) if within => {
                if let Some(file) = &mut current {
                    file.sum.push_str(&part.decode().map_err(|error| error.to_string())?);
                }
            }
            Event::End(end) => match end.local_name().as_ref() {
                b"checksum" => within = false,
                b"byteStream" => files.extend(current.take().filter(|file| file.name.is_some())),
                _ => {}
            },
            Event::Eof => return Ok(files),
            _ => {}
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let attribute = start.try_get_attribute(name).map_err(|error| error.to_string())?;
    attribute
        .map(|attribute| attribute.unescape_value().map(std::borrow::Cow::into_owned).map_err(|error| error.to_string()))
        .transpose()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// MD5 of `abc`, SHA3-256 of `abc`: RFC 1321, FIPS 202.
    const MANIFEST_TEXT: &str = r#"<?xml version="1.0"?><xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1"><dataObjectSection>
        <dataObject ID="a"><byteStream mimeType="text/xml" size="3"><fileLocation href="./a.xml" locatorType="URL"/>
        <checksum checksumName="MD5">900150983cd24fb0d6963f7d28e17f72</checksum></byteStream></dataObject>
        <dataObject ID="b"><byteStream mimeType="octet" size="3"><fileLocation locatorType="URL" href="IMG/b.jp2"/>
        <checksum checksumName="SHA3-256">3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532</checksum></byteStream></dataObject>
        </dataObjectSection></xfdu:XFDU>"#;

    fn product(manifest: &str, b: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("IMG")).expect("a folder");
        for (name, text) in [("manifest.safe", manifest), ("a.xml", "abc"), ("IMG/b.jp2", b)] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    fn zipped(root: &str, b: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("a file"));
        for (name, text) in [("manifest.safe", MANIFEST_TEXT), ("a.xml", "abc"), ("IMG/b.jp2", b)] {
            zip.start_file(format!("{root}{name}"), SimpleFileOptions::default()).expect("begun");
            zip.write_all(text.as_bytes()).expect("written");
        }
        zip.finish().expect("a zip");
        (folder, path)
    }

    #[test]
    fn every_file_is_held_against_the_manifest() {
        let whole = Some(Verified { files: 2, bytes: 6 });
        assert_eq!(verify_safe(product(MANIFEST_TEXT, "abc").path()).expect("verified"), whole);
        for root in ["S2A.SAFE/", ""] {
            assert_eq!(verify_safe(&zipped(root, "abc").1).expect("verified"), whole);
        }
    }

    #[test]
    fn a_file_that_is_another_one_is_told() {
        for told in [verify_safe(product(MANIFEST_TEXT, "abd").path()), verify_safe(&zipped("S.SAFE/", "abd").1)] {
            let told = told.expect_err("refused");
            assert!(
                matches!(&told, FetchError::Checksum { algorithm: "SHA3-256", .. }) && told.to_string().contains("IMG/b.jp2"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_file_that_is_missing_or_has_another_size_is_told() {
        let short = product(MANIFEST_TEXT, "ab");
        assert!(verify_safe(short.path()).expect_err("refused").to_string().contains("has not the 3 bytes"));
        std::fs::remove_file(short.path().join("IMG/b.jp2")).expect("removed");
        assert!(verify_safe(short.path()).expect_err("refused").to_string().contains("has no IMG/b.jp2"));
    }

    #[test]
    fn what_is_not_in_the_product_is_not_read() {
        for href in ["../../etc/passwd", "/etc/passwd", ""] {
            let manifest = MANIFEST_TEXT.replace("IMG/b.jp2", href);
            let told = verify_safe(product(&manifest, "abc").path()).expect_err("refused").to_string();
            assert!(told.contains("outside of the product"), "{told}");
        }
    }

    #[test]
    fn a_place_without_a_manifest_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(verify_safe(folder.path()).expect("no product"), None);
        let path = folder.path().join("a.zip");
        std::fs::write(&path, "no zip").expect("written");
        assert!(matches!(verify_safe(&path), Err(FetchError::Manifest { .. })));
    }
}
